//! Figures: what OVSM programs cost and how fast the tools are, beside baselines that are not ours.
//!
//! [`cu`] counts compute units and bytes, which are exact and asserted against `cu.toml`; [`speed`] and
//! [`scripts`] measure time, which is printed and never asserted; [`leaks`] watches memory, which must not grow. The
//! command prints all as Markdown tables.

pub mod cu;
pub mod leaks;
pub mod program;
pub mod scripts;
pub mod speed;
