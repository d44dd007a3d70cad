//! No kind of value leaks, and a program that does is found.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_bench::leaks::{KINDS, Sample, is_growing, measure};

#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

fn sample() -> Sample {
    Sample { live: ALLOCATOR.allocated(), resident: 0 }
}

/// One test, because the allocator counts what all threads do.
#[test]
fn memory_grows_only_if_a_program_keeps_values() {
    for (name, source) in KINDS {
        let samples = measure(source, 80_000, &mut sample).unwrap();
        assert!(!is_growing(&samples), "{name}: {samples:?}");
    }
    for source in [
        "(define kept []) (defn work (n) (dotimes (i n) (push! kept (str i))) 0)",
        "(define kept (hash-table)) (defn work (n) (let ((k (hash-table-count kept))) (dotimes (i n) (puthash kept (+ k i) [i]))) 0)",
    ] {
        let samples = measure(source, 80_000, &mut sample).unwrap();
        assert!(is_growing(&samples), "{source}: {samples:?}");
    }
}
