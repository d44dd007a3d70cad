//! Compares what the engines show with one another and with what the case says.

use crate::case::{Assertion, Case};
use crate::engines::{End, Observed, Runs, run};
use ovsm_base::line_index::line_column;
use ovsm_base::render::SourceMap;
use ovsm_base::{Diagnostic, Severity};
use ovsm_ir::Failure;
use ovsm_query::source_map;

/// Runs a case and returns everything that does not hold.
pub fn check(case: &Case) -> Vec<String> {
    match run(case) {
        Ok(runs) => {
            let mut faults = check_diagnostics(case, &runs.warnings);
            faults.extend(check_runs(case, &runs));
            faults
        }
        Err(diagnostics) => check_diagnostics(case, &diagnostics),
    }
}

/// Exactly the expected diagnostics are reported, each at its line. A warning need not be expected, and neither need
/// E0304, which says that a script is no program.
fn check_diagnostics(case: &Case, found: &[Diagnostic]) -> Vec<String> {
    let (db, file) = case.database();
    let positions = source_map(&db, file);
    let mut reported: Vec<(String, Option<usize>, bool, String)> = found
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.labels.first().and_then(|label| positions.resolve(label.span));
            // Lines are those of the program; of a module, `expect` tells the code.
            let place = place.filter(|(file, _)| file.0 == 0);
            let line = place.map(|(_, range)| line_column(&case.source, range.start).line as usize);
            let error = diagnostic.severity == Severity::Error;
            (diagnostic.code.to_string(), line, error, diagnostic.message.clone())
        })
        .collect();
    let mut faults = Vec::new();
    for assertion in &case.assertions {
        let Assertion::Diagnostic(code, line) = assertion else { continue };
        let matching = |(found, at, ..): &(String, Option<usize>, bool, String)| {
            found == code && (line.is_none() || at.is_none() || at == line)
        };
        match reported.iter().position(matching) {
            Some(position) => drop(reported.remove(position)),
            None => faults.push(format!("{code} is not reported at line {line:?}; reported: {reported:?}")),
        }
    }
    faults.extend(
        reported
            .into_iter()
            .filter(|(code, _, error, _)| *error && code != "E0304")
            .map(|(code, line, _, message)| format!("unexpected {code} at line {line:?}: {message}")),
    );
    faults
}

fn check_runs(case: &Case, runs: &Runs) -> Vec<String> {
    let mut faults = Vec::new();
    for group in [&runs.script, &runs.chain] {
        let Some((reference, expected)) = group.first() else { continue };
        for (engine, observed) in group.iter().skip(1) {
            if !agree(expected, observed) {
                faults.push(format!("{reference} shows {expected:?}, but {engine} shows {observed:?}"));
            }
        }
    }
    if let (Some((_, script)), Some((_, chain))) = (runs.script.first(), runs.chain.first())
        && (script.logs != chain.logs || script.accounts != chain.accounts)
    {
        faults.push(format!("as a script it shows {script:?}, as a program {chain:?}"));
    }
    let Some((_, script)) = runs.script.first() else { return vec!["nothing ran".to_string()] };
    let mut logs = script.logs.iter();
    for assertion in &case.assertions {
        let fault = match assertion {
            Assertion::Value(value) => unless(script.end == End::Returned(value.clone()), || {
                format!("the value is {:?}, not {value}", script.end)
            }),
            Assertion::Return(code) => match runs.chain.first() {
                Some((_, chain)) => unless(chain.end == End::Returned(code.to_string()), || {
                    format!("the return code is {:?}, not {code}", chain.end)
                }),
                None => Some("the program's value is no return code".to_string()),
            },
            Assertion::Fails(name) => {
                unless(matches!(script.end, End::Failed(failure) if failure == name), || {
                    format!("it ends in {:?}, not in the failure {name}", script.end)
                })
            }
            Assertion::Faults => {
                unless(script.end == End::Faulted, || format!("it ends in {:?}, not in a fault", script.end))
            }
            Assertion::Log(text) => {
                let line = logs.next();
                let whole = match text.starts_with("Program data: ") {
                    true => text.clone(),
                    false => format!("Program log: {text}"),
                };
                unless(line == Some(&whole), || format!("the next line of the log is {line:?}, not {text:?}"))
            }
            Assertion::Account(index, lamports, data) => match script.accounts.get(*index) {
                Some((own_lamports, own_data)) => unless(
                    lamports.is_none_or(|lamports| lamports == *own_lamports)
                        && data.as_ref().is_none_or(|data| data == own_data),
                    || format!("account {index} has {own_lamports} lamports and data {own_data:02x?}"),
                ),
                None => Some(format!("there is no account {index} after the run")),
            },
            Assertion::ComputeUnits(units) => unless(runs.compute_units == Some(*units), || {
                format!("it takes {:?} compute units, not {units}", runs.compute_units)
            }),
            Assertion::Prints(text) => Some(format!("programs print nothing, not {text:?}")),
            Assertion::Diagnostic(code, _) => unless(!code.starts_with('E') || code == "E0304", || {
                format!("{code} is not reported: the program has no errors")
            }),
        };
        faults.extend(fault);
    }
    let says_logs = case.assertions.iter().any(|assertion| matches!(assertion, Assertion::Log(_)));
    if says_logs && let Some(line) = logs.next() {
        faults.push(format!("the log goes on with {line:?}"));
    }
    faults
}

fn unless(holds: bool, fault: impl FnOnce() -> String) -> Option<String> {
    if holds { None } else { Some(fault()) }
}

/// A failure of a script is a return code of the program.
fn agree(a: &Observed, b: &Observed) -> bool {
    let end = |observed: &Observed| match &observed.end {
        End::Returned(text) => match text.parse().ok().and_then(Failure::from_return_code) {
            Some(failure) => End::Failed(failure.name()),
            None => observed.end.clone(),
        },
        other => other.clone(),
    };
    let (end_a, end_b) = (end(a), end(b));
    end_a == end_b && a.logs == b.logs && (matches!(end_a, End::Failed(_)) || a.accounts == b.accounts)
}
