//! Shows diagnostics: to people with excerpts ([`Format::Human`]), one line each ([`Format::Short`]), or to machines
//! ([`Format::Json`]).
//!
//! In go diagnostics with relative spans and a [`SourceMap`]; out comes one string. Diagnostics are put in order of
//! file, position and code, and equal ones are shown once, so the output does not depend on the order in which
//! stages ran. Source text is hostile: whatever could move a terminal's cursor or reorder its text is shown as a
//! visible character, and excerpts of very long lines are clipped. Nothing here prints or decides the exit code.
//!
//! Start with [`render`].

mod github;
mod human;
mod json;
mod sarif;
mod short;
mod visible;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::ids::{FileId, FormId};
use crate::line_index::{LineIndex, floor_boundary};
use crate::text::{Span, TextRange};

/// Where a [`Span`] is in the files of this invocation: the only place with absolute offsets.
pub trait SourceMap {
    /// The file and the absolute range of a span; `None` if the form no longer exists.
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)>;
    /// The path to show for a file.
    fn path(&self, file: FileId) -> &str;
    /// The text of a file.
    fn text(&self, file: FileId) -> &str;
}

/// How diagnostics are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// With excerpts of the source, notes and help, and a summary.
    #[default]
    Human,
    /// `path:line:column: error[E0101]: message`, one line each.
    Short,
    /// One JSON object per line, with this schema:
    ///
    /// | field | type | |
    /// |---|---|---|
    /// | `code` | string | `E0101` |
    /// | `severity` | string | `error` or `warning` |
    /// | `message` | string | one sentence |
    /// | *place* | | of the primary label |
    /// | `labels` | array | objects with a *place* and `text`; the primary label first |
    /// | `notes` | array of strings | |
    /// | `help` | string or null | |
    /// | `fixes` | array | objects with `title` and `edits`, objects with a *place* and the new `text` |
    ///
    /// A *place* is seven fields of the object itself: `path` (string), `byte_start`, `byte_end` (half open, from 0),
    /// `line_start`, `column_start`, `line_end`, `column_end` (from 1, columns in characters, the end exclusive).
    /// All seven are null for a diagnostic that has no place in a source text. Fields are never removed or renamed;
    /// new ones may be added.
    Json,
    /// SARIF 2.1.0, for code scanning of GitHub and other tools that read it: one JSON document.
    Sarif,
    /// Commands for GitHub Actions, which shows them beside the code: one line each.
    Github,
}

/// The choices of the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RenderOptions {
    /// How diagnostics are shown.
    pub format: Format,
    /// Colour for terminals; only [`Format::Human`] has any.
    pub color: bool,
}

/// Shows diagnostics. The result is empty, or ends with a newline.
pub fn render(diagnostics: &[Diagnostic], sources: &dyn SourceMap, options: &RenderOptions) -> String {
    let places = Places::new(diagnostics, sources);
    let diagnostics = in_order(diagnostics, sources);
    match options.format {
        Format::Human => human::render(&diagnostics, &places, options.color),
        Format::Short => short::render(&diagnostics, &places),
        Format::Json => json::render(&diagnostics, &places),
        Format::Sarif => sarif::render(&diagnostics, &places),
        Format::Github => github::render(&diagnostics, &places),
    }
}

/// The diagnostics without repetitions, in order of file, position, code, and then everything else. Those without a
/// place come first.
fn in_order<'a>(diagnostics: &'a [Diagnostic], sources: &dyn SourceMap) -> Vec<&'a Diagnostic> {
    let place =
        |diagnostic: &Diagnostic| diagnostic.labels.iter().find_map(|label| sources.resolve(label.span));
    let mut ordered: Vec<_> = diagnostics.iter().map(|diagnostic| (place(diagnostic), diagnostic)).collect();
    let detail = |diagnostic: &'a Diagnostic| (diagnostic.code, &diagnostic.message, &diagnostic.labels);
    // The sort is stable, so whatever is equal in all of this stays in the order of the stages.
    ordered.sort_by(|(place_a, a), (place_b, b)| {
        let (code_a, message_a, labels_a) = detail(a);
        let (code_b, message_b, labels_b) = detail(b);
        let spans_a = labels_a.iter().map(|label| (label.span, &label.text));
        let spans_b = labels_b.iter().map(|label| (label.span, &label.text));
        (place_a, code_a, message_a).cmp(&(place_b, code_b, message_b)).then_with(|| spans_a.cmp(spans_b))
    });
    ordered.dedup_by(|a, b| a.1 == b.1);
    ordered.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

/// The source map with a line index for every file that a diagnostic mentions.
struct Places<'a> {
    sources: &'a dyn SourceMap,
    files: BTreeMap<FileId, LineIndex<'a>>,
}

impl<'a> Places<'a> {
    fn new(diagnostics: &[Diagnostic], sources: &'a dyn SourceMap) -> Places<'a> {
        let mut files = BTreeMap::new();
        for diagnostic in diagnostics {
            let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|(span, _)| *span);
            for span in diagnostic.labels.iter().map(|label| label.span).chain(edits) {
                if let Some((file, _)) = sources.resolve(span) {
                    files.entry(file).or_insert_with(|| LineIndex::new(sources.text(file)));
                }
            }
        }
        Places { sources, files }
    }

    /// Where a span is, clamped to the characters of the file.
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)> {
        let (file, range) = self.sources.resolve(span)?;
        let text = self.sources.text(file);
        let start = floor_boundary(text, range.start) as u32;
        let end = floor_boundary(text, range.end) as u32;
        Some((file, TextRange::new(start, end)))
    }

    /// Where a diagnostic is: its first label that still has a place.
    fn primary(&self, diagnostic: &Diagnostic) -> Option<(FileId, TextRange)> {
        diagnostic.labels.iter().find_map(|label| self.resolve(label.span))
    }

    fn lines(&self, file: FileId) -> Option<&LineIndex<'a>> {
        self.files.get(&file)
    }
}

/// A [`SourceMap`] that holds its files: for tools that have no database, and for tests.
#[derive(Clone, Debug, Default)]
pub struct FileMap {
    files: Vec<(String, String)>,
    forms: BTreeMap<FormId, (FileId, u32)>,
}

impl FileMap {
    /// A map without files.
    pub fn new() -> FileMap {
        FileMap::default()
    }

    /// Adds a file.
    pub fn add_file(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push((path.into(), text.into()));
        FileId(self.files.len() as u32 - 1)
    }

    /// Says that a form begins at byte `start` of a file.
    pub fn add_form(&mut self, file: FileId, form: FormId, start: u32) {
        self.forms.insert(form, (file, start));
    }
}

impl SourceMap for FileMap {
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)> {
        let (file, start) = self.forms.get(&span.form)?;
        Some((*file, span.range.shifted(*start)))
    }

    fn path(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |(path, _)| path)
    }

    fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |(_, text)| text)
    }
}

#[cfg(test)]
mod tests;
