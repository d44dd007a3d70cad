//! Bytes: reading and writing integers in them.

use crate::arguments::{at, integer, string};
use crate::native::{Effect, Example, Native};
use ovsm_base::IntType;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::{ErrorKind, Raised, Value};
use std::rc::Rc;

#[allow(clippy::too_many_arguments, reason = "a row of a table")]
const fn native(
    name: &'static str,
    aliases: &'static [&'static str],
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases,
        module: "std/bytes",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

macro_rules! reader {
    ($name:literal, $type:expr, $little:expr) => {
        native(
            $name,
            &[],
            2,
            Some(2),
            "(bytes offset) -> integer",
            "The integer that stands at an offset; an `:index` error if it goes past the end.",
            &[],
            |_, arguments| read($name, arguments, $type, $little),
        )
    };
}

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("byte-at", &[], 2, Some(2), "(text index) -> int", "The byte at a position of bytes, or of the UTF-8 bytes of a text; null if it is outside.", &[("(byte-at \"A\" 0)", "65")], |_, arguments| {
        let index = integer("byte-at", arguments, 1)?;
        let bytes = bytes_of("byte-at", at(arguments, 0))?;
        let byte = usize::try_from(index).ok().and_then(|index| bytes.get(index).copied());
        Ok(byte.map(|byte| Value::Int(i64::from(byte))).unwrap_or_default())
    }),
    native("parse-u64-le", &[], 2, Some(2), "(bytes offset) -> int", "The unsigned 64-bit integer, least byte first, at an offset of bytes or a text.", &[("(parse-u64-le b\"\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\" 0)", "1")], |_, arguments| {
        let bytes = bytes_of("parse-u64-le", at(arguments, 0))?;
        word("parse-u64-le", &bytes, integer("parse-u64-le", arguments, 1)?)
    }),
    native("hex-to-u64-le", &[], 2, Some(2), "(hex offset) -> int", "The unsigned 64-bit integer, least byte first, at an offset (in bytes) of a text of hexadecimal digits.", &[("(hex-to-u64-le \"0100000000000000\" 0)", "1")], |_, arguments| {
        let text = string("hex-to-u64-le", arguments, 0)?;
        let digits: Option<Vec<u32>> = text.as_str().chars().map(|c| c.to_digit(16)).collect();
        let Some(digits) = digits.filter(|digits| digits.len().is_multiple_of(2)) else {
            return Err(raise(ErrorKind::Parse, "`hex-to-u64-le`: the text is not pairs of hexadecimal digits"));
        };
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit) as u8).collect();
        word("hex-to-u64-le", &bytes, integer("hex-to-u64-le", arguments, 1)?)
    }),
    reader!("read-u8", IntType::U8, true),
    reader!("read-u16-le", IntType::U16, true), reader!("read-u32-le", IntType::U32, true), reader!("read-u64-le", IntType::U64, true),
    reader!("read-u16-be", IntType::U16, false), reader!("read-u32-be", IntType::U32, false), reader!("read-u64-be", IntType::U64, false),
    native("u64->bytes-le", &[], 1, Some(1), "(integer) -> bytes", "The eight bytes of an unsigned 64-bit integer, least byte first.", &[("(u64->bytes-le 1)", "b\"\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"")], |_, arguments| {
        match number::to_fixed(FixedType(IntType::U64), at(arguments, 0))? {
            Value::Fixed(_, word) => Ok(Value::bytes(word.to_le_bytes().to_vec())),
            other => Err(type_error("u64->bytes-le", "an integer", &other)),
        }
    }),
    native("bytes-xor", &[], 2, Some(2), "(bytes bytes) -> bytes", "The exclusive or of each pair of bytes; both must have the same length.", &[("(bytes-xor b\"a\" b\"a\")", "b\"\\x00\"")], |_, arguments| {
        let (a, b) = (bytes_of("bytes-xor", at(arguments, 0))?, bytes_of("bytes-xor", at(arguments, 1))?);
        if a.len() != b.len() {
            return Err(raise(ErrorKind::Value, format!("`bytes-xor`: {} and {} bytes", a.len(), b.len())));
        }
        Ok(Value::bytes(a.iter().zip(b.iter()).map(|(a, b)| a ^ b).collect()))
    }),
];

fn bytes_of(operation: &str, value: &Value) -> Result<Rc<Vec<u8>>, Raised> {
    match value {
        Value::Bytes(bytes) => Ok(Rc::clone(bytes)),
        Value::String(text) => Ok(Rc::new(text.as_str().as_bytes().to_vec())),
        Value::Pubkey(key) => Ok(Rc::new(key.to_vec())),
        other => Err(type_error(operation, "bytes or a string", other)),
    }
}

fn part<'b>(operation: &str, bytes: &'b [u8], offset: i64, width: usize) -> Result<&'b [u8], Raised> {
    let start = usize::try_from(offset).ok();
    let found = start.and_then(|start| bytes.get(start..start.checked_add(width)?));
    found.ok_or_else(|| {
        raise(
            ErrorKind::Index,
            format!("`{operation}`: {width} bytes at {offset} are not inside of {} bytes", bytes.len()),
        )
    })
}

fn word(operation: &str, bytes: &[u8], offset: i64) -> Result<Value, Raised> {
    let found = part(operation, bytes, offset, 8)?;
    let word = found.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    Ok(Value::from_i128(i128::from(word)))
}

fn read(operation: &str, arguments: &[Value], ty: IntType, little: bool) -> Result<Value, Raised> {
    let bytes = bytes_of(operation, at(arguments, 0))?;
    let found = part(operation, &bytes, integer(operation, arguments, 1)?, ty.bits() as usize / 8)?;
    let step = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
    let word = if little { found.iter().rev().fold(0, step) } else { found.iter().fold(0, step) };
    Ok(Value::Fixed(ty, word))
}
