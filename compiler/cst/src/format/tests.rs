//! The rules, one by one: an input and exactly what becomes of it.

use super::{FormatOptions, format_form, format_lines, format_source};

/// Formats a text in lines of 40 characters, and checks that formatting the result changes nothing.
#[track_caller]
fn becomes(text: &str, expected: &str) {
    let options = FormatOptions { width: 40, ..FormatOptions::default() };
    let formatted = format_source(text, &options);
    assert_eq!(formatted, expected, "\n--- is\n{formatted}--- should be\n{expected}");
    assert_eq!(format_source(&formatted, &options), formatted, "the second time");
}

#[track_caller]
fn stays(text: &str) {
    becomes(text, text);
}

#[test]
fn blanks_are_single() {
    becomes("( f  x\t[ 1,2 , 3 ] { :a  1 }#{ 2 } )", "(f x [1 2 3] {:a 1} #{2})\n");
    becomes("(f'x `(a ,b ,@c) #'g ' y)", "(f 'x `(a ,b ,@c) #'g 'y)\n");
    becomes("`(a , b ,c)", "`(a b ,c)\n");
    becomes("(f)\r\n", "(f)\n");
    becomes("", "");
    becomes("\n\n", "");
}

#[test]
fn ranges_keep_their_shape() {
    stays("(f [1..5] [a .. b] [1 .. 5] '1..2)\n");
    becomes("(for (x [0..10])\n\n\n (f x))", "(for (x [0..10])\n\n  (f x))\n");
}

#[test]
fn literals_are_not_touched() {
    stays("(f 1_000_000 0xFF 0xff +1 1e9 #\\( #\\; \"a\n  ; b \t\n\" b\"x\" :k null nil)\n");
}

#[test]
fn a_closer_begins_a_line_only_after_a_comment() {
    becomes("(f\n  x\n)\n", "(f\n  x)\n");
    becomes("(f x\n)\n", "(f x)\n");
    becomes("(\n f x)\n", "(f x)\n");
    becomes("(f (g x ; why\n   ) y)\n", "(f (g x) ; why\n  y)\n");
    stays("(f (g x\n     ;; what is missing\n     )\n  y)\n");
    stays("(f (g x\n     ;; what is missing\n     ))\n\n(h)\n");
    stays("(define (f x)\n  x\n  ;; lint: allow equals-null\n  )\n\n(define (g x)\n  (= x null))\n");
    becomes("(f x ; why\n   ;; what is missing\n   )\n", "(f x ; why\n  ;; what is missing\n  )\n");
    stays("(define (f x)\n  ;;; (g 1) ; => 5\n  )\n");
}

#[test]
fn line_ends_of_the_author_stay() {
    becomes("(f a\n b c)\n", "(f a\n  b c)\n");
    becomes("(and (a)\n     (b))\n", "(and (a)\n  (b))\n");
    becomes("(f (lambda (x)\n (g x)) ys)\n", "(f (lambda (x)\n     (g x)) ys)\n");
    stays("[1 2 3\n 4 5 6]\n");
}

#[test]
fn long_calls_have_an_argument_a_line() {
    becomes(
        "(some-function first-argument (second argument) third)",
        "(some-function\n  first-argument\n  (second argument)\n  third)\n",
    );
    becomes(
        "(log :message \"a text that is long\" :value (+ 1 2))",
        "(log\n  :message \"a text that is long\"\n  :value (+ 1 2))\n",
    );
    // Only the line that is too long is broken.
    becomes(
        "(f a b\n (some-function argument) (some-other-function argument))",
        "(f a b\n  (some-function argument)\n  (some-other-function argument))\n",
    );
}

#[test]
fn a_name_stays_with_its_type_and_an_option_with_its_value() {
    becomes(
        "(f (counter : (mut (account Counter)) :seeds [\"counter\"] :bump bump))",
        "(f\n  (counter : (mut (account Counter))\n    :seeds [\"counter\"]\n    :bump bump))\n",
    );
    stays("(f (x : u64) (y : u64 7))\n");
}

