//! The small steps of the loop: copying and replacing values, and operations on the commonest types.

use crate::bytecode::{Operation, Register, WINDOW};
use ovsm_value::number::FixedType;
use ovsm_value::sequence::Item;
use ovsm_value::write::SmallText;
use ovsm_value::{Text, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// So few bytes more need no permission.
const FEW_BYTES: usize = 4096;

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
    // The old value is looked at where it is: reading it as a whole would wait for the two stores that wrote it. The new
    // one goes nowhere but to its place: were it given to a function, it would be put together in memory first.
    if is_plain(place) {
        std::mem::forget(std::mem::replace(place, value));
    } else {
        discard(std::mem::replace(place, value));
    }
}

/// Replaces a value by null.
#[inline(always)]
pub(super) fn put_null(place: &mut Value) {
    if is_plain(place) {
        std::mem::forget(std::mem::replace(place, Value::Null));
    } else {
        clear(place);
    }
}

/// Replaces a value by a float.
#[inline(always)]
pub(super) fn put_float(place: &mut Value, number: f64) {
    if is_plain(place) {
        std::mem::forget(std::mem::replace(place, Value::Float(number)));
    } else {
        replace_by_float(place, number);
    }
}

#[inline(never)]
fn replace_by_float(place: &mut Value, number: f64) {
    *place = Value::Float(number);
}

/// Replaces a value by a small integer.
#[inline(always)]
pub(super) fn put_int(place: &mut Value, number: i64) {
    if is_plain(place) {
        std::mem::forget(std::mem::replace(place, Value::Int(number)));
    } else {
        replace_by_int(place, number);
    }
}

#[inline(never)]
fn replace_by_int(place: &mut Value, number: i64) {
    *place = Value::Int(number);
}

/// Empties the register of the function itself when it ends; a function that captures nothing is not there.
#[inline(always)]
pub(super) fn let_go_of_function(registers: &mut [Value; WINDOW]) {
    let [own, ..] = registers;
    if let Value::Function(_) = own {
        // It is dropped where it is: taken out, it would be read as a whole, and wait for the two stores that wrote it.
        *own = Value::Null;
    }
}

/// Empties a place whose value has to be dropped.
#[inline(never)]
pub(super) fn clear(place: &mut Value) {
    match place {
        Value::String(_) => {
            if let Value::String(text) = std::mem::take(place) {
                Text::recycle(text);
            }
        }
        place => *place = Value::Null,
    }
}

/// Appends the text of a register to the string in another. False if that needs memory that somebody else has to allow,
/// or there is no fast way.
#[inline(never)]
pub(super) fn append(registers: &mut [Value; WINDOW], place: Register, from: Register) -> bool {
    let Ok([Value::String(text), more]) = registers.get_disjoint_mut([usize::from(place), usize::from(from)])
    else {
        return false;
    };
    let Some(text) = Rc::get_mut(text) else { return false };
    match more {
        Value::String(more) if more.as_str().len() < FEW_BYTES => text.push_str(more.as_str()),
        more => match SmallText::of(more) {
            Some(small) => text.push_small(&small),
            None => return false,
        },
    }
    true
}

#[inline(never)]
pub(super) fn discard(value: Value) {
    drop(value);
}

/// Replaces a value by one that has just been made elsewhere, part by part: see [`put_copy`].
#[inline(always)]
pub(super) fn put_parts(place: &mut Value, value: Value) {
    if !is_plain(place) {
        clear(place);
    }
    let value = match value {
        Value::Null => Value::Null,
        Value::Bool(truth) => Value::Bool(truth),
        Value::Int(number) => return put_int(place, number),
        Value::Float(number) => return put_float(place, number),
        Value::String(rc) => Value::String(rc),
        Value::Keyword(rc) => Value::Keyword(rc),
        Value::Array(rc) => Value::Array(rc),
        Value::List(rc) => Value::List(rc),
        Value::Object(rc) => Value::Object(rc),
        Value::Record(rc) => Value::Record(rc),
        Value::Table(rc) => Value::Table(rc),
        Value::Cell(rc) => Value::Cell(rc),
        Value::Function(rc) => Value::Function(rc),
        other => other,
    };
    std::mem::forget(std::mem::replace(place, value));
}

