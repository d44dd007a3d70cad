//! The format of Codama: a root node.
//!
//! It says exactly how values lie in memory, so that what is padded to a fixed size can be told from what is not.

use super::placing::Placing;
use super::wire::{Wire, WireShape, WireType, WireVariant};
use super::{
    Account, Call, MAX_DEPTH, Raw, RawCall, RawPart, docs_of, flag, items, number, plain, short, text_of,
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
        raw.types.insert(name, shape(node.get("type").unwrap_or(&Value::Null)));
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
        accounts.push(Account {
            name: text_of(account, "name").ok_or("one of its accounts has no name")?,
            // "either" is for callers to choose: the account is passed on as it is.
            signer: flag(account, "isSigner"),
            writable: flag(account, "isWritable"),
            optional,
            omitted: optional && !is_by_place,
        });
    }
    let mut parts = Vec::new();
    for argument in items(node, "arguments")? {
        let name = text_of(argument, "name").ok_or("one of its arguments has no name")?;
        let ty = argument.get("type").unwrap_or(&Value::Null);
        parts.push(match given(argument, ty) {
            // What can not be said here, the caller has to say.
            Some(Ok(bytes)) => RawPart::Bytes(bytes),
            _ => RawPart::Argument(name, wire_of(ty, 0)),
        });
    }
    let call = Call { name: name.to_string(), docs: docs_of(node), accounts, parts: Vec::new() };
    Ok(RawCall { call, parts })
}

/// The bytes of an argument or field that callers do not give.
fn given(node: &Value, ty: &Value) -> Option<Result<Vec<u8>, String>> {
    let is_omitted = text_of(node, "defaultValueStrategy").as_deref() == Some("omitted");
    is_omitted.then(|| constant(ty, node.get("defaultValue").unwrap_or(&Value::Null)))
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
            let is_backward = text_of(ty, "endian").as_deref() == Some("be");
            let Some(DataType::Integer(signed, bits)) = text_of(ty, "format").and_then(|it| plain(&it))
            else {
                return Err("a number has a type of numbers".to_string());
            };
            let room = bits.min(127);
            let least = if signed { -(1i128 << (room - 1).min(126)) } else { 0 };
            let most = if signed { (1i128 << (room - 1).min(126)) - 1 } else { (1i128 << room.min(126)) - 1 };
            if number < least || number > most {
                return Err(format!("{number} does not fit into its type"));
            }
            let mut bytes: Vec<u8> = number.to_le_bytes().into_iter().take(bits as usize / 8).collect();
            if is_backward {
                bytes.reverse();
            }
            Ok(bytes)
        }
        "booleanValueNode" => Ok(vec![u8::from(flag(value, "boolean"))]),
        _ => Err("its value is not written out".to_string()),
    }
}

fn shape(node: &Value) -> WireType {
    let inner = node.get("type").unwrap_or(&Value::Null);
    let shape_of = |shape: Result<WireShape, String>| shape.unwrap_or_else(WireShape::Raw);
    let (shape, size) = match (kind(node), kind(inner)) {
        ("structTypeNode", _) => (shape_of(fields(node, 0).map(WireShape::Record)), None),
        ("tupleTypeNode", _) => (shape_of(tuple(node, 0).map(WireShape::Record)), None),
        ("enumTypeNode", _) => (shape_of(variants(node).map(WireShape::Enum)), None),
        ("fixedSizeTypeNode", "enumTypeNode") => match number_of(node, "size") {
            Ok(size) => (shape_of(variants(inner).map(WireShape::Enum)), Some(size)),
            Err(reason) => (WireShape::Raw(reason), None),
        },
        _ => (WireShape::Record(vec![("value".to_string(), wire_of(node, 0))]), None),
    };
    WireType { shape, size, placing: Placing::Packed }
}

fn variants(node: &Value) -> Result<Vec<WireVariant>, String> {
    let bits = match node.get("size") {
        None => 8,
        size => prefix_bits(size)?,
    };
    let mut variants = Vec::new();
    for variant in items(node, "variants")? {
        let name = text_of(variant, "name").ok_or("one of its variants has no name")?;
        let fields = match kind(variant) {
            "enumEmptyVariantTypeNode" => Vec::new(),
            "enumStructVariantTypeNode" => fields(variant.get("struct").unwrap_or(&Value::Null), 0)?,
            "enumTupleVariantTypeNode" => tuple(variant.get("tuple").unwrap_or(&Value::Null), 0)?,
            _ => return Err(format!("its variant `{name}` can not be read")),
        };
        let number = match variant.get("discriminator") {
            Some(number) => number.as_u64().ok_or("the number of a variant can not be read")?,
            None => variants.len() as u64,
        };
        if bits < 64 && number >> bits != 0 {
            return Err(format!("the number of its variant `{name}` does not fit"));
        }
        let tag = number.to_le_bytes().into_iter().take(bits as usize / 8).collect();
        variants.push(WireVariant { name, tag, fields });
    }
    Ok(variants)
}

fn fields(node: &Value, depth: usize) -> Result<Vec<(String, Wire)>, String> {
    if kind(node) != "structTypeNode" {
        return Err("it is no struct".to_string());
    }
    let field = |node: &Value| {
        let name = text_of(node, "name").ok_or("one of its fields has no name")?;
        let ty = node.get("type").unwrap_or(&Value::Null);
        let wire = match given(node, ty) {
            Some(Ok(bytes)) => Wire::Constant(bytes),
            _ => wire_of(ty, depth),
        };
        Ok((name, wire))
    };
    items(node, "fields")?.iter().map(field).collect()
}

