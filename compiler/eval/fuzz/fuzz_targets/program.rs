//! Programs made of the forms and functions of the language; the bytes choose.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| {
    let forms = ovsm_eval_fuzz::program::shapes();
    ovsm_eval_fuzz::evaluates(&ovsm_eval_fuzz::program::program(choices, &forms));
});
