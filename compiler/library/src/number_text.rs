//! Numbers in texts: reading either kind of number, writing one with groups of digits; and the common start of texts.

use crate::arguments::{at, integer, string};
use crate::native::{Effect, Example, Native};
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Raised, Value, number};

const fn native(
    name: &'static str,
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases: &[],
        module: "std/string",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

/// The most digits after the point.
const MAX_DIGITS: i64 = 1000;

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("string->number", 1, Some(2), "(text radix) -> number", "The integer or float that a text says; null if it says none.", &[("(string->number \"42\")", "42"), ("(string->number \"2.5\")", "2.5"), ("(string->number \"ff\" 16)", "255"), ("(string->number \"x\")", "null")], |context, arguments| {
        let text = string("string->number", arguments, 0)?.clone();
        let radix = if arguments.len() == 2 { integer("string->number", arguments, 1)? } else { 10 };
        if !(2..=36).contains(&radix) {
            return Err(raise(ErrorKind::Value, format!("`string->number`: {radix} is no radix: it must be from 2 to 36")));
        }
        let mut call = |name: &str, arguments: &[Value]| match crate::native::find(name) {
            Some(id) => context.call(&Value::Native(id), arguments).ok(),
            None => None,
        };
        let whole = call("int", &[Value::String(text.clone()), Value::Int(radix)]);
        let plain = radix == 10 && text.as_str().contains(|c: char| c.is_ascii_digit());
        Ok(whole.or_else(|| if plain { call("float", &[Value::String(text)]) } else { None }).unwrap_or_default())
    }),
    native("format-number", 1, Some(4), "(number digits separator point) -> string", "The number with a separator, a comma, between groups of three digits; with so many digits after the point if they are given.", &[("(format-number 1234567)", "\"1,234,567\""), ("(format-number 1234.5 2)", "\"1,234.50\""), ("(format-number 1234.5 1 \".\" \",\")", "\"1.234,5\"")], |context, arguments| {
        let value = at(arguments, 0);
        if number::to_float(value).is_none() {
            return Err(type_error("format-number", "a number", value));
        }
        let text = match at(arguments, 1) {
            Value::Null => ovsm_value::write::display(value),
            _ => match integer("format-number", arguments, 1)? {
                digits @ 0..=MAX_DIGITS => {
                    let control = Value::string(format!("~,{digits}f"));
                    let call = [Value::Null, control, value.clone()];
                    match crate::native::find("format") {
                        Some(id) => ovsm_value::write::display(&context.call(&Value::Native(id), &call)?),
                        None => String::new(),
                    }
                }
                digits => return Err(raise(ErrorKind::Value, format!("`format-number` shows 0 to {MAX_DIGITS} digits after the point, but found {digits}"))),
            },
        };
        let separator = text_or(arguments, 2, ",")?;
        let point = text_or(arguments, 3, ".")?;
        context.reserve(text.len().saturating_mul(separator.len() + 1).saturating_add(point.len()))?;
        Ok(Value::string(grouped(&text, separator, point)))
    }),
    native("common-prefix", 0, None, "(text…) -> string", "The longest text that all texts begin with.", &[("(common-prefix \"flower\" \"flow\" \"flight\")", "\"fl\""), ("(common-prefix)", "\"\"")], |context, arguments| {
        if arguments.is_empty() {
            return Ok(Value::string(""));
        }
        let first = string("common-prefix", arguments, 0)?.as_str();
        let mut length = first.len();
        for n in 1..arguments.len() {
            let other = string("common-prefix", arguments, n)?.as_str();
            context.charge(length as u64 / 16 + 1)?;
            let equal = first.chars().zip(other.chars()).take_while(|(a, b)| a == b);
            length = length.min(equal.map(|(c, _)| c.len_utf8()).sum());
        }
        Ok(Value::string(first.get(..length).unwrap_or("")))
    }),
];

fn text_or<'a>(arguments: &'a [Value], position: usize, default: &'a str) -> Result<&'a str, Raised> {
    match at(arguments, position) {
        Value::Null => Ok(default),
        _ => Ok(string("format-number", arguments, position)?.as_str()),
    }
}

/// Groups the digits before the point. Infinities and floats with an exponent stay as they are.
fn grouped(text: &str, separator: &str, point: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if !whole.chars().chain(fraction.unwrap_or("").chars()).all(|c| c.is_ascii_digit()) {
        return text.to_string();
    }
    let mut result = sign.to_string();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            result.push_str(separator);
        }
        result.push(digit);
    }
    if let Some(fraction) = fraction {
        result.push_str(point);
        result.push_str(fraction);
    }
    result
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    #[test]
    fn reads_numbers() {
        for (text, result) in [
            ("42", "42"),
            (" -7 ", "-7"),
            ("2.5", "2.5"),
            ("1e3", "1000.0"),
            ("", "null"),
            ("nan", "null"),
            ("é", "null"),
        ] {
            assert_eq!(call("string->number", &[Value::string(text)]), result, "{text}");
        }
        assert_eq!(call("string->number", &[Value::string("zz"), Value::Int(36)]), "1295");
        assert_eq!(call("string->number", &[Value::string("1"), Value::Int(i64::MIN)]), "error value");
    }

    #[test]
    fn groups_digits() {
        for (number, result) in [
            (0, "\"0\""),
            (999, "\"999\""),
            (1000, "\"1,000\""),
            (i64::MIN, "\"-9,223,372,036,854,775,808\""),
        ] {
            assert_eq!(call("format-number", &[Value::Int(number)]), result);
        }
        assert_eq!(call("format-number", &[Value::Float(-1234.5), Value::Int(2)]), "\"-1,234.50\"");
        assert_eq!(call("format-number", &[Value::Float(f64::NAN), Value::Int(2)]), "\"NaN\"");
        assert_eq!(call("format-number", &[Value::Int(1), Value::Int(-1)]), "error value");
        assert_eq!(call("format-number", &[Value::string("1")]), "error type");
    }

    #[test]
    fn common_starts() {
        let texts = |texts: &[&str]| texts.iter().map(|text| Value::string(*text)).collect::<Vec<_>>();
        assert_eq!(call("common-prefix", &texts(&["éa", "éb"])), "\"é\"");
        assert_eq!(call("common-prefix", &texts(&["é", "è"])), "\"\"");
        assert_eq!(call("common-prefix", &texts(&["ab", ""])), "\"\"");
        assert_eq!(call("common-prefix", &[Value::string("a"), Value::Int(1)]), "error type");
    }
}
