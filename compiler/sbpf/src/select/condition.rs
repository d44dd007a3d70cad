//! Truth values: as conditions of jumps, and, where it must be, as words.

use super::{Selector, immediate};
use crate::isa::{Alu, Jump, Version};
use crate::machine::{MachineInst, Rhs, Test};
use ovsm_base::IntType;
use ovsm_ir::{BinaryOp, Condition, Op, Value};
use regalloc2::VReg;

/// How a truth value is decided.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decision {
    /// It is a constant.
    Known(bool),
    /// By a jump. If the flag is set, the test holds when the truth value is false.
    Test(Test, bool),
}

impl Selector<'_> {
    /// The decision of `value` (of its negation, if `negate`). Only with `may_swap` is the flag of
    /// [`Decision::Test`] ever set.
    pub(super) fn condition(&mut self, value: Value, negate: bool, may_swap: bool) -> Decision {
        let (mut value, mut negate) = (value, negate);
        loop {
            match self.function.defining_op(value) {
                Some(Op::Not(inner)) => {
                    value = *inner;
                    negate = !negate;
                }
                Some(Op::BoolConst(truth)) => return Decision::Known(*truth != negate),
                Some(Op::Compare(condition, a, b)) => {
                    let condition = if negate { condition.negated() } else { *condition };
                    let (condition, a, b) = match (self.function.as_const(*a), self.function.as_const(*b)) {
                        (Some(x), Some(y)) => return Decision::Known(condition.evaluate(x, y)),
                        (Some(_), None) => (condition.swapped(), *b, *a),
                        _ => (condition, *a, *b),
                    };
                    // A truth value that was made a word and is tested again.
                    let zero = self.function.as_const(b) == Some(0);
                    match (self.function.defining_op(a), condition, zero) {
                        (Some(Op::BoolToWord(inner)), Condition::Equal | Condition::NotEqual, true) => {
                            value = *inner;
                            negate = condition == Condition::Equal;
                        }
                        _ => return self.comparison(condition, a, b, may_swap),
                    }
                }
                _ => {
                    let lhs = self.register(value);
                    let jump = if negate { Jump::Eq } else { Jump::Ne };
                    return Decision::Test(Test { jump, narrow: false, lhs, rhs: Rhs::Imm(0) }, false);
                }
            }
        }
    }

    fn comparison(&mut self, condition: Condition, a: Value, b: Value, may_swap: bool) -> Decision {
        let constant = self.function.as_const(b);
        if constant == Some(0)
            && let Some(Op::Binary(BinaryOp::And, x, mask)) = self.function.defining_op(a)
            && self.uses[a] == 1
            && (condition == Condition::NotEqual || (condition == Condition::Equal && may_swap))
        {
            let (x, mask) = if self.function.as_const(*x).is_some() { (*mask, *x) } else { (*x, *mask) };
            let lhs = self.register(x);
            let rhs = self.operand(mask);
            let test = Test { jump: Jump::Set, narrow: false, lhs, rhs };
            return Decision::Test(test, condition == Condition::Equal);
        }
        let is_signed = matches!(
            condition,
            Condition::SignedLess
                | Condition::SignedLessEqual
                | Condition::SignedGreater
                | Condition::SignedGreaterEqual
        );
        // Both sides fit 32 bits: the jump can look at those alone, so a truncation before it is not needed and any
        // constant is an immediate.
        if self.version == Version::V3 && !is_signed {
            let (narrow_a, source_a) = self.low_half(a);
            let (narrow_b, source_b) = self.low_half(b);
            let wanted = source_a != a
                || source_b != b
                || constant.is_some_and(|word| immediate(word).is_none() && word <= u64::from(u32::MAX));
            if narrow_a && narrow_b && wanted {
                let lhs = self.register(source_a);
                let rhs = match constant {
                    Some(word) => Rhs::Imm(word as u32 as i32),
                    None => Rhs::Reg(self.register(source_b)),
                };
                return Decision::Test(Test { jump: jump_of(condition), narrow: true, lhs, rhs }, false);
            }
        }
        // A neighbour of a constant may fit where the constant does not.
        let (condition, neighbour) = match (condition, constant) {
            (Condition::UnsignedLess, Some(word)) if word > 0 => {
                (Condition::UnsignedLessEqual, Some(word - 1))
            }
            (Condition::UnsignedGreaterEqual, Some(word)) if word > 0 => {
                (Condition::UnsignedGreater, Some(word - 1))
            }
            (Condition::SignedLess, Some(word)) if word as i64 > i64::MIN => {
                (Condition::SignedLessEqual, Some(word.wrapping_sub(1)))
            }
            (Condition::SignedGreaterEqual, Some(word)) if word as i64 > i64::MIN => {
                (Condition::SignedGreater, Some(word.wrapping_sub(1)))
            }
            _ => (condition, None),
        };
        let (condition, neighbour) = match (constant, neighbour) {
            // Only when it helps; `x < 8` stays as it was written.
            (Some(word), Some(next)) if immediate(word).is_none() && immediate(next).is_some() => {
                (condition, Some(next))
            }
            (_, Some(_)) => (unneighbour(condition), None),
            _ => (condition, None),
        };
        let lhs = self.register(a);
        let rhs = match neighbour {
            Some(word) => self.constant_operand(word),
            None => self.operand(b),
        };
        Decision::Test(Test { jump: jump_of(condition), narrow: false, lhs, rhs }, false)
    }

    /// True if the value fits 32 bits, and a value with the same low half that is cheaper to have.
    fn low_half(&self, value: Value) -> (bool, Value) {
        match self.function.defining_op(value) {
            Some(Op::Extend(IntType::U32, inner)) if self.uses[value] == 1 => (true, *inner),
            _ => (self.upper_bound(value) <= u64::from(u32::MAX), value),
        }
    }

    /// A comparison or negation as a word, 0 or 1.
    pub(super) fn materialize(&mut self, value: Value) -> VReg {
        if let Some(Op::Compare(Condition::SignedLess, a, b)) = self.function.defining_op(value)
            && self.function.as_const(*b) == Some(0)
            && self.function.as_const(*a).is_none()
        {
            let lhs = self.register(*a);
            return self.alu(Alu::Rsh, lhs, Rhs::Imm(63));
        }
        match self.condition(value, false, false) {
            Decision::Known(truth) => self.constant(u64::from(truth)),
            Decision::Test(test, _) => {
                let dst = self.new_register();
                self.emit(MachineInst::SetIf { dst, test });
                dst
            }
        }
    }
}

fn unneighbour(condition: Condition) -> Condition {
    match condition {
        Condition::UnsignedLessEqual => Condition::UnsignedLess,
        Condition::UnsignedGreater => Condition::UnsignedGreaterEqual,
        Condition::SignedLessEqual => Condition::SignedLess,
        Condition::SignedGreater => Condition::SignedGreaterEqual,
        other => other,
    }
}

fn jump_of(condition: Condition) -> Jump {
    match condition {
        Condition::Equal => Jump::Eq,
        Condition::NotEqual => Jump::Ne,
        Condition::UnsignedLess => Jump::Lt,
        Condition::UnsignedLessEqual => Jump::Le,
        Condition::UnsignedGreater => Jump::Gt,
        Condition::UnsignedGreaterEqual => Jump::Ge,
        Condition::SignedLess => Jump::Slt,
        Condition::SignedLessEqual => Jump::Sle,
        Condition::SignedGreater => Jump::Sgt,
        Condition::SignedGreaterEqual => Jump::Sge,
    }
}
