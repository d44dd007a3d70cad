//! Random control flow, reducible or not, with many block parameters: the vm moves values as the reference
//! interpreter says.
//!
//! The modules of `ovsm_ir::generate` look like lowered source. These do not: any block may jump to any other with
//! any arguments, so loops have several entries, and parameters swap and rotate.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes the functions that tests share for production code"
)]

use ovsm_base::index::{Index, IndexVec};
use ovsm_base::syscall::Syscall;
use ovsm_base::{FormId, Span, TextRange};
use ovsm_ir::dominators::Dominators;
use ovsm_ir::interpret::{self, interpret};
use ovsm_ir::machine::{Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_ir::text::print;
use ovsm_ir::verify::verify;
use ovsm_ir::{
    BinaryOp, Block, CheckedOp, Condition, Failure, Func, Function, Module, Op, Target, Terminator, Type,
    Value,
};
use ovsm_vm::{Limits, compile, run};
use proptest::prelude::*;

/// A stream of choices; zeros after its end.
struct Choices<'c>(&'c [u8]);

impl Choices<'_> {
    fn below(&mut self, n: usize) -> usize {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                usize::from(*first) % n.max(1)
            }
            [] => 0,
        }
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// `rotate(a, b, c) = (b, c, a + b)`.
fn rotate() -> Function {
    let mut function = Function::new("rotate", &[Type::Word; 3], &[Type::Word; 3]);
    let [a, b, c] = [0, 1, 2].map(|n| function.params()[n]);
    let sum = function.append_value(Function::ENTRY, Op::Binary(BinaryOp::Add, a, b), Type::Word, None);
    function.blocks[Function::ENTRY].terminator = Terminator::Return([b, c, sum].into_iter().collect());
    function
}

struct Generator<'c> {
    choices: Choices<'c>,
    function: Function,
    /// The words that each block has made or got.
    words: IndexVec<Block, Vec<Value>>,
    /// The blocks whose words the current block can read: those that dominate it, and itself.
    readable: Vec<Block>,
}

impl Generator<'_> {
    fn word(&mut self, block: Block, op: Op) -> Value {
        let value = self.function.append_value(block, op, Type::Word, None);
        self.words[block].push(value);
        value
    }

    /// A word that the current block can read. Those of the block itself are likelier.
    fn operand(&mut self, block: Block) -> Value {
        let from = if self.choices.below(3) == 0 {
            let from = self.choices.below(self.readable.len());
            self.readable[from]
        } else {
            block
        };
        let words = &self.words[from];
        words[self.choices.below(words.len())]
    }

    fn statement(&mut self, block: Block) {
        let (a, b) = (self.operand(block), self.operand(block));
        match self.choices.below(12) {
            0..=3 => {
                let op = self.choices.pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Xor, BinaryOp::Mul]);
                self.word(block, Op::Binary(op, a, b));
            }
            4 => {
                let constant = self.choices.pick(&[0, 1, 7, 1 << 40, u64::MAX]);
                self.word(block, Op::Const(constant));
            }
            5 | 6 => {
                let condition = self.choices.pick(&Condition::ALL);
                let truth = self.function.append_value(block, Op::Compare(condition, a, b), Type::Bool, None);
                self.word(block, Op::BoolToWord(truth));
            }
            7 => {
                let ty = self.choices.pick(&[ovsm_base::IntType::U64, ovsm_base::IntType::I64]);
                let op = self.choices.pick(&CheckedOp::ALL);
                self.word(block, Op::Checked(op, ty, a, b));
            }
            8 | 9 => {
                let args = [a, b, self.operand(block)].into_iter().collect();
                let call = self.function.append(block, Op::Call(Func(1), args), &[Type::Word; 3], None);
                let results = self.function.insts[call].results.clone();
                self.words[block].extend(results);
            }
            _ => self.log(block, [a, b]),
        }
    }

    fn log(&mut self, block: Block, [a, b]: [Value; 2]) {
        let syscall = Syscall::from_name("sol_log_64_").unwrap();
        let number =
            self.function.append_value(block, Op::Const(u64::from(block.as_u32())), Type::Word, None);
        let args = [number, a, b, b, a].into_iter().collect();
        self.function.append(block, Op::Syscall(syscall, args), &[Type::Word], None);
    }

    fn target(&mut self, from: Block, to: Block, steps: Value) -> Target {
        let count = self.function.blocks[to].params.len();
        let args = std::iter::once(steps).chain((1..count).map(|_| self.operand(from))).collect();
        Target { block: to, args }
    }
}

