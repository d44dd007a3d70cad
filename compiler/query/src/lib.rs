//! The incremental database: every box of the pipeline is a query, and this is the compiler's API.
//!
//! The stages are pure functions of other crates; here they become memoised queries keyed by form or definition. This
//! is the only crate that knows salsa. Positions are relative to their form, so an edit re-runs what depends on the
//! edited form and nothing else (invariant 1); absolute offsets exist in [`forms::split`] and in [`source_map()`], which
//! nothing but the edge reads.
//!
//! Start with [`db`], then [`forms`], [`names`], [`modules`], [`types`], [`code`], and [`check`] for the results.

// The accessors that salsa generates can not be documented; the fields that they read are.
#![allow(missing_docs)]

mod account_checks;
pub mod audit;
mod budget;
pub mod check;
pub mod code;
mod collisions;
pub mod cost;
pub mod db;
pub mod declared;
pub mod forms;
pub mod instances;
mod known;
mod library;
pub mod modules;
pub mod names;
mod openings;
pub mod origin;
mod prepare;
mod refusals;
pub mod source_map;
mod stated;
mod syntax;
pub mod types;
pub mod value;

pub use audit::audit;
pub use check::diagnostics;
pub use code::{Artifact, BuildOptions, build, lower_program, result_type};
pub use cost::{Costs, costs, interface_with_costs};
pub use db::{Database, Project, SourceFile};
pub use declared::interface;
pub use modules::missing_modules;
pub use origin::{Description, describe};
pub use ovsm_infer::Type;
pub use prepare::{prepare, warm_up};
pub use source_map::source_map;
pub use value::write_value;
