//! Text: strings, symbols and keywords.

use crate::write::SmallText;
use compact_str::CompactString;
use ovsm_base::Span;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

thread_local! {
    /// Text that was dropped, to be used again.
    static SPARE: std::cell::Cell<Option<Rc<Text>>> = const { std::cell::Cell::new(None) };
}

/// UTF-8 text with a cached hash: the content of a string, the name of a keyword, the key of an object.
#[derive(Debug)]
pub struct Text {
    /// Short text is in here, without memory of its own.
    text: CompactString,
    /// Hash of the content; 0 while unknown.
    hash: std::cell::Cell<u32>,
    /// True if it is known to be ASCII, so that positions of characters are positions of bytes.
    is_ascii: bool,
}

impl Clone for Text {
    fn clone(&self) -> Text {
        crate::walk::copied(self.text.len());
        Text { text: self.text.clone(), hash: self.hash.clone(), is_ascii: self.is_ascii }
    }
}

impl Text {
    /// Text with this content.
    pub fn new(text: impl Into<CompactString>) -> Text {
        let text = text.into();
        let is_ascii = text.is_ascii();
        crate::allocation::note(64 + text.len());
        crate::walk::copied(text.len());
        Text { text, hash: std::cell::Cell::new(0), is_ascii }
    }

    /// Text of its own with a small content.
    #[inline]
    pub fn from_small(small: &SmallText) -> Rc<Text> {
        if let Ok(Some(mut rc)) = SPARE.try_with(std::cell::Cell::take)
            && let Some(text) = Rc::get_mut(&mut rc)
        {
            text.text.push_str(small.as_str());
            text.hash.set(0);
            text.is_ascii = small.is_ascii();
            return rc;
        }
        Rc::new(Text::new(small.as_str()))
    }

    /// Drops text that is not needed any more. The memory of the last one is used again: a loop that makes text in each
    /// round and drops it has no need of the allocator.
    #[inline]
    pub fn recycle(mut text: Rc<Text>) {
        if let Some(content) = Rc::get_mut(&mut text)
            && !content.text.is_heap_allocated()
        {
            // Not later: its end is read when it is used again, and would be waited for.
            content.text.clear();
            // A thread that ends has no place for it any more.
            let _ = SPARE.try_with(|spare| spare.set(Some(text)));
        }
    }

    /// The content.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends; amortised constant per byte.
    pub fn push_str(&mut self, more: &str) {
        self.is_ascii = self.is_ascii && more.is_ascii();
        self.push(more);
    }

    /// Appends a small text.
    #[inline]
    pub fn push_small(&mut self, small: &SmallText) {
        self.is_ascii = self.is_ascii && small.is_ascii();
        self.push(small.as_str());
    }

    #[inline]
    fn push(&mut self, more: &str) {
        self.hash.set(0);
        if self.text.capacity() - self.text.len() < more.len() {
            self.grow(more.len());
        }
        self.text.push_str(more);
    }

    /// Makes room. What is long grows to the double: memory that was never written to costs nothing, copying does.
    #[cold]
    fn grow(&mut self, more: usize) {
        crate::walk::copied(more.max(self.text.len()));
        self.text.reserve(more.max(self.text.len()));
    }

    /// Number of characters. Constant for ASCII, else linear.
    pub fn char_count(&self) -> usize {
        if self.is_ascii { self.text.len() } else { self.text.chars().count() }
    }

    /// True if every character is one byte.
    pub fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// The character at a position. Constant for ASCII, else linear.
    pub fn char_at(&self, position: usize) -> Option<char> {
        if self.is_ascii {
            self.text.as_bytes().get(position).map(|byte| char::from(*byte))
        } else {
            self.text.chars().nth(position)
        }
    }

    /// The byte at which character number `position` starts; the length if there are fewer.
    pub fn byte_offset(&self, position: usize) -> usize {
        if self.is_ascii {
            position.min(self.text.len())
        } else {
            self.text.char_indices().nth(position).map_or(self.text.len(), |(offset, _)| offset)
        }
    }

    /// The characters from one position up to another; positions are clamped.
    pub fn slice(&self, from: usize, to: usize) -> &str {
        let (start, end) = (self.byte_offset(from), self.byte_offset(to.max(from)));
        self.text.get(start..end).unwrap_or("")
    }

    /// The hash of the content, never 0. Linear once, then constant.
    pub fn hash32(&self) -> u32 {
        let known = self.hash.get();
        if known != 0 {
            return known;
        }
        let computed = hash_bytes(self.text.as_bytes());
        self.hash.set(computed);
        computed
    }
}

/// A hash of bytes, never 0. All of its bits are well mixed but the lowest three, which are those of the last byte: what
/// is numbered, as `"row1"`, `"row2"`, …, is near each other in a table, and in memory.
pub fn hash_bytes(bytes: &[u8]) -> u32 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash: u64 = (bytes.len() as u64).wrapping_mul(K) ^ 0x517C_C1B7_2722_0A95;
    let (last, before) = bytes.split_last().map_or((0, bytes), |(last, before)| (*last, before));
    let mut chunks = before.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        hash = fold(hash ^ word, K);
    }
    let rest = chunks.remainder().iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    hash = fold(hash ^ rest ^ u64::from(last >> 3) << 56, K);
    beside((hash >> 32) as u32 ^ hash as u32, u32::from(last)).max(1)
}

/// A hash whose lowest three bits are those of a number: see [`hash_bytes`].
#[inline]
pub(crate) fn beside(hash: u32, number: u32) -> u32 {
    hash & !7 | number & 7
}

/// Mixes two words into one.
#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

impl Default for Text {
    fn default() -> Text {
        Text::new("")
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.text == other.text
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.hash32());
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Text) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

/// A symbol. Outside of macro expansion only its name matters.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Its name.
    pub name: Rc<str>,
    /// The expansions that introduced it, innermost last; empty for symbols that the user wrote.
    pub marks: Rc<[u32]>,
    /// Where it was written, if it came from source text.
    pub span: Option<Span>,
}

impl Symbol {
    /// The mark of a symbol that a program made at run time. A macro that makes one means the user's name by it.
    pub const COMPUTED: u32 = u32::MAX;

    /// A symbol made by a program.
    pub fn new(name: impl Into<Rc<str>>) -> Symbol {
        thread_local! {
            static MARKS: Rc<[u32]> = Rc::from([Symbol::COMPUTED]);
        }
        Symbol { name: name.into(), marks: MARKS.with(Rc::clone), span: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = Text::new("aλb");
        assert_eq!(text.char_count(), 3);
        assert_eq!(text.char_at(1), Some('λ'));
        assert_eq!(text.slice(1, 3), "λb");
        assert_eq!(text.slice(2, 99), "b");
        assert_eq!(text.slice(3, 1), "");
    }

    #[test]
    fn appending_changes_the_hash() {
        let mut text = Text::new("a");
        let before = text.hash32();
        text.push_str("b");
        assert_ne!(text.hash32(), before);
        assert_eq!(text.hash32(), Text::new("ab").hash32());
    }
}
