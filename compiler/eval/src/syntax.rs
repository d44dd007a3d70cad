//! From trees to syntax: values that stand for source text.
//!
//! Symbols and lists know where they were written. A quote is a list that begins with `quote`. What no value can hold
//! as it is (an object with computed keys, a set of expressions, a refinement type) is a list that begins with one of
//! the symbols of [`Head`], which no source text can contain. [`data`] turns such lists into what a quote gives.

use num_bigint::BigInt;
use ovsm_base::{IntType, Span};
use ovsm_cst::{Entry, Node, NodeKind};
use ovsm_value::compare::Key;
use ovsm_value::decimal::Decimal;
use ovsm_value::number::FixedType;
use ovsm_value::sequence::Origin;
use ovsm_value::{Object, Range, Record, RecordType, Sequence, Set, Symbol, Text, Value};
use rustc_hash::FxHashSet;
use std::cell::RefCell;
use std::rc::Rc;

/// Heads of lists that stand for what has no value of its own.
pub struct Head;

impl Head {
    /// `(#object k v …)`: an object with computed keys or splices.
    pub const OBJECT: &'static str = "#object";
    /// `(#set x …)`: a set.
    pub const SET: &'static str = "#set";
    /// `(#refinement x T condition)`: `{x : T | condition}`.
    pub const REFINEMENT: &'static str = "#refinement";
}

/// A symbol without marks.
pub fn symbol(name: &str, span: Option<Span>) -> Value {
    thread_local! {
        static NO_MARKS: Rc<[u32]> = Rc::from([]);
    }
    Value::Symbol(Rc::new(Symbol { name: interned_name(name), marks: NO_MARKS.with(Rc::clone), span }))
}

/// How many names are remembered: a hostile text must not fill the memory for ever.
const MAX_NAMES: usize = 100_000;

/// The names of symbols, each once.
fn interned_name(name: &str) -> Rc<str> {
    thread_local! {
        static NAMES: RefCell<FxHashSet<Rc<str>>> = RefCell::default();
    }
    NAMES.with_borrow_mut(|names| {
        if let Some(known) = names.get(name) {
            return Rc::clone(known);
        }
        let text: Rc<str> = name.into();
        if names.len() < MAX_NAMES {
            names.insert(Rc::clone(&text));
        }
        text
    })
}

/// The names of keywords and keys, each once: two that are equal are then one and the same text.
pub fn interned(name: &str) -> Rc<Text> {
    thread_local! {
        static NAMES: RefCell<FxHashSet<Rc<Text>>> = RefCell::default();
    }
    let text = Text::new(name);
    NAMES.with_borrow_mut(|names| {
        if let Some(known) = names.get(&text) {
            return Rc::clone(known);
        }
        let text = Rc::new(text);
        if names.len() < MAX_NAMES {
            names.insert(Rc::clone(&text));
        }
        text
    })
}

/// A list that was written somewhere.
pub fn list(items: Vec<Value>, span: Option<Span>) -> Value {
    Value::List(Rc::new(Sequence::with_origin(items, span.map(|span| origin(span, Vec::new())))))
}

fn origin(span: Span, parts: Vec<Span>) -> Rc<Origin> {
    Rc::new(Origin { span, parts: parts.into_boxed_slice() })
}

/// The syntax of a node. `None` for nodes that were reported.
pub fn from_node(node: Node<'_>) -> Option<Value> {
    ovsm_base::stack::with_room(|| from_node_inner(node))
}

fn from_node_inner(node: Node<'_>) -> Option<Value> {
    let span = Some(node.span());
    let items = |node: Node<'_>| {
        let mut items = Vec::with_capacity(node.child_count());
        for child in node.children() {
            items.push(from_node(child)?);
        }
        Some(items)
    };
    let written = |node: Node<'_>| {
        let mut parts = Vec::with_capacity(node.child_count());
        parts.extend(node.children().map(|part| part.span()));
        origin(node.span(), parts)
    };
    let prefixed = |head: &str| Some(list(vec![symbol(head, span), from_node(node.operand()?)?], span));
    Some(match node.kind() {
        NodeKind::List => Value::List(Rc::new(Sequence::with_origin(items(node)?, Some(written(node))))),
        NodeKind::Array => Value::Array(Rc::new(Sequence::with_origin(items(node)?, Some(written(node))))),
        NodeKind::Object => object(node, span)?,
        NodeKind::Set => {
            let mut set = vec![symbol(Head::SET, span)];
            set.extend(items(node)?);
            list(set, span)
        }
        NodeKind::Quote => return prefixed("quote"),
        NodeKind::Quasiquote => return prefixed("quasiquote"),
        NodeKind::Unquote => return prefixed("unquote"),
        NodeKind::UnquoteSplicing => return prefixed("unquote-splicing"),
        NodeKind::FunctionQuote => return prefixed("function"),
        NodeKind::Symbol => match node.text() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "nil" => Value::Null,
            name => symbol(name, span),
        },
        NodeKind::Keyword => Value::Keyword(interned(node.as_keyword()?)),
        NodeKind::Integer => integer(node)?,
        NodeKind::Float => Value::Float(node.float_value()?),
        NodeKind::String => Value::string(node.string_value()?),
        NodeKind::ByteString => Value::bytes(node.bytes_value()?),
        NodeKind::Char => Value::Char(node.char_value()?),
        NodeKind::DatumComment | NodeKind::Error => return None,
    })
}