/// Puts a copy into a place. The copy of a reference is written part by part where it goes: put together elsewhere, it
/// would be read as a whole right after its two parts were written, and wait for both.
#[inline(never)]
pub(super) fn put_copy(place: &mut Value, value: &Value) {
    if !is_plain(place) {
        clear(place);
    }
    let copy = match value {
        Value::Int(number) => return put_int(place, *number),
        Value::Function(rc) => Value::Function(Rc::clone(rc)),
        Value::Array(rc) => Value::Array(Rc::clone(rc)),
        Value::List(rc) => Value::List(Rc::clone(rc)),
        Value::Object(rc) => Value::Object(Rc::clone(rc)),
        Value::String(rc) => Value::String(Rc::clone(rc)),
        Value::Keyword(rc) => Value::Keyword(Rc::clone(rc)),
        Value::Record(rc) => Value::Record(Rc::clone(rc)),
        Value::Table(rc) => Value::Table(Rc::clone(rc)),
        Value::Cell(rc) => Value::Cell(Rc::clone(rc)),
        other => other.clone(),
    };
    std::mem::forget(std::mem::replace(place, copy));
}

/// True if one value certainly is of every kind that another is of.
#[inline]
fn is_of_kind(value: &Value, other: &Value) -> bool {
    let is_same = std::mem::discriminant(value) == std::mem::discriminant(other);
    is_same && (!matches!(value, Value::Fixed(..)) || FixedType::of(value) == FixedType::of(other))
}

/// The place of an item in a collection that nobody else holds, if it is there already and the new value is one that
/// may certainly stand there; without one, any of the kind that the item has.
#[inline(always)]
pub(super) fn own_item<'c>(
    collection: &'c mut Value,
    key: &Value,
    new: Option<&Value>,
) -> Option<&'c mut Value> {
    match (collection, key) {
        (Value::Object(entries), Value::Keyword(name) | Value::String(name)) => {
            let entries = Rc::get_mut(entries)?;
            // Names of one program are one text each: in a small object, looking for the text itself is faster.
            if entries.len() <= 8
                && let Some(place) = entries.place_where(|key| Rc::ptr_eq(key, name))
            {
                return entries.value_at_mut(place);
            }
            entries.get_mut(name)
        }
        (Value::Record(record), Value::Keyword(name)) => {
            let n = record.ty.fields.iter().position(|field| Rc::ptr_eq(field, name) || field == name)?;
            let record = Rc::get_mut(record)?;
            let field = record.fields.get_mut(n)?;
            // A type that is a name tells nothing but the kind, and the old value is of it.
            match record.ty.types.get(n) {
                None | Some(Value::Null) => Some(field),
                Some(Value::Keyword(_)) if new.is_none_or(|new| is_of_kind(new, field)) => Some(field),
                Some(_) => None,
            }
        }
        _ => None,
    }
}

#[inline(always)]
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Null => false,
        other => other.is_true(),
    }
}

/// Puts a copy of the item under a key or at a position into a place. False if there is no fast way to it.
#[inline(always)]
fn read_item_into(place: &mut Value, collection: &Value, key: &Value) -> bool {
    if let (Value::Array(items) | Value::List(items), Value::Int(n)) = (collection, key) {
        match usize::try_from(*n).ok().and_then(|n| items.look(n)) {
            Some(Item::Number(number)) => put_int(place, number),
            Some(Item::Value(value)) => put_any(place, value),
            None => return false,
        }
        return true;
    }
    match item(collection, key) {
        Some(value) => put_any(place, value),
        None => return false,
    }
    true
}

