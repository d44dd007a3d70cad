//! Maps in order of insertion from which any entry is removed in constant time: the store of objects and sets.
//!
//! An entry that is removed leaves a hole, so that those behind it stay where they are; holes are closed once they are
//! the greater part. Reading, adding and removing take constant time, over all operations; so does finding the first
//! entry. What keys are equal is the business of the keys. Start with [`OrderedMap::insert`].

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

/// Fewer holes than this stay.
const FEW: usize = 16;

/// How many steps of a walk it takes to copy an entry.
const STEPS_PER_COPY: usize = 4;

/// A map in order of insertion.
#[derive(Debug)]
pub struct OrderedMap<K, V> {
    /// The places of entries, by the hashes of their keys.
    index: HashTable<usize>,
    places: Vec<Option<Entry<K, V>>>,
    holes: usize,
    /// Before this place there are holes only.
    first: usize,
}

#[derive(Clone, Debug)]
struct Entry<K, V> {
    hash: u64,
    key: K,
    value: V,
}

impl<K: Clone, V: Clone> Clone for OrderedMap<K, V> {
    fn clone(&self) -> Self {
        // Whoever runs the program pays, and stops it where the memory is used up.
        crate::walk::steps(self.places.len().saturating_mul(STEPS_PER_COPY));
        crate::allocation::note(self.places.len() * size_of::<Option<Entry<K, V>>>());
        OrderedMap {
            index: self.index.clone(),
            places: self.places.clone(),
            holes: self.holes,
            first: self.first,
        }
    }
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        OrderedMap { index: HashTable::new(), places: Vec::new(), holes: 0, first: 0 }
    }
}

impl<K, V> OrderedMap<K, V> {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.places.len() - self.holes
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries, in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.places.get(self.first..).unwrap_or(&[]).iter().flatten())
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The entries, in order; the values can be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.places.iter_mut().flatten().map(|entry| (&entry.key, &mut entry.value))
    }

    /// The first entry.
    pub fn first(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The entry with so many before it. Takes time if entries were removed.
    pub fn get_index(&self, n: usize) -> Option<(&K, &V)> {
        match self.holes {
            0 => self.places.get(n)?.as_ref().map(|entry| (&entry.key, &entry.value)),
            _ => self.iter().nth(n),
        }
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.places.iter_mut().flatten().map(|entry| &mut entry.value)
    }

    /// The value of the first entry whose key passes a test.
    pub fn value_where(&self, is_it: impl Fn(&K) -> bool) -> Option<&V> {
        let mut places = self.places.iter();
        places.find_map(|place| place.as_ref().filter(|entry| is_it(&entry.key)).map(|entry| &entry.value))
    }

    /// Where the first entry stands whose key passes a test.
    pub fn place_where(&self, is_it: impl Fn(&K) -> bool) -> Option<usize> {
        self.places.iter().position(|place| place.as_ref().is_some_and(|entry| is_it(&entry.key)))
    }

    /// The value of the entry that stands at a place, to be changed.
    pub fn value_at_mut(&mut self, place: usize) -> Option<&mut V> {
        self.places.get_mut(place)?.as_mut().map(|entry| &mut entry.value)
    }

    /// The keys without their values.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.places.into_iter().flatten().map(|entry| entry.key)
    }

    /// The values without their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.places.into_iter().flatten().map(|entry| entry.value)
    }
}

impl<K: Hash + Eq, V> OrderedMap<K, V> {
    fn hash<Q: Hash + ?Sized>(key: &Q) -> u64 {
        FxBuildHasher.hash_one(key)
    }

    fn place<Q: Hash + Eq + ?Sized>(&self, hash: u64, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let is_it = |place: &usize| {
            let entry = self.places.get(*place).and_then(Option::as_ref);
            entry.is_some_and(|entry| entry.hash == hash && entry.key.borrow() == key)
        };
        self.index.find(hash, is_it).copied()
    }

    fn entry<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&Entry<K, V>>
    where
        K: Borrow<Q>,
    {
        if self.is_empty() {
            return None;
        }
        self.places.get(self.place(Self::hash(key), key)?)?.as_ref()
    }

