//! The types of programs, and how their values lie in memory.
//!
//! Types are structural: two records of one name, with the same fields, are the same type. The layout is exact: fields
//! follow one another without padding, integers are little endian, so that what an account holds can be read by others
//! byte for byte. A record and its enum can not contain themselves, so every layout is finite; what is too large to have one
//! has the size `None`. Start with [`Type`].

pub use crate::generic_type::{GenericType, TypeInstance, parameter_name};
use ovsm_base::IntType;
use std::sync::Arc;

/// The largest value that programs can have, in bytes.
pub const MAX_SIZE: u32 = 10 * 1024 * 1024;

/// What the size of an aligned record is a multiple of: no value of programs needs more.
pub const ALIGNMENT: u32 = 8;

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// `null`.
    Null,
    /// `bool`.
    Bool,
    /// `string`: a view of UTF-8 text.
    String,
    /// `bytes`: a view of bytes.
    Bytes,
    /// `pubkey`: 32 bytes.
    Pubkey,
    /// A fixed-width integer; `int` is `i64`.
    Int(IntType),
    /// `(option T)`: a value, or null.
    Option(Arc<Type>),
    /// `(array T n)`.
    Array(Arc<Type>, u32),
    /// `(array T)`: a view of items that lie somewhere else.
    Slice(Arc<Type>),
    /// `(vec T)`: items on the heap, of any number. What holds one holds the items: a second holder has a copy.
    Vec(Arc<Type>),
    /// `string-builder`: a text on the heap that can get longer. Its bytes never change, so others can see them without a copy.
    Builder,
    /// A record.
    Record(Arc<RecordType>),
    /// An enum.
    Enum(Arc<EnumType>),
    /// A generic record or enum with arguments of which one is open: where types are stated, and in signatures; no value
    /// has it. With closed arguments it is a record or an enum; see [`GenericType::apply`].
    Applied(Arc<GenericType>, Vec<Type>),
    /// An account that was checked: a place outside of the program.
    Account(Arc<AccountType>),
    /// `(deftype Name T)`: a type of its own, with the values of another one. Stages after inference do not know it.
    Distinct(Arc<DistinctType>),
    /// `'a`: a type that a function leaves open, by its name. Only where types are stated; no value has it.
    Variable(Arc<str>),
    /// Already reported; fits everything.
    Error,
}

/// A type of its own with the values of another one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DistinctType {
    /// Its name.
    pub name: String,
    /// The module that states it: types of one name in two modules are two types.
    pub module: String,
    /// The type below.
    pub base: Type,
    /// The condition of a refinement, as it is written: its values are otherwise those of the type below.
    pub condition: Option<String>,
}

/// The type of a record, or of one variant of an enum.
#[derive(Clone)]
pub struct RecordType {
    /// Its name.
    pub name: String,
    /// The module that defines it; empty if the language does.
    pub module: String,
    /// Its fields, in the order in which they lie in memory.
    pub fields: Vec<Field>,
    /// True if each field lies at a multiple of its own alignment, and the size is a multiple of [`ALIGNMENT`]: `:align 8`.
    pub is_aligned: bool,
    /// What it is an instance of, if its definition is generic.
    pub instance: Option<Arc<TypeInstance>>,
}

/// A field of a record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// The type of an account.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AccountType {
    /// What its data are, after the discriminator; `None` if nothing is known of them.
    pub record: Option<Arc<RecordType>>,
    /// True if it may be changed.
    pub is_mutable: bool,
    /// True if eight bytes that say what type it is come before its data.
    pub is_tagged: bool,
    /// True for the type of a parameter: others may know the same account as more than this type says.
    pub is_passed: bool,
    /// True if more may follow what the type says of its data.
    pub is_longer: bool,
}

impl AccountType {
    /// True if its data are a record of this type.
    pub fn is_of(&self, record: &RecordType) -> bool {
        let is_named = |own: &RecordType| own.name == record.name && own.module == record.module;
        self.record.as_ref().is_some_and(|own| is_named(own) && own.fields.len() == record.fields.len())
    }

