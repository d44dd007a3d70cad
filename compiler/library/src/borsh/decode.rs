//! From Borsh bytes to values. The bytes may be hostile: every length is checked against what is left.

use super::{Schema, is_byte, schema};
use crate::context::Context;
use num_bigint::BigInt;
use ovsm_value::error::raise;
use ovsm_value::number::FixedType;
use ovsm_value::{ErrorKind, Object, Raised, Value};
use std::rc::Rc;

/// The bytes, and how many are read.
pub struct Decoder<'a> {
    pub context: &'a mut dyn Context,
    pub bytes: &'a [u8],
    pub place: usize,
}

impl<'a> Decoder<'a> {
    fn error(&self, what: &str) -> Raised {
        raise(ErrorKind::Parse, format!("`borsh-decode`: byte {}: {what}", self.place))
    }

    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.place)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Raised> {
        let end = self.place.saturating_add(count);
        let Some(part) = self.bytes.get(self.place..end) else {
            return Err(self.error(&format!("{count} bytes are needed, but only {} are left", self.left())));
        };
        self.context.reserve(count)?;
        self.context.charge(count as u64 / 16)?;
        self.place = end;
        Ok(part)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], Raised> {
        let part = self.take(N)?;
        part.try_into().map_err(|_| self.error("bytes are missing"))
    }

    fn length(&mut self) -> Result<usize, Raised> {
        let length = u32::from_le_bytes(self.take_array()?) as usize;
        if length > self.left() {
            return Err(self.error(&format!("a length of {length}, but only {} bytes are left", self.left())));
        }
        Ok(length)
    }

    /// The next value.
    pub fn value(&mut self, wanted: &Value, depth: u32) -> Result<Value, Raised> {
        self.context.charge(4)?;
        self.context.reserve(size_of::<Value>())?;
        Ok(match schema(wanted, depth)? {
            Schema::Integer(ty) => self.integer(ty)?,
            Schema::F32 => Value::Float(f64::from(f32::from_le_bytes(self.take_array()?))),
            Schema::F64 => Value::Float(f64::from_le_bytes(self.take_array()?)),
            Schema::Bool => match self.take(1)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return Err(self.error("a truth value is 0 or 1")),
            },
            Schema::String => {
                let length = self.length()?;
                let bytes = self.take(length)?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => Value::string(text),
                    Err(_) => return Err(self.error("the string is no UTF-8 text: use `:bytes`")),
                }
            }
            Schema::Bytes => {
                let length = self.length()?;
                Value::bytes(self.take(length)?.to_vec())
            }
            Schema::Pubkey => Value::Pubkey(Rc::new(self.take_array()?)),
            Schema::Signature => Value::Signature(Rc::new(self.take_array()?)),
            Schema::Unit => Value::Null,
            Schema::Option(inner) => match self.take(1)? {
                [0] => Value::Null,
                [1] => self.value(inner, depth + 1)?,
                _ => return Err(self.error("an option starts with 0 or 1")),
            },
            Schema::Vec(item) => {
                let length = self.length()?;
                self.sequence(item, length, depth)?
            }
            Schema::Array(item, length) => self.sequence(item, length, depth)?,
            Schema::Tuple(schemas) => {
                let mut items = Vec::with_capacity(schemas.len());
                for schema in schemas {
                    items.push(self.value(schema, depth + 1)?);
                }
                Value::array(items)
            }
            Schema::Struct(fields) => {
                let mut entries = Object::default();
                for (name, schema) in fields {
                    entries.insert(Rc::clone(name), self.value(schema, depth + 1)?);
                }
                Value::object(entries)
            }
            Schema::Enum(variants) => {
                let index = usize::from(u8::from_le_bytes(self.take_array()?));
                let Some((name, inner)) = variants.get_index(index) else {
                    return Err(
                        self.error(&format!("variant {index} of an enum that has {}", variants.len()))
                    );
                };
                if matches!(schema(inner, depth + 1)?, Schema::Unit) {
                    Value::Keyword(Rc::clone(name))
                } else {
                    let content = self.value(inner, depth + 1)?;
                    Value::object(Object::from_iter([(Rc::clone(name), content)]))
                }
            }
        })
    }

    fn integer(&mut self, ty: FixedType) -> Result<Value, Raised> {
        let bytes = self.take(ty.bits() as usize / 8)?;
        let number = if ty.is_signed() {
            BigInt::from_signed_bytes_le(bytes)
        } else {
            BigInt::from_bytes_le(num_bigint::Sign::Plus, bytes)
        };
        Ok(Value::integer(number))
    }

    fn sequence(&mut self, item: &Value, length: usize, depth: u32) -> Result<Value, Raised> {
        if is_byte(item) {
            return Ok(Value::bytes(self.take(length)?.to_vec()));
        }
        let mut items = Vec::new();
        for position in 0..length {
            let before = self.place;
            items.push(self.value(item, depth + 1)?);
            // Without this, four bytes could ask for four billion items that take none.
            if position == 0 && self.place == before {
                return Err(raise(
                    ErrorKind::Value,
                    "a Borsh sequence needs items that take at least one byte: leave it out of the schema",
                ));
            }
        }
        Ok(Value::array(items))
    }
}
