//! How many bytes the values of a type take, where they all take the same. Each type is looked at once, however often and
//! deeply others use it. Start with [`Sizes::size`].

use super::placing::{self, Alignment, Placing};
use super::wire::{Wire, WireShape, WireType, WireVariant};
use super::{MAX_DATA, MAX_DEPTH, MAX_PARTS, Shape, short};
use crate::model::DataType;
use std::collections::{BTreeMap, BTreeSet};

/// What a type takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Room {
    /// The bytes of a value.
    pub bytes: u32,
    /// How many parts it has.
    pub parts: u32,
    /// Where it lies in records.
    pub alignment: Alignment,
}

impl Room {
    const fn bytes(bytes: u32) -> Room {
        Room { bytes, parts: 1, alignment: Alignment::BYTE }
    }

    /// What one byte stands before, which tells what it is.
    fn tagged(self) -> Room {
        let (bytes, parts) = (self.bytes.saturating_add(1), self.parts.saturating_add(1));
        Room { bytes, parts, alignment: Alignment::UNKNOWN }
    }

    fn times(self, count: u32) -> Room {
        Room {
            bytes: self.bytes.saturating_mul(count),
            parts: self.parts.saturating_mul(count).saturating_add(1),
            ..self
        }
    }
}

/// Why programs have no value of a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// The reason.
    pub reason: String,
    /// True if no call can carry it in any form.
    pub is_too_large: bool,
}

impl Fault {
    fn new(reason: impl Into<String>) -> Fault {
        Fault { reason: reason.into(), is_too_large: false }
    }

    fn too_large(reason: String) -> Fault {
        Fault { reason, is_too_large: true }
    }

    fn within(self, place: &str) -> Fault {
        // A type in a type in a type: the last places and the reason say enough.
        match self.reason.len() > 300 {
            true => self,
            false => Fault { reason: format!("{place}{}", self.reason), ..self },
        }
    }
}

/// The sizes of types, each found once.
pub(super) struct Sizes<'t> {
    types: &'t BTreeMap<String, WireType>,
    /// `None` while it is being found.
    known: BTreeMap<String, Option<Result<Room, Fault>>>,
    /// Enums whose variants differ in size, and what each takes.
    uneven: BTreeMap<String, Vec<u32>>,
    /// Records that are aligned ones of ours.
    aligned: BTreeSet<String>,
    /// The types of which there are values, in an order in which each stands after those that it uses.
    pub order: Vec<String>,
}

