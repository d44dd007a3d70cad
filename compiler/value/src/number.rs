//! Arithmetic of the numeric tower: exact integers, fixed-width integers, decimals and floats.
//!
//! An exact integer next to a fixed-width one takes its type if it fits; two fixed widths that differ are an error;
//! a float makes the result a float. Fixed-width results that do not fit are errors, exact ones grow. Start with
//! [`add`]; the machine has its own fast paths for two small integers and two floats and comes here for the rest.

use crate::decimal::{Decimal, MAX_SCALE};
use crate::error::{ErrorKind, Raised, raise, type_error};
use crate::large;
use crate::value::Value;
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use ovsm_base::IntType;
use std::cmp::Ordering;
use std::rc::Rc;

/// How many bits an exact integer may have: 16 million, about five million digits.
pub const MAX_BITS: u64 = 1 << 24;

/// Digits after the point of the quotient of two decimals, at least.
const DECIMAL_QUOTIENT_SCALE: u32 = 18;

/// A fixed-width type, and what its values are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FixedType(pub IntType);

impl FixedType {
    /// The name in source text.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The type with this name.
    pub fn from_name(name: &str) -> Option<FixedType> {
        IntType::from_name(name).map(FixedType)
    }

    /// The type of a fixed-width value.
    pub fn of(value: &Value) -> Option<FixedType> {
        match value {
            Value::Fixed(ty, _) => Some(FixedType(*ty)),
            Value::U128(_) => Some(FixedType(IntType::U128)),
            Value::I128(_) => Some(FixedType(IntType::I128)),
            _ => None,
        }
    }

    /// Width in bits.
    pub fn bits(self) -> u32 {
        self.0.bits()
    }

    /// True for types with negative values.
    pub fn is_signed(self) -> bool {
        self.0.is_signed()
    }

    /// The value of this type, if it has that number.
    pub fn make(self, number: &BigInt) -> Option<Value> {
        match self.0 {
            IntType::U128 => number.to_u128().map(|n| Value::U128(Rc::new(n))),
            _ => self.make_small(number.to_i128()?),
        }
    }

    /// The value of this type, if it has that number.
    fn make_small(self, number: i128) -> Option<Value> {
        match self.0 {
            IntType::I128 => Some(Value::I128(Rc::new(number))),
            IntType::U128 => u128::try_from(number).ok().map(|n| Value::U128(Rc::new(n))),
            ty => ty.contains(number < 0, number.unsigned_abs()).then(|| Value::Fixed(ty, number as u64)),
        }
    }

    /// The value of this type with the low bits of the number.
    pub fn wrap(self, number: &BigInt) -> Value {
        let modulus = BigInt::from(1u8) << self.bits();
        let low = number & (&modulus - 1u8);
        let low = match self.is_signed() && low >= (&modulus >> 1u8) {
            true => low - modulus,
            false => low,
        };
        self.make(&low).unwrap_or_default()
    }

    /// The nearest value of this type.
    pub fn saturate(self, number: &BigInt) -> Value {
        let (low, high) = self.bounds();
        let nearest = if *number < low {
            &low
        } else if *number > high {
            &high
        } else {
            number
        };
        self.make(nearest).unwrap_or_default()
    }

    /// The least and the greatest number.
    pub fn bounds(self) -> (BigInt, BigInt) {
        let one = BigInt::from(1u8);
        match self.is_signed() {
            true => (-(&one << (self.bits() - 1)), (&one << (self.bits() - 1)) - 1),
            false => (BigInt::zero(), (one << self.bits()) - 1),
        }
    }
}

/// The number that a value of at most 127 bits is, if it is an integer.
fn small(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Fixed(ty, word) => {
            Some(if ty.is_signed() { i128::from(*word as i64) } else { i128::from(*word) })
        }
        Value::I128(number) => Some(**number),
        Value::U128(number) => i128::try_from(**number).ok(),
        _ => None,
    }
}

/// The integer that a value is; `None` for everything else, floats included.
pub fn to_bigint(value: &Value) -> Option<BigInt> {
    match value {
        Value::Big(number) => {
            crate::walk::copied((number.bits() / 8) as usize);
            Some((**number).clone())
        }
        Value::U128(number) => Some(BigInt::from(**number)),
        value => small(value).map(BigInt::from),
    }
}

