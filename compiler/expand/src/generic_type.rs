//! Generic records and enums: definitions that leave types open, and their instances.
//!
//! `(defrecord (Pair 'a 'b) (first : 'a) (second : 'b))` defines no layout, so it is no type of values. With a type for each
//! of its parameters it is one: a record like any other, which says what it is an instance of. A definition can not contain
//! itself, whatever its arguments are, so no instance is endless. Two instances are the same type if they are of the same
//! definition with the same arguments. Nothing here decides which arguments are allowed. Start with [`GenericType`].

use crate::ty::{EnumType, Field, RecordType, Type};
use std::fmt::{Debug, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A record or an enum whose definition leaves types open.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GenericType {
    /// Its name.
    pub name: String,
    /// The module that defines it.
    pub module: String,
    /// How many types it leaves open.
    pub parameters: usize,
    /// The record or enum; [`Type::Variable`] has the number of a parameter for a name.
    pub body: Type,
}

/// What a record or an enum is an instance of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TypeInstance {
    /// The definition.
    pub generic: Arc<GenericType>,
    /// A type for each of its parameters.
    pub arguments: Vec<Type>,
}

/// The name that stands for a parameter in the body of a definition.
pub fn parameter_name(number: usize) -> Arc<str> {
    number.to_string().into()
}

impl GenericType {
    /// The type with these arguments. Linear in the type that comes of it.
    pub fn apply(self: &Arc<GenericType>, arguments: Vec<Type>) -> Type {
        if arguments.iter().any(Type::is_open) {
            return Type::Applied(Arc::clone(self), arguments);
        }
        let argument = |name: &str| {
            let number: usize = name.parse().ok()?;
            arguments.get(number).cloned()
        };
        let instance =
            Some(Arc::new(TypeInstance { generic: Arc::clone(self), arguments: arguments.clone() }));
        match &self.body {
            Type::Record(record) => {
                Type::Record(Arc::new(RecordType { instance, ..record.with_variables(&argument) }))
            }
            Type::Enum(parent) => {
                let variants = parent.variants.iter();
                let variants = variants.map(|variant| Arc::new(variant.with_variables(&argument))).collect();
                Type::Enum(Arc::new(EnumType { name: parent.name.clone(), variants, instance }))
            }
            _ => Type::Error,
        }
    }

    /// The type with these arguments, without their conditions.
    pub(crate) fn unrefined(self: &Arc<GenericType>, arguments: &[Type]) -> Type {
        self.apply(
            arguments.iter().map(|argument| ovsm_base::stack::with_room(|| argument.unrefined())).collect(),
        )
    }

    /// The fields of the record, or of a variant of the enum, as the definition states them.
    pub fn fields(&self, variant: usize) -> &[Field] {
        match &self.body {
            Type::Record(record) => &record.fields,
            Type::Enum(parent) => parent.variants.get(variant).map_or(&[], |variant| &variant.fields),
            _ => &[],
        }
    }

    /// True if it is an enum.
    pub fn is_enum(&self) -> bool {
        matches!(self.body, Type::Enum(_))
    }

    /// The definition without distinct types; see [`Type::represented`].
    #[must_use]
    pub fn represented(&self) -> GenericType {
        GenericType {
            name: self.name.clone(),
            module: self.module.clone(),
            parameters: self.parameters,
            body: self.body.represented(),
        }
    }
}

impl TypeInstance {
    /// The instance without distinct types; see [`Type::represented`].
    #[must_use]
    pub fn represented(&self) -> TypeInstance {
        TypeInstance {
            generic: Arc::new(self.generic.represented()),
            arguments: self.arguments.iter().map(Type::represented).collect(),
        }
    }
}

impl Type {
    /// The type with others in place of its variables; a variable for which there is none is unknown.
    #[must_use]
    pub fn with_variables(&self, of: &dyn Fn(&str) -> Option<Type>) -> Type {
        match self {
            Type::Variable(name) => of(name).unwrap_or(Type::Error),
            Type::Array(item, length) => Type::Array(Arc::new(item.with_variables(of)), *length),
            Type::Slice(item) => Type::Slice(Arc::new(item.with_variables(of))),
            Type::Vec(item) => Type::Vec(Arc::new(item.with_variables(of))),
            Type::Option(item) => Type::Option(Arc::new(item.with_variables(of))),
            Type::Applied(generic, arguments) => {
                generic.apply(arguments.iter().map(|argument| argument.with_variables(of)).collect())
            }
            other => other.clone(),
        }
    }

    /// What the type is an instance of.
    pub fn instance(&self) -> Option<&Arc<TypeInstance>> {
        match self {
            Type::Record(record) => record.instance.as_ref(),
            Type::Enum(parent) => parent.instance.as_ref(),
            _ => None,
        }
    }

