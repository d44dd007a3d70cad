//! Arithmetic functions: what stands behind `+` and its kin when they are passed as values or called with operands
//! that the machine has no fast path for.

use crate::arguments::at;
use crate::context::Context;
use crate::native::{Effect, Native};
use ovsm_value::error::type_error;
use ovsm_value::number::{self, Division};
use ovsm_value::{Raised, Value};
use std::rc::Rc;

const fn native(
    name: &'static str,
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [(&'static str, &'static str)],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases: &[],
        module: "std/core",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

fn fold_plain(
    arguments: &[Value],
    operation: impl Fn(&Value, &Value) -> Result<Value, Raised>,
) -> Result<Value, Raised> {
    let (first, rest) = arguments.split_first().ok_or_else(|| type_error("+", "numbers", &Value::Null))?;
    rest.iter().try_fold(first.clone(), |sum, number| operation(&sum, number))
}

fn fold_wrapping(operation: char, arguments: &[Value]) -> Result<Value, Raised> {
    fold_plain(arguments, |a, b| number::wrapping(operation, a, b))
}

/// A number negated; fixed-width results wrap.
fn negated(number: &Value) -> Result<Value, Raised> {
    number::wrapping('-', &Value::Int(0), number)
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    native(
        "+",
        0,
        None,
        "(number…) -> number",
        "The sum; of strings or arrays, the concatenation. `(+)` is 0. Fixed-width results that do not fit are errors.",
        &[("(+ 1 2 3)", "6"), ("(+)", "0"), ("(+ 1 2.5)", "3.5"), ("(+ \"ab\" \"cd\")", "\"abcd\"")],
        |context, arguments| fold(context, arguments, Value::Int(0), add),
    ),
    native(
        "-",
        1,
        None,
        "(number…) -> number",
        "The difference; of one number, its negation.",
        &[("(- 10 3 2)", "5"), ("(- 5)", "-5")],
        |context, arguments| match arguments {
            [only] => number::negate(only),
            _ => fold(context, arguments, Value::Null, |_, a, b| number::sub(&a, b)),
        },
    ),
    native(
        "*",
        0,
        None,
        "(number…) -> number",
        "The product. `(*)` is 1.",
        &[("(* 2 3 4)", "24"), ("(*)", "1")],
        |context, arguments| fold(context, arguments, Value::Int(1), |_, a, b| number::mul(&a, b)),
    ),
    native(
        "/",
        1,
        None,
        "(number…) -> number",
        "The quotient, truncated toward zero for integers; of one number, its inverse as a float. A zero divisor is an error.",
        &[("(/ -7 2)", "-3"), ("(/ 7.0 2)", "3.5"), ("(/ 4)", "0.25")],
        |context, arguments| match arguments {
            [only] => number::divide(Division::Truncate, &Value::Float(1.0), only),
            _ => fold(context, arguments, Value::Null, |_, a, b| number::divide(Division::Truncate, &a, b)),
        },
    ),
    native(
        "//",
        2,
        None,
        "(number…) -> number",
        "The quotient rounded down.",
        &[("(// -7 2)", "-4")],
        |context, arguments| {
            fold(context, arguments, Value::Null, |_, a, b| number::divide(Division::Floor, &a, b))
        },
    ),
    Native {
        aliases: &["rem"],
        ..native(
            "%",
            2,
            Some(2),
            "(a b) -> number",
            "The remainder with the sign of the dividend.",
            &[("(% -7 3)", "-1")],
            |_, arguments| number::divide(Division::Remainder, at(arguments, 0), at(arguments, 1)),
        )
    },
    native(
        "mod",
        2,
        Some(2),
        "(a b) -> number",
        "The remainder with the sign of the divisor.",
        &[("(mod -7 3)", "2")],
        |_, arguments| number::divide(Division::Modulo, at(arguments, 0), at(arguments, 1)),
    ),
    native(
        "+%",
        2,
        None,
        "(a b …) -> integer",
        "The sum; fixed-width results wrap.",
        &[("(+% 255u8 1)", "0u8")],
        |_, arguments| fold_wrapping('+', arguments),
    ),
    native(
        "-%",
        1,
        None,
        "(a b …) -> integer",
        "The difference, or the negation of one number; fixed-width results wrap.",
        &[("(-% 0u8 1)", "255u8")],
        |_, arguments| match arguments {
            [number] => negated(number),
            arguments => fold_wrapping('-', arguments),
        },
    ),
    native(
        "*%",
        2,
        None,
        "(a b …) -> integer",
        "The product; fixed-width results wrap.",
        &[("(*% 16u8 17)", "16u8")],
        |_, arguments| fold_wrapping('*', arguments),
    ),
    native(
        "+|",
        2,
        None,
        "(a b …) -> integer",
        "The sum; fixed-width results saturate.",
        &[("(+| 250u8 10)", "255u8")],
        |_, arguments| fold_plain(arguments, |a, b| number::saturating('+', a, b)),
    ),
    native(
        "-|",
        2,
        None,
        "(a b …) -> integer",
        "The difference; fixed-width results saturate.",
        &[("(-| 2u8 3)", "0u8")],
        |_, arguments| fold_plain(arguments, |a, b| number::saturating('-', a, b)),
    ),
    native(
        "*|",
        2,
        None,
        "(a b …) -> integer",
        "The product; fixed-width results saturate.",
        &[("(*| 100i8 2)", "127i8")],
        |_, arguments| fold_plain(arguments, |a, b| number::saturating('*', a, b)),
    ),
    Native {
        aliases: &["inc"],
        ..native("1+", 1, Some(1), "(x) -> number", "One more.", &[("(1+ 41)", "42")], |_, arguments| {
            number::add(at(arguments, 0), &Value::Int(1))
        })
    },
    Native {
        aliases: &["dec"],
        ..native("1-", 1, Some(1), "(x) -> number", "One less.", &[("(1- 43)", "42")], |_, arguments| {
            number::sub(at(arguments, 0), &Value::Int(1))
        })
    },
    native(
        "abs",
        1,
        Some(1),
        "(x) -> number",
        "The absolute value.",
        &[("(abs -3)", "3")],
        |_, arguments| number::abs(at(arguments, 0)),
    ),
];

fn fold(
    context: &mut dyn Context,
    arguments: &mut [Value],
    none: Value,
    step: fn(&mut dyn Context, Value, &Value) -> Result<Value, Raised>,
) -> Result<Value, Raised> {
    let Some((first, rest)) = arguments.split_first_mut() else { return Ok(none) };
    // What can be updated in place is taken out, but only once nothing can fail any more.
    let mut result = match first {
        Value::String(_) | Value::Array(_) | Value::List(_) => {
            let is_text = matches!(first, Value::String(_));
            let fits = |other: &&Value| match other {
                Value::String(_) => is_text,
                Value::Array(_) | Value::List(_) => !is_text,
                _ => false,
            };
            if let Some(wrong) = rest.iter().find(|other| !fits(other)) {
                let wanted = if is_text {
                    "strings, since the first is one"
                } else {
                    "sequences, since the first is one"
                };
                return Err(type_error("+", if wrong.is_number() { wanted } else { "numbers" }, wrong));
            }
            let sizes = rest.iter().map(|other| match other {
                Value::String(text) => text.as_str().len(),
                other => crate::places::length(other).unwrap_or(0) * size_of::<Value>(),
            });
            context.reserve(sizes.sum())?;
            std::mem::take(first)
        }
        first if rest.is_empty() && !first.is_number() => return Err(type_error("+", "numbers", first)),
        first => first.clone(),
    };
    for next in rest.iter() {
        result = step(context, result, next)?;
    }
    Ok(result)
}

/// `+` of two values: numbers, strings, arrays or lists. The first is updated in place if nobody else holds it.
pub fn add(context: &mut dyn Context, a: Value, b: &Value) -> Result<Value, Raised> {
    match (a, b) {
        (Value::String(mut text), Value::String(more)) => {
            context.reserve(more.as_str().len())?;
            Rc::make_mut(&mut text).push_str(more.as_str());
            Ok(Value::String(text))
        }
        (Value::Array(mut items), Value::Array(more) | Value::List(more)) => {
            context.reserve(more.len() * size_of::<Value>())?;
            Rc::make_mut(&mut items).append(more);
            Ok(Value::Array(items))
        }
        (Value::List(mut items), Value::Array(more) | Value::List(more)) => {
            context.reserve(more.len() * size_of::<Value>())?;
            Rc::make_mut(&mut items).append(more);
            Ok(Value::List(items))
        }
        (a, b) => number::add(&a, b),
    }
}
