//! Writes the bytecode of a function: selected instructions with their registers, moves at the edges, jumps.
//!
//! An operand in a slot goes through a scratch register. A short block at the start of a loop is written again
//! where the loop jumps back to it, so that a round of the loop takes one branch. Start with [`Emitter::function`].

use super::allocate::Allocation;
use super::layout::Layout;
use super::moves::{Destination, Origin, sequence};
use super::opcode;
use super::select::{Edge, End, Form, Selected, SelectedBlock, Selection, Source, Test};
use crate::bytecode::{Instruction, Register, SCRATCH, WINDOW, offset};
use ovsm_base::Span;
use ovsm_ir::{Block, Failure, Func, Value};
use rustc_hash::FxHashMap;

/// The code of all functions so far.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) instructions: Vec<Instruction>,
    pub(super) constants: Vec<u64>,
    pub(super) spans: Vec<(u32, Option<Span>)>,
    /// The instructions that check something, and what they fail with.
    pub(super) failures: Vec<(u32, Failure)>,
    /// Calls, whose targets are not known before all functions are written.
    pub(super) calls: Vec<(usize, Func)>,
    constant_numbers: FxHashMap<u64, u32>,
}

impl Code {
    pub(super) fn next(&self) -> u32 {
        self.instructions.len() as u32
    }

    fn push(&mut self, instruction: Instruction) {
        self.instructions.push(instruction);
    }

    /// An instruction that may fail with `failure`.
    fn check(&mut self, instruction: Instruction, failure: Failure) {
        self.failures.push((self.next(), failure));
        self.instructions.push(instruction);
    }

    fn constant(&mut self, to: Register, word: u64) {
        let instruction = match i32::try_from(word as i64) {
            Ok(short) => Instruction::Constant(to, short),
            Err(_) => {
                let next = self.constants.len() as u32;
                let number = *self.constant_numbers.entry(word).or_insert(next);
                if number == next {
                    self.constants.push(word);
                }
                Instruction::WideConstant(to, number)
            }
        };
        self.push(instruction);
    }

    /// Instructions from here on come from this source.
    fn at(&mut self, span: Option<Span>) {
        let next = self.next();
        if self.spans.last().map_or(span.is_some(), |(_, last)| *last != span) {
            self.spans.push((next, span));
        }
    }
}

/// A register, or a slot at a frame offset.
enum Place {
    Register(Register),
    Slot(u32),
}

/// The place at a frame offset.
fn place(offset: u32) -> Place {
    match Register::try_from(offset) {
        Ok(register) => Place::Register(register),
        Err(_) => Place::Slot(offset),
    }
}

/// The scratch register of results that go to a slot or nowhere.
const RESULT: Register = SCRATCH[5];
/// The word of scratch of move sequences.
const RING: Register = SCRATCH[0];
/// What a move between two slots goes through.
const BETWEEN: Register = SCRATCH[1];

/// Longest body of a block that is written again at a jump back to it.
const MAX_REPEATED: usize = 2;

