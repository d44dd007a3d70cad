//! Rounding to integers and to digits: `floor ceiling round truncate`. Exact for every number type: floats are rounded
//! by the value that they really have. Start with [`NATIVES`].

use crate::arguments::at;
use crate::native::Native;
use crate::operands::pure;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};
use ovsm_value::decimal::{Decimal, MAX_SCALE};
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Raised, Value};
use std::cmp::Ordering;
use std::rc::Rc;

const MODULE: &str = "std/math";
const ARITY: (u8, Option<u8>) = (1, Some(2));

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "floor",
        ARITY,
        "(x digits) -> number",
        "The nearest integer below, exact. With a number of digits after the point (negative ones count before it), the result has the type of `x`. A float that is infinite or no number is a `:value` error.",
        &[("(floor -2.5)", "-3"), ("(floor 2.59 1)", "2.5")],
        |_, arguments| round_to("floor", arguments, Direction::Down),
    ),
    Native {
        aliases: &["ceil"],
        ..pure(
            MODULE,
            "ceiling",
            ARITY,
            "(x digits) -> number",
            "The nearest integer above, exact. With a number of digits after the point (negative ones count before it), the result has the type of `x`. A float that is infinite or no number is a `:value` error.",
            &[("(ceiling 2.1)", "3"), ("(ceiling 1234 -2)", "1300")],
            |_, arguments| round_to("ceiling", arguments, Direction::Up),
        )
    },
    pure(
        MODULE,
        "round",
        ARITY,
        "(x digits) -> number",
        "The nearest integer, exact; a half goes away from zero. With a number of digits after the point (negative ones count before it), the result has the type of `x`. A float that is infinite or no number is a `:value` error.",
        &[
            ("(round 2.5)", "3"),
            ("(round -2.5)", "-3"),
            ("(round 3.14159 2)", "3.14"),
            ("(round 1250 -2)", "1300"),
        ],
        |_, arguments| round_to("round", arguments, Direction::Nearest),
    ),
    Native {
        aliases: &["trunc"],
        ..pure(
            MODULE,
            "truncate",
            ARITY,
            "(x digits) -> number",
            "The integer without the fraction, exact. With a number of digits after the point (negative ones count before it), the result has the type of `x`. A float that is infinite or no number is a `:value` error.",
            &[("(truncate -2.9)", "-2"), ("(truncate 2.59 1)", "2.5")],
            |_, arguments| round_to("truncate", arguments, Direction::Zero),
        )
    },
];

/// Where a number between two goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the lower one.
    Down,
    /// To the upper one.
    Up,
    /// To the one that is nearer to zero.
    Zero,
    /// To the nearer one; from the middle, away from zero.
    Nearest,
}

fn round_to(operation: &str, arguments: &[Value], direction: Direction) -> Result<Value, Raised> {
    let value = at(arguments, 0);
    if arguments.len() > 1 && !matches!(at(arguments, 1), Value::Null) {
        return round_digits(operation, value, at(arguments, 1), direction);
    }
    match value {
        value if value.is_integer() => Ok(value.clone()),
        Value::Float(float) => {
            let whole = match direction {
                Direction::Down => float.floor(),
                Direction::Up => float.ceil(),
                Direction::Zero => float.trunc(),
                Direction::Nearest => float.round(),
            };
            number::integer_of_float(whole).ok_or_else(|| not_finite(operation, value))
        }
        Value::Decimal(decimal) => Ok(Value::integer(at_scale(decimal, 0, direction))),
        other => Err(type_error(operation, "a number", other)),
    }
}

fn not_finite(operation: &str, value: &Value) -> Raised {
    raise(ErrorKind::Value, format!("`{operation}` needs a finite number, but found {}", brief(value)))
}

