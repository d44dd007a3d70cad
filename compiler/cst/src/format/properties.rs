//! Property tests: what holds for every text that is formatted.

use super::{FormatOptions, format_form, format_lines, format_source};
use crate::lexer::{TokenKind, tokenize};
use crate::{MAX_DEPTH, parse, split};
use ovsm_base::FormId;
use proptest::prelude::*;

/// The tokens that are no trivia, with imports left out: those are sorted.
fn significant(text: &str) -> Vec<&str> {
    let split = split(text);
    let mut found = Vec::new();
    for form in split.forms.iter().filter(|form| form.head_text(text) != "import") {
        found.extend(texts(form.text(text), |kind| !kind.is_trivia()));
    }
    found
}

/// The comments, without the blanks at their ends.
fn comments(text: &str) -> Vec<&str> {
    use TokenKind::*;
    let (mut at, mut found) = (0, Vec::new());
    for form in &split(text).forms {
        // What a comment is depends on where its form begins.
        let (start, end) = (form.range.start as usize, form.range.end as usize);
        for part in [&text[at..start], &text[start..end]] {
            found.extend(texts(part, |kind| matches!(kind, LineComment | DocComment | BlockComment)));
        }
        at = end;
    }
    found.extend(texts(&text[at..], |kind| matches!(kind, LineComment | DocComment | BlockComment)));
    found.into_iter().map(|comment| comment.trim_end_matches([' ', '\t', '\r'])).collect()
}

fn texts(text: &str, is_wanted: impl Fn(TokenKind) -> bool) -> Vec<&str> {
    let (mut at, mut found) = (0, Vec::new());
    for token in tokenize(text) {
        let end = at + token.len as usize;
        if is_wanted(token.kind) {
            found.push(&text[at..end]);
        }
        at = end;
    }
    found
}

/// What must hold for a text and its formatted form.
fn check(text: &str, options: &FormatOptions) {
    let once = format_source(text, options);
    let twice = format_source(&once, options);
    assert_eq!(once, twice, "not idempotent\nfor {text:?}\n{text}");
    assert_eq!(significant(text), significant(&once), "tokens changed\nfor {text:?}\n{once}");
    assert_eq!(comments(text), comments(&once), "comments changed\nfor {text:?}\n{once}");
    // What can not be formatted without becoming another program stays as it is.
    assert!(once.is_empty() || once.ends_with('\n') || once == text);
    let faults = |text: &str| {
        split(text).forms.iter().any(|form| !parse(FormId(0), form.text(text)).errors().is_empty())
    };
    if !faults(text) && !text.contains("fmt:") {
        check_lines(&once);
    }
}

/// The rules for lines: no tabs and no blanks at their ends, no closer at their beginning unless a comment is before it,
/// and indented so that the indentation alone tells the structure.
fn check_lines(text: &str) {
    use TokenKind::{Backquote, Comma, CommaAt, HashQuote, Quote};
    let mut at = 0;
    let mut open: Vec<usize> = Vec::new();
    let mut begins_line = true;
    let mut after_prefix = false;
    let mut after_comment = false;
    for token in tokenize(text) {
        let end = at + token.len as usize;
        let piece = &text[at..end];
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let column = text[line..at].chars().count();
        at = end;
        match token.kind {
            // A quote stays as it is if a comment follows it.
            TokenKind::Whitespace if after_prefix => continue,
            TokenKind::Whitespace => {
                assert!(!piece.contains(['\t', '\r']), "a tab in {text}");
                assert!(!piece.contains(" \n"), "a blank at the end of a line in {text}");
                assert!(!piece.contains("\n\n\n"), "two empty lines in {text}");
                begins_line |= piece.contains('\n');
                continue;
            }
            // What follows is kept as it is.
            TokenKind::HashSemicolon => return,
            TokenKind::LineComment | TokenKind::DocComment | TokenKind::BlockComment if after_prefix => {
                return;
            }
            _ => {}
        }
        if begins_line {
            assert!(!token.kind.is_closer() || after_comment, "a closer begins a line in {text}");
            let is_inside = open.last().is_none_or(|opener| column > *opener);
            assert!(is_inside, "a line is not indented enough: {piece:?} in {text}");
        }
        if token.kind.is_opener() {
            open.push(column);
        } else if token.kind.is_closer() {
            open.pop();
        }
        after_prefix = matches!(token.kind, Quote | Backquote | HashQuote | CommaAt | Comma);
        begins_line = false;
        after_comment = matches!(token.kind, TokenKind::LineComment | TokenKind::DocComment);
    }
}

