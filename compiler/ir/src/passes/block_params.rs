//! Drops block parameters that carry nothing: those that always get the same value, those that get the same
//! arguments as another parameter, and those that nobody reads.
//!
//! The entry block's parameters belong to the function's signature and stay.

use super::substitution::Substitution;
use super::uses;
use crate::function::{Block, BlockData, Function, Value};
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashMap;

/// More sweeps than nested loops in sensible code.
const MAX_SWEEPS: usize = 8;

/// Runs until nothing changes. Returns true if something did.
pub fn run(function: &mut Function) -> bool {
    let has_params = |(block, data): (Block, &BlockData)| block != Function::ENTRY && !data.params.is_empty();
    let mut changed = false;
    for _ in 0..MAX_SWEEPS {
        if !function.blocks.iter_enumerated().any(has_params) {
            break;
        }
        let merged = merge_trivial(function);
        let removed = remove_unread(function);
        if !merged && !removed {
            break;
        }
        changed = true;
    }
    changed
}

/// What the arguments for a parameter are, over all edges.
#[derive(Clone, Copy, PartialEq)]
enum Incoming {
    None,
    One(Value),
    Many,
}

fn merge_trivial(function: &mut Function) -> bool {
    let mut incoming = IndexVec::<Value, Incoming>::from_elem(Incoming::None, function.values.len());
    for data in function.blocks.iter() {
        for target in data.terminator.targets() {
            for (&param, &arg) in function.blocks[target.block].params.iter().zip(&target.args) {
                let seen = &mut incoming[param];
                *seen = match *seen {
                    _ if arg == param => continue,
                    Incoming::None => Incoming::One(arg),
                    Incoming::One(value) if value == arg => continue,
                    Incoming::One(_) | Incoming::Many => Incoming::Many,
                };
            }
        }
    }
    let mut substitution = Substitution::new(function);
    for (block, data) in function.blocks.iter_enumerated() {
        if block == Function::ENTRY {
            continue;
        }
        for &param in &data.params {
            if let Incoming::One(value) = incoming[param] {
                substitution.replace(param, value);
            }
        }
    }
    merge_equal(function, &incoming, &mut substitution);
    substitution.apply(function)
}

/// Two parameters of a block that get equal arguments on every edge are one.
fn merge_equal(function: &Function, incoming: &IndexVec<Value, Incoming>, substitution: &mut Substitution) {
    let may_merge = |(block, data): (Block, &BlockData)| {
        let undecided = |param: &&Value| incoming[**param] == Incoming::Many;
        block != Function::ENTRY && data.params.iter().filter(undecided).nth(1).is_some()
    };
    if !function.blocks.iter_enumerated().any(may_merge) {
        return;
    }
    // The arguments of each undecided parameter, as a chain of numbered pairs (previous number, argument).
    let mut numbers = IndexVec::<Value, u32>::from_elem(0, function.values.len());
    let mut pairs: FxHashMap<(Block, u32, Value), u32> = FxHashMap::default();
    for data in function.blocks.iter() {
        for target in data.terminator.targets() {
            let params = &function.blocks[target.block].params;
            if target.block == Function::ENTRY || params.len() < 2 {
                continue;
            }
            for (&param, &arg) in params.iter().zip(&target.args) {
                let next = pairs.len() as u32 + 1;
                let number = pairs.entry((target.block, numbers[param], arg)).or_insert(next);
                numbers[param] = *number;
            }
        }
    }
    let mut first: FxHashMap<(Block, u32), Value> = FxHashMap::default();
    for (block, data) in function.blocks.iter_enumerated() {
        if block == Function::ENTRY || data.params.len() < 2 {
            continue;
        }
        for &param in &data.params {
            if incoming[param] != Incoming::Many {
                continue;
            }
            let kept = *first.entry((block, numbers[param])).or_insert(param);
            if kept != param && function.ty(kept) == function.ty(param) {
                substitution.replace(param, kept);
            }
        }
    }
}

fn remove_unread(function: &mut Function) -> bool {
    let counts = uses::count(function);
    remove(function, |value| counts[value] == 0)
}

/// Removes the parameters for which `dead` holds, with their arguments; nothing may use them any more.
pub(crate) fn remove(function: &mut Function, dead: impl Fn(Value) -> bool) -> bool {
    let mut affected = IndexVec::<Block, bool>::from_elem(false, function.blocks.len());
    let mut any = false;
    for (block, data) in function.blocks.iter_enumerated() {
        if block != Function::ENTRY && data.params.iter().any(|&param| dead(param)) {
            affected[block] = true;
            any = true;
        }
    }
    if !any {
        return false;
    }
    for block in function.blocks.indices() {
        let mut terminator =
            std::mem::replace(&mut function.blocks[block].terminator, crate::op::Terminator::Unreachable);
        for target in terminator.targets_mut() {
            if affected[target.block] {
                let mut params = function.blocks[target.block].params.iter();
                target.args.retain(|_| params.next().is_none_or(|&param| !dead(param)));
            }
        }
        function.blocks[block].terminator = terminator;
    }
    for block in function.blocks.indices() {
        if affected[block] {
            function.blocks[block].params.retain(|&param| !dead(param));
            uses::renumber_params(function, block);
        }
    }
    true
}
