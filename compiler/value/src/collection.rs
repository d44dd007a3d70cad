//! Collections with keys: objects, sets, hash tables; and ranges.

use crate::IndexMap;
use crate::compare::Key;
use crate::text::Text;
use crate::value::Value;
use std::rc::Rc;

/// An object: values by name, in order of insertion.
pub type Object = IndexMap<Rc<Text>, Value>;

/// A set: distinct values in order of insertion.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// The members.
    pub items: IndexMap<Key, ()>,
}

/// A mutable hash table, keyed by any data value.
#[derive(Debug, Default)]
pub struct Table {
    /// Keys and values in order of insertion.
    pub entries: IndexMap<Key, Value>,
}

/// A range of exact integers: `start`, `start + step`, … up to `end`, which is excluded.
#[derive(Clone, Debug)]
pub struct Range {
    /// The first number.
    pub start: i64,
    /// The bound.
    pub end: i64,
    /// The distance; never zero.
    pub step: i64,
}

impl Range {
    /// How many numbers it has.
    pub fn len(&self) -> usize {
        let (start, end, step) = (i128::from(self.start), i128::from(self.end), i128::from(self.step));
        let distance = if step > 0 { end - start } else { start - end };
        if distance <= 0 { 0 } else { usize::try_from((distance - 1) / step.abs() + 1).unwrap_or(usize::MAX) }
    }

    /// True without numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at a position.
    pub fn get(&self, position: usize) -> Option<i64> {
        if position >= self.len() {
            return None;
        }
        i64::try_from(i128::from(self.start) + i128::from(self.step) * position as i128).ok()
    }

    /// The numbers.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len()).filter_map(|n| self.get(n))
    }
}
