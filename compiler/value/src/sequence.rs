//! The items of an array or a list: contiguous, with room at both ends, or a view of another's.
//!
//! A long sequence that grows and holds nothing but small integers is packed: it stores numbers of eight bytes instead of
//! values of sixteen. Nobody can tell from outside: whoever asks for a slice of values gets one, which is then kept, and
//! the sequence is a plain one from its next change on. Start with [`Sequence::look`] and [`Sequence::push`].

use crate::release::release;
use crate::value::Value;
use ovsm_base::Span;
use std::cell::OnceCell;
use std::rc::Rc;

/// A shorter sequence is not packed.
const SHORTEST_PACKED: usize = 64;

/// A sequence of values. Growth at either end is amortised constant; taking a part is constant.
#[derive(Debug, Default)]
pub struct Sequence {
    store: Store,
    /// The items are those of the store from here on; what is before is unused room. 0 in a view.
    start: usize,
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

#[derive(Debug)]
enum Store {
    Values(Vec<Value>),
    /// Small integers, and the same as values once somebody asked for them.
    Numbers(Vec<i64>, OnceCell<Box<[Value]>>),
    /// The items are a part of another sequence.
    View(View),
}

impl Default for Store {
    fn default() -> Store {
        Store::Values(Vec::new())
    }
}

/// A part of another sequence, which is itself no view.
#[derive(Debug)]
struct View {
    base: Rc<Sequence>,
    from: usize,
    to: usize,
}

/// An item where it stands.
#[derive(Clone, Copy, Debug)]
pub enum Item<'s> {
    /// A small integer of a packed sequence.
    Number(i64),
    /// Any other.
    Value(&'s Value),
}

impl Item<'_> {
    /// The item as a value of its own.
    pub fn to_value(self) -> Value {
        match self {
            Item::Number(number) => Value::Int(number),
            Item::Value(value) => value.clone(),
        }
    }
}

impl Sequence {
    /// A sequence of these items.
    pub fn new(items: Vec<Value>) -> Sequence {
        Sequence::with_origin(items, None)
    }

    /// A sequence of these items that was written at a place.
    pub fn with_origin(items: Vec<Value>, origin: Option<Rc<Origin>>) -> Sequence {
        // The counts beside the items take memory, too.
        crate::allocation::note(96 + items.capacity() * size_of::<Value>());
        Sequence { store: Store::Values(items), start: 0, origin }
    }

    /// Where it was written, if it is code.
    pub fn span(&self) -> Option<Span> {
        self.origin.as_ref().map(|origin| origin.span)
    }

    /// A sequence of small integers.
    pub fn from_numbers(numbers: Vec<i64>) -> Sequence {
        if numbers.len() < SHORTEST_PACKED {
            return Sequence::new(numbers.into_iter().map(Value::Int).collect());
        }
        crate::allocation::note(96 + numbers.capacity() * size_of::<i64>());
        Sequence { store: Store::Numbers(numbers, OnceCell::new()), start: 0, origin: None }
    }

    /// An empty sequence that is about to get so many items.
    pub fn with_capacity(items: usize) -> Sequence {
        let store = match items < SHORTEST_PACKED {
            true => Store::Values(Vec::with_capacity(items)),
            // The first item that is no small integer makes it a plain one.
            false => Store::Numbers(Vec::with_capacity(items), OnceCell::new()),
        };
        Sequence { store, start: 0, origin: None }
    }

    /// The items. If they are packed, they are put into memory for this once.
    #[inline]
    pub fn as_slice(&self) -> &[Value] {
        match &self.store {
            Store::Values(values) => values.get(self.start..).unwrap_or(&[]),
            Store::Numbers(numbers, values) => {
                values.get_or_init(|| numbers.iter().skip(self.start).copied().map(Value::Int).collect())
            }
            Store::View(View { base, from, to }) => base.as_slice().get(*from..*to).unwrap_or(&[]),
        }
    }

    /// The items as numbers, if they are packed.
    pub fn numbers(&self) -> Option<&[i64]> {
        match &self.store {
            Store::Values(_) => None,
            Store::Numbers(numbers, _) => numbers.get(self.start..),
            Store::View(View { base, from, to }) => base.numbers()?.get(*from..*to),
        }
    }

    /// The items as numbers, to be changed, if they are packed.
    pub fn numbers_mut(&mut self) -> Option<&mut [i64]> {
        self.own();
        match &mut self.store {
            Store::Numbers(numbers, _) => numbers.get_mut(self.start..),
            _ => None,
        }
    }

