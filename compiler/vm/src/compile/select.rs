//! Instruction selection: which bytecode instruction each operation of a function becomes, over values instead of
//! registers.
//!
//! Constants move into immediates, comparisons into the branches and checks that use them, and pure operations that
//! nothing uses disappear. A constant or comparison that some use can not absorb stays where it was. No register is
//! known here. Blocks are read backwards, so all uses of a value are seen before its definition.
//! Start with [`select`].

use super::layout::Layout;
use super::opcode::{self, FailImmediate, FailPair, Three, TwoImmediate};
use crate::bytecode::Instruction;
use ovsm_base::index::IndexVec;
use ovsm_base::syscall::Syscall;
use ovsm_base::{IntType, Span};
use ovsm_ir::dominators::Dominators;
use ovsm_ir::{
    BinaryOp, Block, CheckedOp, Condition, Data, Failure, Func, Function, Inst, Op, Target, Terminator,
    Value, ValueDef,
};
use smallvec::{SmallVec, smallvec};

/// An instruction with values for operands.
#[derive(Clone, Debug)]
pub(super) struct Selected {
    pub(super) form: Form,
    /// The values that it reads, in the order of the operands.
    pub(super) uses: SmallVec<[Value; 2]>,
    /// The values that it defines. Those that nothing uses are in `Selection::located` as false.
    pub(super) defs: SmallVec<[Value; 1]>,
    pub(super) span: Option<Span>,
}

/// What an instruction does, without its registers.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Constant(u64),
    Three(Three),
    TwoImmediate(TwoImmediate, i32),
    Checked(CheckedOp, IntType),
    CheckedImmediate(CheckedOp, IntType, i16),
    Extend(IntType),
    Not,
    Compare(Condition),
    CompareImmediate(Condition, i32),
    /// Uses: the word, then the address.
    Store(TwoImmediate, i32),
    Fail(Failure),
    FailIf(Failure),
    FailUnless(Failure),
    FailPair(FailPair, Failure),
    FailImmediate(FailImmediate, Failure, i32),
    /// The arguments; `uses` holds those that are values.
    Call(Func, SmallVec<[Source; 4]>),
    Syscall(Syscall),
}

/// Where the word of a move comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Value(Value),
    Word(u64),
}

/// How a block ends.
#[derive(Clone, Debug)]
pub(super) enum End {
    Jump(Edge),
    /// To the first edge if the test holds, else to the second.
    Branch(Test, Edge, Edge),
    Return(SmallVec<[Source; 2]>),
    Fail(Failure),
    Unreachable,
}

/// A jump with the moves that go with it.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) block: Block,
    /// Parameters that are used, with what they become. All at once.
    pub(super) moves: SmallVec<[(Value, Source); 4]>,
}

/// A condition that a branch can test.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test {
    /// The value is not 0; or is, if the flag is false.
    Truth(Value, bool),
    Compare(Condition, Value, Value),
    Immediate(Condition, Value, i32),
}

impl Source {
    pub(super) fn value(self) -> Option<Value> {
        match self {
            Source::Value(value) => Some(value),
            Source::Word(_) => None,
        }
    }
}

impl Test {
    pub(super) fn negated(self) -> Test {
        match self {
            Test::Truth(value, truth) => Test::Truth(value, !truth),
            Test::Compare(condition, a, b) => Test::Compare(condition.negated(), a, b),
            Test::Immediate(condition, a, word) => Test::Immediate(condition.negated(), a, word),
        }
    }

    pub(super) fn uses(self) -> SmallVec<[Value; 2]> {
        match self {
            Test::Truth(value, _) | Test::Immediate(_, value, _) => smallvec![value],
            Test::Compare(_, a, b) => smallvec![a, b],
        }
    }
}

/// A block after selection.
#[derive(Clone, Debug)]
pub(super) struct SelectedBlock {
    pub(super) block: Block,
    pub(super) body: Vec<Selected>,
    pub(super) end: End,
}

/// A function after selection.
#[derive(Debug)]
pub(super) struct Selection {
    /// Blocks in the order of the layout.
    pub(super) blocks: Vec<SelectedBlock>,
    /// True for the values that need a register: something reads them.
    pub(super) located: IndexVec<Value, bool>,
}

