//! Reading and replacing parts of values, cells and tables: what `get`, `setf`, `push!` and `swap!` come down to.
//!
//! A function that "sets" gives a new collection; the old one is updated in place if the caller holds it alone.

use crate::arguments::{at, index_error, position, take};
use crate::context::Context;
use crate::native::{Effect, Native};
use ovsm_value::compare::Key;
use ovsm_value::error::{raise, type_error};
use ovsm_value::table::Table;
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Raised, Sequence, Value, number};
use std::cell::RefCell;
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
    native(
        "get",
        2,
        Some(3),
        "(collection key default) -> any",
        "The item at a position or under a key; the default, or null, if it is not there. Negative positions count from the end. A field that a record does not have is a `:key` error, unless a default is given.",
        &[
            ("(get {:a 1} :a)", "1"),
            ("(get {:a 1} :b)", "null"),
            ("(get [1 2] 5 :none)", ":none"),
            ("(get [1 2 3] -1)", "3"),
        ],
        |_, arguments| {
            let found = get(at(arguments, 0), at(arguments, 1))?;
            if let (None, Value::Record(record), 2) = (&found, at(arguments, 0), arguments.len()) {
                return Err(no_field(record, at(arguments, 1)));
            }
            Ok(found.unwrap_or_else(|| take(arguments, 2)))
        },
    ),
    Native {
        aliases: &["elt"],
        ..native(
            "nth",
            2,
            Some(3),
            "(sequence index default) -> any",
            "The item at a position; an `:index` error if it is outside, unless a default is given.",
            &[("(nth [1 2 3] 1)", "2"), ("(nth [1 2 3] -1)", "3")],
            |_, arguments| {
                // The order of Common Lisp, index first, is accepted too.
                if at(arguments, 0).is_integer() && !at(arguments, 1).is_integer() {
                    arguments.swap(0, 1);
                }
                if !at(arguments, 1).is_integer() {
                    return Err(type_error("nth", "an integer", at(arguments, 1)));
                }
                match get(at(arguments, 0), at(arguments, 1))? {
                    Some(value) => Ok(value),
                    None if arguments.len() == 3 => Ok(take(arguments, 2)),
                    None => Err(index_error(
                        "nth",
                        number::to_i64(at(arguments, 1)).unwrap_or(i64::MAX),
                        length(at(arguments, 0)).unwrap_or(0),
                    )),
                }
            },
        )
    },
    Native {
        aliases: &["assoc!", "set-at"],
        ..native(
            "put",
            3,
            Some(3),
            "(collection key value) -> collection",
            "The collection with another value under a key or at a position.",
            &[("(put {:a 1} :b 2)", "{:a 1 :b 2}"), ("(put [1 2] 0 9)", "[9 2]")],
            |context, arguments| {
                let value = take(arguments, 2);
                let key = take(arguments, 1);
                put(context, arguments, &key, value)
            },
        )
    },
    Native {
        aliases: &["append-item"],
        ..native(
            "push",
            2,
            Some(2),
            "(collection item) -> collection",
            "The collection with one more item at its end: an array, list, set, string or bytes.",
            &[("(push [1] 2)", "[1 2]")],
            |context, arguments| {
                let item = take(arguments, 1);
                push(context, arguments, item)
            },
        )
    },
    native(
        "without-last",
        1,
        Some(1),
        "(sequence) -> sequence",
        "The array or list without its last item; empty stays empty.",
        &[("(without-last [1 2])", "[1]")],
        |_, arguments| {
            if !matches!(at(arguments, 0), Value::Array(_) | Value::List(_)) {
                return Err(type_error("pop!", "an array or a list", at(arguments, 0)));
            }
            match take(arguments, 0) {
                Value::Array(mut items) => {
                    Rc::make_mut(&mut items).pop();
                    Ok(Value::Array(items))
                }
                Value::List(mut items) => {
                    Rc::make_mut(&mut items).pop();
                    Ok(Value::List(items))
                }
                other => Ok(other),
            }
        },
    ),
    native(
        "get-in",
        2,
        Some(3),
        "(collection path default) -> any",
        "Follows a path of keys and positions; the default, or null, where it ends early.",
        &[("(get-in {:a [1 {:b 2}]} [:a 1 :b])", "2"), ("(get-in {} [:a :b] 0)", "0")],
        |_, arguments| {
            let mut value = at(arguments, 0).clone();
            for key in crate::arguments::slice("get-in", arguments, 1)? {
                if matches!(value, Value::Null) {
                    return Ok(at(arguments, 2).clone());
                }
                match get(&value, key)? {
                    Some(next) => value = next,
                    None => return Ok(at(arguments, 2).clone()),
                }
            }
            Ok(value)
        },
    ),
    native(
        "cell",
        0,
        Some(1),
        "(value) -> cell",
        "A new mutable place.",
        &[("(cell-get (cell 5))", "5")],
        |_, arguments| Ok(Value::Cell(Rc::new(ovsm_value::Place::new(take(arguments, 0))))),
    ),
    native(
        "cell-get",
        1,
        Some(1),
        "(cell) -> any",
        "What a cell holds.",
        &[("(cell-get (cell 5))", "5")],
        |_, arguments| match at(arguments, 0) {
            Value::Cell(cell) => Ok(cell.try_borrow().map_err(|_| busy())?.clone()),
            other => Err(type_error("cell-get", "a cell", other)),
        },
    ),
    native(
        "cell-set!",
        2,
        Some(2),
        "(cell value) -> any",
        "Replaces what a cell holds; gives the new value.",
        &[("(let ((c (cell 1))) (cell-set! c 2) (cell-get c))", "2")],
        |_, arguments| {
            let value = take(arguments, 1);
            match at(arguments, 0) {
                Value::Cell(cell) => {
                    let old =
                        std::mem::replace(&mut *cell.try_borrow_mut().map_err(|_| busy())?, value.clone());
                    drop(old);
                    Ok(value)
                }
                other => Err(type_error("cell-set!", "a cell", other)),
            }
        },
    ),
    Native {
        effect: Effect::State,
        ..native(
            "swap!",
            2,
            None,
            "(cell function argument…) -> any",
            "Replaces what a cell holds by the function of it and the arguments; gives the new value.",
            &[("(let ((c (cell 1))) (swap! c + 5) (cell-get c))", "6")],
            |context, arguments| {
                let Value::Cell(cell) = at(arguments, 0).clone() else {
                    return Err(type_error("swap!", "a cell", at(arguments, 0)));
                };
                let function = take(arguments, 1);
                let mut call: Vec<Value> = vec![cell.try_borrow().map_err(|_| busy())?.clone()];
                call.extend(arguments.iter().skip(2).cloned());
                let value = context.call(&function, &call)?;
                let old = std::mem::replace(&mut *cell.try_borrow_mut().map_err(|_| busy())?, value.clone());
                drop(old);
                Ok(value)
            },
        )
    },
    native(
        "hash-table",
        0,
        None,
        "(key value …) -> hash-table",
        "A new mutable table from keys to values.",
        &[("(get (hash-table :a 1) :a)", "1")],
        |_, arguments| {
            if !arguments.len().is_multiple_of(2) {
                return Err(raise(ErrorKind::Arity, "`hash-table` needs a value for each key"));
            }
            let mut table = Table::default();
            for pair in arguments.chunks_exact_mut(2) {
                let (key, value) = (take(pair, 0), take(pair, 1));
                table.insert(key, value);
            }
            Ok(Value::Table(Rc::new(RefCell::new(table))))
        },
    ),
];