    /// Number of items.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Values(values) => values.len() - self.start,
            Store::Numbers(numbers, _) => numbers.len() - self.start,
            Store::View(View { from, to, .. }) => to - from,
        }
    }

    /// True without items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at a position, where it stands.
    #[inline]
    pub fn look(&self, position: usize) -> Option<Item<'_>> {
        match &self.store {
            Store::Values(values) => values.get(self.start.checked_add(position)?).map(Item::Value),
            Store::Numbers(numbers, _) => {
                numbers.get(self.start.checked_add(position)?).map(|number| Item::Number(*number))
            }
            Store::View(View { base, from, to }) => {
                let position = from.checked_add(position)?;
                if position < *to { base.look(position) } else { None }
            }
        }
    }

    /// The item at a position. If the items are packed, all are put into memory for this once: see
    /// [`Sequence::copy_of`].
    pub fn get(&self, position: usize) -> Option<&Value> {
        self.as_slice().get(position)
    }

    /// A copy of the item at a position.
    pub fn copy_of(&self, position: usize) -> Option<Value> {
        self.look(position).map(Item::to_value)
    }

    /// Copies of the items, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).filter_map(|position| self.copy_of(position))
    }

    /// Copies of the items.
    pub fn to_vec(&self) -> Vec<Value> {
        match self.numbers() {
            Some(numbers) => numbers.iter().copied().map(Value::Int).collect(),
            None => self.as_slice().to_vec(),
        }
    }

    /// The part from one position up to another, clamped. Constant; shares the items.
    pub fn slice(self: &Rc<Sequence>, from: usize, to: usize) -> Sequence {
        let length = self.len();
        let from = from.min(length);
        let to = to.min(length).max(from);
        // A small part must not keep a large whole alive.
        if to - from <= 4 {
            return (from..to).filter_map(|position| self.copy_of(position)).collect();
        }
        let view = match &self.store {
            Store::View(view) => {
                View { base: Rc::clone(&view.base), from: view.from + from, to: view.from + to }
            }
            _ => View { base: Rc::clone(self), from, to },
        };
        Sequence { store: Store::View(view), start: 0, origin: None }
    }

    /// Makes the items its own, so that they can be changed. An origin is forgotten: changed code is no longer what
    /// was written. Packed items that somebody asked for as values stay values.
    #[inline]
    fn own(&mut self) {
        self.origin = None;
        let is_plain = match &self.store {
            Store::Values(_) => true,
            Store::Numbers(_, values) => values.get().is_none(),
            Store::View(_) => false,
        };
        if !is_plain {
            self.own_slowly();
        }
    }

    #[cold]
    fn own_slowly(&mut self) {
        let store = match &mut self.store {
            Store::Numbers(_, values) => Store::Values(values.take().unwrap_or_default().into_vec()),
            _ => match self.numbers() {
                Some(numbers) => Store::Numbers(numbers.to_vec(), OnceCell::new()),
                None => Store::Values(self.as_slice().to_vec()),
            },
        };
        (self.store, self.start) = (store, 0);
    }

    /// Makes the items values of its own; they are no longer packed.
    fn unpack(&mut self) {
        self.own();
        if !matches!(self.store, Store::Values(_)) {
            let room = match &self.store {
                Store::Numbers(numbers, _) => numbers.capacity(),
                _ => self.len(),
            };
            let mut values = Vec::with_capacity(room);
            values.extend(self.iter());
            (self.store, self.start) = (Store::Values(values), 0);
        }
    }

    /// Takes the items out; the sequence is empty afterwards.
    pub fn take_vec(&mut self) -> Vec<Value> {
        self.unpack();
        let start = std::mem::take(&mut self.start);
        match std::mem::take(&mut self.store) {
            Store::Values(mut values) => {
                if start > 0 {
                    values.drain(..start);
                }
                values
            }
            Store::Numbers(..) | Store::View(_) => Vec::new(),
        }
    }

    /// The items, to be replaced one by one.
    pub fn as_mut_slice(&mut self) -> &mut [Value] {
        self.unpack();
        match &mut self.store {
            Store::Values(values) => values.get_mut(self.start..).unwrap_or(&mut []),
            _ => &mut [],
        }
    }

    /// Replaces the item at a position. Gives the new one back if there is no such position.
    ///
    /// # Errors
    /// The item, which has no place.
    #[inline]
    pub fn put(&mut self, position: usize, item: Value) -> Result<(), Value> {
        self.own();
        if let (Store::Numbers(numbers, _), Value::Int(number)) = (&mut self.store, &item) {
            return match numbers.get_mut(self.start + position) {
                Some(place) => {
                    *place = *number;
                    Ok(())
                }
                None => Err(item),
            };
        }
        match self.as_mut_slice().get_mut(position) {
            Some(place) => {
                *place = item;
                Ok(())
            }
            None => Err(item),
        }
    }

    /// Appends an item.
    #[inline]
    pub fn push(&mut self, item: Value) {
        if matches!(&self.store, Store::Numbers(_, values) if values.get().is_some()) {
            return self.push_after_reading(item);
        }
        self.own();
        match (&mut self.store, item) {
            (Store::Numbers(numbers, _), Value::Int(number)) => {
                if numbers.len() == numbers.capacity() {
                    grow(numbers);
                }
                numbers.push(number);
            }
            (Store::Values(values), item) if values.len() < values.capacity() => values.push(item),
            (_, item) => self.push_slowly(item),
        }
    }

    /// Whoever reads and appends in turn must not have the items packed again each time.
    #[cold]
    fn push_after_reading(&mut self, item: Value) {
        self.own();
        if let Store::Values(values) = &mut self.store {
            values.push(item);
        }
    }

    #[cold]
    fn push_slowly(&mut self, item: Value) {
        // A sequence that is about to grow is packed if that is possible: the check costs as much as the growth.
        if self.len() >= SHORTEST_PACKED
            && matches!(item, Value::Int(_))
            && let Some(numbers) = self.as_slice().iter().map(number).collect::<Option<Vec<i64>>>()
        {
            let mut numbers = numbers;
            numbers.extend(number(&item));
            (self.store, self.start) = (Store::Numbers(numbers, OnceCell::new()), 0);
            return;
        }
        self.unpack();
        if let Store::Values(values) = &mut self.store {
            values.push(item);
            crate::allocation::note(values.capacity() * size_of::<Value>());
        }
    }

    /// Appends the items of another sequence.
    pub fn append(&mut self, more: &Sequence) {
        self.own();
        match (&mut self.store, more.numbers()) {
            (Store::Numbers(numbers, _), Some(more)) => numbers.extend_from_slice(more),
            (Store::Values(values), None) => values.extend_from_slice(more.as_slice()),
            _ => {
                for item in more.iter() {
                    self.push(item);
                }
            }
        }
    }

    /// Turns the order of the items around.
    pub fn reverse(&mut self) {
        match self.numbers_mut() {
            Some(numbers) => numbers.reverse(),
            None => self.as_mut_slice().reverse(),
        }
    }

    /// Removes the last item.
    pub fn pop(&mut self) -> Option<Value> {
        self.own();
        let start = self.start;
        match &mut self.store {
            Store::Values(values) if values.len() > start => values.pop(),
            Store::Numbers(numbers, _) if numbers.len() > start => numbers.pop().map(Value::Int),
            _ => None,
        }
    }

    /// Puts an item in front.
    pub fn push_front(&mut self, item: Value) {
        self.own();
        match (&mut self.store, item) {
            (Store::Numbers(numbers, _), Value::Int(number)) => {
                put_in_front(numbers, &mut self.start, number)
            }
            (_, item) => {
                self.unpack();
                if let Store::Values(values) = &mut self.store {
                    put_in_front(values, &mut self.start, item);
                }
            }
        }
    }

    /// Removes the first item.
    pub fn pop_front(&mut self) -> Option<Value> {
        self.own();
        match &mut self.store {
            Store::Values(values) => take_from_front(values, &mut self.start),
            Store::Numbers(numbers, _) => take_from_front(numbers, &mut self.start).map(Value::Int),
            Store::View(_) => None,
        }
    }

    pub(crate) fn take_store(&mut self) -> Vec<Value> {
        match &mut self.store {
            Store::Values(values) => std::mem::take(values),
            Store::Numbers(..) | Store::View(_) => Vec::new(),
        }
    }
}

