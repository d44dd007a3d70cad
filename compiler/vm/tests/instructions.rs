//! Each operation, with operands in registers and as constants, on words around the edges of the types.
//!
//! Expected values come from the definitions in `ovsm_ir::op`, not from an engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes the functions that tests share for production code"
)]

use ovsm_base::IntType;
use ovsm_base::index::Index;
use ovsm_base::syscall::Syscall;
use ovsm_ir::interpret::Outcome;
use ovsm_ir::machine::{Fault, HEAP_BASE, Input, Memory, RODATA_BASE, ScriptHost};
use ovsm_ir::text::parse;
use ovsm_ir::{
    Access, BinaryOp, CheckedOp, Condition, Data, Failure, Func, Function, Module, Op, Region, Target,
    Terminator, Type, Value, Width,
};
use ovsm_vm::{Limits, compile, run};
use smallvec::smallvec;

const WORDS: [u64; 23] = [
    0,
    1,
    2,
    7,
    63,
    64,
    127,
    128,
    255,
    0x7ffe,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1234_5678_9abc,
    i64::MAX as u64,
    i64::MIN as u64,
    i32::MIN as i64 as u64,
    i16::MIN as i64 as u64,
    -2i64 as u64,
    -1i64 as u64,
];

/// The words at which conditions and the range of immediates change.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x7ffe,
    0x7fff,
    0x8000,
    0x7fff_ffff,
    0x8000_0000,
    i64::MAX as u64,
    i64::MIN as u64,
    i32::MIN as i64 as u64,
    i16::MIN as i64 as u64,
    -2i64 as u64,
    -1i64 as u64,
];

/// Which operands are constants; the others are words that the compiler does not know.
const OPERANDS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn execute(module: &Module) -> Outcome {
    ovsm_ir::verify::verify(module).unwrap();
    let program = compile(module).unwrap();
    run(
        &program,
        &mut Memory::for_module(module, Input::default()),
        &mut ScriptHost::default(),
        Limits::default(),
    )
}

/// A function of two words under construction, and the entry that calls it.
struct Builder {
    function: Function,
}

impl Builder {
    fn new() -> Builder {
        Builder { function: Function::new("f", &[Type::Word; 2], &[Type::Word]) }
    }

    /// Parameter `n`, or the constant that it will be.
    fn operand(&mut self, n: usize, word: u64, constant: bool) -> Value {
        if constant { self.word(Op::Const(word)) } else { self.function.params()[n] }
    }

    fn word(&mut self, op: Op) -> Value {
        self.function.append_value(Function::ENTRY, op, Type::Word, None)
    }

    fn truth(&mut self, op: Op) -> Value {
        self.function.append_value(Function::ENTRY, op, Type::Bool, None)
    }

    fn returns(mut self, value: Value, words: [u64; 2]) -> Outcome {
        self.function.blocks[Function::ENTRY].terminator = Terminator::Return(smallvec![value]);
        self.run(words)
    }

    fn run(self, words: [u64; 2]) -> Outcome {
        let mut entry = Function::new("main", &[Type::Word; 2], &[Type::Word]);
        let args = words.map(|word| entry.append_value(Function::ENTRY, Op::Const(word), Type::Word, None));
        let call = Op::Call(Func(1), args.into_iter().collect());
        let result = entry.append_value(Function::ENTRY, call, Type::Word, None);
        entry.blocks[Function::ENTRY].terminator = Terminator::Return(smallvec![result]);
        let mut module = Module::default();
        module.functions.push(entry);
        module.functions.push(self.function);
        module.data.push(vec![1, 2, 3]);
        module.data.push(vec![0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0]);
        execute(&module)
    }
}

fn returned(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Returned(words) => words[0],
        other => panic!("{other:?}"),
    }
}

#[test]
fn binary_operations() {
    for op in BinaryOp::ALL {
        for (a, b) in WORDS.iter().flat_map(|a| WORDS.map(|b| (*a, b))) {
            for (a_constant, b_constant) in OPERANDS {
                let mut builder = Builder::new();
                let x = builder.operand(0, a, a_constant);
                let y = builder.operand(1, b, b_constant);
                let result = builder.word(Op::Binary(op, x, y));
                match (op.evaluate(a, b), builder.returns(result, [a, b])) {
                    (Some(expected), outcome) => {
                        assert_eq!(returned(outcome), expected, "{op:?} {a:#x} {b:#x}");
                    }
                    (None, Outcome::Faulted { fault, .. }) => assert_eq!(fault, Fault::DivideByZero),
                    (None, outcome) => panic!("{op:?} {a:#x} {b:#x}: {outcome:?}"),
                }
            }
        }
    }
}

#[test]
fn a_division_by_zero_faults_even_if_nothing_reads_the_quotient() {
    let mut builder = Builder::new();
    let [a, b] = [0, 1].map(|n| builder.function.params()[n]);
    builder.word(Op::Binary(BinaryOp::UnsignedDiv, a, b));
    assert!(matches!(builder.returns(a, [1, 0]), Outcome::Faulted { fault: Fault::DivideByZero, .. }));
}

