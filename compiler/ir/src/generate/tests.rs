//! Tests of the generator: what it makes is well formed, varied, and ends.

use super::*;
use crate::function::{Block, Inst, Value};
use crate::interpret::{Limits, Outcome, interpret};
use crate::machine::{AccountInput, Fault, Input, Memory, ScriptHost};
use crate::op::{BinaryOp, CheckedOp, Condition, Op, Region, Terminator};
use crate::text::{parse, print};
use crate::verify::verify;
use proptest::prelude::*;

fn run(module: &Module, fuel: u64) -> (Outcome, Vec<String>) {
    let account = AccountInput { lamports: 1000, data: vec![1, 2, 3], ..AccountInput::default() };
    let mut memory = Memory::for_module(module, Input::serialise(&[account], &[], &[0; 32]));
    let mut host = ScriptHost::default();
    let outcome = interpret(module, &mut memory, &mut host, Limits { fuel, ..Limits::default() });
    (outcome, host.lines())
}

/// Pseudo-random choices.
fn choices(mut seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    for _ in 0..len {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.push((seed >> 56) as u8);
    }
    bytes
}

fn check(choices: &[u8], config: GenerateConfig) -> Result<(), TestCaseError> {
    let mut module = generate_module(choices, config);
    let text = print(&module);
    if let Err(errors) = verify(&module) {
        return Err(TestCaseError::fail(format!("{errors:#?}\n{text}")));
    }
    let first = run(&module, config.max_cost);
    if let Outcome::Faulted { fault, .. } = &first.0 {
        prop_assert_eq!(fault, &Fault::Aborted, "{}", text);
    }
    // The text form means the same module, and the compacted one does the same.
    let parsed = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    module.compact();
    prop_assert_eq!(&parsed, &module);
    prop_assert_eq!(&print(&parsed), &print(&module));
    prop_assert_eq!(run(&parsed, config.max_cost), first);
    Ok(())
}

proptest! {
    #[test]
    fn generated_modules_are_well_formed_and_end(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        check(&bytes, GenerateConfig::default())?;
    }

    #[test]
    fn bounds_are_kept(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        functions in 0usize..3,
        arity in 0usize..3,
        statements in 0usize..200,
        max_cost in 2000u64..10_000,
        input_len in prop_oneof![Just(0), Just(8), Just(96)],
    ) {
        let config = GenerateConfig {
            functions,
            max_params: arity,
            max_results: arity,
            entry_results: arity,
            statements,
            max_cost,
            input_len,
            memory_syscalls: false,
        };
        check(&bytes, config)?;
        let module = generate_module(&bytes, config);
        prop_assert!(module.functions.len() <= functions + 1);
        for (number, function) in module.functions.iter_enumerated() {
            prop_assert!(number == module.entry || function.params().len() <= arity);
            prop_assert!(function.results.len() <= arity);
        }
    }
}

