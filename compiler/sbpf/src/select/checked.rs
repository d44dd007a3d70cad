//! Arithmetic that fails on overflow. Each case picks the cheapest test that the machine allows; the operands are
//! canonical words of the type.

use super::bounds::word_max;
use super::{Selector, immediate};
use crate::isa::{Alu, Jump};
use crate::machine::{MachineInst, Rhs, Test};
use ovsm_base::IntType;
use ovsm_ir::{BinaryOp, CheckedOp, Failure, Value};
use regalloc2::VReg;

impl Selector<'_> {
    pub(super) fn checked(&mut self, op: CheckedOp, ty: IntType, a: Value, b: Value, result: Value) {
        let swap = op != CheckedOp::Sub && self.function.as_const(a).is_some();
        let (a, b) = if swap { (b, a) } else { (a, b) };
        if self.fits(op, ty, a, b) {
            return self.binary(op.wrapping(), a, b, result);
        }
        match (ty.is_signed(), ty.bits() < 64, op) {
            (_, true, CheckedOp::Add | CheckedOp::Mul) | (true, true, CheckedOp::Sub) => {
                self.narrow(op, ty, a, b, result);
            }
            (false, _, CheckedOp::Sub) => self.unsigned_sub(a, b, result),
            (false, false, CheckedOp::Add) => self.unsigned_add(a, b, result),
            (false, false, CheckedOp::Mul) => self.unsigned_mul(a, b, result),
            (true, false, CheckedOp::Add) => self.signed_add(a, b, result),
            (true, false, CheckedOp::Sub) => self.signed_sub(a, b, result),
            (true, false, CheckedOp::Mul) => self.signed_mul(a, b, result),
        }
    }

    /// True if no operands of this size overflow.
    fn fits(&self, op: CheckedOp, ty: IntType, a: Value, b: Value) -> bool {
        let max = word_max(ty);
        let (x, y) = (self.upper_bound(a), self.upper_bound(b));
        if ty.is_signed() && (x > max || y > max) {
            return false;
        }
        match op {
            CheckedOp::Add => x.checked_add(y).is_some_and(|sum| sum <= max),
            CheckedOp::Mul => x.checked_mul(y).is_some_and(|product| product <= max),
            // Two values that are not negative.
            CheckedOp::Sub => ty.is_signed(),
        }
    }

    /// Fewer than 64 bits: computed in 64 bits, where nothing is lost, and then compared with the range.
    fn narrow(&mut self, op: CheckedOp, ty: IntType, a: Value, b: Value, result: Value) {
        self.binary(op.wrapping(), a, b, result);
        let sum = self.register(result);
        if !ty.is_signed() {
            match immediate(word_max(ty)) {
                Some(max) => self.overflow_if(Jump::Gt, sum, Rhs::Imm(max)),
                None => {
                    let low = self.new_register();
                    self.emit(MachineInst::ZeroExtend32 { dst: low, src: sum });
                    self.overflow_if(Jump::Ne, low, Rhs::Reg(sum));
                }
            }
            return;
        }
        // One side of the range is out of reach when one operand has a known sign.
        let (up, down) = match op {
            CheckedOp::Add => (!self.is_negative_constant(b), !self.is_non_negative(b)),
            CheckedOp::Sub => (!self.is_non_negative(b), !self.is_negative_constant(b)),
            CheckedOp::Mul => (true, true),
        };
        if up {
            self.overflow_if(Jump::Sgt, sum, Rhs::Imm(ty.max() as i32));
        }
        if down {
            self.overflow_if(Jump::Slt, sum, Rhs::Imm(ty.min() as i32));
        }
    }

    fn is_negative_constant(&self, value: Value) -> bool {
        self.function.as_const(value).is_some_and(|word| (word as i64) < 0)
    }

    fn unsigned_sub(&mut self, a: Value, b: Value, result: Value) {
        match (self.function.as_const(a).and_then(immediate), self.function.as_const(b)) {
            (Some(constant), None) => {
                let rhs = self.register(b);
                self.overflow_if(Jump::Gt, rhs, Rhs::Imm(constant));
            }
            _ => {
                let lhs = self.register(a);
                let rhs = self.operand(b);
                self.overflow_if(Jump::Lt, lhs, rhs);
            }
        }
        self.binary(BinaryOp::Sub, a, b, result);
    }

    fn unsigned_add(&mut self, a: Value, b: Value, result: Value) {
        let lhs = self.register(a);
        match self.operand(b) {
            Rhs::Imm(imm) => {
                let dst = self.result(result);
                self.emit(MachineInst::Alu { op: Alu::Add, dst, lhs, rhs: Rhs::Imm(imm) });
                self.overflow_if(Jump::Lt, dst, Rhs::Imm(imm));
            }
            Rhs::Reg(rhs) => {
                let dst = self.result(result);
                self.emit(MachineInst::CarryingAdd { dst, lhs, rhs });
            }
        }
    }

    fn unsigned_mul(&mut self, a: Value, b: Value, result: Value) {
        match self.function.as_const(b) {
            Some(0) => {
                let zero = self.constant(0);
                self.define(result, zero);
            }
            Some(factor) => {
                let limit = u64::MAX.checked_div(factor).unwrap_or(u64::MAX);
                if limit < u64::MAX {
                    let lhs = self.register(a);
                    let rhs = self.constant_operand(limit);
                    self.overflow_if(Jump::Gt, lhs, rhs);
                }
                self.binary(BinaryOp::Mul, a, b, result);
            }
            None => {
                let lhs = self.register(a);
                let rhs = self.register(b);
                let temp = self.new_register();
                self.emit(MachineInst::ProductGuard { lhs, rhs, temp });
                self.binary(BinaryOp::Mul, a, b, result);
            }
        }
    }

    fn signed_add(&mut self, a: Value, b: Value, result: Value) {
        let (x, y) = (self.is_non_negative(a), self.is_non_negative(b));
        let negative = self.is_negative_constant(b);
        if !(x || y || negative) {
            return self.signed_add_by_sign(a, b, result);
        }
        if let Some(constant) = self.function.as_const(b)
            && self.is_looping
            && !x
        {
            return self.signed_add_in_loop(BinaryOp::Add, (a, b), constant as i64, result);
        }
        self.binary(BinaryOp::Add, a, b, result);
        let sum = self.register(result);
        if x && y {
            // Only upwards, into the sign.
            return self.overflow_if(Jump::Slt, sum, Rhs::Imm(0));
        }
        if x && negative {
            return;
        }
        let (other, jump) = if y {
            (a, Jump::Slt)
        } else if negative {
            (a, Jump::Sgt)
        } else {
            (b, Jump::Slt)
        };
        let rhs = self.register(other);
        self.overflow_if(jump, sum, Rhs::Reg(rhs));
    }

    /// A number that is stepped by a constant, round after round. The test compares with a limit, which stays in a
    /// register, instead of with the number before the step, which would have to be kept for it.
    fn signed_add_in_loop(&mut self, op: BinaryOp, (a, b): (Value, Value), step: i64, result: Value) {
        self.binary(op, a, b, result);
        let sum = self.register(result);
        let (jump, limit) = if step < 0 {
            (Jump::Sgt, i64::MAX.wrapping_add(step))
        } else {
            (Jump::Slt, i64::MIN.wrapping_add(step))
        };
        let limit = self.constant(limit as u64);
        self.overflow_if(jump, sum, Rhs::Reg(limit));
    }

    /// The sum of two numbers of unknown sign. The sign of one, looked at before the sum replaces it, says on which
    /// side of the other one the sum must lie.
    fn signed_add_by_sign(&mut self, a: Value, b: Value, result: Value) {
        // The one that is used again is kept.
        let (a, b) = if self.uses[a] > 1 && self.uses[b] == 1 { (b, a) } else { (a, b) };
        let lhs = self.register(a);
        let rhs = self.register(b);
        let (below, above, join) = self.diamond(lhs, result);
        for (block, jump) in [(below, Jump::Sgt), (above, Jump::Slt)] {
            self.switch_to(block);
            let sum = self.alu(Alu::Add, lhs, Rhs::Reg(rhs));
            self.overflow_if(jump, sum, Rhs::Reg(rhs));
            self.emit(MachineInst::Jump { target: join, args: vec![sum] });
        }
        self.switch_to(join);
    }

    fn signed_sub(&mut self, a: Value, b: Value, result: Value) {
        let y = self.is_non_negative(b);
        let negative = self.is_negative_constant(b);
        if self.function.as_const(a) == Some(0) {
            // Only the least number has no negation.
            let src = self.register(b);
            let least = self.constant(i64::MIN as u64);
            self.overflow_if(Jump::Eq, src, Rhs::Reg(least));
            return self.binary(BinaryOp::Sub, a, b, result);
        }
        if let Some(constant) = self.function.as_const(b)
            && let Some(step) = (constant as i64).checked_neg()
            && self.is_looping
        {
            return self.signed_add_in_loop(BinaryOp::Sub, (a, b), step, result);
        }
        self.binary(BinaryOp::Sub, a, b, result);
        let difference = self.register(result);
        let lhs = self.register(a);
        if y {
            self.overflow_if(Jump::Sgt, difference, Rhs::Reg(lhs));
        } else if negative {
            self.overflow_if(Jump::Slt, difference, Rhs::Reg(lhs));
        } else {
            let rhs = self.register(b);
            let (below, above, join) = (self.new_block(), self.new_block(), self.new_block());
            let test = Test { jump: Jump::Slt, narrow: false, lhs: rhs, rhs: Rhs::Imm(0) };
            self.emit(MachineInst::Branch { test, then: below, otherwise: above });
            for (block, jump) in [(below, Jump::Slt), (above, Jump::Sgt)] {
                self.switch_to(block);
                self.overflow_if(jump, difference, Rhs::Reg(lhs));
                self.emit(MachineInst::Jump { target: join, args: Vec::new() });
            }
            self.switch_to(join);
        }
    }

    fn signed_mul(&mut self, a: Value, b: Value, result: Value) {
        match self.function.as_const(b).map(|word| word as i64) {
            Some(0) => {
                let zero = self.constant(0);
                self.define(result, zero);
            }
            Some(1) => {
                let same = self.register(a);
                self.define(result, same);
            }
            Some(factor) => {
                let lhs = self.register(a);
                let (low, high) = factor_range(factor);
                if high < i64::MAX {
                    let rhs = self.constant_operand(high as u64);
                    self.overflow_if(Jump::Sgt, lhs, rhs);
                }
                if low > i64::MIN && !self.is_non_negative(a) {
                    let rhs = self.constant_operand(low as u64);
                    self.overflow_if(Jump::Slt, lhs, rhs);
                }
                self.binary(BinaryOp::Mul, a, b, result);
            }
            None => self.signed_mul_registers(a, b, result),
        }
    }

    /// Two factors below 2^31 that are not negative need one test; all others go through their magnitudes.
    fn signed_mul_registers(&mut self, a: Value, b: Value, result: Value) {
        let lhs = self.register(a);
        let rhs = self.register(b);
        let product = self.result(result);
        let either = self.alu(Alu::Or, lhs, Rhs::Reg(rhs));
        let high = self.alu(Alu::Rsh, either, Rhs::Imm(31));
        let join = self.new_block();
        if let Some(data) = self.out.blocks.get_mut(join) {
            data.params.push(product);
        }
        let (slow, fast) = (self.new_block(), self.new_block());
        let test = Test { jump: Jump::Ne, narrow: false, lhs: high, rhs: Rhs::Imm(0) };
        self.emit(MachineInst::Branch { test, then: slow, otherwise: fast });

        self.switch_to(fast);
        let small = self.alu(Alu::Mul, lhs, Rhs::Reg(rhs));
        self.emit(MachineInst::Jump { target: join, args: vec![small] });

        self.switch_to(slow);
        let x = self.magnitude(lhs);
        let y = self.magnitude(rhs);
        let temp = self.new_register();
        self.emit(MachineInst::ProductGuard { lhs: x, rhs: y, temp });
        let magnitude = self.alu(Alu::Mul, x, Rhs::Reg(y));
        let sign = self.alu(Alu::Xor, lhs, Rhs::Reg(rhs));
        let (negative, positive) = (self.new_block(), self.new_block());
        let test = Test { jump: Jump::Slt, narrow: false, lhs: sign, rhs: Rhs::Imm(0) };
        self.emit(MachineInst::Branch { test, then: negative, otherwise: positive });

        self.switch_to(positive);
        self.overflow_if(Jump::Slt, magnitude, Rhs::Imm(0));
        self.emit(MachineInst::Jump { target: join, args: vec![magnitude] });

        // A magnitude of 2^63 is the least number; any greater one turns positive.
        self.switch_to(negative);
        let negated = self.new_register();
        self.emit(MachineInst::Neg { dst: negated, src: magnitude });
        self.overflow_if(Jump::Sgt, negated, Rhs::Imm(0));
        self.emit(MachineInst::Jump { target: join, args: vec![negated] });

        self.switch_to(join);
    }

    pub(super) fn magnitude(&mut self, src: VReg) -> VReg {
        let dst = self.new_register();
        self.emit(MachineInst::Magnitude { dst, src });
        dst
    }

    fn overflow_if(&mut self, jump: Jump, lhs: VReg, rhs: Rhs) {
        self.side_exit(Test { jump, narrow: false, lhs, rhs }, Failure::Overflow);
    }
}

/// The words whose product with `factor` (neither 0 nor 1) is a signed word.
fn factor_range(factor: i64) -> (i64, i64) {
    let wide = i128::from(factor);
    let (min, max) = (i128::from(i64::MIN), i128::from(i64::MAX));
    // Truncating division rounds towards zero, which is inwards on both sides.
    let (low, high) = if wide > 0 {
        (min.checked_div(wide), max.checked_div(wide))
    } else {
        (max.checked_div(wide), min.checked_div(wide))
    };
    let clamp = |bound: Option<i128>| bound.unwrap_or(0).clamp(min, max) as i64;
    (clamp(low), clamp(high))
}

#[cfg(test)]
mod tests {
    use super::factor_range;

    #[test]
    fn factor_ranges_are_exact() {
        for factor in [2i64, 3, 10, i64::MAX, -1, -2, -3, i64::MIN] {
            let (low, high) = factor_range(factor);
            for bound in [low, high] {
                assert!(bound.checked_mul(factor).is_some(), "{bound} * {factor}");
            }
            if let Some(next) = high.checked_add(1) {
                assert!(next.checked_mul(factor).is_none());
            }
            if let Some(next) = low.checked_sub(1) {
                assert!(next.checked_mul(factor).is_none());
            }
        }
    }
}
