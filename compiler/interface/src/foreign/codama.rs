//! The format of Codama: a root node.
//!
//! It says exactly how values lie in memory, so that what is padded to a fixed size can be told from what is not.

use super::placing::Placing;
use super::sequence::{Sequence, Wire};
use super::{
    Account, Call, Raw, RawCall, RawPart, RawShape, Shape, docs_of, flag, items, plain, short, text_of,
};
use crate::model::{DataType, from_hex, is_key};
use serde_json::Value;

/// Reads a description.
///
/// # Errors
/// It lacks what every description has.
pub(super) fn read(root: &Value) -> Result<Raw, String> {
    let program = root.get("program").ok_or("it has no program")?;
    let address = text_of(program, "publicKey");
    let mut raw = Raw {
        name: text_of(program, "name").ok_or("it does not say the name of the program")?,
        // What stands for an address that nobody knows is that of the system program.
        address: address.filter(|address| is_key(address) && address.bytes().any(|byte| byte != b'1')),
        docs: docs_of(program),
        ..Raw::default()
    };
    for node in items(program, "definedTypes")? {
        let Some(name) = text_of(node, "name") else { continue };
        let ty = node.get("type").unwrap_or(&Value::Null);
        if let Some(fields) = wires(ty) {
            raw.records.insert(name.clone(), fields);
        }
        raw.types.insert(name, shape(ty));
    }
    for node in items(program, "instructions")? {
        let name = text_of(node, "name").ok_or("one of its instructions has no name")?;
        raw.calls.push(call(node, &name).map_err(|reason| (name, reason)));
    }
    Ok(raw)
}

fn kind(node: &Value) -> &str {
    node.get("kind").and_then(Value::as_str).unwrap_or_default()
}

fn call(node: &Value, name: &str) -> Result<RawCall, String> {
    let is_by_place = text_of(node, "optionalAccountStrategy").as_deref() != Some("omitted");
    let mut accounts = Vec::new();
    for account in items(node, "accounts")? {
        let optional = flag(account, "isOptional");
        if optional && !is_by_place {
            return Err("accounts of it are left out without anything in their place".to_string());
        }
        accounts.push(Account {
            name: text_of(account, "name").ok_or("one of its accounts has no name")?,
            // "either" is for callers to choose: the account is passed on as it is.
            signer: flag(account, "isSigner"),
            writable: flag(account, "isWritable"),
            optional,
        });
    }
    let mut parts = Vec::new();
    for argument in items(node, "arguments")? {
        let name = text_of(argument, "name").ok_or("one of its arguments has no name")?;
        let ty = argument.get("type").unwrap_or(&Value::Null);
        let faulty = |reason: String| format!("its argument `{name}`: {reason}");
        if text_of(argument, "defaultValueStrategy").as_deref() == Some("omitted") {
            let value = argument.get("defaultValue").unwrap_or(&Value::Null);
            parts.push(RawPart::Bytes(constant(ty, value).map_err(faulty)?));
        } else {
            let wire = wire_of(ty, 0).map_err(faulty)?;
            parts.push(RawPart::Argument(name.clone(), wire));
        }
    }
    let call = Call { name: name.to_string(), docs: docs_of(node), accounts, parts: Vec::new() };
    Ok(RawCall { call, parts })
}

/// The bytes of a value that is written out.
fn constant(ty: &Value, value: &Value) -> Result<Vec<u8>, String> {
    match kind(value) {
        "bytesValueNode" => {
            let data = value.get("data").and_then(Value::as_str).filter(|data| data.len() <= 4096);
            let data = data.ok_or("its bytes can not be read")?;
            let bytes = match text_of(value, "encoding").as_deref() {
                Some("base16") => from_hex(data),
                Some("base58") => bs58::decode(data).into_vec().ok(),
                Some("utf8") => Some(data.as_bytes().to_vec()),
                _ => None,
            };
            bytes.ok_or_else(|| "its bytes are in an encoding that is not known".to_string())
        }
        "numberValueNode" => {
            let number = value.get("number").and_then(Value::as_i64).map(i128::from);
            let number = number.or_else(|| value.get("number")?.as_u64().map(i128::from));
            let number = number.ok_or("it is no whole number")?;
            let DataType::Integer(signed, bits) = type_of(ty, 0)? else {
                return Err("a number has a type of numbers".to_string());
            };
            let room = bits.min(127);
            let least = if signed { -(1i128 << (room - 1).min(126)) } else { 0 };
            let most = if signed { (1i128 << (room - 1).min(126)) - 1 } else { (1i128 << room.min(126)) - 1 };
            if number < least || number > most {
                return Err(format!("{number} does not fit into its type"));
            }
            Ok(number.to_le_bytes().into_iter().take(bits as usize / 8).collect())
        }
        "booleanValueNode" => Ok(vec![u8::from(flag(value, "boolean"))]),
        _ => Err("its value is not written out".to_string()),
    }
}

