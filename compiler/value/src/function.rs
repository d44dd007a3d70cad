//! Functions as values.

use crate::release::release;
use crate::value::Value;
use std::rc::Rc;
use std::sync::OnceLock;

/// A built-in function: its place in the library's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NativeId(pub u16);

static NAMES: OnceLock<fn(NativeId) -> Option<&'static str>> = OnceLock::new();

impl NativeId {
    /// Tells how built-in functions are called. Their table is elsewhere; the first that is told stays.
    pub fn set_names(names: fn(NativeId) -> Option<&'static str>) {
        let _ = NAMES.set(names);
    }

    /// Its name, if the table is known.
    pub fn name(self) -> Option<&'static str> {
        NAMES.get().and_then(|names| names(self))
    }
}

/// A function of the program together with the variables that it captured.
#[derive(Debug)]
pub struct Closure {
    /// The number of its code in the machine that made it.
    pub code: u32,
    /// Its name, for traces and for printing.
    pub name: Rc<str>,
    /// The captured variables; those that are assigned are shared through cells.
    pub captures: Box<[Value]>,
}

impl Drop for Closure {
    fn drop(&mut self) {
        if self.captures.iter().any(Value::holds_values) {
            release(std::mem::take(&mut self.captures).into_vec());
        }
    }
}
