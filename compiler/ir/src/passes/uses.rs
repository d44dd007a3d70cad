//! Where values are used: counts, and whether a value leaves the block that defines it.
//!
//! Both answers describe the function at the moment of the call; nothing keeps them up to date. Only blocks that
//! list an instruction count: an instruction that no block lists uses nothing.

use crate::function::{Block, Function, Value, ValueDef};
use ovsm_base::index::IndexVec;

/// How often each value is an operand.
pub(crate) fn count(function: &Function) -> IndexVec<Value, u32> {
    let mut counts = IndexVec::from_elem(0u32, function.values.len());
    for_each_use(function, |_, value| {
        if let Some(count) = counts.get_mut(value) {
            *count = count.saturating_add(1);
        }
    });
    counts
}

/// For each value, whether a block other than its own uses it. An argument of a jump is a use by the jumping block.
pub(crate) fn escaping(function: &Function) -> IndexVec<Value, bool> {
    let home = homes(function);
    let mut escapes = IndexVec::from_elem(false, function.values.len());
    for_each_use(function, |block, value| {
        if home.get(value).copied().flatten() != Some(block)
            && let Some(flag) = escapes.get_mut(value)
        {
            *flag = true;
        }
    });
    escapes
}

/// The block that defines each value; `None` for dead values.
pub(crate) fn homes(function: &Function) -> IndexVec<Value, Option<Block>> {
    let mut home = IndexVec::from_elem(None, function.values.len());
    for (block, data) in function.blocks.iter_enumerated() {
        for &param in &data.params {
            home[param] = Some(block);
        }
        for &inst in &data.insts {
            for &result in &function.insts[inst].results {
                home[result] = Some(block);
            }
        }
    }
    home
}

/// Calls `f` with each use of a value by a listed instruction or a terminator.
pub(crate) fn for_each_use(function: &Function, mut f: impl FnMut(Block, Value)) {
    for (block, data) in function.blocks.iter_enumerated() {
        for &inst in &data.insts {
            function.insts[inst].op.for_each_operand(|value| f(block, value));
        }
        data.terminator.for_each_operand(|value| f(block, value));
    }
}

/// Writes the position of each parameter of `block` into its definition, after parameters were removed.
pub(crate) fn renumber_params(function: &mut Function, block: Block) {
    for (number, &param) in function.blocks[block].params.iter().enumerate() {
        function.values[param].def = ValueDef::Param(block, number as u32);
    }
}
