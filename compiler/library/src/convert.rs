//! Conversions between types.

use crate::arguments::{at, integer, string, take};
use crate::native::{Effect, Example, Native};
use ovsm_value::decimal::Decimal;
use ovsm_value::error::{raise, type_error};
use ovsm_value::number::{self, FixedType};
use ovsm_value::write::{SmallText, brief, describe, display_to};
use ovsm_value::{ErrorKind, Raised, Text, Value};
use std::rc::Rc;

#[allow(clippy::too_many_arguments, reason = "a row of a table")]
const fn native(
    name: &'static str,
    aliases: &'static [&'static str],
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases,
        module: "std/core",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

macro_rules! fixed {
    ($name:literal, $wrap:literal, $type:expr) => {
        [
            native(
                $name,
                &[],
                1,
                Some(1),
                "(x) -> integer",
                "The number as a fixed-width integer; an `:overflow` error if it does not fit.",
                &[],
                |_, arguments| match at(arguments, 0) {
                    Value::String(_) => {
                        let parsed = parse_integer($name, at(arguments, 0), 10)?;
                        number::to_fixed(fixed_type($type), &parsed)
                    }
                    value => number::to_fixed(fixed_type($type), value),
                },
            ),
            native(
                $wrap,
                &[],
                1,
                Some(1),
                "(x) -> integer",
                "The low bits of an integer as a fixed-width integer.",
                &[],
                |_, arguments| match number::to_bigint(at(arguments, 0)) {
                    Some(whole) => Ok(fixed_type($type).wrap(&whole)),
                    None => Err(type_error($wrap, "an integer", at(arguments, 0))),
                },
            ),
        ]
    };
}

fn fixed_type(name: &str) -> FixedType {
    FixedType::from_name(name).unwrap_or(FixedType(ovsm_base::IntType::I128))
}

/// The conversions to fixed widths.
#[rustfmt::skip]
pub const FIXED: &[[Native; 2]] = &[
    fixed!("u8", "u8-wrap", "u8"), fixed!("u16", "u16-wrap", "u16"), fixed!("u32", "u32-wrap", "u32"),
    fixed!("u64", "u64-wrap", "u64"), fixed!("u128", "u128-wrap", "u128"), fixed!("i8", "i8-wrap", "i8"),
    fixed!("i16", "i16-wrap", "i16"), fixed!("i32", "i32-wrap", "i32"), fixed!("i64", "i64-wrap", "i64"),
    fixed!("i128", "i128-wrap", "i128"),
];

/// The text that reads back as an equal value.
///
/// # Errors
/// The value has more levels than can be read.
fn exactly(name: &str, value: &Value) -> Result<String, Raised> {
    ovsm_value::write::exact(value).map_err(|_| {
        let most = ovsm_value::write::MAX_NESTING;
        raise(
            ErrorKind::Limit,
            format!("`{name}`: the value has more than {most} levels, and no part is left out"),
        )
    })
}

