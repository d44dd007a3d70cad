//! Any schema with any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    ovsm_eval_fuzz::borsh_round_trip(input.0, input.1);
});
