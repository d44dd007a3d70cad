//! Natives that the expander makes use of. No source text can name them: their names begin with `#`.

use crate::arguments::{at, take};
use crate::context::Context;
use crate::native::{Effect, Native};
use crate::places::{get, put_checked};
use ovsm_value::compare::Key;
use ovsm_value::error::{raise, type_error};
use ovsm_value::text::Text;
use ovsm_value::write::{brief, write};
use ovsm_value::{ErrorKind, ErrorValue, Object, Raised, Set, Unwind, Value, number};
use std::rc::Rc;

const fn native(
    name: &'static str,
    min: u8,
    max: Option<u8>,
    doc: &'static str,
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases: &[],
        module: "std/internal",
        signature: "(…) -> any",
        doc,
        examples: &[],
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    native(
        "#assertion",
        1,
        None,
        "The text of a failed assertion, with the operands and their values.",
        |_, arguments| {
            let mut text = ovsm_value::write::display(at(arguments, 0));
            for pair in arguments.get(1..).unwrap_or(&[]).chunks(2) {
                text.push_str(&format!(
                    "\n  {} is {}",
                    ovsm_value::write::display(at(pair, 0)),
                    brief(at(pair, 1))
                ));
            }
            Ok(Value::string(text))
        },
    ),
    native(
        "#assertion-failed",
        2,
        Some(2),
        "Raises the message of the program for an assertion; what does not hold comes after it.",
        |_, arguments| {
            let message = match at(arguments, 0) {
                Value::Null => "the assertion does not hold".to_string(),
                message => ovsm_value::write::display(message),
            };
            let mut error = ErrorValue::new(ErrorKind::Assertion, message);
            error.details = ovsm_value::write::display(at(arguments, 1));
            Err(Box::new(Unwind::Error(Rc::new(error))))
        },
    ),
    native(
        "#throw",
        2,
        Some(2),
        "Leaves the `catch` of a tag with the items of an array as values.",
        |_, arguments| Err(Box::new(Unwind::Throw(take(arguments, 0), take(arguments, 1)))),
    ),
    native("#no-case", 1, Some(1), "Raises that no key of an `ecase` is the value.", |_, arguments| {
        Err(raise(ErrorKind::Type, format!("ecase: no clause has the key {}", brief(at(arguments, 0)))))
    }),
    native(
        "#is-last",
        3,
        Some(3),
        "True if a distance between exact integers is below a step, or equal to it if the end is excluded.",
        |_, arguments| {
            let exact = |place: usize| number::to_bigint(at(arguments, place));
            // Numbers with a fraction are added up as they are.
            let (Some(from), Some(to), Some(step)) = (exact(0), exact(1), exact(2)) else {
                return Ok(Value::Bool(false));
            };
            Ok(Value::Bool(to - from < step))
        },
    ),
    native("#matches", 2, Some(2), "True if a value is equal to a literal.", |_, arguments| {
        Ok(Value::Bool(ovsm_value::compare::equal(at(arguments, 0), at(arguments, 1))))
    }),
    native("#is-object", 1, Some(1), "True if a value has keys.", |_, arguments| {
        Ok(Value::Bool(matches!(
            at(arguments, 0),
            Value::Object(_) | Value::Table(_) | Value::Record(_) | Value::Error(_)
        )))
    }),
    native("#has-key", 2, Some(2), "True if a value has a key.", |_, arguments| {
        Ok(Value::Bool(match at(arguments, 0) {
            Value::Object(entries) => at(arguments, 1).as_key().is_some_and(|key| entries.contains_key(&key)),
            value => get(value, at(arguments, 1))?.is_some(),
        }))
    }),
    native(
        "#is-sequence",
        3,
        Some(3),
        "True if a value is a sequence of so many items, or of at least so many.",
        |_, arguments| {
            let least = number::to_i64(at(arguments, 1)).unwrap_or(0) as usize;
            let is_open = at(arguments, 2).is_true();
            let length = match at(arguments, 0) {
                Value::Array(items) | Value::List(items) => items.len(),
                Value::Range(range) => range.len(),
                _ => return Ok(Value::Bool(false)),
            };
            Ok(Value::Bool(length == least || is_open && length > least))
        },
    ),
    native("#array", 0, None, "An array of the arguments.", |_, arguments| {
        Ok(Value::array(taken(arguments)))
    }),
    native(
        "#empty-vec",
        0,
        Some(1),
        "An empty array; in programs a vec, with room for so many items.",
        |_, _| Ok(Value::array(Vec::new())),
    ),
    native("#list", 0, None, "A list of the arguments.", |_, arguments| Ok(Value::list(taken(arguments)))),
    native(
        "#template",
        2,
        Some(2),
        "The second list, written where the first, which is empty, was written.",
        |_, arguments| {
            let [Value::List(place), list] = arguments else { return Ok(Value::Null) };
            let origin = place.origin.clone();
            let mut list = std::mem::take(list);
            if let Value::List(items) = &mut list
                && let Some(items) = Rc::get_mut(items)
            {
                items.origin = origin;
            }
            Ok(list)
        },
    ),
    native("#set", 0, None, "A set of the arguments.", |_, arguments| Ok(set(taken(arguments)))),
    native("#object", 0, None, "An object of keys and values in turn.", |_, arguments| object(arguments)),
    native("#splice", 0, None, "A list of the items of all arguments.", |context, arguments| {
        Ok(Value::list(splice(context, arguments)?))
    }),
    native("#splice-array", 0, None, "An array of the items of all arguments.", |context, arguments| {
        Ok(Value::array(splice(context, arguments)?))
    }),
    native("#splice-set", 0, None, "A set of the items of all arguments.", |context, arguments| {
        Ok(set(splice(context, arguments)?))
    }),
    native(
        "#splice-object",
        0,
        None,
        "An object of the items of all arguments, keys and values in turn.",
        |context, arguments| object(&mut splice(context, arguments)?),
    ),
    native(
        "#sequence",
        3,
        Some(3),
        "The sequence that a pattern takes apart, with its length checked.",
        |_, arguments| {
            let value = match at(arguments, 0) {
                value @ (Value::Array(_) | Value::List(_)) => value.clone(),
                Value::Record(record) => Value::array(record.fields.clone()),
                value @ (Value::Null
                | Value::Range(_)
                | Value::Set(_)
                | Value::String(_)
                | Value::Bytes(_)) => Value::array(crate::arguments::items("a pattern", value)?),
                other => return Err(type_error("a pattern", "a sequence", other)),
            };
            let length = crate::places::length(&value).unwrap_or(0);
            let least = number::to_i64(at(arguments, 1)).unwrap_or(0) as usize;
            let most = number::to_i64(at(arguments, 2)).map(|most| most as usize);
            if length < least || most.is_some_and(|most| length > most) {
                let wanted = match most {
                    Some(most) if most == least => format!("{least}"),
                    Some(most) => format!("{least} to {most}"),
                    None => format!("at least {least}"),
                };
                return Err(raise(
                    ErrorKind::Value,
                    format!(
                        "the pattern takes {wanted} item{}, but {} has {length}",
                        if wanted == "1" { "" } else { "s" },
                        brief(&value)
                    ),
                ));
            }
            Ok(value)
        },
    ),
    native("#tail", 2, Some(2), "The items of a sequence from a position on.", |_, arguments| {
        let from = number::to_i64(at(arguments, 1)).unwrap_or(0) as usize;
        Ok(match at(arguments, 0) {
            Value::Array(items) => Value::Array(Rc::new(items.slice(from, usize::MAX))),
            Value::List(items) => Value::List(Rc::new(items.slice(from, usize::MAX))),
            Value::Range(range) => Value::array(range.iter().skip(from).map(Value::Int).collect()),
            other => other.clone(),
        })
    }),
    native(
        "#property",
        4,
        Some(4),
        "The item after a keyword, in a sequence from a position on; the default if the keyword is not there.",
        |_, arguments| {
            let from = number::to_i64(at(arguments, 1)).unwrap_or(0) as usize;
            let items = at(arguments, 0).as_items().unwrap_or(&[]);
            for pair in items.get(from..).unwrap_or(&[]).chunks(2) {
                if let [Value::Keyword(found), value] = pair
                    && let Value::Keyword(wanted) = at(arguments, 2)
                    && found == wanted
                {
                    return Ok(value.clone());
                }
            }
            Ok(at(arguments, 3).clone())
        },
    ),
    native(
        "#iterable",
        1,
        Some(1),
        "A value that can be indexed from 0, with the items that a loop goes through.",
        |_, arguments| {
            Ok(match at(arguments, 0) {
                Value::Array(_) | Value::List(_) | Value::Range(_) => take(arguments, 0),
                Value::Table(table) => {
                    let table = table
                        .try_borrow()
                        .map_err(|_| raise(ErrorKind::Value, "the table is being changed"))?;
                    Value::array(table.iter().map(|(key, value)| Value::array(vec![key, value])).collect())
                }
                other => Value::array(crate::arguments::items("for", other)?),
            })
        },
    ),
    native(
        "#cons-onto",
        2,
        Some(2),
        "The sequence with one more item in front: `cons` of a variable.",
        |context, arguments| {
            let item = take(arguments, 1);
            if crate::sequence::may_stand_in_front(at(arguments, 0)) {
                let whole = take(arguments, 0);
                return crate::sequence::in_front(context, "cons", whole, item);
            }
            let whole = at(arguments, 0).clone();
            crate::sequence::in_front(context, "cons", whole, item)
        },
    ),
    native("#defined", 2, Some(2), "The value of a variable, which must have one.", |_, arguments| {
        if is_unset(at(arguments, 0)) {
            let name = at(arguments, 1).as_str().unwrap_or("the variable").to_string();
            return Err(raise(ErrorKind::Undefined, format!("`{name}` has no value yet")));
        }
        Ok(take(arguments, 0))
    }),
    native(
        "#put-in",
        3,
        Some(3),
        "The collection with another value at the end of a path.",
        |context, arguments| {
            let value = take(arguments, 2);
            let path = take(arguments, 1);
            let whole = take(arguments, 0);
            let keys = path.as_items().unwrap_or(&[]);
            change(context, arguments, whole, keys, &mut |context, _, ty| ty.check(context, value.clone()))
        },
    ),
    native(
        "#put-in-shared",
        3,
        Some(3),
        "Puts a value at the end of a path whose containers are tables.",
        |context, arguments| {
            only_tables(arguments)?;
            (crate::native::find("#put-in")
                .and_then(crate::native::get)
                .map(|native| native.run)
                .unwrap_or(nothing))(context, arguments)
        },
    ),
    native(
        "#update-in",
        3,
        None,
        "The collection with what is at the end of a path replaced by a built-in function of it.",
        |context, arguments| {
            let extra: Vec<Value> = arguments.iter().skip(3).cloned().collect();
            let function = take(arguments, 2);
            let path = take(arguments, 1);
            let whole = take(arguments, 0);
            let keys = path.as_items().unwrap_or(&[]);
            let Value::Native(id) = function else {
                return Err(type_error("#update-in", "a built-in function", &function));
            };
            let Some(native) = crate::native::get(id) else { return Ok(whole) };
            change(context, arguments, whole, keys, &mut |context, inner, ty| {
                let mut call = vec![std::mem::take(inner)];
                call.extend(extra.iter().cloned());
                // What is added to a sequence is checked alone, so that the cost does not grow with what is there.
                let mut is_checked = matches!(ty.ty, Value::Null);
                if crate::check::has_any_length(&ty.ty) && matches!(native.name, "push" | "without-last") {
                    is_checked = true;
                    if let (Some(item), Some(wanted)) = (call.get_mut(1), crate::check::part(&ty.ty)) {
                        let checked = ty.check_as(context, std::mem::take(item), wanted, true);
                        match checked {
                            Ok(new) => *item = new,
                            Err(raised) => {
                                *inner = take(&mut call, 0);
                                return Err(raised);
                            }
                        }
                    }
                }
                let old = if is_checked { None } else { call.first().cloned() };
                let result = (native.run)(context, &mut call);
                match (result, old) {
                    (Ok(new), Some(old)) => ty.check(context, new).inspect_err(|_| *inner = old),
                    (Err(raised), _) => {
                        *inner = take(&mut call, 0);
                        Err(raised)
                    }
                    (result, None) => result,
                }
            })
        },
    ),
    native(
        "#update-in-shared",
        3,
        None,
        "The same, where the containers are tables.",
        |context, arguments| {
            only_tables(arguments)?;
            (crate::native::find("#update-in")
                .and_then(crate::native::get)
                .map(|native| native.run)
                .unwrap_or(nothing))(context, arguments)
        },
    ),
    native("push-shared", 2, Some(2), "Refuses: nothing would hold the new value.", |_, arguments| {
        Err(lost(at(arguments, 0)))
    }),
    native(
        "without-last-shared",
        1,
        Some(1),
        "Refuses: nothing would hold the new value.",
        |_, arguments| Err(lost(at(arguments, 0))),
    ),
    native("+-shared", 2, Some(2), "Refuses: nothing would hold the new value.", |_, arguments| {
        Err(lost(at(arguments, 0)))
    }),
    native("--shared", 2, Some(2), "Refuses: nothing would hold the new value.", |_, arguments| {
        Err(lost(at(arguments, 0)))
    }),
    native(
        "#inject",
        1,
        Some(1),
        "A symbol that means what it means where the macro is called.",
        |_, arguments| match at(arguments, 0) {
            Value::String(text) => Ok(Value::symbol(text.as_str())),
            Value::Symbol(symbol) => Ok(Value::symbol(&symbol.name)),
            other => Err(type_error("inject", "a symbol", other)),
        },
    ),
    native(
        "#check",
        3,
        Some(3),
        "A value of a stated type, or an error that names what was stated.",
        crate::check::check,
    ),
    native(
        "#check-arguments",
        3,
        Some(3),
        "The arguments of a function that was given for a stated type, each of its type.",
        crate::check::arguments,
    ),
    native("#is", 2, Some(2), "True if a value is of a type.", |context, arguments| {
        let value = take(arguments, 0);
        Ok(Value::Bool(crate::check::is(context, &value, at(arguments, 1))?))
    }),
    native(
        "#is-record",
        2,
        Some(2),
        "True if a value is a record of a type, or the variant that the second is.",
        |_, arguments| {
            let Value::Record(record) = at(arguments, 0) else { return Ok(Value::Bool(false)) };
            Ok(Value::Bool(match at(arguments, 1) {
                Value::RecordType(ty) => record.ty == *ty,
                Value::Record(other) => record.ty == other.ty,
                _ => false,
            }))
        },
    ),
    native("#field", 2, Some(3), "The field of a record at a position.", |_, arguments| {
        let Value::Record(record) = at(arguments, 0) else { return Ok(Value::Null) };
        let position = number::to_i64(at(arguments, 1)).unwrap_or(0) as usize;
        Ok(record.fields.get(position).cloned().unwrap_or_default())
    }),
    native("#record-field", 3, Some(3), "The field of a record of a type, by its name.", |_, arguments| {
        let (Value::RecordType(ty), Value::Keyword(name)) = (at(arguments, 1), at(arguments, 2)) else {
            return Ok(Value::Null);
        };
        match at(arguments, 0) {
            Value::Record(record) if record.ty == *ty => {
                Ok(record.get(name.as_str()).cloned().unwrap_or_default())
            }
            other => {
                Err(type_error(&format!("{}-{}", ty.name, name.as_str()), &format!("a `{}`", ty.name), other))
            }
        }
    }),
];

