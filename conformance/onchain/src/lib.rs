//! Compiled programs on the real runtime: solana-program-test (a bank, all features), mollusk (the runtime alone, all
//! features) and litesvm (the feature set of mainnet).
//!
//! A [`Case`] is a program with accounts and instruction data; each module runs it on one runtime and returns what it
//! [`Observed`]. The tests compare the three with one another and with what the case expects.
//!
//! Start with [`case`].

pub mod bank;
pub mod case;
pub mod deployment;
pub mod lite;
pub mod mollusk;

pub use case::{AccountSpec, Case, Observed, Owner};
