//! From values to JSON text. Depth, memory and time are bounded.

use super::{MAX_DEPTH, too_deep};
use crate::context::Context;
use ovsm_value::encoding::base58;
use ovsm_value::error::{raise, type_error};
use ovsm_value::write::{brief, write_float, write_to};
use ovsm_value::{ErrorKind, Raised, Value, number};
use std::fmt::Write as _;

const OPERATION: &str = "json-stringify";

/// The text of a value; pretty on several lines.
pub fn stringify(context: &mut dyn Context, value: &Value, pretty: bool) -> Result<String, Raised> {
    let mut writer = Writer { context, text: String::new(), paid: 0, pretty };
    writer.value(value, 0)?;
    Ok(writer.text)
}

struct Writer<'a> {
    context: &'a mut dyn Context,
    text: String,
    /// How many bytes of the text were reserved.
    paid: usize,
    pretty: bool,
}

impl Writer<'_> {
    fn pay(&mut self) -> Result<(), Raised> {
        self.context.charge(4)?;
        if self.text.len() >= self.paid {
            let more = (self.text.len() - self.paid) + 1024;
            self.context.reserve(more)?;
            self.context.charge(more as u64 / 16)?;
            self.paid += more;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: u32) -> Result<(), Raised> {
        self.pay()?;
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            Value::Float(float) if !float.is_finite() => {
                return Err(raise(
                    ErrorKind::Value,
                    format!("`{OPERATION}`: JSON has no {}: replace it first", brief(value)),
                ));
            }
            Value::Float(float) => write_float(&mut self.text, *float),
            Value::Decimal(decimal) => {
                let _ = write!(self.text, "{decimal}");
            }
            Value::Int(_) | Value::Big(_) => write_to(&mut self.text, value),
            Value::Fixed(..) | Value::U128(_) | Value::I128(_) => {
                // Without the suffix of the type.
                let _ = write!(self.text, "{}", number::to_bigint(value).unwrap_or_default());
            }
            Value::String(text) | Value::Keyword(text) => self.string(text.as_str()),
            Value::Symbol(symbol) => self.string(&symbol.name),
            Value::Char(c) => self.string(c.encode_utf8(&mut [0; 4])),
            Value::Pubkey(key) => self.string(&base58(&key[..])),
            Value::Signature(signature) => self.string(&base58(&signature[..])),
            Value::Bytes(bytes) => {
                self.sequence(bytes.iter().map(|byte| Value::Int(i64::from(*byte))), depth)?;
            }
            Value::Array(items) | Value::List(items) => self.sequence(items.iter(), depth)?,
            Value::Range(range) => self.sequence(range.iter().map(Value::Int), depth)?,
            Value::Set(set) => self.sequence(set.items.keys().map(|key| key.0.clone()), depth)?,
            Value::Object(entries) => {
                self.entries(entries.iter().map(|(key, value)| (key.as_str(), value)), depth)?;
            }
            Value::Record(record) => {
                let names = record.ty.fields.iter().map(|name| name.as_str());
                self.entries(names.zip(&record.fields), depth)?;
            }
            Value::Table(table) => {
                let table = table
                    .try_borrow()
                    .map_err(|_| raise(ErrorKind::Value, "the hash table is being changed"))?;
                let mut named = Vec::with_capacity(table.len());
                for (key, value) in table.iter() {
                    let name = key
                        .as_key()
                        .ok_or_else(|| type_error(OPERATION, "strings, keywords or symbols as keys", &key))?;
                    named.push((name, value));
                }
                self.entries(named.iter().map(|(name, value)| (name.as_str(), value)), depth)?;
            }
            Value::Error(error) => {
                let (kind, message) =
                    (Value::keyword(error.kind.name()), Value::string(error.message.clone()));
                let parts = [("kind", &kind), ("message", &message), ("data", &error.data)];
                self.entries(parts.into_iter(), depth)?;
            }
            other => return Err(type_error(OPERATION, "data (not functions or cells)", other)),
        }
        Ok(())
    }

    fn line(&mut self, depth: u32) {
        if self.pretty {
            self.text.push('\n');
            for _ in 0..depth {
                self.text.push_str("  ");
            }
        }
    }

    fn sequence(&mut self, items: impl Iterator<Item = Value>, depth: u32) -> Result<(), Raised> {
        if depth >= MAX_DEPTH {
            return Err(too_deep(OPERATION));
        }
        self.text.push('[');
        let mut is_empty = true;
        for item in items {
            if !is_empty {
                self.text.push(',');
            }
            is_empty = false;
            self.line(depth + 1);
            self.value(&item, depth + 1)?;
        }
        if !is_empty {
            self.line(depth);
        }
        self.text.push(']');
        Ok(())
    }

    fn entries<'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v str, &'v Value)>,
        depth: u32,
    ) -> Result<(), Raised> {
        if depth >= MAX_DEPTH {
            return Err(too_deep(OPERATION));
        }
        self.text.push('{');
        let mut is_empty = true;
        for (name, value) in entries {
            if !is_empty {
                self.text.push(',');
            }
            is_empty = false;
            self.line(depth + 1);
            self.string(name);
            self.text.push_str(if self.pretty { ": " } else { ":" });
            self.value(value, depth + 1)?;
        }
        if !is_empty {
            self.line(depth);
        }
        self.text.push('}');
        Ok(())
    }

    fn string(&mut self, content: &str) {
        self.text.push('"');
        for c in content.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                c if c < ' ' || c == '\u{7f}' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}
