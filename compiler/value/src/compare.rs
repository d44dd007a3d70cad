//! Equality, order and hashing of values.
//!
//! `=` is structural and compares numbers by value, across their types; arrays, lists and ranges are equal if their
//! items are. Cells, hash tables and functions are equal only to themselves. Deep values are walked with room on the
//! stack at each level.

use crate::number;
use crate::sequence::Sequence;
use crate::text::{beside, fold, hash_bytes};
use crate::value::Value;
use crate::walk;
use num_traits::ToPrimitive;
use ovsm_base::stack::with_room;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// `=`.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(x), Value::Int(y)) => x == y,
        (Value::Float(x), Value::Float(y)) => x == y,
        (Value::Char(x), Value::Char(y)) => x == y,
        (Value::String(x), Value::String(y)) | (Value::Keyword(x), Value::Keyword(y)) => {
            Rc::ptr_eq(x, y) || x.as_str() == y.as_str()
        }
        (Value::Symbol(x), Value::Symbol(y)) => x.name == y.name,
        (Value::Bytes(x), Value::Bytes(y)) => x == y,
        (Value::Pubkey(x), Value::Pubkey(y)) => x == y,
        (Value::Signature(x), Value::Signature(y)) => x == y,
        (Value::Array(x) | Value::List(x), Value::Array(y) | Value::List(y)) => {
            Rc::ptr_eq(x, y) || walk::steps(x.len()) && with_room(|| same_items(x, y))
        }
        (Value::Range(x), Value::Range(y)) => {
            x.len() == y.len() && (x.is_empty() || x.start == y.start && (x.len() == 1 || x.step == y.step))
        }
        (Value::Range(range), Value::Array(items) | Value::List(items))
        | (Value::Array(items) | Value::List(items), Value::Range(range)) => {
            range.len() == items.len()
                && range.iter().zip(items.iter()).all(|(n, item)| equal(&Value::Int(n), &item))
        }
        (Value::Object(x), Value::Object(y)) => {
            Rc::ptr_eq(x, y)
                || x.len() == y.len()
                    && walk::steps(x.len())
                    && with_room(|| {
                        x.iter().all(|(key, value)| y.get(key).is_some_and(|other| equal(value, other)))
                    })
        }
        (Value::Set(x), Value::Set(y)) => {
            Rc::ptr_eq(x, y)
                || x.items.len() == y.items.len() && x.items.keys().all(|item| y.items.contains_key(item))
        }
        (Value::Record(x), Value::Record(y)) => {
            Rc::ptr_eq(x, y)
                || x.ty == y.ty
                    && walk::steps(x.fields.len())
                    && with_room(|| all_equal(&x.fields, &y.fields))
        }
        (Value::Error(x), Value::Error(y)) => {
            Rc::ptr_eq(x, y)
                || x.kind == y.kind
                    && x.message == y.message
                    && walk::steps(1)
                    && with_room(|| equal(&x.data, &y.data))
        }
        _ if a.is_number() && b.is_number() => number::compare(a, b) == Some(Ordering::Equal),
        _ => identical(a, b),
    }
}

fn same_items(a: &Sequence, b: &Sequence) -> bool {
    match (a.numbers(), b.numbers()) {
        (None, None) => all_equal(a.as_slice(), b.as_slice()),
        (Some(a), Some(b)) => a == b,
        _ => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(&a, &b)),
    }
}

