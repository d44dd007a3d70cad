//! Number literals: which runs of characters are numbers, and what they mean.
//!
//! `[sign] digits [suffix]` with `_` between digits and the radix prefixes `0x 0b 0o` is an integer;
//! `[sign] digits [. digits] [e [sign] digits]` is a float. What merely begins with a digit is a symbol (`1+`), unless
//! it looks so much like a number that it can only be meant as one ([`shape`] has the rule).

use ovsm_base::IntType;

/// An integer literal as written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IntegerLiteral {
    /// True if written with a minus sign.
    pub negative: bool,
    /// The absolute value; `None` if it is larger than a `u128` can hold.
    pub magnitude: Option<u128>,
    /// The type suffix.
    pub suffix: Option<IntType>,
}

/// What a run of symbol characters that begins with a digit, or a sign and a digit, is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Integer,
    Float,
    Symbol,
    /// Looks like a number and is none.
    Malformed,
    /// Two numbers with `..` between them.
    Range {
        /// Length of the first number.
        first: u32,
        first_is_float: bool,
        last_is_float: bool,
    },
}

/// Classifies a run. What is no number is malformed if it has a radix prefix, a decimal point after the leading
/// digits, an exponent, a type suffix that does not exist, or a misplaced `_`; otherwise it is a symbol.
pub(crate) fn shape(run: &str) -> Shape {
    if run.bytes().all(|byte| byte.is_ascii_digit()) || integer(run).is_some() {
        return Shape::Integer;
    }
    if is_float(run) {
        return Shape::Float;
    }
    if let Some((first, last)) = run.split_once("..") {
        let kind = |text: &str| if is_float(text) { Some(true) } else { integer(text).map(|_| false) };
        if let (Some(first_is_float), Some(last_is_float)) = (kind(first), kind(last)) {
            return Shape::Range { first: first.len() as u32, first_is_float, last_is_float };
        }
    }
    if is_number_like(run) { Shape::Malformed } else { Shape::Symbol }
}

/// The value of an integer literal.
pub(crate) fn integer(run: &str) -> Option<IntegerLiteral> {
    let (negative, body) = sign(run);
    let (radix, body) = match body.as_bytes() {
        [b'0', b'x', ..] => (16, body.get(2..)?),
        [b'0', b'b', ..] => (2, body.get(2..)?),
        [b'0', b'o', ..] => (8, body.get(2..)?),
        _ => (10, body),
    };
    // Neither letter is a digit of any radix.
    let (digits, suffix) = match body.find(['u', 'i']) {
        Some(at) => (body.get(..at)?, Some(IntType::from_name(body.get(at..)?)?)),
        None => (body, None),
    };
    if !are_digits(digits, radix) {
        return None;
    }
    let magnitude = digits.bytes().filter(|byte| *byte != b'_').try_fold(0u128, |value, byte| {
        value.checked_mul(u128::from(radix))?.checked_add(u128::from(char::from(byte).to_digit(radix)?))
    });
    Some(IntegerLiteral { negative, magnitude, suffix })
}

/// The value of a float literal; `None` if it is none or too large.
pub(crate) fn float(run: &str) -> Option<f64> {
    match run {
        "+inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        "+nan" => Some(f64::NAN),
        _ if !is_float(run) => None,
        _ => run.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

fn sign(run: &str) -> (bool, &str) {
    match run.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, run.strip_prefix('+').unwrap_or(run)),
    }
}

/// Digits with single underscores between them.
fn are_digits(text: &str, radix: u32) -> bool {
    let mut last_was_digit = false;
    for byte in text.bytes() {
        match byte {
            b'_' if last_was_digit => last_was_digit = false,
            _ if char::from(byte).is_digit(radix) => last_was_digit = true,
            _ => return false,
        }
    }
    last_was_digit
}

fn is_float(run: &str) -> bool {
    let (_, body) = sign(run);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let mantissa_is_right = match mantissa.split_once('.') {
        Some((whole, fraction)) => are_digits(whole, 10) && are_digits(fraction, 10),
        None => exponent.is_some() && are_digits(mantissa, 10),
    };
    mantissa_is_right && exponent.is_none_or(|exponent| are_digits(sign(exponent).1, 10))
}

fn is_number_like(run: &str) -> bool {
    let (_, body) = sign(run);
    if matches!(body.as_bytes(), [b'0', b'x' | b'b' | b'o', ..]) {
        return true;
    }
    let rest = body.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let are_ascii_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match rest.as_bytes() {
        [] | [b'.', ..] => true,
        [b'e' | b'E'] => true,
        [b'e' | b'E', b'+' | b'-', tail @ ..] => tail.first().is_none_or(u8::is_ascii_digit),
        [b'e' | b'E', digit, ..] if digit.is_ascii_digit() => true,
        [b'u' | b'i' | b'f', ..] => rest.get(1..).is_some_and(are_ascii_digits),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_sign_radix_and_suffix() {
        let read = |text| integer(text).map(|literal| (literal.negative, literal.magnitude, literal.suffix));
        assert_eq!(read("-1_000"), Some((true, Some(1000), None)));
        assert_eq!(read("+0xFf_u8"), None);
        assert_eq!(read("+0xFfu8"), Some((false, Some(255), Some(IntType::U8))));
        assert_eq!(read("0b101"), Some((false, Some(5), None)));
        assert_eq!(read("-0o17i128"), Some((true, Some(15), Some(IntType::I128))));
        assert_eq!(read("340282366920938463463374607431768211455"), Some((false, Some(u128::MAX), None)));
        assert_eq!(read("340282366920938463463374607431768211456"), Some((false, None, None)));
        assert_eq!(read("12u7"), None);
        assert_eq!(read("u8"), None);
    }

    #[test]
    fn floats_are_finite_unless_they_say_so() {
        assert_eq!(float("2.5e-3"), Some(0.0025));
        assert_eq!(float("-1_0.5"), Some(-10.5));
        assert_eq!(float("1e999"), None);
        assert_eq!(float("-inf"), Some(f64::NEG_INFINITY));
        assert!(float("+nan").is_some_and(f64::is_nan));
        assert_eq!(float("1"), None);
    }

    #[test]
    fn what_begins_like_a_number_is_not_always_meant_as_one() {
        for text in ["1+", "1-", "2d", "1each", "3u", "1e+x", "1i8x", "-1x"] {
            assert_eq!(shape(text), Shape::Symbol, "{text}");
        }
        for text in ["0xg", "1_", "1._5", "1e5x", "1u3", "1...5", "1.foo", "0..n", "1.5u8", "1e+"] {
            assert_eq!(shape(text), Shape::Malformed, "{text}");
        }
        assert_eq!(shape("1..-5"), Shape::Range { first: 1, first_is_float: false, last_is_float: false });
    }
}
