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
fn what_only_the_program_can_compute_is_told_as_such() {
    // The name of a known program does not say what its function computes.
    let (idl, told) = json(
        folder().path(),
        "(program p)
         (defn memo-program () -> pubkey (if (> (num-accounts) 5) (system-program-id) (program-key)))
         (instruction i () :accounts ((m : (program (memo-program))) (n : account :address (memo-program))) null)",
        "anchor",
    );
    assert_eq!(idl["instructions"][0]["accounts"], serde_json::json!([{ "name": "m" }, { "name": "n" }]));
    assert_eq!(told.matches("only the program can compute the key `(memo-program)`").count(), 2, "{told}");
    // What is checked on some ways only is no demand.
    for leaves in [
        "(when (= n 0u64) (return-from i 0u64))
         (let* ((x (unless (= (key-of a) (the pubkey (system-program-id))) (fail-as :wrong-account)))) 0u64)",
        "(let* ((y (if (= n 0u64) (return-from i 0u64) n))
                (x (unless (= (key-of a) (the pubkey (system-program-id))) (fail-as :wrong-account)))) y)",
    ] {
        let source = format!("(program p)\n(instruction i ((n : u64)) :accounts ((a : account)) {leaves})");
        let (idl, _) = json(folder().path(), &source, "anchor");
        assert_eq!(idl["instructions"][0]["accounts"], serde_json::json!([{ "name": "a" }]), "{leaves}");
    }
    // Code for what is rare makes the same checks.
    let (idl, _) = json(
        folder().path(),
        "(program p)
         (instruction i () :repeats true :unusual (full (= (lamports a) 7))
           :accounts ((a : account) (m : (program (memo-program-id)))) (when full (log :message \"full\")))",
        "anchor",
    );
    let address = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
    assert_eq!(idl["instructions"][0]["accounts"][1]["address"], address);
    // Names that differ behind the sign of macros are two.
    let less = |one: &str, two: &str| {
        format!(
            "(program p)\n(instruction i () :accounts ((a : account :seeds
               [(let ((a__x (num-accounts)) (a__y 7u64)) (-% {one} {two}))])) null)"
        )
    };
    assert_eq!(diff(&less("a__x", "a__y"), &less("a__y", "a__x")).0, "major");
    assert_eq!(diff(&less("a__x", "a__y"), &less("a__x", "a__y")).0, "the interfaces are the same");
    // The loader of the system program owns it.
    let found = faults(
        "(program p)\n(account A (b : u8))
         (instruction i () :accounts ((payer : (mut signer)) (new : (init (account A)) :payer payer)
           (system : account :owner (pubkey \"NativeLoader1111111111111111111111111111111\"))) null)",
    );
    assert_eq!(found, "");
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

/// The first diagnostic with each of some places, and nothing else.
fn said(source: &str, wanted: &[&str]) {
    let found = faults(source);
    let lines: Vec<&str> = found.lines().filter(|line| line.contains(": error[")).collect();
    assert_eq!(lines.len(), wanted.len(), "{found}");
    for wanted in wanted {
        assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}\n{found}");
    }
}

#[test]
fn a_program_has_a_key_for_an_address_and_known_options() {
    said(
        "(program p :id \"notbase58!!\" :verison \"x\")",
        &[
            "p.ovsm:1:16: error[E0201]: this text is no key: `!` is no letter",
            "p.ovsm:1:30: error[E0102]: `:verison`",
        ],
    );
    said("(program p :id \"abc\")", &["1:16: error[E0201]: this text is no key: it has another length"]);
    said("(program p :id 5)", &["1:16: error[E0201]: `5` is no address"]);
    said("(program p :id)", &["1:12: error[E0102]: `:id` needs a value"]);
    said("(program p 5)", &["1:1: error[E0102]: `5` stands where an option"]);
    said(&format!("(program p :id \"{KEY}\" :id \"{KEY}\")"), &["`:id` is given twice"]);
    said(&format!("(program p :id (pubkey \"{KEY}\"))\n(instruction i () null)"), &[]);
}

#[test]
fn codes_of_errors_end() {
    let beyond = "count beyond the last code, 4294967295";
    said("(deferror H :from 4294967295 (Q \"a\") (R \"b\"))", &[beyond]);
    said("(deferror H :from 4294967294 (Q \"a\") (R \"b\"))\n0", &[]);
    // Also where nothing but the low-level form says it.
    said("(program p)\n(declare-errors \"H\" '(:from 4294967295u64 (Q \"a\") (R \"b\")))\n0", &[]);
}

#[test]
fn accounts_and_events_keep_only_what_has_a_place_in_them() {
    let source = "(program p)\n(account Foo (a : string)\n  (b : (vec u64)) (c : u8))\n(event Bar (s : string))\n\
                  (instruction i () :accounts ((n : account)) null)";
    let wanted = [
        "p.ovsm:2:14: error[E0109]: the field `a` of `Foo` is `string`, and an account can not keep a view",
        "p.ovsm:3:3: error[E0109]: the field `b` of `Foo` is `(vec u64)`, and an account can not keep a vec",
        "p.ovsm:4:12: error[E0109]: the field `s` of `Bar` is `string`, and an event can not log a view",
    ];
    said(source, &wanted);
    // Who uses it is not told again.
    said(&source.replace("(n : account)", "(n : (account Foo))"), &wanted);
}

#[test]
fn what_is_no_account_is_told_as_such() {
    for (accounts, wanted) in [
        ("(x)", "`x` is no account: write `(name : type)`"),
        ("((a))", "`(a)` is no account: write `(name : type)`"),
        ("5", "`5` is no list of accounts: write `:accounts ((counter"),
    ] {
        said(&format!("(program p)\n(instruction i () :accounts {accounts} null)"), &[wanted]);
    }
    said("(program p)\n(instruction i (y) null)", &["`y` is no parameter: write `(name : type)`"]);
}

#[test]
fn instructions_have_the_bytes_and_the_name_that_callers_know() {
    let source = |options: &str| {
        format!(
            "(program p)\n(instruction do-it ((n : u64)) :accounts ((a : signer)) {options} (set-return-data n))\n(instruction other () null)"
        )
    };
    let folder = folder();
    for (option, bytes) in [
        (":discriminator [1u8 2u8 3u8 4u8 5u8 6u8 7u8 8u8]", "0102030405060708"),
        (":discriminator b\"\\x01\\x02\\x03\"", "010203"),
        (":discriminator 3u8", "03"),
        // The first bytes of the SHA-256 of `global:apply`.
        (":wire-name \"apply\"", "f8f391186932a2e1"),
    ] {
        let (own, _) = json(folder.path(), &source(option), "ovsm");
        let name = if option.contains("apply") { "apply" } else { "do-it" };
        assert_eq!(
            (&own["instructions"][0]["name"], &own["instructions"][1]["name"]),
            (&name.into(), &"other".into())
        );
        assert_eq!(own["instructions"][0]["discriminator"], bytes, "{own}");
        assert!(own["instructions"][0]["cost"]["units"].is_u64(), "{own}");
        let (code, _, told) =
            ovsmc(folder.path(), &["client", "p.ovsm", "--language", "typescript", "-o", "client"]);
        assert_eq!(code, Some(0), "{told}");
        let text = std::fs::read_to_string(folder.path().join("client/src/index.ts")).unwrap();
        let size = bytes.len() / 2;
        assert!(text.contains(&format!("new Uint8Array({});", size + 8)), "{text}");
        assert!(text.contains(&format!(".write(input.n, data, {size});")), "{text}");
    }
    let level = diff(&source(":discriminator [1u8 2u8]"), &source(":discriminator [1u8 3u8]")).0;
    assert_eq!(level, "major");
    for option in ["[]", "[1u8 2u8 3u8 4u8 5u8 6u8 7u8 8u8 9u8]", "[1 2]", "5", "\"x\""] {
        said(
            &source(&format!(":discriminator {option}")),
            &["`:discriminator` is one byte, as in `3u8`, or up to eight"],
        );
    }
    said(&source(":wire-name 5"), &["`:wire-name` is the name that callers know"]);
    said(
        "(program p)\n(instruction a () :discriminator [1u8 2u8] null)\n(instruction b () :discriminator [1u8 2u8 3u8] null)",
        &["E0212"],
    );
    said(
        "(program p)\n(instruction a () :wire-name \"b\" :discriminator [1u8] null)\n(instruction b () null)",
        &["E0212]: two instructions are called `b`"],
    );
}

#[test]
fn what_the_runtime_always_refuses_is_an_error() {
    const LONG: &str = "abcdefghijklmnopqrstuvwxyzabcdefg";
    let with = |accounts: &str, body: &str| {
        format!(
            "(program p)\n(const tag \"{LONG}\")\n(account A (n : u8))\n(account Big (a : (array u8 10233)))\n(account Fits (a : (array u8 10232)))\n\
                 (instruction i ((v : (array u8 1025)))\n :accounts ({accounts})\n {body})"
        )
    };
    let system = "(sys : (program (system-program-id)))";
    let seeds = |count: usize| vec!["\"a\""; count].join(" ");
    let refused = [
        (
            format!("(x : (account A) :seeds [\"a\" \"{LONG}\"] :bump (. x n))"),
            "null",
            ":7:42: error[E0308]: this seed has 33 bytes",
        ),
        (
            format!("(x : (account A) :seeds [\"a\" \"{LONG}\"])"),
            "null",
            ":7:37: error[E0308]: this seed has 33 bytes",
        ),
        (
            "(x : (account A) :seeds [tag] :bump (. x n))".into(),
            "null",
            ":7:38: error[E0308]: this seed has 33 bytes",
        ),
        (
            format!("(x : (account A) :seeds [{}])", seeds(16)),
            "null",
            ":7:37: error[E0308]: these are 16 seeds, and with the bump",
        ),
        (
            format!("(p : (mut signer)) (x : (init (account Big)) :payer p) {system}"),
            "null",
            ":7:32: error[E0308]: `x` needs 10241 bytes",
        ),
        (
            format!("(p : (mut account)) (x : (init (account A)) :payer p) {system}"),
            "null",
            ":7:64: error[E0308]: `p` pays for `x`, but",
        ),
        (
            "(p : (mut signer)) (x : (init (account A)) :payer p)".into(),
            "null",
            ":7:32: error[E0308]: `x` is made by the system program, which is none",
        ),
        (
            "(x : (mut (account A)) :close x)".into(),
            "null",
            ":7:43: error[E0308]: `x` can not get its own lamports",
        ),
        ("(x : account)".into(), "(set-return-data v)", ":8:19: error[E0308]: this returns 1025 bytes"),
    ];
    for (accounts, body, wanted) in &refused {
        said(&with(accounts, body), &[wanted]);
    }
    let granted = [
        (format!("(x : (account A) :seeds [\"a\" \"{}\"])", &LONG[1..]), "null"),
        (format!("(x : (account A) :seeds [{}])", seeds(15)), "null"),
        (format!("(p : (mut signer)) (x : (init (account Fits)) :payer p) {system}"), "null"),
        ("(p : (mut signer)) (x : (init (account A)) :payer p) (sys : program)".into(), "null"),
        (
            "(p : signer)".into(),
            "(set-return-data (the (array u8 1024) (memory-value (account-data-ptr p))))",
        ),
    ];
    for (accounts, body) in &granted {
        said(&with(accounts, body), &[]);
    }
}

#[test]
fn what_grows_with_each_step_is_not_computed() {
    let step = |n: usize| match n {
        0 => ("(const s0 \"abcdefgh\")".to_string(), "(defn f0 () -> string \"abcdefgh\")".to_string()),
        n => {
            let before = n - 1;
            (
                format!("(const s{n} (str s{before} s{before}))"),
                format!("(defn f{n} () -> string (let ((s (f{before}))) (str s s)))"),
            )
        }
    };
    // 64 MiB each.
    let (constants, functions): (Vec<String>, Vec<String>) = (0..24).map(step).unzip();
    let inner: String = (1..24).map(|n| format!(" (t{n} (str t{} t{}))", n - 1, n - 1)).collect();
    let local = format!("(let* ((t0 \"abcdefgh\"){inner}) t23)");
    for (before, seed) in
        [(constants.join("\n"), "s23"), (functions.join("\n"), "(f23)"), (String::new(), local.as_str())]
    {
        let source = format!(
            "(program p)\n(account A (b : u8))\n{before}\n\
             (instruction i () :accounts ((a : (account A) :seeds [{seed}])) null)"
        );
        assert_eq!(faults(&source), "");
        let (_, told) = json(folder().path(), &source, "codama");
        assert!(told.contains("only the program can compute the seed"), "{told}");
    }
    // What is written out is known, however long it is.
    let long = "x".repeat(100_000);
    let found = faults(&format!(
        "(program p)\n(instruction i () :accounts ((a : account :seeds [\"{long}\"])) null)"
    ));
    assert!(found.contains("E0308"), "{found}");
}
