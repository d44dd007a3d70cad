//! Local functions that call themselves or each other are freed when the call that made them ends.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_eval::{Limits, NoModules, Session};
use ovsm_value::Value;
use std::rc::Rc;

struct Nothing;

impl ovsm_library::Host for Nothing {}

/// Runs a text whose value is a hash table that local functions captured: nobody else may hold it afterwards.
fn holders(text: &str) -> usize {
    let mut session = Session::new(Limits::default(), Box::new(NoModules), Box::new(Nothing));
    let value = session.run("test", text).unwrap_or_else(|_| panic!("{text} fails"));
    let Value::Table(table) = &value else { panic!("{text} gives no table") };
    Rc::strong_count(table)
}

#[test]
fn functions_that_call_themselves_are_freed() {
    for text in [
        "(define (f n) (define t (hash-table)) (define (go i) (if (= i 0) t (go (- i 1)))) (go n)) (f 3)",
        "(define (f n t) (letrec ((go (fn (i) (if (= i 0) t (go (- i 1)))))) (go n))) (f 3 (hash-table))",
        "(define (f n t) (labels ((go (i) (if (= i 0) t (go (- i 1))))) (go n))) (f 3 (hash-table))",
        "(define (f n t) (let go ((i n)) (if (= i 0) t (go (- i 1))))) (f 3 (hash-table))",
        "(define (f n t) ((fn go (i) (if (= i 0) t (go (- i 1)))) n)) (f 3 (hash-table))",
    ] {
        assert_eq!(holders(text), 1, "{text}");
    }
}

#[test]
fn functions_that_call_each_other_are_freed() {
    for text in [
        "(define (f n t) (define (a i) (if (= i 0) t (b i))) (define (b i) (a (- i 1))) (a n)) (f 3 (hash-table))",
        "(define (f n t) (define (a i) (if (= i 0) t (b i))) (define (b i) (first (map (fn (j) (a (- j 1))) [i]))) (a n)) (f 3 (hash-table))",
        "(define (f n t) (define (a i) (define (c j) (if (= j 0) t (b j))) (c i)) (define (b i) (a (- i 1))) (a n)) (f 3 (hash-table))",
    ] {
        assert_eq!(holders(text), 1, "{text}");
    }
}
