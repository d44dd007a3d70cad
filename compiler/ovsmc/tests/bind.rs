//! `ovsmc bind`: descriptions of other programs, hostile ones too, become modules that compile.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn ovsmc(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_ovsmc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).to_string(),
        err: String::from_utf8_lossy(&output.stderr).to_string(),
    }
}

/// The module of a description, and what was noted.
fn bind(folder: &Path, idl: &Value) -> (String, String) {
    std::fs::write(folder.join("idl.json"), idl.to_string()).unwrap();
    let ran = ovsmc(folder, &["bind", "idl.json", "-o", "module.ovsm"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let module = std::fs::read_to_string(folder.join("module.ovsm")).unwrap();
    assert_eq!(ovsm_cst::format_source(&module, &ovsm_cst::FormatOptions::default()), module);
    (module, ran.err)
}

/// The parameters that a macro needs.
fn parameters(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let before: Vec<&str> = text.split(" (error ").collect();
    before[..before.len() - 1].iter().map(|part| part.rsplit('(').next().unwrap().to_string()).collect()
}

/// Builds a program with a module pasted into it and an instruction that does something.
fn build(folder: &Path, module: &str, body: &str) -> Ran {
    let text = format!(
        "(program caller)\n{module}\n(instruction act ((n : u64))\n  :accounts ((who : (mut signer)) (other : (mut \
         account)) (third : account))\n  (declare (allow arbitrary-cpi missing-has-one unused-argument))\n  {body})\n"
    );
    std::fs::write(folder.join("caller.ovsm"), text).unwrap();
    ovsmc(folder, &["build", "caller.ovsm", "-o", "caller.so", "--emit", "ir"])
}

const KEY: &str = "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS";

fn anchor() -> Value {
    json!({
        "address": KEY,
        "metadata": { "name": "lend_pool", "version": "0.1.0", "spec": "0.1.0" },
        "docs": ["Lends."],
        "instructions": [
            {
                "name": "open_position", "docs": ["Opens it."], "discriminator": [1, 2, 3, 4, 5, 6, 7, 8],
                "accounts": [
                    { "name": "position", "writable": true },
                    { "name": "owner", "writable": true, "signer": true },
                    { "name": "group", "accounts": [{ "name": "oracle", "optional": true }] }
                ],
                "args": [
                    { "name": "amount", "type": "u64" },
                    { "name": "limit", "type": { "option": "i32" } },
                    { "name": "side", "type": { "defined": { "name": "Side" } } },
                    { "name": "terms", "type": { "defined": { "name": "Terms" } } }
                ]
            },
            { "name": "rename", "discriminator": [9], "accounts": [], "args": [{ "name": "to", "type": { "vec": "string" } }] },
            { "name": "ping", "discriminator": [7], "accounts": [], "args": [] }
        ],
        "types": [
            { "name": "Terms", "type": { "kind": "struct", "fields": [
                { "name": "rates", "type": { "array": ["u16", 2] } },
                { "name": "isOpen", "type": "bool" },
                { "name": "who", "type": "pubkey" }
            ] } },
            { "name": "Side", "type": { "kind": "enum", "variants": [{ "name": "Long" }, { "name": "Short" }] } },
            { "name": "Unused", "type": { "kind": "struct", "fields": [{ "name": "x", "type": { "vec": "u8" } }] } }
        ]
    })
}

const OPEN: &str = "(lend-pool-open-position :position other :owner who :group-oracle third :amount n :side \
                    LendPoolSideShort :terms (LendPoolTerms [1 2] true (key who)))";

#[test]
fn an_idl_of_anchor_becomes_macros() {
    let folder = tempfile::tempdir().unwrap();
    let (module, notes) = bind(folder.path(), &anchor());
    for part in [
        "(defmacro lend-pool-program-id () '(pubkey \"Fg6P",
        "(defrecord LendPoolTerms (rates : (array u16 2)) (is-open : bool) (who : pubkey))",
        ";;; Opens it.",
        "`:group-oracle` is an account; the program itself may stand in its place",
        "0x0807060504030201u64",
    ] {
        assert!(module.contains(part), "`{part}` is not in\n{module}");
    }
    assert!(!module.contains("Unused"), "{module}");
    assert_eq!(notes, "");
    let rename = "(lend-pool-rename :to [(lend-pool-rename-to-item :value \"a\")])";
    let built = build(folder.path(), &module, &format!("{OPEN} {rename}"));
    assert_eq!(built.code, Some(0), "{}", built.err);
    // What is left out is one byte, what is given has its type and place.
    for (more, code, said) in [(" :limit -3", 0, ""), (" :limit n", 1, "i32"), (" :nothing 1", 1, "nothing")]
    {
        let call = OPEN.replacen(" :amount", &format!("{more} :amount"), 1);
        let built = build(folder.path(), &module, &call);
        assert_eq!(built.code, Some(code), "{more}: {}", built.err);
        assert!(built.err.contains(said), "{more}: {}", built.err);
    }
}

#[test]
fn what_does_not_fit_is_an_error_of_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    let (module, _) = bind(folder.path(), &anchor());
    for (from, to, said) in [
        (":amount n", ":amount true", "u64"),
        (":amount n ", "", "`lend-pool-open-position` needs `:amount`"),
        (":position other ", "", "`lend-pool-open-position` needs `:position`"),
        (":position other", ":position third", "mut"),
        ("LendPoolSideShort", "5u8", "LendPoolSide"),
        ("[1 2]", "[1 2 3]", "array"),
    ] {
        let built = build(folder.path(), &module, &OPEN.replacen(from, to, 1));
        assert_eq!(built.code, Some(1), "{from} → {to}");
        assert!(built.err.contains(said), "{from} → {to}: `{said}` is not in {}", built.err);
    }
}

#[test]
fn the_older_format_of_anchor_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let idl = json!({
        "version": "0.1.0", "name": "old_one",
        "instructions": [{
            "name": "setValue",
            "accounts": [{ "name": "state", "isMut": true, "isSigner": false }, { "name": "by", "isMut": false, "isSigner": true }],
            "args": [{ "name": "to", "type": "publicKey" }, { "name": "mode", "type": { "defined": "Mode" } }]
        }],
        "types": [{ "name": "Mode", "type": { "kind": "enum", "variants": [{ "name": "On" }, { "name": "Off" }] } }]
    });
    let (module, notes) = bind(folder.path(), &idl);
    assert_eq!(notes, "");
    // The first eight bytes of the SHA-256 of `global:set_value`.
    assert!(module.contains("[0x"), "{module}");
    let call = "(old-one-set-value :state other :by who :to (key who) :mode OldOneModeOff :program third)";
    let built = build(folder.path(), &module, call);
    assert_eq!(built.code, Some(0), "{}", built.err);
    let missing = build(folder.path(), &module, &call.replace(" :program third", ""));
    assert!(missing.err.contains("needs `:program`"), "{}", missing.err);
}

