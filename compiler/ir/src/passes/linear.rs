//! Words of a loop as linear functions of its counters.

use super::loops::Counter;
use crate::function::{Block, Function, Inst, Value, ValueDef};
use crate::op::{BinaryOp, Op};
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// How many definitions deep a value is looked at.
const DEPTH: u32 = 8;
/// Different unchanging terms of a value.
const MAX_TERMS: usize = 3;

/// `scale * counter + sum of terms + offset`, all modulo 2^64.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Linear {
    /// Number of the counter, if the scale is not zero.
    pub(crate) counter: Option<usize>,
    pub(crate) scale: u64,
    /// Unchanging values with their factors, in order.
    pub(crate) terms: SmallVec<[(Value, u64); 3]>,
    pub(crate) offset: u64,
}

impl Linear {
    fn scaled(mut self, factor: u64) -> Linear {
        self.scale = self.scale.wrapping_mul(factor);
        self.offset = self.offset.wrapping_mul(factor);
        for (_, coefficient) in &mut self.terms {
            *coefficient = coefficient.wrapping_mul(factor);
        }
        self
    }

    fn plus(mut self, other: Linear) -> Option<Linear> {
        match (self.counter, other.counter) {
            (Some(a), Some(b)) if a != b => return None,
            (None, counter) => self.counter = counter,
            _ => {}
        }
        self.scale = self.scale.wrapping_add(other.scale);
        self.offset = self.offset.wrapping_add(other.offset);
        for (value, factor) in other.terms {
            match self.terms.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => *known = known.wrapping_add(factor),
                None => self.terms.push((value, factor)),
            }
        }
        self.terms.retain(|(_, factor)| *factor != 0);
        self.terms.sort_unstable();
        (self.terms.len() <= MAX_TERMS).then_some(self)
    }
}

/// Reads linear functions off the instructions of a loop.
pub(crate) struct Reader<'a> {
    pub(crate) function: &'a Function,
    pub(crate) inside: &'a FxHashSet<Block>,
    pub(crate) home: &'a IndexVec<Value, Option<Block>>,
    pub(crate) counters: &'a [Counter],
    /// Also look through checked arithmetic, which gives the same where it gives anything.
    pub(crate) through_checks: bool,
    /// The instructions that were looked through.
    pub(crate) chain: Vec<Inst>,
}

impl Reader<'_> {
    /// The value as a linear function of a counter, if it is one.
    pub(crate) fn read(&mut self, value: Value) -> Option<Linear> {
        self.read_to(value, DEPTH)
    }

    fn read_to(&mut self, value: Value, depth: u32) -> Option<Linear> {
        if let Some(word) = self.function.as_const(value) {
            return Some(Linear { offset: word, ..Linear::default() });
        }
        for (number, counter) in self.counters.iter().enumerate() {
            if value == counter.param || value == counter.next {
                let offset = if value == counter.next { counter.step } else { 0 };
                return Some(Linear { counter: Some(number), scale: 1, offset, ..Linear::default() });
            }
        }
        if self.home.get(value).copied().flatten().is_none_or(|home| !self.inside.contains(&home)) {
            return Some(Linear { terms: SmallVec::from_iter([(value, 1)]), ..Linear::default() });
        }
        let ValueDef::Result(inst, _) = self.function.values.get(value)?.def else {
            return None;
        };
        if depth == 0 {
            return None;
        }
        let (op, a, b) = match self.function.insts[inst].op {
            Op::Binary(op, a, b) => (op, a, b),
            Op::Checked(op, _, a, b) if self.through_checks => (op.wrapping(), a, b),
            _ => return None,
        };
        let linear = match op {
            BinaryOp::Add => self.read_to(a, depth - 1)?.plus(self.read_to(b, depth - 1)?)?,
            BinaryOp::Sub => {
                self.read_to(a, depth - 1)?.plus(self.read_to(b, depth - 1)?.scaled(u64::MAX))?
            }
            BinaryOp::Mul => {
                let factor = self.function.as_const(b)?;
                self.read_to(a, depth - 1)?.scaled(factor)
            }
            BinaryOp::ShiftLeft => {
                let amount = self.function.as_const(b)?;
                self.read_to(a, depth - 1)?.scaled(1u64.wrapping_shl(amount as u32))
            }
            _ => return None,
        };
        self.chain.push(inst);
        Some(linear)
    }
}
