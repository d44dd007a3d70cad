//! Mathematics: order and sign, divisors, powers and logarithms, trigonometry. Exact operands give exact results where
//! there are any; what has none gives floats. Rounding is in `rounding.rs`, bits are in `bits.rs`. Nothing here gives a
//! float that is no number, or an infinite one, for finite operands: that is an error. Start with [`NATIVES`].

use crate::arguments::{at, float};
use crate::context::Context;
use crate::native::Native;
use crate::operands::{integers, pure, too_large, typed};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use ovsm_value::compare::compare;
use ovsm_value::decimal::{Decimal, MAX_SCALE};
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType, MAX_BITS};
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Raised, Value};
use std::cmp::Ordering;
use std::rc::Rc;

const MODULE: &str = "std/math";
const ONE: (u8, Option<u8>) = (1, Some(1));
const TWO: (u8, Option<u8>) = (2, Some(2));
const ANY: (u8, Option<u8>) = (0, None);

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "min",
        (1, None),
        "(x…) -> any",
        "The least operand, or the least item of one array or list. Numbers, strings, characters; what can not be ordered is a type error, and no items are a `:value` error.",
        &[("(min 3 1 2)", "1"), ("(min [3 1.5])", "1.5")],
        |context, arguments| extreme(context, "min", arguments, Ordering::Less),
    ),
    pure(
        MODULE,
        "max",
        (1, None),
        "(x…) -> any",
        "The greatest operand, or the greatest item of one array or list. Numbers, strings, characters; what can not be ordered is a type error, and no items are a `:value` error.",
        &[("(max 3 1 2)", "3"), ("(max [3 1.5])", "3")],
        |context, arguments| extreme(context, "max", arguments, Ordering::Greater),
    ),
    pure(
        MODULE,
        "clamp",
        (3, Some(3)),
        "(x low high) -> number",
        "The number in the range from `low` to `high` that is nearest to `x`. A range from more to less is a `:value` error.",
        &[("(clamp 15 0 10)", "10"), ("(clamp 5 0 10)", "5")],
        |_, arguments| {
            let (x, low, high) = (at(arguments, 0), at(arguments, 1), at(arguments, 2));
            if order("clamp", low, high)? == Ordering::Greater {
                return Err(raise(
                    ErrorKind::Value,
                    format!(
                        "`clamp`: {} is more than {}: the lower bound comes first",
                        brief(low),
                        brief(high)
                    ),
                ));
            }
            Ok(if order("clamp", x, low)? == Ordering::Less {
                low.clone()
            } else if order("clamp", x, high)? == Ordering::Greater {
                high.clone()
            } else {
                x.clone()
            })
        },
    ),
    Native {
        aliases: &["signum"],
        ..pure(
            MODULE,
            "sign",
            ONE,
            "(x) -> int",
            "-1 for negative numbers, 1 for positive ones, 0 otherwise.",
            &[("(sign -2.5)", "-1"), ("(sign 0)", "0")],
            |_, arguments| Ok(Value::Int(sign("sign", arguments)? as i64)),
        )
    },
    Native {
        aliases: &["evenp"],
        ..pure(
            MODULE,
            "even?",
            ONE,
            "(n) -> bool",
            "True for multiples of 2. A fraction is cut off first.",
            &[("(even? 4)", "true"), ("(even? 3)", "false")],
            |_, arguments| Ok(Value::Bool(!odd("even?", arguments)?)),
        )
    },
    Native {
        aliases: &["oddp"],
        ..pure(
            MODULE,
            "odd?",
            ONE,
            "(n) -> bool",
            "True for numbers that are no multiple of 2. A fraction is cut off first.",
            &[("(odd? 3)", "true"), ("(odd? -3)", "true")],
            |_, arguments| Ok(Value::Bool(odd("odd?", arguments)?)),
        )
    },
    Native {
        aliases: &["positivep", "plusp"],
        ..pure(
            MODULE,
            "positive?",
            ONE,
            "(x) -> bool",
            "True for numbers above 0.",
            &[("(positive? 1)", "true"), ("(positive? 0)", "false")],
            |_, arguments| Ok(Value::Bool(sign("positive?", arguments)? == Ordering::Greater)),
        )
    },
    Native {
        aliases: &["negativep", "minusp"],
        ..pure(
            MODULE,
            "negative?",
            ONE,
            "(x) -> bool",
            "True for numbers below 0.",
            &[("(negative? -1)", "true"), ("(negative? 0)", "false")],
            |_, arguments| Ok(Value::Bool(sign("negative?", arguments)? == Ordering::Less)),
        )
    },
    Native {
        aliases: &["zerop"],
        ..pure(
            MODULE,
            "zero?",
            ONE,
            "(x) -> bool",
            "True for zero of every number type.",
            &[("(zero? 0.0)", "true"), ("(zero? 1)", "false")],
            |_, arguments| {
                sign("zero?", arguments)?;
                Ok(Value::Bool(number::is_zero(at(arguments, 0))))
            },
        )
    },
    pure(
        MODULE,
        "gcd",
        ANY,
        "(integer…) -> integer",
        "The greatest common divisor, never negative. `(gcd)` is 0.",
        &[("(gcd 12 18)", "6"), ("(gcd -4 6)", "2"), ("(gcd)", "0")],
        |context, arguments| {
            let (numbers, ty) = integers("gcd", arguments)?;
            let mut result = BigInt::zero();
            for number in numbers {
                result = common_divisor(context, result, number)?;
            }
            typed("gcd", ty, &result)
        },
    ),
    pure(
        MODULE,
        "lcm",
        ANY,
        "(integer…) -> integer",
        "The least common multiple, never negative. `(lcm)` is 1.",
        &[("(lcm 4 6)", "12"), ("(lcm)", "1"), ("(lcm 3 0)", "0")],
        |context, arguments| {
            let (numbers, ty) = integers("lcm", arguments)?;
            let mut result = BigInt::from(1u8);
            for number in numbers {
                if result.bits() + number.bits() > MAX_BITS {
                    return Err(too_large("lcm"));
                }
                let divisor = common_divisor(context, result.clone(), number.clone())?;
                result = if divisor.is_zero() { divisor } else { (result / divisor * number).abs() };
            }
            typed("lcm", ty, &result)
        },
    ),
    pure(
        MODULE,
        "sqrt",
        ONE,
        "(x) -> float",
        "The square root. A negative number is a `:value` error.",
        &[("(sqrt 16)", "4.0"), ("(sqrt 2)", "1.4142135623730951")],
        |_, arguments| real("sqrt", arguments, "a number that is not negative", |x| x >= 0.0, f64::sqrt),
    ),
    pure(
        MODULE,
        "isqrt",
        ONE,
        "(n) -> integer",
        "The integer square root: the greatest integer whose square is at most `n`, exact for any size. A negative number is a `:value` error.",
        &[("(isqrt 17)", "4"), ("(isqrt 16)", "4")],
        |_, arguments| {
            let (numbers, ty) = integers("isqrt", arguments)?;
            let number = numbers.into_iter().next().unwrap_or_default();
            if number.is_negative() {
                return Err(domain("isqrt", "an integer that is not negative", at(arguments, 0)));
            }
            typed("isqrt", ty, &ovsm_value::large::square_root(&number))
        },
    ),
    pure(MODULE, "cbrt", ONE, "(x) -> float", "The cube root.", &[("(cbrt 27)", "3.0")], |_, arguments| {
        total("cbrt", arguments, f64::cbrt)
    }),
    pure(
        MODULE,
        "hypot",
        TWO,
        "(x y) -> float",
        "The length of the hypotenuse: the square root of the sum of the squares.",
        &[("(hypot 3 4)", "5.0")],
        |_, arguments| {
            let (x, y) = (float("hypot", arguments, 0)?, float("hypot", arguments, 1)?);
            finite("hypot", x.hypot(y), &[x, y])
        },
    ),
    pure(
        MODULE,
        "pow",
        TWO,
        "(base exponent) -> float",
        "A power as a float; `expt` is exact. A result that is too large, or no number, is a `:value` error.",
        &[("(pow 2 10)", "1024.0"), ("(pow 2 0.5)", "1.4142135623730951")],
        |_, arguments| power_of_floats("pow", arguments),
    ),
    Native {
        aliases: &["**"],
        ..pure(
            MODULE,
            "expt",
            TWO,
            "(base exponent) -> number",
            "A power: exact if the base is exact and the exponent is an integer that is not negative, otherwise a float. A fixed-width result that does not fit is an error.",
            &[
                ("(expt 2 100)", "1267650600228229401496703205376"),
                ("(expt 2 -1)", "0.5"),
                ("(expt 2.0 3)", "8.0"),
            ],
            expt,
        )
    },
    pure(
        MODULE,
        "exp",
        ONE,
        "(x) -> float",
        "e to a power. A result that is too large is a `:value` error.",
        &[("(exp 0)", "1.0")],
        |_, arguments| total("exp", arguments, f64::exp),
    ),
    pure(
        MODULE,
        "ln",
        ONE,
        "(x) -> float",
        "The natural logarithm. A number that is not positive is a `:value` error. (`log` prints.)",
        &[("(ln 1)", "0.0")],
        |_, arguments| logarithm("ln", arguments, f64::ln, std::f64::consts::LN_2),
    ),
    pure(
        MODULE,
        "log10",
        ONE,
        "(x) -> float",
        "The logarithm to base 10. A number that is not positive is a `:value` error.",
        &[("(log10 1000)", "3.0")],
        |_, arguments| logarithm("log10", arguments, f64::log10, std::f64::consts::LOG10_2),
    ),
    pure(
        MODULE,
        "log2",
        ONE,
        "(x) -> float",
        "The logarithm to base 2. A number that is not positive is a `:value` error.",
        &[("(log2 8)", "3.0")],
        |_, arguments| logarithm("log2", arguments, f64::log2, 1.0),
    ),
    pure(
        MODULE,
        "sin",
        ONE,
        "(x) -> float",
        "The sine of an angle in radians.",
        &[("(sin 0)", "0.0")],
        |_, arguments| total("sin", arguments, f64::sin),
    ),
    pure(
        MODULE,
        "cos",
        ONE,
        "(x) -> float",
        "The cosine of an angle in radians.",
        &[("(cos 0)", "1.0")],
        |_, arguments| total("cos", arguments, f64::cos),
    ),
    pure(
        MODULE,
        "tan",
        ONE,
        "(x) -> float",
        "The tangent of an angle in radians.",
        &[("(tan 0)", "0.0")],
        |_, arguments| total("tan", arguments, f64::tan),
    ),
    pure(
        MODULE,
        "asin",
        ONE,
        "(x) -> float",
        "The angle of a sine, from -π/2 to π/2. A number outside of -1 to 1 is a `:value` error.",
        &[("(asin 0)", "0.0")],
        |_, arguments| real("asin", arguments, "a number from -1 to 1", |x| x.abs() <= 1.0, f64::asin),
    ),
    pure(
        MODULE,
        "acos",
        ONE,
        "(x) -> float",
        "The angle of a cosine, from 0 to π. A number outside of -1 to 1 is a `:value` error.",
        &[("(acos 1)", "0.0")],
        |_, arguments| real("acos", arguments, "a number from -1 to 1", |x| x.abs() <= 1.0, f64::acos),
    ),
    pure(
        MODULE,
        "atan",
        (1, Some(2)),
        "(y x) -> float",
        "The angle of a tangent, from -π/2 to π/2; with two arguments as `atan2`.",
        &[("(atan 0)", "0.0")],
        |_, arguments| match arguments.len() {
            1 => total("atan", arguments, f64::atan),
            _ => Ok(Value::Float(float("atan", arguments, 0)?.atan2(float("atan", arguments, 1)?))),
        },
    ),
    pure(
        MODULE,
        "atan2",
        TWO,
        "(y x) -> float",
        "The angle of the point `x` to the right and `y` up, from -π to π.",
        &[("(atan2 0 1)", "0.0")],
        |_, arguments| Ok(Value::Float(float("atan2", arguments, 0)?.atan2(float("atan2", arguments, 1)?))),
    ),
    pure(
        MODULE,
        "sinh",
        ONE,
        "(x) -> float",
        "The hyperbolic sine.",
        &[("(sinh 0)", "0.0")],
        |_, arguments| total("sinh", arguments, f64::sinh),
    ),
    pure(
        MODULE,
        "cosh",
        ONE,
        "(x) -> float",
        "The hyperbolic cosine.",
        &[("(cosh 0)", "1.0")],
        |_, arguments| total("cosh", arguments, f64::cosh),
    ),
    pure(
        MODULE,
        "tanh",
        ONE,
        "(x) -> float",
        "The hyperbolic tangent.",
        &[("(tanh 0)", "0.0")],
        |_, arguments| total("tanh", arguments, f64::tanh),
    ),
    pure(
        MODULE,
        "asinh",
        ONE,
        "(x) -> float",
        "The inverse of `sinh`.",
        &[("(asinh 0)", "0.0")],
        |_, arguments| total("asinh", arguments, f64::asinh),
    ),
    pure(
        MODULE,
        "acosh",
        ONE,
        "(x) -> float",
        "The inverse of `cosh`. A number below 1 is a `:value` error.",
        &[("(acosh 1)", "0.0")],
        |_, arguments| real("acosh", arguments, "a number of at least 1", |x| x >= 1.0, f64::acosh),
    ),
    pure(
        MODULE,
        "atanh",
        ONE,
        "(x) -> float",
        "The inverse of `tanh`. A number that is not between -1 and 1 is a `:value` error.",
        &[("(atanh 0)", "0.0")],
        |_, arguments| real("atanh", arguments, "a number between -1 and 1", |x| x.abs() < 1.0, f64::atanh),
    ),
];

