//! Our own format: everything in it can be written by programs.

use super::placing::Placing;
use super::wire::{Wire, WireShape, WireType, WireVariant};
use super::{Account, Call, Raw, RawCall, RawPart};
use crate::model::{self, DataType, Field, Interface};

/// Reads an interface.
///
/// # Errors
/// It is none.
pub(super) fn read(text: &str) -> Result<Raw, String> {
    let interface = Interface::from_text(text)?;
    let calls = interface.instructions.into_iter().map(|instruction| {
        let mut parts = vec![RawPart::Bytes(instruction.discriminator)];
        let arguments = instruction.arguments.into_iter();
        parts.extend(arguments.map(|field| RawPart::Argument(field.name, wire(field.ty))));
        let accounts = instruction.accounts.into_iter().map(|account| Account {
            name: account.name,
            signer: account.signer,
            writable: account.writable,
            optional: account.optional,
            omitted: false,
        });
        let call = Call {
            name: instruction.name,
            docs: instruction.docs,
            accounts: accounts.collect(),
            parts: Vec::new(),
        };
        Ok(RawCall { call, parts })
    });
    let types = interface.types.into_iter().map(|named| {
        let shape = match named.shape {
            model::Shape::Record(all) => WireShape::Record(fields(all)),
            model::Shape::Enum(variants) => {
                WireShape::Enum(variants.into_iter().enumerate().map(variant).collect())
            }
        };
        let placing = if named.aligned { Placing::Aligned } else { Placing::Packed };
        (named.name, WireType { shape, size: Some(named.size), placing })
    });
    Ok(Raw {
        name: interface.name,
        address: interface.address.filter(|address| model::is_key(address)),
        docs: interface.docs,
        calls: calls.collect(),
        types: types.collect(),
    })
}

fn fields(fields: Vec<Field>) -> Vec<(String, Wire)> {
    fields.into_iter().map(|field| (field.name, wire(field.ty))).collect()
}

fn variant((place, variant): (usize, model::Variant)) -> WireVariant {
    let tag = vec![u8::try_from(place).unwrap_or_default()];
    WireVariant { name: variant.name, tag, fields: fields(variant.fields) }
}

fn wire(ty: DataType) -> Wire {
    match ty {
        DataType::Named(name) => Wire::Named(name),
        DataType::Array(item, length) => Wire::Array(Box::new(wire(*item)), length),
        ty => Wire::Plain(ty),
    }
}
