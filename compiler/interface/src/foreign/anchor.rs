//! The format of Anchor: that of version 0.30 and later, and the one before it.
//!
//! Values are written as Borsh writes them: an option is one byte if there is nothing in it, and before texts, lists and
//! maps stands how long they are. Descriptions that other tools write in the older format are read as well as they go: their
//! maps, sets and tuples, and the number that tells instructions apart.

use super::placing::Placing;
use super::wire::{Wire, WireShape, WireType, WireVariant};
use super::{Account, Call, MAX_DEPTH, Raw, RawCall, RawPart, docs_of, flag, items, plain, short, text_of};
use crate::model::{DataType, is_key};
use crate::names::{Style, spell};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Groups of accounts are nested no deeper.
const MAX_GROUPS: usize = 8;
/// Accounts of one call that are read before their number is found to be too large.
const MAX_READ: usize = 512;

/// Reads a description.
///
/// # Errors
/// It lacks what every description has.
pub(super) fn read(root: &Value) -> Result<Raw, String> {
    let metadata = root.get("metadata").unwrap_or(&Value::Null);
    let name = text_of(metadata, "name").or_else(|| text_of(root, "name"));
    let address = text_of(root, "address").or_else(|| text_of(metadata, "address"));
    let mut raw = Raw {
        name: name.ok_or("it does not say the name of the program")?,
        // What stands for an address that nobody knows is that of the system program.
        address: address.filter(|address| is_key(address) && address.bytes().any(|byte| byte != b'1')),
        docs: docs_of(root),
        ..Raw::default()
    };
    for node in items(root, "types")? {
        let Some(name) = text_of(node, "name") else { continue };
        let shape = shape(node).unwrap_or_else(WireShape::Raw);
        let placing = placing(node);
        raw.types.insert(name, WireType { shape, size: None, placing });
    }
    for node in items(root, "instructions")? {
        let name = text_of(node, "name").ok_or("one of its instructions has no name")?;
        raw.calls.push(call(node, &name).map_err(|reason| (name, reason)));
    }
    Ok(raw)
}

fn call(node: &Value, name: &str) -> Result<RawCall, String> {
    let bytes = match node.get("discriminator") {
        Some(_) => {
            let items = items(node, "discriminator")?.iter();
            let bytes = items.map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()));
            bytes.collect::<Option<Vec<u8>>>().ok_or("its discriminator is not made of bytes")?
        }
        // The older format leaves out what Anchor makes of the name; programs without Anchor count instead.
        None if node.get("discriminant").is_some_and(Value::is_object) => {
            let number = node.pointer("/discriminant/value").and_then(Value::as_u64);
            let ty = node.pointer("/discriminant/type").unwrap_or(&Value::Null);
            match (number, wire_of(ty, 0)) {
                (Some(number), Wire::Plain(DataType::Integer(_, bits @ (8 | 16 | 32 | 64))))
                    if bits == 64 || number >> bits == 0 =>
                {
                    number.to_le_bytes().into_iter().take(bits as usize / 8).collect()
                }
                _ => return Err("the number that tells it from others can not be read".to_string()),
            }
        }
        None => {
            let text = format!("global:{}", spell(name, Style::Snake));
            Sha256::digest(text.as_bytes()).iter().copied().take(8).collect()
        }
    };
    let mut parts = vec![RawPart::Bytes(bytes)];
    for argument in items(node, "args")? {
        let name = text_of(argument, "name").ok_or("one of its arguments has no name")?;
        let ty = argument.get("type").unwrap_or(&Value::Null);
        parts.push(RawPart::Argument(name, wire_of(ty, 0)));
    }
    let mut accounts = Vec::new();
    group(items(node, "accounts")?, "", 0, &mut accounts)?;
    let call = Call { name: name.to_string(), docs: docs_of(node), accounts, parts: Vec::new() };
    Ok(RawCall { call, parts })
}

/// The accounts of a group, which may contain groups; the names of those are put before the names of their accounts.
fn group(nodes: &[Value], before: &str, depth: usize, accounts: &mut Vec<Account>) -> Result<(), String> {
    if depth > MAX_GROUPS {
        return Err("its accounts are nested too deeply".to_string());
    }
    for node in nodes {
        let name = text_of(node, "name").ok_or("one of its accounts has no name")?;
        let name = if before.is_empty() { name } else { format!("{before}-{name}") };
        if node.get("accounts").is_some() {
            group(items(node, "accounts")?, &name, depth + 1, accounts)?;
            continue;
        }
        accounts.push(Account {
            name,
            signer: flag(node, "signer") || flag(node, "isSigner"),
            writable: flag(node, "writable") || flag(node, "isMut"),
            optional: flag(node, "optional") || flag(node, "isOptional"),
            omitted: false,
        });
        if accounts.len() > MAX_READ {
            return Err("it has too many accounts".to_string());
        }
    }
    Ok(())
}