pub(super) struct Emitter<'a> {
    pub(super) code: &'a mut Code,
    pub(super) layout: &'a Layout,
    pub(super) selection: &'a Selection,
    pub(super) allocation: &'a Allocation,
    /// The first instruction of each block, by its place in the layout.
    starts: Vec<u32>,
    /// Jumps, whose targets are not known before all blocks are written.
    jumps: Vec<(usize, Block)>,
    /// The number of the next call.
    call: usize,
    /// The place in the layout of the current block.
    current: u32,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(
        code: &'a mut Code,
        layout: &'a Layout,
        selection: &'a Selection,
        allocation: &'a Allocation,
    ) -> Emitter<'a> {
        Emitter {
            code,
            layout,
            selection,
            allocation,
            starts: Vec::with_capacity(selection.blocks.len()),
            jumps: Vec::new(),
            call: 0,
            current: 0,
        }
    }

    /// Writes the whole function.
    pub(super) fn function(mut self) {
        self.code.at(None);
        if self.allocation.frame_size as usize > WINDOW {
            self.code.push(Instruction::Enter(self.allocation.frame_size));
        }
        let selection = self.selection;
        for (n, block) in selection.blocks.iter().enumerate() {
            self.current = n as u32;
            self.starts.push(self.code.next());
            for selected in &block.body {
                self.selected(selected);
            }
            self.code.at(None);
            self.end(&block.end, true);
        }
        for (jump, block) in &self.jumps {
            let place = self.layout.place.get(*block).copied().flatten();
            let start = place.and_then(|place| self.starts.get(place as usize));
            if let (Some(start), Some(instruction)) = (start, self.code.instructions.get_mut(*jump)) {
                *instruction = with_target(*instruction, *start);
            }
        }
    }

    fn selected(&mut self, selected: &Selected) {
        self.code.at(selected.span);
        if let Form::Call(callee, args) = &selected.form {
            return self.call(*callee, args, &selected.defs);
        }
        let mut registers: [Register; 5] = [0; 5];
        for ((register, value), scratch) in registers.iter_mut().zip(&selected.uses).zip(SCRATCH) {
            *register = self.read(*value, scratch);
        }
        let [a, b, ..] = registers;
        let result = selected.defs.first().and_then(|value| self.offset(*value)).map(place);
        let to = match result {
            Some(Place::Register(register)) => register,
            Some(Place::Slot(_)) | None => RESULT,
        };
        match &selected.form {
            Form::Constant(word) => self.code.constant(to, *word),
            Form::Three(form) => self.code.push(form(to, a, b)),
            Form::TwoImmediate(form, word) => self.code.push(form(to, a, *word)),
            Form::Checked(op, ty) => self.code.push(Instruction::Checked(*op, *ty, to, a, b)),
            Form::CheckedImmediate(op, ty, word) => {
                self.code.push(Instruction::CheckedImmediate(*op, *ty, to, a, *word));
            }
            Form::Extend(ty) => self.code.push(Instruction::Extend(*ty, to, a)),
            Form::Not => self.code.push(Instruction::Not(to, a)),
            Form::Compare(condition) => self.code.push(Instruction::Compare(*condition, to, a, b)),
            Form::CompareImmediate(condition, word) => {
                self.code.push(Instruction::CompareImmediate(*condition, to, a, *word));
            }
            Form::Store(form, offset) => self.code.push(form(a, b, *offset)),
            Form::Fail(failure) => self.code.check(Instruction::Fail, *failure),
            Form::FailIf(failure) => self.code.check(Instruction::FailIf(a), *failure),
            Form::FailUnless(failure) => self.code.check(Instruction::FailUnless(a), *failure),
            Form::FailPair(form, failure) => self.code.check(form(a, b), *failure),
            Form::FailImmediate(form, failure, word) => self.code.check(form(a, *word), *failure),
            Form::Syscall(syscall) => self.code.push(Instruction::Syscall(*syscall, to, registers)),
            Form::Call(..) => {}
        }
        if let Some(Place::Slot(slot)) = result {
            self.code.push(Instruction::StoreSlot(RESULT, slot));
        }
    }

    fn call(&mut self, callee: Func, args: &[Source], results: &[Value]) {
        let window = self.allocation.windows.get(self.call).copied().unwrap_or(0);
        self.call += 1;
        let base = u32::from(window);
        let args = args.iter().enumerate().map(|(n, arg)| (base + offset(n as u32), self.origin(*arg)));
        let args = sequence(args.collect::<Vec<_>>());
        self.moves(&args);
        self.code.calls.push((self.code.instructions.len(), callee));
        self.code.push(Instruction::Call(window, 0));
        let results = results
            .iter()
            .enumerate()
            .filter_map(|(n, result)| Some((self.offset(*result)?, Origin::Place(base + offset(n as u32)))));
        let results = sequence(results.collect::<Vec<_>>());
        self.moves(&results);
    }

    /// Writes the end of a block. `repeats` allows to write the block after a jump back again.
    fn end(&mut self, end: &End, repeats: bool) {
        match end {
            End::Jump(edge) => {
                let moves = self.edge_moves(edge);
                self.moves(&moves);
                self.goes_to(edge.block, true, repeats);
            }
            End::Branch(test, then, otherwise) => self.branch(*test, then, otherwise, repeats),
            End::Return(sources) => self.returns(sources),
            End::Fail(failure) => self.code.check(Instruction::Fail, *failure),
            End::Unreachable => self.code.push(Instruction::Unreachable),
        }
    }

    fn branch(&mut self, test: Test, then: &Edge, otherwise: &Edge, repeats: bool) {
        let then_moves = self.edge_moves(then);
        let otherwise_moves = self.edge_moves(otherwise);
        let then_is_next = self.is_next(then.block);
        if otherwise_moves.is_empty() && (then_is_next || !then_moves.is_empty()) {
            self.branch_to(test.negated(), otherwise.block);
            self.moves(&then_moves);
            self.goes_to(then.block, true, repeats);
        } else if then_moves.is_empty() {
            self.branch_to(test, then.block);
            self.moves(&otherwise_moves);
            self.goes_to(otherwise.block, true, repeats);
        } else {
            // Both edges have moves. The one to the next block comes last.
            let (test, first, first_moves, last, last_moves) = if then_is_next {
                (test, otherwise, otherwise_moves, then, then_moves)
            } else {
                (test.negated(), then, then_moves, otherwise, otherwise_moves)
            };
            let to_last = self.test(test);
            self.moves(&first_moves);
            self.goes_to(first.block, false, false);
            let here = self.code.next();
            self.land(to_last, here);
            self.moves(&last_moves);
            self.goes_to(last.block, true, repeats);
        }
    }

    /// Goes on at a block, at the end of the current one if `last`.
    fn goes_to(&mut self, block: Block, last: bool, repeats: bool) {
        if last && self.is_next(block) {
            return;
        }
        if let Some(header) = self.repeated(block).filter(|_| repeats && last) {
            for selected in &header.body {
                self.selected(selected);
            }
            self.code.at(None);
            return self.end(&header.end, false);
        }
        self.jumps.push((self.code.instructions.len(), block));
        self.code.push(Instruction::Jump(0));
    }

    /// The block, if a jump back to it is better replaced by a copy of it: it is short and ends in a branch.
    fn repeated(&self, block: Block) -> Option<&'a SelectedBlock> {
        let place = self.layout.place.get(block).copied().flatten().filter(|place| *place <= self.current)?;
        let selection = self.selection;
        let header = selection.blocks.get(place as usize)?;
        let is_short = header.body.len() <= MAX_REPEATED
            && header.body.iter().all(|selected| !matches!(selected.form, Form::Call(..)))
            && header.end.edges().map(|edge| edge.moves.len()).sum::<usize>() <= 2 * MAX_REPEATED;
        (is_short && matches!(header.end, End::Branch(..))).then_some(header)
    }

    fn is_next(&self, block: Block) -> bool {
        self.layout.place.get(block).copied().flatten() == Some(self.current + 1)
    }

    fn branch_to(&mut self, test: Test, block: Block) {
        if let Some(jump) = self.test(test) {
            self.jumps.push((jump, block));
        }
    }

    /// Sets the target of a branch of [`Emitter::test`] that stays within the block.
    fn land(&mut self, jump: Option<usize>, target: u32) {
        if let Some(instruction) = jump.and_then(|jump| self.code.instructions.get_mut(jump)) {
            *instruction = with_target(*instruction, target);
        }
    }

    /// Writes a branch that is taken if the test holds. Gives the instruction that needs the target.
    fn test(&mut self, test: Test) -> Option<usize> {
        let instruction = match test {
            Test::Truth(value, truth) => {
                let register = self.read(value, SCRATCH[0]);
                if truth {
                    Instruction::BranchIf(register, 0)
                } else {
                    Instruction::BranchUnless(register, 0)
                }
            }
            Test::Compare(condition, a, b) => {
                let (a, b) = (self.read(a, SCRATCH[0]), self.read(b, SCRATCH[1]));
                match opcode::branch_pair(condition) {
                    (form, false) => form(a, b, 0),
                    (form, true) => form(b, a, 0),
                }
            }
            Test::Immediate(condition, value, word) => {
                let register = self.read(value, SCRATCH[0]);
                match opcode::branch_immediate(condition, word) {
                    Some((form, word)) => form(register, word, 0),
                    // The words that branches take leave out those for which this means anything else.
                    None => Instruction::Jump(0),
                }
            }
        };
        self.code.push(instruction);
        self.code.instructions.len().checked_sub(1)
    }

    fn returns(&mut self, sources: &[Source]) {
        if let [source] = sources {
            let register = match source {
                Source::Value(value) => self.read(*value, RESULT),
                Source::Word(word) => {
                    self.code.constant(RESULT, *word);
                    RESULT
                }
            };
            return self.code.push(Instruction::ReturnValue(register));
        }
        let moves = sources.iter().enumerate().map(|(n, source)| (offset(n as u32), self.origin(*source)));
        let moves = sequence(moves.collect::<Vec<_>>());
        self.moves(&moves);
        self.code.push(Instruction::Return);
    }

    fn edge_moves(&self, edge: &Edge) -> Vec<(Destination, Origin)> {
        sequence(
            edge.moves
                .iter()
                .filter_map(|(param, source)| Some((self.offset(*param)?, self.origin(*source)))),
        )
    }

    fn moves(&mut self, moves: &[(Destination, Origin)]) {
        for (to, from) in moves {
            let to = match to {
                Destination::Place(offset) => place(*offset),
                Destination::Scratch => Place::Register(RING),
            };
            let from = match from {
                Origin::Place(offset) => place(*offset),
                Origin::Scratch => Place::Register(RING),
                Origin::Word(word) => match to {
                    Place::Register(to) => {
                        self.code.constant(to, *word);
                        continue;
                    }
                    Place::Slot(_) => {
                        self.code.constant(BETWEEN, *word);
                        Place::Register(BETWEEN)
                    }
                },
            };
            match (to, from) {
                (Place::Register(to), Place::Register(from)) => self.code.push(Instruction::Move(to, from)),
                (Place::Register(to), Place::Slot(from)) => self.code.push(Instruction::LoadSlot(to, from)),
                (Place::Slot(to), Place::Register(from)) => self.code.push(Instruction::StoreSlot(from, to)),
                (Place::Slot(to), Place::Slot(from)) => {
                    self.code.push(Instruction::LoadSlot(BETWEEN, from));
                    self.code.push(Instruction::StoreSlot(BETWEEN, to));
                }
            }
        }
    }

    fn origin(&self, source: Source) -> Origin {
        match source {
            Source::Value(value) => Origin::Place(self.offset(value).unwrap_or(0)),
            Source::Word(word) => Origin::Word(word),
        }
    }

    fn offset(&self, value: Value) -> Option<u32> {
        self.allocation.offsets.get(value).copied().flatten()
    }

    /// The register with a value: its own, or the given one, which is loaded from the value's slot.
    fn read(&mut self, value: Value, scratch: Register) -> Register {
        match self.offset(value).map(place) {
            Some(Place::Register(register)) => register,
            Some(Place::Slot(slot)) => {
                self.code.push(Instruction::LoadSlot(scratch, slot));
                scratch
            }
            // Only unused values have no place.
            None => scratch,
        }
    }
}

