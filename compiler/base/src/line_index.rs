//! From byte offsets to the lines and columns that people count.
//!
//! A line ends at `\n`; a `\r` before it belongs to the line. Lines and columns count from 1, and columns count
//! characters. Offsets outside the text, or inside a character, are moved back to the nearest character.
//!
//! Start with [`line_column`] for a single offset and with [`LineIndex`] for many.

/// A place as people count it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// The line and column of one offset. Takes time proportional to the offset; use [`LineIndex`] for several.
pub fn line_column(text: &str, offset: u32) -> LineColumn {
    let before = text.get(..floor_boundary(text, offset)).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let newlines = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before.get(line_start..).unwrap_or("").chars().count();
    LineColumn { line: count(newlines + 1), column: count(column + 1) }
}

/// How many bytes lie between two remembered character counts.
const STRIDE: usize = 1024;

/// The lines of one text, for any number of questions.
///
/// A question takes logarithmic time whatever the length of the line is: the index also remembers how many
/// characters precede every 1024th byte, so a hostile one-line file of many megabytes costs nothing extra.
#[derive(Clone, Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    line_starts: Vec<u32>,
    characters_before: Vec<u32>,
}

impl<'a> LineIndex<'a> {
    /// Reads the text once.
    pub fn new(text: &'a str) -> LineIndex<'a> {
        let mut line_starts = vec![0];
        let mut characters_before = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut characters = 0usize;
        for (offset, byte) in text.bytes().enumerate() {
            if offset % STRIDE == 0 {
                characters_before.push(count(characters));
            }
            characters += usize::from(!is_continuation(byte));
            if byte == b'\n' {
                line_starts.push(count(offset + 1));
            }
        }
        LineIndex { text, line_starts, characters_before }
    }

    /// The line and column of an offset.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let offset = count(floor_boundary(self.text, offset));
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.characters_before(offset) - self.characters_before(start);
        LineColumn { line: count(line), column: column.saturating_add(1) }
    }

    /// The byte range of the line that an offset is on, without its `\n`.
    pub fn line_range(&self, offset: u32) -> std::ops::Range<usize> {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0) as usize;
        let end =
            self.line_starts.get(line).map_or(self.text.len(), |next| (*next as usize).saturating_sub(1));
        start..end.max(start)
    }

    fn characters_before(&self, offset: u32) -> u32 {
        let offset = offset as usize;
        let chunk = offset / STRIDE;
        let (known, from) = match self.characters_before.get(chunk) {
            Some(known) => (*known, chunk * STRIDE),
            // Only at the end of a text whose length is a multiple of the stride.
            None => match self.characters_before.last() {
                Some(known) => (*known, (self.characters_before.len() - 1) * STRIDE),
                None => (0, 0),
            },
        };
        let rest = self.text.as_bytes().get(from..offset).unwrap_or(&[]);
        known + count(rest.iter().filter(|byte| !is_continuation(**byte)).count())
    }
}

/// The largest character boundary of `text` that is at most `offset`.
pub fn floor_boundary(text: &str, offset: u32) -> usize {
    text.floor_char_boundary(offset as usize)
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "ab\r\nλx\n";
        let at = |offset| {
            let place = line_column(text, offset);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (1, 4));
        assert_eq!(at(4), (2, 1));
        assert_eq!(at(5), (2, 1), "inside the λ");
        assert_eq!(at(6), (2, 2));
        assert_eq!(at(8), (3, 1));
        assert_eq!(at(9999), (3, 1));
        assert_eq!(line_column("", 3), LineColumn { line: 1, column: 1 });
    }

    #[test]
    fn the_index_agrees_with_the_direct_count() {
        let mut text = "λa\n".repeat(700);
        text.push_str(&"é😀x".repeat(900));
        text.push_str("\n\nend");
        for cut in [0, 1, 2, 1024, 2048, text.len()] {
            let text = &text[..floor_boundary(&text, cut as u32)];
            let index = LineIndex::new(text);
            for offset in 0..text.len() as u32 + 3 {
                assert_eq!(index.line_column(offset), line_column(text, offset), "offset {offset} of {cut}");
            }
        }
    }

    #[test]
    fn line_ranges_leave_the_newline_out() {
        let index = LineIndex::new("ab\nc\n");
        assert_eq!(index.line_range(0), 0..2);
        assert_eq!(index.line_range(2), 0..2);
        assert_eq!(index.line_range(3), 3..4);
        assert_eq!(index.line_range(5), 5..5);
        assert_eq!(index.line_range(77), 5..5);
    }
}
