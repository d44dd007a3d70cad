//! JSON: `parse-json` and `json-stringify`. Integers of any size stay exact in both directions; what JSON can not express
//! (functions, infinite floats) is an error. The reader is in `json/reader.rs`, the writer in `json/writer.rs`; start
//! with [`NATIVES`].

mod reader;
#[cfg(test)]
mod tests;
mod writer;

use crate::arguments::at;
use crate::native::Native;
use crate::operands::pure;
use ovsm_value::error::type_error;
use ovsm_value::{Object, Raised, Text, Value};
use std::rc::Rc;

const MODULE: &str = "std/json";

/// How deep arrays and objects may be nested.
const MAX_DEPTH: u32 = 512;

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        aliases: &["json-parse"],
        ..pure(
            MODULE,
            "parse-json",
            (1, Some(1)),
            "(text) -> any",
            "The value of a JSON text: objects, arrays, strings, exact integers of any size, floats, booleans, null. Of equal keys the last wins. Takes bytes and `{:json text}` too. Wrong text is a `:parse` error with its line and column; more than 512 levels are a `:limit` error.",
            &[
                ("(parse-json \"{\\\"a\\\": [1, 2.5, null]}\")", "{:a [1 2.5 null]}"),
                ("(parse-json \"18446744073709551616\")", "18446744073709551616"),
            ],
            |context, arguments| {
                let argument = at(arguments, 0);
                let text = match argument {
                    Value::Object(entries) if entries.len() == 1 => {
                        field(entries, "json").unwrap_or(argument)
                    }
                    other => other,
                };
                match text {
                    Value::String(text) => reader::parse(context, text.as_str()),
                    Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                        Ok(text) => reader::parse(context, text),
                        Err(_) => crate::encoding::utf8("parse-json", bytes.to_vec()),
                    },
                    other => Err(type_error("parse-json", "a string", other)),
                }
            },
        )
    },
    Native {
        aliases: &["to-json"],
        ..pure(
            MODULE,
            "json-stringify",
            (1, Some(3)),
            "(value :pretty true) -> string",
            "The JSON text of a value; with `:pretty` (or `:pretty true`), on several lines. Bytes become arrays of numbers, keys and signatures base58 text, keywords and symbols strings, records objects. `{:value v :pretty b}` as the only argument is taken as options. Functions, cells and floats that are infinite or no number are errors.",
            &[
                ("(json-stringify {:a [1 2.5 null]})", "\"{\\\"a\\\":[1,2.5,null]}\""),
                ("(json-stringify [1] :pretty)", "\"[\\n  1\\n]\""),
            ],
            |context, arguments| {
                let argument = at(arguments, 0);
                let mut pretty = match (at(arguments, 1), at(arguments, 2)) {
                    (Value::Keyword(name), wanted) if name.as_str() == "pretty" => {
                        arguments.len() < 3 || wanted.is_true()
                    }
                    (Value::Keyword(name), _) => {
                        return Err(type_error(
                            "json-stringify",
                            "`:pretty` as its option",
                            &Value::Keyword(Rc::clone(name)),
                        ));
                    }
                    (wanted, _) => wanted.is_true(),
                };
                let mut value = argument;
                if let Value::Object(entries) = argument
                    && arguments.len() == 1
                    && entries.len() == 2
                    && let (Some(inner), Some(wanted)) = (field(entries, "value"), field(entries, "pretty"))
                {
                    value = inner;
                    pretty = wanted.is_true();
                }
                writer::stringify(context, value, pretty).map(Value::string)
            },
        )
    },
];

fn field<'a>(entries: &'a Object, name: &str) -> Option<&'a Value> {
    entries.get(&Rc::new(Text::new(name)))
}

/// The error of too many levels.
fn too_deep(operation: &str) -> Raised {
    ovsm_value::error::raise(
        ovsm_value::ErrorKind::Limit,
        format!("`{operation}`: the value is nested more than {MAX_DEPTH} levels deep: make it flatter"),
    )
}
