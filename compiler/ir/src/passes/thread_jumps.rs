//! Jump threading: a jump to a block that only decides where to go next goes there itself.
//!
//! This is what makes `and`, `or` and conditions held in variables free: their joining block is skipped on every
//! edge for which the outcome is known. Loop headers are left alone, so that loops keep a single entry.

use super::simplify_cfg::{any_escapes, copy_block};
use super::uses;
use crate::function::{Block, Function, Value};
use crate::op::{Op, Target, Terminator};
use ovsm_base::index::IndexVec;
use smallvec::SmallVec;
use std::cell::OnceCell;

/// A deciding block may hold this many instructions, which are copied to the jumping block.
const MAX_COPY: usize = 4;
/// A run copies at most this many instructions per block of the function, plus a few.
const GROWTH_PER_BLOCK: usize = 2;

/// What to do with empty blocks that jump to the header of a loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Headers {
    /// Keep them: the loop passes want one way into a loop and one way back.
    Apart,
    /// Skip them like all others: for the end, when no loop pass follows.
    Joined,
}

/// Runs the pass over every edge once. Returns true if the function changed.
pub fn run(function: &mut Function, headers: Headers) -> bool {
    let order = function.reverse_postorder();
    let mut position = IndexVec::<Block, u32>::from_elem(u32::MAX, function.blocks.len());
    for (number, &block) in order.iter().enumerate() {
        position[block] = number as u32;
    }
    let mut header = IndexVec::<Block, bool>::from_elem(false, function.blocks.len());
    for &block in &order {
        for target in function.blocks[block].terminator.targets() {
            if position[target.block] <= position[block] {
                header[target.block] = true;
            }
        }
    }
    let mut small = IndexVec::<Block, Option<u8>>::from_elem(None, function.blocks.len());
    for &block in &order {
        let data = &function.blocks[block];
        let leads_to_header = match &data.terminator {
            Terminator::Jump(target) => headers == Headers::Apart && header[target.block],
            _ => false,
        };
        if block != Function::ENTRY && !header[block] && data.insts.len() <= MAX_COPY && !leads_to_header {
            small[block] = Some(data.insts.len() as u8);
        }
    }
    let through = Through { small, escapes: OnceCell::new() };
    let mut budget = GROWTH_PER_BLOCK * order.len() + 16;
    let mut changed = false;
    for &block in &order {
        changed |= thread_block(function, block, &through, &mut budget);
    }
    changed
}

/// The blocks that jumps may go through, as the function was before the first of them did.
struct Through {
    /// How many instructions each of those has that are small enough and lead to no loop.
    small: IndexVec<Block, Option<u8>>,
    /// The values that other blocks than their own use: seldom asked for, and only for a jump that would go through.
    escapes: OnceCell<IndexVec<Value, bool>>,
}

impl Through {
    fn is_small(&self, block: Block) -> bool {
        self.small[block].is_some()
    }

    /// True if nothing behind the block uses what it defines.
    fn is_left_behind(&self, function: &Function, block: Block) -> bool {
        let escapes = self.escapes.get_or_init(|| uses::escaping(function));
        let own = self.small[block].map_or(0, usize::from);
        !any_escapes(function, block, own, escapes)
    }
}

fn thread_block(function: &mut Function, block: Block, through: &Through, budget: &mut usize) -> bool {
    match &function.blocks[block].terminator {
        Terminator::Jump(target) if !through.is_small(target.block) => false,
        Terminator::Jump(target) => thread_jump(function, block, &target.clone(), through, budget),
        Terminator::Branch(condition, then, otherwise) => {
            let new_then = redirect(function, block, then, Some((*condition, true)), through);
            let new_otherwise = redirect(function, block, otherwise, Some((*condition, false)), through);
            if new_then.is_none() && new_otherwise.is_none() {
                return false;
            }
            let then = new_then.unwrap_or_else(|| then.clone());
            let otherwise = new_otherwise.unwrap_or_else(|| otherwise.clone());
            function.blocks[block].terminator = Terminator::Branch(*condition, then, otherwise);
            true
        }
        Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable => false,
    }
}

