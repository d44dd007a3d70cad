//! Questions about the type of a value.

use crate::arguments::at;
use crate::native::{Effect, Native};
use ovsm_value::Value;

const fn predicate(
    name: &'static str,
    aliases: &'static [&'static str],
    doc: &'static str,
    examples: &'static [(&'static str, &'static str)],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases,
        module: "std/core",
        signature: "(x) -> bool",
        doc,
        examples,
        min: 1,
        max: Some(1),
        effect: Effect::Pure,
        run,
    }
}

macro_rules! is {
    ($pattern:pat) => {
        |_, arguments| Ok(Value::Bool(matches!(at(arguments, 0), $pattern)))
    };
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        signature: "(x) -> string",
        ..predicate(
            "type-of",
            &["typeof"],
            "The name of the type of a value.",
            &[("(type-of 1)", "\"int\""), ("(type-of 1u8)", "\"u8\"")],
            |_, arguments| {
                let value = at(arguments, 0);
                Ok(match value {
                    Value::Record(record) => {
                        Value::string(record.ty.parent.as_deref().unwrap_or(&record.ty.name))
                    }
                    value => Value::string(value.type_name()),
                })
            },
        )
    },
    predicate(
        "not",
        &[],
        "True for falsy values.",
        &[("(not 0)", "true"), ("(not \"a\")", "false")],
        |_, arguments| Ok(Value::Bool(!at(arguments, 0).is_true())),
    ),
    predicate(
        "null?",
        &["nil?", "null"],
        "True for null.",
        &[("(null? null)", "true"), ("(null? 0)", "false")],
        is!(Value::Null),
    ),
    predicate(
        "bool?",
        &["boolean?"],
        "True for `true` and `false`.",
        &[("(bool? false)", "true")],
        is!(Value::Bool(_)),
    ),
    predicate(
        "int?",
        &["integer?", "integerp"],
        "True for integers of every kind.",
        &[("(int? 5)", "true"), ("(int? 5.0)", "false")],
        |_, arguments| Ok(Value::Bool(at(arguments, 0).is_integer())),
    ),
    predicate("float?", &["floatp"], "True for floats.", &[("(float? 5.0)", "true")], is!(Value::Float(_))),
    predicate(
        "decimal?",
        &[],
        "True for decimals.",
        &[("(decimal? (decimal \"1.5\"))", "true")],
        is!(Value::Decimal(_)),
    ),
    predicate(
        "number?",
        &["numberp"],
        "True for numbers of every kind.",
        &[("(number? 5)", "true"), ("(number? \"5\")", "false")],
        |_, arguments| Ok(Value::Bool(at(arguments, 0).is_number())),
    ),
    predicate(
        "string?",
        &["stringp"],
        "True for strings.",
        &[("(string? \"a\")", "true")],
        is!(Value::String(_)),
    ),
    predicate(
        "char?",
        &["characterp"],
        "True for characters.",
        &[("(char? #\\a)", "true")],
        is!(Value::Char(_)),
    ),
    predicate(
        "symbol?",
        &["symbolp"],
        "True for symbols.",
        &[("(symbol? 'a)", "true")],
        is!(Value::Symbol(_)),
    ),
    predicate(
        "keyword?",
        &["keywordp"],
        "True for keywords.",
        &[("(keyword? :a)", "true")],
        is!(Value::Keyword(_)),
    ),
    predicate("bytes?", &[], "True for bytes.", &[("(bytes? b\"a\")", "true")], is!(Value::Bytes(_))),
    predicate("pubkey?", &[], "True for public keys.", &[("(pubkey? 1)", "false")], is!(Value::Pubkey(_))),
    predicate(
        "array?",
        &["vector?", "vectorp", "arrayp"],
        "True for arrays.",
        &[("(array? [1])", "true"), ("(array? '(1))", "false")],
        is!(Value::Array(_)),
    ),
    predicate(
        "list?",
        &[],
        "True for lists and arrays.",
        &[("(list? '(1))", "true")],
        is!(Value::Array(_) | Value::List(_)),
    ),
    predicate(
        "listp",
        &[],
        "True for lists, arrays and null.",
        &[("(listp null)", "true")],
        is!(Value::Array(_) | Value::List(_) | Value::Null),
    ),
    predicate(
        "consp",
        &["pair?"],
        "True for a list or an array that is not empty.",
        &[("(consp '())", "false")],
        |_, arguments| Ok(Value::Bool(at(arguments, 0).items_count().is_some_and(|items| items > 0))),
    ),
    predicate(
        "atom",
        &["atom?"],
        "True for everything but lists and arrays.",
        &[("(atom 1)", "true"), ("(atom [1])", "false")],
        |_, arguments| Ok(Value::Bool(at(arguments, 0).items_count().is_none())),
    ),
    predicate(
        "object?",
        &["map?"],
        "True for objects.",
        &[("(object? {:a 1})", "true")],
        is!(Value::Object(_)),
    ),
    predicate("set?", &[], "True for sets.", &[("(set? #{1})", "true")], is!(Value::Set(_))),
    predicate("range?", &[], "True for ranges.", &[("(range? (range 1 3))", "true")], is!(Value::Range(_))),
    predicate(
        "hash-table?",
        &["hash-table-p"],
        "True for hash tables.",
        &[("(hash-table? {})", "false")],
        is!(Value::Table(_)),
    ),
    predicate("cell?", &[], "True for cells.", &[("(cell? (cell 1))", "true")], is!(Value::Cell(_))),
    predicate(
        "record?",
        &[],
        "True for records and values of enums.",
        &[("(record? 1)", "false")],
        is!(Value::Record(_)),
    ),
    predicate(
        "task?",
        &[],
        "True for tasks, which `async` makes.",
        &[("(task? 1)", "false")],
        |_, arguments| {
            Ok(Value::Bool(matches!(at(arguments, 0), Value::Handle(handle) if handle.as_file().is_none())))
        },
    ),
    predicate(
        "handle?",
        &[],
        "True for tasks and open files.",
        &[("(handle? 1)", "false")],
        is!(Value::Handle(_)),
    ),
    predicate("error?", &[], "True for errors.", &[("(error? 1)", "false")], is!(Value::Error(_))),
    predicate(
        "function?",
        &["functionp", "fn?", "procedure?"],
        "True for functions.",
        &[("(function? +)", "true")],
        |_, arguments| Ok(Value::Bool(at(arguments, 0).is_function())),
    ),
    predicate(
        "sequence?",
        &[],
        "True for arrays, lists and ranges.",
        &[("(sequence? [1])", "true")],
        is!(Value::Array(_) | Value::List(_) | Value::Range(_)),
    ),
    predicate("identity", &[], "Its argument.", &[("(identity 5)", "5")], |_, arguments| {
        Ok(crate::arguments::take(arguments, 0))
    }),
];
