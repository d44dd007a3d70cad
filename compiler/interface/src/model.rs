//! The interface of a program: everything that a caller has to know, and nothing that depends on how the program is built.
//!
//! The layouts are exact: fields follow one another without padding, unless their record is aligned; integers are little endian, an option is a byte and
//! always the room of its value, an enum is a byte and always the room of its largest variant. The same value always has
//! the same text in JSON. Start with [`Interface`].

pub use crate::data_type::DataType;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The version of the JSON text of an interface.
pub const FORMAT: u32 = 1;

/// The interface of a program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Interface {
    /// The version of this format: [`FORMAT`].
    pub format: u32,
    /// The name of the program.
    pub name: String,
    /// Its address in base58, if the program states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the program says about itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<String>,
    /// The instructions, in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<Instruction>,
    /// The types of accounts that the program owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Layout>,
    /// What it logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Layout>,
    /// Its errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorCode>,
    /// Records and enums that the others mention.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<NamedType>,
}

/// An instruction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Instruction {
    /// Its name.
    pub name: String,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<String>,
    /// The first bytes of the instruction data.
    #[serde(with = "hexadecimal::of_any_length")]
    pub discriminator: Vec<u8>,
    /// What follows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Field>,
    /// The accounts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<InstructionAccount>,
    /// What it costs, if this describes a build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// What an instruction costs at most, as one build of the program does it. It is no promise to callers, and no part of the
/// hash of the interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Cost {
    /// The bound, in compute units, from the entry on; nothing if there is none.
    pub units: Option<u64>,
    /// True if other programs are called, whose units are not in the bound.
    #[serde(default, skip_serializing_if = "is_false")]
    pub calls_programs: bool,
    /// The bound if each search for an address ends with its first try; nothing if there is no search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units_with_one_try_each: Option<u64>,
    /// What the source declares as the most: `(declare (cu-max …))`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// An account of an instruction.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct InstructionAccount {
    /// Its name.
    pub name: String,
    /// True if it has to sign.
    #[serde(default, skip_serializing_if = "is_false")]
    pub signer: bool,
    /// True if the instruction may change it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub writable: bool,
    /// True if it may be left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The type of account that it is, if it is one of the program's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Its address, if there is only one that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The program that has to own it, if it is another than this one and there is only one that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How its address is derived, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Vec<Seed>>,
    /// What stands for the address, the seeds and the owner that only the program can compute: as long as it is the same, so is
    /// what the program does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed: Option<String>,
    /// What else is said about it, as it was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<(String, String)>,
}

impl InstructionAccount {
    /// True if a caller can find the address from the other accounts' addresses and the arguments.
    pub fn is_derivable(&self) -> bool {
        self.seeds.as_ref().is_some_and(|seeds| {
            seeds.iter().all(|seed| !matches!(seed, Seed::AccountField(..) | Seed::Expression(_)))
        })
    }
}

/// A part of what an address is derived from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seed {
    /// Fixed bytes.
    #[serde(with = "hexadecimal::of_any_length")]
    Bytes(Vec<u8>),
    /// A fixed key, in base58.
    Key(String),
    /// The address of another account of the instruction.
    Account(String),
    /// The bytes of an argument.
    Argument(String),
    /// The bytes of a field of an argument.
    ArgumentField(String, String),
    /// The address of the program.
    Program,
    /// A field of an account: its bytes are on chain only.
    AccountField(String, String),
    /// Something that only the program can compute, as it was written.
    Expression(String),
}

/// A record with an exact layout after eight bytes that tell what it is: an account or an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Layout {
    /// Its name.
    pub name: String,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<String>,
    /// The first bytes.
    #[serde(with = "hexadecimal")]
    pub discriminator: [u8; 8],
    /// What follows them.
    pub fields: Vec<Field>,
    /// The size of all of it, the first bytes included.
    pub size: u32,
    /// True if its fields lie where C places them, with room between them that means nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub aligned: bool,
}

/// A field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: DataType,
    /// Where it begins: in the account, the event, the instruction data or the record. Of a variant of an enum, after the
    /// byte that tells which variant it is.
    pub offset: u32,
    /// How many bytes it takes.
    pub size: u32,
}

/// An error of the program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErrorCode {
    /// Its name.
    pub name: String,
    /// The code that a transaction shows.
    pub code: u32,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A record or an enum.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NamedType {
    /// Its name.
    pub name: String,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<String>,
    /// The size of a value.
    pub size: u32,
    /// True for a record whose fields lie where C places them, with room between them that means nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub aligned: bool,
    /// What it consists of.
    pub shape: Shape,
}

/// What a type consists of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Fields, one after the other.
    Record(Vec<Field>),
    /// One of several variants; the first byte tells which.
    Enum(Vec<Variant>),
}

/// A variant of an enum.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The size of its fields.
    pub size: u32,
}

impl Interface {
    /// An interface that offers nothing.
    pub fn new(name: impl Into<String>) -> Interface {
        Interface {
            format: FORMAT,
            name: name.into(),
            address: None,
            docs: Vec::new(),
            instructions: Vec::new(),
            accounts: Vec::new(),
            events: Vec::new(),
            errors: Vec::new(),
            types: Vec::new(),
        }
    }

