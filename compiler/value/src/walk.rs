//! Bounds of walks: values can share parts, and then have many more places than they take memory.
//!
//! Whoever writes, compares or hashes a value tells here how many parts it goes through, and ends when it is told to. The
//! machine that runs a program watches: it asks the clock and the memory now and then, and pays with the program's fuel.
//! Without a watch, walks end by themselves only. What an ended walk gives is of no use; whoever watches finds out with
//! [`settle`]. All of it belongs to one thread. Start with [`steps`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// How many steps are taken between two questions to the watch.
const SLICE: u64 = 4096;

/// Who decides how long walks may be.
pub trait Watch {
    /// True if the walk has to end after so many steps since the last [`settle`].
    fn must_stop(&self, used: u64) -> bool;
}

struct State {
    /// Steps that are left until the watch is asked.
    left: Cell<u64>,
    used: Cell<u64>,
    is_due: Cell<bool>,
    is_over: Cell<bool>,
    /// True if there is nobody to ask: the walk ends with the slice.
    is_bounded: Cell<bool>,
    watch: RefCell<Option<Rc<dyn Watch>>>,
}

thread_local! {
    static STATE: State = const {
        State {
            left: Cell::new(SLICE),
            used: Cell::new(0),
            is_due: Cell::new(false),
            is_over: Cell::new(false),
            is_bounded: Cell::new(false),
            watch: RefCell::new(None),
        }
    };
}

/// Takes steps. False if the walk has to end.
#[inline]
pub fn steps(count: usize) -> bool {
    STATE.with(|state| {
        let (left, count) = (state.left.get(), count as u64);
        if count < left {
            state.left.set(left - count);
            return true;
        }
        ask(state, count)
    })
}

/// Notes that so many bytes were copied, or are going to be. What is short costs nothing: whoever makes it pays by the step.
#[inline]
pub fn copied(bytes: usize) {
    const LONG: usize = 1 << 14;
    const BYTES_PER_STEP: usize = 64;
    if bytes >= LONG {
        steps(bytes / BYTES_PER_STEP);
    }
}

#[cold]
#[inline(never)]
fn ask(state: &State, count: u64) -> bool {
    if state.is_over.get() {
        return false;
    }
    let used = state.used.get().saturating_add(SLICE.max(count));
    state.used.set(used);
    if state.is_bounded.get() {
        state.is_over.set(true);
        state.left.set(0);
        return false;
    }
    state.left.set(SLICE);
    state.is_due.set(true);
    let watch = state.watch.try_borrow().ok().and_then(|watch| watch.clone());
    if watch.is_some_and(|watch| watch.must_stop(used)) {
        state.is_over.set(true);
        state.left.set(0);
        return false;
    }
    true
}

/// True if there is something to [`settle`].
#[inline]
pub fn is_due() -> bool {
    STATE.with(|state| state.is_due.get())
}

/// True if the walk has ended because it had to.
#[inline]
pub fn is_over() -> bool {
    STATE.with(|state| state.is_over.get())
}

/// How many steps were taken since the last time, and whether a walk was ended.
pub fn settle() -> (u64, bool) {
    STATE.with(|state| {
        state.is_due.set(false);
        state.left.set(SLICE);
        (state.used.replace(0), state.is_over.replace(false))
    })
}

/// Lets somebody watch the walks of a piece of work.
pub fn watched<R>(watch: Rc<dyn Watch>, work: impl FnOnce() -> R) -> R {
    let outer = STATE.with(|state| state.watch.replace(Some(watch)));
    let result = work();
    STATE.with(|state| state.watch.replace(outer));
    result
}

/// Does a piece of work whose walks end after so many steps.
pub fn at_most<R>(count: u32, work: impl FnOnce() -> R) -> R {
    let outer = STATE.with(|state| {
        let left = state.left.replace(u64::from(count));
        (left, state.used.get(), state.is_over.replace(false), state.is_bounded.replace(true))
    });
    let result = work();
    STATE.with(|state| {
        let (left, used, is_over, is_bounded) = outer;
        state.left.set(left);
        state.used.set(used);
        state.is_over.set(is_over);
        state.is_bounded.set(is_bounded);
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, write};
    use std::hash::Hash;

    fn shared(levels: u32) -> Value {
        (0..levels).fold(Value::Int(1), |value, _| Value::list(vec![value.clone(), value]))
    }

    struct Never;

    impl Watch for Never {
        fn must_stop(&self, used: u64) -> bool {
            used > 100_000
        }
    }

    #[test]
    fn shared_values_do_not_walk_for_ever() {
        let (a, b) = (shared(60), shared(60));
        watched(Rc::new(Never), || {
            let _ = write::write(&a);
            assert!(settle().1);
            let _ = crate::compare::equal(&a, &b);
            assert!(settle().1);
            crate::compare::Key(a.clone()).hash(&mut rustc_hash::FxHasher::default());
            assert!(settle().1);
            let _ = crate::compare::compare(&a, &b);
            assert!(settle().1);
        });
        assert!(write::brief(&a).chars().count() <= 61);
        assert!(!settle().1);
    }
}
