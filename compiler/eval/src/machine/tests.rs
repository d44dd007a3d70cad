//! Tests of the machine on units built by hand.

mod builder;
mod calls;
mod control;
mod updates;