    /// The length of the data of every account of this type; `None` if they differ.
    pub fn data_length(&self) -> Option<u32> {
        self.least_length().filter(|_| !self.is_longer)
    }

    /// How long the data of an account of this type are at least; `None` if any length will do.
    pub fn least_length(&self) -> Option<u32> {
        self.record.as_ref()?.size()?.checked_add(self.offset())
    }

    /// True if an account of this type can be passed as one of another type, which says the same of it or less. Its length may
    /// only be changed where nobody relies on it.
    pub fn fits(&self, needed: &AccountType) -> bool {
        if needed.is_mutable && !self.is_mutable {
            return false;
        }
        match &needed.record {
            Some(_) => {
                self.record == needed.record
                    && self.is_tagged == needed.is_tagged
                    && (needed.is_longer || !self.is_longer)
            }
            None => !needed.is_mutable || needed.is_passed || (self.record.is_none() && !self.is_passed),
        }
    }

    /// How many bytes come before the record.
    pub fn offset(&self) -> u32 {
        if self.is_tagged { 8 } else { 0 }
    }
}

/// The type of an enum.
#[derive(Clone)]
pub struct EnumType {
    /// Its name.
    pub name: String,
    /// Its variants; the number of each is its tag.
    pub variants: Vec<Arc<RecordType>>,
    /// What it is an instance of, if its definition is generic.
    pub instance: Option<Arc<TypeInstance>>,
}

impl Type {
    /// The size in bytes of a value in memory. Views take two words, their address and their length. `None` if it has no
    /// size, or one that no program can hold. Linear in the type.
    pub fn size(&self) -> Option<u32> {
        let size = match self {
            Type::Null | Type::Error | Type::Variable(_) | Type::Applied(..) => 0,
            Type::Bool => 1,
            Type::String | Type::Bytes | Type::Slice(_) => 16,
            Type::Vec(_) | Type::Builder => 24,
            Type::Pubkey => 32,
            Type::Int(ty) => ty.bits() / 8,
            Type::Option(item) => item.size()?.checked_add(1)?,
            Type::Array(item, length) => item.size()?.checked_mul(*length)?,
            Type::Record(record) => record.size()?,
            Type::Enum(parent) => parent.payload_size()?.checked_add(1)?,
            Type::Account(_) => 8,
            Type::Distinct(distinct) => distinct.base.size()?,
        };
        (size <= MAX_SIZE).then_some(size)
    }

    /// What the place of a value in an aligned record is a multiple of. Integers have their size, those of 16 bytes that of a
    /// word; what is read byte by byte, and packed records, may lie anywhere. Looks at no fields.
    pub fn alignment(&self) -> u32 {
        match self {
            Type::Int(ty) => (ty.bits() / 8).min(ALIGNMENT),
            Type::String | Type::Bytes | Type::Slice(_) | Type::Vec(_) | Type::Builder | Type::Account(_) => {
                ALIGNMENT
            }
            Type::Array(item, _) => item.alignment(),
            Type::Record(record) if record.is_aligned => ALIGNMENT,
            Type::Distinct(distinct) => distinct.base.alignment(),
            _ => 1,
        }
    }

    /// True if bytes in a value mean nothing: those between the fields of aligned records.
    pub fn has_padding(&self) -> bool {
        match self {
            Type::Option(item) | Type::Array(item, _) => item.has_padding(),
            Type::Distinct(distinct) => distinct.base.has_padding(),
            Type::Record(record) => record.has_padding(),
            Type::Enum(parent) => parent.variants.iter().any(|variant| variant.has_padding()),
            _ => false,
        }
    }

    /// True if values are reached by their address: arrays, and all that contains one.
    pub fn is_by_address(&self) -> bool {
        match self {
            Type::Array(..) => true,
            Type::Distinct(distinct) => distinct.base.is_by_address(),
            Type::Option(item) => item.is_by_address(),
            Type::Record(record) => record.fields.iter().any(|field| field.ty.is_by_address()),
            Type::Enum(parent) => parent
                .variants
                .iter()
                .any(|variant| variant.fields.iter().any(|field| field.ty.is_by_address())),
            _ => false,
        }
    }

