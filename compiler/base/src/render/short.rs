//! `path:line:column: error[E0101]: message`, one line per diagnostic. Diagnostics without a place have no prefix.

use std::fmt::Write;

use super::{Places, visible};
use crate::diagnostic::{Diagnostic, Severity};

pub(super) fn render(diagnostics: &[&Diagnostic], places: &Places<'_>) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        if let Some(place) = place(diagnostic, places) {
            out.push_str(&place);
            out.push_str(": ");
        }
        // Writing to a string can not fail.
        let _ = writeln!(out, "{}: {}", headline(diagnostic), visible::message(&diagnostic.message));
    }
    out
}

/// `path:line:column` of a diagnostic.
pub(super) fn place(diagnostic: &Diagnostic, places: &Places<'_>) -> Option<String> {
    let (file, range) = places.primary(diagnostic)?;
    let start = places.lines(file)?.line_column(range.start);
    Some(format!("{}:{}:{}", visible::message(places.sources.path(file)), start.line, start.column))
}

/// `error[E0101]`.
pub(super) fn headline(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{severity}[{}]", diagnostic.name())
}
