//! Types at run time: does a value have a stated type?
//!
//! A type is data: `:any`, the name of a type as a keyword, or an array that begins with `:array`, `:list`, `:map`, `:or`,
//! `:record` or `:refined`. An exact integer fits a fixed width if its number does; it then becomes one.

use crate::arguments::{at, take};
use crate::context::Context;
use ovsm_value::compare::Key;
use ovsm_value::error::raise;
use ovsm_value::number::{self, FixedType};
use ovsm_value::write::describe;
use ovsm_value::{ErrorKind, ErrorValue, Raised, Record, Set, Unwind, Value};
use std::rc::Rc;

/// `#check`: the value, converted if that is needed and loses nothing.
pub fn check(context: &mut dyn Context, arguments: &mut [Value]) -> Result<Value, Raised> {
    let value = take(arguments, 0);
    match convert(context, &value, at(arguments, 1))? {
        Some(Converted::Same) => Ok(value),
        Some(Converted::Other(value)) => Ok(value),
        None => {
            let ty = type_text(at(arguments, 1));
            let what = at(arguments, 2).as_str().unwrap_or("the value").to_string();
            let overflow =
                value.is_integer() && FixedType::from_name(&ty).is_some() && FixedType::of(&value).is_none();
            let kind = if overflow { ErrorKind::Overflow } else { ErrorKind::Type };
            let mut message = format!("{what} must be {}, but is {}", article(&ty), describe(&value));
            if FixedType::of(&value).is_some() && FixedType::from_name(&ty).is_some() {
                message.push_str(&format!("; convert it: `({ty} x)`"));
            }
            // A parameter is given its value by a call.
            let mut error = ErrorValue::new(kind, message);
            error.is_of_call = what.starts_with("the parameter ");
            Err(Box::new(Unwind::Error(Rc::new(error))))
        }
    }
}

/// `#check-arguments`: the arguments of a function that stands where a function type is stated. Whoever calls it is to
/// blame for what does not fit.
///
/// # Errors
/// If there are not as many as the type says, or one has another type.
pub fn arguments(context: &mut dyn Context, arguments: &mut [Value]) -> Result<Value, Raised> {
    let given = take(arguments, 0);
    let given = given.as_items().unwrap_or(&[]);
    let wanted = at(arguments, 1).as_items().unwrap_or(&[]);
    let what = at(arguments, 2).as_str().unwrap_or("the function");
    if given.len() != wanted.len() {
        let message =
            format!("{what} is a function of {} arguments, but is called with {}", wanted.len(), given.len());
        return Err(raise(ErrorKind::Arity, message));
    }
    let mut checked = Vec::with_capacity(given.len());
    for (n, (value, ty)) in given.iter().zip(wanted).enumerate() {
        let place = Value::string(format!("argument {} of {what}", n + 1));
        checked.push(check(context, &mut [value.clone(), ty.clone(), place])?);
    }
    Ok(Value::list(checked))
}

/// Checks the fields of a record that is being made against the types that its definition states.
///
/// # Errors
/// If a field has another type.
pub fn fields(
    context: &mut dyn Context,
    ty: &ovsm_value::RecordType,
    fields: &mut [Value],
) -> Result<(), Raised> {
    for (n, field) in fields.iter_mut().enumerate() {
        if !matches!(ty.types.get(n), None | Some(Value::Null)) {
            *field = self::field(context, ty, n, std::mem::take(field))?;
        }
    }
    Ok(())
}

/// What was read from a text, with the fields of its records checked against the types that their definitions state.
///
/// # Errors
/// If a field has another type.
pub(crate) fn records(context: &mut dyn Context, text: &str, value: Value) -> Result<Value, Raised> {
    if text.contains(ovsm_value::write::RECORD) { checked_records(context, &value) } else { Ok(value) }
}

