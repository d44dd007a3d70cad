//! The body of a generated function: its blocks, and the values in scope.

use super::{Generator, Kind};
use crate::failure::Failure;
use crate::function::{Block, Function, Type, Value};
use crate::op::{BinaryOp, Condition, Op, Target, Terminator};
use ovsm_base::syscall::Syscall;
use smallvec::SmallVec;

/// How deep conditionals and loops nest.
const MAX_DEPTH: usize = 4;
/// Fuel that one statement without a call takes at most.
const STATEMENT_COST: u64 = 64;

/// A function while it is generated.
pub(super) struct Body<'g, 'c> {
    pub(super) generator: &'g mut Generator<'c>,
    function: Function,
    results: Vec<Kind>,
    /// Where statements are added; `None` after a terminator.
    block: Option<Block>,
    /// The values that are defined here.
    scope: Vec<(Value, Kind)>,
    loops: Vec<Loop>,
    /// How often the current block runs at most.
    times: u64,
    /// Fuel that the blocks so far take at most.
    cost: u64,
}

/// A loop that the current block is in.
#[derive(Clone)]
struct Loop {
    header: Block,
    counter: Value,
    /// Parameters of the header after the counter.
    carried: Vec<Kind>,
    exit: Block,
    exit_kinds: Vec<Kind>,
}

impl<'g, 'c> Body<'g, 'c> {
    pub(super) fn new(
        generator: &'g mut Generator<'c>,
        name: String,
        params: &[Kind],
        results: &[Kind],
    ) -> Body<'g, 'c> {
        let types = |kinds: &[Kind]| kinds.iter().map(|kind| kind.ty()).collect::<Vec<Type>>();
        let function = Function::new(name, &types(params), &types(results));
        let scope = function.params().iter().copied().zip(params.iter().copied()).collect();
        Body {
            generator,
            function,
            results: results.to_vec(),
            block: Some(Function::ENTRY),
            scope,
            loops: Vec::new(),
            times: 1,
            cost: 0,
        }
    }

    /// Gives the function and the fuel that suffices for it.
    pub(super) fn generate(mut self, entry: bool) -> (Function, u64) {
        // Each function gets its share of the statements, and the entry what is left.
        let share = self.generator.config.statements / self.generator.count;
        let keep = if entry { 0 } else { self.generator.statements.saturating_sub(share) };
        if entry {
            self.load_input();
        }
        while self.block.is_some() && self.may_go_on() && self.generator.statements > keep {
            self.statement(0);
        }
        if self.block.is_some() {
            if entry {
                self.log_words();
            }
            self.leave();
        }
        (self.function, self.cost)
    }

    fn may_go_on(&self) -> bool {
        let room = self.generator.config.max_cost.saturating_sub(self.cost) / 2;
        !self.generator.choices.are_over() && room > self.times.saturating_mul(2 * STATEMENT_COST)
    }

    /// A few statements.
    fn statements(&mut self, depth: usize) {
        for _ in 0..=self.generator.choices.below(5) {
            if self.block.is_some() && self.may_go_on() && self.generator.statements > 0 {
                self.statement(depth);
            }
        }
    }

    fn statement(&mut self, depth: usize) {
        self.generator.statements = self.generator.statements.saturating_sub(1);
        let deeper = depth < MAX_DEPTH;
        match self.generator.choices.below(24) {
            0..12 => self.operation(),
            12..15 => self.call(),
            15..18 if deeper => self.conditional(depth + 1),
            18..20 if deeper => self.repetition(depth + 1),
            20 => self.selection(),
            21 if !self.loops.is_empty() => self.exit_loop(),
            22 if depth > 0 => self.end(),
            23 => self.check(),
            _ => self.operation(),
        }
    }

