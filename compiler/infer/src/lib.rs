//! From core to typed core: every expression gets a type, every disagreement a diagnostic.
//!
//! Inference works on a group of definitions that need each other's types (see [`group`]); what lies outside the
//! group is seen through [`TypeEnv`] as finished signatures. Types are inferred by unification; an integer literal
//! takes the integer type that it meets, and one that meets none is `int`, which is `i64` in this version.
//! A function that leaves types open is generic, and its body is inferred again for each use with other types.
//! Nothing here knows about targets or code generation.
//!
//! Start with [`types`], then [`infer`].

mod aggregate;
mod builtins;
mod chain;
mod distinct;
mod generic;
pub mod group;
mod guard;
pub mod infer;
mod presence;
mod report;
mod representation;
pub mod script;
mod text;
pub mod types;
mod unify;
mod values;

pub use generic::{Instance, Scheme};
pub use infer::{Group, GroupTypes, TypeEnv, Unit, UnitKind, infer_group, infer_instance};
pub use representation::final_code;
pub use types::{BodyTypes, Coercion, Signature, Type};
