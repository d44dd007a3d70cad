//! Range analysis: bounds of every word from constants, widths, masks, and the branches and checks on the way, and
//! what they prove: that checked arithmetic can not overflow and that checks can not fail.
//!
//! Walks the dominator tree with scoped intervals. Parameters of blocks start from nothing and grow over a few
//! sweeps; what keeps growing is widened to the end, and one more sweep takes back what the loop condition bounds.
//! Relations between two unknown words come from `super::facts`.

mod interval;

use super::facts::Facts;
use super::sccp::constant;
use super::substitution::Substitution;
use super::{loops, memory_bounds};
use crate::dominators::Dominators;
use crate::function::{Block, Function, Inst, Predecessors, Type, Value};
use crate::machine::INPUT_BASE;
use crate::op::{BinaryOp, CheckedOp, Condition, Op, Terminator};
use interval::Interval;
use ovsm_base::IntType;
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashMap;

/// Sweeps before bounds that still move are widened.
const PLAIN_SWEEPS: usize = 2;
/// Sweeps after which parameters that still move are given up.
const MAX_SWEEPS: usize = 8;
/// No region of memory is larger.
const INPUT_REGION: u64 = 1 << 32;
/// Functions beyond this many instructions are left alone.
const MAX_INSTS: usize = 200_000;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    if function.insts.len() > MAX_INSTS {
        return false;
    }
    let dominators = Dominators::new(function);
    let predecessors = function.predecessors();
    let bounded = memory_bounds::find(function, &dominators, &predecessors);
    let mut params = IndexVec::from_elem(None, function.values.len());
    for (param, range) in arriving(function) {
        params[param] = Some(range);
    }
    // Without loops, arguments are seen before the parameters that they are for, in the only walk.
    let repeats = loops::any(function);
    if repeats {
        params = solve(function, &dominators, &predecessors, &bounded, params);
    }
    let mut substitution = Substitution::new(function);
    let changed = {
        let mut walk = Walk::new(function, &dominators, &predecessors, &bounded, &params, !repeats);
        walk.rewrites = Some(Vec::new());
        walk.sweep();
        let rewrites = walk.rewrites.unwrap_or_default();
        apply(function, rewrites, &mut substitution)
    };
    changed | substitution.apply(function)
}

/// What the parameters of the function can be. The input starts at a known address; that it counts as any address of
/// its region keeps the parameter, which has it in a register, from being replaced by a constant, which has not.
fn arriving(function: &Function) -> impl Iterator<Item = (Value, Interval)> {
    let input = Interval::unsigned(INPUT_BASE, INPUT_BASE + INPUT_REGION);
    function.params().iter().enumerate().map(move |(place, &param)| {
        (param, if place == 0 && function.gets_input { input } else { Interval::FULL })
    })
}

/// The ranges of block parameters, by sweeps until nothing moves.
fn solve(
    function: &Function,
    dominators: &Dominators,
    predecessors: &Predecessors,
    bounded: &FxHashMap<Value, (u64, u64)>,
    mut params: IndexVec<Value, Option<Interval>>,
) -> IndexVec<Value, Option<Interval>> {
    for sweep in 0..MAX_SWEEPS {
        let next = Walk::new(function, dominators, predecessors, bounded, &params, true).sweep();
        let mut moved = false;
        for (value, incoming) in next.iter_enumerated() {
            let Some(incoming) = *incoming else {
                continue;
            };
            let grown = match params[value] {
                None => incoming,
                Some(old) if sweep < PLAIN_SWEEPS => old.join(incoming),
                Some(old) => old.widen(old.join(incoming)),
            };
            if params[value] != Some(grown) {
                params[value] = Some(grown);
                moved = true;
            }
        }
        if !moved {
            // What the last sweep saw lies within what it assumed, and takes back what widening lost.
            return next;
        }
    }
    IndexVec::from_elem(Some(Interval::FULL), function.values.len())
}

