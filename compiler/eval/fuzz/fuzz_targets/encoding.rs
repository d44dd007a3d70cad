//! Any bytes and texts through base58, base64 and hexadecimal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ovsm_eval_fuzz::encodings_round_trip(bytes);
});
