//! Tests of the functions of `math.rs` at the borders of their domains.

use crate::testing::call;
use num_bigint::BigInt;
use ovsm_base::IntType;
use ovsm_value::Value;
use ovsm_value::decimal::Decimal;
use std::rc::Rc;

fn int(n: i64) -> Value {
    Value::Int(n)
}

fn float(n: f64) -> Value {
    Value::Float(n)
}

fn decimal(text: &str) -> Value {
    Value::Decimal(Rc::new(Decimal::parse(text).unwrap()))
}

#[test]
fn extremes() {
    assert_eq!(call("min", &[int(2), float(1.5)]), "1.5");
    assert_eq!(call("max", &[Value::array(vec![])]), "error value");
    assert_eq!(call("max", &[Value::array(vec![int(1), int(7)])]), "7");
    assert_eq!(call("max", &[int(1), float(f64::NAN), int(3)]), "+nan");
    assert_eq!(call("max", &[Value::string("a"), Value::string("b")]), "\"b\"");
    assert_eq!(call("max", &[int(1), Value::string("b")]), "error type");
    assert_eq!(call("max", &[Value::Null]), "error type");
    assert_eq!(call("clamp", &[int(1), int(5), int(2)]), "error value");
    assert_eq!(call("clamp", &[float(f64::NAN), int(1), int(2)]), "error value");
}

#[test]
fn signs_and_parity() {
    assert_eq!(call("sign", &[float(f64::NAN)]), "0");
    assert_eq!(call("sign", &[Value::string("a")]), "error type");
    assert_eq!(call("zero?", &[float(f64::EPSILON)]), "false");
    assert_eq!(call("odd?", &[int(i64::MIN)]), "false");
    assert_eq!(call("odd?", &[float(3.9)]), "true");
    assert_eq!(call("odd?", &[float(f64::INFINITY)]), "error value");
    assert_eq!(call("even?", &[Value::Null]), "error type");
    assert_eq!(call("even?", &[decimal("2.5")]), "true");
}

#[test]
fn divisors() {
    assert_eq!(call("gcd", &[int(i64::MIN), int(0)]), "9223372036854775808");
    assert_eq!(call("lcm", &[int(i64::MAX), int(2)]), "18446744073709551614");
    assert_eq!(call("lcm", &[Value::Fixed(IntType::U8, 200), int(3)]), "error overflow");
    assert_eq!(call("gcd", &[Value::Fixed(IntType::U8, 200), int(15)]), "5u8");
    assert_eq!(call("gcd", &[float(2.0)]), "error type");
    let (a, b) = (BigInt::from(3u8).pow(100), BigInt::from(6u8).pow(90));
    assert_eq!(
        call("gcd", &[Value::integer(-&a), Value::integer(b.clone())]),
        BigInt::from(3u8).pow(90).to_string()
    );
    assert_eq!(
        call("lcm", &[Value::integer(a), Value::integer(-b)]),
        (BigInt::from(3u8).pow(100) * BigInt::from(2u8).pow(90)).to_string()
    );
    assert_eq!(call("lcm", &[int(0), int(0)]), "0");
    let endless = Value::Range(Rc::new(ovsm_value::Range { start: 0, end: i64::MAX, step: 1 }));
    for name in ["max", "sum", "mode", "median", "shuffle"] {
        assert_eq!(call(name, std::slice::from_ref(&endless)), "error limit", "{name}");
    }
}

#[test]
fn powers() {
    assert_eq!(call("expt", &[int(-1), Value::integer(BigInt::from(2u8).pow(80) + 1)]), "-1");
    assert_eq!(call("expt", &[int(-1), Value::integer(BigInt::from(2u8).pow(80))]), "1");
    assert_eq!(call("expt", &[int(0), int(0)]), "1");
    assert_eq!(call("expt", &[int(2), int(i64::MAX)]), "error limit");
    assert_eq!(call("expt", &[Value::Fixed(IntType::U8, 2), int(7)]), "128u8");
    assert_eq!(call("expt", &[Value::Fixed(IntType::U8, 2), int(8)]), "error overflow");
    assert_eq!(call("expt", &[Value::Fixed(IntType::U8, 2), int(i64::MAX)]), "error overflow");
    assert_eq!(call("expt", &[Value::Fixed(IntType::I8, (-2i64) as u64), int(7)]), "-128i8");
    assert_eq!(call("expt", &[int(0), int(-1)]), "error value");
    assert_eq!(call("pow", &[int(10), int(400)]), "error value");
    assert_eq!(call("pow", &[float(f64::INFINITY), int(2)]), "+inf");
    assert!(call("expt", &[decimal("1.1"), int(2)]).contains("1.21"));
    assert_eq!(call("expt", &[decimal("1.1"), int(i64::MAX)]), "error limit");
    assert_eq!(call("isqrt", &[Value::integer(BigInt::from(10u8).pow(40))]), "100000000000000000000");
    assert_eq!(call("isqrt", &[int(-1)]), "error value");
    assert_eq!(call("sqrt", &[int(-1)]), "error value");
    assert_eq!(call("sqrt", &[float(f64::NAN)]), "+nan");
}

#[test]
fn logarithms_of_any_size() {
    assert_eq!(call("log10", &[Value::integer(BigInt::from(10u8).pow(400))]), "400.0");
    assert_eq!(call("log2", &[Value::integer(BigInt::from(1u8) << 5000)]), "5000.0");
    assert_eq!(call("ln", &[int(0)]), "error value");
    assert_eq!(call("ln", &[Value::integer(-BigInt::from(10u8).pow(400))]), "error value");
    assert_eq!(call("acos", &[int(2)]), "error value");
    assert_eq!(call("atanh", &[int(1)]), "error value");
    assert_eq!(call("exp", &[int(1000)]), "error value");
}
