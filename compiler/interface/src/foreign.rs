//! The interface of a program that somebody else wrote, as its description says it: what is needed to call it.
//!
//! Descriptions come from anywhere, so that nothing in them is believed: sizes, counts and depths are bounded, types may be
//! missing or contain themselves. What can not be said in a call with exact bytes is left out, with the reason. Start with
//! [`Foreign::from_text`].

mod anchor;
mod codama;
mod own;
mod placing;
mod sequence;

pub use sequence::Sequence;

use crate::model::DataType;
use placing::{Alignment, Placing};
use sequence::{Fields, Records, Wire};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longer texts are not read.
pub const MAX_BYTES: usize = 8 << 20;
/// More instructions, types, or parts of one of them are not read.
const MAX_ITEMS: usize = 2048;
/// A call has no more accounts.
const MAX_ACCOUNTS: usize = 64;
/// A call has no more bytes of data.
const MAX_DATA: u32 = 10 * 1024;
/// A type has no more parts: one that has nothing in it takes no bytes, and still has to be written.
const MAX_PARTS: u32 = 16 * 1024;
/// Types are nested no deeper.
const MAX_DEPTH: usize = 32;

/// What a description says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Foreign {
    /// The name of the program.
    pub name: String,
    /// Its address, if it is said.
    pub address: Option<String>,
    /// What is said about it.
    pub docs: Vec<String>,
    /// The calls that can be made.
    pub calls: Vec<Call>,
    /// The types that these use, each after those that it uses.
    pub types: Vec<(String, Shape)>,
    /// What was left out, and why.
    pub skipped: Vec<String>,
}

/// A call of an instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The name of the instruction.
    pub name: String,
    /// What is said about it.
    pub docs: Vec<String>,
    /// The accounts, in order.
    pub accounts: Vec<Account>,
    /// The data, in order.
    pub parts: Vec<Part>,
}

/// An account of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// True if it has to sign.
    pub signer: bool,
    /// True if the instruction may change it.
    pub writable: bool,
    /// True if the program itself may stand in its place.
    pub optional: bool,
}

/// A part of the data of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// An argument.
    Argument(String, DataType),
    /// A byte that tells whether there is an argument, and the argument if so.
    Optional(String, DataType),
    /// An argument whose length only the caller knows.
    Sequence {
        /// Its name.
        name: String,
        /// The bits of the number before it that tells its length; 0 if there is none.
        bits: u32,
        /// What it is.
        of: Sequence,
        /// True if a byte before it tells whether it is there.
        optional: bool,
    },
}

/// What a type consists of: fields one after the other, or a byte and the fields of one of several variants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A record.
    Record(Vec<(String, DataType)>),
    /// A record that is aligned: `:align 8`.
    Aligned(Vec<(String, DataType)>),
    /// An enum.
    Enum(Vec<(String, Vec<(String, DataType)>)>),
}

/// What a reader finds in a description, before anything is checked.
#[derive(Default)]
struct Raw {
    name: String,
    address: Option<String>,
    docs: Vec<String>,
    calls: Vec<Result<RawCall, (String, String)>>,
    types: BTreeMap<String, Result<RawShape, String>>,
    /// Records once more, with what has no fixed length in them.
    records: BTreeMap<String, Fields>,
}

/// A call before its arguments are taken apart.
struct RawCall {
    call: Call,
    /// Its data, in order; `call` has none.
    parts: Vec<RawPart>,
}

enum RawPart {
    Bytes(Vec<u8>),
    Argument(String, Wire),
}

impl RawCall {
    fn call(self, records: &Records) -> Result<Call, String> {
        let mut call = self.call;
        for part in self.parts {
            match part {
                RawPart::Bytes(bytes) => call.parts.push(Part::Bytes(bytes)),
                RawPart::Argument(name, wire) => sequence::parts(&name, wire, records, &mut call.parts)?,
            }
        }
        // What has no length before it can only end the data.
        let all_but_last = call.parts.iter().rev().skip(1);
        let mut unsaid = all_but_last.filter(|part| matches!(part, Part::Sequence { bits: 0, .. }));
        match unsaid.next() {
            Some(Part::Sequence { name, .. }) => {
                Err(format!("its argument `{}` has no length, and is not the last one", short(name)))
            }
            _ => Ok(call),
        }
    }
}

