//! How arguments are written: as values of programs where there are such values, piece by piece where there are not.
//!
//! A record with texts, lists or options in it that is an argument becomes its fields, each an argument of its own. Anywhere
//! else it is an open type, which the caller makes with a macro of its own: nothing here follows a type into itself. Start
//! with [`Encoder::call`].

use super::placing::Placing;
use super::room::Sizes;
use super::wire::{Wire, WireShape, WireType};
use super::{
    Argument, Call, Count, Encoding, MAX_ACCOUNTS, MAX_DATA, MAX_ITEMS, Open, Part, RawCall, RawPart, Shape,
    short,
};
use crate::model::DataType;
use std::collections::{BTreeMap, BTreeSet};

/// A record that is an argument becomes no more arguments.
const MAX_FLAT: usize = 64;
/// Records in records that are arguments.
const MAX_FLAT_DEPTH: usize = 8;

/// Takes arguments apart, and remembers the types that they use.
pub(super) struct Encoder<'t> {
    types: &'t BTreeMap<String, WireType>,
    sizes: Sizes<'t>,
    /// Types without a name, which have got one.
    made: BTreeMap<String, Vec<(String, Wire)>>,
    /// Open types that are used, and which of them have lists.
    used: BTreeSet<String>,
    listed: BTreeSet<String>,
    /// Those of them that are still to be taken apart.
    waiting: Vec<String>,
}

