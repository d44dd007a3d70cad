//! Operations on the bits of integers. An exact integer is an endless row of bits in two's complement; a fixed-width
//! one has those of its type. Floats have none here. Start with [`NATIVES`].

use crate::arguments::at;
use crate::context::Context;
use crate::native::Native;
use crate::operands::{integers, pure, too_large, typed};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType, MAX_BITS};
use ovsm_value::{ErrorKind, Raised, Value};

const MODULE: &str = "std/math";
const TWO: (u8, Option<u8>) = (2, Some(2));
const ONE: (u8, Option<u8>) = (1, Some(1));

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        aliases: &["logand"],
        ..pure(
            MODULE,
            "bit-and",
            (0, None),
            "(integer…) -> integer",
            "The bits that are set in every operand; without operands -1. Two different fixed widths are a type error.",
            &[("(bit-and 12 10)", "8"), ("(bit-and 255u8 15)", "15u8"), ("(bit-and)", "-1")],
            |context, arguments| fold(context, "bit-and", arguments, -1, |a, b| a & b, |a, b| a & b),
        )
    },
    Native {
        aliases: &["logior", "bit-ior"],
        ..pure(
            MODULE,
            "bit-or",
            (0, None),
            "(integer…) -> integer",
            "The bits that are set in some operand; without operands 0. Two different fixed widths are a type error.",
            &[("(bit-or 12 10)", "14"), ("(bit-or)", "0")],
            |context, arguments| fold(context, "bit-or", arguments, 0, |a, b| a | b, |a, b| a | b),
        )
    },
    Native {
        aliases: &["logxor"],
        ..pure(
            MODULE,
            "bit-xor",
            (0, None),
            "(integer…) -> integer",
            "The bits that are set in an odd number of operands; without operands 0. Two different fixed widths are a type error.",
            &[("(bit-xor 12 10)", "6"), ("(bit-xor)", "0")],
            |context, arguments| fold(context, "bit-xor", arguments, 0, |a, b| a ^ b, |a, b| a ^ b),
        )
    },
    Native {
        aliases: &["lognot"],
        ..pure(
            MODULE,
            "bit-not",
            ONE,
            "(integer) -> integer",
            "Every bit turned around: `(- -1 x)` for exact and signed integers, within the width for unsigned ones.",
            &[("(bit-not 5)", "-6"), ("(bit-not 0u8)", "255u8")],
            |_, arguments| {
                let (number, ty) = one("bit-not", arguments)?;
                Ok(match ty {
                    Some(ty) => ty.wrap(&!number),
                    None => Value::integer(!number),
                })
            },
        )
    },
    Native {
        aliases: &["shift-left"],
        ..pure(
            MODULE,
            "<<",
            TWO,
            "(integer count) -> integer",
            "Shifts to the left. Exact integers grow; of a fixed width, the bits that leave it are lost. A count below 0, or not below the width, is a `:value` error.",
            &[("(<< 1 70)", "1180591620717411303424"), ("(<< 255u8 4)", "240u8")],
            |context, arguments| {
                let (number, ty) = one("<<", arguments)?;
                let count = shift_count("<<", at(arguments, 1), ty)?;
                left(context, "<<", &number, count, ty)
            },
        )
    },
    Native {
        aliases: &["shift-right"],
        ..pure(
            MODULE,
            ">>",
            TWO,
            "(integer count) -> integer",
            "Shifts to the right, which rounds down; the sign stays. A count below 0, or not below a fixed width, is a `:value` error.",
            &[("(>> 1024 3)", "128"), ("(>> -5 1)", "-3"), ("(>> 128u8 7)", "1u8")],
            |_, arguments| {
                let (number, ty) = one(">>", arguments)?;
                let count = shift_count(">>", at(arguments, 1), ty)?;
                typed(">>", ty, &right(&number, count))
            },
        )
    },
    pure(
        MODULE,
        "ash",
        TWO,
        "(integer count) -> integer",
        "Shifts to the left by a positive count and to the right by a negative one. A fixed-width result that does not fit is an error.",
        &[("(ash 1 10)", "1024"), ("(ash 1024 -3)", "128"), ("(ash -1 -5)", "-1")],
        |context, arguments| {
            let (number, ty) = one("ash", arguments)?;
            let count = at(arguments, 1);
            let whole = number::to_bigint(count)
                .ok_or_else(|| type_error("ash", "an integer as the count", count))?;
            let size = u64::try_from(whole.magnitude()).unwrap_or(u64::MAX);
            if whole.is_negative() {
                return typed("ash", ty, &right(&number, size));
            }
            match (left(context, "ash", &number, size, None)?, ty) {
                (exact, None) => Ok(exact),
                (exact, ty) => typed("ash", ty, &number::to_bigint(&exact).unwrap_or_default()),
            }
        },
    ),
    Native {
        aliases: &["logcount", "popcount"],
        ..pure(
            MODULE,
            "bit-count",
            ONE,
            "(integer) -> int",
            "How many bits are set; of a negative exact integer, how many are not. A negative fixed-width integer has the bits of its width.",
            &[("(bit-count 255)", "8"), ("(bit-count -1i8)", "8"), ("(bit-count -1)", "0")],
            |_, arguments| {
                let (number, ty) = one("bit-count", arguments)?;
                let bits = match ty {
                    Some(ty) if number.is_negative() => number + (BigInt::from(1u8) << ty.bits()),
                    _ if number.is_negative() => !number,
                    _ => number,
                };
                Ok(Value::from_i128(i128::from(bits.magnitude().count_ones())))
            },
        )
    },
    Native {
        aliases: &["integer-length"],
        ..pure(
            MODULE,
            "bit-length",
            ONE,
            "(integer) -> int",
            "How many bits the number needs, without its sign: 0 for 0 and -1.",
            &[("(bit-length 255)", "8"), ("(bit-length 0)", "0"), ("(bit-length -256)", "8")],
            |_, arguments| {
                let (number, _) = one("bit-length", arguments)?;
                let bits = if number.is_negative() { !number } else { number };
                Ok(Value::from_i128(i128::from(bits.bits())))
            },
        )
    },
    pure(
        MODULE,
        "bit-test",
        TWO,
        "(integer position) -> bool",
        "True if the bit at a position is set; position 0 is the lowest. A negative position, or one outside of a fixed width, is a `:value` error.",
        &[("(bit-test 5 2)", "true"), ("(bit-test 5 1)", "false"), ("(bit-test -1 1000)", "true")],
        |_, arguments| {
            let (number, ty) = one("bit-test", arguments)?;
            let position = shift_count("bit-test", at(arguments, 1), ty)?;
            Ok(Value::Bool(right(&number, position) & BigInt::from(1u8) != BigInt::zero()))
        },
    ),
    pure(
        MODULE,
        "logbitp",
        TWO,
        "(position integer) -> bool",
        "`bit-test` with the order of Common Lisp: the position first.",
        &[("(logbitp 2 5)", "true")],
        |_, arguments| {
            let (number, ty) = one("logbitp", arguments.get(1..).unwrap_or(&[]))?;
            let position = shift_count("logbitp", at(arguments, 0), ty)?;
            Ok(Value::Bool(right(&number, position) & BigInt::from(1u8) != BigInt::zero()))
        },
    ),
];

