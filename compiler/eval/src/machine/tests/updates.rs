//! Updates in place.

use super::builder::{World, show};

#[test]
fn updates_keep_their_meaning() {
    assert_eq!(show("(let xs [] (seq (update xs push 1) (update xs push 2) xs))"), "[1 2]");
    assert_eq!(show("(let xs [] (let ys xs (seq (update xs push 1) (array xs ys))))"), "[[1] []]");
    assert_eq!(
        show("(let o null (seq (update o put :a 1) (update o put :a 2) (update o put :b 3) o))"),
        "{:a 2 :b 3}"
    );
    assert_eq!(
        show("(let xs (array 1 2) (let ys xs (seq (update xs put 0 9) (array xs ys))))"),
        "[[9 2] [1 2]]"
    );
    assert_eq!(show("(let xs (array 1 2) (update xs push 3))"), "[1 2 3]");
    assert_eq!(show("(let x 5 (update x - 3))"), "2");
    assert_eq!(show("(let xs [] (let f (fn (v) (update xs push v)) (seq (f 1) (f 2) xs)))"), "[1 2]");
    assert_eq!(show("(def xs []) (seq (update xs push 1) (update xs push 2) xs)"), "[1 2]");
    assert_eq!(show("(let s \"a\" (seq (set s (+ s s)) (set s (+ s \"b\")) s))"), "\"aab\"");
    assert_eq!(show("(let s \"a\" (let t s (seq (set s (+ s \"b\")) (array s t))))"), "[\"ab\" \"a\"]");
    assert_eq!(show("(let xs (array 1) (set xs (push xs xs)))"), "[1 [1]]");
    // What is read first is the old value, also if a later argument assigns the variable.
    assert_eq!(
        show("(let xs [] (let f (fn () (seq (set xs (array 7)) 1)) (seq (set xs (push xs (f))) xs)))"),
        "[1]"
    );
    assert_eq!(
        show(
            "(let xs [] (let c (cell 1) (let f (fn (n) (seq (set xs (array 7)) n))
                (seq (set xs (push xs (swap! c f))) xs))))"
        ),
        "[1]"
    );
    assert_eq!(
        show(
            "(def gs []) (def g (fn () (seq (set-global gs (array 7)) 1))) (seq (set-global gs (push gs (g))) gs)"
        ),
        "[1]"
    );
}

#[test]
fn a_failed_update_changes_nothing() {
    assert_eq!(show("(let xs (array 1) (seq (try (update xs put 5 0) e null) xs))"), "[1]");
    assert_eq!(show("(let x 1 (seq (try (set x (+ x \"a\")) e null) x))"), "1");
    assert_eq!(show("(let x 1 (seq (try (update x push 1) e null) x))"), "1");
    assert_eq!(
        show("(let xs (array 1) (let f (fn () (update xs put 5 0)) (seq (try (f) e null) xs)))"),
        "[1]"
    );
    assert_eq!(show("(def xs (array 1)) (seq (try (update xs put 5 0) e null) xs)"), "[1]");
    assert_eq!(show("(update nobody push 1)").split(':').next(), Some("undefined"));
}

#[test]
fn what_is_used_for_the_last_time_is_moved_and_nothing_else() {
    // Each operand is read when its turn comes, whoever reads the variable later.
    assert_eq!(show("(let f (fn (x) (array x x)) (f (array 1)))"), "[[1] [1]]");
    assert_eq!(show("(let f (fn (x) (array (cons 0 x) x)) (f (array 1)))"), "[[0 1] [1]]");
    assert_eq!(show("(let f (fn (x) (array x (cons 0 x))) (f (array 1)))"), "[[1] [0 1]]");
    assert_eq!(show("(let f (fn (x) (update x push x)) (f (array 1)))"), "[1 [1]]");
    assert_eq!(show("(let f (fn (k) (let o null (update o put k k))) (f :a))"), "{:a :a}");
    assert_eq!(
        show("(let f (fn (x g) (g x (fn () x))) (f (array 1) (fn (x g) (array x (g)))))"),
        "[[1] [1]]"
    );
    assert_eq!(show("(def f (fn (n xs) (if (= n 0) xs (f (- n 1) (cons n xs))))) (f 3 (array))"), "[1 2 3]");
    assert_eq!(show("(let f (fn (x) (x x)) (f (fn (x) 5)))"), "5");
    assert_eq!(show("(let f (fn (x) (catch x (throw x x))) (f :a))"), ":a");
    // An assignment that is not reached leaves the variable alone.
    assert_eq!(show("(let x (array 1) (seq (try (set x (cons (+ 1 null) x)) e null) x))"), "[1]");
    assert_eq!(show("(let x (array 1) (seq (try (set x (array x (+ 1 null))) e null) x))"), "[1]");
    assert_eq!(show("(let x (array 1) (seq (block b (set x (array x (leave b 1)))) x))"), "[1]");
    assert_eq!(
        show("(let x (array 1) (seq (block b (let f (fn () (leave b 1)) (set x (array x (f))))) x))"),
        "[1]"
    );
    let many: Vec<String> = (0..100).map(|_| "x".to_string()).collect();
    let many = many.join(" ");
    assert_eq!(show(&format!("(let f (fn (x) (get (array {many}) 0)) (f (array 1)))")), "[1]");
    assert_eq!(show(&format!("(let f (fn (x) (get (array {many}) 99)) (f (array 1)))")), "[1]");
    assert_eq!(show(&format!("(let x (array 1) (seq (set x (array {many})) (get x 99)))")), "[1]");
}