/// The same jump to another target.
fn with_target(instruction: Instruction, target: u32) -> Instruction {
    match instruction {
        Instruction::Jump(_) => Instruction::Jump(target),
        Instruction::BranchIf(a, _) => Instruction::BranchIf(a, target),
        Instruction::BranchUnless(a, _) => Instruction::BranchUnless(a, target),
        Instruction::BranchEqual(a, b, _) => Instruction::BranchEqual(a, b, target),
        Instruction::BranchNotEqual(a, b, _) => Instruction::BranchNotEqual(a, b, target),
        Instruction::BranchUnsignedLess(a, b, _) => Instruction::BranchUnsignedLess(a, b, target),
        Instruction::BranchUnsignedLessEqual(a, b, _) => Instruction::BranchUnsignedLessEqual(a, b, target),
        Instruction::BranchSignedLess(a, b, _) => Instruction::BranchSignedLess(a, b, target),
        Instruction::BranchSignedLessEqual(a, b, _) => Instruction::BranchSignedLessEqual(a, b, target),
        Instruction::BranchEqualImmediate(a, word, _) => Instruction::BranchEqualImmediate(a, word, target),
        Instruction::BranchNotEqualImmediate(a, word, _) => {
            Instruction::BranchNotEqualImmediate(a, word, target)
        }
        Instruction::BranchUnsignedLessImmediate(a, word, _) => {
            Instruction::BranchUnsignedLessImmediate(a, word, target)
        }
        Instruction::BranchUnsignedGreaterImmediate(a, word, _) => {
            Instruction::BranchUnsignedGreaterImmediate(a, word, target)
        }
        Instruction::BranchSignedLessImmediate(a, word, _) => {
            Instruction::BranchSignedLessImmediate(a, word, target)
        }
        Instruction::BranchSignedGreaterImmediate(a, word, _) => {
            Instruction::BranchSignedGreaterImmediate(a, word, target)
        }
        other => other,
    }
}
