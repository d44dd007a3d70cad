//! The built-in functions that are written in Rust: one table of names, arities, documentation and examples.
//!
//! A native takes its arguments and a [`Context`], and gives a value or raises. Everything that a native can reach
//! outside of its arguments goes through the context: calling functions, fuel and memory, and the [`Host`]. Nothing
//! here knows bytecode or syntax trees. Each module is one file with a `NATIVES` table; start with [`Native`] and
//! [`table`], and read `arithmetic.rs` for the shape of a module.

pub mod arguments;
mod arithmetic;
mod bits;
mod borsh;
pub mod check;
mod comparison;
mod context;
mod decimal;
mod encoding;
mod errors;
mod hash;
mod internal;
mod io;
mod json;
mod math;
mod native;
mod operands;
mod places;
mod logging;
mod object;
mod sequence;
mod sequence_functions;
mod convert;
mod string;
mod regex;
pub mod format;
mod bytes;
mod predicates;
mod random;
mod rounding;
mod statistics;
mod time;
#[cfg(test)]
mod testing;

pub use context::{Context, Host, HostError};
pub use native::{Effect, Example, Native, NativeFn, find, get, table};
