//! `::error file=…,line=…::message`: workflow commands of GitHub Actions, one line per diagnostic.

use std::fmt::Write;

use super::Places;
use crate::diagnostic::{Diagnostic, Severity};

pub(super) fn render(diagnostics: &[&Diagnostic], places: &Places<'_>) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut properties = vec![format!("title={}", property(diagnostic.name()))];
        if let Some((file, range)) = places.primary(diagnostic)
            && let Some(lines) = places.lines(file)
        {
            let (start, end) = (lines.line_column(range.start), lines.line_column(range.end));
            properties.insert(0, format!("file={}", property(places.sources.path(file))));
            properties.push(format!("line={},endLine={},col={}", start.line, end.line, start.column));
            // GitHub takes an end column only within one line.
            if start.line == end.line {
                properties.push(format!("endColumn={}", end.column));
            }
        }
        let mut message = diagnostic.message.clone();
        for note in diagnostic.notes.iter().map(String::as_str).chain(diagnostic.help.as_deref()) {
            message.push('\n');
            message.push_str(note);
        }
        // Writing to a string can not fail.
        let _ = writeln!(out, "::{command} {}::{}", properties.join(","), data(&message));
    }
    out
}

/// The message of a command: what would end the line is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, in which colons and commas mean something.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
