//! Values of generic records and enums as ones of a type with arguments: `(Pair u8 bool)`.
//!
//! The definition says the type of each field, with its parameters left open. A value is of a type with arguments if its
//! fields are of what these say. As with arrays, an exact integer becomes one of a fixed width if it fits; the record is
//! then another one. Start with [`convert_fields`].

use crate::check::{Converted, convert};
use crate::context::Context;
use ovsm_value::{Raised, Record, Value};
use std::rc::Rc;

/// A record with its fields as ones of the types that these arguments give them; `None` if one is not of its type.
pub(crate) fn convert_fields(
    context: &mut dyn Context,
    record: &Rc<Record>,
    arguments: &[Value],
) -> Result<Option<Converted>, Raised> {
    if arguments.iter().all(is_anything) {
        return Ok(Some(Converted::Same));
    }
    let mut changed: Option<Record> = None;
    for (n, field) in record.fields.iter().enumerate() {
        let Some(ty) = record.ty.types.get(n).filter(|ty| has_variable(ty)) else { continue };
        let ty = with_arguments(ty, &record.ty.parameters, arguments);
        match ovsm_base::stack::with_room(|| convert(context, field, &ty))? {
            None => return Ok(None),
            Some(Converted::Same) => {}
            Some(Converted::Other(new)) => {
                if let Some(place) = changed.get_or_insert_with(|| Record::clone(record)).fields.get_mut(n) {
                    *place = new;
                }
            }
        }
    }
    Ok(Some(match changed {
        Some(record) => Converted::Other(Value::Record(Rc::new(record))),
        None => Converted::Same,
    }))
}

/// The parameter that a type as data is, by its name.
fn variable(ty: &Value) -> Option<&str> {
    match ty.as_items() {
        Some([Value::Keyword(tag), name]) if tag.as_str() == "variable" => name.as_str(),
        _ => None,
    }
}

fn is_anything(ty: &Value) -> bool {
    matches!(ty, Value::Keyword(name) if name.as_str() == "any") || variable(ty).is_some()
}

fn has_variable(ty: &Value) -> bool {
    variable(ty).is_some() || ty.as_items().is_some_and(|parts| parts.iter().any(has_variable))
}

/// A type as data with arguments in place of the parameters that it names.
fn with_arguments(ty: &Value, parameters: &[Rc<str>], arguments: &[Value]) -> Value {
    if let Some(name) = variable(ty) {
        let place = parameters.iter().position(|parameter| **parameter == *name);
        return place.and_then(|place| arguments.get(place)).unwrap_or(ty).clone();
    }
    match ty {
        Value::Array(parts) => {
            let parts = parts.as_slice().iter();
            Value::array(parts.map(|part| with_arguments(part, parameters, arguments)).collect())
        }
        other => other.clone(),
    }
}
