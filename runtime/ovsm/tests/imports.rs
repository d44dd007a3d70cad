//! Imports as a user meets them: what is reported, and that each fix that is offered cures what it is offered for.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// A project with some modules.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("src");
    std::fs::create_dir_all(source.join("util")).unwrap();
    let files = [
        ("../spirit.toml", "[package]\nname = \"shapes\"\n"),
        (
            "a.ovsm",
            "(define one 1)\n(define (two) 2)\n(define (three) 3)\n(defvar *level* 1)\n(define counter 0)\n\
             (define (count!) (incf counter))\n(defmacro tick () `(incf counter))\n\
             (export one three *level* counter count! tick)\n",
        ),
        ("c.ovsm", "(pub (define one 11) (define (four) 4) (defrecord Point x))\n"),
        // A name that is also built in.
        ("words.ovsm", "(pub (define (first text) (str \"first \" text)))\n"),
        ("util/text.ovsm", "(pub (define (shout text) (upper text)))\n"),
    ];
    for (name, text) in files {
        std::fs::write(source.join(name), text).unwrap();
    }
    folder
}

struct Run {
    out: String,
    reports: Vec<serde_json::Value>,
}

impl Run {
    fn codes(&self) -> Vec<&str> {
        self.reports.iter().map(|report| report["code"].as_str().unwrap()).collect()
    }
}

fn run(folder: &Path, text: &str) -> Run {
    let main = folder.join("src/main.ovsm");
    std::fs::write(&main, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .args(["run", "--error-format", "json"])
        .arg(&main)
        .env("HOME", folder)
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let reports = err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Run { out: String::from_utf8(output.stdout).unwrap(), reports }
}

/// The text with the first fix of the first report that has one.
fn cured(text: &str, run: &Run) -> String {
    let fix = run.reports.iter().find_map(|report| report["fixes"].as_array().unwrap().first());
    let fix = fix.unwrap_or_else(|| panic!("no fix for {text}: {:?}", run.reports));
    let mut text = text.to_string();
    let mut edits: Vec<&serde_json::Value> = fix["edits"].as_array().unwrap().iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["byte_start"].as_u64()));
    for edit in edits {
        let place = |name: &str| edit[name].as_u64().unwrap() as usize;
        text.replace_range(place("byte_start")..place("byte_end"), edit["text"].as_str().unwrap());
    }
    text
}

