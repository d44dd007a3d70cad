//! Linear function test replacement: a counter of which only the loop condition is left is removed, and a pointer
//! that moves along with it is compared with its last value instead.
//!
//! Sound only where the pointer does not meet its last value early, modulo 2^64. Where the number of iterations is
//! not known to be small, it is clamped to one that no run reaches: the loop accesses memory through the pointer in
//! every iteration, and would have left the address space long before.

use super::loops::{self, Counter, Loop};
use super::memory_bounds::MANY;
use super::{bounds, simplify_cfg, uses};
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Predecessors, Type, Value};
use crate::op::{BinaryOp, Condition, Op, Target, Terminator};
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashSet;

/// The most that a pointer may move per iteration.
const MAX_STEP: u64 = 1 << 20;
/// Dominating branches to look at for the one that guards the loop.
const MAX_GUARDS: usize = 12;
/// The step of a counter that goes down one by one.
pub(crate) const DOWN: u64 = u64::MAX;
/// Loops that cost more than this per iteration do not pay for a clamp.
const MAX_CLAMPED: usize = 24;

/// Runs the pass. Returns true if the function changed; the counter is left for [`super::dce`].
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let (predecessors, counts) = (function.predecessors(), uses::count(function));
    let context = Context { dominators: &dominators, predecessors: &predecessors, counts: &counts };
    let mut changed = false;
    for natural in loops::find(function, &dominators) {
        if natural.header != Function::ENTRY {
            changed |= replace(function, &context, &natural);
        }
    }
    changed
}

/// What is known about the whole function while loops are looked at.
pub(crate) struct Context<'a> {
    pub(crate) dominators: &'a Dominators,
    pub(crate) predecessors: &'a Predecessors,
    /// How often each value is used.
    pub(crate) counts: &'a IndexVec<Value, u32>,
}

/// The exit test of a loop that only a counter decides.
struct Test {
    /// The truth value of the comparison that leaves the loop.
    leaves: bool,
    /// What the counter is compared with, which the loop does not change.
    bound: Value,
    /// How the next counter compares with that while the loop goes on.
    relation: Condition,
    /// True if the bound is known to be after the first value, but not how far.
    unbounded: bool,
}

/// True if the counter would go once the instructions `dead` are gone and a pointer moves along with it.
pub(crate) fn would_apply(
    function: &Function,
    context: &Context<'_>,
    natural: &Loop,
    counter: &Counter,
    dead: &FxHashSet<Inst>,
) -> bool {
    find_test(function, context, natural, counter, dead)
        .is_some_and(|test| !test.unbounded || loops::cost(function, &natural.blocks) <= MAX_CLAMPED)
}

fn replace(function: &mut Function, context: &Context<'_>, natural: &Loop) -> bool {
    let [latch] = *natural.latches.as_slice() else {
        return false;
    };
    let Some(entry) =
        loops::sole_entry(context.dominators, &context.predecessors[natural.header], natural.header)
    else {
        return false;
    };
    if !matches!(function.blocks[entry].terminator, Terminator::Jump(_)) {
        return false;
    }
    let counters = loops::counters(function, natural.header, entry, latch);
    for counter in &counters {
        let Some(test) = find_test(function, context, natural, counter, &FxHashSet::default()) else {
            continue;
        };
        if test.unbounded && loops::cost(function, &natural.blocks) > MAX_CLAMPED {
            continue;
        }
        let pointer = counters.iter().find(|other| {
            other.param != counter.param
                && (1..=MAX_STEP).contains(&other.step)
                && counter.step != 0
                && (counter.step == DOWN || other.step.is_multiple_of(counter.step))
                && next_at_latch(function, natural, other)
                && accessed_each_time(function, context.dominators, natural, latch, other.param)
        });
        if let Some(pointer) = pointer {
            rewrite(function, &test, counter, pointer, natural.header, entry, latch);
            return true;
        }
    }
    false
}

