//! Random modules do the same on the vm and on the reference interpreter: outcome with span and trace, logs, memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes the functions that tests share for production code"
)]

use ovsm_base::{FormId, Span, TextRange};
use ovsm_ir::generate::{GenerateConfig, generate_module};
use ovsm_ir::interpret::{self, interpret};
use ovsm_ir::machine::{AccountInput, Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_ir::text::print;
use ovsm_ir::verify::verify;
use ovsm_ir::{BinaryOp, Condition, Failure, Function, Module, Op, Terminator, Type};
use ovsm_vm::{Limits, compile, run};
use proptest::prelude::*;

fn memory(module: &Module) -> Memory {
    let account = AccountInput { lamports: 1000, data: vec![1, 2, 3], ..AccountInput::default() };
    Memory::for_module(module, Input::serialise(&[account], &[], &[0; 32]))
}

/// Gives each instruction a place in the source, so that the spans of failures can be compared.
fn add_spans(module: &mut Module) {
    for (func, function) in module.functions.iter_mut().enumerate() {
        for (inst, data) in function.insts.iter_mut().enumerate() {
            let start = inst as u32;
            data.span = Some(Span::new(FormId(func as u64), TextRange::new(start, start + 1)));
        }
    }
}

/// Keeps `count` values alive through the whole function, so that all others meet a full set of registers. Each
/// return checks them.
fn add_pressure(function: &mut Function, count: u32) {
    let mut values = Vec::new();
    let mut insts = Vec::new();
    for n in 0..count {
        let inst = function.make_inst(Op::Const(u64::from(n) << 40), &[Type::Word], None);
        let constant = function.insts[inst].results[0];
        insts.push(inst);
        // The sum of two constants is not a constant to the vm.
        let inst = function.make_inst(Op::Binary(BinaryOp::Add, constant, constant), &[Type::Word], None);
        values.push(function.insts[inst].results[0]);
        insts.push(inst);
    }
    let entry = &mut function.blocks[Function::ENTRY].insts;
    insts.append(entry);
    *entry = insts;
    for block in function.blocks.indices() {
        if !matches!(function.blocks[block].terminator, Terminator::Return(_)) {
            continue;
        }
        for (n, value) in values.iter().enumerate() {
            let expected = function.append_value(block, Op::Const((n as u64) << 41), Type::Word, None);
            let differs = Op::Compare(Condition::NotEqual, *value, expected);
            let differs = function.append_value(block, differs, Type::Bool, None);
            function.append(block, Op::FailIf(differs, Failure::Conversion), &[], None);
        }
    }
}

fn check(module: &Module) -> Result<(), TestCaseError> {
    if let Err(errors) = verify(module) {
        return Err(TestCaseError::fail(format!("{errors:#?}")));
    }
    let mut expected_memory = memory(module);
    let mut expected_host = ScriptHost::default();
    let limits = interpret::Limits { fuel: 10_000_000, ..interpret::Limits::default() };
    let expected = interpret(module, &mut expected_memory, &mut expected_host, limits);

    let program = compile(module).map_err(|diagnostic| TestCaseError::fail(diagnostic.message))?;
    let mut memory = memory(module);
    let mut host = ScriptHost::default();
    let limits = Limits { max_call_depth: limits.max_call_depth, ..Limits::default() };
    let outcome = run(&program, &mut memory, &mut host, limits);

    let texts = || format!("{}\n{program}", print(module));
    prop_assert_eq!(&outcome, &expected, "{}", texts());
    prop_assert_eq!(host.lines(), expected_host.lines(), "{}", texts());
    prop_assert!(memory == expected_memory, "memory differs\n{}", texts());
    prop_assert!(host == expected_host, "return data differs\n{}", texts());
    Ok(())
}

proptest! {
    #[test]
    fn random_modules_agree(bytes in proptest::collection::vec(any::<u8>(), 0..2500)) {
        let mut module = generate_module(&bytes, GenerateConfig::default());
        add_spans(&mut module);
        check(&module)?;
    }

    #[test]
    fn optimized_modules_agree(
        bytes in proptest::collection::vec(any::<u8>(), 0..2500),
        level in proptest::sample::select(&[OptLevel::O1, OptLevel::Os, OptLevel::O2, OptLevel::O3]),
    ) {
        let mut module = generate_module(&bytes, GenerateConfig::default());
        add_spans(&mut module);
        optimize(&mut module, level);
        check(&module)?;
    }

    #[test]
    fn random_modules_with_full_registers_agree(
        bytes in proptest::collection::vec(any::<u8>(), 0..1200),
        pressure in prop_oneof![200u32..270, 240u32..256, Just(600)],
    ) {
        let config = GenerateConfig { functions: 3, max_params: 16, max_results: 16, ..GenerateConfig::default() };
        let mut module = generate_module(&bytes, config);
        for function in module.functions.iter_mut() {
            add_pressure(function, pressure);
        }
        add_spans(&mut module);
        check(&module)?;
    }

    #[test]
    fn functions_of_many_parameters_and_results_agree(
        bytes in proptest::collection::vec(any::<u8>(), 0..4000),
        arity in prop_oneof![8usize..40, 245usize..300],
    ) {
        let config = GenerateConfig {
            functions: 2,
            max_params: arity,
            max_results: arity,
            entry_results: arity,
            ..GenerateConfig::default()
        };
        check(&generate_module(&bytes, config))?;
    }
}
