//! Any bytes are shown as a program, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ovsm_query_fuzz::is_shown_or_refused(bytes);
});
