//! What is read from any text is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    ovsm_eval_fuzz::writing_undoes_reading(text);
});