fn nothing(_: &mut dyn Context, _: &mut [Value]) -> Result<Value, Raised> {
    Ok(Value::Null)
}

fn taken(arguments: &mut [Value]) -> Vec<Value> {
    arguments.iter_mut().map(std::mem::take).collect()
}

fn set(items: Vec<Value>) -> Value {
    Value::Set(Rc::new(Set { items: items.into_iter().map(|item| (Key(item), ())).collect() }))
}

fn object(arguments: &mut [Value]) -> Result<Value, Raised> {
    let mut entries = Object::default();
    entries.reserve(arguments.len() / 2);
    for pair in arguments.chunks_mut(2) {
        let value = take(pair, 1);
        entries.insert(key(at(pair, 0))?, value);
    }
    Ok(Value::object(entries))
}

/// A value as the key of an object: names as they are, numbers and characters by their text.
fn key(value: &Value) -> Result<Rc<Text>, Raised> {
    match value {
        Value::Int(_) | Value::Char(_) | Value::Fixed(..) => {
            Ok(Rc::new(Text::new(ovsm_value::write::display(value))))
        }
        Value::Pubkey(_) => Ok(Rc::new(Text::new(write(value)))),
        value => value.as_key().ok_or_else(|| type_error("{}", "a keyword or a string as a key", value)),
    }
}

