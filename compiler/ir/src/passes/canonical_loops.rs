//! Gives every loop one way in and one way back: a block in front of the header and a single latch.
//!
//! Both are empty blocks that jump to the header; [`super::thread_jumps`] keeps them while loop passes run and skips
//! them at the end.

use super::{block_params, loops, simplify_cfg};
use crate::dominators::Dominators;
use crate::function::{Block, Function};

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let mut predecessors = function.predecessors();
    let blocks = function.blocks.len();
    for natural in loops::find(function, &dominators) {
        if natural.header == Function::ENTRY {
            continue;
        }
        // The ways in are what the old latches are not, so they come first.
        loops::preheader(function, &mut predecessors, natural.header, &natural.latches);
        if !has_single_way_back(function, natural.header, &natural.latches) {
            loops::forward(function, &mut predecessors, natural.header, &natural.latches);
        }
    }
    // The parameters of a block with a single way in only rename.
    let changed = function.blocks.len() > blocks;
    if changed {
        block_params::run(function);
    }
    changed
}

fn has_single_way_back(function: &Function, header: Block, latches: &[Block]) -> bool {
    let [latch] = latches else {
        return false;
    };
    function.blocks[*latch].terminator.targets().filter(|target| target.block == header).count() == 1
}
