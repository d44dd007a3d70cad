//! What is wrong with imports, in words: unused, repeated, missing, ambiguous and hidden ones, each with the change of
//! the text that cures it. Start with [`Front::report_imports`].

use super::{Front, Pending};
use crate::module::{Global, Import, Meaning, ModuleId};
use crate::syntax;
use ovsm_base::render::SourceMap;
use ovsm_base::suggest::nearest;
use ovsm_base::{Code, Diagnostic, Span, TextRange};
use ovsm_value::Symbol;
use std::rc::Rc;

impl Front {
    /// Reports imports, once the whole module is expanded.
    pub(crate) fn report_imports(&mut self, module: ModuleId) {
        self.report_unused(module);
        self.report_hidden(module);
    }

    fn report_unused(&mut self, module: ModuleId) {
        let Some(module) = self.modules.get(module.0 as usize) else { return };
        let mut found = Vec::new();
        for import in &module.imports {
            // What is defined here as well is reported as that.
            let is_defined_here =
                import.only.iter().flatten().any(|(name, _)| module.names.contains_key(name));
            if !import.is_used && !is_defined_here {
                let mut diagnostic =
                    Diagnostic::new(Code::UnusedImport, format!("nothing of `{}` is used", import.name))
                        .help("remove the import");
                if let Some(span) = import.span {
                    diagnostic = diagnostic.label(span, "");
                }
                if let Some(whole) = import.whole {
                    diagnostic = diagnostic.fix("remove the import", self.with_blanks(whole), "");
                }
                found.push(diagnostic);
                continue;
            }
            let names: Vec<_> = import.only.iter().flatten().collect();
            let spans: Vec<Option<Span>> = names.iter().map(|(_, span)| *span).collect();
            for (n, (name, span)) in names.into_iter().enumerate() {
                if import.used.iter().any(|used| used == name) || module.names.contains_key(name) {
                    continue;
                }
                let mut diagnostic = Diagnostic::new(
                    Code::UnusedImport,
                    format!("`{name}` of `{}` is imported, but not used", import.name),
                )
                .help("remove the name");
                if let Some(span) = span {
                    diagnostic = diagnostic.label(*span, "");
                }
                found.push(with_cut(diagnostic, name, self.item_cut(&spans, n)));
            }
        }
        self.diagnostics.extend(found);
    }

    /// Reports names that are imported and defined as well.
    fn report_hidden(&mut self, id: ModuleId) {
        let Some(module) = self.modules.get(id.0 as usize) else { return };
        let mut found = Vec::new();
        for import in &module.imports {
            let names: Vec<_> = import.only.iter().flatten().collect();
            let spans: Vec<Option<Span>> = names.iter().map(|(_, span)| *span).collect();
            for (n, (name, span)) in names.into_iter().enumerate() {
                let Some(own) = module.names.get(name) else { continue };
                let mut diagnostic = Diagnostic::new(
                    Code::AmbiguousImport,
                    format!("`{name}` is imported from `{}`, and defined here as well", import.name),
                )
                .help("give the definition another name, or remove the name from the import");
                if let Some(span) = span {
                    diagnostic = diagnostic.label(*span, "imported here");
                }
                if let Some(place) = self.definition_span(own) {
                    diagnostic = diagnostic.label(place, "defined here");
                }
                found.push(with_cut(diagnostic, name, self.item_cut(&spans, n)));
            }
            // If nothing of it is used, that is what is reported.
            if !import.is_open || !import.is_used {
                continue;
            }
            let Some(source) = self.modules.get(import.module.0 as usize) else { continue };
            for name in &source.exports {
                let Some(own) = module.names.get(name) else { continue };
                let is_built_in = ovsm_library::find(name).is_some() || crate::expand::is_special(name);
                if source.is_library && is_built_in {
                    continue;
                }
                found.push(self.hidden(import, name, own));
            }
        }
        self.diagnostics.extend(found);
    }

