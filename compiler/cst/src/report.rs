//! The wording of the reader's diagnostics, one function each, and the search for the likely culprit of an unclosed
//! bracket.

use crate::lexer::TokenKind;
use crate::literal::Fault;
use crate::reader::{Bracket, Significant};
use crate::tree::NodeKind;
use crate::view::{Entry, Node};
use ovsm_base::{Code, Diagnostic, FormId, Span, TextRange};

/// E0001: `opener` is never closed; its closer was expected before `before`. `count` brackets are open there.
pub(crate) fn unclosed(
    form: FormId,
    opener: TextRange,
    bracket: Bracket,
    before: TextRange,
    count: u32,
) -> Diagnostic {
    let closer = bracket.closer();
    let diagnostic =
        Diagnostic::at(Code::UnclosedDelimiter, Span::new(form, opener), "this bracket is never closed")
            .primary("opened here")
            .label(Span::new(form, before), format!("expected `{closer}` before this"));
    if count > 1 {
        diagnostic.note(format!("{count} brackets are still open at the end of the form"))
    } else {
        diagnostic
    }
}

/// E0002.
pub(crate) fn stray_closer(form: FormId, closer: TextRange, bracket: Bracket) -> Diagnostic {
    Diagnostic::at(
        Code::StrayCloser,
        Span::new(form, closer),
        format!("this `{}` closes nothing", bracket.closer()),
    )
    .primary("no bracket is open here")
    .fix("remove it", Span::new(form, closer), "")
}

/// E0003.
pub(crate) fn mismatched(
    form: FormId,
    opener: TextRange,
    opened: Bracket,
    closer: TextRange,
    closed: Bracket,
) -> Diagnostic {
    let (needed, found) = (opened.closer(), closed.closer());
    Diagnostic::at(
        Code::MismatchedCloser,
        Span::new(form, closer),
        format!("this bracket must be closed by `{needed}`, not by `{found}`"),
    )
    .primary(format!("expected `{needed}`"))
    .label(Span::new(form, opener), "opened here")
    .fix(format!("write `{needed}`"), Span::new(form, closer), needed.to_string())
}

/// E0004.
pub(crate) fn unterminated_string(form: FormId, range: TextRange, text: &str) -> Diagnostic {
    let quote = if text.starts_with('b') { 2 } else { 1 };
    let opener = TextRange::new(range.start, range.start + quote);
    Diagnostic::at(Code::UnterminatedString, Span::new(form, opener), "this string has no closing quote")
        .primary("it begins here")
        .help("write `\"` where the string ends; a quote inside a string is written `\\\"`")
}

/// E0005.
pub(crate) fn unterminated_comment(form: FormId, range: TextRange) -> Diagnostic {
    let opener = TextRange::new(range.start, range.start + 2);
    Diagnostic::at(Code::UnterminatedComment, Span::new(form, opener), "this comment is never closed")
        .primary("it begins here")
        .note("block comments nest: each `#|` needs a `|#` of its own")
}

/// E0006 or E0010, inside a literal.
pub(crate) fn literal_fault(form: FormId, range: TextRange, fault: Fault, text: &str) -> Diagnostic {
    let span = Span::new(form, range);
    match fault {
        Fault::Escape => Diagnostic::at(Code::BadEscape, span, bad_escape(text)).help(
            "the escapes are `\\n \\t \\r \\0 \\\\ \\\" \\xNN \\u{…}` and a backslash at the end of a line",
        ),
        Fault::Character(c) => Diagnostic::at(
            Code::UnexpectedCharacter,
            span,
            format!("the character U+{:04X} can not stand in a string as it is", u32::from(c)),
        )
        .fix("write it as an escape", span, format!("\\u{{{:x}}}", u32::from(c))),
    }
}

fn bad_escape(text: &str) -> String {
    match text.chars().nth(1) {
        Some('x') => "`\\x` needs two hexadecimal digits".to_string(),
        Some('u') => "`\\u` needs the number of a character in braces, as in `\\u{3bb}`".to_string(),
        Some(c) if !c.is_control() => format!("`\\{c}` is no escape"),
        _ => "a backslash must begin an escape".to_string(),
    }
}