/// True if what tells whether there is something, or which variant it is, is one byte.
fn is_byte(node: Option<&Value>) -> Result<(), String> {
    match node.map(|node| type_of(node, 0)) {
        None | Some(Ok(DataType::Integer(false, 8))) => Ok(()),
        _ => Err("what tells its kind is not one byte".to_string()),
    }
}

fn shape(node: &Value) -> Result<RawShape, String> {
    match kind(node) {
        "structTypeNode" => {
            Ok(RawShape { shape: Shape::Record(fields(node)?), size: None, placing: Placing::Packed })
        }
        "tupleTypeNode" => {
            Ok(RawShape { shape: Shape::Record(tuple(node)?), size: None, placing: Placing::Packed })
        }
        "enumTypeNode" => {
            is_byte(node.get("size"))?;
            let mut variants = Vec::new();
            for variant in items(node, "variants")? {
                let name = text_of(variant, "name").ok_or("one of its variants has no name")?;
                if variant.get("discriminator").is_some_and(|it| it.as_u64() != Some(variants.len() as u64)) {
                    return Err(format!("its variant `{name}` has a number of its own"));
                }
                let fields = match kind(variant) {
                    "enumEmptyVariantTypeNode" => Vec::new(),
                    "enumStructVariantTypeNode" => fields(variant.get("struct").unwrap_or(&Value::Null))?,
                    "enumTupleVariantTypeNode" => tuple(variant.get("tuple").unwrap_or(&Value::Null))?,
                    _ => return Err(format!("its variant `{name}` can not be read")),
                };
                variants.push((name, fields));
            }
            Ok(RawShape { shape: Shape::Enum(variants), size: None, placing: Placing::Packed })
        }
        "fixedSizeTypeNode" if kind(node.get("type").unwrap_or(&Value::Null)) == "enumTypeNode" => {
            let inner = shape(node.get("type").unwrap_or(&Value::Null))?;
            Ok(RawShape { size: Some(number_of(node, "size")?), ..inner })
        }
        _ => Ok(RawShape {
            shape: Shape::Record(vec![("value".to_string(), type_of(node, 0)?)]),
            size: None,
            placing: Placing::Packed,
        }),
    }
}

fn fields(node: &Value) -> Result<Vec<(String, DataType)>, String> {
    if kind(node) != "structTypeNode" {
        return Err("it is no struct".to_string());
    }
    let field = |node: &Value| {
        let name = text_of(node, "name").ok_or("one of its fields has no name")?;
        if text_of(node, "defaultValueStrategy").as_deref() == Some("omitted") {
            return Err(format!("the value of the field `{name}` is given"));
        }
        let ty = type_of(node.get("type").unwrap_or(&Value::Null), 0);
        Ok((name.clone(), ty.map_err(|reason| format!("the field `{name}`: {reason}"))?))
    };
    items(node, "fields")?.iter().map(field).collect()
}

fn tuple(node: &Value) -> Result<Vec<(String, DataType)>, String> {
    let item = |(place, node): (usize, &Value)| Ok((format!("item-{}", place + 1), type_of(node, 0)?));
    items(node, "items")?.iter().enumerate().map(item).collect()
}

fn number_of(node: &Value, member: &str) -> Result<u32, String> {
    let number = node.get(member).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| format!("its `{member}` is no number"))
}

/// The fields of a record, which may be of any length.
fn wires(node: &Value) -> Option<Vec<(String, Result<Wire, String>)>> {
    if kind(node) != "structTypeNode" {
        return None;
    }
    let field = |node: &Value| {
        let name = text_of(node, "name")?;
        let wire = match text_of(node, "defaultValueStrategy").as_deref() {
            Some("omitted") => Err(format!("the value of the field `{name}` is given")),
            _ => wire_of(node.get("type").unwrap_or(&Value::Null), 0),
        };
        Some((name, wire))
    };
    items(node, "fields").ok()?.iter().map(field).collect()
}