/// Selects instructions for all blocks of the layout. `data` has the address of each constant of the module.
pub(super) fn select(function: &Function, layout: &Layout, data: &IndexVec<Data, u64>) -> Selection {
    let mut home = IndexVec::from_elem(None, function.insts.len());
    let mut used_params = IndexVec::from_elem(false, function.values.len());
    for block in &layout.order {
        let data = &function.blocks[*block];
        for inst in &data.insts {
            home[*inst] = Some(*block);
        }
        let mut mark = |value: Value| {
            if let Some(used) = used_params.get_mut(value) {
                *used = true;
            }
        };
        data.insts.iter().for_each(|inst| function.insts[*inst].op.for_each_operand(&mut mark));
        data.terminator.for_each_operand(&mut mark);
    }
    let has_loops = layout.depth.iter().any(|depth| *depth > 0);
    let mut selector = Selector {
        function,
        layout,
        dominators: has_loops.then(|| Dominators::new(function)),
        data,
        hoisted: IndexVec::from_elem(Vec::new(), function.blocks.len()),
        hoisted_count: 0,
        home,
        used_params,
        located: IndexVec::from_elem(false, function.values.len()),
    };
    let mut blocks: Vec<SelectedBlock> =
        layout.order.iter().rev().map(|block| selector.block(*block)).collect();
    blocks.reverse();
    Selection { blocks, located: selector.located }
}

/// How many constants of a function may move out of loops: each takes a register for long.
const MAX_HOISTED: usize = 64;

/// A condition that may be known already.
enum Decided {
    Constant(bool),
    Test(Test),
}

type Fits = fn(Condition, i32) -> bool;

struct Selector<'a> {
    function: &'a Function,
    layout: &'a Layout,
    /// There if the function has a loop.
    dominators: Option<Dominators>,
    /// Constants of loops, by the block outside the loop that makes them.
    hoisted: IndexVec<Block, Vec<Selected>>,
    hoisted_count: usize,
    data: &'a IndexVec<Data, u64>,
    /// The block that lists each instruction.
    home: IndexVec<Inst, Option<Block>>,
    /// Values that any operation reads; decides which block parameters exist.
    used_params: IndexVec<Value, bool>,
    located: IndexVec<Value, bool>,
}

