//! A whole file: what is between its top-level forms, and which of them are formatted at all.
//!
//! Forms with faults stay as they are, and so does what is between them and a neighbour in the same line. In a file
//! that does not balance, only forms that begin a line are sure to be forms. Start with [`format_source`].

use super::comments::{Instruction, trimmed};
use super::{FormatOptions, indent, print_form};
use crate::lexer::{TokenKind, for_each_token};
use crate::reader::parse;
use crate::split::{Split, TopForm, split};
use ovsm_base::{FormId, TextRange};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Formats a file. What can not be read stays as it is.
pub fn format_source(text: &str, options: &FormatOptions) -> String {
    let split = split(text);
    if !split.errors.is_empty() {
        return text.to_string();
    }
    let options = with_macros(text, &split, options);
    let formatted = Formatter::new(text, &split, &options).run();
    if !split.balanced && !is_safe(text, &split, &formatted, &options) {
        return text.to_string();
    }
    formatted
}

/// Formats the top-level forms that have a part in the lines `first` to `last`, which count from 1. All other text
/// stays as it is.
pub fn format_lines(text: &str, first: usize, last: usize, options: &FormatOptions) -> String {
    let split = split(text);
    if !split.errors.is_empty() {
        return text.to_string();
    }
    let options = with_macros(text, &split, options);
    let mut formatter = Formatter::new(text, &split, &options);
    let (mut line, mut at, mut is_off) = (1, 0, false);
    let lines = |range: TextRange| range.slice(text).bytes().filter(|byte| *byte == b'\n').count();
    for form in &split.forms {
        let gap = TextRange::new(at, form.range.start);
        let start = line + lines(gap);
        line = start + lines(form.range);
        at = form.range.end;
        formatter.out.push_str(gap.slice(text));
        let mut is_ignored = false;
        for comment in formatter.comments(gap).0 {
            match comment.instruction {
                Some(Instruction::Off) => is_off = true,
                Some(Instruction::On) => is_off = false,
                Some(Instruction::Ignore) => is_ignored = true,
                None => {}
            }
        }
        if is_off || is_ignored || line < first || start > last {
            formatter.out.push_str(form.text(text));
            continue;
        }
        let printed = formatter.print(form, false);
        let has_comments = !printed.trailing.is_empty();
        formatter.out.push_str(&printed.text);
        for comment in printed.trailing {
            formatter.out.push_str(if comment.newlines == 0 { " " } else { "\n" });
            formatter.out.push_str(trimmed(comment.range.slice(text)));
        }
        let rest = TextRange::new(at, text.len() as u32).slice(text);
        let rest = rest.split_once('\n').map_or(rest, |(line, _)| line);
        if has_comments && !rest.trim().is_empty() {
            formatter.out.push('\n');
        }
    }
    formatter.out.push_str(TextRange::new(at, text.len() as u32).slice(text));
    formatter.out
}

/// The options with the macros of the file, which need not be told.
fn with_macros<'o>(text: &str, split: &Split, options: &'o FormatOptions) -> Cow<'o, FormatOptions> {
    let mut options = Cow::Borrowed(options);
    for (name, header) in macros_of(text, split) {
        options.to_mut().indents.insert(name, header);
    }
    options
}

/// For each macro that a text defines, how many arguments of its calls stay on the first line: what
/// [`FormatOptions::indents`] wants to know of the modules that a file imports.
pub fn macro_indents(text: &str) -> BTreeMap<String, u32> {
    macros_of(text, &split(text)).into_iter().collect()
}

fn macros_of(text: &str, split: &Split) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for form in split.forms.iter().filter(|form| form.head_text(text) == "defmacro") {
        let form = form.text(text);
        let tree = parse(FormId(0), form);
        found.extend(tree.root(form).and_then(indent::of_macro));
    }
    found
}

/// True if formatting a file that does not balance did not change what its forms are.
fn is_safe(text: &str, before: &Split, formatted: &str, options: &FormatOptions) -> bool {
    let after = split(formatted);
    if after.balanced || after.forms.len() != before.forms.len() {
        return false;
    }
    for (before, after) in before.forms.iter().zip(&after.forms) {
        if before.head_text(text) != "import" && !same_tokens(before.text(text), after.text(formatted)) {
            return false;
        }
    }
    Formatter::new(formatted, &after, options).run() == formatted
}

