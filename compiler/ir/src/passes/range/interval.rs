//! Sets of words as a pair of intervals, one for each reading of the sign.

use crate::op::{BinaryOp, CheckedOp, Condition};
use crate::passes::bounds::ones_above;
use ovsm_base::IntType;

/// Words `w` with `low <= w <= high` as unsigned and `signed_low <= w <= signed_high` as signed numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Interval {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) signed_low: i64,
    pub(super) signed_high: i64,
}

impl Interval {
    /// Every word.
    pub(super) const FULL: Interval =
        Interval { low: 0, high: u64::MAX, signed_low: i64::MIN, signed_high: i64::MAX };

    /// One word.
    pub(super) const fn constant(word: u64) -> Interval {
        Interval { low: word, high: word, signed_low: word as i64, signed_high: word as i64 }
    }

    /// The words from `low` to `high`, unsigned.
    pub(super) fn unsigned(low: u64, high: u64) -> Interval {
        Interval { low, high, ..Interval::FULL }.tightened().unwrap_or(Interval::FULL)
    }

    /// The words from `low` to `high`, signed.
    pub(super) fn signed(low: i64, high: i64) -> Interval {
        Interval { signed_low: low, signed_high: high, ..Interval::FULL }
            .tightened()
            .unwrap_or(Interval::FULL)
    }

    /// The canonical words of a type.
    pub(super) fn of_type(ty: IntType) -> Interval {
        match ty {
            IntType::I64 | IntType::U64 | IntType::U128 | IntType::I128 => Interval::FULL,
            _ if ty.is_signed() => Interval::signed(ty.min() as i64, ty.max() as i64),
            _ => Interval::unsigned(0, ty.max() as u64),
        }
    }

    /// True or false.
    pub(super) fn truth() -> Interval {
        Interval::unsigned(0, 1)
    }

    /// The only word, if there is just one.
    pub(super) fn as_constant(self) -> Option<u64> {
        (self.low == self.high).then_some(self.low)
    }

    /// Lets each reading of the sign narrow the other. `None` if no word is left.
    fn tightened(mut self) -> Option<Interval> {
        for _ in 0..2 {
            if self.low > self.high || self.signed_low > self.signed_high {
                return None;
            }
            if self.high <= i64::MAX as u64 || self.low > i64::MAX as u64 {
                self.signed_low = self.signed_low.max(self.low as i64);
                self.signed_high = self.signed_high.min(self.high as i64);
            }
            if self.signed_low >= 0 || self.signed_high < 0 {
                self.low = self.low.max(self.signed_low as u64);
                self.high = self.high.min(self.signed_high as u64);
            }
        }
        (self.low <= self.high && self.signed_low <= self.signed_high).then_some(self)
    }

    /// The words in both; `None` if there are none.
    pub(super) fn intersect(self, other: Interval) -> Option<Interval> {
        Interval {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
            signed_low: self.signed_low.max(other.signed_low),
            signed_high: self.signed_high.min(other.signed_high),
        }
        .tightened()
    }

    /// An interval with the words of both.
    pub(super) fn join(self, other: Interval) -> Interval {
        Interval {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            signed_low: self.signed_low.min(other.signed_low),
            signed_high: self.signed_high.max(other.signed_high),
        }
    }

    /// `self` grown to hold `next`, each moving bound at once to its end, so that growth is finite.
    pub(super) fn widen(self, next: Interval) -> Interval {
        Interval {
            low: if next.low < self.low { 0 } else { self.low },
            high: if next.high > self.high { u64::MAX } else { self.high },
            signed_low: if next.signed_low < self.signed_low { i64::MIN } else { self.signed_low },
            signed_high: if next.signed_high > self.signed_high { i64::MAX } else { self.signed_high },
        }
    }

