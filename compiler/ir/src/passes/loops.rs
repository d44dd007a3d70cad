//! Natural loops: which blocks repeat, where they are entered, and a block in front of each for what is done once.
//!
//! A loop is found from its back edges: jumps to a block that dominates the jumping one. Retreating jumps to other
//! blocks (irreducible graphs) make no loop and are left alone by every loop pass.

use crate::dominators::Dominators;
use crate::function::{Block, Function, Predecessors, Value};
use crate::op::{Target, Terminator};
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// All memberships of blocks in loops may not exceed this many times the number of blocks, plus a few; beyond that
/// the function counts as having no loops.
const MAX_DEPTH: usize = 12;

/// One natural loop.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    /// The block that every iteration starts at.
    pub(crate) header: Block,
    /// Blocks inside that jump to the header.
    pub(crate) latches: Vec<Block>,
    /// All blocks inside, the header included, in reverse post-order.
    pub(crate) blocks: Vec<Block>,
    /// True if no other loop lies inside.
    pub(crate) innermost: bool,
}

impl Loop {
    /// The blocks as a set.
    pub(crate) fn set(&self) -> FxHashSet<Block> {
        self.blocks.iter().copied().collect()
    }
}

/// True if the function has a loop of any kind.
pub(crate) fn any(function: &Function) -> bool {
    let mut position = IndexVec::from_elem(u32::MAX, function.blocks.len());
    let order = function.reverse_postorder();
    for (number, &block) in order.iter().enumerate() {
        position[block] = number as u32;
    }
    order.iter().any(|&block| {
        function.blocks[block].terminator.targets().any(|target| position[target.block] <= position[block])
    })
}

/// The loops of a function, inner loops before the loops around them.
pub(crate) fn find(function: &Function, dominators: &Dominators) -> Vec<Loop> {
    let order = dominators.reverse_postorder();
    let mut position = IndexVec::from_elem(u32::MAX, function.blocks.len());
    for (number, &block) in order.iter().enumerate() {
        position[block] = number as u32;
    }
    let predecessors = function.predecessors();
    let mut inside = IndexVec::<Block, Option<Block>>::from_elem(None, function.blocks.len());
    let mut is_header = IndexVec::<Block, bool>::from_elem(false, function.blocks.len());
    let mut budget = function.blocks.len() * MAX_DEPTH + 256;
    let mut loops = Vec::new();
    // Headers from the last in reverse post-order: an inner header comes after the headers around it.
    for &header in order.iter().rev() {
        let mut latches: Vec<Block> = Vec::new();
        for &pred in &predecessors[header] {
            if dominators.dominates(header, pred) && !latches.contains(&pred) {
                latches.push(pred);
            }
        }
        if latches.is_empty() {
            continue;
        }
        let mut blocks = vec![header];
        let mut innermost = true;
        inside[header] = Some(header);
        let mut work = latches.clone();
        while let Some(block) = work.pop() {
            if inside[block] == Some(header) || !dominators.is_reachable(block) {
                continue;
            }
            if budget == 0 {
                return Vec::new();
            }
            budget -= 1;
            inside[block] = Some(header);
            innermost &= !is_header[block];
            blocks.push(block);
            work.extend(&predecessors[block]);
        }
        is_header[header] = true;
        blocks.sort_by_key(|block| position[*block]);
        loops.push(Loop { header, latches, blocks, innermost });
    }
    loops
}

/// The block that runs once before the loop and then jumps to its header, made if there is none. Keeps
/// `predecessors` up to date.
pub(crate) fn preheader(
    function: &mut Function,
    predecessors: &mut Predecessors,
    header: Block,
    latches: &[Block],
) -> Block {
    let outside: Vec<Block> =
        predecessors[header].iter().copied().filter(|pred| !latches.contains(pred)).collect();
    if let [only] = outside.as_slice()
        && matches!(function.blocks[*only].terminator, Terminator::Jump(_))
    {
        return *only;
    }
    forward(function, predecessors, header, &outside)
}

