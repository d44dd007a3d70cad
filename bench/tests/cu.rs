//! Compute units and sizes are exact: a change of any shows here, and is reviewed before it is blessed.

#![allow(clippy::unwrap_used, clippy::panic)]

use ovsm_bench::cu::{KERNELS, PROGRAMS, Subject, WALKS, cost, table, walk};
use ovsm_ir::passes::OptLevel;
use ovsm_sbpf::Version;

#[test]
fn figures_are_as_committed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cu.toml");
    let now = table().unwrap();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(now == committed, "the figures have changed; look at them, then run with BLESS=1:\n{now}");
}

#[test]
fn no_kernel_is_worse_than_clang() {
    for kernel in &KERNELS {
        let units = cost(kernel, kernel.source, Version::V3, OptLevel::O2).unwrap().units;
        assert!(units <= kernel.clang, "{}: {units} against {}", kernel.name, kernel.clang);
    }
}

#[test]
fn kernels_are_cheaper_than_all_levels_of_clang_on_average() {
    let mean = |of: fn(&Subject) -> u64| {
        let ratio = |kernel: &Subject| {
            cost(kernel, kernel.source, Version::V3, OptLevel::O2).unwrap().units as f64 / of(kernel) as f64
        };
        (KERNELS.iter().map(|kernel| ratio(kernel).ln()).sum::<f64>() / KERNELS.len() as f64).exp()
    };
    let (level_2, best) = (mean(|kernel| kernel.clang), mean(|kernel| kernel.best));
    assert!(level_2 <= 0.8 && best <= 0.75, "{level_2} {best}");
}

#[test]
fn kernels_are_hardly_larger_than_those_of_clang() {
    for kernel in &KERNELS {
        let bytes = |level| cost(kernel, kernel.source, Version::V3, level).unwrap().stripped;
        let (small, _) = kernel.clang_small_and_unrolled.unwrap();
        let ours = bytes(OptLevel::Os) as u64;
        assert!(ours <= small + 100, "{}: {ours} against {small} at -Os", kernel.name);
        let ours = bytes(OptLevel::O2) as u64;
        let theirs = kernel.clang_bytes;
        assert!(ours <= theirs + 100, "{}: {ours} against {theirs} at -O2", kernel.name);
    }
}

#[test]
fn checks_cost_less_than_half() {
    let mut sum = 0.0;
    for kernel in &KERNELS {
        let units = |source| cost(kernel, source, Version::V3, OptLevel::O2).unwrap().units as f64;
        sum += units(kernel.checked.unwrap()) / units(kernel.source);
    }
    let average = sum / KERNELS.len() as f64;
    assert!(average <= 1.4, "checked kernels cost {average} times the wrapping ones on average");
}

#[test]
fn nothing_is_larger_at_os() {
    let mut total = [0, 0];
    for subject in KERNELS.iter().chain(&PROGRAMS) {
        for source in [Some(subject.source), subject.checked].into_iter().flatten() {
            for version in [Version::V0, Version::V3] {
                let bytes = |level| cost(subject, source, version, level).unwrap().stripped;
                let small = bytes(OptLevel::Os);
                for level in OptLevel::ALL {
                    assert!(small <= bytes(level), "{} {version:?}: {small} at -Os", subject.name);
                }
                total[0] += small;
                total[1] += bytes(OptLevel::O2);
            }
        }
    }
    assert!(total[0] * 10 <= total[1] * 9, "{total:?}");
}

#[test]
fn accounts_are_found_for_no_more_than_pinocchio_takes() {
    for (count, pinocchio, _) in WALKS {
        let units = |version| walk(count, false, version, OptLevel::O2).unwrap();
        assert_eq!(units(Version::V0), units(Version::V3));
        assert!(units(Version::V3) <= pinocchio, "{count}: {} against {pinocchio}", units(Version::V3));
    }
    // From one row of the figures to the next, each account costs at most as much more.
    for count in 1..=32 {
        let units = walk(count, false, Version::V3, OptLevel::O2).unwrap();
        let (low, high) =
            WALKS.windows(2).map(|pair| (pair[0], pair[1])).find(|(_, high)| count <= high.0).unwrap();
        let between = (high.1 - low.1) * (count.max(low.0) - low.0) as u64 / (high.0 - low.0) as u64;
        assert!(units <= low.1 + between, "{count}: {units}");
    }
    for (count, level) in (0..=64).flat_map(|count| OptLevel::ALL.map(|level| (count, level))) {
        assert!(walk(count, true, Version::V3, level).is_ok(), "{count} {level:?}");
    }
}

#[test]
fn small_programs_are_small() {
    let named = |name: &str| PROGRAMS.iter().find(|program| program.name == name).unwrap();
    let noop = named("noop");
    assert!(cost(noop, noop.source, Version::V3, OptLevel::O2).unwrap().units <= 2);
    let declared = named("counter_declared");
    let figures = cost(declared, declared.source, Version::V3, OptLevel::O2).unwrap();
    assert!(figures.units <= 34 && figures.bytes <= 1_536, "{} {}", figures.units, figures.bytes);
    let log = named("log");
    assert!(cost(log, log.source, Version::V3, OptLevel::O2).unwrap().stripped <= 300);
}
