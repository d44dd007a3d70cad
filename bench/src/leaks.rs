//! Whether memory grows while a program works for long: the same work again and again on each kind of value.
//!
//! The programs run in this process, whose allocator counts. Nothing is timed. A kind leaks if more is in use, or in memory,
//! after the last round than after the one in the middle. Start with [`markdown`].

use ovsm_eval::{Ended, Limits, NoModules, Session};
use ovsm_library::Host;
use std::fmt::Write;

/// What stands for the outside world: nothing.
struct NoWorld;

impl Host for NoWorld {}

/// What is done with each kind of value, `n` times: its name, and a function `work` of `n`.
pub const KINDS: &[(&str, &str)] = &[
    (
        "array",
        "(defn work (n) (let ((xs [])) (dotimes (i (// n 2)) (push! xs i) (when (> (length xs) 1000) (dotimes (j 1000) (pop! xs)))) (length xs)))",
    ),
    (
        "array of strings",
        "(defn work (n) (let ((xs [])) (dotimes (i (// n 2)) (push! xs (str i)) (when (> (length xs) 1000) (dotimes (j 1000) (pop! xs)))) (length xs)))",
    ),
    (
        "list",
        "(defn work (n) (let ((xs '())) (dotimes (i (// n 2)) (set! xs (cons i xs)) (when (> (length xs) 1000) (set! xs (rest (drop xs 1000))))) (length xs)))",
    ),
    (
        "object",
        "(defn work (n) (let ((o {:a 0})) (dotimes (i (// n 4)) (setf (get o :b) [i]) (setf (get o (str (% i 100))) i) (incf (get o :a)) (set! o (dissoc o :b))) (get o :a)))",
    ),
    (
        "set",
        "(defn work (n) (let ((s #{})) (dotimes (i (// n 2)) (push! s (str (% i 100))) (set! s (disj s (str (% (* i 7) 100))))) (length s)))",
    ),
    (
        "hash table",
        "(defn work (n) (let ((t (hash-table))) (dotimes (i (// n 2)) (puthash t (str (% i 100)) [i]) (remhash t (str (% (* i 7) 100)))) (hash-table-count t)))",
    ),
    (
        "string",
        "(defn work (n) (let ((s \"\")) (dotimes (i n) (set! s (str s i)) (when (> (length s) 10000) (set! s \"\"))) (length s)))",
    ),
    (
        "bytes",
        "(defn work (n) (let ((b (bytes []))) (dotimes (i n) (push! b (% i 256)) (when (> (length b) 10000) (set! b (bytes [])))) (length b)))",
    ),
    (
        "range",
        "(defn work (n) (let ((sum 0)) (dotimes (i (// n 4)) (for (x (range i (+ i 3))) (set! sum (+ sum x)))) sum))",
    ),
    (
        "cell",
        "(defn work (n) (let ((c (cell 0))) (dotimes (i (// n 3)) (set! c (cell [i c])) (cell-set! c i) (cell-get c)) 0))",
    ),
    (
        "closure",
        "(defn counter (start) (let ((n start)) (fn () (set! n (+ n 1)) n))) (defn work (n) (let ((sum 0)) (dotimes (i (// n 3)) (let ((next (counter i))) (next) (set! sum (next)))) sum))",
    ),
    (
        "record",
        "(defrecord point x y) (defn work (n) (let ((p (point 0 [1]))) (dotimes (i (// n 3)) (incf (. p x)) (set! p (point (. p x) [i]))) (. p x)))",
    ),
    (
        "error",
        "(defn work (n) (let ((sum 0)) (dotimes (i (// n 10)) (try (throw-error) (catch e (incf sum)))) sum)) (defn throw-error () (+ 1 \"x\"))",
    ),
];

/// Rounds for each kind.
const ROUNDS: u64 = 8;

/// How much more may be in use at the end than in the middle: what one table of the process may still grow.
const TOLERANCE: usize = 1024;

/// How much more may be in memory at the end than in the middle: the system takes pages back when it likes.
const RESIDENT_TOLERANCE: usize = 4 << 20;

/// True if more is in use, or in memory, at the end than in the middle.
pub fn is_growing([_, middle, end]: &[Sample; 3]) -> bool {
    end.live > middle.live + TOLERANCE || end.resident > middle.resident + RESIDENT_TOLERANCE
}

/// Memory in use after some rounds.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Bytes that the allocator has given out.
    pub live: usize,
    /// Bytes that are in memory.
    pub resident: usize,
}

fn explain(ended: Ended) -> String {
    match ended {
        Ended::Rejected(diagnostics) => {
            diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>().join("; ")
        }
        Ended::Failed(failure) => format!("{:?}", failure.unwind),
    }
}

/// Runs a program's `work` for a number of operations, in rounds; gives what is in use after the first round, the one
/// in the middle, and the last.
///
/// # Errors
/// The program does not work.
pub fn measure(
    source: &str,
    operations: u64,
    sample: &mut dyn FnMut() -> Sample,
) -> Result<[Sample; 3], String> {
    let mut session = Session::new(Limits::default(), Box::new(NoModules), Box::new(NoWorld));
    session.run("leaks.ovsm", source).map_err(explain)?;
    let line = format!("(work {})", operations / ROUNDS);
    let program = format!("(defn round () {line})");
    session.run("round.ovsm", &program).map_err(explain)?;
    let round = session.run("name.ovsm", "round").map_err(explain)?;
    let mut samples = Vec::with_capacity(ROUNDS as usize);
    for _ in 0..ROUNDS {
        session.call(&round, &[]).map_err(explain)?;
        samples.push(sample());
    }
    let at = |n: u64| samples.get(n as usize).copied().unwrap_or(Sample { live: 0, resident: 0 });
    Ok([at(0), at(ROUNDS / 2 - 1), at(ROUNDS - 1)])
}

/// The figures as Markdown, and the kinds that leak.
///
/// # Errors
/// A program does not work.
pub fn markdown(
    operations: u64,
    sample: &mut dyn FnMut() -> Sample,
) -> Result<(String, Vec<&'static str>), String> {
    let mut text = format!(
        "## Memory over time\n\n{operations} operations on each kind of value, in {ROUNDS} rounds: KB that the \
         allocator has given out, and KB in memory, after the first round, half of them, and all.\n\n\
         | kind | in use | | | resident | | |\n|---|---|---|---|---|---|---|\n"
    );
    let mut leaks = Vec::new();
    for (name, source) in KINDS {
        let samples = measure(source, operations, sample).map_err(|error| format!("{name}: {error}"))?;
        if is_growing(&samples) {
            leaks.push(*name);
        }
        let cells = |part: fn(&Sample) -> usize| {
            samples.iter().map(|sample| format!("{:.1}", part(sample) as f64 / 1024.0)).collect::<Vec<_>>()
        };
        let (live, resident) =
            (cells(|sample| sample.live).join(" | "), cells(|sample| sample.resident).join(" | "));
        let _ = writeln!(text, "| {name} | {live} | {resident} |");
    }
    Ok((text, leaks))
}
