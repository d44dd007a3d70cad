//! Blocks, errors, throws, cleanups, limits, several values.

use super::builder::{World, show};
use crate::machine::{Interrupt, Limits};
use ovsm_value::Unwind;
use ovsm_value::error::StopReason;

#[test]
fn leaving_blocks() {
    assert_eq!(show("(block b (+ 1 (leave b 5)))"), "5");
    assert_eq!(show("(let n 0 (block b (loop (set n (+ n 1)) (if (> n 9) (leave b n) null))))"), "10");
    assert_eq!(show("(block a (block b (leave a 1)) 2)"), "1");
    // Across a function.
    assert_eq!(show("(+ 1 (block b (let f (fn (x) (leave b x)) (seq (f 41) 0))))"), "42");
    assert_eq!(show("(block b (let c (cell 1) (seq (swap! c (fn (x) (leave b 7))) 0)))"), "7");
    // The innermost activation counts.
    assert_eq!(
        show(
            "(def f (fn (n g) (block b (seq (if (= n 0) (g 1) (f (- n 1) (if (= n 2) (fn (v) (leave b :two)) g))) :normal))))
             (f 3 null)"
        ),
        ":normal"
    );
    assert_eq!(
        show("(let f null (seq (block b (set f (fn () (leave b 1)))) (f)))"),
        "value: the block has ended, so that it can not be left any more"
    );
    // Out of handlers of the same function.
    assert_eq!(show("(seq (block b (try (leave b 1) e 2)) (try (error \"x\") e 3))"), "3");
    assert_eq!(show("(def g 1) (seq (block b (bind g 2 (leave b 1))) g)"), "1");
    assert_eq!(show("(let n 0 (seq (block b (protect (leave b 1) (set n 5))) n))"), "5");
    assert_eq!(show("(block b (catch :t (leave b 1)))"), "1");
}

#[test]
fn errors_are_caught() {
    assert_eq!(show("(try (error \"no\") e (get e :message))"), "\"no\"");
    assert_eq!(show("(try (+ 1 2) e 9)"), "3");
    assert_eq!(
        show(
            "(def f (fn () (try (+ 1 (g)) e (array :caught (get e :message))))) (def g (fn () (error \"deep\"))) (f)"
        ),
        "[:caught \"deep\"]"
    );
    assert_eq!(show("(try (try (error \"a\") e (error \"b\")) e (get e :message))"), "\"b\"");
    assert_eq!(show("(let x 1 (seq (try (seq (set x 2) (error \"a\")) e null) x))"), "2");
    assert_eq!(
        show(
            "(def f (fn (n) (error \"x\"))) (def g (fn () (seq (f 1) 2))) (try (seq (g) 1) e (get e :trace))"
        ),
        "[\"f\" \"g\" \"top\"]"
    );
    assert_eq!(
        show("(let c (cell 1) (try (seq (swap! c (fn (x) (error \"in\"))) 0) e (get e :trace)))"),
        "[\"anonymous\" \"top\"]"
    );
    assert_eq!(show("(let e2 (try (error \"x\") e e) (let h (fn () (get e2 :message)) (h)))"), "\"x\"");
    assert_eq!(show("(try (error \"x\") e (let f (fn () (set e 5)) (seq (f) e)))"), "5");
    // A loop of errors leaves nothing behind.
    assert_eq!(
        show(
            "(let n 0 (let s 0 (seq (while (< n 1000) (set n (+ n 1)) (try (error \"x\") e (set s (+ s 1)))) s)))"
        ),
        "1000"
    );
}

#[test]
fn throws() {
    assert_eq!(show("(catch :a (+ 1 (throw :a 5)))"), "5");
    assert_eq!(show("(catch :a (seq (catch :b (throw :a 1)) 2))"), "1");
    assert_eq!(show("(def f (fn () (throw :t 7))) (catch :t (seq (f) 1))"), "7");
    assert_eq!(show("(catch :t (try (throw :t 1) e 2))"), "1");
    assert_eq!(show("(try (throw :nobody 1) e (get e :kind))"), ":throw");
    assert_eq!(show("(seq (catch :t 1) (throw :t 2))").split(':').next(), Some("throw"));
    assert_eq!(show("(catch :t (let c (cell 1) (swap! c (fn (x) (throw :t 8)))))"), "8");
    assert_eq!(show("(catch :t 3)"), "3");
}