/// True if the next value of the counter is computed in a block of the loop, so that a test can use it.
fn next_at_latch(function: &Function, natural: &Loop, counter: &Counter) -> bool {
    natural.blocks.iter().any(|&block| {
        function.blocks[block]
            .insts
            .iter()
            .any(|&inst| function.insts[inst].results.first() == Some(&counter.next))
    })
}

fn accessed_each_time(
    function: &Function,
    dominators: &Dominators,
    natural: &Loop,
    latch: Block,
    pointer: Value,
) -> bool {
    natural.blocks.iter().filter(|&&block| dominators.dominates(block, latch)).any(|&block| {
        function.blocks[block].insts.iter().any(|&inst| match &function.insts[inst].op {
            Op::Load(access) | Op::Store(access, _) => access.address == pointer,
            _ => false,
        })
    })
}

/// What the counter goes up or down to, one by one, until the latch leaves the loop, and how the next counter compares with
/// that while the loop goes on; `None` if it could have met that already when the loop is entered.
pub(crate) fn bound_of(
    function: &Function,
    context: &Context<'_>,
    natural: &Loop,
    entry: Block,
    counter: &Counter,
) -> Option<(Value, Condition)> {
    let (test, _) = latch_test(function, context, natural, entry, counter)?;
    (counter.step == 1 || counter.step == DOWN).then_some((test.bound, test.relation))
}

/// The test and its condition, if the latch leaves the loop when the counter meets a
/// bound that it is known not to have met or passed before.
fn latch_test(
    function: &Function,
    context: &Context<'_>,
    natural: &Loop,
    entry: Block,
    counter: &Counter,
) -> Option<(Test, Value)> {
    let [latch] = *natural.latches.as_slice() else {
        return None;
    };
    let inside = natural.set();
    let (condition, leaves) = loops::exit_branch(function, &inside, latch)?;
    let crate::function::ValueDef::Result(compare, _) = function.values.get(condition)?.def else {
        return None;
    };
    let Op::Compare(relation, a, b) = function.insts[compare].op else {
        return None;
    };
    let (relation, bound) = match (a == counter.next, b == counter.next) {
        (true, false) => (relation, b),
        (false, true) => (relation.swapped(), a),
        _ => return None,
    };
    // The loop goes on while this holds.
    let relation = if leaves { relation.negated() } else { relation };
    match relation {
        Condition::UnsignedLess | Condition::SignedLess
            if counter.step == 1 || counter.step <= MAX_STEP && meets(function, counter, bound) => {}
        Condition::UnsignedGreater | Condition::SignedGreater if counter.step == DOWN => {}
        Condition::NotEqual if meets(function, counter, bound) => {}
        _ => return None,
    }
    if defined_inside(function, natural, bound) && function.as_const(bound).is_none() {
        return None;
    }
    let unbounded = match (function.as_const(counter.first), function.as_const(bound)) {
        (Some(first), Some(last)) => {
            if !relation.evaluate(first, last) {
                return None;
            }
            let count = last.wrapping_sub(first);
            (if counter.step == DOWN { count.wrapping_neg() } else { count }) > MANY
        }
        (first, _) => {
            if !guarded(function, context, entry, relation, counter.first, bound) {
                return None;
            }
            let most = match counter.step {
                _ if let Some(distance) = distance(function, counter, bound) => {
                    bounds::upper(function, distance)
                }
                DOWN if function.as_const(bound) == Some(0) || relation == Condition::UnsignedGreater => {
                    bounds::upper(function, counter.first)
                }
                DOWN => u64::MAX,
                _ if first == Some(0) || relation == Condition::UnsignedLess => {
                    bounds::upper(function, bound)
                }
                _ => u64::MAX,
            };
            most > MANY
        }
    };
    Some((Test { leaves, bound, relation, unbounded }, condition))
}

/// How far the bound is from the first value in the direction of the counter, if it is computed from that.
fn distance(function: &Function, counter: &Counter, bound: Value) -> Option<Value> {
    match function.defining_op(bound)? {
        Op::Binary(BinaryOp::Sub, x, distance) if counter.step == DOWN && *x == counter.first => {
            Some(*distance)
        }
        Op::Binary(BinaryOp::Add, x, y) if counter.step != DOWN && *x == counter.first => Some(*y),
        Op::Binary(BinaryOp::Add, x, y) if counter.step != DOWN && *y == counter.first => Some(*x),
        _ => None,
    }
}

