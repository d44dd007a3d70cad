//! The interface of a program that somebody else wrote, as its description says it: what is needed to call it.
//!
//! Descriptions come from anywhere, so that nothing in them is believed: sizes, counts and depths are bounded, types may be
//! missing or contain themselves. What can not be said in types of ours is bytes that the caller makes. Start with
//! [`Foreign::from_text`].

mod anchor;
mod codama;
mod encoding;
mod own;
mod placing;
mod room;
mod wire;

use crate::model::DataType;
use encoding::Encoder;
use serde_json::Value;
use std::collections::BTreeMap;
use wire::{Wire, WireType};

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
    /// The types of values that these use, each after those that it uses.
    pub types: Vec<(String, Shape)>,
    /// The types that they use of which programs have no values, but bytes.
    pub open: Vec<Open>,
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
    /// True if it may be left out, so that the next one takes its place.
    pub omitted: bool,
}

/// A part of what is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What the caller gives.
    Argument(Argument),
}

/// What a caller gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// It may be left out: the bits of the number before it that tells whether it is there.
    pub option: Option<u32>,
    /// How it is written.
    pub encoding: Encoding,
}

/// How a value is written. Numbers before a sequence have as many bits as said; 0 if there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// As it lies in memory, in so many bytes.
    Fixed(DataType, u32),
    /// A value of an enum whose variants differ in size.
    Uneven(String),
    /// UTF-8.
    Text(u32),
    /// Bytes.
    Bytes(u32),
    /// Items, of which each takes so many bytes.
    List(u32, DataType, u32),
    /// Items of an enum whose variants differ in size.
    UnevenList(u32, String),
    /// The bytes of a type of which there are no values.
    Open(String),
    /// Items of such a type.
    OpenList(Count, String),
    /// Bytes that the caller makes, because of what is said here.
    Raw(String),
}

/// What tells how many items there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    /// A number of so many bits; the end of the data if that is 0.
    Before(u32),
    /// There are always so many.
    Exactly(u32),
}

/// Fields with names, one after the other.
pub type Fields = Vec<(String, DataType)>;

/// What a type consists of: fields one after the other, or a byte and the fields of one of several variants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A record.
    Record(Fields),
    /// A record that is aligned: `:align 8`.
    Aligned(Fields),
    /// An enum.
    Enum(Vec<(String, Fields)>),
    /// An enum whose variants take so many bytes each, that of the variant too.
    Uneven(Vec<(String, Fields, u32)>),
}

/// A type of which programs have no values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// Its name.
    pub name: String,
    /// How it is made: in one way without a name, or in one for each variant.
    pub ways: Vec<(Option<String>, Vec<Part>)>,
    /// True if there are lists of it.
    pub is_listed: bool,
}

/// What a reader finds in a description, before anything is checked.
#[derive(Default)]
struct Raw {
    name: String,
    address: Option<String>,
    docs: Vec<String>,
    calls: Vec<Result<RawCall, (String, String)>>,
    types: BTreeMap<String, WireType>,
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
    /// Keeps the calls that can be made.
    fn checked(self) -> Foreign {
        let mut foreign =
            Foreign { name: self.name, address: self.address, docs: self.docs, ..Foreign::default() };
        let mut encoder = Encoder::new(&self.types);
        for call in self.calls {
            let made = call.and_then(|call| {
                let name = call.call.name.clone();
                encoder.call(call).map_err(|reason| (name, reason))
            });
            match made {
                Ok(call) => foreign.calls.push(call),
                Err((name, reason)) => foreign.skipped.push(format!("the instruction `{name}`: {reason}")),
            }
        }
        foreign.open = encoder.open();
        let used = encoder.used(&foreign.calls, &foreign.open);
        foreign.types = encoder.values(&used);
        foreign
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

/// A number that programs do not compute with.
fn number(name: &str) -> Option<Wire> {
    Some(match name {
        "f32" => Wire::Number(4, Some(4)),
        "f64" => Wire::Number(8, Some(8)),
        "u256" | "i256" => Wire::Number(32, None),
        _ => return None,
    })
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
