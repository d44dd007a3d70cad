//! Regular expressions, in the syntax of the `regex` crate: linear time, no look-around.

use crate::arguments::{at, string};
use crate::native::{Effect, Example, Native};
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, IndexMap, Object, Raised, Text, Value};
use regex::{Regex, RegexBuilder};
use std::cell::RefCell;
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
        module: "std/regex",
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
    native("regex-match", &["regex-match?", "re-matches?"], 2, Some(2), "(pattern text) -> bool", "True if the pattern is found in the text.", &[("(regex-match \"^a+$\" \"aaa\")", "true")], |_, arguments| {
        let pattern = pattern(arguments)?;
        Ok(Value::Bool(pattern.is_match(string("regex-match", arguments, 1)?.as_str())))
    }),
    native("regex-find", &["re-find"], 2, Some(2), "(pattern text) -> string", "The first part that the pattern matches; null if there is none.", &[("(regex-find \"[0-9]+\" \"a12b\")", "\"12\"")], |_, arguments| {
        let pattern = pattern(arguments)?;
        let text = string("regex-find", arguments, 1)?;
        Ok(pattern.find(text.as_str()).map(|found| Value::string(found.as_str())).unwrap_or_default())
    }),
    native("regex-find-all", &["re-seq"], 2, Some(2), "(pattern text) -> array", "All parts that the pattern matches.", &[("(regex-find-all \"[0-9]\" \"a1b2\")", "[\"1\" \"2\"]")], |_, arguments| {
        let pattern = pattern(arguments)?;
        let text = string("regex-find-all", arguments, 1)?;
        Ok(Value::array(pattern.find_iter(text.as_str()).map(|found| Value::string(found.as_str())).collect()))
    }),
    native("regex-groups", &["re-groups"], 2, Some(2), "(pattern text) -> array", "The whole first match and its groups, null for a group that took no part; null without a match. Named groups make an object.", &[("(regex-groups \"(a)(b)?\" \"a\")", "[\"a\" \"a\" null]"), ("(regex-groups \"(?<x>[0-9]+)\" \"a12\")", "{:x \"12\"}")], |_, arguments| {
        let pattern = pattern(arguments)?;
        let text = string("regex-groups", arguments, 1)?;
        let Some(found) = pattern.captures(text.as_str()) else { return Ok(Value::Null) };
        let value = |part: Option<regex::Match<'_>>| part.map(|part| Value::string(part.as_str())).unwrap_or_default();
        if pattern.capture_names().flatten().next().is_some() {
            let mut entries = Object::default();
            for name in pattern.capture_names().flatten() {
                entries.insert(Rc::new(Text::new(name)), value(found.name(name)));
            }
            return Ok(Value::object(entries));
        }
        Ok(Value::array(found.iter().map(value).collect()))
    }),
    native("regex-replace", &["re-replace"], 3, Some(3), "(pattern text replacement) -> string", "The text with all matches replaced; `$1` stands for a group.", &[("(regex-replace \"[0-9]\" \"a1b2\" \"#\")", "\"a#b#\"")], |context, arguments| {
        let pattern = pattern(arguments)?;
        let (text, replacement) = (string("regex-replace", arguments, 1)?.as_str(), string("regex-replace", arguments, 2)?.as_str());
        let mut result = String::new();
        let mut end = 0;
        for found in pattern.captures_iter(text) {
            let Some(whole) = found.get(0) else { continue };
            result.push_str(text.get(end..whole.start()).unwrap_or(""));
            end = whole.end();
            // Every `$` may bring in at most the whole match.
            let groups = replacement.matches('$').count().saturating_mul(whole.len());
            context.reserve(result.len().saturating_add(groups).saturating_add(replacement.len()))?;
            context.charge(1)?;
            found.expand(replacement, &mut result);
        }
        context.reserve(result.len().saturating_add(text.len()))?;
        result.push_str(text.get(end..).unwrap_or(""));
        Ok(Value::string(result))
    }),
    native("regex-split", &["re-split"], 2, Some(2), "(pattern text) -> array", "The parts of a text between matches.", &[("(regex-split \",\\\\s*\" \"a, b,c\")", "[\"a\" \"b\" \"c\"]")], |_, arguments| {
        let pattern = pattern(arguments)?;
        let text = string("regex-split", arguments, 1)?;
        Ok(Value::array(pattern.split(text.as_str()).map(Value::string).collect()))
    }),
    native("regex-escape", &["regex-quote"], 1, Some(1), "(text) -> string", "A pattern that matches exactly a text.", &[("(regex-match (regex-escape \"a.b\") \"axb\")", "false")], |_, arguments| Ok(Value::string(regex::escape(string("regex-escape", arguments, 0)?.as_str())))),
];

/// How many compiled patterns a thread keeps.
const CACHE: usize = 64;

/// How many bytes a compiled pattern may take.
const MAX_PATTERN_BYTES: usize = 1 << 20;

thread_local! {
    static PATTERNS: RefCell<IndexMap<Rc<Text>, Regex>> = RefCell::default();
}

/// The compiled pattern of the first argument.
fn pattern(arguments: &[Value]) -> Result<Regex, Raised> {
    let text = string("regex", arguments, 0)?;
    let _ = at(arguments, 1);
    let known = PATTERNS.with_borrow(|patterns| patterns.get(text).cloned());
    if let Some(pattern) = known {
        return Ok(pattern);
    }
    let pattern = RegexBuilder::new(text.as_str())
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|error| {
            let message = error.to_string();
            let line = message.lines().last().unwrap_or("").trim_start_matches("error: ").to_string();
            raise(ErrorKind::Type, format!("the pattern is no regular expression: {line}"))
        })?;
    PATTERNS.with_borrow_mut(|patterns| {
        if patterns.len() >= CACHE {
            patterns.shift_remove_index(0);
        }
        patterns.insert(Rc::clone(text), pattern.clone());
    });
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use ovsm_value::Value;

    fn run(name: &str, texts: &[&str]) -> String {
        call(name, &texts.iter().map(|text| Value::string(*text)).collect::<Vec<_>>())
    }

    #[test]
    fn replaces() {
        assert_eq!(run("regex-replace", &["[0-9]", "a1b2c", "#"]), "\"a#b#c\"");
        assert_eq!(run("regex-replace", &["(a)(b)", "xabab", "${2}$1-"]), "\"xba-ba-\"");
        assert_eq!(run("regex-replace", &["x*", "aé", "-"]), "\"-a-é-\"");
        assert_eq!(run("regex-replace", &["a", "b", "c"]), "\"b\"");
    }

    #[test]
    fn large_patterns_and_results_are_refused() {
        for pattern in ["a{1000}{1000}", "(", "(?=a)"] {
            assert_eq!(run("regex-match", &[pattern, ""]), "error type", "{pattern}");
        }
        let text = "a".repeat(1 << 20);
        assert_eq!(run("regex-replace", &["(?s).*", &text, &"$0".repeat(2000)]), "error limit");
    }
}