    /// `if` with or without an `else`, and values that both sides give.
    fn conditional(&mut self, depth: usize) {
        let Some(before) = self.block else { return };
        let condition = self.value(Kind::Bool);
        let kinds = self.generator.kinds(3);
        let has_else = !self.generator.choices.once_in(3);
        let outer = self.scope.len();
        let merge = self.new_block(&kinds);
        let then = self.new_block(&[]);
        let mut targets = [then, merge].map(Target::new);
        let [_, otherwise] = &mut targets;
        if has_else {
            otherwise.block = self.new_block(&[]);
        } else {
            otherwise.args = self.values(&kinds);
        }
        let [then, otherwise] = targets;
        let arms = [Some(then.block), has_else.then_some(otherwise.block)];
        self.function.blocks[before].terminator = Terminator::Branch(condition, then, otherwise);
        self.cost += self.times;
        let mut reached = !has_else;
        for arm in arms.into_iter().flatten() {
            self.block = Some(arm);
            self.statements(depth);
            if self.block.is_some() {
                let args = self.values(&kinds);
                self.terminate(Terminator::Jump(Target { block: merge, args }));
                reached = true;
            }
            self.scope.truncate(outer);
        }
        if self.generator.choices.once_in(16) {
            // A block that nothing reaches, but that reaches this one.
            self.block = Some(self.function.add_block());
            let args = self.values(&kinds);
            self.terminate(Terminator::Jump(Target { block: merge, args }));
            self.scope.truncate(outer);
        }
        if reached {
            self.enter(merge, &kinds);
        } else {
            // Without a predecessor that is reached, the merge block is dead, and must still end.
            self.function.blocks[merge].terminator = Terminator::Fail(Failure::Overflow);
        }
    }

    /// A loop that counts up to a small number.
    fn repetition(&mut self, depth: usize) {
        let outer_times = self.times;
        let rounds = 1 + self.generator.choices.below(6) as u64;
        if !self.affords(outer_times.saturating_mul(rounds + 1).saturating_mul(8 * STATEMENT_COST)) {
            return self.operation();
        }
        let limit = if self.generator.choices.below(3) == 0 {
            // Rounds that are known at run time only.
            let word = self.value(Kind::Word);
            let mask = self.constant(rounds.next_power_of_two() / 2);
            self.word(Op::Binary(BinaryOp::And, word, mask))
        } else {
            self.constant(rounds)
        };
        let start = self.constant(0);
        let carried = self.generator.kinds(3);
        let mut args: SmallVec<[Value; 4]> = SmallVec::from_slice(&[start]);
        args.extend(self.values(&carried));
        let outer = self.scope.len();
        let mut header_kinds = vec![Kind::Word];
        header_kinds.extend(&carried);
        let header = self.new_block(&header_kinds);
        self.terminate(Terminator::Jump(Target { block: header, args }));
        let Some(counter) = self.function.blocks[header].params.first().copied() else { return };
        let exit_kinds = self.generator.kinds(2);
        let body = self.new_block(&[]);
        let exit = self.new_block(&exit_kinds);
        self.times = outer_times * (rounds + 1);
        self.enter(header, &header_kinds);
        let more = self.bool(Op::Compare(Condition::UnsignedLess, counter, limit));
        let inner = self.scope.len();
        let args = self.values(&exit_kinds);
        self.scope.truncate(inner);
        let targets = (Target::new(body), Target { block: exit, args });
        self.terminate(Terminator::Branch(more, targets.0, targets.1));
        self.loops.push(Loop { header, counter, carried, exit, exit_kinds: exit_kinds.clone() });
        self.block = Some(body);
        self.statements(depth);
        if self.block.is_some() {
            let target = self.next_round();
            self.terminate(Terminator::Jump(target));
        }
        self.loops.pop();
        self.scope.truncate(outer);
        self.times = outer_times;
        self.enter(exit, &exit_kinds);
    }

    /// The jump from the innermost loop's body to its header.
    fn next_round(&mut self) -> Target {
        let Some(Loop { header, counter, carried, .. }) = self.loops.last().cloned() else {
            return Target::new(Function::ENTRY);
        };
        let one = self.constant(1);
        let next = self.word(Op::Binary(BinaryOp::Add, counter, one));
        let mut args: SmallVec<[Value; 4]> = SmallVec::from_slice(&[next]);
        args.extend(self.values(&carried));
        Target { block: header, args }
    }

    /// `break` or `continue` under a condition.
    fn exit_loop(&mut self) {
        let condition = self.value(Kind::Bool);
        let outer = self.scope.len();
        let target = if self.generator.choices.once_in(2) {
            self.next_round()
        } else {
            let Some(Loop { exit, exit_kinds, .. }) = self.loops.last().cloned() else { return };
            Target { block: exit, args: self.values(&exit_kinds) }
        };
        self.scope.truncate(outer);
        let rest = self.function.add_block();
        self.terminate(Terminator::Branch(condition, target, Target::new(rest)));
        self.block = Some(rest);
    }

