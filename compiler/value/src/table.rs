//! Hash tables: values by key, in order of insertion.
//!
//! A large table is as compact as its entries allow, because what fresh memory costs is a great part of what filling a
//! table costs. Short strings are kept in the entry instead of beside it, small integers as numbers of eight bytes, and
//! entries never move when the table grows: they are in rows of fixed length. An entry that is removed leaves a hole,
//! and holes are closed once they are the greater part. Nothing here compares or hashes by itself: that is
//! [`crate::compare`]. Start with [`Table::insert`].

use crate::compare::{hash32, is_same_key};
use crate::release::release;
use crate::value::Value;
use hashbrown::HashTable;

/// How many entries a row has; only the first may have room for fewer.
const ROW: usize = 2048;

/// A mutable hash table, keyed by any data value.
#[derive(Clone, Debug, Default)]
pub struct Table {
    index: Index,
    rows: Vec<Row>,
    /// How many entries there are, with the holes.
    filled: usize,
    /// How many of them are holes.
    holes: usize,
    /// True if a key or a value may hold other values.
    holds_values: bool,
}

impl Table {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.filled - self.holes
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under a key.
    pub fn get(&self, key: &Value) -> Option<Value> {
        let probe = Probe::new(key);
        let entry = self.index.find(hash32(key), |entry| self.has_key(entry, &probe))?;
        self.rows.get(entry / ROW)?.values.get(entry % ROW)
    }

    /// True if there is an entry with a key.
    pub fn contains(&self, key: &Value) -> bool {
        let probe = Probe::new(key);
        self.index.find(hash32(key), |entry| self.has_key(entry, &probe)).is_some()
    }

    /// Puts a value under a key, and gives the one that was there.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        self.put(&key, &value)
    }

    /// The same with copies.
    pub fn put(&mut self, key: &Value, value: &Value) -> Option<Value> {
        self.holds_values |= key.holds_values() || value.holds_values();
        let (hash, probe) = (hash32(key), Probe::new(key));
        if let Some(entry) = self.index.find(hash, |entry| self.has_key(entry, &probe)) {
            return self.rows.get_mut(entry / ROW)?.values.replace(entry % ROW, value);
        }
        let key = match probe {
            Probe::Short(text) => Key::Short(text),
            Probe::Value(key) => Key::Value(key.clone()),
        };
        self.index.add(hash, self.filled);
        if self.filled.is_multiple_of(ROW) {
            // The first row starts small; a table that fills it will fill most of the next.
            let room = if self.filled == 0 { 0 } else { ROW };
            self.rows.push(Row { keys: Vec::with_capacity(room), values: Column::with_capacity(room) });
        }
        if let Some(row) = self.rows.last_mut() {
            row.keys.push(key);
            row.values.push(value);
        }
        self.filled += 1;
        None
    }

    /// Removes the entry with a key, and gives its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        let probe = Probe::new(key);
        let hash = hash32(key);
        let entry = self.index.find(hash, |entry| self.has_key(entry, &probe))?;
        self.index.remove(hash, entry);
        let row = self.rows.get_mut(entry / ROW)?;
        let hole = row.keys.get_mut(entry % ROW)?;
        let old_key = std::mem::replace(hole, Key::Hole);
        let value = row.values.replace(entry % ROW, &Value::Int(0));
        self.holes += 1;
        if self.holes > self.filled / 2 {
            self.close_holes();
        }
        drop(old_key);
        value
    }

    /// The keys and their values, in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        self.rows.iter().flat_map(|row| {
            let keys = row.keys.iter().enumerate();
            keys.filter_map(|(n, key)| Some((key.to_value()?, row.values.get(n)?)))
        })
    }

    /// The keys, in order of insertion.
    pub fn keys(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().flat_map(|row| row.keys.iter().filter_map(Key::to_value))
    }

    /// The values, in order of insertion of their keys.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().flat_map(|row| {
            let keys = row.keys.iter().enumerate();
            keys.filter(|(_, key)| !matches!(key, Key::Hole)).filter_map(|(n, _)| row.values.get(n))
        })
    }

    /// Takes out the keys and values that may hold others.
    pub(crate) fn take_holders(&mut self) -> Vec<Value> {
        let mut holders = Vec::new();
        let table = std::mem::take(self);
        if table.holds_values {
            for (key, value) in table.iter() {
                holders.extend([key, value].into_iter().filter(Value::holds_values));
            }
            // Each is held by the vector as well, so that nothing deep is dropped with the rows.
            let mut table = table;
            table.holds_values = false;
        }
        holders
    }

    #[inline]
    fn has_key(&self, entry: usize, probe: &Probe) -> bool {
        self.rows.get(entry / ROW).and_then(|row| row.keys.get(entry % ROW)).is_some_and(|key| {
            match (key, probe) {
                (Key::Short(own), Probe::Short(other)) => own == other,
                (Key::Value(own), Probe::Value(other)) => is_same_key(own, other),
                _ => false,
            }
        })
    }

    fn close_holes(&mut self) {
        let mut numbers = Vec::with_capacity(self.filled);
        let mut next: u32 = 0;
        let rows = std::mem::take(&mut self.rows);
        for row in rows {
            for (n, key) in row.keys.into_iter().enumerate() {
                numbers.push(next);
                if matches!(key, Key::Hole) {
                    continue;
                }
                if (next as usize).is_multiple_of(ROW) {
                    self.rows.push(Row::default());
                }
                if let Some(last) = self.rows.last_mut() {
                    last.keys.push(key);
                    last.values.push(&row.values.get(n).unwrap_or_default());
                }
                next += 1;
            }
        }
        self.filled = next as usize;
        self.holes = 0;
        self.index.renumber(&numbers);
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if self.holds_values {
            release(self.take_holders());
        }
    }
}