/// A shape, and its size if the description states one.
struct RawShape {
    shape: Shape,
    size: Option<u32>,
    /// Where the fields lie, if it is a record.
    placing: Placing,
}

impl Foreign {
    /// Reads a description: in the format of Anchor, the older one too, of Codama, or our own.
    ///
    /// # Errors
    /// It is none of these, or too large.
    pub fn from_text(text: &str) -> Result<Foreign, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        let root: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        let raw = if root.get("kind").and_then(Value::as_str) == Some("rootNode") {
            codama::read(&root)?
        } else if root.get("format").is_some() {
            own::read(text)?
        } else if root.get("instructions").is_some_and(Value::is_array) {
            anchor::read(&root)?
        } else {
            return Err(
                "it is in no format that is known: Anchor, Codama, or `ovsmc idl --format ovsm`".to_string()
            );
        };
        Ok(raw.checked())
    }
}

impl Raw {
    /// Keeps the calls whose data and types can be written exactly.
    fn checked(self) -> Foreign {
        let mut foreign =
            Foreign { name: self.name, address: self.address, docs: self.docs, ..Foreign::default() };
        let mut sizes =
            Sizes { types: &self.types, known: BTreeMap::new(), order: Vec::new(), aligned: BTreeSet::new() };
        let records = Records::new(self.records);
        for call in self.calls {
            let taken = call.and_then(|call| {
                let name = call.call.name.clone();
                call.call(&records).map_err(|reason| (name, reason))
            });
            let call = match taken {
                Ok(call) => call,
                Err((name, reason)) => {
                    foreign.skipped.push(format!("the instruction `{name}`: {reason}"));
                    continue;
                }
            };
            match sizes.data(&call) {
                Ok(()) => foreign.calls.push(call),
                Err(reason) => foreign.skipped.push(format!("the instruction `{}`: {reason}", call.name)),
            }
        }
        let used = used_types(&foreign.calls, &self.types);
        for name in std::mem::take(&mut sizes.order) {
            if let (true, Some(Ok(raw))) = (used.contains(&name), self.types.get(&name)) {
                let shape = match &raw.shape {
                    Shape::Record(fields) if sizes.aligned.contains(&name) => Shape::Aligned(fields.clone()),
                    shape => shape.clone(),
                };
                foreign.types.push((name, shape));
            }
        }
        foreign
    }
}

/// The types that calls use, and those that these use.
fn used_types(calls: &[Call], types: &BTreeMap<String, Result<RawShape, String>>) -> BTreeSet<String> {
    let mut waiting: Vec<String> = Vec::new();
    for part in calls.iter().flat_map(|call| &call.parts) {
        if let Part::Argument(_, ty) | Part::Optional(_, ty) | Part::Sequence { of: Sequence::List(ty), .. } =
            part
        {
            waiting.extend(name_in(ty).map(str::to_string));
        }
    }
    let mut used = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if let (Some(Ok(raw)), true) = (types.get(&name), used.insert(name.clone())) {
            waiting.extend(raw.shape.fields().filter_map(|(_, ty)| name_in(ty)).map(str::to_string));
        }
    }
    used
}

/// The name in a type.
fn name_in(ty: &DataType) -> Option<&str> {
    match ty {
        DataType::Named(name) => Some(name),
        DataType::Option(item) | DataType::Array(item, _) => name_in(item),
        _ => None,
    }
}

impl Shape {
    fn fields(&self) -> Box<dyn Iterator<Item = &(String, DataType)> + '_> {
        match self {
            Shape::Record(fields) | Shape::Aligned(fields) => Box::new(fields.iter()),
            Shape::Enum(variants) => Box::new(variants.iter().flat_map(|(_, fields)| fields)),
        }
    }
}

