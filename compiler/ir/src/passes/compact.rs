//! Renumbers a function: reachable blocks in reverse post-order, listed instructions, live values.
//!
//! Passes leave husks behind because numbers must not move under them; this takes the husks away. Changes nothing
//! that can be observed.

use crate::function::{Block, BlockData, Function, Inst, InstData, Value, ValueData, ValueDef};
use ovsm_base::index::IndexVec;

/// Rebuilds the function without dead blocks, instructions and values.
pub fn run(function: &mut Function) {
    let order = function.reverse_postorder();
    let mut blocks = IndexVec::<Block, Option<Block>>::from_elem(None, function.blocks.len());
    for (number, &block) in order.iter().enumerate() {
        blocks[block] = Some(Block(number as u32));
    }
    let mut values = IndexVec::<Value, Option<Value>>::from_elem(None, function.values.len());
    let listed = || order.iter().map(|block| &function.blocks[*block]);
    let insts: usize = listed().map(|data| data.insts.len()).sum();
    let params: usize = listed().map(|data| data.params.len()).sum();
    let mut new_values = IndexVec::<Value, ValueData>::with_capacity(insts + params);
    let mut new_blocks = IndexVec::<Block, BlockData>::with_capacity(order.len());
    let mut new_insts = IndexVec::<Inst, InstData>::with_capacity(insts);
    for &block in &order {
        let data = &function.blocks[block];
        let number = new_blocks.next_index();
        let mut params = Vec::with_capacity(data.params.len());
        for (place, &param) in data.params.iter().enumerate() {
            let def = ValueDef::Param(number, place as u32);
            let value = new_values.push(ValueData { ty: function.ty(param), def });
            values[param] = Some(value);
            params.push(value);
        }
        let mut insts = Vec::with_capacity(data.insts.len());
        for &inst in &data.insts {
            let old = &function.insts[inst];
            let inst = new_insts.next_index();
            let mut results = old.results.clone();
            for (place, result) in results.iter_mut().enumerate() {
                let def = ValueDef::Result(inst, place as u32);
                let value = new_values.push(ValueData { ty: function.ty(*result), def });
                values[*result] = Some(value);
                *result = value;
            }
            insts.push(new_insts.push(InstData { op: old.op.clone(), results, span: old.span }));
        }
        new_blocks.push(BlockData { params, insts, terminator: data.terminator.clone() });
    }
    let rename = |value: Value| values.get(value).copied().flatten().unwrap_or(value);
    for inst in new_insts.iter_mut() {
        inst.op.map_operands(rename);
    }
    for data in new_blocks.iter_mut() {
        data.terminator.map_operands(rename);
        for target in data.terminator.targets_mut() {
            target.block = blocks.get(target.block).copied().flatten().unwrap_or(target.block);
        }
    }
    function.blocks = new_blocks;
    function.insts = new_insts;
    function.values = new_values;
}
