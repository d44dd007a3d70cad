//! Assertions of tests: what was expected, what was found, and where the two differ.

use crate::arguments::{at, take};
use crate::native::{Effect, Example, Native};
use ovsm_value::compare::{compare, equal};
use ovsm_value::error::raise;
use ovsm_value::write::{brief, display, write};
use ovsm_value::{ErrorKind, Raised, Value, number};
use std::cmp::Ordering;

const fn native(
    name: &'static str,
    min: u8,
    max: Option<u8>,
    signature: &'static str,
    doc: &'static str,
    examples: &'static [Example],
    run: crate::NativeFn,
) -> Native {
    Native {
        name,
        aliases: &[],
        module: "std/test",
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
    native("assert=", 2, Some(3), "(expected actual message) -> null", "An `:assertion` error unless both are equal; it says where they differ.", &[("(assert= 3 (+ 1 2))", "null")], |_, arguments| {
        if equal(at(arguments, 0), at(arguments, 1)) {
            return Ok(Value::Null);
        }
        let mut text = headline(arguments, 2, "the values differ");
        text.push_str(&format!("\n  expected: {}\n  found:    {}", brief(at(arguments, 0)), brief(at(arguments, 1))));
        let mut path = String::new();
        let differences = differences(at(arguments, 0), at(arguments, 1), &mut path);
        if differences.len() > 1 || differences.first().is_some_and(|(path, ..)| !path.is_empty()) {
            for (path, expected, found) in differences.iter().take(10) {
                text.push_str(&format!("\n  at {}: expected {expected}, found {found}", if path.is_empty() { "the top" } else { path }));
            }
            if differences.len() > 10 {
                text.push_str(&format!("\n  … and {} more", differences.len() - 10));
            }
        }
        Err(raise(ErrorKind::Assertion, text))
    }),
    native("assert-not=", 2, Some(3), "(unexpected actual message) -> null", "An `:assertion` error if both are equal.", &[("(assert-not= 1 2)", "null")], |_, arguments| {
        if !equal(at(arguments, 0), at(arguments, 1)) {
            return Ok(Value::Null);
        }
        Err(raise(ErrorKind::Assertion, format!("{}: both are {}", headline(arguments, 2, "the values are equal"), brief(at(arguments, 0)))))
    }),
    native("assert-true", 1, Some(3), "(value message shown) -> null", "An `:assertion` error unless the value is true.", &[("(assert-true 1)", "null")], |_, arguments| holds(arguments, at(arguments, 0).is_true(), "a true value")),
    native("assert-false", 1, Some(3), "(value message shown) -> null", "An `:assertion` error unless the value is false.", &[("(assert-false [])", "null")], |_, arguments| holds(arguments, !at(arguments, 0).is_true(), "a false value")),
    native("assert-null", 1, Some(3), "(value message shown) -> null", "An `:assertion` error unless the value is null.", &[("(assert-null null)", "null")], |_, arguments| holds(arguments, matches!(at(arguments, 0), Value::Null), "null")),
    native("assert-near", 3, Some(4), "(expected actual tolerance message) -> null", "An `:assertion` error unless two numbers differ by no more than a tolerance.", &[("(assert-near 0.3 (+ 0.1 0.2) 1e-9)", "null")], |_, arguments| {
        let distance = number::abs(&number::sub(at(arguments, 0), at(arguments, 1))?)?;
        if matches!(compare(&distance, at(arguments, 2)), Some(Ordering::Less | Ordering::Equal)) {
            return Ok(Value::Null);
        }
        Err(raise(
            ErrorKind::Assertion,
            format!("{}\n  expected: {} ± {}\n  found:    {}", headline(arguments, 3, "the numbers are not near"), brief(at(arguments, 0)), brief(at(arguments, 2)), brief(at(arguments, 1))),
        ))
    }),
    Native { module: "std/internal", ..native("#assert-error", 2, Some(2), "(outcome kind) -> error", "The error that an outcome is, of a kind.", &[], |_, arguments| match (at(arguments, 0), at(arguments, 1)) {
        (Value::Error(error), Value::Keyword(kind)) if error.kind.name() != kind.as_str() => Err(raise(
            ErrorKind::Assertion,
            format!("an error of kind `:{}` was expected, but it is `:{}`: {}", kind.as_str(), error.kind.name(), error.message),
        )),
        (Value::Error(_), _) => Ok(take(arguments, 0)),
        (other, _) => Err(raise(
            ErrorKind::Assertion,
            format!("an error was expected, but the value is {}", other.as_items().and_then(|items| items.first()).map(brief).unwrap_or_default()),
        )),
    }) },
];

fn headline(arguments: &[Value], position: usize, default: &str) -> String {
    match at(arguments, position) {
        Value::Null => default.to_string(),
        message => display(message),
    }
}

fn holds(arguments: &[Value], holds: bool, wanted: &str) -> Result<Value, Raised> {
    if holds {
        return Ok(Value::Null);
    }
    let found = brief(at(arguments, 0));
    let mut text = format!(
        "{}\n  expected: {wanted}\n  found:    {found}",
        headline(arguments, 1, "the value is another")
    );
    // The compiler tells the operands of the value and what they were.
    for pair in at(arguments, 2).as_items().unwrap_or(&[]).chunks(2) {
        text.push_str(&format!("\n  {} is {}", display(at(pair, 0)), brief(at(pair, 1))));
    }
    Err(raise(ErrorKind::Assertion, text))
}

/// Where a difference is, what was expected there, and what was found.
type Difference = (String, String, String);

/// The places where two values differ, at most a few hundred.
fn differences(expected: &Value, found: &Value, path: &mut String) -> Vec<Difference> {
    const LIMIT: usize = 200;
    let mut list = Vec::new();
    let length = path.len();
    match (expected, found) {
        (Value::Array(a) | Value::List(a), Value::Array(b) | Value::List(b)) => {
            for n in 0..a.len().max(b.len()) {
                path.push_str(&format!("[{n}]"));
                match (a.get(n), b.get(n)) {
                    (Some(a), Some(b)) if equal(a, b) => {}
                    (Some(a), Some(b)) => {
                        list.extend(ovsm_base::stack::with_room(|| differences(a, b, path)))
                    }
                    (Some(a), None) => list.push((path.clone(), brief(a), "nothing".to_string())),
                    (None, Some(b)) => list.push((path.clone(), "nothing".to_string(), brief(b))),
                    (None, None) => {}
                }
                path.truncate(length);
                if list.len() > LIMIT {
                    break;
                }
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a.iter() {
                path.push_str(&format!("[{}]", write(&Value::Keyword(std::rc::Rc::clone(key)))));
                match b.get(key) {
                    Some(other) if equal(value, other) => {}
                    Some(other) => {
                        list.extend(ovsm_base::stack::with_room(|| differences(value, other, path)))
                    }
                    None => list.push((path.clone(), brief(value), "nothing".to_string())),
                }
                path.truncate(length);
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                let key = write(&Value::Keyword(std::rc::Rc::clone(key)));
                list.push((format!("{path}[{key}]"), "nothing".to_string(), brief(value)));
            }
        }
        (Value::String(a), Value::String(b)) if a.as_str().contains('\n') && b.as_str().contains('\n') => {
            let (mut a, mut b) = (a.as_str().split('\n'), b.as_str().split('\n'));
            let blank = if path.is_empty() { "" } else { " " };
            let shown = |line: Option<&str>| match line {
                Some(line) => brief(&Value::string(line)),
                None => "nothing".to_string(),
            };
            for n in 1.. {
                let (a, b) = (a.next(), b.next());
                if a.is_none() && b.is_none() || list.len() > LIMIT {
                    break;
                }
                if a != b {
                    list.push((format!("{path}{blank}line {n}"), shown(a), shown(b)));
                }
            }
        }
        _ => list.push((path.clone(), brief(expected), brief(found))),
    }
    list
}