    /// The results of wrapping arithmetic.
    pub(super) fn binary(op: BinaryOp, a: Interval, b: Interval) -> Interval {
        if let (Some(x), Some(y)) = (a.as_constant(), b.as_constant()) {
            return op.evaluate(x, y).map_or(Interval::FULL, Interval::constant);
        }
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                let op = match op {
                    BinaryOp::Add => CheckedOp::Add,
                    BinaryOp::Sub => CheckedOp::Sub,
                    _ => CheckedOp::Mul,
                };
                let unsigned = exact_unsigned(op, a, b)
                    .and_then(|(low, high)| Some((u64::try_from(low).ok()?, u64::try_from(high).ok()?)));
                let signed = exact_signed(op, a, b)
                    .and_then(|(low, high)| Some((i64::try_from(low).ok()?, i64::try_from(high).ok()?)));
                let (low, high) = unsigned.unwrap_or((0, u64::MAX));
                let (signed_low, signed_high) = signed.unwrap_or((i64::MIN, i64::MAX));
                Interval { low, high, signed_low, signed_high }.tightened().unwrap_or(Interval::FULL)
            }
            // A division only runs where its divisor is not zero.
            BinaryOp::UnsignedDiv => Interval::unsigned(a.low / b.high.max(1), a.high / b.low.max(1)),
            BinaryOp::UnsignedRem => {
                if a.high < b.low {
                    a
                } else {
                    Interval::unsigned(0, a.high.min(b.high.saturating_sub(1)))
                }
            }
            BinaryOp::SignedDiv if a.signed_low >= 0 && b.signed_low >= 0 => {
                Interval::binary(BinaryOp::UnsignedDiv, a, b)
            }
            BinaryOp::SignedRem if a.signed_low >= 0 && b.signed_low >= 0 => {
                Interval::binary(BinaryOp::UnsignedRem, a, b)
            }
            BinaryOp::SignedRem if a.signed_low >= 0 => Interval::signed(0, a.signed_high),
            BinaryOp::SignedDiv | BinaryOp::SignedRem => Interval::FULL,
            BinaryOp::And => Interval::unsigned(0, a.high.min(b.high)),
            BinaryOp::Or => Interval::unsigned(a.low.max(b.low), ones_above(a.high | b.high)),
            BinaryOp::Xor => Interval::unsigned(0, ones_above(a.high | b.high)),
            BinaryOp::ShiftLeft => match b.as_constant() {
                Some(amount) => {
                    Interval::binary(BinaryOp::Mul, a, Interval::constant(1u64.wrapping_shl(amount as u32)))
                }
                None => Interval::FULL,
            },
            BinaryOp::ShiftRightLogical => match b.as_constant() {
                Some(amount) => {
                    Interval::unsigned(a.low.wrapping_shr(amount as u32), a.high.wrapping_shr(amount as u32))
                }
                None => Interval::unsigned(0, a.high),
            },
            BinaryOp::ShiftRightArithmetic => match b.as_constant() {
                Some(amount) => Interval::signed(
                    a.signed_low.wrapping_shr(amount as u32),
                    a.signed_high.wrapping_shr(amount as u32),
                ),
                None if a.signed_low >= 0 => Interval::signed(0, a.signed_high),
                None => Interval::FULL,
            },
        }
    }

    /// The results of checked arithmetic that did not fail.
    pub(super) fn checked(op: CheckedOp, ty: IntType, a: Interval, b: Interval) -> Interval {
        let exact = if ty.is_signed() { exact_signed(op, a, b) } else { exact_unsigned(op, a, b) };
        let all = Interval::of_type(ty);
        let Some((low, high)) = exact else {
            return all;
        };
        let fitted = if ty.is_signed() {
            let fit = |bound: i128| bound.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
            Interval::signed(fit(low), fit(high))
        } else {
            let fit = |bound: i128| bound.clamp(0, i128::from(u64::MAX)) as u64;
            Interval::unsigned(fit(low), fit(high))
        };
        fitted.intersect(all).unwrap_or(all)
    }

    /// True if checked arithmetic can not fail.
    pub(super) fn fits(op: CheckedOp, ty: IntType, a: Interval, b: Interval) -> bool {
        let exact = if ty.is_signed() { exact_signed(op, a, b) } else { exact_unsigned(op, a, b) };
        exact.is_some_and(|(low, high)| {
            low >= ty.min() && i128::try_from(ty.max()).is_ok_and(|max| high <= max)
        })
    }

    /// What a comparison gives, if it is the same for all words.
    pub(super) fn compare(condition: Condition, a: Interval, b: Interval) -> Option<bool> {
        match condition {
            Condition::Equal => match (a.as_constant(), b.as_constant()) {
                (Some(x), Some(y)) => Some(x == y),
                _ if a.intersect(b).is_none() => Some(false),
                _ => None,
            },
            Condition::UnsignedLess if a.high < b.low => Some(true),
            Condition::UnsignedLess if a.low >= b.high => Some(false),
            Condition::UnsignedLessEqual if a.high <= b.low => Some(true),
            Condition::UnsignedLessEqual if a.low > b.high => Some(false),
            Condition::SignedLess if a.signed_high < b.signed_low => Some(true),
            Condition::SignedLess if a.signed_low >= b.signed_high => Some(false),
            Condition::SignedLessEqual if a.signed_high <= b.signed_low => Some(true),
            Condition::SignedLessEqual if a.signed_low > b.signed_high => Some(false),
            Condition::UnsignedLess
            | Condition::UnsignedLessEqual
            | Condition::SignedLess
            | Condition::SignedLessEqual => None,
            Condition::NotEqual => Interval::compare(Condition::Equal, a, b).map(|truth| !truth),
            Condition::UnsignedGreater
            | Condition::UnsignedGreaterEqual
            | Condition::SignedGreater
            | Condition::SignedGreaterEqual => Interval::compare(condition.swapped(), b, a),
        }
    }

    /// What is left of `a` where the comparison of `a` with `b` holds; `None` if it can not hold.
    pub(super) fn refine(self, condition: Condition, b: Interval) -> Option<Interval> {
        let mut next = self;
        match condition {
            Condition::Equal => return self.intersect(b),
            Condition::NotEqual => {
                if let Some(word) = b.as_constant() {
                    if word == self.low && word == self.high {
                        return None;
                    }
                    next.low += u64::from(word == self.low);
                    next.high -= u64::from(word == self.high);
                    next.signed_low =
                        next.signed_low.saturating_add(i64::from(word as i64 == self.signed_low));
                    next.signed_high =
                        next.signed_high.saturating_sub(i64::from(word as i64 == self.signed_high));
                }
            }
            Condition::UnsignedLess => next.high = next.high.min(b.high.checked_sub(1)?),
            Condition::UnsignedLessEqual => next.high = next.high.min(b.high),
            Condition::UnsignedGreater => next.low = next.low.max(b.low.checked_add(1)?),
            Condition::UnsignedGreaterEqual => next.low = next.low.max(b.low),
            Condition::SignedLess => next.signed_high = next.signed_high.min(b.signed_high.checked_sub(1)?),
            Condition::SignedLessEqual => next.signed_high = next.signed_high.min(b.signed_high),
            Condition::SignedGreater => next.signed_low = next.signed_low.max(b.signed_low.checked_add(1)?),
            Condition::SignedGreaterEqual => next.signed_low = next.signed_low.max(b.signed_low),
        }
        next.tightened()
    }
}