    fn hidden(&self, import: &Import, name: &str, own: &Meaning) -> Diagnostic {
        let short = import.name.rsplit('/').next().unwrap_or(&import.name);
        let mut diagnostic = Diagnostic::new(
            Code::HiddenImport,
            format!("this `{name}` hides the one that is imported from `{}`", import.name),
        )
        .help(format!("name what is wanted with `:only`; `{short}/{name}` is the imported one"));
        if let Some(place) = self.definition_span(own) {
            diagnostic = diagnostic.label(place, "");
        }
        let Some(span) = import.span else { return diagnostic };
        // The names that are used, and no others; with a prefix they can be reached all the same.
        let mut used: Vec<&str> = import.used.iter().map(|name| &**name).collect();
        used.sort_unstable();
        let clause = format!("[{} :only ({})]", import.name, used.join(" "));
        diagnostic.label(span, "it is imported here").fix("import only what is used", span, clause)
    }

    /// Where what a name of a module means is defined.
    fn definition_span(&self, meaning: &Meaning) -> Option<Span> {
        let id = match meaning {
            Meaning::Global(Global { id, .. }) | Meaning::Macro(id, _) | Meaning::Type(_, Some(id)) => id,
            _ => return None,
        };
        let form = &self.forms.get(*self.definitions.get(id)?)?.syntax;
        let named = form.as_items()?.get(1)?;
        let named = match named.as_items() {
            Some([name, ..]) => name,
            _ => named,
        };
        syntax::span(named).or_else(|| syntax::span(form))
    }

    /// The report of a prefix that two imports ask for.
    pub(super) fn prefix_taken(
        &self,
        prefix: &str,
        wanted: &str,
        other: ModuleId,
        span: Option<Span>,
    ) -> Diagnostic {
        let other = self.modules.get(other.0 as usize).map_or("", |module| &*module.name);
        let diagnostic = Diagnostic::new(
            Code::AmbiguousImport,
            format!("`{prefix}/…` would be a name of `{other}` and of `{wanted}`"),
        )
        .help(format!("give one of them another prefix: `[{wanted} :as other-{prefix}]`"));
        match span {
            Some(span) => diagnostic.label(span, ""),
            None => diagnostic,
        }
    }

    /// Reports a name that two imported modules have.
    pub(super) fn report_ambiguous(
        &mut self,
        module: ModuleId,
        symbol: &Symbol,
        first: ModuleId,
        second: ModuleId,
    ) {
        let Some(span) = symbol.span.filter(|span| self.ambiguous.insert(*span)) else { return };
        let Some(importing) = self.modules.get(module.0 as usize) else { return };
        let import =
            |id: ModuleId| importing.imports.iter().find(|import| import.module == id && import.is_open);
        let (Some(a), Some(b)) = (import(first), import(second)) else { return };
        let short = |import: &Import| {
            let short = import.name.rsplit('/').next().unwrap_or(&import.name);
            format!("{short}/{}", symbol.name)
        };
        let mut diagnostic = Diagnostic::at(
            Code::AmbiguousImport,
            span,
            format!("`{}` is imported from `{}` and from `{}`", symbol.name, a.name, b.name),
        )
        .help(format!("write `{}` or `{}`, or name what is wanted with `:only`", short(a), short(b)))
        .fix(format!("write `{}`", short(a)), span, short(a));
        for (import, text) in [(a, "one is imported here"), (b, "the other here")] {
            if let Some(span) = import.span {
                diagnostic = diagnostic.label(span, text);
            }
        }
        self.diagnostics.push(diagnostic);
    }

    /// A name that a module has, but keeps for itself; with the export that is missing there.
    pub(crate) fn private_name(&self, owner: ModuleId, name: &str) -> Diagnostic {
        let module = self.modules.get(owner.0 as usize).map_or("", |module| &*module.name);
        let message = format!("`{}` is private to `{module}`", crate::expand::clip(name));
        self.with_export(Diagnostic::new(Code::UnknownName, message), owner, name)
    }

    fn with_export(&self, diagnostic: Diagnostic, owner: ModuleId, name: &str) -> Diagnostic {
        let Some(module) = self.modules.get(owner.0 as usize).filter(|module| !module.is_library) else {
            return diagnostic.help("only exported names of the library can be used");
        };
        let diagnostic =
            diagnostic.help(format!("export it there: `(export {})`", crate::expand::clip(name)));
        let title = format!("export `{}` from `{}`", crate::expand::clip(name), module.name);
        let mut forms = self.forms.iter().filter(|form| form.module == owner).map(|form| &form.syntax);
        match forms.clone().rfind(|form| syntax::head(form) == Some("export")).and_then(syntax::span) {
            Some(export) => {
                let end = export.range.end.saturating_sub(1);
                diagnostic.fix(title, Span { range: TextRange::new(end, end), ..export }, format!(" {name}"))
            }
            None => match forms.next_back().and_then(syntax::span) {
                Some(last) => {
                    let end = Span { range: TextRange::new(last.range.end, last.range.end), ..last };
                    diagnostic.fix(title, end, format!("\n\n(export {name})"))
                }
                None => diagnostic,
            },
        }
    }

