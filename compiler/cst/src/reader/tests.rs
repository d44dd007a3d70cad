//! Tests of the reader.

use super::*;
use crate::builder::{MAX_DEPTH, MAX_ERRORS};
use ovsm_base::{Code, Diagnostic};

fn read(text: &str) -> Tree {
    crate::check_invariants(text);
    parse(FormId(1), text)
}

/// The tree in brackets of its own: `List(Symbol Integer)`.
fn shape(text: &str) -> String {
    let tree = read(text);
    let mut out = String::new();
    let mut closers: Vec<u32> = Vec::new();
    for (n, node) in tree.nodes().iter().enumerate() {
        while closers.last().is_some_and(|end| *end as usize <= n) {
            closers.pop();
            out.push(')');
        }
        if !out.is_empty() && !out.ends_with('(') {
            out.push(' ');
        }
        out.push_str(&format!("{:?}", node.kind));
        if node.subtree_end.0 as usize > n + 1 {
            out.push('(');
            closers.push(node.subtree_end.0);
        }
    }
    out.extend(closers.iter().map(|_| ')'));
    out
}

/// The codes of all faults, with the text and the place of the primary label.
fn faults(text: &str) -> Vec<(&'static str, &str, u32)> {
    let tree = read(text);
    let place =
        |error: &Diagnostic| error.labels.first().map_or(TextRange::default(), |label| label.span.range);
    tree.errors
        .iter()
        .map(|error| (error.code.as_str(), place(error).slice(text), place(error).start))
        .collect()
}

#[test]
fn brackets_prefixes_and_atoms() {
    assert_eq!(
        shape("(a 1 2.5 \"s\" b\"s\" #\\a :k)"),
        "List(Symbol Integer Float String ByteString Char Keyword)"
    );
    assert_eq!(
        shape("[(a) {b} #{c} {:d e}]"),
        "Array(List(Symbol) Object(Symbol) Set(Symbol) Object(Keyword Symbol))"
    );
    assert_eq!(
        shape("('a `b #'c #;d)"),
        "List(Quote(Symbol) Quasiquote(Symbol) FunctionQuote(Symbol) DatumComment(Symbol))"
    );
    assert_eq!(shape("''a"), "Quote(Quote(Symbol))");
    assert_eq!(shape("'#;a b"), "Quote(DatumComment(Symbol) Symbol)");
    assert_eq!(shape("'; c\n a"), "Quote(Symbol)");
    assert_eq!(shape("[1..5]"), "Array(Integer Symbol Integer)");
    assert_eq!(shape(""), "");
}

#[test]
fn a_comma_is_a_blank_outside_a_quasiquote() {
    assert_eq!(shape("(a,b ,c, d,)"), "List(Symbol Symbol Symbol Symbol)");
    assert_eq!(shape("`(a,b)"), "Quasiquote(List(Symbol Unquote(Symbol)))");
    assert_eq!(shape("`(a, b,)"), "Quasiquote(List(Symbol Symbol))");
    assert_eq!(
        shape("`(a,;c\n b,#;c d,#||# e)"),
        "Quasiquote(List(Symbol Symbol DatumComment(Symbol) Symbol Symbol))"
    );
    assert_eq!(
        shape("`(,@a ,@(b))"),
        "Quasiquote(List(UnquoteSplicing(Symbol) UnquoteSplicing(List(Symbol))))"
    );
    assert_eq!(
        shape("`(,(f x,y) ,z)"),
        "Quasiquote(List(Unquote(List(Symbol Symbol Symbol)) Unquote(Symbol)))"
    );
    assert_eq!(shape("``(,,a)"), "Quasiquote(Quasiquote(List(Unquote(Unquote(Symbol)))))");
    assert_eq!(shape("(`a ,b)"), "List(Quasiquote(Symbol) Symbol)");
    assert_eq!(shape("`,"), "Quasiquote");
}

