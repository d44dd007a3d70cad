//! The commands, one file each.

pub mod bind;
pub mod build;
pub mod check;
pub mod client;
pub mod cost;
pub mod diff;
pub mod expand;
pub mod explain;
pub mod idl;
pub mod inspect;
mod origin;
mod security;
pub mod verify;
