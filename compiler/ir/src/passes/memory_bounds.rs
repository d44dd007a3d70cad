//! Counters that memory bounds: a loop that accesses another address in each iteration ends, one way or the other,
//! before it has seen the whole address space.
//!
//! So an index that starts near zero stays far from overflow whatever the loop condition says, and checked arithmetic
//! on it needs no checks.

use super::linear::Reader;
use super::loops::{self, Counter, Loop};
use super::uses;
use crate::dominators::Dominators;
use crate::function::{Block, Function, Predecessors, Value};
use crate::op::Op;
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashMap;

/// At least as many iterations as there are bytes of memory. A program of Solana sees less than 1 GiB in all: at most 64
/// accounts of 10 MiB each, and far less of everything else. As an immediate operand it costs one instruction.
pub(crate) const MANY: u64 = i32::MAX as u64;
/// The most that an address may move in one iteration, so that no address comes twice modulo 2^64.
const MAX_STRIDE: u64 = 1 << 24;
/// The most that a counter may start with.
const MAX_FIRST: u64 = 1 << 40;

/// For each counter that memory bounds: its least and its greatest value.
pub(crate) fn find(
    function: &Function,
    dominators: &Dominators,
    predecessors: &Predecessors,
) -> FxHashMap<Value, (u64, u64)> {
    let mut bounds = FxHashMap::default();
    let found = loops::find(function, dominators);
    if found.is_empty() {
        return bounds;
    }
    let home = uses::homes(function);
    for natural in &found {
        let [latch] = *natural.latches.as_slice() else {
            continue;
        };
        let Some(entry) = loops::sole_entry(dominators, &predecessors[natural.header], natural.header) else {
            continue;
        };
        let counters: Vec<Counter> = loops::counters(function, natural.header, entry, latch)
            .into_iter()
            .filter(|counter| {
                (1..=MAX_STRIDE).contains(&counter.step)
                    && function.as_const(counter.first).is_some_and(|first| first <= MAX_FIRST)
            })
            .collect();
        if counters.is_empty() {
            continue;
        }
        in_loop(function, dominators, natural, latch, &counters, &home, &mut bounds);
    }
    bounds
}

/// Finds the counters of one loop that an access of every iteration moves along with.
fn in_loop(
    function: &Function,
    dominators: &Dominators,
    natural: &Loop,
    latch: Block,
    counters: &[Counter],
    home: &IndexVec<Value, Option<Block>>,
    bounds: &mut FxHashMap<Value, (u64, u64)>,
) {
    let inside = natural.set();
    for &block in natural.blocks.iter().filter(|&&block| dominators.dominates(block, latch)) {
        for &inst in &function.blocks[block].insts {
            let (Op::Load(access) | Op::Store(access, _)) = &function.insts[inst].op else {
                continue;
            };
            let mut reader =
                Reader { function, inside: &inside, home, counters, through_checks: true, chain: Vec::new() };
            let Some(linear) = reader.read(access.address) else {
                continue;
            };
            let Some(counter) = linear.counter.and_then(|number| counters.get(number)) else {
                continue;
            };
            let stride = linear.scale.saturating_mul(counter.step);
            if let (1..=MAX_STRIDE, Some(first)) = (stride, function.as_const(counter.first)) {
                bounds.insert(counter.param, (first, first + counter.step * MANY));
            }
        }
    }
}
