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
fn growth_is_not_quadratic() {
    // Each of these would copy gigabytes if it copied at each step.
    for text in [
        "(let xs [] (let i 0 (seq (while (< i 30000) (set xs (push xs i)) (set i (+ i 1))) (get xs 29999))))",
        "(let xs [] (let i 0 (seq (while (< i 30000) (update xs push i) (set i (+ i 1))) (get xs 29999))))",
        "(let xs [] (let i 0 (let f (fn () (set xs (push xs i))) (seq (while (< i 30000) (f) (set i (+ i 1))) (get xs 29999)))))",
        "(let xs [] (let i 0 (seq (while (< i 30000) (set xs (+ xs (array i))) (set i (+ i 1))) (get xs 29999))))",
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