    /// True if a value holds no address, so that its bytes are all of it and can be kept in an account.
    pub fn is_plain(&self) -> bool {
        match self {
            Type::String | Type::Bytes | Type::Slice(_) | Type::Vec(_) | Type::Builder | Type::Account(_) => {
                false
            }
            Type::Distinct(distinct) => distinct.base.is_plain(),
            Type::Option(item) | Type::Array(item, _) => item.is_plain(),
            Type::Record(record) => record.fields.iter().all(|field| field.ty.is_plain()),
            Type::Enum(parent) => {
                parent.variants.iter().all(|variant| variant.fields.iter().all(|field| field.ty.is_plain()))
            }
            _ => true,
        }
    }

    /// True if a value holds memory of the heap: it is a vec or a builder, or one is part of it. A second holder needs one of its own.
    pub fn holds_heap(&self) -> bool {
        let record = |record: &RecordType| record.fields.iter().any(|field| field.ty.holds_heap());
        match self {
            Type::Vec(_) | Type::Builder => true,
            Type::Distinct(distinct) => distinct.base.holds_heap(),
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) => item.holds_heap(),
            Type::Record(fields) => record(fields),
            Type::Enum(parent) => parent.variants.iter().any(|variant| record(variant)),
            _ => false,
        }
    }

    /// For messages: what a value that is not plain holds besides its own bytes.
    pub fn kept_elsewhere(&self) -> &'static str {
        if self.holds_heap() { "a vec or a `string-builder`" } else { "a view" }
    }

    /// How many simple values a value that is no array is made of; `None` if there are more than `limit`. Looks at no more than that.
    pub fn parts(&self, limit: usize) -> Option<usize> {
        let record = |record: &RecordType, limit: usize| {
            record.fields.iter().try_fold(0usize, |sum, field| {
                let more = field.ty.parts(limit.checked_sub(sum)?)?;
                Some(sum + more)
            })
        };
        let parts = match self {
            Type::Distinct(distinct) => distinct.base.parts(limit)?,
            Type::Option(item) => 1 + item.parts(limit)?,
            Type::Record(fields) => record(fields, limit)?,
            Type::Enum(parent) => parent
                .variants
                .iter()
                .try_fold(1usize, |sum, variant| Some(sum + record(variant, limit.checked_sub(sum)?)?))?,
            _ => 1,
        };
        (parts <= limit).then_some(parts)
    }

    /// The type below all distinct ones.
    pub fn underlying(&self) -> &Type {
        let mut ty = self;
        while let Type::Distinct(distinct) = ty {
            ty = &distinct.base;
        }
        ty
    }

    /// The type without the condition that its values, the items of an array, that of an option, or what is given to a generic type
    /// meet. Fields of records keep theirs.
    #[must_use]
    pub fn unrefined(&self) -> Type {
        match self {
            Type::Distinct(distinct) if distinct.condition.is_some() => distinct.base.unrefined(),
            Type::Distinct(distinct) if distinct.base.is_refined() => {
                Type::Distinct(Arc::new(DistinctType {
                    base: distinct.base.unrefined(),
                    ..DistinctType::clone(distinct)
                }))
            }
            Type::Option(item) => Type::Option(Arc::new(item.unrefined())),
            Type::Array(item, length) => Type::Array(Arc::new(item.unrefined()), *length),
            Type::Slice(item) => Type::Slice(Arc::new(item.unrefined())),
            Type::Vec(item) => Type::Vec(Arc::new(item.unrefined())),
            Type::Applied(generic, arguments) => generic.unrefined(arguments),
            Type::Record(_) | Type::Enum(_) if self.is_refined() => match self.instance() {
                Some(instance) => instance.generic.unrefined(&instance.arguments),
                None => self.clone(),
            },
            other => other.clone(),
        }
    }

    /// True if values have to meet a condition, those of an option, items, and what is given to a generic type included.
    pub fn is_refined(&self) -> bool {
        match self {
            Type::Distinct(distinct) => distinct.condition.is_some() || distinct.base.is_refined(),
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => {
                item.is_refined()
            }
            Type::Applied(_, arguments) => arguments.iter().any(Type::is_refined),
            Type::Record(_) | Type::Enum(_) => {
                self.instance().is_some_and(|instance| instance.arguments.iter().any(Type::is_refined))
            }
            _ => false,
        }
    }

    /// True if values, or parts of them, have to meet a condition.
    pub fn holds_condition(&self) -> bool {
        match self {
            Type::Distinct(distinct) => distinct.condition.is_some() || distinct.base.holds_condition(),
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => {
                item.holds_condition()
            }
            Type::Record(record) => record.holds_condition(),
            Type::Enum(parent) => parent.variants.iter().any(|variant| variant.holds_condition()),
            Type::Account(account) => account.record.as_ref().is_some_and(|record| record.holds_condition()),
            Type::Applied(_, arguments) => arguments.iter().any(Type::holds_condition),
            _ => false,
        }
    }

    /// True if the type, or a part of it, is a distinct one.
    pub fn has_distinct(&self) -> bool {
        let record = |record: &RecordType| record.fields.iter().any(|field| field.ty.has_distinct());
        match self {
            Type::Distinct(_) => true,
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => {
                item.has_distinct()
            }
            Type::Record(fields) => record(fields),
            Type::Enum(parent) => parent.variants.iter().any(|variant| record(variant)),
            Type::Account(account) => account.record.as_deref().is_some_and(record),
            Type::Applied(generic, arguments) => {
                generic.body.has_distinct() || arguments.iter().any(Type::has_distinct)
            }
            _ => false,
        }
    }

    /// The type with the types below in place of distinct ones: how values are represented.
    #[must_use]
    pub fn represented(&self) -> Type {
        if !self.has_distinct() {
            return self.clone();
        }
        match self {
            Type::Distinct(distinct) => distinct.base.represented(),
            Type::Option(item) => Type::Option(Arc::new(item.represented())),
            Type::Array(item, length) => Type::Array(Arc::new(item.represented()), *length),
            Type::Slice(item) => Type::Slice(Arc::new(item.represented())),
            Type::Vec(item) => Type::Vec(Arc::new(item.represented())),
            Type::Record(record) => Type::Record(Arc::new(record.represented())),
            Type::Enum(parent) => {
                let variants = parent.variants.iter().map(|variant| Arc::new(variant.represented()));
                Type::Enum(Arc::new(EnumType {
                    name: parent.name.clone(),
                    variants: variants.collect(),
                    instance: parent.instance.as_ref().map(|instance| Arc::new(instance.represented())),
                }))
            }
            Type::Account(account) => Type::Account(Arc::new(AccountType {
                record: account.record.as_ref().map(|record| Arc::new(record.represented())),
                ..AccountType::clone(account)
            })),
            Type::Applied(generic, arguments) => {
                let arguments = arguments.iter().map(Type::represented).collect();
                Type::Applied(Arc::new(generic.represented()), arguments)
            }
            other => other.clone(),
        }
    }

    /// True if part of the type is left open.
    pub fn is_open(&self) -> bool {
        match self {
            Type::Variable(_) | Type::Applied(..) => true,
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => item.is_open(),
            _ => false,
        }
    }

    /// The type of the items, for what has items.
    pub fn item(&self) -> Option<&Type> {
        match self {
            Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => Some(item),
            Type::Distinct(distinct) => distinct.base.item(),
            Type::Bytes => Some(&Type::Int(IntType::U8)),
            _ => None,
        }
    }
}

