//! Marks: telling the symbols of a macro's templates from those of its arguments.
//!
//! The arguments of a call get the mark of the expansion before the macro sees them, the result gets it again: where
//! both happened the two cancel, so only what the macro itself introduced keeps the mark. A symbol that the macro made
//! at run time, or that it injected, carries a mark that cancels too.

use ovsm_value::{Sequence, Symbol, Value};
use std::rc::Rc;

/// Adds a mark to every symbol of a form, or takes it away where it is the last.
pub fn mark(form: &Value, mark: u32) -> Value {
    match form {
        Value::Symbol(symbol) => Value::Symbol(Rc::new(mark_symbol(symbol, mark))),
        Value::List(items) => Value::List(Rc::new(mark_items(items, mark))),
        Value::Array(items) => Value::Array(Rc::new(mark_items(items, mark))),
        Value::Object(entries) => Value::object(
            entries.iter().map(|(key, value)| (Rc::clone(key), self::mark(value, mark))).collect(),
        ),
        other => other.clone(),
    }
}

fn mark_items(items: &Sequence, mark: u32) -> Sequence {
    ovsm_base::stack::with_room(|| {
        let marked = items.as_slice().iter().map(|item| self::mark(item, mark)).collect();
        Sequence::with_origin(marked, items.origin.clone())
    })
}

fn mark_symbol(symbol: &Symbol, mark: u32) -> Symbol {
    let marks: Rc<[u32]> = match symbol.marks.split_last() {
        Some((last, rest)) if *last == mark || *last == Symbol::COMPUTED => Rc::from(rest),
        _ => symbol.marks.iter().copied().chain([mark]).collect(),
    };
    Symbol { name: Rc::clone(&symbol.name), marks, span: symbol.span }
}

/// How many nodes a form has, counted up to a limit.
pub fn size(form: &Value, limit: usize) -> usize {
    let mut count = 0;
    let mut work = vec![form];
    while let Some(form) = work.pop() {
        count += 1;
        if count > limit {
            return count;
        }
        match form {
            Value::List(items) | Value::Array(items) => work.extend(items.as_slice()),
            Value::Object(entries) => work.extend(entries.values()),
            _ => {}
        }
    }
    count
}