/// True if two texts differ in trivia only.
fn same_tokens(a: &str, b: &str) -> bool {
    significant(a) == significant(b)
}

/// The texts of all tokens but trivia.
fn significant(text: &str) -> Vec<&str> {
    let (mut at, mut tokens) = (0, Vec::new());
    for_each_token(text, |kind, len| {
        if !kind.is_trivia() {
            tokens.push(TextRange::new(at, at + len).slice(text));
        }
        at += len;
    });
    tokens
}

/// How many line ends a blank has; 2 stands for more.
fn newlines_of(blank: &str) -> u8 {
    blank.bytes().filter(|byte| *byte == b'\n').take(2).count() as u8
}

/// A comment between forms.
struct Comment {
    range: TextRange,
    is_line: bool,
    /// Line ends before it; 2 stands for more.
    newlines: u8,
    instruction: Option<Instruction>,
}

/// A formatted form.
struct Printed {
    text: String,
    /// The comments that follow it.
    trailing: Vec<Comment>,
    /// It stayed as it was because of its faults.
    is_broken: bool,
}

/// What was written last.
#[derive(Clone, Copy, Default)]
struct Before {
    is_form: bool,
    is_broken: bool,
    is_one_line: bool,
}

struct Formatter<'t> {
    text: &'t str,
    split: &'t Split,
    options: &'t FormatOptions,
    out: String,
}

