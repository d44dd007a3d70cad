//! Identities of comparisons.

use super::{Combiner, Outcome};
use crate::function::Value;
use crate::op::{BinaryOp, Condition, Op};
use crate::passes::bounds;

impl Combiner<'_> {
    pub(super) fn compare(&mut self, condition: Condition, a: Value, b: Value) -> Outcome {
        match (self.word(a), self.word(b)) {
            (Some(x), Some(y)) => Outcome::Op(Op::BoolConst(condition.evaluate(x, y))),
            (Some(_), None) => Outcome::Op(Op::Compare(condition.swapped(), b, a)),
            (None, Some(word)) => self.compare_const(condition, a, b, word),
            (None, None) if a == b => Outcome::Op(Op::BoolConst(condition.evaluate(0, 0))),
            (None, None) => Outcome::Keep,
        }
    }

    fn compare_const(&mut self, condition: Condition, a: Value, b: Value, word: u64) -> Outcome {
        use Condition::{
            Equal, NotEqual, SignedGreater, SignedGreaterEqual, SignedLess, SignedLessEqual, UnsignedGreater,
            UnsignedGreaterEqual, UnsignedLess, UnsignedLessEqual,
        };
        let known = |truth| Outcome::Op(Op::BoolConst(truth));
        match (condition, word) {
            (UnsignedLess, 0) | (UnsignedGreater, u64::MAX) => return known(false),
            (UnsignedGreaterEqual, 0) | (UnsignedLessEqual, u64::MAX) => return known(true),
            (UnsignedLess, 1) | (UnsignedLessEqual, 0) => return self.compare_with(Equal, a, 0),
            (UnsignedGreater, 0) => return Outcome::Op(Op::Compare(NotEqual, a, b)),
            (UnsignedGreaterEqual, 1) => return self.compare_with(NotEqual, a, 0),
            _ => {}
        }
        let upper = bounds::upper(self.function, a);
        let range_says = match condition {
            Equal if word > upper => Some(false),
            NotEqual if word > upper => Some(true),
            UnsignedLess if upper < word => Some(true),
            UnsignedLessEqual if upper <= word => Some(true),
            UnsignedGreater if upper <= word => Some(false),
            UnsignedGreaterEqual if upper < word => Some(false),
            _ => None,
        };
        if let Some(truth) = range_says {
            return known(truth);
        }
        // A comparison of words that are never negative need not be signed.
        if upper <= i64::MAX as u64 {
            let negative = word > i64::MAX as u64;
            match condition {
                SignedLess | SignedLessEqual if negative => return known(false),
                SignedGreater | SignedGreaterEqual if negative => return known(true),
                SignedLess => return Outcome::Op(Op::Compare(UnsignedLess, a, b)),
                SignedLessEqual => return Outcome::Op(Op::Compare(UnsignedLessEqual, a, b)),
                SignedGreater => return Outcome::Op(Op::Compare(UnsignedGreater, a, b)),
                SignedGreaterEqual => return Outcome::Op(Op::Compare(UnsignedGreaterEqual, a, b)),
                _ => {}
            }
        }
        if matches!(condition, Equal | NotEqual) {
            self.equal_const(condition, a, word)
        } else {
            Outcome::Keep
        }
    }

    /// `a == word` or `a != word`.
    fn equal_const(&mut self, condition: Condition, a: Value, word: u64) -> Outcome {
        match self.op(a) {
            Some(Op::BoolToWord(truth)) => {
                let truth = *truth;
                // The bound of 1 is checked already: `word` is 0 or 1.
                if (word == 1) == (condition == Condition::Equal) {
                    Outcome::Same(truth)
                } else {
                    Outcome::Op(Op::Not(truth))
                }
            }
            Some(Op::Binary(BinaryOp::Sub, x, y)) if word == 0 && self.used_once(a) => {
                Outcome::Op(Op::Compare(condition, *x, *y))
            }
            Some(Op::Binary(op @ (BinaryOp::Add | BinaryOp::Xor), x, y)) => {
                let (op, x, y) = (*op, *x, *y);
                match self.word(y) {
                    // A sum that is needed anyway is compared as it is: a counter need not stay beside its next value.
                    Some(_) if op == BinaryOp::Add && !self.used_once(a) => Outcome::Keep,
                    Some(inner) if op == BinaryOp::Add => {
                        self.compare_with(condition, x, word.wrapping_sub(inner))
                    }
                    Some(inner) => self.compare_with(condition, x, word ^ inner),
                    None if op == BinaryOp::Xor && word == 0 => Outcome::Op(Op::Compare(condition, x, y)),
                    None => Outcome::Keep,
                }
            }
            _ => Outcome::Keep,
        }
    }

    fn compare_with(&mut self, condition: Condition, a: Value, word: u64) -> Outcome {
        let b = self.make_const(word);
        Outcome::Op(Op::Compare(condition, a, b))
    }
}
