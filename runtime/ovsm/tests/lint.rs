//! `ovsm lint` as people and machines use it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::process::Command;

const SOURCE: &str = "(define (f x)\n  (= x null))\n(f 1)\n";

fn lint(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .arg("lint")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.ovsm"), SOURCE).unwrap();
    folder
}

#[test]
fn a_warning_is_shown_and_ends_well() {
    let folder = project();
    let (code, out, _) = lint(folder.path(), &["main.ovsm", "--error-format", "short"]);
    assert_eq!(code, Some(0));
    assert_eq!(out, "main.ovsm:2:3: warning[equals-null]: `null?` asks this\n");
}

#[test]
fn levels_come_from_the_project_and_the_command_line() {
    let folder = project();
    assert_eq!(lint(folder.path(), &["-D", "equals-null"]).0, Some(1));
    assert_eq!(lint(folder.path(), &["-D", "style"]).0, Some(1));
    assert_eq!(lint(folder.path(), &["-A", "all"]).1, "");
    let manifest = folder.path().join("spirit.toml");
    std::fs::write(&manifest, "[package]\nname = \"p\"\n[lints]\nequals-null = \"deny\"\n").unwrap();
    assert_eq!(lint(folder.path(), &[]).0, Some(1));
    assert_eq!(lint(folder.path(), &["-A", "equals-null"]).0, Some(0));
    std::fs::write(&manifest, "[package]\nname = \"p\"\n[lints]\nequal-null = \"deny\"\n").unwrap();
    let (code, _, err) = lint(folder.path(), &[]);
    assert!(code == Some(2) && err.contains("did you mean `equals-null`?"), "{err}");
    assert_eq!(lint(folder.path(), &["-D", "no-such-lint"]).0, Some(2));
}

#[test]
fn fixes_are_written_and_keep_the_rest() {
    let folder = project();
    let (code, out, err) = lint(folder.path(), &["--fix"]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("1 finding fixed"), "{err}");
    let text = std::fs::read_to_string(folder.path().join("main.ovsm")).unwrap();
    assert_eq!(text, SOURCE.replace("(= x null)", "(null? x)"));
}

