//! `ovsm test`: tables, fixtures, properties, snapshots, examples, coverage, changes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::process::Command;

fn run(folder: &Path, program: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(program).args(arguments).current_dir(folder).env("HOME", folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn test(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = run(folder, env!("CARGO_BIN_EXE_ovsm"), &[&["test"], arguments].concat());
    (code, out + &err)
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.ovsm"), text).unwrap();
    folder
}

#[test]
fn each_row_of_a_table_is_a_test() {
    let folder = folder(
        "(deftest-each adds [a b sum]\n  ([1 2 3]\n   [\"large\" 10 20 30]\n   [1 1 3])\n  (assert= (+ a b) sum))\n",
    );
    let (code, out) = test(folder.path(), &["--list"]);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "a.ovsm:2  adds[0]\na.ovsm:3  adds[large]\na.ovsm:4  adds[2]\n")
    );
    let (code, out) = test(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(out.contains("FAILED adds[2] (a.ovsm:4)") && out.contains("2 passed, 1 failed"), "{out}");
}

#[test]
fn fixtures_are_undone_however_a_test_ends() {
    let folder = folder(
        "(define log [])\n(deftest one :with [(a (do (push! log :made) 1) (push! log :undone)) (b (+ a 1))] (assert= b 2))\n\
         (deftest two :with [(a 1 (push! log :undone-too))] (error \"no\"))\n\
         (deftest three (assert= log [:made :undone :undone-too]))\n",
    );
    let (_, out) = test(folder.path(), &[]);
    assert!(out.contains("2 passed, 1 failed") && out.contains("FAILED two"), "{out}");
}

#[test]
fn a_property_fails_with_the_smallest_values_and_a_seed() {
    let folder = folder(
        "(defn sum (xs) (reduce + 0 xs))\n(defproperty small ((xs (gen-array (gen-int 0 1000))) (s (gen-string)))\n  \
         (assert (< (sum xs) 500)))\n(defproperty holds ((n (gen-int -5 5)) (c (gen-char)) (o (gen-object (gen-bool))))\n  \
         (assert (<= -5 n 5)))\n",
    );
    let (code, out) = test(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(out.contains("  xs = [500]\n  s = \"\"\n"), "{out}");
    assert!(out.contains("1 passed, 1 failed"), "{out}");
    let seed = out.split("`--seed ").nth(1).unwrap().split('`').next().unwrap();
    let timeless =
        |out: String| out.lines().filter(|line| !line.contains(" passed, ")).collect::<Vec<_>>().join("\n");
    let (_, again) = test(folder.path(), &[]);
    assert_eq!(timeless(again), timeless(out.clone()), "the same without a seed");
    let (_, again) = test(folder.path(), &["--seed", seed, "--filter", "small"]);
    assert_eq!(timeless(again), timeless(out), "the same with its seed");
    assert_eq!(test(folder.path(), &["--seed", "x"]).0, Some(2));
    assert_eq!(test(folder.path(), &["--filter", "holds", "--seed", "random", "--runs", "7"]).0, Some(0));
}

#[test]
fn snapshots_are_taken_compared_and_cleared() {
    let folder =
        folder("(deftest shape (assert-snapshot {:a [1 2]}) (assert-snapshot \"x\\ny\" \"text\"))\n");
    let (code, out) = test(folder.path(), &[]);
    assert!(code == Some(1) && out.contains("there is no snapshot `shape`"), "{out}");
    assert!(!folder.path().join("a.ovsm.snap").exists(), "nothing is written unasked");
    assert_eq!(test(folder.path(), &["--update-snapshots"]).0, Some(0));
    let stored = std::fs::read_to_string(folder.path().join("a.ovsm.snap")).unwrap();
    assert_eq!(stored, "=== shape\n{:a [1 2]}\n\n=== shape / text\nx\ny\n\n");
    assert_eq!(test(folder.path(), &[]).0, Some(0));
    std::fs::write(folder.path().join("a.ovsm"), "(deftest shape (assert-snapshot {:a [1 3]}))\n").unwrap();
    let (code, out) = test(folder.path(), &[]);
    assert!(code == Some(1) && out.contains("- {:a [1 2]}") && out.contains("+ {:a [1 3]}"), "{out}");
    assert!(out.contains("no test asks for the snapshot `shape / text`"), "{out}");
    assert_eq!(test(folder.path(), &["--update-snapshots"]).0, Some(0));
    let stored = std::fs::read_to_string(folder.path().join("a.ovsm.snap")).unwrap();
    assert_eq!(stored, "=== shape\n{:a [1 3]}\n\n");
    assert_eq!(test(folder.path(), &["--update-snapshots", "--filter", "x"]).0, Some(2));
}

#[test]
fn examples_of_documentation_are_tests() {
    let folder = folder(";;; (double 2) ; => 4\n;;; (double 3) ; => 7\n(defn double (x) (* x 2))\n");
    let (code, out) = test(folder.path(), &[]);
    assert!(code == Some(1) && out.contains("FAILED example (double 3) (a.ovsm:2)"), "{out}");
    assert!(out.contains("1 passed, 1 failed"), "{out}");
    assert_eq!(test(folder.path(), &["--no-doc"]).0, Some(0));
}

#[test]
fn coverage_says_which_lines_ran() {
    let folder = folder(
        "(defn sign-of (x)\n  (if (< x 0)\n    (str \"negative\" x)\n    (str \"other\" x)))\n(deftest one (sign-of 1) (sign-of 2))\n",
    );
    let (code, out) = test(folder.path(), &["--coverage", "lcov", "--coverage-output", "c.info"]);
    assert!(code == Some(0) && out.contains("3 of 4 lines reached, see c.info"), "{out}");
    let lcov = std::fs::read_to_string(folder.path().join("c.info")).unwrap();
    assert_eq!(lcov, "TN:\nSF:a.ovsm\nDA:2,2\nDA:3,0\nDA:4,2\nDA:5,1\nLF:4\nLH:3\nend_of_record\n");
    test(folder.path(), &["--coverage", "html"]);
    let html = std::fs::read_to_string(folder.path().join("coverage.html")).unwrap();
    assert!(html.contains("<span class=\"missed\">") && html.contains("75.0 %") && !html.contains("<script"));
}

#[test]
fn only_tests_that_see_a_change_run_since_a_revision() {
    let text = "(import tool)\n(defn double (x) (* x 2))\n(deftest doubles (assert= (double 2) 4))\n(deftest other (assert= 1 1))\n";
    let folder = folder(text);
    std::fs::write(folder.path().join("tool.ovsm"), "(pub (defn unused () 1))\n").unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        let (code, _, err) = run(folder.path(), "git", &[&identity[..], arguments].concat());
        assert_eq!(code, Some(0), "{err}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    let (_, out) = test(folder.path(), &["a.ovsm", "--since", "HEAD"]);
    assert!(out.contains("0 passed, 0 failed, 2 unchanged"), "{out}");
    std::fs::write(folder.path().join("a.ovsm"), text.replace("(* x 2)", "(+ x x)")).unwrap();
    let (_, out) = test(folder.path(), &["a.ovsm", "--since", "HEAD"]);
    assert!(out.contains("1 passed, 0 failed, 1 unchanged"), "{out}");
    std::fs::write(folder.path().join("tool.ovsm"), "(pub (defn unused () 2))\n").unwrap();
    let (_, out) = test(folder.path(), &["a.ovsm", "--since", "HEAD"]);
    assert!(out.contains("1 passed, 0 failed, 1 unchanged"), "no test reaches what has changed: {out}");
    std::fs::write(folder.path().join("tool.ovsm"), "(println 1)\n(pub (defn unused () 1))\n").unwrap();
    let (_, out) = test(folder.path(), &["a.ovsm", "--since", "HEAD"]);
    assert!(out.contains("2 passed, 0 failed"), "code of a module runs for every test: {out}");
    // A module that is gone, and what the manifest says, are seen as well.
    std::fs::write(folder.path().join("a.ovsm"), text).unwrap();
    std::fs::write(folder.path().join("tool.ovsm"), "(pub (defn unused () 1))\n").unwrap();
    std::fs::write(folder.path().join("other.ovsm"), "(pub (defn other () 1))\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "second"]);
    let unchanged =
        |folder: &std::path::Path| test(folder, &["a.ovsm", "--since", "HEAD"]).1.contains("2 unchanged");
    assert!(unchanged(folder.path()));
    std::fs::remove_file(folder.path().join("other.ovsm")).unwrap();
    assert!(!unchanged(folder.path()));
    git(&["checkout", "-q", "."]);
    assert!(unchanged(folder.path()));
    assert_eq!(test(folder.path(), &["a.ovsm", "--since", "no-such-revision"]).0, Some(2));
    assert_eq!(test(folder.path(), &["a.ovsm", "--since", "--output=x"]).0, Some(2));
}

#[test]
fn the_calls_of_macros_count_where_they_stand() {
    let folder = folder(
        "(defmacro sq (x)\n  `(* ,x ,x))\n(defmacro twice (x)\n  `(do (println \"a\")\n       ,x))\n(defn never (x)\n  (twice x)\n  (sq 4))\n\
         (defn once (x)\n  (twice\n    (sq x)))\n(deftest t\n  (once 1))\n",
    );
    test(folder.path(), &["--coverage", "lcov"]);
    let lcov = std::fs::read_to_string(folder.path().join("coverage.lcov")).unwrap();
    let lines: Vec<&str> = lcov.lines().filter(|line| line.starts_with("DA:")).collect();
    assert_eq!(lines, ["DA:7,0", "DA:8,0", "DA:10,1", "DA:11,1", "DA:13,1"]);
}

#[test]
fn each_test_has_the_time_of_its_own() {
    let folder = folder("(deftest endless (while true 1))\n(deftest good (assert= 1 1))\n");
    let (code, out) = test(folder.path(), &["--timeout", "0.3"]);
    assert!(code == Some(1) && out.contains("FAILED endless") && out.contains("1 passed, 1 failed"), "{out}");
    assert_eq!(test(folder.path(), &["--timeout", "nan"]).0, Some(2));
    assert_eq!(test(folder.path(), &["--runs", "0"]).0, Some(2));
    assert_eq!(test(folder.path(), &["--jobs", "0"]).0, Some(2));
}

#[test]
fn a_smaller_value_that_never_ends_does_not_hide_the_failure() {
    let folder = folder(
        "(define tries 0)\n(defproperty p ((x (gen-int 0 1000)))\n  (incf tries)\n  (if (and (> tries 1) (< x 1000)) (while true x) \
         (assert (< x 0))))\n",
    );
    let (code, out) = test(folder.path(), &["--timeout", "0.3", "--seed", "3"]);
    assert!(code == Some(1) && out.contains("  x = ") && out.contains("--seed 3"), "{out}");
}

#[test]
fn long_arrays_are_made_where_they_are_asked_for() {
    let folder =
        folder("(defproperty long ((xs (gen-array (gen-int 0 9) 1000)))\n  (assert (< (length xs) 200)))\n");
    let (code, out) = test(folder.path(), &[]);
    assert_eq!(code, Some(1), "{out}");
    let shown = out.lines().find(|line| line.starts_with("  xs = ")).unwrap();
    assert_eq!(shown.split(' ').count(), "  xs =".split(' ').count() + 200, "{out}");
}

#[test]
fn machines_read_failures_in_the_format_of_diagnostics() {
    let folder = folder("(deftest \"a \\u{1b}[2J\"\n  (assert= 1 2))\n");
    let (code, out) = test(folder.path(), &["--error-format", "short"]);
    assert_eq!(code, Some(1));
    assert!(
        out.starts_with("a.ovsm:2:3: error[E0418]: test `a ") && out.contains("0 passed, 1 failed"),
        "{out}"
    );
    let (_, out) = test(folder.path(), &["--error-format", "github"]);
    assert!(
        out.starts_with("::error file=a.ovsm,") && out.contains("line=2,") && !out.contains('\u{1b}'),
        "{out}"
    );
    let (_, out) = test(folder.path(), &["--error-format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "E0418");
    let (_, out) = test(folder.path(), &["--json"]);
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    let fault = &first["diagnostics"][0];
    assert_eq!((&fault["file"], &fault["line"]), (&"a.ovsm".into(), &2.into()));
    assert_eq!((&fault["expected"], &fault["found"]), (&"1".into(), &"2".into()));
    let (_, out) = test(folder.path(), &[]);
    assert!(!out.contains('\u{1b}') && out.contains("FAILED a \\u{1b}[2J"), "{out}");
}

#[test]
fn a_failed_test_keeps_its_snapshots() {
    let text = "(deftest one (assert-snapshot 1 \"a\") (assert-snapshot 2 \"b\"))\n";
    let folder = folder(text);
    let path = folder.path().join("a.ovsm.snap");
    assert_eq!(test(folder.path(), &["--update-snapshots"]).0, Some(0));
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        folder.path().join("a.ovsm"),
        text.replace("(assert-snapshot 1", "(error \"no\") (assert-snapshot 1"),
    )
    .unwrap();
    assert_eq!(test(folder.path(), &["--update-snapshots"]).0, Some(1));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    // Two values under one name can never both hold.
    std::fs::write(
        folder.path().join("a.ovsm"),
        "(deftest one (assert-snapshot 1 \"a\") (assert-snapshot 2 \"a\"))\n",
    )
    .unwrap();
    let (code, out) = test(folder.path(), &["--update-snapshots"]);
    assert!(code == Some(1) && out.contains("asked for with two values"), "{out}");
}

#[test]
fn a_changed_snapshot_concerns_its_test() {
    let folder = folder("(deftest one (assert-snapshot 1))\n(deftest two (assert-snapshot 2))\n");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        assert_eq!(run(folder.path(), "git", &[&identity[..], arguments].concat()).0, Some(0));
    };
    assert_eq!(test(folder.path(), &["--update-snapshots"]).0, Some(0));
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    assert!(test(folder.path(), &["--since", "HEAD"]).1.contains("2 unchanged"));
    let path = folder.path().join("a.ovsm.snap");
    let stored = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, stored.replace("=== one\n1", "=== one\n5")).unwrap();
    let (code, out) = test(folder.path(), &["--since", "HEAD"]);
    assert!(code == Some(1) && out.contains("FAILED one") && out.contains("1 unchanged"), "{out}");
}

#[test]
fn what_can_not_be_read_or_found_is_told() {
    let folder = folder("(deftest one (assert= 1 1))\n");
    assert_eq!(test(folder.path(), &["nosuch.ovsm"]).0, Some(2));
    let (code, out) = test(folder.path(), &["--filter", "zzz"]);
    assert!(code == Some(0) && out.contains("no test has a name that contains `zzz`"), "{out}");
    let (code, out) = test(folder.path(), &["--coverage", "lcov", "--coverage-output", "a.ovsm"]);
    assert!(code == Some(2) && out.contains("would be overwritten"), "{out}");
}

#[test]
fn a_failed_assertion_shows_the_values_inside_of_its_operands() {
    let folder = folder(
        "(define x 3)\n(deftest one (assert (and (> 1 0) (< (abs (- x 8)) 3))))\n(deftest two (assert (not (= (abs x) 3))))\n",
    );
    let (_, out) = test(folder.path(), &[]);
    for line in [
        "the assertion does not hold: (< (abs (- x 8)) 3)",
        "(abs (- x 8)) is 5",
        "(- x 8) is -5",
        "(abs x) is 3",
    ] {
        assert!(out.contains(line), "{line} is not in {out}");
    }
}

#[test]
fn a_failed_example_stands_at_its_line() {
    let folder = folder("(defn f (x) x)\n\n;;; Twice.\n  ;;; (double 2) ; => 5\n(defn double (x) (* x 2))\n");
    let (_, out) = test(folder.path(), &["--error-format", "short"]);
    assert!(out.starts_with("a.ovsm:4:3: error[E0418]: test `example (double 2)`: "), "{out}");
}

#[test]
fn a_repository_inside_of_the_repository_has_its_own_revisions() {
    let folder = folder("(deftest outer (assert= 1 1))\n");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("b.ovsm"), "(deftest inner (assert= 1 1))\n").unwrap();
    let git = |folder: &Path, arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        assert_eq!(run(folder, "git", &[&identity[..], arguments].concat()).0, Some(0));
    };
    git(&inner, &["init", "-q"]);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "a.ovsm"]);
    git(folder.path(), &["commit", "-q", "-m", "first"]);
    let (code, out) = test(folder.path(), &["--since", "HEAD"]);
    assert!(code == Some(0) && out.contains("1 passed, 0 failed, 1 unchanged"), "{out}");
    assert_eq!(test(folder.path(), &["--since", "no-such-revision"]).0, Some(2));
}

