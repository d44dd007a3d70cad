//! What instructions want of the allocator: which registers they read and write, where, and what they overwrite.

use crate::convention::{Convention, argument_register};
use crate::isa::{Alu, Reg};
use crate::machine::{Base, MachineInst, Rhs, Test};
use ovsm_base::index::IndexVec;
use ovsm_ir::Func;
use regalloc2::{Operand, PReg, PRegSet, RegClass};

/// The physical register of the allocator for a machine register.
pub(super) const fn preg(reg: Reg) -> PReg {
    PReg::new(reg.0 as usize, RegClass::Int)
}

/// The operands in the order in which their registers are handed back: results and scratch first, then uses in the
/// order of [`MachineInst::for_each_use`].
pub(super) fn operands(inst: &MachineInst) -> Vec<Operand> {
    let mut operands = Vec::new();
    let out = &mut operands;
    let test_operands = |test: &Test, out: &mut Vec<Operand>, late: bool| {
        let make = if late { Operand::reg_use_at_end } else { Operand::reg_use };
        out.push(make(test.lhs));
        if let Rhs::Reg(reg) = test.rhs {
            out.push(make(reg));
        }
    };
    match inst {
        MachineInst::Params(params) => {
            for (n, param) in params.iter().enumerate() {
                out.push(Operand::reg_fixed_def(*param, preg(argument_register(n))));
            }
        }
        MachineInst::Const { dst, .. } | MachineInst::DataAddress { dst, .. } => {
            out.push(Operand::reg_def(*dst));
        }
        MachineInst::Alu { op: Alu::Mov, dst, lhs, .. } => {
            out.push(Operand::reg_def(*dst));
            out.push(Operand::reg_use(*lhs));
        }
        MachineInst::Alu { dst, lhs, rhs, .. } => {
            out.push(Operand::reg_reuse_def(*dst, 1));
            out.push(Operand::reg_use(*lhs));
            if let Rhs::Reg(reg) = rhs {
                out.push(Operand::reg_use_at_end(*reg));
            }
        }
        MachineInst::CarryingAdd { dst, lhs, rhs } => {
            out.push(Operand::reg_reuse_def(*dst, 1));
            out.push(Operand::reg_use(*lhs));
            out.push(Operand::reg_use_at_end(*rhs));
        }
        MachineInst::Neg { dst, src }
        | MachineInst::SignExtend32 { dst, src }
        | MachineInst::Magnitude { dst, src }
        | MachineInst::BiasNegative { dst, src, .. } => {
            out.push(Operand::reg_reuse_def(*dst, 1));
            out.push(Operand::reg_use(*src));
        }
        MachineInst::NegateBySign { dst, src, sign } => {
            out.push(Operand::reg_reuse_def(*dst, 1));
            out.push(Operand::reg_use(*src));
            out.push(Operand::reg_use_at_end(*sign));
        }
        MachineInst::Copy { dst, src } | MachineInst::ZeroExtend32 { dst, src } => {
            out.push(Operand::reg_def(*dst));
            out.push(Operand::reg_use(*src));
        }
        MachineInst::Load { dst, base, .. } => {
            out.push(Operand::reg_def(*dst));
            if let Base::Reg(reg) = base {
                out.push(Operand::reg_use(*reg));
            }
        }
        MachineInst::Store { base, value, .. } => {
            if let Base::Reg(reg) = base {
                out.push(Operand::reg_use(*reg));
            }
            if let Rhs::Reg(reg) = value {
                out.push(Operand::reg_use(*reg));
            }
        }
        MachineInst::SideExit { test, .. } | MachineInst::Branch { test, .. } => {
            test_operands(test, out, false);
        }
        MachineInst::SetIf { dst, test } => {
            // The result is written before the test is made.
            out.push(Operand::reg_def_at_start(*dst));
            test_operands(test, out, true);
        }
        MachineInst::ProductGuard { lhs, rhs, temp } => {
            out.push(Operand::reg_temp(*temp));
            out.push(Operand::reg_use_at_end(*lhs));
            out.push(Operand::reg_use_at_end(*rhs));
        }
        MachineInst::Call { args, results, .. } => {
            for (n, result) in results.iter().enumerate() {
                out.push(Operand::reg_fixed_def(*result, preg(Reg(n as u8))));
            }
            for (n, arg) in args.iter().enumerate() {
                out.push(Operand::reg_fixed_use(*arg, preg(argument_register(n))));
            }
        }
        MachineInst::Syscall { args, result, .. } => {
            out.push(Operand::reg_fixed_def(*result, preg(Reg::R0)));
            for (n, arg) in args.iter().enumerate() {
                out.push(Operand::reg_fixed_use(*arg, preg(argument_register(n))));
            }
        }
        MachineInst::Return(values) => {
            for (n, value) in values.iter().enumerate() {
                out.push(Operand::reg_fixed_use(*value, preg(Reg(n as u8))));
            }
        }
        MachineInst::Jump { .. } | MachineInst::Fail(_) | MachineInst::Trap => {}
    }
    operands
}

/// The registers that an instruction overwrites besides its results.
pub(super) fn clobbers(
    inst: &MachineInst,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) -> PRegSet {
    let mut set = PRegSet::empty();
    match inst {
        MachineInst::Call { func, results, .. } => {
            let mask = conventions.get(*func).map_or(0x3f, |convention| convention.clobbers);
            for n in (results.len() as u8)..6 {
                if mask & (1 << n) != 0 {
                    set.add(preg(Reg(n)));
                }
            }
        }
        MachineInst::Syscall { .. } if !syscall_preserves_args => {
            for n in 1..6 {
                set.add(preg(Reg(n)));
            }
        }
        _ => {}
    }
    set
}