#[test]
fn checked_operations() {
    let types = IntType::ALL.into_iter().filter(|ty| ty.bits() <= 64);
    for (op, ty) in types.flat_map(|ty| CheckedOp::ALL.map(|op| (op, ty))) {
        let words: Vec<u64> = WORDS.iter().map(|word| ty.canonical(*word)).collect();
        for (a, b) in words.iter().flat_map(|a| words.iter().map(|b| (*a, *b))) {
            for (a_constant, b_constant) in OPERANDS {
                let mut builder = Builder::new();
                let x = builder.operand(0, a, a_constant);
                let y = builder.operand(1, b, b_constant);
                let result = builder.word(Op::Checked(op, ty, x, y));
                match (op.evaluate(ty, a, b), builder.returns(result, [a, b])) {
                    (Some(expected), outcome) => {
                        assert_eq!(returned(outcome), expected, "{op:?} {ty} {a:#x} {b:#x}")
                    }
                    (None, Outcome::Failed { failure, .. }) => assert_eq!(failure, Failure::Overflow),
                    (None, outcome) => panic!("{op:?} {ty} {a:#x} {b:#x}: {outcome:?}"),
                }
            }
        }
    }
}

#[test]
fn comparisons_as_values_branches_and_checks() {
    for condition in Condition::ALL {
        for (a, b) in EDGES.iter().flat_map(|a| EDGES.map(|b| (*a, b))) {
            for (a_constant, b_constant) in OPERANDS {
                let expected = condition.evaluate(a, b);
                let compare = |builder: &mut Builder| {
                    let x = builder.operand(0, a, a_constant);
                    let y = builder.operand(1, b, b_constant);
                    builder.truth(Op::Compare(condition, x, y))
                };
                let text = format!("{condition:?} {a:#x} {b:#x}");

                let mut builder = Builder::new();
                let truth = compare(&mut builder);
                let word = builder.word(Op::BoolToWord(truth));
                assert_eq!(returned(builder.returns(word, [a, b])), u64::from(expected), "{text}");

                for negated in [false, true] {
                    let mut builder = Builder::new();
                    let mut truth = compare(&mut builder);
                    if negated {
                        truth = builder.truth(Op::Not(truth));
                    }
                    builder.function.append(
                        Function::ENTRY,
                        Op::FailIf(truth, Failure::NotSigner),
                        &[],
                        None,
                    );
                    let result = builder.function.params()[0];
                    match builder.returns(result, [a, b]) {
                        Outcome::Returned(_) => assert_eq!(expected, negated, "{text}"),
                        Outcome::Failed { failure, .. } => {
                            assert_eq!((failure, expected), (Failure::NotSigner, !negated), "{text}");
                        }
                        outcome => panic!("{outcome:?}"),
                    }
                    assert_eq!(
                        branches(condition, [a, b], [a_constant, b_constant], negated),
                        expected,
                        "{text}"
                    );
                }
            }
        }
    }
}

/// Branches on a comparison. With `moves`, both targets have parameters.
fn branches(condition: Condition, words: [u64; 2], constants: [bool; 2], moves: bool) -> bool {
    let mut builder = Builder::new();
    let x = builder.operand(0, words[0], constants[0]);
    let y = builder.operand(1, words[1], constants[1]);
    let truth = builder.truth(Op::Compare(condition, x, y));
    let [yes, no] = [1000, 2000].map(|word| builder.word(Op::Const(word)));
    let targets = [yes, no].map(|word| {
        let block = builder.function.add_block();
        let mut target = Target::new(block);
        let result = if moves {
            target.args.push(word);
            builder.function.add_param(block, Type::Word)
        } else {
            builder.function.append_value(
                block,
                Op::Const(if word == yes { 1000 } else { 2000 }),
                Type::Word,
                None,
            )
        };
        builder.function.blocks[block].terminator = Terminator::Return(smallvec![result]);
        target
    });
    let [then, otherwise] = targets;
    builder.function.blocks[Function::ENTRY].terminator = Terminator::Branch(truth, then, otherwise);
    match returned(builder.run(words)) {
        1000 => true,
        2000 => false,
        other => panic!("{other}"),
    }
}

#[test]
fn extensions() {
    let types = [IntType::U8, IntType::U16, IntType::U32, IntType::I8, IntType::I16, IntType::I32];
    for (ty, word) in types.into_iter().flat_map(|ty| WORDS.map(|word| (ty, word))) {
        for constant in [false, true] {
            let mut builder = Builder::new();
            let x = builder.operand(0, word, constant);
            let result = builder.word(Op::Extend(ty, x));
            assert_eq!(returned(builder.returns(result, [word, 0])), ty.canonical(word), "{ty} {word:#x}");
        }
    }
}