fn round_digits(
    operation: &str,
    value: &Value,
    digits: &Value,
    direction: Direction,
) -> Result<Value, Raised> {
    let limit = i64::from(MAX_SCALE);
    let digits = match number::to_i64(digits) {
        Some(digits) if (-limit..=limit).contains(&digits) => digits as i32,
        _ if digits.is_integer() => {
            return Err(raise(
                ErrorKind::Value,
                format!("`{operation}` rounds to at most {MAX_SCALE} digits, but found {}", brief(digits)),
            ));
        }
        _ => return Err(type_error(operation, "an integer as the number of digits", digits)),
    };
    let exact = match value {
        Value::Float(float) => {
            number::decimal_of_float(*float).ok_or_else(|| not_finite(operation, value))?
        }
        Value::Decimal(decimal) => (**decimal).clone(),
        value => Decimal::from_integer(
            number::to_bigint(value).ok_or_else(|| type_error(operation, "a number", value))?,
        ),
    };
    if i64::from(digits) >= i64::from(exact.scale) {
        return Ok(value.clone());
    }
    let quotient = at_scale(&exact, digits, direction);
    let rounded = match u32::try_from(digits) {
        Ok(scale) => Decimal { unscaled: quotient, scale },
        Err(_) => Decimal::from_integer(quotient * power_of_ten(digits.unsigned_abs())),
    };
    match value {
        Value::Float(_) => Ok(Value::Float(rounded.to_float())),
        Value::Decimal(_) => Ok(Value::Decimal(Rc::new(rounded))),
        value => crate::operands::typed(operation, FixedType::of(value), &rounded.unscaled),
    }
}

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10u8).pow(exponent)
}

/// The number times ten to a power, rounded to an integer. The power is below the scale of the number.
pub fn at_scale(number: &Decimal, digits: i32, direction: Direction) -> BigInt {
    let divisor = power_of_ten((i64::from(number.scale) - i64::from(digits)).unsigned_abs() as u32);
    let (quotient, remainder) = number.unscaled.div_mod_floor(&divisor);
    let up = match direction {
        _ if remainder.is_zero() => false,
        Direction::Down => false,
        Direction::Up => true,
        Direction::Zero => number.unscaled.is_negative(),
        Direction::Nearest => match (&remainder * 2u8).cmp(&divisor) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => !number.unscaled.is_negative(),
        },
    };
    if up { quotient + 1 } else { quotient }
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_base::IntType;
    use ovsm_value::Value;

    #[test]
    fn rounds_in_every_direction() {
        let cases =
            [("floor", "-3", "2"), ("ceiling", "-2", "3"), ("truncate", "-2", "2"), ("round", "-3", "3")];
        for (name, low, high) in cases {
            assert_eq!(call(name, &[Value::Float(-2.5)]), low, "{name}");
            assert_eq!(call(name, &[Value::Float(2.5)]), high, "{name}");
        }
        assert_eq!(call("round", &[Value::Float(1e300)]).len(), 301);
        assert_eq!(call("round", &[Value::Float(f64::NAN)]), "error value");
        assert_eq!(call("round", &[Value::Float(f64::INFINITY), Value::Int(2)]), "error value");
        assert_eq!(call("round", &[Value::Null]), "error type");
        assert_eq!(call("floor", &[Value::Fixed(IntType::U8, 7)]), "7u8");
    }

    #[test]
    fn rounds_to_digits() {
        assert_eq!(call("round", &[Value::Float(2.675), Value::Int(2)]), "2.67");
        assert_eq!(call("round", &[Value::Int(15), Value::Int(-1)]), "20");
        assert_eq!(call("round", &[Value::Int(i64::MAX), Value::Int(-1)]), "9223372036854775810");
        assert_eq!(call("round", &[Value::Fixed(IntType::U8, 255), Value::Int(-1)]), "error overflow");
        assert_eq!(call("round", &[Value::Float(2.5), Value::Int(0)]), "3.0");
        assert_eq!(call("round", &[Value::Float(2.5), Value::Int(i64::MIN)]), "error value");
        assert_eq!(call("round", &[Value::Float(2.5), Value::Float(1.0)]), "error type");
        assert_eq!(call("floor", &[Value::Int(5), Value::Int(-10000)]), "0");
    }
}