fn checked_records(context: &mut dyn Context, value: &Value) -> Result<Value, Raised> {
    let mut all = |items: &[Value]| -> Result<Vec<Value>, Raised> {
        items.iter().map(|item| ovsm_base::stack::with_room(|| checked_records(context, item))).collect()
    };
    Ok(match value {
        Value::Array(items) => Value::array(all(items.as_slice())?),
        Value::List(items) => Value::list(all(items.as_slice())?),
        Value::Object(entries) => {
            let values = all(&entries.values().cloned().collect::<Vec<_>>())?;
            Value::object(entries.keys().cloned().zip(values).collect())
        }
        Value::Set(set) => {
            let items = all(&set.items.keys().map(|key| key.0.clone()).collect::<Vec<_>>())?;
            Value::Set(Rc::new(Set { items: items.into_iter().map(|item| (Key(item), ())).collect() }))
        }
        Value::Record(record) => {
            let mut inner = all(&record.fields)?;
            fields(context, &record.ty, &mut inner)?;
            Value::Record(Rc::new(Record { ty: Rc::clone(&record.ty), fields: inner }))
        }
        other => other.clone(),
    })
}

/// A value that is to be a field of a record, checked against the type that its definition states.
///
/// # Errors
/// If it has another type.
pub fn field(
    context: &mut dyn Context,
    ty: &ovsm_value::RecordType,
    n: usize,
    value: Value,
) -> Result<Value, Raised> {
    let (Some(wanted), Some(name)) = (ty.types.get(n), ty.fields.get(n)) else { return Ok(value) };
    match wanted {
        Value::Null => Ok(value),
        wanted => {
            check_as(context, value, wanted, &|| format!("the field `{}` of `{}`", name.as_str(), ty.name))
        }
    }
}

/// Where a part of a typed value stands decides which type it must have: the type of what is under a key of a value of
/// this type. `None` if parts are not told apart by it, so that only the whole can be checked.
pub(crate) fn part(ty: &Value) -> Option<&Value> {
    match ty.as_items() {
        None => Some(&Value::Null),
        Some([Value::Keyword(tag), parts @ ..]) => match (tag.as_str(), parts) {
            ("array" | "vec" | "list", [item, ..]) => Some(item),
            ("map", [_, item]) => Some(item),
            // The definition of a record says what its parts are; of a generic one its arguments do.
            ("record", [_, _]) => Some(&Value::Null),
            _ => None,
        },
        Some(_) => None,
    }
}

/// True if a value of this type stays of it when items that fit are added or the last one is taken away.
pub(crate) fn has_any_length(ty: &Value) -> bool {
    match ty.as_items() {
        Some([Value::Keyword(tag), _]) => matches!(tag.as_str(), "array" | "vec" | "list"),
        _ => false,
    }
}

/// A value, converted if that is needed and loses nothing; `what` names it in the error.
///
/// # Errors
/// If it is not of the type.
pub(crate) fn check_as(
    context: &mut dyn Context,
    value: Value,
    ty: &Value,
    what: &dyn Fn() -> String,
) -> Result<Value, Raised> {
    match convert(context, &value, ty)? {
        Some(Converted::Same) => Ok(value),
        Some(Converted::Other(value)) => Ok(value),
        None => check(context, &mut [value, ty.clone(), Value::string(what())]),
    }
}

/// True if a value is of a type that is only a name, as it stands.
pub fn is_named(value: &Value, name: &str) -> bool {
    matches!(convert_named(value, name), Some(Converted::Same))
}

/// `#is`: true if a value is of a type as it stands.
pub fn is(context: &mut dyn Context, value: &Value, ty: &Value) -> Result<bool, Raised> {
    Ok(matches!(convert(context, value, ty)?, Some(Converted::Same)))
}

/// What a value is as one of a type.
pub(crate) enum Converted {
    /// It is one.
    Same,
    /// It becomes this.
    Other(Value),
}

