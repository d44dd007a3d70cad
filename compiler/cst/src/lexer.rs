//! Text to tokens. Every byte of the text is in exactly one token, whatever the text is; faults are token kinds.
//!
//! A token is a kind and a length; its text is sliced from the source. Nothing here knows about nesting, so a comma
//! is only a comma: the reader decides whether it separates or unquotes. Start with [`tokenize`].

use crate::number::{self, Shape};
use logos::{Lexer, Logos};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum TokenKind {
    /// Blanks, tabs, line ends and byte order marks.
    Whitespace,
    /// `,`: a blank or an unquote.
    Comma,
    /// `,@`.
    CommaAt,
    /// `; …` to the end of the line; at the start of a text also `#! …`.
    LineComment,
    /// `;;; …` to the end of the line, with exactly three semicolons.
    DocComment,
    /// `#| … |#`, nested.
    BlockComment,
    /// A block comment without its end; it reaches to the end of the text.
    UnterminatedComment,
    /// `#;`.
    HashSemicolon,
    /// `'`.
    Quote,
    /// `` ` ``.
    Backquote,
    /// `#'`.
    HashQuote,
    /// `(`.
    LeftParen,
    /// `)`.
    RightParen,
    /// `[`.
    LeftBracket,
    /// `]`.
    RightBracket,
    /// `{`.
    LeftBrace,
    /// `}`.
    RightBrace,
    /// `#{`.
    HashBrace,
    /// A symbol.
    Symbol,
    /// `:name`.
    Keyword,
    /// An integer literal.
    Integer,
    /// A float literal.
    Float,
    /// What begins as a number and is none.
    MalformedNumber,
    /// `"…"`.
    String,
    /// A string without a closing quote; it reaches to the end of its line.
    UnterminatedString,
    /// `b"…"`.
    ByteString,
    /// A byte string without a closing quote; it reaches to the end of its line.
    UnterminatedByteString,
    /// `#\a`, `#\space`, `#\u{3bb}`; the name may be unknown.
    Char,
    /// Control characters and other characters that can not stand outside literals and comments.
    BadCharacter,
}

impl TokenKind {
    /// True for what separates and means nothing. A comma counts: whether it is an unquote is known to the reader.
    pub const fn is_trivia(self) -> bool {
        use TokenKind::*;
        matches!(self, Whitespace | Comma | LineComment | DocComment | BlockComment)
    }

    /// True for `( [ { #{`.
    pub const fn is_opener(self) -> bool {
        use TokenKind::*;
        matches!(self, LeftParen | LeftBracket | LeftBrace | HashBrace)
    }

    /// True for `) ] }`.
    pub const fn is_closer(self) -> bool {
        use TokenKind::*;
        matches!(self, RightParen | RightBracket | RightBrace)
    }

    /// True for a string or byte string without a closing quote.
    pub const fn is_unterminated_string(self) -> bool {
        matches!(self, TokenKind::UnterminatedString | TokenKind::UnterminatedByteString)
    }
}

/// A piece of text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its length in bytes; never 0.
    pub len: u32,
}

/// The tokens of a text. Their lengths add up to the length of the text (which must be below 4 GiB).
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
    for_each_token(text, |kind, len| tokens.push(Token { kind, len }));
    tokens
}

