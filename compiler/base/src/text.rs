//! Ranges of source text. All offsets are bytes; all ranges are half open.
//!
//! A [`Span`] is relative to the start of its top-level form, so an edit elsewhere in the file changes no span
//! (invariant 1). Absolute offsets exist only behind [`crate::render::SourceMap`].

use crate::ids::FormId;

/// A half-open byte range `start..end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TextRange {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl TextRange {
    /// The range `start..end`; an inverted pair becomes the empty range at `start`.
    pub const fn new(start: u32, end: u32) -> TextRange {
        TextRange { start, end: if end < start { start } else { end } }
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// True for a range of no bytes.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The smallest range that covers both.
    pub fn cover(self, other: TextRange) -> TextRange {
        TextRange { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The same range, moved by `offset` bytes (saturating).
    pub const fn shifted(self, offset: u32) -> TextRange {
        TextRange { start: self.start.saturating_add(offset), end: self.end.saturating_add(offset) }
    }

    /// The text of this range, or `""` when the range does not lie on character boundaries of `text`.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

impl std::fmt::Debug for TextRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A range inside one top-level form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Span {
    /// The form that the range is relative to.
    pub form: FormId,
    /// The range, relative to the first byte of the form.
    pub range: TextRange,
}

impl Span {
    /// A span of `range` in `form`.
    pub const fn new(form: FormId, range: TextRange) -> Span {
        Span { form, range }
    }
}