/// The least and the greatest exact result on unsigned operands; `None` if they do not even fit 128 bits.
fn exact_unsigned(op: CheckedOp, a: Interval, b: Interval) -> Option<(i128, i128)> {
    let (al, ah, bl, bh) = (i128::from(a.low), i128::from(a.high), i128::from(b.low), i128::from(b.high));
    match op {
        CheckedOp::Add => Some((al + bl, ah + bh)),
        CheckedOp::Sub => Some((al - bh, ah - bl)),
        CheckedOp::Mul => Some((al.checked_mul(bl)?, ah.checked_mul(bh)?)),
    }
}

/// The least and the greatest exact result on signed operands.
fn exact_signed(op: CheckedOp, a: Interval, b: Interval) -> Option<(i128, i128)> {
    let (al, ah) = (i128::from(a.signed_low), i128::from(a.signed_high));
    let (bl, bh) = (i128::from(b.signed_low), i128::from(b.signed_high));
    match op {
        CheckedOp::Add => Some((al + bl, ah + bh)),
        CheckedOp::Sub => Some((al - bh, ah - bl)),
        CheckedOp::Mul => {
            let corners = [al * bl, al * bh, ah * bl, ah * bh];
            Some((corners.into_iter().min()?, corners.into_iter().max()?))
        }
    }
}
