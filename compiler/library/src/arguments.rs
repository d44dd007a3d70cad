//! Taking arguments apart: each accessor raises the error that a user should see.

use ovsm_value::collection::Range;
use ovsm_value::error::{raise, type_error};
use ovsm_value::text::Text;
use ovsm_value::{ErrorKind, Raised, Sequence, Value, number};
use std::rc::Rc;

/// The argument at a position; null if there are fewer.
pub fn at(arguments: &[Value], position: usize) -> &Value {
    arguments.get(position).unwrap_or(const { &Value::Null })
}

/// Takes an argument out; null if there are fewer.
pub fn take(arguments: &mut [Value], position: usize) -> Value {
    arguments.get_mut(position).map(std::mem::take).unwrap_or_default()
}

/// A string argument.
pub fn string<'a>(operation: &str, arguments: &'a [Value], position: usize) -> Result<&'a Rc<Text>, Raised> {
    match at(arguments, position) {
        Value::String(text) => Ok(text),
        other => Err(type_error(operation, "a string", other)),
    }
}

/// The items of an array or list argument. Ranges, strings, sets and objects are not accepted: see [`items`].
pub fn slice<'a>(operation: &str, arguments: &'a [Value], position: usize) -> Result<&'a [Value], Raised> {
    let value = at(arguments, position);
    value.as_items().ok_or_else(|| type_error(operation, "an array or a list", value))
}

/// How many items of a range are put into memory at once.
const MAX_RANGE: usize = 20_000_000;

/// The items of anything that is a sequence: an array, list, range, set, string (its characters as one-character
/// strings), bytes (as integers), object (its `[key value]` pairs), or null (none).
pub fn items(operation: &str, value: &Value) -> Result<Vec<Value>, Raised> {
    Ok(match value {
        Value::Array(items) | Value::List(items) => items.to_vec(),
        Value::Range(range) if range.len() > MAX_RANGE => {
            return Err(raise(
                ErrorKind::Limit,
                format!(
                    "`{operation}`: a range of {} items is not made into a sequence; loop over it",
                    range.len()
                ),
            ));
        }
        Value::Range(range) => range.iter().map(Value::Int).collect(),
        Value::Set(set) => set.items.keys().map(|key| key.0.clone()).collect(),
        Value::String(text) => text.as_str().chars().map(|c| Value::string(c.to_string())).collect(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| Value::array(vec![Value::String(Rc::clone(key)), value.clone()]))
            .collect(),
        Value::Null => Vec::new(),
        other => return Err(type_error(operation, "a sequence", other)),
    })
}

/// The items of a sequence, one after the other, without a copy of all of them where that can be.
#[derive(Debug)]
pub enum Stream {
    /// Those of an array or a list from a position on.
    Sequence(Rc<Sequence>, usize),
    /// Those of a range from a position on.
    Range(Rc<Range>, usize),
    /// Any others.
    Values(std::vec::IntoIter<Value>),
}

impl Iterator for Stream {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        match self {
            Stream::Sequence(items, next) => {
                let item = items.copy_of(*next)?;
                *next += 1;
                Some(item)
            }
            Stream::Range(range, next) => {
                let number = range.get(*next)?;
                *next += 1;
                Some(Value::Int(number))
            }
            Stream::Values(values) => values.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = match self {
            Stream::Sequence(items, next) => items.len().saturating_sub(*next),
            Stream::Range(range, next) => range.len().saturating_sub(*next),
            Stream::Values(values) => values.len(),
        };
        (rest, Some(rest))
    }
}

impl ExactSizeIterator for Stream {}

/// The items of anything that is a sequence: see [`items`].
pub fn stream(operation: &str, value: &Value) -> Result<Stream, Raised> {
    Ok(match value {
        Value::Array(items) | Value::List(items) => Stream::Sequence(Rc::clone(items), 0),
        Value::Range(range) if range.len() <= MAX_RANGE => Stream::Range(Rc::clone(range), 0),
        other => Stream::Values(items(operation, other)?.into_iter()),
    })
}

/// An integer argument that fits 64 bits.
pub fn integer(operation: &str, arguments: &[Value], position: usize) -> Result<i64, Raised> {
    let value = at(arguments, position);
    number::to_i64(value).ok_or_else(|| type_error(operation, "an integer", value))
}

/// A number as a float.
pub fn float(operation: &str, arguments: &[Value], position: usize) -> Result<f64, Raised> {
    let value = at(arguments, position);
    number::to_float(value).ok_or_else(|| type_error(operation, "a number", value))
}

/// A count: an integer that is not negative.
pub fn count(operation: &str, arguments: &[Value], position: usize) -> Result<usize, Raised> {
    let value = at(arguments, position);
    let number = number::to_i64(value).ok_or_else(|| type_error(operation, "an integer", value))?;
    usize::try_from(number).map_err(|_| {
        raise(ErrorKind::Value, format!("`{operation}` needs a count of at least 0, but found {number}"))
    })
}

/// A position in a sequence of `length` items; negative ones count from the end. `None` if it is outside.
pub fn position(index: i64, length: usize) -> Option<usize> {
    let place = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(place).ok().filter(|place| *place < length)
}

/// The error of a position outside a sequence.
pub fn index_error(operation: &str, index: i64, length: usize) -> Raised {
    raise(
        ErrorKind::Index,
        format!(
            "`{operation}`: index {index} is outside of a sequence of {length} item{}",
            if length == 1 { "" } else { "s" }
        ),
    )
}

/// Puts a function and a collection in that order, whichever came first: `(map f xs)` and `(map xs f)`. Decided by
/// which of the two is a function; if both can be called, the first is the function.
pub fn function_first(operation: &str, arguments: &mut [Value]) -> Result<(), Raised> {
    let is_function = |value: &Value| value.is_function();
    match arguments {
        [first, second, ..] => {
            if is_function(first) {
                return Ok(());
            }
            if is_function(second) || !first.is_callable() && second.is_callable() {
                std::mem::swap(first, second);
                return Ok(());
            }
            if first.is_callable() {
                return Ok(());
            }
            Err(type_error(operation, "a function", second))
        }
        _ => Ok(()),
    }
}
