//! Objects of scripts, read and made.

use ovsm_value::{Object, Text, Value};
use std::rc::Rc;

/// The value of a key.
pub fn entry<'o>(entries: &'o Object, key: &str) -> Option<&'o Value> {
    entries.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value)
}

/// Adds an entry.
pub fn with_key(entries: &mut Object, key: &str, value: Value) {
    entries.insert(Rc::new(Text::new(key)), value);
}

/// An object of entries.
pub fn object<'k>(entries: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    let mut made = Object::default();
    for (key, value) in entries {
        with_key(&mut made, key, value);
    }
    Value::object(made)
}

/// The value of a key of an object; null if it is none or has none.
pub fn get(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(entries) => entry(entries, key).cloned().unwrap_or_default(),
        _ => Value::Null,
    }
}

/// The text of a keyword or a string.
pub fn name_of(value: &Value) -> Option<&str> {
    match value {
        Value::Keyword(name) | Value::String(name) => Some(name.as_str()),
        _ => None,
    }
}