fn busy() -> Raised {
    raise(ErrorKind::Value, "the cell or table is being changed")
}

/// The number of items of anything that has some.
pub fn length(value: &Value) -> Option<usize> {
    Some(match value {
        Value::Array(items) | Value::List(items) => items.len(),
        Value::String(text) => text.char_count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Object(entries) => entries.len(),
        Value::Set(set) => set.items.len(),
        Value::Range(range) => range.len(),
        Value::Table(table) => table.try_borrow().ok()?.len(),
        Value::Null => 0,
        _ => return None,
    })
}

/// The error of a field that a record does not have.
fn no_field(record: &ovsm_value::Record, key: &Value) -> Raised {
    let fields: Vec<String> = record.ty.fields.iter().map(|field| format!("`{}`", field.as_str())).collect();
    let fields = if fields.is_empty() { "no fields".to_string() } else { fields.join(", ") };
    raise(
        ErrorKind::Key,
        format!("the record `{}` has no field {}; it has {fields}", record.ty.name, brief(key)),
    )
}

/// What is under a key or at a position; `None` if nothing is.
pub fn get(collection: &Value, key: &Value) -> Result<Option<Value>, Raised> {
    let place = |length: usize| match number::to_i64(key) {
        Some(index) => Ok(position(index, length)),
        None if matches!(key, Value::Big(_) | Value::U128(_) | Value::I128(_)) => Ok(None),
        None => Err(type_error("get", "an integer as a position", key)),
    };
    Ok(match collection {
        Value::Null => None,
        Value::Array(items) | Value::List(items) => place(items.len())?.and_then(|n| items.copy_of(n)),
        Value::Object(entries) => match key {
            Value::Keyword(text) | Value::String(text) => entries.get(text).cloned(),
            key => match key.as_key() {
                Some(text) => entries.get(&text).cloned(),
                None => None,
            },
        },
        Value::String(text) => {
            place(text.char_count())?.and_then(|n| text.char_at(n)).map(|c| Value::string(c.to_string()))
        }
        Value::Bytes(bytes) => {
            place(bytes.len())?.and_then(|n| bytes.get(n)).map(|byte| Value::Int(i64::from(*byte)))
        }
        Value::Range(range) => place(range.len())?.and_then(|n| range.get(n)).map(Value::Int),
        Value::Set(set) => set.items.get_key_value(&Key(key.clone())).map(|(key, ())| key.0.clone()),
        Value::Table(table) => table.try_borrow().map_err(|_| busy())?.get(key),
        Value::Record(record) => match key.as_key() {
            Some(name) => record.get(name.as_str()).cloned(),
            None => place(record.fields.len())?.and_then(|n| record.fields.get(n)).cloned(),
        },
        Value::Error(error) => match key.as_key().as_deref().map(|key| key.as_str()) {
            Some("kind") => Some(Value::keyword(error.kind.name())),
            Some("message") => Some(Value::string(error.message.clone())),
            Some("data") => Some(error.data.clone()),
            Some("trace") => Some(Value::array(
                error.trace.borrow().iter().map(|frame| Value::string(&*frame.function)).collect(),
            )),
            _ => None,
        },
        Value::Cell(_) => {
            return Err(type_error("get", "a collection (`cell-get` reads a cell)", collection));
        }
        other => return Err(type_error("get", "a collection", other)),
    })
}