/// Programs without Anchor, whose tools write the same format, number their instructions.
#[test]
fn instructions_with_a_number_begin_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let with = |discriminant: Value| {
        json!({
            "name": "plain", "metadata": { "address": KEY },
            "instructions": [{ "name": "Go", "accounts": [], "args": [], "discriminant": discriminant }]
        })
    };
    for (ty, value, bytes) in [("u8", 7, "[7u8]"), ("u32", 258, "[2u8 1u8 0u8 0u8]")] {
        let (module, _) = bind(folder.path(), &with(json!({ "type": ty, "value": value })));
        let flat = module.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(bytes), "{module}");
    }
    std::fs::write(folder.path().join("idl.json"), with(json!({ "type": "u8", "value": 256 })).to_string())
        .unwrap();
    let ran = ovsmc(folder.path(), &["bind", "idl.json"]);
    assert!(ran.err.contains("the number that tells it from others can not be read"), "{}", ran.err);
}

#[test]
fn texts_and_lists_are_written_with_their_lengths() {
    let folder = tempfile::tempdir().unwrap();
    let idl = json!({
        "address": KEY, "metadata": { "name": "shop" },
        "instructions": [{
            "name": "offer", "discriminator": [1], "accounts": [{ "name": "shelf", "writable": true }],
            "args": [
                { "name": "data", "type": { "defined": { "name": "Data" } } },
                { "name": "tags", "type": { "vec": { "defined": { "name": "Tag" } } } },
                { "name": "note", "type": { "option": "string" } },
                { "name": "raw", "type": "bytes" }
            ]
        }],
        "types": [
            { "name": "Data", "type": { "kind": "struct", "fields": [
                { "name": "title", "type": "string" },
                { "name": "limit", "type": { "option": "u16" } },
                { "name": "more", "type": { "defined": { "name": "More" } } }
            ] } },
            { "name": "More", "type": { "kind": "struct", "fields": [{ "name": "uri", "type": "string" }] } },
            { "name": "Tag", "type": { "kind": "struct", "fields": [{ "name": "a", "type": "u8" }, { "name": "b", "type": "u16" }] } }
        ]
    });
    let (module, notes) = bind(folder.path(), &idl);
    assert_eq!(notes, "");
    let call = "(shop-offer :shelf other :data-title \"ab\" :data-more-uri (str \"u\" n) :tags [(ShopTag 1 2)] \
                :raw (vec u8))";
    for (more, code, said) in [
        ("", 0, ""),
        (" :note \"x\" :data-limit 3", 0, ""),
        (" :note 5", 1, "string"),
        (" :data-limit true", 1, "u16"),
    ] {
        let built = build(folder.path(), &module, &call.replace(" :raw", &format!("{more} :raw")));
        assert_eq!(built.code, Some(code), "{more}: {}\n{module}", built.err);
        assert!(built.err.contains(said), "{more}: {}", built.err);
    }
}

