//! Values as the bytes that a program's declarations give them, and back.
//!
//! Integers come back as exact integers, arrays of `u8` as bytes, records as objects; a variant of an enum is `:Name`, or
//! `[:Name {…}]` if it has fields. Start with [`encode`] and [`decode`].

use super::object::{entry, object, with_key};
use num_bigint::BigInt;
use ovsm_interface::Interface;
use ovsm_interface::model::{DataType, Field, Shape, Variant};
use ovsm_value::number::to_bigint;
use ovsm_value::write::brief;
use ovsm_value::{Object, Value};
use std::rc::Rc;

/// Types of data are nested at most so deeply.
const MAX_DEPTH: u32 = 64;

/// Writes fields into bytes; `base` is what the offsets of the fields count from.
///
/// # Errors
/// A value that does not fit its field, one that is missing unless `zero` says that it is zero then, or one too many.
pub fn encode(
    interface: &Interface,
    fields: &[Field],
    given: &Value,
    zero: bool,
    what: &str,
    bytes: &mut [u8],
) -> Result<(), String> {
    encode_fields(interface, fields, given, zero, what, bytes, 0)
}

fn encode_fields(
    interface: &Interface,
    fields: &[Field],
    given: &Value,
    zero: bool,
    what: &str,
    bytes: &mut [u8],
    depth: u32,
) -> Result<(), String> {
    let empty = Object::default();
    let given: &Object = match given {
        Value::Object(entries) => entries,
        Value::Null => &empty,
        Value::Record(record) => {
            let entries = record.ty.fields.iter().cloned().zip(record.fields.iter().cloned());
            let entries = Value::object(entries.collect());
            return encode_fields(interface, fields, &entries, zero, what, bytes, depth);
        }
        other => return Err(format!("{what} needs an object, and this is {}", brief(other))),
    };
    for name in given.keys() {
        if !fields.iter().any(|field| field.name == name.as_str()) {
            let names: Vec<String> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
            let known = if names.is_empty() { "nothing".to_string() } else { names.join(", ") };
            return Err(format!("{what} has no `{}`: it has {known}", name.as_str()));
        }
    }
    for field in fields {
        let Some(value) = entry(given, &field.name) else {
            if zero {
                continue;
            }
            return Err(format!("{what} needs `{}`, which is {}", field.name, field.ty));
        };
        let what = format!("`{}` of {what}", field.name);
        let place = room(bytes, field.offset, field.size)?;
        encode_value(interface, &field.ty, value, zero, &what, place, depth + 1)?;
    }
    Ok(())
}

fn room(bytes: &mut [u8], offset: u32, size: u32) -> Result<&mut [u8], String> {
    let (offset, size) = (offset as usize, size as usize);
    let end = offset.checked_add(size);
    end.and_then(|end| bytes.get_mut(offset..end))
        .ok_or_else(|| "the declared layout does not fit".to_string())
}

fn encode_value(
    interface: &Interface,
    ty: &DataType,
    value: &Value,
    zero: bool,
    what: &str,
    place: &mut [u8],
    depth: u32,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{what} is nested too deeply"));
    }
    let wrong = || format!("{what} is {ty}, and {} is none", brief(value));
    match ty {
        DataType::Null => Ok(()),
        DataType::Bool => match value {
            Value::Bool(truth) => put(place, &[u8::from(*truth)]),
            _ => Err(wrong()),
        },
        DataType::Integer(signed, bits) => {
            let number = to_bigint(value).ok_or_else(wrong)?;
            let bytes = integer_bytes(&number, *signed, *bits)
                .ok_or_else(|| format!("{what} is {ty}, which {number} does not fit"))?;
            put(place, &bytes)
        }
        DataType::Pubkey => put(place, &key_bytes(value).ok_or_else(wrong)?),
        DataType::Option(item) => match value {
            Value::Null => Ok(()),
            value => {
                let Some((flag, place)) = place.split_first_mut() else { return Err(wrong()) };
                *flag = 1;
                encode_value(interface, item, value, zero, what, place, depth + 1)
            }
        },
        DataType::Array(item, length) => {
            let length = *length as usize;
            let count = |found: usize| format!("{what} has {length} items, and {found} are given");
            if let (DataType::Integer(false, 8), Value::Bytes(bytes)) = (&**item, value) {
                return if bytes.len() == length { put(place, bytes) } else { Err(count(bytes.len())) };
            }
            let items = match value {
                Value::Array(items) | Value::List(items) => items.to_vec(),
                _ => return Err(wrong()),
            };
            if items.len() != length {
                return Err(count(items.len()));
            }
            let size = place.len().checked_div(length).unwrap_or(0).max(1);
            for (n, (item_value, place)) in items.iter().zip(place.chunks_mut(size)).enumerate() {
                encode_value(
                    interface,
                    item,
                    item_value,
                    zero,
                    &format!("item {n} of {what}"),
                    place,
                    depth + 1,
                )?;
            }
            Ok(())
        }
        DataType::Named(name) => match interface.named(name).map(|named| &named.shape) {
            Some(Shape::Record(fields)) => {
                encode_fields(interface, fields, value, zero, what, place, depth + 1)
            }
            Some(Shape::Enum(variants)) => {
                let (variant, fields) = variant_of(value).ok_or_else(wrong)?;
                let known = variants.iter().position(|known| known.name == variant);
                let Some((n, known)) = known.and_then(|n| Some((n, variants.get(n)?))) else {
                    return Err(format!("{what} is a `{name}`, which has no variant `{variant}`"));
                };
                let Some((tag, place)) = place.split_first_mut() else { return Err(wrong()) };
                *tag = n as u8;
                encode_fields(interface, &known.fields, &fields, zero, what, place, depth + 1)
            }
            None => Err(wrong()),
        },
        DataType::Other(_) => Err(wrong()),
    }
}

