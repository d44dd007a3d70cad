//! Tail merging, for small programs: what several blocks end with stands once, and the others jump there.
//!
//! Each path through a merged tail is longer by a jump, so this is for `-Os` only. Blocks are compared as they are,
//! registers included. The instructions of a merged tail keep the source of one of the blocks.
//!
//! Start with [`merge`].

use crate::assembly::{Asm, AsmBlock, Assembly, End, Label};
use std::collections::BTreeMap;

/// Rounds at most; each finds the tails of what the one before has made.
const MAX_ROUNDS: usize = 16;

/// Merges tails until there are none left. Returns true if something changed.
pub fn merge(assembly: &mut Assembly) -> bool {
    for round in 0..MAX_ROUNDS {
        if !merge_once(assembly) {
            return round > 0;
        }
    }
    true
}

/// How many equal instructions at the end of two blocks are worth a jump.
fn least(end: End) -> Option<usize> {
    match end {
        // The end itself is saved, too.
        End::Exit | End::If(..) => Some(1),
        // One of the blocks may stand before its successor and have no jump yet.
        End::Goto(_) => Some(2),
        End::Trap => None,
    }
}

fn merge_once(assembly: &mut Assembly) -> bool {
    let mut groups: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    for label in assembly.reverse_postorder() {
        let Some(block) = assembly.blocks.get(label) else { continue };
        let Some(least) = least(block.end) else { continue };
        let Some(first) = block.body.len().checked_sub(least) else { continue };
        let last: Vec<Asm> = block.body.iter().skip(first).map(|(asm, _)| *asm).collect();
        groups.entry(format!("{:?} {last:?}", block.end)).or_default().push(label);
    }
    let mut changed = false;
    for labels in groups.values().filter(|labels| labels.len() > 1) {
        changed |= merge_group(assembly, labels);
    }
    changed
}

/// Merges what all the blocks end with.
fn merge_group(assembly: &mut Assembly, labels: &[Label]) -> bool {
    let blocks: Vec<(Label, &AsmBlock)> =
        labels.iter().filter_map(|label| assembly.blocks.get(*label).map(|block| (*label, block))).collect();
    let [(_, first), rest @ ..] = blocks.as_slice() else { return false };
    // A merge in the same round may have changed the end of one.
    if rest.iter().any(|(_, block)| block.end != first.end) {
        return false;
    }
    let common = rest.iter().map(|(_, block)| common_tail(first, block)).min().unwrap_or(0);
    if least(first.end).is_none_or(|least| common < least) {
        return false;
    }
    let whole = blocks.iter().find(|(label, block)| *label != Label(0) && block.body.len() == common);
    let target = match whole {
        Some((label, _)) => *label,
        None => {
            let tail = AsmBlock {
                body: first.body.iter().skip(first.body.len() - common).copied().collect(),
                end: first.end,
                span: first.span,
                cold: blocks.iter().all(|(_, block)| block.cold),
                frequency: 0,
            };
            assembly.blocks.push(tail)
        }
    };
    let mut frequency = 0;
    for label in labels {
        if let Some(block) = assembly.blocks.get_mut(*label) {
            frequency = block.frequency.max(frequency);
            if *label != target {
                block.body.truncate(block.body.len().saturating_sub(common));
                block.end = End::Goto(target);
            }
        }
    }
    if let Some(block) = assembly.blocks.get_mut(target) {
        block.frequency = frequency;
        block.cold = frequency == 0;
    }
    true
}

/// How many instructions at the end of two blocks are equal.
fn common_tail(a: &AsmBlock, b: &AsmBlock) -> usize {
    a.body.iter().rev().zip(b.body.iter().rev()).take_while(|((a, _), (b, _))| a == b).count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]

    use super::*;
    use crate::assembly::{JumpTest, Source};
    use crate::isa::{Jump, Reg};

    fn block(constants: &[u64], end: End) -> AsmBlock {
        let body = constants.iter().map(|word| (Asm::Const(Reg(1), *word), None)).collect();
        AsmBlock { body, end, span: None, cold: false, frequency: 16 }
    }

    fn fork(then: u32, otherwise: u32) -> End {
        let test = JumpTest { jump: Jump::Eq, narrow: false, lhs: Reg(1), rhs: Source::Imm(0) };
        End::If(test, Label(then), Label(otherwise))
    }

    fn merged(blocks: Vec<AsmBlock>) -> (Assembly, bool) {
        let mut assembly = Assembly { blocks: blocks.into_iter().collect(), frame_bytes: 0 };
        let changed = merge(&mut assembly);
        (assembly, changed)
    }

    #[test]
    fn what_two_blocks_end_with_stands_once() {
        let (assembly, changed) = merged(vec![
            block(&[1], fork(1, 2)),
            block(&[2, 7, 8, 9], End::Exit),
            block(&[3, 7, 8, 9], End::Exit),
        ]);
        assert!(changed);
        assert_eq!(assembly.blocks.len(), 4);
        assert_eq!(assembly.blocks[Label(3)].body.len(), 3);
        for label in [1, 2].map(Label) {
            assert_eq!(assembly.blocks[label].body.len(), 1);
            assert_eq!(assembly.blocks[label].end, End::Goto(Label(3)));
        }
    }

    #[test]
    fn a_block_that_is_all_tail_is_jumped_to() {
        let (assembly, _) =
            merged(vec![block(&[1], fork(1, 2)), block(&[7, 8], End::Exit), block(&[3, 7, 8], End::Exit)]);
        assert_eq!(assembly.blocks.len(), 3);
        assert_eq!(assembly.blocks[Label(2)].end, End::Goto(Label(1)));
    }

    #[test]
    fn other_registers_ends_and_single_instructions_stay() {
        let mut other = block(&[7], End::Exit);
        other.body.push((Asm::Const(Reg(2), 8), None));
        let (_, changed) = merged(vec![block(&[1], fork(1, 2)), block(&[7, 8], End::Exit), other]);
        assert!(!changed);
        let (_, changed) = merged(vec![
            block(&[1], fork(1, 2)),
            block(&[7, 8], End::Goto(Label(3))),
            block(&[6, 8], End::Goto(Label(3))),
            block(&[5], End::Exit),
        ]);
        assert!(!changed);
    }
}
