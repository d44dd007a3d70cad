//! The text of values: [`write()`] as it reads back, [`display`] as people want to see it.
//!
//! Deterministic; deep values are walked with room on the stack; a cell that holds itself is cut.

use crate::value::Value;
use ovsm_base::stack::with_room;
use std::cell::Cell;
use std::fmt::Write as _;

/// How deep values are written before they are cut.
const MAX_DEPTH: u32 = 10_000;

/// The text that reads back as an equal value: strings quoted, keywords with their colon.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    write_to(&mut text, value);
    text
}

/// Appends what [`write()`] gives.
pub fn write_to(text: &mut String, value: &Value) {
    write_value(text, value, Place::default());
}

/// The text that [`exact`] has no way to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooDeep;

/// How deep the parts of a value may be inside of each other so that it can be written as a whole, and read.
pub const MAX_NESTING: usize = MAX_DEPTH as usize;

/// The head of the list that stands for a record or a variant of an enum: `(#record Point 1 2)`. No symbol is written
/// like it.
pub const RECORD: &str = "#record";

/// The text that reads back as an equal value, whatever data it is: other than [`write()`], it tells records from lists
/// that look like them, and lists that look like a call of `range` or `decimal` from the values that are written so.
///
/// # Errors
/// The value has more levels than can be read.
pub fn exact(value: &Value) -> Result<String, TooDeep> {
    let mut text = String::new();
    let is_cut = Cell::new(false);
    write_value(&mut text, value, Place { exact: Some(&is_cut), ..Place::default() });
    if is_cut.get() { Err(TooDeep) } else { Ok(text) }
}

/// The text for people: strings, characters and the digits of numbers bare at the top, otherwise as [`write()`].
pub fn display(value: &Value) -> String {
    let mut text = String::new();
    display_to(&mut text, value);
    text
}

/// Appends what [`display`] gives.
pub fn display_to(text: &mut String, value: &Value) {
    match value {
        Value::String(string) => text.push_str(string.as_str()),
        Value::Char(c) => text.push(*c),
        Value::Int(number) => write_i64(text, *number),
        // What people call them: `write` says how they are made.
        Value::Decimal(number) => {
            let _ = write!(text, "{number}");
        }
        Value::Fixed(ty, word) if ty.is_signed() => write_i64(text, *word as i64),
        Value::Fixed(_, word) => {
            let _ = write!(text, "{word}");
        }
        Value::U128(number) => {
            let _ = write!(text, "{number}");
        }
        Value::I128(number) => {
            let _ = write!(text, "{number}");
        }
        Value::Pubkey(bytes) => text.push_str(&crate::encoding::base58(bytes.as_slice())),
        Value::Signature(bytes) => text.push_str(&crate::encoding::base58(bytes.as_slice())),
        value => write_value(text, value, Place::default()),
    }
}

/// The written form, cut to what fits a message.
pub fn brief(value: &Value) -> String {
    const LIMIT: usize = 60;
    let text = match value {
        // Do not write a huge value for the sake of its first characters.
        Value::Array(items) | Value::List(items) if items.len() > LIMIT => {
            let start: Vec<Value> = items.iter().take(LIMIT / 3).collect();
            let start =
                if matches!(value, Value::Array(_)) { Value::array(start) } else { Value::list(start) };
            crate::walk::at_most(500, || write(&start))
        }
        // Nor one that has more places than it takes memory.
        value => crate::walk::at_most(500, || write(value)),
    };
    if text.chars().count() <= LIMIT {
        return text;
    }
    let mut cut: String = text.chars().take(LIMIT).collect();
    cut.push('…');
    cut
}

/// A value with its type, for messages: ``the string `"a"` ``.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "`null`".to_string(),
        Value::Native(_) | Value::Function(_) => "a function".to_string(),
        value => format!("the {} `{}`", value.type_name(), brief(value)),
    }
}

fn write_i64(text: &mut String, number: i64) {
    match SmallText::of_integer(number) {
        Some(small) => text.push_str(small.as_str()),
        None => {
            let _ = write!(text, "{number}");
        }
    }
}

