//! The format of Anchor: that of version 0.30 and later, and the one before it.
//!
//! Values are written as Borsh writes them: an option is one byte if there is nothing in it, and before texts, lists and
//! maps stands how long they are. Descriptions that other tools write in the older format are read as well as they go: their
//! maps, sets and tuples, and the number that tells instructions apart.

use super::placing::Placing;
use super::wire::{Wire, WireShape, WireType, WireVariant};
use super::{
    Account, Call, MAX_DEPTH, MAX_ITEMS, Raw, RawCall, RawPart, docs_of, flag, items, number, plain, short,
    text_of,
};
use crate::model::{DataType, is_key};
use crate::names::{Style, spell};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Groups of accounts are nested no deeper.
const MAX_GROUPS: usize = 8;
/// What is given for a parameter of a type has no more parts.
const MAX_GIVEN: usize = 16;
/// No more is read for types with parameters, however often they are used.
const MAX_STEPS: usize = 100_000;
/// What stands where nothing is said.
static NOTHING: Value = Value::Null;
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
    let mut types = Types::default();
    for node in items(root, "types")? {
        let Some(name) = text_of(node, "name") else { continue };
        match items(node, "generics").is_ok_and(<[Value]>::is_empty) {
            true => types.plain.insert(name, node),
            false => types.generic.insert(name, node),
        };
    }
    for (name, node) in types.plain.clone() {
        raw.types.insert(name, types.shape(node));
    }
    for node in items(root, "instructions")? {
        let name = text_of(node, "name").ok_or("one of its instructions has no name")?;
        raw.calls.push(types.call(node, &name).map_err(|reason| (name, reason)));
    }
    raw.types.extend(types.instances());
    Ok(raw)
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

/// What is given for the parameter of a type.
#[derive(Clone, Debug)]
enum Given {
    Type(Wire),
    Number(u32),
}

/// A type with parameters for which something is given.
struct Instance<'v> {
    name: String,
    node: &'v Value,
    given: BTreeMap<String, Given>,
}

/// The types of a description.
#[derive(Default)]
struct Types<'v> {
    plain: BTreeMap<String, &'v Value>,
    /// Those with parameters.
    generic: BTreeMap<String, &'v Value>,
    /// The names of what was made of these, by what was given.
    made: BTreeMap<String, String>,
    /// Those names.
    taken: BTreeSet<String>,
    /// What is still to be read.
    waiting: Vec<Instance<'v>>,
    /// What is given for the parameters of the type that is being read.
    given: BTreeMap<String, Given>,
    /// What was read for such types.
    steps: usize,
}

impl<'v> Types<'v> {
    fn call(&mut self, node: &'v Value, name: &str) -> Result<RawCall, String> {
        let bytes = match node.get("discriminator") {
            Some(_) => {
                let items = items(node, "discriminator")?.iter();
                let bytes = items.map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()));
                bytes.collect::<Option<Vec<u8>>>().ok_or("its discriminator is not made of bytes")?
            }
            // The older format leaves out what Anchor makes of the name; programs without Anchor count instead.
            None if node.get("discriminant").is_some_and(Value::is_object) => {
                let number = node.pointer("/discriminant/value").and_then(Value::as_u64);
                let ty = node.pointer("/discriminant/type").unwrap_or(&NOTHING);
                match (number, self.wire_of(ty, 0)) {
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
            let ty = argument.get("type").unwrap_or(&NOTHING);
            parts.push(RawPart::Argument(name, self.wire_of(ty, 0)));
        }
        let mut accounts = Vec::new();
        group(items(node, "accounts")?, "", 0, &mut accounts)?;
        let call = Call { name: name.to_string(), docs: docs_of(node), accounts, parts: Vec::new() };
        Ok(RawCall { call, parts })
    }

