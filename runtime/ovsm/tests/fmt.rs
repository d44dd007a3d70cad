//! The formatter as a user meets it: which files it changes, what it prints, and its exit codes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

struct Result {
    code: Option<i32>,
    out: String,
    err: String,
}

fn ovsm(folder: &Path, arguments: &[&str], input: &str) -> Result {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .arg("fmt")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may close it first.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Result {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn read(folder: &Path, path: &str) -> String {
    std::fs::read_to_string(folder.join(path)).unwrap()
}

const UGLY: &str = "(when x\n      (f 1 )\n   )\n";
const NICE: &str = "(when x\n  (f 1))\n";

#[test]
fn folders_are_searched_for_sources() {
    let folder = folder(&[
        ("a.ovsm", UGLY),
        ("src/deep/b.ovsm", UGLY),
        ("notes.txt", UGLY),
        (".hidden/c.ovsm", UGLY),
        ("target/d.ovsm", UGLY),
    ]);
    let folder = folder.path();
    let result = ovsm(folder, &[], "");
    assert_eq!((result.code, result.out.as_str(), result.err.as_str()), (Some(0), "", ""));
    for (path, text) in [
        ("a.ovsm", NICE),
        ("src/deep/b.ovsm", NICE),
        ("notes.txt", UGLY),
        (".hidden/c.ovsm", UGLY),
        ("target/d.ovsm", UGLY),
    ] {
        assert_eq!(read(folder, path), text, "{path}");
    }
    // A file that is named is formatted wherever it is.
    assert_eq!(ovsm(folder, &["notes.txt", "target"], "").code, Some(0));
    assert_eq!(read(folder, "notes.txt"), NICE);
    assert_eq!(read(folder, "target/d.ovsm"), NICE);
}

#[test]
fn check_shows_what_would_change() {
    let folder = folder(&[("b.ovsm", UGLY), ("a.ovsm", UGLY), ("c.ovsm", NICE)]);
    let folder = folder.path();
    let expected = |name: &str| {
        format!("--- a/{name}\n+++ b/{name}\n@@ -1,3 +1,2 @@\n (when x\n-      (f 1 )\n-   )\n+  (f 1))\n")
    };
    let both = expected("a.ovsm") + &expected("b.ovsm");
    let files = ["c.ovsm", "b.ovsm", "a.ovsm"];
    let check = ovsm(folder, &[&["--check"], &files[..]].concat(), "");
    assert_eq!((check.code, check.out.as_str(), check.err.as_str()), (Some(1), both.as_str(), ""));
    let diff = ovsm(folder, &[&["--diff"], &files[..]].concat(), "");
    assert_eq!((diff.code, diff.out.as_str()), (Some(0), both.as_str()));
    assert_eq!(read(folder, "a.ovsm"), UGLY);
    let check = ovsm(folder, &["--check", "c.ovsm"], "");
    assert_eq!((check.code, check.out.as_str()), (Some(0), ""));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = folder(&[]);
    let folder = folder.path();
    let result = ovsm(folder, &["--stdin"], UGLY);
    assert_eq!((result.code, result.out.as_str(), result.err.as_str()), (Some(0), NICE, ""));
    let short = ovsm(folder, &["-"], UGLY);
    assert_eq!((short.code, &short.out), (result.code, &result.out));
    assert!(!folder.join("-").exists());
    assert_eq!(ovsm(folder, &["-", "-"], UGLY).code, Some(2));
    let check = ovsm(folder, &["--stdin", "--stdin-filename", "x.ovsm", "--check"], UGLY);
    assert_eq!(check.code, Some(1));
    assert!(check.out.starts_with("--- a/x.ovsm\n+++ b/x.ovsm\n"), "{}", check.out);
    assert_eq!(ovsm(folder, &["--stdin", "--check"], NICE).code, Some(0));
    assert_eq!(ovsm(folder, &["--stdin", "a.ovsm"], "").code, Some(2));
    assert_eq!(ovsm(folder, &["--stdin-filename", "a.ovsm"], "").code, Some(2));
}

#[test]
fn lines_can_be_chosen() {
    let folder = folder(&[]);
    let text = "(f  1)\n(f  2)\n(f  3)\n";
    let result = ovsm(folder.path(), &["--stdin", "--range", "2:2"], text);
    assert_eq!(result.out, "(f  1)\n(f 2)\n(f  3)\n");
    for range in ["3:2", "0:1", "x", "1:"] {
        assert_eq!(ovsm(folder.path(), &["--stdin", "--range", range], text).code, Some(2), "{range}");
    }
}

#[test]
fn a_range_is_about_one_file() {
    let folder = folder(&[("a.ovsm", UGLY), ("b.ovsm", UGLY)]);
    let folder = folder.path();
    let result = ovsm(folder, &["--range", "1:1"], "");
    assert_eq!(result.code, Some(2));
    assert!(result.err.contains("2 of them"), "{}", result.err);
    assert_eq!(ovsm(folder, &["--range", "1:1", "a.ovsm"], "").code, Some(0));
    assert_eq!((read(folder, "a.ovsm"), read(folder, "b.ovsm")), (NICE.to_string(), UGLY.to_string()));
}

#[test]
fn width_and_compact_are_options() {
    let folder = folder(&[]);
    let result = ovsm(folder.path(), &["--stdin", "--width", "10"], "(some-call a b)\n");
    assert_eq!(result.out, "(some-call\n  a\n  b)\n");
    let result = ovsm(folder.path(), &["--stdin", "--compact"], NICE);
    assert_eq!(result.out, "(when x (f 1))\n");
    assert_eq!(ovsm(folder.path(), &["--stdin", "--width", "0"], NICE).code, Some(2));
}

#[test]
fn broken_code_is_not_a_fault() {
    let folder = folder(&[]);
    let result = ovsm(folder.path(), &["--stdin"], "(a  (b\n\n(f  1)\n");
    assert_eq!((result.code, result.out.as_str()), (Some(0), "(a  (b\n\n(f 1)\n"));
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let folder = folder(&[("a.ovsm", UGLY)]);
    std::fs::write(folder.path().join("b.ovsm"), [0xff, 0xfe]).unwrap();
    let result = ovsm(folder.path(), &["b.ovsm", "missing.ovsm", "a.ovsm"], "");
    assert_eq!(result.code, Some(2));
    assert!(result.err.contains("E0501") && result.err.contains("E0014"), "{}", result.err);
    assert_eq!(read(folder.path(), "a.ovsm"), NICE);
}

#[test]
fn a_project_sets_the_width_and_imported_macros_are_indented_by_their_definition() {
    let folder = folder(&[
        ("spirit.toml", "[package]\nname = \"p\"\n[fmt]\nwidth = 20\n"),
        ("src/forms.ovsm", "(pub (defmacro unless2 (c &body body)\n  `(if ,c null (do ,@body))))\n"),
        ("src/main.ovsm", "(import forms)\n(unless2 (f 1 2 3 4)\n(println \"some text\"))\n"),
    ]);
    let read = || std::fs::read_to_string(folder.path().join("src/main.ovsm")).unwrap();
    assert_eq!(ovsm(folder.path(), &["src/main.ovsm"], "").code, Some(0));
    assert_eq!(read(), "(import forms)\n\n(unless2 (f 1 2 3 4)\n  (println\n    \"some text\"))\n");
    ovsm(folder.path(), &["src/main.ovsm", "--width", "60", "--compact"], "");
    assert!(read().contains("(unless2 (f 1 2 3 4) (println \"some text\"))"), "{}", read());
    std::fs::write(folder.path().join("spirit.toml"), "[package]\nname = \"p\"\n[fmt]\nwidht = 20\n")
        .unwrap();
    let result = ovsm(folder.path(), &["src/main.ovsm"], "");
    assert!(result.code == Some(2) && result.err.contains("widht"), "{}", result.err);
}

#[test]
fn the_line_that_names_the_interpreter_stays() {
    let text = "#!/usr/bin/env -S ovsm   run\n(println   1)\n";
    let folder = folder(&[("a.ovsm", text)]);
    assert_eq!(ovsm(folder.path(), &["a.ovsm"], "").code, Some(0));
    let after = std::fs::read_to_string(folder.path().join("a.ovsm")).unwrap();
    assert_eq!(after, "#!/usr/bin/env -S ovsm   run\n(println 1)\n");
    let output =
        Command::new(env!("CARGO_BIN_EXE_ovsm")).args(["run", "a.ovsm"]).current_dir(folder.path()).output();
    assert_eq!(output.unwrap().stdout, b"1\n");
}