#[test]
fn bodies_are_indented() {
    becomes("(when (> x 1) (f)\n(g))", "(when (> x 1)\n  (f)\n  (g))\n");
    becomes("(if a\n    b\n    c)", "(if a\n  b\n  c)\n");
    becomes(
        "(if (some-condition x) (first-branch) (second))",
        "(if (some-condition x)\n  (first-branch)\n  (second))\n",
    );
    becomes("(define x (lambda (y)\n y))", "(define x (lambda (y)\n            y))\n");
    becomes("(do (f\n x) (g))", "(do\n  (f\n    x)\n  (g))\n");
    becomes("(while (< i 3) (f i)\n  (set! i (+ i 1)))", "(while (< i 3)\n  (f i)\n  (set! i (+ i 1)))\n");
    becomes(
        "(try (f)\n (catch e (g e)\n (h)) (finally (k)))",
        "(try\n  (f)\n  (catch e\n    (g e)\n    (h))\n  (finally (k)))\n",
    );
}

#[test]
fn definitions_keep_their_signature() {
    becomes(
        "(defn add ((x : u64) (y : u64)) -> u64 \"Adds.\" (+ x y))",
        "(defn add ((x : u64) (y : u64)) -> u64\n  \"Adds.\"\n  (+ x y))\n",
    );
    becomes("(define (f a b) (g a)\n (h b))", "(define (f a b)\n  (g a)\n  (h b))\n");
    becomes(
        "(define limit : u64 (some-long-computation 1 2))",
        "(define limit : u64\n  (some-long-computation 1 2))\n",
    );
    becomes("(fn [a\n b] a)", "(fn [a\n     b]\n  a)\n");
    becomes(
        "(defn f (first-parameter second-parameter third) x)",
        "(defn f (first-parameter\n         second-parameter\n         third)\n  x)\n",
    );
}

#[test]
fn bindings_have_a_line_each() {
    stays("(let ((x 1) (y 2)) (+ x y))\n");
    becomes("(let ((x 1)\n (y 2)) x)", "(let ((x 1)\n      (y 2))\n  x)\n");
    becomes("(let ((x 1) (y 2)\n (z 3)) x)", "(let ((x 1)\n      (y 2)\n      (z 3))\n  x)\n");
    becomes("(let [x 1 y 2\n z 3] x)", "(let [x 1\n      y 2\n      z 3]\n  x)\n");
    becomes("(let again ((i 0)) (f)\n (g))", "(let again ((i 0))\n  (f)\n  (g))\n");
    becomes(
        "(let ((value (some-long-function argument))) value)",
        "(let ((value\n        (some-long-function argument)))\n  value)\n",
    );
    becomes(
        "(let ((value (some-very-long-function-name argument))) value)",
        "(let ((value (some-very-long-function-name\n               argument)))\n  value)\n",
    );
    becomes(
        "(labels ((f (x) (g x)\n x)) (f 1))",
        "(labels ((f (x)\n           (g x)\n           x))\n  (f 1))\n",
    );
}

#[test]
fn clauses_have_a_line_each() {
    becomes(
        "(cond ((= a 1) \"one\") ((= a 2) (f)\n \"two\") (else 3))",
        "(cond\n  ((= a 1) \"one\")\n  ((= a 2)\n    (f)\n    \"two\")\n  (else 3))\n",
    );
    becomes(
        "(case (f x) ((1 2) \"few\") (3 \"three\") (else \"many\"))",
        "(case (f x)\n  ((1 2) \"few\")\n  (3 \"three\")\n  (else \"many\"))\n",
    );
    becomes("(match p [[x y] (f\n x)] [_ null])", "(match p\n  [[x y] (f\n           x)]\n  [_ null])\n");
    becomes("(cond a 1\n b 2)", "(cond a 1\n  b 2)\n");
    becomes(
        "(handler-case (f) (error (e) (log e)\n null))",
        "(handler-case (f)\n  (error (e)\n    (log e)\n    null))\n",
    );
}