/// The text of a small integer or a character, in no memory of its own. It is put together in a register: written byte
/// by byte and read as a whole, it would wait for memory.
#[derive(Clone, Copy, Debug)]
pub struct SmallText {
    bytes: [u8; 16],
    length: usize,
}

impl SmallText {
    /// The text of a value, if it is a small integer or a character.
    #[inline(always)]
    pub fn of(value: &Value) -> Option<SmallText> {
        match value {
            Value::Int(number) => SmallText::of_integer(*number),
            Value::Char(c) => {
                let mut bytes = [0; 16];
                let length = c.encode_utf8(&mut bytes).len();
                Some(SmallText { bytes, length })
            }
            _ => None,
        }
    }

    /// The digits of an integer, if they are few.
    #[inline(always)]
    fn of_integer(number: i64) -> Option<SmallText> {
        const FEW: u64 = 1_000_000_000_000_000;
        let mut rest = number.unsigned_abs();
        if rest >= FEW {
            return None;
        }
        let (mut word, mut length) = (0u128, 0);
        loop {
            word = word << 8 | u128::from(b'0' + (rest % 10) as u8);
            length += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            word = word << 8 | u128::from(b'-');
            length += 1;
        }
        Some(SmallText { bytes: word.to_le_bytes(), length })
    }

    /// True if it is ASCII.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        u128::from_le_bytes(self.bytes) & 0x8080_8080_8080_8080_8080_8080_8080_8080 == 0
    }

    /// The text.
    #[inline(always)]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

/// Writing to a string can not fail.
macro_rules! put {
    ($text:expr, $($argument:tt)*) => { let _ = write!($text, $($argument)*); };
}

/// Where a value stands in what is being written.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    /// How deep.
    depth: u32,
    /// In how many quasiquotes: outside of them a comma is a blank.
    quasiquotes: u32,
    /// Set if the text has to be exact, to true if it can not be.
    exact: Option<&'a Cell<bool>>,
}

impl Place<'_> {
    /// Almost at the bottom: cells and tables can hold themselves and are cut early. Nobody reads these.
    fn near_the_end(self) -> Self {
        Place { depth: self.depth.max(MAX_DEPTH - 20), exact: None, ..self }
    }
}

fn write_value(text: &mut String, value: &Value, place: Place<'_>) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => write_i64(text, *number),
        Value::Big(number) => {
            // A text takes everything.
            let _ = crate::large::write_digits(text, number);
        }
        Value::Fixed(ty, word) if ty.is_signed() => {
            put!(text, "{}{}", *word as i64, ty.name());
        }
        Value::Fixed(ty, word) => {
            put!(text, "{word}{}", ty.name());
        }
        Value::U128(number) => {
            put!(text, "{number}u128");
        }
        Value::I128(number) => {
            put!(text, "{number}i128");
        }
        Value::Float(number) => write_float(text, *number),
        Value::Decimal(number) => {
            put!(text, "(decimal \"{number}\")");
        }
        Value::Char(c) => write_char(text, *c),
        Value::String(string) => write_string(text, string.as_str()),
        Value::Keyword(name) => write_keyword(text, name.as_str()),
        Value::Symbol(symbol) => write_symbol(text, &symbol.name),
        Value::Bytes(bytes) => write_bytes(text, bytes),
        Value::Pubkey(bytes) => {
            put!(text, "(pubkey \"{}\")", crate::encoding::base58(bytes.as_slice()));
        }
        Value::Signature(bytes) => {
            put!(text, "(signature \"{}\")", crate::encoding::base58(bytes.as_slice()));
        }
        Value::Native(native) => {
            put!(text, "#<built-in function {}>", native.name().unwrap_or("?"));
        }
        Value::Function(closure) => {
            put!(text, "#<function {}>", closure.name);
        }
        Value::RecordType(ty) => {
            put!(text, "#<type {}>", ty.name);
        }
        Value::Range(range) => {
            if range.step == 1 {
                put!(text, "(range {} {})", range.start, range.end);
            } else {
                put!(text, "(range {} {} {})", range.start, range.end, range.step);
            }
        }
        Value::Error(error) => {
            put!(text, "#<error {}: {}>", error.kind.name(), error.message);
        }
        Value::Handle(handle) => {
            put!(text, "#<handle {}>", handle.describe());
        }
        _ if place.depth >= MAX_DEPTH => {
            text.push('…');
            if let Some(is_cut) = place.exact {
                is_cut.set(true);
            }
        }
        value => with_room(|| write_collection(text, value, Place { depth: place.depth + 1, ..place })),
    }
}