#[test]
fn fixes_cure_what_is_wrong_with_imports() {
    let folder = project();
    // The text, what is reported, and the text as the fix leaves it, with what that prints.
    for (text, code, fixed, out) in [
        (
            "(import [a :only (one)] [c :only (one four)])\n(println one (four))",
            "E0121",
            "(import [a :only (one)] [c :only (four)])\n(println one (four))",
            "1 4\n",
        ),
        ("(import a c)\n(println one)", "E0121", "(import a c)\n(println a/one)", "1\n"),
        (
            "(import [a :only (one three)])\n(define one 5)\n(println one (three))",
            "E0121",
            "(import [a :only (three)])\n(define one 5)\n(println one (three))",
            "5 3\n",
        ),
        (
            "(import a)\n(define one 5)\n(println one (three))",
            "W0007",
            "(import [a :only (three)])\n(define one 5)\n(println one (three))",
            "5 3\n",
        ),
        (
            "(import utill/text)\n(println (shout \"a\"))",
            "E0120",
            "(import util/text)\n(println (shout \"a\"))",
            "A\n",
        ),
        (
            "(import text)\n(println (shout \"a\"))",
            "E0120",
            "(import util/text)\n(println (shout \"a\"))",
            "A\n",
        ),
        (
            "(import std/itre)\n(println (iter/count [1]))",
            "E0120",
            "(import std/iter)\n(println (iter/count [1]))",
            "1\n",
        ),
        (
            "(import [a :only (one nosuch three)])\n(println one (three))",
            "E0118",
            "(import [a :only (one three)])\n(println one (three))",
            "1 3\n",
        ),
        ("(import [a :only (thre)])\n(println 1)", "E0118", "(import [a :only (three)])\n(println 1)", "1\n"),
        ("(import a c)\n(println (four))", "W0005", "(import c)\n(println (four))", "4\n"),
        ("(import a)\n(println 1)", "W0005", "\n(println 1)", "1\n"),
        (
            "(import [c :only (one four)])\n(println (four))",
            "W0005",
            "(import [c :only (four)])\n(println (four))",
            "4\n",
        ),
        ("(import a)\n(import a)\n(println (three))", "W0008", "(import a)\n\n(println (three))", "3\n"),
        ("(import a a)\n(println (three))", "W0008", "(import a )\n(println (three))", "3\n"),
        (
            "(import [a :only (three three)])\n(println (three))",
            "W0008",
            "(import [a :only (three)])\n(println (three))",
            "3\n",
        ),
        ("(println (a/three))", "E0101", "(import a)\n\n(println (a/three))", "3\n"),
        (
            ";;; Doc.\n(define (f) (text/shout \"a\"))\n(println (f))",
            "E0101",
            ";;; Doc.\n(define (f) (text/shout \"a\"))\n(import util/text)\n\n(println (f))",
            "A\n",
        ),
        (
            "(import c)\n(println (four) (shout \"a\"))",
            "E0101",
            "(import c)\n(import [util/text :only (shout)])\n(println (four) (shout \"a\"))",
            "4 A\n",
        ),
        (
            "(println (iter/collect-list [1]))",
            "E0101",
            "(import std/iter)\n\n(println (iter/collect-list [1]))",
            "(1)\n",
        ),
    ] {
        let found = run(folder.path(), text);
        assert_eq!(found.codes(), [code], "{text}: {:?}", found.reports);
        let after = cured(text, &found);
        assert_eq!(after, fixed, "{text}");
        let found = run(folder.path(), &after);
        // A fix may show another fault; those of these texts do not, but for a name that nobody uses.
        let rest: Vec<&str> = found.codes().into_iter().filter(|code| *code != "W0005").collect();
        assert_eq!((found.out.as_str(), rest), (out, Vec::new()), "{after}: {:?}", found.reports);
    }
}

#[test]
fn names_of_other_modules_are_not_assigned() {
    let folder = project();
    for text in [
        "(import a) (set! a/one 2)",
        "(import a) (set! one 2)",
        "(import a) (incf counter)",
        "(import [a :only (one)]) (push! one 2)",
        "(import a) (setf (get one 0) 2)",
        "(import a) (set! three (lambda () 5))",
        "(import a) (define (f) (set! a/counter 7)) (f)",
        "(import c) (set! Point 5)",
        "(import a) (multiple-value-bind (x) 1 (set! one x))",
    ] {
        let found = run(folder.path(), text);
        assert!(found.codes().contains(&"E0122"), "{text}: {:?}", found.reports);
    }
    // A function and a macro of the module may, and so may everybody with a variable of `defvar`.
    for (text, out) in [
        ("(import a) (count!) (count!) (println counter)", "2\n"),
        ("(import a) (tick) (tick) (tick) (println counter)", "3\n"),
        ("(import a) (set! *level* 4) (println *level*)", "4\n"),
        ("(import a) (let ((*level* 4)) (println *level*)) (println *level*)", "4\n1\n"),
        ("(import a) (let ((one 4)) (set! one 5) (println one (three)))", "5 3\n"),
    ] {
        let found = run(folder.path(), text);
        assert_eq!((found.out.as_str(), found.codes()), (out, vec![]), "{text}: {:?}", found.reports);
    }
}

