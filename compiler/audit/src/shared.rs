//! Values that are shared until they change: where ways part, a state is copied, and most of it stays the same on both.
//!
//! Comparing and uniting what is the same piece of memory costs nothing. Start with [`Shared`] and [`Set`].

use std::ops::Deref;
use std::rc::Rc;

/// A value that copies share until one of them changes.
#[derive(Default, Debug)]
pub struct Shared<T>(Rc<T>);

impl<T> Shared<T> {
    /// A value of its own.
    pub fn new(value: T) -> Shared<T> {
        Shared(Rc::new(value))
    }

    /// True if both are the same piece of memory, so that they are equal without a look.
    pub fn is_same(&self, other: &Shared<T>) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Clone> Shared<T> {
    /// The value for a change that no other copy sees.
    pub fn edit(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Rc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Shared<T>) -> bool {
        self.is_same(other) || *self.0 == *other.0
    }
}

impl<T: Eq> Eq for Shared<T> {}

/// So many values are added to a larger set one by one.
const FEW: usize = 4;

/// A set of small values in their order, shared until it changes.
#[derive(Clone, Debug)]
pub struct Set<T> {
    items: Option<Rc<Vec<T>>>,
}

impl<T> Default for Set<T> {
    fn default() -> Set<T> {
        Set { items: None }
    }
}

impl<T: Ord + Copy> Set<T> {
    /// A set of one value.
    pub fn of(item: T) -> Set<T> {
        Set { items: Some(Rc::new(vec![item])) }
    }

    fn items(&self) -> &[T] {
        self.items.as_deref().map_or(&[], Vec::as_slice)
    }

    fn is_same(&self, other: &Set<T>) -> bool {
        match (&self.items, &other.items) {
            (Some(one), Some(two)) => Rc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        }
    }

    /// Adds a value; true if it is new.
    pub fn insert(&mut self, item: T) -> bool {
        let Err(at) = self.items().binary_search(&item) else { return false };
        match &mut self.items {
            Some(items) => Rc::make_mut(items).insert(at, item),
            None => self.items = Some(Rc::new(vec![item])),
        }
        true
    }

    /// True if the value is one of them.
    pub fn contains(&self, item: &T) -> bool {
        self.items().binary_search(item).is_ok()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.items().iter().copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// Adds all of another set.
    pub fn extend(&mut self, other: &Set<T>) {
        let (mine, theirs) = (self.items(), other.items());
        if self.is_same(other) || theirs.is_empty() {
            return;
        }
        // A few are found faster one by one.
        if theirs.len() <= FEW && theirs.len() < mine.len() {
            for item in theirs {
                self.insert(*item);
            }
            return;
        }
        let common = count_common(mine, theirs);
        if common == theirs.len() {
            return;
        }
        if common == mine.len() {
            *self = other.clone();
            return;
        }
        let mut all = Vec::with_capacity(mine.len() + theirs.len() - common);
        let (mut left, mut right) = (mine.iter().peekable(), theirs.iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(one), Some(two)) => match one.cmp(two) {
                    std::cmp::Ordering::Less => left.next(),
                    std::cmp::Ordering::Greater => right.next(),
                    std::cmp::Ordering::Equal => {
                        right.next();
                        left.next()
                    }
                },
                (Some(_), None) => left.next(),
                (None, _) => right.next(),
            };
            match next {
                Some(item) => all.push(*item),
                None => break,
            }
        }
        self.items = Some(Rc::new(all));
    }

    /// Keeps what is in the other set too.
    pub fn keep_common(&mut self, other: &Set<T>) {
        let (mine, theirs) = (self.items(), other.items());
        if self.is_same(other) {
            return;
        }
        let common = count_common(mine, theirs);
        if common == mine.len() {
            return;
        }
        if common == theirs.len() {
            *self = other.clone();
            return;
        }
        let mut rest = theirs;
        let mut kept = Vec::with_capacity(common);
        for item in mine {
            while rest.first().is_some_and(|other| other < item) {
                rest = rest.get(1..).unwrap_or_default();
            }
            if rest.first() == Some(item) {
                kept.push(*item);
            }
        }
        self.items = (!kept.is_empty()).then(|| Rc::new(kept));
    }
}

/// How many values two rows in order have in common.
fn count_common<T: Ord>(mine: &[T], theirs: &[T]) -> usize {
    let (mut left, mut right) = (mine.iter().peekable(), theirs.iter().peekable());
    let mut common = 0;
    while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
        match one.cmp(two) {
            std::cmp::Ordering::Less => left.next(),
            std::cmp::Ordering::Greater => right.next(),
            std::cmp::Ordering::Equal => {
                common += 1;
                right.next();
                left.next()
            }
        };
    }
    common
}

impl<T: Ord + Copy> PartialEq for Set<T> {
    fn eq(&self, other: &Set<T>) -> bool {
        self.is_same(other) || self.items() == other.items()
    }
}

impl<T: Ord + Copy> Eq for Set<T> {}

/// Goes over a set that it holds.
#[derive(Debug)]
pub struct Items<T> {
    set: Set<T>,
    at: usize,
}

impl<T: Ord + Copy> Iterator for Items<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let item = self.set.items().get(self.at).copied();
        self.at += 1;
        item
    }
}

impl<T: Ord + Copy> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = Items<T>;

    fn into_iter(self) -> Items<T> {
        Items { set: self, at: 0 }
    }
}

impl<T: Ord + Copy> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Set<T> {
        let mut items: Vec<T> = items.into_iter().collect();
        items.sort_unstable();
        items.dedup();
        Set { items: (!items.is_empty()).then(|| Rc::new(items)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Set;
    use std::collections::BTreeSet;

    /// All sets of the numbers below five, by their bits.
    fn sets() -> impl Iterator<Item = Vec<u32>> {
        (0u32..32).map(|bits| (0..5).filter(|n| bits >> n & 1 == 1).collect())
    }

    #[test]
    fn sets_are_those_of_the_standard_library() {
        for one in sets() {
            for two in sets() {
                let (mine, theirs): (Set<u32>, Set<u32>) =
                    (one.iter().copied().collect(), two.iter().rev().copied().collect());
                let (known, others): (BTreeSet<u32>, BTreeSet<u32>) =
                    (one.iter().copied().collect(), two.iter().copied().collect());
                let mut united = mine.clone();
                united.extend(&theirs);
                assert!(united.iter().eq(known.union(&others).copied()), "{one:?} {two:?}");
                let mut common = mine.clone();
                common.keep_common(&theirs);
                assert!(common.iter().eq(known.intersection(&others).copied()), "{one:?} {two:?}");
                assert_eq!(mine == theirs, known == others);
                let mut added = mine.clone();
                for item in &two {
                    assert_eq!(added.insert(*item), !added_before(&mine, &two, *item), "{one:?} {two:?}");
                    assert!(added.contains(item));
                }
                assert_eq!(added, united);
                // A change of one copy is not seen by another.
                assert!(mine.iter().eq(one.iter().copied()));
            }
        }
    }

    fn added_before(mine: &Set<u32>, more: &[u32], item: u32) -> bool {
        mine.contains(&item) || more.iter().take_while(|other| **other != item).any(|other| *other == item)
    }
}
