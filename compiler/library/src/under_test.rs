//! What programs do while they are tested: choices of properties, snapshots, counts of what ran.
//!
//! A test runner gives a [`crate::TestHost`]; without one, a choice is a random number and the rest is refused or does nothing.

use crate::arguments::{at, integer};
use crate::context::HostError;
use crate::native::{Effect, Native};
use ovsm_value::error::raise;
use ovsm_value::write::write;
use ovsm_value::{ErrorKind, Raised, Value};

const MODULE: &str = "std/test";

fn host_error(error: HostError) -> Raised {
    match error {
        HostError::Denied(text) => raise(ErrorKind::Permission, text),
        HostError::Failed(text) => raise(ErrorKind::Value, text),
    }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        name: "choose",
        aliases: &[],
        module: MODULE,
        signature: "(n) -> int",
        doc: "A number from 0 up to `n`, which is excluded: what generators of `defproperty` are made of. While a property is \
              tested, the runner chooses, and looks for smaller choices that fail too; elsewhere it is random.",
        examples: &[("(choose 1)", "0")],
        min: 1,
        max: Some(1),
        effect: Effect::Random,
        run: |context, arguments| {
            let below = integer("choose", arguments, 0)?;
            let Some(below) = u64::try_from(below).ok().filter(|below| *below > 0) else {
                return Err(raise(
                    ErrorKind::Value,
                    format!("choose: there is no number from 0 up to {below}"),
                ));
            };
            let chosen = match context.host().test() {
                Some(test) => test.choose(below),
                None => context.host().random().map_err(host_error)? % below,
            };
            Ok(Value::from_i128(chosen.into()))
        },
    },
    Native {
        name: "#drawn",
        aliases: &[],
        module: "std/internal",
        signature: "(name value) -> any",
        doc: "Notes a value that a property was given.",
        examples: &[],
        min: 2,
        max: Some(2),
        effect: Effect::Random,
        run: |context, arguments| {
            let value = at(arguments, 1).clone();
            let text = write(&value);
            let name = at(arguments, 0).as_str().unwrap_or("").to_string();
            if let Some(test) = context.host().test() {
                test.drawn(&name, text);
            }
            Ok(value)
        },
    },
    Native {
        name: "assert-snapshot",
        aliases: &[],
        module: MODULE,
        signature: "(value name) -> null",
        doc: "In a test: the value must be written as it was when `ovsm test --update-snapshots` last ran. A name tells the \
              snapshots of one test from each other.",
        examples: &[],
        min: 1,
        max: Some(2),
        effect: Effect::Storage,
        run: |context, arguments| {
            let text = match at(arguments, 0) {
                Value::String(text) => text.as_str().to_string(),
                value => write(value),
            };
            let name = match arguments.get(1) {
                None => None,
                Some(Value::String(name)) => Some(name.as_str().to_string()),
                Some(Value::Keyword(name)) => Some(name.as_str().to_string()),
                Some(other) => return Err(ovsm_value::error::type_error("assert-snapshot", "a name", other)),
            };
            match context.host().test() {
                Some(test) => match test.snapshot(name.as_deref(), &text) {
                    Ok(()) => Ok(Value::Null),
                    Err(message) => Err(raise(ErrorKind::Assertion, message)),
                },
                None => {
                    Err(raise(ErrorKind::Permission, "assert-snapshot works in tests that `ovsm test` runs"))
                }
            }
        },
    },
    Native {
        name: "#cover",
        aliases: &[],
        module: "std/internal",
        signature: "(place) -> null",
        doc: "Counts that a place of the program was reached.",
        examples: &[],
        min: 1,
        max: Some(1),
        effect: Effect::State,
        run: |context, arguments| {
            if let Value::Int(place) = at(arguments, 0)
                && let Ok(place) = u32::try_from(*place)
                && let Some(test) = context.host().test()
            {
                test.cover(place);
            }
            Ok(Value::Null)
        },
    },
];