    /// The types that were made of those with parameters, and of these, until there are no more.
    fn instances(&mut self) -> Vec<(String, WireType)> {
        let mut all = Vec::new();
        while let Some(instance) = self.waiting.pop() {
            self.given = instance.given;
            let ty = match self.steps > MAX_STEPS {
                true => {
                    let reason = "there is too much of types with parameters".to_string();
                    WireType { shape: WireShape::Raw(reason), size: None, placing: Placing::Packed }
                }
                false => self.shape(instance.node),
            };
            all.push((instance.name, ty));
        }
        all
    }

    fn shape(&mut self, node: &'v Value) -> WireType {
        let shape = self.known_shape(node).unwrap_or_else(WireShape::Raw);
        WireType { shape, size: None, placing: placing(node) }
    }

    fn known_shape(&mut self, node: &'v Value) -> Result<WireShape, String> {
        let ty = node.get("type").unwrap_or(&NOTHING);
        Ok(match text_of(ty, "kind").as_deref() {
            Some("struct") => WireShape::Record(self.fields(items(ty, "fields")?, 0)),
            Some("enum") => {
                let nodes = items(ty, "variants")?;
                if nodes.len() > 256 {
                    return Err("it has more than 256 variants".to_string());
                }
                let mut variants = Vec::new();
                for (place, node) in nodes.iter().enumerate() {
                    let name = text_of(node, "name").ok_or("one of its variants has no name")?;
                    let tag = vec![u8::try_from(place).unwrap_or_default()];
                    variants.push(WireVariant { name, tag, fields: self.fields(items(node, "fields")?, 0) });
                }
                WireShape::Enum(variants)
            }
            // Another name for a type is a record of it: the bytes are the same.
            Some("type") => {
                let alias = ty.get("alias").unwrap_or(&NOTHING);
                WireShape::Record(vec![("value".to_string(), self.wire_of(alias, 0))])
            }
            _ => return Err("it is neither a struct nor an enum".to_string()),
        })
    }

    /// Fields with names, or types alone, as in tuples.
    fn fields(&mut self, nodes: &'v [Value], depth: usize) -> Vec<(String, Wire)> {
        let field = |(place, node): (usize, &'v Value)| match (text_of(node, "name"), node.get("type")) {
            (Some(name), Some(ty)) => (name, self.wire_of(ty, depth)),
            _ => (format!("item-{}", place + 1), self.wire_of(node, depth)),
        };
        nodes.iter().enumerate().map(field).collect()
    }

    fn wire_of(&mut self, node: &'v Value, depth: usize) -> Wire {
        if depth > MAX_DEPTH {
            return Wire::Raw("its type is nested too deeply".to_string());
        }
        self.steps += usize::from(!self.given.is_empty());
        if let Some(name) = node.as_str() {
            return match name {
                "string" => Wire::Text(32),
                "bytes" => Wire::Bytes(32),
                _ => number(name).or_else(|| plain(name).map(Wire::Plain)).unwrap_or_else(|| unknown(name)),
            };
        }
        let Some((kind, inner)) = node.as_object().and_then(|object| object.iter().next()) else {
            return Wire::Raw("its type can not be read".to_string());
        };
        match (kind.as_str(), inner.as_array().map(Vec::as_slice)) {
            ("option", _) => Wire::Option(8, Box::new(self.wire_of(inner, depth + 1))),
            ("vec" | "hashSet" | "bTreeSet", _) => Wire::list(32, self.wire_of(inner, depth + 1)),
            ("hashMap" | "bTreeMap", Some([key, value])) => {
                Wire::pairs(32, self.wire_of(key, depth + 1), self.wire_of(value, depth + 1))
            }
            ("tuple", Some(nodes)) if nodes.len() <= 64 => Wire::Fields(self.fields(nodes, depth + 1)),
            ("array", Some([item, length])) => match self.length(length) {
                Some(length) => Wire::Array(Box::new(self.wire_of(item, depth + 1)), length),
                None => Wire::Raw("the length of an array is no number that is written out".to_string()),
            },
            ("generic", _) => match inner.as_str().and_then(|name| self.given.get(name)) {
                Some(Given::Type(wire)) => wire.clone(),
                _ => Wire::Raw("a parameter of its type is not given".to_string()),
            },
            ("defined", _) => match inner.as_str().map(short).or_else(|| text_of(inner, "name")) {
                Some(name) => match (self.generic.get(&name).copied(), items(inner, "generics")) {
                    (Some(node), Ok(given)) => self.instance(&name, node, given, depth),
                    (None, Ok([])) => Wire::Named(name),
                    _ => Wire::Raw("its type has other parameters".to_string()),
                },
                None => Wire::Raw("its type has no name".to_string()),
            },
            (other, _) => unknown(other),
        }
    }

