//! Loop rotation: turns `while` into a guarded `do … while`, which saves a jump in every iteration and makes the
//! first block of the loop run for sure, so that more can be hoisted out of it.
//!
//! The header, which decides whether to go on, is copied to the end of the loop; the original becomes the guard.

use super::copy_blocks;
use super::ssa_repair::Variables;
use super::{loops, simplify_cfg};
use crate::dominators::Dominators;
use crate::function::{Block, Function};
use crate::op::{Op, Terminator};

/// A header with more instructions than this is not copied.
const MAX_HEADER: usize = 12;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let found = loops::find(function, &dominators);
    let mut variables = Variables::default();
    let mut changed = false;
    // Outer loops first: the copy of an outer header is no part of an inner loop.
    for natural in found.iter().rev() {
        changed |= rotate(function, natural, &mut variables);
    }
    variables.repair(function);
    changed
}

fn rotate(function: &mut Function, natural: &loops::Loop, variables: &mut Variables) -> bool {
    let header = natural.header;
    let blocks = natural.set();
    if header == Function::ENTRY || loops::exit_branch(function, &blocks, header).is_none() {
        return false;
    }
    // A loop that already tests at its end is a `do … while` with another exit: leave it.
    let tests_at_end = |&latch: &Block| matches!(function.blocks[latch].terminator, Terminator::Branch(..));
    if natural.latches.contains(&header) || natural.latches.iter().any(tests_at_end) {
        return false;
    }
    let insts = &function.blocks[header].insts;
    let real =
        |inst: &&crate::function::Inst| !matches!(function.insts[**inst].op, Op::Const(_) | Op::BoolConst(_));
    if insts.iter().filter(real).count() > MAX_HEADER {
        return false;
    }
    let copy = copy_blocks::copy(function, &[header], variables);
    let test = copy.block(header);
    for &latch in &natural.latches {
        for target in function.blocks[latch].terminator.targets_mut() {
            if target.block == header {
                target.block = test;
            }
        }
    }
    true
}