fn integer(node: Node<'_>) -> Option<Value> {
    let literal = node.integer()?;
    let number = match literal.magnitude {
        Some(magnitude) => {
            let number = BigInt::from(magnitude);
            if literal.negative { -number } else { number }
        }
        None => big_integer(node.text())?,
    };
    match literal.suffix {
        None => Some(Value::integer(number)),
        Some(ty) => FixedType(ty).make(&number),
    }
}

/// An integer too large for the reader's own arithmetic. It has no suffix that it would fit.
fn big_integer(text: &str) -> Option<BigInt> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        _ => (10, digits),
    };
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b'_').collect();
    if IntType::ALL.iter().any(|ty| digits.ends_with(ty.name().as_bytes())) && radix != 16 {
        return None;
    }
    ovsm_value::large::read_digits(&digits, radix).map(|number| number * sign)
}

fn object(node: Node<'_>, span: Option<Span>) -> Option<Value> {
    if node.is_refinement() {
        let parts: Vec<Value> = node.children().map(from_node).collect::<Option<_>>()?;
        // x : T | condition
        let [name, _, ty, _, condition @ ..] = parts.as_slice() else { return None };
        let mut items = vec![symbol(Head::REFINEMENT, span), name.clone(), ty.clone()];
        items.extend(condition.iter().cloned());
        return Some(list(items, span));
    }
    let mut pairs: Vec<(Value, Value)> = Vec::new();
    let mut is_plain = true;
    for entry in node.entries() {
        match entry {
            Entry::Pair(key, value) => {
                is_plain &= matches!(key.kind(), NodeKind::Keyword | NodeKind::String);
                pairs.push((from_node(key)?, from_node(value)?));
            }
            Entry::Shorthand(name) => pairs.push((Value::Keyword(interned(name.text())), from_node(name)?)),
            Entry::Splice(splice) => {
                is_plain = false;
                pairs.push((from_node(splice)?, Value::Null));
            }
            Entry::Faulty(_) => return None,
        }
    }
    if is_plain {
        let mut entries = Object::default();
        for (key, value) in &pairs {
            entries.insert(interned(key.as_key()?.as_str()), value.clone());
        }
        // A key that stands twice is kept as it is written: both values are evaluated.
        if entries.len() == pairs.len() {
            return Some(Value::object(entries));
        }
    }
    let mut items = vec![symbol(Head::OBJECT, span)];
    for (key, value) in pairs {
        let is_splice = head(&key) == Some("unquote-splicing");
        items.push(key);
        if !is_splice {
            items.push(value);
        }
    }
    Some(list(items, span))
}

/// The name of the symbol that a list begins with.
pub fn head(form: &Value) -> Option<&str> {
    let Value::List(items) = form else { return None };
    name(items.get(0)?)
}

/// The name of a symbol.
pub fn name(form: &Value) -> Option<&str> {
    if let Value::Symbol(symbol) = form { Some(&symbol.name) } else { None }
}

/// Where a form was written, as far as it knows; inside a list that does not know, the first part that does.
pub fn span(form: &Value) -> Option<Span> {
    match form {
        Value::Symbol(symbol) => symbol.span,
        Value::List(items) | Value::Array(items) => {
            items.span().or_else(|| items.as_slice().iter().take(8).find_map(shallow_span))
        }
        _ => None,
    }
}

fn shallow_span(form: &Value) -> Option<Span> {
    match form {
        Value::Symbol(symbol) => symbol.span,
        Value::List(items) | Value::Array(items) => items.span(),
        _ => None,
    }
}

/// What a quote of a form gives: internal heads become the values that they stand for.
pub fn data(form: &Value) -> Value {
    match form {
        Value::List(_) | Value::Array(_) | Value::Object(_) => {
            ovsm_base::stack::with_room(|| compound_data(form))
        }
        other => other.clone(),
    }
}

