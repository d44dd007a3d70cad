//! Loads and stores: address folding and stores of immediates.

use super::{Selector, immediate};
use crate::isa::Alu;
use crate::machine::{Base, MachineInst, Rhs};
use ovsm_ir::machine::INPUT_BASE;
use ovsm_ir::{Access, BinaryOp, Op, Region, Value, Width};

/// The frame pointer of the entry function.
pub(crate) const ENTRY_FRAME_POINTER: u64 = 0x2_0000_1000;

/// Constant addresses share one base register per block of this many bytes: as far as an offset reaches.
const PAGE: u64 = 0x8000;

impl Selector<'_> {
    pub(super) fn load(&mut self, access: &Access, result: Value) {
        if access.region != Region::Any && self.uses[result] == 0 {
            return;
        }
        let (base, off) = self.address(access);
        let dst = self.result(result);
        self.emit(MachineInst::Load { width: access.width, dst, base, off });
    }

    pub(super) fn store(&mut self, access: &Access, value: Value) {
        let value = match self.function.as_const(value) {
            // A narrow store takes the low bytes, so that any constant is an immediate.
            Some(word) => match access.width {
                Width::W8 => self.operand(value),
                Width::W4 => Rhs::Imm(word as u32 as i32),
                Width::W2 => Rhs::Imm(i32::from(word as u16)),
                Width::W1 => Rhs::Imm(i32::from(word as u8)),
            },
            None => {
                let source = self.stored_source(value, access.width);
                Rhs::Reg(self.register(source))
            }
        };
        let (base, off) = self.address(access);
        self.emit(MachineInst::Store { width: access.width, base, off, value });
    }

    /// A value with the same low bytes that needs no truncation.
    fn stored_source(&self, value: Value, width: Width) -> Value {
        let stored = width.bytes() * 8;
        match self.function.defining_op(value) {
            Some(Op::Extend(ty, inner)) if ty.bits() >= stored => *inner,
            Some(Op::Binary(BinaryOp::And, inner, mask)) if stored < 64 => {
                match self.function.as_const(*mask) {
                    Some(mask) if (!mask).trailing_zeros() >= stored => *inner,
                    _ => value,
                }
            }
            _ => value,
        }
    }

    fn address(&mut self, access: &Access) -> (Base, i16) {
        let function = self.function;
        let mut base = access.address;
        let mut offset = i64::from(access.offset);
        loop {
            let (inner, step) = match function.defining_op(base) {
                Some(Op::Binary(BinaryOp::Add, a, b)) => match (function.as_const(*a), function.as_const(*b))
                {
                    (_, Some(word)) => (*a, word as i64),
                    (Some(word), None) => (*b, word as i64),
                    (None, None) => break,
                },
                Some(Op::Binary(BinaryOp::Sub, a, b)) => match function.as_const(*b) {
                    Some(word) => (*a, (word as i64).wrapping_neg()),
                    None => break,
                },
                Some(Op::Const(word)) => return self.constant_address(word.wrapping_add(offset as u64)),
                _ => break,
            };
            let sum = offset.wrapping_add(step);
            if i16::try_from(sum).is_err() && function.as_const(inner).is_none() {
                break;
            }
            base = inner;
            offset = sum;
        }
        match i16::try_from(offset) {
            Ok(off) => (Base::Reg(self.register(base)), off),
            Err(_) => {
                let lhs = self.register(base);
                let rhs = match immediate(offset as u64) {
                    Some(imm) => Rhs::Imm(imm),
                    None => Rhs::Reg(self.constant(offset as u64)),
                };
                (Base::Reg(self.alu(Alu::Add, lhs, rhs)), 0)
            }
        }
    }

    fn constant_address(&mut self, address: u64) -> (Base, i16) {
        if self.is_entry
            && let Ok(off) = i16::try_from(address.wrapping_sub(ENTRY_FRAME_POINTER) as i64)
        {
            return (Base::Frame, off);
        }
        let page = address & !(PAGE - 1);
        let offset = (address & (PAGE - 1)) as i16;
        // The entry is given the address of the input.
        if self.is_entry
            && page == INPUT_BASE
            && let Some(input) = self.function.params().first()
        {
            return (Base::Reg(self.register(*input)), offset);
        }
        (Base::Reg(self.constant(page)), offset)
    }
}
