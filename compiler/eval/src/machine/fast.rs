//! The small steps of the loop: copying and replacing values, and operations on the commonest types.

use crate::bytecode::Operation;
use ovsm_value::{Raised, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// A copy; the fast way for what is no reference.
#[inline(always)]
pub(super) fn copy(value: &Value) -> Value {
    match value {
        Value::Int(number) => Value::Int(*number),
        Value::Float(number) => Value::Float(*number),
        Value::Bool(truth) => Value::Bool(*truth),
        Value::Null => Value::Null,
        other => other.clone(),
    }
}

/// True if the value needs nothing done when it is dropped.
#[inline(always)]
pub(super) fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Fixed(..)
            | Value::Float(_)
            | Value::Char(_)
            | Value::Native(_)
    )
}

/// Replaces a value; the fast way if the old one is no reference.
#[inline(always)]
pub(super) fn put(place: &mut Value, value: Value) {
    // The old value is looked at where it is: reading it as a whole would wait for the two stores that wrote it.
    if is_plain(place) {
        std::mem::forget(std::mem::replace(place, value));
    } else {
        discard(std::mem::replace(place, value));
    }
}

#[inline(never)]
pub(super) fn discard(value: Value) {
    drop(value);
}

#[inline(always)]
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Null => false,
        other => other.is_true(),
    }
}

/// The fast ways of `get`.
#[inline(always)]
pub(super) fn get_fast(collection: &Value, key: &Value) -> Option<Value> {
    match (collection, key) {
        (Value::Array(items) | Value::List(items), Value::Int(n)) => {
            items.get(usize::try_from(*n).ok()?).map(copy)
        }
        (Value::Object(entries), Value::Keyword(name) | Value::String(name)) => {
            // Names of one program are one text each: in a small object, looking for the text itself is faster.
            if entries.len() <= 8
                && let Some((_, value)) = entries.iter().find(|(key, _)| Rc::ptr_eq(key, name))
            {
                return Some(copy(value));
            }
            Some(entries.get(name).map_or(Value::Null, copy))
        }
        _ => None,
    }
}

/// Operations of two integers that have no instruction each.
#[inline(always)]
pub(super) fn binary_fast(operation: Operation, a: &Value, b: &Value) -> Option<Value> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => match operation {
            Operation::Remainder => Value::Int(a.checked_rem(*b)?),
            Operation::Modulo if *b > 0 => Value::Int(a.rem_euclid(*b)),
            Operation::Divide => Value::Int(a.checked_div(*b)?),
            Operation::Quotient if *b > 0 => Value::Int(a.div_euclid(*b)),
            Operation::Less => Value::Bool(a < b),
            Operation::LessEqual => Value::Bool(a <= b),
            Operation::Greater => Value::Bool(a > b),
            Operation::GreaterEqual => Value::Bool(a >= b),
            Operation::Equal => Value::Bool(a == b),
            Operation::NotEqual => Value::Bool(a != b),
            _ => return None,
        },
        (Value::Float(a), Value::Float(b)) => match operation {
            Operation::Divide if *b != 0.0 => Value::Float(a / b),
            Operation::Less => Value::Bool(a < b),
            Operation::LessEqual => Value::Bool(a <= b),
            Operation::Greater => Value::Bool(a > b),
            Operation::GreaterEqual => Value::Bool(a >= b),
            _ => return None,
        },
        (collection, key) if operation == Operation::Nth => match (collection, key) {
            (Value::Array(items) | Value::List(items), Value::Int(n)) => {
                copy(items.get(usize::try_from(*n).ok()?)?)
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// True if `+` extends the first in place.
pub(super) fn joins(a: &Value, b: &Value) -> bool {
    matches!(
        (a, b),
        (Value::String(_), Value::String(_))
            | (Value::Array(_) | Value::List(_), Value::Array(_) | Value::List(_))
    )
}

pub(super) fn captured_cell(own: &Value, n: u32) -> Option<&Rc<ovsm_value::Place>> {
    match own {
        Value::Function(closure) => match closure.captures.get(n as usize) {
            Some(Value::Cell(cell)) => Some(cell),
            _ => None,
        },
        _ => None,
    }
}

/// What a cell holds: a small integer by itself, so that it is not put together and taken apart on its way.
pub(super) enum Read {
    Int(i64),
    Other(Value),
}

#[inline(always)]
pub(super) fn read_cell(cell: &RefCell<Value>) -> Read {
    match cell.try_borrow() {
        Ok(value) => match &*value {
            Value::Int(number) => Read::Int(*number),
            other => Read::Other(other.clone()),
        },
        Err(_) => Read::Other(Value::Null),
    }
}

#[inline(always)]
pub(super) fn write_cell(cell: &RefCell<Value>, value: &Value) {
    let Ok(mut place) = cell.try_borrow_mut() else { return };
    match value {
        Value::Int(number) => put(&mut place, Value::Int(*number)),
        other => {
            let old = std::mem::replace(&mut *place, other.clone());
            // What is dropped may be the last holder of a function that looks into this cell.
            drop(place);
            discard(old);
        }
    }
}

pub(super) fn take_shared(cell: &RefCell<Value>, may_take: bool) -> Value {
    match cell.try_borrow_mut() {
        Ok(mut value) if may_take => std::mem::take(&mut *value),
        Ok(value) => value.clone(),
        Err(_) => Value::Null,
    }
}

pub(super) fn items_of(value: Value) -> Vec<Value> {
    match value {
        Value::Array(mut items) | Value::List(mut items) => {
            std::mem::take(Rc::make_mut(&mut items).make_vec())
        }
        _ => Vec::new(),
    }
}

/// Replaces the last argument by its items.
pub(super) fn spread(arguments: &mut Vec<Value>) -> Result<(), Raised> {
    match arguments.pop() {
        Some(Value::Array(items) | Value::List(items)) => arguments.extend_from_slice(items.as_slice()),
        Some(Value::Range(range)) => arguments.extend(range.iter().map(Value::Int)),
        Some(Value::Null) | None => {}
        Some(other) => {
            return Err(ovsm_value::error::type_error(
                "apply",
                "an array or a list as its last argument",
                &other,
            ));
        }
    }
    Ok(())
}
