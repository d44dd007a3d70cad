//! Identities of wrapping arithmetic.

use super::{Combiner, Outcome};
use crate::function::Value;
use crate::op::{BinaryOp, Op};
use crate::passes::bounds;
use ovsm_base::IntType;

impl Combiner<'_> {
    pub(super) fn binary(&mut self, op: BinaryOp, a: Value, b: Value, result: Option<Value>) -> Outcome {
        match (self.word(a), self.word(b)) {
            (Some(x), Some(y)) => match op.evaluate(x, y) {
                Some(word) => Outcome::Op(Op::Const(word)),
                None => Outcome::Keep,
            },
            (Some(_), None) if op.is_commutative() => Outcome::Op(Op::Binary(op, b, a)),
            (Some(x), None) => self.binary_left(op, x, b),
            (None, Some(y)) => self.binary_const(op, a, y, result),
            (None, None) => self.binary_values(op, a, b, result),
        }
    }

    /// `word op b`, not commutative.
    fn binary_left(&mut self, op: BinaryOp, word: u64, b: Value) -> Outcome {
        match (op, word) {
            // c - (x + d) = (c - d) - x
            (BinaryOp::Sub, _) => match self.with_const(b, BinaryOp::Add) {
                Some((x, d)) if self.used_once(b) => {
                    let left = self.make_const(word.wrapping_sub(d));
                    Outcome::Op(Op::Binary(BinaryOp::Sub, left, x))
                }
                _ => Outcome::Keep,
            },
            // A division only runs where its divisor is not zero.
            (_, 0) => Outcome::Op(Op::Const(0)),
            _ => Outcome::Keep,
        }
    }

    /// `a op word`.
    fn binary_const(&mut self, op: BinaryOp, a: Value, word: u64, result: Option<Value>) -> Outcome {
        match (op, word) {
            (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Or | BinaryOp::Xor, 0)
            | (BinaryOp::Mul | BinaryOp::UnsignedDiv | BinaryOp::SignedDiv, 1)
            | (BinaryOp::And, u64::MAX) => Outcome::Same(a),
            (BinaryOp::Mul | BinaryOp::And, 0)
            | (BinaryOp::UnsignedRem | BinaryOp::SignedRem, 1)
            | (BinaryOp::SignedRem, u64::MAX) => Outcome::Op(Op::Const(0)),
            (BinaryOp::Or, u64::MAX) => Outcome::Op(Op::Const(u64::MAX)),
            (BinaryOp::Mul | BinaryOp::SignedDiv, u64::MAX) => {
                let zero = self.make_const(0);
                Outcome::Op(Op::Binary(BinaryOp::Sub, zero, a))
            }
            (BinaryOp::Sub, _) => self.op_const(BinaryOp::Add, a, word.wrapping_neg()),
            (BinaryOp::Add, _) => self.add_const(a, word),
            (BinaryOp::Mul, _) => self.mul_const(a, word, result),
            (BinaryOp::And, _) => self.and_const(a, word),
            (BinaryOp::Or | BinaryOp::Xor, _) => match self.with_const(a, op) {
                Some((x, inner)) if op == BinaryOp::Or => self.op_const(op, x, word | inner),
                Some((x, inner)) => self.op_const(op, x, word ^ inner),
                None => Outcome::Keep,
            },
            (BinaryOp::UnsignedDiv, _) if word.is_power_of_two() => {
                self.op_const(BinaryOp::ShiftRightLogical, a, u64::from(word.trailing_zeros()))
            }
            (BinaryOp::UnsignedRem, _) if word.is_power_of_two() => self.op_const(BinaryOp::And, a, word - 1),
            (BinaryOp::UnsignedDiv, _) if bounds::upper(self.function, a) < word => Outcome::Op(Op::Const(0)),
            (BinaryOp::UnsignedRem, _) if bounds::upper(self.function, a) < word => Outcome::Same(a),
            (BinaryOp::SignedDiv | BinaryOp::SignedRem, _) => self.signed_division(op, a, word),
            (BinaryOp::ShiftLeft | BinaryOp::ShiftRightLogical | BinaryOp::ShiftRightArithmetic, _) => {
                self.shift_const(op, a, word, result)
            }
            (BinaryOp::UnsignedDiv | BinaryOp::UnsignedRem, _) => Outcome::Keep,
        }
    }

    fn add_const(&mut self, a: Value, word: u64) -> Outcome {
        if let Some((x, inner)) = self.with_const(a, BinaryOp::Add) {
            return self.op_const(BinaryOp::Add, x, word.wrapping_add(inner));
        }
        if let Some((left, x)) = self.parts(a, BinaryOp::Sub)
            && let Some(inner) = self.word(left)
            && self.used_once(a)
        {
            let left = self.make_const(word.wrapping_add(inner));
            return Outcome::Op(Op::Binary(BinaryOp::Sub, left, x));
        }
        Outcome::Keep
    }

    fn mul_const(&mut self, a: Value, word: u64, result: Option<Value>) -> Outcome {
        if word.is_power_of_two() {
            return self.op_const(BinaryOp::ShiftLeft, a, u64::from(word.trailing_zeros()));
        }
        if let Some((x, inner)) = self.with_const(a, BinaryOp::Mul) {
            return self.op_const(BinaryOp::Mul, x, word.wrapping_mul(inner));
        }
        if let Some((x, amount)) = self.with_const(a, BinaryOp::ShiftLeft) {
            return self.op_const(BinaryOp::Mul, x, word.wrapping_shl(amount as u32));
        }
        self.distribute(BinaryOp::Mul, a, word, result)
    }

    /// `(x + c) * word` as `x * word + c * word` where the constant then disappears in an address.
    fn distribute(&mut self, op: BinaryOp, a: Value, word: u64, result: Option<Value>) -> Outcome {
        let Some((x, inner)) = self.with_const(a, BinaryOp::Add) else {
            return Outcome::Keep;
        };
        let Some(moved) = op.evaluate(inner, word) else {
            return Outcome::Keep;
        };
        if !self.is_address_like(result) || i16::try_from(moved as i64).is_err() {
            return Outcome::Keep;
        }
        let right = self.make_const(word);
        let scaled = self.make_binary(op, x, right);
        self.op_const(BinaryOp::Add, scaled, moved)
    }

    fn and_const(&mut self, a: Value, word: u64) -> Outcome {
        if let Some((x, inner)) = self.with_const(a, BinaryOp::And) {
            return self.op_const(BinaryOp::And, x, word & inner);
        }
        // Bits above the bound of `a` are zero, so a mask that keeps the others does nothing.
        let possible = bounds::ones_above(bounds::upper(self.function, a));
        if possible & !word == 0 {
            return Outcome::Same(a);
        }
        if possible & word == 0 {
            return Outcome::Op(Op::Const(0));
        }
        match word {
            0xff => Outcome::Op(Op::Extend(IntType::U8, a)),
            0xffff => Outcome::Op(Op::Extend(IntType::U16, a)),
            0xffff_ffff => Outcome::Op(Op::Extend(IntType::U32, a)),
            _ => match self.op(a) {
                // Only the low bits count, and they are the same before the extension.
                Some(Op::Extend(ty, x)) if ty.bits() < 64 && word <= u64::MAX >> (64 - ty.bits()) => {
                    let x = *x;
                    self.op_const(BinaryOp::And, x, word)
                }
                _ => Outcome::Keep,
            },
        }
    }

    fn shift_const(&mut self, op: BinaryOp, a: Value, word: u64, result: Option<Value>) -> Outcome {
        let amount = word & 63;
        if amount == 0 {
            return Outcome::Same(a);
        }
        if amount != word {
            return self.op_const(op, a, amount);
        }
        if let Some((x, inner)) = self.with_const(a, op) {
            let total = (inner & 63) + amount;
            return match op {
                BinaryOp::ShiftRightArithmetic => self.op_const(op, x, total.min(63)),
                _ if total >= 64 => Outcome::Op(Op::Const(0)),
                _ => self.op_const(op, x, total),
            };
        }
        match op {
            BinaryOp::ShiftLeft => match self.with_const(a, BinaryOp::ShiftRightLogical) {
                Some((x, inner)) if inner == amount && amount < 32 => {
                    self.op_const(BinaryOp::And, x, u64::MAX << amount)
                }
                _ => self.distribute(op, a, amount, result),
            },
            BinaryOp::ShiftRightLogical => {
                if bounds::upper(self.function, a) >> amount == 0 {
                    return Outcome::Op(Op::Const(0));
                }
                match self.with_const(a, BinaryOp::ShiftLeft) {
                    Some((x, inner)) if inner == amount && amount >= 32 => {
                        self.op_const(BinaryOp::And, x, u64::MAX >> amount)
                    }
                    _ => Outcome::Keep,
                }
            }
            _ => {
                if bounds::upper(self.function, a) <= i64::MAX as u64 {
                    return self.op_const(BinaryOp::ShiftRightLogical, a, amount);
                }
                let ty = match amount {
                    32 => IntType::I32,
                    48 => IntType::I16,
                    56 => IntType::I8,
                    _ => return Outcome::Keep,
                };
                match self.with_const(a, BinaryOp::ShiftLeft) {
                    Some((x, inner)) if inner == amount => Outcome::Op(Op::Extend(ty, x)),
                    _ => Outcome::Keep,
                }
            }
        }
    }

    /// Signed division by a constant other than 0, 1 and -1. The machine has none, so shifts pay off.
    fn signed_division(&mut self, op: BinaryOp, a: Value, word: u64) -> Outcome {
        let small = bounds::upper(self.function, a) <= i64::MAX as u64;
        if small && word != 0 && word <= i64::MAX as u64 {
            let unsigned =
                if op == BinaryOp::SignedDiv { BinaryOp::UnsignedDiv } else { BinaryOp::UnsignedRem };
            return self.op_const(unsigned, a, word);
        }
        if !word.is_power_of_two() || word > i64::MAX as u64 {
            return Outcome::Keep;
        }
        // A negative dividend is rounded towards zero by adding 2^k - 1 first.
        let shift = u64::from(word.trailing_zeros());
        let all = self.make_const(63);
        let sign = self.make_binary(BinaryOp::ShiftRightArithmetic, a, all);
        let rest = self.make_const(64 - shift);
        let bias = self.make_binary(BinaryOp::ShiftRightLogical, sign, rest);
        let biased = self.make_binary(BinaryOp::Add, a, bias);
        if op == BinaryOp::SignedDiv {
            return self.op_const(BinaryOp::ShiftRightArithmetic, biased, shift);
        }
        let mask = self.make_const(u64::MAX << shift);
        let multiple = self.make_binary(BinaryOp::And, biased, mask);
        Outcome::Op(Op::Binary(BinaryOp::Sub, a, multiple))
    }

    /// Neither operand is a constant.
    fn binary_values(&mut self, op: BinaryOp, a: Value, b: Value, result: Option<Value>) -> Outcome {
        if a == b {
            match op {
                BinaryOp::And | BinaryOp::Or => return Outcome::Same(a),
                BinaryOp::Sub | BinaryOp::Xor => return Outcome::Op(Op::Const(0)),
                _ => {}
            }
        }
        match op {
            BinaryOp::Add => self.add_values(a, b, result),
            BinaryOp::Sub => self.sub_values(a, b),
            _ => Outcome::Keep,
        }
    }

    fn add_values(&mut self, a: Value, b: Value, result: Option<Value>) -> Outcome {
        for (x, y) in [(a, b), (b, a)] {
            if let Some((left, right)) = self.parts(x, BinaryOp::Sub) {
                // (l - y) + y = l
                if right == y {
                    return Outcome::Same(left);
                }
                // (0 - r) + y = y - r
                if self.word(left) == Some(0) {
                    return Outcome::Op(Op::Binary(BinaryOp::Sub, y, right));
                }
            }
            // (l + c) + y = (l + y) + c where the constant then disappears in an address.
            if let Some((left, inner)) = self.with_const(x, BinaryOp::Add)
                && self.is_address_like(result)
                && i16::try_from(inner as i64).is_ok()
            {
                let sum = self.make_binary(BinaryOp::Add, left, y);
                return self.op_const(BinaryOp::Add, sum, inner);
            }
        }
        Outcome::Keep
    }

    fn sub_values(&mut self, a: Value, b: Value) -> Outcome {
        if let Some((x, y)) = self.parts(a, BinaryOp::Add) {
            // (x + y) - y = x
            if y == b {
                return Outcome::Same(x);
            }
            if x == b {
                return Outcome::Same(y);
            }
        }
        if let Some((x, y)) = self.parts(b, BinaryOp::Add)
            && (x == a || y == a)
        {
            // a - (a + y) = 0 - y
            let zero = self.make_const(0);
            return Outcome::Op(Op::Binary(BinaryOp::Sub, zero, if x == a { y } else { x }));
        }
        if let Some((x, y)) = self.parts(b, BinaryOp::Sub) {
            if self.word(x) == Some(0) {
                return Outcome::Op(Op::Binary(BinaryOp::Add, a, y));
            }
            // a - (a - y) = y
            if x == a {
                return Outcome::Same(y);
            }
        }
        Outcome::Keep
    }
}
