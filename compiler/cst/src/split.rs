//! A file's text to its top-level forms, in one linear scan.
//!
//! While a file balances, its layout means nothing. When it does not (a bracket, string or comment is open at the
//! end, or a closer closes nothing), an opening parenthesis in column 0 begins a new top-level form, so that a missing closer or quote damages
//! its own form only. Brackets are counted whatever their shape; the reader reports shapes that do not fit.
//!
//! Reading the text of a form by itself gives the same tokens as the scan saw. Start with [`split`].

use crate::lexer::{TokenKind, block_comment_len, for_each_token};
use crate::source;
use ovsm_base::{Diagnostic, TextRange};

/// The top-level forms of a file, in order. What lies between them is trivia.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// The forms.
    pub forms: Vec<TopForm>,
    /// False if something is never closed or a closer closes nothing; then column 0 tells where forms begin.
    pub balanced: bool,
    /// Empty, or E0013 when the text is too large or has too many forms to be read; then there are no forms.
    pub errors: Vec<Diagnostic>,
}

/// A top-level form. All ranges are absolute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TopForm {
    /// Its text, without documentation.
    pub range: TextRange,
    /// The symbol that the form begins with; empty if there is none. `(pub …)` around a list is looked through.
    pub head: TextRange,
    /// The symbol after the head, or the first symbol of the list after the head; empty if there is none.
    pub name: TextRange,
    /// The `;;;` lines immediately above.
    pub doc: Option<TextRange>,
}

/// True for the head of a form that defines tests. In the source of a program it is no part of the program.
pub fn is_test_form(head: &str) -> bool {
    matches!(head, "deftest" | "deftest-each" | "defproperty")
}

impl TopForm {
    /// Its text.
    pub fn text<'a>(&self, file: &'a str) -> &'a str {
        self.range.slice(file)
    }

    /// The symbol that the form begins with, or `""`.
    pub fn head_text<'a>(&self, file: &'a str) -> &'a str {
        self.head.slice(file)
    }

    /// The name that the form may define, or `""`.
    pub fn name_text<'a>(&self, file: &'a str) -> &'a str {
        self.name.slice(file)
    }

    /// The documentation above it, without the semicolons and one blank after them.
    pub fn doc_text(&self, file: &str) -> Option<String> {
        let lines = self.doc?.slice(file).lines().filter_map(|line| line.trim_start().strip_prefix(";;;"));
        let lines: Vec<&str> =
            lines.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end_matches('\r')).collect();
        Some(lines.join("\n"))
    }
}

/// Splits a file.
pub fn split(text: &str) -> Split {
    if let Some(too_large) = source::size_fault(text.len()) {
        return Split { forms: Vec::new(), balanced: true, errors: vec![too_large] };
    }
    let mut scanner = Scanner::new(text);
    for_each_token(text, |kind, len| scanner.token(kind, len));
    let balanced = scanner.depth == 0 && !scanner.is_damaged;
    scanner.end_form();
    let forms = if balanced { scanner.forms } else { split_by_column(text) };
    if let Some(too_many) = source::forms_fault(forms.len()) {
        return Split { forms: Vec::new(), balanced, errors: vec![too_many] };
    }
    Split { forms, balanced, errors: Vec::new() }
}

/// True if the text ends inside of a bracket, a string or a comment, so that more of it may complete it. A closer that
/// closes nothing is wrong whatever follows.
pub fn waits_for_more(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    for_each_token(text, |kind, len| scanner.token(kind, len));
    !scanner.has_stray_closer && (scanner.depth > 0 || scanner.is_damaged)
}

/// Splits a file that does not balance: slice by slice, where a slice reaches to the next column-0 parenthesis.
fn split_by_column(text: &str) -> Vec<TopForm> {
    let mut scanner = Scanner::new(text);
    let mut comments_may_end = true;
    let mut at = 0;
    while at < text.len() {
        let limit = next_column_0(text, at + 1);
        let slice = text.get(at..limit).unwrap_or("");
        let mut open_comment = None;
        for_each_token(slice, |kind, len| {
            if kind == TokenKind::UnterminatedComment && comments_may_end && !scanner.has_cut_string {
                open_comment = Some(scanner.at as usize);
            } else {
                scanner.token(kind, len);
            }
        });
        // A comment that ends in a later slice may well hold column-0 parentheses: code that is commented out.
        if let Some(start) = open_comment {
            let rest = text.get(start..).unwrap_or("");
            match block_comment_len(rest) {
                Some(len) => {
                    scanner.token(TokenKind::BlockComment, len as u32);
                    at = start + len;
                    continue;
                }
                None => {
                    comments_may_end = false;
                    scanner.token(TokenKind::UnterminatedComment, (limit - start) as u32);
                }
            }
        }
        scanner.end_form();
        at = limit;
    }
    scanner.end_form();
    scanner.forms
}

/// The offset of the next parenthesis in column 0, at `from` or later; the end of the text if there is none.
fn next_column_0(text: &str, from: usize) -> usize {
    text.get(from - 1..).and_then(|rest| rest.find("\n(")).map_or(text.len(), |newline| from + newline)
}

