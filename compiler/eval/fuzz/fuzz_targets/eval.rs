//! Any text runs, ends, and ends in the same way each time.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    ovsm_eval_fuzz::evaluates(text);
});
