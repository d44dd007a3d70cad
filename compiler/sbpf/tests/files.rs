//! The files that are written: read back by `object`, by the virtual machine and by our own inspector, which must also
//! survive any damage.

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

use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol};
use ovsm_base::Code;
use ovsm_ir::Module;
use ovsm_ir::text::parse;
use ovsm_sbpf::{Options, Version, add_notes, compile, difference, inspect, loaded_bytes, section};
use proptest::prelude::*;
use sbpf_machine::{Engine, Exit, Machine};

const HELLO: &str = r#"
frame_area 0
data d0 = "Hello, Solana!"
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = data d0
  v3 = const 14
  v4 = syscall sol_log_(v2, v3)
  v5 = const 0
  return v5
}
"#;

const NOOP: &str = r#"
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 0
  return v2
}
"#;

const CALLS: &str = r#"
frame_area 0
data d0 = "one"
data d1 = "two"
entry f1
func f0 @"print twice" (v0: word) -> (word) {
b0(v0: word):
  v1 = data d0
  v2 = data d1
  v3 = const 3
  v4 = syscall sol_log_(v1, v3)
  v5 = syscall sol_log_(v2, v3)
  v6 = syscall sol_log_64_(v0, v0, v0, v0, v0)
  return v0
}
func f1 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = const 7
  v3 = call f0(v2)
  v4 = call f0(v3)
  return v4
}
"#;

fn module(text: &str) -> Module {
    parse(text).unwrap()
}

fn options(version: Version, symbols: bool) -> Options {
    Options { version, symbols, ..Options::default() }
}

const VERSIONS: [Version; 2] = [Version::V0, Version::V3];

#[test]
fn files_load_and_run() {
    for version in VERSIONS {
        for symbols in [false, true] {
            let program = compile(&module(CALLS), &options(version, symbols)).unwrap();
            let machine = Machine::load_with_labels(&program.elf, symbols).unwrap();
            for engine in Engine::ALL {
                let run = machine.run(engine, &[0; 16], 0x4_0000_0008, 10_000);
                assert_eq!(run.exit, Exit::Returned(7));
                let words = "Program log: 0x7, 0x7, 0x7, 0x7, 0x7";
                assert_eq!(
                    run.logs,
                    [
                        "Program log: one",
                        "Program log: two",
                        words,
                        "Program log: one",
                        "Program log: two",
                        words
                    ]
                );
            }
        }
    }
}

#[test]
fn object_reads_our_files() {
    for version in VERSIONS {
        let program = compile(&module(CALLS), &options(version, true)).unwrap();
        let file = object::read::elf::ElfFile64::<object::Endianness>::parse(program.elf.as_slice()).unwrap();
        assert_eq!(
            file.architecture(),
            if version == Version::V3 { object::Architecture::Bpf } else { object::Architecture::Sbf }
        );
        let text = file.section_by_name(".text").unwrap();
        assert_eq!(text.size() as usize, program.spans.len() * 8);
        assert!(file.section_by_name(".rodata").unwrap().data().unwrap().starts_with(b"one"));
        let mut names: Vec<(u64, String)> = file
            .symbols()
            .filter(|symbol| symbol.is_definition())
            .map(|symbol| (symbol.address(), symbol.name().unwrap().to_owned()))
            .collect();
        names.sort();
        let wanted: Vec<(u64, String)> = program
            .functions
            .iter()
            .map(|function| (text.address() + function.first_pc as u64 * 8, function.name.clone()))
            .collect();
        assert_eq!(names, wanted);
        assert_eq!(file.entry(), text.address());
        if version == Version::V3 {
            let segments: Vec<(u64, u64)> =
                file.segments().map(|segment| (segment.address(), segment.size())).collect();
            assert_eq!(segments, [(0, 16), (1 << 32, text.size())]);
        } else {
            let dynamic: Vec<_> =
                file.dynamic_symbols().map(|symbol| symbol.name().unwrap().to_owned()).collect();
            assert_eq!(dynamic, ["sol_log_", "sol_log_64_"]);
        }
    }
}

#[test]
fn small_programs_make_small_files() {
    let size = |text, version, symbols| compile(&module(text), &options(version, symbols)).unwrap().elf.len();
    assert_eq!(size(NOOP, Version::V3, false), 128);
    assert!(size(HELLO, Version::V3, false) <= 300);
    assert_eq!(size(HELLO, Version::V3, false), 224);
    assert!(size(NOOP, Version::V0, false) <= 464);
    assert!(size(HELLO, Version::V0, false) <= 1048);
}

#[test]
fn a_program_that_does_nothing_costs_one_unit() {
    for version in VERSIONS {
        let program = compile(&module(NOOP), &options(version, false)).unwrap();
        let run = Machine::load(&program.elf).unwrap().run(Engine::Jit, &[0; 8], 0x4_0000_0008, 100);
        assert_eq!((run.exit, run.units), (Exit::Returned(0), 1));
    }
}

#[test]
fn hello_costs_its_syscall_and_four_instructions() {
    for version in VERSIONS {
        let program = compile(&module(HELLO), &options(version, false)).unwrap();
        let run = Machine::load(&program.elf).unwrap().run(Engine::Jit, &[0; 8], 0x4_0000_0008, 1000);
        // The syscall leaves the 0 that the program returns.
        assert_eq!((run.exit, run.units), (Exit::Returned(0), 104));
        assert_eq!(run.logs, ["Program log: Hello, Solana!"]);
    }
}

