//! Excerpts for people, drawn by ariadne. Very long lines, and diagnostics without a place, are drawn here.
//!
//! The size of the output is bounded whatever the source: at most a hundred diagnostics with
//! a few labels and notes each, and no line of source longer than 500 bytes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use ariadne::{Cache, Color, Config, IndexType, Label, Report, ReportKind, Source};

use super::visible::{self, VisibleSource};
use super::{Places, short};
use crate::diagnostic::{Diagnostic, Fix, Severity};
use crate::ids::FileId;
use crate::text::TextRange;

const MOST_DIAGNOSTICS: usize = 100;
const MOST_LABELS: usize = 16;
const MOST_NOTES: usize = 16;
const LONGEST_LINE: usize = 500;
/// The longest line that is shown as a fix would leave it, in bytes.
const LONGEST_FIX: usize = 100;
/// How many characters around a place the excerpt of a longer line shows.
const EXCERPT_CHARACTERS: usize = 40;

pub(super) fn render(diagnostics: &[&Diagnostic], places: &Places<'_>, color: bool) -> String {
    let mut out = String::new();
    let mut files = Files { places, sources: BTreeMap::new() };
    for diagnostic in diagnostics.iter().take(MOST_DIAGNOSTICS) {
        let labels = resolve_labels(diagnostic, places);
        let drawn = if labels.is_empty() || labels.iter().any(|label| label.is_on_long_line(places)) {
            None
        } else {
            draw(diagnostic, &labels, &mut files, color)
        };
        out.push_str(&drawn.unwrap_or_else(|| plain(diagnostic, &labels, places, color)));
        out.push('\n');
    }
    summary(diagnostics, &mut out);
    out
}

/// A label that has a place.
struct PlacedLabel<'a> {
    file: FileId,
    range: TextRange,
    text: &'a str,
    primary: bool,
}

impl PlacedLabel<'_> {
    fn is_on_long_line(&self, places: &Places<'_>) -> bool {
        let last = self.range.end.saturating_sub(1).max(self.range.start);
        places.lines(self.file).is_none_or(|lines| {
            lines.line_range(self.range.start).len() > LONGEST_LINE
                || lines.line_range(last).len() > LONGEST_LINE
        })
    }
}

/// The labels in the order of drawing: the primary label's file first, then by position.
fn resolve_labels<'a>(diagnostic: &'a Diagnostic, places: &Places<'_>) -> Vec<PlacedLabel<'a>> {
    let mut labels: Vec<PlacedLabel<'a>> = Vec::new();
    for label in &diagnostic.labels {
        if let Some((file, range)) = places.resolve(label.span) {
            labels.push(PlacedLabel { file, range, text: &label.text, primary: labels.is_empty() });
        }
    }
    labels.truncate(MOST_LABELS);
    let first = labels.first().map(|label| label.file);
    labels.sort_by_key(|label| (Some(label.file) != first, label.file, label.range));
    labels
}

fn severity_color(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    }
}

/// The first line: `error[E0101]: message`.
fn headline(diagnostic: &Diagnostic, color: bool) -> String {
    let (on, off) = match (color, diagnostic.severity) {
        (false, _) => ("", ""),
        (true, Severity::Error) => ("\u{1b}[31m", "\u{1b}[0m"),
        (true, Severity::Warning) => ("\u{1b}[33m", "\u{1b}[0m"),
    };
    format!("{on}{}:{off} {}\n", short::headline(diagnostic), visible::message(&diagnostic.message))
}

