//! The text form of a module: printing and parsing.
//!
//! ```text
//! module   := ["frame_area" number] {"data" dN "=" string} ["entry" fN] {function}
//! function := "func" fN name "(" [param {"," param}] ")" "->" "(" [type {"," type}] ")" "{" {block} "}"
//! param    := vN ":" type                      type := "word" | "bool"
//! block    := bN ["(" [param {"," param}] ")"] ":" {inst} terminator
//! inst     := [vN {"," vN} "="] operation
//! operation:= "const" ["-"] number | "bool" ("true" | "false") | "data" dN
//!           | binary v, v | checked "." int v, v | "extend" "." int v | condition v, v
//!           | "not" v | "word" v
//!           | "load" "." width "." region address | "store" "." width "." region address "," v
//!           | "fail_if" v "," failure | "call" fN "(" [v {"," v}] ")" | "syscall" name "(" [v {"," v}] ")"
//! address  := vN [("+" | "-") number]          width := "w1" | "w2" | "w4" | "w8"
//! terminator := "jump" target | "br" v "," target "," target | "return" [v {"," v}] | "fail" failure | "unreachable"
//! target   := bN ["(" v {"," v} ")"]
//! ```
//!
//! `name` is `@` and then either a run of graphic ASCII characters other than `( ) , " \ ;` or a string. A string is
//! in double quotes with the escapes `\\ \" \n \t \r \xNN \u{N}`. `;` starts a comment that goes to the end of the line. Line breaks and blanks only separate.
//!
//! Functions and constants are numbered in order of the text from 0. Values and blocks may have any numbers: the
//! parser renumbers them in order of their definitions, so that parsing what [`print()`] gave returns the module
//! that [`crate::Module::compact`] makes of the printed one, without the spans.
//!
//! Start with [`print`](mod@print) for the shape of the text.

pub mod parse;
pub mod print;
mod token;

pub use parse::{ParseError, parse};
pub use print::{print, print_function};