fn all_equal(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

/// `eq?`: the same cell, function, table or collection; equal, for everything small.
pub fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Native(x), Value::Native(y)) => x == y,
        (Value::Function(x), Value::Function(y)) => Rc::ptr_eq(x, y),
        (Value::RecordType(x), Value::RecordType(y)) => x == y,
        (Value::Cell(x), Value::Cell(y)) => Rc::ptr_eq(x, y),
        (Value::Table(x), Value::Table(y)) => Rc::ptr_eq(x, y),
        (Value::Error(x), Value::Error(y)) => Rc::ptr_eq(x, y),
        (Value::Handle(x), Value::Handle(y)) => Rc::ptr_eq(x, y),
        (Value::Array(x), Value::Array(y)) | (Value::List(x), Value::List(y)) => {
            Rc::ptr_eq(x, y) || x.is_empty() && y.is_empty()
        }
        (Value::Object(x), Value::Object(y)) => Rc::ptr_eq(x, y),
        (Value::Set(x), Value::Set(y)) => Rc::ptr_eq(x, y),
        (Value::Record(x), Value::Record(y)) => Rc::ptr_eq(x, y),
        (Value::Range(x), Value::Range(y)) => Rc::ptr_eq(x, y),
        (Value::Fixed(x, _), Value::Fixed(y, _)) if x != y => false,
        _ if a.is_number() => {
            a.type_name() == b.type_name() && number::compare(a, b) == Some(Ordering::Equal)
        }
        _ if a.holds_values() || b.holds_values() || b.is_number() => false,
        (Value::Native(_) | Value::RecordType(_) | Value::Range(_), _)
        | (_, Value::Native(_) | Value::RecordType(_) | Value::Range(_)) => false,
        _ => equal_small(a, b),
    }
}

fn equal_small(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && equal(a, b)
}

/// The order that `<` uses: numbers, strings, characters, bytes, and arrays of those. `None` if the two can not be
/// ordered (or one is not a number).
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => Some(x.cmp(y)),
        (Value::String(x), Value::String(y)) => Some(x.cmp(y)),
        (Value::Char(x), Value::Char(y)) => Some(x.cmp(y)),
        (Value::Bytes(x), Value::Bytes(y)) => Some(x.cmp(y)),
        (Value::Pubkey(x), Value::Pubkey(y)) => Some(x.cmp(y)),
        (Value::Array(x) | Value::List(x), Value::Array(y) | Value::List(y)) => with_room(|| {
            if !walk::steps(x.len().min(y.len())) {
                return None;
            }
            for (a, b) in x.iter().zip(y.iter()) {
                match compare(&a, &b)? {
                    Ordering::Equal => {}
                    order => return Some(order),
                }
            }
            Some(x.len().cmp(&y.len()))
        }),
        _ if a.is_number() && b.is_number() => number::compare(a, b),
        (Value::Range(x), Value::Range(y)) => {
            let place = x.iter().zip(y.iter()).enumerate().find_map(|(n, (x, y))| {
                let is_over = n % 1024 == 1023 && !walk::steps(1024);
                if is_over { Some(None) } else { (x != y).then(|| Some(x.cmp(&y))) }
            });
            place.unwrap_or_else(|| Some(x.len().cmp(&y.len())))
        }
        (Value::Range(range), Value::Array(items) | Value::List(items)) => {
            let start: Vec<Value> = range.iter().take(items.len() + 1).map(Value::Int).collect();
            compare(&Value::array(start), &Value::Array(Rc::clone(items)))
        }
        (Value::Array(_) | Value::List(_), Value::Range(_)) => compare(b, a).map(Ordering::reverse),
        _ => None,
    }
}

/// True if `<` is defined for the two types, even if one of them is not a number.
pub fn is_ordered(a: &Value, b: &Value) -> bool {
    compare(a, b).is_some() || a.is_number() && b.is_number()
}

/// A value as the key of a set or a hash table: equal as by `=`, but a number that is none equals itself.
#[derive(Clone, Debug)]
pub struct Key(pub Value);

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        is_same_key(&self.0, &other.0)
    }
}

/// True if two values are the same key.
pub(crate) fn is_same_key(a: &Value, b: &Value) -> bool {
    equal(a, b) || matches!((a, b), (Value::Float(x), Value::Float(y)) if x.is_nan() && y.is_nan())
}

