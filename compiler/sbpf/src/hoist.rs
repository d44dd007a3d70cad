//! Constants out of loops: a constant that fits no immediate costs a unit wherever it is used, so in a loop it is
//! better made once before, as long as a register is free for it all the way round.
//!
//! Only constants that instructions merely read are moved; one that is to be overwritten, or passed in a fixed
//! register, is best made on the spot. Loops that call functions keep few registers and are left alone.

use crate::liveness::{live_out, step_back};
use crate::machine::{Base, MachineBlock, MachineFunction, MachineInst, Rhs};
use ovsm_base::index::IndexVec;
use regalloc2::VReg;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// How many registers values may take in a loop, constants included; one less than there are.
const REGISTERS: usize = 9;

/// The same in a loop with syscalls, whose arguments need some.
const REGISTERS_BESIDE_SYSCALLS: usize = 6;

/// Functions with more loops than this, and loops with more blocks, are left alone.
const MAX_LOOPS: usize = 1000;
const MAX_LOOP_BLOCKS: usize = 1000;

struct Loop {
    header: MachineBlock,
    members: Vec<MachineBlock>,
}

/// Moves constants out of the loops of a function.
pub fn constants(function: &mut MachineFunction) {
    let loops = loops(function);
    if loops.is_empty() {
        return;
    }
    let Some(mut pressure) = pressure(function) else { return };
    let mut movable = movable_constants(function);
    let predecessors = function.predecessors();
    for natural in loops {
        hoist_from(function, &natural, &predecessors, &mut pressure, &mut movable);
    }
}

fn hoist_from(
    function: &mut MachineFunction,
    natural: &Loop,
    predecessors: &IndexVec<MachineBlock, Vec<MachineBlock>>,
    pressure: &mut IndexVec<MachineBlock, usize>,
    movable: &mut FxHashMap<VReg, u64>,
) {
    let Some(before) = predecessors.get(natural.header) else { return };
    let mut outside = before.iter().filter(|block| natural.members.binary_search(block).is_err());
    let (Some(preheader), None) = (outside.next().copied(), outside.next()) else { return };
    let blocks = || natural.members.iter().filter_map(|block| function.blocks.get(*block));
    let enters_by_jump = matches!(
        function.blocks.get(preheader).and_then(|data| data.insts.last()),
        Some((MachineInst::Jump { .. }, _))
    );
    let has = |wanted: fn(&MachineInst) -> bool| {
        blocks().any(|data| data.insts.iter().any(|(inst, _)| wanted(inst)))
    };
    if !enters_by_jump || has(|inst| matches!(inst, MachineInst::Call { .. })) {
        return;
    }
    let limit = if has(|inst| matches!(inst, MachineInst::Syscall { .. })) {
        REGISTERS_BESIDE_SYSCALLS
    } else {
        REGISTERS
    };
    let taken =
        natural.members.iter().filter_map(|block| pressure.get(*block)).copied().max().unwrap_or(limit);
    let room = limit.saturating_sub(taken);
    // Equal constants share a register; those made most often come first.
    let mut wanted: BTreeMap<u64, (Vec<VReg>, bool)> = BTreeMap::new();
    for block in &natural.members {
        let Some(data) = function.blocks.get(*block) else { continue };
        let mut every_round = None;
        for (inst, _) in &data.insts {
            if let MachineInst::Const { dst, value } = inst
                && movable.get(dst) == Some(value)
            {
                let every_round =
                    *every_round.get_or_insert_with(|| is_unavoidable(function, natural, *block));
                let entry = wanted.entry(*value).or_default();
                entry.0.push(*dst);
                entry.1 |= every_round;
            }
        }
    }
    // What a round may never need is not worth making before the loop.
    let wanted = wanted.into_iter().filter(|(_, (_, every_round))| *every_round);
    let mut wanted: Vec<(u64, Vec<VReg>)> = wanted.map(|(value, (made, _))| (value, made)).collect();
    wanted.sort_by_key(|(_, made)| std::cmp::Reverse(made.len()));
    wanted.truncate(room);
    if wanted.is_empty() {
        return;
    }
    let mut renamed: FxHashMap<VReg, VReg> = FxHashMap::default();
    for (_, made) in &wanted {
        if let Some(first) = made.first() {
            renamed.extend(made.iter().map(|register| (*register, *first)));
        }
    }
    let mut moved = Vec::new();
    for block in &natural.members {
        let Some(data) = function.blocks.get_mut(*block) else { continue };
        let mut kept = Vec::with_capacity(data.insts.len());
        for (mut inst, span) in std::mem::take(&mut data.insts) {
            if let MachineInst::Const { dst, .. } = &inst
                && let Some(first) = renamed.get(dst)
            {
                if first == dst {
                    moved.push((inst, span));
                }
                continue;
            }
            rename(&mut inst, &renamed);
            kept.push((inst, span));
        }
        data.insts = kept;
        if let Some(pressure) = pressure.get_mut(*block) {
            *pressure += wanted.len();
        }
    }
    // Uses may also stand behind the loop.
    for data in function.blocks.iter_mut() {
        for (inst, _) in &mut data.insts {
            rename(inst, &renamed);
        }
    }
    if let Some(data) = function.blocks.get_mut(preheader) {
        let end = data.insts.len().saturating_sub(1);
        data.insts.splice(end..end, moved);
    }
}

