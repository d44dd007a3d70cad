//! Figures: what OVSM programs cost and how fast the tools are, beside baselines that are not ours.
//!
//! [`cu`] counts compute units and bytes, which are exact and asserted against `cu.toml`; [`speed`] measures time, which
//! is printed and never asserted. The command prints both as Markdown tables.

pub mod cu;
pub mod program;
pub mod speed;
