//! Arguments whose number of bytes only the caller knows: texts, bytes and lists, alone, as an option, or as fields of a
//! record that is an argument. Such a record becomes its fields, each an argument of its own. Start with [`parts`].

use super::{MAX_DEPTH, MAX_ITEMS, Part, short};
use crate::model::DataType;
use std::collections::{BTreeMap, BTreeSet};

/// A type as a description says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wire {
    /// Its values have one length, if its names say nothing else.
    Fixed(DataType),
    /// A number of as many bits as said, and so many bytes or items; without a number if that is 0.
    Sequence(u32, Sequence),
    /// A byte, and the value if there is one.
    Option(Box<Wire>),
}

/// What is in a sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sequence {
    /// UTF-8.
    Text,
    /// Bytes.
    Bytes,
    /// Items of a type.
    List(DataType),
}

/// The fields of records, and which of these have a sequence or an option in them, at any depth.
#[derive(Default)]
pub(super) struct Records {
    fields: BTreeMap<String, Fields>,
    open: BTreeSet<String>,
}

pub(super) type Fields = Vec<(String, Result<Wire, String>)>;

impl Records {
    /// Finds out which records have no fixed length. Linear in their fields.
    pub(super) fn new(fields: BTreeMap<String, Fields>) -> Records {
        let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut waiting: Vec<&str> = Vec::new();
        for (name, wires) in &fields {
            for (_, wire) in wires {
                match wire {
                    Ok(Wire::Fixed(DataType::Named(used))) => users.entry(used).or_default().push(name),
                    Ok(Wire::Sequence(..) | Wire::Option(_)) => waiting.push(name),
                    Ok(Wire::Fixed(_)) | Err(_) => {}
                }
            }
        }
        let mut open = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if open.insert(name.to_string()) {
                waiting.extend(users.get(name).into_iter().flatten());
            }
        }
        Records { open, fields }
    }

    fn is_open(&self, ty: &DataType) -> bool {
        matches!(ty, DataType::Named(name) if self.open.contains(name))
    }
}

/// The parts of an argument, one after the other.
///
/// # Errors
/// Its bytes can not be said part by part.
pub(super) fn parts(name: &str, wire: Wire, records: &Records, parts: &mut Vec<Part>) -> Result<(), String> {
    argument(name, wire, records, 0, parts).map_err(|reason| format!("its argument `{name}`: {reason}"))
}

fn argument(
    name: &str,
    wire: Wire,
    records: &Records,
    depth: usize,
    parts: &mut Vec<Part>,
) -> Result<(), String> {
    if depth > MAX_DEPTH || parts.len() > MAX_ITEMS {
        return Err("its type has too many parts".to_string());
    }
    match wire {
        Wire::Fixed(ty) if records.is_open(&ty) => {
            let fields = match &ty {
                DataType::Named(record) => records.fields.get(record).map(Vec::as_slice).unwrap_or_default(),
                _ => &[],
            };
            for (field, wire) in fields {
                let wire =
                    wire.clone().map_err(|reason| format!("the field `{}`: {reason}", short(field)))?;
                argument(&format!("{name}-{field}"), wire, records, depth + 1, parts)?;
            }
            Ok(())
        }
        Wire::Fixed(ty) => {
            parts.push(Part::Argument(name.to_string(), ty));
            Ok(())
        }
        Wire::Sequence(bits, of) => {
            let optional = false;
            closed(&of, records)?;
            parts.push(Part::Sequence { name: name.to_string(), bits, of, optional });
            Ok(())
        }
        Wire::Option(inner) => match *inner {
            Wire::Fixed(ty) if records.is_open(&ty) => {
                Err("an option of a record with texts or lists in it has no fixed length".to_string())
            }
            Wire::Fixed(ty) => {
                parts.push(Part::Optional(name.to_string(), ty));
                Ok(())
            }
            Wire::Sequence(bits, of) => {
                closed(&of, records)?;
                parts.push(Part::Sequence { name: name.to_string(), bits, of, optional: true });
                Ok(())
            }
            Wire::Option(_) => Err("an option of an option has no value in programs".to_string()),
        },
    }
}

/// Items of a list have one length.
fn closed(of: &Sequence, records: &Records) -> Result<(), String> {
    match of {
        Sequence::List(item) if records.is_open(item) => {
            Err("a list of records with texts or lists in them has no fixed length".to_string())
        }
        _ => Ok(()),
    }
}