/// The programs of this repository: each format describes the same call, and Codama and our own say all of it.
#[test]
fn our_own_programs_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spirits/programs");
    let mut count = 0;
    for program in std::fs::read_dir(&programs).unwrap() {
        let program = program.unwrap().path();
        let has_instructions = std::fs::read_to_string(program.join("src/main.ovsm"))
            .is_ok_and(|text| text.contains("\n(instruction "));
        if !has_instructions {
            continue;
        }
        count += 1;
        for format in ["anchor", "codama", "ovsm"] {
            let path = program.to_str().unwrap();
            let written = ovsmc(folder.path(), &["idl", path, "--format", format, "-o", "idl.json"]);
            assert_eq!(written.code, Some(0), "{}", written.err);
            let bound = ovsmc(folder.path(), &["bind", "idl.json"]);
            assert_eq!(bound.code, Some(0), "{path} {format}: {}", bound.err);
            assert!(!bound.err.contains("left out"), "{path} {format}: {}", bound.err);
            let built = build(folder.path(), &bound.out, "(fail-as 17)");
            assert_eq!(built.code, Some(0), "{path} {format}: {}\n{}", built.err, bound.out);
        }
    }
    assert!(count >= 8, "{count}");
}

/// The bytes of a call do not depend on which format described it.
#[test]
fn all_formats_make_the_same_call() {
    let folder = tempfile::tempdir().unwrap();
    let callee = "(program store)\n(defrecord Point (x : i32) (y : i32))\n(account Shelf (owner : pubkey) (count : \
                  u64))\n(instruction put ((at : Point) (count : u64))\n  :accounts ((shelf : (mut (account Shelf))) (owner : \
                  signer))\n  (set! (. shelf count) (+ count (u64 (. at x)))))\n";
    std::fs::write(folder.path().join("store.ovsm"), callee).unwrap();
    let mut made = Vec::new();
    for format in ["anchor", "codama", "ovsm"] {
        let address = ["--address", KEY];
        let arguments = ["idl", "store.ovsm", "--format", format, "-o", "idl.json"];
        assert_eq!(ovsmc(folder.path(), &[&arguments[..], &address].concat()).code, Some(0));
        let bound = ovsmc(folder.path(), &["bind", "idl.json"]);
        let call = "(store-put :shelf other :owner who :at (StorePoint 1 -2) :count n)";
        let built = build(folder.path(), &bound.out, call);
        assert_eq!(built.code, Some(0), "{format}: {}\n{}", built.err, bound.out);
        made.push(std::fs::read_to_string(folder.path().join("caller.ir")).unwrap());
    }
    assert!(made.iter().all(|ir| *ir == made[0]));
}

