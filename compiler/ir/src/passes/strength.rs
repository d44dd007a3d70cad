//! Strength reduction: an address that is a linear function of a loop counter becomes a pointer that moves by a
//! constant in each iteration.
//!
//! The machine has no scaled addressing: `base + i * 8` costs two instructions per access, bumping a pointer one per
//! iteration, and accesses at a constant distance share the pointer. [`super::exit_test`] then removes the counter
//! where only the loop condition is left of it.

use super::exit_test::Context;
use super::linear::{Linear, Reader};
use super::loops::{self, Counter, Loop};
use super::{exit_test, simplify_cfg, uses};
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Type, Value};
use crate::op::{BinaryOp, Op, Terminator};
use ovsm_base::index::IndexVec;
use rustc_hash::{FxHashMap, FxHashSet};

/// New pointers per loop: each takes a register.
const MAX_POINTERS: usize = 4;
/// Accesses of a loop that are looked at.
const MAX_ACCESSES: usize = 256;

/// Runs the pass. Returns true if the function changed; dead arithmetic is left behind.
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let mut home = uses::homes(function);
    let (predecessors, counts) = (function.predecessors(), uses::count(function));
    let context = Context { dominators: &dominators, predecessors: &predecessors, counts: &counts };
    let mut changed = false;
    for natural in loops::find(function, &dominators) {
        if natural.header != Function::ENTRY {
            changed |= reduce(function, &context, &natural, &mut home);
        }
    }
    changed
}

/// Accesses whose addresses differ by constants only.
struct Group {
    linear: Linear,
    /// Each access with its new offset.
    accesses: Vec<(Inst, i32)>,
    chain: FxHashSet<Inst>,
}

fn reduce(
    function: &mut Function,
    context: &Context<'_>,
    natural: &Loop,
    home: &mut IndexVec<Value, Option<Block>>,
) -> bool {
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
    if counters.is_empty() {
        return false;
    }
    let inside = natural.set();
    let mut groups: Vec<Group> = Vec::new();
    collect(function, natural, &inside, home, &counters, &mut groups);
    let mut changed = false;
    let mut made = 0;
    for group in groups {
        let Some(&counter) = group.linear.counter.and_then(|number| counters.get(number)) else {
            continue;
        };
        let dead = dying(function, &group, context.counts);
        let worth = dead.len() >= 2
            || (dead.len() == 1 && exit_test::would_apply(function, context, natural, &counter, &dead));
        if !worth || made >= MAX_POINTERS {
            continue;
        }
        made += 1;
        changed = true;
        apply(function, &group, &counter, natural.header, entry, latch);
        home.grow(function.values.len(), None);
        for block in [entry, natural.header, latch] {
            for &param in &function.blocks[block].params {
                home[param] = Some(block);
            }
            for &inst in &function.blocks[block].insts {
                for &result in &function.insts[inst].results {
                    home[result] = Some(block);
                }
            }
        }
    }
    changed
}

/// Finds the accesses of the loop with linear addresses.
fn collect(
    function: &Function,
    natural: &Loop,
    inside: &FxHashSet<Block>,
    home: &IndexVec<Value, Option<Block>>,
    counters: &[Counter],
    groups: &mut Vec<Group>,
) {
    let mut seen = 0;
    let mut known: FxHashMap<Value, Option<(Linear, Vec<Inst>)>> = FxHashMap::default();
    for &block in &natural.blocks {
        for &inst in &function.blocks[block].insts {
            let (Op::Load(access) | Op::Store(access, _)) = &function.insts[inst].op else {
                continue;
            };
            let is_counter = counters
                .iter()
                .any(|counter| counter.param == access.address || counter.next == access.address);
            seen += 1;
            if is_counter || seen > MAX_ACCESSES {
                continue;
            }
            let read = known.entry(access.address).or_insert_with(|| {
                let mut reader =
                    Reader { function, inside, home, counters, through_checks: false, chain: Vec::new() };
                let linear = reader.read(access.address)?;
                (linear.scale != 0).then_some((linear, reader.chain))
            });
            let Some((linear, chain)) = read else {
                continue;
            };
            join(groups, linear, chain, inst, access.offset);
        }
    }
}

fn join(groups: &mut Vec<Group>, linear: &Linear, chain: &[Inst], inst: Inst, offset: i32) {
    for group in groups.iter_mut() {
        let same = group.linear.counter == linear.counter
            && group.linear.scale == linear.scale
            && group.linear.terms == linear.terms;
        let distance = linear.offset.wrapping_sub(group.linear.offset) as i64;
        let moved = distance.checked_add(i64::from(offset)).and_then(|sum| i16::try_from(sum).ok());
        if let (true, Some(moved)) = (same, moved) {
            group.accesses.push((inst, i32::from(moved)));
            group.chain.extend(chain);
            return;
        }
    }
    groups.push(Group {
        linear: linear.clone(),
        accesses: vec![(inst, offset)],
        chain: chain.iter().copied().collect(),
    });
}

/// The instructions of the chains that nothing else needs.
fn dying(function: &Function, group: &Group, counts: &IndexVec<Value, u32>) -> FxHashSet<Inst> {
    let mut dead = group.chain.clone();
    loop {
        let mut inner: FxHashMap<Value, u32> = FxHashMap::default();
        for &inst in &dead {
            function.insts[inst].op.for_each_operand(|value| *inner.entry(value).or_default() += 1);
        }
        for (inst, _) in &group.accesses {
            if let Op::Load(access) | Op::Store(access, _) = &function.insts[*inst].op {
                *inner.entry(access.address).or_default() += 1;
            }
        }
        let before = dead.len();
        dead.retain(|inst| {
            function.insts[*inst].results.iter().all(|result| {
                counts.get(*result).copied().unwrap_or(u32::MAX) <= inner.get(result).copied().unwrap_or(0)
            })
        });
        if dead.len() == before {
            return dead;
        }
    }
}

fn apply(
    function: &mut Function,
    group: &Group,
    counter: &Counter,
    header: Block,
    entry: Block,
    latch: Block,
) {
    let start = materialise(function, entry, group, counter);
    let pointer = function.add_param(header, Type::Word);
    let step = group.linear.scale.wrapping_mul(counter.step);
    let step = function.append_value(latch, Op::Const(step), Type::Word, None);
    let next = function.append_value(latch, Op::Binary(BinaryOp::Add, pointer, step), Type::Word, None);
    for (block, value) in [(entry, start), (latch, next)] {
        for target in function.blocks[block].terminator.targets_mut() {
            if target.block == header {
                target.args.push(value);
            }
        }
    }
    for &(inst, offset) in &group.accesses {
        if let Op::Load(access) | Op::Store(access, _) = &mut function.insts[inst].op {
            access.address = pointer;
            access.offset = offset;
        }
    }
}

/// The pointer before the first iteration, computed at the end of `entry`.
fn materialise(function: &mut Function, entry: Block, group: &Group, counter: &Counter) -> Value {
    let mut sum = function.append_value(entry, Op::Const(group.linear.offset), Type::Word, None);
    let mut terms = group.linear.terms.clone();
    terms.push((counter.first, group.linear.scale));
    for (value, factor) in terms {
        let term = if factor == 1 {
            value
        } else {
            let factor = function.append_value(entry, Op::Const(factor), Type::Word, None);
            function.append_value(entry, Op::Binary(BinaryOp::Mul, value, factor), Type::Word, None)
        };
        sum = function.append_value(entry, Op::Binary(BinaryOp::Add, sum, term), Type::Word, None);
    }
    sum
}
