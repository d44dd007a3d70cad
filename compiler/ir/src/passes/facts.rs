//! Truth values that are known at a place of the dominator tree, from branches and checks that were passed.

use crate::function::{Function, Value};
use crate::op::{Condition, Op};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry as MapEntry;

/// A table with scopes: what was learnt after a mark is forgotten when its scope is left.
#[derive(Default)]
pub(crate) struct Facts {
    truths: FxHashMap<Value, bool>,
    relations: FxHashMap<(Condition, Value, Value), bool>,
    log: Vec<Entry>,
}

enum Entry {
    Truth(Value),
    Relation((Condition, Value, Value)),
}

impl Facts {
    /// The place to return to.
    pub(crate) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Forgets everything learnt since the mark.
    pub(crate) fn leave(&mut self, mark: usize) {
        for entry in self.log.drain(mark..) {
            match entry {
                Entry::Truth(value) => {
                    self.truths.remove(&value);
                }
                Entry::Relation(relation) => {
                    self.relations.remove(&relation);
                }
            }
        }
    }

    /// What a truth value is known to be.
    pub(crate) fn get(&self, value: Value) -> Option<bool> {
        self.truths.get(&value).copied()
    }

    /// What a comparison is known to give.
    pub(crate) fn compare(&self, condition: Condition, a: Value, b: Value) -> Option<bool> {
        self.relations.get(&(condition, a, b)).copied()
    }

    /// Learns that `value` is `truth` from here on.
    pub(crate) fn learn(&mut self, function: &Function, value: Value, truth: bool) {
        let (mut value, mut truth) = (value, truth);
        loop {
            if let MapEntry::Vacant(place) = self.truths.entry(value) {
                place.insert(truth);
                self.log.push(Entry::Truth(value));
            }
            match function.defining_op(value) {
                Some(Op::Not(inner)) => {
                    value = *inner;
                    truth = !truth;
                }
                Some(Op::Compare(condition, a, b)) => {
                    let condition = if truth { *condition } else { condition.negated() };
                    self.holds(condition, *a, *b);
                    return;
                }
                _ => return,
            }
        }
    }

    /// Learns that a comparison holds, and what follows for other comparisons of the same two values.
    pub(crate) fn holds(&mut self, condition: Condition, a: Value, b: Value) {
        use Condition::{
            Equal, NotEqual, SignedGreater, SignedGreaterEqual, SignedLess, SignedLessEqual, UnsignedGreater,
            UnsignedGreaterEqual, UnsignedLess, UnsignedLessEqual,
        };
        let implied: &[Condition] = match condition {
            Equal => &[Equal, UnsignedLessEqual, UnsignedGreaterEqual, SignedLessEqual, SignedGreaterEqual],
            NotEqual => &[NotEqual],
            UnsignedLess => &[UnsignedLess, UnsignedLessEqual, NotEqual],
            UnsignedLessEqual => &[UnsignedLessEqual],
            UnsignedGreater => &[UnsignedGreater, UnsignedGreaterEqual, NotEqual],
            UnsignedGreaterEqual => &[UnsignedGreaterEqual],
            SignedLess => &[SignedLess, SignedLessEqual, NotEqual],
            SignedLessEqual => &[SignedLessEqual],
            SignedGreater => &[SignedGreater, SignedGreaterEqual, NotEqual],
            SignedGreaterEqual => &[SignedGreaterEqual],
        };
        for &condition in implied {
            for (condition, a, b) in [(condition, a, b), (condition.swapped(), b, a)] {
                self.relate((condition, a, b), true);
                self.relate((condition.negated(), a, b), false);
            }
        }
    }

    fn relate(&mut self, relation: (Condition, Value, Value), truth: bool) {
        if let MapEntry::Vacant(place) = self.relations.entry(relation) {
            place.insert(truth);
            self.log.push(Entry::Relation(relation));
        }
    }
}