/// The first argument as an integer with its type.
fn one(operation: &str, arguments: &[Value]) -> Result<(BigInt, Option<FixedType>), Raised> {
    let value = at(arguments, 0);
    let number = number::to_bigint(value).ok_or_else(|| type_error(operation, "an integer", value))?;
    Ok((number, FixedType::of(value)))
}

fn fold(
    context: &mut dyn Context,
    operation: &str,
    arguments: &[Value],
    none: i64,
    small: fn(i64, i64) -> i64,
    big: fn(BigInt, &BigInt) -> BigInt,
) -> Result<Value, Raised> {
    if let [Value::Int(a), Value::Int(b)] = arguments {
        return Ok(Value::Int(small(*a, *b)));
    }
    let (numbers, ty) = integers(operation, arguments)?;
    let mut numbers = numbers.into_iter();
    let Some(mut result) = numbers.next() else { return Ok(Value::Int(none)) };
    for number in numbers {
        context.charge(1 + (result.bits() + number.bits()) / 256)?;
        result = big(result, &number);
    }
    typed(operation, ty, &result)
}

/// A count of bits: not negative, below the width of a fixed type.
fn shift_count(operation: &str, value: &Value, ty: Option<FixedType>) -> Result<u64, Raised> {
    let count = number::to_bigint(value)
        .ok_or_else(|| type_error(operation, "an integer as the count of bits", value))?;
    if count.is_negative() {
        return Err(raise(
            ErrorKind::Value,
            format!(
                "`{operation}` needs a count of bits of at least 0, but found {}: `ash` shifts both ways",
                ovsm_value::write::brief(value)
            ),
        ));
    }
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    match ty {
        Some(ty) if count >= u64::from(ty.bits()) => Err(raise(
            ErrorKind::Value,
            format!(
                "`{operation}`: {} is not below {}, the width of `{}`",
                ovsm_value::write::brief(value),
                ty.bits(),
                ty.name()
            ),
        )),
        _ => Ok(count),
    }
}

