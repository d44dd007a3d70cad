//! What a program does with accounts that nothing has checked: the security lints.
//!
//! The accounts of an instruction are chosen by whoever sends it. Declarations check them; a program that takes its accounts
//! by number has to do so by itself, and this crate finds out where it does not. It walks the typed core of a program once,
//! calls put in place, and keeps what is known of the accounts on the way: the [`fact`]s. A use that needs a fact is
//! pending until the fact is there, before or after the use, since an instruction that fails undoes everything; what is
//! pending when the program ends is a finding. It never runs anything, and says nothing where it does not know.
//!
//! Start with [`audit`], then [`fact`], [`machine`], and the [`families`] of what is found.

mod condition;
mod expression;
pub mod fact;
pub mod families;
pub mod machine;
mod runtime_form;
pub mod shared;
mod state;
pub mod value;

pub use families::{FAMILIES, Family};
pub use machine::{Finding, Program, audit};