/// Replaces what is under a key of `arguments[0]`, which is taken out unless there is an error. A field of a record takes
/// only what its definition states.
///
/// # Errors
/// If the collection has no such place, or the value can not stand there.
pub fn put(
    context: &mut dyn Context,
    arguments: &mut [Value],
    key: &Value,
    value: Value,
) -> Result<Value, Raised> {
    let value = match at(arguments, 0) {
        Value::Record(record) => {
            let ty = Rc::clone(&record.ty);
            match field_of(record, key).filter(|n| !matches!(ty.types.get(*n), None | Some(Value::Null))) {
                Some(n) => crate::check::field(context, &ty, n, value)?,
                None => value,
            }
        }
        _ => value,
    };
    put_checked(arguments, key, value)
}

/// The number of the field that a key names.
pub(crate) fn field_of(record: &ovsm_value::Record, key: &Value) -> Option<usize> {
    match key.as_key() {
        Some(name) => record.position(name.as_str()),
        None => position(number::to_i64(key)?, record.fields.len()),
    }
}

/// The same for a value that is known to fit.
pub(crate) fn put_checked(arguments: &mut [Value], key: &Value, value: Value) -> Result<Value, Raised> {
    let place = |length: usize| match number::to_i64(key) {
        Some(index) => position(index, length).ok_or_else(|| index_error("put", index, length)),
        None => Err(type_error("put", "an integer as a position", key)),
    };
    let collection = at(arguments, 0);
    match collection {
        Value::Array(items) | Value::List(items) => {
            let n = place(items.len())?;
            let mut collection = take(arguments, 0);
            if let Value::Array(items) | Value::List(items) = &mut collection
                && let Err(lost) = Rc::make_mut(items).put(n, value)
            {
                drop(lost);
            }
            Ok(collection)
        }
        Value::Object(_) | Value::Null => {
            let Some(name) = key.as_key() else {
                return Err(type_error("put", "a keyword, string or symbol as a key", key));
            };
            let mut entries = match take(arguments, 0) {
                Value::Object(entries) => entries,
                _ => Rc::default(),
            };
            let own = Rc::make_mut(&mut entries);
            // In a small object, the text itself is found faster than by its hash.
            let known =
                if own.len() <= 8 { own.iter_mut().find(|(key, _)| Rc::ptr_eq(key, &name)) } else { None };
            match known {
                Some((_, place)) => *place = value,
                None => {
                    own.insert(name, value);
                }
            }
            Ok(Value::Object(entries))
        }
        Value::Bytes(bytes) => {
            let n = place(bytes.len())?;
            let byte = number::to_i64(&value).and_then(|byte| u8::try_from(byte).ok());
            let Some(byte) = byte else { return Err(type_error("put", "a byte (0 to 255)", &value)) };
            let mut collection = take(arguments, 0);
            if let Value::Bytes(bytes) = &mut collection
                && let Some(place) = Value::own_bytes(bytes).get_mut(n)
            {
                *place = byte;
            }
            Ok(collection)
        }
        Value::String(text) => {
            let n = place(text.char_count())?;
            let replacement = match &value {
                Value::Char(c) => c.to_string(),
                Value::String(text) => text.as_str().to_string(),
                other => return Err(type_error("put", "a character", other)),
            };
            let whole = format!("{}{replacement}{}", text.slice(0, n), text.slice(n + 1, usize::MAX));
            Ok(Value::string(whole))
        }
        Value::Range(range) => {
            let n = place(range.len())?;
            let mut items = crate::arguments::items("put", collection)?;
            if let Some(item) = items.get_mut(n) {
                *item = value;
            }
            Ok(Value::array(items))
        }
        Value::Table(table) => {
            let old = table.try_borrow_mut().map_err(|_| busy())?.insert(key.clone(), value);
            drop(old);
            Ok(collection.clone())
        }
        Value::Record(record) => {
            let n = match key.as_key() {
                Some(name) => record.position(name.as_str()),
                None => Some(place(record.fields.len())?),
            };
            let Some(n) = n else {
                return Err(no_field(record, key));
            };
            let mut collection = take(arguments, 0);
            if let Value::Record(record) = &mut collection
                && let Some(field) = Rc::make_mut(record).fields.get_mut(n)
            {
                *field = value;
            }
            Ok(collection)
        }
        other => Err(type_error("put", "a collection", other)),
    }
}