impl<'t> Encoder<'t> {
    pub(super) fn new(types: &'t BTreeMap<String, WireType>) -> Encoder<'t> {
        Encoder {
            types,
            sizes: Sizes::new(types),
            made: BTreeMap::new(),
            used: BTreeSet::new(),
            listed: BTreeSet::new(),
            waiting: Vec::new(),
        }
    }

    /// A call whose data are taken apart.
    ///
    /// # Errors
    /// Nothing can make this call.
    pub(super) fn call(&mut self, raw: RawCall) -> Result<Call, String> {
        let mut call = raw.call;
        if call.accounts.len() > MAX_ACCOUNTS {
            return Err(format!("it has more than {MAX_ACCOUNTS} accounts"));
        }
        for part in raw.parts {
            match part {
                RawPart::Bytes(bytes) => call.parts.push(Part::Bytes(bytes)),
                RawPart::Argument(name, wire) => {
                    if let Some(ty) = wire.fixed()
                        && let Err(fault) = self.sizes.size(&ty, 0)
                        && fault.is_too_large
                    {
                        return Err(format!("its argument `{}`: {}", short(&name), fault.reason));
                    }
                    let mut flat = Vec::new();
                    match self.flat(&name, &wire, 0, &mut flat) {
                        Some(()) => {
                            for (name, wire) in flat {
                                let context = format!("{} {name}", call.name);
                                call.parts.push(self.part(&name, &wire, &context));
                            }
                        }
                        None => {
                            let context = format!("{} {name}", call.name);
                            call.parts.push(self.part(&name, &wire, &context));
                        }
                    }
                }
            }
        }
        let size = |part: &Part| match part {
            Part::Bytes(bytes) => u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            Part::Argument(Argument { option: None, encoding: Encoding::Fixed(_, bytes), .. }) => *bytes,
            Part::Argument(_) => 0,
        };
        let sum = call.parts.iter().fold(0u32, |sum, part| sum.saturating_add(size(part)));
        if sum > MAX_DATA {
            return Err(format!("its data have {sum} bytes, and a call carries {MAX_DATA}"));
        }
        // What has no length before it can only end the data.
        let mut all_but_last = call.parts.iter().rev().skip(1);
        match all_but_last.find_map(endless) {
            Some(name) => {
                Err(format!("its argument `{}` has no length, and is not the last one", short(name)))
            }
            None => Ok(call),
        }
    }

    /// The fields of an argument that is a record without values, in records too; `None` if these are too many, or it
    /// contains itself.
    fn flat(&mut self, name: &str, wire: &Wire, depth: usize, flat: &mut Vec<(String, Wire)>) -> Option<()> {
        if depth > MAX_FLAT_DEPTH || flat.len() >= MAX_FLAT {
            return None;
        }
        let types = self.types;
        if let Wire::Named(record) = wire
            && self.sizes.size(&DataType::Named(record.clone()), 0).is_err()
            && let Some(WireType { shape: WireShape::Record(fields), size: None, placing: Placing::Packed }) =
                types.get(record)
            && !fields.is_empty()
        {
            for (field, wire) in fields {
                self.flat(&format!("{name}-{field}"), wire, depth + 1, flat)?;
            }
            return Some(());
        }
        flat.push((name.to_string(), wire.clone()));
        Some(())
    }

    fn part(&mut self, name: &str, wire: &Wire, context: &str) -> Part {
        let (option, wire) = match wire {
            Wire::Constant(bytes) => return Part::Bytes(bytes.clone()),
            Wire::Option(bits, item) => (Some(*bits), item.as_ref()),
            wire => (None, wire),
        };
        Part::Argument(Argument { name: name.to_string(), option, encoding: self.encoding(wire, context) })
    }

    /// How a value is written; `context` is what a type without a name is called after.
    fn encoding(&mut self, wire: &Wire, context: &str) -> Encoding {
        let fault = match wire.fixed().map(|ty| (self.sizes.size(&ty, 0), ty)) {
            Some((Ok(room), ty)) => return Encoding::Fixed(ty, room.bytes),
            Some((Err(fault), _)) if fault.is_too_large => return Encoding::Raw(fault.reason),
            Some((Err(fault), _)) => fault.reason,
            None => String::new(),
        };
        match wire {
            Wire::Text(bits) => Encoding::Text(*bits),
            Wire::Bytes(bits) => Encoding::Bytes(*bits),
            Wire::Raw(reason) => Encoding::Raw(reason.clone()),
            Wire::Plain(_) | Wire::Number(..) | Wire::Constant(_) => Encoding::Raw(fault),
            Wire::Named(name) => self.named(name, fault),
            Wire::Array(item, length) => self.list(Count::Exactly(*length), item, context),
            Wire::List(bits, item) => self.list(Count::Before(*bits), item, context),
            Wire::Fields(fields) => self.nameless(context, fields.clone()),
            // An option of an option: that inside is a value of a type of its own.
            Wire::Option(..) => self.nameless(context, vec![("value".to_string(), wire.clone())]),
        }
    }

    fn named(&mut self, name: &str, fault: String) -> Encoding {
        if self.sizes.is_uneven(name) {
            return Encoding::Uneven(name.to_string());
        }
        match self.types.get(name) {
            Some(WireType { shape: WireShape::Record(_), size: None, placing: Placing::Packed }) => {
                self.open_type(name)
            }
            Some(WireType { shape: WireShape::Enum(variants), size: None, .. }) if !variants.is_empty() => {
                self.open_type(name)
            }
            _ => Encoding::Raw(fault),
        }
    }

    fn open_type(&mut self, name: &str) -> Encoding {
        if self.used.insert(name.to_string()) {
            self.waiting.push(name.to_string());
        }
        Encoding::Open(name.to_string())
    }

    /// A type without a name gets one.
    fn nameless(&mut self, context: &str, fields: Vec<(String, Wire)>) -> Encoding {
        if self.made.len() >= MAX_ITEMS {
            return Encoding::Raw("there are too many types without a name".to_string());
        }
        let mut name = short(context);
        while self.types.contains_key(&name) || self.made.contains_key(&name) {
            name.push('\'');
        }
        self.made.insert(name.clone(), fields);
        self.open_type(&name)
    }

    fn list(&mut self, count: Count, item: &Wire, context: &str) -> Encoding {
        let context = format!("{} item", short(context));
        let encoding = match item {
            Wire::Option(..)
            | Wire::Text(_)
            | Wire::Bytes(_)
            | Wire::List(..)
            | Wire::Raw(_)
            | Wire::Array(..)
                if item.fixed().is_none() =>
            {
                self.nameless(&context, vec![("value".to_string(), item.clone())])
            }
            item => self.encoding(item, &context),
        };
        let name = match (encoding, count) {
            (Encoding::Fixed(ty, bytes), Count::Before(bits)) if bytes > 0 => {
                return Encoding::List(bits, ty, bytes);
            }
            (Encoding::Uneven(name), Count::Before(bits)) => return Encoding::UnevenList(bits, name),
            (Encoding::Open(name), _) => name,
            // Bytes without a length: an item of its own keeps count of them.
            _ => match self.nameless(&context, vec![("value".to_string(), item.clone())]) {
                Encoding::Open(name) => name,
                other => return other,
            },
        };
        self.listed.insert(name.clone());
        Encoding::OpenList(count, name)
    }

    /// The open types that calls use, and those that these use.
    pub(super) fn open(&mut self) -> Vec<Open> {
        let mut open = Vec::new();
        while let Some(name) = self.waiting.pop() {
            let types = self.types;
            let made = self.made.get(&name).cloned();
            let ways = match (types.get(&name).map(|ty| &ty.shape), made) {
                (Some(WireShape::Record(fields)), _) => vec![(None, self.parts(&name, fields))],
                (Some(WireShape::Enum(variants)), _) => {
                    let mut ways = Vec::new();
                    for variant in variants {
                        let mut parts = vec![Part::Bytes(variant.tag.clone())];
                        parts.extend(self.parts(&format!("{name} {}", variant.name), &variant.fields));
                        ways.push((Some(variant.name.clone()), parts));
                    }
                    ways
                }
                (_, Some(fields)) => vec![(None, self.parts(&name, &fields))],
                _ => continue,
            };
            open.push(Open { name, ways, is_listed: false });
        }
        for it in &mut open {
            it.is_listed = self.listed.contains(&it.name);
        }
        open.sort_by(|a, b| a.name.cmp(&b.name));
        open
    }

    fn parts(&mut self, context: &str, fields: &[(String, Wire)]) -> Vec<Part> {
        let part = |(name, wire): &(String, Wire)| self.part(name, wire, &format!("{context} {name}"));
        fields.iter().map(part).collect()
    }

    /// The types of values that calls and open types use, and those that these use.
    pub(super) fn used(&self, calls: &[Call], open: &[Open]) -> BTreeSet<String> {
        let ways = open.iter().flat_map(|open| &open.ways).map(|(_, parts)| parts);
        let mut waiting: Vec<String> = Vec::new();
        for part in calls.iter().map(|call| &call.parts).chain(ways).flatten() {
            match part {
                Part::Argument(Argument {
                    encoding: Encoding::Fixed(ty, _) | Encoding::List(_, ty, _),
                    ..
                }) => {
                    waiting.extend(name_in(ty).map(str::to_string));
                }
                Part::Argument(Argument {
                    encoding: Encoding::Uneven(name) | Encoding::UnevenList(_, name),
                    ..
                }) => waiting.push(name.clone()),
                _ => {}
            }
        }
        let mut used = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if used.insert(name.clone()) {
                let shape = self.sizes.shape_of(&name);
                let fields = shape.iter().flat_map(Shape::fields);
                waiting.extend(fields.filter_map(|ty| name_in(ty)).map(str::to_string));
            }
        }
        used
    }

