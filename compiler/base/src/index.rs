//! Vectors indexed by a newtype, so that a block number can not be used where a value number is meant.

use std::marker::PhantomData;

/// A newtype around a `u32` that numbers the elements of an [`IndexVec`].
pub trait Index: Copy + Eq + Ord + std::hash::Hash + std::fmt::Debug {
    /// The index with number `n`.
    fn from_u32(n: u32) -> Self;
    /// The number of this index.
    fn as_u32(self) -> u32;
    /// The number of this index, as a `usize`.
    fn index(self) -> usize {
        self.as_u32() as usize
    }
}

/// Declares an index newtype that prints as a prefix and its number (`b3`, `v17`).
#[macro_export]
macro_rules! index_type {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $crate::index::Index for $name {
            fn from_u32(n: u32) -> Self { $name(n) }
            fn as_u32(self) -> u32 { self.0 }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, concat!($prefix, "{}"), self.0) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, concat!($prefix, "{}"), self.0) }
        }
    };
}

/// A vector whose elements are numbered by `I`.
///
/// Indexing with an index that this vector did not hand out panics: such an index is a compiler bug, never the
/// user's doing, and the edge turns the panic into an internal-error diagnostic.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IndexVec<I, T> {
    items: Vec<T>,
    marker: PhantomData<fn(I) -> I>,
}

impl<I, T> Default for IndexVec<I, T> {
    fn default() -> Self {
        IndexVec { items: Vec::new(), marker: PhantomData }
    }
}

impl<I: Index, T> IndexVec<I, T> {
    /// An empty vector.
    pub fn new() -> Self {
        Self::default()
    }

    /// `n` clones of `item`.
    pub fn from_elem(item: T, n: usize) -> Self
    where
        T: Clone,
    {
        IndexVec { items: vec![item; n], marker: PhantomData }
    }

    /// Appends `item` and returns its index.
    pub fn push(&mut self, item: T) -> I {
        let index = I::from_u32(self.items.len() as u32);
        self.items.push(item);
        index
    }

    /// The index that the next [`IndexVec::push`] will return.
    pub fn next_index(&self) -> I {
        I::from_u32(self.items.len() as u32)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The element, or `None` if the index is out of range.
    pub fn get(&self, index: I) -> Option<&T> {
        self.items.get(index.index())
    }

    /// The element, or `None` if the index is out of range.
    pub fn get_mut(&mut self, index: I) -> Option<&mut T> {
        self.items.get_mut(index.index())
    }

    /// All elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// All elements in order.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    /// All indices in order.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.items.len() as u32).map(I::from_u32)
    }

    /// Indices with their elements.
    pub fn iter_enumerated(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.items.iter().enumerate().map(|(n, item)| (I::from_u32(n as u32), item))
    }

    /// All elements with their indices, in order, to change them.
    pub fn iter_enumerated_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (I, &mut T)> + ExactSizeIterator {
        self.items.iter_mut().enumerate().map(|(n, item)| (I::from_u32(n as u32), item))
    }

    /// Grows to `n` elements with clones of `item`; never shrinks.
    pub fn grow(&mut self, n: usize, item: T)
    where
        T: Clone,
    {
        if self.items.len() < n {
            self.items.resize(n, item);
        }
    }

    /// Makes room for so many more elements.
    pub fn reserve(&mut self, more: usize) {
        self.items.reserve(more);
    }

    /// An empty vector with room for so many elements.
    pub fn with_capacity(elements: usize) -> Self {
        IndexVec { items: Vec::with_capacity(elements), marker: PhantomData }
    }

    /// The elements as a slice.
    pub fn as_slice(&self) -> &[T] {
        &self.items
    }
}

impl<I: Index, T> std::ops::Index<I> for IndexVec<I, T> {
    type Output = T;
    #[allow(clippy::indexing_slicing, reason = "indices are handed out by this vector")]
    fn index(&self, index: I) -> &T {
        &self.items[index.index()]
    }
}

impl<I: Index, T> std::ops::IndexMut<I> for IndexVec<I, T> {
    #[allow(clippy::indexing_slicing, reason = "indices are handed out by this vector")]
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.items[index.index()]
    }
}

impl<I, T> FromIterator<T> for IndexVec<I, T> {
    fn from_iter<It: IntoIterator<Item = T>>(iter: It) -> Self {
        IndexVec { items: iter.into_iter().collect(), marker: PhantomData }
    }
}

impl<I, T: std::fmt::Debug> std::fmt::Debug for IndexVec<I, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.items.fmt(f)
    }
}