/// A change that the ranges justify.
enum Rewrite {
    /// The instruction becomes this operation.
    Op(Inst, Op),
    /// The first value of an instruction is always the second value.
    Same(Value, Value),
    /// The check never fails.
    Drop(Block, Inst),
    /// The branch at the end of the block always goes this way.
    Branch(Block, bool),
}

fn apply(function: &mut Function, rewrites: Vec<Rewrite>, substitution: &mut Substitution) -> bool {
    let changed = !rewrites.is_empty();
    let mut dropped = IndexVec::<Inst, bool>::from_elem(false, function.insts.len());
    let mut touched = Vec::new();
    for rewrite in rewrites {
        match rewrite {
            Rewrite::Op(inst, op) => function.insts[inst].op = op,
            Rewrite::Same(old, new) => substitution.replace(old, new),
            Rewrite::Drop(block, inst) => {
                dropped[inst] = true;
                touched.push(block);
            }
            Rewrite::Branch(block, truth) => {
                let value = function.append_value(block, Op::BoolConst(truth), Type::Bool, None);
                if let Terminator::Branch(condition, ..) = &mut function.blocks[block].terminator {
                    *condition = value;
                }
            }
        }
    }
    touched.dedup();
    for block in touched {
        let is_dropped = |inst: &Inst| dropped.get(*inst).copied().unwrap_or(false);
        function.blocks[block].insts.retain(|inst| !is_dropped(inst));
    }
    changed
}

struct Walk<'a> {
    function: &'a Function,
    dominators: &'a Dominators,
    predecessors: &'a Predecessors,
    /// The ranges of block parameters that this sweep starts from; `None` is nothing yet.
    params: &'a IndexVec<Value, Option<Interval>>,
    /// Counters that memory bounds.
    bounded: &'a FxHashMap<Value, (u64, u64)>,
    /// True while ranges grow: then arguments seen in this sweep count at once.
    growing: bool,
    /// What this sweep saw as arguments.
    incoming: IndexVec<Value, Option<Interval>>,
    /// The ranges at the current place.
    ranges: IndexVec<Value, Interval>,
    /// Ranges to restore when a scope ends.
    log: Vec<(Value, Interval)>,
    facts: Facts,
    rewrites: Option<Vec<Rewrite>>,
}

