//! Jumps that are too far for their 16-bit offset go in steps: blocks that only jump on are put where both ends reach
//! them. Functions of fewer than 32,767 instructions have none.
//!
//! Start with [`emit_with_islands`].

use crate::assembly::{AsmBlock, Assembly, End, Label};
use crate::emit::{self, Code, TooFar};
use crate::isa::Version;
use ovsm_base::index::IndexVec;
use ovsm_ir::Func;
use std::collections::BTreeMap;

/// How far a step goes. Less than an offset can, since islands that are put in later push things apart.
const STEP: usize = 20_000;

/// Blocks longer than this many instructions are divided, so that there are places for islands.
const MAX_BLOCK: usize = 2_000;

/// Rounds before it gives up; each makes jumps shorter by a step.
const MAX_ROUNDS: usize = 64;

/// Encodes the blocks in this order, with islands where they are needed.
pub fn emit_with_islands(
    assembly: &mut Assembly,
    mut order: Vec<Label>,
    func: Func,
    version: Version,
) -> Result<Code, TooFar> {
    let mut far = match emit::emit(assembly, &order, func, version) {
        Ok(code) => return Ok(code),
        Err(far) => far,
    };
    order = divide(assembly, &order);
    for _ in 0..MAX_ROUNDS {
        far = match emit::emit(assembly, &order, func, version) {
            Ok(code) => return Ok(code),
            Err(far) => far,
        };
        match step(assembly, &order, &far) {
            Some(longer) => order = longer,
            None => break,
        }
    }
    Err(far)
}

/// Divides long blocks; each part goes on at the next.
fn divide(assembly: &mut Assembly, order: &[Label]) -> Vec<Label> {
    let mut result = Vec::with_capacity(order.len());
    for label in order {
        result.push(*label);
        let mut at = *label;
        while let Some(block) = assembly.blocks.get_mut(at)
            && block.body.len() > MAX_BLOCK
        {
            let rest = AsmBlock {
                body: block.body.split_off(MAX_BLOCK),
                end: block.end,
                span: block.span,
                cold: block.cold,
                frequency: block.frequency,
            };
            let next = assembly.blocks.push(rest);
            if let Some(block) = assembly.blocks.get_mut(at) {
                block.end = End::Goto(next);
            }
            result.push(next);
            at = next;
        }
    }
    result
}

/// Gives each far jump an island a step nearer to it. `None` if there is no place for one.
fn step(assembly: &mut Assembly, order: &[Label], far: &TooFar) -> Option<Vec<Label>> {
    let start = |label: Label| far.starts.get(label).copied().unwrap_or(0);
    // The islands before each block: those for the same target are one.
    let mut islands: BTreeMap<(usize, Label), Label> = BTreeMap::new();
    for (block, target, at) in &far.jumps {
        let forward = start(*target) > *at;
        let place = if forward {
            order.partition_point(|label| start(*label) <= at + STEP).checked_sub(1)?
        } else {
            order.partition_point(|label| start(*label) < at.saturating_sub(STEP))
        };
        // It must be nearer to the target than the jump is.
        let there = start(*order.get(place)?);
        if (forward && there <= *at) || (!forward && there > *at) {
            return None;
        }
        let island = match islands.get(&(place, *target)) {
            Some(island) => *island,
            None => {
                let cold = assembly.blocks.get(*target)?.cold;
                let island = assembly.blocks.push(AsmBlock {
                    body: Vec::new(),
                    end: End::Goto(*target),
                    span: None,
                    cold,
                    frequency: 0,
                });
                islands.insert((place, *target), island);
                island
            }
        };
        let block = assembly.blocks.get_mut(*block)?;
        block.end.map_targets(|label| if label == *target { island } else { label });
    }
    let mut before = IndexVec::<Label, Vec<Label>>::from_elem(Vec::new(), assembly.blocks.len());
    for ((place, _), island) in islands {
        before.get_mut(*order.get(place)?)?.push(island);
    }
    let mut result = Vec::with_capacity(order.len());
    for label in order {
        result.extend(before.get(*label)?.iter().copied());
        result.push(*label);
    }
    Some(result)
}