/// E0007.
pub(crate) fn malformed_number(form: FormId, range: TextRange, text: &str) -> Diagnostic {
    let body = text.trim_start_matches(['+', '-']);
    let suffix_at = body.find(['u', 'i', 'f']);
    let (message, help) = if body.starts_with("0x") {
        ("a hexadecimal number has the digits `0` to `9` and `a` to `f`", None)
    } else if body.starts_with("0b") {
        ("a binary number has the digits `0` and `1`", None)
    } else if body.starts_with("0o") {
        ("an octal number has the digits `0` to `7`", None)
    } else if body.contains("..") {
        ("only two number literals can stand next to `..`", Some("write blanks around `..`"))
    } else if body.contains("__") || body.ends_with('_') {
        ("an underscore must stand between two digits", None)
    } else if body.contains('.') {
        ("a decimal point must stand between digits, and only once", None)
    } else if suffix_at.is_some() {
        (
            "this number has a suffix that is no integer type",
            Some("the suffixes are `u8 u16 u32 u64 u128 i8 i16 i32 i64 i128`"),
        )
    } else {
        ("this number is not written correctly", None)
    };
    let diagnostic = Diagnostic::at(Code::MalformedNumber, Span::new(form, range), message);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// E0007 for a float that only infinity could stand for.
pub(crate) fn float_too_large(form: FormId, range: TextRange) -> Diagnostic {
    Diagnostic::at(Code::MalformedNumber, Span::new(form, range), "this number is too large for a float")
        .help("infinity is written `+inf` or `-inf`")
}

/// E0008.
pub(crate) fn unknown_character(form: FormId, range: TextRange, text: &str) -> Diagnostic {
    let name = text.strip_prefix("#\\").unwrap_or(text);
    let message = if name.is_empty() {
        "a character must follow `#\\`".to_string()
    } else {
        format!("`{name}` is not the name of a character")
    };
    Diagnostic::at(Code::UnknownCharacterName, Span::new(form, range), message).help(
        "write a single character (`#\\a`), its number (`#\\u{3bb}`) or one of the names space, newline, tab, \
         return, null, backspace, page, escape, delete",
    )
}

/// E0009.
pub(crate) fn too_deep(form: FormId, range: TextRange, limit: usize) -> Diagnostic {
    Diagnostic::at(
        Code::NestingTooDeep,
        Span::new(form, range),
        format!("forms nest more than {limit} levels deep"),
    )
    .primary("this form is not read")
    .help("move inner forms into functions or variables of their own")
}

/// E0010.
pub(crate) fn unexpected_character(form: FormId, range: TextRange, text: &str) -> Diagnostic {
    let c = text.chars().next().unwrap_or('\0');
    let diagnostic = Diagnostic::at(
        Code::UnexpectedCharacter,
        Span::new(form, range),
        format!("the character U+{:04X} can not stand here", u32::from(c)),
    );
    if c.is_whitespace() {
        diagnostic.fix("write a blank", Span::new(form, range), " ")
    } else {
        diagnostic.fix("remove it", Span::new(form, range), "")
    }
}

/// E0011.
pub(crate) fn prefix_without_form(form: FormId, range: TextRange, kind: NodeKind) -> Diagnostic {
    let (prefix, what) = match kind {
        NodeKind::Quasiquote => ("`", "a form to quote"),
        NodeKind::Unquote => (",", "a form to evaluate"),
        NodeKind::UnquoteSplicing => (",@", "a form to evaluate"),
        NodeKind::FunctionQuote => ("#'", "the name of a function"),
        NodeKind::DatumComment => ("#;", "a form to leave out"),
        _ => ("'", "a form to quote"),
    };
    let message = format!("{what} must follow `{prefix}`");
    Diagnostic::at(Code::PrefixWithoutForm, Span::new(form, range), message).primary("nothing follows")
}

/// E0012, if the object has a fault that was not reported yet.
pub(crate) fn malformed_object(form: FormId, object: Node<'_>) -> Option<Diagnostic> {
    if object.is_refinement() || object.children().any(|item| item.kind() == NodeKind::Error) {
        return None;
    }
    let entries = object.entries();
    let at = entries.iter().position(|entry| matches!(entry, Entry::Faulty(_)))?;
    let Some(Entry::Faulty(node)) = entries.get(at) else { return None };
    let span = Span::new(form, node.range());
    let is_key =
        matches!(node.kind(), NodeKind::Keyword | NodeKind::String | NodeKind::List | NodeKind::Unquote);
    if is_key {
        return Some(
            Diagnostic::at(Code::MalformedObject, span, "this key has no value")
                .help("an object is made of keys and values, as in `{:a 1 :b 2}`"),
        );
    }
    let before = at.checked_sub(1).and_then(|before| entries.get(before));
    let help = match before {
        Some(Entry::Shorthand(name)) => format!(
            "`{{{name}}}` is short for `{{:{name} {name}}}`; for another value write `:{name} {}`",
            shortened(node.text()),
            name = name.text()
        ),
        _ => "keys are keywords, strings, or forms in parentheses".to_string(),
    };
    Some(
        Diagnostic::at(Code::MalformedObject, span, "this can not be the key of an object")
            .primary("a key was expected")
            .help(help),
    )
}

fn shortened(text: &str) -> &str {
    if text.len() <= 20 && !text.contains('\n') { text } else { "…" }
}

/// The first bracket that, by the indentation of the lines after it, should have been closed: its range, its shape,
/// and the token that it should have been closed before.
///
/// A line whose first token (no closer) is not to the right of an open bracket of an earlier line is outside of it.
pub(crate) fn misindented(
    text: &str,
    significant: &[Significant],
) -> Option<(TextRange, Bracket, TextRange)> {
    struct Open {
        range: TextRange,
        bracket: Bracket,
        column: u32,
        line_start: u32,
    }
    let mut open: Vec<Open> = Vec::new();
    let mut line_start = 0;
    let mut previous_end = 0;
    for token in significant {
        let range = token.range();
        let gap = TextRange::new(previous_end, range.start);
        let newline = gap.slice(text).rfind('\n');
        if let Some(newline) = newline {
            line_start = gap.start + newline as u32 + 1;
        }
        let column = range.start.saturating_sub(line_start);
        if newline.is_some() && !token.kind.is_closer() && token.kind != TokenKind::Comma {
            let culprit = open.last().filter(|open| open.column >= column && open.line_start < line_start);
            if let Some(culprit) = culprit {
                return Some((culprit.range, culprit.bracket, range));
            }
        }
        if token.kind.is_opener() {
            let bracket = Bracket::of(token.kind)?;
            open.push(Open { range, bracket, column, line_start });
        } else if token.kind.is_closer() {
            open.pop();
        }
        if let Some(newline) = range.slice(text).rfind('\n') {
            line_start = range.start + newline as u32 + 1;
        }
        previous_end = range.end;
    }
    None
}