/// The other natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("str", &[], 0, None, "(value…) -> string", "The texts of the values, one after the other: strings and characters bare, the rest as it is written. A first argument that nobody else holds is extended in place.", &[("(str \"a\" 1 :b)", "\"a1:b\""), ("(str)", "\"\"")], |context, arguments| {
        let from = usize::from(matches!(arguments.first(), Some(Value::String(_))));
        if arguments.len() == from + 1
            && let Some(small) = arguments.last().and_then(SmallText::of)
        {
            // One short text more: nothing can fail.
            let small = small.as_str();
            return Ok(Value::String(match arguments.first_mut().map(std::mem::take) {
                Some(Value::String(mut text)) if from == 1 => {
                    Rc::make_mut(&mut text).push_str(small);
                    text
                }
                _ => Rc::new(Text::new(small)),
            }));
        }
        let mut more = String::new();
        for value in arguments.get(from..).unwrap_or(&[]) {
            display_to(&mut more, value);
            context.reserve(more.len())?;
        }
        // Nothing can fail any more: what can be extended in place is taken out.
        let mut text = match arguments.first_mut().map(std::mem::take) {
            Some(Value::String(first)) => first,
            _ => Rc::default(),
        };
        Rc::make_mut(&mut text).push_str(&more);
        Ok(Value::String(text))
    }),
    native("to-string", &["string", "->string"], 1, Some(1), "(value) -> string", "The text of a value: of a keyword or symbol its name.", &[("(to-string 5)", "\"5\""), ("(to-string :a)", "\":a\"")], |_, arguments| {
        if let Some(small) = SmallText::of(at(arguments, 0)) {
            return Ok(Value::string(small.as_str()));
        }
        let mut text = String::new();
        display_to(&mut text, at(arguments, 0));
        Ok(Value::string(text))
    }),
    native("write", &["write-to-string", "prin1-to-string", "repr"], 1, Some(1), "(value) -> string", "The text that reads back as an equal value.", &[("(write \"a\")", "\"\\\"a\\\"\""), ("(write [1 :b])", "\"[1 :b]\"")], |_, arguments| exactly("write", at(arguments, 0)).map(Value::string)),
    native("int", &["integer", "parse-int", "parseint", "parseInt", "parse-integer"], 1, Some(2), "(value radix) -> int", "An exact integer: of a number its integer part, of a text what it says, of a truth value 1 or 0.", &[("(int 3.7)", "3"), ("(int \" 42 \")", "42"), ("(int \"ff\" 16)", "255"), ("(int true)", "1")], |_, arguments| match at(arguments, 0) {
        Value::Float(float) => number::integer_of_float(*float).ok_or_else(|| raise(ErrorKind::Value, format!("`int`: {} is no integer", brief(at(arguments, 0))))),
        Value::Decimal(decimal) => Ok(Value::integer(decimal.truncate())),
        Value::Bool(truth) => Ok(Value::Int(i64::from(*truth))),
        Value::Char(c) => Ok(Value::Int(i64::from(u32::from(*c)))),
        Value::String(_) => {
            let radix = if arguments.len() == 2 { integer("int", arguments, 1)? } else { 10 };
            parse_integer("int", at(arguments, 0), radix)
        }
        value => number::to_bigint(value).map(Value::integer).ok_or_else(|| type_error("int", "a number or a text", value)),
    }),
    native("float", &["parse-float", "parsefloat", "parseFloat"], 1, Some(1), "(value) -> float", "The nearest float of a number, or what a text says.", &[("(float 3)", "3.0"), ("(float \"2.5\")", "2.5")], |_, arguments| match at(arguments, 0) {
        Value::String(text) => match text.as_str().trim().replace('_', "").parse::<f64>() {
            Ok(float) => Ok(Value::Float(float)),
            Err(_) => Err(raise(ErrorKind::Parse, format!("`float`: {} is no number", brief(at(arguments, 0))))),
        },
        Value::Bool(truth) => Ok(Value::Float(f64::from(u8::from(*truth)))),
        value => number::to_float(value).map(Value::Float).ok_or_else(|| type_error("float", "a number or a text", value)),
    }),
    native("decimal", &[], 1, Some(2), "(value scale) -> decimal", "An exact decimal number; with a scale, rounded half to even to so many digits after the point.", &[("(+ (decimal \"0.1\") (decimal \"0.2\"))", "(decimal \"0.3\")"), ("(decimal \"1.005\" 2)", "(decimal \"1.00\")")], |_, arguments| {
        let decimal = match at(arguments, 0) {
            Value::Decimal(decimal) => (**decimal).clone(),
            Value::String(text) => Decimal::parse(text.as_str().trim()).ok_or_else(|| raise(ErrorKind::Parse, format!("`decimal`: {} is no decimal number", brief(at(arguments, 0)))))?,
            Value::Float(float) => {
                // The shortest decimal that is this float: what a person sees when it is printed.
                Decimal::parse(&format!("{float}")).ok_or_else(|| raise(ErrorKind::Value, format!("`decimal`: {} is no decimal number", brief(at(arguments, 0)))))?
            }
            value => Decimal::from_integer(number::to_bigint(value).ok_or_else(|| type_error("decimal", "a number or a text", value))?),
        };
        match arguments.len() {
            2 => Ok(Value::Decimal(Rc::new(decimal.round(u32::try_from(integer("decimal", arguments, 1)?).unwrap_or(0))))),
            _ => Ok(Value::Decimal(Rc::new(decimal))),
        }
    }),
    native("bool", &["boolean"], 1, Some(1), "(value) -> bool", "The truth of a value; of a text, what it says: true, t, yes, y, 1 or false, f, no, n, 0, nothing.", &[("(bool \"yes\")", "true"), ("(bool 0)", "false")], |_, arguments| match at(arguments, 0) {
        Value::String(text) => match text.as_str().trim().to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Ok(Value::Bool(true)),
            "false" | "f" | "no" | "n" | "0" | "" => Ok(Value::Bool(false)),
            _ => Err(raise(ErrorKind::Type, format!("`bool`: {} is neither true nor false", describe(at(arguments, 0))))),
        },
        value => Ok(Value::Bool(value.is_true())),
    }),
    native("symbol", &["intern", "make-symbol", "string->symbol"], 1, Some(1), "(name) -> symbol", "The symbol of a name. A macro that makes one means the user's name by it.", &[("(symbol \"a\")", "a")], |_, arguments| match at(arguments, 0) {
        Value::Symbol(_) => Ok(take(arguments, 0)),
        value => value.as_key().map(|name| Value::symbol(name.as_str())).ok_or_else(|| type_error("symbol", "a string", value)),
    }),
    native("keyword", &[], 1, Some(1), "(name) -> keyword", "The keyword of a name.", &[("(keyword \"a\")", ":a")], |_, arguments| {
        at(arguments, 0).as_key().map(Value::Keyword).ok_or_else(|| type_error("keyword", "a string", at(arguments, 0)))
    }),
    native("name", &["symbol-name", "symbol->string", "keyword-name"], 1, Some(1), "(symbol) -> string", "The name of a symbol or keyword; of a function, record type or string, its own.", &[("(name :a)", "\"a\""), ("(name 'b)", "\"b\"")], |context, arguments| match at(arguments, 0) {
        Value::Native(_) | Value::Function(_) | Value::RecordType(_) => Ok(Value::string(context.function_name(at(arguments, 0)))),
        value => value.as_key().map(Value::String).ok_or_else(|| type_error("name", "a symbol or keyword", value)),
    }),
    native("gensym", &[], 0, Some(1), "(prefix) -> symbol", "A symbol that no other code has.", &[("(symbol? (gensym))", "true")], |context, arguments| {
        let prefix = match at(arguments, 0) {
            Value::Null => "g".to_string(),
            value => value.as_key().map(|name| name.as_str().to_string()).ok_or_else(|| type_error("gensym", "a string", value))?,
        };
        Ok(Value::symbol(&format!("{prefix}__{}", context.fresh())))
    }),
    native("char", &["code-char", "int->char"], 1, Some(1), "(value) -> char", "The character of a code point, or of a text of one character.", &[("(char 97)", "#\\a"), ("(char \"x\")", "#\\x")], |_, arguments| match at(arguments, 0) {
        Value::Char(_) => Ok(take(arguments, 0)),
        Value::String(text) if text.char_count() == 1 => Ok(text.char_at(0).map(Value::Char).unwrap_or_default()),
        value => match number::to_i64(value).map(u32::try_from) {
            Some(Ok(code)) => char::from_u32(code).map(Value::Char).ok_or_else(|| raise(ErrorKind::Value, format!("`char`: {code} is no character"))),
            Some(Err(_)) => Err(raise(ErrorKind::Value, format!("`char`: {} is no character", brief(value)))),
            None => Err(type_error("char", "a code point or a text of one character", value)),
        },
    }),
    native("char-code", &["char-int", "char->int"], 1, Some(1), "(char) -> int", "The code point of a character.", &[("(char-code #\\a)", "97")], |_, arguments| match at(arguments, 0) {
        Value::Char(c) => Ok(Value::Int(i64::from(u32::from(*c)))),
        value => Err(type_error("char-code", "a character", value)),
    }),
    native("chr", &[], 1, Some(1), "(code) -> string", "The text of one character of a code point.", &[("(chr 97)", "\"a\"")], |_, arguments| {
        let code = integer("chr", arguments, 0)?;
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => Ok(Value::string(c.to_string())),
            None => Err(raise(ErrorKind::Type, format!("`chr`: {code} is no character"))),
        }
    }),
    native("ord", &[], 1, Some(1), "(text) -> int", "The code point of a character, or of a text of one character.", &[("(ord \"a\")", "97")], |_, arguments| match at(arguments, 0) {
        Value::Char(c) => Ok(Value::Int(i64::from(u32::from(*c)))),
        Value::String(text) if text.char_count() == 1 => Ok(text.char_at(0).map(|c| Value::Int(i64::from(u32::from(c)))).unwrap_or_default()),
        value => Err(type_error("ord", "a text of one character", value)),
    }),
    native("number->string", &["number-to-string"], 1, Some(2), "(number radix) -> string", "The text of a number, of an integer in a radix from 2 to 36.", &[("(number->string 255 16)", "\"ff\"")], |_, arguments| {
        if arguments.len() == 1 {
            return Ok(Value::string(ovsm_value::write::display(at(arguments, 0))));
        }
        let radix = radix(integer("number->string", arguments, 1)?)?;
        match number::to_bigint(at(arguments, 0)) {
            Some(number) => Ok(Value::string(ovsm_value::large::digits_in_radix(&number, radix))),
            None => Err(type_error("number->string", "an integer", at(arguments, 0))),
        }
    }),
    native("bytes", &["string->bytes"], 1, None, "(value…) -> bytes", "The UTF-8 bytes of a text, or the bytes that integers are.", &[("(bytes \"ab\")", "b\"ab\""), ("(bytes [1 255])", "b\"\\x01\\xff\"")], |_, arguments| {
        let values: Vec<Value> = match arguments {
            [Value::String(text)] => return Ok(Value::bytes(text.as_str().as_bytes().to_vec())),
            [Value::Bytes(_)] => return Ok(take(arguments, 0)),
            [Value::Pubkey(key)] => return Ok(Value::bytes(key.to_vec())),
            [Value::Signature(signature)] => return Ok(Value::bytes(signature.to_vec())),
            [only] if !only.is_integer() => crate::arguments::items("bytes", only)?,
            many => many.to_vec(),
        };
        let bytes: Result<Vec<u8>, Raised> = values
            .iter()
            .map(|value| number::to_i64(value).and_then(|byte| u8::try_from(byte).ok()).ok_or_else(|| type_error("bytes", "bytes (0 to 255)", value)))
            .collect();
        bytes.map(Value::bytes)
    }),
    native("bytes->string", &["bytes-to-string", "utf8-decode"], 1, Some(1), "(bytes) -> string", "The text of UTF-8 bytes; a `:parse` error if they are none.", &[("(bytes->string b\"ab\")", "\"ab\"")], |_, arguments| match at(arguments, 0) {
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::string(text)),
            Err(error) => Err(raise(ErrorKind::Parse, format!("`bytes->string`: {error}"))),
        },
        value => Err(type_error("bytes->string", "bytes", value)),
    }),
    native("pubkey", &[], 1, Some(1), "(text) -> pubkey", "The public key that a base58 text or 32 bytes are.", &[("(pubkey \"11111111111111111111111111111111\")", "(pubkey \"11111111111111111111111111111111\")")], |_, arguments| match at(arguments, 0) {
        Value::Pubkey(_) => Ok(take(arguments, 0)),
        Value::Bytes(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(Value::Pubkey(Rc::new(key))),
            Err(_) => Err(raise(ErrorKind::Value, format!("`pubkey` needs 32 bytes, but found {}", bytes.len()))),
        },
        value => {
            let text = string("pubkey", arguments, 0)?;
            match ovsm_value::encoding::from_base58::<32>(text.as_str()) {
                Some(key) => Ok(Value::Pubkey(Rc::new(key))),
                None => Err(raise(ErrorKind::Parse, format!("`pubkey`: {} is not the base58 text of 32 bytes", brief(value)))),
            }
        }
    }),
    native("signature", &[], 1, Some(1), "(text) -> signature", "The signature that a base58 text or 64 bytes are.", &[], |_, arguments| match at(arguments, 0) {
        Value::Signature(_) => Ok(take(arguments, 0)),
        Value::Bytes(bytes) => match <[u8; 64]>::try_from(bytes.as_slice()) {
            Ok(signature) => Ok(Value::Signature(Rc::new(signature))),
            Err(_) => Err(raise(ErrorKind::Value, format!("`signature` needs 64 bytes, but found {}", bytes.len()))),
        },
        value => {
            let text = string("signature", arguments, 0)?;
            match ovsm_value::encoding::from_base58::<64>(text.as_str()) {
                Some(signature) => Ok(Value::Signature(Rc::new(signature))),
                None => Err(raise(ErrorKind::Parse, format!("`signature`: {} is not the base58 text of 64 bytes", brief(value)))),
            }
        }
    }),
    native("coerce", &[], 2, Some(2), "(value type) -> any", "The value as a value of a type, which is named by a symbol, keyword or string.", &[("(coerce '(1 2) 'array)", "[1 2]")], |context, arguments| {
        let name = at(arguments, 1).as_key().map(|name| name.as_str().to_string()).ok_or_else(|| type_error("coerce", "the name of a type", at(arguments, 1)))?;
        let function = match name.as_str() {
            "array" | "vector" => "to-array",
            "list" => "to-list",
            "string" => "str",
            "integer" => "int",
            "character" => "char",
            other => other,
        };
        match crate::native::find(function) {
            Some(id) if matches!(function, "to-array" | "to-list" | "str" | "int" | "float" | "char" | "bool" | "symbol" | "keyword" | "bytes" | "decimal" | "set") || FixedType::from_name(function).is_some() => {
                let value = take(arguments, 0);
                context.call(&Value::Native(id), &[value])
            }
            _ => Err(raise(ErrorKind::Type, format!("`coerce`: `{name}` is no type that values are converted to"))),
        }
    }),
    native("read", &["read-string", "read-from-string"], 1, Some(1), "(text) -> any", "The first form of a text as data; null if there is none.", &[("(read \"(1 [2] :a)\")", "(1 [2] :a)")], |context, arguments| {
        let text = string("read", arguments, 0)?.as_str().to_string();
        let value = context.read(&text)?.into_iter().next().unwrap_or_default();
        crate::check::records(context, &text, value)
    }),
    native("read-all-forms", &["read-forms"], 1, Some(1), "(text) -> array", "All forms of a text as data.", &[("(read-all-forms \"1 2\")", "[1 2]")], |context, arguments| {
        let text = string("read-all-forms", arguments, 0)?.as_str().to_string();
        let values = Value::array(context.read(&text)?);
        crate::check::records(context, &text, values)
    }),
    Native { effect: Effect::State, ..native("eval", &[], 1, Some(1), "(form) -> any", "The value of a form given as data, or of the forms of a text, at the top level of the program.", &[("(eval '(+ 1 2))", "3"), ("(eval \"(+ 1 2)\")", "3")], |context, arguments| match at(arguments, 0) {
        Value::String(text) => {
            let mut value = Value::Null;
            for form in context.read(text.as_str())? {
                value = context.evaluate(&form)?;
            }
            Ok(value)
        }
        form => {
            let form = form.clone();
            context.evaluate(&form)
        }
    }) },
    Native { effect: Effect::State, ..native("macroexpand", &[], 1, Some(1), "(form) -> any", "The form that a macro call stands for, expanded until it is no macro call.", &[("(macroexpand '(foo))", "(foo)")], |context, arguments| {
        let form = take(arguments, 0);
        context.expand(&form, true)
    }) },
    Native { effect: Effect::State, ..native("macroexpand-1", &[], 1, Some(1), "(form) -> any", "The form that a macro call stands for, expanded once.", &[("(macroexpand-1 '(foo))", "(foo)")], |context, arguments| {
        let form = take(arguments, 0);
        context.expand(&form, false)
    }) },
    native("assert-type", &[], 2, Some(3), "(value holds message) -> null", "A `:type` error unless the second argument, a truth value or a predicate, is true of the value.", &[("(assert-type 1 int?)", "null")], |context, arguments| {
        let holds = match at(arguments, 1).clone() {
            function if function.is_function() => context.call(&function, &[at(arguments, 0).clone()])?.is_true(),
            value => value.is_true(),
        };
        if holds {
            return Ok(Value::Null);
        }
        let message = match at(arguments, 2) {
            Value::String(text) => text.as_str().to_string(),
            _ => format!("the type of {} is not the one that is needed", describe(at(arguments, 0))),
        };
        Err(raise(ErrorKind::Type, message))
    }),
];

