//! Where errors point: at the call of the macro that made the code, with the places in the macros after it, and at the call
//! that gives a function what it does not take.
//!
//! What such errors are is tested elsewhere. Start with [`places`].

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::process::Command;

/// The line, the column and the text of each label of the only diagnostic, the primary one first, and its notes.
fn places(source: &str) -> (Vec<(u64, u64, String)>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.ovsm"), source).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .current_dir(folder.path())
        .args(["run", "--error-format", "json", "main.ovsm"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 1, "{text}");
    let found: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    let labels = found["labels"].as_array().unwrap().iter();
    let labels = labels.map(|label| {
        let number = |name: &str| label[name].as_u64().unwrap();
        (number("line_start"), number("column_start"), label["text"].as_str().unwrap().to_string())
    });
    let notes = found["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_string());
    (labels.collect(), notes.collect())
}

fn label(line: u64, column: u64, text: &str) -> (u64, u64, String) {
    (line, column, text.to_string())
}

#[test]
fn a_run_time_error_names_the_call_and_the_place_in_the_macro() {
    let (labels, notes) = places(
        "(defmacro m (x) `(+ 0 (/ ,x 0)))\n(define (zero) 0)\n(define (f)\n  (+ 5 (m (zero))))\n(println (f))\n",
    );
    assert_eq!(
        labels,
        [label(4, 8, "in the expansion of `m`"), label(1, 23, "it happened here, in the macro `m`"),]
    );
    assert_eq!(
        notes,
        ["in `f` at main.ovsm:4:8, in the expansion of `m`", "in `top level` at main.ovsm:5:10"]
    );
}

#[test]
fn nested_macros_are_all_named() {
    let (labels, _) = places(
        "(defmacro inner (x) `(/ ,x (zero)))\n(defmacro m (x) `(+ 0 (inner ,x)))\n(define (zero) 0)\n(define (f)\n  (+ 5 (m 4)))\n(f)\n",
    );
    assert_eq!(
        labels,
        [
            label(5, 8, "in the expansion of `m`"),
            label(1, 22, "it happened here, in the macro `inner`"),
            label(2, 23, "in the macro `m` here"),
        ]
    );
}

#[test]
fn what_the_call_was_given_is_at_its_own_place() {
    let (labels, _) = places(
        "(defmacro m (&rest body) `(do (define k 1) ,@body))\n(define (zero) 0)\n(define (f)\n  (m 5\n     (/ 1 (zero))))\n(f)\n",
    );
    assert_eq!(labels, [label(5, 6, "it happened here")]);
}

#[test]
fn definitions_of_a_macro_are_at_the_call() {
    let (labels, _) = places(
        "(defmacro m (x) `(do (define k (/ ,x (zero))) k))\n(define (zero) 0)\n(define (f)\n  (m 1))\n(f)\n",
    );
    assert_eq!(
        labels,
        [label(4, 3, "in the expansion of `m`"), label(1, 32, "it happened here, in the macro `m`"),]
    );
}

#[test]
fn macros_of_the_library_are_not_shown() {
    let (labels, _) = places("(define (zero) 0)\n(define (f)\n  (-> 1 (/ (zero))))\n(f)\n");
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0].0, 3);
}

#[test]
fn a_compile_time_error_names_both_too() {
    let (labels, _) = places("(defmacro m (x) `(+ ,x \"a\"))\n(define (f)\n  (m 1))\n(f)\n");
    assert_eq!(
        labels,
        [label(3, 3, "in the expansion of `m`"), label(1, 18, "this is a string, in the macro `m`"),]
    );
}

#[test]
fn who_calls_with_what_a_parameter_does_not_take_is_to_blame() {
    let (labels, _) =
        places("(define (g x) x)\n(defn f ((x : u64)) x)\n(define (h)\n  (+ 1 (f (g \"no\"))))\n(h)\n");
    assert_eq!(labels, [label(4, 8, "this call gives it"), label(2, 10, "the parameter is stated here")]);
    // A call in place of the caller has left no trace: nobody else is blamed.
    let (labels, _) =
        places("(define (g x) x)\n(defn f ((x : u64)) x)\n(define (h) (f (g \"no\")))\n(+ 1 (h))\n");
    assert_eq!(labels, [label(2, 10, "it happened here")]);
}

#[test]
fn an_assertion_with_a_message_shows_the_operands_too() {
    let (_, notes) = places("(assert (= (abs 5) 3) \"why\")\n");
    assert_eq!(notes, ["the assertion does not hold: (= (abs 5) 3)", "(abs 5) is 5"]);
    let (_, notes) = places("(assert-true (< (abs 5) 3))\n");
    assert_eq!(notes[2..], ["(< (abs 5) 3) is false", "(abs 5) is 5"]);
}
