//! Invariant 5: every program of the specification gives the same result on every engine, and the one it says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ovsm_base::Code;
use ovsm_conformance::assert::check;
use ovsm_conformance::case::Case;
use ovsm_conformance::markdown::cases;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == "md") => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    files
}

fn all_cases(folder: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = root.parent().unwrap();
    let mut all = Vec::new();
    for path in markdown_files(&root.join(folder)) {
        let name = path.strip_prefix(repository).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        all.extend(cases(&name, &text, repository).unwrap_or_else(|error| panic!("{error}")));
    }
    all
}

/// Runs cases on two threads and panics with everything that does not hold.
fn run_all(cases: &[Case]) {
    let filter = std::env::var("OVSM_CASE").unwrap_or_default();
    let cases: Vec<&Case> =
        cases.iter().filter(|case| case.name.contains(&filter) || case.file.contains(&filter)).collect();
    let next = AtomicUsize::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let faults = check(case);
                    if !faults.is_empty() {
                        let text = format!(
                            "{}:{} {}\n    {}",
                            case.file,
                            case.line,
                            case.name,
                            faults.join("\n    ")
                        );
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    println!("{} passed, {} failed", cases.len() - failures.len(), failures.len());
    assert!(
        failures.is_empty(),
        "{} of {} cases fail:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn engines_agree() {
    let cases = all_cases("spec");
    assert!(cases.len() >= 150, "the specification has only {} cases", cases.len());
    run_all(&cases);
}

#[test]
fn spirits_do_what_they_say() {
    run_all(&all_cases("spirits"));
}

#[test]
fn every_source_code_has_a_case() {
    let cases = all_cases("spec");
    let asserted: Vec<String> = cases
        .iter()
        .flat_map(|case| &case.assertions)
        .filter_map(|assertion| match assertion {
            ovsm_conformance::case::Assertion::Diagnostic(code, _) => Some(code.clone()),
            _ => None,
        })
        .collect();
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        // Faults of a file as a whole, of a run or of a command have tests of their own.
        .filter(|code| {
            !(code.starts_with("E04")
                || code.starts_with("E05")
                || ["E0013", "E0014", "E0119", "W0006"].contains(code))
        })
        .filter(|code| !asserted.iter().any(|asserted| asserted == code))
        // Codes that only scripts can give: their pages show a program that does, which is tested.
        .filter(|code| {
            !Code::from_text(code).is_some_and(|code| code.page().contains("```ovsm script-error\n"))
        })
        .collect();
    assert!(missing.is_empty(), "no case expects {missing:?}");
}

#[test]
fn a_case_must_assert_something() {
    assert!(cases("x.md", "# A\n```ovsm\n1\n```\n", Path::new(".")).is_err());
    assert!(cases("x.md", "# A\n```ovsm\n1 ; => 1\n", Path::new(".")).is_err());
    let wrong = cases("x.md", "# A\n```ovsm\n1 ; => 2\n```\n", Path::new(".")).unwrap();
    assert!(!check(wrong.first().unwrap()).is_empty());
    let wrong = cases("x.md", "# A\n```ovsm\n(foo) ; error: E0102\n```\n", Path::new(".")).unwrap();
    assert!(!check(wrong.first().unwrap()).is_empty());
}
