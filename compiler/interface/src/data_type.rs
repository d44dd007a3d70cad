//! The types of data, and the text that they are in the JSON of an interface: `u64`, `(array u8 32)`, `(option Place)`.
//!
//! Start with [`DataType`].

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;

/// Types nest at most so deeply.
const MAX_DEPTH: u32 = 64;

/// The type of data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DataType {
    /// A byte that is 0 or 1.
    Bool,
    /// An integer: whether it has a sign, and its bits.
    Integer(bool, u32),
    /// 32 bytes.
    Pubkey,
    /// Nothing.
    Null,
    /// A byte, then the room of a value.
    Option(Box<DataType>),
    /// So many values, one after the other.
    Array(Box<DataType>, u32),
    /// A record or an enum of the interface.
    Named(String),
    /// What callers can not write: the compiler's name for it.
    Other(String),
}

impl DataType {
    /// A name in the type that is not known.
    pub(crate) fn unknown_name(&self, known: &BTreeSet<&str>) -> Option<String> {
        match self {
            DataType::Option(item) | DataType::Array(item, _) => item.unknown_name(known),
            DataType::Named(name) if !known.contains(name.as_str()) => Some(name.clone()),
            _ => None,
        }
    }

    /// Reads the text of a type.
    pub fn from_text(text: &str) -> Option<DataType> {
        read(text, 0)
    }
}

fn read(text: &str, depth: u32) -> Option<DataType> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let (head, rest) = inner.split_once(' ')?;
        return match head {
            "option" => Some(DataType::Option(Box::new(read(rest, depth + 1)?))),
            "array" => {
                let (item, length) = rest.rsplit_once(' ')?;
                Some(DataType::Array(Box::new(read(item, depth + 1)?), length.parse().ok()?))
            }
            "unknown" => Some(DataType::Other(rest.to_string())),
            _ => None,
        };
    }
    match text {
        "bool" => Some(DataType::Bool),
        "pubkey" => Some(DataType::Pubkey),
        "null" => Some(DataType::Null),
        _ => match ["8", "16", "32", "64", "128"].into_iter().find(|bits| text.get(1..) == Some(bits)) {
            Some(bits) if text.starts_with(['i', 'u']) => {
                Some(DataType::Integer(text.starts_with('i'), bits.parse().ok()?))
            }
            _ => {
                let is_part = |character: char| character.is_whitespace() || "()[]{}\"".contains(character);
                (!text.is_empty() && !text.contains(is_part)).then(|| DataType::Named(text.to_string()))
            }
        },
    }
}

impl std::fmt::Display for DataType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DataType::Bool => f.write_str("bool"),
            DataType::Integer(signed, bits) => write!(f, "{}{bits}", if *signed { 'i' } else { 'u' }),
            DataType::Pubkey => f.write_str("pubkey"),
            DataType::Null => f.write_str("null"),
            DataType::Option(item) => write!(f, "(option {item})"),
            DataType::Array(item, length) => write!(f, "(array {item} {length})"),
            DataType::Named(name) => f.write_str(name),
            DataType::Other(text) => write!(f, "(unknown {text})"),
        }
    }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DataType, D::Error> {
        let text = String::deserialize(deserializer)?;
        DataType::from_text(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no type")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_reads_back() {
        let place = DataType::Named("Place-2?".to_string());
        let types = [
            DataType::Bool,
            DataType::Integer(true, 128),
            DataType::Integer(false, 8),
            DataType::Null,
            DataType::Other("(array u8)".to_string()),
            DataType::Array(Box::new(DataType::Option(Box::new(place))), 7),
        ];
        for ty in types {
            assert_eq!(DataType::from_text(&ty.to_string()), Some(ty));
        }
    }

    #[test]
    fn other_text_is_no_type() {
        let deep = format!("{}u8{}", "(option ".repeat(100_000), ")".repeat(100_000));
        for text in
            ["", "(", ")", "(array u8)", "(array u8 -1)", "(list u8)", "a b", "(option )", deep.as_str()]
        {
            assert_eq!(DataType::from_text(text), None, "{text:.40}");
        }
        // Not a width of ours, so a name.
        assert_eq!(DataType::from_text("u12"), Some(DataType::Named("u12".to_string())));
    }
}
