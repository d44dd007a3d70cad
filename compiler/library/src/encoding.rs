//! Bytes as text: base58, base64 and hexadecimal. Encoders take strings (their UTF-8) or bytes; decoders give bytes, and
//! with `-string` the text that the bytes are. Nothing here guesses: wrong text is a `:parse` error. Start with
//! [`NATIVES`].

use crate::arguments::{at, string};
use crate::context::Context;
use crate::native::Native;
use crate::operands::pure;
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Raised, Value};

const MODULE: &str = "std/encoding";
const ONE: (u8, Option<u8>) = (1, Some(1));

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "base58-encode",
        ONE,
        "(data) -> string",
        "The base58 text of a string, bytes, a public key or a signature.",
        &[("(base58-encode \"hello\")", "\"Cn8eVZg\"")],
        |context, arguments| {
            let data = data("base58-encode", at(arguments, 0))?;
            charge_square(context, data.len())?;
            Ok(Value::string(ovsm_value::encoding::base58(data)))
        },
    ),
    pure(
        MODULE,
        "base58-decode",
        ONE,
        "(text) -> bytes",
        "The bytes of a base58 text; other text is a `:parse` error.",
        &[("(base58-decode \"Cn8eVZg\")", "b\"hello\"")],
        |context, arguments| Ok(Value::bytes(from_base58(context, "base58-decode", arguments)?)),
    ),
    pure(
        MODULE,
        "base58-decode-string",
        ONE,
        "(text) -> string",
        "The string of a base58 text; bytes that are no UTF-8 are a `:value` error.",
        &[("(base58-decode-string \"Cn8eVZg\")", "\"hello\"")],
        |context, arguments| {
            let bytes = from_base58(context, "base58-decode-string", arguments)?;
            utf8("base58-decode-string", bytes)
        },
    ),
    pure(
        MODULE,
        "base64-encode",
        ONE,
        "(data) -> string",
        "The base64 text of a string or bytes, with padding.",
        &[("(base64-encode \"hello\")", "\"aGVsbG8=\""), ("(base64-encode b\"\\xff\")", "\"/w==\"")],
        |context, arguments| to_base64(context, "base64-encode", arguments, STANDARD, true),
    ),
    pure(
        MODULE,
        "base64-url-encode",
        ONE,
        "(data) -> string",
        "The base64 text of a string or bytes for addresses and file names: `-` and `_`, no padding.",
        &[("(base64-url-encode b\"\\xff\")", "\"_w\"")],
        |context, arguments| to_base64(context, "base64-url-encode", arguments, URL, false),
    ),
    Native {
        aliases: &["base64-url-decode"],
        ..pure(
            MODULE,
            "base64-decode",
            ONE,
            "(text) -> bytes",
            "The bytes of a base64 text, in the ordinary or the address alphabet, with or without padding; line ends are skipped. Other text is a `:parse` error.",
            &[("(base64-decode \"aGVsbG8=\")", "b\"hello\""), ("(base64-decode \"_w\")", "b\"\\xff\"")],
            |context, arguments| Ok(Value::bytes(from_base64(context, "base64-decode", arguments)?)),
        )
    },
    Native {
        aliases: &["base64-url-decode-string"],
        ..pure(
            MODULE,
            "base64-decode-string",
            ONE,
            "(text) -> string",
            "The string of a base64 text; bytes that are no UTF-8 are a `:value` error.",
            &[("(base64-decode-string \"aGVsbG8=\")", "\"hello\"")],
            |context, arguments| {
                let bytes = from_base64(context, "base64-decode-string", arguments)?;
                utf8("base64-decode-string", bytes)
            },
        )
    },
    pure(
        MODULE,
        "base64-decode-raw",
        ONE,
        "(text) -> string",
        "The bytes of a base64 text in hexadecimal; `base64-decode` gives the bytes themselves.",
        &[("(base64-decode-raw \"aGVsbG8=\")", "\"68656c6c6f\"")],
        |context, arguments| {
            let bytes = from_base64(context, "base64-decode-raw", arguments)?;
            Ok(Value::string(hex(&bytes)))
        },
    ),
    Native {
        aliases: &["bytes-to-hex", "bytes->hex"],
        ..pure(
            MODULE,
            "hex-encode",
            ONE,
            "(data) -> string",
            "The bytes of a string, bytes, a public key or a signature in hexadecimal, two lower-case digits each.",
            &[("(hex-encode \"hi\")", "\"6869\""), ("(hex-encode b\"\\xff\")", "\"ff\"")],
            |context, arguments| {
                let data = data("hex-encode", at(arguments, 0))?;
                charge(context, data.len(), data.len().saturating_mul(2))?;
                Ok(Value::string(hex(data)))
            },
        )
    },
    Native {
        aliases: &["hex-to-bytes", "hex->bytes"],
        ..pure(
            MODULE,
            "hex-decode",
            ONE,
            "(text) -> bytes",
            "The bytes of a hexadecimal text, which may start with `0x`; other text is a `:parse` error.",
            &[("(hex-decode \"6869\")", "b\"hi\""), ("(hex-decode \"0xFF\")", "b\"\\xff\"")],
            |context, arguments| Ok(Value::bytes(from_hex(context, "hex-decode", arguments)?)),
        )
    },
    pure(
        MODULE,
        "hex-decode-string",
        ONE,
        "(text) -> string",
        "The string of a hexadecimal text; bytes that are no UTF-8 are a `:value` error.",
        &[("(hex-decode-string \"6869\")", "\"hi\"")],
        |context, arguments| {
            let bytes = from_hex(context, "hex-decode-string", arguments)?;
            utf8("hex-decode-string", bytes)
        },
    ),
];

