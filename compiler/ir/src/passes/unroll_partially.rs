//! Partial unrolling of innermost loops that run an unknown number of times.
//!
//! A second loop in front does several iterations at a time, without the tests between them, for as many as fit; the
//! old loop does the rest. Besides tests this saves the moves of values that iterations pass around, and lets
//! accesses of several iterations share a pointer. For the moves alone, a loop without a counter is doubled, with
//! its tests: what one iteration has in one register, the next has in another, and the one after that in the first.

use super::copy_blocks;
use super::exit_test::{self, Context};
use super::loops::{self, Counter, Loop};
use super::memory_bounds::MANY;
use super::ssa_repair::Variables;
use super::{simplify_cfg, uses};
use crate::dominators::Dominators;
use crate::function::{Block, Function, Type, Value};
use crate::op::{BinaryOp, Condition, Op, Target, Terminator};

/// How far partial unrolling goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most instructions that the body of the new loop may have.
    pub size: usize,
    /// The most iterations to do at a time: a power of two.
    pub factor: usize,
    /// Iterations to do at a time where iterations pass values around, for the moves alone.
    pub rotating: usize,
    /// All copies of one run together may not exceed this.
    pub total: usize,
}

/// Runs the pass. Loops should be rotated and canonical. Returns true if the function changed.
pub fn run(function: &mut Function, limits: &Limits) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let (predecessors, counts) = (function.predecessors(), uses::count(function));
    let context = Context { dominators: &dominators, predecessors: &predecessors, counts: &counts };
    let mut variables = Variables::default();
    let mut left = limits.total;
    let mut changed = false;
    for natural in loops::find(function, &dominators).iter().filter(|natural| natural.innermost) {
        let cost = loops::cost(function, &natural.blocks).max(1);
        let rotating = rotates(function, natural);
        let Some(plan) = plan(function, &context, natural) else {
            if rotating && 2 * cost <= limits.size.min(left) {
                left -= cost;
                double(function, natural, &mut variables);
                changed = true;
            }
            continue;
        };
        let most = if rotating { limits.factor.max(limits.rotating) } else { limits.factor };
        let factor = most.min(limits.size / cost);
        // The next power of two below.
        let factor = if factor < 2 { 0 } else { 1 << factor.ilog2() };
        if factor < 2 || factor * cost > left {
            continue;
        }
        left -= factor * cost;
        unroll(function, natural, &plan, factor, &mut variables);
        changed = true;
    }
    variables.repair(function);
    changed
}

/// A loop that can be unrolled: a counter goes up or down by one until it meets a bound, which it is known not to have
/// met when the loop is entered.
struct Plan {
    entry: Block,
    latch: Block,
    counter: Counter,
    bound: Value,
    /// How the next counter compares with the bound while the loop goes on.
    relation: Condition,
}

fn plan(function: &Function, context: &Context<'_>, natural: &Loop) -> Option<Plan> {
    let [latch] = *natural.latches.as_slice() else {
        return None;
    };
    let header = natural.header;
    if header == Function::ENTRY {
        return None;
    }
    let entry = loops::sole_entry(context.dominators, &context.predecessors[header], header)?;
    if !matches!(function.blocks[entry].terminator, Terminator::Jump(_)) {
        return None;
    }
    let counters = loops::counters(function, header, entry, latch);
    counters.into_iter().find_map(|counter| {
        let (bound, relation) = exit_test::bound_of(function, context, natural, entry, &counter)?;
        Some(Plan { entry, latch, counter, bound, relation })
    })
}

/// True if iterations pass values around in a way that costs moves, which unrolling saves: a parameter is handed on as
/// another one, or is still needed when its next value is already there.
fn rotates(function: &Function, natural: &Loop) -> bool {
    let [latch] = *natural.latches.as_slice() else {
        return false;
    };
    let params = &function.blocks[natural.header].params;
    let Some(args) = loops::args_to(function, latch, natural.header) else {
        return false;
    };
    natural.header != Function::ENTRY
        && params.iter().zip(args).any(|(&param, &arg)| {
            arg != param && (params.contains(&arg) || needed_after(function, natural, param, arg))
        })
}

/// True if a block of the loop computes `next` and uses `param` later on, or leaves the loop with it.
fn needed_after(function: &Function, natural: &Loop, param: Value, next: Value) -> bool {
    natural.blocks.iter().any(|&block| {
        let data = &function.blocks[block];
        let Some(place) = data.insts.iter().position(|&inst| function.insts[inst].results.contains(&next))
        else {
            return false;
        };
        let mut needed = false;
        let mut see = |value: Value| needed |= value == param;
        // A comparison is made where the branch is.
        if let Terminator::Branch(condition, ..) = &data.terminator
            && let Some(op @ Op::Compare(..)) = function.defining_op(*condition)
        {
            op.for_each_operand(&mut see);
        }
        data.terminator.for_each_operand(&mut see);
        for &inst in data.insts.iter().skip(place + 1) {
            function.insts[inst].op.for_each_operand(&mut see);
        }
        needed
    })
}

