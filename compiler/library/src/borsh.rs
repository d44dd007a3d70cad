//! Borsh, the byte format of Solana accounts: `borsh-encode` and `borsh-decode` by a schema that is data.
//!
//! A schema is `:u8` … `:u128`, `:i8` … `:i128`, `:f32`, `:f64`, `:bool`, `:string`, `:bytes`, `:pubkey`, `:signature`,
//! `:unit`; `[:vec s]`, `[:array s n]`, `[:option s]`, `[:tuple s …]`, `{:field s …}` or `[:enum {:variant s …}]`.
//! Lengths are checked against the bytes that are there before anything is built. Start with [`NATIVES`]; the two
//! directions are in `borsh/encode.rs` and `borsh/decode.rs`.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use crate::arguments::at;
use crate::native::Native;
use crate::operands::pure;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Object, Raised, Value};

const MODULE: &str = "std/borsh";

/// How deep a schema may be nested.
const MAX_DEPTH: u32 = 128;

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    pure(
        MODULE,
        "borsh-encode",
        (2, Some(2)),
        "(value schema) -> bytes",
        "The Borsh bytes of a value. A schema is `:u64` (and the other integer types), `:f32`, `:f64`, `:bool`, `:string`, `:bytes`, `:pubkey`, `:signature`, `:unit`, `[:vec s]`, `[:array s n]`, `[:option s]`, `[:tuple s …]`, `{:field s …}` or `[:enum {:variant s …}]`. A value that is not of its schema is a `:type` error, a number that does not fit an `:overflow` error, a wrong schema a `:value` error.",
        &[
            ("(borsh-encode 258 :u32)", "b\"\\x02\\x01\\x00\\x00\""),
            ("(borsh-encode {:a 1 :b \"x\"} {:a :u8 :b :string})", "b\"\\x01\\x01\\x00\\x00\\x00x\""),
            ("(borsh-encode {:move 5} [:enum {:stop :unit :move :u8}])", "b\"\\x01\\x05\""),
        ],
        |context, arguments| {
            let mut encoder = encode::Encoder { context, bytes: Vec::new() };
            encoder.value(at(arguments, 0), at(arguments, 1), 0)?;
            Ok(Value::bytes(encoder.bytes))
        },
    ),
    pure(
        MODULE,
        "borsh-decode",
        (2, Some(2)),
        "(bytes schema) -> any",
        "The value that Borsh bytes are by a schema (see `borsh-encode`). Integers come as exact integers, `[:vec :u8]` and `[:array :u8 n]` as bytes, structures as objects, a variant of an enum as its keyword, or as `{:variant value}` if it carries something. Bytes that are missing, left over or wrong are a `:parse` error.",
        &[
            ("(borsh-decode b\"\\x02\\x01\\x00\\x00\" :u32)", "258"),
            ("(borsh-decode b\"\\x01\\x01\\x00\\x00\\x00x\" {:a :u8 :b :string})", "{:a 1 :b \"x\"}"),
            ("(borsh-decode b\"\\x01\\x05\" [:option :u8])", "5"),
        ],
        |context, arguments| {
            let bytes = input("borsh-decode", at(arguments, 0))?;
            let mut decoder = decode::Decoder { context, bytes, place: 0 };
            let value = decoder.value(at(arguments, 1), 0)?;
            let left = bytes.len() - decoder.place;
            if left > 0 {
                return Err(raise(
                    ErrorKind::Parse,
                    format!(
                        "`borsh-decode`: {left} of {} bytes are left over: `borsh-decode-prefix` permits that",
                        bytes.len()
                    ),
                ));
            }
            Ok(value)
        },
    ),
    pure(
        MODULE,
        "borsh-decode-prefix",
        (2, Some(2)),
        "(bytes schema) -> array",
        "As `borsh-decode`, but bytes may be left over: gives the value and how many bytes it took.",
        &[("(borsh-decode-prefix b\"\\x07rest\" :u8)", "[7 1]")],
        |context, arguments| {
            let bytes = input("borsh-decode-prefix", at(arguments, 0))?;
            let mut decoder = decode::Decoder { context, bytes, place: 0 };
            let value = decoder.value(at(arguments, 1), 0)?;
            Ok(Value::array(vec![value, Value::from_usize(decoder.place)]))
        },
    ),
];

fn input<'a>(operation: &str, value: &'a Value) -> Result<&'a [u8], Raised> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(type_error(operation, "bytes", other)),
    }
}

/// One level of a schema.
enum Schema<'a> {
    Integer(FixedType),
    F32,
    F64,
    Bool,
    String,
    Bytes,
    Pubkey,
    Signature,
    Unit,
    Vec(&'a Value),
    Array(&'a Value, usize),
    Option(&'a Value),
    Tuple(&'a [Value]),
    Struct(&'a Object),
    Enum(&'a Object),
}

/// Reads one level of a schema.
fn schema(value: &Value, depth: u32) -> Result<Schema<'_>, Raised> {
    if depth > MAX_DEPTH {
        return Err(raise(ErrorKind::Limit, format!("a Borsh schema may be nested {MAX_DEPTH} levels deep")));
    }
    let found = match value {
        Value::Keyword(name) => match name.as_str() {
            "f32" => Some(Schema::F32),
            "f64" => Some(Schema::F64),
            "bool" => Some(Schema::Bool),
            "string" => Some(Schema::String),
            "bytes" => Some(Schema::Bytes),
            "pubkey" => Some(Schema::Pubkey),
            "signature" => Some(Schema::Signature),
            "unit" => Some(Schema::Unit),
            name => FixedType::from_name(name).map(Schema::Integer),
        },
        Value::Null => Some(Schema::Unit),
        Value::Object(fields) => Some(Schema::Struct(fields)),
        value => match value.as_items() {
            Some([Value::Keyword(name), rest @ ..]) => match (name.as_str(), rest) {
                ("vec", [item]) => Some(Schema::Vec(item)),
                ("array", [item, length]) => number::to_i64(length)
                    .and_then(|length| usize::try_from(length).ok())
                    .map(|length| Schema::Array(item, length)),
                ("option", [item]) => Some(Schema::Option(item)),
                ("tuple", items) => Some(Schema::Tuple(items)),
                ("enum", [Value::Object(variants)]) if variants.len() <= 256 => Some(Schema::Enum(variants)),
                _ => None,
            },
            _ => None,
        },
    };
    found.ok_or_else(|| {
        raise(
            ErrorKind::Value,
            format!(
                "{} is no Borsh schema: write `:u64`, `:string`, `:pubkey` …, `[:vec s]`, `[:array s n]`, `[:option s]`, `[:tuple s …]`, `{{:field s …}}` or `[:enum {{:variant s …}}]`",
                brief(value)
            ),
        )
    })
}

/// True for the schema of a byte, whose sequences are bytes.
fn is_byte(schema: &Value) -> bool {
    matches!(schema, Value::Keyword(name) if name.as_str() == "u8")
}
