//! Loop-invariant code motion: what gives the same result in every iteration is computed once, before the loop.
//!
//! Pure operations move from anywhere in the loop. What may fail or fault, and loads, move only from the first block
//! and only while nothing before them can be observed: then they would have run first anyway. Constants stay: the
//! machine has them as immediates. So do comparisons, which are parts of branches.

use super::effects::{Effects, Regions};
use super::loops::{self, Loop};
use super::simplify_cfg;
use super::uses;
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Predecessors, Type, Value};
use crate::op::Op;
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashSet;

/// Values to move out of one loop: each takes a register all through it.
const MAX_MOVED: usize = 6;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function, effects: &Effects) -> bool {
    simplify_cfg::remove_unreachable(function);
    let dominators = Dominators::new(function);
    let mut changed = false;
    let mut home = uses::homes(function);
    let mut predecessors = function.predecessors();
    // Inner loops first: what leaves an inner loop can then leave the outer one.
    for natural in loops::find(function, &dominators) {
        if natural.header == Function::ENTRY {
            continue;
        }
        changed |= hoist(function, effects, &natural, &mut home, &mut predecessors);
    }
    changed
}

fn hoist(
    function: &mut Function,
    effects: &Effects,
    natural: &Loop,
    home: &mut IndexVec<Value, Option<Block>>,
    predecessors: &mut Predecessors,
) -> bool {
    let inside = natural.set();
    let mut written = Regions::NONE;
    for &block in &natural.blocks {
        for &inst in &function.blocks[block].insts {
            written = written.union(effects.op(&function.insts[inst].op).writes);
        }
    }
    let mut moved: Vec<Inst> = Vec::new();
    let mut moved_values: FxHashSet<Value> = FxHashSet::default();
    for &block in &natural.blocks {
        // True while everything so far was moved or can not be observed.
        let mut runs_first = block == natural.header;
        for &inst in &function.blocks[block].insts {
            let op = &function.insts[inst].op;
            let mut invariant = true;
            op.for_each_operand(|value| {
                let outside = home.get(value).copied().flatten().is_none_or(|home| !inside.contains(&home));
                invariant &= outside || moved_values.contains(&value) || function.as_const(value).is_some();
            });
            let effect = effects.op(op);
            let allowed = match op {
                Op::Const(_) | Op::BoolConst(_) | Op::Compare(..) | Op::Not(_) => false,
                Op::Load(access) => runs_first && !written.may_alias(access.region),
                Op::Store(..) | Op::Syscall(..) | Op::FailIf(..) => false,
                Op::Call(..) => runs_first && effect.is_repeatable(),
                op => op.is_speculatable() || runs_first,
            };
            if invariant && allowed && moved.len() < MAX_MOVED {
                moved.push(inst);
                moved_values.extend(function.insts[inst].results.iter().copied());
            } else if effect.aborts || effect.is_visible() || !effect.writes.is_empty() {
                runs_first = false;
            }
        }
    }
    if moved.is_empty() {
        return false;
    }
    let preheader = loops::preheader(function, predecessors, natural.header, &natural.latches);
    let gone: FxHashSet<Inst> = moved.iter().copied().collect();
    for &block in &natural.blocks {
        function.blocks[block].insts.retain(|inst| !gone.contains(inst));
    }
    for inst in moved {
        localise_constants(function, inst, preheader, &inside, home);
        function.blocks[preheader].insts.push(inst);
        for &result in &function.insts[inst].results {
            if let Some(home) = home.get_mut(result) {
                *home = Some(preheader);
            }
        }
    }
    // Parameters of a new preheader are defined there.
    home.grow(function.values.len(), None);
    for &param in &function.blocks[preheader].params {
        home[param] = Some(preheader);
    }
    true
}

/// Copies the constants that an instruction uses out of the loop with it.
fn localise_constants(
    function: &mut Function,
    inst: Inst,
    preheader: Block,
    inside: &FxHashSet<Block>,
    home: &mut IndexVec<Value, Option<Block>>,
) {
    let mut op = function.insts[inst].op.clone();
    op.map_operands(|value| {
        let is_inside = home.get(value).copied().flatten().is_some_and(|home| inside.contains(&home));
        let word = function.as_const(value);
        match word {
            Some(word) if is_inside => {
                let ty: Type = function.ty(value);
                let fresh = function.append_value(preheader, super::sccp::constant(ty, word), ty, None);
                home.grow(function.values.len(), None);
                home[fresh] = Some(preheader);
                fresh
            }
            _ => value,
        }
    });
    function.insts[inst].op = op;
}