/// The error of a number outside the domain of a function.
fn domain(operation: &str, wanted: &str, found: &Value) -> Raised {
    raise(ErrorKind::Value, format!("`{operation}` needs {wanted}, but found {}", brief(found)))
}

/// A float result: from finite operands it must be finite.
fn finite(operation: &str, result: f64, operands: &[f64]) -> Result<Value, Raised> {
    if !result.is_finite() && operands.iter().all(|operand| operand.is_finite()) {
        let what = if result.is_nan() { "no real number" } else { "too large for a float" };
        return Err(raise(ErrorKind::Value, format!("the result of `{operation}` is {what}")));
    }
    Ok(Value::Float(result))
}

/// A function of every float.
fn total(operation: &str, arguments: &[Value], function: fn(f64) -> f64) -> Result<Value, Raised> {
    let x = float(operation, arguments, 0)?;
    finite(operation, function(x), &[x])
}

/// A function with a domain; what is no number passes through.
fn real(
    operation: &str,
    arguments: &[Value],
    wanted: &str,
    holds: fn(f64) -> bool,
    function: fn(f64) -> f64,
) -> Result<Value, Raised> {
    let x = float(operation, arguments, 0)?;
    if !holds(x) && !x.is_nan() {
        return Err(domain(operation, wanted, at(arguments, 0)));
    }
    finite(operation, function(x), &[x])
}

