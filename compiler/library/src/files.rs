//! Files and folders as a whole: whether they are there, making, removing, renaming and copying them. Everything goes
//! through the host, which may refuse and says what would permit it. Nothing here opens anything itself. Start with
//! [`NATIVES`].

use crate::arguments::{at, string};
use crate::context::{Context, FileKind};
use crate::encoding::data;
use crate::io::failed;
use crate::native::{Effect, Native};
use crate::operands::pure;
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Raised, Value};

const ONE: (u8, Option<u8>) = (1, Some(1));
const TWO: (u8, Option<u8>) = (2, Some(2));

/// A function that works on files and folders.
pub(crate) const fn file(
    name: &'static str,
    arity: (u8, Option<u8>),
    signature: &'static str,
    doc: &'static str,
    run: crate::NativeFn,
) -> Native {
    Native { effect: Effect::Storage, ..pure("std/io", name, arity, signature, doc, &[], run) }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    file(
        "append-file",
        TWO,
        "(path data) -> null",
        "Adds a string or bytes to the end of a file, which is made if there is none; a file that can not be written is an `:io` error. Needs `--allow-write`.",
        |context, arguments| {
            let path = string("append-file", arguments, 0)?;
            let data = data("append-file", at(arguments, 1))?;
            done("append-file", context.host().append_file(path.as_str(), data))
        },
    ),
    file(
        "write-file-bytes",
        TWO,
        "(path data) -> null",
        "Replaces a file as a whole by bytes; a file that can not be written is an `:io` error. Needs `--allow-write`.",
        |context, arguments| {
            let path = string("write-file-bytes", arguments, 0)?;
            let Value::Bytes(data) = at(arguments, 1) else {
                return Err(type_error("write-file-bytes", "bytes", at(arguments, 1)));
            };
            done("write-file-bytes", context.host().write_file(path.as_str(), data.as_slice()))
        },
    ),
    file(
        "delete-file",
        ONE,
        "(path) -> bool",
        "Removes a file, and says whether there was one. Of a link, the link goes and what it points to stays. A folder, and a file that can not be removed, are an `:io` error. Needs `--allow-write`.",
        |context, arguments| {
            let path = string("delete-file", arguments, 0)?;
            let deleted = context.host().delete_file(path.as_str());
            deleted.map(Value::Bool).map_err(|error| failed("delete-file", error))
        },
    ),
    file(
        "file-exists?",
        ONE,
        "(path) -> bool",
        "Whether a file stands at a path; a folder is no file. Needs `--allow-read`.",
        |context, arguments| {
            Ok(Value::Bool(matches!(kind(context, "file-exists?", arguments)?, FileKind::File(_))))
        },
    ),
    file(
        "folder-exists?",
        ONE,
        "(path) -> bool",
        "Whether a folder stands at a path. Needs `--allow-read`.",
        |context, arguments| Ok(Value::Bool(kind(context, "folder-exists?", arguments)? == FileKind::Folder)),
    ),
    file(
        "file-size",
        ONE,
        "(path) -> int",
        "How many bytes a file has; where there is no file, it is an `:io` error. Needs `--allow-read`.",
        |context, arguments| match kind(context, "file-size", arguments)? {
            FileKind::File(size) => Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX))),
            other => {
                let path = string("file-size", arguments, 0)?.clone();
                let what = match other {
                    FileKind::Missing => "there is no such file",
                    FileKind::Folder => "this is a folder, not a file",
                    _ => "this is a device or a pipe, not a file",
                };
                Err(raise(ErrorKind::Io, format!("`file-size`: {}: {what}", path.as_str())))
            }
        },
    ),
    file(
        "make-folder",
        ONE,
        "(path) -> null",
        "Makes a folder, and those above it that are missing; one that is there stays as it is. Where a file stands, it is an `:io` error. Needs `--allow-write`.",
        |context, arguments| {
            let path = string("make-folder", arguments, 0)?;
            done("make-folder", context.host().make_folder(path.as_str()))
        },
    ),
    file(
        "delete-folder",
        (1, Some(2)),
        "(path with-contents) -> null",
        "Removes an empty folder; with true as the second argument, also one with files and folders in it. Links in it go, and what they point to stays. A folder that is not there or not empty is an `:io` error. Needs `--allow-write`.",
        |context, arguments| {
            let path = string("delete-folder", arguments, 0)?;
            let with_contents = match at(arguments, 1) {
                Value::Null => false,
                Value::Bool(with_contents) => *with_contents,
                other => return Err(type_error("delete-folder", "true or false", other)),
            };
            done("delete-folder", context.host().delete_folder(path.as_str(), with_contents))
        },
    ),
    file(
        "rename-file",
        TWO,
        "(from to) -> null",
        "Gives a file another path in one step: nobody sees half of it, and a file that has the path already is replaced. Both must be on one disk; a folder, or a file that can not be renamed, is an `:io` error. Needs `--allow-write` for both.",
        |context, arguments| {
            let from = string("rename-file", arguments, 0)?;
            let to = string("rename-file", arguments, 1)?;
            done("rename-file", context.host().rename_file(from.as_str(), to.as_str()))
        },
    ),
    file(
        "copy-file",
        TWO,
        "(from to) -> null",
        "Writes the bytes of a file to another, which is replaced as a whole; a file that can not be read or written is an `:io` error. Needs `--allow-read` for the first and `--allow-write` for the second.",
        |context, arguments| {
            let from = string("copy-file", arguments, 0)?;
            let to = string("copy-file", arguments, 1)?;
            let bytes =
                context.host().read_file(from.as_str()).map_err(|error| failed("copy-file", error))?;
            context.reserve(bytes.len())?;
            done("copy-file", context.host().write_file(to.as_str(), &bytes))
        },
    ),
];

fn done(operation: &str, result: Result<(), crate::HostError>) -> Result<Value, Raised> {
    result.map(|()| Value::Null).map_err(|error| failed(operation, error))
}

fn kind(context: &mut dyn Context, operation: &str, arguments: &[Value]) -> Result<FileKind, Raised> {
    let path = string(operation, arguments, 0)?;
    context.host().file_kind(path.as_str()).map_err(|error| failed(operation, error))
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    #[test]
    fn what_the_host_refuses_is_a_permission_error() {
        let path = || Value::string("x");
        for name in
            ["delete-file", "file-exists?", "folder-exists?", "file-size", "make-folder", "delete-folder"]
        {
            assert_eq!(call(name, &[path()]), "error permission", "{name}");
            assert_eq!(call(name, &[Value::Int(1)]), "error type", "{name}");
        }
        for name in ["append-file", "rename-file", "copy-file"] {
            assert_eq!(call(name, &[path(), path()]), "error permission", "{name}");
            assert_eq!(call(name, &[path(), Value::Int(1)]), "error type", "{name}");
        }
        assert_eq!(call("write-file-bytes", &[path(), Value::bytes(vec![1])]), "error permission");
        assert_eq!(call("write-file-bytes", &[path(), path()]), "error type");
        assert_eq!(call("delete-folder", &[path(), Value::Int(1)]), "error type");
    }
}
