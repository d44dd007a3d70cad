//! Calls, closures, arguments, depth.

use super::builder::{World, show};
use crate::machine::Limits;

#[test]
fn arithmetic_and_order() {
    assert_eq!(show("(+ 1 2)"), "3");
    assert_eq!(show("(+ 1 2 3 4)"), "10");
    assert_eq!(show("(- 10 3)"), "7");
    assert_eq!(show("(let x 1 (+ x (seq (set x 5) x)))"), "6");
    assert_eq!(show("(let x 1 (+ x (seq (set x 5) x) x))"), "11");
    assert_eq!(show("(let x 1 (if (< x (seq (set x 0) 1)) x 9))"), "9");
    assert_eq!(show("(let x 2 (array x (set x 3) x))"), "[2 3 3]");
    assert_eq!(show("(+ 9223372036854775807 1)"), "9223372036854775808");
    assert_eq!(show("(let x 1.5 (* x x))"), "2.25");
    assert_eq!(show("(let x 1 (+ x \"a\"))").split(':').next(), Some("type"));
    assert_eq!(show("(let x 7 (set x (and (> x 1) x)))"), "7");
    assert_eq!(show("(let x 7 (set x (or null (+ x 1))))"), "8");
    assert_eq!(show("(let x 3 (set x (while (> x 0) (set x (- x 1)))))"), "0");
    assert_eq!(show("(% -7 3)"), "-1");
    assert_eq!(show("(let a -7 (let b 3 (array (% a b) (mod a b) (/ a b) (// a b))))"), "[-1 2 -2 -3]");
    assert_eq!(show("(let a 7 (let b -3 (array (% a b) (mod a b) (/ a b) (// a b))))"), "[1 -2 -2 -3]");
    assert_eq!(show("(let a 7 (let b 0 (% a b)))").split(':').next(), Some("division-by-zero"));
}

#[test]
fn conditions() {
    assert_eq!(show("(if (and 1 (not null) (< 1 2)) :yes :no)"), ":yes");
    assert_eq!(show("(if (or null (and 1 0)) :yes :no)"), ":no");
    assert_eq!(show("(if (not (or null (= 1 1.0))) :yes :no)"), ":no");
    assert_eq!(show("(and 1 2 3)"), "3");
    assert_eq!(show("(and 1 null 3)"), "null");
    assert_eq!(show("(or null 2 3)"), "2");
    assert_eq!(
        show("(let x 5 (array (< x 6) (<= x 5) (> x 5) (>= x 6) (= x 5) (!= x 5)))"),
        "[true true false false true false]"
    );
}

#[test]
fn closures_share_what_is_assigned_and_copy_the_rest() {
    assert_eq!(show("(let n 0 (let f (fn () (set n (+ n 1))) (seq (f) (f) n)))"), "2");
    assert_eq!(
        show(
            "(let fs [] (let i 0 (seq (while (< i 3) (let j i (set fs (push fs (fn () j)))) (set i (+ i 1)))
                (array ((get fs 0)) ((get fs 1)) ((get fs 2))))))"
        ),
        "[0 1 2]"
    );
    // Each evaluation of a binding makes a new variable, also of one that is assigned.
    assert_eq!(
        show(
            "(let fs [] (let i 0 (seq (while (< i 3) (let j i (set fs (push fs (fn () (set j (+ j 10)))))) (set i (+ i 1)))
                (array ((get fs 0)) ((get fs 0)) ((get fs 2))))))"
        ),
        "[10 20 12]"
    );
    // Through two levels.
    assert_eq!(show("(let n 1 (let f (fn () (fn (k) (set n (+ n k)))) (seq ((f) 5) ((f) 6) n)))"), "12");
    assert_eq!(
        show("(let n 1 (let f (fn (a) (fn (b) (fn (c) (array n a b c)))) (((f 2) 3) 4)))"),
        "[1 2 3 4]"
    );
    // A parameter that is shared.
    assert_eq!(show("(let f (fn (n) (let g (fn () (set n (+ n 1))) (seq (g) (g) n))) (f 5))"), "7");
    // A local function that calls itself.
    assert_eq!(
        show("(let f null (seq (set f (fn (n) (if (= n 0) 1 (* n (f (- n 1)))))) (f 20)))"),
        "2432902008176640000"
    );
}

#[test]
fn tail_calls_take_constant_space() {
    let mut world = World::with(Limits { max_depth: 200, ..Limits::default() });
    assert_eq!(
        world.show("(def count (fn (n) (if (= n 0) :done (count (- n 1))))) (count 1000000)"),
        ":done"
    );
    assert_eq!(
        world.show(
            "(def odd (fn (n) (if (= n 0) false (even (- n 1)))))
             (def even (fn (n) (or (= n 0) (let m (- n 1) (block b (seq 1 (odd m)))))))
             (even 100000)"
        ),
        "true"
    );
    assert_eq!(
        world.show("(def down (fn (n f) (and true (block b (if (= n 0) 5 (leave b (f (- n 1) f))))))) (down 100000 down)"),
        "5"
    );
    assert_eq!(
        world.show("(def spread (fn (n) (if (= n 0) 5 (apply spread (array (- n 1)))))) (spread 100000)"),
        "5"
    );
    // With optional arguments and captures.
    assert_eq!(world.show("(let k 1 (let f null (seq (set f (fn (n &optional (m k)) (if (= n 0) m (f (- n k))))) (f 1000))))"), "1");
}

