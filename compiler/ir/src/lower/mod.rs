//! Lowering: typed core to SSA.
//!
//! Each definition is lowered by itself ([`lower_function`], [`lower_main`]) into a [`Lowered`] whose calls and
//! constants are numbered locally; [`link()`] puts the reachable ones together into a module. What lowering needs to
//! know of the whole program is its [`Layout`]: where shared variables and the account table live. Checks that the
//! language demands become explicit here (`fail_if`, checked arithmetic); a string or a `u128` becomes two words.
//!
//! Start with [`function`] for expressions and `state` for how SSA form is made.

mod account;
mod aggregate;
mod arithmetic;
mod chain;
mod control;
mod equality;
pub mod function;
mod keys;
pub mod layout;
pub mod link;
mod memory;
mod mixed;
mod needs;
mod optional;
pub mod runtime;
mod slots;
mod state;
mod stored;
mod text;
mod validity;
mod vec;
mod wide;

pub use function::{EntryKind, Lowered, Source, lower_function, lower_main};
pub use layout::Layout;
pub use link::link;
pub use needs::Needs;
