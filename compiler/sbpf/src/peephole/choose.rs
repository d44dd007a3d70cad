//! Branches that choose a value: where both sides only go on at the same block, and one of them does nothing but set
//! a register that the other one sets as well, it is set before the test. The side is gone then, and so is a jump:
//! the path through it takes what it took before, and the other one no more.

use super::{Effects, bit};
use crate::assembly::{Asm, AsmBlock, Assembly, End, JumpTest, Label};
use crate::isa::Alu;
use ovsm_base::index::IndexVec;

/// Runs over all blocks. Frequencies have to be set.
pub(super) fn hoist(assembly: &mut Assembly, effects: &Effects<'_>) {
    let mut entries = IndexVec::<Label, u32>::from_elem(0, assembly.blocks.len());
    let order = assembly.reverse_postorder();
    for label in &order {
        for target in assembly.blocks.get(*label).into_iter().flat_map(|block| block.end.targets()) {
            if let Some(count) = entries.get_mut(target) {
                *count += 1;
            }
        }
    }
    for label in order {
        let Some(block) = assembly.blocks.get(label) else { continue };
        let End::If(test, then, otherwise) = block.end else { continue };
        let side = |label: Label| match entries.get(label) {
            Some(1) => assembly.blocks.get(label),
            _ => None,
        };
        let (Some(on_true), Some(on_false)) = (side(then), side(otherwise)) else { continue };
        let first_is_hotter = on_true.frequency > on_false.frequency;
        // The hotter side is the one that should jump over the other.
        let found = match first_is_hotter {
            true => chosen(effects, test, on_true, on_false).map(|set| (set, then)),
            false => chosen(effects, test, on_false, on_true).map(|set| (set, otherwise)),
        };
        let Some(((set, next), gone)) = found else { continue };
        if next == label || gone == Label(0) {
            continue;
        }
        if let Some(block) = assembly.blocks.get_mut(label) {
            block.body.push(set);
            block.end.map_targets(|target| if target == gone { next } else { target });
        }
        if let Some(gone) = assembly.blocks.get_mut(gone) {
            gone.body.clear();
            gone.end = End::Trap;
        }
    }
}

/// The instruction that sets the register, and where both sides go on; `None` if it has to stay where it is.
fn chosen(
    effects: &Effects<'_>,
    test: JumpTest,
    hoisted: &AsmBlock,
    other: &AsmBlock,
) -> Option<((Asm, Option<ovsm_base::Span>), Label)> {
    let (End::Goto(next), End::Goto(same)) = (hoisted.end, other.end) else { return None };
    let [set] = hoisted.body.as_slice() else { return None };
    let (Asm::Alu(Alu::Mov, register, _) | Asm::Const(register, _)) = set.0 else { return None };
    let register = bit(register);
    let tested = bit(test.lhs) | super::source_bit(test.rhs);
    if next != same || tested & register != 0 {
        return None;
    }
    // The other side must not see it.
    for (asm, _) in &other.body {
        if effects.reads(asm) & register != 0 {
            return None;
        }
        if effects.writes(asm) & register != 0 {
            return Some((*set, next));
        }
    }
    None
}
