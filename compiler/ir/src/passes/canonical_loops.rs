//! Gives every loop one way in and one way back: a block in front of the header and a single latch.
//!
//! Both are empty blocks that jump to the header; [`super::thread_jumps`] keeps them while loop passes run and skips
//! them at the end.

use super::{loops, simplify_cfg};
use crate::dominators::Dominators;
use crate::function::{Block, Function};
use crate::op::{Target, Terminator};

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let mut changed = false;
    for natural in loops::find(function, &dominators) {
        if natural.header == Function::ENTRY {
            continue;
        }
        changed |= join_latches(function, natural.header, &natural.latches);
    }
    if changed {
        simplify_cfg::remove_unreachable(function);
    }
    // A header with several latches got new blocks: look again for the ways in.
    let dominators = Dominators::new(function);
    for natural in loops::find(function, &dominators) {
        if natural.header == Function::ENTRY {
            continue;
        }
        let blocks = function.blocks.len();
        loops::preheader(function, natural.header, &natural.latches);
        changed |= function.blocks.len() > blocks;
    }
    changed
}

/// Makes all jumps back to the header go through one block.
fn join_latches(function: &mut Function, header: Block, latches: &[Block]) -> bool {
    let twice = |latch: Block| {
        function.blocks[latch].terminator.targets().filter(|target| target.block == header).count() > 1
    };
    match latches {
        [only] if !twice(*only) => return false,
        _ => {}
    }
    let block = function.add_block();
    let types: Vec<_> = function.blocks[header].params.iter().map(|&param| function.ty(param)).collect();
    let args = types.into_iter().map(|ty| function.add_param(block, ty)).collect();
    function.blocks[block].terminator = Terminator::Jump(Target { block: header, args });
    for &latch in latches {
        for target in function.blocks[latch].terminator.targets_mut() {
            if target.block == header {
                target.block = block;
            }
        }
    }
    true
}
