//! Types as a description says them: trees of values whose length may be known only when they are written. What the readers
//! do not understand stays in the tree as bytes that the caller makes. Start with [`Wire`].

use super::placing::Placing;
use crate::model::DataType;

/// A type as a description says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wire {
    /// A number, a key, a truth value, nothing, or an option that always takes the same room.
    Plain(DataType),
    /// A number that programs do not compute with, as so many bytes, and where C has it lie if it has such a number.
    Number(u32, Option<u32>),
    /// A type by its name.
    Named(String),
    /// So many items.
    Array(Box<Wire>, u32),
    /// A number of so many bits that is 0 or 1, and the value if it is 1.
    Option(u32, Box<Wire>),
    /// A number of as many bits as said that tells how many bytes follow, and UTF-8; without a number if that is 0.
    Text(u32),
    /// The same with bytes of any value.
    Bytes(u32),
    /// A number of as many bits as said that tells how many items follow, and these; without a number if that is 0.
    List(u32, Box<Wire>),
    /// Fields, one after the other, of a type that has no name.
    Fields(Vec<(String, Wire)>),
    /// These bytes.
    Constant(Vec<u8>),
    /// Bytes that the caller makes, because of what is said here.
    Raw(String),
}

/// What a type with a name consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum WireShape {
    /// Fields, one after the other.
    Record(Vec<(String, Wire)>),
    /// The number of one of several variants, and its fields.
    Enum(Vec<WireVariant>),
    /// Bytes that the caller makes, because of what is said here.
    Raw(String),
}

/// A variant of an enum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct WireVariant {
    /// Its name.
    pub name: String,
    /// The bytes before its fields.
    pub tag: Vec<u8>,
    /// Its fields.
    pub fields: Vec<(String, Wire)>,
}

/// A type with a name, and its size if the description states one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct WireType {
    /// What it consists of.
    pub shape: WireShape,
    /// What its values are padded to.
    pub size: Option<u32>,
    /// Where its fields lie, if it is a record.
    pub placing: Placing,
}

impl Wire {
    /// The type whose values in memory are these bytes, if they may have one length.
    pub(super) fn fixed(&self) -> Option<DataType> {
        match self {
            Wire::Plain(ty) => Some(ty.clone()),
            Wire::Number(bytes, _) => Some(DataType::Array(Box::new(DataType::Integer(false, 8)), *bytes)),
            Wire::Named(name) => Some(DataType::Named(name.clone())),
            Wire::Array(item, length) => Some(DataType::Array(Box::new(item.fixed()?), *length)),
            Wire::Fields(fields) if fields.is_empty() => Some(DataType::Null),
            _ => None,
        }
    }

    /// Where C has it lie, if that does not follow from its type in programs: `None` in it if C has no such thing.
    pub(super) fn alignment(&self) -> Option<Option<u32>> {
        match self {
            Wire::Number(_, alignment) => Some(*alignment),
            Wire::Array(item, _) => item.alignment(),
            _ => None,
        }
    }

    /// How many types there are in it.
    pub(super) fn parts(&self) -> usize {
        match self {
            Wire::Array(item, _) | Wire::Option(_, item) | Wire::List(_, item) => 1 + item.parts(),
            Wire::Fields(fields) => 1 + fields.iter().map(|(_, wire)| wire.parts()).sum::<usize>(),
            _ => 1,
        }
    }

    /// A list, which is one of bytes if its items are.
    pub(super) fn list(bits: u32, item: Wire) -> Wire {
        match item {
            Wire::Plain(DataType::Integer(false, 8)) => Wire::Bytes(bits),
            item => Wire::List(bits, Box::new(item)),
        }
    }

    /// Pairs, as in a map.
    pub(super) fn pairs(bits: u32, key: Wire, value: Wire) -> Wire {
        let fields = vec![("key".to_string(), key), ("value".to_string(), value)];
        Wire::List(bits, Box::new(Wire::Fields(fields)))
    }
}
