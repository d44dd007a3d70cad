//! Functions of exact decimal numbers: their digits, rounding, division and text. `decimal` itself, which makes them, is
//! a conversion. Floats are refused: they are not exact. Start with [`NATIVES`].

use crate::arguments::at;
use crate::native::Native;
use crate::operands::pure;
use num_bigint::BigInt;
use ovsm_value::decimal::{Decimal, MAX_SCALE};
use ovsm_value::error::{raise, type_error};
use ovsm_value::number;
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Raised, Value};
use std::rc::Rc;

const MODULE: &str = "std/decimal";
const ONE: (u8, Option<u8>) = (1, Some(1));
const TWO: (u8, Option<u8>) = (2, Some(2));

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "decimal-scale",
        ONE,
        "(x) -> int",
        "How many digits a decimal has after its point; an integer has none.",
        &[("(decimal-scale (decimal \"1.50\"))", "2")],
        |_, arguments| Ok(Value::Int(i64::from(exact("decimal-scale", arguments, 0)?.scale))),
    ),
    pure(
        MODULE,
        "decimal-unscaled",
        ONE,
        "(x) -> int",
        "All digits of a decimal as an integer, without the point.",
        &[("(decimal-unscaled (decimal \"1.50\"))", "150")],
        |_, arguments| Ok(Value::integer(exact("decimal-unscaled", arguments, 0)?.unscaled)),
    ),
    pure(
        MODULE,
        "decimal-round",
        TWO,
        "(x digits) -> decimal",
        "The nearest decimal with that many digits after the point; a half goes to the even digit, as banks do it.",
        &[
            ("(decimal->string (decimal-round (decimal \"0.125\") 2))", "\"0.12\""),
            ("(decimal->string (decimal-round 3 2))", "\"3.00\""),
        ],
        |_, arguments| {
            let scale = digits("decimal-round", arguments, 1)?;
            Ok(decimal(exact("decimal-round", arguments, 0)?.round(scale)))
        },
    ),
    pure(
        MODULE,
        "decimal-truncate",
        TWO,
        "(x digits) -> decimal",
        "The decimal without the digits behind that many after the point.",
        &[("(decimal->string (decimal-truncate (decimal \"-1.99\") 1))", "\"-1.9\"")],
        |_, arguments| {
            let scale = digits("decimal-truncate", arguments, 1)?;
            let number = exact("decimal-truncate", arguments, 0)?;
            if scale >= number.scale {
                return Ok(decimal(number.round(scale)));
            }
            let unscaled = number.unscaled / BigInt::from(10u8).pow(number.scale - scale);
            Ok(decimal(Decimal { unscaled, scale }))
        },
    ),
    pure(
        MODULE,
        "decimal-divide",
        (3, Some(3)),
        "(a b digits) -> decimal",
        "The quotient with that many digits after the point; a half goes to the even digit. A zero divisor is an error.",
        &[("(decimal->string (decimal-divide 1 3 4))", "\"0.3333\"")],
        |_, arguments| {
            let scale = digits("decimal-divide", arguments, 2)?;
            let (a, b) = (exact("decimal-divide", arguments, 0)?, exact("decimal-divide", arguments, 1)?);
            let quotient = a.div(&b, scale);
            quotient.map(decimal).ok_or_else(|| {
                raise(
                    ErrorKind::DivisionByZero,
                    format!("division by zero: `(decimal-divide {} 0 {scale})`", brief(at(arguments, 0))),
                )
            })
        },
    ),
    pure(
        MODULE,
        "decimal-from-units",
        TWO,
        "(units digits) -> decimal",
        "The decimal that an integer of the smallest units is: lamports with 9 digits are SOL.",
        &[("(decimal->string (decimal-from-units 1500000000 9))", "\"1.500000000\"")],
        |_, arguments| {
            let scale = digits("decimal-from-units", arguments, 1)?;
            let units = at(arguments, 0);
            let unscaled = number::to_bigint(units)
                .ok_or_else(|| type_error("decimal-from-units", "an integer", units))?;
            Ok(decimal(Decimal { unscaled, scale }))
        },
    ),
    pure(
        MODULE,
        "decimal-to-units",
        TWO,
        "(x digits) -> int",
        "The integer of the smallest units that a decimal is: SOL with 9 digits in lamports. Digits that would get lost are a `:value` error: round first.",
        &[("(decimal-to-units (decimal \"1.5\") 9)", "1500000000")],
        |_, arguments| {
            let scale = digits("decimal-to-units", arguments, 1)?;
            let number = exact("decimal-to-units", arguments, 0)?;
            let rounded = number.round(scale);
            if rounded.compare(&number).is_ne() {
                return Err(raise(
                    ErrorKind::Value,
                    format!(
                        "`decimal-to-units`: {} has more than {scale} digits after the point: round it with `decimal-round`",
                        brief(at(arguments, 0))
                    ),
                ));
            }
            Ok(Value::integer(rounded.unscaled))
        },
    ),
    pure(
        MODULE,
        "decimal->string",
        (1, Some(2)),
        "(x digits) -> string",
        "The plain text of a decimal; with a number of digits after the point, rounded to that many (a half goes to the even digit).",
        &[
            ("(decimal->string (decimal \"1.50\"))", "\"1.50\""),
            ("(decimal->string (decimal \"1.5\") 3)", "\"1.500\""),
        ],
        |context, arguments| {
            let mut number = exact("decimal->string", arguments, 0)?;
            if !matches!(at(arguments, 1), Value::Null) {
                number = number.round(digits("decimal->string", arguments, 1)?);
            }
            let bits = number.unscaled.bits();
            context.reserve((bits / 3) as usize + number.scale as usize)?;
            context.charge(1 + (bits / 64).saturating_mul(bits / 64))?;
            Ok(Value::string(number.to_string()))
        },
    ),
];

