//! Property tests: what holds for every text, and what random trees read back as.

use crate::lexer::TokenKind;
use crate::tree::NodeKind;
use crate::{check_invariants, parse, split, tokenize};
use ovsm_base::FormId;
use proptest::prelude::*;

/// A form to be written and read back.
#[derive(Clone, Debug)]
enum Form {
    Atom(NodeKind, String),
    Bracketed(NodeKind, Vec<Form>),
    Prefixed(NodeKind, Box<Form>),
}

fn atom() -> impl Strategy<Value = Form> {
    let of = |kind: NodeKind, pattern: &'static str| {
        proptest::string::string_regex(pattern)
            .expect("a pattern")
            .prop_map(move |text| Form::Atom(kind, text))
    };
    prop_oneof![
        4 => of(NodeKind::Symbol, "[a-zλ!?*<>=/&|][a-z0-9λ!?*<>=/&|:#.@_-]{0,6}"),
        1 => of(NodeKind::Symbol, "[+-]|1[+-]|\\.\\.|:|->>|2d"),
        2 => of(NodeKind::Keyword, ":[a-z0-9/-]{1,6}"),
        2 => of(NodeKind::Integer, "[+-]?[0-9]{1,3}(_[0-9]{3}){0,2}(u8|u128|i64|i128)?|0x[0-9a-f]{1,9}|0b[01]+|0o[0-7]+"),
        1 => of(NodeKind::Float, "[+-]?[0-9]{1,9}\\.[0-9]{1,9}(e[+-]?[0-9]{1,2})?|[+-]inf|\\+nan|[0-9]e9"),
        2 => of(NodeKind::String, "\"([ -!#-\\[\\]-~λ\n]|\\\\[ntr0\\\\\"]|\\\\x[0-9a-f]{2}|\\\\u\\{3bb\\}|\\\\\n  ){0,9}\""),
        1 => of(NodeKind::ByteString, "b\"([ -!#-\\[\\]-~]|\\\\[ntr0\\\\\"]|\\\\x[0-9a-f]{2}){0,9}\""),
        1 => of(NodeKind::Char, "#\\\\([!-~λ]|space|newline|u\\{3bb\\})"),
    ]
}

fn form() -> impl Strategy<Value = Form> {
    atom().prop_recursive(6, 60, 5, |inner| {
        let bracketed = |kind| {
            proptest::collection::vec(inner.clone(), 0..5).prop_map(move |items| Form::Bracketed(kind, items))
        };
        let prefixed = |kind| inner.clone().prop_map(move |form| Form::Prefixed(kind, Box::new(form)));
        let object = proptest::collection::vec(("[a-z]{1,3}", inner.clone()), 0..3).prop_map(|entries| {
            let keys = |name: String| Form::Atom(NodeKind::Keyword, format!(":{name}"));
            Form::Bracketed(
                NodeKind::Object,
                entries.into_iter().flat_map(|(key, value)| [keys(key), value]).collect(),
            )
        });
        prop_oneof![
            4 => bracketed(NodeKind::List),
            2 => bracketed(NodeKind::Array),
            1 => bracketed(NodeKind::Set),
            1 => object,
            1 => prefixed(NodeKind::Quote),
            1 => prefixed(NodeKind::FunctionQuote),
            2 => prefixed(NodeKind::Quasiquote),
            2 => prefixed(NodeKind::Unquote),
            1 => prefixed(NodeKind::UnquoteSplicing),
        ]
    })
}

/// Writes a form, with `blank` giving what separates forms, and notes the nodes in pre-order. Unquotes outside of
/// quasiquotes are written as quotes.
fn write(
    form: &Form,
    quasi: u32,
    blank: &mut impl FnMut() -> &'static str,
    out: &mut String,
    nodes: &mut Vec<(NodeKind, String)>,
) {
    match form {
        Form::Atom(kind, text) => {
            nodes.push((*kind, text.clone()));
            out.push_str(text);
        }
        Form::Bracketed(kind, items) => {
            nodes.push((*kind, items.len().to_string()));
            let (opener, closer) = match kind {
                NodeKind::List => ("(", ")"),
                NodeKind::Array => ("[", "]"),
                NodeKind::Set => ("#{", "}"),
                _ => ("{", "}"),
            };
            out.push_str(opener);
            for item in items {
                out.push_str(blank());
                write(item, quasi, blank, out, nodes);
            }
            out.push_str(blank());
            out.push_str(closer);
        }
        Form::Prefixed(kind, operand) => {
            let is_unquote = matches!(kind, NodeKind::Unquote | NodeKind::UnquoteSplicing);
            let kind = if is_unquote && quasi == 0 { NodeKind::Quote } else { *kind };
            nodes.push((kind, "1".to_string()));
            let (prefix, quasi) = match kind {
                NodeKind::Quasiquote => ("`", quasi + 1),
                NodeKind::Unquote => (",", quasi - 1),
                NodeKind::UnquoteSplicing => (",@", quasi - 1),
                NodeKind::FunctionQuote => ("#'", quasi),
                _ => ("'", quasi),
            };
            out.push_str(prefix);
            write(operand, quasi, blank, out, nodes);
        }
    }
}