    /// A name of `:only` that the module does not export.
    pub(super) fn missing_name(&self, target: ModuleId, wanted: &Symbol, cut: Option<Span>) -> Diagnostic {
        let Some(source) = self.modules.get(target.0 as usize) else {
            return Diagnostic::new(Code::UnknownImport, format!("there is no `{}`", wanted.name));
        };
        let is_private = source.names.contains_key(&wanted.name);
        let message = match is_private {
            true => format!("`{}` is private to `{}`", wanted.name, source.name),
            false => format!("`{}` has no `{}`", source.name, wanted.name),
        };
        let mut diagnostic = Diagnostic::new(Code::UnknownImport, message);
        if let Some(span) = wanted.span {
            diagnostic = diagnostic.label(span, "");
        }
        if is_private {
            return self.with_export(diagnostic, target, &wanted.name);
        }
        let library = source.is_library.then(|| ovsm_library::module(&source.name)).flatten();
        let names = source.exports.iter().map(|name| &**name);
        let mut names: Vec<&str> =
            names.chain(library.into_iter().flat_map(|library| library.names())).collect();
        names.sort_unstable();
        match (nearest(&wanted.name, names.into_iter()), wanted.span) {
            (Some(near), Some(span)) => {
                diagnostic.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
            }
            _ => with_cut(diagnostic.help("only exported names can be imported"), &wanted.name, cut),
        }
    }

    /// Suggests a module of the library or of the project.
    pub(super) fn similar_module(&mut self, symbol: &Symbol, diagnostic: Diagnostic) -> Diagnostic {
        let mut names: Vec<String> = self.by_name.keys().map(|name| name.to_string()).collect();
        names.extend(ovsm_library::modules().iter().map(|module| module.name.to_string()));
        names.extend(self.loader.names());
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !self.loading.iter().any(|loading| **loading == **name));
        // The last part alone, or with another folder, tells as much as a small slip.
        let last = symbol.name.rsplit('/').next().unwrap_or(&symbol.name);
        let mut same = names.iter().filter(|name| name.rsplit('/').next() == Some(last));
        let by_last = match (same.next(), same.next()) {
            (Some(only), None) => Some(only.as_str()),
            _ => None,
        };
        let near = nearest(&symbol.name, names.iter().map(String::as_str)).or(by_last);
        match (near, symbol.span) {
            (Some(near), Some(span)) => {
                diagnostic.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
            }
            _ => diagnostic,
        }
    }

    /// The report of an unknown name. If a module exports it, that is what is said, with the import to add if there is
    /// one answer.
    pub(super) fn with_missing_import(&mut self, pending: Pending) -> Diagnostic {
        let Some((name, exporters)) = pending.name.and_then(|name| {
            let exporters = self.exporters_for(pending.module, &name);
            (!exporters.is_empty()).then_some((name, exporters))
        }) else {
            return pending.diagnostic;
        };
        let diagnostic = Diagnostic { fixes: Vec::new(), ..pending.diagnostic };
        let [only] = exporters.as_slice() else {
            let named: Vec<String> = exporters.iter().take(4).map(|name| format!("`{name}`")).collect();
            return diagnostic.help(format!("import it from one of {}", named.join(", ")));
        };
        let import = match is_qualified(&name) {
            true => format!("(import {only})"),
            false => format!("(import [{only} :only ({name})])"),
        };
        let diagnostic = diagnostic.help(format!("`{only}` exports it: `{import}`"));
        match self.import_place(pending.module) {
            Some((span, before, after)) => {
                diagnostic.fix(format!("add `{import}`"), span, format!("{before}{import}{after}"))
            }
            None => diagnostic,
        }
    }

    /// The modules from which a name could be imported; with a prefix, those of which that is the prefix.
    fn exporters_for(&mut self, module: ModuleId, name: &str) -> Vec<String> {
        let Some((alias, export)) = name.split_once('/').filter(|_| is_qualified(name)) else {
            return self.exporters_of(name);
        };
        let is_known =
            self.modules.get(module.0 as usize).is_some_and(|module| module.aliases.contains_key(alias));
        if is_known {
            return Vec::new();
        }
        let mut exporters = self.exporters_of(export);
        exporters.retain(|name| name.rsplit('/').next() == Some(alias));
        exporters
    }

    /// The text that goes away with an item of a list: the item, and the blanks before it or, for the first, after it.
    pub(super) fn item_cut(&self, spans: &[Option<Span>], n: usize) -> Option<Span> {
        let own = (*spans.get(n)?)?;
        let before = n.checked_sub(1).and_then(|n| *spans.get(n)?);
        let after = spans.get(n + 1).copied().flatten();
        let (file, place) = self.sources.resolve(own)?;
        let blank = |from: u32, to: u32| {
            let base = place.start.checked_sub(own.range.start)?;
            let text = TextRange::new(base + from, base + to).slice(self.sources.text(file));
            text.chars().all(char::is_whitespace).then_some(TextRange::new(from, to))
        };
        let range = match (before, after) {
            (Some(before), _) if before.form == own.form => {
                blank(before.range.end, own.range.start).map(|range| range.cover(own.range))
            }
            (None, Some(after)) if after.form == own.form => {
                blank(own.range.end, after.range.start).map(|range| range.cover(own.range))
            }
            _ => None,
        };
        Some(Span { range: range.unwrap_or(own.range), ..own })
    }

    /// A span with the blanks before it on its line.
    fn with_blanks(&self, span: Span) -> Span {
        let Some((file, place)) = self.sources.resolve(span) else { return span };
        let head = TextRange::new(place.start.saturating_sub(span.range.start), place.start);
        let head = head.slice(self.sources.text(file));
        let blanks = (head.len() - head.trim_end_matches([' ', '\t']).len()) as u32;
        Span { range: TextRange::new(span.range.start.saturating_sub(blanks), span.range.end), ..span }
    }
}