/// A logarithm; an integer beyond the floats is taken apart first. `of_two` is the logarithm of 2.
fn logarithm(
    operation: &str,
    arguments: &[Value],
    function: fn(f64) -> f64,
    of_two: f64,
) -> Result<Value, Raised> {
    if let Value::Big(number) = at(arguments, 0)
        && number.is_positive()
    {
        let shift = number.bits().saturating_sub(64);
        let top = (&**number >> shift).to_f64().unwrap_or(f64::NAN);
        return Ok(Value::Float(function(top) + shift as f64 * of_two));
    }
    real(operation, arguments, "a positive number", |x| x > 0.0, function)
}

fn order(operation: &str, a: &Value, b: &Value) -> Result<Ordering, Raised> {
    if let Some(wrong) = [a, b].into_iter().find(|value| !value.is_number()) {
        return Err(type_error(operation, "numbers", wrong));
    }
    number::compare(a, b).ok_or_else(|| {
        raise(ErrorKind::Value, format!("`{operation}` can not order a float that is no number (`+nan`)"))
    })
}

/// The least or the greatest; the first of equals. A float that is no number wins: it must not get lost.
fn extreme(
    context: &mut dyn Context,
    operation: &str,
    arguments: &[Value],
    wanted: Ordering,
) -> Result<Value, Raised> {
    let collected;
    let items = match arguments {
        [Value::Range(_) | Value::Set(_)] => {
            context.reserve(
                crate::places::length(at(arguments, 0)).unwrap_or(0).saturating_mul(size_of::<Value>()),
            )?;
            collected = crate::arguments::items(operation, at(arguments, 0))?;
            &collected
        }
        [only] => only.as_items().unwrap_or(arguments),
        many => many,
    };
    context.charge(items.len() as u64)?;
    let Some((mut best, rest)) = items.split_first() else {
        return Err(raise(ErrorKind::Value, format!("`{operation}` of no items: test with `empty?` first")));
    };
    let is_nan = |value: &Value| matches!(value, Value::Float(x) if x.is_nan());
    if rest.is_empty() && compare(best, best).is_none() && !is_nan(best) {
        return Err(type_error(operation, "numbers, strings or characters", best));
    }
    for item in rest {
        match compare(item, best) {
            Some(found) if found == wanted => best = item,
            Some(_) => {}
            None if item.is_number() && is_nan(best) => {}
            None if is_nan(item) && best.is_number() => best = item,
            None => {
                let wrong = if best.is_number() { item } else { best };
                return Err(type_error(
                    operation,
                    "numbers, or items of one type that can be ordered",
                    wrong,
                ));
            }
        }
    }
    Ok(best.clone())
}

