//! Printing, reading, files, arguments and environment: everything through the host, which may refuse. Nothing here
//! opens anything itself. Start with [`NATIVES`].

use crate::arguments::{at, count, string};
use crate::context::{Context, HostError};
use crate::encoding::{data, utf8};
use crate::native::{Effect, Native};
use crate::open_file;
use crate::operands::pure;
use ovsm_value::error::raise;
use ovsm_value::write::{display, display_to};
use ovsm_value::{ErrorKind, Raised, Value};

const MODULE: &str = "std/io";

const fn io(
    name: &'static str,
    arity: (u8, Option<u8>),
    effect: Effect,
    signature: &'static str,
    doc: &'static str,
    run: crate::NativeFn,
) -> Native {
    Native { effect, ..pure(MODULE, name, arity, signature, doc, &[], run) }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        examples: &[("(println \"a\" 1)", "null")],
        ..io(
            "println",
            (0, None),
            Effect::Io,
            "(x…) -> null",
            "Prints values joined by blanks, strings and characters bare, and ends the line.",
            |context, arguments| {
                let text = joined(arguments, "\n");
                printed(context, &text)
            },
        )
    },
    Native {
        examples: &[("(print \"a\" 1)", "null")],
        ..io(
            "print",
            (0, None),
            Effect::Io,
            "(x…) -> null",
            "Prints values joined by blanks, strings and characters bare. Does not end the line.",
            |context, arguments| {
                let text = joined(arguments, "");
                printed(context, &text)
            },
        )
    },
    Native {
        examples: &[("(log :message \"price\" :value 5)", "null")],
        ..io(
            "log",
            (0, None),
            Effect::Io,
            "(x…) -> null",
            "Prints one line: `(log :message m :value v)` prints `m v`, other keywords print as `name=value`; arguments that are no such pairs are joined by blanks.",
            |context, arguments| {
                let text = log_line(arguments);
                printed(context, &text)
            },
        )
    },
    io(
        "print-error",
        (0, None),
        Effect::Io,
        "(x…) -> null",
        "Prints values joined by blanks to the error output, and ends the line.",
        |context, arguments| {
            let text = joined(arguments, "\n");
            context.host().print_error(&text).map_err(|error| failed("print-error", error))?;
            Ok(Value::Null)
        },
    ),
    io(
        "read-line",
        (0, Some(1)),
        Effect::Io,
        "(file) -> string",
        "The next line of the input, or of a file that `open-file` has opened, without its end; null at the end.",
        |context, arguments| match arguments.first() {
            None => Ok(next_line(context, "read-line")?.map_or(Value::Null, Value::string)),
            Some(file) => Ok(open_file::next_line(context, "read-line", file)?.unwrap_or_default()),
        },
    ),
    io(
        "read-lines",
        (0, Some(1)),
        Effect::Io,
        "(file) -> array",
        "The lines of the input, or of a file that `open-file` has opened, up to the end.",
        |context, arguments| {
            let mut lines = Vec::new();
            if let Some(file) = arguments.first() {
                while let Some(line) = open_file::next_line(context, "read-lines", file)? {
                    lines.push(line);
                }
                return Ok(Value::array(lines));
            }
            while let Some(line) = next_line(context, "read-lines")? {
                context.reserve(line.len() + size_of::<Value>())?;
                lines.push(Value::string(line));
            }
            Ok(Value::array(lines))
        },
    ),
    io(
        "read-all",
        (0, Some(0)),
        Effect::Io,
        "() -> string",
        "The input up to its end as one string; each line ends with a line feed.",
        |context, _| {
            let mut text = String::new();
            while let Some(line) = next_line(context, "read-all")? {
                context.reserve(line.len() + 1)?;
                text.push_str(&line);
                text.push('\n');
            }
            Ok(Value::string(text))
        },
    ),
    Native {
        aliases: &["argv"],
        ..io(
            "arguments",
            (0, Some(0)),
            Effect::Environment,
            "() -> array",
            "The arguments that the script was started with, as strings.",
            |context, _| {
                let arguments = context.host().arguments().map_err(|error| failed("arguments", error))?;
                Ok(Value::array(arguments.into_iter().map(Value::string).collect()))
            },
        )
    },
    Native {
        aliases: &["getenv"],
        ..io(
            "env",
            (1, Some(2)),
            Effect::Environment,
            "(name default) -> string",
            "An environment variable; the default, or null, if there is none of that name.",
            |context, arguments| {
                let name = string("env", arguments, 0)?;
                let found =
                    context.host().environment(name.as_str()).map_err(|error| failed("env", error))?;
                Ok(found.map_or_else(|| at(arguments, 1).clone(), Value::string))
            },
        )
    },
    io(
        "read-file",
        (1, Some(1)),
        Effect::Storage,
        "(path) -> string",
        "The text of a file; bytes that are no UTF-8 are a `:value` error (`read-file-bytes` reads those), a file that can not be read is an `:io` error.",
        |context, arguments| {
            let bytes = contents(context, "read-file", arguments)?;
            utf8("read-file", bytes)
        },
    ),
    io(
        "read-file-bytes",
        (1, Some(1)),
        Effect::Storage,
        "(path) -> bytes",
        "The bytes of a file; a file that can not be read is an `:io` error.",
        |context, arguments| Ok(Value::bytes(contents(context, "read-file-bytes", arguments)?)),
    ),
    io(
        "write-file",
        (2, Some(2)),
        Effect::Storage,
        "(path data) -> null",
        "Replaces a file as a whole by a string or bytes; a file that can not be written is an `:io` error.",
        |context, arguments| {
            let path = string("write-file", arguments, 0)?;
            let data = data("write-file", at(arguments, 1))?;
            context.host().write_file(path.as_str(), data).map_err(|error| failed("write-file", error))?;
            Ok(Value::Null)
        },
    ),
    io(
        "list-folder",
        (1, Some(1)),
        Effect::Storage,
        "(path) -> array",
        "The names in a folder, sorted; a folder that can not be read is an `:io` error.",
        |context, arguments| {
            let path = string("list-folder", arguments, 0)?;
            let names =
                context.host().list_folder(path.as_str()).map_err(|error| failed("list-folder", error))?;
            Ok(Value::array(names.into_iter().map(Value::string).collect()))
        },
    ),
    Native {
        examples: &[("(sleep 0)", "null")],
        ..io(
            "sleep",
            (1, Some(1)),
            Effect::Time,
            "(milliseconds) -> null",
            "Waits, and lets the other tasks run meanwhile. A negative time is a `:value` error.",
            |context, arguments| {
                let milliseconds = count("sleep", arguments, 0)?;
                context.pause(milliseconds as u64)?;
                Ok(Value::Null)
            },
        )
    },
];

