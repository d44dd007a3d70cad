//! The commands around the interface of a program, as a user meets them: `idl`, `client`, `diff`, `inspect`, `verify`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

const PROGRAM: &str = r#";;; Counts.

(program counter)

(defenum Mode (Up) (Down))

(account Counter
  (authority : pubkey)
  (count : u64)
  (mode : Mode))

(deferror CounterError
  (Unauthorized "not the authority")
  (Low "too low"))

(event Changed (count : u64))

;;; Adds.
(instruction increment ((by : u64))
  :accounts ((counter : (mut (account Counter)))
             (authority : signer))
  :constraints ((= (. counter authority) (key authority)) Unauthorized)
  (incf (. counter count) by)
  (emit (Changed by)))
"#;

struct Output {
    code: Option<i32>,
    out: String,
    err: String,
}

fn ovsmc(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsmc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    Output {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command that has to work.
fn good(folder: &Path, arguments: &[&str]) -> String {
    let result = ovsmc(folder, arguments);
    assert_eq!(result.code, Some(0), "{arguments:?}\n{}", result.err);
    result.out
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.ovsm"), PROGRAM).unwrap();
    folder
}

#[test]
fn the_formats_are_json_and_always_the_same() {
    let folder = folder();
    for format in ["codama", "anchor", "ovsm"] {
        let text = good(folder.path(), &["idl", "old.ovsm", "--format", format]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json.is_object() && text.ends_with("}\n"), "{text}");
        assert_eq!(text, good(folder.path(), &["idl", "old.ovsm", "--format", format]));
        good(folder.path(), &["idl", "old.ovsm", "--format", format, "-o", "out.json"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("out.json")).unwrap(), text);
    }
    let key = "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS";
    let anchor: serde_json::Value = serde_json::from_str(&good(
        folder.path(),
        &["idl", "old.ovsm", "--format", "anchor", "--address", key],
    ))
    .unwrap();
    assert_eq!(anchor["address"], key);
    assert_eq!(anchor["errors"][1]["msg"], "too low");
    assert_eq!(ovsmc(folder.path(), &["idl", "old.ovsm", "--address", "abc"]).code, Some(2));
}

#[test]
fn a_faulty_program_has_no_interface() {
    let folder = folder();
    let broken = PROGRAM.replace("(count : u64)\n", "(count : u65)\n");
    std::fs::write(folder.path().join("broken.ovsm"), broken).unwrap();
    for arguments in [
        &["idl", "broken.ovsm"][..],
        &["client", "broken.ovsm", "--language", "rust", "-o", "client"],
        &["diff", "old.ovsm", "broken.ovsm"],
    ] {
        let result = ovsmc(folder.path(), arguments);
        assert_eq!(result.code, Some(1), "{}", result.err);
        assert!(result.err.contains("u65"), "{}", result.err);
    }
    assert!(!folder.path().join("client").exists());
    assert_eq!(ovsmc(folder.path(), &["idl", "missing.ovsm"]).code, Some(2));
}

#[test]
fn clients_are_folders_of_their_own() {
    let folder = folder();
    for (language, source) in [("typescript", "src/index.ts"), ("rust", "src/lib.rs")] {
        good(folder.path(), &["client", "old.ovsm", "--language", language, "-o", "a/b"]);
        let text = std::fs::read_to_string(folder.path().join("a/b").join(source)).unwrap();
        assert!(text.contains("ncrement"), "{text}");
        assert!(text.contains("too low"), "{text}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let result = ovsmc(folder.path(), &["client", "old.ovsm", "--language", "rust", "-o", "file"]);
    assert_eq!(result.code, Some(2));
    assert!(result.err.contains("E0502"), "{}", result.err);
}

/// The level of a change of the program's text, and all that is said about it.
fn level(folder: &Path, from: &str, to: &str) -> (String, String) {
    let changed = PROGRAM.replace(from, to);
    assert_ne!(changed, PROGRAM, "{from}");
    std::fs::write(folder.join("new.ovsm"), changed).unwrap();
    let result = ovsmc(folder, &["diff", "old.ovsm", "new.ovsm"]);
    let level = result.out.lines().last().unwrap_or_default().to_string();
    assert_eq!(result.code, Some(i32::from(level == "major")), "{}{}", result.out, result.err);
    (level, result.out)
}

#[test]
fn every_change_has_its_level() {
    let folder = folder();
    let same = good(folder.path(), &["diff", "old.ovsm", "old.ovsm"]);
    assert_eq!(same, "the interfaces are the same\n");
    let same = level(folder.path(), "(incf (. counter count) by)", "(incf (. counter count) 1)");
    assert_eq!(same.0, "the interfaces are the same");
    // A body is no part of the interface, but it costs.
    let by = "(incf (. counter count) by)";
    let body = level(folder.path(), by, &by.repeat(2));
    assert_eq!(body.0, "patch");
    assert_eq!(body.1.lines().count(), 3, "{}", body.1);
    assert!(body.1.starts_with("patch  costs: increment "), "{}", body.1);
    let cases = [
        ("patch", ";;; Adds.", ";;; Adds a number.", "documentation"),
        ("patch", "\"too low\"", "\"far too low\"", "message changed"),
        ("minor", "(Low \"too low\")", "(Low \"too low\") (High \"too high\")", "`High`: it is new"),
        ("minor", "(program counter)", "(program other)", "called `other`"),
        (
            "minor",
            "(event Changed (count : u64))",
            "(event Changed (count : u64)) (event More (x : u8))",
            "`More`",
        ),
        (
            "minor",
            "(defenum Mode (Up) (Down))",
            "(defenum Mode (Up) (Down) (Still))",
            "variant `Still` is new",
        ),
        ("minor", "(Low \"too low\")", "(Lower \"too low\")", "that of `Lower` now"),
        ("minor", "(authority : signer)", "(authority : account)", "does not have to sign"),
        (
            "major",
            "(Unauthorized \"not the authority\")\n  (Low \"too low\")",
            "(Low \"too low\")\n  (Unauthorized \"not the authority\")",
            "its code is 6000",
        ),
        ("major", "(defenum Mode (Up) (Down))", "(defenum Mode (Down) (Up))", "variant 0"),
        (
            "major",
            "(defenum Mode (Up) (Down))",
            "(defenum Mode (Up) (Down (by : u16)))",
            "3 bytes, and had 1",
        ),
        (
            "major",
            "  (count : u64)\n  (mode : Mode))",
            "  (mode : Mode)\n  (count : u64))",
            "`count` stands where `mode` stood",
        ),
        ("major", "(mode : Mode))", "(mode : Mode) (bump : u8))", "`bump` is new"),
        ("major", "(authority : signer)", "(authority : (mut signer))", "has to be writable now"),
        (
            "major",
            "(authority : signer)",
            "(authority : signer) (other : account)",
            "needs 3 accounts, and needed 2",
        ),
        (
            "major",
            "increment ((by : u64))",
            "increment ((by : u64) (and-by : u8))",
            "takes 2 arguments, and took 1",
        ),
        (
            "major",
            "(event Changed (count : u64))",
            "(event Changed (count : u64) (more : (array u8 3)))",
            "`more` is new",
        ),
        ("major", "(instruction increment", "(instruction add-up", "instruction `increment`: it is gone"),
    ];
    for (expected, from, to, said) in cases {
        // What a body does with what it declares is not what is compared.
        let body = "  (incf (. counter count) by)\n  (emit (Changed by))";
        let program = PROGRAM.replace(body, "  0").replace(from, to);
        assert_ne!(program, PROGRAM.replace(body, "  0"), "{from}");
        std::fs::write(folder.path().join("new.ovsm"), program).unwrap();
        let result = ovsmc(folder.path(), &["diff", "old.ovsm", "new.ovsm"]);
        assert_eq!(result.out.lines().last(), Some(expected), "{from} → {to}\n{}{}", result.out, result.err);
        assert!(result.out.contains(said), "{from} → {to}\n{}", result.out);
        assert_eq!(result.code, Some(i32::from(expected == "major")));
        // Nothing is a change in both directions and none in one.
        let back = ovsmc(folder.path(), &["diff", "new.ovsm", "old.ovsm", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&back.out).unwrap();
        assert!(json["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{}", back.out);
    }
}

#[test]
fn what_is_allowed_decides_the_exit_code() {
    let folder = folder();
    let minor = PROGRAM.replace("(Low \"too low\")", "(Low \"too low\") (High \"too high\")");
    std::fs::write(folder.path().join("new.ovsm"), minor).unwrap();
    let code = |allow: &str| ovsmc(folder.path(), &["diff", "old.ovsm", "new.ovsm", "--allow", allow]).code;
    assert_eq!([code("patch"), code("minor"), code("major")], [Some(1), Some(0), Some(0)]);
}

#[test]
fn a_version_may_be_a_program_or_a_description() {
    let folder = folder();
    good(folder.path(), &["build", "old.ovsm", "--embed-interface", "-o", "with.so"]);
    good(folder.path(), &["build", "old.ovsm", "-o", "without.so"]);
    good(folder.path(), &["idl", "old.ovsm", "--format", "ovsm", "-o", "old.json"]);
    good(folder.path(), &["idl", "old.ovsm", "--format", "anchor", "-o", "anchor.json"]);
    for old in ["with.so", "old.json", "old.ovsm"] {
        for new in ["with.so", "old.json", "old.ovsm"] {
            assert!(good(folder.path(), &["diff", old, new]).contains("the same"), "{old} {new}");
        }
    }
    std::fs::write(folder.path().join("deep.json"), "[".repeat(100_000)).unwrap();
    std::fs::write(folder.path().join("latin.json"), b"{ \xff }").unwrap();
    for bad in ["without.so", "anchor.json", "latin.json"] {
        let result = ovsmc(folder.path(), &["diff", bad, "old.ovsm"]);
        assert_eq!(result.code, Some(2), "{bad}");
        assert!(result.err.contains("E0506"), "{}", result.err);
    }
    assert!(ovsmc(folder.path(), &["diff", "deep.json", "old.ovsm"]).code.is_some_and(|code| code > 0));
}

/// What is loaded is the same with and without.
#[test]
fn provenance_is_beside_the_program() {
    let folder = folder();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for version in ["v3", "v0"] {
        good(folder.path(), &["build", "old.ovsm", "--sbpf", version, "-o", "with.so"]);
        good(folder.path(), &["build", "old.ovsm", "--sbpf", version, "--no-provenance", "-o", "without.so"]);
        good(folder.path(), &["build", "old.ovsm", "--sbpf", version, "--strip", "-o", "strip.so"]);
        let (with, without) = (read("with.so"), read("without.so"));
        assert_eq!(ovsm_sbpf::loaded_bytes(&with), ovsm_sbpf::loaded_bytes(&without));
        assert!(with.len() - without.len() <= 500, "{} {}", with.len(), without.len());
        assert_eq!(ovsm_sbpf::section(&without, ".ovsm.origin"), None);
        assert_eq!(ovsm_sbpf::section(&read("strip.so"), ".ovsm.origin"), None);
        good(folder.path(), &["build", "old.ovsm", "--sbpf", version, "-o", "again.so"]);
        assert_eq!(with, read("again.so"));
        // Where the source lies is not part of it.
        std::fs::create_dir_all(folder.path().join("some/where")).unwrap();
        std::fs::copy(folder.path().join("old.ovsm"), folder.path().join("some/where/else.ovsm")).unwrap();
        good(folder.path(), &["build", "some/where/else.ovsm", "--sbpf", version, "-o", "moved.so"]);
        assert_eq!(with, read("moved.so"));
        let shown = good(folder.path(), &["inspect", "with.so"]);
        assert!(shown.contains("provenance\n  compiler   "), "{shown}");
        assert!(!good(folder.path(), &["inspect", "without.so"]).contains("provenance"));
        let json: serde_json::Value =
            serde_json::from_str(&good(folder.path(), &["inspect", "with.so", "--json"])).unwrap();
        assert_eq!(json["provenance"]["code_fits"], true);
        assert_eq!(json["provenance"]["options"], serde_json::json!([version, "O2"]));
    }
    let both = ovsmc(folder.path(), &["build", "old.ovsm", "--no-provenance", "--embed-interface"]);
    assert_eq!(both.code, Some(2));
}

#[test]
fn the_lock_file_of_a_project_is_part_of_it() {
    let folder = folder();
    std::fs::create_dir_all(folder.path().join("p/src")).unwrap();
    std::fs::write(folder.path().join("p/src/main.ovsm"), PROGRAM).unwrap();
    std::fs::write(folder.path().join("p/spirit.toml"), "[package]\nname = \"p\"\n").unwrap();
    good(folder.path(), &["build", "p", "-o", "none.so"]);
    std::fs::write(folder.path().join("p/spirit.lock"), "version = 1\n").unwrap();
    good(folder.path(), &["build", "p", "-o", "locked.so"]);
    good(folder.path(), &["verify", "locked.so", "--source", "p"]);
    assert!(good(folder.path(), &["inspect", "locked.so"]).contains("\n  lock       "));
    let result = ovsmc(folder.path(), &["verify", "none.so", "--source", "p"]);
    assert_eq!(result.code, Some(1));
    assert!(result.err.contains("lock files differ"), "{}", result.err);
}

#[test]
fn a_program_is_verified_with_its_own_options() {
    let folder = folder();
    for options in [
        &[][..],
        &["-O0"],
        &["-O3", "--sbpf", "v0"],
        &["--embed-interface"],
        &["--strip"],
        &["--strip", "--sbpf", "v0", "-O1"],
        &["--no-provenance", "-O3"],
    ] {
        let arguments = [&["build", "old.ovsm", "-o", "a.so"], options].concat();
        good(folder.path(), &arguments);
        good(folder.path(), &["verify", "a.so", "--source", "old.ovsm"]);
        // The account of a program may be longer.
        let mut bytes = std::fs::read(folder.path().join("a.so")).unwrap();
        bytes.extend([0; 100]);
        std::fs::write(folder.path().join("a.so"), &bytes).unwrap();
        good(folder.path(), &["verify", "a.so", "--source", "old.ovsm"]);
        let at = bytes.len() - 1;
        bytes[at] = 1;
        std::fs::write(folder.path().join("a.so"), &bytes).unwrap();
        assert_eq!(ovsmc(folder.path(), &["verify", "a.so", "--source", "old.ovsm"]).code, Some(1));
    }
}

#[test]
fn another_source_is_told_and_where() {
    let folder = folder();
    good(folder.path(), &["build", "old.ovsm", "-o", "a.so"]);
    let other = PROGRAM.replace("(incf (. counter count) by)", "(incf (. counter count) 2)");
    std::fs::write(folder.path().join("other.ovsm"), other).unwrap();
    let result = ovsmc(folder.path(), &["verify", "a.so", "--source", "other.ovsm"]);
    assert_eq!(result.code, Some(1));
    for expected in ["E0507", "of the code", "the hashes differ"] {
        assert!(result.err.contains(expected), "{expected}\n{}", result.err);
    }
    assert_eq!(ovsmc(folder.path(), &["verify", "none.so", "--source", "old.ovsm"]).code, Some(2));
    assert_eq!(ovsmc(folder.path(), &["verify", "a.so", "--source", "none.ovsm"]).code, Some(2));
}

/// A byte anywhere in what is loaded is found, without the source and with it.
#[test]
fn changed_code_is_found() {
    let folder = folder();
    good(folder.path(), &["build", "old.ovsm", "--embed-interface", "-o", "a.so"]);
    let bytes = std::fs::read(folder.path().join("a.so")).unwrap();
    let interface = ovsm_sbpf::section(&bytes, ".ovsm.interface").unwrap();
    let start = interface.as_ptr() as usize - bytes.as_ptr() as usize;
    for (at, expected) in [(200, "other code"), (start + interface.len() - 20, "another interface")] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        std::fs::write(folder.path().join("bad.so"), &bad).unwrap();
        let result = ovsmc(folder.path(), &["inspect", "bad.so"]);
        assert_eq!(result.code, Some(1), "{at}: {}", result.out);
        assert!(result.err.contains("E0507") && result.err.contains(expected), "{}", result.err);
        assert_eq!(ovsmc(folder.path(), &["verify", "bad.so", "--source", "old.ovsm"]).code, Some(1));
    }
}

/// A program whose one instruction adds so often, with a limit if one is given.
fn adding(times: usize, limit: Option<u64>) -> String {
    let declared = limit.map_or(String::new(), |limit| format!("(declare (cu-max {limit}))"));
    let add = "(incf (. sum value) by)".repeat(times);
    format!(
        "(program adder)\n(account Sum (value : u64))\n(instruction add ((by : u64))\n  :accounts ((sum : (mut (account \
         Sum))) (who : signer))\n  (declare (allow missing-has-one))\n  {declared}\n  {add})\n"
    )
}

#[test]
fn costs_of_two_versions_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, times: usize, limit: Option<u64>| {
        std::fs::write(path.join(name), adding(times, limit)).unwrap();
    };
    write("old.ovsm", 1, None);
    write("new.ovsm", 3, None);
    let json = |old: &str, new: &str| -> serde_json::Value {
        serde_json::from_str(&ovsmc(path, &["diff", old, new, "--json"]).out).unwrap()
    };
    let found = json("old.ovsm", "new.ovsm");
    let units = |side: &str| found["costs"][0][side]["units"].as_u64().unwrap();
    let (before, now) = (units("old"), units("new"));
    assert!(now > before, "{found}");
    assert_eq!((&found["level"], &found["costs"][0]["instruction"]), (&"patch".into(), &"add".into()));
    let text = ovsmc(path, &["diff", "old.ovsm", "new.ovsm"]);
    assert_eq!(text.code, Some(0));
    assert!(text.out.contains(&format!("costs: add {before} → {now} CU (+")), "{}", text.out);
    // The bound is that of `ovsmc cost`.
    let cost: serde_json::Value = serde_json::from_str(&good(path, &["cost", "new.ovsm", "--json"])).unwrap();
    assert_eq!(cost["declared"][0]["bound"]["units"].as_u64(), Some(now));
    // What was declared is a promise, also in a description and in a built program.
    write("old.ovsm", 1, Some(now - 1));
    good(path, &["idl", "old.ovsm", "--format", "ovsm", "-o", "old.json"]);
    good(path, &["build", "old.ovsm", "--embed-interface", "-o", "old.so"]);
    for old in ["old.ovsm", "old.json", "old.so"] {
        let over = ovsmc(path, &["diff", old, "new.ovsm"]);
        assert_eq!(over.code, Some(1), "{}{}", over.out, over.err);
        assert!(over.out.starts_with("major  costs: add "), "{}", over.out);
        assert_eq!(ovsmc(path, &["diff", old, "new.ovsm", "--allow", "major"]).code, Some(0));
    }
    // The hash of the interface is not that of a build, so that both kinds of files fit.
    assert!(good(path, &["inspect", "old.so"]).contains("that of this file"));
    assert!(!good(path, &["inspect", "old.so"]).contains("NOT that of this file"));
    // A version that goes over its own limit can not be built, so there is nothing to compare.
    write("new.ovsm", 3, Some(now - 1));
    let broken = ovsmc(path, &["diff", "old.ovsm", "new.ovsm"]);
    assert_eq!(broken.code, Some(1));
    assert!(broken.err.contains("E0307"), "{}", broken.err);
}

#[test]
fn a_program_with_modules_of_the_library_is_built_and_verified() {
    let folder = folder();
    let source = "(import std/math)\n(if (math/prime? 97u64) 0 1)\n";
    std::fs::write(folder.path().join("prime.ovsm"), source).unwrap();
    good(folder.path(), &["check", "prime.ovsm"]);
    good(folder.path(), &["build", "prime.ovsm", "-o", "a.so"]);
    good(folder.path(), &["build", "prime.ovsm", "-o", "b.so"]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("a.so"), read("b.so"));
    good(folder.path(), &["verify", "a.so", "--source", "prime.ovsm"]);
    // The module is in the hash of the sources, also if nothing of the program that is loaded comes from it.
    let hash = |source: &str| {
        std::fs::write(folder.path().join("other.ovsm"), source).unwrap();
        good(folder.path(), &["build", "other.ovsm", "-o", "c.so"]);
        let shown = good(folder.path(), &["inspect", "c.so"]);
        shown.lines().find(|line| line.contains("source")).map(str::to_string)
    };
    assert_ne!(hash("0\n"), hash("(import std/math)\n0\n"));
    std::fs::write(folder.path().join("prime.ovsm"), "(import std/math)\n(length (math/digits 205))\n")
        .unwrap();
    for command in ["check", "build"] {
        let refused = ovsmc(folder.path(), &[command, "prime.ovsm"]);
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.err.contains("E0124") && refused.err.contains("`digits` of `std/math`"),
            "{}",
            refused.err
        );
        assert!(refused.err.contains("std/math.ovsm"), "{}", refused.err);
    }
}
