//! Values that a loop hands on crosswise: `(a, b)` becomes `(b, a + b)`, as for Fibonacci's numbers.
//!
//! The old `b` is needed after the sum is there, so a register allocator gives the sum a third register and moves all
//! three round. A copy of `b` before the sum tells it what to do: the sum takes the place of `b`, and the copy that of
//! `a`. Runs on a selected function, before registers are allocated; only where all uses of `b` are near.

use crate::machine::{MachineBlock, MachineFunction, MachineInst, Rhs};
use ovsm_base::index::IndexVec;
use regalloc2::{RegClass, VReg};
use rustc_hash::FxHashSet;

/// Copies what moves on before its place is taken.
pub fn copy_first(function: &mut MachineFunction) {
    // What each value is called after a jump.
    let mut becomes: FxHashSet<(VReg, VReg)> = FxHashSet::default();
    for data in function.blocks.iter() {
        if let Some((MachineInst::Jump { target, args }, _)) = data.insts.last()
            && let Some(to) = function.blocks.get(*target)
        {
            becomes.extend(args.iter().copied().zip(to.params.iter().copied()));
        }
    }
    let predecessors = function.predecessors();
    for block in function.blocks.indices() {
        let Some(data) = function.blocks.get(block) else { continue };
        let found = data.insts.iter().enumerate().find_map(|(place, (inst, _))| {
            let MachineInst::Alu { op, dst, lhs, rhs: Rhs::Reg(rhs) } = inst else { return None };
            let crosses = |old: VReg, kept: VReg| {
                old != kept && becomes.contains(&(*dst, kept)) && becomes.contains(&(kept, old))
            };
            match op.is_commutative() {
                true if crosses(*lhs, *rhs) => Some((place, *lhs, *rhs)),
                true if crosses(*rhs, *lhs) => Some((place, *rhs, *lhs)),
                _ => None,
            }
        });
        if let Some((place, old, kept)) = found {
            separate(function, block, place, old, kept, &predecessors);
        }
    }
}

/// Lets the operation at `place` overwrite `kept`, of which a copy goes on, if `old` is needed no more.
fn separate(
    function: &mut MachineFunction,
    block: MachineBlock,
    place: usize,
    old: VReg,
    kept: VReg,
    predecessors: &IndexVec<MachineBlock, Vec<MachineBlock>>,
) {
    let uses = |reg: VReg, insts: &[(MachineInst, Option<ovsm_base::Span>)]| {
        let mut count = 0usize;
        insts.iter().for_each(|(inst, _)| inst.for_each_use(|used| count += usize::from(used == reg)));
        count
    };
    let all = |reg: VReg| function.blocks.iter().map(|data| uses(reg, &data.insts)).sum::<usize>();
    let Some(data) = function.blocks.get(block) else { return };
    let (before, after) = data.insts.split_at((place + 1).min(data.insts.len()));
    // The blocks that follow this one and no other.
    let below: Vec<MachineBlock> = function
        .successors(block)
        .filter(|next| predecessors.get(*next).is_some_and(|list| list.len() == 1))
        .collect();
    let passed = |insts: &[(MachineInst, Option<ovsm_base::Span>)]| match insts.last() {
        Some((MachineInst::Jump { args, .. } | MachineInst::Return(args), _)) => {
            args.iter().filter(|arg| **arg == kept).count()
        }
        _ => 0,
    };
    let near = passed(after)
        + below
            .iter()
            .filter_map(|next| function.blocks.get(*next))
            .map(|data| passed(&data.insts))
            .sum::<usize>();
    if uses(old, before) != all(old) || near == 0 || uses(kept, before) + near != all(kept) {
        return;
    }
    let copy = VReg::new(function.registers, RegClass::Int);
    function.registers += 1;
    let span = function.register_spans.get(kept.vreg()).copied().flatten();
    function.register_spans.push(span);
    for block in below.into_iter().chain([block]) {
        if let Some(data) = function.blocks.get_mut(block)
            && let Some((MachineInst::Jump { args, .. } | MachineInst::Return(args), _)) =
                data.insts.last_mut()
        {
            for arg in args.iter_mut().filter(|arg| **arg == kept) {
                *arg = copy;
            }
        }
    }
    if let Some(data) = function.blocks.get_mut(block) {
        if let Some((MachineInst::Alu { lhs, rhs, .. }, _)) = data.insts.get_mut(place) {
            (*lhs, *rhs) = (kept, Rhs::Reg(old));
        }
        let span = data.insts.get(place).and_then(|(_, span)| *span);
        data.insts.insert(place, (MachineInst::Copy { dst: copy, src: kept }, span));
    }
}
