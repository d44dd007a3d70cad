//! Work on more than one thread, with results that do not depend on how many there are.
//!
//! The pieces must not depend on each other, so it does not matter which thread does which one, and when. Where no thread can be
//! started, all is done on the one that there is. A panic of a piece is one of the caller. Start with [`each`].

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

/// Address space for a thread's stack, as much as a command's main thread has; pages are taken only when touched.
const STACK: usize = 64 << 20;

/// More threads than this do not help with the pieces that a program has.
const MAX_THREADS: usize = 8;

/// How many threads work on pieces at most.
pub fn count() -> usize {
    available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// Does something with each item.
pub fn each<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = count().min(items.len());
    let left = Mutex::new(items.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    scope(|scope| {
        let spawn = |_| Builder::new().stack_size(STACK).spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        run();
        for other in others {
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// Does two things at once.
pub fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    // What could not be started is done here.
    let there = Mutex::new(Some(there));
    let take = || there.lock().unwrap_or_else(PoisonError::into_inner).take();
    let run = || take().map(|there| there());
    scope(|scope| {
        let other = Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        let mine = here();
        let theirs = match other {
            Ok(other) => other.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => run(),
        };
        // Nobody else takes it.
        let lost = || resume_unwind(Box::new("a piece of work was lost"));
        (mine, theirs.unwrap_or_else(lost))
    })
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
