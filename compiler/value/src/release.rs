//! Dropping deep values without recursion.

use crate::collection::Object;
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
                    work.extend(entries.into_iter().map(|(_, value)| value).filter(Value::holds_values));
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
                    let entries = std::mem::take(&mut table.into_inner().entries);
                    for (key, value) in entries {
                        work.extend([key.0, value].into_iter().filter(Value::holds_values));
                    }
                }
            }
            Value::Set(mut set) => {
                if let Some(set) = Rc::get_mut(&mut set) {
                    let items = std::mem::take(&mut set.items).into_keys().map(|key| key.0);
                    work.extend(items.filter(Value::holds_values));
                }
            }
            Value::Error(mut error) => {
                if let Some(error) = Rc::get_mut(&mut error) {
                    work.push(std::mem::take(&mut error.data));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::{Set, Table};
    use crate::compare::Key;
    use crate::error::{ErrorKind, ErrorValue};
    use crate::function::Closure;
    use crate::record::{Record, RecordType};
    use crate::text::Text;
    use std::cell::RefCell;

    #[test]
    fn deep_values_of_every_kind_are_dropped_without_recursion() {
        let ty = Rc::new(RecordType {
            name: "R".into(),
            parent: None,
            fields: vec![Rc::new(Text::new("x"))],
            types: vec![Value::Null],
            identity: 1,
        });
        let wraps: [(&str, &dyn Fn(Value) -> Value); 7] = [
            ("array", &|value| Value::array(vec![value])),
            ("object", &|value| Value::object(std::iter::once((Rc::new(Text::new("k")), value)).collect())),
            ("record", &|value| Value::Record(Rc::new(Record { ty: Rc::clone(&ty), fields: vec![value] }))),
            ("closure", &|value| {
                Value::Function(Rc::new(Closure { code: 0, name: "f".into(), captures: Box::new([value]) }))
            }),
            ("table", &|value| {
                let entries = std::iter::once((Key(Value::Null), value)).collect();
                Value::Table(Rc::new(RefCell::new(Table { entries })))
            }),
            ("error", &|value| {
                let mut error = ErrorValue::new(ErrorKind::User, "");
                error.data = value;
                Value::Error(Rc::new(error))
            }),
            ("cells in arrays", &|value| Value::array(vec![Value::Cell(Rc::new(RefCell::new(value)))])),
        ];
        for (name, wrap) in wraps {
            let mut deep = Value::Null;
            for _ in 0..500_000 {
                deep = wrap(deep);
            }
            drop(deep);
            // And the one kind inside of the other.
            let mut mixed = Value::Null;
            for n in 0..100_000 {
                mixed = if n % 2 == 0 { wrap(mixed) } else { Value::list(vec![mixed]) };
            }
            assert!(mixed.holds_values(), "{name}");
        }
        let set = Set { items: std::iter::once((Key(Value::array(vec![Value::Null])), ())).collect() };
        drop(Value::Set(Rc::new(set)));
    }
}
