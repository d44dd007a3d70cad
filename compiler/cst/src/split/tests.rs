//! Tests of the splitter.

use super::*;

fn forms(text: &str) -> Vec<&str> {
    crate::check_invariants(text);
    split(text).forms.iter().map(|form| form.text(text)).collect()
}

#[test]
fn forms_are_what_brackets_and_prefixes_hold_together() {
    assert_eq!(
        forms("(a b)\n; c\n[d] {e f} #{g} h 'i `(j ,k) #'l"),
        ["(a b)", "[d]", "{e f}", "#{g}", "h", "'i", "`(j ,k)", "#'l"]
    );
    assert_eq!(forms("#;(a) (b)"), ["#;(a)", "(b)"]);
    assert_eq!(forms("#;#;a b c '#;d e f"), ["#;#;a b", "c", "'#;d e", "f"]);
    assert_eq!(forms(" , a,b "), ["a", "b"]);
    assert_eq!(forms("'"), ["'"]);
    assert_eq!(forms(""), Vec::<&str>::new());
    assert_eq!(forms("1..5"), ["1", "..", "5"]);
}

#[test]
fn stray_closers_are_forms() {
    assert_eq!(forms("(a)) (b) ]\n}]"), ["(a)", ")", "(b)", "]", "}]"]);
    assert_eq!(forms("' ) a"), ["'", ")", "a"]);
    assert!(!split("(a))").balanced);
}

#[test]
fn heads_and_names() {
    let names = |text: &str| {
        let split = split(text);
        let form = split.forms.first().copied().expect("a form");
        (form.head_text(text).to_string(), form.name_text(text).to_string())
    };
    let pair = |head: &str, name: &str| (head.to_string(), name.to_string());
    assert_eq!(names("(define x 1)"), pair("define", "x"));
    assert_eq!(names("(define (f a) a)"), pair("define", "f"));
    assert_eq!(names("(pub (defn f [a] a))"), pair("defn", "f"));
    assert_eq!(names("(pub (define (g) 1))"), pair("define", "g"));
    assert_eq!(names("( ; comment\n defn f [] 1)"), pair("defn", "f"));
    assert_eq!(names("(do 1 2)"), pair("do", ""));
    assert_eq!(names("(pub f)"), pair("pub", "f"));
    assert_eq!(names("((f) x)"), pair("", ""));
    assert_eq!(names("[a b]"), pair("", ""));
    assert_eq!(names("a"), pair("", ""));
    assert_eq!(names("'(a b)"), pair("", ""));
    assert_eq!(names("(define"), pair("define", ""));
}

#[test]
fn documentation_is_the_block_of_lines_above() {
    let docs = |text: &str| split(text).forms.iter().map(|form| form.doc_text(text)).collect::<Vec<_>>();
    let text = ";;; Header\n\n;;; One\n;;;  two\n(a)\n(b) ;;; trailing\n(c)\n  ;;;three\n; note\n(d)";
    assert_eq!(docs(text), [Some("One\n two".to_string()), None, None, Some("three".to_string())]);
    assert_eq!(docs(";;;; not a doc\n(a)"), [None]);
    assert_eq!(docs("(a\n;;; inner\n b)\n(c)"), [None, None]);
    assert_eq!(docs(";;;\r\n;;; x\r\n(a)"), [Some("\nx".to_string())]);
}

#[test]
fn layout_means_nothing_while_a_file_balances() {
    assert_eq!(forms("(a\n(b)\n\"\n(c\"\n#|\n(d |#\n)\n(e)").len(), 2);
}

#[test]
fn a_missing_closer_damages_its_own_form_only() {
    let text = "(a 1)\n;;; B\n(b (2)\n\n;;; C\n(c 3)\n";
    assert_eq!(forms(text), ["(a 1)", "(b (2)", "(c 3)"]);
    let split = split(text);
    assert!(!split.balanced);
    assert_eq!(split.forms.last().and_then(|form| form.doc_text(text)).as_deref(), Some("C"));
}

#[test]
fn a_missing_quote_damages_its_own_form_only() {
    assert_eq!(forms("(a \"x)\n(b \"y\")\n(c \"z\")"), ["(a \"x)", "(b \"y\")", "(c \"z\")"]);
    assert_eq!(forms("(a x\")\n(b \"y\")\n(c \"z\")\n"), ["(a x\")", "(b \"y\")", "(c \"z\")"]);
    assert_eq!(forms("\"x\n(b)"), ["\"x", "(b)"]);
}

#[test]
fn commented_out_code_stays_a_comment_in_a_damaged_file() {
    assert_eq!(forms("#|\n(a)\n(b)\n|#\n(c\n(d)"), ["(c", "(d)"]);
    assert_eq!(forms("(c #|\n(a)\n|# x)\n(d\n(e)"), ["(c #|\n(a)\n|# x)", "(d", "(e)"]);
    assert_eq!(forms("(a)\n#| b\n(c)\n(d)"), ["(a)", "#| b\n", "(c)", "(d)"]);
    assert_eq!(forms("(a \" #|\n(b) |#\n(c \"d\")"), ["(a \" #|", "(b)", "|#", "(c \"d\")"]);
}

#[test]
fn every_single_missing_closer_or_quote_is_contained() {
    let forms = [
        "(define (f x)\n  (let [y (+ x 1)]\n    (msg \"sum\" y)\n    {:a y \"b\" #{1 2}}))",
        "(defn g [a b]\n  \"multi\n  line\"\n  (f (str a \"(\" b \")\")))",
        "(const k '(a . b))",
    ];
    for (damaged, form) in forms.iter().enumerate() {
        for (at, removed) in form.char_indices() {
            if !matches!(removed, ')' | ']' | '}' | '"') {
                continue;
            }
            let mut pieces: Vec<String> = forms.iter().map(|form| form.to_string()).collect();
            pieces[damaged].remove(at);
            let text = pieces.join("\n\n");
            let split = split(&text);
            crate::check_invariants(&text);
            for (n, form) in forms.iter().enumerate().filter(|(n, _)| *n != damaged) {
                let found = split.forms.iter().any(|found| found.text(&text) == *form);
                assert!(found, "form {n} is not intact in:\n{text}");
            }
        }
    }
}