impl FromIterator<(Value, Value)> for Table {
    fn from_iter<T: IntoIterator<Item = (Value, Value)>>(entries: T) -> Table {
        let mut table = Table::default();
        for (key, value) in entries {
            table.insert(key, value);
        }
        table
    }
}

/// Some entries, one after the other.
#[derive(Clone, Debug, Default)]
struct Row {
    keys: Vec<Key>,
    values: Column,
}

/// A key where it is stored.
#[derive(Clone, Debug)]
enum Key {
    Value(Value),
    Short(Short),
    /// The entry was removed.
    Hole,
}

const _: () = assert!(size_of::<Key>() == size_of::<Value>());

impl Key {
    fn to_value(&self) -> Option<Value> {
        match self {
            Key::Value(value) => Some(value.clone()),
            Key::Short(text) => Some(Value::string(text.as_str())),
            Key::Hole => None,
        }
    }
}

/// How many bytes a short string has at most.
const SHORT: usize = 14;

/// A string of few bytes. All such strings are stored like this, so that two are equal if their bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Short {
    length: u8,
    bytes: [u8; SHORT],
}

impl Short {
    fn new(text: &str) -> Option<Short> {
        if text.len() > SHORT {
            return None;
        }
        // Put together in a register: what was written a moment ago byte by byte, or in parts that overlap, is read best
        // byte by byte.
        let word = text.bytes().rev().fold(0u128, |word, byte| word << 8 | u128::from(byte));
        let [bytes @ .., _, _] = word.to_le_bytes();
        Some(Short { length: text.len() as u8, bytes })
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or(&[]);
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// A key that is looked for.
enum Probe<'k> {
    Value(&'k Value),
    Short(Short),
}

impl Probe<'_> {
    #[inline]
    fn new(key: &Value) -> Probe<'_> {
        match key {
            Value::String(text) => match Short::new(text.as_str()) {
                Some(text) => Probe::Short(text),
                None => Probe::Value(key),
            },
            key => Probe::Value(key),
        }
    }
}

/// The values of some entries.
#[derive(Clone, Debug)]
enum Column {
    /// All are small integers.
    Numbers(Vec<i64>),
    Values(Vec<Value>),
}

impl Default for Column {
    fn default() -> Column {
        Column::Numbers(Vec::new())
    }
}

impl Column {
    fn with_capacity(room: usize) -> Column {
        Column::Numbers(Vec::with_capacity(room))
    }

    fn get(&self, n: usize) -> Option<Value> {
        match self {
            Column::Numbers(numbers) => numbers.get(n).copied().map(Value::Int),
            Column::Values(values) => values.get(n).cloned(),
        }
    }

    fn push(&mut self, value: &Value) {
        match (&mut *self, value) {
            (Column::Numbers(numbers), Value::Int(number)) => numbers.push(*number),
            (_, value) => {
                if let Some(values) = self.as_values() {
                    values.push(value.clone());
                }
            }
        }
    }

    /// Replaces a value and gives the old one.
    fn replace(&mut self, n: usize, value: &Value) -> Option<Value> {
        match (&mut *self, value) {
            (Column::Numbers(numbers), Value::Int(number)) => {
                numbers.get_mut(n).map(|place| Value::Int(std::mem::replace(place, *number)))
            }
            (_, value) => self.as_values()?.get_mut(n).map(|place| std::mem::replace(place, value.clone())),
        }
    }

    fn as_values(&mut self) -> Option<&mut Vec<Value>> {
        if let Column::Numbers(numbers) = self {
            let mut values = Vec::with_capacity(numbers.capacity());
            values.extend(numbers.iter().copied().map(Value::Int));
            *self = Column::Values(values);
        }
        match self {
            Column::Values(values) => Some(values),
            Column::Numbers(_) => None,
        }
    }
}

