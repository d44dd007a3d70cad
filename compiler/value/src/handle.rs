//! Handles: things outside of values that a program can hold and ask about, each with an identity of its own.
//!
//! A handle of a task knows what became of the task; what runs tasks is elsewhere. A handle of an open file knows the
//! number under which the host has the file. Handles are equal only to themselves, and no text reads back as one. Start
//! with [`Handle`].

use crate::error::ErrorValue;
use crate::release::release;
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A handle.
#[derive(Debug)]
pub struct Handle {
    /// Its number among those of its kind, for people.
    pub number: u64,
    /// What it stands for.
    pub kind: HandleKind,
}

/// What a handle stands for.
#[derive(Debug)]
pub enum HandleKind {
    /// A task, and what became of it.
    Task(RefCell<Outcome>),
    /// A file that was opened.
    File(OpenFile),
}

/// What became of a task.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It has not ended.
    Pending,
    /// It ended with a value.
    Value(Value),
    /// It failed.
    Error(Rc<ErrorValue>),
}

/// A file that was opened.
#[derive(Debug)]
pub struct OpenFile {
    /// The path as the program wrote it.
    pub path: String,
    /// True once it was closed.
    pub is_closed: Cell<bool>,
}

impl Handle {
    /// A handle of a task that has not ended.
    pub fn task(number: u64) -> Handle {
        Handle { number, kind: HandleKind::Task(RefCell::new(Outcome::Pending)) }
    }

    /// A handle of an open file that the host has under a number.
    pub fn file(number: u64, path: &str) -> Handle {
        let file = OpenFile { path: path.to_string(), is_closed: Cell::new(false) };
        Handle { number, kind: HandleKind::File(file) }
    }

    /// The name of its type, as `(type-of x)` gives it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            HandleKind::Task(_) => "async-handle",
            HandleKind::File(_) => "handle",
        }
    }

    /// What became of the task, if it is one.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.kind {
            HandleKind::Task(outcome) => outcome.try_borrow().ok().map(|outcome| outcome.clone()),
            HandleKind::File(_) => None,
        }
    }

    /// Notes what became of the task.
    pub fn end(&self, outcome: Outcome) {
        if let HandleKind::Task(place) = &self.kind
            && let Ok(mut place) = place.try_borrow_mut()
        {
            *place = outcome;
        }
    }

    /// The open file, if it is one.
    pub fn as_file(&self) -> Option<&OpenFile> {
        match &self.kind {
            HandleKind::File(file) => Some(file),
            HandleKind::Task(_) => None,
        }
    }

    /// What it stands for, for people: `task 1`, `file "a.txt"`.
    pub fn describe(&self) -> String {
        match &self.kind {
            HandleKind::Task(_) => format!("task {}", self.number),
            HandleKind::File(file) => {
                let mut text = "file ".to_string();
                crate::write::write_string(&mut text, &file.path);
                text
            }
        }
    }

    /// Takes the value out that the task has ended with.
    pub(crate) fn take_value(&mut self) -> Option<Value> {
        let HandleKind::Task(outcome) = &mut self.kind else { return None };
        match std::mem::replace(outcome.get_mut(), Outcome::Pending) {
            Outcome::Value(value) => Some(value),
            _ => None,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(value) = self.take_value()
            && value.holds_values()
        {
            release(vec![value]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{equal, identical};
    use crate::write::write;

    #[test]
    fn a_handle_is_equal_to_itself_only() {
        let (one, other) = (Rc::new(Handle::task(1)), Rc::new(Handle::task(1)));
        let value = |handle: &Rc<Handle>| Value::Handle(Rc::clone(handle));
        assert!(equal(&value(&one), &value(&one)) && identical(&value(&one), &value(&one)));
        assert!(!equal(&value(&one), &value(&other)) && !identical(&value(&one), &value(&other)));
        assert!(value(&one).is_true());
    }

    #[test]
    fn the_text_says_what_it_stands_for() {
        assert_eq!(write(&Value::Handle(Rc::new(Handle::task(3)))), "#<handle task 3>");
        assert_eq!(write(&Value::Handle(Rc::new(Handle::file(1, "a\"b")))), "#<handle file \"a\\\"b\">");
    }

    #[test]
    fn a_chain_of_results_is_dropped_flat() {
        let mut value = Value::Null;
        for number in 0..200_000 {
            let handle = Handle::task(number);
            handle.end(Outcome::Value(value));
            value = Value::Handle(Rc::new(handle));
        }
        drop(value);
    }
}