fn radix(radix: i64) -> Result<u32, Raised> {
    match u32::try_from(radix) {
        Ok(radix @ 2..=36) => Ok(radix),
        _ => Err(raise(ErrorKind::Value, format!("{radix} is no radix: it must be from 2 to 36"))),
    }
}

/// How many characters of a number are read.
const MAX_DIGITS: usize = 100_000;

fn parse_integer(operation: &str, value: &Value, base: i64) -> Result<Value, Raised> {
    let Value::String(text) = value else { return Err(type_error(operation, "a text", value)) };
    let wrong = || raise(ErrorKind::Parse, format!("`{operation}`: {} is no integer", brief(value)));
    let trimmed = text.as_str().trim();
    if trimmed.len() > MAX_DIGITS {
        return Err(raise(
            ErrorKind::Limit,
            format!("`{operation}`: a number of more than {MAX_DIGITS} digits"),
        ));
    }
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (base, digits) = match (base, digits.get(..2)) {
        (10, Some("0x")) => (16, digits.get(2..).unwrap_or("")),
        (10, Some("0b")) => (2, digits.get(2..).unwrap_or("")),
        (10, Some("0o")) => (8, digits.get(2..).unwrap_or("")),
        (base, _) => (radix(base)?, digits),
    };
    let plain: Vec<u8> = digits.bytes().filter(|byte| *byte != b'_').collect();
    if plain.is_empty() || plain.iter().any(|byte| *byte == b'-' || *byte == b'+') {
        return Err(wrong());
    }
    match ovsm_value::large::read_digits(&plain, base) {
        Some(number) => Ok(Value::integer(number * sign)),
        None => Err(wrong()),
    }
}