/// What a program sees if the host did not do something.
pub fn failed(operation: &str, error: HostError) -> Raised {
    match error {
        HostError::Denied(text) => raise(ErrorKind::Permission, format!("`{operation}`: {text}")),
        HostError::Failed(text) => raise(ErrorKind::Io, format!("`{operation}`: {text}")),
    }
}

fn joined(values: &[Value], end: &str) -> String {
    let mut text = String::new();
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            text.push(' ');
        }
        display_to(&mut text, value);
    }
    text.push_str(end);
    text
}

fn log_line(arguments: &[Value]) -> String {
    let is_pairs = arguments.len().is_multiple_of(2)
        && arguments.iter().step_by(2).all(|name| matches!(name, Value::Keyword(_)));
    if !is_pairs {
        return joined(arguments, "\n");
    }
    let parts: Vec<String> = arguments
        .chunks_exact(2)
        .map(|pair| match (at(pair, 0), at(pair, 1)) {
            (Value::Keyword(name), value) if !matches!(name.as_str(), "message" | "value") => {
                format!("{}={}", name.as_str(), display(value))
            }
            (_, value) => display(value),
        })
        .collect();
    parts.join(" ") + "\n"
}

fn printed(context: &mut dyn Context, text: &str) -> Result<Value, Raised> {
    context.charge(1 + text.len() as u64 / 8)?;
    context.host().print(text).map_err(|error| failed("print", error))?;
    Ok(Value::Null)
}

fn next_line(context: &mut dyn Context, operation: &str) -> Result<Option<String>, Raised> {
    context.charge(1)?;
    context.host().read_line().map_err(|error| failed(operation, error))
}

fn contents(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<Vec<u8>, Raised> {
    let path = string(operation, arguments, 0)?;
    let bytes = context.host().read_file(path.as_str()).map_err(|error| failed(operation, error))?;
    context.reserve(bytes.len())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use crate::Context;
    use crate::testing::{TestContext, call, function};
    use ovsm_value::Value;

    fn printed(name: &str, arguments: &[Value]) -> String {
        let mut context = TestContext::default();
        context.call(&function(name), arguments).unwrap();
        context.printed
    }

    #[test]
    fn prints_display_forms() {
        assert_eq!(
            printed("println", &[Value::string("a"), Value::array(vec![Value::string("b")])]),
            "a [\"b\"]\n"
        );
        assert_eq!(printed("print", &[Value::Null, Value::Int(1)]), "null 1");
        assert_eq!(printed("println", &[]), "\n");
    }

    #[test]
    fn log_prints_one_line() {
        let key = |name: &str| Value::keyword(name);
        assert_eq!(
            printed("log", &[key("message"), Value::string("m"), key("value"), Value::Int(4)]),
            "m 4\n"
        );
        assert_eq!(
            printed("log", &[key("message"), Value::string("m"), key("slot"), Value::Int(4)]),
            "m slot=4\n"
        );
        assert_eq!(printed("log", &[Value::string("m"), key("value")]), "m :value\n");
        assert_eq!(printed("log", &[key("value")]), ":value\n");
    }

    #[test]
    fn what_the_host_refuses_is_a_permission_error() {
        assert_eq!(call("read-file", &[Value::string("x")]), "error permission");
        assert_eq!(call("env", &[Value::string("x")]), "error permission");
        assert_eq!(call("sleep", &[Value::Int(-1)]), "error value");
        assert_eq!(call("write-file", &[Value::string("x"), Value::Int(1)]), "error type");
    }
}
