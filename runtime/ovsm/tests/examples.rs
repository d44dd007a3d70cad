//! `ovsm examples`: every example runs, prints what is expected, and is formatted; the list is complete.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spirits/examples")
}

/// Exit code, standard output and standard error.
fn ovsm(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ovsm")).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The names of the files.
fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "ovsm"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    names.sort();
    names
}

#[test]
fn every_example_prints_what_is_expected() {
    assert!(names().len() >= 14);
    for name in names() {
        let expected = std::fs::read_to_string(folder().join(format!("expected/{name}.txt"))).unwrap();
        let (code, out, err) = ovsm(&["examples", "run", &name]);
        assert_eq!((code, out, err.as_str()), (Some(0), expected, ""), "{name}");
    }
}

#[test]
fn the_list_is_complete_and_described() {
    let (code, out, _) = ovsm(&["examples", "--json"]);
    assert_eq!(code, Some(0));
    let rows: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut listed: Vec<String> =
        rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_string()).collect();
    listed.sort();
    assert_eq!(listed, names());
    for row in rows.as_array().unwrap() {
        assert!(row["description"].as_str().unwrap().len() > 20, "{row}");
    }
    let (_, list, _) = ovsm(&["examples"]);
    assert_eq!(list.lines().count(), listed.len());
    assert!(list.starts_with("hello           Greets: "), "{list}");
}

#[test]
fn examples_are_formatted_and_of_a_readable_length() {
    let (code, out, err) = ovsm(&["fmt", "--check", folder().to_str().unwrap()]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
    for name in names() {
        let (_, source, _) = ovsm(&["examples", "show", &name]);
        assert_eq!(source, std::fs::read_to_string(folder().join(format!("{name}.ovsm"))).unwrap());
        assert!((15..=60).contains(&source.lines().count()), "{name}: {} lines", source.lines().count());
        assert!(source.starts_with(";;; "), "{name}");
    }
}

#[test]
fn the_tests_of_the_examples_pass() {
    let (code, out, err) = ovsm(&["test", folder().join("tests.ovsm").to_str().unwrap()]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("3 passed"), "{out}");
}

#[test]
fn examples_take_arguments() {
    let (code, out, _) = ovsm(&["examples", "run", "hello", "--", "Ada Lovelace"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("Hello, Ada Lovelace!\n"), "{out}");
    let (_, out, _) = ovsm(&["examples", "run", "adventure", "--", "take lamp", "east"]);
    assert!(out.ends_with("A dark cellar. There is a key.\nYou carry: lamp\n"), "{out}");
    let (_, out, _) = ovsm(&["examples", "run", "--json", "hello"]);
    let result: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(result["logs"][0], "Hello, world!");
    let (_, out, _) = ovsm(&["examples", "show", "--json", "hello"]);
    let shown: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(shown["source"].as_str().unwrap().contains("(defn greet"));
}

#[test]
fn an_unknown_example_is_a_usage_error() {
    for action in ["show", "run"] {
        let (code, out, err) = ovsm(&["examples", action, "no\u{1b}such"]);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.contains("there is no example") && !err.contains('\u{1b}'), "{err}");
    }
}
