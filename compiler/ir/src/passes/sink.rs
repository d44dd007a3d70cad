//! Sinking: computes a value where it is needed instead of before a branch to where it is not.
//!
//! A comparison is repeated in every block that branches on it, because there it is a part of the branch. Any other
//! pure operation moves to the only block that uses it, unless that is in a loop that the operation is not in.

use super::{loops, simplify_cfg, uses};
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Type, Value};
use crate::op::{Op, Terminator};
use ovsm_base::index::IndexVec;

/// How long a chain of operations can sink.
const MAX_CHAIN: usize = 4;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    simplify_cfg::remove_unreachable(function);
    let repeated = repeat_comparisons(function);
    sink(function) | repeated
}

/// Gives every branch and check a comparison of its own block.
fn repeat_comparisons(function: &mut Function) -> bool {
    let home = uses::homes(function);
    let mut changed = false;
    for block in function.blocks.indices() {
        let mut added: Vec<(usize, Inst)> = Vec::new();
        let insts = function.blocks[block].insts.clone();
        for (place, &inst) in insts.iter().enumerate() {
            if let Op::FailIf(condition, failure) = function.insts[inst].op
                && let Some(copy) = copy_comparison(function, &home, block, condition)
                && let Some(&value) = function.insts[copy].results.first()
            {
                function.insts[inst].op = Op::FailIf(value, failure);
                added.push((place, copy));
            }
        }
        if let Terminator::Branch(condition, ..) = function.blocks[block].terminator
            && let Some(copy) = copy_comparison(function, &home, block, condition)
            && let Some(&value) = function.insts[copy].results.first()
        {
            if let Terminator::Branch(condition, ..) = &mut function.blocks[block].terminator {
                *condition = value;
            }
            added.push((insts.len(), copy));
        }
        if added.is_empty() {
            continue;
        }
        changed = true;
        let mut merged = Vec::with_capacity(insts.len() + added.len());
        let mut added = added.into_iter().peekable();
        for (place, inst) in insts.into_iter().enumerate() {
            while let Some((_, copy)) = added.next_if(|(at, _)| *at == place) {
                merged.push(copy);
            }
            merged.push(inst);
        }
        merged.extend(added.map(|(_, copy)| copy));
        function.blocks[block].insts = merged;
    }
    changed
}

/// A copy of the comparison of words that another block made.
fn copy_comparison(
    function: &mut Function,
    home: &IndexVec<Value, Option<Block>>,
    block: Block,
    condition: Value,
) -> Option<Inst> {
    if home.get(condition).copied().flatten() == Some(block) {
        return None;
    }
    match function.defining_op(condition) {
        Some(op @ Op::Compare(..)) => {
            let op = op.clone();
            Some(function.make_inst(op, &[Type::Bool], None))
        }
        _ => None,
    }
}

/// Where a value is used.
#[derive(Clone, Copy, PartialEq)]
enum Users {
    None,
    One(Block),
    Several,
}

/// Moves each pure operation to the only block that uses it. Returns true if something moved.
fn sink(function: &mut Function) -> bool {
    let dominators = Dominators::new(function);
    let nest = Nest::new(function, &dominators);
    let mut changed = false;
    for _ in 0..MAX_CHAIN {
        let mut users = IndexVec::<Value, Users>::from_elem(Users::None, function.values.len());
        uses::for_each_use(function, |block, value| {
            let seen = &mut users[value];
            *seen = match *seen {
                Users::None => Users::One(block),
                Users::One(known) if known == block => return,
                Users::One(_) | Users::Several => Users::Several,
            };
        });
        // Operations that move in one round do not use each other: a user in the same block would hold them there.
        let mut moved: IndexVec<Block, Vec<Inst>> = IndexVec::from_elem(Vec::new(), function.blocks.len());
        let mut any = false;
        for &block in dominators.reverse_postorder() {
            let mut insts = std::mem::take(&mut function.blocks[block].insts);
            insts.retain(|&inst| {
                let data = &function.insts[inst];
                let Some(&result) = data.results.first() else {
                    return true;
                };
                match users[result] {
                    Users::One(user) if user != block && data.op.is_pure() && nest.may_move(block, user) => {
                        moved[user].push(inst);
                        any = true;
                        false
                    }
                    _ => true,
                }
            });
            function.blocks[block].insts = insts;
        }
        if !any {
            break;
        }
        changed = true;
        for block in function.blocks.indices() {
            let mut insts = std::mem::take(&mut moved[block]);
            if !insts.is_empty() {
                insts.append(&mut function.blocks[block].insts);
                function.blocks[block].insts = insts;
            }
        }
    }
    changed
}

/// Which loops lie in which.
struct Nest {
    /// The innermost loop around each block.
    innermost: IndexVec<Block, Option<usize>>,
    /// The next loop around each loop.
    around: Vec<Option<usize>>,
}

impl Nest {
    fn new(function: &Function, dominators: &Dominators) -> Nest {
        let mut nest =
            Nest { innermost: IndexVec::from_elem(None, function.blocks.len()), around: Vec::new() };
        let mut top = IndexVec::<Block, Option<usize>>::from_elem(None, function.blocks.len());
        // Inner loops come first.
        for (number, natural) in loops::find(function, dominators).iter().enumerate() {
            nest.around.push(None);
            for &block in &natural.blocks {
                if nest.innermost[block].is_none() {
                    nest.innermost[block] = Some(number);
                }
                if let Some(inner) = top[block].replace(number)
                    && let Some(around) = nest.around.get_mut(inner)
                {
                    *around = Some(number);
                }
            }
        }
        nest
    }

    /// True if `user` is in no loop that `block` is not in.
    fn may_move(&self, block: Block, user: Block) -> bool {
        let Some(wanted) = self.innermost[user] else {
            return true;
        };
        let mut current = self.innermost[block];
        while let Some(number) = current {
            if number == wanted {
                return true;
            }
            current = self.around.get(number).copied().flatten();
        }
        false
    }
}
