//! The vocabulary that every crate of the compiler shares.
//!
//! What is here: stable identities ([`FileId`], [`FormId`], [`DefId`]), ranges that are relative to a top-level
//! form ([`TextRange`], [`Span`]), the one [`Diagnostic`] with its stable [`Code`]s and its renderers, typed index
//! vectors, integer types and the table of Solana's syscalls.
//! What is never here: reading files, knowledge of the syntax tree, or anything that depends on a stage.
//!
//! Start with [`diagnostic`], then [`ids`].

pub mod code;
pub mod diagnostic;
pub mod graph;
pub mod hash;
pub mod ids;
pub mod index;
pub mod integer;
pub mod line_index;
pub mod macro_origin;
pub mod render;
pub mod stack;
pub mod suggest;
pub mod syscall;
pub mod text;
pub mod threads;

pub use code::Code;
pub use diagnostic::{Diagnostic, Fix, Label, Severity};
pub use ids::{DefId, FileId, FormId};
pub use integer::IntType;
pub use macro_origin::MacroOrigin;
pub use text::{Span, TextRange};
