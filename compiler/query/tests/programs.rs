//! Programs through the whole chain to the reference interpreter, before and after optimisation.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

use ovsm_ir::interpret::{Limits, Outcome, interpret};
use ovsm_ir::lower::EntryKind;
use ovsm_ir::machine::{Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_query::{Database, lower_program};

fn run(source: &str) -> Result<Vec<u64>, String> {
    let mut db = Database::default();
    let file = db.add_file("test.ovsm", source);
    let (module, _) = lower_program(&db, file, EntryKind::Value).map_err(|errors| {
        errors.iter().map(|e| format!("{} {}", e.code, e.message)).collect::<Vec<_>>().join("; ")
    })?;
    ovsm_ir::verify::verify(&module).map_err(|e| format!("{e:?}\n{}", ovsm_ir::text::print(&module)))?;
    let mut results = Vec::new();
    for level in [OptLevel::O0, OptLevel::O2] {
        let mut module = module.clone();
        optimize(&mut module, level);
        ovsm_ir::verify::verify(&module).map_err(|e| format!("{e:?}\n{}", ovsm_ir::text::print(&module)))?;
        let mut memory = Memory::for_module(&module, Input::default());
        let mut host = ScriptHost::default();
        let outcome = interpret(&module, &mut memory, &mut host, Limits::default());
        results.push(match outcome {
            Outcome::Returned(words) => Ok(words),
            Outcome::Failed { failure, .. } => Err(failure.name().to_string()),
            Outcome::Faulted { fault, .. } => Err(fault.to_string()),
        });
    }
    assert_eq!(results[0], results[1], "{source}");
    results.remove(0)
}

#[test]
fn arithmetic_and_control_flow() {
    assert_eq!(run("(+ 1 2)"), Ok(vec![3]));
    assert_eq!(run("(define x 10) (set! x (+ x 5)) x"), Ok(vec![15]));
    assert_eq!(run("(if (and (> 3 2) (not (= 1 2))) 7 8)"), Ok(vec![7]));
    assert_eq!(
        run("(define i 0) (define s 0) (while (< i 10) (set! s (+ s i)) (set! i (+ i 1))) s"),
        Ok(vec![45])
    );
    assert_eq!(run("(defn fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (fib 15)"), Ok(vec![610]));
    assert_eq!(run("(cond ((= 1 2) 10) ((= 1 1) 20) (else 30))"), Ok(vec![20]));
    assert_eq!(run("(let ((x 1) (y 2)) (define z 3) (+ x y z))"), Ok(vec![6]));
    assert_eq!(run("((lambda (a b) (* a b)) 6 7)"), Ok(vec![42]));
    assert_eq!(run("(- 0u8 1u8)"), Err("overflow".to_string()));
    assert_eq!(run("(/ 1 0)"), Err("division_by_zero".to_string()));
    assert_eq!(run("(mod -7 3)"), Ok(vec![2]));
    assert_eq!(run("(// -7 2)"), Ok(vec![-4i64 as u64]));
    assert_eq!(run("(= \"abc\" \"abc\")"), Ok(vec![1]));
    assert_eq!(run("(= \"abc\" \"abd\")"), Ok(vec![0]));
    assert_eq!(run("(define n 1) (defn bump () (set! n (+ n 1))) (bump) (bump) n"), Ok(vec![3]));
}

#[test]
fn wide_integers() {
    let value = |words: Vec<u64>| u128::from(words[0]) | u128::from(words[1]) << 64;
    let eval = |source: &str| run(source).map(value);
    let a = 0x1234_5678_9abc_def0_0fed_cba9_8765_4321u128;
    let b = 0x0000_0000_0000_0003_dead_beef_0000_0001u128;
    assert_eq!(eval(&format!("(+ {a}u128 {b})")), Ok(a + b));
    assert_eq!(eval(&format!("(- {a}u128 {b})")), Ok(a - b));
    assert_eq!(eval(&format!("(/ {a}u128 {b})")), Ok(a / b));
    assert_eq!(eval(&format!("(% {a}u128 {b})")), Ok(a % b));
    assert_eq!(eval(&format!("(*% {a}u128 {b})")), Ok(a.wrapping_mul(b)));
    assert_eq!(
        eval("(* 0xffffffffffffffffu128 0xffffffffffffffffu128)"),
        Ok(0xffffffffffffffffu128 * 0xffffffffffffffffu128)
    );
    assert_eq!(eval(&format!("(* {a}u128 {b})")), Err("overflow".to_string()));
    assert_eq!(eval(&format!("(<< {a}u128 77)")), Ok(a << 77));
    assert_eq!(eval(&format!("(>> {a}u128 70)")), Ok(a >> 70));
    assert_eq!(eval(&format!("(/ {}u128 7)", u128::MAX)), Ok(u128::MAX / 7));
    assert_eq!(eval("(/ 18446744073709551615u128 18446744073709551617u128)"), Ok(0));
}

#[test]
fn deep_and_long_programs_compile() {
    let deep = format!("{}1{}", "(+ 1 ".repeat(250), ")".repeat(250));
    assert_eq!(run(&deep), Ok(vec![251]));
    let deep = format!("{}1{}", "(if true ".repeat(250), " 2)".repeat(250));
    assert_eq!(run(&deep), Ok(vec![1]));
    let deep = format!("{}1{}", "(and true (not (not ".repeat(80), ")))".repeat(80));
    assert_eq!(run(&format!("(if {deep} 1 2)")), Ok(vec![1]));
    // A long `cond` does not nest.
    let clauses: String = (0..3000).map(|n| format!("((= x {n}) {n})")).collect();
    assert_eq!(run(&format!("(define x 2999) (cond {clauses} (else -1))")), Ok(vec![2999]));
    let sequence: String = (0..3000).map(|n| format!("(if (= x {n}) (set! x {}))", n + 1)).collect();
    assert_eq!(run(&format!("(define x 0) {sequence} x")), Ok(vec![3000]));
    let locals: String = (0..2000).map(|n| format!("(define v{n} (+ x {n}))")).collect();
    assert_eq!(run(&format!("(defn f (x) {locals} (+ v0 v1999)) (f 1)")), Ok(vec![2001]));
}

#[test]
fn local_functions_do_not_explode() {
    let mut source = String::from("(define (f0 x) (+ x 1))");
    for n in 1..40 {
        source.push_str(&format!("(define (f{n} x) (+ (f{} x) (f{} x)))", n - 1, n - 1));
    }
    let doubled = run(&format!("(do {source} (f39 1))"));
    assert!(matches!(&doubled, Err(text) if text.starts_with("E0306")), "{doubled:?}");
    let mut chain = String::from("(define (g0 x) x)");
    for n in 1..2000 {
        chain.push_str(&format!("(define (g{n} x) (g{} x))", n - 1));
    }
    let nested = run(&format!("(do {chain} (g1999 1))"));
    assert!(matches!(&nested, Err(text) if text.starts_with("E0009")), "{nested:?}");
}
