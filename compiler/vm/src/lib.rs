//! The virtual machine of scripts: IR to register bytecode, and its interpreter.
//!
//! [`compile()`] makes a [`Program`] of a verified module; [`run()`] runs it against a
//! memory and a host of `ovsm_ir::machine`, under limits. What a program means is what `ovsm_ir::interpret` says;
//! this crate says it faster. It knows nothing of source text, files or the terminal.
//!
//! Start with [`bytecode`].

// The lint takes `IndexVec` for a slice. Its indices are handed out by the vector itself (or checked by the verifier);
// slices proper are not indexed in this crate.
#![allow(clippy::indexing_slicing)]

pub mod bytecode;
pub mod compile;
pub mod run;

pub use bytecode::Program;
pub use compile::compile;
pub use run::{Limits, Run, TraceFrame, run, run_traced};