/// An address of a program, and the bump that makes it one.
pub fn program_address() -> Type {
    let field = |name: &str, ty| Field { name: name.to_string(), ty };
    let fields = vec![field("key", Type::Pubkey), field("bump", Type::Int(IntType::U8))];
    let name = "ProgramAddress".to_string();
    Type::Record(Arc::new(RecordType {
        name,
        module: String::new(),
        fields,
        is_aligned: false,
        instance: None,
    }))
}

impl RecordType {
    /// True if a field, or a part of one, has to meet a condition.
    pub fn holds_condition(&self) -> bool {
        self.fields.iter().any(|field| field.ty.holds_condition())
    }

    /// The type without distinct ones; see [`Type::represented`].
    #[must_use]
    pub fn represented(&self) -> RecordType {
        let field = |field: &Field| Field { name: field.name.clone(), ty: field.ty.represented() };
        RecordType {
            name: self.name.clone(),
            module: self.module.clone(),
            fields: self.fields.iter().map(field).collect(),
            is_aligned: self.is_aligned,
            instance: self.instance.as_ref().map(|instance| Arc::new(instance.represented())),
        }
    }

    /// The size in bytes; see [`Type::size`].
    pub fn size(&self) -> Option<u32> {
        let end = self
            .fields
            .iter()
            .try_fold(0u32, |end, field| self.place_after(end, &field.ty)?.checked_add(field.ty.size()?))?;
        if self.is_aligned { end.checked_next_multiple_of(ALIGNMENT) } else { Some(end) }
    }

