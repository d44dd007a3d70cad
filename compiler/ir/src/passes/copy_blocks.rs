//! Copies sets of blocks, for passes that duplicate parts of loops.

use super::ssa_repair::Variables;
use crate::function::{Block, Function, InstData, Value, ValueData, ValueDef};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A copy of some blocks.
pub(crate) struct Copy {
    blocks: FxHashMap<Block, Block>,
    values: FxHashMap<Value, Value>,
}

impl Copy {
    /// The copy of a block, or the block itself if it was not copied.
    pub(crate) fn block(&self, block: Block) -> Block {
        self.blocks.get(&block).copied().unwrap_or(block)
    }

    /// The copy of a value, or the value itself.
    pub(crate) fn value(&self, value: Value) -> Value {
        self.values.get(&value).copied().unwrap_or(value)
    }
}

/// Copies `blocks`. Jumps between them lead to the copies; other jumps lead where they did. Each copied value is
/// told to `variables`; the caller redirects edges and repairs.
pub(crate) fn copy(function: &mut Function, blocks: &[Block], variables: &mut Variables) -> Copy {
    let mut copy = Copy { blocks: FxHashMap::default(), values: FxHashMap::default() };
    for &block in blocks {
        let new = function.add_block();
        copy.blocks.insert(block, new);
        for param in function.blocks[block].params.clone() {
            let value = function.add_param(new, function.ty(param));
            copy.values.insert(param, value);
            variables.define(param, block, new, value);
        }
        for inst in function.blocks[block].insts.clone() {
            let old = function.insts[inst].clone();
            let new_inst = function.insts.next_index();
            let mut results = SmallVec::new();
            for (place, &result) in old.results.iter().enumerate() {
                let def = ValueDef::Result(new_inst, place as u32);
                let value = function.values.push(ValueData { ty: function.ty(result), def });
                copy.values.insert(result, value);
                variables.define(result, block, new, value);
                results.push(value);
            }
            function.insts.push(InstData { op: old.op, results, span: old.span });
            function.blocks[new].insts.push(new_inst);
        }
    }
    for &block in blocks {
        let new = copy.block(block);
        for &inst in &function.blocks[new].insts {
            function.insts[inst].op.map_operands(|value| copy.value(value));
        }
        let mut terminator = function.blocks[block].terminator.clone();
        terminator.map_operands(|value| copy.value(value));
        for target in terminator.targets_mut() {
            target.block = copy.block(target.block);
        }
        function.blocks[new].terminator = terminator;
    }
    copy
}
