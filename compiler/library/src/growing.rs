//! What the forms `append!` and `clear!` do to the value of a place, and the text that a builder begins with.
//!
//! Texts are values here: a builder is a text that a variable holds, and it is extended in place if nobody else holds it. The names
//! exist for programs, where a text that grows needs memory of its own. Nothing here knows places; start with [`NATIVES`].

use crate::arguments::{at, items, take};
use crate::context::Context;
use crate::native::{Effect, Native};
use ovsm_value::error::type_error;
use ovsm_value::write::display_to;
use ovsm_value::{Raised, Value, number};
use std::rc::Rc;

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        name: "string-builder",
        aliases: &[],
        module: "std/string",
        signature: "(capacity) -> string",
        doc: "An empty text to begin with: `append!` and `push!` make it longer, `clear!` empties it. In programs it has room for so many \
              bytes on the heap.",
        examples: &[("(do (define b (string-builder)) (append! b \"n=\" 5) b)", "\"n=5\"")],
        min: 0,
        max: Some(1),
        effect: Effect::Pure,
        run: |_, arguments| match arguments.first() {
            Some(capacity) if number::to_i64(capacity).is_none_or(|capacity| capacity < 0) => {
                Err(type_error("string-builder", "a number of bytes", capacity))
            }
            _ => Ok(Value::string(String::new())),
        },
    },
    Native {
        name: "append-to",
        aliases: &[],
        module: "std/core",
        signature: "(collection part…) -> collection",
        doc: "The collection with more at its end, as `(append! place part…)` puts it into a place: a string gets the texts of the \
              parts, as `str` makes them; an array or a list their items.",
        examples: &[("(append-to \"a\" 1 #\\b)", "\"a1b\""), ("(append-to [1] [2 3] [4])", "[1 2 3 4]")],
        min: 1,
        max: None,
        effect: Effect::Pure,
        run: append_to,
    },
    Native {
        name: "emptied",
        aliases: &[],
        module: "std/core",
        signature: "(collection) -> collection",
        doc: "An empty collection of the same kind, as `(clear! place)` puts it into a place: a string, bytes, an array or a list.",
        examples: &[("(emptied \"abc\")", "\"\""), ("(emptied [1 2])", "[]")],
        min: 1,
        max: Some(1),
        effect: Effect::Pure,
        run: |_, arguments| {
            Ok(match at(arguments, 0) {
                Value::String(_) => Value::string(String::new()),
                Value::Bytes(_) => Value::bytes(Vec::new()),
                Value::Array(_) | Value::Range(_) => Value::array(Vec::new()),
                Value::List(_) => Value::list(Vec::new()),
                other => return Err(type_error("clear!", "a string, bytes, an array or a list", other)),
            })
        },
    },
];

fn append_to(context: &mut dyn Context, arguments: &mut [Value]) -> Result<Value, Raised> {
    match at(arguments, 0) {
        Value::String(_) => {
            let mut more = String::new();
            for part in arguments.get(1..).unwrap_or(&[]) {
                display_to(&mut more, part);
                context.reserve(more.len())?;
            }
            let mut whole = take(arguments, 0);
            if let Value::String(text) = &mut whole {
                Rc::make_mut(text).push_str(&more);
            }
            Ok(whole)
        }
        Value::Array(_) | Value::List(_) | Value::Range(_) => {
            let mut more = Vec::new();
            for part in arguments.get(1..).unwrap_or(&[]) {
                match part {
                    Value::Array(_) | Value::List(_) | Value::Range(_) | Value::Bytes(_) => {
                        more.append(&mut items("append!", part)?);
                        context.reserve(more.len().saturating_mul(size_of::<Value>()))?;
                    }
                    other => {
                        return Err(type_error("append!", "a sequence, since the place holds one", other));
                    }
                }
            }
            Ok(match take(arguments, 0) {
                Value::List(mut items) => {
                    more.into_iter().for_each(|item| Rc::make_mut(&mut items).push(item));
                    Value::List(items)
                }
                Value::Array(mut items) => {
                    more.into_iter().for_each(|item| Rc::make_mut(&mut items).push(item));
                    Value::Array(items)
                }
                other => {
                    let mut whole = items("append!", &other)?;
                    whole.append(&mut more);
                    Value::array(whole)
                }
            })
        }
        other => Err(type_error("append!", "a string, an array or a list", other)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    #[test]
    fn texts_grow_by_texts_and_sequences_by_items() {
        let text = |text: &str| Value::string(text);
        assert_eq!(
            call("append-to", &[text("a"), Value::Int(-5), Value::Bool(true), Value::Null]),
            "\"a-5truenull\""
        );
        let array = |items: &[i64]| Value::array(items.iter().copied().map(Value::Int).collect());
        assert_eq!(call("append-to", &[array(&[1]), array(&[]), array(&[2, 3])]), "[1 2 3]");
        assert_eq!(call("append-to", &[array(&[1]), Value::bytes(vec![7])]), "[1 7]");
        assert_eq!(call("append-to", &[array(&[1]), text("x")]), "error type");
        assert_eq!(call("append-to", &[Value::Int(1), text("x")]), "error type");
        assert_eq!(call("string-builder", &[Value::Int(-1)]), "error type");
        assert_eq!(call("string-builder", &[Value::Int(9)]), "\"\"");
        assert_eq!(call("emptied", &[Value::Int(9)]), "error type");
    }
}
