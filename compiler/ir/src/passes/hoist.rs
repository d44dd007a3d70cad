//! Hoisting: what both sides of a branch compute is computed once, before it.
//!
//! Only where there is another way into one of the sides, which finds the value there already: elsewhere the value would
//! take a register for longer, and save code alone, which the back end does for what both sides begin with. It moves
//! arithmetic only, which can not fail and takes nothing but registers; never comparisons, which are a part of the branch
//! that uses them, and never constants, which are made where they are used.

use super::simplify_cfg;
use super::substitution::Substitution;
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Type, Value, ValueDef};
use crate::op::{Op, Terminator};
use rustc_hash::{FxHashMap, FxHashSet};

/// Operations to move before one branch.
const MAX_MOVED: usize = 16;

/// Runs the pass. Returns true if the function changed; the old operations are left for [`super::dce`].
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let (dominators, predecessors) = (Dominators::new(function), function.predecessors());
    let mut substitution = Substitution::new(function);
    let mut changed = false;
    // Backwards, so that what was moved before one branch can move before the one above it.
    for &block in dominators.reverse_postorder().iter().rev() {
        let Terminator::Branch(_, then, otherwise) = &function.blocks[block].terminator else {
            continue;
        };
        let (then, otherwise) = (then.block, otherwise.block);
        let below = |side: Block| side != block && dominators.idom(side) == Some(block);
        let reached_elsewhere = |side: Block| predecessors[side].iter().any(|&from| from != block);
        if then == otherwise
            || !below(then)
            || !below(otherwise)
            || !(reached_elsewhere(then) || reached_elsewhere(otherwise))
        {
            continue;
        }
        changed |= before(function, block, then, otherwise, &mut substitution);
    }
    substitution.apply(function) | changed
}

/// Moves what `then` and `otherwise` both compute to the end of `block`. Returns true if something moved.
fn before(
    function: &mut Function,
    block: Block,
    then: Block,
    otherwise: Block,
    substitution: &mut Substitution,
) -> bool {
    let (of_then, of_otherwise) = (defined_in(function, then), defined_in(function, otherwise));
    let mut moved = 0;
    // What moves makes room for what is computed from it.
    while moved < MAX_MOVED {
        let mut constants = FxHashMap::default();
        let mut here: FxHashMap<Op, Value> = FxHashMap::default();
        for inst in function.blocks[then].insts.clone() {
            if let Some((op, value)) = movable(function, &of_then, inst, &mut constants, substitution) {
                here.entry(op).or_insert(value);
            }
        }
        let pair = function.blocks[otherwise].insts.iter().find_map(|&inst| {
            let (op, value) = movable(function, &of_otherwise, inst, &mut constants, substitution)?;
            here.get(&op).map(|&first| (op, first, value))
        });
        let Some((mut op, first, second)) = pair else {
            break;
        };
        // Constants are made again: those of the two sides are not there yet.
        op.map_operands(|operand| match function.as_const(operand) {
            Some(word) => function.append_value(block, Op::Const(word), Type::Word, None),
            None => operand,
        });
        let span = match function.values[first].def {
            ValueDef::Result(inst, _) => function.insts[inst].span,
            ValueDef::Param(..) => None,
        };
        let value = function.append_value(block, op, Type::Word, span);
        substitution.replace(first, value);
        substitution.replace(second, value);
        moved += 1;
    }
    moved > 0
}

/// The operation of an instruction that could as well be done before its block, which defines the values `own`, with equal
/// constants as one value, and its result; nothing for what has moved.
fn movable(
    function: &Function,
    own: &FxHashSet<Value>,
    inst: Inst,
    constants: &mut FxHashMap<u64, Value>,
    substitution: &mut Substitution,
) -> Option<(Op, Value)> {
    let data = function.insts.get(inst)?;
    let &[result] = data.results.as_slice() else {
        return None;
    };
    let moves = matches!(data.op, Op::Binary(..) | Op::Extend(..)) && data.op.is_speculatable();
    if !moves || substitution.resolve(result) != result {
        return None;
    }
    let mut op = data.op.clone();
    let mut there = true;
    op.map_operands(|operand| {
        let operand = substitution.resolve(operand);
        if let Some(word) = function.as_const(operand) {
            return *constants.entry(word).or_insert(operand);
        }
        there &= !own.contains(&operand);
        operand
    });
    there.then_some((op, result))
}

fn defined_in(function: &Function, block: Block) -> FxHashSet<Value> {
    let data = &function.blocks[block];
    let results = data.insts.iter().flat_map(|&inst| function.insts[inst].results.iter());
    data.params.iter().chain(results).copied().collect()
}