#[test]
fn constants_of_all_sizes() {
    for word in WORDS {
        let mut builder = Builder::new();
        let result = builder.word(Op::Const(word));
        assert_eq!(returned(builder.returns(result, [0, 0])), word);
    }
    for truth in [false, true] {
        let mut builder = Builder::new();
        let value = builder.truth(Op::BoolConst(truth));
        let value = builder.truth(Op::Not(value));
        let value = builder.word(Op::BoolToWord(value));
        assert_eq!(returned(builder.returns(value, [0, 0])), u64::from(!truth));
    }
    let mut builder = Builder::new();
    let address = builder.word(Op::DataAddress(Data(1)));
    assert_eq!(returned(builder.returns(address, [0, 0])), RODATA_BASE + 8);
}

#[test]
fn loads_and_stores_of_all_widths() {
    for width in Width::ALL {
        for offset in [0, 8, -8] {
            let base = HEAP_BASE + 64;
            let access = |address, width| Access { width, region: Region::Any, address, offset };
            let mut builder = Builder::new();
            let [address, word] = [0, 1].map(|n| builder.function.params()[n]);
            for (width, value) in [(Width::W8, address), (width, word)] {
                builder.function.append(Function::ENTRY, Op::Store(access(address, width), value), &[], None);
            }
            let low = builder.word(Op::Load(access(address, width)));
            let all = builder.word(Op::Load(access(address, Width::W8)));
            let product = builder.word(Op::Binary(BinaryOp::Mul, low, low));
            let result = builder.word(Op::Binary(BinaryOp::Xor, product, all));
            let word: u64 = 0xfedc_ba98_7654_3210;
            let mask = u64::MAX >> (64 - 8 * width.bytes());
            let expected_all = (word & mask) | (base & !mask);
            let expected = (word & mask).wrapping_mul(word & mask) ^ expected_all;
            assert_eq!(returned(builder.returns(result, [base, word])), expected, "{width:?}");
        }
        let mut builder = Builder::new();
        let address = builder.word(Op::DataAddress(Data(1)));
        let load = Op::Load(Access { width, region: Region::Rodata, address, offset: 0 });
        let result = builder.word(load);
        let expected = 0xf0e0_d0c0_b0a0_9080 & (u64::MAX >> (64 - 8 * width.bytes()));
        assert_eq!(returned(builder.returns(result, [0, 0])), expected);
    }
}

#[test]
fn accesses_outside_memory_fault_even_if_nothing_reads_the_word() {
    for width in Width::ALL {
        for write in [false, true] {
            let mut builder = Builder::new();
            let [address, word] = [0, 1].map(|n| builder.function.params()[n]);
            let access = Access { width, region: Region::Any, address, offset: -4 };
            let (op, results) = match write {
                true => (Op::Store(access, word), &[][..]),
                false => (Op::Load(access), &[Type::Word][..]),
            };
            builder.function.append(Function::ENTRY, op, results, None);
            let len = u64::from(width.bytes());
            let expected = Fault::MemoryAccess { address: HEAP_BASE - 3, len, write };
            match builder.returns(word, [HEAP_BASE + 1, 0]) {
                Outcome::Faulted { fault, .. } => assert_eq!(fault, expected),
                outcome => panic!("{outcome:?}"),
            }
        }
    }
}

#[test]
fn unused_results_of_pure_operations_cost_nothing() {
    let module = parse(
        "entry f0
         func f0 @main(v0: word, v1: word) -> (word) {
         b0(v0: word, v1: word):
           v2 = add v0, v1
           v3 = const 123456789123
           v4 = ult v2, v3
           v5 = not v4
           v6 = extend.u8 v2
           return v0
         }",
    )
    .unwrap();
    assert_eq!(compile(&module).unwrap().code.len(), 1);
}

#[test]
fn syscalls_take_their_arguments_and_give_their_result() {
    let module = parse(
        "data d0 = \"hello, world\"
         entry f0
         func f0 @main(v0: word, v1: word) -> (word) {
         b0(v0: word, v1: word):
           v2 = data d0
           v3 = const 5
           v4 = syscall sol_log_(v2, v3)
           v5 = const 1
           v6 = const 99999999999
           v7 = syscall sol_log_64_(v5, v3, v6, v4, v0)
           v8 = const 0x300000000
           v9 = const 3
           v10 = syscall sol_memcmp_(v2, v2, v9, v8)
           return v10
         }",
    )
    .unwrap();
    ovsm_ir::verify::verify(&module).unwrap();
    let mut host = ScriptHost::default();
    let mut memory = Memory::for_module(&module, Input::default());
    let outcome = run(&compile(&module).unwrap(), &mut memory, &mut host, Limits::default());
    assert_eq!(outcome, Outcome::Returned(vec![0]));
    assert_eq!(host.lines(), ["Program log: hello", "Program log: 0x1, 0x5, 0x174876e7ff, 0x0, 0x400000000"]);
}

#[test]
fn an_abort_is_a_fault_and_no_code_runs_after_it() {
    let mut function = Function::new("main", &[Type::Word; 2], &[]);
    let abort = Syscall::from_name("abort").unwrap();
    function.append(Function::ENTRY, Op::Syscall(abort, smallvec![]), &[Type::Word], None);
    let mut module = Module::default();
    assert_eq!(module.functions.push(function).index(), 0);
    assert!(matches!(execute(&module), Outcome::Faulted { fault: Fault::Aborted, .. }));
}
