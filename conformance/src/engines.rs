//! Runs a case on every engine.

use crate::case::Case;
use crate::sbpf_machine::{Engine, Exit, Machine};
use ovsm_base::Diagnostic;
use ovsm_ir::Failure;
use ovsm_ir::Module;
use ovsm_ir::interpret::{self, Outcome, interpret};
use ovsm_ir::lower::EntryKind;
use ovsm_ir::machine::{Fault, Memory, ScriptHost, input};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_query::{BuildOptions, build, lower_program, result_type, write_value};
use ovsm_sbpf::Version;

/// Compute units that a program may use, as on chain for a whole transaction.
const BUDGET: u64 = 1_400_000;

/// How a run ended, in words that all engines share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// It returned: the value in read syntax, or the return code.
    Returned(String),
    /// One of its checks failed.
    Failed(&'static str),
    /// The machine stopped it.
    Faulted,
}

/// What a run shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// How it ended.
    pub end: End,
    /// The logged lines.
    pub logs: Vec<String>,
    /// Lamports and data of each account. Empty unless it returned: a failed transaction changes nothing.
    pub accounts: Vec<(u64, Vec<u8>)>,
}

/// The runs of one program, each with the name of its engine.
pub struct Runs {
    /// As a script: the end is a value.
    pub script: Vec<(String, Observed)>,
    /// As a Solana program: the end is a return code. Empty if the program's value is no return code.
    pub chain: Vec<(String, Observed)>,
    /// Compute units of sBPF v3 at -O2.
    pub compute_units: Option<u64>,
    /// Warnings; and E0304, if the program's value is no return code.
    pub warnings: Vec<Diagnostic>,
}

/// Runs a case everywhere; or its diagnostics, if it has errors.
pub fn run(case: &Case) -> Result<Runs, Vec<Diagnostic>> {
    let (db, file) = case.database();
    let (module, _) = lower_program(&db, file, EntryKind::Value)?;
    let ty = result_type(&db, file);
    let mut runs = Runs { script: Vec::new(), chain: Vec::new(), compute_units: None, warnings: Vec::new() };
    for level in [OptLevel::O0, OptLevel::Os, OptLevel::O2] {
        let mut module = module.clone();
        optimize(&mut module, level);
        let show = |words: &[u64], memory: &Memory| write_value(&ty, words, memory);
        runs.script.push((format!("interpreter {level:?}"), interpret_module(case, &module, &show)));
        runs.script.push((format!("vm {level:?}"), run_vm(case, &module, &show)));
    }
    // A value that is no return code has a meaning as a script only.
    let (module, warnings) = match lower_program(&db, file, EntryKind::ReturnCode) {
        Ok(lowered) => lowered,
        Err(errors) if errors.iter().any(|error| error.code == ovsm_base::Code::BadReturnCode) => {
            runs.warnings = errors;
            return Ok(runs);
        }
        Err(errors) => return Err(errors),
    };
    runs.warnings = warnings;
    let code = |words: &[u64], _: &Memory| words.first().copied().unwrap_or(0).to_string();
    runs.chain.push(("interpreter as program".to_string(), interpret_module(case, &module, &code)));
    for version in [Version::V3, Version::V0] {
        for level in OptLevel::ALL {
            let artifact =
                build(&db, file, &BuildOptions { level, version, symbols: level != OptLevel::O3 })?;
            let machine = match Machine::load(&artifact.program.elf) {
                Ok(machine) => machine,
                Err(error) => {
                    let end = End::Returned(format!("the loader refuses the program: {error}"));
                    runs.chain.push((
                        format!("sBPF {version:?} {level:?}"),
                        Observed { end, logs: Vec::new(), accounts: Vec::new() },
                    ));
                    continue;
                }
            };
            let mut units = Vec::new();
            let bound = ovsm_sbpf::cost::function_bound(&artifact.program, 0);
            for engine in Engine::ALL {
                let (mut observed, used) = run_sbpf(case, &machine, engine);
                // What the compiler says of costs is held against every run.
                if let Ok(bound) = &bound
                    && bound.program_call.is_none()
                    && used > bound.units
                {
                    let units = bound.units;
                    observed.end = End::Returned(format!("{used} units, and the bound is {units}"));
                }
                units.push(used);
                runs.chain.push((format!("sBPF {version:?} {level:?} {engine:?}"), observed));
            }
            if version == Version::V3 && level == OptLevel::O2 {
                runs.compute_units = units.first().copied();
            }
        }
    }
    Ok(runs)
}

type Show<'a> = &'a dyn Fn(&[u64], &Memory) -> String;

fn interpret_module(case: &Case, module: &Module, show: Show<'_>) -> Observed {
    let mut memory = Memory::for_module(module, case.input());
    let mut host = ScriptHost::new(crate::case::PROGRAM_ID).with_log_limit(ScriptHost::CHAIN_LOG_LIMIT);
    let outcome = interpret(module, &mut memory, &mut host, interpret::Limits::default());
    observed(case, outcome, &memory, &host, show)
}

fn run_vm(case: &Case, module: &Module, show: Show<'_>) -> Observed {
    let mut memory = Memory::for_module(module, case.input());
    let mut host = ScriptHost::new(crate::case::PROGRAM_ID).with_log_limit(ScriptHost::CHAIN_LOG_LIMIT);
    let outcome = match ovsm_vm::compile(module) {
        Ok(program) => {
            let limits =
                ovsm_vm::Limits { max_call_depth: interpret::Limits::CHAIN_CALL_DEPTH, ..Default::default() };
            ovsm_vm::run(&program, &mut memory, &mut host, limits)
        }
        Err(_) => Outcome::Faulted { fault: Fault::Unreachable, span: None, trace: Vec::new() },
    };
    observed(case, outcome, &memory, &host, show)
}

fn observed(case: &Case, outcome: Outcome, memory: &Memory, host: &ScriptHost, show: Show<'_>) -> Observed {
    let mut accounts = Vec::new();
    let end = match outcome {
        Outcome::Returned(words) => {
            accounts = accounts_of(case, memory.input());
            End::Returned(show(&words, memory))
        }
        // A failure that the program declares is a return code like any other.
        Outcome::Failed { failure: Failure::Custom(code), .. } => {
            accounts = accounts_of(case, memory.input());
            End::Returned(code.to_string())
        }
        // So is one that the runtime has a name for.
        Outcome::Failed { failure: Failure::Runtime(number), .. } => {
            accounts = accounts_of(case, memory.input());
            End::Returned((u64::from(number) << 32).to_string())
        }
        Outcome::Failed { failure, .. } => End::Failed(failure.name()),
        Outcome::Faulted { .. } => End::Faulted,
    };
    Observed { end, logs: host.lines(), accounts }
}

fn run_sbpf(case: &Case, machine: &Machine, engine: Engine) -> (Observed, u64) {
    let input = case.input();
    let run = machine.run(engine, input.bytes(), input.instruction_data_address(), BUDGET);
    let mut accounts = Vec::new();
    let end = match &run.exit {
        Exit::Returned(code) => {
            accounts = accounts_of(case, &run.input);
            End::Returned(code.to_string())
        }
        Exit::Faulted(_) => End::Faulted,
    };
    (Observed { end, logs: run.logs, accounts }, run.units)
}

fn accounts_of(case: &Case, region: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let accounts = input::read_accounts(&case.accounts, region).unwrap_or_default();
    accounts.into_iter().map(|account| (account.lamports, account.data)).collect()
}