fn splice(context: &mut dyn Context, arguments: &mut [Value]) -> Result<Vec<Value>, Raised> {
    let mut items = Vec::new();
    for argument in arguments {
        let more = crate::arguments::items(",@", argument)?;
        context.reserve(more.len() * size_of::<Value>())?;
        items.extend(more);
    }
    Ok(items)
}

/// What a variable holds whose definition comes later. No program can make it.
pub fn unset() -> Value {
    let symbol = ovsm_value::Symbol { name: "#unset".into(), marks: Rc::from([u32::MAX]), span: None };
    Value::Symbol(Rc::new(symbol))
}

/// True for [`unset`].
pub fn is_unset(value: &Value) -> bool {
    matches!(value, Value::Symbol(symbol) if *symbol.marks == [u32::MAX] && &*symbol.name == "#unset")
}

/// The type that a part of a value has to be of, null if it may be anything, and the field of a record that says so.
#[derive(Default)]
struct PartType {
    ty: Value,
    field: Option<(Rc<ovsm_value::RecordType>, usize)>,
    /// True for a part of what is in the field.
    is_inside: bool,
}

impl PartType {
    /// The type of what is under a key of a value of this type. `None` if it does not tell.
    fn under(&self, whole: &Value, key: &Value) -> Option<PartType> {
        if let Value::Record(record) = whole {
            let n = crate::places::field_of(record, key);
            let found = n.and_then(|n| Some((n, record.ty.types.get(n)?.clone())));
            return Some(match found {
                Some((_, Value::Null)) | None => PartType::default(),
                Some((n, ty)) => PartType { ty, field: Some((Rc::clone(&record.ty), n)), is_inside: false },
            });
        }
        let ty = crate::check::part(&self.ty)?.clone();
        Some(PartType { ty, field: self.field.clone(), is_inside: true })
    }