impl<'t> Formatter<'t> {
    fn new(text: &'t str, split: &'t Split, options: &'t FormatOptions) -> Formatter<'t> {
        let out = String::with_capacity(text.len() + text.len() / 8 + 1);
        Formatter { text, split, options, out }
    }

    fn run(mut self) -> String {
        let mut before = Before::default();
        let mut trailing: Vec<Comment> = Vec::new();
        // Where the part begins that stays as it is.
        let mut off: Option<u32> = None;
        let mut at = 0;
        let end = TextRange::new(self.text.len() as u32, self.text.len() as u32);
        let split = self.split;
        let places = split.forms.iter().map(Some).chain([None]);
        for form in places {
            let gap = TextRange::new(at, form.map_or(end.start, |form| form.range.start));
            at = form.map_or(end.end, |form| form.range.end);
            let mut comments = std::mem::take(&mut trailing);
            let has_trailing = !comments.is_empty();
            let (mut between, newlines) = self.comments(gap);
            comments.append(&mut between);
            if off.is_some() && !comments.iter().any(|comment| comment.instruction == Some(Instruction::On)) {
                continue;
            }
            let turns_off = comments.iter().any(|comment| comment.instruction == Some(Instruction::Off));
            let is_ignored = comments.iter().any(|comment| comment.instruction == Some(Instruction::Ignore));
            let mut printed = form.map(|form| self.print(form, is_ignored));
            let stays = !has_trailing
                && !turns_off
                && off.is_none()
                && form.is_some_and(|form| !self.begins_line(form) || !gap.slice(self.text).contains('\n'))
                && (before.is_broken || printed.as_ref().is_some_and(|printed| printed.is_broken));
            if stays {
                self.out.push_str(gap.slice(self.text));
            } else {
                let is_one_line = printed.as_ref().is_none_or(|printed| !printed.text.contains('\n'));
                let has_blank = newlines > 1 || comments.iter().any(|comment| comment.newlines > 1);
                let mut needs_blank =
                    before.is_form && form.is_some() && !has_blank && !(before.is_one_line && is_one_line);
                let (mut after_line_comment, mut is_first) = (false, true);
                for comment in &comments {
                    if let Some(start) = off {
                        if comment.instruction != Some(Instruction::On) {
                            continue;
                        }
                        let kept = TextRange::new(start, comment.range.start).slice(self.text);
                        self.out.push_str(kept.trim_end_matches([' ', '\t']));
                        off = None;
                        needs_blank = false;
                    }
                    let newlines = comment.newlines.max(u8::from(after_line_comment));
                    if before.is_broken && newlines == 0 && comment.range.start >= gap.start && is_first {
                        // A blank could complete what is faulty: a backslash after `#` takes it for its character.
                        let blank = TextRange::new(gap.start, comment.range.start);
                        self.out.push_str(blank.slice(self.text));
                    } else {
                        self.separate(newlines, &mut needs_blank);
                    }
                    is_first = false;
                    let text = comment.range.slice(self.text);
                    self.out.push_str(if comment.is_line { trimmed(text) } else { text });
                    after_line_comment = comment.is_line;
                    if comment.instruction == Some(Instruction::Off) {
                        off = Some(comment.range.end);
                    }
                }
                if off.is_some() {
                    before = Before::default();
                    continue;
                }
                if form.is_some() {
                    self.separate(newlines.max(1), &mut needs_blank);
                }
            }
            if let Some(printed) = &mut printed {
                self.out.push_str(&printed.text);
                trailing = std::mem::take(&mut printed.trailing);
                before = Before {
                    is_form: true,
                    // What is next to something faulty may be a part of it.
                    is_broken: printed.is_broken || (stays && gap.is_empty()),
                    is_one_line: !printed.text.contains('\n'),
                };
            }
        }
        if let Some(start) = off {
            self.out.push_str(TextRange::new(start, end.end).slice(self.text));
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out
    }

    /// Begins a new line, or only leaves a blank, for what had so many line ends before it.
    fn separate(&mut self, newlines: u8, needs_blank: &mut bool) {
        if self.out.is_empty() {
            return;
        }
        if newlines == 0 {
            self.out.push(' ');
            return;
        }
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        if (newlines > 1 || std::mem::take(needs_blank)) && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// Formats a form, unless it has faults or is to be left alone.
    fn print(&self, form: &TopForm, is_ignored: bool) -> Printed {
        let text = form.text(self.text);
        let mut printed = Printed { text: String::new(), trailing: Vec::new(), is_broken: false };
        if is_ignored || (!self.split.balanced && !self.begins_line(form)) {
            printed.text.push_str(text);
            printed.is_broken = !is_ignored;
            return printed;
        }
        printed.text.reserve(text.len() + text.len() / 8);
        let Some((built, trailing)) = print_form(text, self.options, &mut printed.text) else {
            printed.is_broken = true;
            return printed;
        };
        for (_, comment) in built.document.chain(trailing.first) {
            let range = TextRange::new(form.range.start + comment.start, form.range.start + comment.end);
            let newlines = comment.newlines;
            let instruction = if newlines > 0 { Instruction::of(range.slice(self.text)) } else { None };
            // What a form ends with can not turn the formatter off: the lines after it are not yet what they will be.
            let instruction = instruction.filter(|instruction| *instruction == Instruction::Ignore);
            printed.trailing.push(Comment { range, is_line: true, newlines, instruction });
        }
        printed
    }

    /// The comments between two forms, and how many line ends there are after the last one.
    fn comments(&self, gap: TextRange) -> (Vec<Comment>, u8) {
        let mut comments: Vec<Comment> = Vec::new();
        let (mut at, mut newlines) = (gap.start, 0);
        for_each_token(gap.slice(self.text), |kind, len| {
            let range = TextRange::new(at, at + len);
            at = range.end;
            let is_line = matches!(kind, TokenKind::LineComment | TokenKind::DocComment);
            if !is_line && kind != TokenKind::BlockComment {
                newlines = (newlines + newlines_of(range.slice(self.text))).min(2);
                return;
            }
            let is_own_line = newlines > 0 || range.start == 0;
            let instruction =
                if is_line && is_own_line { Instruction::of(range.slice(self.text)) } else { None };
            comments.push(Comment { range, is_line, newlines: std::mem::take(&mut newlines), instruction });
        });
        (comments, newlines)
    }

    fn begins_line(&self, form: &TopForm) -> bool {
        let before = TextRange::new(0, form.range.start).slice(self.text);
        before.is_empty() || before.ends_with('\n')
    }
}
