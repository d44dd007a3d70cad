//! Every arithmetic operation, on every type, at the values where something changes: as the IR defines it, with
//! operands in registers and as constants on either side.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail by panicking"
)]

#[allow(dead_code, reason = "each test uses its part of the machine")]
#[path = "../../../conformance/src/sbpf_machine.rs"]
mod sbpf_machine;

use ovsm_base::IntType;
use ovsm_ir::{
    Access, BinaryOp, Block, CheckedOp, Condition, Func, Function, Module, Op, Region, Type, Value,
};
use ovsm_ir::{Terminator, Width};
use ovsm_sbpf::{Options, Version, compile};
use sbpf_machine::{Engine, Exit, Machine};

const INPUT: u64 = 0x4_0000_0000;
const WORDS: [u64; 27] = [
    0,
    1,
    2,
    3,
    7,
    10,
    63,
    64,
    127,
    128,
    255,
    256,
    32767,
    65535,
    65536,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xffff_ffff_7fff_ffff,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_ff80,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// What stands on one side of an operation.
#[derive(Clone, Copy, Debug)]
enum Side {
    Register,
    Constant(u64),
}

/// A program that puts the result of the operation on the two words of its input behind them.
fn program(a: Side, b: Side, also_use_operands: bool, op: impl FnOnce(Value, Value) -> Op) -> Module {
    let mut function = Function::new("main", &[Type::Word, Type::Word], &[Type::Word]);
    let base = function.params()[0];
    let entry = Function::ENTRY;
    let access = |offset| Access { width: Width::W8, region: Region::Any, address: base, offset };
    let mut side = |side: Side, offset: i32| {
        let op = match side {
            Side::Register => Op::Load(access(offset)),
            Side::Constant(word) => Op::Const(word),
        };
        function.append_value(entry, op, Type::Word, None)
    };
    let (x, y) = (side(a, 0), side(b, 8));
    let op = op(x, y);
    let ty = match op {
        Op::Compare(..) => Type::Bool,
        _ => Type::Word,
    };
    let mut result = function.append_value(entry, op, ty, None);
    if ty == Type::Bool {
        result = function.append_value(entry, Op::BoolToWord(result), Type::Word, None);
    }
    function.append(entry, Op::Store(access(16), result), &[], None);
    if also_use_operands {
        // The operands live on, so that the operation must not destroy them.
        function.append(entry, Op::Store(access(24), x), &[], None);
        function.append(entry, Op::Store(access(32), y), &[], None);
    }
    let zero = function.append_value(entry, Op::Const(0), Type::Word, None);
    function.blocks[Block(0)].terminator = Terminator::Return([zero].into_iter().collect());
    Module { functions: [function].into_iter().collect(), entry: Func(0), ..Module::default() }
}

/// Runs the program on each pair and compares with `wanted`: the result, or none for an overflow.
fn check(module: &Module, pairs: &[(u64, u64)], wanted: impl Fn(u64, u64) -> Option<u64>) {
    for version in [Version::V0, Version::V3] {
        let compiled = compile(module, &Options { version, ..Options::default() }).unwrap();
        let machine = Machine::load(&compiled.elf).unwrap();
        for (a, b) in pairs {
            let mut input = vec![0; 40];
            input[..8].copy_from_slice(&a.to_le_bytes());
            input[8..16].copy_from_slice(&b.to_le_bytes());
            let run = machine.run(Engine::Interpreter, &input, INPUT, 1000);
            let got = u64::from_le_bytes(run.input[16..24].try_into().unwrap());
            let describe = || format!("{a:#x} {b:#x}\n{}", compiled.listing());
            match wanted(*a, *b) {
                Some(result) => {
                    assert_eq!(run.exit, Exit::Returned(0), "{}", describe());
                    assert_eq!(got, result, "{}", describe());
                }
                None => assert_eq!(run.exit, Exit::Returned(24 << 32), "{}", describe()),
            }
        }
    }
}

/// All forms of an operation on the given operands.
fn all_forms(
    values: &[u64],
    allowed: impl Fn(u64, u64) -> bool,
    op: impl Fn(Value, Value) -> Op,
    wanted: impl Fn(u64, u64) -> Option<u64>,
) {
    let pairs: Vec<(u64, u64)> = values
        .iter()
        .flat_map(|a| values.iter().map(move |b| (*a, *b)))
        .filter(|(a, b)| allowed(*a, *b))
        .collect();
    for also_use_operands in [false, true] {
        check(&program(Side::Register, Side::Register, also_use_operands, &op), &pairs, &wanted);
        for constant in values {
            let left: Vec<_> = pairs.iter().copied().filter(|(a, _)| a == constant).collect();
            let right: Vec<_> = pairs.iter().copied().filter(|(_, b)| b == constant).collect();
            let sides = [
                (Side::Constant(*constant), Side::Register, left),
                (Side::Register, Side::Constant(*constant), right),
            ];
            for (a, b, pairs) in sides {
                check(&program(a, b, also_use_operands, &op), &pairs, &wanted);
            }
        }
    }
}

fn canonical_values(ty: IntType) -> Vec<u64> {
    let mut values: Vec<u64> = WORDS.iter().map(|word| ty.canonical(*word)).collect();
    values.sort_unstable();
    values.dedup();
    values
}

#[test]
fn checked_operations() {
    for ty in IntType::ALL.into_iter().filter(|ty| ty.bits() <= 64) {
        let values = canonical_values(ty);
        for op in CheckedOp::ALL {
            all_forms(&values, |_, _| true, |a, b| Op::Checked(op, ty, a, b), |a, b| op.evaluate(ty, a, b));
        }
    }
}

#[test]
fn wrapping_operations() {
    for op in BinaryOp::ALL {
        all_forms(
            &WORDS,
            |_, b| !op.divides() || b != 0,
            |a, b| Op::Binary(op, a, b),
            |a, b| op.evaluate(a, b),
        );
    }
}

#[test]
fn operations_on_a_value_and_itself() {
    for again in [false, true] {
        for op in BinaryOp::ALL {
            let pairs: Vec<_> =
                WORDS.iter().filter(|a| !op.divides() || **a != 0).map(|word| (*word, 0)).collect();
            let module = program(Side::Register, Side::Register, again, |a, _| Op::Binary(op, a, a));
            check(&module, &pairs, |a, _| op.evaluate(a, a));
        }
        for ty in IntType::ALL.into_iter().filter(|ty| ty.bits() <= 64) {
            let pairs: Vec<_> = canonical_values(ty).into_iter().map(|word| (word, 0)).collect();
            for op in CheckedOp::ALL {
                let module = program(Side::Register, Side::Register, again, |a, _| Op::Checked(op, ty, a, a));
                check(&module, &pairs, |a, _| op.evaluate(ty, a, a));
            }
        }
        let pairs: Vec<_> = WORDS.iter().map(|word| (*word, 0)).collect();
        for condition in Condition::ALL {
            let module = program(Side::Register, Side::Register, again, |a, _| Op::Compare(condition, a, a));
            check(&module, &pairs, |a, _| Some(u64::from(condition.evaluate(a, a))));
        }
    }
}

#[test]
fn comparisons() {
    for condition in Condition::ALL {
        all_forms(
            &WORDS,
            |_, _| true,
            |a, b| Op::Compare(condition, a, b),
            |a, b| Some(u64::from(condition.evaluate(a, b))),
        );
    }
}

/// How a truth value is used.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Word,
    Branch,
    FailIf,
    NegatedBranch,
    NegatedFailIf,
}