/// Makes the jumps from `sources` to `header` go through a new block, which is returned.
pub(crate) fn forward(
    function: &mut Function,
    predecessors: &mut Predecessors,
    header: Block,
    sources: &[Block],
) -> Block {
    let block = function.add_block();
    let types: Vec<_> = function.blocks[header].params.iter().map(|&param| function.ty(param)).collect();
    let args = types.into_iter().map(|ty| function.add_param(block, ty)).collect();
    function.blocks[block].terminator = Terminator::Jump(Target { block: header, args });
    let mut moved = Vec::new();
    predecessors[header].retain(|pred| {
        let moves = sources.contains(pred);
        if moves {
            moved.push(*pred);
        }
        !moves
    });
    predecessors[header].push(block);
    predecessors.grow(function.blocks.len(), SmallVec::new());
    predecessors[block] = moved.into();
    for &pred in sources {
        for target in function.blocks[pred].terminator.targets_mut() {
            if target.block == header {
                target.block = block;
            }
        }
    }
    block
}

/// The only block from which control comes into `block`, besides jumps from blocks that it dominates itself: what
/// that block's branch says holds in `block`. `None` if there are several, or if it gets there by both edges.
pub(crate) fn sole_entry(dominators: &Dominators, predecessors: &[Block], block: Block) -> Option<Block> {
    let mut entry = None;
    for &pred in predecessors {
        if dominators.dominates(block, pred) || !dominators.is_reachable(pred) {
            continue;
        }
        if entry.is_some() {
            return None;
        }
        entry = Some(pred);
    }
    entry
}

/// A counter of a loop: a parameter of the header that grows by a constant in each iteration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counter {
    /// The parameter.
    pub(crate) param: Value,
    /// Its place among the parameters of the header.
    pub(crate) place: usize,
    /// What it starts with, from the preheader.
    pub(crate) first: Value,
    /// What it is in the next iteration.
    pub(crate) next: Value,
    /// What is added, modulo 2^64.
    pub(crate) step: u64,
}

/// The counters of a loop with a preheader and a single latch that jumps to the header once.
pub(crate) fn counters(function: &Function, header: Block, preheader: Block, latch: Block) -> Vec<Counter> {
    let (Some(first), Some(next)) = (args_to(function, preheader, header), args_to(function, latch, header))
    else {
        return Vec::new();
    };
    let params = &function.blocks[header].params;
    let mut counters = Vec::new();
    for (place, ((&param, &first), &next)) in params.iter().zip(first).zip(next).enumerate() {
        if let Some(step) = step(function, param, next) {
            counters.push(Counter { param, place, first, next, step });
        }
    }
    counters
}

/// The constant that `next` adds to `param`.
fn step(function: &Function, param: Value, next: Value) -> Option<u64> {
    use crate::op::{BinaryOp, CheckedOp, Op};
    match function.defining_op(next)? {
        Op::Binary(BinaryOp::Add, a, b) | Op::Checked(CheckedOp::Add, _, a, b) if *a == param => {
            function.as_const(*b)
        }
        Op::Binary(BinaryOp::Sub, a, b) | Op::Checked(CheckedOp::Sub, _, a, b) if *a == param => {
            Some(function.as_const(*b)?.wrapping_neg())
        }
        _ => None,
    }
}

/// The arguments of the only jump from one block to another; `None` if there are two.
pub(crate) fn args_to(function: &Function, from: Block, to: Block) -> Option<&[Value]> {
    let mut targets = function.blocks[from].terminator.targets().filter(|target| target.block == to);
    match (targets.next(), targets.next()) {
        (Some(target), None) => Some(&target.args),
        _ => None,
    }
}

/// True if `block` of the loop ends in a branch with one way out and one way on; the flag is the truth value that
/// leaves.
pub(crate) fn exit_branch(
    function: &Function,
    blocks: &FxHashSet<Block>,
    block: Block,
) -> Option<(Value, bool)> {
    match &function.blocks[block].terminator {
        Terminator::Branch(condition, then, otherwise) => {
            match (blocks.contains(&then.block), blocks.contains(&otherwise.block)) {
                (true, false) => Some((*condition, false)),
                (false, true) => Some((*condition, true)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The number of instructions of the blocks that the machine executes, roughly.
pub(crate) fn cost(function: &Function, blocks: &[Block]) -> usize {
    use crate::op::Op;
    let real = |inst: &&crate::function::Inst| {
        !matches!(function.insts[**inst].op, Op::Const(_) | Op::BoolConst(_) | Op::Compare(..) | Op::Not(_))
    };
    blocks.iter().map(|&block| function.blocks[block].insts.iter().filter(real).count() + 1).sum()
}
