//! The documentation of each built-in function holds: its examples give what they say.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ovsm_conformance::script::run_source;

#[test]
fn examples_give_what_they_say() {
    let mut faults = Vec::new();
    let mut count = 0;
    for native in ovsm_library::table() {
        for (call, result) in native.examples {
            count += 1;
            let shown = run_source("example", call);
            let expected = run_source("result", &format!("(write '{result})"));
            let written =
                shown.end.clone().map(|value| run_source("value", &format!("(write '{value})")).end);
            if shown.end.as_ref().ok() != Some(&result.to_string()) && written != Ok(expected.end.clone()) {
                faults.push(format!(
                    "`{call}` gives {:?} {} {:?}, not {result}",
                    shown.end, shown.message, shown.reported
                ));
            }
        }
    }
    println!("{count} examples");
    assert!(count > 300, "only {count} examples");
    assert!(faults.is_empty(), "{} of {count} examples do not hold:\n{}", faults.len(), faults.join("\n"));
}

/// The reference of the library in the book, made from the table of built-in functions.
fn reference() -> String {
    let mut text = String::from(
        "# Library\n\nThe built-in functions of scripts, by module. Every one can be used without an import; `(import std/math)` makes\n\
         `math/sqrt` a name of it as well. A name in parentheses is another name of the same function. This page is made from the\n\
         table of the built-in functions; each example runs as a test.\n",
    );
    let mut modules: Vec<&str> = ovsm_library::table().iter().map(|native| native.module).collect();
    modules.sort_unstable();
    modules.dedup();
    for module in modules.into_iter().filter(|module| *module != "std/internal") {
        text.push_str(&format!("\n## {module}\n"));
        let mut natives: Vec<_> =
            ovsm_library::table().iter().filter(|native| native.module == module).collect();
        natives.sort_by_key(|native| native.name);
        for native in natives {
            let aliases: Vec<String> = native.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let others =
                if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
            text.push_str(&format!("\n### `{}`{others}\n\n", native.name));
            text.push_str(&format!(
                "`({}`\n\n{}\n",
                format!("{} {}", native.name, native.signature.trim_start_matches('(')).trim(),
                native.doc
            ));
            if !native.examples.is_empty() {
                text.push_str("\n```ovsm\n");
                for (call, result) in native.examples {
                    text.push_str(&format!("{call} ; => {result}\n"));
                }
                text.push_str("```\n");
            }
        }
    }
    text
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
