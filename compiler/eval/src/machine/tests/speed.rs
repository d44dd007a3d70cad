//! Figures, for people: `cargo test --release -p ovsm-eval speed -- --ignored --nocapture`.

use super::builder::World;

#[test]
#[ignore = "prints figures"]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn speed() {
    for (name, text) in [
        ("fib(30)", "(def fib (fn (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))) (fib 30)"),
        ("loop 1e7", "(let i 0 (let s 0 (seq (while (< i 10000000) (set s (+ s i)) (set i (+ i 1))) s)))"),
        ("global loop 1e6", "(def i 0) (while (< i 1000000) (set-global i (+ i 1)))"),
        (
            "float loop 1e7",
            "(let i 0 (let s 0.5 (seq (while (< i 10000000) (set s (+ s 1.5)) (set i (+ i 1))) s)))",
        ),
        (
            "closure counter 1e6",
            "(let n 0 (let f (fn () (set n (+ n 1))) (let i 0 (seq (while (< i 1000000) (f) (set i (+ i 1))) n))))",
        ),
        (
            "push 1e6",
            "(let xs [] (let i 0 (seq (while (< i 1000000) (update xs push i) (set i (+ i 1))) (get xs 9))))",
        ),
        (
            "get 1e6",
            "(let o (put null :a 1) (let i 0 (seq (while (< i 1000000) (get o :a) (set i (+ i 1))) i)))",
        ),
        ("try 1e5", "(let i 0 (while (< i 100000) (set i (+ i 1)) (try (error \"x\") e null)))"),
        (
            "swap! 1e6",
            "(let c (cell 0) (let i 0 (let f (fn (x) (+ x 1)) (while (< i 1000000) (swap! c f) (set i (+ i 1))))))",
        ),
    ] {
        let mut best = f64::MAX;
        for _ in 0..5 {
            let mut world = World::new();
            let start = std::time::Instant::now();
            world.run(text).unwrap();
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{name}: {:.1} ms", best * 1e3);
    }
}