/// Names that are no symbols, mean something else, end comments or become the same.
#[test]
fn hostile_names_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "if",
        "the",
        "program",
        "signers",
        "null",
        "true",
        "t",
        "let",
        "unquote",
        "größe",
        "a_b",
        "aB",
        "1st",
        "x)) (fail-as 9) ((",
        "\"",
        "\n(defn evil () 1)",
        "",
        "list",
        "error",
        "quote",
        "invoke-program",
        "null?",
    ];
    let arguments: Vec<Value> = words.iter().map(|word| json!({ "name": word, "type": "u8" })).collect();
    let accounts: Vec<Value> = words.iter().map(|word| json!({ "name": word, "writable": true })).collect();
    let idl = json!({
        "address": KEY, "metadata": { "name": "x\") (evil" },
        "docs": ["*/ |# \u{202e} \n(defn evil () 1)\n; => 5"],
        "instructions": [
            { "name": "a_b", "docs": ["(a-b 1) ; => 2"], "discriminator": [1], "accounts": accounts, "args": [] },
            { "name": "aB", "discriminator": [2], "accounts": [], "args": arguments },
            { "name": "program_id", "discriminator": [3], "accounts": [], "args": [] },
        ]
    });
    let (module, notes) = bind(folder.path(), &idl);
    assert!(notes.contains("is called"), "{notes}");
    assert!(!module.contains("\n(defn"), "{module}");
    let taken =
        parameters(module.split("(defmacro x-evil-a-b2 ").nth(1).unwrap().split("(defmacro").next().unwrap());
    assert_eq!(taken.len(), words.len(), "{module}");
    let given: Vec<String> = taken.iter().map(|name| format!(":{name} 1")).collect();
    let calls = format!("(x-evil-a-b2 {}) (x-evil-program-id2)", given.join(" "));
    let built = build(folder.path(), &module, &calls);
    assert_eq!(built.code, Some(0), "{}\n{module}", built.err);
    let taken =
        parameters(module.split("(defmacro x-evil-a-b ").nth(1).unwrap().split("(defmacro").next().unwrap());
    let given: Vec<String> = taken.iter().map(|name| format!(":{name} other")).collect();
    let built = build(folder.path(), &module, &format!("(x-evil-a-b {})", given.join(" ")));
    assert_eq!(built.code, Some(0), "{}\n{module}", built.err);
}

/// A parameter may have the name of any form of the language.
#[test]
fn every_form_can_be_the_name_of_a_parameter() {
    let folder = tempfile::tempdir().unwrap();
    // The table of the forms, as it is written: `"name" "(name …)" …`.
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../eval/src/expand/special.rs");
    let table = std::fs::read_to_string(table).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("    \"")?.split_once("\" \""));
    let arguments: Vec<Value> = rows.map(|(name, _)| json!({ "name": name, "type": "u8" })).collect();
    assert!(arguments.len() > 80);
    for (n, arguments) in arguments.chunks(40).enumerate() {
        let idl = json!({
            "address": KEY, "metadata": { "name": "p" },
            "instructions": [{ "name": "call", "discriminator": [n], "accounts": [], "args": arguments }]
        });
        let (module, _) = bind(folder.path(), &idl);
        let given: Vec<String> = parameters(&module).iter().map(|name| format!(":{name} 1")).collect();
        let built = build(folder.path(), &module, &format!("(p-call {})", given.join(" ")));
        assert_eq!(built.code, Some(0), "{}\n{module}", built.err);
    }
}

#[test]
fn nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut many = anchor();
    many["instructions"] = Value::Array(vec![many["instructions"][2].clone(); 3000]);
    // Each type holds the one before twice: no walk may go through all of that.
    let doubling: Vec<Value> = (0..31)
        .map(|n| {
            let before = json!({ "defined": { "name": format!("T{}", n + 1) } });
            let fields = if n == 30 {
                json!([])
            } else {
                json!([{ "name": "a", "type": before }, { "name": "b", "type": before }])
            };
            json!({ "name": format!("T{n}"), "type": { "kind": "struct", "fields": fields } })
        })
        .collect();
    let with = |ty: Value, types: Value| {
        json!({
            "address": KEY, "metadata": { "name": "p" }, "types": types,
            "instructions": [{ "name": "f", "discriminator": [1], "accounts": [], "args": [{ "name": "x", "type": ty }] }]
        })
    };
    let defined = |name: &str| json!({ "defined": { "name": name } });
    let empty = json!([{ "name": "E", "type": { "kind": "struct" } }]);
    let cases = [
        (json!([1]), "no format that is known"),
        (json!({ "kind": "rootNode" }), "no program"),
        (json!({ "instructions": [] }), "does not say the name"),
        (json!({ "instructions": [], "metadata": { "name": "p" } }), "has no instructions"),
        (json!({ "instructions": 5, "metadata": { "name": "p" } }), "no format that is known"),
        (many, "more than 2048"),
        (with(json!({ "array": ["u8", 20_000] }), json!([])), "more than 10240 bytes"),
        (with(json!({ "array": [defined("E"), 4_000_000_000u64] }), empty), "more than 16384 parts"),
        (
            with(json!({ "array": [{ "array": ["u64", 4000] }, 4_000_000_000u64] }), json!([])),
            "more than 10240 bytes",
        ),
        (with(defined("T0"), Value::Array(doubling)), "more than 16384 parts"),
        (json!({ "format": 1, "name": "p", "instructions": [{}] }), "missing field"),
    ];
    for (idl, said) in cases {
        std::fs::write(folder.path().join("idl.json"), idl.to_string()).unwrap();
        let ran = ovsmc(folder.path(), &["bind", "idl.json"]);
        assert_eq!(ran.code, Some(2), "{said}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(said) && ran.err.contains("E0506"), "`{said}` is not in {}", ran.err);
    }
    for text in ["", "{", "\u{feff}{}", &"[".repeat(100_000), "{\"kind\":\"rootNode\",\"program\":7}"] {
        std::fs::write(folder.path().join("idl.json"), text).unwrap();
        assert_eq!(ovsmc(folder.path(), &["bind", "idl.json"]).code, Some(2), "{text:.20}");
    }
    std::fs::write(folder.path().join("idl.json"), b"{ \xff }").unwrap();
    assert_eq!(ovsmc(folder.path(), &["bind", "idl.json"]).code, Some(2));
    assert_eq!(ovsmc(folder.path(), &["bind", "missing.json"]).code, Some(2));
}

