//! The format of Anchor: that of version 0.30 and later, and the one before it.
//!
//! Values are written as Borsh writes them: an option is one byte if there is nothing in it, and before texts and lists
//! stands how long they are. Only arguments, and fields of records that are arguments, may be these; maps are left out.

use super::placing::Placing;
use super::sequence::{Sequence, Wire};
use super::{
    Account, Call, Raw, RawCall, RawPart, RawShape, Shape, docs_of, flag, items, plain, short, text_of,
};
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
        if let Some(fields) = wires(node) {
            raw.records.insert(name.clone(), fields);
        }
        raw.types.insert(name, shape(node));
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
        // The older format leaves out what Anchor makes of the name.
        None => {
            let text = format!("global:{}", spell(name, Style::Snake));
            Sha256::digest(text.as_bytes()).iter().copied().take(8).collect()
        }
    };
    let mut parts = vec![RawPart::Bytes(bytes)];
    for argument in items(node, "args")? {
        let name = text_of(argument, "name").ok_or("one of its arguments has no name")?;
        let ty = argument.get("type").unwrap_or(&Value::Null);
        let wire = wire_of(ty, 0).map_err(|reason| format!("its argument `{name}`: {reason}"))?;
        parts.push(RawPart::Argument(name, wire));
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
        });
        if accounts.len() > MAX_READ {
            return Err("it has too many accounts".to_string());
        }
    }
    Ok(())
}

fn shape(node: &Value) -> Result<RawShape, String> {
    if items(node, "generics").is_ok_and(|generics| !generics.is_empty()) {
        return Err("it has parameters".to_string());
    }
    let ty = node.get("type").unwrap_or(&Value::Null);
    let shape = match text_of(ty, "kind").as_deref() {
        Some("struct") => Shape::Record(fields(items(ty, "fields")?)?),
        Some("enum") => {
            let variant = |node: &Value| {
                let name = text_of(node, "name").ok_or("one of its variants has no name")?;
                Ok::<_, String>((name, fields(items(node, "fields")?)?))
            };
            Shape::Enum(items(ty, "variants")?.iter().map(variant).collect::<Result<_, _>>()?)
        }
        // Another name for a type is a record of it: the bytes are the same.
        Some("type") => {
            let alias = ty.get("alias").unwrap_or(&Value::Null);
            Shape::Record(vec![("value".to_string(), type_of(alias, 0)?)])
        }
        _ => return Err("it is neither a struct nor an enum".to_string()),
    };
    // Its bytes are those that lie in memory, with what C has between the fields.
    let is_in_place = text_of(node, "serialization").is_some_and(|it| it.starts_with("bytemuck"));
    let repr = node.get("repr").unwrap_or(&Value::Null);
    let is_of_c = text_of(repr, "kind").as_deref() == Some("c") && !flag(repr, "packed");
    let placing = match (&shape, is_in_place && is_of_c) {
        (Shape::Record(_), true) => Placing::C,
        _ => Placing::Packed,
    };
    Ok(RawShape { shape, size: None, placing })
}

/// Fields with names, or types alone, as in tuples.
fn fields(nodes: &[Value]) -> Result<Vec<(String, DataType)>, String> {
    let field = |(place, node): (usize, &Value)| match text_of(node, "name") {
        Some(name) => {
            let ty = type_of(node.get("type").unwrap_or(&Value::Null), 0);
            Ok((name.clone(), ty.map_err(|reason| format!("the field `{name}`: {reason}"))?))
        }
        None => Ok((format!("item-{}", place + 1), type_of(node, 0)?)),
    };
    nodes.iter().enumerate().map(field).collect()
}

/// The fields of a record, which may be of any length.
fn wires(node: &Value) -> Option<Vec<(String, Result<Wire, String>)>> {
    let ty = node.get("type").unwrap_or(&Value::Null);
    let is_plain = items(node, "generics").is_ok_and(<[Value]>::is_empty);
    let field = |(place, node): (usize, &Value)| match text_of(node, "name") {
        Some(name) => (name, wire_of(node.get("type").unwrap_or(&Value::Null), 0)),
        None => (format!("item-{}", place + 1), wire_of(node, 0)),
    };
    match text_of(ty, "kind").as_deref() {
        Some("struct") if is_plain => Some(items(ty, "fields").ok()?.iter().enumerate().map(field).collect()),
        _ => None,
    }
}

/// A type of any length.
fn wire_of(node: &Value, depth: usize) -> Result<Wire, String> {
    match node.as_str() {
        Some("string") => return Ok(Wire::Sequence(32, Sequence::Text)),
        Some("bytes") => return Ok(Wire::Sequence(32, Sequence::Bytes)),
        _ => {}
    }
    if let Some(item) = node.get("option") {
        return match depth {
            0 => Ok(Wire::Option(Box::new(wire_of(item, 1)?))),
            _ => Err("an option of an option has no value in programs".to_string()),
        };
    }
    match node.get("vec") {
        Some(item) if item.as_str() == Some("u8") => Ok(Wire::Sequence(32, Sequence::Bytes)),
        Some(item) => Ok(Wire::Sequence(32, Sequence::List(type_of(item, 0)?))),
        None => type_of(node, 0).map(Wire::Fixed),
    }
}

fn type_of(node: &Value, depth: usize) -> Result<DataType, String> {
    if depth > super::MAX_DEPTH {
        return Err("its type is nested too deeply".to_string());
    }
    let no_fixed_length = |what: &str| Err(format!("{what} has no fixed length"));
    if let Some(name) = node.as_str() {
        return match name {
            "string" | "bytes" => no_fixed_length(&format!("`{name}`")),
            _ => plain(name).ok_or_else(|| format!("programs have no type `{}`", short(name))),
        };
    }
    let Some((kind, inner)) = node.as_object().and_then(|object| object.iter().next()) else {
        return Err("its type can not be read".to_string());
    };
    match kind.as_str() {
        "option" => no_fixed_length("an option inside of something else"),
        "vec" => no_fixed_length("a vector"),
        "array" => match inner.as_array().map(Vec::as_slice) {
            Some([item, length]) => {
                let length = length.as_u64().and_then(|length| u32::try_from(length).ok());
                let length = length.ok_or("the length of an array is no number that is written out")?;
                Ok(DataType::Array(Box::new(type_of(item, depth + 1)?), length))
            }
            _ => Err("an array has a type and a length".to_string()),
        },
        "defined" => {
            let name = inner.as_str().map(short).or_else(|| text_of(inner, "name"));
            if items(inner, "generics").is_ok_and(|generics| !generics.is_empty()) {
                return Err("its type has parameters".to_string());
            }
            name.map(DataType::Named).ok_or_else(|| "its type has no name".to_string())
        }
        other => Err(format!("programs have no type `{}`", short(other))),
    }
}