#[test]
fn the_same_module_gives_the_same_bytes() {
    for version in VERSIONS {
        let first = compile(&module(CALLS), &options(version, true)).unwrap();
        let second = compile(&module(CALLS), &options(version, true)).unwrap();
        assert_eq!(first.elf, second.elf);
    }
}

#[test]
fn inspection_names_what_it_shows() {
    for version in VERSIONS {
        let program = compile(&module(CALLS), &options(version, true)).unwrap();
        let report = inspect(&program.elf).unwrap();
        assert_eq!(report.syscalls, ["sol_log_", "sol_log_64_"]);
        assert_eq!(
            report.symbols.iter().map(|symbol| symbol.name.as_str()).collect::<Vec<_>>(),
            ["main", "print twice"]
        );
        assert_eq!(report.slots, program.spans.len());
        assert_eq!(report.notes, Vec::<String>::new());
        let text = report.to_string();
        for wanted in
            ["syscall sol_log_64_", "call print twice", "; \"one\"", "; \"two\"", "main:", ".rodata"]
        {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
        // Without symbols the entry and the called function still have names.
        let stripped = compile(&module(CALLS), &options(version, false)).unwrap();
        let text = inspect(&stripped.elf).unwrap().to_string();
        assert!(text.contains("entrypoint:") && text.contains("call function_"), "{text}");
    }
}

#[test]
fn what_is_no_program_is_refused() {
    let elf = compile(&module(HELLO), &options(Version::V3, true)).unwrap().elf;
    let mut other_machine = elf.clone();
    other_machine[18] = 62;
    let mut outside = elf.clone();
    outside[32] = 0xff;
    outside[39] = 0xff;
    for bytes in [
        &b""[..],
        b"\x7fELF",
        b"not an ELF file, but long enough to be one, if it were, which it is not",
        &other_machine,
        &outside,
    ] {
        let error = inspect(bytes).unwrap_err();
        assert_eq!(error.code, Code::BadObjectFile);
    }
}

#[test]
fn unknown_instructions_and_syscalls_are_shown() {
    let mut elf = compile(&module(HELLO), &options(Version::V3, false)).unwrap().elf;
    let call = elf.len() - 3 * 8;
    let at = elf.windows(4).rposition(|window| window == 0x2075_59bd_u32.to_le_bytes()).unwrap();
    assert!(at > call - 8);
    elf[at] ^= 1;
    let last = elf.len() - 8;
    elf[last] = 0xff;
    let text = inspect(&elf).unwrap().to_string();
    assert!(text.contains("0x207559bc (unknown)") && text.contains("no instruction"), "{text}");
}

/// Sections that are not loaded change neither what the loader sees nor what a run costs.
#[test]
fn notes_are_not_loaded() {
    for version in [Version::V3, Version::V0] {
        for source in [HELLO, NOOP, CALLS] {
            let mut program = compile(&module(source), &options(version, true)).unwrap();
            let before = program.elf.clone();
            let notes = vec![(".ovsm.origin", b"some text".to_vec()), (".ovsm.interface", vec![0xff; 999])];
            add_notes(&mut program, notes.clone()).unwrap();
            let file = object::File::parse(&*program.elf).unwrap();
            for (name, bytes) in &notes {
                assert_eq!(section(&program.elf, name), Some(bytes.as_slice()));
                let found = file.section_by_name(name).unwrap();
                assert_eq!((found.data().unwrap(), found.address()), (bytes.as_slice(), 0));
            }
            assert_eq!(loaded_bytes(&program.elf), loaded_bytes(&before));
            assert!(loaded_bytes(&before).unwrap().len() > 8);
            let run = |elf: &[u8]| {
                Machine::load(elf).unwrap().run(Engine::Interpreter, &[0; 16], 0x4_0000_0008, 10_000)
            };
            assert_eq!(format!("{:?}", run(&program.elf)), format!("{:?}", run(&before)));
            let symbols = |elf: &[u8]| inspect(elf).unwrap().symbols;
            assert_eq!(symbols(&program.elf), symbols(&before));
            // Without symbols there are no sections to put them into.
            let mut stripped = compile(&module(source), &options(version, false)).unwrap();
            let bare = stripped.elf.clone();
            add_notes(&mut stripped, notes).unwrap();
            assert_eq!(stripped.elf, bare);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_do_no_harm(
        v3 in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        len in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let version = if v3 { Version::V3 } else { Version::V0 };
        let mut elf = compile(&module(CALLS), &options(version, true)).unwrap().elf;
        for (at, byte) in changes {
            let at = at.index(elf.len());
            elf[at] = byte;
        }
        if cut {
            elf.truncate(len.index(elf.len()));
        }
        let good = compile(&module(CALLS), &options(version, true)).unwrap().elf;
        let _ = (difference(&elf, &good), difference(&good, &elf));
        prop_assert!(section(&elf, ".text").is_none_or(|text| text.len() <= elf.len()));
        prop_assert!(loaded_bytes(&elf).is_none_or(|loaded| loaded.len() <= elf.len() * 2));
        match inspect(&elf) {
            Ok(report) => prop_assert!(report.to_string().len() < 1 << 20),
            Err(error) => prop_assert_eq!(error.code, Code::BadObjectFile),
        }
    }

    #[test]
    fn random_bytes_do_no_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let header = [0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
        for (byte, wanted) in bytes.iter_mut().zip(header) {
            *byte = wanted;
        }
        if let Some(machine) = bytes.get_mut(18..20) {
            machine.copy_from_slice(&247u16.to_le_bytes());
        }
        let _ = (inspect(&bytes), section(&bytes, ""), loaded_bytes(&bytes), difference(&bytes, &bytes));
    }
}
