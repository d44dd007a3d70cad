//! Products, quotients, roots and the digits of integers that may have millions of digits: multiply, divide, divide_down,
//! square_root, write_digits, read_digits.
//!
//! What takes long is paid for by the step ([`crate::walk`]), before it is done: a product at once, a quotient block by
//! block, so that a run ends soon after its fuel or its time is used up. What an ended operation gives is of no use.
//! Small numbers pay nothing. Start with `multiply`.

use crate::walk;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};
use std::fmt::{self, Write};

/// Up to so many bits an operation takes no longer than a step of a program.
const SMALL: u64 = 1 << 12;

/// So many digits are read and written at once.
const FEW_DIGITS: u64 = 1 << 10;

/// How many products of two words a step pays for.
const PRODUCTS_PER_STEP: u64 = 8;

/// How many products of words a block of a division takes, about.
const BLOCK: u64 = 1 << 22;

fn words(number: &BigInt) -> u64 {
    number.bits() / 64 + 1
}

/// Pays for so many products of words. False if the run has to end.
fn pay(products: u64) -> bool {
    walk::steps(usize::try_from(products / PRODUCTS_PER_STEP).unwrap_or(usize::MAX))
}

/// Pays for a walk over two numbers: a sum.
pub(crate) fn pay_for_sum(a: &BigInt, b: &BigInt) -> bool {
    let bits = a.bits().max(b.bits());
    bits <= SMALL || pay(bits / 64)
}

/// The product of two integers.
pub(crate) fn multiply(a: &BigInt, b: &BigInt) -> BigInt {
    let (few, many) = (words(a).min(words(b)), words(a).max(words(b)));
    let is_small = few.saturating_mul(64) <= SMALL && many.saturating_mul(64) <= 8 * SMALL;
    // The product of large numbers takes fewer steps than the square: about the power of 1.5.
    if is_small || pay(many.saturating_mul(few.min(32).max(few.isqrt()))) { a * b } else { BigInt::ZERO }
}

/// The quotient, truncated toward zero, and the remainder, with the sign of the dividend. The divisor is not zero.
pub(crate) fn divide(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let (dividend, divisor) = (words(a), words(b));
    if dividend.saturating_mul(64) <= 8 * SMALL || dividend < divisor {
        return a.div_rem(b);
    }
    if dividend.saturating_mul(divisor) <= BLOCK {
        return if pay(dividend.saturating_mul(divisor)) {
            a.div_rem(b)
        } else {
            (BigInt::ZERO, BigInt::ZERO)
        };
    }
    // As on paper, with blocks of many bits for digits.
    let block = (BLOCK / divisor).max(16) * 64;
    let (magnitude, by) = (a.abs(), b.abs());
    let blocks = magnitude.bits().div_ceil(block);
    let mask = (BigInt::from(1u8) << block) - 1u8;
    let (mut quotient, mut remainder) = (BigInt::ZERO, BigInt::ZERO);
    let mut digits: Vec<BigInt> = Vec::new();
    for n in (0..blocks).rev() {
        if !pay((block / 64).saturating_mul(divisor).saturating_add(dividend)) {
            return (BigInt::ZERO, BigInt::ZERO);
        }
        let digit = (&magnitude >> (n * block)) & &mask;
        let (part, rest) = ((remainder << block) + digit).div_rem(&by);
        digits.push(part);
        remainder = rest;
    }
    // Each digit is put where it belongs once.
    let mut width = block;
    digits.reverse();
    while digits.len() > 1 {
        let pairs = digits.chunks(2).map(|pair| match pair {
            [low, high] => (high << width) + low,
            rest => rest.first().cloned().unwrap_or_default(),
        });
        digits = pairs.collect();
        width *= 2;
    }
    if let Some(whole) = digits.pop() {
        quotient = whole;
    }
    let quotient = if a.is_negative() == b.is_negative() { quotient } else { -quotient };
    (quotient, if a.is_negative() { -remainder } else { remainder })
}

/// The quotient rounded down, and the remainder with the sign of the divisor. The divisor is not zero.
pub(crate) fn divide_down(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let (quotient, remainder) = divide(a, b);
    match !remainder.is_zero() && remainder.is_negative() != b.is_negative() {
        true => (quotient - 1u8, remainder + b),
        false => (quotient, remainder),
    }
}

