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