/// True if the bound is a whole number of steps away from the first value.
fn meets(function: &Function, counter: &Counter, bound: Value) -> bool {
    let step = counter.step;
    let multiple = |value: Value| match function.defining_op(value) {
        Some(Op::Const(word)) => word.is_multiple_of(step),
        Some(Op::Binary(BinaryOp::And, _, mask)) => {
            step.is_power_of_two() && function.as_const(*mask).is_some_and(|mask| mask.is_multiple_of(step))
        }
        _ => false,
    };
    if step == 1 || step == DOWN {
        return true;
    }
    if step == 0 {
        return false;
    }
    let first = function.as_const(counter.first);
    match (first, function.as_const(bound), function.defining_op(bound)) {
        (Some(first), Some(last), _) => last.wrapping_sub(first).is_multiple_of(step),
        (Some(first), None, Some(Op::Binary(BinaryOp::Add, grouped, b))) => {
            function.as_const(*b) == Some(first) && multiple(*grouped)
        }
        (Some(0), None, _) => multiple(bound),
        (None, None, Some(Op::Binary(BinaryOp::Add, a, b))) => {
            (*b == counter.first && multiple(*a)) || (*a == counter.first && multiple(*b))
        }
        _ => false,
    }
}

/// The exit test at the latch, if the counter serves nothing else.
fn find_test(
    function: &Function,
    context: &Context<'_>,
    natural: &Loop,
    counter: &Counter,
    dead: &FxHashSet<Inst>,
) -> Option<Test> {
    let entry = loops::sole_entry(context.dominators, &context.predecessors[natural.header], natural.header)?;
    let (test, condition) = latch_test(function, context, natural, entry, counter)?;
    only_counts(function, context.counts, counter, condition, dead).then_some(test)
}

/// True if a block of the loop defines the value.
fn defined_inside(function: &Function, natural: &Loop, value: Value) -> bool {
    natural.blocks.iter().any(|&block| {
        let data = &function.blocks[block];
        data.params.contains(&value)
            || data.insts.iter().any(|&inst| function.insts[inst].results.contains(&value))
    })
}

/// True if the counter is used for its next value only, and that for the test and the next iteration only.
fn only_counts(
    function: &Function,
    counts: &IndexVec<Value, u32>,
    counter: &Counter,
    condition: Value,
    dead: &FxHashSet<Inst>,
) -> bool {
    let (mut of_param, mut of_next) = (0, 0);
    for &inst in dead {
        // The instruction that counts is none of them, but be sure.
        if function.insts[inst].results.first() != Some(&counter.next) {
            function.insts[inst].op.for_each_operand(|value| {
                of_param += u32::from(value == counter.param);
                of_next += u32::from(value == counter.next);
            });
        }
    }
    let used = |value: Value| counts.get(value).copied().unwrap_or(u32::MAX);
    used(counter.param) == of_param + 1 && used(counter.next) == of_next + 2 && used(condition) == 1
}