/// The hash of a value as a key of a table. Numbers in a row, and texts that end with them, are beside each other: see
/// [`hash_bytes`].
#[inline]
pub(crate) fn hash32(value: &Value) -> u32 {
    match value {
        Value::Int(number) => integer_hash32(*number),
        Value::String(text) => text.hash32(),
        value => match whole(value) {
            Some(number) => integer_hash32(number),
            None => {
                let mut state = rustc_hash::FxHasher::default();
                hash(value, &mut state);
                mixed(state.finish())
            }
        },
    }
}

#[inline]
fn integer_hash32(number: i64) -> u32 {
    beside(mixed((number >> 3) as u64), number as u32)
}

#[inline]
fn mixed(word: u64) -> u32 {
    (fold(word ^ 0x517C_C1B7_2722_0A95, 0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.0, state);
    }
}

fn hash<H: Hasher>(value: &Value, state: &mut H) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(truth) => state.write_u8(1 + u8::from(*truth)),
        Value::Int(number) => hash_integer(*number, state),
        Value::Char(c) => state.write_u32(u32::from(*c)),
        Value::String(text) => state.write_u32(text.hash32()),
        Value::Keyword(text) => state.write_u32(text.hash32() ^ 0x5555_5555),
        Value::Symbol(symbol) => state.write_u32(hash_bytes(symbol.name.as_bytes()) ^ 0x3333_3333),
        Value::Bytes(bytes) => state.write_u32(hash_bytes(bytes)),
        Value::Pubkey(bytes) => state.write_u32(hash_bytes(bytes.as_slice())),
        Value::Signature(bytes) => state.write_u32(hash_bytes(bytes.as_slice())),
        Value::Array(items) | Value::List(items) => with_room(|| {
            state.write_usize(items.len());
            if !walk::steps(items.len()) {
                return;
            }
            items.iter().for_each(|item| hash(&item, state));
        }),
        Value::Range(range) => {
            state.write_usize(range.len());
            for (place, n) in range.iter().enumerate() {
                if place % 1024 == 0 && !walk::steps(1024) {
                    return;
                }
                hash_integer(n, state);
            }
        }
        // The order of entries does not matter for equality: only their number is hashed.
        Value::Object(entries) => state.write_usize(entries.len() ^ 0x0B_0B),
        Value::Set(set) => state.write_usize(set.items.len() ^ 0x05E7),
        Value::Record(record) => with_room(|| {
            state.write_u64(record.ty.identity);
            if !walk::steps(record.fields.len()) {
                return;
            }
            record.fields.iter().for_each(|field| hash(field, state));
        }),
        Value::RecordType(ty) => state.write_u64(ty.identity),
        Value::Native(native) => state.write_u16(native.0),
        Value::Function(closure) => state.write_usize(Rc::as_ptr(closure).addr()),
        Value::Cell(cell) => state.write_usize(Rc::as_ptr(cell).addr()),
        Value::Table(table) => state.write_usize(Rc::as_ptr(table).addr()),
        Value::Handle(handle) => state.write_usize(Rc::as_ptr(handle).addr()),
        Value::Error(error) => state.write_u32(hash_bytes(error.message.as_bytes())),
        _ => hash_number(value, state),
    }
}

fn hash_integer<H: Hasher>(number: i64, state: &mut H) {
    // Small numbers differ in their low bits only; the table looks at high and low bits.
    state.write_u64((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
}

/// Numbers that are equal hash alike: whole ones as integers, others as the nearest float.
fn hash_number<H: Hasher>(value: &Value, state: &mut H) {
    match whole(value) {
        Some(whole) => hash_integer(whole, state),
        None => state.write_u64(number::to_float(value).unwrap_or(f64::NAN).to_bits()),
    }
}

/// The integer of 64 bits that a number is, if it is one.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Float(float) if float.fract() == 0.0 && float.abs() < 9.2e18 => Some(*float as i64),
        Value::Decimal(decimal) => decimal.to_integer().and_then(|whole| whole.to_i64()),
        _ => number::to_bigint(value).and_then(|whole| whole.to_i64()),
    }
}