/// Calls `sink` with the kind and length of each token of `text`, in order.
#[inline]
pub(crate) fn for_each_token(text: &str, mut sink: impl FnMut(TokenKind, u32)) {
    let mut lexer = Raw::lexer(text);
    // The first line of a script may name its interpreter. No symbol begins so: a form that is read by itself never does.
    if text.starts_with("#!") {
        let len = text.find('\n').unwrap_or(text.len());
        lexer.bump(len);
        sink(TokenKind::LineComment, len as u32);
    }
    while let Some(raw) = lexer.next() {
        let len = lexer.span().len() as u32;
        let kind = match raw {
            Ok(Raw::Whitespace) => TokenKind::Whitespace,
            Ok(Raw::Symbol) => TokenKind::Symbol,
            Ok(Raw::LeftParen) => TokenKind::LeftParen,
            Ok(Raw::RightParen) => TokenKind::RightParen,
            Ok(Raw::Keyword) => TokenKind::Keyword,
            Ok(Raw::Number) => match number::shape(lexer.slice()) {
                Shape::Integer => TokenKind::Integer,
                Shape::Float => TokenKind::Float,
                Shape::Symbol => TokenKind::Symbol,
                Shape::Malformed => TokenKind::MalformedNumber,
                Shape::Range { first, first_is_float, last_is_float } => {
                    let number = |float| if float { TokenKind::Float } else { TokenKind::Integer };
                    sink(number(first_is_float), first);
                    sink(TokenKind::Symbol, 2);
                    sink(number(last_is_float), len - first - 2);
                    continue;
                }
            },
            Ok(Raw::Infinite) => TokenKind::Float,
            Ok(Raw::LeftBracket) => TokenKind::LeftBracket,
            Ok(Raw::RightBracket) => TokenKind::RightBracket,
            Ok(Raw::LeftBrace) => TokenKind::LeftBrace,
            Ok(Raw::RightBrace) => TokenKind::RightBrace,
            Ok(Raw::HashBrace) => TokenKind::HashBrace,
            Ok(Raw::String(true)) => TokenKind::String,
            Ok(Raw::String(false)) => TokenKind::UnterminatedString,
            Ok(Raw::ByteString(true)) => TokenKind::ByteString,
            Ok(Raw::ByteString(false)) => TokenKind::UnterminatedByteString,
            Ok(Raw::LineComment) => TokenKind::LineComment,
            Ok(Raw::DocComment) => TokenKind::DocComment,
            Ok(Raw::BlockComment(true)) => TokenKind::BlockComment,
            Ok(Raw::BlockComment(false)) => TokenKind::UnterminatedComment,
            Ok(Raw::HashSemicolon) => TokenKind::HashSemicolon,
            Ok(Raw::Quote) => TokenKind::Quote,
            Ok(Raw::Backquote) => TokenKind::Backquote,
            Ok(Raw::HashQuote) => TokenKind::HashQuote,
            Ok(Raw::Comma) => TokenKind::Comma,
            Ok(Raw::CommaAt) => TokenKind::CommaAt,
            Ok(Raw::Char) => TokenKind::Char,
            Ok(Raw::BadCharacter) | Err(()) => TokenKind::BadCharacter,
        };
        sink(kind, len);
    }
}

/// The length of the block comment that `text` begins with, or `None` if it has no end.
pub(crate) fn block_comment_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'#', Some(b'|')) => {
                depth += 1;
                at += 2;
            }
            (b'|', Some(b'#')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// What the lexer remembers between tokens.
#[derive(Default)]
struct Memory {
    /// A string was found to have no closing quote. Any later one can have none either: the quotes that follow are
    /// all escaped, and a scan that starts after one of them sees what the first scan saw. Keeps the lexer linear.
    no_closing_quote: bool,
}

// A symbol is a run of characters that are neither blanks, delimiters, control characters nor invisible look-alikes
// of blanks (no-break and typographic blanks, bidirectional controls).
#[derive(Logos, Clone, Copy, PartialEq, Debug)]
#[logos(extras = Memory)]
#[logos(subpattern bad = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\u{a0}\u{ad}\u{1680}\u{180e}\u{2000}-\u{200b}\u{200e}\u{200f}\u{2028}-\u{202f}\u{205f}-\u{206f}\u{3000}\u{fff9}-\u{fffb}]")]
#[logos(subpattern sym = r##"[^\x00-\x20()\[\]{}";'`,\x7f-\u{a0}\u{ad}\u{1680}\u{180e}\u{2000}-\u{200b}\u{200e}\u{200f}\u{2028}-\u{202f}\u{205f}-\u{206f}\u{3000}\u{feff}\u{fff9}-\u{fffb}]"##)]
#[logos(subpattern first = r##"[^#\x00-\x20()\[\]{}";'`,\x7f-\u{a0}\u{ad}\u{1680}\u{180e}\u{2000}-\u{200b}\u{200e}\u{200f}\u{2028}-\u{202f}\u{205f}-\u{206f}\u{3000}\u{feff}\u{fff9}-\u{fffb}]"##)]
#[logos(subpattern hashed = r##"[^!|\\\x00-\x20()\[\]{}";'`,\x7f-\u{a0}\u{ad}\u{1680}\u{180e}\u{2000}-\u{200b}\u{200e}\u{200f}\u{2028}-\u{202f}\u{205f}-\u{206f}\u{3000}\u{feff}\u{fff9}-\u{fffb}]"##)]
enum Raw {
    #[regex(r"[ \t\r\n\u{feff}]+", priority = 20)]
    Whitespace,
    #[regex(r"(?&first)(?&sym)*", priority = 2)]
    #[regex(r"#(?&hashed)(?&sym)*", priority = 2)]
    #[token("#", priority = 2)]
    Symbol,
    #[regex(r"[+-]?[0-9](?&sym)*", priority = 10)]
    Number,
    #[token("+inf", priority = 10)]
    #[token("-inf", priority = 10)]
    #[token("+nan", priority = 10)]
    Infinite,
    #[regex(r":(?&sym)+", priority = 10)]
    Keyword,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token("#{")]
    HashBrace,
    #[token("\"", string)]
    String(bool),
    #[token("b\"", string)]
    ByteString(bool),
    #[regex(r";[^\n]*", priority = 2, allow_greedy = true)]
    LineComment,
    #[regex(r";;;([^;\n][^\n]*)?", priority = 10, allow_greedy = true)]
    DocComment,
    #[token("#|", block_comment)]
    BlockComment(bool),
    #[token("#;")]
    HashSemicolon,
    #[token("'")]
    Quote,
    #[token("`")]
    Backquote,
    #[token("#'")]
    HashQuote,
    #[token(",")]
    Comma,
    #[token(",@")]
    CommaAt,
    #[token(r"#\", character)]
    Char,
    #[regex(r"(?&bad)+", priority = 20)]
    BadCharacter,
}

