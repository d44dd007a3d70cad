//! Repairs SSA form after blocks were copied: a value and the copies of it are one variable, and every use gets the
//! definition that reaches it, through new block parameters where several do.
//!
//! All variables are repaired at once, on the final graph. Parameters that turn out to carry one value only are
//! dropped by [`super::block_params`] later.

use crate::function::{Block, Function, Predecessors, Value};
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Variables: each original value with the blocks that define it and what it is called there.
#[derive(Default)]
pub(crate) struct Variables {
    list: Vec<Variable>,
    by_value: FxHashMap<Value, usize>,
}

struct Variable {
    value: Value,
    definitions: SmallVec<[(Block, Value); 2]>,
}

impl Variable {
    fn defined_in(&self, block: Block) -> Option<Value> {
        self.definitions.iter().find(|(home, _)| *home == block).map(|(_, value)| *value)
    }
}

impl Variables {
    /// Says that `block` defines a copy of `value`, which `home` defines.
    pub(crate) fn define(&mut self, value: Value, home: Block, block: Block, copy: Value) {
        let number = *self.by_value.entry(value).or_insert_with(|| {
            self.list.push(Variable { value, definitions: SmallVec::from_iter([(home, value)]) });
            self.list.len() - 1
        });
        if let Some(variable) = self.list.get_mut(number) {
            variable.definitions.push((block, copy));
        }
    }

    /// Rewrites the uses of all variables. Unreachable blocks must be gone.
    pub(crate) fn repair(self, function: &mut Function) {
        if self.list.is_empty() {
            return;
        }
        let mut using: Vec<Vec<Block>> = vec![Vec::new(); self.list.len()];
        super::uses::for_each_use(function, |block, value| {
            if let Some(&number) = self.by_value.get(&value)
                && let (Some(blocks), Some(variable)) = (using.get_mut(number), self.list.get(number))
                && blocks.last() != Some(&block)
                && variable.defined_in(block).is_none()
            {
                blocks.push(block);
            }
        });
        let predecessors = function.predecessors();
        let order = function.reverse_postorder();
        let mut position = IndexVec::<Block, u32>::from_elem(u32::MAX, function.blocks.len());
        for (number, &block) in order.iter().enumerate() {
            position[block] = number as u32;
        }
        // What each variable is at the start of a block, and the arguments to add, decided before any rewriting.
        let mut renames: FxHashMap<(Block, Value), Value> = FxHashMap::default();
        let mut touched: Vec<Block> = Vec::new();
        let mut new_args: Vec<(Block, Block, Value)> = Vec::new();
        for (variable, using) in self.list.iter().zip(using) {
            let mut live = live_in(variable, using, &predecessors);
            live.sort_by_key(|block| position[*block]);
            let mut at_start: FxHashMap<Block, Value> = FxHashMap::default();
            let mut joins: Vec<Block> = Vec::new();
            for &block in &live {
                let preds = &predecessors[block];
                let known = match preds.as_slice() {
                    [pred] => at_end(variable, *pred, &at_start),
                    _ => None,
                };
                let value = known.unwrap_or_else(|| {
                    joins.push(block);
                    function.add_param(block, function.ty(variable.value))
                });
                at_start.insert(block, value);
            }
            for block in joins {
                let mut preds: SmallVec<[Block; 4]> = predecessors[block].iter().copied().collect();
                preds.sort_unstable();
                preds.dedup();
                for pred in preds {
                    let value = at_end(variable, pred, &at_start).unwrap_or(variable.value);
                    new_args.push((pred, block, value));
                }
            }
            for (block, value) in at_start {
                if value != variable.value {
                    renames.insert((block, variable.value), value);
                    touched.push(block);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for block in touched {
            let rename = |value| renames.get(&(block, value)).copied().unwrap_or(value);
            for &inst in &function.blocks[block].insts {
                function.insts[inst].op.map_operands(rename);
            }
            function.blocks[block].terminator.map_operands(rename);
        }
        // In the order of the new parameters of each block.
        for (pred, block, value) in new_args {
            for target in function.blocks[pred].terminator.targets_mut() {
                if target.block == block {
                    target.args.push(value);
                }
            }
        }
    }
}

/// The blocks at whose start the variable is needed.
fn live_in(variable: &Variable, using: Vec<Block>, predecessors: &Predecessors) -> Vec<Block> {
    let mut seen: FxHashMap<Block, ()> = FxHashMap::default();
    let mut live = Vec::new();
    let mut work = using;
    while let Some(block) = work.pop() {
        if variable.defined_in(block).is_some() || seen.insert(block, ()).is_some() {
            continue;
        }
        live.push(block);
        work.extend(&predecessors[block]);
    }
    live
}

fn at_end(variable: &Variable, block: Block, at_start: &FxHashMap<Block, Value>) -> Option<Value> {
    variable.defined_in(block).or_else(|| at_start.get(&block).copied())
}