/// What a value is as one of a type; `None` if it is none.
pub(crate) fn convert(
    context: &mut dyn Context,
    value: &Value,
    ty: &Value,
) -> Result<Option<Converted>, Raised> {
    if let Value::Keyword(name) = ty {
        return Ok(convert_named(value, name.as_str()));
    }
    let Some([Value::Keyword(tag), parts @ ..]) = ty.as_items() else { return Ok(Some(Converted::Same)) };
    match (tag.as_str(), parts) {
        ("array" | "vec", [item, rest @ ..]) => {
            let Value::Array(items) = value else {
                return match (value, rest) {
                    (Value::Range(_), []) if takes_integers(item) => Ok(Some(Converted::Same)),
                    (Value::Range(range), []) => {
                        context.reserve(range.len().saturating_mul(size_of::<Value>()))?;
                        let items = crate::arguments::items("the", value)?;
                        convert_items(context, &items, item, Value::array)
                    }
                    _ => Ok(None),
                };
            };
            if let [length] = rest
                && number::to_i64(length) != i64::try_from(items.len()).ok()
            {
                return Ok(None);
            }
            convert_items(context, items.as_slice(), item, Value::array)
        }
        ("list", [item]) => match value {
            Value::List(items) => convert_items(context, items.as_slice(), item, Value::list),
            _ => Ok(None),
        },
        ("map", [key, item]) => {
            let Value::Object(entries) = value else {
                let Value::Table(table) = value else { return Ok(None) };
                // The entries are copied: a predicate of the type may change the table.
                let entries: Vec<(Value, Value)> = match table.try_borrow() {
                    Ok(table) => table.iter().collect(),
                    Err(_) => return Ok(Some(Converted::Same)),
                };
                for (name, value) in &entries {
                    if convert(context, name, key)?.is_none() || convert(context, value, item)?.is_none() {
                        return Ok(None);
                    }
                }
                return Ok(Some(Converted::Same));
            };
            // The keys of an object are names: strings and keywords at once.
            for name in entries.keys() {
                let as_string = convert(context, &Value::String(Rc::clone(name)), key)?;
                if as_string.is_none() && convert(context, &Value::Keyword(Rc::clone(name)), key)?.is_none() {
                    return Ok(None);
                }
            }
            let mut changed: Option<ovsm_value::Object> = None;
            for (name, value) in entries.iter() {
                match convert(context, value, item)? {
                    None => return Ok(None),
                    Some(Converted::Same) => {}
                    Some(Converted::Other(new)) => {
                        changed.get_or_insert_with(|| (**entries).clone()).insert(Rc::clone(name), new);
                    }
                }
            }
            Ok(Some(match changed {
                Some(entries) => Converted::Other(Value::object(entries)),
                None => Converted::Same,
            }))
        }
        ("or", choices) => {
            let mut other = None;
            for choice in choices {
                match convert(context, value, choice)? {
                    Some(Converted::Same) => return Ok(Some(Converted::Same)),
                    Some(converted) if other.is_none() => other = Some(converted),
                    _ => {}
                }
            }
            Ok(other)
        }
        ("record", [_, identities, arguments @ ..]) => {
            let Value::Record(record) = value else { return Ok(None) };
            let wanted = identities.as_items().unwrap_or(&[]);
            let found =
                wanted.iter().any(|identity| number::to_i64(identity) == Some(record.ty.identity as i64));
            match (found, arguments.first().and_then(Value::as_items)) {
                (false, _) => Ok(None),
                (true, None) => Ok(Some(Converted::Same)),
                (true, Some(arguments)) => crate::generic_record::convert_fields(context, record, arguments),
            }
        }
        ("refined", [_, base, predicate, ..]) => {
            let converted = convert(context, value, base)?;
            let new = match &converted {
                None => return Ok(None),
                Some(Converted::Same) => value,
                Some(Converted::Other(new)) => new,
            };
            if !matches!(predicate, Value::Null)
                && !context.call(predicate, std::slice::from_ref(new))?.is_true()
            {
                return Ok(None);
            }
            Ok(converted)
        }
        _ => Ok(Some(Converted::Same)),
    }
}

