//! Signed quotients and remainders. The machine divides unsigned only: magnitudes are divided and the sign put
//! back, with a straight path for operands that are not negative.

use super::Selector;
use crate::isa::{Alu, Jump};
use crate::machine::{MachineBlock, MachineInst, Rhs, Test};
use ovsm_ir::Value;
use regalloc2::VReg;

impl Selector<'_> {
    pub(super) fn signed_division(&mut self, remainder: bool, a: Value, b: Value, result: Value) {
        let op = if remainder { Alu::Mod } else { Alu::Div };
        match self.function.as_const(b).map(|word| word as i64) {
            Some(divisor) if divisor != 0 => self.by_constant(op, a, divisor, result),
            _ if self.is_non_negative(a) && self.is_non_negative(b) => {
                let lhs = self.register(a);
                let rhs = self.register(b);
                let dst = self.result(result);
                self.emit(MachineInst::Alu { op, dst, lhs, rhs: Rhs::Reg(rhs) });
            }
            _ => self.by_register(op, a, b, result),
        }
    }

    fn by_constant(&mut self, op: Alu, a: Value, divisor: i64, result: Value) {
        let lhs = self.register(a);
        let magnitude = divisor.unsigned_abs();
        if op == Alu::Div && magnitude == 1 {
            let quotient = if divisor < 0 { self.negated(lhs) } else { lhs };
            return self.define(result, quotient);
        }
        if self.is_non_negative(a) {
            let quotient = self.divide_by_magnitude(op, lhs, magnitude);
            let signed = if op == Alu::Div && divisor < 0 { self.negated(quotient) } else { quotient };
            return self.define(result, signed);
        }
        if op == Alu::Div && magnitude.is_power_of_two() && magnitude <= 1 << 31 {
            // Rounds towards zero instead of down.
            let dst = self.new_register();
            self.emit(MachineInst::BiasNegative { dst, src: lhs, bias: (magnitude - 1) as i32 });
            let quotient = self.alu(Alu::Arsh, dst, Rhs::Imm(magnitude.trailing_zeros() as i32));
            let signed = if divisor < 0 { self.negated(quotient) } else { quotient };
            return self.define(result, signed);
        }
        let (below, above, join) = self.diamond(lhs, result);
        let sides = [(below, true), (above, false)];
        for (block, is_negative) in sides {
            self.switch_to(block);
            let dividend = if is_negative { self.negated(lhs) } else { lhs };
            let quotient = self.divide_by_magnitude(op, dividend, magnitude);
            let negate = is_negative != (op == Alu::Div && divisor < 0);
            let signed = if negate { self.negated(quotient) } else { quotient };
            self.emit(MachineInst::Jump { target: join, args: vec![signed] });
        }
        self.switch_to(join);
    }

    fn divide_by_magnitude(&mut self, op: Alu, dividend: VReg, magnitude: u64) -> VReg {
        if magnitude.is_power_of_two() {
            return match op {
                Alu::Mod => {
                    let mask = self.constant_operand(magnitude - 1);
                    self.alu(Alu::And, dividend, mask)
                }
                _ => self.alu(Alu::Rsh, dividend, Rhs::Imm(magnitude.trailing_zeros() as i32)),
            };
        }
        let divisor = self.constant_operand(magnitude);
        self.alu(op, dividend, divisor)
    }

    fn by_register(&mut self, op: Alu, a: Value, b: Value, result: Value) {
        let lhs = self.register(a);
        let rhs = self.register(b);
        let either = self.alu(Alu::Or, lhs, Rhs::Reg(rhs));
        let (slow, fast, join) = self.diamond(either, result);

        self.switch_to(fast);
        let quotient = self.alu(op, lhs, Rhs::Reg(rhs));
        self.emit(MachineInst::Jump { target: join, args: vec![quotient] });

        self.switch_to(slow);
        let x = self.magnitude(lhs);
        let y = self.magnitude(rhs);
        let quotient = self.alu(op, x, Rhs::Reg(y));
        let sign = if op == Alu::Div { self.alu(Alu::Xor, lhs, Rhs::Reg(rhs)) } else { lhs };
        let dst = self.new_register();
        self.emit(MachineInst::NegateBySign { dst, src: quotient, sign });
        self.emit(MachineInst::Jump { target: join, args: vec![dst] });

        self.switch_to(join);
    }

    /// Branches on the sign of `word`: the block for negative ones, the other one, and the block that follows
    /// both and takes `result` as its parameter.
    pub(super) fn diamond(
        &mut self,
        word: VReg,
        result: Value,
    ) -> (MachineBlock, MachineBlock, MachineBlock) {
        let (below, above, join) = (self.new_block(), self.new_block(), self.new_block());
        let param = self.result(result);
        if let Some(data) = self.out.blocks.get_mut(join) {
            data.params.push(param);
        }
        let test = Test { jump: Jump::Slt, narrow: false, lhs: word, rhs: Rhs::Imm(0) };
        self.emit(MachineInst::Branch { test, then: below, otherwise: above });
        (below, above, join)
    }

    fn negated(&mut self, src: VReg) -> VReg {
        let dst = self.new_register();
        self.emit(MachineInst::Neg { dst, src });
        dst
    }
}
