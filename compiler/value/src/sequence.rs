//! The items of an array or a list: contiguous, with room at both ends, or a view of another's.

use crate::release::release;
use crate::value::Value;
use ovsm_base::Span;
use std::rc::Rc;

/// A sequence of values. Growth at either end is amortised constant; taking a part is constant.
#[derive(Debug, Default)]
pub struct Sequence {
    /// The items are `store[start..]`; what is before is unused room. Empty in a view.
    store: Vec<Value>,
    start: usize,
    /// Set if the items are a part of another sequence.
    view: Option<View>,
    /// Where it was written, if it is code.
    pub origin: Option<Rc<Origin>>,
}

/// Where code was written.
#[derive(Debug)]
pub struct Origin {
    /// The whole, with its brackets.
    pub span: Span,
    /// The items, in order; empty if that is not known.
    pub parts: Box<[Span]>,
}

/// A part of another sequence, which is itself no view.
#[derive(Debug)]
struct View {
    base: Rc<Sequence>,
    from: usize,
    to: usize,
}

impl Sequence {
    /// A sequence of these items.
    pub fn new(items: Vec<Value>) -> Sequence {
        Sequence { store: items, start: 0, view: None, origin: None }
    }

    /// A sequence of these items that was written at a place.
    pub fn with_origin(items: Vec<Value>, origin: Option<Rc<Origin>>) -> Sequence {
        Sequence { store: items, start: 0, view: None, origin }
    }

    /// Where it was written, if it is code.
    pub fn span(&self) -> Option<Span> {
        self.origin.as_ref().map(|origin| origin.span)
    }

    /// The items.
    pub fn as_slice(&self) -> &[Value] {
        match &self.view {
            None => self.store.get(self.start..).unwrap_or(&[]),
            Some(View { base, from, to }) => {
                base.store.get(base.start + from..base.start + to).unwrap_or(&[])
            }
        }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// True without items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at a position.
    pub fn get(&self, position: usize) -> Option<&Value> {
        self.as_slice().get(position)
    }

    /// The part from one position up to another, clamped. Constant; shares the items.
    pub fn slice(self: &Rc<Sequence>, from: usize, to: usize) -> Sequence {
        let length = self.len();
        let from = from.min(length);
        let to = to.min(length).max(from);
        // A small part must not keep a large whole alive.
        if to - from <= 4 {
            return Sequence::new(self.as_slice().get(from..to).unwrap_or(&[]).to_vec());
        }
        let view = match &self.view {
            None => View { base: Rc::clone(self), from, to },
            Some(view) => View { base: Rc::clone(&view.base), from: view.from + from, to: view.from + to },
        };
        Sequence { store: Vec::new(), start: 0, view: Some(view), origin: None }
    }

    /// Makes the items its own, so that they can be changed. An origin is forgotten: changed code is no longer what
    /// was written.
    fn own(&mut self) {
        self.origin = None;
        if self.view.is_some() {
            self.store = self.as_slice().to_vec();
            self.start = 0;
            self.view = None;
        }
    }

    /// The items in a vector, to be changed in place.
    pub fn make_vec(&mut self) -> &mut Vec<Value> {
        self.own();
        if self.start > 0 {
            self.store.drain(..self.start);
            self.start = 0;
        }
        &mut self.store
    }

    /// The items, to be replaced one by one.
    pub fn as_mut_slice(&mut self) -> &mut [Value] {
        self.own();
        self.store.get_mut(self.start..).unwrap_or(&mut [])
    }

    /// Appends an item.
    pub fn push(&mut self, item: Value) {
        self.own();
        self.store.push(item);
    }

    /// Removes the last item.
    pub fn pop(&mut self) -> Option<Value> {
        self.own();
        if self.store.len() > self.start { self.store.pop() } else { None }
    }

    /// Puts an item in front.
    pub fn push_front(&mut self, item: Value) {
        self.own();
        if self.start == 0 {
            // As much room as there are items, so that the cost per item is constant.
            let room = self.store.len().max(4);
            self.store.splice(0..0, std::iter::repeat_n(Value::Null, room));
            self.start = room;
        }
        self.start -= 1;
        if let Some(place) = self.store.get_mut(self.start) {
            *place = item;
        }
    }

    /// Removes the first item.
    pub fn pop_front(&mut self) -> Option<Value> {
        self.own();
        let item = std::mem::take(self.store.get_mut(self.start)?);
        self.start += 1;
        if self.start > 16 && self.start * 2 > self.store.len() {
            self.store.drain(..self.start);
            self.start = 0;
        }
        Some(item)
    }

    pub(crate) fn take_store(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.store)
    }
}

impl Clone for Sequence {
    fn clone(&self) -> Sequence {
        Sequence::with_origin(self.as_slice().to_vec(), self.origin.clone())
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        if self.store.iter().any(Value::holds_values) {
            release(std::mem::take(&mut self.store));
        }
    }
}

impl FromIterator<Value> for Sequence {
    fn from_iter<T: IntoIterator<Item = Value>>(items: T) -> Sequence {
        Sequence::new(items.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(sequence: &Sequence) -> Vec<i64> {
        sequence
            .as_slice()
            .iter()
            .map(|value| match value {
                Value::Int(n) => *n,
                _ => panic!("not an int"),
            })
            .collect()
    }

    #[test]
    fn both_ends_grow_and_shrink() {
        let mut sequence = Sequence::default();
        for n in 0..100 {
            sequence.push(Value::Int(n));
            sequence.push_front(Value::Int(-n));
        }
        assert_eq!(sequence.len(), 200);
        for _ in 0..99 {
            sequence.pop();
            sequence.pop_front();
        }
        assert_eq!(ints(&sequence), [0, 0]);
    }

    #[test]
    fn a_view_is_not_changed_by_its_base_nor_the_other_way() {
        let mut base = Rc::new((0..10).map(Value::Int).collect::<Sequence>());
        let mut view = base.slice(2, 9);
        let second = Rc::new(view).slice(1, 6);
        assert_eq!(ints(&second), [3, 4, 5, 6, 7]);
        view = base.slice(0, 8);
        view.push(Value::Int(77));
        Rc::make_mut(&mut base).as_mut_slice()[3] = Value::Int(99);
        assert_eq!(ints(&second), [3, 4, 5, 6, 7]);
        assert_eq!(ints(&view), [0, 1, 2, 3, 4, 5, 6, 7, 77]);
    }

    #[test]
    fn deep_nesting_is_dropped_without_recursion() {
        let mut value = Value::Null;
        for _ in 0..2_000_000 {
            value = Value::array(vec![value]);
        }
        drop(value);
    }
}
