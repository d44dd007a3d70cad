//! The bytes of records that mean nothing: those between the fields of aligned ones, and after them.
//!
//! The offsets of an interface say where they are. Formats and clients of others have fields one after the other, so each
//! writer puts something there; what, is its own business. Start with [`with_gaps`].

use crate::model::{DataType, Field, Interface, Shape};
use std::collections::BTreeSet;

/// The fields, each with the number of bytes after it that belong to none; `end` is where all of it ends, counted as the
/// offsets of the fields are.
pub(crate) fn with_gaps(fields: &[Field], end: u32) -> impl Iterator<Item = (&Field, u32)> {
    let next = fields.iter().skip(1).map(|field| field.offset).chain([end]);
    fields
        .iter()
        .zip(next)
        .map(|(field, next)| (field, next.saturating_sub(field.offset.saturating_add(field.size))))
}

/// The accounts and records that a program in Rust can use where their bytes lie: aligned ones of integers up to a word, keys,
/// arrays, and such records. How integers of 16 bytes are aligned depends on the machine. Readers of the format of Anchor use a
/// type either so or with Borsh, so what stands among arguments, in events or in other records is none of them.
pub(crate) fn used_in_place(interface: &Interface) -> BTreeSet<&str> {
    let accounts = interface
        .accounts
        .iter()
        .map(|layout| (layout.name.as_str(), layout.aligned, layout.fields.iter().collect()));
    let types = interface.types.iter().map(|named| {
        let is_record = matches!(named.shape, Shape::Record(_));
        (named.name.as_str(), named.aligned && is_record, named.shape.fields())
    });
    let all: Vec<(&str, bool, Vec<&Field>)> = accounts.chain(types).collect();
    let mut found: BTreeSet<&str> =
        all.iter().filter(|(_, aligned, _)| *aligned).map(|(name, ..)| *name).collect();
    let arguments = interface.instructions.iter().flat_map(|instruction| &instruction.arguments);
    let elsewhere = arguments.chain(interface.events.iter().flat_map(|event| &event.fields));
    for name in elsewhere.filter_map(|field| name_in(&field.ty)) {
        found.remove(name);
    }
    for event in &interface.events {
        found.remove(event.name.as_str());
    }
    // A type that is none takes those that it uses along, and those that use it.
    loop {
        let before = found.len();
        for (name, _, fields) in &all {
            if !fields.iter().all(|field| is_of_c(&field.ty, &found)) {
                found.remove(name);
            }
            if !found.contains(name) {
                for used in fields.iter().filter_map(|field| name_in(&field.ty)) {
                    found.remove(used);
                }
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn name_in(ty: &DataType) -> Option<&str> {
    match ty {
        DataType::Named(name) => Some(name),
        DataType::Option(item) | DataType::Array(item, _) => name_in(item),
        _ => None,
    }
}

fn is_of_c(ty: &DataType, records: &BTreeSet<&str>) -> bool {
    match ty {
        DataType::Integer(_, bits) => *bits <= 64,
        DataType::Pubkey => true,
        DataType::Array(item, _) => is_of_c(item, records),
        DataType::Named(name) => records.contains(name.as_str()),
        DataType::Bool | DataType::Null | DataType::Option(_) | DataType::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_no_field_covers() {
        let field = |bits: u32, offset: u32| Field {
            name: "x".to_string(),
            ty: DataType::Integer(false, bits),
            offset,
            size: bits / 8,
        };
        let fields = [field(8, 8), field(64, 16), field(16, 24)];
        let gaps: Vec<u32> = with_gaps(&fields, 32).map(|(_, gap)| gap).collect();
        assert_eq!(gaps, [7, 0, 6]);
        assert_eq!(with_gaps(&[], 32).count(), 0);
    }
}