/// Where the entries are, by the hashes of their keys.
///
/// The hash is kept beside the number of the entry: growth must not look at the entries, which are anywhere in memory.
#[derive(Clone, Debug, Default)]
struct Index {
    places: HashTable<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    entry: u32,
}

/// The hash as a table of places wants it: the low bits say where a place is, the high ones tell places apart; so the
/// lowest must be in the highest.
#[inline]
fn spread(hash: u32) -> u64 {
    (u64::from(hash) << 32 | u64::from(hash)) ^ u64::from(hash) << 61
}

impl Index {
    /// The number of the entry with a hash that passes the test.
    #[inline]
    fn find(&self, hash: u32, mut is_it: impl FnMut(usize) -> bool) -> Option<usize> {
        let place =
            self.places.find(spread(hash), |place| place.hash == hash && is_it(place.entry as usize))?;
        Some(place.entry as usize)
    }

    #[inline]
    fn add(&mut self, hash: u32, entry: usize) {
        let place = Place { hash, entry: entry as u32 };
        self.places.insert_unique(spread(hash), place, |place| spread(place.hash));
    }

    fn remove(&mut self, hash: u32, entry: usize) {
        if let Ok(place) = self.places.find_entry(spread(hash), |place| place.entry as usize == entry) {
            place.remove();
        }
    }

    /// Gives the entries new numbers, and makes the index no larger than they need.
    fn renumber(&mut self, numbers: &[u32]) {
        for place in self.places.iter_mut() {
            place.entry = numbers.get(place.entry as usize).copied().unwrap_or_default();
        }
        self.places.shrink_to(self.places.len().saturating_mul(2), |place| spread(place.hash));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::compare::Key;
    use crate::write::write;

    fn text(n: u64) -> String {
        format!("{n:x}").repeat(n as usize % 5)
    }

    fn value(n: u64) -> Value {
        match n % 7 {
            0 => Value::Int(n as i64 / 7),
            1 => Value::string(text(n)),
            2 => Value::Float(n as f64 / 14.0),
            3 => Value::keyword(text(n)),
            4 => Value::array(vec![Value::Int(n as i64), Value::string(text(n))]),
            5 => Value::Float(f64::NAN),
            _ => Value::Null,
        }
    }

    fn shown(entries: impl Iterator<Item = (Value, Value)>) -> Vec<String> {
        entries.map(|(key, value)| format!("{} {}", write(&key), write(&value))).collect()
    }

    #[test]
    fn does_what_an_ordered_map_does() {
        for range in [8, 300, 20_000] {
            let (mut table, mut map) = (Table::default(), crate::IndexMap::<Key, Value>::default());
            let mut seed: u64 = 12345 + range;
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                seed >> 33
            };
            for round in 0..20_000 {
                let (key, item) = (value(next() % range), value(next()));
                // Now and then there are more removals than insertions.
                if next() % 8 < if round % 5_000 < 3_500 { 2 } else { 7 } {
                    let (old, expected) = (table.remove(&key), map.shift_remove(&Key(key.clone())));
                    assert_eq!(old.as_ref().map(write), expected.as_ref().map(write));
                } else {
                    let old = table.insert(key.clone(), item.clone());
                    let expected = map.insert(Key(key.clone()), item);
                    assert_eq!(old.as_ref().map(write), expected.as_ref().map(write));
                }
                assert_eq!(table.len(), map.len());
                let expected = map.get(&Key(key.clone()));
                assert_eq!(table.contains(&key), expected.is_some());
                assert_eq!(table.get(&key).as_ref().map(write), expected.map(write));
                if round % 2_000 == 0 {
                    let expected = map.iter().map(|(key, value)| (key.0.clone(), value.clone()));
                    assert_eq!(shown(table.iter()), shown(expected));
                    assert!(table.keys().zip(table.values()).count() == map.len());
                }
            }
            let copy = table.clone();
            assert_eq!(shown(copy.iter()), shown(table.iter()));
        }
    }

    #[test]
    fn equal_keys_are_one_whatever_their_type() {
        let mut table = Table::default();
        table.insert(Value::Int(1), Value::Int(1));
        assert!(table.contains(&Value::Float(1.0)));
        assert!(table.insert(Value::Float(1.0), Value::Null).is_some());
        assert!(!table.contains(&Value::string("1")));
        let long = "longer than fourteen bytes";
        table.insert(Value::string(long), Value::Int(2));
        assert!(matches!(table.get(&Value::string(long.to_string())), Some(Value::Int(2))));
        assert!(!table.contains(&Value::keyword(long)));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_deep_table_is_dropped_flat() {
        let mut value = Value::Null;
        for n in 0..200_000 {
            let table = [(Value::Int(n), value)].into_iter().collect::<Table>();
            value = Value::Table(std::rc::Rc::new(std::cell::RefCell::new(table)));
        }
        drop(value);
    }
}
