//! Any text is bound as the description of a program, and compiles then, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    ovsm_query_fuzz::is_bound_or_refused(text);
});
