//! Two clean-ups of a selected function before registers are allocated: instructions whose results nothing reads
//! go, and operands that may be exchanged are, so that the one that dies shares its register with the result.

use crate::liveness::{RegisterSet, live_out, step_back};
use crate::machine::{MachineFunction, MachineInst, Rhs};
use regalloc2::VReg;
use rustc_hash::{FxHashMap, FxHashSet};

/// Removes what is unused, then orders operands.
pub fn tidy(function: &mut MachineFunction) {
    remove_unused(function);
    exchange_operands(function);
}

fn remove_unused(function: &mut MachineFunction) {
    let mut uses = vec![0u32; function.registers];
    let bump = |uses: &mut Vec<u32>, reg: VReg, by: i32| {
        if let Some(count) = uses.get_mut(reg.vreg()) {
            *count = count.saturating_add_signed(by);
        }
    };
    for block in function.blocks.iter() {
        for (inst, _) in &block.insts {
            inst.for_each_use(|reg| bump(&mut uses, reg, 1));
        }
    }
    // Definitions stand before their uses in reverse post-order, so one backward walk finds whole chains.
    for block in function.blocks.indices().rev() {
        let Some(data) = function.blocks.get_mut(block) else { continue };
        let mut kept = Vec::with_capacity(data.insts.len());
        for (inst, span) in std::mem::take(&mut data.insts).into_iter().rev() {
            let unused =
                inst.pure_result().is_some_and(|reg| uses.get(reg.vreg()).is_some_and(|count| *count == 0));
            if unused {
                inst.for_each_use(|reg| bump(&mut uses, reg, -1));
            } else {
                kept.push((inst, span));
            }
        }
        kept.reverse();
        data.insts = kept;
    }
}

fn exchange_operands(function: &mut MachineFunction) {
    // A value that continues a block parameter should stay in its register: the loop carries it round.
    let mut carried = vec![false; function.registers];
    let mark = |carried: &mut Vec<bool>, reg: VReg| {
        if let Some(flag) = carried.get_mut(reg.vreg()) {
            *flag = true;
        }
    };
    let is_carried = |carried: &[bool], reg: VReg| carried.get(reg.vreg()).copied().unwrap_or(false);
    let Some(live_out) = live_out(function) else { return };
    for block in function.blocks.indices() {
        let Some(data) = function.blocks.get_mut(block) else { continue };
        for param in &data.params {
            mark(&mut carried, *param);
        }
        // Where each register is defined in this block, counted from 1.
        let mut defined: FxHashMap<VReg, usize> = FxHashMap::default();
        let mut constants: FxHashSet<VReg> = FxHashSet::default();
        let mut live = live_out.get(block).cloned().unwrap_or_else(|| RegisterSet::new(0));
        let mut dying = Vec::with_capacity(data.insts.len());
        for (inst, _) in data.insts.iter().rev() {
            // Which operands of an exchangeable instruction die here?
            dying.push(operand_pair(inst).map(|(lhs, rhs)| (!live.contains(lhs), !live.contains(rhs))));
            step_back(&mut live, inst);
        }
        for (n, ((inst, _), dying)) in data.insts.iter_mut().zip(dying.into_iter().rev()).enumerate() {
            if let (Some((lhs, rhs)), Some((lhs_dies, rhs_dies))) = (operand_pair(inst), dying) {
                // A constant is better read than overwritten: then it can be shared, or made before a loop.
                let place = |reg: VReg| {
                    let place = defined.get(&reg).copied().unwrap_or(0);
                    (!constants.contains(&reg), is_carried(&carried, reg), place)
                };
                let better = match (lhs_dies, rhs_dies) {
                    (false, true) => true,
                    // What was computed last is more likely to lie where the result should.
                    (true, true) => place(rhs) > place(lhs),
                    _ => false,
                };
                if better {
                    exchange(inst);
                }
            }
            if let MachineInst::Alu { dst, lhs, .. } | MachineInst::CarryingAdd { dst, lhs, .. } = inst
                && is_carried(&carried, *lhs)
            {
                mark(&mut carried, *dst);
            }
            inst.for_each_def(|reg| {
                defined.insert(reg, n + 1);
            });
            if let MachineInst::Const { dst, .. } = inst {
                constants.insert(*dst);
            }
        }
    }
}

fn operand_pair(inst: &MachineInst) -> Option<(VReg, VReg)> {
    match inst {
        MachineInst::Alu { op, lhs, rhs: Rhs::Reg(rhs), .. } if op.is_commutative() => Some((*lhs, *rhs)),
        MachineInst::CarryingAdd { lhs, rhs, .. } => Some((*lhs, *rhs)),
        _ => None,
    }
}

fn exchange(inst: &mut MachineInst) {
    match inst {
        MachineInst::Alu { lhs, rhs: Rhs::Reg(rhs), .. } | MachineInst::CarryingAdd { lhs, rhs, .. } => {
            std::mem::swap(lhs, rhs);
        }
        _ => {}
    }
}
