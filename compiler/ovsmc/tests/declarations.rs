//! What the declarations of a program say to its callers, and what is reported of them: `check`, `idl`, `client`, `diff`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

const KEY: &str = "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS";
const OTHER: &str = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi";

fn ovsmc(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsmc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// What the checker says of a program: code, place and message of each fault, on a line each.
fn faults(source: &str) -> String {
    let folder = folder();
    std::fs::write(folder.path().join("p.ovsm"), source).unwrap();
    let (_, out, err) = ovsmc(folder.path(), &["check", "--error-format", "short", "p.ovsm"]);
    format!("{out}{err}")
}

fn json(folder: &Path, source: &str, format: &str) -> (Value, String) {
    std::fs::write(folder.join("p.ovsm"), source).unwrap();
    let (code, out, err) = ovsmc(folder, &["idl", "p.ovsm", "--format", format]);
    assert_eq!(code, Some(0), "{err}");
    (serde_json::from_str(&out).unwrap(), err)
}

/// The last line of a comparison, and all of it.
fn diff(old: &str, new: &str) -> (String, String) {
    let folder = folder();
    std::fs::write(folder.path().join("old.ovsm"), old).unwrap();
    std::fs::write(folder.path().join("new.ovsm"), new).unwrap();
    let (code, out, err) = ovsmc(folder.path(), &["diff", "old.ovsm", "new.ovsm"]);
    let level = out.lines().last().unwrap_or_default().to_string();
    assert_eq!(code, Some(i32::from(level == "major")), "{out}{err}");
    (level, out)
}

#[test]
fn faults_of_options_are_shown_where_they_stand() {
    let found = faults(
        "(program p)\n(account A (n : u64))\n(deferror E (Bad \"b\"))\n(instruction a () :accounts ((x : (mut (account A))) (s : signer))\n  \
         :constraints ((= (key s) \"abc\") Bad\n    (. x nope) Bad)\n  null)\n\
         (instruction b () :accounts ((x : (account A) :seeds [\"a\"\n   (. x nix)])\n  (y : account :address\n    (. x nay))) null)",
    );
    for place in ["p.ovsm:5:28: ", "p.ovsm:6:5: ", "p.ovsm:9:4: ", "p.ovsm:11:5: "] {
        assert!(found.contains(place), "{place}\n{found}");
    }
}

const SEEDS: &str = r#"(program p)
(const tag "vault")
(const number 7u16)
(const admin (pubkey "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS"))
(defmacro x-program-id () '(pubkey "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS"))
(defn twice (n) -> u8 (* n 2u8))
(defrecord Pair (left : u32) (right : u32))
(account A (b : u8))
(instruction i ((pair : Pair) (n : u64))
  :accounts ((a : (account A) :seeds [tag b"raw" 5 [1u8 2u8] number (twice 4u8) (bytes tag) admin n] :bump (. a b))
             (b : account :seeds [(program-key) (. pair right) s])
             (c : account :seeds [(+ n 1u64)])
             (d : account :address admin)
             (e : (program (x-program-id)))
             (f : account :owner (x-program-id))
             (s : signer))
  null)
"#;

#[test]
fn seeds_and_addresses_are_values_whatever_their_spelling() {
    let folder = folder();
    let (own, told) = json(folder.path(), SEEDS, "ovsm");
    let accounts = &own["instructions"][0]["accounts"];
    let bytes = |text: &str| serde_json::json!({ "bytes": text });
    let key = serde_json::json!({ "key": KEY });
    let argument = |name: &str| serde_json::json!({ "argument": name });
    assert_eq!(
        accounts[0]["seeds"],
        serde_json::json!([
            bytes("7661756c74"),
            bytes("726177"),
            bytes("0500000000000000"),
            bytes("0102"),
            bytes("0700"),
            bytes("08"),
            bytes("7661756c74"),
            key,
            argument("n")
        ])
    );
    let field = serde_json::json!({ "argument-field": ["pair", "right"] });
    assert_eq!(accounts[1]["seeds"], serde_json::json!(["program", field, { "account": "s" }]));
    assert_eq!(accounts[2]["seeds"], serde_json::json!([{ "expression": "(+ n 1u64)" }]));
    assert!(accounts[2]["computed"].is_string() && accounts[1].get("computed").is_none(), "{accounts}");
    assert_eq!((&accounts[3]["address"], &accounts[4]["address"]), (&KEY.into(), &KEY.into()));
    assert_eq!(accounts[5]["owner"], KEY);
    let note = "note: the account `c` of `i`: only the program can compute the seed `(+ n 1u64)`, so callers have to give its address\n";
    assert_eq!(told, note);
    let (anchor, told) = json(folder.path(), SEEDS, "anchor");
    assert!(
        told.contains("`(program-key)` is the address of the program, which it does not state"),
        "{told}"
    );
    let accounts = &anchor["instructions"][0]["accounts"];
    assert_eq!(accounts[0]["pda"]["seeds"][2]["value"], serde_json::json!([5, 0, 0, 0, 0, 0, 0, 0]));
    let stated = SEEDS.replace("(program p)", &format!("(program p :id \"{OTHER}\")"));
    let (anchor, _) = json(folder.path(), &stated, "anchor");
    let seeds = &anchor["instructions"][0]["accounts"][1]["pda"]["seeds"];
    assert_eq!(seeds[0]["value"].as_array().map(Vec::len), Some(32));
    assert_eq!(seeds[1], serde_json::json!({ "kind": "arg", "path": "pair.right" }));
    let (codama, _) = json(folder.path(), SEEDS, "codama");
    let pdas = codama["program"]["pdas"].as_array().unwrap();
    let seeds = &pdas.iter().find(|pda| pda["name"] == "b").unwrap()["seeds"];
    assert_eq!(seeds[0]["value"]["kind"], "programIdValueNode");
    assert_eq!(seeds[1]["name"], "pairRight");
    for (language, source, wanted) in [
        (
            "rust",
            "src/lib.rs",
            &["pair.right.write(&mut seed_1)", "&[program.as_ref(), &seed_1, s.as_ref()]"][..],
        ),
        (
            "typescript",
            "src/index.ts",
            &["getU32Codec().encode(seeds.pair.right)", ".encode(programAddress)"],
        ),
    ] {
        let (code, _, told) =
            ovsmc(folder.path(), &["client", "p.ovsm", "--language", language, "-o", "client"]);
        assert_eq!(code, Some(0));
        assert!(told.starts_with(note), "{told}");
        let text = std::fs::read_to_string(folder.path().join("client").join(source)).unwrap();
        for wanted in wanted {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }
}

#[test]
fn changes_behind_constants_are_changes() {
    let changed = |from: &str, to: &str| {
        let new = SEEDS.replace(from, to);
        assert_ne!(new, SEEDS, "{from}");
        diff(SEEDS, &new)
    };
    for (from, to, said) in [
        ("(const tag \"vault\")", "(const tag \"vaulu\")", "the account `a` has another derivation"),
        ("7u16)", "7u32)", "the account `a` has another derivation"),
        ("(* n 2u8)", "(* n 3u8)", "the account `a` has another derivation"),
        ("b\"raw\"", "b\"rax\"", "the account `a` has another derivation"),
        ("(. pair right)", "(. pair left)", "the account `b` has another derivation"),
        ("(+ n 1u64)", "(+ n 2u64)", "the account `c` has another demand that the program computes"),
        ("(const admin (pubkey \"Fg", "(const admin (pubkey \"Fh", "the account `d` has another address"),
        ("() '(pubkey \"Fg", "() '(pubkey \"Fh", "the account `f` has another owner"),
    ] {
        let (level, text) = changed(from, to);
        assert_eq!(level, "major", "{text}");
        assert!(text.contains(said), "{text}");
    }
    // Another spelling of the same is no change.
    for (from, to) in [
        ("[tag b\"raw\" 5", "[\"vault\" \"raw\" 5u64"),
        (":address admin", ":address (x-program-id)"),
        ("(+ n 1u64)", "(+ n (- 3u64 2u64))"),
    ] {
        let (level, text) = changed(from, to);
        assert_eq!(level, "the interfaces are the same", "{text}");
    }
}

#[test]
fn another_owner_refuses_what_callers_send() {
    let with =
        |options: &str| format!("(program p)\n(instruction i () :accounts ((x : account{options})) null)");
    let (token, other) = (with(" :owner (token-program-id)"), with(" :owner (token-2022-program-id)"));
    assert_eq!(diff(&token, &other).0, "major");
    assert_eq!(diff(&with(""), &token).0, "major");
    assert_eq!(diff(&token, &with("")).0, "minor");
}
