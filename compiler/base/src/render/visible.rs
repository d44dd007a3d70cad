//! Makes text safe to show: no character of a source file may steer the terminal.
//!
//! Control characters become their picture (`␛`), and characters that are invisible or reorder their neighbours
//! become `�`. One character stays one character, so columns do not move.

use std::borrow::Cow;

/// The longest text of a message or label, in characters: names are as long as a source file allows.
const LONGEST_TEXT: usize = 2000;

/// A message on one line, clipped to a sane length.
pub(super) fn message(text: &str) -> Cow<'_, str> {
    let clean = text.chars().all(|c| picture(c).is_none() && c != '\n' && c != '\r' && c != '\t');
    if clean && text.len() <= LONGEST_TEXT {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST_TEXT {
            shown.push('…');
            break;
        }
        shown.push(match c {
            '\t' => ' ',
            '\n' => '\u{240a}',
            '\r' => '\u{240d}',
            c => picture(c).unwrap_or(c),
        });
    }
    Cow::Owned(shown)
}

/// Source text, all of it, and how its byte offsets move.
pub(super) struct VisibleSource<'a> {
    /// The text to show.
    pub(super) text: Cow<'a, str>,
    /// For every replaced character: the offset behind it, and by how much the offsets from there on move.
    moved: Vec<(usize, usize)>,
}

impl<'a> VisibleSource<'a> {
    pub(super) fn new(text: &'a str) -> VisibleSource<'a> {
        let mut source = VisibleSource { text: Cow::Borrowed(text), moved: Vec::new() };
        let mut shown = String::new();
        let mut copied = 0;
        let mut characters = text.char_indices().peekable();
        while let Some((offset, c)) = characters.next() {
            let picture = match c {
                '\t' | '\n' => None,
                '\r' if matches!(characters.peek(), Some((_, '\n'))) => None,
                '\r' => Some('\u{240d}'),
                c => picture(c),
            };
            if let Some(picture) = picture {
                shown.push_str(text.get(copied..offset).unwrap_or(""));
                shown.push(picture);
                copied = offset + c.len_utf8();
                // Every picture is at least as long as what it replaces.
                source.moved.push((copied, shown.len().saturating_sub(copied)));
            }
        }
        if !source.moved.is_empty() {
            shown.push_str(text.get(copied..).unwrap_or(""));
            source.text = Cow::Owned(shown);
        }
        source
    }

    /// Where a byte offset of the original text (a character boundary) is in the shown text.
    pub(super) fn offset(&self, original: u32) -> usize {
        let original = original as usize;
        let n = self.moved.partition_point(|(behind, _)| *behind <= original);
        let by = n.checked_sub(1).and_then(|n| self.moved.get(n)).map_or(0, |(_, by)| *by);
        original + by
    }
}

/// What stands for a character that must not reach a terminal; `None` if the character is harmless. Line ends and
/// tabs are left to the caller.
pub(super) fn picture(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => Some('\u{fffd}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_the_replaced_characters() {
        let text = "a\u{1b}b\u{9b}c\rd\r\n\u{202e}e";
        let source = VisibleSource::new(text);
        assert_eq!(source.text, "a␛b\u{fffd}c␍d\r\n\u{fffd}e");
        for (offset, c) in text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic() || *c == '\n') {
            let shown = source.offset(offset as u32);
            assert!(source.text[shown..].starts_with(c), "{c:?} at {offset} is shown at {shown}");
        }
        assert_eq!(source.offset(text.len() as u32), source.text.len());
    }

    #[test]
    fn harmless_text_is_not_copied() {
        let text = "(define λ 1)\r\n\t; fine";
        assert!(matches!(VisibleSource::new(text).text, Cow::Borrowed(_)));
        assert!(matches!(message("fine"), Cow::Borrowed(_)));
    }

    #[test]
    fn messages_are_one_line_and_clipped() {
        assert_eq!(message("a\nb\u{1b}[2J"), "a␊b␛[2J");
        assert_eq!(message(&"x".repeat(3000)).chars().count(), LONGEST_TEXT + 1);
    }
}
