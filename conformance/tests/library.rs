//! The documentation of the library holds: every function has examples, which give what they say, and every module can
//! be imported with all its names.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ovsm_conformance::script::{Shown, run_source};
use ovsm_document::{Definition, lift_examples};
use ovsm_library::{COMPAT, LibraryModule};

#[test]
fn examples_give_what_they_say() {
    let mut faults = Vec::new();
    let mut count = 0;
    for native in ovsm_library::table() {
        for (call, result) in native.examples {
            count += 1;
            faults.extend(example_fault(call, result, &run_source("example", call)));
        }
    }
    println!("{count} examples");
    assert!(count > 300, "only {count} examples");
    assert!(faults.is_empty(), "{} of {count} examples do not hold:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with an example.
fn example_fault(call: &str, result: &str, shown: &Shown) -> Option<String> {
    let expected = run_source("result", &format!("(write '{result})"));
    let written = shown.end.clone().map(|value| run_source("value", &format!("(write '{value})")).end);
    let holds = shown.end.as_ref().is_ok_and(|end| end == result) || written == Ok(expected.end);
    (!holds).then(|| {
        format!("`{call}` gives {:?} {} {:?}, not {result}", shown.end, shown.message, shown.reported)
    })
}

/// What a module exports that is written in OVSM, with its examples apart.
fn written(module: &LibraryModule) -> Vec<Definition> {
    let mut definitions = match module.source {
        Some(text) => ovsm_document::read(module.name, text).definitions,
        None => Vec::new(),
    };
    definitions.retain(|definition| definition.is_exported);
    definitions.iter_mut().for_each(lift_examples);
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    definitions
}

#[test]
fn what_is_written_in_ovsm_is_documented_and_its_examples_hold() {
    let (mut faults, mut count) = (Vec::new(), 0);
    for module in ovsm_library::modules() {
        for definition in written(module) {
            let name = format!("`{}` of {}", definition.name, module.name);
            if definition.doc.is_empty() {
                faults.push(format!("{name} has no documentation"));
            }
            if definition.examples.is_empty() {
                faults.push(format!("{name} has no example"));
            }
            for example in &definition.examples {
                count += 1;
                let shown = run_source("example", &format!("(import {})\n{}", module.name, example.call));
                faults.extend(example_fault(&example.call, &example.result, &shown));
                if !shown.reported.is_empty() {
                    faults.push(format!("{name}: {:?}", shown.reported));
                }
            }
        }
    }
    println!("{count} examples");
    assert!(count > 150, "only {count} examples");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The modules that the design names, and those that were there before.
#[test]
fn every_module_can_be_imported_with_its_names() {
    let names = "core list string char bytes math decimal object set hash-table json base58 base64 hex borsh time \
                 random io stream format test regex iter compat encoding hash";
    for name in names.split_whitespace() {
        let full = format!("std/{name}");
        let module = ovsm_library::module(&full).unwrap_or_else(|| panic!("there is no {full}"));
        let mut names: Vec<String> = module.names().into_iter().map(str::to_string).collect();
        names.extend(written(module).into_iter().map(|definition| definition.name));
        names.retain(|name| !name.starts_with('#'));
        assert!(!names.is_empty(), "{full} is empty");
        // A macro is no value: it is called in its example.
        let is_macro = |wanted: &String| {
            written(module).iter().any(|it| it.name == *wanted && it.kind == ovsm_document::Kind::Macro)
        };
        let values: Vec<&String> = names.iter().filter(|name| !is_macro(name)).collect();
        let qualified: Vec<String> = values.iter().map(|value| format!("{name}/{value}")).collect();
        let aliased: Vec<String> = values.iter().map(|value| format!("alias/{value}")).collect();
        let bare: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
        for source in [
            format!("(import {full})\n(length (list {}))", qualified.join(" ")),
            format!("(import [{full} :as alias])\n(length (list {}))", aliased.join(" ")),
            format!("(import [{full} :only ({0})])\n(length (list {0}))", bare.join(" ")),
        ] {
            let shown = run_source("import", &source);
            let reported: Vec<_> = shown.reported.iter().take(3).collect();
            assert!(reported.is_empty(), "{full}: {reported:?}");
            assert_eq!(shown.end, Ok(values.len().to_string()), "{full}");
        }
        let other = run_source("import", &format!("(import [{full} :only (no-such-name)])\n1"));
        assert!(!other.reported.is_empty(), "{full} has every name");
    }
}

/// In the chapter of modules, each line with a result gives that, after the lines above it.
#[test]
fn the_chapter_of_modules_holds() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src/reference/modules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (mut faults, mut count) = (Vec::new(), 0);
    for block in page.split("\n```ovsm\n").skip(1) {
        let block = block.split("\n```").next().unwrap_or_default();
        let mut above = String::new();
        for line in block.lines() {
            above.push_str(line);
            above.push('\n');
            if let Some((_, result)) = line.split_once("; => ") {
                count += 1;
                let shown = run_source("chapter", &above);
                if shown.end.as_ref().ok().map(String::as_str) != Some(result) {
                    faults.push(format!("{above}gives {:?} {:?}", shown.end, shown.reported));
                }
            }
        }
    }
    assert!(count > 5, "only {count} results");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The reference of the library in the book, made from the table of built-in functions and from the sources.
fn reference() -> String {
    let mut text = String::from(
        "# Library\n\nThe functions of scripts, by module. What is built in can be used without an import; `(import std/math)` makes\n\
         `math/sqrt` a name of it as well. What is written in OVSM stands at the end of its module, and has to be imported:\n\
         [modules](modules.md) says how. A name in parentheses is another name of the same function. This page is made from the\n\
         table of the built-in functions and from the sources of the library; each example runs as a test.\n",
    );
    let chain = "solana/program";
    let mut modules: Vec<&str> = ovsm_library::modules().iter().map(|module| module.name).collect();
    modules.push(chain);
    modules.sort_unstable();
    for name in modules {
        text.push_str(&format!("\n## {name}\n"));
        let module = ovsm_library::module(name);
        if let Some(module) = module {
            text.push_str(&format!("\n{}\n", module.doc));
        }
        let mut natives: Vec<_> =
            ovsm_library::table().iter().filter(|native| native.module == name).collect();
        natives.sort_by_key(|native| native.name);
        for native in natives {
            let call = format!(
                "({}",
                format!("{} {}", native.name, native.signature.trim_start_matches('(')).trim()
            );
            let examples: Vec<String> =
                native.examples.iter().map(|(call, result)| format!("{call} ; => {result}")).collect();
            text.push_str(&entry(native.name, native.aliases, &call, native.doc, &examples));
        }
        let Some(module) = module else { continue };
        if name == COMPAT {
            text.push_str(&other_names());
        } else if !module.also.is_empty() {
            let also: Vec<String> = module.also.iter().map(|name| format!("`{name}`")).collect();
            text.push_str(&format!("\nThese belong here too: {}.\n", also.join(", ")));
        }
        let definitions = written(module);
        if !definitions.is_empty() {
            text.push_str(&format!("\n**Written in OVSM**, after `(import {name})`:\n"));
        }
        for definition in definitions {
            let examples: Vec<String> = definition
                .examples
                .iter()
                .map(|example| format!("{} ; => {}", example.call, example.result))
                .collect();
            text.push_str(&entry(&definition.name, &[], &definition.signature, &definition.doc, &examples));
        }
    }
    text
}

fn entry(name: &str, aliases: &[&str], call: &str, doc: &str, examples: &[String]) -> String {
    let aliases: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let others = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
    let mut text = format!("\n### `{name}`{others}\n\n`{call}`\n\n{doc}\n");
    if !examples.is_empty() {
        text.push_str(&format!("\n```ovsm\n{}\n```\n", examples.join("\n")));
    }
    text
}

/// The other names of built-in functions, as a table.
fn other_names() -> String {
    let mut rows: Vec<String> = ovsm_library::table()
        .iter()
        .filter(|native| native.module != "solana/program" && !native.aliases.is_empty())
        .flat_map(|native| native.aliases.iter().map(|alias| format!("| `{alias}` | `{}` |", native.name)))
        .collect();
    rows.sort();
    format!("\n| name | main name |\n|---|---|\n{}\n", rows.join("\n"))
}

/// `BLESS=1 cargo test -p ovsm-conformance --test library` writes it.
#[test]
fn the_reference_is_fresh() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src/reference/library.md");
    let expected = reference();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "the library page of the book is not what the table says: run this test with BLESS=1"
    );
}