    /// True if there is nothing that a caller could use.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
            && self.accounts.is_empty()
            && self.events.is_empty()
            && self.errors.is_empty()
    }

    /// The named type of a name.
    pub fn named(&self, name: &str) -> Option<&NamedType> {
        self.types.iter().find(|named| named.name == name)
    }

    /// The type of accounts of a name.
    pub fn account(&self, name: &str) -> Option<&Layout> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The JSON text, on one line.
    pub fn to_text(&self) -> String {
        // Nothing in it can fail: there are no maps with keys that are no strings.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The JSON text for people: one item on a line.
    pub fn to_pretty_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the JSON text. Of what it says, only what fits together is accepted.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_text(text: &str) -> Result<Interface, String> {
        let interface: Interface = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if interface.format != FORMAT {
            return Err(format!(
                "it has format {}, and this compiler reads format {FORMAT}",
                interface.format
            ));
        }
        // A type mentions those before it only, so that none contains itself.
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for named in &interface.types {
            let unknown = named.shape.fields().into_iter().find_map(|field| field.ty.unknown_name(&known));
            if let Some(name) = unknown {
                return Err(format!(
                    "its type `{}` uses `{name}`, which is not defined before it",
                    named.name
                ));
            }
            if !known.insert(&named.name) {
                return Err(format!("it defines the type `{}` twice", named.name));
            }
        }
        let unknown = interface.data_types().into_iter().find_map(|ty| ty.unknown_name(&known));
        match unknown {
            Some(name) => Err(format!("it uses the type `{name}`, which it does not define")),
            None => Ok(interface),
        }
    }

    /// The SHA-256 of the JSON text without costs: they are those of a build, and callers do not depend on them.
    pub fn hash(&self) -> [u8; 32] {
        let mut plain = self.clone();
        plain.instructions.iter_mut().for_each(|instruction| instruction.cost = None);
        Sha256::digest(plain.to_text().as_bytes()).into()
    }

    fn data_types(&self) -> Vec<&DataType> {
        let arguments = self.instructions.iter().flat_map(|instruction| &instruction.arguments);
        let layouts = self.accounts.iter().chain(&self.events).flat_map(|layout| &layout.fields);
        arguments.chain(layouts).map(|field| &field.ty).collect()
    }
}

/// What stands for a text that is too long to be kept: the first half of its SHA-256.
pub fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex(digest.get(..16).unwrap_or_default())
}

/// True if a text is an address: 32 bytes in base58.
pub fn is_key(text: &str) -> bool {
    // Longer texts are no keys, and would take long to decode.
    text.len() <= 44 && bs58::decode(text).into_vec().is_ok_and(|bytes| bytes.len() == 32)
}

impl Shape {
    /// The fields of the record, or of all variants.
    pub fn fields(&self) -> Vec<&Field> {
        match self {
            Shape::Record(fields) => fields.iter().collect(),
            Shape::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields).collect(),
        }
    }

    /// The size of the largest variant; 0 for a record.
    pub fn payload(&self) -> u32 {
        match self {
            Shape::Record(_) => 0,
            Shape::Enum(variants) => variants.iter().map(|variant| variant.size).max().unwrap_or(0),
        }
    }

    /// True if all variants take the same room, so that nothing follows the fields of one.
    pub fn is_even(&self) -> bool {
        match self {
            Shape::Record(_) => true,
            Shape::Enum(variants) => variants.iter().all(|variant| variant.size == self.payload()),
        }
    }
}

/// What is false is left out of the text.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Bytes as digits in the text.
mod hexadecimal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 8], D::Error> {
        let bytes = of_any_length::deserialize(deserializer)?;
        bytes.try_into().map_err(|_| D::Error::custom("these are not eight bytes"))
    }

    pub(super) mod of_any_length {
        use super::{Deserialize, Deserializer, Error, Serializer};

        pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&crate::model::hex(bytes))
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
            let text = String::deserialize(deserializer)?;
            crate::model::from_hex(&text)
                .ok_or_else(|| D::Error::custom(format!("`{text}` is not made of hexadecimal bytes")))
        }
    }
}

/// The bytes of digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Bytes as digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_two_digits_each() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(hex(&all), all.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    #[test]
    fn the_text_reads_back_and_is_checked() {
        let mut interface = Interface::new("p");
        interface.accounts.push(Layout {
            name: "A".to_string(),
            docs: Vec::new(),
            discriminator: [1; 8],
            fields: vec![Field {
                name: "x".to_string(),
                ty: DataType::Option(Box::new(DataType::Named("T".to_string()))),
                offset: 8,
                size: 2,
            }],
            size: 10,
            aligned: false,
        });
        let fault = Interface::from_text(&interface.to_text()).unwrap_err();
        assert!(fault.contains("`T`"), "{fault}");
        interface.types.push(NamedType {
            name: "T".to_string(),
            docs: Vec::new(),
            size: 1,
            aligned: false,
            shape: Shape::Enum(Vec::new()),
        });
        assert_eq!(Interface::from_text(&interface.to_text()), Ok(interface.clone()));
        interface.format = 7;
        assert!(Interface::from_text(&interface.to_text()).unwrap_err().contains("format 7"));
    }
}
