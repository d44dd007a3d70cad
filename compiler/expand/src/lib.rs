//! From the tree to the core of programs: what each top-level form defines ([`item`]), and its body with names resolved
//! and every form and macro reduced to a handful of core expressions ([`expand`]).
//!
//! Trees and an [`Env`] (what the module defines) go in; [`core`] bodies and diagnostics come out. The expander itself
//! is that of scripts (`ovsm-eval`); what is here says which part of the language programs have, and translates it.
//! Nothing here knows about types or targets. Broken input is accepted: what can not be understood becomes
//! [`core::Expr::Error`], which later stages pass over in silence.
//!
//! Start with [`core`], then [`expand`].

pub mod builtin;
pub mod core;
pub mod declaration;
pub mod dispatch;
pub mod env;
pub mod expand;
mod forms;
mod generic_type;
pub mod item;
mod literal;
pub mod module;
mod translate;
pub mod ty;

pub use builtin::Builtin;
pub use declaration::{Datum, Declaration};
pub use env::{Definition, Env, Global, GlobalKind, Import, Literal, ModuleKey};
pub use expand::{
    DefinedFunction, Expansion, FormContext, Instruction, expand_form, expanded_item, import_reports,
    names_of, warm_up,
};
pub use item::Item;
pub use ty::Type;
