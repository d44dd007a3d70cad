//! Makes the control-flow graph small: folds branches, turns branches to failures into [`Op::FailIf`], forwards
//! jumps through empty blocks, copies short returns into their predecessors, joins straight lines and drops blocks
//! that nothing reaches.
//!
//! Blocks keep their numbers: an unreachable one becomes an empty husk that [`super::compact`] removes.

use super::sccp::constant;
use super::substitution::Substitution;
use super::thread_jumps::Headers;
use super::{block_params, thread_jumps, uses};
use crate::failure::Failure;
use crate::function::{Block, Function, Type, Value};
use crate::op::{Op, Target, Terminator};
use ovsm_base::index::{Index, IndexVec};
use smallvec::SmallVec;

/// Sweeps of one run; what is left then waits for the next run.
const MAX_SWEEPS: usize = 6;
/// A returning block of at most this many instructions is copied into the blocks that jump to it.
const MAX_RETURN_COPY: usize = 4;
/// And into at most this many of them, unless it is empty.
const MAX_RETURN_COPIES: usize = 6;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function, headers: Headers) -> bool {
    let steps: [&dyn Fn(&mut Function) -> bool; 8] = [
        &fold_checks,
        &fold_terminators,
        &remove_unreachable,
        &block_params::run,
        &|function| thread_jumps::run(function, headers),
        &remove_unreachable,
        &|function| copy_returns(function, false),
        &merge_lines,
    ];
    let mut changed = false;
    // How many steps in a row have found nothing to do: after all of them, none will.
    let mut idle = 0;
    for step in steps.iter().cycle().take(MAX_SWEEPS * steps.len()) {
        match step(function) {
            true => (changed, idle) = (true, 0),
            false => idle += 1,
        }
        if idle == steps.len() {
            break;
        }
    }
    changed
}

/// Turns every block that the entry does not reach into an empty husk.
pub(crate) fn remove_unreachable(function: &mut Function) -> bool {
    let reachable = function.reachable();
    let mut changed = false;
    for (block, data) in function.blocks.indices().zip(function.blocks.iter_mut()) {
        let husk =
            data.params.is_empty() && data.insts.is_empty() && data.terminator == Terminator::Unreachable;
        if !reachable[block] && !husk {
            data.params.clear();
            data.insts.clear();
            data.terminator = Terminator::Unreachable;
            changed = true;
        }
    }
    changed
}

/// Drops checks of `false`; cuts blocks after a check of `true`.
fn fold_checks(function: &mut Function) -> bool {
    let mut changed = false;
    for block in function.blocks.indices() {
        let known = |function: &Function, inst| match function.insts.get(inst).map(|data| &data.op) {
            Some(Op::FailIf(condition, failure)) => Some((function.as_const(*condition)?, *failure)),
            _ => None,
        };
        if !function.blocks[block].insts.iter().any(|&inst| known(function, inst).is_some()) {
            continue;
        }
        changed = true;
        let mut kept = Vec::with_capacity(function.blocks[block].insts.len());
        let mut cut = None;
        for &inst in &function.blocks[block].insts {
            match known(function, inst) {
                Some((0, _)) => {}
                Some((_, failure)) => {
                    cut = Some(failure);
                    break;
                }
                None => kept.push(inst),
            }
        }
        let data = &mut function.blocks[block];
        data.insts = kept;
        if let Some(failure) = cut {
            data.terminator = Terminator::Fail(failure);
        }
    }
    changed
}

/// What a block does if all that it does is end the program.
#[derive(Clone, Copy, PartialEq)]
enum Dead {
    Fails(Failure),
    Unreachable,
}

fn dead_end(function: &Function, block: Block) -> Option<Dead> {
    let data = &function.blocks[block];
    if !data.insts.is_empty() {
        return None;
    }
    match data.terminator {
        Terminator::Fail(failure) => Some(Dead::Fails(failure)),
        Terminator::Unreachable => Some(Dead::Unreachable),
        Terminator::Jump(_) | Terminator::Branch(..) | Terminator::Return(_) => None,
    }
}

fn fold_terminators(function: &mut Function) -> bool {
    let mut changed = false;
    for block in function.blocks.indices() {
        // Each step makes the terminator simpler, so this ends.
        while fold_terminator(function, block) {
            changed = true;
        }
    }
    changed
}

