//! An exchange of two registers next to a commutative operation on them: three moves and the operation become two
//! moves and the operation. Loops that carry two values round make this, Fibonacci's for one.

use super::{Effects, bit, dead};
use crate::assembly::{Asm, AsmBlock, Assembly, Source};
use crate::isa::{Alu, Reg};

pub(super) fn fuse(assembly: &mut Assembly, effects: &Effects<'_>) {
    let live_after = dead::live_after_blocks(assembly, effects);
    for (label, block) in assembly.blocks.iter_mut().enumerate() {
        let live_out = live_after.get(label).copied().unwrap_or(u16::MAX);
        let mut at = 0;
        while at < block.body.len() {
            if let Some(fusion) = find(block, at, effects)
                && is_dead(block, fusion.last + 1, fusion.temp, live_out, effects)
            {
                apply(block, &fusion);
            }
            at += 1;
        }
    }
}

/// An exchange of `x` and `y` through `temp`, and an operation on them.
struct Fusion {
    temp: Reg,
    /// What holds the result in the end.
    result: Reg,
    /// What holds the old value of `result` in the end.
    other: Reg,
    op: Alu,
    /// Positions of the operation and of the first move.
    op_at: usize,
    moves_at: usize,
    /// Position of the last of the four.
    last: usize,
}

/// The exchange that starts at `at`, with the operation on either side of it.
fn find(block: &AsmBlock, at: usize, effects: &Effects<'_>) -> Option<Fusion> {
    let asm = |n: usize| block.body.get(n).map(|(asm, _)| *asm);
    let (
        Some(Asm::Alu(Alu::Mov, temp, Source::Reg(x))),
        Some(Asm::Alu(Alu::Mov, x2, Source::Reg(y))),
        Some(Asm::Alu(Alu::Mov, y2, Source::Reg(temp2))),
    ) = (asm(at), asm(at + 1), asm(at + 2))
    else {
        return None;
    };
    if x != x2 || y != y2 || temp != temp2 || temp == x || temp == y || x == y {
        return None;
    }
    // The operation may stand apart, if nothing between touches the three registers.
    let mine = bit(temp) | bit(x) | bit(y);
    let free = |asm: &Asm| (effects.reads(asm) | effects.writes(asm)) & mine == 0;
    let on_both = |asm: Asm| match asm {
        Asm::Alu(op, dst, Source::Reg(src))
            if op.is_commutative() && ((dst == y && src == x) || (dst == x && src == y)) =>
        {
            Some((op, dst))
        }
        _ => None,
    };
    let after = block.body.get(at + 3..)?.iter().take_while(|(asm, _)| free(asm)).count();
    let op_at = at + 3 + after;
    if let Some((op, dst)) = asm(op_at).and_then(on_both) {
        let other = if dst == x { y } else { x };
        return Some(Fusion { temp, result: dst, other, op, op_at, moves_at: at, last: op_at });
    }
    let before = block.body.get(..at)?.iter().rev().take_while(|(asm, _)| free(asm)).count();
    let op_at = at.checked_sub(before + 1)?;
    let (op, dst) = asm(op_at).and_then(on_both)?;
    // The exchange then moves the result to the other register.
    let result = if dst == x { y } else { x };
    Some(Fusion { temp, result, other: dst, op, op_at, moves_at: at, last: at + 2 })
}

fn is_dead(block: &AsmBlock, from: usize, reg: Reg, live_out: u16, effects: &Effects<'_>) -> bool {
    for (asm, _) in block.body.get(from..).unwrap_or(&[]) {
        if effects.reads(asm) & bit(reg) != 0 {
            return false;
        }
        if effects.writes(asm) & bit(reg) != 0 {
            return true;
        }
    }
    live_out & bit(reg) == 0
}

fn apply(block: &mut AsmBlock, fusion: &Fusion) {
    let Fusion { temp, result, other, op, op_at, moves_at, .. } = *fusion;
    let span = |n: usize| block.body.get(n).and_then(|(_, span)| *span);
    let replacement = [
        (Asm::Alu(Alu::Mov, temp, Source::Reg(result)), span(moves_at)),
        (Asm::Alu(op, result, Source::Reg(other)), span(op_at)),
        (Asm::Alu(Alu::Mov, other, Source::Reg(temp)), span(moves_at + 1)),
    ];
    block.body.splice(moves_at..moves_at + 3, replacement);
    block.body.remove(op_at);
}