fn left(
    context: &mut dyn Context,
    operation: &str,
    number: &BigInt,
    count: u64,
    ty: Option<FixedType>,
) -> Result<Value, Raised> {
    if number.is_zero() {
        return typed(operation, ty, number);
    }
    let bits = number.bits().saturating_add(count);
    if bits > MAX_BITS {
        return Err(too_large(operation));
    }
    context.charge(bits / 512)?;
    context.reserve((bits / 8) as usize)?;
    let shifted = number << count;
    Ok(match ty {
        Some(ty) => ty.wrap(&shifted),
        None => Value::integer(shifted),
    })
}

/// Shifts to the right by any count, rounding down.
fn right(number: &BigInt, count: u64) -> BigInt {
    if count > number.bits() {
        return BigInt::from(if number.is_negative() { -1 } else { 0 });
    }
    number >> count
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use num_bigint::BigInt;
    use ovsm_base::IntType;
    use ovsm_value::Value;

    fn int(n: i64) -> Value {
        Value::Int(n)
    }

    fn u8_of(n: u64) -> Value {
        Value::Fixed(IntType::U8, n)
    }

    #[test]
    fn exact_integers_have_endless_bits() {
        assert_eq!(call("bit-and", &[int(-1), int(i64::MAX)]), i64::MAX.to_string());
        assert_eq!(
            call("bit-and", &[Value::integer(BigInt::from(1u8) << 100), int(-1)]),
            (1u128 << 100).to_string()
        );
        assert_eq!(call("bit-xor", &[int(1), int(3), int(7)]), "5");
        assert_eq!(call("bit-not", &[int(i64::MIN)]), i64::MAX.to_string());
        assert_eq!(call("<<", &[int(-1), int(64)]), (-(1i128 << 64)).to_string());
        assert_eq!(call(">>", &[int(-1), int(i64::MAX)]), "-1");
        assert_eq!(call("ash", &[int(5), int(i64::MIN)]), "0");
        assert_eq!(call("ash", &[int(5), int(i64::MAX)]), "error limit");
        assert_eq!(call("ash", &[int(0), int(i64::MAX)]), "0");
    }

    #[test]
    fn fixed_widths_keep_their_type() {
        assert_eq!(call("bit-or", &[u8_of(1), int(2)]), "3u8");
        assert_eq!(call("bit-or", &[u8_of(1), int(256)]), "error overflow");
        assert_eq!(call("bit-or", &[u8_of(1), Value::Fixed(IntType::U16, 1)]), "error type");
        assert_eq!(call("<<", &[u8_of(1), int(8)]), "error value");
        assert_eq!(call("<<", &[Value::Fixed(IntType::I8, 1), int(7)]), "-128i8");
        assert_eq!(call("ash", &[u8_of(128), int(1)]), "error overflow");
        assert_eq!(call("bit-count", &[Value::Fixed(IntType::I64, u64::MAX)]), "64");
    }

    #[test]
    fn wrong_arguments_are_errors() {
        assert_eq!(call("bit-and", &[Value::Float(1.0)]), "error type");
        assert_eq!(call("<<", &[int(1), int(-1)]), "error value");
        assert_eq!(call("<<", &[int(1), Value::string("a")]), "error type");
        assert_eq!(call("bit-test", &[int(1), int(-1)]), "error value");
    }
}