/// The bytes of a string, bytes, public key or signature.
pub fn data<'a>(operation: &str, value: &'a Value) -> Result<&'a [u8], Raised> {
    match value {
        Value::String(text) => Ok(text.as_str().as_bytes()),
        Value::Bytes(bytes) => Ok(bytes),
        Value::Pubkey(key) => Ok(&key[..]),
        Value::Signature(signature) => Ok(&signature[..]),
        other => Err(type_error(operation, "a string or bytes", other)),
    }
}

/// Bytes as a string; an error if they are no UTF-8.
pub fn utf8(operation: &str, bytes: Vec<u8>) -> Result<Value, Raised> {
    String::from_utf8(bytes).map(Value::string).map_err(|error| {
        raise(
            ErrorKind::Value,
            format!(
                "`{operation}`: the bytes are no UTF-8 text (byte {}): keep them as bytes",
                error.utf8_error().valid_up_to()
            ),
        )
    })
}

/// Two lower-case digits per byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn charge(context: &mut dyn Context, work: usize, result: usize) -> Result<(), Raised> {
    context.reserve(result)?;
    context.charge(1 + work as u64 / 8)
}

/// Pays for base58, whose time is quadratic.
fn charge_square(context: &mut dyn Context, length: usize) -> Result<(), Raised> {
    context.reserve(length.saturating_mul(2))?;
    context.charge(1 + (length as u64).saturating_mul(length as u64) / 16)
}

fn wrong(operation: &str, text: &str, position: usize, what: &str) -> Raised {
    let found = text.get(position..).and_then(|rest| rest.chars().next());
    let found =
        found.map_or_else(|| "the end of the text".to_string(), |c| format!("`{}`", c.escape_debug()));
    raise(ErrorKind::Parse, format!("`{operation}`: {found} at byte {position} is {what}"))
}

