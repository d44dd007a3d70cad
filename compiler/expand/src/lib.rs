//! From the tree to core: what each top-level form defines ([`item`]), and its body with names resolved and special
//! forms reduced to a handful of core expressions ([`expand`]).
//!
//! Trees and an [`Env`] (what the module defines) go in; [`core`] bodies and diagnostics come out. Nothing here knows
//! about types or targets. Broken input is accepted: what can not be understood becomes [`core::Expr::Error`], which
//! later stages pass over in silence.
//!
//! Start with [`core`], then [`expand`].

mod application;
pub mod builtin;
pub mod core;
mod definitions;
pub mod env;
pub mod expand;
mod forms;
pub mod item;
mod scope;
mod special;

pub use builtin::Builtin;
pub use env::{Env, Global, GlobalKind, Literal};
pub use expand::{Expansion, expand_form};
pub use item::{Item, ItemKind};