fn compound_data(form: &Value) -> Value {
    match form {
        Value::List(items) => {
            let inner = || items.as_slice().iter().skip(1).map(data);
            match head(form) {
                Some(Head::SET) => {
                    let set = Set { items: inner().map(|item| (Key(item), ())).collect() };
                    Value::Set(Rc::new(set))
                }
                Some(Head::OBJECT) => {
                    let parts: Vec<Value> = inner().collect();
                    let mut entries = Object::default();
                    for pair in parts.chunks(2) {
                        if let [key, value] = pair {
                            let key = key
                                .as_key()
                                .unwrap_or_else(|| Rc::new(Text::new(ovsm_value::write::write(key))));
                            entries.insert(key, value.clone());
                        }
                    }
                    Value::object(entries)
                }
                _ if items.as_slice().iter().any(needs_conversion) => {
                    let items = Sequence::with_origin(
                        items.as_slice().iter().map(data).collect(),
                        items.origin.clone(),
                    );
                    Value::List(Rc::new(items))
                }
                _ => form.clone(),
            }
        }
        Value::Array(items) if items.as_slice().iter().any(needs_conversion) => {
            let converted = items.as_slice().iter().map(data).collect();
            Value::Array(Rc::new(Sequence::with_origin(converted, items.origin.clone())))
        }
        Value::Object(entries) => {
            Value::object(entries.iter().map(|(key, value)| (Rc::clone(key), data(value))).collect())
        }
        other => other.clone(),
    }
}

/// Finds the type of records, or of a variant, with a full name.
pub type RecordNames<'a> = &'a dyn Fn(&str) -> Option<Rc<RecordType>>;

/// What reading a written value gives: values without a literal of their own are written as the call that makes them,
/// such as `(decimal "1.5")`, and become that value again; records are written `(#record Name field …)`.
///
/// # Errors
/// A record that can not be made, in words.
pub fn read_data(form: &Value, records: RecordNames<'_>) -> Result<Value, String> {
    restored(&data(form), records)
}

fn restored(value: &Value, records: RecordNames<'_>) -> Result<Value, String> {
    match value {
        Value::List(_) | Value::Array(_) | Value::Object(_) | Value::Set(_) => {
            ovsm_base::stack::with_room(|| restored_compound(value, records))
        }
        Value::Symbol(symbol) if symbol.name.starts_with("#<") => Err(format!(
            "`{} …` is the text of a value that can not be read back: functions, cells, tables, errors and handles have none",
            symbol.name
        )),
        other => Ok(other.clone()),
    }
}

fn restored_compound(value: &Value, records: RecordNames<'_>) -> Result<Value, String> {
    let all =
        |items: &[Value]| items.iter().map(|item| restored(item, records)).collect::<Result<Vec<_>, _>>();
    Ok(match value {
        Value::List(items) => match items.as_slice() {
            [Value::Symbol(head), name, fields @ ..] if &*head.name == ovsm_value::write::RECORD => {
                record(&restored(name, records)?, all(fields)?, records)?
            }
            items => match made_by_call(items) {
                Some(made) => made,
                None => Value::list(all(items)?),
            },
        },
        Value::Array(items) => Value::array(all(items.as_slice())?),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| Ok((Rc::clone(key), restored(value, records)?)));
            Value::object(entries.collect::<Result<_, String>>()?)
        }
        Value::Set(set) => {
            let items = set.items.keys().map(|key| Ok((Key(restored(&key.0, records)?), ())));
            Value::Set(Rc::new(Set { items: items.collect::<Result<_, String>>()? }))
        }
        other => other.clone(),
    })
}

/// A record of the type with a name.
fn record(name: &Value, fields: Vec<Value>, records: RecordNames<'_>) -> Result<Value, String> {
    let name = name_of(name);
    let Some(ty) = name.as_deref().and_then(records) else {
        let name = name.unwrap_or_default();
        return Err(format!(
            "there is no type of records `{name}`; it has to be defined before the text is read"
        ));
    };
    if ty.fields.len() != fields.len() {
        return Err(format!(
            "`{}` has {} fields, but {} are written",
            ty.name,
            ty.fields.len(),
            fields.len()
        ));
    }
    Ok(Value::Record(Rc::new(Record { ty, fields })))
}

fn name_of(form: &Value) -> Option<String> {
    name(form).map(str::to_string)
}

/// The value that a call with literal operands makes, if it is how such values are written.
fn made_by_call(items: &[Value]) -> Option<Value> {
    let (Value::Symbol(head), operands) = items.split_first()? else { return None };
    let text = match operands {
        [Value::String(text)] => Some(text.as_str()),
        _ => None,
    };
    match (&*head.name, text, operands) {
        ("decimal", Some(text), _) => Some(Value::Decimal(Rc::new(Decimal::parse(text)?))),
        ("pubkey", Some(text), _) => Some(Value::Pubkey(Rc::new(ovsm_value::encoding::from_base58(text)?))),
        ("signature", Some(text), _) => {
            Some(Value::Signature(Rc::new(ovsm_value::encoding::from_base58(text)?)))
        }
        ("symbol", Some(text), _) => Some(Value::symbol(text)),
        ("keyword", Some(text), _) => Some(Value::keyword(text)),
        ("range", None, [Value::Int(start), Value::Int(end), step @ ..]) => {
            let step = match step {
                [] => 1,
                [Value::Int(step)] if *step != 0 => *step,
                _ => return None,
            };
            Some(Value::Range(Rc::new(Range { start: *start, end: *end, step })))
        }
        _ => None,
    }
}

fn needs_conversion(form: &Value) -> bool {
    matches!(form, Value::List(_) | Value::Array(_) | Value::Object(_))
}