fn write_collection(text: &mut String, value: &Value, place: Place<'_>) {
    if !crate::walk::steps(1 + value.parts()) {
        return;
    }
    match value {
        Value::Array(items) => {
            text.push('[');
            write_items(text, items.iter(), place);
            text.push(']');
        }
        Value::List(items) => {
            if let Some((prefix, operand, quasiquotes)) = abbreviation(items.as_slice(), place.quasiquotes) {
                text.push_str(prefix);
                write_value(text, operand, Place { quasiquotes, ..place });
                return;
            }
            text.push('(');
            match items.as_slice() {
                // A list that looks like the call that makes a value: its head is written as the call that makes that.
                [Value::Symbol(head), rest @ ..]
                    if place.exact.is_some() && looks_like_value(&head.name, rest) =>
                {
                    text.push_str("(symbol ");
                    write_string(text, &head.name);
                    text.push(')');
                    for item in rest {
                        text.push(' ');
                        write_value(text, item, place);
                    }
                }
                items => write_items(text, items.iter(), place),
            }
            text.push(')');
        }
        Value::Set(set) => {
            text.push_str("#{");
            write_items(text, set.items.keys().map(|key| &key.0), place);
            text.push('}');
        }
        Value::Object(entries) => {
            text.push('{');
            for (n, (key, value)) in entries.iter().enumerate() {
                if n > 0 {
                    text.push(' ');
                }
                if is_symbol_text(key.as_str()) {
                    text.push(':');
                    text.push_str(key.as_str());
                } else {
                    write_string(text, key.as_str());
                }
                text.push(' ');
                match value {
                    // A colon behind the first item makes a refinement type of the braces.
                    Value::Symbol(symbol) if n == 0 && &*symbol.name == ":" => {
                        text.push_str("(symbol \":\")")
                    }
                    value => write_value(text, value, place),
                }
            }
            text.push('}');
        }
        Value::Record(record) => {
            text.push('(');
            match place.exact {
                Some(_) => {
                    text.push_str(RECORD);
                    text.push(' ');
                    write_symbol(text, &record.ty.full_name());
                }
                None => text.push_str(&record.ty.name),
            }
            for field in &record.fields {
                text.push(' ');
                write_value(text, field, place);
            }
            text.push(')');
        }
        Value::Cell(cell) => {
            text.push_str("#<cell ");
            match cell.try_borrow() {
                // A cell can hold itself: it is cut early.
                Ok(content) => write_value(text, &content, place.near_the_end()),
                Err(_) => text.push('…'),
            }
            text.push('>');
        }
        Value::Table(table) => {
            text.push_str("#<hash-table");
            if let Ok(table) = table.try_borrow() {
                for (key, value) in table.iter() {
                    text.push(' ');
                    write_value(text, &key, place.near_the_end());
                    text.push(' ');
                    write_value(text, &value, place.near_the_end());
                }
            }
            text.push('>');
        }
        _ => {}
    }
}

/// True if a list of a symbol and these items reads as the value that a call of the symbol makes.
pub fn looks_like_value(head: &str, operands: &[Value]) -> bool {
    match operands {
        [Value::String(_)] => matches!(head, "decimal" | "pubkey" | "signature" | "symbol" | "keyword"),
        [Value::Int(_), Value::Int(_)] | [Value::Int(_), Value::Int(_), Value::Int(_)] => head == "range",
        _ => false,
    }
}

