//! The tokens of the text form.

/// A token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token<'t> {
    /// A run of letters, digits and `_` that starts with no digit.
    Word(&'t str),
    /// An integer.
    Number(u64),
    /// What stands after `@`.
    Name(String),
    /// The bytes of a string.
    Bytes(Vec<u8>),
    /// Punctuation: one character, or `->`.
    Punctuation(&'t str),
    /// The end of the text.
    End,
}

/// Why there is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TokenError {
    pub(super) message: &'static str,
    /// Byte offset.
    pub(super) offset: usize,
}

/// Cuts a text into tokens.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Tokens<'t> {
        Tokens { text, offset: 0 }
    }

    /// The next token and the offset of its first byte.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, usize), TokenError> {
        self.skip_blanks();
        let start = self.offset;
        let Some(first) = self.peek() else { return Ok((Token::End, start)) };
        let token = match first {
            'a'..='z' | 'A'..='Z' | '_' => Token::Word(self.take_while(is_word)),
            '0'..='9' => Token::Number(
                number(self.take_while(is_word))
                    .ok_or(TokenError { message: "not an integer of 64 bits", offset: start })?,
            ),
            '"' => Token::Bytes(self.string()?),
            '@' => Token::Name(self.name()?),
            '-' if self.rest().starts_with("->") => Token::Punctuation(self.take(2)),
            '(' | ')' | '{' | '}' | ':' | ',' | '=' | '.' | '+' | '-' => Token::Punctuation(self.take(1)),
            _ => return Err(TokenError { message: "unexpected character", offset: start }),
        };
        Ok((token, start))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The next `len` bytes; they must lie on character boundaries.
    fn take(&mut self, len: usize) -> &'t str {
        let taken = self.rest().get(..len).unwrap_or("");
        self.offset += taken.len();
        taken
    }

    fn take_char(&mut self) -> Option<char> {
        let taken = self.peek()?;
        self.offset += taken.len_utf8();
        Some(taken)
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|character| !accept(character)).unwrap_or(rest.len());
        self.take(len)
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(|character| character.is_ascii_whitespace());
            if self.peek() != Some(';') {
                return;
            }
            self.take_while(|character| character != '\n');
        }
    }

    fn name(&mut self) -> Result<String, TokenError> {
        let start = self.offset;
        self.take(1);
        if self.peek() == Some('"') {
            let bytes = self.string()?;
            return String::from_utf8(bytes)
                .map_err(|_| TokenError { message: "a name must be UTF-8", offset: start });
        }
        let name = self.take_while(super::print::is_plain);
        if name.is_empty() {
            return Err(TokenError { message: "a name is missing after `@`", offset: start });
        }
        Ok(name.to_owned())
    }

    fn string(&mut self) -> Result<Vec<u8>, TokenError> {
        let start = self.offset;
        self.take(1);
        let mut bytes = Vec::new();
        let mut buffer = [0; 4];
        loop {
            let place = self.offset;
            match self.take_char() {
                None => return Err(TokenError { message: "a string has no end", offset: start }),
                Some('"') => return Ok(bytes),
                Some('\\') => {
                    self.escape(&mut bytes).ok_or(TokenError { message: "unknown escape", offset: place })?;
                }
                Some(character) => bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        match self.take_char()? {
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            'r' => bytes.push(b'\r'),
            character @ ('"' | '\\') => bytes.push(character as u8),
            'x' => {
                let high = self.take_char()?.to_digit(16)?;
                let low = self.take_char()?.to_digit(16)?;
                bytes.push((high << 4 | low) as u8);
            }
            'u' => {
                let open = self.take_char()?;
                let digits = self.take_while(|character| character.is_ascii_hexdigit());
                let close = self.take_char()?;
                let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                if (open, close) != ('{', '}') {
                    return None;
                }
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
        Some(())
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        // A sign is no digit.
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Token<'_>>, TokenError> {
        let mut tokens = Tokens::new(text);
        let mut found = Vec::new();
        loop {
            match tokens.next()?.0 {
                Token::End => return Ok(found),
                token => found.push(token),
            }
        }
    }

    #[test]
    fn tokens() {
        let found = all("v0+8 -> 0xff ; note\n@a->b!(\"\\x41\\n\\u{3bb}\") @\"x y\"").unwrap();
        let expected = [
            Token::Word("v0"),
            Token::Punctuation("+"),
            Token::Number(8),
            Token::Punctuation("->"),
            Token::Number(255),
            Token::Name("a->b!".into()),
            Token::Punctuation("("),
            Token::Bytes("A\nλ".into()),
            Token::Punctuation(")"),
            Token::Name("x y".into()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn broken_tokens_tell_where() {
        for (text, offset) in [
            ("a 18446744073709551616", 2),
            ("0x", 0),
            ("12ab", 0),
            ("0x10000000000000000", 0),
            (" \"abc", 1),
            (" \"a\\q\"", 3),
            ("\"\\x4\"", 1),
            ("\"\\xλ0\"", 1),
            ("\"\\u{d800}\"", 1),
            ("\"\\u{110000}\"", 1),
            ("\"\\u{}\"", 1),
            ("\"\\u(41)\"", 1),
            ("\"\\", 1),
            ("@ a", 0),
            ("@\"\\xff\"", 0),
            ("a é", 2),
            ("#", 0),
        ] {
            assert_eq!(all(text).map_err(|error| error.offset), Err(offset), "{text}");
        }
    }
}