/// The program that decides `make(x, y)` on the two words of its input, and leaves 1 or 0 behind them, or fails.
fn decision(how: Use, make: impl FnOnce(&mut Function, Value, Value) -> Value) -> Module {
    let mut function = Function::new("main", &[Type::Word, Type::Word], &[Type::Word]);
    let entry = Function::ENTRY;
    let base = function.params()[0];
    let access = |offset| Access { width: Width::W8, region: Region::Any, address: base, offset };
    let x = function.append_value(entry, Op::Load(access(0)), Type::Word, None);
    let y = function.append_value(entry, Op::Load(access(8)), Type::Word, None);
    let mut truth = make(&mut function, x, y);
    if matches!(how, Use::NegatedBranch | Use::NegatedFailIf) {
        truth = function.append_value(entry, Op::Not(truth), Type::Bool, None);
    }
    let finish = |function: &mut Function, block, word: Option<u64>, value: Option<Value>| {
        let value =
            value.unwrap_or_else(|| function.append_value(block, Op::Const(word.unwrap()), Type::Word, None));
        function.append(block, Op::Store(access(16), value), &[], None);
        let zero = function.append_value(block, Op::Const(0), Type::Word, None);
        function.blocks[block].terminator = Terminator::Return([zero].into_iter().collect());
    };
    match how {
        Use::Word => {
            let word = function.append_value(entry, Op::BoolToWord(truth), Type::Word, None);
            finish(&mut function, entry, None, Some(word));
        }
        Use::Branch | Use::NegatedBranch => {
            let (yes, no) = (function.add_block(), function.add_block());
            finish(&mut function, yes, Some(1), None);
            finish(&mut function, no, Some(0), None);
            let (yes, no) = (ovsm_ir::Target::new(yes), ovsm_ir::Target::new(no));
            function.blocks[entry].terminator = Terminator::Branch(truth, yes, no);
        }
        Use::FailIf | Use::NegatedFailIf => {
            function.append(entry, Op::FailIf(truth, ovsm_ir::Failure::Overflow), &[], None);
            finish(&mut function, entry, Some(0), None);
        }
    }
    Module { functions: [function].into_iter().collect(), entry: Func(0), ..Module::default() }
}