fn write_items<V: std::borrow::Borrow<Value>>(
    text: &mut String,
    items: impl Iterator<Item = V>,
    place: Place<'_>,
) {
    for (n, item) in items.enumerate() {
        if n > 0 {
            text.push(' ');
        }
        write_value(text, item.borrow(), place);
    }
}

/// `(quote x)` is written `'x`: the prefix, the operand, and how many quasiquotes are around that.
fn abbreviation(items: &[Value], quasiquotes: u32) -> Option<(&'static str, &Value, u32)> {
    let [Value::Symbol(head), operand] = items else { return None };
    // `,` and `@x` would read as `,@` and `x`.
    let begins_with_at = matches!(operand, Value::Symbol(symbol) if symbol.name.starts_with('@'));
    match &*head.name {
        "quote" => Some(("'", operand, quasiquotes)),
        "quasiquote" => Some(("`", operand, quasiquotes + 1)),
        "unquote" if quasiquotes > 0 && !begins_with_at => Some((",", operand, quasiquotes - 1)),
        "unquote-splicing" if quasiquotes > 0 => Some((",@", operand, quasiquotes - 1)),
        _ => None,
    }
}

/// The text of a float, which reads back as the same float.
pub fn write_float(text: &mut String, number: f64) {
    if number.is_nan() {
        text.push_str("+nan");
    } else if number.is_infinite() {
        text.push_str(if number > 0.0 { "+inf" } else { "-inf" });
    } else if number != 0.0 && !(1e-5..1e16).contains(&number.abs()) {
        put!(text, "{number:e}");
    } else {
        put!(text, "{number:?}");
    }
}

