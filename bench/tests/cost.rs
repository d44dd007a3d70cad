//! The bounds that the compiler finds, held against measured units of the kernels and programs: never below, and exact
//! where a program has one way only.

#![allow(clippy::unwrap_used, clippy::panic)]

use ovsm_bench::cu::{KERNELS, PROGRAMS, Subject, cost};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{BuildOptions, Database, build};
use ovsm_sbpf::Version;
use ovsm_sbpf::cost::{Bound, Reason, Unbounded, function_bound};

fn bound(name: &str, source: &str, version: Version, level: OptLevel) -> Result<Bound, Unbounded> {
    let mut db = Database::default();
    let file = db.add_file(name, source);
    let artifact = build(&db, file, &BuildOptions { level, version, symbols: true }).unwrap();
    function_bound(&artifact.program, 0)
}

/// Subjects whose units depend on their input.
const WITHOUT_BOUND: [&str; 8] = ["bubble", "fib_iter", "fib_rec", "gcd", "isqrt", "matmul", "sum64", "vote"];

#[test]
fn bounds_are_not_below_what_is_measured() {
    for subject in KERNELS.iter().chain(&PROGRAMS) {
        for source in [Some(subject.source), subject.checked].into_iter().flatten() {
            for version in [Version::V0, Version::V3] {
                for level in OptLevel::ALL {
                    let measured = cost(subject, source, version, level).unwrap().units;
                    let what = format!("{} {version:?} {level:?}", subject.name);
                    match bound(subject.name, source, version, level) {
                        Ok(bound) => {
                            assert!(bound.units >= measured, "{what}: {} < {measured}", bound.units);
                            let sum: u64 = bound.by_slot.iter().sum();
                            assert_eq!(sum, bound.units, "{what}: the lines do not add up");
                        }
                        Err(unbounded) => {
                            // Without inlining the accounts are walked in a loop.
                            let may_lack = WITHOUT_BOUND.contains(&subject.name) || level < OptLevel::O2;
                            assert!(may_lack, "{what}: {unbounded:?}");
                            assert!(matches!(unbounded.reason, Reason::Loop | Reason::Recursion), "{what}");
                        }
                    }
                }
            }
        }
    }
}

fn measured(source: &'static str, level: OptLevel) -> u64 {
    let noop = PROGRAMS.iter().find(|program| program.name == "noop").unwrap();
    let subject = Subject { name: "test", source, ..copy(noop) };
    cost(&subject, source, Version::V3, level).unwrap().units
}

fn copy(subject: &Subject) -> Subject {
    Subject {
        name: subject.name,
        source: subject.source,
        checked: subject.checked,
        input: subject.input,
        ..*subject
    }
}

#[test]
fn bounds_are_exact_where_nothing_depends_on_the_input() {
    let programs = [
        "0",
        "(sol_log_ \"hello\") 0",
        "(sol_log_ \"a text that is longer than the hundred bytes for which the runtime charges the same units as \
         for one, so that its length counts\") 0",
        "(defn twice ((x : u64)) -> u64 (*% x 2u64)) (if (= (twice (instruction-data-len)) 0) 0 0)",
        "(dotimes (i 100) (sol_log_ \"x\")) 0",
        "(dotimes (i 5) (dotimes (j i) (sol_log_ \"x\"))) 0",
        "(defn count ((n : u64)) -> u64 (if (= n 0u64) 0u64 (+ 1u64 (count (- n 1u64))))) (- (count 12u64) 12u64)",
        "(define numbers [1u64 2u64 3u64 4u64]) (define sum 0u64) (dotimes (i 4) (set! sum (+% sum (get numbers i)))) (- 10 10)",
        "(syscall \"sol_log_compute_units_\") 0",
    ];
    for source in programs {
        for level in OptLevel::ALL {
            let bound = match bound("test", source, Version::V3, level) {
                Ok(bound) => bound,
                Err(unbounded) => panic!("{source} {level:?}: {unbounded:?}"),
            };
            assert_eq!(bound.units, measured(source, level), "{source} at {level:?}");
        }
    }
}

#[test]
fn a_count_that_depends_on_the_input_has_no_bound() {
    let programs = [
        ("(dotimes (i (instruction-data-len)) (sol_log_ \"x\")) 0", Reason::Loop),
        (
            "(defn count ((n : u64)) -> u64 (if (= n 0u64) 0u64 (+ 1u64 (count (- n 1u64))))) (count (instruction-data-len))",
            Reason::Recursion,
        ),
    ];
    for (source, reason) in programs {
        for level in OptLevel::ALL {
            let unbounded = bound("test", source, Version::V3, level).unwrap_err();
            // A call in the last place, or one that was put in place, is a loop.
            assert!(
                [reason, Reason::Loop].contains(&unbounded.reason),
                "{source} at {level:?}: {unbounded:?}"
            );
        }
    }
}
