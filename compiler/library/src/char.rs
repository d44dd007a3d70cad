//! Characters: the comparisons that look at case or not, and what kind of character one is.
//!
//! Conversions between characters and numbers are in `convert.rs`; what works on texts as well is in `string.rs`.

use crate::arguments::at;
use crate::native::{Effect, Example, Native};
use ovsm_value::error::type_error;
use ovsm_value::{Raised, Value};

const fn native(
    name: &'static str,
    aliases: &'static [&'static str],
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases,
        module: "std/string",
        signature,
        doc,
        examples,
        min: 1,
        max,
        effect: Effect::Pure,
        run,
    }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    native(
        "char/=",
        &[],
        None,
        "(char…) -> bool",
        "True if no two of the characters are equal.",
        &[("(char/= #\\a #\\b #\\a)", "false"), ("(char/= #\\a #\\b)", "true")],
        |context, arguments| {
            let mut chars = all("char/=", arguments)?;
            let given = chars.len();
            context.charge(given as u64)?;
            chars.sort_unstable();
            chars.dedup();
            Ok(Value::Bool(chars.len() == given))
        },
    ),
    native(
        "char-equal",
        &[],
        None,
        "(char…) -> bool",
        "True if all characters are equal but for their case.",
        &[("(char-equal #\\a #\\A)", "true"), ("(char-equal #\\a #\\b)", "false")],
        |_, arguments| in_order("char-equal", arguments, |a, b| a == b),
    ),
    native(
        "char-lessp",
        &[],
        None,
        "(char…) -> bool",
        "True if each character comes before the next, whatever their case.",
        &[("(char-lessp #\\a #\\B)", "true")],
        |_, arguments| in_order("char-lessp", arguments, |a, b| a < b),
    ),
    native(
        "char-greaterp",
        &[],
        None,
        "(char…) -> bool",
        "True if each character comes after the next, whatever their case.",
        &[("(char-greaterp #\\B #\\a)", "true")],
        |_, arguments| in_order("char-greaterp", arguments, |a, b| a > b),
    ),
    native(
        "both-case-p",
        &[],
        Some(1),
        "(char) -> bool",
        "True of a character that has another case.",
        &[("(both-case-p #\\a)", "true"), ("(both-case-p #\\1)", "false")],
        |_, arguments| {
            let c = character("both-case-p", at(arguments, 0))?;
            Ok(Value::Bool(!c.to_uppercase().eq([c]) || !c.to_lowercase().eq([c])))
        },
    ),
];

fn character(operation: &str, value: &Value) -> Result<char, Raised> {
    match value {
        Value::Char(c) => Ok(*c),
        Value::String(text) if text.char_count() == 1 => {
            text.char_at(0).ok_or_else(|| type_error(operation, "a character", value))
        }
        other => Err(type_error(operation, "a character", other)),
    }
}

fn all(operation: &str, arguments: &[Value]) -> Result<Vec<char>, Raised> {
    arguments.iter().map(|value| character(operation, value)).collect()
}

/// Compares neighbours without regard to case.
fn in_order(operation: &str, arguments: &[Value], holds: fn(&str, &str) -> bool) -> Result<Value, Raised> {
    let folded: Vec<String> =
        all(operation, arguments)?.into_iter().map(|c| c.to_lowercase().collect()).collect();
    Ok(Value::Bool(folded.windows(2).all(|pair| matches!(pair, [a, b] if holds(a, b)))))
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    fn chars(text: &str) -> Vec<Value> {
        text.chars().map(Value::Char).collect()
    }

    #[test]
    fn comparisons() {
        assert_eq!(call("char/=", &chars("abca")), "false");
        assert_eq!(call("char/=", &chars("abc")), "true");
        assert_eq!(call("char-equal", &chars("aAa")), "true");
        assert_eq!(call("char-lessp", &chars("aBc")), "true");
        assert_eq!(call("char-greaterp", &chars("cBa")), "true");
        assert_eq!(call("char-lessp", &chars("ba")), "false");
        assert_eq!(call("char-equal", &[Value::string("ab"), Value::Char('a')]), "error type");
        assert_eq!(call("both-case-p", &chars("é")), "true");
        assert_eq!(call("both-case-p", &[Value::string("")]), "error type");
    }
}
