//! Records and enum values.

use crate::release::release;
use crate::text::Text;
use crate::value::Value;
use std::rc::Rc;

/// A type made by `defrecord`, `defstruct`, or one variant of a `defenum`.
#[derive(Debug)]
pub struct RecordType {
    /// The name of the record, or `Enum/Variant`'s variant.
    pub name: Rc<str>,
    /// The module that defines it; empty for the program itself.
    pub module: Rc<str>,
    /// The enum that it is a variant of.
    pub parent: Option<Rc<str>>,
    /// Names of the fields, in order.
    pub fields: Vec<Rc<Text>>,
    /// The names of the types that it leaves open: those of the fields have them as `[:variable "a"]`.
    pub parameters: Vec<Rc<str>>,
    /// The type of each field as data, null if it has none.
    pub types: Vec<Value>,
    /// True if fields of values in memory lie at multiples of their own alignment: `:align 8`. Others lie one after the other.
    pub is_aligned: bool,
    /// The identity of the definition: two definitions of one name are two types.
    pub identity: u64,
}

/// A record: a type and one value per field.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its type.
    pub ty: Rc<RecordType>,
    /// The values of the fields, in order.
    pub fields: Vec<Value>,
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.fields.iter().any(Value::holds_values) {
            release(std::mem::take(&mut self.fields));
        }
    }
}

impl Record {
    /// The place of a field.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.ty.fields.iter().position(|field| field.as_str() == name)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(self.position(name)?)
    }
}

impl RecordType {
    /// The name that tells it from all others of a program: `Point`, `Shape/Circle`, `geometry/Point`.
    pub fn full_name(&self) -> String {
        let mut name = String::new();
        for part in [Some(&self.module), self.parent.as_ref()].into_iter().flatten() {
            if !part.is_empty() {
                name.push_str(part);
                name.push('/');
            }
        }
        name.push_str(&self.name);
        name
    }
}

impl PartialEq for RecordType {
    fn eq(&self, other: &RecordType) -> bool {
        self.identity == other.identity && self.name == other.name
    }
}