/// The integer that a value is, if it fits 64 signed bits.
pub fn to_i64(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        value => small(value).and_then(|number| i64::try_from(number).ok()),
    }
}

/// The nearest float of a number.
pub fn to_float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        Value::Decimal(number) => Some(number.to_float()),
        value => to_bigint(value).and_then(|number| number.to_f64()),
    }
}

fn to_decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Decimal(number) => Some((**number).clone()),
        value => to_bigint(value).map(Decimal::from_integer),
    }
}

/// What a binary operation works in.
enum Common {
    Exact,
    Fixed(FixedType),
    Float(f64, f64),
    Decimal(Decimal, Decimal),
}

fn common(operation: &str, a: &Value, b: &Value) -> Result<Common, Raised> {
    if let Some(wrong) = [a, b].into_iter().find(|value| !value.is_number()) {
        return Err(type_error(operation, "numbers", wrong));
    }
    if matches!(a, Value::Decimal(_)) || matches!(b, Value::Decimal(_)) {
        return match (to_decimal(a), to_decimal(b)) {
            (Some(a), Some(b)) => Ok(Common::Decimal(a, b)),
            _ => Err(raise(
                ErrorKind::Type,
                format!(
                    "`{operation}` mixes a decimal with a float, which would not be exact: convert one with `(decimal x)` or `(float x)`"
                ),
            )),
        };
    }
    if matches!(a, Value::Float(_)) || matches!(b, Value::Float(_)) {
        let (a, b) = (to_float(a).unwrap_or(f64::NAN), to_float(b).unwrap_or(f64::NAN));
        return Ok(Common::Float(a, b));
    }
    match (FixedType::of(a), FixedType::of(b)) {
        (None, None) => Ok(Common::Exact),
        (Some(ty), None) | (None, Some(ty)) => Ok(Common::Fixed(ty)),
        (Some(x), Some(y)) if x == y => Ok(Common::Fixed(x)),
        (Some(x), Some(y)) => Err(raise(
            ErrorKind::Type,
            format!(
                "`{operation}` mixes `{}` and `{}`: convert one, as in `({} x)`",
                x.name(),
                y.name(),
                if x.bits() >= y.bits() { x.name() } else { y.name() }
            ),
        )),
    }
}

/// A number in a type, or the error that it does not fit.
fn fit(operation: &str, ty: FixedType, result: &BigInt, a: &Value, b: &Value) -> Result<Value, Raised> {
    ty.make(result).ok_or_else(|| overflow(operation, ty, a, b))
}

#[cold]
fn overflow(operation: &str, ty: FixedType, a: &Value, b: &Value) -> Raised {
    let text = |value: &Value| to_bigint(value).map_or_else(String::new, |number| clip_number(&number));
    raise(
        ErrorKind::Overflow,
        format!(
            "`({operation} {} {})` does not fit in `{}`{}",
            text(a),
            text(b),
            ty.name(),
            match operation {
                "+" | "-" | "*" => format!("; `{operation}%` wraps and `{operation}|` saturates"),
                _ => String::new(),
            }
        ),
    )
}

fn clip_number(number: &BigInt) -> String {
    if number.bits() > 256 { format!("(an integer of {} bits)", number.bits()) } else { number.to_string() }
}

#[cold]
fn too_large(operation: &str) -> Raised {
    raise(ErrorKind::Limit, format!("the result of `{operation}` would have more than {MAX_BITS} bits"))
}

/// Checks that both operands of a fixed-width operation have the type's values: an exact operand may not.
fn check_operands(operation: &str, ty: FixedType, a: &BigInt, b: &BigInt) -> Result<(), Raised> {
    for number in [a, b] {
        if ty.make(number).is_none() {
            return Err(raise(
                ErrorKind::Overflow,
                format!("`{operation}`: {} does not fit in `{}`", clip_number(number), ty.name()),
            ));
        }
    }
    Ok(())
}

/// An operation that is exact on integers and total on floats.
struct Ring {
    name: &'static str,
    small: fn(i128, i128) -> Option<i128>,
    big: fn(&BigInt, &BigInt) -> BigInt,
    float: fn(f64, f64) -> f64,
    decimal: fn(&Decimal, &Decimal) -> Option<Decimal>,
}

