//! What nothing reads: pure instructions with a dead result go, and those whose result is dead on one side of the
//! branch that follows move to the other side.

use super::{Effects, bit, source_bit};
use crate::assembly::{Asm, AsmBlock, Assembly, End, Label};
use ovsm_base::index::IndexVec;

/// True if something changed.
pub(super) fn remove(assembly: &mut Assembly, order: &[Label], effects: &Effects<'_>) -> bool {
    let mut changed = false;
    let live_in = liveness(assembly, order, effects);
    let mut gone = Vec::new();
    for label in order {
        let Some(mut live) = live_at_end(assembly, *label, &live_in, effects) else { continue };
        let Some(block) = assembly.blocks.get_mut(*label) else { continue };
        gone.clear();
        for (n, (asm, _)) in block.body.iter().enumerate().rev() {
            let written = effects.writes(asm);
            if Effects::is_pure(asm) && written & live == 0 {
                gone.push(n);
                continue;
            }
            live = (live & !written) | effects.reads(asm);
        }
        changed |= !gone.is_empty();
        drop_instructions(block, &mut gone);
    }
    changed
}

/// Takes instructions out of a block, by their places, the last one first.
fn drop_instructions(block: &mut AsmBlock, gone: &mut Vec<usize>) {
    if gone.is_empty() {
        return;
    }
    let mut n = 0;
    block.body.retain(|_| {
        n += 1;
        gone.pop_if(|place| *place == n - 1).is_none()
    });
}

/// Registers that are live at the start of each block.
pub(super) fn liveness(assembly: &Assembly, order: &[Label], effects: &Effects<'_>) -> IndexVec<Label, u16> {
    let mut live_in = IndexVec::<Label, u16>::from_elem(0, assembly.blocks.len());
    // What each block reads before it writes it, and what it writes.
    let summaries: IndexVec<Label, (u16, u16)> = assembly
        .blocks
        .iter()
        .map(|block| {
            block.body.iter().rev().fold((0, 0), |(read, written), (asm, _)| {
                let writes = effects.writes(asm);
                ((read & !writes) | effects.reads(asm), written | writes)
            })
        })
        .collect();
    let mut changed = true;
    while changed {
        changed = false;
        for label in order.iter().rev() {
            let Some(mut live) = live_at_end(assembly, *label, &live_in, effects) else { continue };
            if let Some((read, written)) = summaries.get(*label) {
                live = (live & !written) | read;
            }
            if let Some(slot) = live_in.get_mut(*label)
                && *slot != live
            {
                *slot = live;
                changed = true;
            }
        }
    }
    live_in
}

/// Registers that are live before the end of a block, its own test included.
fn live_at_end(
    assembly: &Assembly,
    label: Label,
    live_in: &IndexVec<Label, u16>,
    effects: &Effects<'_>,
) -> Option<u16> {
    let block = assembly.blocks.get(label)?;
    let after = block.end.targets().filter_map(|target| live_in.get(target)).fold(0, |set, live| set | live);
    Some(after | effects.end_reads(block))
}

/// Registers that are live after the instructions of each block, in the order of their labels.
pub(super) fn live_after_blocks(assembly: &Assembly, effects: &Effects<'_>) -> Vec<u16> {
    let live_in = liveness(assembly, &assembly.reverse_postorder(), effects);
    assembly
        .blocks
        .indices()
        .map(|label| live_at_end(assembly, label, &live_in, effects).unwrap_or(u16::MAX))
        .collect()
}

/// True if something changed.
pub(super) fn sink(assembly: &mut Assembly, order: &[Label], effects: &Effects<'_>) -> bool {
    let mut changed = false;
    let mut live_in = liveness(assembly, order, effects);
    let mut predecessors = IndexVec::<Label, u32>::from_elem(0, assembly.blocks.len());
    for label in order {
        for target in assembly.blocks.get(*label).into_iter().flat_map(|block| block.end.targets()) {
            if let Some(count) = predecessors.get_mut(target) {
                *count += 1;
            }
        }
    }
    let mut gone = Vec::new();
    for label in order {
        let Some(block) = assembly.blocks.get_mut(*label) else { continue };
        let End::If(test, then, otherwise) = block.end else { continue };
        let mut live_then = live_in.get(then).copied().unwrap_or(0);
        let mut live_otherwise = live_in.get(otherwise).copied().unwrap_or(0);
        // Registers that what stays behind reads or writes.
        let mut read = bit(test.lhs) | source_bit(test.rhs);
        let mut written = 0u16;
        let mut moved: Vec<(Label, (Asm, Option<ovsm_base::Span>))> = Vec::new();
        gone.clear();
        for (n, (asm, span)) in block.body.iter().enumerate().rev() {
            let writes = effects.writes(asm);
            let reads = effects.reads(asm);
            let movable = Effects::is_pure(asm)
                && writes & (read | written) == 0
                && reads & written == 0
                && !matches!(asm, Asm::Load(..));
            let side = match (writes & live_then != 0, writes & live_otherwise != 0) {
                (true, false) => Some(then),
                (false, true) => Some(otherwise),
                _ => None,
            };
            match side.filter(|side| movable && predecessors.get(*side) == Some(&1) && *side != *label) {
                Some(side) => {
                    // What the moved instruction reads is live there from now on.
                    let live = if side == then { &mut live_then } else { &mut live_otherwise };
                    *live = (*live & !writes) | reads;
                    moved.push((side, (*asm, *span)));
                    gone.push(n);
                }
                None => {
                    read |= reads;
                    written |= writes;
                }
            }
        }
        drop_instructions(block, &mut gone);
        // The last of the block was found first: put in front one after the other, they keep their order.
        for (side, live) in [(then, live_then), (otherwise, live_otherwise)] {
            if let Some(slot) = live_in.get_mut(side) {
                *slot = live;
            }
        }
        changed |= !moved.is_empty();
        for (side, item) in moved {
            if let Some(target) = assembly.blocks.get_mut(side) {
                target.body.insert(0, item);
            }
        }
    }
    changed
}
