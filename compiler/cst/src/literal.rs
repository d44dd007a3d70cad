//! The values of string, byte string and character literals, and the faults in them.
//!
//! Works on the text of one literal; offsets are relative to it.

use crate::lexer::is_bad_char;
use ovsm_base::TextRange;

/// A fault inside a literal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// An escape that the language does not have.
    Escape,
    /// A character that must be written as an escape.
    Character(char),
}

/// Decodes the inside of a string literal, handing each piece to `piece` and each fault to `fault`.
///
/// `body` is the text between the quotes and `offset` its place in the literal.
pub(crate) fn decode(
    body: &str,
    offset: u32,
    mut piece: impl FnMut(Piece),
    mut fault: impl FnMut(TextRange, Fault),
) {
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let at = offset + (body.len() - rest.len()) as u32;
        if c == '\\' {
            let (len, meaning) = escape(rest);
            match meaning {
                Some(Piece::Nothing) => {}
                Some(meaning) => piece(meaning),
                None => fault(TextRange::new(at, at + len as u32), Fault::Escape),
            }
            rest = rest.get(len..).unwrap_or("");
        } else {
            if is_bad_in_literal(c) {
                fault(TextRange::new(at, at + c.len_utf8() as u32), Fault::Character(c));
            }
            piece(Piece::Char(c));
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
}

/// A piece of a string's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// A character.
    Char(char),
    /// `\xNN`: a byte of a byte string, the character with this number in a string.
    Byte(u8),
    /// An escaped line end with the indentation after it.
    Nothing,
}

/// The character that a `#\…` literal names.
pub(crate) fn character(literal: &str) -> Option<char> {
    let name = literal.strip_prefix("#\\")?;
    let mut chars = name.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Some(only);
    }
    if let Some(digits) = name.strip_prefix("u{").and_then(|rest| rest.strip_suffix('}')) {
        return code_point(digits);
    }
    CHARACTER_NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// Names of characters; where a character has several, the main one comes first.
pub(crate) const CHARACTER_NAMES: &[(&str, char)] = &[
    ("space", ' '),
    ("newline", '\n'),
    ("linefeed", '\n'),
    ("tab", '\t'),
    ("return", '\r'),
    ("null", '\0'),
    ("nul", '\0'),
    ("backspace", '\x08'),
    ("page", '\x0c'),
    ("escape", '\x1b'),
    ("delete", '\x7f'),
    ("rubout", '\x7f'),
];

/// Characters that a string may not hold as they are: they would be invisible or change the look of the text around.
fn is_bad_in_literal(c: char) -> bool {
    c >= '\x7f' && matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\x7f'..='\u{9f}')
        || c < ' ' && is_bad_char(c)
}

/// The length and the meaning of the escape that `text` begins with.
fn escape(text: &str) -> (usize, Option<Piece>) {
    let Some(kind) = text.chars().nth(1) else {
        return (1, None);
    };
    let simple = |c| (2, Some(Piece::Char(c)));
    match kind {
        'n' => simple('\n'),
        't' => simple('\t'),
        'r' => simple('\r'),
        '0' => simple('\0'),
        '\\' => simple('\\'),
        '"' => simple('"'),
        'x' => {
            let digits = text.bytes().skip(2).take(2).take_while(u8::is_ascii_hexdigit).count();
            let byte = text.get(2..2 + digits).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            (2 + digits, byte.filter(|_| digits == 2).map(Piece::Byte))
        }
        'u' if text.as_bytes().get(2) == Some(&b'{') => {
            let digits = text.bytes().skip(3).take_while(u8::is_ascii_hexdigit).count();
            if text.as_bytes().get(3 + digits) == Some(&b'}') {
                (digits + 4, text.get(3..3 + digits).and_then(code_point).map(Piece::Char))
            } else {
                (digits + 3, None)
            }
        }
        '\n' | '\r' => {
            let line = if text.get(1..).is_some_and(|rest| rest.starts_with("\r\n")) { 3 } else { 2 };
            let indentation = text.bytes().skip(line).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            // A lone carriage return is no line end.
            let meaning = if kind == '\n' || line == 3 { Some(Piece::Nothing) } else { None };
            (line + indentation, meaning)
        }
        other => (1 + other.len_utf8(), None),
    }
}

fn code_point(digits: &str) -> Option<char> {
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Vec<Piece>, Vec<(TextRange, Fault)>) {
        let (mut pieces, mut faults) = (Vec::new(), Vec::new());
        decode(body, 1, |piece| pieces.push(piece), |range, fault| faults.push((range, fault)));
        (pieces, faults)
    }

    #[test]
    fn every_escape_has_its_meaning() {
        let (pieces, faults) = read("\\n\\t\\r\\0\\\\\\\"\\x41\\u{1F600}a\\\n   b\\\r\n\tc");
        let chars = |text: &str| text.chars().map(Piece::Char).collect::<Vec<_>>();
        let mut expected = chars("\n\t\r\0\\\"");
        expected.push(Piece::Byte(0x41));
        expected.extend(chars("😀abc"));
        assert_eq!(pieces, expected);
        assert_eq!(faults, []);
    }

    #[test]
    fn faults_have_the_range_of_the_escape() {
        let ranges =
            |body| read(body).1.into_iter().map(|(range, _)| (range.start, range.end)).collect::<Vec<_>>();
        assert_eq!(ranges("a\\qb"), [(2, 4)]);
        assert_eq!(ranges("\\x4"), [(1, 4)]);
        assert_eq!(ranges("\\xλ"), [(1, 3)]);
        assert_eq!(ranges("\\u{}"), [(1, 5)]);
        assert_eq!(ranges("\\u{110000}!"), [(1, 11)]);
        assert_eq!(ranges("\\u{12"), [(1, 6)]);
        assert_eq!(ranges("\\u12"), [(1, 3)]);
        assert_eq!(ranges("\\λ"), [(1, 4)]);
        assert_eq!(ranges("\\\rx"), [(1, 3)]);
        assert_eq!(ranges("\\"), [(1, 2)]);
        assert_eq!(ranges("a\0b"), [(2, 3)]);
        assert_eq!(ranges("\u{202e}"), [(1, 4)]);
    }

    #[test]
    fn characters_have_names() {
        assert_eq!(character("#\\a"), Some('a'));
        assert_eq!(character("#\\("), Some('('));
        assert_eq!(character("#\\space"), Some(' '));
        assert_eq!(character("#\\u"), Some('u'));
        assert_eq!(character("#\\u{3bb}"), Some('λ'));
        assert_eq!(character("#\\u{d800}"), None);
        assert_eq!(character("#\\wat"), None);
        assert_eq!(character("#\\"), None);
    }
}