    /// These types, each after those that it uses.
    pub(super) fn values(&self, used: &BTreeSet<String>) -> Vec<(String, Shape)> {
        let all = self.sizes.order.iter().filter(|name| used.contains(*name));
        all.filter_map(|name| Some((name.clone(), self.sizes.shape_of(name)?))).collect()
    }
}

/// The name of a part whose end nothing tells.
fn endless(part: &Part) -> Option<&str> {
    match part {
        Part::Argument(Argument {
            name,
            encoding:
                Encoding::Text(0)
                | Encoding::Bytes(0)
                | Encoding::List(0, ..)
                | Encoding::UnevenList(0, _)
                | Encoding::OpenList(Count::Before(0), _),
            ..
        }) => Some(name),
        _ => None,
    }
}

/// The name in a type.
fn name_in(ty: &DataType) -> Option<&str> {
    match ty {
        DataType::Named(name) => Some(name),
        DataType::Option(item) | DataType::Array(item, _) => name_in(item),
        _ => None,
    }
}

impl Shape {
    fn fields(&self) -> Box<dyn Iterator<Item = &DataType> + '_> {
        match self {
            Shape::Record(fields) | Shape::Aligned(fields) => Box::new(fields.iter().map(|(_, ty)| ty)),
            Shape::Enum(variants) => {
                Box::new(variants.iter().flat_map(|(_, fields)| fields).map(|(_, ty)| ty))
            }
            Shape::Uneven(variants) => {
                Box::new(variants.iter().flat_map(|(_, fields, _)| fields).map(|(_, ty)| ty))
            }
        }
    }
}