/// True for types that every integer is of as it is.
fn takes_integers(ty: &Value) -> bool {
    match ty {
        Value::Keyword(name) => matches!(name.as_str(), "any" | "int" | "integer" | "number"),
        ty => matches!(ty, Value::Null),
    }
}

fn convert_items(
    context: &mut dyn Context,
    items: &[Value],
    ty: &Value,
    make: fn(Vec<Value>) -> Value,
) -> Result<Option<Converted>, Raised> {
    let mut changed: Option<Vec<Value>> = None;
    for (n, item) in items.iter().enumerate() {
        match ovsm_base::stack::with_room(|| convert(context, item, ty))? {
            None => return Ok(None),
            Some(Converted::Same) => {}
            Some(Converted::Other(new)) => {
                if let Some(place) = changed.get_or_insert_with(|| items.to_vec()).get_mut(n) {
                    *place = new;
                }
            }
        }
    }
    Ok(Some(match changed {
        Some(items) => Converted::Other(make(items)),
        None => Converted::Same,
    }))
}

fn convert_named(value: &Value, name: &str) -> Option<Converted> {
    let holds = match name {
        "any" => true,
        "number" => value.is_number(),
        "integer" => value.is_integer(),
        "list" => matches!(value, Value::List(_)),
        "string-builder" => matches!(value, Value::String(_)),
        "sequence" => matches!(value, Value::Array(_) | Value::List(_) | Value::Range(_)),
        "function" => value.is_function(),
        "record" => matches!(value, Value::Record(_)),
        "handle" => matches!(value, Value::Handle(_)),
        name => value.type_name() == name,
    };
    if holds {
        return Some(Converted::Same);
    }
    match (FixedType::from_name(name), value) {
        (Some(ty), Value::Int(_) | Value::Big(_)) => {
            ty.make(&number::to_bigint(value)?).map(Converted::Other)
        }
        // An exact integer is a float where one is stated, if that loses nothing.
        (None, Value::Int(number)) if name == "float" && number.unsigned_abs() <= 1 << 53 => {
            Some(Converted::Other(Value::Float(*number as f64)))
        }
        _ => None,
    }
}

/// Whether a literal fits a named type, for the compiler: the kind of error if not.
///
/// # Errors
/// The kind of the error that [`check`] would raise.
pub fn fits(value: &Value, name: &str) -> Result<(), ErrorKind> {
    match convert_named(value, name) {
        Some(_) => Ok(()),
        None if value.is_integer()
            && FixedType::from_name(name).is_some()
            && FixedType::of(value).is_none() =>
        {
            Err(ErrorKind::Overflow)
        }
        None => Err(ErrorKind::Type),
    }
}

/// A type as a program writes it.
pub fn type_text(ty: &Value) -> String {
    if let Value::Keyword(name) = ty {
        return name.as_str().to_string();
    }
    let Some([Value::Keyword(tag), parts @ ..]) = ty.as_items() else { return "any".to_string() };
    match (tag.as_str(), parts) {
        ("record", [name, _, arguments]) => {
            let arguments: Vec<String> = arguments.as_items().unwrap_or(&[]).iter().map(type_text).collect();
            format!("({} {})", name.as_str().unwrap_or("record"), arguments.join(" "))
        }
        ("record" | "refined", [name, ..]) => name.as_str().unwrap_or("record").to_string(),
        ("variable", [name]) => format!("'{}", name.as_str().unwrap_or("a")),
        (tag, parts) => {
            let mut text = format!("({tag}");
            for part in parts {
                text.push(' ');
                text.push_str(&match part {
                    Value::Int(length) => length.to_string(),
                    part => type_text(part),
                });
            }
            text.push(')');
            text
        }
    }
}

fn article(ty: &str) -> String {
    let first = ty.chars().find(|c| c.is_alphabetic());
    match first {
        Some('a' | 'e' | 'i' | 'o') => format!("an `{ty}`"),
        _ => format!("a `{ty}`"),
    }
}
