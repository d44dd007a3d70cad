//! Dropping deep values without recursion.

use crate::value::Value;
use std::rc::Rc;

/// Drops values; those that nobody else holds are taken apart one by one, so that the native stack stays flat however
/// deep they nest. Every kind of value that may hold others calls this when it is dropped and holds some.
pub(crate) fn release(mut work: Vec<Value>) {
    while let Some(value) = work.pop() {
        let mut keep = |value: Value| {
            if value.holds_values() {
                work.push(value);
            }
        };
        match value {
            Value::Array(mut items) | Value::List(mut items) => {
                if let Some(items) = Rc::get_mut(&mut items) {
                    items.take_store().into_iter().for_each(keep);
                }
            }
            Value::Object(mut object) => {
                if let Some(object) = Rc::get_mut(&mut object) {
                    object.take_values().for_each(keep);
                }
            }
            Value::Set(mut set) => {
                if let Some(set) = Rc::get_mut(&mut set) {
                    std::mem::take(&mut set.items).into_keys().for_each(|key| keep(key.0));
                }
            }
            Value::Record(mut record) => {
                if let Some(record) = Rc::get_mut(&mut record) {
                    record.fields.drain(..).for_each(keep);
                }
            }
            Value::Function(mut closure) => {
                if let Some(closure) = Rc::get_mut(&mut closure) {
                    std::mem::take(&mut closure.captures).into_iter().for_each(keep);
                }
            }
            Value::Cell(mut cell) => {
                if let Some(cell) = Rc::get_mut(&mut cell) {
                    keep(cell.take());
                }
            }
            Value::Table(mut table) => {
                if let Some(table) = Rc::get_mut(&mut table) {
                    table.get_mut().take_holders().into_iter().for_each(keep);
                }
            }
            Value::Handle(mut handle) => {
                if let Some(value) = Rc::get_mut(&mut handle).and_then(|handle| handle.take_value()) {
                    keep(value);
                }
            }
            Value::Error(mut error) => {
                if let Some(error) = Rc::get_mut(&mut error) {
                    keep(std::mem::take(&mut error.data));
                }
            }
            _ => {}
        }
    }
}
