//! The invariants of the fuzz targets, with random texts, programs, values and bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, missing_docs)]
mod invariants;

use num_bigint::BigInt;
use ovsm_base::IntType;
use ovsm_value::compare::Key;
use ovsm_value::decimal::Decimal;
use ovsm_value::{Object, Set, Text, Value};
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::LazyLock;

static SHAPES: LazyLock<Vec<String>> = LazyLock::new(invariants::program::shapes);

/// Texts of the language's characters, far more often well-formed than any characters are.
fn any_text() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        6 => prop::sample::select(vec![
            "(", ")", "[", "]", "{", "}", "#{", "'", "`", ",", ",@", "#'", "#;", ";;; d\n", "\n", "\"s\"", "\"", "b\"\\xff\"",
            "#\\a", ":k", ":", "1", "1.5", "255u8", "x", "f", "&rest", "&optional", "&key", "...", "->", ".", "null", "_",
        ]).prop_map(str::to_string),
        3 => prop::sample::select(vec![
            "(define x", "(defn f (x)", "(let ((x 1))", "(fn (x)", "(match x (", "(defmacro m (x)", "(loop for x in", "(try",
            "(defrecord R", "(defenum E", "(pub", "(export x)", "(import a/b)", "(setf", "(labels ((f (x)", "(deftype T",
            "(macrolet ((m (x)", "(case x", "(tagbody", "(format null \"~{~a~}\"", "(inject x)", "(m", "(deftest t",
        ]).prop_map(str::to_string),
        1 => any::<String>(),
    ];
    prop::collection::vec(words, 0..25).prop_map(|words| words.join(" "))
}

/// Any data value.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        prop::collection::vec(
            prop::sample::select(vec![
                '"',
                '\\',
                '\n',
                '\r',
                '\t',
                '\0',
                '\u{7f}',
                '\u{85}',
                '\u{2028}',
                '\u{202e}',
                'λ',
                '\u{1F600}',
                '\u{feff}',
                ' ',
                'a'
            ]),
            0..6
        )
        .prop_map(|letters| letters.into_iter().collect()),
    ];
    let number = prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (any::<i128>(), 0..40u32).prop_map(|(n, power)| Value::integer(BigInt::from(n) << power)),
        (prop::sample::select(IntType::ALL.to_vec()), any::<i128>())
            .prop_map(|(ty, n)| { ovsm_value::number::FixedType(ty).wrap(&BigInt::from(n)) }),
        any::<f64>().prop_map(Value::Float),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            1e300,
            5e-324,
            1e16,
            4.0
        ])
        .prop_map(Value::Float),
        (any::<i64>(), 0..30usize).prop_map(|(n, scale)| {
            let digits = format!("{:0>width$}", n.unsigned_abs(), width = scale + 1);
            let (whole, part) = digits.split_at(digits.len() - scale);
            let sign = if n < 0 { "-" } else { "" };
            let dot = if scale > 0 { "." } else { "" };
            Value::Decimal(Rc::new(Decimal::parse(&format!("{sign}{whole}{dot}{part}")).unwrap()))
        }),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        any::<char>().prop_map(Value::Char),
        prop::sample::select(vec![' ', '\n', '\0', '(', ')', '"', ';', '\u{7f}', '\u{301}', '\u{2028}'])
            .prop_map(Value::Char),
        text.clone().prop_map(Value::string),
        "[a-zλ*!?<>=/:@.]([a-zλ0-9*!?<>=/#|@-]{1,8})?".prop_map(|name| Value::symbol(&name)),
        "[a-zλ*!?<>=+-][a-zλ0-9*!?<>=-]{0,8}".prop_map(Value::keyword),
        prop_oneof![
            Just("nil".to_string()),
            Just("true".to_string()),
            Just("#record".to_string()),
            any::<String>()
        ]
        .prop_map(|name| Value::symbol(&name)),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::bytes),
        any::<[u8; 32]>().prop_map(|bytes| Value::Pubkey(Rc::new(bytes))),
        any::<[u8; 32]>().prop_map(|bytes| {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&bytes);
            Value::Signature(Rc::new(signature))
        }),
    ];
    // Lists that look like the calls that some values are written as.
    let head = prop::sample::select(vec![
        "range",
        "decimal",
        "pubkey",
        "signature",
        "symbol",
        "keyword",
        "quote",
        "#record",
        "#object",
        "#set",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let look_alike =
            (head.clone(), prop::collection::vec(inner.clone(), 0..4)).prop_map(|(head, operands)| {
                Value::list(std::iter::once(Value::symbol(head)).chain(operands).collect())
            });
        prop_oneof![
            look_alike,
            (-50..50i64, -50..50i64, 1..4i64).prop_map(|(start, end, step)| {
                Value::Range(Rc::new(ovsm_value::Range { start, end, step }))
            }),
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::array),
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
            prop::collection::vec((text.clone(), inner.clone()), 0..5).prop_map(|entries| Value::object(
                entries.into_iter().map(|(key, value)| (Rc::new(Text::new(key)), value)).collect::<Object>()
            )),
            prop::collection::vec(inner, 0..5).prop_map(|items| Value::Set(Rc::new(Set {
                items: items.into_iter().map(|item| (Key(item), ())).collect()
            }))),
        ]
    })
}