    /// True if the type demands more of a record than its definition does: a condition, or arguments of a generic type.
    fn demands_more_of(&self, whole: &Value) -> bool {
        let is_definition = match self.ty.as_items() {
            None => true,
            Some([Value::Keyword(tag), parts @ ..]) => tag.as_str() == "record" && parts.len() == 2,
            Some(_) => false,
        };
        matches!(whole, Value::Record(_)) && !is_definition
    }

    fn check(&self, context: &mut dyn Context, value: Value) -> Result<Value, Raised> {
        self.check_as(context, value, &self.ty, self.is_inside)
    }

    fn check_as(
        &self,
        context: &mut dyn Context,
        value: Value,
        ty: &Value,
        is_inside: bool,
    ) -> Result<Value, Raised> {
        if matches!(ty, Value::Null) {
            return Ok(value);
        }
        crate::check::check_as(context, value, ty, &|| {
            let Some((record, n)) = &self.field else { return "the part".to_string() };
            let field = record.fields.get(*n).map_or("", |field| field.as_str());
            let part = if is_inside { "a part of the field" } else { "the field" };
            format!("{part} `{field}` of `{}`", record.name)
        })
    }
}

/// What makes the new value of a part from the old one.
type Step<'s> = dyn FnMut(&mut dyn Context, &mut Value, &PartType) -> Result<Value, Raised> + 's;

