//! Every case of the language as a script: its value, what it prints, how it fails, what is reported.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ovsm_conformance::case::Case;
use ovsm_conformance::markdown::cases;
use ovsm_conformance::script::check;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn all_cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = root.parent().unwrap();
    let mut files: Vec<_> =
        std::fs::read_dir(root.join("script")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let name = path.strip_prefix(repository).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        all.extend(cases(&name, &text, repository).unwrap_or_else(|error| panic!("{error}")));
    }
    all
}

#[test]
fn scripts_do_what_they_say() {
    let filter = std::env::var("OVSM_CASE").unwrap_or_default();
    let cases = all_cases();
    assert!(cases.len() >= 1_200, "there are only {} cases", cases.len());
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
