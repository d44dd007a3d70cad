//! IR to sBPF: selection, register allocation, layout, ELF, and a disassembler.
//!
//! What goes in is a verified module of [`ovsm_ir`]; what comes out is a [`Program`], its ELF bytes the same for
//! the same module and options on every host. Nothing here optimises across instructions what the passes of the IR
//! could: a function is translated as it stands.
//!
//! Start with [`compile()`]. The stages are, in order, [`select`], [`order`], [`regalloc`], [`assemble`],
//! [`peephole`], [`layout`], [`emit`] and [`elf`].

#![allow(clippy::indexing_slicing, reason = "the lint also fires on IndexVec; slices are read with `get`")]

pub mod assemble;
pub mod assembly;
pub mod callgraph;
pub mod compile;
pub mod convention;
pub mod cost;
pub mod crosswise;
pub mod disassemble;
pub mod elf;
pub mod emit;
pub mod frame;
pub mod hoist;
pub mod inspect;
pub mod isa;
pub mod islands;
pub mod layout;
pub mod liveness;
pub mod machine;
pub mod murmur;
pub mod order;
pub mod peephole;
pub mod program;
pub mod regalloc;
pub mod select;
pub mod tails;

pub use compile::{Options, add_notes, compile};
pub use frame::FrameValue;
pub use inspect::{Report, difference, inspect, loaded_bytes, section};
pub use isa::Version;
pub use program::{FunctionReport, Program};