    /// How many types it is made of, those of fields included; `None` if there are more than `limit`. Looks at no more than
    /// that.
    pub fn weight(&self, limit: usize) -> Option<usize> {
        let all = |types: &mut dyn Iterator<Item = &Type>| {
            let mut sum = 1usize;
            for ty in types {
                sum += ty.weight(limit.checked_sub(sum)?)?;
            }
            Some(sum)
        };
        let weight = match self {
            Type::Option(item) | Type::Array(item, _) | Type::Slice(item) | Type::Vec(item) => {
                1 + item.weight(limit.checked_sub(1)?)?
            }
            Type::Distinct(distinct) => 1 + distinct.base.weight(limit.checked_sub(1)?)?,
            Type::Record(record) => all(&mut record.fields.iter().map(|field| &field.ty))?,
            Type::Enum(parent) => {
                let fields = parent.variants.iter().flat_map(|variant| &variant.fields);
                all(&mut fields.map(|field| &field.ty))?
            }
            Type::Applied(_, arguments) => all(&mut arguments.iter())?,
            _ => 1,
        };
        (weight <= limit).then_some(weight)
    }
}

impl RecordType {
    fn with_variables(&self, of: &dyn Fn(&str) -> Option<Type>) -> RecordType {
        let field = |field: &Field| Field { name: field.name.clone(), ty: field.ty.with_variables(of) };
        RecordType {
            name: self.name.clone(),
            module: self.module.clone(),
            fields: self.fields.iter().map(field).collect(),
            instance: None,
        }
    }

    /// What an interface calls the type: names of an interface are words.
    pub fn interface_name(&self) -> String {
        self.instance.as_ref().map_or_else(|| self.name.clone(), |instance| instance.interface_name())
    }
}

impl EnumType {
    /// What an interface calls the type: names of an interface are words.
    pub fn interface_name(&self) -> String {
        self.instance.as_ref().map_or_else(|| self.name.clone(), |instance| instance.interface_name())
    }
}

impl TypeInstance {
    /// The name of the definition, and those of the arguments: `PairU8Bool`.
    fn interface_name(&self) -> String {
        let mut name = self.generic.name.clone();
        for argument in &self.arguments {
            name.push_str(&word_of(argument));
        }
        name
    }
}

/// A type as a part of a name: `(option (array u8 32))` is `OptionArrayU8x32`.
fn word_of(ty: &Type) -> String {
    match ty {
        Type::Option(item) => format!("Option{}", word_of(item)),
        Type::Array(item, length) => format!("Array{}x{length}", word_of(item)),
        Type::Record(record) => record.interface_name(),
        Type::Enum(parent) => parent.interface_name(),
        other => {
            let text = other.to_string();
            let mut letters = text.chars().filter(|letter| letter.is_alphanumeric());
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        }
    }
}

/// Writes a generic type with its arguments, as programs write it.
pub(crate) fn write_applied(f: &mut Formatter<'_>, name: &str, arguments: &[Type]) -> std::fmt::Result {
    write!(f, "({name}")?;
    for argument in arguments {
        write!(f, " {argument}")?;
    }
    f.write_str(")")
}

impl Display for TypeInstance {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write_applied(f, &self.generic.name, &self.arguments)
    }
}

// The definition and the arguments of an instance say all about it. Its fields hold the arguments once more, and so on in
// what they hold: looking at both would take time that doubles with each level.

impl PartialEq for RecordType {
    fn eq(&self, other: &RecordType) -> bool {
        match (&self.instance, &other.instance) {
            (Some(own), Some(other)) => own == other,
            (None, None) => {
                self.name == other.name && self.module == other.module && self.fields == other.fields
            }
            _ => false,
        }
    }
}

impl Eq for RecordType {}

impl Hash for RecordType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.instance {
            Some(instance) => instance.hash(state),
            None => (&self.name, &self.module, &self.fields).hash(state),
        }
    }
}

impl Debug for RecordType {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut text = f.debug_struct("RecordType");
        text.field("name", &self.name).field("module", &self.module);
        match &self.instance {
            Some(instance) => text.field("instance", instance),
            None => text.field("fields", &self.fields),
        };
        text.finish()
    }
}

impl PartialEq for EnumType {
    fn eq(&self, other: &EnumType) -> bool {
        match (&self.instance, &other.instance) {
            (Some(own), Some(other)) => own == other,
            (None, None) => self.name == other.name && self.variants == other.variants,
            _ => false,
        }
    }
}

impl Eq for EnumType {}

impl Hash for EnumType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.instance {
            Some(instance) => instance.hash(state),
            None => (&self.name, &self.variants).hash(state),
        }
    }
}

impl Debug for EnumType {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let mut text = f.debug_struct("EnumType");
        text.field("name", &self.name);
        match &self.instance {
            Some(instance) => text.field("instance", instance),
            None => text.field("variants", &self.variants),
        };
        text.finish()
    }
}
