//! The engine of scripts agrees with those of programs: what compiles for Solana gives the same as a script, in the
//! reference interpreter of the IR, in the vm, and in sBPF at every level.
//!
//! All cases are tried both ways. A script that uses what programs do not have is not compiled, and a program that reads
//! accounts does not run as a script; the rest has to agree. Integers without a type are unbounded in scripts and 64
//! bits wide in programs, so a program may stop with an overflow where the script goes on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use ovsm_base::Code;
use ovsm_conformance::case::Case;
use ovsm_conformance::engines::{End, Observed, run};
use ovsm_conformance::markdown::cases;
use ovsm_conformance::script::{Shown, run_with_modules};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn cases_of(folder: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = root.parent().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let name = path.strip_prefix(repository).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        all.extend(cases(&name, &text, repository).unwrap_or_else(|error| panic!("{error}")));
    }
    all
}

/// A written value without the types that numbers in it end with.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_digit() && !plain.ends_with(|c: char| c.is_alphanumeric() || c == '"') {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            plain.push_str(number);
            let end = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
            let (suffix, after_suffix) = after.split_at(end);
            rest = if suffix.starts_with(['u', 'i']) { after_suffix } else { after };
            continue;
        }
        plain.push(first);
        rest = rest.split_at(first.len_utf8()).1;
    }
    plain
}

fn agrees(script: &Shown, program: &Observed) -> bool {
    match (&script.end, &program.end) {
        (Ok(value), End::Returned(returned)) => {
            // What a loop gives is null in a program, which has one type for every value; a definition of a function is
            // no code of a program.
            let logs = program.logs.iter().map(|line| line.strip_prefix("Program log: ").unwrap_or(line));
            (plain(value) == plain(returned) || returned == "null" || value.starts_with("#<function"))
                && script.lines.iter().eq(logs)
        }
        (_, End::Failed("overflow")) => true,
        // The heap of a program has 32 KiB.
        (_, End::Failed("out_of_heap")) => true,
        // A script is told before it runs.
        (Err(kind), End::Failed("division_by_zero")) if kind == "rejected" => {
            script.reported.iter().any(|(code, ..)| *code == Code::CertainFailure)
        }
        (Err(kind), End::Failed(name)) => match *name {
            "division_by_zero" => kind == "division-by-zero",
            "shift_range" => kind == "value",
            "no_case" => kind == "value",
            // The library says what kind of error its functions raise; a program does not keep that.
            "raised" => matches!(kind.as_str(), "user" | "value"),
            "refinement" => kind == "type",
            "conversion" => matches!(kind.as_str(), "overflow" | "value"),
            name => kind == name,
        },
        // A program ends at 64 frames.
        (_, End::Faulted) => true,
        _ => false,
    }
}

/// How a case went: not comparable, equal, or what differs.
enum Verdict {
    Alone,
    Equal,
    Differs(String),
}

fn compare(case: &Case) -> Verdict {
    let Ok(runs) = run(case) else { return Verdict::Alone };
    let script = run_with_modules(&case.file, &case.source, &case.modules);
    // Programs make a function for each use, and need not know what a type variable is before.
    let chain_only =
        script.reported.iter().any(|(code, _, _)| matches!(code, Code::UnsupportedForm | Code::UnknownType));
    if chain_only {
        return Verdict::Alone;
    }
    let mut differences = Vec::new();
    for (engine, observed) in &runs.script {
        if !agrees(&script, observed) {
            differences.push(format!(
                "{engine}: {:?} {:?}; as a script {:?} {:?} {}",
                observed.end, observed.logs, script.end, script.lines, script.message
            ));
        }
    }
    if let Some((first, expected)) = runs.chain.first() {
        for (engine, observed) in &runs.chain {
            // A failure is a return code in sBPF; which one, the cases of programs say.
            let is_same = match (&observed.end, &expected.end) {
                (End::Returned(code), End::Failed(_)) => code != "0",
                _ => observed == expected,
            };
            if !is_same {
                differences.push(format!("{engine}: {:?}, {first}: {:?}", observed.end, expected.end));
            }
        }
    }
    match differences.is_empty() {
        true => Verdict::Equal,
        false => Verdict::Differs(differences.join("\n    ")),
    }
}

fn compare_all(folder: &str) -> usize {
    let filter = std::env::var("OVSM_CASE").unwrap_or_default();
    let cases = cases_of(folder);
    let cases: Vec<&Case> =
        cases.iter().filter(|case| case.name.contains(&filter) || case.file.contains(&filter)).collect();
    let next = AtomicUsize::new(0);
    let equal = AtomicUsize::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match compare(case) {
                        Verdict::Alone => {}
                        Verdict::Equal => {
                            equal.fetch_add(1, Ordering::Relaxed);
                        }
                        Verdict::Differs(text) => failures.lock().unwrap().push(format!(
                            "{}:{} {}\n  {}\n    {text}",
                            case.file, case.line, case.name, case.source
                        )),
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let equal = equal.into_inner();
    println!("{folder}: {equal} of {} cases agree", cases.len());
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
    equal
}

#[test]
fn scripts_that_compile_agree_with_programs() {
    assert!(compare_all("script") >= 250 || std::env::var_os("OVSM_CASE").is_some());
}

#[test]
fn programs_agree_as_scripts() {
    assert!(compare_all("spec") >= 500 || std::env::var_os("OVSM_CASE").is_some());
}
