//! Random modules: the IR's interpreter, the virtual machine's interpreter and its JIT agree, for both versions of the
//! target, with and without optimisation, before and after the passes of the IR.
//!
//! Debug builds check every register allocation, too.

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

use ovsm_ir::Module;
use ovsm_ir::generate::{GenerateConfig, generate_module};
use ovsm_ir::interpret::{Limits, Outcome, interpret};
use ovsm_ir::machine::{AccountInput, Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_ir::text::print;
use ovsm_sbpf::{Options, Version, compile, inspect};
use proptest::prelude::*;
use sbpf_machine::{Engine, Exit, Machine};

struct Expected {
    exit: Exit,
    logs: Vec<String>,
    heap: Vec<u8>,
    input: Vec<u8>,
}

fn input() -> Input {
    let account = AccountInput { lamports: 1000, data: vec![1, 2, 3], ..AccountInput::default() };
    Input::serialise(&[account], &[9, 8, 7], &[5; 32])
}

fn expected(module: &Module) -> Expected {
    let mut memory = Memory::for_module(module, input());
    let mut host = ScriptHost::default();
    let outcome = interpret(module, &mut memory, &mut host, Limits::default());
    let exit = match outcome {
        Outcome::Returned(words) => Exit::Returned(words[0]),
        Outcome::Failed { failure, .. } => Exit::Returned(failure.return_code()),
        Outcome::Faulted { fault, .. } => Exit::Faulted(fault.to_string()),
    };
    Expected { exit, logs: host.lines(), heap: memory.heap().to_vec(), input: memory.input().to_vec() }
}

fn agree(module: &Module, expected: &Expected, options: &Options) -> Result<(), TestCaseError> {
    let describe = || format!("{options:?}\n{}", print(module));
    let program = match compile(module, options) {
        Ok(program) => program,
        Err(errors) => return Err(TestCaseError::fail(format!("{errors:?}\n{}", describe()))),
    };
    let machine = Machine::load_with_labels(&program.elf, options.symbols)
        .map_err(|error| TestCaseError::fail(format!("{error}\n{}", describe())))?;
    match inspect(&program.elf) {
        Ok(report) => prop_assert_eq!(report.slots, program.spans.len()),
        Err(error) => return Err(TestCaseError::fail(format!("{error:?}\n{}", describe()))),
    }
    let mut units = Vec::new();
    for engine in Engine::ALL {
        let given = input();
        let run = machine.run(engine, given.bytes(), given.instruction_data_address(), 10_000_000);
        let describe = || format!("{engine:?} {}\n{}", describe(), program.listing());
        match (&run.exit, &expected.exit) {
            (Exit::Faulted(_), Exit::Faulted(_)) => {}
            (got, wanted) => prop_assert_eq!(got, wanted, "{}", describe()),
        }
        prop_assert_eq!(&run.logs, &expected.logs, "{}", describe());
        prop_assert_eq!(&run.heap, &expected.heap, "{}", describe());
        prop_assert_eq!(&run.input, &expected.input, "{}", describe());
        units.push(run.units);
    }
    prop_assert_eq!(units[0], units[1]);
    Ok(())
}

fn check(choices: &[u8], config: GenerateConfig) -> Result<(), TestCaseError> {
    let mut module = generate_module(choices, config);
    let expected = expected(&module);
    let level = [OptLevel::O1, OptLevel::Os, OptLevel::O2, OptLevel::O3][choices.len() % 4];
    for level in [None, Some(level)] {
        if let Some(level) = level {
            optimize(&mut module, level);
        }
        for version in [Version::V0, Version::V3] {
            for (optimize, syscall_preserves_args) in [(false, false), (true, true), (true, false)] {
                let symbols = version == Version::V3;
                let small = level == Some(OptLevel::Os);
                let options = Options {
                    version,
                    optimize,
                    syscall_preserves_args,
                    symbols,
                    small,
                    ..Options::default()
                };
                agree(&module, &expected, &options)?;
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engines_agree(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        check(&bytes, GenerateConfig { max_results: 5, ..GenerateConfig::default() })?;
    }

    #[test]
    fn engines_agree_on_many_small_functions(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let config = GenerateConfig { functions: 10, max_params: 9, max_results: 5, ..GenerateConfig::default() };
        check(&bytes, config)?;
    }
}

proptest! {
    // Large modules: fewer of them, in proportion to the number asked for.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.div_ceil(8),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn engines_agree_under_register_pressure(bytes in proptest::collection::vec(any::<u8>(), 2000..4000)) {
        let config = GenerateConfig { functions: 1, statements: 400, ..GenerateConfig::default() };
        check(&bytes, config)?;
    }
}