    /// Where a field of a type lies that comes after one that ends there.
    fn place_after(&self, end: u32, ty: &Type) -> Option<u32> {
        if self.is_aligned { end.checked_next_multiple_of(ty.alignment()) } else { Some(end) }
    }

    /// The fields, and where each lies.
    pub fn places(&self) -> impl Iterator<Item = (&Field, u32)> {
        let mut end = 0u32;
        self.fields.iter().map(move |field| {
            let place = self.place_after(end, &field.ty).unwrap_or(u32::MAX);
            end = place.saturating_add(field.ty.size().unwrap_or(0));
            (field, place)
        })
    }

    /// The number of a field, and where it lies.
    pub fn field(&self, name: &str) -> Option<(usize, u32)> {
        let (number, (_, place)) = self.places().enumerate().find(|(_, (field, _))| field.name == name)?;
        Some((number, place))
    }

    /// The bytes between its fields, and after them: where they begin, and how many they are.
    pub fn gaps(&self) -> Vec<(u32, u32)> {
        let mut end = 0u32;
        let mut gaps = Vec::new();
        for (field, place) in self.places() {
            gaps.push((end, place.saturating_sub(end)));
            end = place.saturating_add(field.ty.size().unwrap_or(0));
        }
        gaps.push((end, self.size().unwrap_or(0).saturating_sub(end)));
        gaps.retain(|(_, size)| *size > 0);
        gaps
    }

    /// True if bytes in it mean nothing, those in its fields included.
    pub fn has_padding(&self) -> bool {
        (self.is_aligned && !self.gaps().is_empty()) || self.fields.iter().any(|field| field.ty.has_padding())
    }
}

impl EnumType {
    /// The size in bytes of the largest variant.
    pub fn payload_size(&self) -> Option<u32> {
        self.variants.iter().try_fold(0, |largest, variant| Some(u32::max(largest, variant.size()?)))
    }