const ADD: Ring = Ring {
    name: "+",
    small: i128::checked_add,
    big: |a, b| a + b,
    float: |a, b| a + b,
    decimal: |a, b| Some(a.add(b)),
};
const SUB: Ring = Ring {
    name: "-",
    small: i128::checked_sub,
    big: |a, b| a - b,
    float: |a, b| a - b,
    decimal: |a, b| Some(a.sub(b)),
};
const MUL: Ring = Ring {
    name: "*",
    small: i128::checked_mul,
    big: large::multiply,
    float: |a, b| a * b,
    decimal: Decimal::mul,
};

impl Ring {
    fn apply(&self, a: &Value, b: &Value) -> Result<Value, Raised> {
        let ty = match common(self.name, a, b)? {
            Common::Float(a, b) => return Ok(Value::Float((self.float)(a, b))),
            Common::Decimal(a, b) => {
                return match (self.decimal)(&a, &b) {
                    Some(result) => Ok(Value::Decimal(Rc::new(result))),
                    None => Err(raise(
                        ErrorKind::Limit,
                        format!("the result of `{}` has more than {MAX_SCALE} decimals", self.name),
                    )),
                };
            }
            Common::Exact => None,
            Common::Fixed(ty) => Some(ty),
        };
        if let (Some(x), Some(y)) = (small(a), small(b))
            && let Some(result) = (self.small)(x, y)
        {
            let Some(ty) = ty else { return Ok(Value::from_i128(result)) };
            if let (Some(_), Some(_), Some(result)) =
                (ty.make_small(x), ty.make_small(y), ty.make_small(result))
            {
                return Ok(result);
            }
        }
        let (x, y) = both(a, b);
        match ty {
            None => {
                let bits = if self.name == "*" { x.bits() + y.bits() } else { x.bits().max(y.bits()) };
                if bits > MAX_BITS {
                    return Err(too_large(self.name));
                }
                if !large::pay_for_sum(&x, &y) {
                    return Ok(Value::Int(0));
                }
                Ok(Value::integer((self.big)(&x, &y)))
            }
            Some(ty) => {
                check_operands(self.name, ty, &x, &y)?;
                fit(self.name, ty, &(self.big)(&x, &y), a, b)
            }
        }
    }

    /// Wraps or saturates; exact integers do neither.
    fn apply_to_type(
        &self,
        a: &Value,
        b: &Value,
        end: fn(FixedType, &BigInt) -> Value,
        suffix: char,
    ) -> Result<Value, Raised> {
        let name = format!("{}{suffix}", self.name);
        match common(&name, a, b)? {
            Common::Exact => self.apply(a, b),
            Common::Fixed(ty) => {
                let (x, y) = both(a, b);
                check_operands(&name, ty, &x, &y)?;
                Ok(end(ty, &(self.big)(&x, &y)))
            }
            Common::Float(..) | Common::Decimal(..) => {
                let wrong = if a.is_integer() { b } else { a };
                Err(type_error(&name, "integers", wrong))
            }
        }
    }
}

fn both(a: &Value, b: &Value) -> (BigInt, BigInt) {
    (to_bigint(a).unwrap_or_default(), to_bigint(b).unwrap_or_default())
}

/// `+` of two numbers.
pub fn add(a: &Value, b: &Value) -> Result<Value, Raised> {
    ADD.apply(a, b)
}

/// `-` of two numbers.
pub fn sub(a: &Value, b: &Value) -> Result<Value, Raised> {
    SUB.apply(a, b)
}

/// `*` of two numbers.
pub fn mul(a: &Value, b: &Value) -> Result<Value, Raised> {
    MUL.apply(a, b)
}

/// `+% -% *%`: fixed-width results wrap. The operation is `'+'`, `'-'` or `'*'`.
pub fn wrapping(operation: char, a: &Value, b: &Value) -> Result<Value, Raised> {
    ring(operation).apply_to_type(a, b, FixedType::wrap, '%')
}

/// `+| -| *|`: fixed-width results saturate. The operation is `'+'`, `'-'` or `'*'`.
pub fn saturating(operation: char, a: &Value, b: &Value) -> Result<Value, Raised> {
    ring(operation).apply_to_type(a, b, FixedType::saturate, '|')
}

