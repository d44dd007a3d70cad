//! What tests of Solana programs are made of: one request to the chain that the test runner keeps.
//!
//! The functions that people use are in `solana/test`, written in OVSM over this one.

use crate::arguments::at;
use crate::native::{Effect, Native};
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Value};

/// The natives of this module.
pub const NATIVES: &[Native] = &[Native {
    name: "chain-request",
    aliases: &[],
    module: "std/test",
    signature: "(what argument …) -> any",
    doc: "In a test: asks the chain on which Solana programs are tested for something. `solana/test` has functions for all \
          that can be asked; write those.",
    examples: &[],
    min: 1,
    max: None,
    effect: Effect::Storage,
    run: |context, arguments| {
        let Value::Keyword(what) = at(arguments, 0).clone() else {
            return Err(type_error("chain-request", "a keyword", at(arguments, 0)));
        };
        // Whatever is asked for takes about as long as a transaction.
        context.charge(10_000)?;
        match context.host().test() {
            Some(test) => test
                .chain(what.as_str(), arguments.get(1..).unwrap_or_default())
                .map_err(|message| raise(ErrorKind::Value, message)),
            None => Err(raise(
                ErrorKind::Permission,
                "Solana programs are tested in tests that `ovsm test` runs: write `(deftest …)`",
            )),
        }
    },
}];