fn from_base58(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let text = string(operation, arguments, 0)?.as_str();
    // Wrong text is refused before the quadratic part is paid for.
    let mut digits = Vec::with_capacity(text.len());
    for (position, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte);
        digits.push(
            digit.ok_or_else(|| {
                wrong(operation, text, position, "no base58 digit (0, O, I and l are none)")
            })?,
        );
    }
    charge_square(context, digits.len())?;
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    // The number in base 2^32, lowest first.
    let mut words: Vec<u32> = Vec::new();
    for digit in digits {
        let mut carry = digit as u64;
        for word in &mut words {
            carry += u64::from(*word) * 58;
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    let mut bytes = vec![0; zeros];
    bytes.extend(words.iter().rev().flat_map(|word| word.to_be_bytes()).skip_while(|byte| *byte == 0));
    Ok(bytes)
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn to_base64(
    context: &mut dyn Context,
    operation: &str,
    arguments: &[Value],
    alphabet: &[u8; 64],
    pad: bool,
) -> Result<Value, Raised> {
    let data = data(operation, at(arguments, 0))?;
    let length = (data.len() / 3 + 1).saturating_mul(4);
    charge(context, data.len(), length)?;
    let mut text = String::with_capacity(length);
    for chunk in data.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4usize {
            let digit = (word >> (18 - 6 * place)) & 63;
            if place <= chunk.len() {
                text.push(alphabet.get(digit as usize).copied().map_or('A', char::from));
            } else if pad {
                text.push('=');
            }
        }
    }
    Ok(Value::string(text))
}

fn from_base64(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    let text = string(operation, arguments, 0)?.as_str();
    charge(context, text.len(), text.len())?;
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut word, mut digits, mut padding) = (0u32, 0usize, 0usize);
    for (position, byte) in text.bytes().enumerate() {
        let digit = match byte {
            b'\n' | b'\r' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return Err(wrong(operation, text, position, "no base64 digit")),
        };
        if padding > 0 {
            return Err(wrong(operation, text, position, "behind the padding (`=`)"));
        }
        word = word << 6 | u32::from(digit);
        digits += 1;
        if digits.is_multiple_of(4) {
            bytes.extend(word.to_be_bytes().into_iter().skip(1));
            word = 0;
        }
    }
    let rest = digits % 4;
    let is_whole = rest != 1 && (padding == 0 || rest != 0 && padding == 4 - rest);
    let spare = match rest {
        2 => word & 0xF,
        3 => word & 0x3,
        _ => 0,
    };
    if !is_whole || spare != 0 {
        return Err(raise(
            ErrorKind::Parse,
            format!(
                "`{operation}`: the text ends within a byte ({digits} digits, {padding} of padding): a part of it is missing"
            ),
        ));
    }
    match rest {
        2 => bytes.push((word >> 4) as u8),
        3 => bytes.extend([(word >> 10) as u8, (word >> 2) as u8]),
        _ => {}
    }
    Ok(bytes)
}

fn from_hex(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    let whole = string(operation, arguments, 0)?.as_str();
    let text = whole.strip_prefix("0x").or_else(|| whole.strip_prefix("0X")).unwrap_or(whole);
    charge(context, text.len(), text.len() / 2)?;
    let start = whole.len() - text.len();
    let mut digits = Vec::with_capacity(text.len());
    for (position, byte) in text.bytes().enumerate() {
        let digit = char::from(byte).to_digit(16);
        digits.push(
            digit.ok_or_else(|| wrong(operation, whole, start + position, "no hexadecimal digit"))? as u8
        );
    }
    if !digits.len().is_multiple_of(2) {
        return Err(raise(
            ErrorKind::Parse,
            format!("`{operation}` needs two digits for each byte, but found {} digits", digits.len()),
        ));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use crate::Context;
    use crate::testing::{TestContext, call, function};
    use ovsm_value::Value;
    use proptest::prelude::*;

    fn text(text: &str) -> Value {
        Value::string(text)
    }

    #[test]
    fn wrong_text_is_refused() {
        for (name, wrong) in [
            ("base58-decode", "0OIl"),
            ("base58-decode", "λ"),
            ("base64-decode", "A"),
            ("base64-decode", "AB="),
            ("base64-decode", "AA==A"),
            ("base64-decode", "====="),
            ("base64-decode", "AB=="),
            ("base64-decode", "λ"),
            ("hex-decode", "abc"),
            ("hex-decode", "zz"),
            ("hex-decode", "éé"),
        ] {
            assert_eq!(call(name, &[text(wrong)]), "error parse", "{name} {wrong}");
        }
        assert_eq!(call("hex-decode-string", &[text("ff")]), "error value");
        assert_eq!(call("hex-encode", &[Value::Int(1)]), "error type");
        assert_eq!(call("base58-decode", &[text("")]), "b\"\"");
        assert_eq!(call("base64-decode", &[text("aGVs\nbG8=\n")]), "b\"hello\"");
        assert_eq!(call("base64-encode", &[Value::Pubkey(std::rc::Rc::new([0; 32]))]).len(), 46);
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut context = TestContext::default();
            for (encode, decode) in [
                ("base58-encode", "base58-decode"),
                ("base64-encode", "base64-decode"),
                ("base64-url-encode", "base64-decode"),
                ("hex-encode", "hex-decode"),
            ] {
                let encoded = context.call(&function(encode), &[Value::bytes(bytes.clone())]).unwrap();
                let decoded = context.call(&function(decode), &[encoded]).unwrap();
                prop_assert!(matches!(decoded, Value::Bytes(found) if *found == bytes), "{}", encode);
            }
        }
    }
}