/// The greatest integer whose square is not more than a number, which is not negative.
pub fn square_root(number: &BigInt) -> BigInt {
    root_and_rest(number).0
}

/// The square root, and what the number is more than its square: the root of the upper half of the digits, and a division
/// that gives the lower half of the root.
fn root_and_rest(number: &BigInt) -> (BigInt, BigInt) {
    if number.bits() <= SMALL {
        let root = number.sqrt();
        let rest = number - &root * &root;
        return (root, rest);
    }
    let quarter = number.bits() / 4;
    let mask = (BigInt::from(1u8) << quarter) - 1u8;
    let (high, rest) = root_and_rest(&(number >> (2 * quarter)));
    let (low, over) = divide(&((rest << quarter) + ((number >> quarter) & &mask)), &(&high << 1));
    let mut root = (high << quarter) + &low;
    let mut rest = (over << quarter) + (number & mask) - multiply(&low, &low);
    // The root of the upper half may be too small by a part, which makes the quotient too large by one.
    while rest.is_negative() && !walk::is_over() {
        rest += (&root << 1) - 1u8;
        root -= 1u8;
    }
    (root, rest)
}

/// The digits of an integer in a radix from 2 to 36, in small letters.
pub fn digits_in_radix(number: &BigInt, radix: u32) -> String {
    let mut text = String::new();
    // A text takes everything.
    let _ = write_in_radix(&mut text, number, radix);
    text
}

/// Writes the decimal digits of an integer.
///
/// # Errors
/// Those of the text.
pub(crate) fn write_digits(text: &mut dyn Write, number: &BigInt) -> fmt::Result {
    write_in_radix(text, number, 10)
}

fn write_in_radix(text: &mut dyn Write, number: &BigInt, radix: u32) -> fmt::Result {
    if number.bits() <= SMALL {
        return text.write_str(&number.to_str_radix(radix));
    }
    if !pay_for_sum(number, number) {
        return text.write_char('…');
    }
    // These are groups of bits.
    if radix.is_power_of_two() {
        return text.write_str(&number.to_str_radix(radix));
    }
    if number.is_negative() {
        text.write_char('-')?;
    }
    // The power of the radix with half of the digits; then those halves are halved.
    let magnitude = number.abs();
    let Some(powers) = powers(radix, magnitude.bits() + 64) else { return text.write_char('…') };
    write_part(text, &magnitude, radix, &powers, None)
}

/// The powers of a radix whose squares have at most so many bits, and the next one, each the square of the one before, with
/// their numbers of digits. None if the run has to end.
fn powers(radix: u32, bits: u64) -> Option<Vec<(u64, BigInt)>> {
    let mut powers = vec![(FEW_DIGITS, BigInt::from(radix).pow(FEW_DIGITS as u32))];
    while let Some((digits, power)) = powers.last()
        && power.bits().saturating_mul(2) <= bits
    {
        let next = (digits * 2, multiply(power, power));
        if next.1.is_zero() {
            return None;
        }
        powers.push(next);
    }
    Some(powers)
}

/// The integer that digits say in a radix from 2 to 36; none if something else is among them.
pub fn read_digits(digits: &[u8], radix: u32) -> Option<BigInt> {
    if digits.is_empty() || !digits.iter().all(|digit| char::from(*digit).is_digit(radix)) {
        return None;
    }
    if digits.len() as u64 <= FEW_DIGITS || radix.is_power_of_two() {
        return BigInt::parse_bytes(digits, radix);
    }
    let bits = digits.len() as f64 * f64::from(radix).log2();
    match powers(radix, bits as u64) {
        Some(powers) => read_part(digits, radix, &powers),
        // The run has to end.
        None => Some(BigInt::ZERO),
    }
}

fn read_part(digits: &[u8], radix: u32, powers: &[(u64, BigInt)]) -> Option<BigInt> {
    let Some(((few, power), smaller)) = powers.split_last() else {
        return BigInt::parse_bytes(digits, radix);
    };
    match digits.len().checked_sub(*few as usize).and_then(|place| digits.split_at_checked(place)) {
        Some((high, low)) if !high.is_empty() => {
            let (high, low) = (read_part(high, radix, powers)?, read_part(low, radix, smaller)?);
            Some(multiply(&high, power) + low)
        }
        _ => read_part(digits, radix, smaller),
    }
}

