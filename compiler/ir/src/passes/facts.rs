//! Truth values that are known at a place of the dominator tree, from branches and checks that were passed.
//!
//! For two words it keeps which orders are still possible, so that `a <= b` and `a != b` together say `a < b`.

use crate::function::{Function, Value};
use crate::op::{Condition, Op};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry as MapEntry;

/// A table with scopes: what was learnt after a mark is forgotten when its scope is left.
#[derive(Default)]
pub(crate) struct Facts {
    truths: FxHashMap<Value, bool>,
    /// For two values, the lower number first: the orders that are still possible.
    orders: FxHashMap<(Value, Value), Orders>,
    log: Vec<Entry>,
}

enum Entry {
    Truth(Value),
    Orders((Value, Value), Option<Orders>),
}

impl Facts {
    /// The place to return to.
    pub(crate) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Forgets everything learnt since the mark.
    pub(crate) fn leave(&mut self, mark: usize) {
        while self.log.len() > mark {
            match self.log.pop() {
                Some(Entry::Truth(value)) => {
                    self.truths.remove(&value);
                }
                Some(Entry::Orders(pair, Some(old))) => {
                    self.orders.insert(pair, old);
                }
                Some(Entry::Orders(pair, None)) => {
                    self.orders.remove(&pair);
                }
                None => {}
            }
        }
    }

    /// What a truth value is known to be.
    pub(crate) fn get(&self, value: Value) -> Option<bool> {
        self.truths.get(&value).copied()
    }

    /// What a comparison is known to give.
    pub(crate) fn compare(&self, condition: Condition, a: Value, b: Value) -> Option<bool> {
        let (pair, condition) = regular(condition, a, b);
        let possible = *self.orders.get(&pair)?;
        let wanted = Orders::of(condition);
        if possible.0 & !wanted.0 & Orders::relevant(condition) == 0 {
            Some(true)
        } else if possible.0 & wanted.0 & Orders::relevant(condition) == 0 {
            Some(false)
        } else {
            None
        }
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

    /// Learns that a comparison holds.
    pub(crate) fn holds(&mut self, condition: Condition, a: Value, b: Value) {
        if a == b {
            return;
        }
        let (pair, condition) = regular(condition, a, b);
        let old = self.orders.get(&pair).copied();
        let new = old.unwrap_or(Orders::ALL).and(Orders::of(condition));
        if old != Some(new) {
            self.orders.insert(pair, new);
            self.log.push(Entry::Orders(pair, old));
        }
    }
}

/// The comparison with the lower value on the left.
fn regular(condition: Condition, a: Value, b: Value) -> ((Value, Value), Condition) {
    if a <= b { ((a, b), condition) } else { ((b, a), condition.swapped()) }
}

/// A set of orders of two words: three bits (less, equal, greater) unsigned, three signed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Orders(u8);

impl Orders {
    const LESS: u8 = 1;
    const EQUAL: u8 = 2;
    const GREATER: u8 = 4;
    const SIGNED: u32 = 3;
    const ALL: Orders = Orders(0b11_1111);

    /// The bits that the condition speaks of: those of its reading of the sign, for equality both.
    fn relevant(condition: Condition) -> u8 {
        match condition {
            Condition::Equal | Condition::NotEqual => 0b111,
            Condition::UnsignedLess
            | Condition::UnsignedLessEqual
            | Condition::UnsignedGreater
            | Condition::UnsignedGreaterEqual => 0b111,
            Condition::SignedLess
            | Condition::SignedLessEqual
            | Condition::SignedGreater
            | Condition::SignedGreaterEqual => 0b111 << Orders::SIGNED,
        }
    }

    /// The orders for which the condition holds.
    fn of(condition: Condition) -> Orders {
        let bits = match condition {
            Condition::Equal => Orders::EQUAL,
            Condition::NotEqual => Orders::LESS | Orders::GREATER,
            Condition::UnsignedLess | Condition::SignedLess => Orders::LESS,
            Condition::UnsignedLessEqual | Condition::SignedLessEqual => Orders::LESS | Orders::EQUAL,
            Condition::UnsignedGreater | Condition::SignedGreater => Orders::GREATER,
            Condition::UnsignedGreaterEqual | Condition::SignedGreaterEqual => {
                Orders::GREATER | Orders::EQUAL
            }
        };
        let any = 0b111;
        Orders(match condition {
            Condition::Equal | Condition::NotEqual => bits | bits << Orders::SIGNED,
            _ if Orders::relevant(condition) == any => bits | any << Orders::SIGNED,
            _ => any | bits << Orders::SIGNED,
        })
    }

    /// The orders in both; equality in one reading of the sign is equality in the other.
    fn and(self, other: Orders) -> Orders {
        let both = self.0 & other.0;
        let (unsigned, signed) = (both & 0b111, both >> Orders::SIGNED);
        let equal = unsigned & signed & Orders::EQUAL;
        let unsigned = unsigned & !Orders::EQUAL | equal;
        let signed = signed & !Orders::EQUAL | equal;
        // Where only equality is left in one reading, nothing else is left in the other.
        let only = |bits: u8, other: u8| if other == Orders::EQUAL { bits & Orders::EQUAL } else { bits };
        Orders(only(unsigned, signed) | only(signed, unsigned) << Orders::SIGNED)
    }
}