#[test]
fn a_risky_fix_needs_its_flag() {
    let folder = project();
    let path = folder.path().join("main.ovsm");
    std::fs::write(&path, "(define (f x) (if (= x true) 1 2))\n(f 1)\n").unwrap();
    lint(folder.path(), &["--fix"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("(= x true)"));
    lint(folder.path(), &["--fix", "--unsafe-fixes"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("(if x 1 2)"));
}

#[test]
fn machines_read_sarif_and_commands() {
    let folder = project();
    let (_, out, _) = lint(folder.path(), &["--error-format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "equals-null");
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "equals-null");
    assert_eq!(result["level"], "warning");
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((region["startLine"].as_u64(), region["startColumn"].as_u64()), (Some(2), Some(3)));
    assert_eq!(region["endColumn"].as_u64(), Some(13));
    assert!(result["partialFingerprints"]["line/v1"].is_string());
    assert_eq!(
        result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"],
        "(null? x)"
    );
    let (_, out, _) = lint(folder.path(), &["main.ovsm", "--error-format", "github"]);
    assert_eq!(
        out,
        "::warning file=main.ovsm,title=equals-null,line=2,endLine=2,col=3,endColumn=13::`null?` asks this\n"
    );
}

#[test]
fn a_file_with_errors_is_reported_and_never_changed() {
    let folder = project();
    let path = folder.path().join("main.ovsm");
    let text = "(define (f x) (= x null))\n(unknown-name (f 1))\n";
    std::fs::write(&path, text).unwrap();
    let (code, out, _) = lint(folder.path(), &["--fix", "--error-format", "short"]);
    assert!(code == Some(1) && out.contains("error[E0101]"), "{out}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn pages_and_the_list_are_at_hand() {
    let folder = project();
    let (code, out, _) = lint(folder.path(), &["--explain", "equals-null"]);
    assert!(code == Some(0) && out.starts_with("# `equals-null`"));
    let (code, _, err) = lint(folder.path(), &["--explain", "equal-null"]);
    assert!(code == Some(2) && err.contains("did you mean"), "{err}");
    assert!(lint(folder.path(), &["--list"]).1.contains("unused-binding"));
}

#[test]
fn levels_count_in_the_order_of_the_command_line() {
    let folder = project();
    let names =
        |arguments: &[&str]| lint(folder.path(), &[arguments, &["--error-format", "short"]].concat()).1;
    assert!(!names(&["-W", "all", "-A", "equals-null"]).contains("equals-null"));
    assert!(names(&["-A", "equals-null", "-W", "all"]).contains("equals-null"));
    assert!(names(&["-A", "all", "-D", "ovsm::equals-null"]).contains("error[equals-null]"));
    // A table has no order: what is said of one lint counts more than what is said of its category.
    let manifest = folder.path().join("spirit.toml");
    std::fs::write(
        &manifest,
        "[package]\nname = \"p\"\n[lints]\n\"ovsm::equals-null\" = \"deny\"\nstyle = \"allow\"\n",
    )
    .unwrap();
    assert!(names(&[]).contains("error[equals-null]"));
}

#[test]
fn comments_name_lints_categories_and_what_is_none() {
    let folder = project();
    let path = folder.path().join("main.ovsm");
    let look = |text: &str| {
        std::fs::write(&path, text).unwrap();
        lint(folder.path(), &["main.ovsm", "--error-format", "short"]).1
    };
    for name in ["equals-null", "ovsm::equals-null", "style", "all"] {
        assert_eq!(look(&format!(";; lint: allow {name}\n{SOURCE}")), "");
    }
    assert_eq!(look(&format!("\u{feff};; lint: allow style\n\n{SOURCE}")), "");
    assert!(look(&format!(";; lint: allow equal-null\n{SOURCE}")).contains("there is no lint `equal-null`"));
    // What only looks like a comment is none.
    assert_eq!(look("(println \"\n;; lint: allow equals-null\n\")\n#|\n;; lint: allow style\n|#\n"), "");
}

#[test]
fn a_result_type_is_no_value() {
    let folder = project();
    let path = folder.path().join("main.ovsm");
    std::fs::write(&path, "(defn f ((x : int)) -> int x)\n(println (f 1) ((fn (x) -> int x) 2))\n").unwrap();
    assert_eq!(lint(folder.path(), &["main.ovsm"]).1, "");
}

#[test]
fn a_call_with_effects_may_stand_twice() {
    let folder = project();
    let path = folder.path().join("main.ovsm");
    std::fs::write(
        &path,
        "(define n 0)\n(define (next) (incf n) (> n 3))\n(println (or (next) (next)) (cond ((next) 1) ((next) 2)))\n\
         (defmacro showx (x) `(println (quote ,x) ,x))\n(showx n)\n",
    )
    .unwrap();
    assert_eq!(lint(folder.path(), &["main.ovsm", "--error-format", "short"]).1, "");
}

#[test]
fn programs_for_solana_are_looked_at_as_texts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("spirit.toml", "[package]\nname = \"p\"\nkind = \"program\"\n");
    write("src/main.ovsm", "(defn f ((x : (option u64))) -> u64 (if (= x null) 1 2))\n(f 1)\n");
    let (code, out, err) = lint(folder.path(), &["--error-format", "short", "--fix"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("[equals-null]") && err.contains("programs for Solana"), "{out}{err}");
    assert!(std::fs::read_to_string(folder.path().join("src/main.ovsm")).unwrap().contains("(= x null)"));
    let check = Command::new(env!("CARGO_BIN_EXE_ovsm"))
        .args(["check", "src"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&check.stderr).contains("`ovsmc check` does that"));
    write("src/main.ovsm", "(define (f x) (g x)\n");
    assert_eq!(lint(folder.path(), &[]).0, Some(1));
}

#[test]
fn security_of_programs_is_looked_at_in_their_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("spirit.toml", "[package]\nname = \"p\"\nkind = \"program\"\n");
    write("src/main.ovsm", "(define n 1)\n(invoke-program 3 [[0 :mut]] [n])\n0\n");
    let (code, out, _) = lint(folder.path(), &["--error-format", "short"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("main.ovsm:2:1: warning[arbitrary-cpi]: account 3 is called"), "{out}");
    assert_eq!(lint(folder.path(), &["-D", "security"]).0, Some(1));
    write(
        "src/main.ovsm",
        "(define n 1)\n;; lint: allow arbitrary-cpi\n(invoke-program 3 [[0 :mut]] [n])\n0\n",
    );
    let (code, out, _) = lint(folder.path(), &["-D", "security", "--error-format", "short"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
}

#[test]
fn programs_that_do_not_compile_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("spirit.toml", "name = \"p\"\nkind = \"program\"\n");
    write(
        "src/main.ovsm",
        "(program p)\n(import pay)\n(instruction a () :accounts ((x : (account Foo))) null)\n",
    );
    write("src/pay.ovsm", "(defn f ((x : u64)) -> u64 (g x))\n(export f)\n");
    let (code, out, err) = lint(folder.path(), &["--error-format", "short"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("main.ovsm:3:44: error[E0101]: `Foo` is not defined"), "{out}");
    assert!(out.contains("pay.ovsm:1:29: error[E0101]: `g` is not defined"), "{out}");
    assert_eq!(out.matches("error").count(), 2, "{out}");
    write("src/main.ovsm", "(program p)\n(instruction a () null)\n");
    std::fs::remove_file(folder.path().join("src/pay.ovsm")).unwrap();
    assert_eq!(lint(folder.path(), &[]).0, Some(0));
}

/// A program in no project is told by its name; the accounts that it declares are named as it names them.
#[test]
fn a_file_that_names_a_program_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = "(program pay)\n(instruction pay ()\n  :accounts ((from : (mut signer)) (called : account))\n  \
                (invoke-program called [[from :mut :signer]] [2u32]))\n";
    std::fs::write(folder.path().join("pay.ovsm"), text).unwrap();
    let (code, out, err) = lint(folder.path(), &["pay.ovsm", "--error-format", "short"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("pay.ovsm:4:3: warning[arbitrary-cpi]: `called` is called"), "{out}");
    // Who defines the word means their own.
    std::fs::write(
        folder.path().join("own.ovsm"),
        "(define (program x) (= x null))\n(define y 1)\n(program y)\n",
    )
    .unwrap();
    let (code, out, err) = lint(folder.path(), &["own.ovsm", "--error-format", "short"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("[equals-null]") && !err.contains("programs for Solana"), "{out}{err}");
}
