//! Bytes: parts of them, joining them, and writing integers into them.
//!
//! Reading integers is in `bytes.rs`. Writing replaces bytes in place if nobody else holds them.

use crate::arguments::{at, integer, take};
use crate::native::{Effect, Example, Native};
use ovsm_base::IntType;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::{ErrorKind, Raised, Value};

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

macro_rules! writer {
    ($name:literal, $type:expr, $little:expr, $call:literal, $result:literal) => {
        native(
            $name,
            3,
            Some(3),
            "(bytes offset integer) -> bytes",
            "The bytes with an integer written at an offset; an `:index` error if it goes past the end, an `:overflow` \
             error if the integer does not fit its width.",
            &[($call, $result)],
            |_, arguments| write($name, arguments, $type, $little),
        )
    };
}

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("bytes-slice", 2, Some(3), "(bytes from to) -> bytes", "The bytes from a position up to another, clamped; negative positions count from the end.", &[("(bytes-slice b\"hello\" 1 3)", "b\"el\""), ("(bytes-slice b\"hello\" -2)", "b\"lo\"")], |context, arguments| {
        let Value::Bytes(bytes) = at(arguments, 0) else { return Err(type_error("bytes-slice", "bytes", at(arguments, 0))) };
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let clamp = |index: i64| usize::try_from(if index < 0 { index.saturating_add(length).max(0) } else { index.min(length) }).unwrap_or(0);
        let from = clamp(integer("bytes-slice", arguments, 1)?);
        let to = if matches!(at(arguments, 2), Value::Null) { bytes.len() } else { clamp(integer("bytes-slice", arguments, 2)?) };
        let part = bytes.get(from..to).unwrap_or(&[]);
        context.reserve(part.len())?;
        Ok(Value::bytes(part.to_vec()))
    }),
    native("bytes-concat", 0, None, "(bytes…) -> bytes", "All bytes, one after the other.", &[("(bytes-concat b\"ab\" b\"c\")", "b\"abc\""), ("(bytes-concat)", "b\"\"")], |context, arguments| {
        let mut length = 0usize;
        for value in arguments.iter() {
            match value {
                Value::Bytes(bytes) => length = length.saturating_add(bytes.len()),
                other => return Err(type_error("bytes-concat", "bytes", other)),
            }
        }
        context.reserve(length)?;
        let Value::Bytes(mut whole) = take(arguments, 0) else { return Ok(Value::bytes(Vec::new())) };
        let target = Value::own_bytes(&mut whole);
        for value in arguments.iter().skip(1) {
            if let Value::Bytes(bytes) = value {
                target.extend_from_slice(bytes);
            }
        }
        Ok(Value::Bytes(whole))
    }),
    writer!("write-u8", IntType::U8, true, "(write-u8 b\"ab\" 1 99)", "b\"ac\""),
    writer!("write-u16-le", IntType::U16, true, "(write-u16-le b\"ab\" 0 25185)", "b\"ab\""),
    writer!("write-u32-le", IntType::U32, true, "(write-u32-le b\"abcd\" 0 97)", "b\"a\\x00\\x00\\x00\""),
    writer!("write-u64-le", IntType::U64, true, "(write-u64-le b\"abcdefgh\" 0 97)", "b\"a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\""),
    writer!("write-u16-be", IntType::U16, false, "(write-u16-be b\"ab\" 0 25185)", "b\"ba\""),
    writer!("write-u32-be", IntType::U32, false, "(write-u32-be b\"abcd\" 0 97)", "b\"\\x00\\x00\\x00a\""),
    writer!("write-u64-be", IntType::U64, false, "(write-u64-be b\"abcdefgh\" 0 97)", "b\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00a\""),
];

fn write(operation: &str, arguments: &mut [Value], ty: IntType, little: bool) -> Result<Value, Raised> {
    let Value::Bytes(bytes) = at(arguments, 0) else {
        return Err(type_error(operation, "bytes", at(arguments, 0)));
    };
    let (length, width) = (bytes.len(), ty.bits() as usize / 8);
    let offset = integer(operation, arguments, 1)?;
    let start = usize::try_from(offset)
        .ok()
        .filter(|start| start.checked_add(width).is_some_and(|end| end <= length));
    let Some(start) = start else {
        return Err(raise(
            ErrorKind::Index,
            format!("`{operation}`: {width} bytes at {offset} are not inside of {length} bytes"),
        ));
    };
    let Value::Fixed(_, word) = number::to_fixed(FixedType(ty), at(arguments, 2))? else {
        return Err(type_error(operation, "an integer", at(arguments, 2)));
    };
    let mut digits = word.to_le_bytes().get(..width).unwrap_or(&[]).to_vec();
    if !little {
        digits.reverse();
    }
    let mut result = take(arguments, 0);
    if let Value::Bytes(bytes) = &mut result
        && let Some(part) = Value::own_bytes(bytes).get_mut(start..start + width)
    {
        part.copy_from_slice(&digits);
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    fn bytes(bytes: &[u8]) -> Value {
        Value::bytes(bytes.to_vec())
    }

    #[test]
    fn reading_undoes_writing() {
        for (suffix, word) in
            [("u8", 200), ("u16-le", 40_000), ("u16-be", 40_000), ("u32-le", 7), ("u64-be", i64::MAX)]
        {
            let written =
                call(&format!("write-{suffix}"), &[bytes(&[9; 10]), Value::Int(1), Value::Int(word)]);
            assert!(written.starts_with("b\"\\x09") || written.starts_with("b\"\\t"), "{written}");
        }
        let eight = [1, 2, 3, 4, 5, 6, 7, 8];
        let word = Value::Int(0x0102_0304_0506_0708);
        assert_eq!(
            call("write-u64-be", &[bytes(&[0; 8]), Value::Int(0), word]),
            ovsm_value::write::write(&bytes(&eight))
        );
    }

    #[test]
    fn wrong_places_and_integers_are_refused() {
        for offset in [-1, 1, i64::MIN, i64::MAX] {
            assert_eq!(
                call("write-u16-le", &[bytes(&[0; 2]), Value::Int(offset), Value::Int(1)]),
                "error index"
            );
        }
        assert_eq!(call("write-u8", &[bytes(&[0]), Value::Int(0), Value::Int(256)]), "error overflow");
        assert_eq!(call("write-u8", &[bytes(&[0]), Value::Int(0), Value::Int(-1)]), "error overflow");
        assert_eq!(call("write-u8", &[Value::Null, Value::Int(0), Value::Int(1)]), "error type");
    }

    #[test]
    fn parts_and_joins() {
        let five = bytes(b"hello");
        for (from, to, result) in
            [(1, 3, "b\"el\""), (-2, 9, "b\"lo\""), (3, 1, "b\"\""), (i64::MIN, i64::MAX, "b\"hello\"")]
        {
            assert_eq!(call("bytes-slice", &[five.clone(), Value::Int(from), Value::Int(to)]), result);
        }
        assert_eq!(call("bytes-concat", &[]), "b\"\"");
        assert_eq!(call("bytes-concat", &[five, bytes(b"!")]), "b\"hello!\"");
        assert_eq!(call("bytes-concat", &[bytes(b"a"), Value::Int(1)]), "error type");
    }
}