fn shape(node: &Value) -> Result<WireShape, String> {
    if items(node, "generics").is_ok_and(|generics| !generics.is_empty()) {
        return Err("it has parameters".to_string());
    }
    let ty = node.get("type").unwrap_or(&Value::Null);
    Ok(match text_of(ty, "kind").as_deref() {
        Some("struct") => WireShape::Record(fields(items(ty, "fields")?, 0)),
        Some("enum") => {
            let variants = items(ty, "variants")?;
            if variants.len() > 256 {
                return Err("it has more than 256 variants".to_string());
            }
            let variant = |(place, node): (usize, &Value)| {
                let name = text_of(node, "name").ok_or("one of its variants has no name")?;
                let tag = vec![u8::try_from(place).unwrap_or_default()];
                Ok::<_, String>(WireVariant { name, tag, fields: fields(items(node, "fields")?, 0) })
            };
            WireShape::Enum(variants.iter().enumerate().map(variant).collect::<Result<_, _>>()?)
        }
        // Another name for a type is a record of it: the bytes are the same.
        Some("type") => {
            let alias = ty.get("alias").unwrap_or(&Value::Null);
            WireShape::Record(vec![("value".to_string(), wire_of(alias, 0))])
        }
        _ => return Err("it is neither a struct nor an enum".to_string()),
    })
}

/// Where the fields of a record lie. One that is given in place has the bytes that lie in memory, with what C has between the
/// fields.
fn placing(node: &Value) -> Placing {
    let is_in_place = text_of(node, "serialization").is_some_and(|it| it.starts_with("bytemuck"));
    let repr = node.get("repr").unwrap_or(&Value::Null);
    let is_of_c = text_of(repr, "kind").as_deref() == Some("c") && !flag(repr, "packed");
    match is_in_place && is_of_c {
        true => Placing::C,
        false => Placing::Packed,
    }
}

/// Fields with names, or types alone, as in tuples.
fn fields(nodes: &[Value], depth: usize) -> Vec<(String, Wire)> {
    let field = |(place, node): (usize, &Value)| match text_of(node, "name") {
        Some(name) if node.get("type").is_some() => {
            (name, wire_of(node.get("type").unwrap_or(&Value::Null), depth))
        }
        _ => (format!("item-{}", place + 1), wire_of(node, depth)),
    };
    nodes.iter().enumerate().map(field).collect()
}

fn wire_of(node: &Value, depth: usize) -> Wire {
    if depth > MAX_DEPTH {
        return Wire::Raw("its type is nested too deeply".to_string());
    }
    if let Some(name) = node.as_str() {
        return match name {
            "string" => Wire::Text(32),
            "bytes" => Wire::Bytes(32),
            _ => plain(name).map_or_else(|| unknown(name), Wire::Plain),
        };
    }
    let Some((kind, inner)) = node.as_object().and_then(|object| object.iter().next()) else {
        return Wire::Raw("its type can not be read".to_string());
    };
    let of = |inner: &Value| wire_of(inner, depth + 1);
    match (kind.as_str(), inner.as_array().map(Vec::as_slice)) {
        ("option", _) => Wire::Option(8, Box::new(of(inner))),
        ("vec" | "hashSet" | "bTreeSet", _) => Wire::list(32, of(inner)),
        ("hashMap" | "bTreeMap", Some([key, value])) => Wire::pairs(32, of(key), of(value)),
        ("tuple", Some(nodes)) if nodes.len() <= 64 => Wire::Fields(fields(nodes, depth + 1)),
        ("array", Some([item, length])) => {
            match length.as_u64().and_then(|length| u32::try_from(length).ok()) {
                Some(length) => Wire::Array(Box::new(of(item)), length),
                None => Wire::Raw("the length of an array is no number that is written out".to_string()),
            }
        }
        ("defined", _) => {
            if items(inner, "generics").is_ok_and(|generics| !generics.is_empty()) {
                return Wire::Raw("its type has parameters".to_string());
            }
            match inner.as_str().map(short).or_else(|| text_of(inner, "name")) {
                Some(name) => Wire::Named(name),
                None => Wire::Raw("its type has no name".to_string()),
            }
        }
        (other, _) => unknown(other),
    }
}

fn unknown(name: &str) -> Wire {
    Wire::Raw(format!("programs have no type `{}`", short(name)))
}