#[test]
fn objects_have_a_pair_a_line() {
    stays("{:a 1 :b 2}\n");
    becomes("{:a 1 :b 2\n :c 3}", "{:a 1\n :b 2\n :c 3}\n");
    becomes("{\n  :a 1,\n  :b {:c 1\n :d 2}\n}", "{:a 1\n :b {:c 1\n     :d 2}}\n");
    becomes(
        "{:name \"x\" name :description (some-function x)}",
        "{:name \"x\"\n name\n :description (some-function x)}\n",
    );
    becomes(
        "{:a-long-key (some-function argument argument)}",
        "{:a-long-key\n   (some-function argument argument)}\n",
    );
    stays("(define x : {n : u64 | (< n 100)} 5)\n");
}

#[test]
fn data_is_filled_or_in_lines() {
    becomes(
        "[100 200 300 400 500 600 700 800 900 1000 1100]",
        "[100 200 300 400 500 600 700 800 900\n 1000 1100]\n",
    );
    becomes(
        "'(when something (do this and that and) more)",
        "'(when\n  something\n  (do this and that and)\n  more)\n",
    );
    becomes("(f '(when x\n y))", "(f '(when x\n     y))\n");
    becomes("((first second)\n (third))", "((first second)\n (third))\n");
}

#[test]
fn loops_have_a_clause_a_line() {
    becomes(
        "(loop for x in xs when (even? x) collect (* x x))",
        "(loop for x in xs\n  when (even? x)\n  collect (* x x))\n",
    );
}

#[test]
fn programs_are_laid_out() {
    becomes(
        "(instruction add ((by : u64)) :accounts ((counter : mut) (authority : signer)) (f))",
        "(instruction add ((by : u64))\n  :accounts ((counter : mut)\n             (authority : signer))\n  (f))\n",
    );
}

#[test]
fn macros_tell_how_they_are_indented() {
    let call = "(with-lock l (f)\n (g))";
    becomes(call, "(with-lock l (f)\n  (g))\n");
    let definition = "(defmacro with-lock (l &rest body) body)\n\n";
    becomes(&format!("{definition}{call}"), &format!("{definition}(with-lock l\n  (f)\n  (g))\n"));
    let options =
        FormatOptions { indents: [("with-lock".to_string(), 1)].into(), ..FormatOptions::default() };
    assert_eq!(format_form(call, &options), "(with-lock l\n  (f)\n  (g))");
}

#[test]
fn imports_are_sorted() {
    becomes(
        "(import [solana/token :only (transfer)] std/list\n\n std/list [a/b :as c])",
        "(import\n  [a/b :as c]\n  [solana/token :only (transfer)]\n  std/list)\n",
    );
    stays("(import std/list)\n");
    // What a comment is about would be lost.
    stays("(import\n  ;; for sums\n  b\n  a)\n");
    stays("'(import b a)\n");
}

#[test]
fn comments_are_where_the_code_is() {
    becomes(
        "   ;;; Adds.\n(defn f (x)   ; trailing  \n;; own line\n      (g x)) ;last",
        ";;; Adds.\n(defn f (x) ; trailing\n  ;; own line\n  (g x)) ;last\n",
    );
    becomes("(f ; c\n  )", "(f) ; c\n");
    becomes("[ ; c\n 1]", "[; c\n 1]\n");
    becomes("(f #| a |# x #| b\n  c |# y)", "(f #| a |# x #| b\n  c |# y)\n");
    becomes("(f x\n #;(old   form\n      here) y)", "(f x\n  #;(old   form\n      here) y)\n");
    becomes("#;(old)\n(new  x)", "#;(old)\n(new x)\n");
}

#[test]
fn forms_are_separated_by_one_empty_line() {
    becomes("(a)\n(b)\n\n\n\n(c) (d)", "(a)\n(b)\n\n(c)\n(d)\n");
    becomes("(f\n  x)\n(g)\n;; c\n(h\n  x)", "(f\n  x)\n\n(g)\n\n;; c\n(h\n  x)\n");
    becomes("\n\n;; file\n\n\n(a)\n\n\n;; end\n\n", ";; file\n\n(a)\n\n;; end\n");
    becomes("(f\n\n\n x\n\n y\n\n)", "(f\n\n  x\n\n  y)\n");
    becomes("#| a |# (f) #| b |#\n(g)", "#| a |#\n(f) #| b |#\n(g)\n");
}

