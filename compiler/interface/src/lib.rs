//! What a program offers to those who call it, as a value of its own: instructions, accounts, events, errors, types.
//!
//! An [`Interface`] goes in; interface descriptions, clients, comparisons and the record of a program's origin come out.
//! Nothing here knows how a program is compiled or reads a file. Start with [`model`].

pub mod anchor;
pub mod bind;
pub mod codama;
pub mod cost;
pub mod data_type;
mod derived;
pub mod diff;
pub mod foreign;
pub mod model;
pub mod names;
mod padding;
pub mod provenance;
pub mod rust;
pub mod typescript;
pub mod unsaid;

pub use model::Interface;
