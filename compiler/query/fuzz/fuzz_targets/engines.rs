//! Any text compiles to what both engines agree on, or is rejected.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    ovsm_query_fuzz::engines_agree(text);
});