fn ring(operation: char) -> Ring {
    match operation {
        '-' => SUB,
        '*' => MUL,
        _ => ADD,
    }
}

/// A division and its rounding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// `/`: truncated toward zero for integers.
    Truncate,
    /// `//`: rounded down.
    Floor,
    /// `%`, `rem`: with the sign of the dividend.
    Remainder,
    /// `mod`: with the sign of the divisor.
    Modulo,
}

impl Division {
    /// The name in source text.
    pub fn name(self) -> &'static str {
        match self {
            Division::Truncate => "/",
            Division::Floor => "//",
            Division::Remainder => "%",
            Division::Modulo => "mod",
        }
    }
}

/// Division of two numbers. A zero divisor is an error for every type.
pub fn divide(division: Division, a: &Value, b: &Value) -> Result<Value, Raised> {
    let name = division.name();
    let kind = common(name, a, b)?;
    if is_zero(b) {
        let dividend = crate::write::brief(a);
        return Err(raise(ErrorKind::DivisionByZero, format!("division by zero: `({name} {dividend} 0)`")));
    }
    match kind {
        Common::Float(a, b) => Ok(Value::Float(match division {
            Division::Truncate => a / b,
            Division::Floor => (a / b).floor(),
            Division::Remainder => a % b,
            Division::Modulo => {
                let remainder = a % b;
                if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) { remainder + b } else { remainder }
            }
        })),
        Common::Decimal(a, b) => Ok(Value::Decimal(Rc::new(divide_decimals(division, &a, &b)?))),
        Common::Exact => {
            if let (Value::Int(x), Value::Int(y)) = (a, b) {
                let (x, y) = (i128::from(*x), i128::from(*y));
                return Ok(Value::from_i128(match division {
                    Division::Truncate => x / y,
                    Division::Floor => Integer::div_floor(&x, &y),
                    Division::Remainder => x % y,
                    Division::Modulo => Integer::mod_floor(&x, &y),
                }));
            }
            let (x, y) = both(a, b);
            Ok(Value::integer(divide_big(division, &x, &y)))
        }
        Common::Fixed(ty) => {
            let (x, y) = both(a, b);
            check_operands(name, ty, &x, &y)?;
            fit(name, ty, &divide_big(division, &x, &y), a, b)
        }
    }
}

fn divide_big(division: Division, a: &BigInt, b: &BigInt) -> BigInt {
    match division {
        Division::Truncate => large::divide(a, b).0,
        Division::Floor => large::divide_down(a, b).0,
        Division::Remainder => large::divide(a, b).1,
        Division::Modulo => large::divide_down(a, b).1,
    }
}

fn divide_decimals(division: Division, a: &Decimal, b: &Decimal) -> Result<Decimal, Raised> {
    let zero = || raise(ErrorKind::DivisionByZero, "division by zero");
    if division == Division::Truncate {
        let scale = DECIMAL_QUOTIENT_SCALE.max(a.scale).max(b.scale);
        let mut quotient = a.div(b, scale).ok_or_else(zero)?;
        // Digits that say nothing go, down to those that the operands had.
        let least = a.scale.max(b.scale);
        let ten = BigInt::from(10u8);
        while quotient.scale > least && (&quotient.unscaled % &ten).is_zero() {
            quotient.unscaled /= &ten;
            quotient.scale -= 1;
        }
        return Ok(quotient);
    }
    let scale = a.scale.max(b.scale);
    let power = |scale: u32| BigInt::from(10u8).pow(scale);
    let x = &a.unscaled * power(scale - a.scale);
    let y = &b.unscaled * power(scale - b.scale);
    let result = divide_big(division, &x, &y);
    Ok(match division {
        Division::Floor => Decimal::from_integer(result),
        _ => Decimal { unscaled: result, scale },
    })
}

/// `(- x)`.
pub fn negate(a: &Value) -> Result<Value, Raised> {
    match a {
        Value::Float(number) => Ok(Value::Float(-number)),
        a => sub(&Value::Int(0), a).map_err(|raised| no_opposite("-", a).unwrap_or(raised)),
    }
}

