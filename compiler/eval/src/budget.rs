//! What the expansions of a form may cost.
//!
//! The bound is that of a form as it is written: all that it makes macros do counts together, and what the prelude needs for
//! itself counts for nobody. Start with [`Budget`].

use crate::front::{COMPILE_FUEL, Front};

/// What the expansions of one top-level form may still spend together.
pub(crate) struct Budget {
    /// Units of fuel.
    pub(crate) fuel: u64,
    /// Macro calls.
    pub(crate) expansions: u32,
    /// Parts of what they give.
    pub(crate) size: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { fuel: 10 * COMPILE_FUEL, expansions: 100_000, size: 5_000_000 }
    }
}

impl Front {
    /// All that is expanded until [`Front::end_budget`] is paid for together.
    pub(crate) fn begin_budget(&mut self) {
        self.budget = Budget::default();
        self.expanding += 1;
    }

    pub(crate) fn end_budget(&mut self) {
        self.expanding -= 1;
    }
}
