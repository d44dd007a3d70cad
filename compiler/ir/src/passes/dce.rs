//! Dead code elimination: keeps what the outcome of the function depends on, and nothing else.
//!
//! Marks from the operations with effects and the terminators backwards. An operation that may fail or fault is
//! kept even when nobody reads its result. Also removes parameters and arguments that only feed each other.

use super::block_params;
use super::effects::{Effect, Effects};
use crate::function::{Block, Function, Inst, Predecessors, Value, ValueDef};
use ovsm_base::index::IndexVec;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function, effects: &Effects) -> bool {
    let mut marks = Marks {
        live: IndexVec::from_elem(false, function.values.len()),
        kept: IndexVec::from_elem(false, function.insts.len()),
        work: Vec::new(),
    };
    // For each block, the blocks that jump to it: a live parameter makes its arguments live.
    let predecessors = function.predecessors();
    for data in function.blocks.iter() {
        for &inst in &data.insts {
            let op = &function.insts[inst].op;
            if has_effect(effects.op(op)) {
                marks.kept[inst] = true;
                op.for_each_operand(|value| marks.mark(value));
            }
        }
        match &data.terminator {
            crate::op::Terminator::Branch(condition, ..) => marks.mark(*condition),
            crate::op::Terminator::Return(values) => values.iter().for_each(|&value| marks.mark(value)),
            crate::op::Terminator::Jump(_)
            | crate::op::Terminator::Fail(_)
            | crate::op::Terminator::Unreachable => {}
        }
    }
    for &param in function.params() {
        marks.mark(param);
    }
    while let Some(value) = marks.work.pop() {
        match function.values[value].def {
            ValueDef::Result(inst, _) => {
                if !marks.kept[inst] {
                    marks.kept[inst] = true;
                    function.insts[inst].op.for_each_operand(|operand| marks.mark(operand));
                }
            }
            ValueDef::Param(block, number) => mark_args(function, &predecessors, block, number, &mut marks),
        }
    }
    sweep(function, &marks)
}

struct Marks {
    live: IndexVec<Value, bool>,
    kept: IndexVec<Inst, bool>,
    work: Vec<Value>,
}

impl Marks {
    fn mark(&mut self, value: Value) {
        if let Some(live) = self.live.get_mut(value)
            && !*live
        {
            *live = true;
            self.work.push(value);
        }
    }
}

fn has_effect(effect: Effect) -> bool {
    !effect.is_removable()
}

fn mark_args(function: &Function, predecessors: &Predecessors, block: Block, number: u32, marks: &mut Marks) {
    let mut last = None;
    for &pred in &predecessors[block] {
        // A block that branches twice to one target stands twice; look at it once.
        if last == Some(pred) {
            continue;
        }
        last = Some(pred);
        for target in function.blocks[pred].terminator.targets() {
            if target.block == block
                && let Some(&arg) = target.args.get(number as usize)
            {
                marks.mark(arg);
            }
        }
    }
}

fn sweep(function: &mut Function, marks: &Marks) -> bool {
    let mut changed = false;
    for data in function.blocks.iter_mut() {
        let before = data.insts.len();
        data.insts.retain(|&inst| marks.kept[inst]);
        changed |= data.insts.len() != before;
    }
    changed | block_params::remove(function, |value| !marks.live[value])
}