/// True if every round of the loop runs through the block.
fn is_unavoidable(function: &MachineFunction, natural: &Loop, block: MachineBlock) -> bool {
    if block == natural.header {
        return true;
    }
    let mut seen = IndexVec::<MachineBlock, bool>::from_elem(false, function.blocks.len());
    let mut stack = vec![natural.header];
    while let Some(at) = stack.pop() {
        for next in function.successors(at) {
            if next == natural.header {
                return false;
            }
            if next != block
                && natural.members.binary_search(&next).is_ok()
                && let Some(seen) = seen.get_mut(next)
                && !std::mem::replace(seen, true)
            {
                stack.push(next);
            }
        }
    }
    true
}

/// Replaces registers where they are merely read.
fn rename(inst: &mut MachineInst, renamed: &FxHashMap<VReg, VReg>) {
    let reg = |register: &mut VReg| {
        if let Some(new) = renamed.get(register) {
            *register = *new;
        }
    };
    let rhs = |operand: &mut Rhs| {
        if let Rhs::Reg(register) = operand {
            reg(register);
        }
    };
    match inst {
        MachineInst::Alu { rhs: operand, .. } => rhs(operand),
        MachineInst::Load { base: Base::Reg(base), .. } => reg(base),
        MachineInst::Store { base, value, .. } => {
            if let Base::Reg(base) = base {
                reg(base);
            }
            rhs(value);
        }
        MachineInst::SideExit { test, .. }
        | MachineInst::SetIf { test, .. }
        | MachineInst::Branch { test, .. } => {
            reg(&mut test.lhs);
            rhs(&mut test.rhs);
        }
        MachineInst::CarryingAdd { rhs, .. } => reg(rhs),
        _ => {}
    }
}

/// Large constants all of whose uses merely read them.
fn movable_constants(function: &MachineFunction) -> FxHashMap<VReg, u64> {
    let mut constants: FxHashMap<VReg, u64> = FxHashMap::default();
    for data in function.blocks.iter() {
        for (inst, _) in &data.insts {
            if let MachineInst::Const { dst, value } = inst
                && i32::try_from(*value as i64).is_err()
            {
                constants.insert(*dst, *value);
            }
        }
    }
    for data in function.blocks.iter() {
        for (inst, _) in &data.insts {
            // Whatever `rename` would not reach keeps its constant where it is.
            let mut probe = inst.clone();
            let mut elsewhere: FxHashMap<VReg, VReg> = FxHashMap::default();
            let outside = VReg::new(function.registers, regalloc2::RegClass::Int);
            inst.for_each_use(|register| {
                if constants.contains_key(&register) {
                    elsewhere.insert(register, outside);
                }
            });
            if !elsewhere.is_empty() {
                rename(&mut probe, &elsewhere);
                probe.for_each_use(|register| {
                    constants.remove(&register);
                });
            }
        }
    }
    constants
}

/// The largest number of values live at once in each block.
fn pressure(function: &MachineFunction) -> Option<IndexVec<MachineBlock, usize>> {
    let live_out = live_out(function)?;
    let mut pressure = IndexVec::from_elem(0, function.blocks.len());
    for (block, data) in function.blocks.iter_enumerated() {
        let mut live = live_out.get(block)?.clone();
        let mut most = live.count();
        for (inst, _) in data.insts.iter().rev() {
            let mut defined = 0;
            inst.for_each_def(|_| defined += 1);
            step_back(&mut live, inst);
            // A result may need a register beside all operands.
            most = most.max(live.count() + defined);
        }
        *pressure.get_mut(block)? = most;
    }
    Some(pressure)
}

/// Natural loops, smallest first. Blocks stand in reverse post-order, so an edge backwards closes a loop.
fn loops(function: &MachineFunction) -> Vec<Loop> {
    let predecessors = function.predecessors();
    let mut latches: BTreeMap<MachineBlock, Vec<MachineBlock>> = BTreeMap::new();
    for block in function.blocks.indices() {
        for target in function.successors(block) {
            if target <= block {
                latches.entry(target).or_default().push(block);
            }
        }
    }
    if latches.len() > MAX_LOOPS {
        return Vec::new();
    }
    let mut loops = Vec::new();
    for (header, sources) in latches {
        let mut inside = IndexVec::<MachineBlock, bool>::from_elem(false, function.blocks.len());
        let mut members = vec![header];
        if let Some(flag) = inside.get_mut(header) {
            *flag = true;
        }
        let mut stack = sources;
        let mut reducible = true;
        while let Some(block) = stack.pop() {
            if let Some(flag) = inside.get_mut(block)
                && !*flag
            {
                *flag = true;
                reducible &= block > header;
                members.push(block);
                stack.extend(predecessors.get(block).into_iter().flatten().copied());
            }
        }
        if reducible && members.len() <= MAX_LOOP_BLOCKS {
            members.sort_unstable();
            loops.push(Loop { header, members });
        }
    }
    loops.sort_by_key(|natural| natural.members.len());
    loops
}

#[cfg(test)]
mod tests {
    use crate::{Options, compile};
    use ovsm_ir::text::parse;

    #[test]
    fn a_large_constant_leaves_its_loop() {
        let text = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 0
  jump b1(v2, v0)
b1(v3: word, v4: word):
  v5 = const 6364136223846793005
  v6 = mul v4, v5
  v7 = xor v6, v5
  v8 = const 1
  v9 = add v3, v8
  v10 = const 100
  v11 = ult v9, v10
  br v11, b1(v9, v7), b2
b2:
  return v7
}
";
        let listing = compile(&parse(text).unwrap(), &Options::default()).unwrap().listing();
        assert_eq!(listing.matches("lddw").count(), 1, "{listing}");
        let (before, after) = (listing.find("lddw").unwrap(), listing.find("L0:").unwrap());
        assert!(before < after, "{listing}");
    }
}
