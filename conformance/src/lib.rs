//! The conformance suite: programs in Markdown, run on every engine.
//!
//! A heading is a test, a fence is a file, comments are assertions: [`markdown`] finds the [`case`]s, [`engines`] runs
//! them on the interpreter of the IR, the vm, and solana-sbpf's interpreter and JIT, at several levels of optimisation
//! and for both versions of sBPF, and [`assert`](mod@assert) compares what they show with one another and with what
//! the case says.
//!
//! Start with [`case`].

pub mod assert;
pub mod case;
pub mod engines;
pub mod markdown;
pub mod sbpf_machine;
pub mod script;