/// Where an edge to an empty block leads, if it can be told without copying instructions.
fn redirect(
    function: &Function,
    from: Block,
    target: &Target,
    fact: Option<(Value, bool)>,
    through: &Through,
) -> Option<Target> {
    let data = &function.blocks[target.block];
    if !through.is_small(target.block) || !data.insts.is_empty() || target.block == from {
        return None;
    }
    let rename = |value: Value| {
        let place = data.params.iter().position(|&param| param == value);
        place.and_then(|place| target.args.get(place)).copied().unwrap_or(value)
    };
    let mut next = match &data.terminator {
        Terminator::Jump(next) => next.clone(),
        Terminator::Branch(condition, then, otherwise) => {
            let condition = rename(*condition);
            let truth = match fact {
                Some((known, truth)) if known == condition => truth,
                _ => function.as_const(condition)? != 0,
            };
            if truth { then.clone() } else { otherwise.clone() }
        }
        Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable => return None,
    };
    if next.block == target.block || !through.is_left_behind(function, target.block) {
        return None;
    }
    next.args.iter_mut().for_each(|arg| *arg = rename(*arg));
    Some(next)
}

fn thread_jump(
    function: &mut Function,
    block: Block,
    target: &Target,
    through: &Through,
    budget: &mut usize,
) -> bool {
    if let Some(next) = redirect(function, block, target, None, through) {
        function.blocks[block].terminator = Terminator::Jump(next);
        return true;
    }
    let middle = target.block;
    if middle == block {
        return false;
    }
    let data = &function.blocks[middle];
    let Terminator::Branch(condition, _, _) = data.terminator else {
        return false;
    };
    let size = data.insts.len() + 1;
    if size > *budget {
        return false;
    }
    // An empty block that branches on its own parameter: a copy fuses the comparison with the branch.
    let fuses = data.insts.is_empty() && data.params.contains(&condition);
    let outcome = evaluate(function, middle, &target.args, condition);
    if outcome.is_none() && !fuses || !through.is_left_behind(function, middle) {
        return false;
    }
    *budget -= size;
    let terminator = copy_block(function, middle, &target.args, block);
    function.blocks[block].terminator = match (terminator, outcome) {
        (Terminator::Branch(_, then, otherwise), Some(truth)) => {
            Terminator::Jump(if truth { then } else { otherwise })
        }
        (terminator, _) => terminator,
    };
    true
}

/// The truth of `condition` at the end of `block` when it is entered with `args`, if that follows from constants.
fn evaluate(function: &Function, block: Block, args: &[Value], condition: Value) -> Option<bool> {
    let data = &function.blocks[block];
    let mut known: SmallVec<[(Value, u64); 8]> = SmallVec::new();
    for (&param, &arg) in data.params.iter().zip(args) {
        if let Some(word) = function.as_const(arg) {
            known.push((param, word));
        }
    }
    for &inst in &data.insts {
        let inst = function.insts.get(inst)?;
        let read = |value: Value| {
            let local = known.iter().find(|(name, _)| *name == value).map(|(_, word)| *word);
            local.or_else(|| function.as_const(value))
        };
        let result = match &inst.op {
            Op::Const(word) => Some(*word),
            Op::BoolConst(truth) => Some(u64::from(*truth)),
            Op::Binary(op, a, b) => read(*a).zip(read(*b)).and_then(|(a, b)| op.evaluate(a, b)),
            Op::Extend(ty, a) => read(*a).map(|word| ty.canonical(word)),
            Op::Compare(op, a, b) => read(*a).zip(read(*b)).map(|(a, b)| u64::from(op.evaluate(a, b))),
            Op::Not(a) => read(*a).map(|word| u64::from(word == 0)),
            Op::BoolToWord(a) => read(*a),
            Op::DataAddress(_)
            | Op::Checked(..)
            | Op::Load(_)
            | Op::Store(..)
            | Op::FailIf(..)
            | Op::Call(..)
            | Op::Syscall(..) => None,
        };
        if let (Some(word), Some(&value)) = (result, inst.results.first()) {
            known.push((value, word));
        }
    }
    let local = known.iter().find(|(name, _)| *name == condition).map(|(_, word)| *word != 0);
    local.or_else(|| function.as_const(condition).map(|word| word != 0))
}