#[test]
fn at_signs_belong_to_symbols_outside_a_quasiquote() {
    let texts = |text| {
        let tree = read(text);
        tree.roots(text)
            .flat_map(|root| root.descendants().collect::<Vec<_>>())
            .map(|node| node.text().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts("(a,@b c)"), ["(a,@b c)", "a", "@b", "c"]);
    assert_eq!(texts("(,@ b)"), ["(,@ b)", "@", "b"]);
    assert_eq!(texts("',@:b(c)"), ["',@:b", "@:b", "(c)", "c"]);
    assert_eq!(texts(",@1..2 d"), ["@1..2", "d"]);
    assert_eq!(texts(",@,@b"), ["@", "@b"]);
}

#[test]
fn unclosed_brackets() {
    assert_eq!(faults("(a [b {c"), [("E0001", "(", 0)]);
    assert_eq!(faults("(a (b c)\n  d"), [("E0001", "(", 0)]);
    // The closer of the right shape tells which bracket was not closed.
    assert_eq!(faults("(a [b c)"), [("E0001", "[", 3)]);
    assert_eq!(shape("(a [b c) d"), "List(Symbol Array(Symbol Symbol)) Symbol");
    let tree = read("(a [b c)");
    assert_eq!(tree.errors()[0].labels[1].span.range, TextRange::new(7, 8));
    assert_eq!(tree.errors()[0].labels[1].text, "expected `]` before this");
    let tree = read("(a (b c) ; d");
    assert_eq!(tree.errors()[0].labels[1].span.range, TextRange::new(8, 8));
    assert_eq!(tree.nodes()[0].range, TextRange::new(0, 8));
}

#[test]
fn indentation_tells_which_bracket_was_not_closed() {
    let text = "(defn f [x]\n  (let ((y 1)\n    (+ x y)))";
    assert_eq!(faults(text), [("E0001", "(", 19)]);
    let tree = read(text);
    assert_eq!(tree.errors()[0].labels[1].span.range.slice(text), "(");
    let text = "(defn f [x]\n  (g (h x)\n  (i x))";
    assert_eq!(faults(text), [("E0001", "(", 14)]);
    let text = "(f \"a\n  b\" (g [1\n  2)";
    assert_eq!(faults(text), [("E0001", "(", 0), ("E0001", "[", 14)]);
}

#[test]
fn stray_closers() {
    assert_eq!(faults("a)"), [("E0002", ")", 1)]);
    assert_eq!(shape(")]a}"), "Error Error Symbol Error");
    assert_eq!(faults(")]").len(), 2);
}

#[test]
fn mismatched_closers() {
    assert_eq!(faults("(a]"), [("E0003", "]", 2)]);
    assert_eq!(faults("(foo [1 2))"), [("E0003", ")", 9)]);
    assert_eq!(faults("(a (b] c)"), [("E0003", "]", 5)]);
    assert_eq!(faults("{:a (b}}"), [("E0003", "}", 6)]);
    assert_eq!(faults("#{a)"), [("E0003", ")", 3)]);
    let tree = read("#{a)");
    assert_eq!(tree.errors()[0].labels[1].span.range, TextRange::new(0, 2));
}

#[test]
fn strings_and_comments_without_end() {
    assert_eq!(faults("(msg \"abc)\n"), [("E0004", "\"", 5)]);
    assert_eq!(faults("b\"abc"), [("E0004", "b\"", 0)]);
    assert_eq!(faults("(a #| b)"), [("E0005", "#|", 3)]);
    assert_eq!(faults("('\"a"), [("E0004", "\"", 2)]);
    assert_eq!(faults("(' #| b"), [("E0005", "#|", 3)]);
}

#[test]
fn literals() {
    assert_eq!(
        faults("(\"a\\q\" \"\\u{110000}\" b\"\\xg\")"),
        [("E0006", "\\q", 3), ("E0006", "\\u{110000}", 8), ("E0006", "\\x", 22)]
    );
    assert_eq!(faults("(0xfg 1e999)"), [("E0007", "0xfg", 1), ("E0007", "1e999", 6)]);
    assert_eq!(faults("(#\\wat #\\)"), [("E0001", "(", 0), ("E0008", "#\\wat", 1)]);
    assert_eq!(faults("#\\wat"), [("E0008", "#\\wat", 0)]);
    assert_eq!(
        faults("(a \0 \"\u{202e}\" b\u{a0}c)"),
        [("E0010", "\0", 3), ("E0010", "\u{202e}", 6), ("E0010", "\u{a0}", 12)]
    );
}

#[test]
fn prefixes_without_a_form() {
    assert_eq!(faults("(a ')"), [("E0011", "'", 3)]);
    assert_eq!(faults("(#;)"), [("E0011", "#;", 1)]);
    assert_eq!(faults("(''#;b)"), [("E0011", "'", 1), ("E0011", "'", 2)]);
    assert_eq!(faults("`(,@)"), [("E0011", ",@", 2)]);
    assert_eq!(faults("'"), [("E0011", "'", 0)]);
    assert_eq!(shape("(a ') b"), "List(Symbol Quote) Symbol");
}

#[test]
fn objects() {
    assert_eq!(faults("{:a 1 :b}"), [("E0012", ":b", 6)]);
    assert_eq!(faults("{1 2}"), [("E0012", "1", 1)]);
    assert_eq!(faults("{name 1}"), [("E0012", "1", 6)]);
    assert_eq!(faults("{:a 1, name \"k\" #;x 2 (f) 3}"), []);
    assert_eq!(faults("`{,k ,v ,@more}"), []);
    assert_eq!(faults("{x : u64 | (< x 100)}"), []);
    assert_eq!(faults("{:a 0xg :b}"), [("E0007", "0xg", 4)]);
    assert_eq!(faults("{(f {1})}"), [("E0012", "(f {1})", 1), ("E0012", "1", 5)]);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |n: usize| format!("{}x{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(faults(&nested(MAX_DEPTH)), []);
    assert_eq!(faults(&nested(MAX_DEPTH + 1)), [("E0009", "(", MAX_DEPTH as u32)]);
    let quotes = format!("({}x y)", "'".repeat(MAX_DEPTH));
    let tree = read(&quotes);
    assert_eq!(tree.errors().iter().map(|error| error.code).collect::<Vec<_>>(), [Code::NestingTooDeep]);
    assert_eq!(tree.root(&quotes).and_then(|root| root.child(1)).map(|node| node.text()), Some("y"));
    assert_eq!(faults(&format!("({})", "'".repeat(MAX_DEPTH + 9))).len(), 1);
}

#[test]
fn deep_nesting_uses_no_stack_and_linear_time() {
    let work = || {
        for unit in ["(", "'", "[{", "`(,@", "#;", ")", "#|", "\"\n\\", "(\n", "\n("] {
            let text = unit.repeat(100_000);
            let tree = parse(FormId(0), &text);
            assert!(!tree.errors().is_empty() && tree.errors().len() <= MAX_ERRORS);
            split(&text);
            parse_file(FormId(0), &text);
        }
        let balanced = format!("{}{}", "(".repeat(1_000_000), ")".repeat(1_000_000));
        let tree = parse(FormId(0), &balanced);
        assert_eq!(tree.errors().len(), 1);
        assert_eq!(split(&balanced).forms.len(), 1);
        assert!(tree == tree.clone());
        crate::print(&tree, &balanced);
    };
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(work)
        .expect("a thread")
        .join()
        .expect("no overflow");
}

#[test]
fn errors_are_limited() {
    assert_eq!(faults(&")".repeat(10_000)).len(), MAX_ERRORS);
    let objects = "{1 2} ".repeat(10_000);
    assert_eq!(parse(FormId(0), &objects).errors().len(), MAX_ERRORS);
}

#[test]
fn a_moved_form_keeps_its_tree() {
    let before = "(a)\n(b 'c \"d\")\n";
    let after = "; more\n(a (x))\n\n(b 'c \"d\")\n";
    let second = |text: &str| {
        let form = split(text).forms[1];
        parse(FormId(2), form.text(text))
    };
    assert_eq!(second(before), second(after));
}

#[test]
fn the_grammar_accepts_every_token() {
    let text = "( ) [ ] { } #{ ' ` , ,@ #' #; a :a 1 1.5 0x \"a\" b\"a\" #\\a \0 \"a\n #|";
    let (mut tokens, mut significant) = (Vec::new(), Vec::new());
    lex(text, 0, &mut tokens, &mut significant);
    let mut state = SimpleState(Builder::new(FormId(0), text, 0));
    assert!(!grammar().parse_with_state(&significant, &mut state).has_errors());
}
