//! Any bytes: every invariant of the reader holds for the text that they stand for.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ovsm_cst::check_invariants(&String::from_utf8_lossy(bytes));
});
