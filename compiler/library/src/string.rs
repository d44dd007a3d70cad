//! Strings and characters.

use crate::arguments::{at, count, integer, items, string, take};
use crate::context::Context;
use crate::native::{Effect, Example, Native};
use ovsm_value::error::{raise, type_error};
use ovsm_value::write::display;
use ovsm_value::{ErrorKind, Raised, Value};

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
        module: "std/string",
        signature,
        doc,
        examples,
        min,
        max,
        effect: Effect::Pure,
        run,
    }
}

/// The natives of this module.
#[rustfmt::skip]
pub const NATIVES: &[Native] = &[
    native("upper", &["upcase", "to-upper", "toUpperCase", "touppercase", "string-upcase", "char-upcase"], 1, Some(1), "(text) -> string", "The text in upper case; of a character, the character.", &[("(upper \"abc\")", "\"ABC\"")], |_, arguments| map_text("upper", arguments, |text| text.to_uppercase())),
    native("lower", &["downcase", "to-lower", "toLowerCase", "tolowercase", "string-downcase", "char-downcase"], 1, Some(1), "(text) -> string", "The text in lower case; of a character, the character.", &[("(lower \"ABC\")", "\"abc\"")], |_, arguments| map_text("lower", arguments, |text| text.to_lowercase())),
    native("capitalize", &["string-capitalize", "title-case"], 1, Some(1), "(text) -> string", "The text with the first letter of each word in upper case, the others in lower case.", &[("(capitalize \"hello world\")", "\"Hello World\"")], |_, arguments| map_text("capitalize", arguments, capitalized)),
    native("trim", &[], 1, Some(1), "(text) -> string", "The text without blanks at its ends.", &[("(trim \"  a \")", "\"a\"")], |_, arguments| map_text("trim", arguments, |text| text.trim().to_string())),
    native("trim-start", &["trim-left"], 1, Some(1), "(text) -> string", "The text without blanks at its start.", &[("(trim-start \" a \")", "\"a \"")], |_, arguments| map_text("trim-start", arguments, |text| text.trim_start().to_string())),
    native("trim-end", &["trim-right"], 1, Some(1), "(text) -> string", "The text without blanks at its end.", &[("(trim-end \" a \")", "\" a\"")], |_, arguments| map_text("trim-end", arguments, |text| text.trim_end().to_string())),
    native("split", &["string-split"], 1, Some(2), "(text separator) -> array", "The parts of a text between separators; without a separator, its words.", &[("(split \"a,b\" \",\")", "[\"a\" \"b\"]"), ("(split \" a  b \")", "[\"a\" \"b\"]")], |context, arguments| {
        let text = string("split", arguments, 0)?.as_str().to_string();
        context.reserve(text.len().saturating_mul(2))?;
        if arguments.len() == 1 {
            return Ok(texts(text.split_whitespace()));
        }
        let separator = match at(arguments, 1) {
            Value::Char(c) => c.to_string(),
            _ => string("split", arguments, 1)?.as_str().to_string(),
        };
        if separator.is_empty() {
            return Ok(Value::array(text.chars().map(|c| Value::string(c.to_string())).collect()));
        }
        Ok(texts(text.split(separator.as_str())))
    }),
    native("lines", &["split-lines"], 1, Some(1), "(text) -> array", "The lines of a text.", &[("(lines \"a\\nb\")", "[\"a\" \"b\"]")], |_, arguments| Ok(texts(string("lines", arguments, 0)?.as_str().lines()))),
    native("words", &[], 1, Some(1), "(text) -> array", "The words of a text.", &[("(words \"a b\")", "[\"a\" \"b\"]")], |_, arguments| Ok(texts(string("words", arguments, 0)?.as_str().split_whitespace()))),
    native("chars", &["string->list", "characters"], 1, Some(1), "(text) -> array", "The characters of a text.", &[("(chars \"ab\")", "[#\\a #\\b]")], |context, arguments| {
        let text = string("chars", arguments, 0)?.as_str().to_string();
        context.reserve(text.len().saturating_mul(size_of::<Value>()))?;
        Ok(Value::array(text.chars().map(Value::Char).collect()))
    }),
    native("join", &["string-join"], 1, Some(2), "(sequence separator) -> string", "The texts of the items with a separator between them; the operands may be exchanged.", &[("(join [1 \"b\"] \", \")", "\"1, b\""), ("(join \"-\" [1 2])", "\"1-2\"")], |context, arguments| {
        if matches!(at(arguments, 0), Value::String(_)) && arguments.len() == 2 && !matches!(at(arguments, 1), Value::String(_)) {
            arguments.swap(0, 1);
        }
        let separator = match at(arguments, 1) {
            Value::Null => "",
            Value::String(text) => text.as_str(),
            other => return Err(type_error("join", "a string as separator", other)),
        };
        let mut text = String::new();
        for (n, item) in items("join", at(arguments, 0))?.iter().enumerate() {
            if n > 0 {
                text.push_str(separator);
            }
            ovsm_value::write::display_to(&mut text, item);
            context.reserve(text.len() / (n + 1))?;
        }
        Ok(Value::string(text))
    }),
    native("replace", &["string-replace", "replace-all"], 3, Some(3), "(text old new) -> string", "The text with each occurrence of a part replaced.", &[("(replace \"a-b-c\" \"-\" \"+\")", "\"a+b+c\"")], |context, arguments| {
        let (text, old, new) = (string("replace", arguments, 0)?, string("replace", arguments, 1)?, string("replace", arguments, 2)?);
        context.reserve(text.as_str().len().saturating_mul(new.as_str().len().max(1)).min(text.as_str().matches(old.as_str()).count().saturating_mul(new.as_str().len()).saturating_add(text.as_str().len())))?;
        Ok(Value::string(text.as_str().replace(old.as_str(), new.as_str())))
    }),
    native("replace-first", &[], 3, Some(3), "(text old new) -> string", "The text with the first occurrence of a part replaced.", &[("(replace-first \"aa\" \"a\" \"b\")", "\"ba\"")], |_, arguments| {
        let (text, old, new) = (string("replace-first", arguments, 0)?, string("replace-first", arguments, 1)?, string("replace-first", arguments, 2)?);
        Ok(Value::string(text.as_str().replacen(old.as_str(), new.as_str(), 1)))
    }),
    native("substring", &["subs"], 2, Some(3), "(text from to) -> string", "The characters from a position up to another, clamped; negative positions count from the end; exchanged if the first is larger.", &[("(substring \"hello\" 1 3)", "\"el\""), ("(substring \"hello\" -3)", "\"llo\""), ("(substring \"abc\" 2 9)", "\"c\"")], |_, arguments| {
        let text = string("substring", arguments, 0)?;
        let length = text.char_count() as i64;
        let clamp = |index: i64| if index < 0 { (index.saturating_add(length)).max(0) } else { index.min(length) } as usize;
        let from = clamp(integer("substring", arguments, 1)?);
        let to = if arguments.len() == 3 && !matches!(at(arguments, 2), Value::Null) { clamp(integer("substring", arguments, 2)?) } else { length as usize };
        Ok(Value::string(text.slice(from.min(to), from.max(to))))
    }),
    native("char-at", &["charAt", "charat", "string-ref"], 2, Some(2), "(text index) -> string", "The text of one character at a position; empty if it is outside.", &[("(char-at \"abc\" 1)", "\"b\""), ("(char-at \"abc\" 9)", "\"\"")], |_, arguments| {
        let text = string("char-at", arguments, 0)?;
        let index = integer("char-at", arguments, 1)?;
        let place = crate::arguments::position(index, text.char_count());
        Ok(Value::string(place.and_then(|place| text.char_at(place)).map(String::from).unwrap_or_default()))
    }),
    native("starts-with?", &["starts-with", "string-prefix?", "prefix?"], 2, Some(2), "(text part) -> bool", "True if a text begins with a part.", &[("(starts-with? \"hello\" \"he\")", "true")], |_, arguments| Ok(Value::Bool(string("starts-with?", arguments, 0)?.as_str().starts_with(string("starts-with?", arguments, 1)?.as_str())))),
    native("ends-with?", &["ends-with", "string-suffix?", "suffix?"], 2, Some(2), "(text part) -> bool", "True if a text ends with a part.", &[("(ends-with? \"hello\" \"lo\")", "true")], |_, arguments| Ok(Value::Bool(string("ends-with?", arguments, 0)?.as_str().ends_with(string("ends-with?", arguments, 1)?.as_str())))),
    native("pad-left", &["pad-start", "lpad"], 2, Some(3), "(text width filler) -> string", "The text with blanks, or a filler, before it until it has so many characters.", &[("(pad-left \"7\" 3 \"0\")", "\"007\"")], |context, arguments| pad(context, "pad-left", arguments, 0)),
    native("pad-right", &["pad-end", "rpad"], 2, Some(3), "(text width filler) -> string", "The text with blanks, or a filler, after it until it has so many characters.", &[("(pad-right \"7\" 3)", "\"7  \"")], |context, arguments| pad(context, "pad-right", arguments, 2)),
    native("center", &[], 2, Some(3), "(text width filler) -> string", "The text with blanks, or a filler, around it until it has so many characters.", &[("(center \"a\" 3)", "\" a \"")], |context, arguments| pad(context, "center", arguments, 1)),
    native("blank?", &["string-blank?"], 1, Some(1), "(text) -> bool", "True if a text has nothing but blanks.", &[("(blank? \" \")", "true")], |_, arguments| match at(arguments, 0) {
        Value::Null => Ok(Value::Bool(true)),
        _ => Ok(Value::Bool(string("blank?", arguments, 0)?.as_str().trim().is_empty())),
    }),
    native("digit?", &["isdigit?", "is-digit?", "digit-char-p"], 1, Some(1), "(text) -> bool", "True if all characters are digits, and there is one.", &[("(digit? \"12\")", "true"), ("(digit? \"\")", "false")], |_, arguments| all_chars("digit?", arguments, |c| c.is_numeric())),
    native("alpha?", &["isalpha?", "is-alpha?", "alpha-char-p"], 1, Some(1), "(text) -> bool", "True if all characters are letters, and there is one.", &[("(alpha? \"ab\")", "true")], |_, arguments| all_chars("alpha?", arguments, char::is_alphabetic)),
    native("alnum?", &["isalnum?", "is-alnum?", "alphanumericp"], 1, Some(1), "(text) -> bool", "True if all characters are letters or digits, and there is one.", &[("(alnum? \"a1\")", "true")], |_, arguments| all_chars("alnum?", arguments, char::is_alphanumeric)),
    native("space?", &["isspace?", "is-space?"], 1, Some(1), "(text) -> bool", "True if all characters are blanks, and there is one.", &[("(space? \" \")", "true")], |_, arguments| all_chars("space?", arguments, char::is_whitespace)),
    native("upper?", &["upper-case-p"], 1, Some(1), "(text) -> bool", "True if all characters are upper case letters.", &[("(upper? \"AB\")", "true")], |_, arguments| all_chars("upper?", arguments, char::is_uppercase)),
    native("lower?", &["lower-case-p"], 1, Some(1), "(text) -> bool", "True if all characters are lower case letters.", &[("(lower? \"ab\")", "true")], |_, arguments| all_chars("lower?", arguments, char::is_lowercase)),
    native("string=", &["string-equal", "char="], 2, Some(2), "(text text) -> bool", "True if two texts are equal.", &[("(string= \"a\" \"a\")", "true")], |_, arguments| ordered("string=", arguments, |a, b| a == b)),
    native("string/=", &["string-not-equal"], 2, Some(2), "(text text) -> bool", "True if two texts are not equal.", &[("(string/= \"a\" \"b\")", "true")], |_, arguments| ordered("string/=", arguments, |a, b| a != b)),
    native("string<", &["string-lessp", "char<"], 2, Some(2), "(text text) -> bool", "True if the first text comes before the second.", &[("(string< \"a\" \"b\")", "true")], |_, arguments| ordered("string<", arguments, |a, b| a < b)),
    native("string>", &["string-greaterp", "char>"], 2, Some(2), "(text text) -> bool", "True if the first text comes after the second.", &[("(string> \"b\" \"a\")", "true")], |_, arguments| ordered("string>", arguments, |a, b| a > b)),
    native("string<=", &["char<="], 2, Some(2), "(text text) -> bool", "True unless the first text comes after the second.", &[("(string<= \"a\" \"a\")", "true")], |_, arguments| ordered("string<=", arguments, |a, b| a <= b)),
    native("string>=", &["char>="], 2, Some(2), "(text text) -> bool", "True unless the first text comes before the second.", &[("(string>= \"a\" \"a\")", "true")], |_, arguments| ordered("string>=", arguments, |a, b| a >= b)),
    native("kebab-case", &[], 1, Some(1), "(text) -> string", "The words of a name in lower case with hyphens between.", &[("(kebab-case \"fooBar baz\")", "\"foo-bar-baz\"")], |_, arguments| map_text("kebab-case", arguments, |text| parts(text).join("-"))),
    native("snake-case", &[], 1, Some(1), "(text) -> string", "The words of a name in lower case with underscores between.", &[("(snake-case \"fooBar\")", "\"foo_bar\"")], |_, arguments| map_text("snake-case", arguments, |text| parts(text).join("_"))),
    native("camel-case", &[], 1, Some(1), "(text) -> string", "The words of a name, each but the first with an upper case letter.", &[("(camel-case \"foo-bar\")", "\"fooBar\"")], |_, arguments| map_text("camel-case", arguments, |text| {
        parts(text).iter().enumerate().map(|(n, part)| if n == 0 { part.clone() } else { capitalized(part) }).collect()
    })),
    native("levenshtein", &["edit-distance"], 2, Some(2), "(text text) -> int", "How many characters have to be replaced, put in or taken out to make one text of the other.", &[("(levenshtein \"kitten\" \"sitting\")", "3")], |context, arguments| {
        let a: Vec<char> = string("levenshtein", arguments, 0)?.as_str().chars().collect();
        let b: Vec<char> = string("levenshtein", arguments, 1)?.as_str().chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (n, x) in a.iter().enumerate() {
            let mut next = vec![n + 1];
            for (m, y) in b.iter().enumerate() {
                // Paid as it goes: a run that is out of time ends here.
                if m % 1000 == 0 {
                    context.charge(125)?;
                }
                let get = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(0);
                let best = (get(&row, m) + usize::from(x != y)).min(get(&row, m + 1) + 1).min(get(&next, m) + 1);
                next.push(best);
            }
            row = next;
        }
        Ok(Value::from_usize(row.last().copied().unwrap_or(0)))
    }),
];