/// The name and the fields of a value of an enum: `:Name`, `[:Name {…}]`, or a record of the script's own enum.
fn variant_of(value: &Value) -> Option<(String, Value)> {
    match value {
        Value::Keyword(name) => Some((name.as_str().to_string(), Value::Null)),
        Value::Record(record) => Some((record.ty.name.to_string(), value.clone())),
        Value::Array(items) => match items.to_vec().as_slice() {
            [Value::Keyword(name), fields] => Some((name.as_str().to_string(), fields.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn put(place: &mut [u8], bytes: &[u8]) -> Result<(), String> {
    match place.get_mut(..bytes.len()) {
        Some(place) => {
            place.copy_from_slice(bytes);
            Ok(())
        }
        None => Err("the declared layout does not fit".to_string()),
    }
}

/// Writes the eight bytes that tell what follows them.
pub fn write_head(bytes: &mut [u8], head: &[u8; 8]) {
    if let Some(place) = bytes.get_mut(..8) {
        place.copy_from_slice(head);
    }
}

/// An integer in little endian, if it fits.
fn integer_bytes(number: &BigInt, signed: bool, bits: u32) -> Option<Vec<u8>> {
    let one = BigInt::from(1);
    let (low, high) = match signed {
        true => (-(one.clone() << (bits - 1)), (one << (bits - 1)) - 1),
        false => (BigInt::from(0), (one << bits) - 1),
    };
    if *number < low || *number > high {
        return None;
    }
    let mut bytes = number.to_signed_bytes_le();
    let fill = if number.sign() == num_bigint::Sign::Minus { 0xff } else { 0 };
    bytes.resize((bits / 8) as usize, fill);
    Some(bytes)
}

/// The bytes of a key: a pubkey, or its text in base58.
pub fn key_bytes(value: &Value) -> Option<[u8; 32]> {
    match value {
        Value::Pubkey(key) => Some(**key),
        Value::String(text) => ovsm_value::encoding::from_base58::<32>(text.as_str()),
        Value::Object(entries) => match entry(entries, "key")? {
            Value::Pubkey(key) => Some(**key),
            _ => None,
        },
        _ => None,
    }
}

/// The values of fields; `None` if there are too few bytes, or some that mean nothing.
pub fn decode(interface: &Interface, fields: &[Field], bytes: &[u8]) -> Option<Value> {
    decode_fields(interface, fields, bytes, 0)
}

fn decode_fields(interface: &Interface, fields: &[Field], bytes: &[u8], depth: u32) -> Option<Value> {
    let mut entries = Object::default();
    for field in fields {
        let start = field.offset as usize;
        let place = bytes.get(start..start.checked_add(field.size as usize)?)?;
        with_key(&mut entries, &field.name, decode_value(interface, &field.ty, place, depth + 1)?);
    }
    Some(Value::object(entries))
}

fn decode_value(interface: &Interface, ty: &DataType, bytes: &[u8], depth: u32) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    match ty {
        DataType::Null => Some(Value::Null),
        DataType::Bool => match bytes.first()? {
            0 => Some(Value::Bool(false)),
            1 => Some(Value::Bool(true)),
            _ => None,
        },
        DataType::Integer(signed, bits) => {
            let bytes = bytes.get(..(*bits / 8) as usize)?;
            Some(Value::integer(match signed {
                true => BigInt::from_signed_bytes_le(bytes),
                false => BigInt::from_bytes_le(num_bigint::Sign::Plus, bytes),
            }))
        }
        DataType::Pubkey => {
            let key: [u8; 32] = bytes.get(..32)?.try_into().ok()?;
            Some(Value::Pubkey(Rc::new(key)))
        }
        DataType::Option(item) => match bytes.split_first()? {
            (0, _) => Some(Value::Null),
            (1, rest) => decode_value(interface, item, rest, depth + 1),
            _ => None,
        },
        DataType::Array(item, length) => {
            if matches!(**item, DataType::Integer(false, 8)) {
                return Some(Value::bytes(bytes.get(..*length as usize)?.to_vec()));
            }
            let size = bytes.len().checked_div(*length as usize).unwrap_or(0);
            let items = (0..*length as usize)
                .map(|n| decode_value(interface, item, bytes.get(n * size..(n + 1) * size)?, depth + 1));
            Some(Value::array(items.collect::<Option<_>>()?))
        }
        DataType::Named(name) => match &interface.named(name)?.shape {
            Shape::Record(fields) => decode_fields(interface, fields, bytes, depth + 1),
            Shape::Enum(variants) => {
                let (tag, rest) = bytes.split_first()?;
                let Variant { name, fields, .. } = variants.get(usize::from(*tag))?;
                let name = Value::keyword(name.as_str());
                if fields.is_empty() {
                    return Some(name);
                }
                Some(Value::array(vec![name, decode_fields(interface, fields, rest, depth + 1)?]))
            }
        },
        DataType::Other(_) => None,
    }
}

/// What a type holds, for generators: `:bool`, `:pubkey`, `:null`, `[:int low high]`, `[:bytes n]`, `[:option T]`,
/// `[:array T n]`, `[:record {…}]`, `[:enum [[:Name {…}] …]]`; null for what no caller can write.
pub fn description(interface: &Interface, ty: &DataType) -> Value {
    description_at(interface, ty, 0)
}

fn description_at(interface: &Interface, ty: &DataType, depth: u32) -> Value {
    let word = |name: &'static str| Value::keyword(name);
    let inner = |ty: &DataType| description_at(interface, ty, depth + 1);
    let record = |fields: &[Field]| {
        object(
            fields.iter().map(|field| (field.name.as_str(), description_at(interface, &field.ty, depth + 1))),
        )
    };
    match ty {
        _ if depth > MAX_DEPTH => Value::Null,
        DataType::Null => word("null"),
        DataType::Bool => word("bool"),
        DataType::Pubkey => word("pubkey"),
        DataType::Integer(signed, bits) => {
            let one = BigInt::from(1);
            let (low, high) = match signed {
                true => (-(one.clone() << (bits - 1)), (one << (bits - 1)) - 1),
                false => (BigInt::from(0), (one << *bits) - 1),
            };
            Value::array(vec![word("int"), Value::integer(low), Value::integer(high)])
        }
        DataType::Option(item) => Value::array(vec![word("option"), inner(item)]),
        DataType::Array(item, length) if matches!(**item, DataType::Integer(false, 8)) => {
            Value::array(vec![word("bytes"), Value::Int(i64::from(*length))])
        }
        DataType::Array(item, length) => {
            Value::array(vec![word("array"), inner(item), Value::Int(i64::from(*length))])
        }
        DataType::Named(name) => match interface.named(name).map(|named| &named.shape) {
            Some(Shape::Record(fields)) => Value::array(vec![word("record"), record(fields)]),
            Some(Shape::Enum(variants)) => {
                let variants = variants.iter().map(|variant| {
                    Value::array(vec![Value::keyword(variant.name.as_str()), record(&variant.fields)])
                });
                Value::array(vec![word("enum"), Value::array(variants.collect())])
            }
            None => Value::Null,
        },
        DataType::Other(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(account Book :align 8 (tag : u8) (orders : (array Order 2)))` of `(defrecord Order :align 8 (side : u8) (price : u64))`.
    const BOOK: &str = r#"{
        "format": 1, "name": "book",
        "accounts": [{ "name": "Book", "discriminator": "0101010101010101", "size": 48, "aligned": true, "fields": [
            { "name": "tag", "type": "u8", "offset": 8, "size": 1 },
            { "name": "orders", "type": "(array Order 2)", "offset": 16, "size": 32 }
        ] }],
        "types": [{ "name": "Order", "size": 16, "aligned": true, "shape": { "record": [
            { "name": "side", "type": "u8", "offset": 0, "size": 1 },
            { "name": "price", "type": "u64", "offset": 8, "size": 8 }
        ] } }]
    }"#;

    #[test]
    fn fields_of_aligned_records_lie_where_the_interface_says() {
        let interface = Interface::from_text(BOOK).unwrap_or_else(Interface::new);
        // What can not be read gives an interface with the fault for its name.
        assert_eq!(interface.name, "book");
        assert_eq!(interface.account("Book").map(|book| book.size), Some(48));
        let Some(book) = interface.account("Book") else { return };
        let order =
            |side: i64, price: i64| object([("side", Value::Int(side)), ("price", Value::Int(price))]);
        let orders = Value::array(vec![order(2, 3), order(4, 5)]);
        let given = object([("tag", Value::Int(1)), ("orders", orders)]);
        let mut bytes = vec![0; book.size as usize];
        assert_eq!(encode(&interface, &book.fields, &given, false, "a Book", &mut bytes), Ok(()));
        let ones: Vec<usize> = (0..bytes.len()).filter(|place| bytes.get(*place) != Some(&0)).collect();
        assert_eq!(ones, [8, 16, 24, 32, 40]);
        // What lies between the fields is no part of a value.
        if let Some(byte) = bytes.get_mut(17) {
            *byte = 0xff;
        }
        let read = decode(&interface, &book.fields, &bytes);
        assert_eq!(read.map(|read| ovsm_value::write::write(&read)), Some(ovsm_value::write::write(&given)));
    }
}
