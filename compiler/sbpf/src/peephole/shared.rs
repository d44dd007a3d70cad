//! What both sides of a branch begin with is done before it, once: less code, and no path is longer.

use super::{Effects, bit, source_bit};
use crate::assembly::{Asm, AsmBlock, Assembly, End, Label};
use ovsm_base::index::IndexVec;

/// Moves equal first instructions of both sides in front of the branch. True if something changed.
pub(super) fn hoist(assembly: &mut Assembly, order: &[Label], effects: &Effects<'_>) -> bool {
    let mut entries = IndexVec::<Label, u32>::from_elem(0, assembly.blocks.len());
    for label in order {
        for target in assembly.blocks.get(*label).into_iter().flat_map(|block| block.end.targets()) {
            if let Some(count) = entries.get_mut(target) {
                *count += 1;
            }
        }
    }
    let mut changed = false;
    for &label in order {
        let Some(block) = assembly.blocks.get(label) else { continue };
        let End::If(test, then, otherwise) = block.end else { continue };
        let alone = |side: Label| entries.get(side) == Some(&1) && side != label && side != Label(0);
        let (Some(first), Some(second)) = (assembly.blocks.get(then), assembly.blocks.get(otherwise)) else {
            continue;
        };
        if then == otherwise || !alone(then) || !alone(otherwise) {
            continue;
        }
        let tested = bit(test.lhs) | source_bit(test.rhs);
        let shared = equal_start(first, second, tested, effects);
        if shared == 0 {
            continue;
        }
        changed = true;
        let Some(other) = assembly.blocks.get_mut(otherwise) else { continue };
        other.body.drain(..shared);
        let Some(side) = assembly.blocks.get_mut(then) else { continue };
        let moved: Vec<_> = side.body.drain(..shared).collect();
        if let Some(block) = assembly.blocks.get_mut(label) {
            block.body.extend(moved);
        }
    }
    changed
}

/// How many instructions both blocks begin with that leave alone what is tested before.
fn equal_start(first: &AsmBlock, second: &AsmBlock, tested: u16, effects: &Effects<'_>) -> usize {
    let moves = |asm: &Asm| Effects::is_pure(asm) && effects.writes(asm) & tested == 0;
    first
        .body
        .iter()
        .zip(&second.body)
        .take_while(|((asm, _), (other, _))| asm == other && moves(asm))
        .count()
}
