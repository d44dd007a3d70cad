//! From values to Borsh bytes.

use super::{Schema, is_byte, schema};
use crate::context::Context;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Object, Raised, Text, Value};
use std::rc::Rc;

const OPERATION: &str = "borsh-encode";

/// The bytes so far.
pub struct Encoder<'a> {
    pub context: &'a mut dyn Context,
    pub bytes: Vec<u8>,
}

impl Encoder<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Raised> {
        self.context.reserve(bytes.len())?;
        self.context.charge(bytes.len() as u64 / 16)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn length(&mut self, length: usize) -> Result<(), Raised> {
        let short = u32::try_from(length).map_err(|_| {
            raise(ErrorKind::Limit, format!("`{OPERATION}`: {length} items, but a Borsh length has 32 bits"))
        })?;
        self.put(&short.to_le_bytes())
    }

    /// Appends a value.
    pub fn value(&mut self, value: &Value, wanted: &Value, depth: u32) -> Result<(), Raised> {
        self.context.charge(4)?;
        match schema(wanted, depth)? {
            Schema::Integer(ty) => self.integer(ty, value),
            Schema::F32 => {
                let float = number::to_float(value)
                    .ok_or_else(|| type_error(OPERATION, "a number for `:f32`", value))?;
                self.put(&(float as f32).to_le_bytes())
            }
            Schema::F64 => {
                let float = number::to_float(value)
                    .ok_or_else(|| type_error(OPERATION, "a number for `:f64`", value))?;
                self.put(&float.to_le_bytes())
            }
            Schema::Bool => match value {
                Value::Bool(truth) => self.put(&[u8::from(*truth)]),
                other => Err(type_error(OPERATION, "`true` or `false` for `:bool`", other)),
            },
            Schema::String => match value {
                Value::String(text) => {
                    self.length(text.as_str().len())?;
                    self.put(text.as_str().as_bytes())
                }
                other => Err(type_error(OPERATION, "a string for `:string`", other)),
            },
            Schema::Bytes => match value {
                Value::Bytes(bytes) => {
                    self.length(bytes.len())?;
                    self.put(bytes)
                }
                other => Err(type_error(OPERATION, "bytes for `:bytes`", other)),
            },
            Schema::Pubkey => match value {
                Value::Pubkey(key) => self.put(&key[..]),
                Value::Bytes(bytes) if bytes.len() == 32 => self.put(bytes),
                other => Err(type_error(OPERATION, "a public key for `:pubkey`", other)),
            },
            Schema::Signature => match value {
                Value::Signature(signature) => self.put(&signature[..]),
                Value::Bytes(bytes) if bytes.len() == 64 => self.put(bytes),
                other => Err(type_error(OPERATION, "a signature for `:signature`", other)),
            },
            Schema::Unit => match value {
                Value::Null => Ok(()),
                other => Err(type_error(OPERATION, "`null` for `:unit`", other)),
            },
            Schema::Option(inner) => match value {
                Value::Null => self.put(&[0]),
                value => {
                    self.put(&[1])?;
                    self.value(value, inner, depth + 1)
                }
            },
            Schema::Vec(item) => self.sequence(value, item, None, depth),
            Schema::Array(item, length) => self.sequence(value, item, Some(length), depth),
            Schema::Tuple(schemas) => {
                let items = value.as_items().filter(|items| items.len() == schemas.len());
                let items = items.ok_or_else(|| {
                    type_error(OPERATION, &format!("an array of {} items for `:tuple`", schemas.len()), value)
                })?;
                for (item, schema) in items.iter().zip(schemas) {
                    self.value(item, schema, depth + 1)?;
                }
                Ok(())
            }
            Schema::Struct(fields) => self.structure(value, fields, depth),
            Schema::Enum(variants) => self.variant(value, variants, depth),
        }
    }

    fn integer(&mut self, ty: FixedType, value: &Value) -> Result<(), Raised> {
        if !value.is_integer() {
            return Err(type_error(OPERATION, &format!("an integer for `:{}`", ty.name()), value));
        }
        let width = ty.bits() as usize / 8;
        let number = number::to_fixed(ty, value)?;
        let low = match &number {
            Value::Fixed(_, word) => u128::from(*word),
            Value::U128(number) => **number,
            Value::I128(number) => **number as u128,
            _ => 0,
        };
        self.put(low.to_le_bytes().get(..width).unwrap_or(&[]))
    }

    fn sequence(
        &mut self,
        value: &Value,
        item: &Value,
        length: Option<usize>,
        depth: u32,
    ) -> Result<(), Raised> {
        let count = match value {
            Value::Bytes(bytes) if is_byte(item) => bytes.len(),
            value => {
                value.as_items().ok_or_else(|| type_error(OPERATION, "an array or a list", value))?.len()
            }
        };
        match length {
            None => self.length(count)?,
            Some(length) if length == count => {}
            Some(length) => {
                return Err(raise(
                    ErrorKind::Value,
                    format!("`{OPERATION}`: the schema wants {length} items, but there are {count}"),
                ));
            }
        }
        if let Value::Bytes(bytes) = value {
            return self.put(bytes);
        }
        for each in value.as_items().unwrap_or(&[]) {
            self.value(each, item, depth + 1)?;
        }
        Ok(())
    }

    fn structure(&mut self, value: &Value, fields: &Object, depth: u32) -> Result<(), Raised> {
        for (name, schema) in fields {
            let field = match value {
                Value::Object(entries) => entries.get(name),
                Value::Record(record) => record.get(name.as_str()),
                other => return Err(type_error(OPERATION, "an object or a record", other)),
            };
            match field {
                Some(field) => self.value(field, schema, depth + 1)?,
                // A missing option is none.
                None if matches!(super::schema(schema, depth)?, Schema::Option(_)) => self.put(&[0])?,
                None => {
                    return Err(raise(
                        ErrorKind::Key,
                        format!(
                            "`{OPERATION}`: the field `:{}` is missing in {}",
                            name.as_str(),
                            brief(value)
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn variant(&mut self, value: &Value, variants: &Object, depth: u32) -> Result<(), Raised> {
        let (name, content): (&Rc<Text>, &Value) = match value {
            Value::Keyword(name) | Value::String(name) => (name, &Value::Null),
            Value::Object(entries) => match entries.first() {
                Some((name, content)) if entries.len() == 1 => (name, content),
                _ => {
                    return Err(type_error(
                        OPERATION,
                        "a keyword or an object of one entry for `:enum`",
                        value,
                    ));
                }
            },
            other => {
                return Err(type_error(OPERATION, "a keyword or an object of one entry for `:enum`", other));
            }
        };
        let Some((index, _, schema)) = variants.get_full(name) else {
            let known: Vec<String> =
                variants.keys().take(8).map(|name| format!(":{}", name.as_str())).collect();
            return Err(raise(
                ErrorKind::Key,
                format!(
                    "`{OPERATION}`: the enum has no variant `:{}`; it has {}",
                    name.as_str(),
                    known.join(" ")
                ),
            ));
        };
        self.put(&[index as u8])?;
        self.value(content, schema, depth + 1)
    }
}
