//! Any text, any width: formatting changes blanks only, and what is formatted stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ovsm_base::FormId;
use ovsm_cst::{FormatOptions, format_source, parse_file, print};

fuzz_target!(|input: (u8, bool, &str)| {
    let (width, compact, text) = input;
    let options = FormatOptions { width: u32::from(width).max(1), compact, ..FormatOptions::default() };
    let formatted = format_source(text, &options);
    assert_eq!(format_source(&formatted, &options), formatted, "formatting again changes the text");
    let shown = |text: &str| print(&parse_file(FormId(0), text), text);
    assert_eq!(shown(&formatted), shown(text), "formatting changes what the text says");
});