/// Types that programs have no values of, that contain themselves, or that nobody described: the caller gives bytes, which
/// macros make where they can, and all of them compile.
#[test]
fn every_type_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let with = |ty: Value, types: Value| {
        json!({
            "address": KEY, "metadata": { "name": "p" }, "types": types,
            "instructions": [{ "name": "f", "discriminator": [1], "accounts": [], "args": [{ "name": "x", "type": ty }] }]
        })
    };
    let defined = |name: &str| json!({ "defined": { "name": name } });
    let fields = |ty: Value| json!([{ "name": "A", "type": { "kind": "struct", "fields": [{ "name": "x", "type": ty }] } }]);
    let variants = |of: Value| json!([{ "name": "A", "type": { "kind": "enum", "variants": of } }]);
    // Each type holds the next one twice: no walk may go through all of that.
    let doubling: Vec<Value> = (0..31)
        .map(|n| {
            let before = json!({ "defined": { "name": format!("T{}", n + 1) } });
            let fields = match n {
                30 => json!([{ "name": "s", "type": "string" }]),
                _ => json!([{ "name": "a", "type": before }, { "name": "b", "type": before }]),
            };
            json!({ "name": format!("T{n}"), "type": { "kind": "struct", "fields": fields } })
        })
        .collect();
    let deep = |kind: &str| (0..40).fold(json!("u8"), |ty, _| json!({ kind: ty }));
    let deep_array = (0..40).fold(json!("u8"), |ty, _| json!({ "array": [ty, 1] }));
    let text_pair = with(json!({ "array": [defined("A"), 2] }), fields(json!("string")));
    let uneven = json!([{ "name": "X" }, { "name": "Y", "fields": ["u8"] }]);
    let with_array = json!([{ "name": "X" }, { "name": "Y", "fields": [{ "array": ["u8", 4] }] }]);
    let empty = json!([{ "name": "E", "type": { "kind": "struct" } }]);
    let cases = [
        (
            with(defined("Nothing"), json!([])),
            "is the bytes of the value as they are sent (the type `Nothing` is",
            "b\"a\"",
        ),
        (with(json!({ "coption": "u8" }), json!([])), "(programs have no type `coption`)", "[1 2]"),
        (with(json!(7), json!([])), "(its type can not be read)", "(vec u8)"),
        (with(defined("A"), variants(json!([]))), "from 1 to 256 variants", "b\"a\""),
        (with(json!("f64"), json!([])), "`:x` is (array u8 8)", "[0 0 0 0 0 0 0 0]"),
        (with(defined("A"), fields(defined("A"))), "`:x` is PA, which `p-a` makes", "(p-a :x (PA (vec u8)))"),
        (
            with(json!({ "vec": defined("A") }), fields(json!({ "option": defined("A") }))),
            "`:x` is PA, which `p-a` makes, and may be left out",
            "[(p-a :x (p-a)) (p-a)]",
        ),
        (with(json!({ "vec": { "vec": "u8" } }), json!([])), "PFXItemList", "[(p-f-x-item :value [1])]"),
        (with(json!({ "option": { "option": "u8" } }), json!([])), "and may be left out", "(p-f-x :value 3)"),
        (with(json!({ "vec": defined("A") }), fields(json!("string"))), "PAList", "[(p-a :x \"a\")]"),
        (with(json!({ "option": defined("A") }), fields(json!("string"))), "PA,", "(p-a :x \"a\")"),
        (text_pair, "2 times PA", "[(p-a :x \"a\") (p-a :x \"b\")]"),
        (with(json!({ "vec": defined("E") }), empty), "PFXItemList", "[(p-f-x-item :value (PE))]"),
        (with(defined("A"), variants(uneven.clone())), "`:x` is PA\n", "(PaY 3)"),
        (with(json!({ "option": defined("A") }), variants(uneven)), "`:x` is PA, and may", "PaX"),
        (with(defined("A"), variants(with_array)), "`:x` is PA\n", "(PaY [1 2 3 4])"),
        (with(deep_array, json!([])), "nested too deeply", "[(PFXItem (vec u8))]"),
        (with(deep("vec"), json!([])), "nested too deeply", "[]"),
        (with(deep("option"), json!([])), "nested too deeply", "(PFX (vec u8))"),
        (
            with(defined("T0"), Value::Array(doubling)),
            "`:b` is PT30, which `p-t30` makes",
            "(let ((t (p-t30 :s \"a\"))) (p-t0 :a (p-t1 :a (PT2 (vec u8)) :b (PT2 (vec u8))) :b (PT1 (vec u8))))",
        ),
    ];
    for (idl, said, given) in cases {
        let (module, notes) = bind(folder.path(), &idl);
        assert!(!notes.contains("left out"), "{notes}");
        assert!(module.contains(said), "`{said}` is not in\n{module}");
        let built = build(folder.path(), &module, &format!("(p-f :x {given})"));
        assert_eq!(built.code, Some(0), "{given}: {}\n{module}", built.err);
    }
}

