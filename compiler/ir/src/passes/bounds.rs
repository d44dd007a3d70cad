//! A cheap unsigned upper bound of a word, from the operations that make it alone.
//!
//! Looks a few definitions deep and knows nothing of branches; [`super::range`] is the analysis that does.

use crate::function::{Function, Value};
use crate::op::{Access, BinaryOp, Op, Region, Width};
use ovsm_base::IntType;

/// How many definitions deep to look.
const DEPTH: u32 = 4;

/// A word that `value` never exceeds.
pub(crate) fn upper(function: &Function, value: Value) -> u64 {
    bound(function, value, DEPTH)
}

/// The largest word of this many bytes.
pub(crate) const fn width_mask(width: Width) -> u64 {
    match width {
        Width::W1 => 0xff,
        Width::W2 => 0xffff,
        Width::W4 => 0xffff_ffff,
        Width::W8 => u64::MAX,
    }
}

/// The largest word that a load gives.
pub(crate) fn loaded(access: &Access) -> u64 {
    match access.region {
        Region::Length => width_mask(access.width).min(u64::from(u32::MAX)),
        _ => width_mask(access.width),
    }
}

/// The largest value of a type, as a word; all ones for 128 bits.
pub(crate) fn largest(ty: IntType) -> u64 {
    u64::try_from(ty.max()).unwrap_or(u64::MAX)
}

/// The smallest word of ones (`2^n - 1`) that is not below `word`.
pub(crate) const fn ones_above(word: u64) -> u64 {
    match word.leading_zeros() {
        64 => 0,
        zeros => u64::MAX >> zeros,
    }
}

fn bound(function: &Function, value: Value, depth: u32) -> u64 {
    let Some(op) = function.defining_op(value) else {
        return u64::MAX;
    };
    match op {
        Op::Const(word) => return *word,
        Op::BoolConst(_) | Op::BoolToWord(_) => return 1,
        Op::Load(access) => return loaded(access),
        Op::Checked(_, ty, ..) if !ty.is_signed() => {
            return largest(*ty);
        }
        _ => {}
    }
    if depth == 0 {
        return match op {
            Op::Extend(ty, _) if !ty.is_signed() => largest(*ty),
            _ => u64::MAX,
        };
    }
    let of = |value| bound(function, value, depth - 1);
    match op {
        Op::Extend(ty, a) => {
            let max = largest(*ty);
            let inner = of(*a);
            // A word that already fits is unchanged; otherwise a signed type gives any sign.
            if inner <= max {
                inner
            } else if ty.is_signed() {
                u64::MAX
            } else {
                max
            }
        }
        Op::Binary(op, a, b) => match op {
            BinaryOp::And => of(*a).min(of(*b)),
            BinaryOp::Or | BinaryOp::Xor => ones_above(of(*a) | of(*b)),
            BinaryOp::Add => of(*a).saturating_add(of(*b)),
            BinaryOp::Mul => of(*a).saturating_mul(of(*b)),
            BinaryOp::UnsignedDiv => match function.as_const(*b) {
                Some(divisor) => of(*a).checked_div(divisor).unwrap_or(u64::MAX),
                None => of(*a),
            },
            BinaryOp::UnsignedRem => of(*a).min(of(*b).saturating_sub(1)),
            BinaryOp::ShiftLeft => match function.as_const(*b) {
                Some(amount) => of(*a).saturating_mul(1u64.wrapping_shl(amount as u32)),
                None => u64::MAX,
            },
            BinaryOp::ShiftRightLogical => match function.as_const(*b) {
                Some(amount) => of(*a).wrapping_shr(amount as u32),
                None => of(*a),
            },
            BinaryOp::ShiftRightArithmetic => {
                let inner = of(*a);
                if inner <= i64::MAX as u64 { inner } else { u64::MAX }
            }
            BinaryOp::Sub | BinaryOp::SignedDiv | BinaryOp::SignedRem => u64::MAX,
        },
        _ => u64::MAX,
    }
}
