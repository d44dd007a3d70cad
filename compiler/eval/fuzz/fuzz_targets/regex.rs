//! Any pattern on any text: the functions agree.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    ovsm_eval_fuzz::regex_functions_agree(input.0, input.1);
});
