//! The commands, one file each.

pub mod check;
pub mod doc;
pub mod eval;
pub mod examples;
pub mod fmt;
pub mod lint;
mod lint_levels;
pub mod repl;
pub mod run;
pub mod test;