/// The error of a fixed-width number whose opposite does not fit.
#[cold]
fn no_opposite(operation: &str, a: &Value) -> Option<Raised> {
    let ty = FixedType::of(a)?;
    let message = format!("`({operation} {})` does not fit in `{}`", to_bigint(a)?, ty.name());
    Some(raise(ErrorKind::Overflow, message))
}

/// `abs`.
pub fn abs(a: &Value) -> Result<Value, Raised> {
    match a {
        Value::Float(number) => Ok(Value::Float(number.abs())),
        Value::Decimal(number) if number.unscaled.is_negative() => negate(a),
        a if !a.is_number() => Err(type_error("abs", "a number", a)),
        a if sign(a) == Ordering::Less => negate(a).map_err(|raised| no_opposite("abs", a).unwrap_or(raised)),
        a => Ok(a.clone()),
    }
}

/// The sign of a number as its order to zero; `Equal` for what is no number.
pub fn sign(a: &Value) -> Ordering {
    compare(a, &Value::Int(0)).unwrap_or(Ordering::Equal)
}

/// True for zero of every type.
pub fn is_zero(a: &Value) -> bool {
    match a {
        Value::Int(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Decimal(number) => number.is_zero(),
        a => small(a) == Some(0),
    }
}

/// The order of two numbers by value; `None` if one is no number or a float that is none.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y),
        (Value::Float(x), y) => compare_float(*x, y),
        (x, Value::Float(y)) => compare_float(*y, x).map(Ordering::reverse),
        (Value::Decimal(_), _) | (_, Value::Decimal(_)) => Some(to_decimal(a)?.compare(&to_decimal(b)?)),
        _ => match (small(a), small(b)) {
            (Some(x), Some(y)) => Some(x.cmp(&y)),
            _ => Some(to_bigint(a)?.cmp(&to_bigint(b)?)),
        },
    }
}

/// The exact order of a float and another number.
fn compare_float(float: f64, other: &Value) -> Option<Ordering> {
    if float.is_nan() || !other.is_number() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    if let Value::Int(number) = other
        && number.unsigned_abs() < 1 << 53
    {
        return float.partial_cmp(&(*number as f64));
    }
    // Each finite float is a fraction with a power of two below: exact as a decimal too.
    let exact = decimal_of_float(float)?;
    Some(exact.compare(&to_decimal(other)?))
}

/// The exact value of a finite float.
pub fn decimal_of_float(float: f64) -> Option<Decimal> {
    if !float.is_finite() {
        return None;
    }
    let bits = float.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let mantissa = BigInt::from_biguint(if float < 0.0 { Sign::Minus } else { Sign::Plus }, mantissa.into());
    Some(match u32::try_from(exponent) {
        Ok(exponent) => Decimal::from_integer(mantissa << exponent),
        Err(_) => {
            let scale = exponent.unsigned_abs();
            Decimal { unscaled: mantissa * BigInt::from(5u8).pow(scale), scale }
        }
    })
}

/// The integer part of a float, truncated, as an exact integer; `None` for infinities and what is no number.
pub fn integer_of_float(float: f64) -> Option<Value> {
    if float.abs() < 9.0e18 {
        return Some(Value::Int(float as i64));
    }
    decimal_of_float(float).map(|decimal| Value::integer(decimal.truncate()))
}

/// An exact integer to a power that is not negative; `Limit` if the result has too many bits.
pub fn power(base: &BigInt, exponent: u64) -> Result<BigInt, Raised> {
    let bits = base.bits().saturating_mul(exponent);
    if bits > MAX_BITS && base.bits() > 1 {
        return Err(too_large("expt"));
    }
    match u32::try_from(exponent) {
        Ok(exponent) => Ok(base.pow(exponent)),
        // Only 0, 1 and -1 come here.
        Err(_) => Ok(if exponent.is_multiple_of(2) { base * base } else { base.clone() }),
    }
}

