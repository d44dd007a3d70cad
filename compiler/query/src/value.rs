//! Values in read syntax: text that reads back as an equal value.
//!
//! The words of a value mean nothing without its type; strings are looked up in the memory that the run left.

use ovsm_base::IntType;
use ovsm_infer::Type;
use ovsm_ir::Width;
use ovsm_ir::machine::Memory;

/// Writes the value of a type from its words.
pub fn write_value(ty: &Type, words: &[u64], memory: &Memory) -> String {
    let mut text = String::new();
    let mut words = words;
    write_from(&mut text, ty, &mut words, memory);
    text
}

/// Writes a value whose words come first, and takes them.
fn write_from(text: &mut String, ty: &Type, words: &mut &[u64], memory: &Memory) {
    let mut next = || match words.split_first() {
        Some((first, rest)) => {
            *words = rest;
            *first
        }
        None => 0,
    };
    match ty {
        Type::Null | Type::Error | Type::Variable(_) | Type::Applied(..) => text.push_str("null"),
        ty @ Type::Distinct(_) => write_from(text, ty.underlying(), words, memory),
        Type::Bool => text.push_str(if next() != 0 { "true" } else { "false" }),
        Type::Int(IntType::U128) => {
            let (low, high) = (next(), next());
            text.push_str(&(u128::from(low) | u128::from(high) << 64).to_string());
        }
        Type::Int(IntType::I128) => {
            let (low, high) = (next(), next());
            text.push_str(&((u128::from(low) | u128::from(high) << 64) as i128).to_string());
        }
        Type::Int(ty) if ty.is_signed() => text.push_str(&(next() as i64).to_string()),
        Type::Int(_) => text.push_str(&next().to_string()),
        Type::String | Type::Bytes => {
            let (address, length) = (next(), next());
            match memory.bytes(address, length) {
                Ok(bytes) if *ty == Type::Bytes => {
                    let value = ovsm_value::Value::Bytes(bytes.to_vec().into());
                    text.push_str(&ovsm_value::write::write(&value));
                }
                Ok(bytes) => text.push_str(&write_string(&String::from_utf8_lossy(bytes))),
                Err(fault) => text.push_str(&format!("#<string: {fault}>")),
            }
        }
        Type::Pubkey => {
            let key: Vec<u8> = (0..4).flat_map(|_| next().to_le_bytes()).collect();
            write_key(text, &key);
        }
        Type::Slice(item) => {
            let (address, length) = (next(), next());
            write_items(text, item, address, length, memory);
        }
        Type::Builder => {
            write_from(text, &Type::String, words, memory);
            *words = words.get(1..).unwrap_or_default();
        }
        Type::Vec(item) => {
            let (address, length, _) = (next(), next(), next());
            write_items(text, item, address, length, memory);
        }
        ty if ty.is_by_address() => {
            let address = next();
            write_at(text, ty, address, memory);
        }
        Type::Option(item) => {
            let is_there = next() != 0;
            let mut value = String::new();
            write_from(&mut value, item, words, memory);
            text.push_str(if is_there { &value } else { "null" });
        }
        Type::Record(record) => {
            text.push_str(&format!("({}", record.name));
            for field in &record.fields {
                text.push(' ');
                write_from(text, &field.ty, words, memory);
            }
            text.push(')');
        }
        Type::Enum(parent) => {
            let tag = next() as usize;
            let mut payload: Vec<u64> = Vec::new();
            for _ in 1..ovsm_ir::lower::function::words(ty) {
                payload.push(next());
            }
            let Some(variant) = parent.variants.get(tag) else { return };
            text.push_str(&format!("({}", variant.name));
            let mut payload = payload.as_slice();
            for field in &variant.fields {
                text.push(' ');
                write_from(text, &field.ty, &mut payload, memory);
            }
            text.push(')');
        }
        Type::Array(..) => {}
        Type::Account(_) => text.push_str("#<account>"),
    }
}

fn write_items(text: &mut String, item: &Type, address: u64, length: u64, memory: &Memory) {
    text.push('[');
    for place in 0..length {
        if place > 0 {
            text.push(' ');
        }
        write_at(text, item, address.wrapping_add(place * u64::from(item.size().unwrap_or(0))), memory);
    }
    text.push(']');
}

/// Writes a value that lies in memory.
fn write_at(text: &mut String, ty: &Type, address: u64, memory: &Memory) {
    let load = |offset: u64, width: Width| memory.load(address.wrapping_add(offset), width).unwrap_or(0);
    match ty {
        Type::Array(item, length) => write_items(text, item, address, u64::from(*length), memory),
        Type::Record(record) => {
            text.push_str(&format!("({}", record.name));
            for (field, place) in record.places() {
                text.push(' ');
                write_at(text, &field.ty, address.wrapping_add(u64::from(place)), memory);
            }
            text.push(')');
        }
        Type::Option(item) => match load(0, Width::W1) {
            0 => text.push_str("null"),
            _ => write_at(text, item, address.wrapping_add(1), memory),
        },
        Type::Enum(parent) => {
            let Some(variant) = parent.variants.get(load(0, Width::W1) as usize) else { return };
            text.push_str(&format!("({}", variant.name));
            let mut offset = 1;
            for field in &variant.fields {
                text.push(' ');
                write_at(text, &field.ty, address.wrapping_add(offset), memory);
                offset += u64::from(field.ty.size().unwrap_or(0));
            }
            text.push(')');
        }
        Type::Int(int) if int.bits() <= 64 => {
            let width = match int.bits() {
                8 => Width::W1,
                16 => Width::W2,
                32 => Width::W4,
                _ => Width::W8,
            };
            let word = load(0, width);
            let spare = 64 - int.bits();
            let word = if int.is_signed() { ((word << spare) as i64 >> spare) as u64 } else { word };
            write_from(text, ty, &mut [word].as_slice(), memory);
        }
        Type::Bool => write_from(text, ty, &mut [load(0, Width::W1)].as_slice(), memory),
        other => {
            let count = ovsm_ir::lower::function::words(other) as u64;
            let words: Vec<u64> = (0..count).map(|number| load(8 * number, Width::W8)).collect();
            write_from(text, other, &mut words.as_slice(), memory);
        }
    }
}

fn write_key(text: &mut String, key: &[u8]) {
    text.push_str(&format!("(pubkey \"{}\")", ovsm_value::encoding::base58(key)));
}

/// A string literal.
fn write_string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            '\r' => literal.push_str("\\r"),
            '\0' => literal.push_str("\\0"),
            character if character.is_control() => {
                literal.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
            }
            character => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back() {
        let text = "a\"b\\c\n\t\r\0\u{1b}λ";
        let literal = write_string(text);
        let tree = ovsm_cst::parse(ovsm_base::FormId(0), &literal);
        assert!(tree.errors().is_empty());
        assert_eq!(tree.root(&literal).unwrap().string_value().as_deref(), Some(text));
    }
}
