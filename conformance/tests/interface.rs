//! What is made of the interfaces of programs: descriptions for other tools and clients. The files that are committed are
//! what the compiler writes now; `conformance/onchain` and `conformance/typescript` compile and use the clients.
//!
//! `BLESS=1 cargo test -p ovsm-conformance --test interface` writes them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_interface::model::{DataType, Seed};
use ovsm_interface::{Interface, anchor, codama, rust, typescript};
use ovsm_query::{Database, diagnostics, interface};
use std::path::{Path, PathBuf};

/// The programs, by the names of their files and folders.
const PROGRAMS: &[(&str, &str)] = &[
    ("counter", "spirits/programs/counter/src/main.ovsm"),
    ("vault", "spirits/programs/vault/src/main.ovsm"),
    ("registry", "conformance/interface/registry.ovsm"),
    ("hostile", "conformance/interface/hostile.ovsm"),
    ("order-book", "conformance/interface/order-book.ovsm"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn interface_of(text: &str) -> Interface {
    let mut db = Database::default();
    let file = db.add_file("test.ovsm", text);
    assert_eq!(diagnostics(&db, file), &Vec::new());
    interface(&db, file).clone()
}

fn interface_of_file(path: &str) -> Interface {
    interface_of(&std::fs::read_to_string(root().join(path)).unwrap())
}

fn files(name: &str, interface: &Interface) -> Vec<(PathBuf, String)> {
    let folder = root().join("conformance");
    let mut files = vec![
        (folder.join(format!("interface/{name}.codama.json")), codama::write(interface)),
        (folder.join(format!("interface/{name}.anchor.json")), anchor::write(interface)),
        (folder.join(format!("interface/{name}.interface.json")), interface.to_pretty_text()),
    ];
    for (path, text) in rust::write(interface) {
        files.push((folder.join("onchain/clients").join(name).join(path), text));
    }
    for (path, text) in typescript::write(interface) {
        files.push((folder.join("typescript/clients").join(name).join(path), text));
    }
    files
}

#[test]
fn the_files_are_fresh() {
    let mut stale = Vec::new();
    for (name, path) in PROGRAMS {
        for (path, text) in files(name, &interface_of_file(path)) {
            if std::env::var_os("BLESS").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            if std::fs::read_to_string(&path).unwrap_or_default() != text {
                stale.push(path);
            }
        }
    }
    assert!(stale.is_empty(), "not what the compiler writes, run this test with BLESS=1: {stale:#?}");
}

#[test]
fn anchors_own_reader_understands_every_word() {
    for (name, path) in PROGRAMS {
        let text = anchor::write(&interface_of_file(path));
        let read: anchor_lang_idl_spec::Idl = serde_json::from_str(&text).unwrap();
        // What it does not know would be lost on the way.
        let again = serde_json::to_value(&read).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), again, "{name}");
        assert_eq!(read.metadata.spec, anchor_lang_idl_spec::IDL_SPEC);
        let types: Vec<&str> = read.types.iter().map(|it| it.name.as_str()).collect();
        for name in read.accounts.iter().map(|it| &it.name).chain(read.events.iter().map(|it| &it.name)) {
            assert!(types.contains(&name.as_str()), "{name} has no type");
        }
    }
}

/// Bytes that a program in Rust uses where they lie are those of types that C has, and that nothing reads in another way.
#[test]
fn aligned_records_are_used_in_place() {
    let interface = interface_of_file("conformance/interface/order-book.ovsm");
    let aligned: Vec<&str> =
        interface.types.iter().filter(|it| it.aligned).map(|it| it.name.as_str()).collect();
    assert_eq!(aligned, ["Order", "Level"]);
    let read: anchor_lang_idl_spec::Idl = serde_json::from_str(&anchor::write(&interface)).unwrap();
    let c = anchor_lang_idl_spec::IdlRepr::C(anchor_lang_idl_spec::IdlReprModifier {
        packed: false,
        align: None,
    });
    let in_place: Vec<&str> =
        read.types.iter().filter(|it| it.repr == Some(c.clone())).map(|it| it.name.as_str()).collect();
    // `Order` is an argument, and a `Book` has one.
    assert_eq!(in_place, ["Market", "Level"]);
    // What lies between the fields is written out, for readers that know nothing else.
    let text = interface.to_text();
    assert!(text.contains("\"aligned\":true"), "{text}");
    let book = interface.account("Book").unwrap();
    let offsets: Vec<u32> = book.fields.iter().map(|field| field.offset).collect();
    assert_eq!((offsets.as_slice(), book.size), (&[8, 9, 48, 56, 128][..], 136));
    assert_eq!(interface.account("Slot").unwrap().size, 8 + 1 + 24 + 1);
    let client = typescript::write(&interface).remove(1).1;
    let codec = "getStructCodec([['side', fixCodecSize(getU8Codec(), 8)], ['price', getU64Codec()], ['amount', fixCodecSize(getU32Codec(), 8)]])";
    assert!(client.contains(codec), "{client}");
}

