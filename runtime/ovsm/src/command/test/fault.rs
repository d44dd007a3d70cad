//! Why a test failed, for machines: the diagnostics with the files that they are about, since the session that knows
//! these is gone when the results are written. What people read is made where the session is. Start with [`faults_of`].

use super::report::visible;
use ovsm_base::line_index::line_column;
use ovsm_base::render::{FileMap, Format, RenderOptions, SourceMap, render};
use ovsm_base::{Diagnostic, FormId, Span, TextRange};
use std::collections::BTreeMap;

/// A diagnostic and its place.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong; its labels are taken away.
    pub diagnostic: Diagnostic,
    /// The file, its text, and where in it.
    pub place: Option<(String, String, TextRange)>,
}

impl Fault {
    /// The line and the column, which count from 1.
    fn line_column(&self) -> Option<(u32, u32)> {
        let (_, text, range) = self.place.as_ref()?;
        let at = line_column(text, range.start);
        Some((at.line, at.column))
    }

    /// What a note says after a word, as assertions have it: `expected: 4`.
    fn noted(&self, word: &str) -> Option<&str> {
        self.diagnostic.notes.iter().find_map(|note| note.strip_prefix(word)).map(str::trim)
    }

    /// The object of `--json`.
    pub fn json(&self) -> serde_json::Value {
        let (line, column) = self.line_column().unzip();
        serde_json::json!({
            "code": self.diagnostic.code.as_str(),
            "message": self.diagnostic.message,
            "file": self.place.as_ref().map(|(path, ..)| path),
            "line": line,
            "column": column,
            "expected": self.noted("expected:"),
            "found": self.noted("found:"),
            "notes": self.diagnostic.notes,
        })
    }
}

/// Diagnostics with their places; those without one stand where the test stands.
pub fn faults_of(diagnostics: &[Diagnostic], sources: &dyn SourceMap, test: Option<Span>) -> Vec<Fault> {
    let place = |span: Span| {
        let (file, range) = sources.resolve(span)?;
        let path = sources.path(file);
        // What the runner made up can not be opened, and nobody wrote the test in the library.
        let is_of_program = !path.starts_with('<') && !path.starts_with("std/");
        is_of_program.then(|| (path.to_string(), sources.text(file).to_string(), range))
    };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .map(|diagnostic| {
            let labels = diagnostic.labels.iter().map(|label| label.span);
            let place = labels.chain(test).find_map(place);
            let mut diagnostic = diagnostic.clone();
            diagnostic.labels.clear();
            diagnostic.fixes.clear();
            Fault { diagnostic, place }
        })
        .collect()
}

/// The faults of named tests in the format that diagnostics are wanted in.
pub fn rendered(faults: &[(&str, &Fault)], format: Format) -> String {
    let mut map = FileMap::new();
    let mut forms: BTreeMap<&str, FormId> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for (test, fault) in faults {
        let mut diagnostic = fault.diagnostic.clone();
        diagnostic.message = format!("test `{}`: {}", visible(test), diagnostic.message);
        diagnostics.push(match &fault.place {
            None => diagnostic,
            Some((path, text, range)) => {
                let form = *forms.entry(path).or_insert_with(|| {
                    let form = FormId::new("test", path, "", 0);
                    let file = map.add_file(path.clone(), text.clone());
                    map.add_form(file, form, 0);
                    form
                });
                diagnostic.label(Span::new(form, *range), "")
            }
        });
    }
    render(&diagnostics, &map, &RenderOptions { format, color: false })
}
