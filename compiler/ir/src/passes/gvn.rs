//! Global value numbering: an operation that repeats one that dominates it gives the same value and goes.
//!
//! Covers pure operations, checked arithmetic (the first one would have failed), calls of functions that depend on
//! nothing but their arguments, loads, and what stores and earlier branches and checks say. Walks the dominator
//! tree with scoped tables; `super::facts` holds conditions and `memory` loads.

mod memory;

use super::effects::{Effects, Regions};
use super::facts::Facts;
use super::loops;
use super::sccp::constant;
use super::substitution::Substitution;
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Predecessors, Type};
use crate::op::{CheckedOp, Condition, Op, Terminator};
use memory::{Available, Memory};
use ovsm_base::IntType;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function, effects: &Effects) -> bool {
    let dominators = Dominators::new(function);
    let memory = Memory::new(function, effects);
    let mut numbering = Numbering {
        substitution: Substitution::new(function),
        table: FxHashMap::default(),
        block: Function::ENTRY,
        facts: Facts::default(),
        available: Vec::new(),
        now: 0,
        changed: false,
        predecessors: function.predecessors(),
        dominators: &dominators,
        effects,
        memory,
        function,
    };
    numbering.walk();
    let Numbering { mut substitution, changed, .. } = numbering;
    changed | substitution.apply(function)
}

struct Numbering<'a> {
    function: &'a mut Function,
    dominators: &'a Dominators,
    effects: &'a Effects,
    predecessors: Predecessors,
    substitution: Substitution,
    /// Operations, with their operands in regular order: the last instruction that does each, and its block. It counts where
    /// that dominates the current one; where it does not, nothing that comes later is dominated by it either.
    table: FxHashMap<Op, (Inst, Block)>,
    /// The current block.
    block: Block,
    facts: Facts,
    memory: Memory,
    /// What loads would give at the current place.
    available: Vec<Available>,
    /// How many instructions there were on the way of the dominator tree.
    now: u32,
    changed: bool,
}

/// A block of the dominator tree that is being walked.
struct Scope {
    block: Block,
    next_child: usize,
    facts_mark: usize,
    /// What loads would give at the end of the block; nothing once its last child was entered.
    exit: Vec<Available>,
    /// How many instructions there were until the end of the block.
    now: u32,
}