impl<'a> Walk<'a> {
    fn new(
        function: &'a Function,
        dominators: &'a Dominators,
        predecessors: &'a Predecessors,
        bounded: &'a FxHashMap<Value, (u64, u64)>,
        params: &'a IndexVec<Value, Option<Interval>>,
        growing: bool,
    ) -> Walk<'a> {
        let mut incoming = IndexVec::from_elem(None, function.values.len());
        for (param, range) in arriving(function) {
            incoming[param] = Some(range);
        }
        Walk {
            function,
            dominators,
            predecessors,
            bounded,
            params,
            growing,
            incoming,
            ranges: IndexVec::from_elem(Interval::FULL, function.values.len()),
            log: Vec::new(),
            facts: Facts::default(),
            rewrites: None,
        }
    }

    /// One walk over the dominator tree. Returns what the parameters got.
    fn sweep(&mut self) -> IndexVec<Value, Option<Interval>> {
        // A block, its next child, and the marks to return to.
        let mut scopes: Vec<(Block, usize, usize, usize)> = Vec::new();
        scopes.push((Function::ENTRY, 0, 0, 0));
        self.enter(Function::ENTRY);
        while let Some((block, next, log, facts)) = scopes.last_mut() {
            let child = self.dominators.children(*block).get(*next).copied();
            *next += 1;
            match child {
                Some(child) => {
                    scopes.push((child, 0, self.log.len(), self.facts.mark()));
                    self.enter(child);
                }
                None => {
                    let (log, facts) = (*log, *facts);
                    self.restore(log);
                    self.facts.leave(facts);
                    scopes.pop();
                }
            }
        }
        std::mem::take(&mut self.incoming)
    }

    fn restore(&mut self, mark: usize) {
        while self.log.len() > mark {
            if let Some((value, range)) = self.log.pop() {
                self.ranges[value] = range;
            }
        }
    }

    fn set(&mut self, value: Value, range: Interval) {
        let old = self.ranges[value];
        if old != range {
            self.log.push((value, old));
            self.ranges[value] = range;
        }
    }

    fn enter(&mut self, block: Block) {
        let function = self.function;
        let data = &function.blocks[block];
        for &param in &data.params {
            let known = match (self.params[param], self.incoming[param]) {
                (Some(old), Some(seen)) if self.growing => Some(old.join(seen)),
                (None, seen) if self.growing => seen,
                (old, _) => old,
            };
            // Nothing known: the block is not reached yet, or never.
            let range = known.unwrap_or(Interval::FULL);
            let range = if function.ty(param) == Type::Bool {
                range.intersect(Interval::truth()).unwrap_or(Interval::truth())
            } else {
                match self.bounded.get(&param) {
                    Some((low, high)) => {
                        let bound = Interval::unsigned(*low, *high);
                        range.intersect(bound).unwrap_or(bound)
                    }
                    None => range,
                }
            };
            self.set(param, range);
        }
        if let Some(pred) = loops::sole_entry(self.dominators, &self.predecessors[block], block)
            && let Terminator::Branch(condition, then, otherwise) = &function.blocks[pred].terminator
            && then.block != otherwise.block
        {
            self.assume(*condition, then.block == block);
        }
        for &inst in &data.insts {
            self.visit(block, inst);
        }
        self.leave(block);
    }

    /// Learns that a truth value is `truth` from here on. False if that can not be.
    fn assume(&mut self, condition: Value, truth: bool) -> bool {
        self.facts.learn(self.function, condition, truth);
        self.narrow(condition, truth)
    }

    /// The part of [`Walk::assume`] that concerns ranges.
    fn narrow(&mut self, condition: Value, truth: bool) -> bool {
        self.set(condition, Interval::constant(u64::from(truth)));
        let (mut condition, mut truth) = (condition, truth);
        while let Some(Op::Not(inner)) = self.function.defining_op(condition) {
            condition = *inner;
            truth = !truth;
            self.set(condition, Interval::constant(u64::from(truth)));
        }
        let Some(Op::Compare(relation, a, b)) = self.function.defining_op(condition) else {
            return true;
        };
        let relation = if truth { *relation } else { relation.negated() };
        let (old_a, old_b) = (self.ranges[*a], self.ranges[*b]);
        let (new_a, new_b) = (old_a.refine(relation, old_b), old_b.refine(relation.swapped(), old_a));
        let (Some(new_a), Some(new_b)) = (new_a, new_b) else {
            return false;
        };
        self.set(*a, new_a);
        self.set(*b, new_b);
        true
    }

    fn visit(&mut self, block: Block, inst: Inst) {
        let data = &self.function.insts[inst];
        if let Op::FailIf(condition, _) = data.op {
            if self.truth(condition) == Some(false) {
                self.rewrite(|| Rewrite::Drop(block, inst));
            }
            self.assume(condition, false);
            return;
        }
        let Some(&result) = data.results.first() else {
            return;
        };
        let range = self.evaluate(&data.op);
        self.set(result, range);
        if self.rewrites.is_some() {
            self.improve(inst, &data.op, result, range);
        }
        self.relations(&data.op, result);
    }

    fn evaluate(&self, op: &Op) -> Interval {
        let of = |value: Value| self.ranges[value];
        match op {
            Op::Const(word) => Interval::constant(*word),
            Op::BoolConst(truth) => Interval::constant(u64::from(*truth)),
            Op::Binary(op, a, b) => {
                let range = Interval::binary(*op, of(*a), of(*b));
                // A difference that does not wrap is at most its first operand.
                if *op == BinaryOp::Sub && self.ordered(*a, *b) {
                    range.intersect(Interval::unsigned(0, of(*a).high)).unwrap_or(range)
                } else {
                    range
                }
            }
            Op::Checked(op, ty, a, b) => Interval::checked(*op, *ty, of(*a), of(*b)),
            Op::Extend(ty, a) => {
                let all = Interval::of_type(*ty);
                if of(*a).intersect(all) == Some(of(*a)) { of(*a) } else { all }
            }
            Op::Compare(condition, a, b) => match self.decide(*condition, *a, *b) {
                Some(truth) => Interval::constant(u64::from(truth)),
                None => Interval::truth(),
            },
            Op::Not(a) => match self.truth(*a) {
                Some(truth) => Interval::constant(u64::from(!truth)),
                None => Interval::truth(),
            },
            Op::BoolToWord(a) => match self.truth(*a) {
                Some(truth) => Interval::constant(u64::from(truth)),
                None => Interval::truth(),
            },
            Op::Load(access) => Interval::unsigned(0, super::bounds::loaded(access)),
            Op::DataAddress(_) | Op::Store(..) | Op::FailIf(..) | Op::Call(..) | Op::Syscall(..) => {
                Interval::FULL
            }
        }
    }

    fn decide(&self, condition: Condition, a: Value, b: Value) -> Option<bool> {
        let known = Interval::compare(condition, self.ranges[a], self.ranges[b]);
        known.or_else(|| self.facts.compare(condition, a, b))
    }

    /// What a truth value is here, also by looking at the comparison that made it with what is known by now.
    fn truth(&self, value: Value) -> Option<bool> {
        if let Some(word) = self.ranges[value].as_constant() {
            return Some(word != 0);
        }
        match self.function.defining_op(value) {
            Some(Op::Compare(condition, a, b)) => self.decide(*condition, *a, *b),
            _ => None,
        }
    }

    /// True if `a >= b` is known, unsigned.
    fn ordered(&self, a: Value, b: Value) -> bool {
        self.decide(Condition::UnsignedGreaterEqual, a, b) == Some(true)
    }

    /// What the result of arithmetic says about its order with the operands.
    fn relations(&mut self, op: &Op, result: Value) {
        match op {
            Op::Checked(CheckedOp::Sub, IntType::U8 | IntType::U16 | IntType::U32 | IntType::U64, a, b) => {
                self.facts.holds(Condition::UnsignedGreaterEqual, *a, *b);
                self.difference(*a, *b, result);
            }
            Op::Binary(BinaryOp::Sub, a, b) if self.ordered(*a, *b) => self.difference(*a, *b, result),
            Op::Binary(BinaryOp::Add, a, b) => {
                let (x, y) = (self.ranges[*a], self.ranges[*b]);
                // x + (2^64 - c) with x >= c is x - c.
                if let Some(word) = y.as_constant()
                    && word != 0
                    && x.low >= word.wrapping_neg()
                {
                    self.facts.holds(Condition::UnsignedLess, result, *a);
                } else if Interval::fits(CheckedOp::Add, IntType::U64, x, y) {
                    self.sum(*a, *b, result);
                }
            }
            Op::Checked(CheckedOp::Add, IntType::U8 | IntType::U16 | IntType::U32 | IntType::U64, a, b) => {
                self.sum(*a, *b, result);
            }
            Op::Binary(BinaryOp::UnsignedRem, _, b) => self.facts.holds(Condition::UnsignedLess, result, *b),
            Op::Binary(BinaryOp::UnsignedDiv | BinaryOp::ShiftRightLogical, a, _) => {
                self.facts.holds(Condition::UnsignedLessEqual, result, *a);
            }
            _ => {}
        }
    }

    fn difference(&mut self, a: Value, b: Value, result: Value) {
        let positive = self.ranges[b].low > 0;
        let relation = if positive { Condition::UnsignedLess } else { Condition::UnsignedLessEqual };
        self.facts.holds(relation, result, a);
    }

    fn sum(&mut self, a: Value, b: Value, result: Value) {
        for (term, other) in [(a, b), (b, a)] {
            let positive = self.ranges[other].low > 0;
            let relation =
                if positive { Condition::UnsignedGreater } else { Condition::UnsignedGreaterEqual };
            self.facts.holds(relation, result, term);
        }
    }

    fn rewrite(&mut self, make: impl FnOnce() -> Rewrite) {
        if let Some(rewrites) = &mut self.rewrites {
            rewrites.push(make());
        }
    }

    /// Finds a cheaper operation with the same result.
    fn improve(&mut self, inst: Inst, op: &Op, result: Value, range: Interval) {
        let nonnegative = |range: Interval| range.signed_low >= 0;
        match op {
            Op::Const(_) | Op::BoolConst(_) => {}
            Op::Checked(op, ty, a, b) => {
                let (x, y) = (self.ranges[*a], self.ranges[*b]);
                let within = |range: Interval| range.intersect(Interval::of_type(*ty)) == Some(range);
                let fits = Interval::fits(*op, *ty, x, y)
                    || (*op == CheckedOp::Sub && !ty.is_signed() && within(x) && self.ordered(*a, *b));
                if fits {
                    let op = Op::Binary(op.wrapping(), *a, *b);
                    self.rewrite(|| Rewrite::Op(inst, op));
                }
            }
            _ if matches!(op, Op::Load(_) | Op::Call(..) | Op::Syscall(..) | Op::DataAddress(_)) => {}
            _ if range.as_constant().is_some() => {
                let op = constant(self.function.ty(result), range.low);
                self.rewrite(|| Rewrite::Op(inst, op));
            }
            Op::Extend(ty, a) => {
                let x = self.ranges[*a];
                if x.intersect(Interval::of_type(*ty)) == Some(x) {
                    let a = *a;
                    self.rewrite(|| Rewrite::Same(result, a));
                }
            }
            Op::Binary(BinaryOp::And, a, b) => {
                let (x, y) = (self.ranges[*a], self.ranges[*b]);
                // A mask of low ones that covers every value does nothing.
                if let Some(mask) = y.as_constant()
                    && super::bounds::ones_above(x.high) & !mask == 0
                {
                    let a = *a;
                    self.rewrite(|| Rewrite::Same(result, a));
                }
            }
            Op::Binary(op @ (BinaryOp::SignedDiv | BinaryOp::SignedRem), a, b)
                if nonnegative(self.ranges[*a]) && nonnegative(self.ranges[*b]) =>
            {
                let unsigned =
                    if *op == BinaryOp::SignedDiv { BinaryOp::UnsignedDiv } else { BinaryOp::UnsignedRem };
                let op = Op::Binary(unsigned, *a, *b);
                self.rewrite(|| Rewrite::Op(inst, op));
            }
            Op::Binary(BinaryOp::ShiftRightArithmetic, a, b) if nonnegative(self.ranges[*a]) => {
                let op = Op::Binary(BinaryOp::ShiftRightLogical, *a, *b);
                self.rewrite(|| Rewrite::Op(inst, op));
            }
            Op::Binary(BinaryOp::UnsignedRem, a, b)
                if self.decide(Condition::UnsignedLess, *a, *b) == Some(true) =>
            {
                let a = *a;
                self.rewrite(|| Rewrite::Same(result, a));
            }
            _ => {}
        }
    }

    /// The terminator: what the targets get as arguments, each with what its edge says.
    fn leave(&mut self, block: Block) {
        let function = self.function;
        match &function.blocks[block].terminator {
            Terminator::Jump(target) => self.pass(target),
            Terminator::Branch(condition, then, otherwise) => {
                let known = self.truth(*condition);
                if let Some(truth) = known
                    && !matches!(function.defining_op(*condition), Some(Op::BoolConst(_)))
                {
                    self.rewrite(|| Rewrite::Branch(block, truth));
                }
                for (target, truth) in [(then, true), (otherwise, false)] {
                    if known == Some(!truth) {
                        continue;
                    }
                    let log = self.log.len();
                    if self.narrow(*condition, truth) {
                        self.pass(target);
                    }
                    self.restore(log);
                }
            }
            Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable => {}
        }
    }

    fn pass(&mut self, target: &crate::op::Target) {
        for (&param, &arg) in self.function.blocks[target.block].params.iter().zip(&target.args) {
            let range = self.ranges[arg];
            let seen = &mut self.incoming[param];
            *seen = Some(seen.map_or(range, |seen| seen.join(range)));
        }
    }
}
