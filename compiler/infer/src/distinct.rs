//! Distinct types: where a value of the type below, or of another distinct type, may stand.
//!
//! Two distinct types never mix. One whose values are numbers does not mix with the type below, either: numbers are what is
//! added and compared, so a silent step between `Lamports` and `u64` would hide what the type is for. Start with
//! `Inference::is_alias`.

use crate::infer::{Inference, Use};
use crate::types::Type;
use crate::unify::Term;
use ovsm_expand::core::ExprId;

impl Inference<'_> {
    /// True if one is a distinct type and the other the type below, and this is no number. Numbers are converted by name, as
    /// scripts do; other values of the type below are values of the distinct type, and the other way round.
    pub(crate) fn is_alias(&mut self, found: &Term, needed: &Term) -> bool {
        let (Term::Known(found), Term::Known(needed)) = (found, self.table.resolve(needed)) else {
            return false;
        };
        let is_below = |ty: &Type, base: &Type| {
            let mut ty = ty;
            let mut is_condition = true;
            while let Type::Distinct(distinct) = ty {
                is_condition &= distinct.condition.is_some();
                ty = &distinct.base;
                if ty == base {
                    return is_condition || !matches!(base.underlying(), Type::Int(_));
                }
            }
            false
        };
        is_below(found, &needed) || is_below(&needed, found)
    }

    /// A value that becomes one of a distinct type: it is one, or one of the type below.
    pub(crate) fn as_distinct(&mut self, value: ExprId, ty: &Type) -> Term {
        let found = self.infer(value, Use::Value);
        let resolved = self.table.resolve(&found);
        let mut below = ty;
        while let Type::Distinct(distinct) = below {
            below = &distinct.base;
            if resolved == Term::Known(below.clone()) {
                return Term::Known(ty.clone());
            }
        }
        // An array that is written out, or a literal, is of either.
        let needed = match resolved {
            Term::Array(..) | Term::Option(_) | Term::Slice(_) | Term::Vec(_) => ty.underlying(),
            _ => ty,
        };
        self.expect(value, &found, &Term::Known(needed.clone()), "the conversion", None);
        Term::Known(ty.clone())
    }
}
