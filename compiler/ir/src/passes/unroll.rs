//! Full unrolling of innermost loops that run a known, small number of times.
//!
//! The loop is peeled: as many copies as there are iterations go in front of it. Constant propagation then finds
//! that the loop itself is never reached, so nothing rests on the count being right.

use super::copy_blocks;
use super::loops::{self, Counter, Loop};
use super::simplify_cfg;
use super::ssa_repair::Variables;
use crate::dominators::Dominators;
use crate::function::{Block, Function, Value};
use crate::op::Op;

/// How far unrolling goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Loops that run more often stay.
    pub trips: usize,
    /// Iterations times instructions of the body may not exceed this.
    pub size: usize,
    /// All copies of one run together may not exceed this.
    pub total: usize,
}

/// Runs the pass. Returns true if the function changed; it should then be simplified.
pub fn run(function: &mut Function, limits: &Limits) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let found = loops::find(function, &dominators);
    let predecessors = function.predecessors();
    let mut variables = Variables::default();
    let mut left = limits.total;
    let mut changed = false;
    for natural in found.iter().filter(|natural| natural.innermost) {
        let Some(trips) =
            trip_count(function, &dominators, &predecessors[natural.header], natural, limits.trips)
        else {
            continue;
        };
        let size = trips * loops::cost(function, &natural.blocks);
        if size > limits.size || size > left {
            continue;
        }
        left -= size;
        peel(function, &predecessors[natural.header], natural, trips, &mut variables);
        changed = true;
    }
    variables.repair(function);
    changed
}

/// How often the header of the loop runs, if a constant counter decides that.
fn trip_count(
    function: &Function,
    dominators: &Dominators,
    predecessors: &[Block],
    natural: &Loop,
    most: usize,
) -> Option<usize> {
    let [latch] = natural.latches.as_slice() else {
        return None;
    };
    let entry = loops::sole_entry(dominators, predecessors, natural.header)?;
    let counters = loops::counters(function, natural.header, entry, *latch);
    let blocks = natural.set();
    let mut best: Option<usize> = None;
    for &block in &natural.blocks {
        if !dominators.dominates(block, *latch) {
            continue;
        }
        let Some((condition, leaves)) = loops::exit_branch(function, &blocks, block) else {
            continue;
        };
        let Some(trips) = simulate(function, &counters, condition, leaves, most) else {
            continue;
        };
        best = Some(best.map_or(trips, |best| best.min(trips)));
    }
    best
}

/// In which iteration, from 1, the condition becomes `leaves`.
fn simulate(
    function: &Function,
    counters: &[Counter],
    condition: Value,
    leaves: bool,
    most: usize,
) -> Option<usize> {
    let Some(Op::Compare(relation, a, b)) = function.defining_op(condition) else {
        return None;
    };
    let (a, b) = (Track::new(function, counters, *a)?, Track::new(function, counters, *b)?);
    (0..most as u64).position(|n| relation.evaluate(a.at(n), b.at(n)) == leaves).map(|n| n + 1)
}

/// A word that is known in each iteration.
struct Track {
    first: u64,
    step: u64,
}

impl Track {
    fn new(function: &Function, counters: &[Counter], value: Value) -> Option<Track> {
        if let Some(word) = function.as_const(value) {
            return Some(Track { first: word, step: 0 });
        }
        for counter in counters {
            let first = function.as_const(counter.first);
            if counter.param == value {
                return Some(Track { first: first?, step: counter.step });
            }
            if counter.next == value {
                return Some(Track { first: first?.wrapping_add(counter.step), step: counter.step });
            }
        }
        None
    }

    fn at(&self, iteration: u64) -> u64 {
        self.first.wrapping_add(self.step.wrapping_mul(iteration))
    }
}

/// Puts `times` copies of the loop in front of it.
fn peel(
    function: &mut Function,
    predecessors: &[Block],
    natural: &Loop,
    times: usize,
    variables: &mut Variables,
) {
    let header = natural.header;
    let mut entering: Vec<Block> =
        predecessors.iter().copied().filter(|pred| !natural.latches.contains(pred)).collect();
    for _ in 0..times {
        let copy = copy_blocks::copy(function, &natural.blocks, variables);
        for &pred in &entering {
            redirect(function, pred, header, copy.block(header));
        }
        // The copied back edges lead to the next copy, or to the loop after the last.
        entering = natural.latches.iter().map(|&latch| copy.block(latch)).collect();
        for &latch in &entering {
            redirect(function, latch, copy.block(header), header);
        }
    }
}

fn redirect(function: &mut Function, from: Block, old: Block, new: Block) {
    for target in function.blocks[from].terminator.targets_mut() {
        if target.block == old {
            target.block = new;
        }
    }
}
