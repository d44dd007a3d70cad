//! Invariant 4: each page of a code shows a program that gives exactly this code, and one that is cured; and every
//! mechanical fix cures what it is offered for.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use ovsm_base::render::SourceMap;
use ovsm_base::{Code, Diagnostic};
use ovsm_conformance::script::run_source;
use ovsm_ir::interpret::{Limits, Outcome, interpret};
use ovsm_ir::lower::EntryKind;
use ovsm_ir::machine::{Input, Memory, ScriptHost};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{BuildOptions, Database, build, lower_program, source_map};
use ovsm_sbpf::Version;

/// The fences of a page: what stands after the backticks, and the content.
fn fences(page: &str) -> Vec<(&str, &str)> {
    page.split("\n```").skip(1).step_by(2).map(|piece| piece.split_once('\n').unwrap()).collect()
}

/// Everything that building a program reports.
fn report(source: &str) -> Vec<Diagnostic> {
    let mut db = Database::default();
    let file = db.add_file("page.ovsm", source);
    let options = BuildOptions { level: OptLevel::O2, version: Version::V3, symbols: true };
    match build(&db, file, &options) {
        Ok(artifact) => artifact.diagnostics,
        Err(diagnostics) => diagnostics,
    }
}

/// The code under which running a program fails.
fn run(source: &str) -> Option<Code> {
    let mut db = Database::default();
    let file = db.add_file("page.ovsm", source);
    let (module, _) = lower_program(&db, file, EntryKind::Value).unwrap();
    let mut memory = Memory::for_module(&module, Input::default());
    match interpret(&module, &mut memory, &mut ScriptHost::default(), Limits::default()) {
        Outcome::Returned(_) => None,
        Outcome::Failed { failure, .. } => Some(failure.code()),
        Outcome::Faulted { fault, .. } => Some(fault.code()),
    }
}

/// What is wrong with a script of a page, if anything is.
fn script_fault(code: Code, kind: &str, source: &str) -> Option<String> {
    let shown = run_source("page.ovsm", source);
    let mut codes: Vec<Code> = shown.reported.iter().map(|(code, ..)| *code).collect();
    codes.dedup();
    let holds = match kind {
        "ovsm script-error" => codes == [code],
        "ovsm script-fixed" => codes.is_empty() && shown.end.is_ok(),
        "ovsm script-run-error" => codes.is_empty() && shown.code == Some(code),
        _ => true,
    };
    (!holds).then(|| {
        format!("{code}: `{kind}` reports {codes:?} and ends in {:?}, {:?}:\n{source}", shown.end, shown.code)
    })
}

#[test]
fn every_page_holds() {
    let mut faults = Vec::new();
    for code in Code::ALL {
        let fences = fences(code.page());
        assert!(!fences.is_empty(), "{code} shows nothing");
        for (kind, source) in fences {
            if kind.starts_with("ovsm script") {
                faults.extend(script_fault(*code, kind, source));
                continue;
            }
            let mut codes: Vec<Code> = report(source).iter().map(|diagnostic| diagnostic.code).collect();
            codes.dedup();
            let (reported, failed) = match kind {
                "ovsm error" => (vec![*code], None),
                "ovsm fixed" => (vec![], None),
                "ovsm run-error" => (vec![], Some(*code)),
                _ => continue,
            };
            if codes != reported {
                faults.push(format!("{code}: `{kind}` reports {codes:?}:\n{source}"));
            } else if kind != "ovsm error" && run(source) != failed {
                faults.push(format!("{code}: `{kind}` runs to {:?}:\n{source}", run(source)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn fixes_cure() {
    let sources = [
        "(define balance 1)\n(sol_log_64_ balence)",
        "(defn f ((x : u46)) x)\n(f 1)",
        "(define x : i64 1)\n(sol_log_64_ (+ (num-accounts) x))",
        "(syscall \"sol_log_compute_unit_\")",
        "(defn double (x) (* x 2))\n(doubel 4)",
    ];
    for source in sources {
        let mut db = Database::default();
        let file = db.add_file("page.ovsm", source);
        let positions = source_map(&db, file);
        let found = report(source);
        let diagnostic = found.iter().find(|diagnostic| !diagnostic.fixes.is_empty());
        let diagnostic = diagnostic.unwrap_or_else(|| panic!("no fix is offered for {source}: {found:?}"));
        for fix in &diagnostic.fixes {
            let mut edits: Vec<(std::ops::Range<usize>, &str)> = fix
                .edits
                .iter()
                .map(|(span, text)| {
                    let (_, range) = positions.resolve(*span).unwrap();
                    (range.start as usize..range.end as usize, text.as_str())
                })
                .collect();
            edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
            let mut fixed = source.to_string();
            for (range, text) in edits {
                fixed.replace_range(range, text);
            }
            let after = report(&fixed);
            assert!(after.iter().all(|after| after.code != diagnostic.code), "{fixed}: {after:?}");
        }
    }
}
