//! Two clean-ups of a selected function before registers are allocated: instructions whose results nothing reads
//! go, and operands that may be exchanged are, so that the one that dies shares its register with the result.

use crate::machine::{MachineBlock, MachineFunction, MachineInst, Rhs};
use ovsm_base::index::IndexVec;
use regalloc2::VReg;
use rustc_hash::FxHashMap;

/// Liveness is not computed for functions with more bits of it than this; they only lose the exchange.
const MAX_LIVENESS_BITS: usize = 1 << 27;

/// Removes what is unused, then orders operands.
pub fn tidy(function: &mut MachineFunction) {
    remove_unused(function);
    if function.registers.saturating_mul(function.blocks.len()) <= MAX_LIVENESS_BITS {
        exchange_operands(function);
    }
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

/// A set of virtual registers.
#[derive(Clone, PartialEq)]
struct RegisterSet(Vec<u64>);

impl RegisterSet {
    fn new(registers: usize) -> RegisterSet {
        RegisterSet(vec![0; registers.div_ceil(64)])
    }

    fn insert(&mut self, reg: VReg) {
        if let Some(word) = self.0.get_mut(reg.vreg() / 64) {
            *word |= 1 << (reg.vreg() % 64);
        }
    }

    fn remove(&mut self, reg: VReg) {
        if let Some(word) = self.0.get_mut(reg.vreg() / 64) {
            *word &= !(1 << (reg.vreg() % 64));
        }
    }

    fn contains(&self, reg: VReg) -> bool {
        self.0.get(reg.vreg() / 64).is_some_and(|word| word & (1 << (reg.vreg() % 64)) != 0)
    }

    fn union(&mut self, other: &RegisterSet) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

fn step_back(live: &mut RegisterSet, inst: &MachineInst) {
    inst.for_each_def(|reg| live.remove(reg));
    inst.for_each_use(|reg| live.insert(reg));
}

/// Registers live at the end of each block.
fn live_out(function: &MachineFunction) -> IndexVec<MachineBlock, RegisterSet> {
    let empty = RegisterSet::new(function.registers);
    let mut live_in = IndexVec::from_elem(empty.clone(), function.blocks.len());
    let mut out = IndexVec::from_elem(empty.clone(), function.blocks.len());
    let mut changed = true;
    while changed {
        changed = false;
        for block in function.blocks.indices().rev() {
            let mut live = empty.clone();
            for successor in function.successors(block) {
                if let Some(set) = live_in.get(successor) {
                    live.union(set);
                }
            }
            if let Some(slot) = out.get_mut(block) {
                *slot = live.clone();
            }
            if let Some(data) = function.blocks.get(block) {
                for (inst, _) in data.insts.iter().rev() {
                    step_back(&mut live, inst);
                }
                for param in &data.params {
                    live.remove(*param);
                }
            }
            if let Some(slot) = live_in.get_mut(block)
                && *slot != live
            {
                *slot = live;
                changed = true;
            }
        }
    }
    out
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
    let live_out = live_out(function);
    for block in function.blocks.indices() {
        let Some(data) = function.blocks.get_mut(block) else { continue };
        for param in &data.params {
            mark(&mut carried, *param);
        }
        // Where each register is defined in this block, counted from 1.
        let mut defined: FxHashMap<VReg, usize> = FxHashMap::default();
        let mut live = live_out.get(block).cloned().unwrap_or_else(|| RegisterSet::new(0));
        let mut dying = Vec::with_capacity(data.insts.len());
        for (inst, _) in data.insts.iter().rev() {
            // Which operands of an exchangeable instruction die here?
            dying.push(operand_pair(inst).map(|(lhs, rhs)| (!live.contains(lhs), !live.contains(rhs))));
            step_back(&mut live, inst);
        }
        for (n, ((inst, _), dying)) in data.insts.iter_mut().zip(dying.into_iter().rev()).enumerate() {
            if let (Some((lhs, rhs)), Some((lhs_dies, rhs_dies))) = (operand_pair(inst), dying) {
                let place = |reg: VReg| (is_carried(&carried, reg), defined.get(&reg).copied().unwrap_or(0));
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