    /// The value under a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The key that equals another one, and its value.
    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.entry(key).map(|entry| (&entry.key, &entry.value))
    }

    /// How many entries stand before the one with a key, and that one. Takes time if entries were removed.
    pub fn get_full<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(usize, &K, &V)>
    where
        K: Borrow<Q>,
    {
        let place = self.place(Self::hash(key), key)?;
        let entry = self.places.get(place)?.as_ref()?;
        let before = match self.holes {
            0 => place,
            _ => self.places.get(..place)?.iter().flatten().count(),
        };
        Some((before, &entry.key, &entry.value))
    }

    /// True if there is an entry with a key.
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.entry(key).is_some()
    }

    /// The value under a key, to be changed.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(Self::hash(key), key)?;
        self.places.get_mut(place)?.as_mut().map(|entry| &mut entry.value)
    }

    /// Makes room for more entries.
    pub fn reserve(&mut self, more: usize) {
        self.places.reserve(more);
        let places = &self.places;
        let hash_of =
            |place: &usize| places.get(*place).and_then(Option::as_ref).map_or(0, |entry| entry.hash);
        self.index.reserve(more, hash_of);
    }

    /// Puts a value under a key, and gives the one that was there. The key that was there stays, and its place.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = Self::hash(&key);
        if let Some(place) = self.place(hash, &key) {
            let entry = self.places.get_mut(place)?.as_mut()?;
            return Some(std::mem::replace(&mut entry.value, value));
        }
        let places = &self.places;
        let hash_of =
            |place: &usize| places.get(*place).and_then(Option::as_ref).map_or(0, |entry| entry.hash);
        self.index.insert_unique(hash, self.places.len(), hash_of);
        self.places.push(Some(Entry { hash, key, value }));
        None
    }

    /// Removes the entry with a key, and gives its value. The others stay in order.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let hash = Self::hash(key);
        let place = self.place(hash, key)?;
        if let Ok(found) = self.index.find_entry(hash, |other| *other == place) {
            found.remove();
        }
        let entry = self.places.get_mut(place)?.take()?;
        if place + 1 == self.places.len() {
            self.places.pop();
        } else {
            self.holes += 1;
        }
        while self.places.get(self.first).is_some_and(Option::is_none) {
            self.first += 1;
        }
        if self.holes > FEW && self.holes > self.len() {
            self.close_holes();
        }
        Some(entry.value)
    }

    fn close_holes(&mut self) {
        self.places.retain(Option::is_some);
        self.places.shrink_to(self.places.len().saturating_mul(2));
        (self.holes, self.first) = (0, 0);
        self.index.clear();
        let places = &self.places;
        let hash_of =
            |place: &usize| places.get(*place).and_then(Option::as_ref).map_or(0, |entry| entry.hash);
        self.index.shrink_to(places.len().saturating_mul(2), hash_of);
        for (place, entry) in places.iter().enumerate() {
            if let Some(entry) = entry {
                self.index.insert_unique(entry.hash, place, hash_of);
            }
        }
    }
}

impl<K: Hash + Eq, V> Extend<(K, V)> for OrderedMap<K, V> {
    fn extend<T: IntoIterator<Item = (K, V)>>(&mut self, entries: T) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for OrderedMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut map = OrderedMap::default();
        map.extend(entries);
        map
    }
}

/// The entries of a map, in order.
pub struct Iter<'a, K, V>(std::iter::Flatten<std::slice::Iter<'a, Option<Entry<K, V>>>>);

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| (&entry.key, &entry.value))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|entry| (&entry.key, &entry.value))
    }
}

/// The entries of a map, taken out of it in order.
pub struct IntoIter<K, V>(std::iter::Flatten<std::vec::IntoIter<Option<Entry<K, V>>>>);

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.0.next().map(|entry| (entry.key, entry.value))
    }
}

impl<K, V> IntoIterator for OrderedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter(self.places.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// The same, done naively.
    #[derive(Default)]
    struct Naive(Vec<(u16, u32)>);

    impl Naive {
        fn insert(&mut self, key: u16, value: u32) -> Option<u32> {
            match self.0.iter_mut().find(|(own, _)| *own == key) {
                Some((_, old)) => Some(std::mem::replace(old, value)),
                None => {
                    self.0.push((key, value));
                    None
                }
            }
        }

        fn remove(&mut self, key: u16) -> Option<u32> {
            let place = self.0.iter().position(|(own, _)| *own == key)?;
            Some(self.0.remove(place).1)
        }
    }

    proptest! {
        #[test]
        fn does_what_a_list_of_pairs_does(
            steps in prop::collection::vec((any::<bool>(), 0..60u16, any::<u32>()), 0..400),
        ) {
            let (mut map, mut naive) = (OrderedMap::default(), Naive::default());
            for (is_removal, key, value) in steps {
                match is_removal {
                    true => prop_assert_eq!(map.remove(&key), naive.remove(key)),
                    false => prop_assert_eq!(map.insert(key, value), naive.insert(key, value)),
                }
                prop_assert_eq!(map.len(), naive.0.len());
                prop_assert_eq!(map.is_empty(), naive.0.is_empty());
                prop_assert_eq!(map.get(&key).copied(), naive.0.iter().find(|(own, _)| *own == key).map(|(_, value)| *value));
                let place = naive.0.iter().position(|(own, _)| *own == key);
                prop_assert_eq!(map.get_full(&key).map(|(place, _, _)| place), place);
                prop_assert_eq!(map.get_index(key.into()).map(|(key, value)| (*key, *value)), naive.0.get(usize::from(key)).copied());
                prop_assert_eq!(map.keys().next(), naive.0.first().map(|(key, _)| key));
                prop_assert_eq!(map.keys().next_back(), naive.0.last().map(|(key, _)| key));
            }
            let all: Vec<(u16, u32)> = map.iter().map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(&all, &naive.0);
            prop_assert_eq!(map.clone().into_iter().collect::<Vec<_>>(), naive.0.clone());
            prop_assert_eq!(map.into_keys().collect::<Vec<_>>(), naive.0.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        }
    }

    /// Places are looked at when the first entry is searched, and when holes are closed: both are bounded by what was
    /// inserted.
    #[test]
    fn a_queue_keeps_few_holes() {
        let mut map: OrderedMap<u32, u32> = OrderedMap::default();
        map.extend((0..1000).map(|n| (n, n)));
        for n in 1000..100_000 {
            let first = *map.keys().next().unwrap();
            assert_eq!((first, map.remove(&first)), (n - 1000, Some(first)));
            map.insert(n, n);
            assert!(map.places.len() <= 2 * map.len() + FEW + 2, "{} places", map.places.len());
        }
        assert_eq!(map.len(), 1000);
    }
}