/// Makes the loop do two iterations in a row, tests included.
fn double(function: &mut Function, natural: &Loop, variables: &mut Variables) {
    let [latch] = *natural.latches.as_slice() else {
        return;
    };
    let header = natural.header;
    let copy = copy_blocks::copy(function, &natural.blocks, variables);
    for (from, old, new) in
        [(latch, header, copy.block(header)), (copy.block(latch), copy.block(header), header)]
    {
        for target in function.blocks[from].terminator.targets_mut() {
            if target.block == old {
                target.block = new;
            }
        }
    }
}

fn unroll(function: &mut Function, natural: &Loop, plan: &Plan, factor: usize, variables: &mut Variables) {
    let header = natural.header;
    let word = |function: &mut Function, op| function.append_value(plan.entry, op, Type::Word, None);
    // As many iterations as can be done in groups, and where the counter is then.
    let bound = match function.as_const(plan.bound) {
        Some(constant) => word(function, Op::Const(constant)),
        None => plan.bound,
    };
    let first = plan.counter.first;
    let is_down = plan.counter.step == exit_test::DOWN;
    let (above, below) = if is_down { (first, bound) } else { (bound, first) };
    let count = word(function, Op::Binary(BinaryOp::Sub, above, below));
    // Not more than any run gets to, so that what is made of the count needs no check: the old loop does the rest.
    let mask = word(function, Op::Const((factor as u64).wrapping_neg() & MANY));
    let grouped = word(function, Op::Binary(BinaryOp::And, count, mask));
    let end = match is_down {
        true => word(function, Op::Binary(BinaryOp::Sub, first, grouped)),
        false => word(function, Op::Binary(BinaryOp::Add, grouped, first)),
    };
    let zero = word(function, Op::Const(0));
    let compare = Op::Compare(Condition::NotEqual, grouped, zero);
    let any = function.append_value(plan.entry, compare, Type::Bool, None);

    let copies: Vec<_> =
        (0..factor).map(|_| copy_blocks::copy(function, &natural.blocks, variables)).collect();
    for (place, copy) in copies.iter().enumerate() {
        let latch = copy.block(plan.latch);
        let Terminator::Branch(_, then, otherwise) = function.blocks[latch].terminator.clone() else {
            continue;
        };
        let (mut back, leaves_on_true) =
            if then.block == copy.block(header) { (then, false) } else { (otherwise, true) };
        if let Some(next) = copies.get(place + 1) {
            // The counter can not have met the bound yet.
            back.block = next.block(header);
            function.blocks[latch].terminator = Terminator::Jump(back);
            continue;
        }
        // After the last: the next group, or what the loop did, with the old loop for the iterations left.
        let rest = function.add_block();
        let mut old = function.blocks[latch].terminator.clone();
        if let Terminator::Branch(_, then, otherwise) = &mut old {
            (if leaves_on_true { otherwise } else { then }).block = header;
        }
        // There the counter is where the groups end, and the comparison is made where it is used.
        let next = copy.value(plan.counter.next);
        old.map_operands(|value| if value == next { end } else { value });
        if let Terminator::Branch(condition, ..) = &mut old
            && let Some(op) = function.defining_op(*condition)
        {
            let mut op = op.clone();
            op.map_operands(|value| if value == next { end } else { value });
            *condition = function.append_value(rest, op, Type::Bool, None);
        }
        function.blocks[rest].terminator = old;
        if let Some(first) = copies.first() {
            back.block = first.block(header);
        }
        // The groups end on the same side of the bound as the loop did, so the old relation holds until they end; it says
        // more than that the two differ, as to whoever asks how often the loop runs.
        let compare = Op::Compare(plan.relation, copy.value(plan.counter.next), end);
        let again = function.append_value(latch, compare, Type::Bool, None);
        function.blocks[latch].terminator = Terminator::Branch(again, back, Target::new(rest));
    }
    if let (Some(first), Terminator::Jump(mut old)) =
        (copies.first(), function.blocks[plan.entry].terminator.clone())
    {
        let mut new = old.clone();
        new.block = first.block(header);
        // Without groups that is the first value, and the old loop then starts with the same on both ways.
        if let Some(arg) = old.args.get_mut(plan.counter.place) {
            *arg = end;
        }
        function.blocks[plan.entry].terminator = Terminator::Branch(any, new, old);
    }
}