fn fold_terminator(function: &mut Function, block: Block) -> bool {
    let (condition, then, otherwise) = match &function.blocks[block].terminator {
        Terminator::Branch(condition, then, otherwise) => (*condition, then, otherwise),
        Terminator::Jump(target) => match dead_end(function, target.block) {
            Some(Dead::Fails(failure)) => return set(function, block, Terminator::Fail(failure)),
            Some(Dead::Unreachable) | None => return false,
        },
        Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable => return false,
    };
    let jump = |target: &Target| Terminator::Jump(target.clone());
    let folded = if let Some(word) = function.as_const(condition) {
        jump(if word != 0 { then } else { otherwise })
    } else if then == otherwise {
        jump(then)
    } else if let Some(Op::Not(inner)) = function.defining_op(condition) {
        Terminator::Branch(*inner, otherwise.clone(), then.clone())
    } else {
        match (dead_end(function, then.block), dead_end(function, otherwise.block)) {
            (Some(Dead::Unreachable), _) => jump(otherwise),
            (_, Some(Dead::Unreachable)) => jump(then),
            (Some(a), Some(b)) if a == b => jump(then),
            (Some(Dead::Fails(failure)), _) => {
                let next = jump(otherwise);
                function.append(block, Op::FailIf(condition, failure), &[], None);
                next
            }
            (None, Some(Dead::Fails(failure))) => {
                let next = jump(then);
                let negated = function.append_value(block, Op::Not(condition), Type::Bool, None);
                function.append(block, Op::FailIf(negated, failure), &[], None);
                next
            }
            (None, None) => return fold_choice(function, block),
        }
    };
    set(function, block, folded)
}

fn set(function: &mut Function, block: Block, terminator: Terminator) -> bool {
    function.blocks[block].terminator = terminator;
    true
}

/// A branch that only chooses between `true` and `false` is its condition: `if c then b(true) else b(false)`
/// becomes `b(c)`, also when the constants go through empty blocks.
fn fold_choice(function: &mut Function, block: Block) -> bool {
    let Terminator::Branch(condition, then, otherwise) = &function.blocks[block].terminator else {
        return false;
    };
    let condition = *condition;
    let (Some(then), Some(otherwise)) = (landing(function, then), landing(function, otherwise)) else {
        return false;
    };
    if then.block != otherwise.block || then.block == block {
        return false;
    }
    // Decide first, so that nothing is appended for a branch that stays.
    let mut choices: SmallVec<[Choice; 4]> = SmallVec::new();
    for (&a, &b) in then.args.iter().zip(&otherwise.args) {
        let is_bool = function.ty(a) == Type::Bool;
        choices.push(match (function.as_const(a), function.as_const(b)) {
            (Some(x), Some(y)) if x == y => Choice::Constant(function.ty(a), x),
            (Some(1), Some(0)) if is_bool => Choice::Same(condition),
            (Some(0), Some(1)) if is_bool => Choice::Negated,
            (Some(1), Some(0)) => Choice::Word,
            _ if a == b => Choice::Same(a),
            _ => return false,
        });
    }
    let mut target = Target::new(then.block);
    for choice in choices {
        let arg = match choice {
            Choice::Same(value) => value,
            Choice::Constant(ty, word) => function.append_value(block, constant(ty, word), ty, None),
            Choice::Negated => function.append_value(block, Op::Not(condition), Type::Bool, None),
            Choice::Word => function.append_value(block, Op::BoolToWord(condition), Type::Word, None),
        };
        target.args.push(arg);
    }
    set(function, block, Terminator::Jump(target))
}

/// How one argument follows from the condition of a branch.
enum Choice {
    Same(Value),
    Constant(Type, u64),
    Negated,
    Word,
}

/// Where a jump ends up if its target is a block without parameters that does nothing but jump on, with constants of
/// its own perhaps; else the jump itself.
fn landing<'a>(function: &'a Function, target: &'a Target) -> Option<&'a Target> {
    let data = function.blocks.get(target.block)?;
    match &data.terminator {
        Terminator::Jump(next)
            if data.params.is_empty()
                && next.block != target.block
                && data
                    .insts
                    .iter()
                    .all(|&inst| matches!(function.insts[inst].op, Op::Const(_) | Op::BoolConst(_))) =>
        {
            Some(next)
        }
        _ => Some(target),
    }
}