#[test]
fn all_operations_appear_and_most_runs_end_well() {
    let mut seen: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let (mut returned, mut logs) = (0, 0);
    for seed in 0..500 {
        let module = generate_module(&choices(seed, 1200), GenerateConfig::default());
        let (outcome, lines) = run(&module, GenerateConfig::default().max_cost);
        returned += usize::from(matches!(outcome, Outcome::Returned(_)));
        logs += lines.len();
        for function in module.functions.iter() {
            for inst in function.insts.iter() {
                seen.insert(match &inst.op {
                    Op::Binary(op, ..) => op.name().to_owned(),
                    Op::Checked(op, ty, ..) => format!("{}.{ty}", op.name()),
                    Op::Extend(ty, _) => format!("extend.{ty}"),
                    Op::Compare(condition, ..) => condition.name().to_owned(),
                    Op::Load(access) => format!("load.{}", access.region.name()),
                    Op::Store(access, _) => format!("store.{}", access.region.name()),
                    Op::Syscall(syscall, _) => syscall.name().to_owned(),
                    other => format!("{other:?}").chars().take_while(|character| *character != '(').collect(),
                });
            }
            for block in function.blocks.iter() {
                let text = format!("{:?}", block.terminator);
                seen.insert(text.chars().take_while(|character| *character != '(').collect());
                if let Terminator::Branch(_, then, otherwise) = &block.terminator {
                    seen.extend((then.block == otherwise.block).then(|| "selection".to_owned()));
                }
            }
        }
    }
    let mut expected: Vec<String> = BinaryOp::ALL.iter().map(|op| op.name().to_owned()).collect();
    expected.extend(Condition::ALL.iter().map(|condition| condition.name().to_owned()));
    for ty in Kind::INTS {
        expected.extend(CheckedOp::ALL.iter().map(|op| format!("{}.{ty}", op.name())));
        expected.extend((ty.bits() <= 32).then(|| format!("extend.{ty}")));
    }
    expected.extend(Region::ALL.iter().map(|region| format!("load.{}", region.name())));
    for word in "store.any store.frame store.lamports sol_log_64_ sol_log_ sol_memcpy_ sol_memmove_ sol_memset_ \
                 sol_memcmp_ abort Const BoolConst DataAddress Not BoolToWord FailIf Call Jump Branch Return Fail \
                 Unreachable selection"
        .split_whitespace()
    {
        expected.push(word.to_owned());
    }
    let missing: Vec<&String> = expected.iter().filter(|word| !seen.contains(*word)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(returned > 200, "only {returned} of 500 runs return");
    assert!(logs > 1000, "only {logs} lines are logged");
}

#[test]
fn no_choices_give_a_small_module() {
    let module = generate_module(&[], GenerateConfig::default());
    assert_eq!(module.functions.len(), 1);
    assert_eq!(verify(&module), Ok(()));
    assert!(matches!(run(&module, 100).0, Outcome::Returned(_)));
}

/// Runs what the verifier accepts: nothing that it accepts may make the interpreter panic.
fn verify_and_run(module: &Module) {
    if verify(module).is_ok() {
        run(module, 5_000);
    }
}

proptest! {
    #[test]
    fn damaged_texts_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), 0..4), 1..5),
    ) {
        let text = print(&generate_module(&bytes, GenerateConfig::default()));
        let mut words: Vec<&str> = text.split_inclusive([' ', '\n', ',', '(', ')']).collect();
        for (from, to, kind) in edits {
            let (from, to) = (from.index(words.len()), to.index(words.len()));
            match kind {
                0 => words[to] = words[from],
                1 => words.swap(from, to),
                2 => words.insert(to, words[from]),
                _ => drop(words.remove(to)),
            }
        }
        if let Ok(module) = parse(&words.concat()) {
            verify_and_run(&module);
        }
    }

    #[test]
    fn damaged_modules_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        damages in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), 0u32..40, 0..9), 1..4),
    ) {
        let mut module = generate_module(&bytes, GenerateConfig::default());
        for (place, inner, number, kind) in damages {
            let func = Func(place.index(module.functions.len()) as u32);
            let function = &mut module.functions[func];
            let block = Block(place.index(function.blocks.len()) as u32);
            let value = Value(inner.index(function.values.len().max(1)) as u32);
            let inst = Inst(inner.index(function.insts.len().max(1)) as u32);
            match kind {
                0 => function.blocks[block].terminator.map_operands(|_| Value(number)),
                1 => function.blocks[block].terminator.targets_mut().for_each(|target| target.block = Block(number)),
                2 => function.blocks[block].insts.push(Inst(number)),
                3 => function.blocks[block].params.push(Value(number)),
                4 => drop(function.blocks[block].params.pop()),
                5 => drop(function.blocks[block].insts.pop()),
                6 => {
                    if let Some(data) = function.insts.get_mut(inst) {
                        data.op.map_operands(|_| Value(number));
                    }
                }
                7 => {
                    if let Some(data) = function.insts.get_mut(inst) {
                        data.op = Op::Call(Func(number % 8), [value].into_iter().collect());
                    }
                }
                _ => {
                    if let Some(data) = function.values.get_mut(value) {
                        data.ty = if data.ty == Type::Bool { Type::Word } else { Type::Bool };
                    }
                }
            }
        }
        verify_and_run(&module);
        let _ = parse(&print(&module));
    }
}
