//! The commands, one file each.

pub mod eval;
pub mod run;
