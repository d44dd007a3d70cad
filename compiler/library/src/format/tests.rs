//! Control strings with their results, and what is wrong with others.

use super::arguments_needed;
use crate::testing::{TestContext, call, function};
use crate::{Context, find, get};
use ovsm_value::Value;

fn filled(control: &str, arguments: &[Value]) -> String {
    let mut all = vec![Value::Null, Value::string(control)];
    all.extend(arguments.iter().cloned());
    call("format", &all)
}

fn list(numbers: &[i64]) -> Value {
    Value::list(numbers.iter().copied().map(Value::Int).collect())
}

#[track_caller]
fn gives(control: &str, arguments: &[Value], text: &str) {
    assert_eq!(filled(control, arguments), ovsm_value::write::write(&Value::string(text)), "{control}");
}

#[test]
fn numbers() {
    let int = Value::Int;
    gives("~:d", &[int(-1_234_567)], "-1,234,567");
    gives("~8,'0x", &[int(255)], "000000FF");
    gives("~vd", &[int(5), int(3)], "    3");
    gives("~r", &[int(-1_000_000)], "minus one million");
    gives("~:r", &[int(21)], "twenty-first");
    gives("~@r ~:@r", &[int(1999), int(4)], "MCMXCIX IIII");
    gives("~,2f", &[Value::Float(2.71456)], "2.71");
    gives("~2,5$", &[Value::Float(2.71456)], "00002.71");
    gives("~@f ~@$", &[Value::Float(-0.0), Value::Float(-0.0)], "-0.0 -0.00");
    gives("~a dog~:p", &[int(2)], "2 dogs");
}

#[test]
fn repetition() {
    gives("~{~a~^, ~}", &[list(&[1, 2, 3])], "1, 2, 3");
    gives("~2@{~a~} ~a", &[Value::Int(1), Value::Int(2), Value::Int(3)], "12 3");
    gives("~{~}", &[Value::string("<~a>"), list(&[1, 2])], "<1><2>");
    gives("~:{~a-~a ~}", &[Value::list(vec![list(&[1, 2]), list(&[3, 4])])], "1-2 3-4 ");
    gives("~:@{~a-~a ~}", &[list(&[1, 2]), list(&[3, 4])], "1-2 3-4 ");
    gives("~{x~}", &[list(&[1, 2])], "xx");
}

#[test]
fn repetition_sees_the_line_that_it_stands_on() {
    gives("items:~{~&- ~a~}", &[list(&[1, 2])], "items:\n- 1\n- 2");
    gives("ab~{~5t~a~}", &[list(&[1])], "ab   1");
    gives("ab~?", &[Value::string("~5t~a"), list(&[1])], "ab   1");
}

#[test]
fn choices_and_ends() {
    gives("~#[none~;one~:;many~]", &[], "none");
    gives("~v[a~;b~]", &[Value::Int(1)], "b");
    gives("~1,2,3^x", &[], "");
    gives("~2,1,3^x", &[], "x");
    gives("~10<a~;b~>|~10:@<x~>", &[], "a        b|    x     ");
    gives("~:(hello world~)", &[], "Hello World");
}

#[test]
fn counts_arguments() {
    for (control, least, most) in [
        ("~a ~d", 2, Some(2)),
        ("~a~^~a", 1, None),
        ("~#[none~;~a~]", 0, None),
        ("~v[a~;b~]", 1, None),
        ("~2[a~;b~;c~]", 0, None),
        ("~[a~;b~]", 1, None),
        ("~:[a~;b~]", 1, None),
        ("~{~a~}", 1, Some(1)),
        ("~{~}", 2, Some(2)),
        ("~?", 2, Some(2)),
    ] {
        assert_eq!(arguments_needed(control), Ok((least, most)), "{control}");
    }
    assert_eq!(arguments_needed("ab~q").map_err(|error| error.position), Err(2));
}

#[test]
fn wrong_control_strings_are_errors() {
    for control in ["~", "~q", "~;", "~{", "~(~}", "~99999999999999999999d", "~'"] {
        assert_eq!(filled(control, &[Value::Int(1)]), "error parse", "{control}");
    }
    assert_eq!(filled("~a", &[]), "error value");
    assert_eq!(filled("~*", &[]), "error value");
    let deep = "~(".repeat(1000) + &"~)".repeat(1000);
    assert_eq!(filled(&deep, &[]), "error parse");
}

#[test]
fn control_strings_in_arguments_are_bounded() {
    let mut arguments = Value::list(vec![]);
    for _ in 0..1000 {
        arguments = Value::list(vec![Value::string("~?"), arguments]);
    }
    assert_eq!(
        call("format", &[Value::Null, Value::string("~?"), Value::string("~?"), arguments]),
        "error limit"
    );
}

#[test]
fn the_destination_survives_an_error() {
    let mut arguments = vec![Value::string("keep"), Value::string("~d")];
    let run = get(find("format").unwrap()).unwrap().run;
    assert!(run(&mut TestContext::default(), &mut arguments).is_err());
    assert_eq!(arguments[0].as_str(), Some("keep"));
    assert_eq!(call("format", &[Value::Int(1), Value::string("x")]), "error type");
}

#[test]
fn prints() {
    let mut context = TestContext::default();
    context.call(&function("format"), &[Value::Bool(true), Value::string("a~%")]).unwrap();
    assert_eq!(context.printed, "a\n");
}
