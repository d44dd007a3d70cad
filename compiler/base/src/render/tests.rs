//! What the three formats look like, and that hostile sources do no harm.

use super::*;
use crate::code::Code;

fn form() -> FormId {
    FormId::new("m", "defn", "f", 0)
}

/// One file with one form at byte `start`.
fn one(text: &str, start: u32) -> FileMap {
    let mut map = FileMap::new();
    let file = map.add_file("src/a.ovsm", text);
    map.add_form(file, form(), start);
    map
}

fn span(start: u32, end: u32) -> Span {
    Span::new(form(), TextRange::new(start, end))
}

fn show(format: Format, diagnostics: &[Diagnostic], map: &FileMap) -> String {
    render(diagnostics, map, &RenderOptions { format, color: false })
}

fn unknown_x() -> Diagnostic {
    Diagnostic::at(Code::UnknownName, span(3, 4), "`x` is not defined")
        .primary("not found in this scope")
        .help("define it first")
        .fix("write `y`", span(3, 4), "y")
}

#[test]
fn human_draws_the_excerpt() {
    let map = one("; first\n(+ x 1)\n", 8);
    assert_eq!(
        show(Format::Human, &[unknown_x()], &map),
        "\
error[E0101]: `x` is not defined
   ╭─[ src/a.ovsm:2:4 ]
   │
 2 │ (+ x 1)
   │    ┬
   │    ╰── not found in this scope
   │
   │ Help 1: define it first
   │
   │ Help 2: write `y`: `(+ y 1)`
───╯

1 error; `ovsmc explain E0101` says more
"
    );
}

/// Two files, with a form in each.
fn two() -> (FileMap, FormId) {
    let mut map = one("; first\n(+ x 1\n   (* 2\n      3))\n", 8);
    let other = FormId::new("m", "defn", "g", 0);
    let file = map.add_file("src/b.ovsm", "(defn x ())\r\n\t(y \u{1b}[2J\u{202e}z)\n");
    map.add_form(file, other, 0);
    (map, other)
}

