//! Identities of addresses and stored values.

use super::Combiner;
use crate::function::Value;
use crate::op::{Access, BinaryOp, Op, Width};
use crate::passes::bounds;

impl Combiner<'_> {
    /// Moves a constant term of the address into the offset, as far as the machine's 16 bits go.
    pub(super) fn fold_address(&self, access: &Access) -> Option<Access> {
        let mut folded = *access;
        while let Some((base, term)) = self.with_const(folded.address, BinaryOp::Add) {
            let offset =
                (term as i64).checked_add(i64::from(folded.offset)).and_then(|sum| i16::try_from(sum).ok());
            let Some(offset) = offset else {
                break;
            };
            folded.address = base;
            folded.offset = i32::from(offset);
        }
        (folded != *access).then_some(folded)
    }

    /// A simpler value with the same low bytes.
    pub(super) fn stored(&self, width: Width, value: Value) -> Option<Value> {
        let low = bounds::width_mask(width);
        match self.op(value)? {
            Op::Extend(ty, inner) if ty.bits() >= width.bytes() * 8 => Some(*inner),
            Op::Binary(BinaryOp::And, inner, mask)
                if self.word(*mask).is_some_and(|mask| mask & low == low) =>
            {
                Some(*inner)
            }
            _ => None,
        }
    }
}
