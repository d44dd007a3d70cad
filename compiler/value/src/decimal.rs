//! Exact decimal numbers: an integer and how many of its digits stand after the point.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// How many digits may stand after the point.
pub const MAX_SCALE: u32 = 10_000;

/// `unscaled / 10^scale`. `1.0` and `1.00` are equal numbers that print differently.
#[derive(Clone, Debug)]
pub struct Decimal {
    /// All digits.
    pub unscaled: BigInt,
    /// How many of them stand after the point.
    pub scale: u32,
}

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10u8).pow(exponent)
}

impl Decimal {
    /// A whole number.
    pub fn from_integer(number: BigInt) -> Decimal {
        Decimal { unscaled: number, scale: 0 }
    }

    /// Reads `-12.50`; digits on both sides of a point, or no point. Underscores are not digits.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_right = !whole.is_empty()
            && (!fraction.is_empty() || !digits.contains('.'))
            && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= MAX_SCALE)?;
        if !is_right || whole.len() > 100_000 {
            return None;
        }
        let unscaled: BigInt = crate::large::read_digits(format!("{whole}{fraction}").as_bytes(), 10)?;
        Some(Decimal { unscaled: unscaled * sign, scale })
    }

    /// True for zero.
    pub fn is_zero(&self) -> bool {
        self.unscaled.is_zero()
    }

    /// Both numbers with the larger scale.
    fn aligned(&self, other: &Decimal) -> (BigInt, BigInt, u32) {
        let scale = self.scale.max(other.scale);
        (self.rescaled(scale), other.rescaled(scale), scale)
    }

    fn rescaled(&self, scale: u32) -> BigInt {
        &self.unscaled * power_of_ten(scale.saturating_sub(self.scale))
    }

    /// The exact sum.
    pub fn add(&self, other: &Decimal) -> Decimal {
        let (a, b, scale) = self.aligned(other);
        Decimal { unscaled: a + b, scale }
    }

    /// The exact difference.
    pub fn sub(&self, other: &Decimal) -> Decimal {
        let (a, b, scale) = self.aligned(other);
        Decimal { unscaled: a - b, scale }
    }

    /// The exact product; `None` if it has too many digits after the point.
    pub fn mul(&self, other: &Decimal) -> Option<Decimal> {
        let scale = self.scale.checked_add(other.scale).filter(|scale| *scale <= MAX_SCALE)?;
        Some(Decimal { unscaled: &self.unscaled * &other.unscaled, scale })
    }

    /// The quotient with `scale` digits after the point, rounded half to even. `None` for a zero divisor.
    pub fn div(&self, other: &Decimal, scale: u32) -> Option<Decimal> {
        if other.is_zero() || scale > MAX_SCALE {
            return None;
        }
        // (a / 10^s) / (b / 10^t) * 10^scale = a * 10^(t + scale) / (b * 10^s)
        let numerator = &self.unscaled * power_of_ten(other.scale + scale);
        let denominator = &other.unscaled * power_of_ten(self.scale);
        Some(Decimal { unscaled: divide_half_even(&numerator, &denominator), scale })
    }

    /// The number with `scale` digits after the point, rounded half to even.
    pub fn round(&self, scale: u32) -> Decimal {
        if scale >= self.scale {
            return Decimal { unscaled: self.rescaled(scale.min(MAX_SCALE)), scale: scale.min(MAX_SCALE) };
        }
        let divisor = power_of_ten(self.scale - scale);
        Decimal { unscaled: divide_half_even(&self.unscaled, &divisor), scale }
    }

    /// The order of two numbers.
    pub fn compare(&self, other: &Decimal) -> Ordering {
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }

    /// The integer that it is, if it is whole.
    pub fn to_integer(&self) -> Option<BigInt> {
        let (quotient, remainder) = crate::large::divide(&self.unscaled, &power_of_ten(self.scale));
        remainder.is_zero().then_some(quotient)
    }

    /// Its integer part, truncated.
    pub fn truncate(&self) -> BigInt {
        crate::large::divide(&self.unscaled, &power_of_ten(self.scale)).0
    }

    /// The nearest float.
    pub fn to_float(&self) -> f64 {
        // Decimal text is read back correctly rounded, which a division of two floats would not be.
        self.to_string().parse().unwrap_or_else(|_| self.unscaled.to_f64().unwrap_or(f64::NAN))
    }
}

fn divide_half_even(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let (quotient, remainder) = crate::large::divide(numerator, denominator);
    let twice: BigInt = remainder.abs() * 2;
    let away = match twice.cmp(&denominator.abs()) {
        Ordering::Greater => true,
        Ordering::Equal => quotient.is_odd(),
        Ordering::Less => false,
    };
    if !away {
        quotient
    } else if numerator.is_negative() == denominator.is_negative() {
        quotient + 1
    } else {
        quotient - 1
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scale = self.scale as usize;
        let digits = crate::large::digits_in_radix(&self.unscaled.abs(), 10);
        if self.unscaled.is_negative() {
            f.write_str("-")?;
        }
        if scale == 0 {
            return f.write_str(&digits);
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        write!(f, "{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(decimal("0.1").add(&decimal("0.20")).to_string(), "0.30");
        assert_eq!(decimal("1").sub(&decimal("1.005")).to_string(), "-0.005");
        assert_eq!(decimal("1.5").mul(&decimal("-0.25")).unwrap().to_string(), "-0.375");
        assert_eq!(decimal("1").div(&decimal("3"), 4).unwrap().to_string(), "0.3333");
        assert_eq!(decimal("-2").div(&decimal("3"), 2).unwrap().to_string(), "-0.67");
        assert!(decimal("1").div(&decimal("0.00"), 2).is_none());
    }

    #[test]
    fn rounds_half_to_even() {
        assert_eq!(decimal("0.125").round(2).to_string(), "0.12");
        assert_eq!(decimal("0.135").round(2).to_string(), "0.14");
        assert_eq!(decimal("-0.125").round(2).to_string(), "-0.12");
        assert_eq!(decimal("2.5").round(0).to_string(), "2");
        assert_eq!(decimal("2.5").round(3).to_string(), "2.500");
    }

    #[test]
    fn refuses_what_is_no_decimal() {
        for text in ["", ".", "1.", ".5", "1e5", "--1", "1_0", "0x1", "١"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }
}