/// Replaces what is at the end of a path of a value by the result of `step`. On an error the whole is put back.
fn change(
    context: &mut dyn Context,
    arguments: &mut [Value],
    mut whole: Value,
    keys: &[Value],
    step: &mut Step<'_>,
) -> Result<Value, Raised> {
    let result = change_inside(context, &mut whole, keys, &PartType::default(), step);
    match result {
        Ok(()) => Ok(whole),
        Err(raised) => {
            if let Some(place) = arguments.first_mut() {
                *place = whole;
            }
            Err(raised)
        }
    }
}

fn change_inside(
    context: &mut dyn Context,
    whole: &mut Value,
    keys: &[Value],
    ty: &PartType,
    step: &mut Step<'_>,
) -> Result<(), Raised> {
    let Some((key, rest)) = keys.split_first() else {
        let new = step(context, whole, ty)?;
        *whole = new;
        return Ok(());
    };
    let mut inner = get(whole, key)?.unwrap_or_default();
    let part = ty.under(whole, key);
    // Where the parts do not tell, the whole is checked afterwards.
    let before = (part.is_none() || ty.demands_more_of(whole)).then(|| whole.clone());
    let part = part.unwrap_or_default();
    // While it is changed, the part is held by nobody else, so that it can be updated in place. Tables are shared on
    // purpose, and strings have no parts that could be taken out.
    let taken_out =
        matches!(
            inner,
            Value::Array(_)
                | Value::List(_)
                | Value::Object(_)
                | Value::Set(_)
                | Value::String(_)
                | Value::Record(_)
        ) && matches!(whole, Value::Array(_) | Value::List(_) | Value::Object(_) | Value::Record(_));
    if taken_out {
        *whole = put_checked(&mut [std::mem::take(whole)], key, Value::Null)?;
    }
    let result = ovsm_base::stack::with_room(|| change_inside(context, &mut inner, rest, &part, step));
    let mut holder = [std::mem::take(whole)];
    let replaced = if result.is_ok() || taken_out {
        put_checked(&mut holder, key, inner)
    } else {
        Ok(take(&mut holder, 0))
    };
    match replaced {
        Ok(new) => *whole = new,
        Err(raised) => {
            *whole = take(&mut holder, 0);
            return Err(raised);
        }
    }
    if let (Some(before), Ok(())) = (before, &result) {
        match ty.check(context, std::mem::take(whole)) {
            Ok(new) => *whole = new,
            Err(raised) => {
                *whole = before;
                return Err(raised);
            }
        }
    }
    result
}

/// A part of a value that nothing holds can only be assigned if it is in a table.
fn only_tables(arguments: &[Value]) -> Result<(), Raised> {
    let whole = at(arguments, 0);
    let keys = at(arguments, 1).as_items().unwrap_or(&[]);
    let mut value = whole.clone();
    for key in keys {
        if matches!(value, Value::Table(_)) {
            return Ok(());
        }
        value = get(&value, key)?.unwrap_or_default();
    }
    Err(lost(whole))
}

fn lost(value: &Value) -> Raised {
    raise(
        ErrorKind::Type,
        format!(
            "the new value would be lost: {} is held by no variable; bind it to a variable first, or use a cell or a hash table",
            ovsm_value::write::describe(value)
        ),
    )
}