/// Puts a copy of the item of a register under a key, which is in no register, into another. False if there is no fast
/// way to it.
#[inline(always)]
pub(super) fn read_item(
    registers: &mut [Value; WINDOW],
    to: Register,
    collection: Register,
    key: &Value,
) -> bool {
    match registers.get_disjoint_mut([usize::from(to), usize::from(collection)]) {
        Ok([to, collection]) => read_item_into(to, collection, key),
        Err(_) => match registers.get_mut(usize::from(to)) {
            Some(place) => {
                let collection = place.clone();
                read_item_into(place, &collection, key)
            }
            None => false,
        },
    }
}

/// Replaces the item of a register under a key, which is in no register, by a copy of another register. False if there
/// is no fast way to it.
#[inline(always)]
pub(super) fn put_known(
    registers: &mut [Value; WINDOW],
    place: Register,
    key: &Value,
    value: Register,
) -> bool {
    let Ok([collection, value]) = registers.get_disjoint_mut([usize::from(place), usize::from(value)]) else {
        return false;
    };
    match own_item(collection, key, Some(value)) {
        Some(item) => put_any(item, value),
        None => return false,
    }
    true
}

/// Replaces the item of a register at a position or under a key. Gives the new item back if there is no fast way.
#[inline(always)]
pub(super) fn put_item(
    registers: &mut [Value; WINDOW],
    place: Register,
    key: &Value,
    item: Value,
) -> Option<Value> {
    match (registers.get_mut(usize::from(place)), key) {
        (Some(Value::Array(items)), Value::Int(n)) => match (Rc::get_mut(items), usize::try_from(*n)) {
            (Some(items), Ok(n)) => items.put(n, item).err(),
            _ => Some(item),
        },
        (Some(collection), key) => match own_item(collection, key, Some(&item)) {
            Some(old) => {
                put(old, item);
                None
            }
            None => Some(item),
        },
        _ => Some(item),
    }
}

/// Puts copies of a key and a value, both in registers, into the table in another. False if it is none that can be
/// changed now.
#[inline(never)]
pub(super) fn put_in_table(
    registers: &[Value; WINDOW],
    table: Register,
    key: Register,
    value: Register,
) -> bool {
    let (Some(Value::Table(table)), Some(key), Some(value)) = (
        registers.get(usize::from(table)),
        registers.get(usize::from(key)),
        registers.get(usize::from(value)),
    ) else {
        return false;
    };
    let Ok(mut entries) = table.try_borrow_mut() else { return false };
    // What is replaced may be the last holder of something that looks into this table.
    let old = entries.put(key, value);
    drop(entries);
    drop(old);
    true
}

/// The item under a key, if there is a fast way to it.
#[inline(always)]
fn item<'c>(collection: &'c Value, key: &Value) -> Option<&'c Value> {
    match (collection, key) {
        (Value::Object(entries), Value::Keyword(name) | Value::String(name)) => {
            // Names of one program are one text each: in a small object, looking for the text itself is faster.
            if entries.len() <= 8
                && let Some(value) = entries.value_where(|key| Rc::ptr_eq(key, name))
            {
                return Some(value);
            }
            Some(entries.get(name).unwrap_or(const { &Value::Null }))
        }
        (Value::Record(record), Value::Keyword(name)) => {
            let fields = &record.ty.fields;
            let n = fields.iter().position(|field| Rc::ptr_eq(field, name) || field == name)?;
            record.fields.get(n)
        }
        _ => None,
    }
}

/// Puts a copy into a place: the fast way for small integers.
#[inline(always)]
fn put_any(place: &mut Value, value: &Value) {
    match value {
        Value::Int(number) => put_int(place, *number),
        other => put_copy(place, other),
    }
}

/// Operations of two integers that have no instruction each and give one.
#[inline(always)]
pub(super) fn integer_operation(operation: Operation, a: &Value, b: &Value) -> Option<i64> {
    let (Value::Int(a), Value::Int(b)) = (a, b) else { return None };
    match operation {
        Operation::Remainder => a.checked_rem(*b),
        Operation::Modulo if *b > 0 => Some(a.rem_euclid(*b)),
        Operation::Divide => a.checked_div(*b),
        Operation::Quotient if *b > 0 => Some(a.div_euclid(*b)),
        _ => None,
    }
}