fn number(value: &Value) -> Option<i64> {
    if let Value::Int(number) = value { Some(*number) } else { None }
}

/// Makes room for more numbers. Growth moves them all, and what they leave behind is not free at once: while they are
/// few, they move more seldom.
#[cold]
fn grow(numbers: &mut Vec<i64>) {
    const FEW: usize = 1 << 20;
    let length = numbers.len();
    numbers.reserve_exact(if length < FEW { (length * 3).max(SHORTEST_PACKED) } else { length });
    crate::allocation::note(numbers.capacity() * size_of::<i64>());
}

fn put_in_front<T: Default + Clone>(store: &mut Vec<T>, start: &mut usize, item: T) {
    if *start == 0 {
        // As much room as there are items, so that the cost per item is constant.
        let room = store.len().max(4);
        store.splice(0..0, std::iter::repeat_n(T::default(), room));
        *start = room;
    }
    *start -= 1;
    if let Some(place) = store.get_mut(*start) {
        *place = item;
    }
}

fn take_from_front<T: Default>(store: &mut Vec<T>, start: &mut usize) -> Option<T> {
    let item = std::mem::take(store.get_mut(*start)?);
    *start += 1;
    if *start > 16 && *start * 2 > store.len() {
        store.drain(..*start);
        *start = 0;
    }
    Some(item)
}

