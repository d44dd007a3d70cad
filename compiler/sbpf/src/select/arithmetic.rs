//! Wrapping arithmetic and conversions between widths.

use super::bounds::word_max;
use super::{Selector, immediate};
use crate::isa::Alu;
use crate::machine::{MachineInst, Rhs};
use ovsm_base::IntType;
use ovsm_ir::{BinaryOp, Value};
use regalloc2::VReg;

impl Selector<'_> {
    pub(super) fn binary(&mut self, op: BinaryOp, a: Value, b: Value, result: Value) {
        let alu = match op {
            BinaryOp::Add => Alu::Add,
            BinaryOp::Sub => Alu::Sub,
            BinaryOp::Mul => Alu::Mul,
            BinaryOp::UnsignedDiv => Alu::Div,
            BinaryOp::UnsignedRem => Alu::Mod,
            BinaryOp::And => Alu::And,
            BinaryOp::Or => Alu::Or,
            BinaryOp::Xor => Alu::Xor,
            BinaryOp::ShiftLeft => Alu::Lsh,
            BinaryOp::ShiftRightLogical => Alu::Rsh,
            BinaryOp::ShiftRightArithmetic => Alu::Arsh,
            BinaryOp::SignedDiv | BinaryOp::SignedRem => {
                return self.signed_division(op == BinaryOp::SignedRem, a, b, result);
            }
        };
        let (a, b) =
            if alu.is_commutative() && self.function.as_const(a).is_some() { (b, a) } else { (a, b) };
        let constant = self.function.as_const(b);
        match (alu, self.function.as_const(a), constant) {
            (Alu::Sub, Some(0), _) => {
                let src = self.register(b);
                let dst = self.result(result);
                return self.emit(MachineInst::Neg { dst, src });
            }
            (Alu::And, _, Some(0xffff_ffff)) => {
                let src = self.register(a);
                let dst = self.result(result);
                return self.emit(MachineInst::ZeroExtend32 { dst, src });
            }
            _ => {}
        }
        let rhs = match (alu, constant) {
            (Alu::Lsh | Alu::Rsh | Alu::Arsh, Some(amount)) => Rhs::Imm((amount & 63) as i32),
            // The verifier refuses an immediate zero; in a register it is a fault when it runs.
            (Alu::Div | Alu::Mod, Some(0)) => Rhs::Reg(self.register(b)),
            _ => self.operand(b),
        };
        let lhs = self.register(a);
        let dst = self.result(result);
        self.emit(MachineInst::Alu { op: alu, dst, lhs, rhs });
    }

    pub(super) fn extend(&mut self, ty: IntType, a: Value, result: Value) {
        let src = self.register(a);
        let max = word_max(ty);
        if self.upper_bound(a) <= max {
            return self.define(result, src);
        }
        let register = match ty {
            IntType::U8 | IntType::U16 => self.alu(Alu::And, src, Rhs::Imm(max as i32)),
            IntType::U32 => {
                let dst = self.new_register();
                self.emit(MachineInst::ZeroExtend32 { dst, src });
                dst
            }
            IntType::I32 => {
                let dst = self.new_register();
                self.emit(MachineInst::SignExtend32 { dst, src });
                dst
            }
            IntType::I8 | IntType::I16 => {
                let amount = Rhs::Imm(64 - ty.bits() as i32);
                let shifted = self.alu(Alu::Lsh, src, amount);
                self.alu(Alu::Arsh, shifted, amount)
            }
            IntType::U64 | IntType::I64 | IntType::U128 | IntType::I128 => src,
        };
        self.define(result, register);
    }

    /// Emits a two-operand instruction into a new register.
    pub(super) fn alu(&mut self, op: Alu, lhs: VReg, rhs: Rhs) -> VReg {
        let dst = self.new_register();
        self.emit(MachineInst::Alu { op, dst, lhs, rhs });
        dst
    }

    /// A constant as a second operand.
    pub(super) fn constant_operand(&mut self, word: u64) -> Rhs {
        match immediate(word) {
            Some(imm) => Rhs::Imm(imm),
            None => Rhs::Reg(self.constant(word)),
        }
    }
}