fn sign(operation: &str, arguments: &[Value]) -> Result<Ordering, Raised> {
    let value = at(arguments, 0);
    if !value.is_number() {
        return Err(type_error(operation, "a number", value));
    }
    Ok(number::sign(value))
}

fn odd(operation: &str, arguments: &[Value]) -> Result<bool, Raised> {
    let value = at(arguments, 0);
    let cut;
    let whole = match value {
        Value::Int(number) => return Ok(number % 2 != 0),
        Value::Float(float) => {
            cut = number::integer_of_float(*float)
                .ok_or_else(|| domain(operation, "a finite number", value))?;
            &cut
        }
        Value::Decimal(decimal) => return Ok(decimal.truncate().is_odd()),
        value => value,
    };
    Ok(number::to_bigint(whole).ok_or_else(|| type_error(operation, "a number", value))?.is_odd())
}

/// Euclid's algorithm, in steps that are paid for one by one: with huge numbers it takes long.
fn common_divisor(context: &mut dyn Context, a: BigInt, b: BigInt) -> Result<BigInt, Raised> {
    let (mut a, mut b) = (a, b);
    while b.bits() > 64 {
        let limbs = b.bits() / 64;
        // A step divides by as many digits as the two numbers differ in.
        let quotient = a.bits().saturating_sub(b.bits()) / 64 + 1;
        context.charge(1 + limbs.saturating_mul(quotient) / 8)?;
        let remainder = &a % &b;
        a = std::mem::replace(&mut b, remainder);
    }
    Ok(if b.is_zero() { a.abs() } else { (a % &b).gcd(&b) })
}

