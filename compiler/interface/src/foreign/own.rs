//! Our own format: everything in it can be written by programs.

use super::placing::Placing;
use super::sequence::Wire;
use super::{Account, Call, Raw, RawCall, RawPart, RawShape, Shape};
use crate::model::{self, Field, Interface};

/// Reads an interface.
///
/// # Errors
/// It is none.
pub(super) fn read(text: &str) -> Result<Raw, String> {
    let interface = Interface::from_text(text)?;
    let calls = interface.instructions.into_iter().map(|instruction| {
        let mut parts = vec![RawPart::Bytes(instruction.discriminator)];
        let arguments = instruction.arguments.into_iter();
        parts.extend(arguments.map(|field| RawPart::Argument(field.name, Wire::Fixed(field.ty))));
        let accounts = instruction.accounts.into_iter().map(|account| Account {
            name: account.name,
            signer: account.signer,
            writable: account.writable,
            optional: account.optional,
        });
        let call = Call {
            name: instruction.name,
            docs: instruction.docs,
            accounts: accounts.collect(),
            parts: Vec::new(),
        };
        Ok(RawCall { call, parts })
    });
    let fields = |fields: Vec<Field>| fields.into_iter().map(|field| (field.name, field.ty)).collect();
    let types = interface.types.into_iter().map(|named| {
        let shape = match named.shape {
            model::Shape::Record(all) => Shape::Record(fields(all)),
            model::Shape::Enum(variants) => {
                Shape::Enum(variants.into_iter().map(|it| (it.name, fields(it.fields))).collect())
            }
        };
        let placing = if named.aligned { Placing::Aligned } else { Placing::Packed };
        (named.name, Ok(RawShape { shape, size: Some(named.size), placing }))
    });
    Ok(Raw {
        name: interface.name,
        address: interface.address.filter(|address| model::is_key(address)),
        docs: interface.docs,
        calls: calls.collect(),
        types: types.collect(),
        records: std::collections::BTreeMap::new(),
    })
}