#[test]
fn human_draws_several_files_and_places_that_span_lines() {
    let (map, other) = two();
    let list = [
        unknown_x().label(Span::new(other, TextRange::new(6, 7)), "a function of this name").note("one"),
        Diagnostic::at(Code::MalformedForm, span(0, 24), "it is not so").primary("all of this"),
        Diagnostic::at(Code::UnclosedDelimiter, span(0, 1), "it is not closed"),
    ];
    assert_eq!(
        show(Format::Human, &list, &map),
        "\
error[E0001]: it is not closed
   ╭─[ src/a.ovsm:2:1 ]
   │
 2 │ (+ x 1
   │ ┬
   │ ╰──
───╯

error[E0102]: it is not so
   ╭─[ src/a.ovsm:2:1 ]
   │
 2 │ ╭─▶ (+ x 1
   ┆ ┆
 4 │ ├─▶       3))
   │ │
   │ ╰─────────────── all of this
───╯

error[E0101]: `x` is not defined
   ╭─[ src/a.ovsm:2:4 ]
   │
 2 │ (+ x 1
   │    ┬
   │    ╰── not found in this scope
   │
   ├─[ src/b.ovsm:1:7 ]
   │
 1 │ (defn x ())
   │       ┬
   │       ╰── a function of this name
   │
   │ Help 1: define it first
   │
   │ Help 2: write `y`: `(+ y 1`
   │
   │ Note: one
───╯

3 errors; `ovsmc explain E0001` says more
"
    );
}

#[test]
fn human_shows_what_has_no_place() {
    let map = FileMap::new();
    let list = [
        Diagnostic::new(Code::BoolReturnCode, "a warning"),
        Diagnostic::new(Code::CannotRead, "can not read `x`").note("it is a folder").help("give a file"),
        // The form is gone: the diagnostic is shown all the same.
        Diagnostic::at(Code::UnknownName, span(0, 4), "`gone` is not defined"),
    ];
    assert_eq!(
        show(Format::Human, &list, &map),
        "\
error[E0101]: `gone` is not defined

error[E0501]: can not read `x`
   = note: it is a folder
   = help: give a file

warning[W0001]: a warning

2 errors, 1 warning; `ovsmc explain E0101` says more
"
    );
    assert_eq!(show(Format::Human, &[], &map), "");
}

#[test]
fn human_shows_the_line_as_a_fix_would_leave_it() {
    let map = one("(+ x 1)", 0);
    let mut fault = Diagnostic::at(Code::MixedIntegers, span(3, 4), "`u8` and `u64` meet");
    let edit = |at, text: &str| (span(at, at), text.to_string());
    fault.fixes = vec![
        crate::Fix { title: "convert to `u64`".into(), edits: vec![edit(4, ")"), edit(3, "(u64 ")] },
        crate::Fix { title: "add a line".into(), edits: vec![edit(7, "\n0")] },
    ];
    let shown = show(Format::Human, &[fault], &map);
    assert!(shown.contains(" Help 1: convert to `u64`: `(+ (u64 x) 1)`\n"), "{shown}");
    assert!(shown.contains(" Help 2: add a line\n"), "{shown}");
}

#[test]
fn colour_only_on_request() {
    let (map, _) = two();
    let colored = RenderOptions { format: Format::Human, color: true };
    assert!(render(&[unknown_x()], &map, &colored).contains("\u{1b}[31m"));
    assert!(!show(Format::Human, &[unknown_x()], &map).contains('\u{1b}'));
}

#[test]
fn short_is_one_line_each() {
    let (map, other) = two();
    let list = [
        Diagnostic::at(
            Code::UnknownName,
            Span::new(other, TextRange::new(25, 26)),
            "after\n\u{1b}[2J controls",
        ),
        unknown_x(),
        Diagnostic::new(Code::BoolReturnCode, "no place"),
        Diagnostic::at(Code::UnclosedDelimiter, span(2400, 2600), "behind the end"),
    ];
    assert_eq!(
        show(Format::Short, &list, &map),
        "\
warning[W0001]: no place
src/a.ovsm:2:4: error[E0101]: `x` is not defined
src/a.ovsm:5:1: error[E0001]: behind the end
src/b.ovsm:2:11: error[E0101]: after␊␛[2J controls
"
    );
}

#[test]
fn json_has_the_documented_fields() {
    let map = one("λ\n(+ x 1)\n", 3);
    assert_eq!(
        show(Format::Json, &[unknown_x().note("n"), Diagnostic::new(Code::BoolReturnCode, "w")], &map),
        concat!(
            r#"{"code":"W0001","severity":"warning","message":"w","path":null,"byte_start":null,"byte_end":null,"#,
            r#""line_start":null,"column_start":null,"line_end":null,"column_end":null,"#,
            r#""labels":[],"notes":[],"help":null,"fixes":[]}"#,
            "\n",
            r#"{"code":"E0101","severity":"error","message":"`x` is not defined","path":"src/a.ovsm","#,
            r#""byte_start":6,"byte_end":7,"line_start":2,"column_start":4,"line_end":2,"column_end":5,"#,
            r#""labels":[{"path":"src/a.ovsm","byte_start":6,"byte_end":7,"line_start":2,"column_start":4,"#,
            r#""line_end":2,"column_end":5,"text":"not found in this scope"}],"notes":["n"],"#,
            r#""help":"define it first","fixes":[{"title":"write `y`","edits":[{"path":"src/a.ovsm","#,
            r#""byte_start":6,"byte_end":7,"line_start":2,"column_start":4,"line_end":2,"column_end":5,"text":"y"}]}]}"#,
            "\n",
        )
    );
}

#[test]
fn order_does_not_depend_on_the_stages() {
    let (map, other) = two();
    let list = [
        Diagnostic::at(Code::UnknownName, Span::new(other, TextRange::new(6, 7)), "b"),
        Diagnostic::at(Code::UnknownName, span(3, 4), "a"),
        Diagnostic::at(Code::MalformedForm, span(0, 3), "a"),
        Diagnostic::at(Code::MalformedForm, span(0, 3), "c"),
        Diagnostic::at(Code::MalformedForm, span(0, 3), "b"),
        Diagnostic::at(Code::UnclosedDelimiter, span(0, 3), "z"),
        Diagnostic::new(Code::CannotRead, "first"),
        Diagnostic::at(Code::UnknownName, span(3, 4), "a"),
    ];
    let shown = show(Format::Short, &list, &map);
    assert_eq!(shown.lines().count(), list.len() - 1, "equal ones are shown once");
    let mut rotated = list.to_vec();
    for _ in 0..list.len() {
        rotated.rotate_left(1);
        for format in [Format::Human, Format::Short, Format::Json] {
            assert_eq!(show(format, &rotated, &map), show(format, &list, &map));
        }
    }
}

#[test]
fn long_lines_are_clipped() {
    let text = format!("(define a {} x {})", "y".repeat(6_000_000), "λ".repeat(3_000_000));
    let at = 6_000_011;
    let map = one(&text, 0);
    let fault = Diagnostic::at(Code::UnknownName, span(at, at + 1), "`x` is not defined")
        .primary("here")
        .label(span(0, 6_500_000), "the form");
    assert_eq!(
        show(Format::Human, &[fault], &map),
        format!(
            "\
error[E0101]: `x` is not defined
   --> src/a.ovsm:1:6000012
    | …{} x {}…
    | {}^ here
   --> src/a.ovsm:1:1
    | (define a {}…
    | {} the form

1 error; `ovsmc explain E0101` says more
",
            "y".repeat(39),
            "λ".repeat(38),
            " ".repeat(41),
            "y".repeat(30),
            "-".repeat(40),
        )
    );
}

#[test]
fn many_diagnostics_on_one_long_line_stay_bounded() {
    let map = one(&"λ ".repeat(1_000_000), 0);
    let list: Vec<_> = (0..20_000)
        .map(|n| Diagnostic::at(Code::UnknownName, span(n * 150, n * 150 + 2), format!("fault {n}")))
        .collect();
    let shown = show(Format::Human, &list, &map);
    assert!(shown.len() < 50_000, "{}", shown.len());
    assert!(shown.ends_with("20000 errors (19900 not shown); `ovsmc explain E0101` says more\n"), "{shown}");
    let short = show(Format::Short, &list, &map);
    assert_eq!(short.lines().nth(19_999), Some("src/a.ovsm:1:1999901: error[E0101]: fault 19999"));
}

/// Any range in any text is shown without a panic, and nothing of the source reaches the terminal raw.
#[test]
fn random_places_in_hostile_text() {
    let pieces = [
        "(",
        ")",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "λ",
        "😀",
        "\u{1b}[2J",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "x",
        "",
    ];
    // A linear congruential generator: the test is the same on every run.
    let mut state = 1u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below.max(1)) as u32
    };
    for _ in 0..2000 {
        let text: String = (0..random(30)).map(|_| pieces[random(pieces.len() as u64) as usize]).collect();
        let map = one(&text, random(3));
        let mut fault = Diagnostic::new(Code::UnknownName, text.clone());
        for n in 0..random(5) {
            let start = random(text.len() as u64 + 4);
            let end = start + random(text.len() as u64 + 4);
            let remark = if n % 2 == 0 { "remark" } else { "" };
            fault = fault.label(span(start, end), remark).fix("change it", span(start, end), "\u{1b}new");
        }
        for format in [Format::Human, Format::Short] {
            let shown = show(format, &[fault.clone()], &map);
            let raw = shown.chars().find(|c| visible::picture(*c).is_some() || *c == '\r');
            assert_eq!(raw, None, "{shown:?}");
        }
        let json = show(Format::Json, &[fault], &map);
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
    }
}
