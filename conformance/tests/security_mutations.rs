//! The checks that declarations make, one by one: without any of them, a program is reported or does not compile.
//!
//! Each check is taken out of the declaration: `signer` becomes `account`, `:seeds` and `:address` go, `:owner` becomes any,
//! `(account T)` becomes `(raw T)`, `(program key)` becomes `program`, a constraint goes, accounts may repeat. What is not
//! reported then is listed with the reason. Start with `each_check_of_a_declaration_is_missed`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_base::{Diagnostic, FormId};
use ovsm_cst::parse_file;
use ovsm_query::audit::FAMILIES;
use ovsm_query::{Database, audit, diagnostics};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// What is said about a program: lints, or `error` if it does not compile.
fn said(text: &str) -> BTreeSet<String> {
    let mut db = Database::default();
    let file = db.add_file("program.ovsm", text);
    if diagnostics(&db, file).iter().any(Diagnostic::is_error) {
        return BTreeSet::from(["error".to_string()]);
    }
    // What is allowed is allowed for the whole program.
    let found = audit(&db, file).unwrap();
    found
        .into_iter()
        .map(|(finding, ..)| finding.family.name().to_string())
        .filter(|name| !text.contains(&format!("; lint: allow {name}\n")))
        .collect()
}

/// A check that is taken out: what it is, and what stands instead of which parts of the text.
type Change = (String, Vec<(Range<usize>, String)>);

/// All checks of the declared instructions of a program.
fn checks(text: &str) -> Vec<Change> {
    let tree = parse_file(FormId::new("program", "", "", 0), text);
    let range = |node: ovsm_cst::Node<'_>| {
        let range = node.range();
        range.start as usize..range.end as usize
    };
    let mut changes = Vec::new();
    for form in tree.roots(text).filter(|form| form.head() == Some("instruction")) {
        let parts: Vec<_> = form.children().collect();
        let name = parts[1].text();
        let mut at = 3;
        let mut repeats = false;
        while at + 1 < parts.len() && parts[at].as_keyword().is_some() {
            let value = parts[at + 1];
            match parts[at].text() {
                ":repeats" => repeats = true,
                ":constraints" => {
                    let items: Vec<_> = value.children().collect();
                    for pair in items.chunks(2) {
                        let gone = range(pair[0]).start..range(pair[1]).end;
                        let label = pair[0].text().split_whitespace().collect::<Vec<_>>().join(" ");
                        changes.push((format!("{name}: without {label}"), vec![(gone, String::new())]));
                    }
                }
                ":accounts" => {
                    for entry in value.children() {
                        account_checks(text, name, entry.text(), range(entry).start, &mut changes);
                    }
                }
                _ => {}
            }
            at += 2;
        }
        if !repeats {
            let end = range(parts[2]).end;
            changes.push((format!("{name}: with repeats"), vec![(end..end, " :repeats true".to_string())]));
        }
    }
    changes
}

/// The checks of an account of an instruction, from its text and where that stands.
fn account_checks(text: &str, instruction: &str, entry: &str, start: usize, changes: &mut Vec<Change>) {
    let name = entry[1..].split_whitespace().next().unwrap();
    let label = |what: &str| format!("{instruction}: {name} {what}");
    let is_made = entry.contains("(init ");
    if let Some(at) = entry.find("signer)").or_else(|| entry.find("signer ").filter(|at| *at > name.len() + 1)) {
        let gone = start + at..start + at + "signer".len();
        changes.push((label("need not sign"), vec![(gone, "account".to_string())]));
    }
    if let Some(at) = entry.find("(account ").filter(|_| !is_made) {
        let gone = start + at + 1..start + at + 8;
        changes.push((label("may be of any type"), vec![(gone, "raw".to_string())]));
    }
    if let Some(at) = entry.find("(program (") {
        let end = at + entry[at..].find("))").unwrap() + 2;
        changes.push((label("may be any program"), vec![(start + at..start + end, "program".to_string())]));
    }
    let option = |keyword: &str| {
        let at = entry.find(keyword)?;
        let value = at + keyword.len() + 1;
        Some(start + at..start + value + length_of_form(&text[start + value..]))
    };
    if let Some(seeds) = option(":seeds").filter(|_| !is_made) {
        let mut parts = vec![(seeds, String::new())];
        parts.extend(option(":bump").map(|bump| (bump, String::new())));
        changes.push((label("may have any address of the program"), parts));
    }
    if let Some(address) = option(":address") {
        changes.push((label("may have any key"), vec![(address, String::new())]));
    }
    if let Some(owner) = option(":owner").filter(|owner| !text[owner.clone()].ends_with("any")) {
        changes.push((label("may have any owner"), vec![(owner, ":owner any".to_string())]));
    }
}

/// How long the form is that a text begins with.
fn length_of_form(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return at,
            ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            letter if letter.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn programs() -> BTreeMap<String, String> {
    let mut programs = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("spirits/programs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        programs.insert(name, std::fs::read_to_string(path.join("src/main.ovsm")).unwrap());
    }
    for family in FAMILIES {
        let path = root().join(format!("conformance/security/{}.md", family.name()));
        let page = std::fs::read_to_string(path).unwrap();
        for (number, part) in page.split("```ovsm recommended\n").skip(1).enumerate() {
            let text = part.split("\n```").next().unwrap().to_string();
            programs.insert(format!("{} {number}", family.name()), text);
        }
    }
    programs
}

#[test]
fn each_check_of_a_declaration_is_missed() {
    let mut silent = BTreeSet::new();
    let mut number = 0;
    for (program, text) in programs() {
        assert!(said(&text).is_empty(), "{program}");
        for (label, mut parts) in checks(&text) {
            parts.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
            let mut changed = text.clone();
            for (range, new) in parts {
                changed.replace_range(range, &new);
            }
            number += 1;
            let said = said(&changed);
            println!("{program} {label}: {said:?}");
            if said.is_empty() {
                silent.insert(format!("{program} {label}"));
            }
        }
    }
    println!("{number} {}", silent.len());
}
