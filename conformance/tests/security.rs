//! The security lints: of each family, programs that are insecure give exactly its finding, and programs that are secure or
//! as they are recommended give none; nor does any program of this repository that is meant to be used.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_base::Diagnostic;
use ovsm_query::audit::FAMILIES;
use ovsm_query::{Database, audit, diagnostics};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The names of what is found in a program, and its errors.
fn found(text: &str) -> (BTreeSet<&'static str>, Vec<String>) {
    let mut db = Database::default();
    let file = db.add_file("program.ovsm", text);
    let errors = diagnostics(&db, file)
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(|diagnostic: &Diagnostic| diagnostic.message.clone())
        .collect();
    (audit(&db, file).iter().flatten().map(|(finding, ..)| finding.family.name()).collect(), errors)
}

fn fences(page: &str) -> Vec<(String, String)> {
    page.split("\n```")
        .skip(1)
        .step_by(2)
        .map(|piece| piece.split_once('\n').unwrap())
        .map(|(kind, text)| (kind.to_string(), text.to_string()))
        .collect()
}

#[test]
fn insecure_programs_are_reported_and_secure_ones_are_not() {
    let mut faults = Vec::new();
    for family in FAMILIES {
        let path = root().join(format!("conformance/security/{}.md", family.name()));
        let page =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let fences = fences(&page);
        for kind in ["ovsm insecure", "ovsm secure", "ovsm recommended"] {
            assert!(fences.iter().any(|(found, _)| found == kind), "{} has no {kind}", family.name());
        }
        for (kind, text) in fences {
            let (names, errors) = found(&text);
            let expected: BTreeSet<&str> = match kind.as_str() {
                "ovsm insecure" => BTreeSet::from([family.name()]),
                _ => BTreeSet::new(),
            };
            if names != expected || !errors.is_empty() {
                faults.push(format!("{}, {kind}: {names:?} {errors:?}\n{text}", family.name()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Lines of secure programs that end in `; check` are what makes them secure: without any of them, the family is found.
#[test]
fn without_a_check_secure_programs_are_reported() {
    let mut faults = Vec::new();
    for family in FAMILIES {
        let page = std::fs::read_to_string(root().join(format!("conformance/security/{}.md", family.name())));
        let mut checks = 0;
        for (kind, text) in fences(&page.unwrap()).iter().filter(|(kind, _)| kind == "ovsm secure") {
            let lines: Vec<&str> = text.lines().collect();
            for place in (0..lines.len()).filter(|place| lines[*place].ends_with("; check")) {
                let mut less = lines.clone();
                less.remove(place);
                let (names, errors) = found(&less.join("\n"));
                if names != BTreeSet::from([family.name()]) || !errors.is_empty() {
                    let fault =
                        format!("{}, {kind}: {names:?} {errors:?}\n{}", family.name(), less.join("\n"));
                    faults.push(fault);
                }
                checks += 1;
            }
        }
        // What makes seeds right is no line of its own.
        assert!(checks > 0 || family.name() == "pda-sharing", "{} has no marked check", family.name());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn our_own_programs_give_nothing() {
    let mut seen = 0;
    let mut faults = Vec::new();
    for folder in ["spirits", "spirits/programs"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let main = entry.unwrap().path().join("src/main.ovsm");
            let Ok(text) = std::fs::read_to_string(&main) else { continue };
            let (mut names, _) = found(&text);
            // What a program allows, it says, with the reason beside it.
            names.retain(|name| !text.contains(&format!("; lint: allow {name}\n")));
            seen += 1;
            if !names.is_empty() {
                faults.push(format!("{}: {names:?}", main.display()));
            }
        }
    }
    assert!(seen >= 12, "{seen}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Calls that double with each level would take for ever: the walk gives up, and says nothing.
#[test]
fn a_program_that_takes_too_much_work_gives_nothing() {
    let mut text = "(defn f0 ((x : u64)) -> u64 (mem-load (account-data-ptr 0) x))\n".to_string();
    for n in 1..40 {
        let less = n - 1;
        text.push_str(&format!("(defn f{n} ((x : u64)) -> u64 (+ (f{less} x) (f{less} (+ x 1))))\n"));
    }
    let use_of = |function: &str| format!("{text}(mem-store (account-data-ptr 1) 0 ({function} 0))\n0\n");
    assert_eq!(found(&use_of("f5")), (BTreeSet::from(["missing-owner-check"]), Vec::new()));
    assert_eq!(found(&use_of("f39")), (BTreeSet::new(), Vec::new()));
}

/// Larger programs that make their checks in many words.
#[test]
fn correct_programs_give_nothing() {
    let page = std::fs::read_to_string(root().join("conformance/security/correct.md")).unwrap();
    let fences = fences(&page);
    assert!(fences.len() >= 7);
    for (_, text) in fences {
        assert_eq!(found(&text), (BTreeSet::new(), Vec::new()), "{text}");
    }
}
