//! The abstract machine that the reference interpreter and the vm share: memory at Solana's addresses, faults, and
//! the host that answers syscalls.
//!
//! An engine computes on words of its own and comes here for everything that the outside can see: loads and stores
//! ([`Memory`]), what went wrong ([`Fault`]), syscalls ([`Host`], with [`ScriptHost`] outside a validator), and the
//! serialised input of a program ([`Input`]). It never looks at instructions.
//!
//! Start with [`memory`].

pub mod base58;
pub mod base64;
pub mod fault;
pub mod host;
pub mod input;
pub mod layout;
pub mod memory;

pub use fault::Fault;
pub use host::{Host, ScriptHost};
pub use input::{AccountInput, AccountState, Input};
pub use layout::data_layout;
pub use memory::{HEAP_BASE, HEAP_SIZE, INPUT_BASE, Memory, RODATA_BASE, STACK_BASE, STACK_SIZE};