impl Selector<'_> {
    fn block(&mut self, block: Block) -> SelectedBlock {
        let data = &self.function.blocks[block];
        let end = self.end(block, &data.terminator);
        let mut body = std::mem::take(&mut self.hoisted[block]);
        for inst in data.insts.iter().rev() {
            if let Some(selected) = self.inst(block, *inst) {
                for value in &selected.uses {
                    self.located[*value] = true;
                }
                match selected.form {
                    Form::Constant(_) => match self.outside_loops(block) {
                        Some(outside) => self.hoisted[outside].push(selected),
                        None => body.push(selected),
                    },
                    _ => body.push(selected),
                }
            }
        }
        body.reverse();
        SelectedBlock { block, body, end }
    }

    /// The last block before the loops that `block` is in, if it is in any: a constant is better made there. The
    /// block stands earlier in the order, so it is still to come.
    fn outside_loops(&mut self, block: Block) -> Option<Block> {
        if self.layout.depth[block] == 0 || self.hoisted_count >= MAX_HOISTED {
            return None;
        }
        let dominators = self.dominators.as_ref()?;
        let mut outside = block;
        while self.layout.depth[outside] > 0 {
            outside = dominators.idom(outside)?;
        }
        self.hoisted_count += 1;
        Some(outside)
    }

    fn end(&mut self, block: Block, terminator: &Terminator) -> End {
        match terminator {
            Terminator::Jump(target) => End::Jump(self.edge(target)),
            Terminator::Branch(condition, then, otherwise) => match self.test(block, *condition, fits_branch)
            {
                Decided::Constant(true) => End::Jump(self.edge(then)),
                Decided::Constant(false) => End::Jump(self.edge(otherwise)),
                Decided::Test(test) => {
                    for value in test.uses() {
                        self.located[value] = true;
                    }
                    End::Branch(test, self.edge(then), self.edge(otherwise))
                }
            },
            Terminator::Return(values) => {
                End::Return(values.iter().map(|value| self.move_source(*value)).collect())
            }
            Terminator::Fail(failure) => End::Fail(*failure),
            Terminator::Unreachable => End::Unreachable,
        }
    }

    fn edge(&mut self, target: &Target) -> Edge {
        let function = self.function;
        let params = function.blocks.get(target.block).map_or(&[][..], |data| &data.params);
        let mut moves = SmallVec::new();
        for (param, arg) in params.iter().zip(&target.args) {
            if self.used_params[*param] {
                moves.push((*param, self.move_source(*arg)));
            }
        }
        Edge { block: target.block, moves }
    }

    /// The source of a move, which can be any word. A value read here needs a register.
    fn move_source(&mut self, value: Value) -> Source {
        let source = self.source(value);
        if let Source::Value(value) = source {
            self.located[value] = true;
        }
        source
    }

    /// Looks through what costs nothing: constants, and truth values taken as words.
    fn source(&self, value: Value) -> Source {
        let mut value = value;
        loop {
            match self.function.defining_op(value) {
                Some(Op::Const(word)) => return Source::Word(*word),
                Some(Op::BoolConst(truth)) => return Source::Word(u64::from(*truth)),
                Some(Op::DataAddress(data)) => {
                    return Source::Word(self.data.get(*data).copied().unwrap_or(0));
                }
                Some(Op::BoolToWord(inner)) => value = *inner,
                _ => return Source::Value(value),
            }
        }
    }

    /// The value to read for an operand that has to be in a register.
    fn operand(&self, value: Value) -> Value {
        let mut value = value;
        while let Some(Op::BoolToWord(inner)) = self.function.defining_op(value) {
            value = *inner;
        }
        value
    }

    /// The operand as an immediate, if it is a constant that fits.
    fn immediate(&self, value: Value) -> Option<i32> {
        match self.source(value) {
            Source::Word(word) => i32::try_from(word as i64).ok(),
            Source::Value(_) => None,
        }
    }

    /// The condition of a branch or check in `block`, looking through comparisons of the same block.
    /// `fits` says which comparisons with a constant the instruction can do.
    fn test(&self, block: Block, value: Value, fits: Fits) -> Decided {
        let mut value = value;
        let mut truth = true;
        loop {
            if let Source::Word(word) = self.source(value) {
                return Decided::Constant((word != 0) == truth);
            }
            if !self.is_in_block(value, block) {
                return Decided::Test(Test::Truth(self.operand(value), truth));
            }
            match self.function.defining_op(value) {
                Some(Op::Not(inner)) => {
                    value = *inner;
                    truth = !truth;
                }
                Some(Op::Compare(condition, a, b)) => {
                    let condition = if truth { *condition } else { condition.negated() };
                    if let (Source::Word(a), Source::Word(b)) = (self.source(*a), self.source(*b)) {
                        return Decided::Constant(condition.evaluate(a, b));
                    }
                    return Decided::Test(self.compare(condition, *a, *b, fits));
                }
                _ => return Decided::Test(Test::Truth(self.operand(value), truth)),
            }
        }
    }

    fn compare(&self, condition: Condition, a: Value, b: Value, fits: Fits) -> Test {
        match (self.immediate(a), self.immediate(b)) {
            (_, Some(word)) if fits(condition, word) => Test::Immediate(condition, self.operand(a), word),
            (Some(word), _) if fits(condition.swapped(), word) => {
                Test::Immediate(condition.swapped(), self.operand(b), word)
            }
            _ => Test::Compare(condition, self.operand(a), self.operand(b)),
        }
    }

    fn is_in_block(&self, value: Value, block: Block) -> bool {
        match self.function.values.get(value).map(|data| data.def) {
            Some(ValueDef::Result(inst, _)) => self.home.get(inst) == Some(&Some(block)),
            _ => false,
        }
    }

    fn inst(&self, block: Block, inst: Inst) -> Option<Selected> {
        let data = &self.function.insts[inst];
        let is_used = data.results.iter().any(|result| self.located[*result]);
        let divides = matches!(data.op, Op::Binary(op, ..) if op.divides());
        if !is_used && data.op.is_pure() && !divides {
            return None;
        }
        let (form, uses): (Form, SmallVec<[Value; 2]>) = match &data.op {
            Op::Const(_) | Op::BoolConst(_) | Op::DataAddress(_) => {
                let Source::Word(word) = self.source(*data.results.first()?) else { return None };
                (Form::Constant(word), smallvec![])
            }
            Op::Binary(op, a, b) => self.binary(*op, *a, *b),
            Op::Checked(op, ty, a, b) => self.checked(*op, *ty, *a, *b),
            Op::Extend(ty, a) => (Form::Extend(*ty), smallvec![self.operand(*a)]),
            Op::Compare(condition, a, b) => match self.compare(*condition, *a, *b, |_, _| true) {
                Test::Immediate(condition, a, word) => {
                    (Form::CompareImmediate(condition, word), smallvec![a])
                }
                _ => (Form::Compare(*condition), smallvec![self.operand(*a), self.operand(*b)]),
            },
            Op::Not(a) => (Form::Not, smallvec![self.operand(*a)]),
            // Read through by `operand` and `source`, so nothing asks for its result.
            Op::BoolToWord(_) => return None,
            Op::Load(access) => (
                Form::TwoImmediate(opcode::load(access.width), access.offset),
                smallvec![self.operand(access.address)],
            ),
            Op::Store(access, value) => (
                Form::Store(opcode::store(access.width), access.offset),
                smallvec![self.operand(*value), self.operand(access.address)],
            ),
            Op::FailIf(condition, failure) => match self.test(block, *condition, fits_check) {
                Decided::Constant(true) => (Form::Fail(*failure), smallvec![]),
                Decided::Constant(false) => return None,
                Decided::Test(test) => fail_if(test, *failure),
            },
            Op::Call(callee, args) => {
                let sources: SmallVec<[Source; 4]> = args.iter().map(|arg| self.source(*arg)).collect();
                let uses = sources.iter().filter_map(|source| source.value()).collect();
                (Form::Call(*callee, sources), uses)
            }
            Op::Syscall(syscall, args) => {
                (Form::Syscall(*syscall), args.iter().map(|arg| self.operand(*arg)).collect())
            }
        };
        Some(Selected { form, uses, defs: data.results.clone(), span: data.span })
    }

    fn binary(&self, op: BinaryOp, a: Value, b: Value) -> (Form, SmallVec<[Value; 2]>) {
        let (a, b) = match (self.immediate(a), self.immediate(b)) {
            (Some(_), None) if op.is_commutative() => (b, a),
            _ => (a, b),
        };
        if op == BinaryOp::Sub && self.immediate(a) == Some(0) {
            // A negation, without a register for the zero.
            return (Form::TwoImmediate(Instruction::MulImmediate, -1), smallvec![self.operand(b)]);
        }
        let immediate = self.immediate(b).and_then(|word| opcode::binary_immediate(op, word));
        match immediate {
            Some((form, word)) => (Form::TwoImmediate(form, word), smallvec![self.operand(a)]),
            None => (Form::Three(opcode::binary(op)), smallvec![self.operand(a), self.operand(b)]),
        }
    }

    fn checked(&self, op: CheckedOp, ty: IntType, a: Value, b: Value) -> (Form, SmallVec<[Value; 2]>) {
        let commutes = matches!(op, CheckedOp::Add | CheckedOp::Mul);
        let (a, b) = match (self.immediate(a), self.immediate(b)) {
            (Some(_), None) if commutes => (b, a),
            _ => (a, b),
        };
        let Some((three, two)) = opcode::checked(op, ty) else {
            let word = self.immediate(b).and_then(|word| i16::try_from(word).ok());
            return match word {
                Some(word) => (Form::CheckedImmediate(op, ty, word), smallvec![self.operand(a)]),
                None => (Form::Checked(op, ty), smallvec![self.operand(a), self.operand(b)]),
            };
        };
        match self.immediate(b) {
            Some(word) => (Form::TwoImmediate(two, word), smallvec![self.operand(a)]),
            None => (Form::Three(three), smallvec![self.operand(a), self.operand(b)]),
        }
    }
}

/// Branches test a condition or its negation, so the words on both sides of this one must be immediates too.
fn fits_branch(_: Condition, word: i32) -> bool {
    i16::try_from(word).is_ok_and(|word| word != i16::MIN && word != i16::MAX)
}

fn fits_check(condition: Condition, word: i32) -> bool {
    opcode::strict(condition, word).is_some()
}

fn fail_if(test: Test, failure: Failure) -> (Form, SmallVec<[Value; 2]>) {
    match test {
        Test::Truth(value, true) => (Form::FailIf(failure), smallvec![value]),
        Test::Truth(value, false) => (Form::FailUnless(failure), smallvec![value]),
        Test::Immediate(condition, value, word) => match opcode::fail_immediate(condition, word) {
            Some((form, word)) => (Form::FailImmediate(form, failure, word), smallvec![value]),
            // `fits_check` has refused these.
            None => (Form::Fail(failure), smallvec![]),
        },
        Test::Compare(condition, a, b) => match opcode::fail_pair(condition) {
            (form, false) => (Form::FailPair(form, failure), smallvec![a, b]),
            (form, true) => (Form::FailPair(form, failure), smallvec![b, a]),
        },
    }
}