/// Division of floats.
#[inline(always)]
pub(super) fn float_operation(operation: Operation, a: &Value, b: &Value) -> Option<f64> {
    match (operation, a, b) {
        (Operation::Divide, Value::Float(a), Value::Float(b)) if *b != 0.0 => Some(a / b),
        _ => None,
    }
}

/// Comparisons of two numbers of one kind.
#[inline(always)]
pub(super) fn comparison(operation: Operation, a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => match operation {
            Operation::Less => a < b,
            Operation::LessEqual => a <= b,
            Operation::Greater => a > b,
            Operation::GreaterEqual => a >= b,
            Operation::Equal => a == b,
            Operation::NotEqual => a != b,
            _ => return None,
        },
        (Value::Float(a), Value::Float(b)) => match operation {
            Operation::Less => a < b,
            Operation::LessEqual => a <= b,
            Operation::Greater => a > b,
            Operation::GreaterEqual => a >= b,
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

/// Reads a captured value.
#[inline(always)]
pub(super) fn load_capture(registers: &mut [Value; WINDOW], to: Register, n: u32) {
    if let Ok([to, own]) = registers.get_disjoint_mut([usize::from(to), 0]) {
        let value = match own {
            Value::Function(closure) => closure.captures.get(n as usize),
            _ => None,
        };
        put_copy(to, value.unwrap_or(const { &Value::Null }));
    }
}

/// Reads a captured shared place.
#[inline(always)]
pub(super) fn load_capture_cell(registers: &mut [Value; WINDOW], to: Register, n: u32) {
    if let Ok([to, own]) = registers.get_disjoint_mut([usize::from(to), 0]) {
        match captured_cell(own, n) {
            Some(cell) => read_cell(to, cell),
            None => put_null(to),
        }
    }
}

/// Reads the shared place in a register.
#[inline(always)]
pub(super) fn load_cell(registers: &mut [Value; WINDOW], to: Register, from: Register) {
    match registers.get_disjoint_mut([usize::from(to), usize::from(from)]) {
        Ok([to, Value::Cell(cell)]) => read_cell(to, cell),
        Ok([to, _]) => put_null(to),
        Err(_) => {
            if let Some(place) = registers.get_mut(usize::from(to)) {
                let value = match &*place {
                    Value::Cell(cell) => take_shared(cell, false),
                    _ => Value::Null,
                };
                put(place, value);
            }
        }
    }
}

/// Puts a copy of what a cell holds into a place.
#[inline(always)]
pub(super) fn read_cell(place: &mut Value, cell: &RefCell<Value>) {
    match cell.try_borrow() {
        Ok(value) => match &*value {
            Value::Int(number) => put_int(place, *number),
            other => put_copy(place, other),
        },
        Err(_) => put(place, Value::Null),
    }
}

#[inline(always)]
pub(super) fn write_cell(cell: &RefCell<Value>, value: &Value) {
    let Ok(mut place) = cell.try_borrow_mut() else { return };
    match value {
        Value::Int(number) => put_int(&mut place, *number),
        other => {
            let old = std::mem::replace(&mut *place, other.clone());
            // What is dropped may be the last holder of a function that looks into this cell.
            drop(place);
            discard(old);
        }
    }
}

/// The small integer that a cell holds.
#[inline(always)]
pub(super) fn integer_in(cell: &RefCell<Value>) -> Option<i64> {
    match cell.try_borrow().as_deref() {
        Ok(Value::Int(number)) => Some(*number),
        _ => None,
    }
}

/// Replaces a small integer in a cell by another, which it gives. `None` if it holds something else, or there is no
/// result.
#[inline(always)]
pub(super) fn step(cell: &RefCell<Value>, change: impl FnOnce(i64) -> Option<i64>) -> Option<i64> {
    if let Ok(mut place) = cell.try_borrow_mut()
        && let Value::Int(number) = &mut *place
        && let Some(new) = change(*number)
    {
        *number = new;
        return Some(new);
    }
    None
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
        Value::Array(mut items) | Value::List(mut items) => Rc::make_mut(&mut items).take_vec(),
        _ => Vec::new(),
    }
}
