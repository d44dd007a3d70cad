//! Tests of both directions of JSON.

use crate::Context;
use crate::testing::{TestContext, call, function};
use num_bigint::BigInt;
use ovsm_value::{Object, Raised, Text, Unwind, Value};
use proptest::prelude::*;
use std::rc::Rc;

fn parse(text: &str) -> Result<Value, Raised> {
    TestContext::default().call(&function("parse-json"), &[Value::string(text)])
}

fn message(text: &str) -> String {
    match *parse(text).unwrap_err() {
        Unwind::Error(error) => format!("{}: {}", error.kind.name(), error.message),
        _ => String::new(),
    }
}

#[test]
fn reads_every_kind_of_value() {
    let read = |text: &str| call("parse-json", &[Value::string(text)]);
    assert_eq!(
        read(" [1, -2, 3.5, 1e3, true, false, null, \"a\\u00e9\\ud83d\\ude00\\n\"] "),
        "[1 -2 3.5 1000.0 true false null \"aé😀\\n\"]"
    );
    assert_eq!(read("{\"a\": 1, \"b\": {}, \"a\": 2}"), "{:a 2 :b {}}");
    assert_eq!(read("18446744073709551615"), "18446744073709551615");
    assert_eq!(read("-9223372036854775809"), "-9223372036854775809");
    assert_eq!(read("[]"), "[]");
}

#[test]
fn errors_say_where() {
    assert_eq!(
        message("{\"a\":\n  tru}"),
        "parse: `parse-json`: line 2, column 3: expected `true`, but found `t`"
    );
    assert!(message("[1,]").contains("line 1, column 4: expected a JSON value, but found `]`"));
    for text in [
        "",
        "[",
        "{",
        "{\"a\"}",
        "{a:1}",
        "01",
        "1.",
        ".5",
        "-",
        "1e",
        "\"a",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\u{1}\"",
        "nul",
        "1 2",
        "[1 2]",
        "NaN",
        "'a'",
        "1e999",
        "\"\\u12",
    ] {
        assert!(message(text).starts_with("parse: "), "{text}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(&nested(512)).is_ok());
    assert!(message(&nested(513)).starts_with("limit"));
    assert!(message(&"[".repeat(1_000_000)).starts_with("limit"));
    assert!(message(&"9".repeat(100_001)).starts_with("limit"));
    let mut deep = Value::Null;
    for _ in 0..600 {
        deep = Value::array(vec![deep]);
    }
    assert_eq!(call("json-stringify", &[deep]), "error limit");
}

#[test]
fn options_of_the_original() {
    let object = |entries: &[(&str, Value)]| {
        Value::object(
            entries.iter().map(|(key, value)| (Rc::new(Text::new(*key)), value.clone())).collect::<Object>(),
        )
    };
    assert_eq!(call("parse-json", &[object(&[("json", Value::string("[1]"))])]), "[1]");
    let options = object(&[("value", Value::array(vec![Value::Int(1)])), ("pretty", Value::Bool(true))]);
    assert_eq!(call("json-stringify", &[options]), "\"[\\n  1\\n]\"");
    assert_eq!(call("json-stringify", &[object(&[("value", Value::Int(1))])]), "\"{\\\"value\\\":1}\"");
    assert_eq!(call("json-stringify", &[Value::array(vec![]), Value::keyword("pretty")]), "\"[]\"");
    assert_eq!(call("json-stringify", &[Value::Int(1), Value::keyword("prety")]), "error type");
}

#[test]
fn what_json_can_not_express_is_an_error() {
    assert_eq!(call("json-stringify", &[Value::Float(f64::NAN)]), "error value");
    assert_eq!(call("json-stringify", &[function("parse-json")]), "error type");
    assert_eq!(call("json-stringify", &[Value::Float(4.0)]), "\"4.0\"");
    assert_eq!(call("json-stringify", &[Value::bytes(vec![1, 255])]), "\"[1,255]\"");
    assert_eq!(call("parse-json", &[Value::Int(1)]), "error type");
    assert_eq!(call("parse-json", &[Value::bytes(vec![0xff])]), "error value");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<(u128, bool)>().prop_map(|(n, negative)| Value::integer(if negative {
            -BigInt::from(n) * 7
        } else {
            BigInt::from(n) * 7
        })),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Float),
        any::<String>().prop_map(Value::string),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::array),
            proptest::collection::vec((any::<String>(), inner), 0..6).prop_map(|entries| Value::object(
                entries.into_iter().map(|(key, value)| (Rc::new(Text::new(key)), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn reading_undoes_writing(value in any_value(), pretty in any::<bool>()) {
        let mut context = TestContext::default();
        let text = context.call(&function("json-stringify"), &[value.clone(), Value::keyword("pretty"), Value::Bool(pretty)]).unwrap();
        let back = context.call(&function("parse-json"), &[text]).unwrap();
        prop_assert_eq!(ovsm_value::write::write(&back), ovsm_value::write::write(&value));
    }

    #[test]
    fn no_text_is_fatal(text in "[\\[\\]{}\",:0-9eE.+\\-tfn\\\\u \\n]{0,40}") {
        let _ = parse(&text);
    }
}
