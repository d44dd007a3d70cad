//! Tests of Borsh: published layouts, hostile bytes, and that decoding undoes encoding.

use crate::Context;
use crate::testing::{TestContext, call, function};
use ovsm_value::{Object, Text, Value};
use proptest::prelude::*;
use std::rc::Rc;

fn key(name: &str) -> Value {
    Value::keyword(name)
}

fn form(name: &str, rest: &[Value]) -> Value {
    Value::array(std::iter::once(key(name)).chain(rest.iter().cloned()).collect())
}

fn object(entries: &[(&str, Value)]) -> Value {
    Value::object(
        entries.iter().map(|(name, value)| (Rc::new(Text::new(*name)), value.clone())).collect::<Object>(),
    )
}

fn bytes(bytes: &[u8]) -> Value {
    Value::bytes(bytes.to_vec())
}

#[test]
fn layouts() {
    assert_eq!(call("borsh-encode", &[Value::Int(-2), key("i16")]), r#"b"\xfe\xff""#);
    assert_eq!(call("borsh-encode", &[Value::Int(256), key("u8")]), "error overflow");
    assert_eq!(call("borsh-encode", &[Value::Float(1.0), key("u8")]), "error type");
    assert_eq!(call("borsh-encode", &[Value::Null, form("option", &[key("u8")])]), r#"b"\x00""#);
    assert_eq!(call("borsh-encode", &[bytes(b"ab"), form("vec", &[key("u8")])]), r#"b"\x02\x00\x00\x00ab""#);
    assert_eq!(
        call("borsh-encode", &[bytes(b"ab"), form("array", &[key("u8"), Value::Int(3)])]),
        "error value"
    );
    assert_eq!(call("borsh-encode", &[object(&[]), object(&[("a", key("u8"))])]), "error key");
    let variants = form("enum", &[object(&[("stop", key("unit")), ("go", key("u8"))])]);
    assert_eq!(call("borsh-encode", &[key("stop"), variants.clone()]), r#"b"\x00""#);
    assert_eq!(call("borsh-encode", &[key("fly"), variants.clone()]), "error key");
    assert_eq!(call("borsh-decode", &[bytes(&[1, 9]), variants.clone()]), "{:go 9}");
    assert_eq!(call("borsh-decode", &[bytes(&[0]), variants.clone()]), ":stop");
    assert_eq!(call("borsh-decode", &[bytes(&[2]), variants]), "error parse");
}

#[test]
fn hostile_bytes_and_schemas() {
    let huge = bytes(&[0xff, 0xff, 0xff, 0x7f, 1]);
    for schema in [key("string"), key("bytes"), form("vec", &[key("u64")]), form("vec", &[key("unit")])] {
        assert_eq!(call("borsh-decode", &[huge.clone(), schema]), "error parse");
    }
    assert_eq!(call("borsh-decode", &[bytes(&[1, 0, 0, 0, 0]), form("vec", &[key("unit")])]), "error value");
    let endless = form("array", &[form("array", &[key("u8"), Value::Int(0)]), Value::Int(i64::MAX)]);
    assert_eq!(call("borsh-decode", &[bytes(&[]), endless]), "error value");
    assert_eq!(call("borsh-decode", &[bytes(&[2]), key("bool")]), "error parse");
    assert_eq!(call("borsh-decode", &[bytes(&[1, 2]), key("u8")]), "error parse");
    assert_eq!(call("borsh-decode", &[bytes(&[1]), key("u16")]), "error parse");
    for schema in [
        key("u7"),
        Value::Int(1),
        form("array", &[key("u8"), Value::Int(-1)]),
        form("vec", &[]),
        Value::array(vec![]),
    ] {
        assert_eq!(call("borsh-decode", &[bytes(&[1]), schema]), "error value");
    }
    let mut deep = key("u8");
    for _ in 0..1000 {
        deep = form("tuple", &[deep]);
    }
    assert_eq!(call("borsh-decode", &[bytes(&[1]), deep]), "error limit");
}

/// A schema with a value of it.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    let leaf = prop_oneof![
        any::<u8>().prop_map(|n| (key("u8"), Value::Int(i64::from(n)))),
        any::<i64>().prop_map(|n| (key("i64"), Value::Int(n))),
        any::<u64>().prop_map(|n| (key("u64"), Value::from_i128(i128::from(n)))),
        any::<i128>().prop_map(|n| (key("i128"), Value::from_i128(n))),
        any::<bool>().prop_map(|truth| (key("bool"), Value::Bool(truth))),
        any::<String>().prop_map(|text| (key("string"), Value::string(text))),
        any::<[u8; 32]>().prop_map(|bytes| (key("pubkey"), Value::Pubkey(Rc::new(bytes)))),
        proptest::collection::vec(any::<u8>(), 0..9)
            .prop_map(|bytes| (form("vec", &[key("u8")]), Value::bytes(bytes))),
        Just((form("option", &[key("u8")]), Value::Null)),
        Just((key("unit"), Value::Null)),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|pairs| {
                let (schemas, values): (Vec<Value>, Vec<Value>) = pairs.into_iter().unzip();
                (form("tuple", &schemas), Value::array(values))
            }),
            proptest::collection::vec((any::<String>(), inner.clone()), 0..5).prop_map(|fields| {
                let name = |name: &String| Rc::new(Text::new(name.clone()));
                let schema = fields
                    .iter()
                    .map(|(field, (schema, _))| (name(field), schema.clone()))
                    .collect::<Object>();
                let value =
                    fields.iter().map(|(field, (_, value))| (name(field), value.clone())).collect::<Object>();
                (Value::object(schema), Value::object(value))
            }),
            (inner.clone(), 0..4usize)
                .prop_filter(
                    "items take bytes",
                    |((schema, _), _)| !matches!(schema, Value::Keyword(name) if name.as_str() == "unit")
                )
                .prop_map(|((schema, value), count)| {
                    let wanted = form("tuple", &[key("u8"), schema.clone()]);
                    let item = Value::array(vec![Value::Int(7), value]);
                    (form("vec", &[wanted]), Value::array(vec![item; count]))
                }),
            inner.prop_map(|(schema, value)| (
                form("enum", &[object(&[("none", Value::Null), ("some", form("tuple", &[schema]))])]),
                object(&[("some", Value::array(vec![value]))])
            )),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_undoes_encoding((schema, value) in pair()) {
        let mut context = TestContext::default();
        let encoded = context.call(&function("borsh-encode"), &[value.clone(), schema.clone()]).unwrap();
        let decoded = context.call(&function("borsh-decode"), &[encoded, schema]).unwrap();
        prop_assert_eq!(ovsm_value::write::write(&decoded), ovsm_value::write::write(&value));
    }

    #[test]
    fn no_bytes_are_fatal((schema, _) in pair(), content in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = TestContext::default().call(&function("borsh-decode-prefix"), &[Value::bytes(content), schema]);
    }
}