/// Values whose text is a call (a decimal, a key, an odd keyword or symbol) read as that call, which gives the value;
/// symbols such as `true` are written as the value that the reader makes of them.
fn is_literal(value: &Value) -> bool {
    match value {
        Value::Decimal(_) | Value::Pubkey(_) | Value::Signature(_) => false,
        Value::Symbol(symbol) => {
            !["true", "false", "null", "nil"].contains(&&*symbol.name)
                && (!symbol.name.starts_with(":") || &*symbol.name == ":")
        }
        Value::Array(items) | Value::List(items) => items.as_slice().iter().all(is_literal),
        Value::Object(entries) => {
            let is_colon = |value: &Value| matches!(value, Value::Symbol(symbol) if &*symbol.name == ":");
            !entries.values().next().is_some_and(is_colon) && entries.values().all(is_literal)
        }
        Value::Set(set) => set.items.keys().all(|key| is_literal(&key.0)),
        _ => true,
    }
}

/// Symbols and lists are code, not data, when they are evaluated.
fn is_no_code(value: &Value) -> bool {
    match value {
        Value::Symbol(_) | Value::List(_) => false,
        Value::Array(items) => items.as_slice().iter().all(is_no_code),
        Value::Object(entries) => entries.values().all(is_no_code),
        Value::Set(set) => set.items.keys().all(|key| is_no_code(&key.0)),
        _ => true,
    }
}

#[test]
fn there_are_forms_to_build_programs_of() {
    assert!(SHAPES.len() > 80, "{:?}", *SHAPES);
    assert!(SHAPES.iter().any(|shape| shape == "(if condition then else)"), "{:?}", *SHAPES);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_program_ends_and_ends_alike(choices in prop::collection::vec(any::<u8>(), 0..200)) {
        invariants::evaluates(&invariants::program::program(&choices, &SHAPES));
    }

    #[test]
    fn any_text_is_compiled_or_rejected(text in any_text()) {
        invariants::compiles(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_evaluates_alike(text in any_text()) {
        invariants::evaluates(&text);
    }

    #[test]
    fn reading_undoes_writing(value in any_value().prop_filter("a literal", is_literal)) {
        invariants::reading_undoes_writing(&value);
    }

    #[test]
    fn evaluating_undoes_writing(value in any_value().prop_filter("no code", is_no_code)) {
        invariants::evaluating_undoes_writing(&value);
    }

    #[test]
    fn writing_undoes_reading(text in any_text()) {
        invariants::writing_undoes_reading(&text);
    }

    #[test]
    fn regex_functions_agree(pattern in "[a-c.*+?|()\\[\\]^$\\\\dwsbpP{},0-9λ-]{0,16}", text in "[a-c0-9 λ\n.]{0,30}") {
        invariants::regex_functions_agree(&pattern, &text);
    }

    #[test]
    fn encodings_round_trip(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[1-9A-Za-z+/=_-]{0,24}".prop_map(String::into_bytes),
    ]) {
        invariants::encodings_round_trip(&bytes);
    }

    #[test]
    fn json_round_trip(text in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "{", "}", ",", ":", "\"a\"", "\"\\u0041\"", "\"\\ud83d\\ude00\"", "1", "-0", "1.5", "1e400", "0.1e-7",
        "123456789012345678901234567890", "null", "true", "[1,2]", "{\"a\":1,\"a\":2}", " ", "\n",
    ]), 0..9).prop_map(|words| words.concat())) {
        invariants::json_round_trip(&text);
    }

    #[test]
    fn borsh_round_trip(
        schema in prop::sample::select(vec![
            ":u8", ":i16", ":u128", ":f32", ":f64", ":bool", ":string", ":bytes", ":pubkey", ":unit", "[:vec :u8]", "[:vec :bool]",
            "[:vec :unit]", "[:array :u8 3]", "[:array :u16 2]", "[:option :bool]", "[:option [:option :u8]]", "[:tuple :u8 :string]",
            "{:a :u8 :b [:vec :i8]}", "[:enum {:x :unit :y :u16 :z {:q :bool}}]", "[:enum {:x null}]", "[:array :u8 99999999999]",
        ]),
        bytes in prop::collection::vec(prop_oneof![3 => 0..4u8, 1 => any::<u8>()], 0..24)
    ) {
        invariants::borsh_round_trip(schema, &bytes);
    }
}

/// Found by a fuzzer: what one session copied was paid by the next.
#[test]
fn a_session_pays_for_itself_only() {
    for n in 0..120 {
        let copies = n * 37;
        invariants::evaluates(&format!("(define s (set (range 0 {copies}))) (define held s) (push! s -1) 1"));
        invariants::evaluates("(import std/set) (length (set/power-set (set (range 0 10))))");
    }
}
