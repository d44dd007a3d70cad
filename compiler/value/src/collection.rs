//! Collections with keys: objects and sets; and ranges. Hash tables are in `table`.

use crate::compare::Key;
use crate::ordered_map::{self, OrderedMap};
use crate::release::release;
use crate::text::Text;
use crate::value::Value;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// An object: values by name, in order of insertion.
#[derive(Clone, Debug, Default)]
pub struct Object(OrderedMap<Rc<Text>, Value>);

impl Deref for Object {
    type Target = OrderedMap<Rc<Text>, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Object {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(Rc<Text>, Value)> for Object {
    fn from_iter<T: IntoIterator<Item = (Rc<Text>, Value)>>(entries: T) -> Object {
        Object(entries.into_iter().collect())
    }
}

impl IntoIterator for Object {
    type Item = (Rc<Text>, Value);
    type IntoIter = ordered_map::IntoIter<Rc<Text>, Value>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(&mut self.0).into_iter()
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Rc<Text>, &'a Value);
    type IntoIter = ordered_map::Iter<'a, Rc<Text>, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Object {
    /// Takes all values out.
    pub(crate) fn take_values(&mut self) -> impl Iterator<Item = Value> + use<> {
        std::mem::take(&mut self.0).into_values()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if self.0.values().any(Value::holds_values) {
            release(self.take_values().filter(Value::holds_values).collect());
        }
    }
}

/// A place that can be assigned and shared: a cell of the program, or a captured variable that is assigned.
#[derive(Debug, Default)]
pub struct Place(RefCell<Value>);

impl Place {
    /// A place that holds a value.
    pub fn new(value: Value) -> Place {
        Place(RefCell::new(value))
    }
}

impl Deref for Place {
    type Target = RefCell<Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let value = self.0.get_mut();
        if value.holds_values() {
            release(vec![std::mem::take(value)]);
        }
    }
}

/// A set: distinct values in order of insertion.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// The members.
    pub items: OrderedMap<Key, ()>,
}

impl Drop for Set {
    fn drop(&mut self) {
        if self.items.keys().any(|key| key.0.holds_values()) {
            release(std::mem::take(&mut self.items).into_keys().map(|key| key.0).collect());
        }
    }
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
