//! Tests of Solana programs where `ovsm-svm` is missing or is something else: what is said then. The rest is tested with
//! `ovsm-svm` itself, in `runtime/svm`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// Runs `ovsm test` in a folder and gives its exit code and all that it says.
fn test(folder: &Path, arguments: &[&str], variable: Option<&Path>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ovsm"));
    command.arg("test").args(arguments).current_dir(folder).env("PATH", "").env_remove("OVSM_SVM");
    if let Some(path) = variable {
        command.env("OVSM_SVM", path);
    }
    let output = command.output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

const TEST: &str =
    "(import solana/test)\n(deftest \"a chain\"\n  (let ((chain (test-chain))) (assert chain)))\n";

#[test]
fn how_to_get_what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.ovsm"), TEST).unwrap();
    let (code, text) = test(folder.path(), &[], None);
    assert_eq!(code, Some(1), "{text}");
    for part in ["need `ovsm-svm`, which is not here", "--svm PATH", "OVSM_SVM", "cargo install", "t.ovsm:3"]
    {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    let nowhere = folder.path().join("nowhere");
    for (code, text) in [
        test(folder.path(), &["--svm", nowhere.to_str().unwrap()], None),
        test(folder.path(), &[], Some(&nowhere)),
    ] {
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("there is no `"), "{text}");
    }
}

#[test]
fn a_chain_is_for_tests() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("s.ovsm");
    std::fs::write(&script, "(import solana/test)\n(println (test-chain))\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm")).arg("run").arg(&script).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("tests that `ovsm test` runs"), "{text}");
}

#[test]
fn tests_in_a_program_need_no_chain_unless_they_ask_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = "(program p)\n(instruction start () :accounts () (log \"x\"))\n(deftest \"sums\" (assert= 3 (+ 1 2)))\n\
                (defproperty \"any\" ((n (gen-int 0 9))) (assert (< n 10)))\n";
    std::fs::write(folder.path().join("p.ovsm"), text).unwrap();
    let (code, told) = test(folder.path(), &[], None);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("2 passed, 0 failed"), "{told}");
    // What is wrong stands where it is written.
    std::fs::write(folder.path().join("p.ovsm"), text.replace("(+ 1 2)", "(+ 1 3)")).unwrap();
    let (code, told) = test(folder.path(), &["--error-format", "short"], None);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("p.ovsm:3:17"), "{told}");
}

#[test]
fn tests_of_a_program_run_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let program =
        "(program p)\n(defn unit () -> u64 1u64)\n(instruction start () :accounts () (log \"x\"))\n";
    write("spirit.toml", "name = \"p\"\nversion = \"0.1.0\"\nkind = \"program\"\n");
    write("src/main.ovsm", program);
    write("tests/t.ovsm", "(import solana/test)\n(deftest \"a\" (assert= null (get {} :x)) new-key)\n");
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "first"]] {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        let ran =
            Command::new("git").args(identity).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }
    let since = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ovsm"));
        let output = command.args(["test", "--since", "HEAD"]).current_dir(folder.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(since().contains("0 passed, 0 failed, 1 unchanged"), "{}", since());
    write("src/main.ovsm", &program.replace("1u64", "2u64"));
    assert!(since().contains("1 passed, 0 failed"), "{}", since());
}

#[cfg(unix)]
#[test]
fn something_else_is_not_taken_for_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.ovsm"), TEST).unwrap();
    let fake = folder.path().join("fake");
    for (script, says) in [
        ("echo '{\"protocol\":99}'; cat", "speaks version 99 of its protocol"),
        ("echo '{\"hello\":1}'; cat", "is no `ovsm-svm`"),
        ("echo hello; cat", "does not answer in JSON"),
        ("exit 0", "has ended before it answered"),
        ("echo '{\"protocol\":1}'", "has ended before it answered"),
        (
            "echo '{\"protocol\":1}'; while read line; do echo '{\"error\":\"it is closed\"}'; done",
            "it is closed",
        ),
        ("echo '{\"protocol\":1}'; while read line; do echo '{\"ok\":null}'; done", "gives no chain"),
    ] {
        std::fs::write(&fake, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).unwrap();
        std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (code, text) = test(folder.path(), &["--svm", fake.to_str().unwrap()], None);
        assert_eq!(code, Some(1), "{script}: {text}");
        assert!(text.contains(says), "{script}: {text}");
    }
}