fn is_qualified(name: &str) -> bool {
    name.split_once('/').is_some_and(|(alias, export)| !alias.is_empty() && !export.is_empty())
}

fn with_cut(diagnostic: Diagnostic, name: &str, cut: Option<Span>) -> Diagnostic {
    match cut {
        Some(cut) => diagnostic.fix(format!("remove `{name}`"), cut, ""),
        None => diagnostic,
    }
}

/// A name that stands twice in one `:only`.
pub(super) fn repeated_name(wanted: &Symbol, module: &str, cut: Option<Span>) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::new(Code::RepeatedImport, format!("`{}` of `{module}` is imported twice", wanted.name))
            .help("remove one of them");
    if let Some(span) = wanted.span {
        diagnostic = diagnostic.label(span, "");
    }
    with_cut(diagnostic, &wanted.name, cut)
}

/// A name that an earlier import brings from another module.
pub(super) fn named_twice(
    wanted: &Symbol,
    module: &str,
    other: &Rc<str>,
    place: Option<Span>,
    cut: Option<Span>,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(
        Code::AmbiguousImport,
        format!("`{}` is imported from `{other}` and from `{module}`", wanted.name),
    )
    .help("import one of them, and reach the other with a prefix");
    if let Some(span) = wanted.span {
        diagnostic = diagnostic.label(span, "imported again here");
    }
    if let Some(place) = place {
        diagnostic = diagnostic.label(place, "first imported here");
    }
    with_cut(diagnostic, &wanted.name, cut)
}

/// An import that brings nothing that an earlier one does not bring.
pub(super) fn repeated_module(import: &Import, earlier: &Import) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::new(Code::RepeatedImport, format!("`{}` is imported already", import.name))
            .help("remove this import");
    if let Some(span) = import.span {
        diagnostic = diagnostic.label(span, "");
    }
    if let Some(span) = earlier.span {
        diagnostic = diagnostic.label(span, "first imported here");
    }
    match import.whole {
        Some(whole) => diagnostic.fix("remove the import", whole, ""),
        None => diagnostic,
    }
}
