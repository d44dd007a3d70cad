//! From JSON text to values. Strict (RFC 8259): no comments, no trailing commas. Depth, memory and time are bounded.

use super::{MAX_DEPTH, too_deep};
use crate::context::Context;
use num_bigint::BigInt;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Object, Raised, Text, Value};
use std::rc::Rc;

/// How many digits an integer may have: reading one takes quadratic time.
const MAX_DIGITS: usize = 100_000;

/// The value of a whole text.
pub fn parse(context: &mut dyn Context, text: &str) -> Result<Value, Raised> {
    let mut reader = Reader { context, text, place: 0 };
    reader.skip_blanks();
    let value = reader.value(0)?;
    reader.skip_blanks();
    if reader.peek().is_some() {
        return Err(reader.wrong("the end of the text"));
    }
    Ok(value)
}

struct Reader<'a> {
    context: &'a mut dyn Context,
    text: &'a str,
    place: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.place += usize::from(is_there);
        is_there
    }

    fn skip_while(&mut self, holds: fn(u8) -> bool) {
        while self.peek().is_some_and(holds) {
            self.place += 1;
        }
    }

    fn skip_blanks(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// The error that something else was expected here.
    fn wrong(&self, wanted: &str) -> Raised {
        let found = self.text.get(self.place..).and_then(|rest| rest.chars().next());
        let found =
            found.map_or_else(|| "the end of the text".to_string(), |c| format!("`{}`", c.escape_debug()));
        self.error(self.place, &format!("expected {wanted}, but found {found}"))
    }

    fn error(&self, place: usize, what: &str) -> Raised {
        let before = self.text.get(..place).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        raise(ErrorKind::Parse, format!("`parse-json`: line {line}, column {column}: {what}"))
    }

    fn value(&mut self, depth: u32) -> Result<Value, Raised> {
        self.context.charge(4)?;
        self.context.reserve(size_of::<Value>())?;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::string),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.wrong("a JSON value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Raised> {
        if self.text.get(self.place..).is_some_and(|rest| rest.starts_with(word)) {
            self.place += word.len();
            return Ok(value);
        }
        Err(self.wrong(&format!("`{word}`")))
    }

    fn array(&mut self, depth: u32) -> Result<Value, Raised> {
        if depth >= MAX_DEPTH {
            return Err(too_deep("parse-json"));
        }
        self.place += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Ok(Value::array(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.value(depth + 1)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Value::array(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("`,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, Raised> {
        if depth >= MAX_DEPTH {
            return Err(too_deep("parse-json"));
        }
        self.place += 1;
        let mut entries = Object::default();
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(Value::object(entries));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return Err(self.wrong("`:`"));
            }
            self.skip_blanks();
            let value = self.value(depth + 1)?;
            self.context.reserve(64)?;
            entries.insert(Rc::new(Text::new(key)), value);
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Value::object(entries));
            }
            if !self.take(b',') {
                return Err(self.wrong("`,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, Raised> {
        let start = self.place;
        self.take(b'-');
        let digits = self.place;
        match self.peek() {
            Some(b'0') => self.place += 1,
            Some(b'1'..=b'9') => self.skip_while(|byte| byte.is_ascii_digit()),
            _ => return Err(self.wrong("a digit")),
        }
        let digits = self.place - digits;
        let mut is_integer = true;
        if self.take(b'.') {
            is_integer = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            is_integer = false;
            self.place += 1;
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = self.text.get(start..self.place).unwrap_or("");
        if !is_integer {
            let float: f64 = text.parse().map_err(|_| self.error(start, "this is no number"))?;
            if float.is_infinite() {
                return Err(self.error(start, "the number is too large for a float"));
            }
            return Ok(Value::Float(float));
        }
        if let Ok(small) = text.parse() {
            return Ok(Value::Int(small));
        }
        if digits > MAX_DIGITS {
            return Err(raise(
                ErrorKind::Limit,
                format!("`parse-json`: an integer of {digits} digits; at most {MAX_DIGITS} are read"),
            ));
        }
        self.context.charge((digits as u64).saturating_mul(digits as u64) / 1000)?;
        let number: BigInt = text.parse().map_err(|_| self.error(start, "this is no number"))?;
        Ok(Value::integer(number))
    }

    fn digits(&mut self) -> Result<(), Raised> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong("a digit"));
        }
        self.skip_while(|byte| byte.is_ascii_digit());
        Ok(())
    }

    fn string(&mut self) -> Result<String, Raised> {
        let start = self.place;
        self.place += 1;
        let mut content = String::new();
        loop {
            let plain = self.place;
            self.skip_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            let run = self.text.get(plain..self.place).unwrap_or("");
            self.context.reserve(run.len())?;
            self.context.charge(1 + run.len() as u64 / 16)?;
            content.push_str(run);
            match self.peek() {
                Some(b'"') => {
                    self.place += 1;
                    return Ok(content);
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    content.push(c);
                }
                Some(_) => return Err(self.wrong("an escape such as `\\n` in place of a control character")),
                None => return Err(self.error(start, "the string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Raised> {
        let start = self.place;
        self.place += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.place += 1;
                let high = self.four_digits()?;
                let low = if (0xD800..0xDC00).contains(&high) {
                    if !(self.take(b'\\') && self.take(b'u')) {
                        return Err(self.error(start, "half of a surrogate pair"));
                    }
                    self.four_digits()?
                } else {
                    0
                };
                let code = match (high, low) {
                    (0xD800..0xDC00, 0xDC00..0xE000) => 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00),
                    (0xD800..0xDC00, _) => 0xD800,
                    _ => high,
                };
                return char::from_u32(code).ok_or_else(|| self.error(start, "half of a surrogate pair"));
            }
            _ => return Err(self.wrong("one of `\" \\ / b f n r t u` after a backslash")),
        };
        self.place += 1;
        Ok(c)
    }

    fn four_digits(&mut self) -> Result<u32, Raised> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.wrong("four hexadecimal digits"))?;
            self.place += 1;
        }
        Ok(code)
    }
}