/// The bits of the number before a sequence.
fn prefix_bits(node: Option<&Value>) -> Result<u32, String> {
    match node.map(|node| type_of(node, 0)) {
        Some(Ok(DataType::Integer(false, bits @ (8 | 16 | 32 | 64)))) => Ok(bits),
        _ => Err("what tells its length is no number that programs write".to_string()),
    }
}

/// A type of any length.
fn wire_of(node: &Value, depth: usize) -> Result<Wire, String> {
    let none = Value::Null;
    let member = |name: &str| node.get(name).unwrap_or(&none);
    let of = |inner: &Value| match kind(inner) {
        "stringTypeNode" if text_of(inner, "encoding").is_none_or(|it| it == "utf8") => Some(Sequence::Text),
        "bytesTypeNode" => Some(Sequence::Bytes),
        _ => None,
    };
    match kind(node) {
        "optionTypeNode" if !flag(node, "fixed") => {
            is_byte(node.get("prefix"))?;
            match depth {
                0 => Ok(Wire::Option(Box::new(wire_of(member("item"), 1)?))),
                _ => Err("an option of an option has no value in programs".to_string()),
            }
        }
        "sizePrefixTypeNode" => match of(member("type")) {
            Some(of) => Ok(Wire::Sequence(prefix_bits(node.get("prefix"))?, of)),
            None => Err("a length stands before something that is no text".to_string()),
        },
        "arrayTypeNode" => match kind(member("count")) {
            "prefixedCountNode" => {
                let bits = prefix_bits(member("count").get("prefix"))?;
                Ok(Wire::Sequence(bits, Sequence::List(type_of(member("item"), 0)?)))
            }
            "remainderCountNode" => Ok(Wire::Sequence(0, Sequence::List(type_of(member("item"), 0)?))),
            _ => type_of(node, 0).map(Wire::Fixed),
        },
        _ => match of(node) {
            Some(of) => Ok(Wire::Sequence(0, of)),
            None => type_of(node, 0).map(Wire::Fixed),
        },
    }
}

fn type_of(node: &Value, depth: usize) -> Result<DataType, String> {
    if depth > super::MAX_DEPTH {
        return Err("its type is nested too deeply".to_string());
    }
    let inner = |member: &str| type_of(node.get(member).unwrap_or(&Value::Null), depth + 1);
    match kind(node) {
        "numberTypeNode" => {
            if text_of(node, "endian").as_deref() == Some("be") {
                return Err("its bytes come in the other order".to_string());
            }
            let format = text_of(node, "format").unwrap_or_default();
            plain(&format).ok_or_else(|| format!("programs have no type `{}`", short(&format)))
        }
        "booleanTypeNode" => is_byte(node.get("size")).map(|()| DataType::Bool),
        "publicKeyTypeNode" => Ok(DataType::Pubkey),
        "amountTypeNode" | "solAmountTypeNode" | "dateTimeTypeNode" => inner("number"),
        "definedTypeLinkNode" => {
            text_of(node, "name").map(DataType::Named).ok_or_else(|| "its type has no name".to_string())
        }
        "optionTypeNode" if flag(node, "fixed") => {
            is_byte(node.get("prefix"))?;
            Ok(DataType::Option(Box::new(inner("item")?)))
        }
        "optionTypeNode" => Err("an option inside of something else has no fixed length".to_string()),
        "arrayTypeNode" => {
            let count = node.get("count").unwrap_or(&Value::Null);
            match kind(count) {
                "fixedCountNode" => Ok(DataType::Array(Box::new(inner("item")?), number_of(count, "value")?)),
                _ => Err("a list has no fixed length".to_string()),
            }
        }
        "fixedSizeTypeNode" => match kind(node.get("type").unwrap_or(&Value::Null)) {
            "bytesTypeNode" | "stringTypeNode" => {
                let byte = Box::new(DataType::Integer(false, 8));
                Ok(DataType::Array(byte, number_of(node, "size")?))
            }
            _ => Err("it is padded to another size".to_string()),
        },
        "tupleTypeNode" if items(node, "items")?.is_empty() => Ok(DataType::Null),
        "bytesTypeNode" | "stringTypeNode" | "sizePrefixTypeNode" | "mapTypeNode" | "setTypeNode" => {
            Err("text, bytes and lists without a size have no fixed length".to_string())
        }
        other => Err(format!("programs have no type for `{}`", short(other))),
    }
}