/// A string literal.
pub fn write_string(text: &mut String, content: &str) {
    // Each level of quoting can double a text. What an ended walk gives is of no use, but for its start.
    let most = if crate::walk::steps(content.len() / 8) { usize::MAX } else { 100 };
    text.push('"');
    for c in content.chars().take(most) {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\0' => text.push_str("\\0"),
            c if is_invisible(c) => {
                put!(text, "\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

fn write_bytes(text: &mut String, bytes: &[u8]) {
    text.push_str("b\"");
    for byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\r' => text.push_str("\\r"),
            b' '..=b'~' => text.push(char::from(*byte)),
            byte => {
                put!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push('"');
}

fn write_char(text: &mut String, c: char) {
    let name = match c {
        ' ' => "space",
        '\n' => "newline",
        '\t' => "tab",
        '\r' => "return",
        '\0' => "null",
        '\x08' => "backspace",
        '\x0c' => "page",
        '\x1b' => "escape",
        '\x7f' => "delete",
        c if is_invisible(c) || c.is_whitespace() => {
            put!(text, "#\\u{{{:x}}}", u32::from(c));
            return;
        }
        c => {
            text.push_str("#\\");
            text.push(c);
            return;
        }
    };
    text.push_str("#\\");
    text.push_str(name);
}

/// Control characters and those that change the direction of the text around them.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn write_keyword(text: &mut String, name: &str) {
    if is_keyword_text(name) {
        text.push(':');
        text.push_str(name);
    } else {
        text.push_str("(keyword ");
        write_string(text, name);
        text.push(')');
    }
}

fn write_symbol(text: &mut String, name: &str) {
    // The reader makes values of these names.
    let is_value = matches!(name, "true" | "false" | "null" | "nil");
    if is_symbol_text(name) && !is_value {
        text.push_str(name);
    } else {
        text.push_str("(symbol ");
        write_string(text, name);
        text.push(')');
    }
}

/// True for the characters that the reader makes symbols of.
fn is_symbol_char(c: char) -> bool {
    !matches!(c,
        '\0'..=' ' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | ';' | '\'' | '`' | ',' | '\u{7f}'..='\u{a0}' | '\u{ad}'
        | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// True if the text with a colon before it reads back as one keyword of that name.
fn is_keyword_text(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_symbol_char)
}

/// True if the text reads back as one symbol of that name.
pub fn is_symbol_text(name: &str) -> bool {
    let unsigned = name.strip_prefix(['+', '-']).unwrap_or(name);
    let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    // `1+` and `2d` are symbols; behind these characters it could be a number, or a wrong one.
    let may_be_number = rest.is_empty() || rest.starts_with(['.', '_', 'e', 'E', 'x', 'b', 'o', 'u', 'i']);
    let is_number = rest.len() < unsigned.len() && may_be_number || matches!(name, "+inf" | "-inf" | "+nan");
    let is_special = name.starts_with('#') || (name.starts_with(':') && name != ":");
    is_keyword_text(name) && !is_number && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_texts_are_those_of_their_values() {
        for number in [0, 7, -7, 10, 999_999_999_999_999, -999_999_999_999_999, i64::MAX, i64::MIN] {
            assert_eq!(display(&Value::Int(number)), number.to_string());
            let small = SmallText::of(&Value::Int(number));
            assert_eq!(small.is_some(), number.unsigned_abs() < 1_000_000_000_000_000);
            assert!(small.is_none_or(|small| small.as_str() == number.to_string()));
        }
        for c in ['a', 'λ', '\u{10FFFF}'] {
            assert!(SmallText::of(&Value::Char(c)).is_some_and(|small| small.as_str() == c.to_string()));
        }
        assert!(SmallText::of(&Value::Null).is_none());
    }

    #[test]
    fn floats_read_back_as_floats() {
        let show = |number| {
            let mut text = String::new();
            write_float(&mut text, number);
            text
        };
        assert_eq!(show(4.0), "4.0");
        assert_eq!(show(-0.0), "-0.0");
        assert_eq!(show(0.1), "0.1");
        assert_eq!(show(1e21), "1e21");
        assert_eq!(show(1.5e-7), "1.5e-7");
        assert_eq!(show(f64::NEG_INFINITY), "-inf");
        assert_eq!(show(f64::MAX).parse::<f64>().unwrap(), f64::MAX);
    }

    #[test]
    fn collections_have_their_brackets() {
        let list = Value::list(vec![Value::symbol("quote"), Value::symbol("x")]);
        assert_eq!(write(&list), "'x");
        let array = Value::array(vec![Value::string("a\"b"), Value::Char(' '), Value::Null]);
        assert_eq!(write(&array), "[\"a\\\"b\" #\\space null]");
        assert_eq!(display(&Value::string("a\"b")), "a\"b");
        assert_eq!(write(&Value::Int(i64::MIN)), "-9223372036854775808");
    }

    #[test]
    fn commas_are_written_where_they_are_no_blanks() {
        let list = |head: &str, operand: Value| Value::list(vec![Value::symbol(head), operand]);
        let unquote = list("unquote", Value::symbol("x"));
        assert_eq!(write(&unquote), "(unquote x)");
        assert_eq!(write(&list("quasiquote", unquote)), "`,x");
        assert_eq!(write(&list("quasiquote", list("unquote", Value::symbol("@x")))), "`(unquote @x)");
    }

    #[test]
    fn names_are_written_bare_if_they_read_back() {
        for name in ["a", ":", "@", "a:b", "a#b", "a|b", ".5", "...", "1+", "2d", "0*", "-nan", "+", "λ"] {
            assert!(is_symbol_text(name), "{name}");
        }
        for name in [
            "",
            ":a",
            "#a",
            "a b",
            "1",
            "-1",
            "1.5",
            "1e5",
            "0xg",
            "1u8",
            "+inf",
            "a\u{feff}",
            "\u{200b}",
            "a'",
            "(",
            ",",
        ] {
            assert!(!is_symbol_text(name), "{name}");
        }
        assert_eq!(write(&Value::keyword("a:1")), ":a:1");
        assert_eq!(write(&Value::keyword("1")), ":1");
    }

    #[test]
    fn deep_values_are_cut_not_followed_for_ever() {
        let mut value = Value::Null;
        for _ in 0..100_000 {
            value = Value::array(vec![value]);
        }
        assert!(write(&value).contains('…'));
    }
}
