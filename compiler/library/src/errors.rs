//! Errors as values: raising, asking and asserting.

use crate::arguments::{at, take};
use crate::native::{Effect, Native};
use ovsm_value::error::{ErrorValue, raise, type_error};
use ovsm_value::write::{brief, display};
use ovsm_value::{ErrorKind, Raised, Unwind, Value};
use std::rc::Rc;

const fn native(
    name: &'static str,
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [(&'static str, &'static str)],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases: &[],
        module: "std/core",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        aliases: &["raise"],
        ..native(
            "error",
            1,
            Some(3),
            "(message) or (kind message data) -> never",
            "Raises an error: of kind `:user`, or of the kind that the keyword names; data may be attached. An error value is raised again as it is.",
            &[
                ("(try (error \"x\") (catch e (get e :message)))", "\"x\""),
                ("(try (error :full \"x\" 5) (catch e [(get e :kind) (get e :data)]))", "[:full 5]"),
            ],
            |_, arguments| Err(error(arguments)),
        )
    },
    native(
        "assert",
        1,
        Some(2),
        "(condition message) -> null",
        "Raises an `:assertion` error unless the condition is true.",
        &[("(assert (= 1 1))", "null")],
        |_, arguments| {
            if at(arguments, 0).is_true() {
                return Ok(Value::Null);
            }
            let message = match arguments.get(1) {
                Some(message) => display(message),
                None => format!("the condition is {}", brief(at(arguments, 0))),
            };
            Err(raise(ErrorKind::Assertion, message))
        },
    ),
    Native {
        aliases: &["throw-tag"],
        ..native(
            "throw",
            2,
            Some(2),
            "(tag value) -> never",
            "Leaves the innermost `catch` of an equal tag with the value; no `try` stops it.",
            &[("(catch :done (throw :done 5))", "5")],
            |_, arguments| {
                let values = Value::array(vec![take(arguments, 1)]);
                Err(Box::new(Unwind::Throw(take(arguments, 0), values)))
            },
        )
    },
    native(
        "error-kind",
        1,
        Some(1),
        "(error) -> keyword",
        "The kind of an error.",
        &[("(try (/ 1 0) (catch e (error-kind e)))", ":division-by-zero")],
        |_, arguments| match at(arguments, 0) {
            Value::Error(error) => Ok(Value::keyword(error.kind.name())),
            other => Err(type_error("error-kind", "an error", other)),
        },
    ),
    native(
        "error-message",
        1,
        Some(1),
        "(error) -> string",
        "The message of an error.",
        &[("(try (error \"no\") (catch e (error-message e)))", "\"no\"")],
        |_, arguments| match at(arguments, 0) {
            Value::Error(error) => Ok(Value::string(error.message.clone())),
            other => Err(type_error("error-message", "an error", other)),
        },
    ),
    native(
        "error-data",
        1,
        Some(1),
        "(error) -> any",
        "What was attached to an error.",
        &[("(try (error :k \"no\" 7) (catch e (error-data e)))", "7")],
        |_, arguments| match at(arguments, 0) {
            Value::Error(error) => Ok(error.data.clone()),
            other => Err(type_error("error-data", "an error", other)),
        },
    ),
    native(
        "exit",
        0,
        Some(1),
        "(code) -> never",
        "Ends the program with an exit code, 0 if absent.",
        &[],
        |_, arguments| {
            let code = match arguments.first() {
                None | Some(Value::Null) => 0,
                Some(_) => crate::arguments::integer("exit", arguments, 0)?,
            };
            Err(Box::new(Unwind::Exit(i32::try_from(code).unwrap_or(1))))
        },
    ),
];

fn error(arguments: &[Value]) -> Raised {
    let (kind, message, data) = match arguments {
        [Value::Error(error)] => return Box::new(Unwind::Error(Rc::clone(error))),
        [Value::Keyword(kind), Value::String(message), rest @ ..] => {
            (ErrorKind::from_name(kind.as_str()), message.as_str().to_string(), rest.first().cloned())
        }
        [Value::Keyword(kind)] => (ErrorKind::from_name(kind.as_str()), kind.as_str().to_string(), None),
        // What an error looks like as an object: `{:kind :message :data}`.
        [Value::Object(entries)] if shape_of(entries).is_some() => {
            let (kind, message, data) = shape_of(entries).unwrap_or_default();
            (ErrorKind::from_name(&kind), message, data)
        }
        [message, rest @ ..] => (ErrorKind::User, display(message), rest.first().cloned()),
        [] => (ErrorKind::User, String::new(), None),
    };
    let mut error = ErrorValue::new(kind, message);
    error.data = data.unwrap_or_default();
    Box::new(Unwind::Error(Rc::new(error)))
}

/// The kind, message and data of an error that is written as an object.
fn shape_of(entries: &ovsm_value::Object) -> Option<(String, String, Option<Value>)> {
    let field = |name: &str| entries.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
    let (Value::Keyword(kind), Value::String(message)) = (field("kind")?, field("message")?) else {
        return None;
    };
    Some((kind.as_str().to_string(), message.as_str().to_string(), field("data").cloned()))
}