/// True if a branch on the way to `entry` makes sure that `relation` holds between the first value and the bound.
fn guarded(
    function: &Function,
    context: &Context<'_>,
    entry: Block,
    relation: Condition,
    first: Value,
    bound: Value,
) -> bool {
    let (dominators, predecessors) = (context.dominators, context.predecessors);
    let zero = function.as_const(first) == Some(0);
    let mut block = entry;
    for _ in 0..MAX_GUARDS {
        if let Some(pred) = loops::sole_entry(dominators, &predecessors[block], block)
            && let Terminator::Branch(condition, then, otherwise) = &function.blocks[pred].terminator
            && then.block != otherwise.block
            && let Some(Op::Compare(known, a, b)) = function.defining_op(*condition)
        {
            let known = if then.block == block { *known } else { known.negated() };
            for (known, a, b) in [(known, *a, *b), (known.swapped(), *b, *a)] {
                if known == relation && same(function, a, first) && same(function, b, bound) {
                    return true;
                }
                // 0 < bound, unsigned, is bound != 0.
                let nonzero = known == Condition::NotEqual && a == bound && function.as_const(b) == Some(0);
                // x != y is x - y != 0, and that is how the comparison was simplified.
                let difference = matches!(function.defining_op(bound),
                    Some(Op::Binary(BinaryOp::Sub, x, y)) if *x == a && *y == b)
                    && known == Condition::NotEqual;
                // first + x != first is x != 0.
                let apart = known == Condition::NotEqual
                    && relation == Condition::NotEqual
                    && function.as_const(b) == Some(0)
                    && matches!(function.defining_op(bound), Some(Op::Binary(BinaryOp::Add, x, y))
                        if (*x == a && same(function, *y, first)) || (*y == a && same(function, *x, first)));
                if apart {
                    return true;
                }
                if zero && (nonzero || difference) && relation != Condition::SignedLess {
                    return true;
                }
            }
        }
        match dominators.idom(block) {
            Some(above) => block = above,
            None => return false,
        }
    }
    false
}

/// True if both are the same value or the same constant.
fn same(function: &Function, a: Value, b: Value) -> bool {
    a == b || function.as_const(a).is_some_and(|word| function.as_const(b) == Some(word))
}

/// Compares the pointer with its last value instead of the counter with its bound.
fn rewrite(
    function: &mut Function,
    test: &Test,
    counter: &Counter,
    pointer: &Counter,
    header: Block,
    entry: Block,
    latch: Block,
) {
    let word = |function: &mut Function, block, op| function.append_value(block, op, Type::Word, None);
    let bound = match function.as_const(test.bound) {
        Some(constant) => word(function, entry, Op::Const(constant)),
        None => test.bound,
    };
    let (above, below) = if counter.step == DOWN { (counter.first, bound) } else { (bound, counter.first) };
    let mut count = word(function, entry, Op::Binary(BinaryOp::Sub, above, below));
    let mut last_block = entry;
    if test.unbounded {
        let join = function.add_block();
        let clamped = function.add_param(join, Type::Word);
        let many = word(function, entry, Op::Const(MANY));
        let compare = Op::Compare(Condition::UnsignedGreater, count, many);
        let exceeds = function.append_value(entry, compare, Type::Bool, None);
        let mut targets = [Target::new(join), Target::new(join)];
        for (target, value) in targets.iter_mut().zip([many, count]) {
            target.args.push(value);
        }
        let [then, otherwise] = targets;
        function.blocks[join].terminator = std::mem::replace(
            &mut function.blocks[entry].terminator,
            Terminator::Branch(exceeds, then, otherwise),
        );
        count = clamped;
        last_block = join;
    }
    // How far the pointer goes while the counter moves by one.
    let scale = match counter.step {
        DOWN => pointer.step,
        step => pointer.step.checked_div(step).unwrap_or(pointer.step),
    };
    let step = word(function, last_block, Op::Const(scale));
    let distance = word(function, last_block, Op::Binary(BinaryOp::Mul, count, step));
    let last = word(function, last_block, Op::Binary(BinaryOp::Add, pointer.first, distance));
    // The pointer's next value may be computed after the old comparison: compare at the end of the latch.
    let step = word(function, latch, Op::Const(pointer.step));
    let next = word(function, latch, Op::Binary(BinaryOp::Add, pointer.param, step));
    let relation = if test.leaves { Condition::Equal } else { Condition::NotEqual };
    let compare = function.append_value(latch, Op::Compare(relation, next, last), Type::Bool, None);
    if let Terminator::Branch(condition, then, otherwise) = &mut function.blocks[latch].terminator {
        *condition = compare;
        for target in [then, otherwise] {
            if target.block == header
                && let Some(arg) = target.args.get_mut(pointer.place)
            {
                *arg = next;
            }
        }
    }
}