/// Finds forms in a sequence of tokens.
struct Scanner<'t> {
    text: &'t str,
    forms: Vec<TopForm>,
    /// Offset of the next token.
    at: u32,
    /// Open brackets.
    depth: u32,
    /// The form that is being read.
    form: Option<Form>,
    /// Documentation lines that nothing but one line end separates from here.
    doc: Option<TextRange>,
    /// A string or comment without end, or a stray closer, was seen.
    is_damaged: bool,
    /// A stray closer was seen.
    has_stray_closer: bool,
    /// A string without end was seen in this form. It was cut at the end of its line, because no quote follows before
    /// the next column-0 parenthesis; the form must not reach beyond that.
    has_cut_string: bool,
}

/// The form that is being read.
struct Form {
    start: u32,
    /// One past its last significant token.
    end: u32,
    /// At depth 0, how many forms the prefixes read so far need (`'` one, `#;` one more).
    needed: u32,
    /// How far the search for head and name is.
    search: Search,
    head: TextRange,
    name: TextRange,
    doc: Option<TextRange>,
}

/// The search for head and name goes through the first tokens of a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Before the first token.
    Start,
    /// After `(`.
    Head,
    /// After `(head`.
    Name,
    /// After `(head (`.
    InnerName,
    Done,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Scanner<'t> {
        Scanner {
            text,
            forms: Vec::with_capacity(text.len() / 256),
            at: 0,
            depth: 0,
            form: None,
            doc: None,
            is_damaged: false,
            has_stray_closer: false,
            has_cut_string: false,
        }
    }

    fn token(&mut self, kind: TokenKind, len: u32) {
        let range = TextRange::new(self.at, self.at + len);
        self.at = range.end;
        if kind.is_trivia() {
            self.trivia(kind, range);
            return;
        }
        if kind.is_closer() && self.depth == 0 {
            self.stray_closer(range);
            return;
        }
        let doc = self.doc.take();
        let form = self.form.get_or_insert(Form {
            start: range.start,
            end: range.end,
            needed: 0,
            search: Search::Start,
            head: TextRange::new(range.start, range.start),
            name: TextRange::new(range.start, range.start),
            doc,
        });
        form.end = range.end;
        if form.search != Search::Done {
            form.look_for_names(kind, range, self.text);
        }
        match kind {
            _ if kind.is_opener() => self.depth += 1,
            _ if kind.is_closer() => {
                self.depth -= 1;
                self.complete();
            }
            _ if self.depth > 0 && !is_endless(kind) => {}
            TokenKind::Quote | TokenKind::Backquote | TokenKind::HashQuote | TokenKind::CommaAt => {
                form.needed = form.needed.max(1);
            }
            TokenKind::HashSemicolon => form.needed += 1,
            TokenKind::UnterminatedComment => self.is_damaged = true,
            _ => {
                if is_endless(kind) {
                    self.is_damaged = true;
                    self.has_cut_string = true;
                }
                if self.depth == 0 {
                    self.complete();
                }
            }
        }
    }

    fn trivia(&mut self, kind: TokenKind, range: TextRange) {
        if kind == TokenKind::DocComment && self.is_first_on_line(range.start) {
            self.doc = Some(self.doc.map_or(range, |doc| doc.cover(range)));
        } else if kind == TokenKind::Whitespace && self.doc.is_some() {
            let line_ends = range.slice(self.text).bytes().filter(|byte| *byte == b'\n').count();
            self.doc = self.doc.filter(|_| line_ends < 2);
        }
    }

    fn is_first_on_line(&self, offset: u32) -> bool {
        let before = TextRange::new(0, offset).slice(self.text);
        let before = before.trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }

    /// A closer at depth 0 belongs to a form of its own, together with the closers next to it.
    fn stray_closer(&mut self, range: TextRange) {
        self.end_form();
        self.is_damaged = true;
        self.has_stray_closer = true;
        self.doc = None;
        if let Some(last) = self.forms.last_mut()
            && last.range.end == range.start
            && last.range.slice(self.text).bytes().all(|byte| matches!(byte, b')' | b']' | b'}'))
            && last.range.len() < 64
        {
            last.range.end = range.end;
            return;
        }
        let nothing = TextRange::new(range.start, range.start);
        self.forms.push(TopForm { range, head: nothing, name: nothing, doc: None });
    }

    /// A datum is complete at depth 0.
    fn complete(&mut self) {
        if self.depth > 0 {
            return;
        }
        match &mut self.form {
            Some(form) if form.needed > 1 => form.needed -= 1,
            _ => self.end_form(),
        }
    }

    /// Ends the form at its last significant token.
    fn end_form(&mut self) {
        self.depth = 0;
        self.has_cut_string = false;
        if let Some(form) = self.form.take() {
            let range = TextRange::new(form.start, form.end);
            self.forms.push(TopForm { range, head: form.head, name: form.name, doc: form.doc });
        }
    }
}

/// True for strings without end.
fn is_endless(kind: TokenKind) -> bool {
    kind.is_unterminated_string() || kind == TokenKind::UnterminatedComment
}

impl Form {
    fn look_for_names(&mut self, kind: TokenKind, range: TextRange, text: &str) {
        self.search = match (self.search, kind) {
            (Search::Start, TokenKind::LeftParen) => Search::Head,
            (Search::Head, TokenKind::Symbol) => {
                self.head = range;
                Search::Name
            }
            (Search::Name, TokenKind::LeftParen) if self.head.slice(text) == "pub" => Search::Head,
            (Search::Name, TokenKind::LeftParen) => Search::InnerName,
            (Search::Name | Search::InnerName, TokenKind::Symbol) => {
                self.name = range;
                Search::Done
            }
            _ => Search::Done,
        };
    }
}

#[cfg(test)]
mod tests;