impl Clone for Sequence {
    fn clone(&self) -> Sequence {
        // Whoever runs the program pays, and stops it where the memory is used up.
        crate::walk::steps(self.len());
        match self.numbers() {
            Some(numbers) => {
                let mut copy = Sequence::from_numbers(numbers.to_vec());
                copy.origin = self.origin.clone();
                copy
            }
            None => Sequence::with_origin(self.as_slice().to_vec(), self.origin.clone()),
        }
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        if let Store::Values(values) = &mut self.store
            && values.iter().any(Value::holds_values)
        {
            release(std::mem::take(values));
        }
    }
}

impl From<Vec<Value>> for Sequence {
    fn from(items: Vec<Value>) -> Sequence {
        Sequence::new(items)
    }
}

impl FromIterator<Value> for Sequence {
    fn from_iter<T: IntoIterator<Item = Value>>(items: T) -> Sequence {
        let items = items.into_iter();
        let mut sequence = Sequence::with_capacity(items.size_hint().0);
        for item in items {
            sequence.push(item);
        }
        sequence
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
    fn long_sequences_of_small_integers_are_packed() {
        let mut sequence = Sequence::default();
        for n in 0..1000 {
            sequence.push(Value::Int(n));
        }
        assert_eq!(sequence.numbers().map(<[i64]>::len), Some(1000));
        let view = Rc::new(sequence.clone()).slice(10, 900);
        assert_eq!(view.numbers().map(<[i64]>::len), Some(890));
        // A slice of values can be had at any time; from the next change on the sequence is a plain one.
        assert_eq!(ints(&sequence).len(), 1000);
        assert!(sequence.numbers().is_some());
        sequence.pop();
        assert!(sequence.numbers().is_none());
        assert_eq!(ints(&sequence).len(), 999);
        // So does a value of another kind.
        let mut other = view.clone();
        assert!(other.numbers().is_some());
        other.push(Value::Null);
        assert!(other.numbers().is_none());
        assert_eq!((other.len(), view.len()), (891, 890));
    }

    #[test]
    fn reading_and_appending_in_turn_is_not_quadratic() {
        // Each reading would copy 1.6 MB if the items were packed in between.
        let mut sequence = (0..100_000).map(Value::Int).collect::<Sequence>();
        for n in 0..50_000 {
            assert_eq!(sequence.as_slice().len(), 100_000 + n);
            sequence.push(Value::Int(0));
        }
    }

    /// What can be done to a sequence.
    #[derive(Clone, Debug)]
    enum Step {
        Push(i64),
        PushOther,
        Append(usize),
        Pop,
        PushFront(i64),
        PushFrontOther,
        PopFront,
        Put(usize, i64),
        PutOther(usize),
        Slice(usize, usize),
        Copy,
        Look,
        Reverse,
        Sort,
        Take,
    }

    fn step() -> impl proptest::strategy::Strategy<Value = Step> {
        use proptest::prelude::*;
        prop_oneof![
            20 => any::<i64>().prop_map(Step::Push),
            1 => Just(Step::PushOther),
            4 => (0..200usize).prop_map(Step::Append),
            3 => Just(Step::Pop),
            3 => any::<i64>().prop_map(Step::PushFront),
            1 => Just(Step::PushFrontOther),
            3 => Just(Step::PopFront),
            3 => (0..300usize, any::<i64>()).prop_map(|(n, number)| Step::Put(n, number)),
            1 => (0..300usize).prop_map(Step::PutOther),
            2 => (0..300usize, 0..300usize).prop_map(|(from, to)| Step::Slice(from, to)),
            1 => Just(Step::Copy),
            1 => Just(Step::Look),
            1 => Just(Step::Reverse),
            1 => Just(Step::Sort),
            1 => Just(Step::Take),
        ]
    }

    proptest::proptest! {
        /// Packed or not, a sequence does what a vector of values does.
        #[test]
        fn a_sequence_is_a_vector(
            first in 0..150usize,
            steps in proptest::collection::vec(step(), 0..60),
        ) {
            let start: Vec<Value> = (0..first as i64).map(Value::Int).collect();
            let mut model = start.clone();
            let mut sequence = Rc::new(start.into_iter().collect::<Sequence>());
            let mut older: Vec<(Rc<Sequence>, Vec<Value>)> = Vec::new();
            for step in steps {
                let own = Rc::make_mut(&mut sequence);
                match step {
                    Step::Push(n) => {
                        own.push(Value::Int(n));
                        model.push(Value::Int(n));
                    }
                    Step::PushOther => {
                        own.push(Value::Bool(true));
                        model.push(Value::Bool(true));
                    }
                    Step::Append(n) => {
                        let more: Sequence = (0..n as i64).map(Value::Int).collect();
                        own.append(&more);
                        model.extend(more.iter());
                    }
                    Step::Pop => proptest::prop_assert_eq!(own.pop().is_some(), model.pop().is_some()),
                    Step::PushFront(n) => {
                        own.push_front(Value::Int(n));
                        model.insert(0, Value::Int(n));
                    }
                    Step::PushFrontOther => {
                        own.push_front(Value::Null);
                        model.insert(0, Value::Null);
                    }
                    Step::PopFront => {
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        proptest::prop_assert_eq!(own.pop_front().is_some(), expected.is_some());
                    }
                    Step::Put(n, number) => {
                        let is_done = own.put(n, Value::Int(number)).is_ok();
                        proptest::prop_assert_eq!(is_done, n < model.len());
                        if let Some(place) = model.get_mut(n) {
                            *place = Value::Int(number);
                        }
                    }
                    Step::PutOther(n) => {
                        let is_done = own.put(n, Value::Null).is_ok();
                        proptest::prop_assert_eq!(is_done, n < model.len());
                        if let Some(place) = model.get_mut(n) {
                            *place = Value::Null;
                        }
                    }
                    Step::Slice(from, to) => {
                        let part = sequence.slice(from, to);
                        let from = from.min(model.len());
                        let to = to.min(model.len()).max(from);
                        older.push((sequence, model.clone()));
                        model = model[from..to].to_vec();
                        sequence = Rc::new(part);
                    }
                    Step::Copy => older.push((Rc::clone(&sequence), model.clone())),
                    Step::Look => proptest::prop_assert_eq!(own.as_slice().len(), model.len()),
                    Step::Reverse => {
                        own.reverse();
                        model.reverse();
                    }
                    Step::Sort => {
                        if let Some(numbers) = own.numbers_mut() {
                            numbers.sort_unstable();
                            model.sort_by_key(|value| match value {
                                Value::Int(n) => *n,
                                other => panic!("{other:?} in a packed sequence"),
                            });
                        }
                    }
                    Step::Take => {
                        let items = own.take_vec();
                        proptest::prop_assert!(own.is_empty());
                        *own = Sequence::new(items);
                    }
                }
                older.push((Rc::clone(&sequence), model.clone()));
                older.truncate(8);
                for (sequence, model) in older.iter().chain([&(Rc::clone(&sequence), model.clone())]) {
                    proptest::prop_assert_eq!(sequence.len(), model.len());
                    let same = sequence.iter().zip(model).all(|(a, b)| crate::compare::equal(&a, b));
                    proptest::prop_assert!(same, "{:?} is not {:?}", sequence, model);
                }
                let items = Value::Array(Rc::clone(&sequence));
                proptest::prop_assert!(crate::compare::equal(&items, &Value::array(model.clone())));
                proptest::prop_assert_eq!(crate::write::write(&items), crate::write::write(&Value::array(model.clone())));
            }
        }
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