    /// The number of a variant.
    pub fn variant(&self, name: &str) -> Option<usize> {
        self.variants.iter().position(|variant| variant.name == name)
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("bool"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("bytes"),
            Type::Pubkey => f.write_str("pubkey"),
            Type::Int(ty) => ty.fmt(f),
            Type::Option(item) => write!(f, "(option {item})"),
            Type::Array(item, length) => write!(f, "(array {item} {length})"),
            Type::Slice(item) => write!(f, "(array {item})"),
            Type::Vec(item) => write!(f, "(vec {item})"),
            Type::Builder => f.write_str("string-builder"),
            Type::Record(record) => match &record.instance {
                Some(instance) => instance.fmt(f),
                None => f.write_str(&record.name),
            },
            Type::Enum(parent) => match &parent.instance {
                Some(instance) => instance.fmt(f),
                None => f.write_str(&parent.name),
            },
            Type::Applied(generic, arguments) => {
                crate::generic_type::write_applied(f, &generic.name, arguments)
            }
            Type::Account(account) => match (&account.record, account.is_mutable) {
                (Some(record), is_mutable) => {
                    let word = if account.is_tagged { "account" } else { "raw" };
                    match is_mutable {
                        true => write!(f, "(mut ({word} {}))", record.name),
                        false => write!(f, "({word} {})", record.name),
                    }
                }
                (None, false) => f.write_str("account"),
                (None, true) => f.write_str("(mut account)"),
            },
            Type::Distinct(distinct) => f.write_str(&distinct.name),
            // What comes after the mark tells uses apart.
            Type::Variable(name) => write!(f, "'{}", name.split('#').next().unwrap_or(name)),
            Type::Error => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, Type)]) -> Arc<RecordType> {
        Arc::new(RecordType {
            name: "R".to_string(),
            module: String::new(),
            instance: None,
            is_aligned: false,
            fields: fields
                .iter()
                .map(|(name, ty)| Field { name: (*name).to_string(), ty: ty.clone() })
                .collect(),
        })
    }

    #[test]
    fn layouts_have_no_padding() {
        let inner = record(&[("a", Type::Int(IntType::U8)), ("b", Type::Int(IntType::U64))]);
        assert_eq!(inner.size(), Some(9));
        assert_eq!(inner.field("b"), Some((1, 1)));
        assert_eq!(inner.field("c"), None);
        let array = Type::Array(Arc::new(Type::Record(inner.clone())), 3);
        assert_eq!(array.size(), Some(27));
        assert_eq!(Type::Option(Arc::new(Type::Pubkey)).size(), Some(33));
        let parent = EnumType { name: "E".to_string(), variants: vec![inner, record(&[])], instance: None };
        assert_eq!(Type::Enum(Arc::new(parent)).size(), Some(10));
    }

    #[test]
    fn aligned_records_are_laid_out_as_c_does() {
        let int = |ty| Type::Int(ty);
        let aligned = |fields: &[(&str, Type)]| {
            Arc::new(RecordType { is_aligned: true, ..RecordType::clone(&record(fields)) })
        };
        let own = aligned(&[
            ("a", int(IntType::U8)),
            ("b", int(IntType::U16)),
            ("c", int(IntType::U8)),
            ("d", int(IntType::U32)),
            ("e", int(IntType::U8)),
            ("f", int(IntType::U128)),
            ("g", Type::Pubkey),
            ("h", Type::Array(Arc::new(int(IntType::U16)), 3)),
        ]);
        let places: Vec<u32> = own.places().map(|(_, place)| place).collect();
        assert_eq!(places, [0, 2, 4, 8, 12, 16, 32, 64]);
        assert_eq!(own.size(), Some(72));
        assert_eq!(own.gaps(), [(1, 1), (5, 3), (13, 3), (70, 2)]);
        assert_eq!(own.field("f"), Some((5, 16)));
        // It keeps its alignment in another aligned record, and has none in a packed one.
        let small = aligned(&[("x", int(IntType::U8))]);
        assert_eq!(small.size(), Some(8));
        let parts = [("a", Type::Bool), ("b", Type::Array(Arc::new(Type::Record(small)), 2))];
        assert_eq!((aligned(&parts).field("b"), aligned(&parts).size()), (Some((1, 8)), Some(24)));
        assert_eq!((record(&parts).field("b"), record(&parts).size()), (Some((1, 1)), Some(17)));
        assert!(Type::Record(record(&parts)).has_padding());
        assert!(
            !Type::Record(aligned(&[("a", Type::Bool), ("b", Type::Array(Arc::new(Type::Bool), 7))]))
                .has_padding()
        );
        assert_eq!(aligned(&[]).size(), Some(0));
    }

    #[test]
    fn sizes_that_no_program_can_hold_are_none() {
        let mut ty = Type::Int(IntType::U64);
        for _ in 0..4 {
            ty = Type::Array(Arc::new(ty), 65_536);
        }
        assert_eq!(ty.size(), None);
    }
}