#[test]
fn texts_of_several_lines_are_compared_line_by_line() {
    let folder =
        folder("(deftest one (assert= {:a \"hello\\nworld\\nfoo\"} {:a \"hello\\nwurld\\nfoo\\nbar\"}))\n");
    let (_, out) = test(folder.path(), &[]);
    assert!(out.contains("at [:a] line 2: expected \"world\", found \"wurld\""), "{out}");
    assert!(out.contains("at [:a] line 4: expected nothing, found \"bar\""), "{out}");
}

#[test]
fn what_is_watched_runs_again_when_it_changes() {
    use std::io::{BufRead, BufReader};
    let folder = folder("(deftest one (assert= 1 1))\n");
    let mut process = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .args(["test", "--watch"])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in output.lines() {
            let _ = sender.send(line.unwrap_or_default());
        }
    });
    let told = |wanted: &str| {
        let mut told = String::new();
        while let Ok(line) = lines.recv_timeout(std::time::Duration::from_secs(120)) {
            told += &format!("{line}\n");
            if line.contains(wanted) {
                return (true, told);
            }
        }
        (false, told)
    };
    let first = told("1 passed, 0 failed");
    std::fs::write(
        folder.path().join("a.ovsm"),
        "(deftest one (assert= 1 1))\n(deftest two (assert= 1 2))\n",
    )
    .unwrap();
    let second = told("1 failed");
    let _ = process.kill();
    let _ = process.wait();
    assert!(first.0, "{}", first.1);
    assert!(second.0, "{}", second.1);
}
