//! Lints: what a program says that it probably does not mean, or could say better.
//!
//! A lint looks at the tree of a file, or at the code that the file became, and reports findings, some with a fix. It
//! never runs anything, and never looks at what a macro made: what is reported stands in the file. Each lint has its
//! file in `lints` and its page in the book. Levels come from the lint, the project and the command line; comments
//! silence single places. Start with [`lint()`] and [`LINTS`].

mod context;
mod fix;
mod lint;
mod lints;
mod registry;
mod run;
mod scope;
mod suppression;
mod walk;

pub use context::{Audited, Context, File};
pub use fix::{apply, apply_some};
pub use lint::{Category, Check, Finding, Fix, Level, Lint};
pub use registry::LINTS;
pub use run::{Levels, lint, lint_security, needs_code};