/// What links name exists, and every layout adds up.
#[test]
fn codama_nodes_refer_to_nodes() {
    fn walk<'a>(node: &'a serde_json::Value, visit: &mut dyn FnMut(&'a serde_json::Value)) {
        visit(node);
        match node {
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
            serde_json::Value::Object(items) => items.values().for_each(|item| walk(item, visit)),
            _ => {}
        }
    }
    for (_, path) in PROGRAMS {
        let root: serde_json::Value = serde_json::from_str(&codama::write(&interface_of_file(path))).unwrap();
        let mut defined = Vec::new();
        let mut linked = Vec::new();
        walk(&root, &mut |node| match node["kind"].as_str() {
            Some("definedTypeNode" | "pdaNode") => defined.push(node["name"].clone()),
            Some("definedTypeLinkNode" | "pdaLinkNode") => linked.push(node["name"].clone()),
            _ => {}
        });
        for name in linked {
            assert!(defined.contains(&name), "{path}: {name}");
        }
    }
}

#[test]
fn every_declaration_is_told() {
    let registry = interface_of_file("conformance/interface/registry.ovsm");
    assert_eq!(registry.name, "name-registry");
    assert_eq!(registry.address.as_deref(), Some("Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS"));
    assert!(registry.docs[0].starts_with("A registry of names"));
    let entry = registry.account("Entry").unwrap();
    assert_eq!(entry.docs, ["One name.", "Its owner may change it."]);
    assert_eq!(entry.fields.last().map(|field| field.offset + field.size), Some(entry.size));
    let errors: Vec<(&str, u32, Option<&str>)> =
        registry.errors.iter().map(|it| (it.name.as_str(), it.code, it.message.as_deref())).collect();
    assert_eq!(errors[1], ("Closed", 6001, Some("the entry is \"closed\"")));
    assert_eq!(errors[2], ("Unexplained", 6002, None));
    let [change, rename] = registry.instructions.as_slice() else { panic!("{registry:#?}") };
    assert_eq!(change.arguments[1].ty, DataType::Option(Box::new(DataType::Integer(false, 64))));
    assert!(change.accounts[0].writable && change.accounts[1].signer);
    let seeds = rename.accounts[0].seeds.clone().unwrap();
    let expected =
        [Seed::Bytes(b"entry".to_vec()), Seed::Account("owner".into()), Seed::Argument("number".into())];
    assert_eq!(seeds, expected);
    // The bump is on chain; callers find theirs.
    assert_eq!(rename.accounts[0].options, [("bump".to_string(), "(. entry bump)".to_string())]);
    let child = rename.accounts[3].seeds.clone().unwrap();
    assert_eq!(child[1], Seed::AccountField("entry".into(), "owner".into()));
    assert_eq!(child[2], Seed::Expression("(+ 1 2)".into()));
    assert!(!rename.accounts[3].is_derivable());
    assert_eq!(rename.accounts[4].address.as_deref(), Some("11111111111111111111111111111111"));
    assert!(rename.accounts[5].optional);
    assert_eq!(rename.accounts[5].options, [("colour".to_string(), "red".to_string())]);
    let [made, fresh, token, clock, closed] = &rename.accounts[6..] else { panic!("{rename:#?}") };
    let rent = "SysvarRent111111111111111111111111111111111".to_string();
    let seeds = [
        Seed::Bytes(b"made".to_vec()),
        Seed::Bytes(vec![2, 1]),
        Seed::Account("owner".into()),
        Seed::Key(rent),
    ];
    assert_eq!(made.seeds.as_deref(), Some(&seeds[..]));
    assert!(made.writable && !made.signer && made.account.as_deref() == Some("Settings"));
    // What is made at no derived address signs for it.
    assert!(fresh.writable && fresh.signer);
    assert_eq!(token.address.as_deref(), Some("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"));
    assert_eq!(clock.address.as_deref(), Some("SysvarC1ock11111111111111111111111111111111"));
    assert_eq!(closed.options, [("close".to_string(), "owner".to_string())]);
}

#[test]
fn a_program_without_declarations_offers_nothing() {
    let nothing = interface_of("(sol_log_ \"hello\") 0");
    assert!(nothing.is_empty());
    assert!(anchor::write(&nothing).contains("\"instructions\": []"));
    assert_eq!(Interface::from_text(&nothing.to_text()), Ok(nothing));
}

