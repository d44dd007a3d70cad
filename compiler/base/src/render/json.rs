//! One JSON object per line; the schema stands at [`super::Format::Json`].

use serde::Serialize;

use super::Places;
use crate::diagnostic::{Diagnostic, Severity};
use crate::text::Span;

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: JsonPlace<'a>,
    labels: Vec<JsonText<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    fixes: Vec<JsonFix<'a>>,
}

#[derive(Serialize, Default)]
struct JsonPlace<'a> {
    path: Option<&'a str>,
    byte_start: Option<u32>,
    byte_end: Option<u32>,
    line_start: Option<u32>,
    column_start: Option<u32>,
    line_end: Option<u32>,
    column_end: Option<u32>,
}

#[derive(Serialize)]
struct JsonText<'a> {
    #[serde(flatten)]
    place: JsonPlace<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    edits: Vec<JsonText<'a>>,
}

pub(super) fn render(diagnostics: &[&Diagnostic], places: &Places<'_>) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Strings, numbers and lists of them: there is nothing that JSON could refuse.
        if let Ok(line) = serde_json::to_string(&convert(diagnostic, places)) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn convert<'a>(diagnostic: &'a Diagnostic, places: &Places<'a>) -> JsonDiagnostic<'a> {
    let text = |span, text| JsonText { place: convert_place(span, places).unwrap_or_default(), text };
    JsonDiagnostic {
        code: diagnostic.name(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        place: diagnostic
            .labels
            .iter()
            .find_map(|label| convert_place(label.span, places))
            .unwrap_or_default(),
        labels: diagnostic.labels.iter().map(|label| text(label.span, &label.text)).collect(),
        notes: &diagnostic.notes,
        help: diagnostic.help.as_deref(),
        fixes: diagnostic
            .fixes
            .iter()
            .map(|fix| JsonFix {
                title: &fix.title,
                edits: fix.edits.iter().map(|(span, new)| text(*span, new)).collect(),
            })
            .collect(),
    }
}

fn convert_place<'a>(span: Span, places: &Places<'a>) -> Option<JsonPlace<'a>> {
    let (file, range) = places.resolve(span)?;
    let lines = places.lines(file)?;
    let (start, end) = (lines.line_column(range.start), lines.line_column(range.end));
    Some(JsonPlace {
        path: Some(places.sources.path(file)),
        byte_start: Some(range.start),
        byte_end: Some(range.end),
        line_start: Some(start.line),
        column_start: Some(start.column),
        line_end: Some(end.line),
        column_end: Some(end.column),
    })
}