#[test]
fn types_without_values_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str| json!({ "name": name, "type": { "kind": "struct", "fields": [{ "name": "s", "type": "string" }] } });
    let list = json!({ "vec": { "defined": { "name": "A" } } });
    let idl = json!({
        "address": KEY, "metadata": { "name": "p" }, "types": [text("A"), text("B")],
        "instructions": [{ "name": "f", "discriminator": [1], "accounts": [], "args": [
            { "name": "x", "type": list }, { "name": "y", "type": { "option": { "defined": { "name": "B" } } } }
        ] }]
    });
    let (module, _) = bind(folder.path(), &idl);
    for (call, code, said) in [
        ("(p-f :x [(p-a :s \"a\")] :y (p-b :s \"b\"))", 0, ""),
        ("(p-f :x (p-a-list) :y null)", 0, ""),
        ("(let ((xs (p-a-list))) (p-a-add xs (p-a :s \"a\")) (p-f :x xs))", 0, ""),
        ("(p-f :x [(p-b :s \"a\")])", 1, "PA"),
        ("(p-f :x [] :y (p-a :s \"b\"))", 1, "PB"),
        ("(p-f :x [(p-a)])", 1, "`p-a` needs `:s`"),
        ("(p-f :x [(p-a :s 5)])", 1, "string"),
        ("(p-f :x [1 2])", 1, "PA"),
        ("(p-f :x (vec u8))", 1, "PAList"),
    ] {
        let built = build(folder.path(), &module, call);
        assert_eq!(built.code, Some(code), "{call}: {}\n{module}", built.err);
        assert!(built.err.contains(said), "{call}: `{said}` is not in {}", built.err);
    }
}

