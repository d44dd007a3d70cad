//! Marks: telling the symbols of a macro's templates from those of its arguments.
//!
//! The arguments of a call get the mark of the expansion before the macro sees them, the result gets it again: where
//! both happened the two cancel, so only what the macro itself introduced keeps the mark. A symbol that the macro made
//! at run time, or that it injected, carries a mark that cancels too.

use ovsm_value::{Sequence, Symbol, Value};
use std::rc::Rc;

/// Adds a mark to every symbol of a form, or takes it away where it is the last.
pub fn mark(form: &Value, mark: u32) -> Value {
    Marker { mark, none: Rc::from([]), only: Rc::from([mark]) }.form(form)
}

/// A mark, and the lists of marks that most symbols get: none, and this one alone.
struct Marker {
    mark: u32,
    none: Rc<[u32]>,
    only: Rc<[u32]>,
}

impl Marker {
    fn form(&self, form: &Value) -> Value {
        match form {
            Value::Symbol(symbol) => Value::Symbol(Rc::new(self.symbol(symbol))),
            Value::List(items) => Value::List(Rc::new(self.items(items))),
            Value::Array(items) => Value::Array(Rc::new(self.items(items))),
            Value::Object(entries) => {
                Value::object(entries.iter().map(|(key, value)| (Rc::clone(key), self.form(value))).collect())
            }
            other => other.clone(),
        }
    }

    fn items(&self, items: &Sequence) -> Sequence {
        ovsm_base::stack::with_room(|| {
            let marked = items.as_slice().iter().map(|item| self.form(item)).collect();
            Sequence::with_origin(marked, items.origin.clone())
        })
    }

    fn symbol(&self, symbol: &Symbol) -> Symbol {
        let marks = match symbol.marks.split_last() {
            None => Rc::clone(&self.only),
            Some((last, rest)) if *last == self.mark || *last == Symbol::COMPUTED => match rest {
                [] => Rc::clone(&self.none),
                rest => Rc::from(rest),
            },
            _ => symbol.marks.iter().copied().chain([self.mark]).collect(),
        };
        Symbol { name: Rc::clone(&symbol.name), marks, span: symbol.span }
    }
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
