//! The built-in functions that are written in Rust: one table of names, arities, documentation and examples.
//!
//! A native takes its arguments and a [`Context`], and gives a value or raises. Everything that a native can reach
//! outside of its arguments goes through the context: calling functions, fuel and memory, and the [`Host`]. Nothing
//! here knows bytecode or syntax trees. Each module is one file with a `NATIVES` table; start with [`Native`] and
//! [`table`], and read `arithmetic.rs` for the shape of a module.

pub mod arguments;
mod arithmetic;
mod assertions;
mod bits;
mod borsh;
mod byte_building;
mod bytes;
mod chain;
mod char;
pub mod check;
mod comparison;
mod context;
mod convert;
mod decimal;
mod encoding;
mod errors;
mod files;
pub mod format;
mod generic_record;
mod growing;
mod hash;
pub mod internal;
mod io;
mod json;
mod library_module;
mod logging;
mod math;
mod native;
mod number_text;
mod object;
mod open_file;
mod operands;
mod places;
mod predicates;
mod random;
mod regex;
mod rounding;
mod sequence;
mod sequence_functions;
mod solana_tests;
mod statistics;
mod string;
mod task;
#[cfg(test)]
mod testing;
mod time;
mod under_test;

pub use context::{Context, FileKind, Host, HostError, OpenMode, TestHost};
pub use io::failed as host_failure;
pub use library_module::{COMPAT, LibraryModule, PRELUDE, module, modules};
pub use native::{Effect, Example, Native, NativeFn, find, get, table};
