//! What `ovsm check --effects`, `ovsm doc` and the prompt say about effects: lines for people, JSON for machines.
//! Finding them is the business of `ovsm-infer`. Start with [`of_session`].

use ovsm_base::Span;
use ovsm_base::line_index::line_column;
use ovsm_base::render::SourceMap;
use ovsm_eval::Session;
use ovsm_infer::script::effects::{EffectReason, Effects, FunctionEffects, native_effects};

/// The effects of the functions of a file, in the order of the text, and those of its code outside of functions.
pub struct FileEffects {
    /// The functions that the file defines.
    pub functions: Vec<FunctionEffects>,
    /// The effects of the rest; each once.
    pub top_level: Vec<EffectReason>,
}

/// The effects of the functions of one file of a session that keeps its units.
pub fn of_session(session: &Session, path: &str) -> FileEffects {
    let effects = Effects::of(&session.front.units_with_library(), session.front.library_count());
    let sources = &session.front.sources;
    let is_here = |span: Option<Span>| {
        span.and_then(|span| sources.resolve(span)).is_some_and(|(file, _)| sources.path(file) == path)
    };
    let mut functions = effects.definitions();
    functions.retain(|function| is_here(function.span));
    functions.sort_by_key(|function| {
        function.span.and_then(|span| sources.resolve(span)).map(|(_, range)| range.start)
    });
    let mut top_level: Vec<EffectReason> = Vec::new();
    for unit in effects.top_level() {
        for reason in unit.reasons {
            if is_here(unit.span.or(reason.span))
                && top_level.iter().all(|known| known.effect != reason.effect)
            {
                top_level.push(reason);
            }
        }
    }
    top_level.sort_by_key(|reason| reason.effect);
    FileEffects { functions, top_level }
}

/// What a call of a function may do, by the name that it has at the prompt: a line with the effects, and one for each
/// with its reason.
pub fn of_name(session: &Session, name: &str) -> Option<String> {
    let effects = Effects::of(&session.front.units_with_library(), session.front.library_count());
    let Some(function) = effects.definitions().into_iter().rev().find(|function| *function.name == *name)
    else {
        let id = ovsm_library::find(name)?;
        let names: Vec<&str> = native_effects(id).iter().map(|effect| effect.name()).collect();
        return Some(format!(
            "effects: {}",
            if names.is_empty() { "pure".to_string() } else { names.join(", ") }
        ));
    };
    let mut text = format!("effects: {}", names(&function));
    for reason in &function.reasons {
        text.push_str(&format!("\n  {}: {}", reason.effect.name(), way(session, "", reason)));
    }
    Some(text)
}

/// The names of the effects: `io, storage`, `pure`, `those of f`.
pub fn names(function: &FunctionEffects) -> String {
    let mut names: Vec<String> =
        function.reasons.iter().map(|reason| reason.effect.name().to_string()).collect();
    if !function.of_parameters.is_empty() {
        names.push(format!("those of `{}`", function.of_parameters.join("`, `")));
    }
    if names.is_empty() { "pure".to_string() } else { names.join(", ") }
}

fn line_of(session: &Session, span: Option<Span>) -> Option<(String, u32)> {
    let sources = &session.front.sources;
    let (file, range) = sources.resolve(span?)?;
    let line = line_column(sources.text(file), range.start).line;
    Some((sources.path(file).to_string(), line))
}

/// The way to an effect: `f → g → read-file, line 3`.
fn way(session: &Session, path: &str, reason: &EffectReason) -> String {
    let chain = reason.chain.join(" → ");
    match line_of(session, reason.span) {
        Some((file, line)) if file == path => format!("{chain}, line {line}"),
        Some((file, line)) => format!("{chain}, {file}:{line}"),
        None => chain,
    }
}

impl FileEffects {
    /// Lines for people.
    pub fn text(&self, session: &Session, path: &str) -> String {
        let mut text = format!("{path}\n");
        let width = self.functions.iter().map(|function| function.name.chars().count()).max().unwrap_or(0);
        let width = width.clamp("(top level)".len(), 40);
        for function in &self.functions {
            text.push_str(&format!("  {:<width$}  {}\n", function.name, names(function)));
            for reason in &function.reasons {
                let way = way(session, path, reason);
                text.push_str(&format!("  {:<width$}    {}: {way}\n", "", reason.effect.name()));
            }
        }
        if !self.top_level.is_empty() {
            let names: Vec<&str> = self.top_level.iter().map(|reason| reason.effect.name()).collect();
            text.push_str(&format!("  {:<width$}  {}\n", "(top level)", names.join(", ")));
            for reason in &self.top_level {
                let way = way(session, path, reason);
                text.push_str(&format!("  {:<width$}    {}: {way}\n", "", reason.effect.name()));
            }
        }
        text
    }

    /// The same for machines.
    pub fn json(&self, session: &Session, path: &str) -> serde_json::Value {
        let reasons = |reasons: &[EffectReason]| -> Vec<serde_json::Value> {
            let one = |reason: &EffectReason| {
                let place = line_of(session, reason.span);
                serde_json::json!({
                    "effect": reason.effect.name(),
                    "chain": reason.chain.iter().map(|name| name.to_string()).collect::<Vec<_>>(),
                    "file": place.as_ref().map(|(file, _)| file.clone()),
                    "line": place.map(|(_, line)| line),
                })
            };
            reasons.iter().map(one).collect()
        };
        let functions: Vec<serde_json::Value> = self
            .functions
            .iter()
            .map(|function| {
                serde_json::json!({
                    "name": function.name.to_string(),
                    "line": line_of(session, function.span).map(|(_, line)| line),
                    "effects": reasons(&function.reasons),
                    "of-parameters":
                        function.of_parameters.iter().map(|name| name.to_string()).collect::<Vec<_>>(),
                })
            })
            .collect();
        serde_json::json!({ "file": path, "functions": functions, "top-level": reasons(&self.top_level) })
    }
}
