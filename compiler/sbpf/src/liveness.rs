//! Which virtual registers are live where.

use crate::machine::{MachineBlock, MachineFunction, MachineInst};
use ovsm_base::index::IndexVec;
use regalloc2::VReg;

/// Liveness is not computed for functions with more bits of it than this; they only lose some improvements.
const MAX_BITS: usize = 1 << 27;

/// A set of virtual registers.
#[derive(Clone, PartialEq, Debug)]
pub struct RegisterSet(Vec<u64>);

impl RegisterSet {
    /// The empty set, for this many registers.
    pub fn new(registers: usize) -> RegisterSet {
        RegisterSet(vec![0; registers.div_ceil(64)])
    }

    /// Adds a register.
    pub fn insert(&mut self, reg: VReg) {
        if let Some(word) = self.0.get_mut(reg.vreg() / 64) {
            *word |= 1 << (reg.vreg() % 64);
        }
    }

    /// Removes a register.
    pub fn remove(&mut self, reg: VReg) {
        if let Some(word) = self.0.get_mut(reg.vreg() / 64) {
            *word &= !(1 << (reg.vreg() % 64));
        }
    }

    /// True if the register is in the set.
    pub fn contains(&self, reg: VReg) -> bool {
        self.0.get(reg.vreg() / 64).is_some_and(|word| word & (1 << (reg.vreg() % 64)) != 0)
    }

    /// Number of registers in the set.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Adds all registers of another set.
    pub fn union(&mut self, other: &RegisterSet) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

/// Goes from what is live after an instruction to what is live before it.
pub fn step_back(live: &mut RegisterSet, inst: &MachineInst) {
    inst.for_each_def(|reg| live.remove(reg));
    inst.for_each_use(|reg| live.insert(reg));
}

/// Registers live at the end of each block, or nothing for functions that are too large for it.
pub fn live_out(function: &MachineFunction) -> Option<IndexVec<MachineBlock, RegisterSet>> {
    if function.registers.saturating_mul(function.blocks.len()) > MAX_BITS {
        return None;
    }
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
    Some(out)
}
