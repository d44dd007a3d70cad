//! Which modules export a name that is not known here: for the suggestion to import one. Reads texts, runs nothing;
//! names that a macro exports are not found. Start with [`Front::exporters_of`].

use super::Front;
use crate::module::ModuleId;
use crate::syntax;
use ovsm_base::{FormId, Span, TextRange};
use ovsm_cst::Node;
use rustc_hash::FxHashMap;

/// How many modules are looked at.
const MAX_MODULES: usize = 500;

impl Front {
    /// The modules that export a name, sorted. Modules of the project and those of the library that are written in
    /// OVSM; built-in functions need no import.
    pub(crate) fn exporters_of(&mut self, name: &str) -> Vec<String> {
        if self.is_program {
            return Vec::new();
        }
        if self.exporters.is_none() {
            let index = self.index_exports();
            self.exporters = Some(index);
        }
        let found = self.exporters.as_ref().and_then(|index| index.get(name));
        let is_loading = |name: &String| self.loading.iter().any(|loading| **loading == **name);
        found.into_iter().flatten().filter(|module| !is_loading(module)).cloned().collect()
    }

    fn index_exports(&mut self) -> FxHashMap<String, Vec<String>> {
        let mut index: FxHashMap<String, Vec<String>> = FxHashMap::default();
        let mut add = |module: &str, text: &str| {
            for name in exports(text) {
                index.entry(name).or_default().push(module.to_string());
            }
        };
        for library in ovsm_library::modules() {
            if let Some(text) = library.source {
                add(library.name, text);
            }
        }
        for module in self.loader.names().into_iter().take(MAX_MODULES) {
            if let Ok(Some((_, text))) = self.loader.load(&module) {
                add(&module, &text);
            }
        }
        for modules in index.values_mut() {
            modules.sort_unstable();
            modules.dedup();
        }
        index
    }

    /// Where an import can be written into a module: the place, and the text around it.
    pub(crate) fn import_place(&self, module: ModuleId) -> Option<(Span, &'static str, &'static str)> {
        let forms = self.forms.iter().filter(|form| form.module == module).map(|form| &form.syntax);
        let is_import = |form: &&ovsm_value::Value| syntax::head(form) == Some("import");
        let last_import = forms.clone().rfind(is_import).and_then(syntax::span);
        if let Some(span) = last_import {
            return Some((end_of(span), "\n", ""));
        }
        let first = syntax::span(forms.clone().next()?)?;
        // What is written above a definition belongs to it.
        match self.sources.is_documented(first.form) {
            false => Some((start_of(first), "", "\n\n")),
            true => {
                let free = forms.filter_map(syntax::span).find(|span| !self.sources.is_documented(span.form));
                Some(match free {
                    Some(span) => (start_of(span), "", "\n\n"),
                    None => (end_of(first), "\n\n", ""),
                })
            }
        }
    }
}

fn start_of(span: Span) -> Span {
    Span { range: TextRange::new(span.range.start, span.range.start), ..span }
}

fn end_of(span: Span) -> Span {
    Span { range: TextRange::new(span.range.end, span.range.end), ..span }
}

/// The names that a text exports by `export` and `pub`.
fn exports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for form in ovsm_cst::split(text).forms {
        let head = form.head_text(text);
        // `pub` is looked through by the split.
        let form_text = form.text(text);
        if head != "export" && !form_text.trim_start_matches('(').trim_start().starts_with("pub") {
            continue;
        }
        let tree = ovsm_cst::parse(FormId(0), form_text);
        let Some(root) = tree.root(form_text) else { continue };
        match root.head() {
            Some("export") => {
                names.extend(root.children().skip(1).filter_map(Node::as_symbol).map(str::to_string));
            }
            Some("pub") => names.extend(root.children().skip(1).filter_map(defined).map(str::to_string)),
            _ => {}
        }
    }
    names
}

/// The name that a definition defines.
fn defined(definition: Node<'_>) -> Option<&str> {
    let named = definition.child(1)?;
    named.as_symbol().or_else(|| named.child(0)?.as_symbol())
}
