//! Dropping deep values without recursion.

use crate::collection::{Object, Table};
use crate::value::Value;
use std::rc::Rc;

/// Drops values; those that nobody else holds are taken apart one by one, so that the native stack stays flat however
/// deep they nest.
pub(crate) fn release(mut work: Vec<Value>) {
    while let Some(value) = work.pop() {
        match value {
            Value::Array(mut items) | Value::List(mut items) => {
                if let Some(items) = Rc::get_mut(&mut items) {
                    work.extend(items.take_store().into_iter().filter(Value::holds_values));
                }
            }
            Value::Object(mut object) => {
                if let Some(object) = Rc::get_mut(&mut object) {
                    let entries = std::mem::take::<Object>(object);
                    work.extend(entries.into_values().filter(Value::holds_values));
                }
            }
            Value::Record(mut record) => {
                if let Some(record) = Rc::get_mut(&mut record) {
                    work.extend(record.fields.drain(..).filter(Value::holds_values));
                }
            }
            Value::Function(mut closure) => {
                if let Some(closure) = Rc::get_mut(&mut closure) {
                    work.extend(
                        std::mem::take(&mut closure.captures).into_iter().filter(Value::holds_values),
                    );
                }
            }
            Value::Cell(cell) => {
                if let Some(cell) = Rc::into_inner(cell) {
                    let value = cell.into_inner();
                    if value.holds_values() {
                        work.push(value);
                    }
                }
            }
            Value::Table(table) => {
                if let Some(table) = Rc::into_inner(table) {
                    let Table { entries } = table.into_inner();
                    for (key, value) in entries {
                        work.extend([key.0, value].into_iter().filter(Value::holds_values));
                    }
                }
            }
            _ => {}
        }
    }
}