/// What a type takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Room {
    bytes: u32,
    parts: u32,
    alignment: Alignment,
}

impl Room {
    fn bytes(bytes: u32) -> Room {
        Room { bytes, parts: 1, alignment: Alignment::BYTE }
    }

    /// What one byte stands before, which tells what it is.
    fn tagged(self) -> Room {
        let (bytes, parts) = (self.bytes.saturating_add(1), self.parts.saturating_add(1));
        Room { bytes, parts, alignment: Alignment::UNKNOWN }
    }

    fn times(self, count: u32) -> Room {
        Room {
            bytes: self.bytes.saturating_mul(count),
            parts: self.parts.saturating_mul(count).saturating_add(1),
            ..self
        }
    }
}

/// The sizes of types, each found once.
struct Sizes<'t> {
    types: &'t BTreeMap<String, Result<RawShape, String>>,
    /// `None` while it is being found.
    known: BTreeMap<String, Option<Result<Room, String>>>,
    /// The types in an order in which each stands after those that it uses.
    order: Vec<String>,
    /// Records that are aligned ones of ours.
    aligned: BTreeSet<String>,
}

impl Sizes<'_> {
    fn data(&mut self, call: &Call) -> Result<(), String> {
        if call.accounts.len() > MAX_ACCOUNTS {
            return Err(format!("it has more than {MAX_ACCOUNTS} accounts"));
        }
        let mut sum = 0u32;
        for part in &call.parts {
            let size = match part {
                Part::Bytes(bytes) => u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                Part::Argument(name, ty) => {
                    self.size(ty, 0).map_err(|reason| format!("its argument `{name}`: {reason}"))?.bytes
                }
                Part::Optional(name, ty) => {
                    let room =
                        self.size(ty, 0).map_err(|reason| format!("its argument `{name}`: {reason}"))?;
                    room.bytes.saturating_add(1)
                }
                Part::Sequence { name, of, .. } => {
                    if let Sequence::List(item) = of {
                        let room = self
                            .size(item, 0)
                            .map_err(|reason| format!("its argument `{name}`: {reason}"))?;
                        if room.bytes == 0 {
                            return Err(format!("its argument `{name}`: its items have no bytes"));
                        }
                    }
                    5
                }
            };
            sum = sum.saturating_add(size);
        }
        match sum > MAX_DATA {
            true => Err(format!("its data have {sum} bytes, and a call carries {MAX_DATA}")),
            false => Ok(()),
        }
    }

    fn size(&mut self, ty: &DataType, depth: usize) -> Result<Room, String> {
        if depth > MAX_DEPTH {
            return Err("its type is nested too deeply".to_string());
        }
        let room = match ty {
            DataType::Bool => Room::bytes(1),
            DataType::Integer(_, bits) => {
                Room { alignment: Alignment::integer(*bits / 8), ..Room::bytes(*bits / 8) }
            }
            DataType::Pubkey => Room::bytes(32),
            DataType::Null => Room::bytes(0),
            DataType::Option(item) => self.size(item, depth + 1)?.tagged(),
            DataType::Array(item, length) => self.size(item, depth + 1)?.times(*length),
            DataType::Named(name) => self.named(name, depth + 1)?,
            DataType::Other(text) => return Err(format!("`{}` can not be written by programs", short(text))),
        };
        if room.bytes > MAX_DATA {
            return Err(format!("its type has more than {MAX_DATA} bytes"));
        }
        match room.parts > MAX_PARTS {
            true => Err(format!("its type has more than {MAX_PARTS} parts")),
            false => Ok(room),
        }
    }

    fn named(&mut self, name: &str, depth: usize) -> Result<Room, String> {
        match self.known.get(name) {
            Some(Some(size)) => return size.clone(),
            Some(None) => return Err(format!("the type `{}` contains itself", short(name))),
            None => {}
        }
        let types = self.types;
        self.known.insert(name.to_string(), None);
        let size = match types.get(name) {
            None => Err(format!("the type `{}` is not described", short(name))),
            Some(Err(reason)) => Err(format!("the type `{}`: {reason}", short(name))),
            Some(Ok(raw)) => {
                self.shape(name, raw, depth).map_err(|reason| format!("in `{}`, {reason}", short(name)))
            }
        };
        self.known.insert(name.to_string(), Some(size.clone()));
        if size.is_ok() {
            self.order.push(name.to_string());
        }
        size
    }

    fn shape(&mut self, name: &str, raw: &RawShape, depth: usize) -> Result<Room, String> {
        let room = match &raw.shape {
            Shape::Record(fields) | Shape::Aligned(fields) => {
                let (room, is_aligned) = placing::record(&self.fields(fields, depth)?, raw.placing)?;
                if is_aligned {
                    self.aligned.insert(name.to_string());
                }
                room
            }
            Shape::Enum(variants) => {
                if variants.is_empty() || variants.len() > 256 {
                    return Err("an enum has from 1 to 256 variants".to_string());
                }
                let rooms: Vec<Room> = variants
                    .iter()
                    .map(|(_, fields)| Ok(placing::record(&self.fields(fields, depth)?, Placing::Packed)?.0))
                    .collect::<Result<_, String>>()?;
                let largest = rooms.iter().map(|room| room.bytes).max().unwrap_or(0);
                // Values of programs always take the room of the largest variant.
                if raw.size.is_none() && rooms.iter().any(|room| room.bytes != largest) {
                    return Err(
                        "the variants differ in size, so that a value has no fixed length".to_string()
                    );
                }
                let parts = rooms.iter().fold(1u32, |parts, room| parts.saturating_add(room.parts));
                Room { bytes: largest.saturating_add(1), parts, alignment: Alignment::UNKNOWN }
            }
        };
        match raw.size {
            Some(stated) if stated != room.bytes => {
                Err(format!("it has {} bytes, and {stated} are said", room.bytes))
            }
            _ => Ok(room),
        }
    }

    fn fields(&mut self, fields: &[(String, DataType)], depth: usize) -> Result<Vec<Room>, String> {
        let room = |(name, ty): &(String, DataType)| {
            self.size(ty, depth).map_err(|reason| format!("the field `{}`: {reason}", short(name)))
        };
        fields.iter().map(room).collect()
    }
}