/// Reads the rest of a string after its opening quote. False if it has no closing quote.
fn string(lexer: &mut Lexer<Raw>) -> bool {
    let rest = lexer.remainder().as_bytes();
    if !lexer.extras.no_closing_quote {
        let mut at = 0;
        while let Some(&byte) = rest.get(at) {
            match byte {
                b'"' => {
                    lexer.bump(at + 1);
                    return true;
                }
                // Whatever is escaped is ASCII or the first byte of a character whose other bytes are not special.
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        lexer.extras.no_closing_quote = true;
    }
    let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let line =
        if line > 0 && rest.get(line - 1) == Some(&b'\r') && line < rest.len() { line - 1 } else { line };
    lexer.bump(line);
    false
}

/// Reads the rest of a block comment after its `#|`. False if it has no end.
fn block_comment(lexer: &mut Lexer<Raw>) -> bool {
    let start = lexer.span().start;
    let rest = lexer.remainder().len();
    match lexer.source().get(start..).and_then(block_comment_len) {
        Some(len) => {
            lexer.bump(len.saturating_sub(2));
            true
        }
        None => {
            lexer.bump(rest);
            false
        }
    }
}

/// Reads the name of a character after `#\`: one character of any kind but line ends and control characters, the
/// rest of a run of symbol characters, or a code point in braces.
fn character(lexer: &mut Lexer<Raw>) {
    let rest = lexer.remainder();
    let Some(first) = rest.chars().next().filter(|first| !first.is_control()) else {
        return;
    };
    let mut len = first.len_utf8();
    if first == 'u' && rest.get(1..2) == Some("{") {
        let digits = rest.bytes().skip(2).take_while(u8::is_ascii_hexdigit).count();
        if rest.as_bytes().get(2 + digits) == Some(&b'}') {
            len = digits + 3;
        }
    } else if is_symbol_char(first) {
        len = rest.find(|c| !is_symbol_char(c)).unwrap_or(rest.len());
    }
    lexer.bump(len);
}

/// True for the characters that symbols are made of. Must agree with the patterns of [`Raw`].
pub(crate) fn is_symbol_char(c: char) -> bool {
    match c {
        '\0'..=' ' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | ';' | '\'' | '`' | ',' | '\u{feff}' => false,
        _ => !is_bad_char(c),
    }
}

/// True for the characters that can not stand outside literals and comments. Must agree with the patterns of [`Raw`].
pub(crate) fn is_bad_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' => true,
        '\u{2000}'..='\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202f}' => true,
        '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{fff9}'..='\u{fffb}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let tokens = tokenize(text);
        assert_eq!(tokens.iter().map(|token| token.len as usize).sum::<usize>(), text.len(), "{text:?}");
        tokens.iter().map(|token| token.kind).filter(|kind| *kind != Whitespace).collect()
    }

    #[test]
    fn symbols_are_runs_that_are_no_numbers() {
        for text in [
            "*earmuffs*",
            "1+",
            "1-",
            "string=",
            "->>",
            "a/b",
            "set!",
            "null?",
            "λ",
            "+",
            "-",
            "...",
            "..",
            ":",
            "+|",
            "-%",
            "a#",
            "#t",
            "#",
            "b",
            "|",
            "&",
            "@x",
            "2d-point",
            "-x",
            ".5",
            "+infinity",
            "-nan",
            "x\\y",
            "1e+",
            "a\u{200d}b",
        ] {
            let expected = if text == "1e+" { vec![MalformedNumber] } else { vec![Symbol] };
            assert_eq!(kinds(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers() {
        for text in
            ["42", "-7", "+7", "1_000_000", "0xff", "0b1010", "0o17", "255u8", "1_000u64", "0xFFi128", "0"]
        {
            assert_eq!(kinds(text), [Integer], "{text}");
        }
        for text in ["3.14", "-0.5", "1e9", "2.5e-3", "+inf", "-inf", "+nan", "1_0.0_1E+2"] {
            assert_eq!(kinds(text), [Float], "{text}");
        }
        for text in
            ["0xzz", "0b12", "0o8", "1_", "1__0", "1.", "1.2.3", "255u9", "1e", "1.5u8", "0x", "0..n", "1f32"]
        {
            assert_eq!(kinds(text), [MalformedNumber], "{text}");
        }
        assert_eq!(kinds("[1..5]"), [LeftBracket, Integer, Symbol, Integer, RightBracket]);
        assert_eq!(kinds("-1.5..+2"), [Float, Symbol, Integer]);
    }

    #[test]
    fn prefixes_and_brackets() {
        assert_eq!(
            kinds("'`#',,@#;#{ {}"),
            [Quote, Backquote, HashQuote, Comma, CommaAt, HashSemicolon, HashBrace, LeftBrace, RightBrace]
        );
        assert_eq!(kinds("foo'bar\"s\"b\"x\""), [Symbol, Quote, Symbol, String, ByteString]);
    }

    #[test]
    fn comments() {
        assert_eq!(
            kinds("; a\n;; b\n;;; c\n;;;; d\n;;;"),
            [LineComment, LineComment, DocComment, LineComment, DocComment]
        );
        assert_eq!(kinds("#| a #| b |# c |# x"), [BlockComment, Symbol]);
        assert_eq!(kinds("x #| a #| b |#"), [Symbol, UnterminatedComment]);
        assert_eq!(kinds("#||#"), [BlockComment]);
        assert_eq!(kinds("#|#"), [UnterminatedComment]);
    }

    #[test]
    fn the_line_that_names_the_interpreter_is_a_comment() {
        assert_eq!(kinds("#!/usr/bin/env -S ovsm run\n(f)"), [LineComment, LeftParen, Symbol, RightParen]);
        assert_eq!(kinds("#!"), [LineComment]);
        // Only at the very start; elsewhere it is no symbol, so that no form can begin with it.
        assert_eq!(kinds(" #!x"), [Symbol, Symbol]);
        assert_eq!(kinds("(f #!x)"), [LeftParen, Symbol, Symbol, Symbol, RightParen]);
    }

    #[test]
    fn strings() {
        assert_eq!(kinds("\"a\nb\" \"\\\"\" \"\\\\\""), [String, String, String]);
        assert_eq!(kinds("\"a b\nc"), [UnterminatedString, Symbol]);
        assert_eq!(kinds("\"a b\r\nc"), [UnterminatedString, Symbol]);
        assert_eq!(kinds("b\"a\\"), [UnterminatedByteString]);
        assert_eq!(
            kinds("\"a\n\\\"b c\n\\\" d"),
            [UnterminatedString, Symbol, UnterminatedString, Symbol, UnterminatedString]
        );
    }

    #[test]
    fn characters() {
        for text in [
            "#\\a",
            "#\\space",
            "#\\(",
            "#\\;",
            "#\\\"",
            "#\\u{3bb}",
            "#\\u",
            "#\\λ",
            "#\\",
            "#\\ ",
            "#\\wat",
        ] {
            assert_eq!(kinds(text), [Char], "{text}");
        }
        assert_eq!(kinds("(#\\))"), [LeftParen, Char, RightParen]);
        assert_eq!(kinds("#\\\nx"), [Char, Symbol]);
        assert_eq!(kinds("#\\u{zz}"), [Char, LeftBrace, Symbol, RightBrace]);
    }

    #[test]
    fn control_characters_and_look_alikes_of_blanks_are_faults() {
        assert_eq!(
            kinds("a\0\u{1}b\u{a0}c\u{202e}"),
            [Symbol, BadCharacter, Symbol, BadCharacter, Symbol, BadCharacter]
        );
        assert_eq!(kinds("\u{feff}a"), [Symbol]);
    }

    #[test]
    fn the_patterns_agree_with_the_character_classes() {
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let text = format!("x{c}x");
            let tokens = tokenize(&text);
            assert_eq!(is_symbol_char(c), tokens.len() == 1, "{c:?}");
            let bad = tokens.get(1).is_some_and(|token| token.kind == BadCharacter);
            assert_eq!(is_bad_char(c), bad, "{c:?}");
        }
    }
}
