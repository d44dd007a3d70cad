//! Any text that is JSON is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    ovsm_eval_fuzz::json_round_trip(text);
});