/// An edit of a body leaves the interface as it is; an edit of what is declared does not.
#[test]
fn the_interface_follows_the_text() {
    let text = std::fs::read_to_string(root().join("spirits/programs/counter/src/main.ovsm")).unwrap();
    let before = interface_of(&text);
    let body = text.replace("(+ (. counter count) by)", "(- (. counter count) by)");
    assert_ne!(body, text);
    assert_eq!(interface_of(&body).hash(), before.hash());
    let field = text.replace("(count : u64))", "(count : u32))");
    assert_ne!(field, text);
    let mut db = Database::default();
    let file = db.add_file("test.ovsm", field);
    assert_ne!(interface(&db, file).hash(), before.hash());
    let documentation = text.replace(";;; Adds to", ";;; Subtracts from");
    assert_ne!(interface_of(&documentation).hash(), before.hash());
}

/// Names that other languages can not have, and names that become the same. The clients are compiled.
#[test]
fn hostile_names_become_other_names() {
    let interface = interface_of_file("conformance/interface/hostile.ovsm");
    let client = rust::write(&interface).remove(1).1;
    let expected = [
        "pub struct Option_ {",
        "pub type_: u8",
        "pub a_b2: u8",
        "pub struct Pubkey_ {",
        "pub gruf6udfe: u8",
    ];
    for expected in expected {
        assert!(client.contains(expected), "{expected}\n{client}");
    }
    let client = typescript::write(&interface).remove(1).1;
    for expected in
        ["export type Option_ = {", "export type Address_ = {", "ERROR_IS = 6000", "ERROR_IS2 = 6001"]
    {
        assert!(client.contains(expected), "{expected}\n{client}");
    }
    let read: anchor_lang_idl_spec::Idl = serde_json::from_str(&anchor::write(&interface)).unwrap();
    assert_eq!(read.metadata.name, "x2_fast");
}

/// What comes from a file may be anything: it is refused, or it can be compared and written.
#[test]
fn damaged_descriptions_do_no_harm() {
    let good = interface_of_file("conformance/interface/registry.ovsm");
    let text = good.to_text().into_bytes();
    let (mut refused, mut different) = (0, 0);
    for at in (0..text.len()).step_by(13) {
        for byte in [b'0', b'9', b'"', b'-', b'x', 0xc3] {
            let mut bytes = text.clone();
            bytes[at] = byte;
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            match Interface::from_text(text) {
                Ok(read) => {
                    different += usize::from(!ovsm_interface::diff::compare(&good, &read).is_empty());
                    assert!(!codama::write(&read).is_empty() && !anchor::write(&read).is_empty());
                    assert_eq!(rust::write(&read).len(), typescript::write(&read).len());
                }
                Err(reason) => {
                    assert!(!reason.is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100 && different > 100, "{refused} {different}");
}

fn names_and_sizes(interface: &Interface) -> Vec<(&str, u32)> {
    interface.types.iter().map(|named| (named.name.as_str(), named.size)).collect()
}

#[test]
fn an_instance_of_a_generic_type_has_a_name_of_its_own() {
    let interface = interface_of(
        "(program p)
         (defrecord (Pair 'a 'b) (first : 'a) (second : 'b))
         (defenum (Maybe 'a) (Some (value : 'a)) Nothing)
         (defrecord PairU8U8 (x : u64))
         (account Vault (limits : (Pair u16 (Pair u8 u8))) (last : (Maybe (option u8))) (x : PairU8U8))
         (instruction set ((p : (Pair u8 u8)) (q : (Pair u8 (array (Maybe u64) 3)))) :accounts () 0)",
    );
    let found = names_and_sizes(&interface);
    let wanted = [
        ("PairU8U8", 2),
        ("PairU16PairU8U8", 4),
        ("MaybeOptionU8", 3),
        ("main-PairU8U8", 8),
        ("MaybeU64", 9),
        ("PairU8ArrayMaybeU64x3", 28),
    ];
    assert_eq!(found, wanted);
    let text = anchor::write(&interface);
    let _: anchor_lang_idl_spec::Idl = serde_json::from_str(&text).unwrap();
}

#[test]
fn types_of_one_name_in_two_modules_are_two_types() {
    let mut db = Database::default();
    let text = "(program p)
         (import [shapes :as s])
         (defrecord Pair (x : u64))
         (account Vault (own : Pair) (other : s/Pair) (again : Pair))";
    let file = db.add_file("test.ovsm", text);
    db.add_module(file, "shapes", "shapes.ovsm", "(pub (defrecord Pair (a : u8) (b : u8)))");
    assert_eq!(diagnostics(&db, file), &Vec::new());
    let interface = interface(&db, file);
    assert_eq!(names_and_sizes(interface), [("Pair", 8), ("shapes-Pair", 2)]);
    let sizes: Vec<u32> = interface.accounts[0].fields.iter().map(|field| field.size).collect();
    assert_eq!(sizes, [8, 2, 8]);
}