    /// The length of an array: a number, or a parameter.
    fn length(&self, node: &Value) -> Option<u32> {
        match node.get("generic").and_then(Value::as_str).and_then(|name| self.given.get(name)) {
            Some(Given::Number(number)) => Some(*number),
            _ => u32::try_from(node.as_u64()?).ok(),
        }
    }

    /// A type with parameters for which something is given: another type for each of that.
    fn instance(&mut self, name: &str, node: &'v Value, nodes: &'v [Value], depth: usize) -> Wire {
        let parameters = items(node, "generics").unwrap_or_default();
        if parameters.len() != nodes.len() || self.made.len() >= MAX_ITEMS {
            return Wire::Raw("its type has other parameters, or too many".to_string());
        }
        let mut given = BTreeMap::new();
        let mut said = name.to_string();
        for (parameter, node) in parameters.iter().zip(nodes) {
            let number = node.get("value").and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok()));
            let it = match (node.get("type"), number.and_then(|number| u32::try_from(number).ok())) {
                (Some(ty), _) => Given::Type(self.wire_of(ty, depth + 1)),
                (None, Some(number)) => Given::Number(number),
                (None, None) => {
                    return Wire::Raw("what is given for a parameter can not be read".to_string());
                }
            };
            match &it {
                // A type may give itself one that is larger, without end.
                Given::Type(wire) if wire.parts() > MAX_GIVEN => {
                    return Wire::Raw("what is given for a parameter is too large".to_string());
                }
                Given::Type(Wire::Plain(ty)) => said.push_str(&format!(" {ty}")),
                Given::Type(Wire::Named(ty)) => said.push_str(&format!(" {ty}")),
                Given::Type(Wire::Text(_)) => said.push_str(" string"),
                Given::Type(_) => {}
                Given::Number(number) => said.push_str(&format!(" {number}")),
            }
            given.insert(text_of(parameter, "name").unwrap_or_default(), it);
        }
        let key = format!("{name} {given:?}");
        if let Some(known) = self.made.get(&key) {
            return Wire::Named(known.clone());
        }
        let mut own = short(&said);
        let mut number = 2;
        while self.plain.contains_key(&own) || self.taken.contains(&own) {
            own = format!("{} {number}", short(&said));
            number += 1;
        }
        self.made.insert(key, own.clone());
        self.taken.insert(own.clone());
        self.waiting.push(Instance { name: own.clone(), node, given });
        Wire::Named(own)
    }
}

/// Where the fields of a record lie. One that is given in place has the bytes that lie in memory, with what C has between the
/// fields.
fn placing(node: &Value) -> Placing {
    let is_in_place = text_of(node, "serialization").is_some_and(|it| it.starts_with("bytemuck"));
    let repr = node.get("repr").unwrap_or(&NOTHING);
    let is_of_c = text_of(repr, "kind").as_deref() == Some("c") && !flag(repr, "packed");
    match is_in_place && is_of_c {
        true => Placing::C,
        false => Placing::Packed,
    }
}

fn unknown(name: &str) -> Wire {
    Wire::Raw(format!("programs have no type `{}`", short(name)))
}
