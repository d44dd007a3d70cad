//! The security lints as a user of the compiler meets them: warnings, levels of the project, comments that silence.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

const PROGRAM: &str = "(assert-signer 1)\n(invoke-program 3 [[0 :mut] [1 :signer]] [3u8])\n0\n";

/// Runs the compiler in a folder: its exit code, and what it says.
fn ovsmc(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsmc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn project(lints: &str, program: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let manifest = format!("name = \"p\"\nkind = \"program\"\n[lints]\n{lints}\n");
    std::fs::write(folder.path().join("spirit.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("src/main.ovsm"), program).unwrap();
    folder
}

#[test]
fn findings_are_warnings_and_the_program_is_built() {
    let folder = project("", PROGRAM);
    for command in [&["check"][..], &["build", "-o", "p.so"]] {
        let (code, said) = ovsmc(folder.path(), &[command, &["--error-format", "short"]].concat());
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("src/main.ovsm:2:1: warning[arbitrary-cpi]: account 3 is called"), "{said}");
    }
    assert!(folder.path().join("p.so").exists());
}

#[test]
fn a_project_may_deny_and_nothing_is_written() {
    let folder = project("security = \"deny\"", PROGRAM);
    let (code, said) = ovsmc(folder.path(), &["build", "--error-format", "short", "-o", "p.so"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error[arbitrary-cpi]"), "{said}");
    assert!(!folder.path().join("p.so").exists());
    assert_eq!(ovsmc(folder.path(), &["check"]).0, Some(1));
}

#[test]
fn projects_and_comments_silence() {
    let folder = project("arbitrary-cpi = \"allow\"", PROGRAM);
    assert_eq!(ovsmc(folder.path(), &["check"]), (Some(0), String::new()));
    let silenced = PROGRAM.replace("(invoke", ";; lint: allow arbitrary-cpi\n(invoke");
    let folder = project("", &silenced);
    assert_eq!(ovsmc(folder.path(), &["check"]), (Some(0), String::new()));
}

#[test]
fn levels_that_set_nothing_are_reported() {
    for (lints, expected) in [
        ("arbitrary-cpi = \"no\"", "`arbitrary-cpi = \"no\"` in `[lints]` of `spirit.toml` sets nothing"),
        ("arbitrary-cp = \"deny\"", "did you mean `arbitrary-cpi`?"),
        ("arbitrary-cpi", "can not be read"),
    ] {
        let folder = project(lints, PROGRAM);
        for command in ["check", "build"] {
            let (code, said) = ovsmc(folder.path(), &[command]);
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(expected), "{said}");
        }
    }
}