/// Converts a number to a fixed-width type; an error if it does not fit or is not whole.
pub fn to_fixed(ty: FixedType, value: &Value) -> Result<Value, Raised> {
    let name = ty.name();
    let whole = match value {
        Value::Float(float) if float.fract() == 0.0 => {
            decimal_of_float(*float).map(|decimal| decimal.truncate())
        }
        Value::Decimal(decimal) => decimal.to_integer(),
        Value::Bool(truth) => Some(BigInt::from(u8::from(*truth))),
        Value::Char(c) => Some(BigInt::from(u32::from(*c))),
        Value::Float(_) => None,
        value => Some(to_bigint(value).ok_or_else(|| type_error(name, "a number", value))?),
    };
    let Some(whole) = whole else {
        return Err(raise(
            ErrorKind::Overflow,
            format!("`({name} {})`: the number is not whole", crate::write::brief(value)),
        ));
    };
    ty.make(&whole).ok_or_else(|| {
        let (low, high) = ty.bounds();
        raise(
            ErrorKind::Overflow,
            format!("`({name} {})` does not fit: `{name}` holds {low} to {high}", clip_number(&whole)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::write;

    fn show(result: Result<Value, Raised>) -> String {
        match result {
            Ok(value) => write(&value),
            Err(raised) => match *raised {
                crate::Unwind::Error(error) => error.kind.name().to_string(),
                _ => "?".to_string(),
            },
        }
    }

    fn u8_of(word: u64) -> Value {
        Value::Fixed(IntType::U8, word)
    }

    #[test]
    fn exact_integers_grow_and_shrink() {
        let max = Value::Int(i64::MAX);
        let big = add(&max, &Value::Int(1)).unwrap();
        assert_eq!(write(&big), "9223372036854775808");
        assert!(matches!(sub(&big, &Value::Int(1)).unwrap(), Value::Int(i64::MAX)));
        assert_eq!(
            show(divide(Division::Truncate, &Value::Int(i64::MIN), &Value::Int(-1))),
            "9223372036854775808"
        );
        assert_eq!(show(abs(&Value::Int(i64::MIN))), "9223372036854775808");
    }

    #[test]
    fn fixed_widths_are_checked() {
        assert_eq!(show(add(&u8_of(255), &u8_of(1))), "overflow");
        assert_eq!(show(add(&u8_of(254), &Value::Int(1))), "255u8");
        assert_eq!(show(add(&u8_of(1), &Value::Int(-1))), "overflow");
        assert_eq!(show(add(&u8_of(1), &Value::Fixed(IntType::U16, 1))), "type");
        assert_eq!(show(wrapping('+', &u8_of(255), &u8_of(3))), "2u8");
        assert_eq!(show(saturating('-', &u8_of(2), &u8_of(3))), "0u8");
        let minimum = Value::Fixed(IntType::I8, (-128i64) as u64);
        assert_eq!(show(divide(Division::Truncate, &minimum, &Value::Int(-1))), "overflow");
        assert_eq!(show(wrapping('-', &Value::Int(0), &minimum)), "-128i8");
    }

    #[test]
    fn numbers_compare_by_value() {
        let big = Value::integer(BigInt::from(2u8).pow(60) + 1);
        assert_eq!(compare(&big, &Value::Float(2f64.powi(60))), Some(Ordering::Greater));
        assert_eq!(compare(&Value::Int(1), &Value::Float(1.0)), Some(Ordering::Equal));
        assert_eq!(compare(&Value::Int(1), &Value::Float(f64::NAN)), None);
        assert_eq!(compare(&Value::Float(f64::INFINITY), &big), Some(Ordering::Greater));
        let tenth = Value::Decimal(Rc::new(Decimal::parse("0.1").unwrap()));
        assert_ne!(compare(&tenth, &Value::Float(0.1)), Some(Ordering::Equal));
    }

    #[test]
    fn division_by_zero_is_an_error_for_every_type() {
        for zero in [Value::Int(0), Value::Float(0.0), u8_of(0)] {
            for division in [Division::Truncate, Division::Floor, Division::Remainder, Division::Modulo] {
                assert_eq!(show(divide(division, &Value::Int(1), &zero)), "division-by-zero");
            }
        }
    }

    #[test]
    fn huge_results_are_refused() {
        let huge = Value::integer(BigInt::from(1u8) << (MAX_BITS - 10));
        assert_eq!(show(mul(&huge, &huge)), "limit");
        assert_eq!(power(&BigInt::from(-1), u64::MAX).unwrap(), BigInt::from(-1));
        assert!(power(&BigInt::from(2), u64::MAX).is_err());
    }
}
