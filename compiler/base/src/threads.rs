//! Work on more than one thread, with results that do not depend on how many there are.
//!
//! The pieces must not depend on each other, so it does not matter which thread does which one, and when. The threads are started
//! when they are first wanted, and stay; where none can be started, all is done on the one that there is. A panic of a piece is one
//! of the caller. Start with [`each`].

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread::available_parallelism;

/// Address space for a thread's stack, as much as a command's main thread has; pages are taken only when touched.
const STACK: usize = 64 << 20;

/// More threads than this do not help with the pieces that a program has.
const MAX_THREADS: usize = 8;

/// How many threads work on pieces at most.
pub fn count() -> usize {
    available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

thread_local! {
    static STAYS: Cell<bool> = const { Cell::new(false) };
}

/// Says that the current thread stays as long as the process: it becomes one of the threads itself if it is the first to want
/// them, and works on pieces while it waits for them.
pub fn stay() {
    STAYS.set(true);
}

/// The threads; nothing if there are none to be had, or one alone, which is there already.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let start = || {
        let threads = ThreadPoolBuilder::new().num_threads(count()).stack_size(STACK);
        if STAYS.get() { threads.use_current_thread().build() } else { threads.build() }
    };
    POOL.get_or_init(|| if count() > 1 { start().ok() } else { None }).as_ref()
}

/// Does something with each item, beginning with the first ones.
pub fn each<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let Some(pool) = pool().filter(|_| items.len() > 1) else {
        items.into_iter().for_each(work);
        return;
    };
    let work = &work;
    pool.in_place_scope_fifo(|scope| {
        for item in items {
            scope.spawn_fifo(move |_| work(item));
        }
    });
}

/// Does two things at once.
pub fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    let Some(pool) = pool() else { return (here(), there()) };
    let mut theirs = None;
    let mine = pool.in_place_scope(|scope| {
        scope.spawn(|_| theirs = Some(there()));
        here()
    });
    // The scope ends when all is done.
    let lost = || resume_unwind(Box::new("a piece of work was lost"));
    (mine, theirs.unwrap_or_else(lost))
}

/// Does something that only saves time, some time from now: on another thread, or on this one while it waits for others; not at all
/// where there is one alone. Nobody waits for it, so a panic of it ends the process.
pub fn aside(work: impl FnOnce() + Send + 'static) {
    if let Some(pool) = pool() {
        pool.spawn(work);
    }
}

#[cfg(test)]
mod tests {
    use super::{both, each};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn every_item_is_worked_on_once() {
        for count in [0, 1, 2, 7, 1000] {
            let mut items: Vec<u32> = vec![0; count];
            each(items.iter_mut().collect(), |item| *item += 1);
            assert!(items.iter().all(|item| *item == 1), "{count}");
        }
    }

    #[test]
    fn both_are_done() {
        let text = "abc".to_string();
        assert_eq!(both(|| text.len(), || text.to_uppercase()), (3, "ABC".to_string()));
    }

    #[test]
    fn a_panic_anywhere_is_one_here() {
        let piece = |item: usize| assert_ne!(item, 5, "on purpose");
        assert!(catch_unwind(|| each((0..10).collect(), piece)).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| both(|| 1, || panic!("on purpose")))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| both(|| panic!("on purpose"), || 1))).is_err());
    }
}