/// So much of a text of somebody else as a message can bear.
fn short(text: &str) -> String {
    text.chars().take(60).map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// The text of a member.
fn text_of(node: &Value, member: &str) -> Option<String> {
    Some(short(node.get(member)?.as_str()?))
}

/// The items of a member, of which there are not too many; none if there is no such member.
fn items<'v>(node: &'v Value, member: &str) -> Result<&'v [Value], String> {
    let items = match node.get(member) {
        None | Some(Value::Null) => return Ok(&[]),
        Some(items) => items.as_array().ok_or_else(|| format!("its `{member}` is no array"))?,
    };
    match items.len() > MAX_ITEMS {
        true => Err(format!("it has more than {MAX_ITEMS} `{member}`")),
        false => Ok(items),
    }
}

/// What is said about something.
fn docs_of(node: &Value) -> Vec<String> {
    let lines = node.get("docs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or(&[]);
    lines.iter().filter_map(Value::as_str).map(str::to_string).collect()
}

/// An integer, a truth value or a key by its usual name.
fn plain(name: &str) -> Option<DataType> {
    match DataType::from_text(name)? {
        ty @ (DataType::Bool | DataType::Integer(..)) => Some(ty),
        _ if name == "pubkey" || name == "publicKey" => Some(DataType::Pubkey),
        _ => None,
    }
}

fn flag(node: &Value, member: &str) -> bool {
    node.get(member).and_then(Value::as_bool).unwrap_or(false)
}