/// Writes the digits of a number that is not negative, with as many zeros before them as the width asks for.
fn write_part(
    text: &mut dyn Write,
    number: &BigInt,
    radix: u32,
    powers: &[(u64, BigInt)],
    width: Option<u64>,
) -> fmt::Result {
    match powers.split_last() {
        Some(((digits, power), smaller)) if number.bits() > SMALL => {
            let (high, low) = divide(number, power);
            if high.is_zero() && low.is_zero() && walk::is_over() {
                return text.write_char('…');
            }
            let is_below = high.is_zero();
            if is_below && width.is_none() {
                return write_part(text, &low, radix, smaller, None);
            }
            write_part(text, &high, radix, smaller, width.map(|width| width.saturating_sub(*digits)))?;
            write_part(text, &low, radix, smaller, Some(*digits))
        }
        _ => {
            let digits = number.to_str_radix(radix);
            let zeros = width.map_or(0, |width| (width as usize).saturating_sub(digits.len()));
            (0..zeros).try_for_each(|_| text.write_char('0'))?;
            text.write_str(&digits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn numbers() -> Vec<BigInt> {
        let three = BigInt::from(3u8);
        let mut all: Vec<BigInt> =
            [1u32, 40, 3_000, 20_000, 60_000, 200_000].iter().map(|exponent| three.pow(*exponent)).collect();
        all.extend([
            BigInt::from(10u8).pow(5_000),
            BigInt::from(10u8).pow(4_096) - 1u8,
            BigInt::from(7u8) << 300_000u32,
        ]);
        all
    }

    #[test]
    fn blocks_give_what_the_whole_gives() {
        for a in numbers() {
            for b in numbers() {
                for (a, b) in [(a.clone(), b.clone()), (-&a, b.clone()), (a.clone(), -&b), (-&a, -&b)] {
                    assert_eq!(divide(&a, &b), a.div_rem(&b));
                    assert_eq!(divide_down(&a, &b), a.div_mod_floor(&b));
                }
            }
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in numbers().into_iter().chain([BigInt::ZERO]) {
            for number in [number.clone(), -number] {
                let mut text = String::new();
                write_digits(&mut text, &number).unwrap();
                assert!(text == number.to_string());
            }
        }
    }

    #[test]
    fn digits_of_any_radix_are_read_back() {
        for number in numbers() {
            for radix in [2, 3, 7, 10, 16, 36] {
                let text = digits_in_radix(&number, radix);
                assert!(text == number.to_str_radix(radix), "{radix}");
                assert!(read_digits(text.as_bytes(), radix) == Some(number.clone()), "{radix}");
            }
        }
        assert_eq!(read_digits(b"12a", 10), None);
        assert_eq!(read_digits(b"", 10), None);
        assert_eq!(read_digits(b"-1", 10), None);
    }

    #[test]
    fn roots_are_the_greatest() {
        for number in numbers() {
            for number in [&number * &number, &number * &number - 1u8, number.clone()] {
                assert!(square_root(&number) == number.sqrt());
            }
        }
    }

    struct Few;

    impl walk::Watch for Few {
        fn must_stop(&self, used: u64) -> bool {
            used > 1_000_000
        }
    }

    #[test]
    fn what_takes_long_ends_when_it_has_to() {
        let large = BigInt::from(3u8) << 15_000_000u32;
        walk::watched(Rc::new(Few), || {
            let half = BigInt::from(7u8) << 7_000_000u32;
            assert!(divide(&large, &half).0.is_zero());
            assert!(walk::settle().1);
            assert!(multiply(&half, &half).is_zero());
            assert!(walk::settle().1);
            let mut text = String::new();
            write_digits(&mut text, &large).unwrap();
            assert!(walk::settle().1);
            digits_in_radix(&large, 3);
            assert!(walk::settle().1);
            square_root(&large);
            assert!(walk::settle().1);
            read_digits(&vec![b'9'; 1 << 22], 10);
            assert!(walk::settle().1);
        });
    }
}