impl<'t> Sizes<'t> {
    pub(super) fn new(types: &'t BTreeMap<String, WireType>) -> Sizes<'t> {
        Sizes {
            types,
            known: BTreeMap::new(),
            uneven: BTreeMap::new(),
            aligned: BTreeSet::new(),
            order: Vec::new(),
        }
    }

    /// True if it is an enum whose variants differ in size, and its size has been asked for.
    pub(super) fn is_uneven(&self, name: &str) -> bool {
        self.uneven.contains_key(name)
    }

    /// The shape of a type of which there are values.
    pub(super) fn shape_of(&self, name: &str) -> Option<Shape> {
        let all = |fields: &[(String, Wire)]| -> Option<Vec<(String, DataType)>> {
            fields.iter().map(|(name, wire)| Some((name.clone(), wire.fixed()?))).collect()
        };
        Some(match (&self.types.get(name)?.shape, self.uneven.get(name)) {
            (WireShape::Record(fields), _) if self.aligned.contains(name) => Shape::Aligned(all(fields)?),
            (WireShape::Record(fields), _) => Shape::Record(all(fields)?),
            (WireShape::Enum(variants), None) => {
                let variant = |it: &WireVariant| Some((it.name.clone(), all(&it.fields)?));
                Shape::Enum(variants.iter().map(variant).collect::<Option<_>>()?)
            }
            (WireShape::Enum(variants), Some(sizes)) => {
                let variant =
                    |(it, size): (&WireVariant, &u32)| Some((it.name.clone(), all(&it.fields)?, *size));
                Shape::Uneven(variants.iter().zip(sizes).map(variant).collect::<Option<_>>()?)
            }
            (WireShape::Raw(_), _) => return None,
        })
    }

    pub(super) fn size(&mut self, ty: &DataType, depth: usize) -> Result<Room, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::new("its type is nested too deeply"));
        }
        let room = match ty {
            DataType::Bool => Room::bytes(1),
            DataType::Integer(_, bits) => {
                Room { alignment: Alignment::integer(*bits / 8), ..Room::bytes(*bits / 8) }
            }
            DataType::Pubkey => Room::bytes(32),
            DataType::Null => Room::bytes(0),
            DataType::Option(item) => self.size(item, depth + 1)?.tagged(),
            DataType::Array(item, length) => self.size(item, depth + 1)?.times(*length),
            DataType::Named(name) => self.named(name, depth + 1)?,
            DataType::Other(text) => {
                return Err(Fault::new(format!("`{}` can not be written by programs", short(text))));
            }
        };
        if room.bytes > MAX_DATA {
            return Err(Fault::too_large(format!("its type has more than {MAX_DATA} bytes")));
        }
        match room.parts > MAX_PARTS {
            true => Err(Fault::too_large(format!("its type has more than {MAX_PARTS} parts"))),
            false => Ok(room),
        }
    }

    fn named(&mut self, name: &str, depth: usize) -> Result<Room, Fault> {
        match self.known.get(name) {
            Some(Some(size)) => return size.clone(),
            Some(None) => return Err(Fault::new(format!("the type `{}` contains itself", short(name)))),
            None => {}
        }
        let types = self.types;
        self.known.insert(name.to_string(), None);
        let size = match types.get(name) {
            None => Err(Fault::new(format!("the type `{}` is not described", short(name)))),
            Some(ty) => {
                self.shape(name, ty, depth).map_err(|fault| fault.within(&format!("in `{}`, ", short(name))))
            }
        };
        self.known.insert(name.to_string(), Some(size.clone()));
        if size.is_ok() || self.is_uneven(name) {
            self.order.push(name.to_string());
        }
        size
    }

    fn shape(&mut self, name: &str, ty: &WireType, depth: usize) -> Result<Room, Fault> {
        let room = match &ty.shape {
            WireShape::Raw(reason) => return Err(Fault::new(reason.clone())),
            WireShape::Record(fields) => {
                let fields = self.fields(fields, depth)?;
                let (room, is_aligned) = placing::record(&fields, ty.placing).map_err(Fault::new)?;
                if is_aligned {
                    self.aligned.insert(name.to_string());
                }
                room
            }
            WireShape::Enum(variants) => {
                if variants.is_empty() || variants.len() > 256 {
                    return Err(Fault::new("an enum has from 1 to 256 variants"));
                }
                let is_counted = |(place, variant): (usize, &WireVariant)| matches!(*variant.tag, [tag] if usize::from(tag) == place);
                if !variants.iter().enumerate().all(is_counted) {
                    return Err(Fault::new("its variants have numbers of their own"));
                }
                let room = |variant: &WireVariant| {
                    let fields = self.fields(&variant.fields, depth)?;
                    Ok(placing::record(&fields, Placing::Packed).map_err(Fault::new)?.0)
                };
                let rooms: Vec<Room> = variants.iter().map(room).collect::<Result<_, Fault>>()?;
                let largest = rooms.iter().map(|room| room.bytes).max().unwrap_or(0);
                // Values of programs always take the room of the largest variant.
                if ty.size.is_none() && rooms.iter().any(|room| room.bytes != largest) {
                    let sizes = rooms.iter().map(|room| room.bytes + 1).collect();
                    self.uneven.insert(name.to_string(), sizes);
                    return Err(Fault::new(
                        "the variants differ in size, so that a value has no fixed length",
                    ));
                }
                let parts = rooms.iter().fold(1u32, |parts, room| parts.saturating_add(room.parts));
                Room { bytes: largest.saturating_add(1), parts, alignment: Alignment::UNKNOWN }
            }
        };
        match ty.size {
            Some(stated) if stated != room.bytes => {
                Err(Fault::new(format!("it has {} bytes, and {stated} are said", room.bytes)))
            }
            _ => Ok(room),
        }
    }

    fn fields(&mut self, fields: &[(String, Wire)], depth: usize) -> Result<Vec<Room>, Fault> {
        let room = |(name, wire): &(String, Wire)| {
            let field = match wire.fixed() {
                Some(ty) => self.size(&ty, depth).map(|room| match wire.alignment() {
                    Some(c) => Room { alignment: Alignment { c, ..room.alignment }, ..room },
                    None => room,
                }),
                None => Err(Fault::new("it has no fixed length")),
            };
            field.map_err(|fault| fault.within(&format!("the field `{}`: ", short(name))))
        };
        fields.iter().map(room).collect()
    }
}