/// Draws with ariadne; `None` if it can not.
fn draw(
    diagnostic: &Diagnostic,
    labels: &[PlacedLabel<'_>],
    files: &mut Files<'_>,
    color: bool,
) -> Option<String> {
    for label in labels {
        files.load(label.file);
    }
    let primary = labels.iter().find(|label| label.primary)?;
    let config = Config::default().with_color(color).with_index_type(IndexType::Byte);
    let mut report = Report::build(ReportKind::Error, files.range(primary)).with_config(config);
    for label in labels {
        let color = if label.primary { severity_color(diagnostic.severity) } else { Color::Blue };
        // Ariadne marks a place only if there is a message, be it empty.
        let drawn =
            Label::new(files.range(label)).with_color(color).with_message(visible::message(label.text));
        report = report.with_label(drawn);
    }
    for (kind, text) in remarks(diagnostic, files.places) {
        match kind {
            "note" => report.add_note(text),
            _ => report.add_help(text),
        }
    }
    let mut out = Vec::new();
    report.finish().write(files, &mut out).ok()?;
    let drawn = String::from_utf8(out).ok()?;
    let mut all = headline(diagnostic, color);
    // Ariadne's own first line colours a severity of our words even when colour is off.
    for line in drawn.lines().skip(1) {
        all.push_str(line.trim_end());
        all.push('\n');
    }
    Some(all)
}

/// The remarks below the excerpt, in order: notes, help, fixes.
fn remarks(diagnostic: &Diagnostic, places: &Places<'_>) -> Vec<(&'static str, String)> {
    let mut remarks = Vec::new();
    for note in diagnostic.notes.iter().take(MOST_NOTES) {
        remarks.push(("note", visible::message(note).into_owned()));
    }
    if let Some(help) = &diagnostic.help {
        remarks.push(("help", visible::message(help).into_owned()));
    }
    for fix in diagnostic.fixes.iter().take(MOST_NOTES) {
        let title = visible::message(&fix.title);
        remarks.push((
            "help",
            match fixed_line(fix, places) {
                Some(line) => format!("{title}: `{line}`"),
                None => title.into_owned(),
            },
        ));
    }
    remarks
}

/// The line as the fix would leave it, if that is one line of bearable length.
fn fixed_line(fix: &Fix, places: &Places<'_>) -> Option<String> {
    let mut edits = Vec::new();
    for (span, new) in &fix.edits {
        let (file, range) = places.resolve(*span)?;
        edits.push((file, range, new.as_str()));
    }
    edits.sort_by_key(|(file, range, _)| (*file, *range));
    let (file, first, _) = *edits.first()?;
    let line = places.lines(file)?.line_range(first.start);
    if line.len() > LONGEST_LINE {
        return None;
    }
    let text = places.sources.text(file);
    let mut shown = String::new();
    let mut copied = line.start;
    for (edited, range, new) in edits {
        if edited != file || range.end as usize > line.end || new.contains('\n') || new.len() > LONGEST_FIX {
            return None;
        }
        // An edit that overlaps the one before it has no text to copy, and the fix is not shown.
        shown.push_str(text.get(copied..range.start as usize)?);
        shown.push_str(new);
        copied = range.end as usize;
    }
    shown.push_str(text.get(copied..line.end)?);
    let shown = shown.trim();
    (shown.len() <= LONGEST_FIX).then(|| visible::message(shown).into_owned())
}

/// A diagnostic without ariadne: no place, or a line too long to be shown.
fn plain(diagnostic: &Diagnostic, labels: &[PlacedLabel<'_>], places: &Places<'_>, color: bool) -> String {
    let mut out = headline(diagnostic, color);
    let (primary, others): (Vec<_>, Vec<_>) = labels.iter().partition(|label| label.primary);
    for label in primary.into_iter().chain(others) {
        excerpt(label, places, &mut out);
    }
    for (kind, text) in remarks(diagnostic, places) {
        // Writing to a string can not fail.
        let _ = writeln!(out, "   = {kind}: {text}");
    }
    out
}

/// A piece of a line around a label. `None` if the label has no line, which a resolved label always has.
fn excerpt(label: &PlacedLabel<'_>, places: &Places<'_>, out: &mut String) -> Option<()> {
    let lines = places.lines(label.file)?;
    let text = places.sources.text(label.file);
    let line = lines.line_range(label.range.start);
    // Excerpts stop at the end of the first line.
    let start = (label.range.start as usize).clamp(line.start, line.end);
    let end = (label.range.end as usize).clamp(start, line.end);
    let place = lines.line_column(label.range.start);

    let before = text.get(line.start..start)?;
    let from =
        before.char_indices().rev().take(EXCERPT_CHARACTERS).last().map_or(start, |(n, _)| line.start + n);
    let rest = text.get(start..line.end)?;
    let to = rest.char_indices().nth(EXCERPT_CHARACTERS).map_or(line.end, |(n, _)| start + n);
    let marked = text.get(start..end.min(to))?.chars().count().max(1);
    let lead = if from > line.start { "…" } else { "" };
    let tail = if to < line.end { "…" } else { "" };
    let indent = text.get(from..start)?.chars().count() + lead.chars().count();

    let path = visible::message(places.sources.path(label.file));
    let shown = visible::message(text.get(from..to)?);
    let remark = visible::message(label.text);
    let mark = if label.primary { "^" } else { "-" }.repeat(marked);
    let _ = writeln!(out, "   --> {path}:{}:{}", place.line, place.column);
    let _ = writeln!(out, "    | {lead}{shown}{tail}");
    let _ = writeln!(out, "    | {}", format!("{}{mark} {remark}", " ".repeat(indent)).trim_end());
    Some(())
}

fn summary(diagnostics: &[&Diagnostic], out: &mut String) {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let counted = [(errors, "error"), (diagnostics.len() - errors, "warning")];
    let counts: Vec<String> = counted
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
        .collect();
    if counts.is_empty() {
        return;
    }
    let _ = write!(out, "{}", counts.join(", "));
    if let Some(hidden) = diagnostics.len().checked_sub(MOST_DIAGNOSTICS).filter(|hidden| *hidden > 0) {
        let _ = write!(out, " ({hidden} not shown)");
    }
    // An error says more than a warning.
    let example = diagnostics.iter().find(|diagnostic| diagnostic.is_error()).or(diagnostics.first());
    if let Some(example) = example {
        let _ = match &example.lint {
            Some(_) => write!(out, "; `ovsm lint --explain {}` says more", example.name()),
            None => write!(out, "; `ovsmc explain {}` says more", example.code),
        };
    }
    out.push('\n');
}

/// The texts that ariadne draws from.
struct Files<'a> {
    places: &'a Places<'a>,
    sources: BTreeMap<FileId, (VisibleSource<'a>, Source<String>)>,
}

impl Files<'_> {
    fn load(&mut self, file: FileId) {
        if !self.sources.contains_key(&file) {
            let visible = VisibleSource::new(self.places.sources.text(file));
            let mut text = visible.text.clone().into_owned();
            if text.ends_with('\n') {
                // The end of the file is a line of its own, as everywhere else.
                text.push(' ');
            }
            let source = Source::from(text);
            self.sources.insert(file, (visible, source));
        }
    }

    fn range(&self, label: &PlacedLabel<'_>) -> (FileId, Range<usize>) {
        let offset = |offset| self.sources.get(&label.file).map_or(0, |(visible, _)| visible.offset(offset));
        (label.file, offset(label.range.start)..offset(label.range.end))
    }
}

impl Cache<FileId> for &mut Files<'_> {
    type Storage = String;

    fn fetch(&mut self, file: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        self.sources.get(file).map(|(_, source)| source).ok_or("the file was not loaded")
    }

    fn display<'a>(&self, file: &'a FileId) -> Option<impl std::fmt::Display + 'a> {
        Some(visible::message(self.places.sources.path(*file)).into_owned())
    }
}
