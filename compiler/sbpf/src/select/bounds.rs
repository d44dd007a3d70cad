//! Cheap facts about the size of values, from their definitions alone.

use super::Selector;
use ovsm_base::IntType;
use ovsm_ir::{BinaryOp, Op, Type, Value, Width};

/// How far definitions are followed.
const DEPTH: u32 = 8;

/// The largest value of a type, or of a word.
pub(super) fn word_max(ty: IntType) -> u64 {
    u64::try_from(ty.max()).unwrap_or(u64::MAX)
}

impl Selector<'_> {
    /// No less than the value, read as unsigned.
    pub(super) fn upper_bound(&self, value: Value) -> u64 {
        self.bound(value, DEPTH)
    }

    /// True if the value, read as signed, is known not to be negative.
    pub(super) fn is_non_negative(&self, value: Value) -> bool {
        self.upper_bound(value) <= i64::MAX as u64
    }

    fn bound(&self, value: Value, depth: u32) -> u64 {
        let function = self.function;
        if function.values.get(value).is_some_and(|data| data.ty == Type::Bool) {
            return 1;
        }
        let Some(depth) = depth.checked_sub(1) else { return u64::MAX };
        match function.defining_op(value) {
            Some(Op::Const(word)) => *word,
            Some(Op::BoolToWord(_)) => 1,
            Some(Op::Load(access)) => match access.width {
                Width::W1 => 0xff,
                Width::W2 => 0xffff,
                Width::W4 => 0xffff_ffff,
                Width::W8 => u64::MAX,
            },
            Some(Op::Extend(ty, a)) if !ty.is_signed() => word_max(*ty).min(self.bound(*a, depth)),
            Some(Op::Checked(_, ty, _, _)) if !ty.is_signed() => word_max(*ty),
            Some(Op::Binary(op, a, b)) => {
                let (x, y) = (self.bound(*a, depth), self.bound(*b, depth));
                match op {
                    BinaryOp::And => x.min(y),
                    BinaryOp::Or | BinaryOp::Xor => {
                        let bits = 64 - (x | y).leading_zeros();
                        if bits == 64 { u64::MAX } else { (1 << bits) - 1 }
                    }
                    BinaryOp::Add => x.saturating_add(y),
                    BinaryOp::Mul => x.saturating_mul(y),
                    BinaryOp::UnsignedDiv => match function.as_const(*b) {
                        Some(divisor) => x.checked_div(divisor).unwrap_or(u64::MAX),
                        None => x,
                    },
                    BinaryOp::UnsignedRem => x.min(y.saturating_sub(1)),
                    BinaryOp::ShiftRightLogical => match function.as_const(*b) {
                        Some(amount) => x >> (amount & 63),
                        None => x,
                    },
                    BinaryOp::ShiftLeft => match function.as_const(*b) {
                        Some(amount) => {
                            let amount = (amount & 63) as u32;
                            if x.leading_zeros() >= amount { x << amount } else { u64::MAX }
                        }
                        None => u64::MAX,
                    },
                    BinaryOp::Sub
                    | BinaryOp::SignedDiv
                    | BinaryOp::SignedRem
                    | BinaryOp::ShiftRightArithmetic => u64::MAX,
                }
            }
            _ => u64::MAX,
        }
    }
}