fn in_place() -> Value {
    let field = |name: &str, ty: &str| json!({ "name": name, "type": ty });
    let c = |name: &str, fields: Vec<Value>| {
        json!({
            "name": name, "serialization": "bytemuckunsafe", "repr": { "kind": "c" },
            "type": { "kind": "struct", "fields": fields },
        })
    };
    let order = json!({ "name": "order", "type": { "defined": { "name": "Order" } } });
    let pair = json!({ "name": "pair", "type": { "defined": { "name": "Pair" } } });
    let odd = json!({ "name": "odd", "type": { "defined": { "name": "Odd" } } });
    let ratio = json!({ "name": "ratio", "type": { "defined": { "name": "Ratio" } } });
    let rate = json!({ "name": "rate", "type": { "defined": { "name": "Rate" } } });
    let call = |name: &str, argument: Value| json!({ "name": name, "discriminator": [1, name.len()], "accounts": [], "args": [argument] });
    json!({
        "address": KEY,
        "metadata": { "name": "book", "version": "0.1.0", "spec": "0.1.0" },
        "instructions": [call("put", order), call("pair", pair), call("oddly", odd), call("rates", ratio), call("rated", rate)],
        "types": [
            c("Order", vec![field("side", "u8"), field("price", "u64"), json!({
                "name": "level", "type": { "defined": { "name": "Level" } },
            })]),
            c("Level", vec![field("steps", "u16"), field("total", "u64"), field("count", "u32")]),
            c("Pair", vec![field("low", "u16"), field("high", "u16")]),
            c("Odd", vec![field("low", "u16"), field("high", "u8")]),
            c("Ratio", vec![field("of", "u32"), field("is", "f64")]),
            c("Rate", vec![field("of", "u64"), field("is", "f64"), field("low", "f32"), field("high", "u32")]),
        ]
    })
}

/// What lies in memory as C places it becomes an aligned record, if that has the same bytes.
#[test]
fn records_of_c_are_aligned_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (module, notes) = bind(folder.path(), &in_place());
    for part in [
        "(defrecord BookLevel :align 8 (steps : u16) (total : u64) (count : u32))",
        "(defrecord BookOrder :align 8 (side : u8) (price : u64) (level : BookLevel))",
        "(defrecord BookPair (low : u16) (high : u16))",
        // Numbers that programs do not compute with are bytes, where they are no bytes for C.
        "(defrecord BookRate :align 8 (of : u64) (is : (array u8 8)) (low : (array u8 4)) (high : u32))",
    ] {
        assert!(
            module.split_whitespace().collect::<Vec<_>>().join(" ").contains(part),
            "`{part}` is not in\n{module}"
        );
    }
    assert_eq!(notes.matches("left out").count(), 0, "{notes}");
    assert!(module.contains("in `Odd`"), "{module}");
    assert!(module.contains("(in `Ratio`, its fields lie where C places them, in 16 bytes"), "{module}");
    assert!(module.contains("in 4 bytes, and no record of ours has them there"), "{module}");
    let put = "(book-put :order (BookOrder 1u8 n (BookLevel 2u16 n 3u32)))";
    let built = build(folder.path(), &module, put);
    assert_eq!(built.code, Some(0), "{}", built.err);
    // Our own description of the same layout says it by itself.
    let text = "(program book :id \"9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\")
                (defrecord Level :align 8 (steps : u16) (total : u64))
                (defrecord Tight (tag : u8) (level : Level))
                (instruction put ((level : Level) (tight : Tight)) :accounts () 0)";
    std::fs::write(folder.path().join("book.ovsm"), text).unwrap();
    let told = ovsmc(folder.path(), &["idl", "book.ovsm", "--format", "ovsm"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let (module, notes) = bind(folder.path(), &serde_json::from_str(&told.out).unwrap());
    assert_eq!(notes.matches("left out").count(), 0, "{notes}");
    assert!(module.contains("(defrecord BookLevel :align 8 (steps : u16) (total : u64))"), "{module}");
    assert!(module.contains("(defrecord BookTight (tag : u8) (level : BookLevel))"), "{module}");
}

#[test]
fn a_type_of_another_program_is_none_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let described = |link: Value| {
        json!({
            "kind": "rootNode", "program": {
                "name": "x", "publicKey": KEY,
                "definedTypes": [{ "kind": "definedTypeNode", "name": "fee", "type": { "kind": "numberTypeNode", "format": "u8", "endian": "le" } }],
                "instructions": [{ "name": "go", "accounts": [], "arguments": [{ "name": "p", "type": link }] }],
            }
        })
    };
    let (own, _) = bind(folder.path(), &described(json!({ "kind": "definedTypeLinkNode", "name": "fee" })));
    assert!(!own.contains("the bytes of the value"), "{own}");
    let other = json!({
        "kind": "definedTypeLinkNode", "name": "fee", "program": { "kind": "programLinkNode", "name": "other" },
    });
    let (module, _) = bind(folder.path(), &described(other));
    assert!(module.contains("its type is described by another program"), "{module}");
}

