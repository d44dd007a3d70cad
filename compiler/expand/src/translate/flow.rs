//! Which locals have a value where control stands: every way that leads to a use must have given it one.
//!
//! A local that begins as null is empty until it gets a value. If something may read it before that, its type is an option; if
//! nothing can, it is as if it began with its first value. Never changes code. Start with [`Flow`].

use crate::core::LocalId;
use rustc_hash::FxHashSet;

/// What is known where control stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// Locals that some way here has given no value.
    lacking: FxHashSet<LocalId>,
    /// Locals that are null on some way here.
    empty: FxHashSet<LocalId>,
    /// True where no way leads to.
    is_dead: bool,
}

impl Flow {
    /// True where no way leads to.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// A local that gets its value later.
    pub(super) fn declare(&mut self, local: LocalId) {
        if !self.is_dead {
            self.lacking.insert(local);
        }
    }

    /// A local that begins as null and gets another value later.
    pub(super) fn declare_empty(&mut self, local: LocalId) {
        if !self.is_dead {
            self.lacking.remove(&local);
            self.empty.insert(local);
        }
    }

    /// True if a local may be null because nothing has given it another value.
    pub(super) fn is_empty(&self, local: LocalId) -> bool {
        self.empty.contains(&local)
    }

    /// True if a local may have no value.
    pub(super) fn lacks(&self, local: LocalId) -> bool {
        self.lacking.contains(&local)
    }

    /// Gives a local its value; true if it may have had none.
    pub(super) fn gains(&mut self, local: LocalId) -> bool {
        let was_empty = self.empty.remove(&local);
        self.lacking.remove(&local) || was_empty
    }

    /// Control goes elsewhere.
    pub(super) fn end(&mut self) {
        self.lacking.clear();
        self.empty.clear();
        self.is_dead = true;
    }

    /// Another way leads here too.
    pub(super) fn merge(&mut self, other: Flow) {
        if other.is_dead {
            return;
        }
        if self.is_dead {
            *self = other;
            return;
        }
        self.lacking.extend(other.lacking);
        self.empty.extend(other.empty);
    }
}
