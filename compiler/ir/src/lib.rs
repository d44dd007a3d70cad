//! The intermediate representation: typed SSA with block parameters, and everything that reads or rewrites it.
//!
//! Typed core goes in ([`lower`]); a [`Module`] that the back ends consume comes out ([`passes`] in between).
//! The [`text`] form can be printed and parsed back, [`verify`] states what a well-formed module is, and
//! [`interpret`] says what it means: where an engine disagrees with the interpreter, the engine is wrong.
//! Nothing here knows about files, sBPF encodings or bytecode.
//!
//! Start with [`op`], then [`function`].

// The lint takes `IndexVec` for a slice. Its indices are handed out by the vector itself (or checked by the verifier);
// slices proper are not indexed in this crate.
#![allow(clippy::indexing_slicing)]

mod compact;
pub mod dominators;
pub mod failure;
pub mod function;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
pub mod interpret;
pub mod lower;
pub mod machine;
pub mod op;
pub mod passes;
pub mod text;
pub mod verify;

pub use failure::Failure;
pub use function::{
    Block, BlockData, Data, Func, Function, Inst, InstData, Module, Type, Value, ValueData, ValueDef,
};
pub use op::{Access, BinaryOp, CheckedOp, Condition, Op, Region, Target, Terminator, Width};
