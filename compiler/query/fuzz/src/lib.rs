//! What holds for any text and any bytes that the compiler of programs meets. A check panics if something does not hold.
//! Start with [`engines_agree`].

use ovsm_interface::foreign::Foreign;
use ovsm_ir::interpret::{self, Outcome, interpret};
use ovsm_ir::lower::EntryKind;
use ovsm_ir::machine::{Fault, Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_query::{BuildOptions, Database, build, lower_program};

/// The address of the program.
const PROGRAM: [u8; 32] = [7; 32];
/// What a run may spend.
const FUEL: u64 = 200_000;

/// A text that compiles ends in the same way in the reference interpreter, in the vm, and optimised or not; and it can be
/// built, or it is said why not.
///
/// # Panics
/// If that does not hold.
pub fn engines_agree(text: &str) {
    let mut db = Database::default();
    let file = db.add_file("input.ovsm", text);
    let Ok((module, _)) = lower_program(&db, file, EntryKind::Value) else { return };
    let mut expected: Option<(Outcome, Vec<String>)> = None;
    for level in [OptLevel::O0, OptLevel::O2] {
        let mut module = module.clone();
        optimize(&mut module, level);
        let memory = || Memory::for_module(&module, Input::serialise(&[], &[], &PROGRAM));
        let host = || ScriptHost::new(PROGRAM).with_log_limit(ScriptHost::CHAIN_LOG_LIMIT);
        let depth = interpret::Limits::CHAIN_CALL_DEPTH;
        let (mut memory_of_interpreter, mut host_of_interpreter) = (memory(), host());
        let limits = interpret::Limits { fuel: FUEL, max_call_depth: depth };
        let interpreted =
            interpret(&module, &mut memory_of_interpreter, &mut host_of_interpreter, limits);
        let (mut memory_of_vm, mut host_of_vm) = (memory(), host());
        let limits = ovsm_vm::Limits { fuel: FUEL, max_call_depth: depth, ..ovsm_vm::Limits::default() };
        let Ok(program) = ovsm_vm::compile(&module) else { continue };
        let ran = ovsm_vm::run(&program, &mut memory_of_vm, &mut host_of_vm, limits);
        // Fuel is counted in another way in each.
        if is_out_of_fuel(&interpreted) || is_out_of_fuel(&ran) {
            continue;
        }
        let lines = host_of_interpreter.lines();
        assert!(interpreted.agrees_with(&ran), "{level:?}: interpreted {interpreted:?}, run {ran:?}: {text}");
        assert_eq!(lines, host_of_vm.lines(), "{level:?}: {text}");
        if let Some((outcome, shown)) = &expected {
            assert!(outcome.agrees_with(&interpreted), "{outcome:?}, optimised {interpreted:?}: {text}");
            assert_eq!(shown, &lines, "optimised: {text}");
        }
        expected = Some((interpreted, lines));
    }
    for level in [OptLevel::O0, OptLevel::O2] {
        let options = BuildOptions { level, version: ovsm_sbpf::Version::V3, symbols: true };
        match build(&db, file, &options) {
            Ok(artifact) => {
                assert!(ovsm_sbpf::inspect(&artifact.program.elf).is_ok(), "what is built can be shown: {text}");
            }
            Err(errors) => {
                assert!(errors.iter().any(|error| error.is_error()), "refused without an error: {text}");
            }
        }
    }
}

fn is_out_of_fuel(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Faulted { fault: Fault::OutOfFuel, .. })
}

/// Bytes are shown as a program, or refused.
///
/// # Panics
/// If the reader does.
pub fn is_shown_or_refused(bytes: &[u8]) {
    let _ = ovsm_sbpf::inspect(bytes);
    let _ = ovsm_sbpf::loaded_bytes(bytes);
    let _ = ovsm_interface::provenance::Provenance::from_bytes(bytes);
}

/// A text is bound as the description of a program, and what comes of it compiles; or it is refused.
///
/// # Panics
/// If that does not hold.
pub fn is_bound_or_refused(text: &str) {
    let Ok(foreign) = Foreign::from_text(text) else { return };
    let Ok(module) = ovsm_interface::bind::module(&foreign, None) else { return };
    let mut db = Database::default();
    let file = db.add_file("bound.ovsm", module.text.as_str());
    let errors: Vec<String> = ovsm_query::diagnostics(&db, file)
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", module.text);
}