/// A form to be written with any layout.
#[derive(Clone, Debug)]
enum Form {
    Atom(String),
    Bracketed(&'static str, Vec<Form>, &'static str),
    Prefixed(&'static str, Box<Form>),
}

const HEADS: [&str; 36] = [
    "f",
    "if",
    "when",
    "let",
    "let*",
    "cond",
    "case",
    "match",
    "defn",
    "define",
    "lambda",
    "loop",
    "import",
    "do",
    "for",
    "instruction",
    "try",
    "catch",
    "handler-case",
    "labels",
    "->",
    "set!",
    "quote",
    "account",
    "pub",
    "defmacro",
    "long-function-name-that-takes-some-room",
    "with-body",
    "program",
    "typecase",
    "dolist",
    "+",
    "declare",
    "destructuring-bind",
    "object",
    "{",
];

const ATOMS: [&str; 28] = [
    "x",
    "y",
    "name",
    ":k",
    ":key",
    "1",
    "-7",
    "1.5",
    "\"text\"",
    "\"two\nlines  \n\"",
    "\"\\\"(\"",
    "b\"x\"",
    "#\\a",
    "#\\(",
    "..",
    "->",
    ":",
    "else",
    "for",
    "in",
    "collect",
    "do",
    "λx",
    "body",
    "a/b",
    "null",
    "'q",
    "a-rather-long-name-for-a-symbol-in-a-test",
];

fn form() -> impl Strategy<Value = Form> {
    let atom = proptest::sample::select(ATOMS.to_vec()).prop_map(|text| Form::Atom(text.to_string()));
    atom.prop_recursive(6, 80, 6, |inner| {
        let items = || proptest::collection::vec(inner.clone(), 0..7);
        let headed =
            (proptest::sample::select(HEADS.to_vec()), items()).prop_map(|(head, mut items)| match head {
                "{" => Form::Bracketed("{", vec![], "}"),
                _ => {
                    items.insert(0, Form::Atom(head.to_string()));
                    Form::Bracketed("(", items, ")")
                }
            });
        let pairs = proptest::collection::vec(("[a-z]{1,9}", inner.clone()), 0..5).prop_map(|entries| {
            let key = |name| Form::Atom(format!(":{name}"));
            let items = entries.into_iter().flat_map(|(name, value)| [key(name), value]).collect();
            Form::Bracketed("{", items, "}")
        });
        let prefix = proptest::sample::select(vec!["'", "#'", "`", "#;"]);
        prop_oneof![
            6 => headed,
            2 => items().prop_map(|items| Form::Bracketed("(", items, ")")),
            2 => items().prop_map(|items| Form::Bracketed("[", items, "]")),
            1 => items().prop_map(|items| Form::Bracketed("#{", items, "}")),
            2 => pairs,
            1 => (prefix, inner.clone()).prop_map(|(prefix, form)| Form::Prefixed(prefix, Box::new(form))),
        ]
    })
}

/// Writes a form; `blank` gives what separates forms, and what stands before closers.
fn write(form: &Form, blank: &mut impl FnMut(bool) -> &'static str, out: &mut String) {
    match form {
        Form::Atom(text) => out.push_str(text),
        Form::Bracketed(opener, items, closer) => {
            out.push_str(opener);
            for (n, item) in items.iter().enumerate() {
                out.push_str(blank(n > 0));
                write(item, blank, out);
            }
            out.push_str(blank(false));
            out.push_str(closer);
        }
        Form::Prefixed(prefix, operand) => {
            out.push_str(prefix);
            write(operand, blank, out);
            if *prefix == "#;" {
                out.push_str(" x");
            }
        }
    }
}

/// What can stand between two forms.
const BLANKS: [&str; 18] = [
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "\n  ",
    "\n\n\n",
    " ; c\n",
    "\n ;; own line\n\n",
    " #| b (\n( |# ",
    "  ",
    "\t",
    "\r\n",
    "\n;;; d\n",
    "\n #| o |#\n",
    " #| x |#",
    ", ",
];

/// Where one is not needed.
const OPTIONAL: [&str; 8] = ["", "", "", "", "\n", " ; end\n", "\n\n ;; before a closer\n", "  "];

fn source(blanks: usize) -> impl Strategy<Value = String> {
    let turns = proptest::collection::vec((0..blanks, 0..OPTIONAL.len()), 1..60);
    (proptest::collection::vec(form(), 1..4), turns).prop_map(|(forms, turns)| {
        let mut turns = turns.iter().cycle();
        let mut blank = |is_needed| match turns.next() {
            Some((blank, _)) if is_needed => BLANKS[*blank],
            Some((_, optional)) => OPTIONAL[*optional],
            None => " ",
        };
        let mut text = String::new();
        for form in &forms {
            write(form, &mut blank, &mut text);
            text.push_str(blank(true));
        }
        text
    })
}

fn options() -> impl Strategy<Value = FormatOptions> {
    (proptest::sample::select(vec![1u32, 20, 40, 60, 100]), any::<bool>()).prop_map(|(width, compact)| {
        FormatOptions { width, compact, indents: [("with-body".to_string(), 1)].into() }
    })
}

/// Pieces of text that need not fit together.
fn soup() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "#{",
        "'",
        "`",
        ",",
        ",@",
        "#'",
        "#;",
        "#|",
        "|#",
        ";",
        ";;; d\n",
        "\n",
        "\n(",
        " ",
        "\t",
        "\r\n",
        "\"",
        "b\"",
        "\\",
        "#\\a",
        "#\\",
        "a",
        "(define",
        "(let",
        "(import",
        ":k",
        "1",
        "1..5",
        "0x",
        "..",
        "#",
        "|",
        "λ",
        "\u{a0}",
        "\u{feff}",
        "\"s\"",
        "x y",
        ";; fmt: off\n",
        "\n;; fmt: on\n",
        "\n;; fmt: ignore\n",
        ") ",
        ")\n",
        "\n\n\n",
    ]);
    proptest::collection::vec(piece, 0..50).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_without_comments(text in source(8), options in options()) {
        check(&text, &options);
    }

    #[test]
    fn programs_with_comments(text in source(BLANKS.len()), options in options()) {
        check(&text, &options);
    }

    #[test]
    fn any_pieces(text in soup(), options in options()) {
        check(&text, &options);
    }

    #[test]
    fn any_characters(text in any::<String>()) {
        check(&text, &FormatOptions::default());
    }

    #[test]
    fn damaged_programs(
        text in source(BLANKS.len()),
        options in options(),
        piece in soup(),
        at in any::<prop::sample::Index>(),
        len in 0..4usize,
    ) {
        let mut text = text;
        let mut from = at.index(text.len() + 1);
        while !text.is_char_boundary(from) { from -= 1; }
        let mut to = (from + len).min(text.len());
        while !text.is_char_boundary(to) { to += 1; }
        text.replace_range(from..to, &piece);
        check(&text, &options);
    }

    #[test]
    fn some_lines(text in source(BLANKS.len()), first in 1..9usize, more in 0..5usize) {
        let options = FormatOptions::default();
        let once = format_lines(&text, first, first + more, &options);
        prop_assert_eq!(significant(&text), significant(&once));
        prop_assert_eq!(comments(&text), comments(&once));
        prop_assert_eq!(&format_lines(&text, usize::MAX, 0, &options), &text);
    }

    #[test]
    fn one_form(form in form(), options in options()) {
        let mut text = String::new();
        write(&form, &mut |is_needed| if is_needed { " " } else { "" }, &mut text);
        let once = format_form(&text, &options);
        prop_assert_eq!(&format_form(&once, &options), &once);
    }
}