fn decimal(number: Decimal) -> Value {
    Value::Decimal(Rc::new(number))
}

/// A decimal or an integer argument.
fn exact(operation: &str, arguments: &[Value], position: usize) -> Result<Decimal, Raised> {
    match at(arguments, position) {
        Value::Decimal(number) => Ok((**number).clone()),
        Value::Float(_) => Err(type_error(
            operation,
            "a decimal (`(decimal x)` makes one of a float)",
            at(arguments, position),
        )),
        other => number::to_bigint(other)
            .map(Decimal::from_integer)
            .ok_or_else(|| type_error(operation, "a decimal or an integer", other)),
    }
}

/// A number of digits after the point.
fn digits(operation: &str, arguments: &[Value], position: usize) -> Result<u32, Raised> {
    let value = at(arguments, position);
    if !value.is_integer() {
        return Err(type_error(operation, "an integer as the number of digits", value));
    }
    let digits = number::to_i64(value)
        .and_then(|digits| u32::try_from(digits).ok())
        .filter(|digits| *digits <= MAX_SCALE);
    digits.ok_or_else(|| {
        raise(
            ErrorKind::Value,
            format!(
                "`{operation}` needs a number of digits from 0 to {MAX_SCALE}, but found {}",
                brief(value)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::decimal;
    use crate::testing::call;
    use ovsm_value::Value;
    use ovsm_value::decimal::Decimal;

    fn of(text: &str) -> Value {
        decimal(Decimal::parse(text).unwrap())
    }

    #[test]
    fn digits_and_rounding() {
        assert_eq!(call("decimal->string", &[of("2.5"), Value::Int(0)]), "\"2\"");
        assert_eq!(call("decimal->string", &[of("-0.005")]), "\"-0.005\"");
        assert_eq!(call("decimal-to-units", &[of("1.5"), Value::Int(0)]), "error value");
        assert_eq!(call("decimal-to-units", &[of("1.50"), Value::Int(1)]), "15");
        assert_eq!(
            call("decimal-divide", &[Value::Int(1), of("0.0"), Value::Int(2)]),
            "error division-by-zero"
        );
    }

    #[test]
    fn wrong_arguments_are_errors() {
        assert_eq!(call("decimal-scale", &[Value::Float(1.0)]), "error type");
        assert_eq!(call("decimal-round", &[of("1"), Value::Int(-1)]), "error value");
        assert_eq!(call("decimal-round", &[of("1"), Value::Int(10_001)]), "error value");
        assert_eq!(call("decimal-round", &[of("1"), Value::Float(1.0)]), "error type");
        assert_eq!(call("decimal-from-units", &[of("1"), Value::Int(1)]), "error type");
    }
}
