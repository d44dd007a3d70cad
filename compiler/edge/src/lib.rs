//! The edge: what the command lines share. Here are files, the terminal and the process; no stage is.
//!
//! [`guard`] runs a command so that neither a panic nor a deep program can take the process down; [`Terminal`] shows
//! diagnostics; [`source`] and [`program`] read programs, and [`output`] writes results whole or not at all.

pub mod generate;
pub mod output;
pub mod process;
pub mod program;
pub mod source;
pub mod terminal;

pub use process::{Exit, guard, leave};
pub use source::Source;
pub use terminal::{Terminal, TerminalOptions};
