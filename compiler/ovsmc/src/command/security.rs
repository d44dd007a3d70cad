//! What the security lints find, for `check` and `build`.
//!
//! The same findings as those of `ovsm lint`, at the levels that `[lints]` of `spirit.toml` states; comments in the file
//! silence them. Start with [`beside`].

use ovsm_base::render::SourceMap;
use ovsm_base::{Code, Diagnostic, FileId, Severity, Span, TextRange, threads};
use ovsm_edge::source;
use ovsm_lint::{Audited, File, LINTS, Level, Levels};
use ovsm_query::audit::Finding;
use ovsm_query::{Database, SourceFile, interface, source_map};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest manifest that is read.
const MAX_BYTES: u64 = 1 << 20;

/// What matters here of `spirit.toml`.
#[derive(Default, serde::Deserialize)]
struct Manifest {
    #[serde(default)]
    lints: BTreeMap<String, String>,
}

/// The levels that the project of a file states; those of the lints themselves if it is in none.
///
/// # Errors
/// E0501 if they can not be read, or set nothing.
pub(super) fn levels(main: &Path) -> Result<Levels, Box<Diagnostic>> {
    let mut levels = Levels::default();
    // A path without folders lies in the current one, and that may lie in a project.
    let main = std::fs::canonicalize(main).unwrap_or_else(|_| main.to_path_buf());
    let manifests = main.ancestors().skip(1).map(|folder| folder.join("spirit.toml"));
    let Some(path) = manifests.into_iter().find(|path| path.is_file()) else { return Ok(levels) };
    let wrong = |message: String, help: &str| Box::new(Diagnostic::new(Code::CannotRead, message).help(help));
    let bytes = source::read_bytes(&path, MAX_BYTES)?;
    let manifest: Manifest = toml::from_str(&String::from_utf8_lossy(&bytes)).map_err(|error| {
        let message = format!("`{}` can not be read: {}", path.display(), error.message());
        wrong(message, "`[lints]` is a table of names and levels: `arbitrary-cpi = \"deny\"`")
    })?;
    let mut named = Vec::new();
    for (name, level) in &manifest.lints {
        let message = format!("`{name} = \"{level}\"` in `[lints]` of `spirit.toml` sets nothing");
        let help = "a level is `allow`, `warn`, `deny` or `forbid`";
        named.push((name.as_str(), Level::from_name(level).ok_or_else(|| wrong(message, help))?));
    }
    levels.set_unordered(&named).map_err(|(name, near)| {
        let message = format!("there is no lint `{name}`, but `[lints]` of `spirit.toml` sets it");
        let help = near.map(|near| format!("did you mean `{near}`?"));
        wrong(message, help.as_deref().unwrap_or("`ovsm lint --list` shows all lints"))
    })?;
    Ok(levels)
}

/// Builds a program, and looks for what the security lints find in it at the same time.
pub(super) fn beside<T>(
    db: &Database,
    source: SourceFile,
    levels: &Levels,
    build: impl FnOnce() -> T,
) -> (T, Vec<Diagnostic>) {
    let own = db.clone();
    threads::both(build, move || security(&own, source, levels))
}

/// What the security lints find in a program without errors.
fn security(db: &Database, source: SourceFile, levels: &Levels) -> Vec<Diagnostic> {
    let Some(found) = ovsm_query::audit(db, source) else { return Vec::new() };
    let places = source_map(db, source);
    let mut by_file: BTreeMap<FileId, Vec<_>> = BTreeMap::new();
    for (found, file, range) in found {
        by_file.entry(file).or_default().push((found, range));
    }
    let left =
        by_file.into_iter().flat_map(|(file, found)| in_file(places.text(file), found, levels)).collect();
    // The description of the program, if it gets one, asks for it when the code is there: it is found out on this side until then.
    interface(db, source);
    left
}

/// What is left of the findings in a file when its comments and the levels have had their say.
fn in_file(text: &str, found: Vec<(Finding, TextRange)>, levels: &Levels) -> Vec<Diagnostic> {
    let nowhere = |_: Span| None;
    let mut spans = Vec::new();
    let mut file = File::new(text, Vec::new(), &nowhere);
    file.is_text_only = true;
    let mut audited = Vec::new();
    for (found, range) in found {
        spans.push((range, found.span));
        let lint = found.family.name();
        audited.push(Audited { lint, range, message: found.message, help: found.help });
    }
    file.audited = Some(audited);
    let mut diagnostics = Vec::new();
    for finding in ovsm_lint::lint_security(&file, levels) {
        let Some(lint) = LINTS.iter().find(|lint| lint.id == finding.lint) else { continue };
        let Some((_, span)) = spans.iter().find(|(range, _)| *range == finding.range) else { continue };
        let mut diagnostic = Diagnostic::at(Code::Lint, *span, finding.message);
        diagnostic.lint = Some(Box::new((lint.id, lint.summary)));
        diagnostic.severity = if finding.level >= Level::Deny { Severity::Error } else { Severity::Warning };
        if let Some(help) = finding.help {
            diagnostic = diagnostic.help(help);
        }
        diagnostics.push(diagnostic);
    }
    diagnostics
}