#[test]
fn conditions_in_every_use() {
    let pairs: Vec<(u64, u64)> = WORDS.iter().flat_map(|a| WORDS.iter().map(move |b| (*a, *b))).collect();
    let uses = [Use::Word, Use::Branch, Use::FailIf, Use::NegatedBranch, Use::NegatedFailIf];
    let expect = |how: Use, truth: bool| match how {
        Use::Word | Use::Branch => Some(u64::from(truth)),
        Use::NegatedBranch => Some(u64::from(!truth)),
        Use::FailIf => (!truth).then_some(0),
        Use::NegatedFailIf => truth.then_some(0),
    };
    let word = |function: &mut Function, op| function.append_value(Function::ENTRY, op, Type::Word, None);
    let truth = |function: &mut Function, op| function.append_value(Function::ENTRY, op, Type::Bool, None);
    for how in uses {
        for condition in [Condition::Equal, Condition::NotEqual] {
            // Common bits, with a mask in a register.
            let module = decision(how, |function, x, y| {
                let bits = word(function, Op::Binary(BinaryOp::And, x, y));
                let zero = word(function, Op::Const(0));
                truth(function, Op::Compare(condition, bits, zero))
            });
            check(&module, &pairs, |a, b| expect(how, condition.evaluate(a & b, 0)));
            for mask in WORDS {
                let module = decision(how, |function, x, _| {
                    let mask = word(function, Op::Const(mask));
                    let bits = word(function, Op::Binary(BinaryOp::And, mask, x));
                    let zero = word(function, Op::Const(0));
                    truth(function, Op::Compare(condition, bits, zero))
                });
                check(&module, &pairs[..WORDS.len()], |a, _| expect(how, condition.evaluate(a & mask, 0)));
            }
        }
        for condition in Condition::ALL {
            // Low halves, and a truth value that was a word in between.
            let module = decision(how, |function, x, y| {
                let x = word(function, Op::Extend(IntType::U32, x));
                let y = word(function, Op::Extend(IntType::U32, y));
                let order = truth(function, Op::Compare(condition, x, y));
                let order = word(function, Op::BoolToWord(order));
                let zero = word(function, Op::Const(0));
                let not = truth(function, Op::Compare(Condition::Equal, order, zero));
                truth(function, Op::Not(not))
            });
            let low = |word: u64| u64::from(word as u32);
            check(&module, &pairs, |a, b| expect(how, condition.evaluate(low(a), low(b))));
            for constant in WORDS {
                let module = decision(how, |function, x, _| {
                    let x = word(function, Op::Extend(IntType::U32, x));
                    let constant = word(function, Op::Const(constant));
                    truth(function, Op::Compare(condition, x, constant))
                });
                let first: Vec<_> = WORDS.iter().map(|word| (*word, 0)).collect();
                check(&module, &first, |a, _| expect(how, condition.evaluate(low(a), constant)));
            }
        }
    }
}

#[test]
fn stepping_by_a_constant_in_a_loop() {
    const ROUNDS: [u64; 3] = [1, 2, 5];
    let pairs: Vec<(u64, u64)> = WORDS.iter().flat_map(|a| ROUNDS.iter().map(move |b| (*a, *b))).collect();
    for (op, ty) in [
        (CheckedOp::Add, IntType::I64),
        (CheckedOp::Sub, IntType::I64),
        (CheckedOp::Add, IntType::U64),
        (CheckedOp::Mul, IntType::I64),
    ] {
        for step in WORDS {
            let name = format!("{}.{ty}", op.name());
            let text = format!(
                "frame_area 0\nentry f0\nfunc f0 @main(v0: word, v1: word) -> (word) {{\nb0(v0: word, v1: word):\n  \
                 v2 = load.w8.any v0\n  v3 = load.w8.any v0+8\n  v4 = const 1\n  v5 = const {step}\n  v6 = const 0\n  \
                 jump b1(v2, v3)\nb1(v7: word, v8: word):\n  v9 = {name} v7, v5\n  v10 = sub v8, v4\n  \
                 v11 = ne v10, v6\n  br v11, b1(v9, v10), b2\nb2:\n  store.w8.any v0+16, v9\n  return v6\n}}\n"
            );
            check(&ovsm_ir::text::parse(&text).unwrap(), &pairs, |a, rounds| {
                (0..rounds).try_fold(a, |word, _| op.evaluate(ty, word, step))
            });
        }
    }
}

#[test]
fn conversions() {
    for ty in IntType::ALL.into_iter().filter(|ty| ty.bits() <= 32) {
        let module = program(Side::Register, Side::Register, true, |a, _| Op::Extend(ty, a));
        let pairs: Vec<_> = WORDS.iter().map(|word| (*word, 0)).collect();
        check(&module, &pairs, |a, _| Some(ty.canonical(a)));
    }
}

#[test]
fn division_by_zero_is_a_fault_of_the_machine() {
    for op in BinaryOp::ALL.into_iter().filter(|op| op.divides()) {
        for divisor in [Side::Register, Side::Constant(0)] {
            let module = program(Side::Register, divisor, false, |a, b| Op::Binary(op, a, b));
            let compiled = compile(&module, &Options::default()).unwrap();
            let machine = Machine::load(&compiled.elf).unwrap();
            for engine in Engine::ALL {
                let run = machine.run(engine, &[0; 40], INPUT, 1000);
                assert!(matches!(run.exit, Exit::Faulted(_)), "{op:?}: {:?}", run.exit);
            }
        }
    }
}