#[test]
fn the_deepest_forms_are_formatted() {
    for (opener, closer) in [("(f ", ")"), ("[", "]"), ("{:a ", "}"), ("'(x ", ")"), ("(let ((x ", ")) x)")] {
        for depth in [10, MAX_DEPTH / 3, MAX_DEPTH, MAX_DEPTH + 1, 20_000] {
            let text = format!("{}y{}", opener.repeat(depth), closer.repeat(depth));
            check(&text, &FormatOptions::default());
            let text =
                format!("{}\n;; c\n{}", opener.repeat(depth), "\n".to_string() + &closer.repeat(depth));
            check(&text, &FormatOptions { width: 1, ..FormatOptions::default() });
        }
    }
}

#[test]
fn long_forms_take_linear_time() {
    // A quadratic layout would take minutes.
    for item in ["x ", "(f x) ", ":k v ", "#| c |# x ", "; c\n x ", "\n(f\n x) x ", "'(a b) "] {
        for (opener, closer) in [("(f ", ")"), ("[", "]"), ("(loop for ", ")"), ("'(", ")"), ("(do ", ")")] {
            let text = format!("{opener}{}{closer}", item.repeat(10_000));
            let once = format_source(&text, &FormatOptions::default());
            assert_eq!(format_source(&once, &FormatOptions::default()), once);
        }
    }
}