    /// A branch to one block from both sides.
    fn selection(&mut self) {
        let condition = self.value(Kind::Bool);
        let mut kinds = self.generator.kinds(2);
        kinds.push(self.generator.kind());
        let merge = self.new_block(&kinds);
        let then = Target { block: merge, args: self.values(&kinds) };
        let otherwise = Target { block: merge, args: self.values(&kinds) };
        self.terminate(Terminator::Branch(condition, then, otherwise));
        self.enter(merge, &kinds);
    }

    /// Leaves the function early.
    fn end(&mut self) {
        match self.generator.choices.below(8) {
            0 => {
                let failure = self.generator.choices.pick(&Failure::ALL);
                self.terminate(Terminator::Fail(failure));
            }
            1 if let Some(abort) = Syscall::from_name("abort") => {
                self.append(Op::Syscall(abort, SmallVec::new()), &[Kind::Word]);
                self.terminate(Terminator::Unreachable);
            }
            _ => self.leave(),
        }
    }

    fn leave(&mut self) {
        let kinds = self.results.clone();
        let values = self.values(&kinds).into_iter().collect();
        self.terminate(Terminator::Return(values));
    }

    fn check(&mut self) {
        let condition = if self.generator.choices.once_in(4) {
            self.value(Kind::Bool)
        } else {
            // Seldom true.
            let word = self.value(Kind::Word);
            let other = self.constant_word();
            self.bool(Op::Compare(Condition::Equal, word, other))
        };
        let failure = self.generator.choices.pick(&Failure::ALL);
        self.append(Op::FailIf(condition, failure), &[]);
    }

    fn call(&mut self) {
        let rank = self.generator.choices.below(self.generator.signatures.len().max(1));
        let Some(callee) = self.generator.signatures.get(rank).cloned() else { return self.operation() };
        let cost = self.times.saturating_mul(callee.cost);
        if !self.affords(cost) {
            return self.operation();
        }
        self.cost += cost;
        let args = self.values(&callee.params);
        let number = self.generator.number(rank);
        self.append(Op::Call(number, args), &callee.results);
    }

    /// True if as much fuel may be spent besides that for one statement.
    fn affords(&self, cost: u64) -> bool {
        self.cost.saturating_add(cost).saturating_add(self.times * STATEMENT_COST)
            < self.generator.config.max_cost / 2
    }

    fn new_block(&mut self, kinds: &[Kind]) -> Block {
        let block = self.function.add_block();
        for kind in kinds {
            self.function.add_param(block, kind.ty());
        }
        block
    }

    /// Goes on in a block with these parameters.
    fn enter(&mut self, block: Block, kinds: &[Kind]) {
        self.block = Some(block);
        let params = &self.function.blocks[block].params;
        self.scope.extend(params.iter().copied().zip(kinds.iter().copied()));
    }

    fn terminate(&mut self, terminator: Terminator) {
        self.cost += self.times;
        if let Some(block) = self.block.take() {
            self.function.blocks[block].terminator = terminator;
        }
    }

    /// Appends an operation with results of these kinds, which come into scope.
    pub(super) fn append(&mut self, op: Op, kinds: &[Kind]) -> SmallVec<[Value; 1]> {
        let results = self.append_hidden(op, kinds);
        self.scope.extend(results.iter().copied().zip(kinds.iter().copied()));
        results
    }

    /// Appends an operation whose results nothing else may use.
    pub(super) fn append_hidden(&mut self, op: Op, kinds: &[Kind]) -> SmallVec<[Value; 1]> {
        self.cost += self.times;
        let Some(block) = self.block else { return SmallVec::new() };
        let types: SmallVec<[Type; 4]> = kinds.iter().map(|kind| kind.ty()).collect();
        let inst = self.function.append(block, op, &types, None);
        self.function.insts[inst].results.clone()
    }

    /// The values in scope.
    pub(super) fn scope(&self) -> &[(Value, Kind)] {
        &self.scope
    }

    pub(super) fn values(&mut self, kinds: &[Kind]) -> SmallVec<[Value; 4]> {
        kinds.iter().map(|kind| self.value(*kind)).collect()
    }
}