#[test]
fn cleanups_run_however_the_body_ends() {
    assert_eq!(show("(let n 0 (let v (protect 5 (set n 1)) (array v n)))"), "[5 1]");
    assert_eq!(show("(let n 0 (seq (try (protect (error \"x\") (set n 1)) e null) n))"), "1");
    assert_eq!(show("(let n 0 (seq (catch :t (protect (throw :t 1) (set n 2))) n))"), "2");
    assert_eq!(
        show("(let n 0 (let v (block b (let f (fn () (leave b 4)) (protect (f) (set n 3)))) (array v n)))"),
        "[4 3]"
    );
    assert_eq!(show("(try (protect (error \"a\") (error \"b\")) e (get e :message))"), "\"b\"");
    assert_eq!(
        show("(try (protect (error \"a\") null) e (array (get e :message) (get e :trace)))"),
        "[\"a\" [\"top\"]]"
    );
    assert_eq!(show("(block b (protect (error \"a\") (leave b 6)))"), "6");
    assert_eq!(show("(block b (protect 1 (leave b 6)))"), "6");
    assert_eq!(
        show(
            "(let n 0 (seq (try (protect (protect (error \"x\") (set n (+ n 1))) (set n (+ n 10))) e null) n))"
        ),
        "11"
    );
    let mut world = World::new();
    assert_eq!(world.show("(def n 0) (protect (exit 3) (set-global n 1))"), "Exit(3)");
    assert_eq!(world.show("n"), "1");
}

#[test]
fn dynamic_bindings_end() {
    let mut world = World::new();
    world.run("(def g 1) (def read (fn () g))").unwrap();
    assert_eq!(world.show("(array (bind g 2 (read)) (read))"), "[2 1]");
    assert_eq!(world.show("(seq (try (bind g 2 (error \"x\")) e null) (read))"), "1");
    assert_eq!(world.show("(seq (catch :t (bind g 2 (throw :t 1))) (read))"), "1");
    assert_eq!(world.show("(bind g 2 (bind g 3 (seq (set-global g 4) (read))))"), "4");
    assert_eq!(world.show("g"), "1");
    assert_eq!(world.show("(bind fresh 2 fresh)"), "2");
    assert_eq!(world.show("fresh").split(':').next(), Some("undefined"));
}

#[test]
fn several_values() {
    let mut world = World::new();
    world
        .run("(def two (fn (x) (values x 2))) (def one (fn () (seq (two 1) 7))) (def tail (fn () (two 5)))")
        .unwrap();
    assert_eq!(world.show("(all (values 1 2 3))"), "[1 2 3]");
    assert_eq!(world.show("(all (values))"), "[]");
    assert_eq!(world.show("(array (values 1 2) (values))"), "[1 null]");
    assert_eq!(world.show("(all (two 1))"), "[1 2]");
    assert_eq!(world.show("(+ 1 (two 1))"), "2");
    assert_eq!(world.show("(all (one))"), "[7]");
    assert_eq!(world.show("(all (tail))"), "[5 2]");
    assert_eq!(world.show("(all (let x 3 (if true (seq 1 (two x)) 2)))"), "[3 2]");
    assert_eq!(world.show("(all (+ 1 2))"), "[3]");
    assert_eq!(world.show("(all (block b (leave b (values 1 2))))"), "[1 2]");
    assert_eq!(world.show("(all (try (values 1 2) e 3))"), "[1 2]");
    assert_eq!(world.show("(all (try (error \"x\") e (values 1 2)))"), "[1 2]");
    assert_eq!(world.show("(all (or null (values 1 2)))"), "[1 2]");
    assert_eq!(world.show("(all (or 4 (values 1 2)))"), "[4]");
    assert_eq!(world.show("(all (apply two (array 9)))"), "[9 2]");
    assert_eq!(world.show("(let x 1 (all x))"), "[1]");
    assert_eq!(world.show("(let c (cell 1) (all (swap! c two)))"), "[1]");
}

struct After(u32);

impl Interrupt for After {
    fn check(&mut self) -> Option<StopReason> {
        self.0 = self.0.saturating_sub(1);
        (self.0 == 0).then_some(StopReason::Time)
    }
}

#[test]
fn limits_stop_everything() {
    let mut world = World::with(Limits { fuel: 1000, ..Limits::default() });
    let text = "(def n 0) (try (protect (loop 1) (set-global n 1)) e 5)";
    let failure = world.run(text).unwrap_err();
    assert!(matches!(failure.unwind, Unwind::Stop(StopReason::Fuel)), "{failure:?}");
    assert!(failure.span.is_some());
    assert_eq!(world.machine.fuel_left(), 0);
    world.machine.set_fuel(100);
    assert_eq!(world.show("n"), "0");
    assert!(world.show("(while (not null) 1)").contains("Fuel"));
    world.machine.set_fuel(100);
    assert!(world.show("(def f (fn () (f))) (f)").contains("Fuel"));
    world.machine.set_fuel(u64::MAX);
    world.machine.set_interrupt(Some(Box::new(After(5))));
    assert!(world.show("(loop 1)").contains("Time"));
}