/// Text that is likely to be lexed in interesting ways.
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
        "\\\"",
        "b\"",
        "\\",
        "#\\",
        "#\\a",
        "#\\(",
        "#\\u{3bb}",
        "\\u{41}",
        "\\q",
        "a",
        "define",
        "pub",
        ":k",
        ":",
        "1",
        "-1",
        "1.5",
        "1..5",
        "0x",
        "0xff",
        "12u8",
        "1_",
        "..",
        "@",
        "#",
        "|",
        "λ",
        "😀",
        "\0",
        "\u{a0}",
        "\u{202e}",
        "\u{feff}",
        "+inf",
        "1e999",
        "\"s\"",
        "x y",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const PROGRAMS: [&str; 3] = [
    ";;; Adds.\n(defn add ((x : u64) (y : u64)) -> u64\n  \"The sum.\"\n  (+ x y))\n\n(define n 1_000u64)\n(msg \"done\\n\")\n",
    "(defmacro unless (c &rest body)\n  `(if ,c null (do ,@body)))\n#| old\n(f 1)\n|#\n(const *k* {:a 1, :b [1..5] \"c\" #{#\\a}})\n",
    "(pub (defn f [x]\n  (let ((y (* x 2)))\n    #;(debug y)\n    (cond ((= y 0) 'zero)\n          (else (map #'g [y 2.5 b\"\\xff\"]))))))\n; end",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_characters(text in any::<String>()) {
        check_invariants(&text);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check_invariants(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_pieces(text in soup()) {
        check_invariants(&text);
    }

    #[test]
    fn programs_with_random_edits(
        program in proptest::sample::select(PROGRAMS.to_vec()),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), soup(), 0..4u8), 1..5),
    ) {
        let mut text = program.repeat(2);
        for (from, to, piece, how) in edits {
            let mut from = from.index(text.len() + 1);
            let mut to = to.index(text.len() + 1).min(from + 4);
            while !text.is_char_boundary(from) { from -= 1; }
            while !text.is_char_boundary(to) { to += 1; }
            match how {
                0 => text.insert_str(from, &piece),
                1 if from < to => text.replace_range(from..to, ""),
                2 if from < to => text.replace_range(from..to, &piece),
                _ => text.truncate(from),
            }
        }
        check_invariants(&text);
    }

    #[test]
    fn a_written_tree_is_read_back(
        forms in proptest::collection::vec(form(), 1..4),
        layout in proptest::collection::vec(0..9usize, 1..50),
    ) {
        let blanks = [" ", "\n  ", "\t", " ; c\n", " #| b (\n( |# ", " #;(x \"y\") ", "  ", "\r\n", " ;;; d\n "];
        let mut turns = layout.iter().cycle();
        let mut blank = || turns.next().and_then(|n| blanks.get(*n).copied()).unwrap_or(" ");
        let (mut text, mut nodes) = (String::new(), Vec::new());
        for form in &forms {
            text.push_str(blank());
            write(form, 0, &mut blank, &mut text, &mut nodes);
        }
        check_invariants(&text);
        let tree = parse(FormId(0), &text);
        prop_assert_eq!(tree.errors(), &[], "{}", text);
        let mut read = Vec::new();
        let mut ends_of_comments = 0;
        for node in tree.nodes().iter().enumerate().filter_map(|(n, _)| tree.node(&text, crate::NodeId(n as u32))) {
            if node.kind() == NodeKind::DatumComment {
                ends_of_comments = tree.nodes()[node.id().0 as usize].subtree_end.0;
            }
            if node.id().0 >= ends_of_comments {
                let is_atom = !node.kind().is_bracketed() && !node.kind().is_prefix();
                read.push((node.kind(), if is_atom { node.text().to_string() } else { node.child_count().to_string() }));
            }
        }
        prop_assert_eq!(read, nodes, "{}", text);
    }

    #[test]
    fn a_missing_closer_or_quote_leaves_the_other_forms_alone(
        forms in proptest::collection::vec(form(), 2..6),
        damaged in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut texts: Vec<String> = Vec::new();
        for form in &forms {
            let mut text = String::new();
            write(&Form::Bracketed(NodeKind::List, vec![form.clone()]), 0, &mut || " ", &mut text, &mut Vec::new());
            // A form that holds a column-0 parenthesis in a string can not be told apart from two damaged ones, and
            // quotes that are no quotes may balance a file by accident.
            texts.push(text.replace(r"\\", "").replace("\n(", "\n (").replace("\\\"", "q"));
        }
        let damaged = damaged.index(texts.len());
        let mut offset = 0;
        let mut places = Vec::new();
        for token in tokenize(&texts[damaged]) {
            offset += token.len as usize;
            let is_string = matches!(token.kind, TokenKind::String | TokenKind::ByteString);
            if token.kind.is_closer() || is_string {
                places.push(offset - 1);
            }
        }
        let place = places[at.index(places.len())];
        texts[damaged].remove(place);
        let text = texts.join("\n");
        check_invariants(&text);
        let split = split(&text);
        for (n, intact) in texts.iter().enumerate().filter(|(n, _)| *n != damaged) {
            let found = split.forms.iter().filter(|form| form.text(&text) == *intact).count();
            prop_assert!(found >= 1, "form {} is damaged in:\n{}", n, text);
        }
    }
}