/// Blocks that log, compute and jump anywhere but to the entry, until the steps are used up.
fn generate(bytes: &[u8]) -> Module {
    let mut choices = Choices(bytes);
    let mut function = Function::new("main", &[Type::Word; 2], &[Type::Word]);
    let count = 1 + choices.below(9);
    let mut edges: IndexVec<Block, Vec<Block>> = IndexVec::from_elem(Vec::new(), count + 1);
    for _ in 0..count {
        let block = function.add_block();
        for _ in 0..1 + choices.below(5) {
            function.add_param(block, Type::Word);
        }
    }
    // First the graph alone, with conditions that are replaced below, to know what dominates what.
    for block in function.blocks.indices() {
        let any = |choices: &mut Choices<'_>| Block::from_u32(1 + choices.below(count) as u32);
        edges[block] = match choices.below(4) {
            0 => vec![any(&mut choices)],
            _ => vec![any(&mut choices), any(&mut choices)],
        };
        let targets: Vec<Target> = edges[block].iter().map(|to| Target::new(*to)).collect();
        let condition = Value::from_u32(0);
        function.blocks[block].terminator = match &targets[..] {
            [only] => Terminator::Jump(only.clone()),
            [then, otherwise, ..] => Terminator::Branch(condition, then.clone(), otherwise.clone()),
            [] => Terminator::Unreachable,
        };
    }
    let dominators = Dominators::new(&function);
    let words = function.blocks.iter().map(|data| data.params.clone()).collect();
    let mut generator = Generator { choices, function, words, readable: Vec::new() };
    for block in generator.function.blocks.indices() {
        if !dominators.is_reachable(block) {
            generator.function.blocks[block].terminator = Terminator::Fail(Failure::Conversion);
        }
    }
    for block in dominators.reverse_postorder().to_vec() {
        let blocks = generator.function.blocks.indices();
        generator.readable = blocks.filter(|other| dominators.dominates(*other, block)).collect();
        let one = generator.function.append_value(block, Op::Const(1), Type::Word, None);
        let steps = if block == Function::ENTRY {
            for n in 0..3 {
                let base = generator.words[block][n % 2];
                generator.word(block, Op::Binary(BinaryOp::Mul, base, base));
            }
            generator.function.append_value(block, Op::Const(40), Type::Word, None)
        } else {
            let steps = generator.function.blocks[block].params[0];
            let left = generator.word(block, Op::Binary(BinaryOp::Sub, steps, one));
            let first = generator.function.blocks[block].params.last().copied().unwrap();
            generator.log(block, [first, left]);
            let spent = Op::Compare(Condition::UnsignedLess, steps, one);
            let spent = generator.function.append_value(block, spent, Type::Bool, None);
            generator.function.append(block, Op::FailIf(spent, Failure::AccountIndex), &[], None);
            left
        };
        for _ in 0..generator.choices.below(7) {
            generator.statement(block);
        }
        let targets: Vec<Target> =
            edges[block].iter().map(|to| generator.target(block, *to, steps)).collect();
        generator.function.blocks[block].terminator = match &targets[..] {
            [then, otherwise] => {
                let condition = generator.choices.pick(&Condition::ALL);
                let (a, b) = (generator.operand(block), generator.operand(block));
                let mut truth =
                    generator.function.append_value(block, Op::Compare(condition, a, b), Type::Bool, None);
                if generator.choices.below(3) == 0 {
                    truth = generator.function.append_value(block, Op::Not(truth), Type::Bool, None);
                }
                Terminator::Branch(truth, then.clone(), otherwise.clone())
            }
            [only, ..] => Terminator::Jump(only.clone()),
            [] => Terminator::Unreachable,
        };
    }
    let mut module = Module::default();
    for (inst, data) in generator.function.insts.iter_mut().enumerate() {
        data.span = Some(Span::new(FormId(7), TextRange::new(inst as u32, inst as u32 + 1)));
    }
    module.functions.push(generator.function);
    module.functions.push(rotate());
    module
}

fn check(module: &Module) -> Result<(), TestCaseError> {
    if let Err(errors) = verify(module) {
        return Err(TestCaseError::fail(format!("{errors:#?}\n{}", print(module))));
    }
    let mut host = ScriptHost::default();
    let mut memory = Memory::for_module(module, Input::default());
    let limits = interpret::Limits { fuel: 1_000_000, max_call_depth: 8 };
    let expected = interpret(module, &mut memory, &mut host, limits);
    let program = compile(module).map_err(|diagnostic| TestCaseError::fail(diagnostic.message))?;
    let mut vm_host = ScriptHost::default();
    let mut vm_memory = Memory::for_module(module, Input::default());
    let limits = Limits { fuel: 1_000_000, max_call_depth: 8, ..Limits::default() };
    let outcome = run(&program, &mut vm_memory, &mut vm_host, limits);
    prop_assert_eq!(outcome, expected, "{}\n{}", print(module), program);
    prop_assert_eq!(vm_host.lines(), host.lines(), "{}\n{}", print(module), program);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn random_control_flow_agrees(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&generate(&bytes))?;
    }

    #[test]
    fn optimized_control_flow_agrees(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        level in proptest::sample::select(&[OptLevel::O1, OptLevel::Os, OptLevel::O2, OptLevel::O3]),
    ) {
        let mut module = generate(&bytes);
        optimize(&mut module, level);
        check(&module)?;
    }
}