impl Numbering<'_> {
    fn walk(&mut self) {
        let mut scopes: Vec<Scope> = Vec::new();
        let first = self.enter(Function::ENTRY, None);
        scopes.push(first);
        while let Some(scope) = scopes.last_mut() {
            let rest = self.dominators.children(scope.block).get(scope.next_child..).unwrap_or_default();
            scope.next_child += 1;
            match rest.first().copied() {
                Some(child) => {
                    let is_last = rest.len() == 1;
                    let exit = if is_last { std::mem::take(&mut scope.exit) } else { scope.exit.clone() };
                    let parent = scope.block;
                    self.now = scope.now;
                    let scope = self.enter(child, Some((parent, exit)));
                    scopes.push(scope);
                }
                None => {
                    self.facts.leave(scope.facts_mark);
                    scopes.pop();
                }
            }
        }
    }

    fn enter(&mut self, block: Block, parent: Option<(Block, Vec<Available>)>) -> Scope {
        self.block = block;
        let scope_facts = self.facts.mark();
        if let Some((parent, exit)) = parent {
            let written = self.memory.written_between(parent, block, &self.predecessors);
            self.available = exit;
            self.available.retain(|entry| !written.may_alias(entry.access.region));
            self.edge_facts(block);
        }
        let insts = std::mem::take(&mut self.function.blocks[block].insts);
        let mut kept = Vec::with_capacity(insts.len());
        for inst in insts {
            self.visit(inst, &mut kept);
        }
        self.leave(block, &mut kept);
        self.function.blocks[block].insts = kept;
        Scope {
            block,
            next_child: 0,
            facts_mark: scope_facts,
            exit: std::mem::take(&mut self.available),
            now: self.now,
        }
    }

    /// What the only edge into a block says about conditions.
    fn edge_facts(&mut self, block: Block) {
        let Some(pred) = loops::sole_entry(self.dominators, &self.predecessors[block], block) else {
            return;
        };
        if let Terminator::Branch(condition, then, otherwise) = &self.function.blocks[pred].terminator
            && then.block != otherwise.block
        {
            let condition = self.substitution.resolve(*condition);
            self.facts.learn(self.function, condition, then.block == block);
        }
    }

    fn visit(&mut self, inst: Inst, kept: &mut Vec<Inst>) {
        let data = &mut self.function.insts[inst];
        data.op.map_operands(|value| self.substitution.resolve(value));
        let op = data.op.clone();
        let result = data.results.first().copied();
        self.now += u32::from(!matches!(op, Op::Const(_) | Op::BoolConst(_)));
        match &op {
            Op::Compare(condition, a, b) => {
                if let Some(truth) = self.facts.compare(*condition, *a, *b) {
                    self.function.insts[inst].op = Op::BoolConst(truth);
                    self.changed = true;
                    kept.push(inst);
                    return;
                }
                self.number(inst, &op, kept);
            }
            Op::Not(a) | Op::BoolToWord(a) => {
                if let (Some(truth), Some(result)) = (self.facts.get(*a), result) {
                    let truth = truth != matches!(op, Op::Not(_));
                    let ty = self.function.ty(result);
                    self.function.insts[inst].op = constant(ty, u64::from(truth));
                    self.changed = true;
                    kept.push(inst);
                    return;
                }
                self.number(inst, &op, kept);
            }
            Op::FailIf(condition, _) => match self.facts.get(*condition) {
                Some(false) => self.changed = true,
                Some(true) => {
                    // It always fails here; `simplify_cfg` cuts the block after a constant.
                    if !matches!(self.function.defining_op(*condition), Some(Op::BoolConst(_))) {
                        let truth = self.function.make_inst(Op::BoolConst(true), &[Type::Bool], None);
                        kept.push(truth);
                        if let Some(&value) = self.function.insts[truth].results.first() {
                            self.function.insts[inst].op.map_operands(|_| value);
                            self.changed = true;
                        }
                    }
                    kept.push(inst);
                }
                None => {
                    self.facts.learn(self.function, *condition, false);
                    kept.push(inst);
                }
            },
            Op::Checked(op, ty, a, b) => {
                let known = kept.len();
                self.number(inst, &Op::Checked(*op, *ty, *a, *b), kept);
                if kept.len() > known {
                    // From here on the wrapping result is the same, and some comparisons are decided.
                    self.insert(key(&Op::Binary(op.wrapping(), *a, *b)), inst);
                    if let (IntType::U64, Some(result)) = (*ty, result) {
                        match op {
                            CheckedOp::Add => {
                                self.facts.holds(Condition::UnsignedGreaterEqual, result, *a);
                                self.facts.holds(Condition::UnsignedGreaterEqual, result, *b);
                            }
                            CheckedOp::Sub => self.facts.holds(Condition::UnsignedGreaterEqual, *a, *b),
                            CheckedOp::Mul => {}
                        }
                    }
                }
            }
            Op::Load(access) => {
                if let (Some(found), Some(result)) =
                    (memory::find(&mut self.available, access, self.now), result)
                {
                    self.changed = true;
                    match found.narrowed {
                        None => self.substitution.replace(result, found.value),
                        Some(ty) => {
                            self.function.insts[inst].op = Op::Extend(ty, found.value);
                            let op = self.function.insts[inst].op.clone();
                            self.number(inst, &op, kept);
                        }
                    }
                    return;
                }
                if let Some(result) = result {
                    memory::add(
                        &mut self.available,
                        Available {
                            access: *access,
                            value: result,
                            narrowed: None,
                            used: self.now,
                            survived: false,
                        },
                    );
                }
                kept.push(inst);
            }
            Op::Store(access, value) => {
                self.memory.store(self.function, &mut self.available, access, (*value, self.now));
                kept.push(inst);
            }
            Op::Call(func, _) => {
                let effect = self.effects.call(*func);
                if effect.is_repeatable() {
                    self.number(inst, &op, kept);
                } else {
                    self.clobber(effect.writes);
                    kept.push(inst);
                }
            }
            Op::Syscall(..) => {
                self.clobber(Regions::SYSCALL);
                kept.push(inst);
            }
            Op::Const(_) | Op::BoolConst(_) | Op::DataAddress(_) | Op::Binary(..) | Op::Extend(..) => {
                self.number(inst, &op, kept);
            }
        }
    }

    fn clobber(&mut self, written: Regions) {
        self.available.retain(|entry| !written.may_alias(entry.access.region));
    }

    /// Keeps the instruction if its operation is new here; else makes the earlier one's results stand in for its.
    fn number(&mut self, inst: Inst, op: &Op, kept: &mut Vec<Inst>) {
        if let Some(earlier) = self.insert(key(op), inst) {
            let (new, old) = (&self.function.insts[earlier].results, &self.function.insts[inst].results);
            for (&old, &new) in old.iter().zip(new) {
                self.substitution.replace(old, new);
            }
            self.changed = true;
        } else {
            kept.push(inst);
        }
    }

    /// The instruction that does the operation where it dominates this place; if there is none, it is the given one from
    /// here on.
    fn insert(&mut self, key: Op, inst: Inst) -> Option<Inst> {
        match self.table.entry(key) {
            Entry::Occupied(mut known) => {
                let (earlier, block) = *known.get();
                if self.dominators.dominates(block, self.block) {
                    return Some(earlier);
                }
                known.insert((inst, self.block));
            }
            Entry::Vacant(place) => drop(place.insert((inst, self.block))),
        }
        None
    }

    /// The terminator: a branch on a known condition becomes one on a constant.
    fn leave(&mut self, block: Block, kept: &mut Vec<Inst>) {
        let mut terminator =
            std::mem::replace(&mut self.function.blocks[block].terminator, Terminator::Unreachable);
        terminator.map_operands(|value| self.substitution.resolve(value));
        if let Terminator::Branch(condition, ..) = &mut terminator
            && let Some(truth) = self.facts.get(*condition)
            && !matches!(self.function.defining_op(*condition), Some(Op::BoolConst(_)))
        {
            let inst = self.function.make_inst(Op::BoolConst(truth), &[Type::Bool], None);
            if let Some(&value) = self.function.insts[inst].results.first() {
                *condition = value;
                kept.push(inst);
                self.changed = true;
            }
        }
        self.function.blocks[block].terminator = terminator;
    }
}

/// The operation with operands in a regular order, so that equal results have equal keys.
fn key(op: &Op) -> Op {
    match op {
        Op::Binary(op, a, b) if op.is_commutative() && a > b => Op::Binary(*op, *b, *a),
        Op::Checked(op, ty, a, b) if *op != CheckedOp::Sub && a > b => Op::Checked(*op, *ty, *b, *a),
        Op::Compare(condition, a, b) if a > b => Op::Compare(condition.swapped(), *b, *a),
        op => op.clone(),
    }
}