/// Copies short returning blocks into the blocks that jump to them: the jump would cost an instruction. Blocks with
/// calls only where `calls` says so: a function that is called once should stay called once until it is inlined.
pub(crate) fn copy_returns(function: &mut Function, calls: bool) -> bool {
    // Both as they are before the first copy, if there is one.
    let (mut predecessors, mut escapes) = (None, None);
    let mut changed = false;
    for block in function.blocks.indices() {
        if block == Function::ENTRY || !is_short_return(function, block, calls) {
            continue;
        }
        let preds = &predecessors.get_or_insert_with(|| function.predecessors())[block];
        let is_empty = function.blocks[block].insts.is_empty();
        if preds.len() < 2 || !is_empty && preds.len() > MAX_RETURN_COPIES {
            continue;
        }
        let own = function.blocks[block].insts.len();
        if any_escapes(function, block, own, escapes.get_or_insert_with(|| uses::escaping(function))) {
            continue;
        }
        for &pred in preds {
            if let Terminator::Jump(target) = &function.blocks[pred].terminator
                && target.block == block
                && pred != block
            {
                let args = target.args.clone();
                let terminator = copy_block(function, block, &args, pred);
                function.blocks[pred].terminator = terminator;
                changed = true;
            }
        }
    }
    if changed {
        remove_unreachable(function);
    }
    changed
}

/// True for a block that returns after a few instructions, all of which may stand twice.
fn is_short_return(function: &Function, block: Block, calls: bool) -> bool {
    let data = &function.blocks[block];
    matches!(data.terminator, Terminator::Return(_))
        && data.insts.len() <= MAX_RETURN_COPY
        && !data.insts.iter().any(|&inst| match function.insts[inst].op {
            Op::Call(..) => !calls,
            Op::Syscall(..) => true,
            _ => false,
        })
}

/// True if a block other than `block` uses a value that `block` defines by its parameters or its first `own` instructions.
pub(crate) fn any_escapes(
    function: &Function,
    block: Block,
    own: usize,
    escapes: &IndexVec<Value, bool>,
) -> bool {
    let data = &function.blocks[block];
    let escaped = |value: &Value| escapes.get(*value).copied().unwrap_or(true);
    data.params.iter().any(escaped)
        || data.insts.iter().take(own).any(|&inst| function.insts[inst].results.iter().any(escaped))
}

/// Appends copies of the instructions of `source` to `destination`, with `args` for its parameters, and returns a
/// copy of its terminator.
pub(crate) fn copy_block(
    function: &mut Function,
    source: Block,
    args: &[Value],
    destination: Block,
) -> Terminator {
    let params = function.blocks[source].params.clone();
    let mut renamed: SmallVec<[(Value, Value); 8]> = params.into_iter().zip(args.iter().copied()).collect();
    let rename = |renamed: &[(Value, Value)], value| {
        renamed.iter().find(|(old, _)| *old == value).map_or(value, |(_, new)| *new)
    };
    for inst in function.blocks[source].insts.clone() {
        let data = function.insts[inst].clone();
        let mut op = data.op;
        op.map_operands(|value| rename(&renamed, value));
        let types: SmallVec<[Type; 2]> = data.results.iter().map(|&result| function.ty(result)).collect();
        let copy = function.append(destination, op, &types, data.span);
        renamed.extend(data.results.iter().copied().zip(function.insts[copy].results.iter().copied()));
    }
    let mut terminator = function.blocks[source].terminator.clone();
    terminator.map_operands(|value| rename(&renamed, value));
    terminator
}

/// Joins a block with the only block that jumps to it.
fn merge_lines(function: &mut Function) -> bool {
    let mut preds = IndexVec::<Block, u32>::from_elem(0, function.blocks.len());
    for data in function.blocks.iter() {
        for target in data.terminator.targets() {
            preds[target.block] += 1;
        }
    }
    let mut substitution = Substitution::new(function);
    let mut changed = false;
    for block in function.reverse_postorder() {
        while let Terminator::Jump(target) = &function.blocks[block].terminator {
            let next = target.block;
            if next == block || next.index() == 0 || preds[next] != 1 {
                break;
            }
            let args = target.args.clone();
            let data = &mut function.blocks[next];
            let params = std::mem::take(&mut data.params);
            let mut insts = std::mem::take(&mut data.insts);
            let terminator = std::mem::replace(&mut data.terminator, Terminator::Unreachable);
            for (param, arg) in params.into_iter().zip(args) {
                substitution.replace(param, arg);
            }
            let data = &mut function.blocks[block];
            data.insts.append(&mut insts);
            data.terminator = terminator;
            changed = true;
        }
    }
    substitution.apply(function);
    changed
}