/// Appends to `arguments[0]`, which is taken out unless there is an error.
pub fn push(context: &mut dyn Context, arguments: &mut [Value], item: Value) -> Result<Value, Raised> {
    context.reserve(size_of::<Value>())?;
    match at(arguments, 0) {
        Value::Array(_) | Value::List(_) | Value::Set(_) | Value::Null | Value::Range(_) => {}
        Value::String(_) if matches!(item, Value::String(_) | Value::Char(_)) => {}
        Value::String(_) => {
            return Err(type_error("push!", "a string or a character to append to a string", &item));
        }
        Value::Bytes(_) => {
            if number::to_i64(&item).and_then(|byte| u8::try_from(byte).ok()).is_none() {
                return Err(type_error("push!", "a byte (0 to 255)", &item));
            }
        }
        other => return Err(type_error("push!", "an array, list, set, string or bytes", other)),
    }
    Ok(match take(arguments, 0) {
        Value::Array(mut items) => {
            Rc::make_mut(&mut items).push(item);
            Value::Array(items)
        }
        Value::List(mut items) => {
            Rc::make_mut(&mut items).push(item);
            Value::List(items)
        }
        Value::Range(range) => {
            let mut items: Sequence = range.iter().map(Value::Int).collect();
            items.push(item);
            Value::Array(Rc::new(items))
        }
        Value::Set(mut set) => {
            Rc::make_mut(&mut set).items.insert(Key(item), ());
            Value::Set(set)
        }
        Value::String(mut text) => {
            match &item {
                Value::Char(c) => Rc::make_mut(&mut text).push_str(c.encode_utf8(&mut [0; 4])),
                item => Rc::make_mut(&mut text).push_str(item.as_str().unwrap_or("")),
            }
            Value::String(text)
        }
        Value::Bytes(mut bytes) => {
            Rc::make_mut(&mut bytes).push(number::to_i64(&item).unwrap_or(0) as u8);
            Value::Bytes(bytes)
        }
        _ => Value::array(vec![item]),
    })
}
