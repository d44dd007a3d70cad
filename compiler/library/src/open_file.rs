//! Open files: reading line by line, and writing bit by bit. Everything goes through the host, which may refuse, and
//! which bounds how many files are open. Nothing here opens anything itself. Start with [`NATIVES`].

use crate::arguments::{at, string};
use crate::context::{Context, OpenMode};
use crate::encoding::utf8;
use crate::files::file;
use crate::io::failed;
use crate::native::Native;
use ovsm_value::error::{raise, type_error};
use ovsm_value::write::display_to;
use ovsm_value::{ErrorKind, Handle, Raised, Value};
use std::rc::Rc;

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    file(
        "open-file",
        (1, Some(2)),
        "(path mode) -> handle",
        "Opens a file and gives a handle of it: `:read` (the default), `:write` (anew) or `:append`. `read-line` and `read-lines` read it, `write-to` writes, `close` closes it; `with-open` does that by itself. At most 256 files are open at once; those that are open at the end are closed. Needs `--allow-read` or `--allow-write`.",
        |context, arguments| {
            let path = string("open-file", arguments, 0)?;
            let mode = match at(arguments, 1) {
                Value::Null => OpenMode::Read,
                Value::Keyword(mode) if mode.as_str() == "read" => OpenMode::Read,
                Value::Keyword(mode) if mode.as_str() == "write" => OpenMode::Write,
                Value::Keyword(mode) if mode.as_str() == "append" => OpenMode::Append,
                other => return Err(type_error("open-file", "`:read`, `:write` or `:append`", other)),
            };
            let opened = context.host().open_file(path.as_str(), mode);
            let number = opened.map_err(|error| failed("open-file", error))?;
            Ok(Value::Handle(Rc::new(Handle::file(number, path.as_str()))))
        },
    ),
    file(
        "write-to",
        (1, None),
        "(file x…) -> null",
        "Writes values joined by blanks to an open file, as `print` shows them. Bytes are written as they are if they stand alone. A closed file, and one that is open for reading, are an `:io` error.",
        |context, arguments| {
            let number = number("write-to", at(arguments, 0))?;
            if let [_, Value::Bytes(bytes)] = &*arguments {
                let written = context.host().write_open(number, bytes.as_slice());
                return written.map(|()| Value::Null).map_err(|error| failed("write-to", error));
            }
            let mut text = String::new();
            for (position, value) in arguments.iter().skip(1).enumerate() {
                if position > 0 {
                    text.push(' ');
                }
                display_to(&mut text, value);
                context.reserve(text.len())?;
            }
            context.charge(1 + text.len() as u64 / 8)?;
            let written = context.host().write_open(number, text.as_bytes());
            written.map(|()| Value::Null).map_err(|error| failed("write-to", error))
        },
    ),
    file(
        "close",
        (1, Some(1)),
        "(file) -> bool",
        "Closes an open file, so that what was written is there; says whether it was open.",
        |context, arguments| {
            let Value::Handle(handle) = at(arguments, 0) else {
                return Err(type_error("close", "an open file", at(arguments, 0)));
            };
            let Some(file) = handle.as_file() else {
                return Err(type_error("close", "an open file", at(arguments, 0)));
            };
            if file.is_closed.replace(true) {
                return Ok(Value::Bool(false));
            }
            let closed = context.host().close_file(handle.number);
            closed.map(|()| Value::Bool(true)).map_err(|error| failed("close", error))
        },
    ),
];

/// The number of an open file.
fn number(operation: &str, value: &Value) -> Result<u64, Raised> {
    let Value::Handle(handle) = value else {
        return Err(type_error(operation, "an open file, which `open-file` gives", value));
    };
    match handle.as_file() {
        Some(file) if file.is_closed.get() => {
            Err(raise(ErrorKind::Io, format!("`{operation}`: the file `{}` was closed", file.path)))
        }
        Some(_) => Ok(handle.number),
        None => Err(type_error(operation, "an open file, which `open-file` gives", value)),
    }
}

/// The next line of an open file; `None` at its end.
pub fn next_line(context: &mut dyn Context, operation: &str, file: &Value) -> Result<Option<Value>, Raised> {
    let number = number(operation, file)?;
    context.charge(10)?;
    let line = context.host().read_open_line(number).map_err(|error| failed(operation, error))?;
    match line {
        Some(line) => {
            context.reserve(line.len() + size_of::<Value>())?;
            utf8(operation, line).map(Some)
        }
        None => Ok(None),
    }
}