fn tuple(node: &Value, depth: usize) -> Result<Vec<(String, Wire)>, String> {
    let item = |(place, node): (usize, &Value)| (format!("item-{}", place + 1), wire_of(node, depth));
    Ok(items(node, "items")?.iter().enumerate().map(item).collect())
}

fn number_of(node: &Value, member: &str) -> Result<u32, String> {
    let number = node.get(member).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| format!("its `{member}` is no number"))
}

/// The bits of the number before a sequence, an option or a variant.
fn prefix_bits(node: Option<&Value>) -> Result<u32, String> {
    match node.map(|node| wire_of(node, 0)) {
        Some(Wire::Plain(DataType::Integer(false, bits @ (8 | 16 | 32 | 64)))) => Ok(bits),
        _ => Err("what tells its length is no number that programs write".to_string()),
    }
}

/// The bits of the number before an option or a truth value, which is a byte if nothing is said.
fn flag_bits(node: Option<&Value>) -> Result<u32, String> {
    node.map_or(Ok(8), |node| prefix_bits(Some(node)))
}

fn wire_of(node: &Value, depth: usize) -> Wire {
    if depth > MAX_DEPTH {
        return Wire::Raw("its type is nested too deeply".to_string());
    }
    known(node, depth).unwrap_or_else(Wire::Raw)
}

fn known(node: &Value, depth: usize) -> Result<Wire, String> {
    let none = Value::Null;
    let member = |name: &str| node.get(name).unwrap_or(&none);
    let inner = |name: &str| wire_of(member(name), depth + 1);
    let text = |bits: u32, inner: &Value| match kind(inner) {
        "stringTypeNode" if text_of(inner, "encoding").is_none_or(|it| it == "utf8") => {
            Some(Wire::Text(bits))
        }
        "bytesTypeNode" => Some(Wire::Bytes(bits)),
        _ => None,
    };
    let byte = DataType::Integer(false, 8);
    Ok(match kind(node) {
        "numberTypeNode" => {
            let format = text_of(node, "format").unwrap_or_default();
            if let Some(number) = number(&format) {
                return Ok(number);
            }
            let ty = plain(&format).ok_or_else(|| format!("programs have no type `{}`", short(&format)))?;
            match (text_of(node, "endian").as_deref(), ty) {
                // Bytes in the other order are for the caller to make.
                (Some("be"), DataType::Integer(_, bits)) if bits > 8 => {
                    Wire::Plain(DataType::Array(Box::new(byte), bits / 8))
                }
                (_, ty) => Wire::Plain(ty),
            }
        }
        "booleanTypeNode" => match flag_bits(node.get("size"))? {
            8 => Wire::Plain(DataType::Bool),
            bits => Wire::Plain(DataType::Integer(false, bits)),
        },
        "publicKeyTypeNode" => Wire::Plain(DataType::Pubkey),
        "amountTypeNode" | "solAmountTypeNode" | "dateTimeTypeNode" => inner("number"),
        // A type of another program may have the name of one of this program.
        "definedTypeLinkNode" if node.get("program").is_some_and(|program| !program.is_null()) => {
            return Err("its type is described by another program".to_string());
        }
        "definedTypeLinkNode" => Wire::Named(text_of(node, "name").ok_or("its type has no name")?),
        "optionTypeNode" if flag(node, "fixed") => {
            match (inner("item").fixed(), flag_bits(node.get("prefix"))?) {
                (Some(item), 8) => Wire::Plain(DataType::Option(Box::new(item))),
                _ => return Err("an option of it takes the same room if it is not there".to_string()),
            }
        }
        "optionTypeNode" => Wire::Option(flag_bits(node.get("prefix"))?, Box::new(inner("item"))),
        "sizePrefixTypeNode" => match text(prefix_bits(node.get("prefix"))?, member("type")) {
            Some(wire) => wire,
            None => return Err("the number of its bytes stands before it".to_string()),
        },
        "arrayTypeNode" | "setTypeNode" | "mapTypeNode" => {
            let count = member("count");
            let item = match kind(node) {
                "mapTypeNode" => Wire::Fields(vec![
                    ("key".to_string(), inner("key")),
                    ("value".to_string(), inner("value")),
                ]),
                _ => inner("item"),
            };
            match kind(count) {
                "fixedCountNode" => Wire::Array(Box::new(item), number_of(count, "value")?),
                "prefixedCountNode" => Wire::list(prefix_bits(count.get("prefix"))?, item),
                "remainderCountNode" => Wire::list(0, item),
                _ => return Err("how many items it has can not be read".to_string()),
            }
        }
        "fixedSizeTypeNode" => match kind(member("type")) {
            "bytesTypeNode" | "stringTypeNode" => {
                Wire::Plain(DataType::Array(Box::new(byte), number_of(node, "size")?))
            }
            _ => return Err("it is padded to another size".to_string()),
        },
        "tupleTypeNode" => Wire::Fields(tuple(node, depth + 1)?),
        "structTypeNode" => Wire::Fields(fields(node, depth + 1)?),
        other => match text(0, node) {
            Some(wire) => wire,
            None => return Err(format!("programs have no type for `{}`", short(other))),
        },
    })
}