#[test]
fn what_is_private_is_said_to_be_and_can_be_exported() {
    let folder = project();
    for (module, text) in [
        ("a", "(import a) (println (a/two))"),
        ("a", "(import [a :as x]) (println (x/two))"),
        ("a", "(import [a :only (two)]) (println (two))"),
        ("b", "(import b) (println (b/two))"),
    ] {
        let path = folder.path().join(format!("src/{module}.ovsm"));
        let source = match module {
            "a" => std::fs::read_to_string(&path).unwrap(),
            // A module that exports nothing.
            _ => "(define (two) 2)".to_string(),
        };
        std::fs::write(&path, &source).unwrap();
        let found = run(folder.path(), text);
        let messages: Vec<&str> =
            found.reports.iter().map(|report| report["message"].as_str().unwrap()).collect();
        assert_eq!(messages, [format!("`two` is private to `{module}`")], "{text}");
        // The fix is one of the other file.
        let edit = &found.reports[0]["fixes"][0]["edits"][0];
        assert_eq!(edit["path"].as_str().unwrap(), path.to_str().unwrap());
        std::fs::write(&path, cured(&source, &found)).unwrap();
        let found = run(folder.path(), text);
        assert_eq!((found.out.as_str(), found.codes()), ("2\n", vec![]), "{text}: {:?}", found.reports);
        std::fs::write(&path, &source).unwrap();
    }
}

#[test]
fn what_follows_from_a_failed_import_is_not_reported() {
    let folder = project();
    std::fs::write(folder.path().join("src/x.ovsm"), "(import y)\n(pub (define (f) (g)))\n").unwrap();
    std::fs::write(folder.path().join("src/y.ovsm"), "(import x)\n(pub (define (g) (f)))\n").unwrap();
    for (text, codes) in [
        ("(import nowhere) (println (f) (nowhere/f))", ["E0120"].as_slice()),
        ("(import [nowhere :only (f)]) (println (f))", &["E0120"]),
        ("(import [nowhere :only (f)]) (println (f) (h))", &["E0120", "E0101"]),
        ("(import [nowhere :as n]) (println (n/f))", &["E0120"]),
        ("(import [nowhere :as n]) (println (n/f) (m/f))", &["E0120", "E0101"]),
        ("(import x) (println (f))", &["E0119"]),
    ] {
        let found = run(folder.path(), text);
        assert_eq!(found.codes(), codes, "{text}: {:?}", found.reports);
    }
}

#[test]
fn what_is_in_order_is_not_reported() {
    let folder = project();
    for (text, out) in [
        ("(import a c) (println (three) (four) a/one c/one)", "3 4 1 11\n"),
        // What a module of the project defines goes before what is built in, wherever that is listed.
        ("(import words) (println (first 1))", "first 1\n"),
        ("(import std/list words) (println (first 1) (list/first [2]))", "first 1 2\n"),
        ("(import words std/list) (println (first 1) (list/first [2]))", "first 1 2\n"),
        ("(import [std/list :only (first)] words) (println (first [1]) (words/first 2))", "1 first 2\n"),
        // Names that are bound here are not those of the modules.
        ("(import a c) (println (let ((one 5)) one) (three) (four))", "5 3 4\n"),
        (
            "(import a c) (println (match 5 (one one)) (match {:one 6} ({:one one} one)) (three) (four))",
            "5 6 3 4\n",
        ),
        ("(import a c) (println (for (one [5]) one) ((fn (one) one) 6) (three) (four))", "5 6 3 4\n"),
        ("(import a c) (defrecord Q one) (println (. (Q 5) one) (three) (four))", "5 3 4\n"),
        ("(import a c) (println {:one 1} 'one (three) (four))", "{:one 1} one 3 4\n"),
        ("(import [a :only (one)] c) (println one (four))", "1 4\n"),
        ("(import [a :as x] [c :as y]) (define one 5) (println x/one y/one one)", "1 11 5\n"),
        ("(import [a :as x] [a :only (one)]) (println one (x/three))", "1 3\n"),
        ("(import [a :only (one)] [a :only (three)]) (println one (three))", "1 3\n"),
        // A module of the library brings no other meaning of what is built in.
        ("(import std/list std/string std/core) (println (first [1 2]) (upper \"a\") (abs -1))", "1 A 1\n"),
        ("(import std/iter) (println (map 1+ [1]) (collect (iter/map 1+ [1])))", "[2] [2]\n"),
        ("(import [std/iter :only (map collect)]) (println (collect (map 1+ [1])))", "[2]\n"),
    ] {
        let found = run(folder.path(), text);
        assert_eq!((found.out.as_str(), found.codes()), (out, vec![]), "{text}: {:?}", found.reports);
    }
}