fn texts<'t>(parts: impl Iterator<Item = &'t str>) -> Value {
    Value::array(parts.map(Value::string).collect())
}

/// Changes a text; a character becomes the character that is left.
fn map_text(operation: &str, arguments: &mut [Value], step: fn(&str) -> String) -> Result<Value, Raised> {
    match at(arguments, 0) {
        Value::String(text) => Ok(Value::string(step(text.as_str()))),
        Value::Char(c) => {
            let changed = step(&c.to_string());
            let mut chars = changed.chars();
            Ok(match (chars.next(), chars.next()) {
                (Some(only), None) => Value::Char(only),
                _ => take(arguments, 0),
            })
        }
        other => Err(type_error(operation, "a string", other)),
    }
}

fn capitalized(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if c.is_alphanumeric() {
            if in_word {
                result.extend(c.to_lowercase());
            } else {
                result.extend(c.to_uppercase());
            }
            in_word = true;
        } else {
            result.push(c);
            in_word = c == '\'' && in_word;
        }
    }
    result
}

/// The words of a name, in lower case: between blanks, hyphens and underscores, and where an upper case letter follows a
/// lower case one.
fn parts(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut last_lower = false;
    for c in text.chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && last_lower {
                words.push(std::mem::take(&mut word));
            }
            last_lower = c.is_lowercase() || c.is_numeric();
            word.extend(c.to_lowercase());
        } else {
            last_lower = false;
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Pads a text; `side` is 0 for before it, 2 for after it, 1 for both.
fn pad(context: &mut dyn Context, operation: &str, arguments: &[Value], side: u8) -> Result<Value, Raised> {
    let text = match at(arguments, 0) {
        Value::String(text) => text.as_str().to_string(),
        other => display(other),
    };
    let width = count(operation, arguments, 1)?;
    let filler = match at(arguments, 2) {
        Value::Null => " ".to_string(),
        Value::Char(c) => c.to_string(),
        _ => string(operation, arguments, 2)?.as_str().to_string(),
    };
    if filler.is_empty() {
        return Err(raise(ErrorKind::Value, format!("`{operation}`: the filler is empty")));
    }
    let missing = width.saturating_sub(text.chars().count());
    context.reserve(missing.saturating_mul(4))?;
    let fill = |n: usize| filler.chars().cycle().take(n).collect::<String>();
    let (before, after) = match side {
        0 => (missing, 0),
        1 => (missing / 2, missing - missing / 2),
        _ => (0, missing),
    };
    Ok(Value::string(format!("{}{text}{}", fill(before), fill(after))))
}

fn all_chars(operation: &str, arguments: &[Value], holds: fn(char) -> bool) -> Result<Value, Raised> {
    Ok(Value::Bool(match at(arguments, 0) {
        Value::Char(c) => holds(*c),
        Value::String(text) => !text.as_str().is_empty() && text.as_str().chars().all(holds),
        other => return Err(type_error(operation, "a string or a character", other)),
    }))
}

fn ordered(operation: &str, arguments: &[Value], holds: fn(&str, &str) -> bool) -> Result<Value, Raised> {
    let text = |n: usize| match at(arguments, n) {
        Value::String(text) | Value::Keyword(text) => Ok(text.as_str().to_string()),
        Value::Char(c) => Ok(c.to_string()),
        Value::Symbol(symbol) => Ok(symbol.name.to_string()),
        other => Err(type_error(operation, "strings", other)),
    };
    Ok(Value::Bool(holds(&text(0)?, &text(1)?)))
}
