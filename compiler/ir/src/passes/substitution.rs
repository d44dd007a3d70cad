//! Replacing values by equal ones, all at once.
//!
//! A pass records `replace(old, new)` while it walks and calls [`Substitution::apply`] once at the end, so that a
//! pass stays linear however many values it replaces. It never checks that the new value dominates the uses of the
//! old one: that is the business of the pass.

use crate::function::{Function, Value};
use ovsm_base::index::IndexVec;

/// A map from values to the values that stand in for them.
pub(crate) struct Substitution {
    map: IndexVec<Value, Value>,
    used: bool,
}

impl Substitution {
    /// The identity.
    pub(crate) fn new(function: &Function) -> Substitution {
        Substitution { map: function.values.indices().collect(), used: false }
    }

    /// Makes `new` stand in for `old`. Does nothing if they are already the same.
    pub(crate) fn replace(&mut self, old: Value, new: Value) {
        let new = self.resolve(new);
        let old = self.resolve(old);
        if old != new {
            self.grow(old);
            self.map[old] = new;
            self.used = true;
        }
    }

    /// What stands in for `value` in the end.
    pub(crate) fn resolve(&mut self, value: Value) -> Value {
        let mut current = value;
        while let Some(next) = self.map.get(current).copied() {
            if next == current {
                break;
            }
            // Path halving keeps chains short.
            let after = self.map.get(next).copied().unwrap_or(next);
            self.map[current] = after;
            current = after;
        }
        current
    }

    /// Rewrites every operand of the function. Returns true if something was replaced.
    pub(crate) fn apply(&mut self, function: &mut Function) -> bool {
        if !self.used {
            return false;
        }
        for block in function.blocks.indices() {
            for &inst in &function.blocks[block].insts {
                function.insts[inst].op.map_operands(|value| self.resolve(value));
            }
            function.blocks[block].terminator.map_operands(|value| self.resolve(value));
        }
        true
    }

    fn grow(&mut self, value: Value) {
        while self.map.get(value).is_none() {
            let next = self.map.next_index();
            self.map.push(next);
        }
    }
}
