//! Any text is compiled or rejected.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    ovsm_eval_fuzz::compiles(text);
});
