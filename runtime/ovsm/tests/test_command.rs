//! `ovsm test` as a black box.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::Command;

fn test(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .arg("test")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const MONEY: &str = "(defn half (n) (/ n 2))
(deftest halves (assert= 2 (half 4)))
(deftest \"rounds down\"
  (println \"looking\")
  (assert= {:a [1 2 3]} {:a [1 9 3]}))
(deftest errors
  (assert= :division-by-zero (error-kind (assert-error :division-by-zero (/ 1 0))))
  (assert-near 0.3 (+ 0.1 0.2) 1e-9))
(deftest shows
  (define x 5)
  (assert (< (* x 2) 3)))
";

#[test]
fn failures_are_shown_with_their_places_and_differences() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("money.ovsm"), MONEY).unwrap();
    let (code, out, err) = test(folder.path(), &[]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("2 passed, 2 failed"), "{out}");
    assert!(out.contains("FAILED rounds down (./money.ovsm:3)"), "{out}");
    assert!(out.contains("at [:a][1]: expected 2, found 9"), "{out}");
    assert!(out.contains("it printed:\n  looking"), "{out}");
    assert!(out.contains("(* x 2) is 10"), "{out}");
}

#[test]
fn tests_are_chosen_listed_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("money.ovsm"), MONEY).unwrap();
    std::fs::write(folder.path().join("other.ovsm"), "(deftest one (assert-true 1))").unwrap();
    let (code, out, _) = test(folder.path(), &["--filter", "halves"]);
    assert_eq!((code, out.starts_with("1 passed, 0 failed")), (Some(0), true), "{out}");
    let (_, out, _) = test(folder.path(), &["--list"]);
    assert_eq!(out.lines().count(), 5, "{out}");
    let (_, out, _) = test(folder.path(), &["--fail-fast", "--jobs", "1", "money.ovsm"]);
    assert!(out.contains("1 passed, 1 failed"), "{out}");
    let (code, out, _) = test(folder.path(), &["--json"]);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len(), &lines[5]["failed"]), (Some(1), 6, &serde_json::json!(2)));
    let (_, _, _) = test(folder.path(), &["--junit", "results.xml"]);
    let junit = std::fs::read_to_string(folder.path().join("results.xml")).unwrap();
    assert!(
        junit.contains("tests=\"5\" failures=\"2\"") && junit.contains("name=\"rounds down\""),
        "{junit}"
    );
}

#[test]
fn a_file_with_errors_fails() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.ovsm"), "(deftest a (assert= 1 missing))").unwrap();
    let (code, out, _) = test(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(out.contains("E0101"), "{out}");
    std::fs::write(folder.path().join("broken.ovsm"), "(deftest a (assert= 1 1)) (/ 1 0)").unwrap();
    let (code, out, _) = test(folder.path(), &[]);
    assert!(code == Some(1) && out.contains("E0402"), "{out}");
}