fn power_of_floats(operation: &str, arguments: &[Value]) -> Result<Value, Raised> {
    let (base, exponent) = (float(operation, arguments, 0)?, float(operation, arguments, 1)?);
    finite(operation, base.powf(exponent), &[base, exponent])
}

fn expt(context: &mut dyn Context, arguments: &mut [Value]) -> Result<Value, Raised> {
    let (base, exponent) = (at(arguments, 0), at(arguments, 1));
    let whole = number::to_bigint(exponent).filter(|exponent| !exponent.is_negative());
    let Some(whole) = whole else { return power_of_floats("expt", arguments) };
    let exponent = whole.to_u64();
    if let Value::Decimal(decimal) = base {
        let exponent = exponent
            .filter(|exponent| exponent.saturating_mul(u64::from(decimal.scale)) <= u64::from(MAX_SCALE));
        let exponent = exponent.ok_or_else(|| {
            raise(
                ErrorKind::Limit,
                format!("the result of `expt` has more than {MAX_SCALE} decimals: round first"),
            )
        })?;
        let scale = (exponent * u64::from(decimal.scale)) as u32;
        let unscaled = exact_power(context, &decimal.unscaled, exponent)?;
        return Ok(Value::Decimal(Rc::new(Decimal { unscaled, scale })));
    }
    let Some(number) = number::to_bigint(base) else { return power_of_floats("expt", arguments) };
    let exponent = match exponent {
        Some(exponent) => exponent,
        // Only the parity matters for -1, 0 and 1; everything else is too large in any case.
        None if number.magnitude().bits() <= 1 => u64::MAX - u64::from(whole.is_even()),
        None => return Err(too_large("expt")),
    };
    let ty = FixedType::of(base);
    if let Some(ty) = ty
        && number.bits() > 1
        && (number.bits() - 1).saturating_mul(exponent) > u64::from(ty.bits())
    {
        return Err(raise(
            ErrorKind::Overflow,
            format!("`(expt {} {})` does not fit in `{}`", brief(base), brief(at(arguments, 1)), ty.name()),
        ));
    }
    let result = exact_power(context, &number, exponent)?;
    typed("expt", ty, &result)
}

fn exact_power(context: &mut dyn Context, base: &BigInt, exponent: u64) -> Result<BigInt, Raised> {
    let bits = if base.bits() > 1 { base.bits().saturating_mul(exponent) } else { 1 };
    if bits <= MAX_BITS {
        context.reserve((bits / 8) as usize)?;
        context.charge(1 + (bits / 64).saturating_mul((bits / 64).isqrt()) / 8)?;
    }
    number::power(base, exponent)
}

#[cfg(test)]
mod tests;
