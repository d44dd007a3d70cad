//! Comparisons of integers of two types, by value.
//!
//! A word holds the value of any narrower type, signed or not, and so does an `i64` that of all but `u64`. What is left is an
//! unsigned number as wide as the signed one beside it: it is compared as an unsigned one if the other is not negative, and is
//! larger if it is. Never converts with a check: every pair of values has an answer. Start with `State::compare_mixed`.

use crate::function::Value;
use crate::lower::arithmetic::ordering;
use crate::lower::state::{State, Words};
use crate::op::Condition;
use ovsm_base::IntType;
use ovsm_expand::builtin::Comparison;

impl State<'_> {
    /// A comparison of integers of two types.
    pub(crate) fn compare_mixed(
        &mut self,
        comparison: Comparison,
        (of_a, a): (IntType, &Words),
        (of_b, b): (IntType, &Words),
    ) -> Value {
        let common = match of_a.is_wide() || of_b.is_wide() {
            true => [IntType::U128, IntType::I128],
            false => [IntType::U64, IntType::I64],
        };
        let within = |of: IntType, ty: IntType| of.min() >= ty.min() && of.max() <= ty.max();
        let holds = |ty: &&IntType| within(of_a, **ty) && within(of_b, **ty);
        if let Some(ty) = common.iter().find(holds) {
            return self.compare_as(comparison, *ty, (of_a, a), (of_b, b));
        }
        let unsigned = if of_a.is_wide() || of_b.is_wide() { IntType::U128 } else { IntType::U64 };
        let same = self.compare_as(comparison, unsigned, (of_a, a), (of_b, b));
        // The one with a sign; a negative number is less than all of the other type.
        let signed = if of_a.is_signed() { a } else { b };
        let Some(sign) = signed.last().copied() else { return same };
        let is_true_if_negative = match comparison {
            Comparison::Equal => false,
            Comparison::NotEqual => true,
            Comparison::Less | Comparison::LessEqual => of_a.is_signed(),
            Comparison::Greater | Comparison::GreaterEqual => of_b.is_signed(),
        };
        match is_true_if_negative {
            true => {
                let negative = self.compare_const(Condition::SignedLess, sign, 0);
                self.either(negative, same)
            }
            false => {
                let natural = self.compare_const(Condition::SignedGreaterEqual, sign, 0);
                self.both(natural, same)
            }
        }
    }

    /// A comparison of words that are read as values of a type.
    fn compare_as(
        &mut self,
        comparison: Comparison,
        ty: IntType,
        (of_a, a): (IntType, &Words),
        (of_b, b): (IntType, &Words),
    ) -> Value {
        if ty.is_wide() {
            let a = self.convert(a, of_a, ty, false);
            let b = self.convert(b, of_b, ty, false);
            return match (a.as_slice(), b.as_slice()) {
                ([a, a_high], [b, b_high]) => {
                    self.compare_wide(comparison, ty.is_signed(), [*a, *a_high], [*b, *b_high])
                }
                _ => self.truth(false),
            };
        }
        match (a.first(), b.first()) {
            (Some(a), Some(b)) => self.compare(ordering(ty, comparison), *a, *b),
            _ => self.truth(false),
        }
    }
}