#[test]
fn deep_recursion_is_an_error_that_can_be_caught() {
    let mut world = World::new();
    assert_eq!(
        world.show("(def sum (fn (n) (if (= n 0) 0 (+ n (sum (- n 1)))))) (sum 500000)"),
        "125000250000"
    );
    assert_eq!(world.show("(sum 2000000)"), "limit: stack overflow");
    assert_eq!(
        world.show("(try (sum 2000000) e (array (get e :kind) (get e :message)))"),
        "[:limit \"stack overflow\"]"
    );
    assert_eq!(world.show("(sum 1000)"), "500500");
    let failure = world.run("(sum 2000000)").unwrap_err();
    assert_eq!((failure.trace.len(), failure.omitted), (25, 1_000_000 - 25));
    // The form called it in its tail.
    assert_eq!(&*failure.trace[24].function, "sum");
    assert_eq!(&*failure.trace[0].function, "sum");
    assert!(failure.span.is_some());
}

#[test]
fn parameters() {
    let mut world = World::new();
    world.run("(def f (fn (a &optional (b (+ a 1)) (c (+ b 1)) &rest d) (array a b c d)))").unwrap();
    assert_eq!(world.show("(f 1)"), "[1 2 3 ()]");
    assert_eq!(world.show("(f 1 5)"), "[1 5 6 ()]");
    assert_eq!(world.show("(f 1 5 null 7 8)"), "[1 5 null (7 8)]");
    assert_eq!(world.show("(f)"), "arity: `f` takes at least 1 argument, but got 0");
    world.run("(def k (fn (a &key (size 3) (colour size)) (array a size colour)))").unwrap();
    assert_eq!(world.show("(k 1)"), "[1 3 3]");
    assert_eq!(world.show("(k 1 :colour 2)"), "[1 3 2]");
    assert_eq!(world.show("(k 1 :size 9)"), "[1 9 9]");
    assert_eq!(
        world.show("(k 1 :collour 2)"),
        "arity: `k` takes no keyword `:collour`; did you mean `:colour`?"
    );
    assert_eq!(world.show("(k 1 :size)").split(':').next(), Some("arity"));
    assert_eq!(world.show("(k 1 2)").split(':').next(), Some("arity"));
    assert_eq!(world.show("(def two (fn (a b) a)) (two 1)"), "arity: `two` takes 2 arguments, but got 1");
    assert_eq!(world.show("(let g (fn (x) x) (g 1 2))"), "arity: `anonymous` takes 1 argument, but got 2");
    assert_eq!(
        world.show("(def o (fn (a &optional b) a)) (o 1 2 3)"),
        "arity: `o` takes 1 to 2 arguments, but got 3"
    );
}

#[test]
fn other_things_are_called() {
    assert_eq!(show("(let f + (f 1 2))"), "3");
    assert_eq!(show("(let f 1+ (f 1 2))"), "arity: `1+` takes 1 argument, but got 2");
    assert_eq!(
        show("(let o (put null :a 1) (array (:a o) (:b o 2) (o :a) (o :c) (o :c 7)))"),
        "[1 2 1 null 7]"
    );
    assert_eq!(show("((array 1 2) 0)").split(':').next(), Some("type"));
    assert_eq!(show("(let x 5 (x 0))").split(':').next(), Some("type"));
    assert_eq!(show("(nobody 1)"), "undefined: `nobody` is not defined yet");
    assert_eq!(show("(apply + 1 2 (array 3 4))"), "10");
    assert_eq!(show("(apply (fn (a &rest b) (array a b)) 1 (array 2 3))"), "[1 (2 3)]");
    assert_eq!(show("(let c (cell 1) (seq (swap! c (fn (a b) (+ a b)) 5) (cell-get c)))"), "6");
    // An argument may hold the function that it is given to, and calls nest.
    assert_eq!(show("(let f (fn (g n) (if (= n 0) 0 (+ 1 (g g (- n 1))))) (f f 100))"), "100");
}

#[test]
fn many_arguments() {
    let numbers: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let numbers = numbers.join(" ");
    assert_eq!(show(&format!("(+ {numbers})")), "499500");
    assert_eq!(show(&format!("(get (array {numbers}) 999)")), "999");
    assert_eq!(show(&format!("(let f (fn (&rest r) (get r 998)) (f {numbers}))")), "998");
    assert_eq!(show(&format!("(let x 1 (seq (update x + {numbers}) x))")), "499501");
}

#[test]
fn too_many_variables() {
    let mut text = String::from("0");
    for n in 0..300 {
        // A variable that is a constant for good takes no register.
        text = format!("(let v{n} (array {n}) {text})");
    }
    assert!(show(&text).contains("needs more than 250"), "{}", show(&text));
}

#[test]
fn activities_nest_up_to_the_limit() {
    let mut world = World::new();
    world
        .run("(def f (fn (n) (let c (cell 0) (swap! c (fn (x) (if (= n 0) 0 (+ 1 (f (- n 1)))))))))")
        .unwrap();
    assert_eq!(world.show("(f 100)"), "100");
    assert_eq!(world.show("(try (f 1000000) e (get e :message))"), "\"stack overflow\"");
    assert_eq!(world.show("(f 100)"), "100");
}