#[test]
fn a_short_description_makes_no_endless_module() {
    let folder = tempfile::tempdir().unwrap();
    let accounts: Vec<Value> = (0..64).map(|n| json!({ "name": format!("a{n}") })).collect();
    let call = |n: usize| json!({ "name": format!("call-{n}"), "discriminator": [1], "accounts": accounts, "args": [] });
    let calls: Vec<Value> = (0..2000).map(call).collect();
    let idl = json!({ "address": KEY, "metadata": { "name": "p" }, "instructions": calls, "types": [] });
    std::fs::write(folder.path().join("p.json"), idl.to_string()).unwrap();
    let made = ovsmc(folder.path(), &["bind", "p.json"]);
    assert_eq!(made.code, Some(2), "{}", made.err);
    assert!(made.err.contains("its module would have more than 8388608 bytes"), "{}", made.err);
}

/// Types with parameters are one type for each of what is given for these.
#[test]
fn types_with_parameters_are_made_for_what_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, given: Value| json!({ "defined": { "name": name, "generics": given } });
    let ty = |ty: Value| json!([{ "kind": "type", "type": ty }]);
    let parameter = json!([{ "kind": "type", "name": "T" }]);
    let generic = json!({ "generic": "T" });
    let idl = |arguments: Value| {
        json!({
            "address": KEY, "metadata": { "name": "p" },
            "instructions": [{ "name": "f", "discriminator": [1], "accounts": [], "args": arguments }],
            "types": [
                { "name": "Row", "generics": [{ "kind": "type", "name": "T" }, { "kind": "const", "name": "N", "type": "usize" }],
                  "type": { "kind": "struct", "fields": [{ "name": "all", "type": { "array": [generic, { "generic": "N" }] } }] } },
                { "name": "Maybe", "generics": parameter, "type": { "kind": "enum", "variants": [
                    { "name": "Nothing" }, { "name": "Just", "fields": [generic] } ] } },
                // Of itself, larger each time.
                { "name": "Tower", "generics": parameter, "type": { "kind": "struct", "fields": [
                    { "name": "up", "type": { "option": of("Tower", ty(json!({ "tuple": [generic, generic] }))) } } ] } }
            ]
        })
    };
    let row = |item: &str, length: &str| {
        of("Row", json!([{ "kind": "type", "type": item }, { "kind": "const", "value": length }]))
    };
    let arguments = json!([
        { "name": "a", "type": row("u16", "2") },
        { "name": "b", "type": row("u8", "3") },
        { "name": "c", "type": of("Maybe", ty(json!("u64"))) },
        { "name": "d", "type": { "option": of("Maybe", ty(json!("string"))) } },
        { "name": "e", "type": of("Maybe", ty(row("u16", "2"))) },
        { "name": "again", "type": row("u16", "2") }
    ]);
    let (module, notes) = bind(folder.path(), &idl(arguments));
    assert_eq!(notes, "");
    let call = "(p-f :a (PRowU162 [1 2]) :b (PRowU83 [1 2 3]) :c (PmaybeU64Just 5) :d (p-maybe-string-just :item-1 \"x\") :e \
                PmaybeRowU162Nothing :again (PRowU162 [3 4]))";
    let built = build(folder.path(), &module, call);
    assert_eq!(built.code, Some(0), "{}\n{module}", built.err);
    let built =
        build(folder.path(), &module, &call.replace(":again (PRowU162 [3 4])", ":again (PRowU83 [3 4 5])"));
    assert_eq!(built.code, Some(1), "{}", built.err);
    for (given, said) in [
        (of("Tower", ty(json!("u8"))), "what is given for a parameter is too large"),
        (of("Row", ty(json!("u8"))), "its type has other parameters, or too many"),
        (
            of("Row", json!([{ "kind": "type", "type": "u8" }, { "kind": "const", "value": "many" }])),
            "can not be read",
        ),
        (json!({ "generic": "T" }), "a parameter of its type is not given"),
        (of("Nothing", ty(json!("u8"))), "its type has other parameters"),
    ] {
        let (module, _) = bind(folder.path(), &idl(json!([{ "name": "x", "type": given }])));
        assert!(module.contains(said), "`{said}` is not in\n{module}");
        let built = build(folder.path(), &module, "(fail-as 17)");
        assert_eq!(built.code, Some(0), "{}\n{module}", built.err);
    }
}
