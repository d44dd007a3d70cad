//! Addresses: constants fold into offsets where they fit, and mean the same where they do not.

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
use ovsm_ir::text::parse;
use ovsm_ir::{Access, BinaryOp, Func, Function, Module, Op, Region, Terminator, Type, Width};
use ovsm_sbpf::{Options, Version, compile};
use sbpf_machine::{Engine, Exit, Machine};

const INPUT: u64 = 0x4_0000_0000;
const INPUT_BYTES: usize = 100_000;

/// Byte `n` of the input.
fn byte(n: usize) -> u8 {
    (n.wrapping_mul(2_654_435_761) >> 13) as u8
}

fn input() -> Vec<u8> {
    (0..INPUT_BYTES).map(byte).collect()
}

fn load(bytes: &[u8], at: usize, width: Width) -> u64 {
    let len = width.bytes() as usize;
    bytes[at..at + len].iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

/// How an address is given: a first word and constants that are added to it, or subtracted from it.
struct Case {
    start: Option<u64>,
    steps: Vec<(BinaryOp, u64)>,
    offset: i32,
}

#[test]
fn every_form_of_an_address_reads_the_same_byte() {
    let cases = |at: i64| {
        let word = at as u64;
        vec![
            Case { start: None, steps: vec![], offset: at as i32 },
            Case { start: None, steps: vec![(BinaryOp::Add, word)], offset: 0 },
            Case { start: None, steps: vec![(BinaryOp::Sub, word.wrapping_neg())], offset: 0 },
            Case { start: None, steps: vec![(BinaryOp::Add, 40_000)], offset: (at - 40_000) as i32 },
            Case { start: None, steps: vec![(BinaryOp::Sub, 40_000)], offset: (at + 40_000) as i32 },
            Case {
                start: None,
                steps: vec![(BinaryOp::Add, 32_767), (BinaryOp::Add, word)],
                offset: -32_767,
            },
            Case { start: Some(INPUT), steps: vec![], offset: at as i32 },
            Case { start: Some(INPUT), steps: vec![(BinaryOp::Add, word)], offset: 0 },
            Case { start: Some(INPUT - 70_000), steps: vec![(BinaryOp::Add, 70_000)], offset: at as i32 },
        ]
    };
    let input = input();
    for at in [0i64, 1, 4095, 4096, 32_760, 32_767, 32_768, 32_769, 65_535, 65_536, 99_992] {
        for case in cases(at) {
            for width in Width::ALL {
                let mut main = Function::new("main", &[Type::Word, Type::Word], &[Type::Word]);
                let entry = Function::ENTRY;
                let word = Type::Word;
                let mut address = match case.start {
                    Some(start) => main.append_value(entry, Op::Const(start), word, None),
                    None => main.params()[0],
                };
                for (op, step) in &case.steps {
                    let step = main.append_value(entry, Op::Const(*step), word, None);
                    address = main.append_value(entry, Op::Binary(*op, address, step), word, None);
                }
                let access = Access { width, region: Region::Any, address, offset: case.offset };
                let value = main.append_value(entry, Op::Load(access), word, None);
                main.blocks[entry].terminator = Terminator::Return([value].into_iter().collect());
                let module =
                    Module { functions: [main].into_iter().collect(), entry: Func(0), ..Module::default() };
                for optimize in [false, true] {
                    let program = compile(&module, &Options { optimize, ..Options::default() }).unwrap();
                    let run = Machine::load(&program.elf).unwrap().run(Engine::Jit, &input, INPUT, 100);
                    let wanted = load(&input, at as usize, width);
                    assert_eq!(run.exit, Exit::Returned(wanted), "{at}\n{}", program.listing());
                }
            }
        }
    }
}

#[test]
fn stores_take_the_low_bytes() {
    let words = [0, 1, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0123_4567_89ab_cdef, u64::MAX];
    for width in Width::ALL {
        for word in words {
            for form in 0..4 {
                let mut main = Function::new("main", &[Type::Word, Type::Word], &[Type::Word]);
                let entry = Function::ENTRY;
                let base = main.params()[0];
                let access = |width, offset| Access { width, region: Region::Any, address: base, offset };
                let loaded = main.append_value(entry, Op::Load(access(Width::W8, 0)), Type::Word, None);
                let value = match form {
                    0 => loaded,
                    1 => main.append_value(entry, Op::Const(word), Type::Word, None),
                    2 => main.append_value(entry, Op::Extend(IntType::I32, loaded), Type::Word, None),
                    _ => main.append_value(entry, Op::Extend(IntType::U8, loaded), Type::Word, None),
                };
                main.append(entry, Op::Store(access(width, 16), value), &[], None);
                main.blocks[entry].terminator = Terminator::Return([value].into_iter().collect());
                let module =
                    Module { functions: [main].into_iter().collect(), entry: Func(0), ..Module::default() };
                let program = compile(&module, &Options::default()).unwrap();
                let mut input = vec![0xaa; 32];
                input[..8].copy_from_slice(&word.to_le_bytes());
                let run = Machine::load(&program.elf).unwrap().run(Engine::Interpreter, &input, INPUT, 100);
                let value = match form {
                    2 => IntType::I32.canonical(word),
                    3 => IntType::U8.canonical(word),
                    _ => word,
                };
                assert_eq!(run.exit, Exit::Returned(value));
                let len = width.bytes() as usize;
                input[16..16 + len].copy_from_slice(&value.to_le_bytes()[..len]);
                assert_eq!(run.input, input, "{}", program.listing());
            }
        }
    }
}

#[test]
fn constants_of_the_program_are_readable_and_their_addresses_fold() {
    let text = r#"
frame_area 0
data d0 = "abc"
data d1 = "0123456789abcdef"
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = data d1
  v3 = load.w8.rodata v2+8
  v4 = data d0
  v5 = const 2
  v6 = add v4, v5
  v7 = load.w1.rodata v6
  v8 = xor v3, v7
  return v8
}
"#;
    let wanted = u64::from_le_bytes(*b"89abcdef") ^ u64::from(b'c');
    for version in [Version::V0, Version::V3] {
        let program = compile(&parse(text).unwrap(), &Options { version, ..Options::default() }).unwrap();
        let machine = Machine::load(&program.elf).unwrap();
        for engine in Engine::ALL {
            assert_eq!(machine.run(engine, &[0; 8], INPUT, 100).exit, Exit::Returned(wanted));
        }
    }
}

#[test]
fn an_access_outside_every_region_is_a_fault() {
    let text = "
frame_area 0
entry f0
func f0 @main(v0: word, v1: word) -> (word) {
b0(v0: word, v1: word):
  v2 = load.w8.any v0+4096
  v3 = const 0
  return v3
}
";
    // The loaded value is not used, but the access may fault and so stays.
    let program = compile(&parse(text).unwrap(), &Options::default()).unwrap();
    let run = Machine::load(&program.elf).unwrap().run(Engine::Jit, &[0; 64], INPUT, 100);
    assert!(matches!(run.exit, Exit::Faulted(_)), "{:?}", run.exit);
}