#[test]
fn code_can_be_left_alone() {
    becomes(
        "(f  1)\n;; fmt: off\n(f   2)\n   (g   3)\n  ;; fmt: on\n(f  4)",
        "(f 1)\n;; fmt: off\n(f   2)\n   (g   3)\n;; fmt: on\n(f 4)\n",
    );
    becomes("(f  1)\n;; fmt: off\n(f   2)\n\n\n(g   3)", "(f 1)\n;; fmt: off\n(f   2)\n\n\n(g   3)\n");
    becomes(";; fmt: ignore\n(f   1\n )\n(f   2)", ";; fmt: ignore\n(f   1\n )\n\n(f 2)\n");
    becomes(
        "(do\n;; fmt: ignore\n(f   1\n         2)\n(f   3))",
        "(do\n  ;; fmt: ignore\n  (f   1\n         2)\n  (f 3))\n",
    );
    becomes(
        "(do (a  b)\n;; fmt: off\n      (f   1)\n (g   2)\n;; fmt: on\n(f   3))",
        "(do\n  (a b)\n  ;; fmt: off\n      (f   1)\n (g   2)\n  ;; fmt: on\n  (f 3))\n",
    );
}

#[test]
fn faults_are_left_alone() {
    becomes("(f  1)\n(g  (h\n\n\n\n(f  2)", "(f 1)\n(g  (h\n\n(f 2)\n");
    becomes("(f  1__0)\n(f  2)", "(f  1__0)\n(f 2)\n");
    becomes("(f  1))\n(f  2)", "(f 1))\n(f 2)\n");
    becomes("(f  \"a)\n(f  2)", "(f  \"a)\n(f 2)\n");
    // After a closer too many, who knows what the rest belongs to.
    stays("(defn f (x)\n  (a)))\n  (b   c)\n  (d))\n");
}

#[test]
fn compact_joins_what_fits() {
    let options = FormatOptions { width: 40, compact: true, ..FormatOptions::default() };
    let compact = |text: &str| {
        let formatted = format_source(text, &options);
        assert_eq!(format_source(&formatted, &options), formatted);
        formatted
    };
    assert_eq!(compact("(f\n  x\n  y)"), "(f x y)\n");
    assert_eq!(compact("(f\n  x ; c\n  y)"), "(f x ; c\n  y)\n");
    assert_eq!(
        compact("(when (some-condition\n x) (first-thing\n x)\n (second-thing))"),
        "(when (some-condition x)\n  (first-thing x)\n  (second-thing))\n"
    );
}

#[test]
fn lines_can_be_chosen() {
    let options = FormatOptions::default();
    let text = "(a  1)\n\n\n(b  2\n  3)\n(c  4)";
    assert_eq!(format_lines(text, 5, 5, &options), "(a  1)\n\n\n(b 2\n  3)\n(c  4)");
    assert_eq!(format_lines(text, 1, 1, &options), "(a 1)\n\n\n(b  2\n  3)\n(c  4)");
    assert_eq!(format_lines(text, 2, 3, &options), text);
    assert_eq!(format_lines("(a  1 ; c\n) (b  2)", 1, 1, &options), "(a 1) ; c\n (b  2)");
}

#[test]
fn one_form_is_formatted_by_itself() {
    let options = FormatOptions::default();
    assert_eq!(format_form("(f  x\n)", &options), "(f x)");
    assert_eq!(format_form("(f  x ; c\n)", &options), "(f x) ; c");
    assert_eq!(format_form("(f  x", &options), "(f  x");
}

#[test]
fn the_guide_is_formatted() {
    let guide = include_str!("../../../../book/src/guide/formatting.md");
    let examples: Vec<&str> =
        guide.split("```lisp\n").skip(1).map(|rest| rest.split("```").next().unwrap_or("")).collect();
    assert!(examples.len() > 5);
    for example in examples {
        assert_eq!(format_source(example, &FormatOptions::default()), example);
    }
}
