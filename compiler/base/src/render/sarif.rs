//! SARIF 2.1.0 (OASIS): one document with one run, as code scanning of GitHub reads it.
//!
//! A rule is a code or a lint; a fingerprint is made of the rule, the message and the text of the line, so that a finding
//! is known again when lines above it come and go.

use serde_json::{Value, json};

use super::Places;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ids::FormId;
use crate::text::Span;

pub(super) fn render(diagnostics: &[&Diagnostic], places: &Places<'_>) -> String {
    let mut names: Vec<(&str, &str)> =
        diagnostics.iter().map(|diagnostic| (diagnostic.name(), diagnostic.title())).collect();
    names.sort_unstable();
    names.dedup();
    let rules: Vec<Value> = names
        .iter()
        .map(|(name, title)| json!({ "id": name, "shortDescription": { "text": title } }))
        .collect();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let rule = names.iter().position(|(name, _)| *name == diagnostic.name());
            result(diagnostic, rule.unwrap_or(0), places)
        })
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "ovsm", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn result(diagnostic: &Diagnostic, rule: usize, places: &Places<'_>) -> Value {
    let mut text = diagnostic.message.clone();
    for note in diagnostic.notes.iter().map(String::as_str).chain(diagnostic.help.as_deref()) {
        text.push('\n');
        text.push_str(note);
    }
    let mut result = json!({
        "ruleId": diagnostic.name(),
        "ruleIndex": rule,
        "level": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": text },
    });
    let Some(fields) = result.as_object_mut() else { return result };
    let primary = diagnostic.labels.iter().find_map(|label| location(label.span, None, places));
    if let Some(primary) = primary {
        fields.insert("locations".to_string(), json!([primary]));
        if let Some(line) = line_of(diagnostic, places) {
            let fingerprint = FormId::new(diagnostic.name(), &diagnostic.message, line, 0).0;
            fields.insert(
                "partialFingerprints".to_string(),
                json!({ "line/v1": format!("{fingerprint:016x}") }),
            );
        }
    }
    let related: Vec<Value> = diagnostic
        .labels
        .iter()
        .skip(1)
        .filter_map(|label| location(label.span, Some(&label.text), places))
        .collect();
    if !related.is_empty() {
        fields.insert("relatedLocations".to_string(), Value::Array(related));
    }
    let fixes: Vec<Value> = diagnostic
        .fixes
        .iter()
        .map(|fix| {
            let changes: Vec<Value> = fix
                .edits
                .iter()
                .filter_map(|(span, new)| {
                    let (artifact, region) = region(*span, places)?;
                    let replacement = json!({ "deletedRegion": region, "insertedContent": { "text": new } });
                    Some(json!({ "artifactLocation": artifact, "replacements": [replacement] }))
                })
                .collect();
            json!({ "description": { "text": fix.title }, "artifactChanges": changes })
        })
        .collect();
    if !fixes.is_empty() {
        fields.insert("fixes".to_string(), Value::Array(fixes));
    }
    result
}

/// The text of the line that a diagnostic begins in.
fn line_of<'a>(diagnostic: &Diagnostic, places: &Places<'a>) -> Option<&'a str> {
    let (file, range) = places.primary(diagnostic)?;
    let lines = places.lines(file)?;
    places.sources.text(file).get(lines.line_range(range.start)).map(str::trim)
}

fn location(span: Span, text: Option<&str>, places: &Places<'_>) -> Option<Value> {
    let (artifact, region) = region(span, places)?;
    let physical = json!({ "artifactLocation": artifact, "region": region });
    Some(match text.filter(|text| !text.is_empty()) {
        Some(text) => json!({ "physicalLocation": physical, "message": { "text": text } }),
        None => json!({ "physicalLocation": physical }),
    })
}

fn region(span: Span, places: &Places<'_>) -> Option<(Value, Value)> {
    let (file, range) = places.resolve(span)?;
    let lines = places.lines(file)?;
    let (start, end) = (lines.line_column(range.start), lines.line_column(range.end));
    let artifact = json!({ "uri": uri(places.sources.path(file)) });
    let region = json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    });
    Some((artifact, region))
}

/// A path as a relative reference: what has a meaning there is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            b'\\' => uri.push('/'),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
