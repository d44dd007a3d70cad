//! Equality and order as functions.

use crate::arguments::at;
use crate::native::{Effect, Native};
use ovsm_value::error::raise;
use ovsm_value::write::describe;
use ovsm_value::{ErrorKind, Raised, Value, compare};
use std::cmp::Ordering;

const fn native(
    name: &'static str,
    aliases: &'static [&'static str],
    min: u8,
    max: Option<u8>,
    doc: &'static str,
    examples: &'static [(&'static str, &'static str)],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases,
        module: "std/core",
        signature: "(a b …) -> bool",
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    native(
        "=",
        &["==", "equal?", "equal"],
        1,
        None,
        "True if all are equal: structurally, numbers by value.",
        &[("(= 1 1.0 1u8)", "true"), ("(= [1 2] '(1 2))", "true"), ("(= :a \"a\")", "false")],
        |_, arguments| {
            Ok(Value::Bool(arguments.windows(2).all(|pair| compare::equal(at(pair, 0), at(pair, 1)))))
        },
    ),
    native(
        "!=",
        &["/=", "not="],
        1,
        None,
        "True unless all are equal.",
        &[("(!= 1 2)", "true"), ("(!= 1 1 1)", "false")],
        |_, arguments| {
            Ok(Value::Bool(!arguments.windows(2).all(|pair| compare::equal(at(pair, 0), at(pair, 1)))))
        },
    ),
    native(
        "eq?",
        &["eq", "eql", "identical?"],
        2,
        Some(2),
        "True for one and the same cell, table, function or collection, and for equal small values.",
        &[("(eq? 'a 'a)", "true"), ("(eq? (cell 1) (cell 1))", "false")],
        |_, arguments| Ok(Value::Bool(compare::identical(at(arguments, 0), at(arguments, 1)))),
    ),
    native(
        "<",
        &[],
        1,
        None,
        "True if each is less than the next: numbers, strings, characters, bytes, arrays of those.",
        &[("(< 1 2 3)", "true"), ("(< \"a\" \"b\")", "true"), ("(< [1 2] [1 3])", "true")],
        |_, arguments| chain("<", arguments, |order| order == Ordering::Less),
    ),
    native(
        "<=",
        &[],
        1,
        None,
        "True if each is less than or equal to the next.",
        &[("(<= 1 1 2)", "true")],
        |_, arguments| chain("<=", arguments, |order| order != Ordering::Greater),
    ),
    native(
        ">",
        &[],
        1,
        None,
        "True if each is greater than the next.",
        &[("(> 3 2 1)", "true")],
        |_, arguments| chain(">", arguments, |order| order == Ordering::Greater),
    ),
    native(
        ">=",
        &[],
        1,
        None,
        "True if each is greater than or equal to the next.",
        &[("(>= 3 3 1)", "true")],
        |_, arguments| chain(">=", arguments, |order| order != Ordering::Less),
    ),
    native(
        "compare",
        &[],
        2,
        Some(2),
        "-1, 0 or 1 as the first is less than, equal to or greater than the second.",
        &[("(compare 1 2)", "-1"), ("(compare \"b\" \"a\")", "1")],
        |_, arguments| {
            let (a, b) = (at(arguments, 0), at(arguments, 1));
            match compare::compare(a, b) {
                Some(order) => Ok(Value::Int(order as i64)),
                None => Err(not_ordered("compare", a, b)),
            }
        },
    ),
];

fn chain(name: &str, arguments: &[Value], holds: fn(Ordering) -> bool) -> Result<Value, Raised> {
    if let [only] = arguments {
        // One operand has nothing to be compared with, but must be something that could be.
        less_than(name, only, only, holds)?;
        return Ok(Value::Bool(true));
    }
    for pair in arguments.windows(2) {
        if !less_than(name, at(pair, 0), at(pair, 1), holds)? {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

/// One comparison. A float that is no number is in no order to anything.
pub fn less_than(name: &str, a: &Value, b: &Value, holds: fn(Ordering) -> bool) -> Result<bool, Raised> {
    match compare::compare(a, b) {
        Some(order) => Ok(holds(order)),
        None if a.is_number() && b.is_number() => Ok(false),
        None => Err(not_ordered(name, a, b)),
    }
}

#[cold]
fn not_ordered(name: &str, a: &Value, b: &Value) -> Raised {
    raise(ErrorKind::Type, format!("`{name}` can not order {} and {}", describe(a), describe(b)))
}