#[test]
fn steps_keep_their_meaning() {
    assert_eq!(show("(let n 1 (let f (fn () (set n (+ n 2))) (seq (f) (f) n)))"), "5");
    assert_eq!(show("(let n 1 (let f (fn () (set n (- n 2))) (array (f) (f) n)))"), "[-1 -3 -3]");
    assert_eq!(show("(let n 0.5 (let f (fn () (set n (+ n 2))) (seq (f) n)))"), "2.5");
    assert_eq!(
        show("(let n 9223372036854775807 (let f (fn () (set n (+ n 1))) (seq (f) n)))"),
        "9223372036854775808"
    );
    assert_eq!(show("(let n \"a\" (let f (fn () (set n (+ n 1))) (seq (try (f) e null) n)))"), "\"a\"");
    assert_eq!(show("(def n 1) (seq (set-global n (+ n 2)) (set-global n (- n 5)) n)"), "-2");
    assert_eq!(show("(def n null) (seq (try (set-global n (+ n 2)) e null) n)"), "null");
    let step = |collection: &str, by: &str| {
        show(&format!(
            "(let o {collection} (seq (let k :a (let new (+ (get o :a) {by}) (seq (update o put k new) new))) o))"
        ))
    };
    assert_eq!(step("(put null :a 1)", "2"), "{:a 3}");
    assert_eq!(step("(put null :a 1.5)", "2"), "{:a 3.5}");
    assert_eq!(step("(put (put null :b 1) :a 9223372036854775807)", "1"), "{:b 1 :a 9223372036854775808}");
    assert!(step("(put null :b 1)", "1").starts_with("type"), "{}", step("(put null :b 1)", "1"));
    // Who else holds the collection keeps the old one.
    assert_eq!(
        show(
            "(let o (put null :a 1) (let p o (seq (let k :a (let new (+ (get o :a) 1) (seq (update o put k new) new)))
                (array o p))))"
        ),
        "[{:a 2} {:a 1}]"
    );
}

#[test]
fn growth_is_not_quadratic() {
    // Each of these would copy gigabytes if it copied at each step.
    for text in [
        "(let xs [] (let i 0 (seq (while (< i 30000) (set xs (push xs i)) (set i (+ i 1))) (get xs 29999))))",
        "(let xs [] (let i 0 (seq (while (< i 30000) (update xs push i) (set i (+ i 1))) (get xs 29999))))",
        "(let xs [] (let i 0 (let f (fn () (set xs (push xs i))) (seq (while (< i 30000) (f) (set i (+ i 1))) (get xs 29999)))))",
        "(let xs [] (let i 0 (seq (while (< i 30000) (set xs (+ xs (array i))) (set i (+ i 1))) (get xs 29999))))",
        "(let xs [] (let i 0 (seq (while (< i 30000) (set xs (cons i xs)) (set i (+ i 1))) (get xs 0))))",
        "(def f (fn (i xs) (if (= i 30000) (get xs 0) (f (+ i 1) (cons i xs))))) (f 0 (array))",
        "(get (reduce (fn (xs i) (cons i xs)) (array) (range 0 30000)) 0)",
        "(let xs [] (let i 0 (let f (fn () (set xs (+ xs (array i)))) (seq (while (< i 30000) (f) (set i (+ i 1))) (get xs 29999)))))",
    ] {
        assert_eq!(show(text), "29999");
    }
    let mut world = World::new();
    world.run("(def xs []) (def i 0)").unwrap();
    let text = "(seq (while (< i 30000) (set-global xs (push xs i)) (set-global i (+ i 1))) (get xs 29999))";
    assert_eq!(world.show(text), "29999");
    world.run("(def xs []) (def i 0)").unwrap();
    let text =
        "(seq (while (< i 30000) (set-global xs (+ xs (array i))) (set-global i (+ i 1))) (get xs 29999))";
    assert_eq!(world.show(text), "29999");
}
