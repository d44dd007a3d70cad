//! Arithmetic of 128 bits against Rust's `u128` and `i128`, on the interpreter of the IR, the vm and sBPF.
//!
//! One program for each operation reads its operands from its input, so it is compiled once and run with the numbers at
//! which something changes, with each other, and with numbers of every length. Start with [`OPERATIONS`].

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use ovsm_base::Diagnostic;
use ovsm_conformance::sbpf_machine::{Engine, Exit, Machine};
use ovsm_ir::interpret::{self, Outcome, interpret};
use ovsm_ir::lower::EntryKind;
use ovsm_ir::machine::{Input, Memory, ScriptHost};
use ovsm_ir::passes::{OptLevel, optimize};
use ovsm_query::{BuildOptions, Database, build, lower_program};
use ovsm_sbpf::Version;

/// The result of an operation, or nothing if it fails.
type Meaning<T> = fn(T, T) -> Option<T>;

/// Each operation as written, with its meaning for `u128` and for `i128`.
const OPERATIONS: &[(&str, Meaning<u128>, Meaning<i128>)] = &[
    ("(+ a b)", u128::checked_add, i128::checked_add),
    ("(- a b)", u128::checked_sub, i128::checked_sub),
    ("(* a b)", u128::checked_mul, i128::checked_mul),
    ("(/ a b)", u128::checked_div, i128::checked_div),
    ("(// a b)", u128::checked_div, floor),
    ("(% a b)", u128::checked_rem, remainder),
    ("(rem a b)", u128::checked_rem, remainder),
    ("(mod a b)", u128::checked_rem, modulo),
    ("(+% a b)", |a, b| Some(a.wrapping_add(b)), |a, b| Some(a.wrapping_add(b))),
    ("(-% a b)", |a, b| Some(a.wrapping_sub(b)), |a, b| Some(a.wrapping_sub(b))),
    ("(*% a b)", |a, b| Some(a.wrapping_mul(b)), |a, b| Some(a.wrapping_mul(b))),
    ("(+| a b)", |a, b| Some(a.saturating_add(b)), |a, b| Some(a.saturating_add(b))),
    ("(-| a b)", |a, b| Some(a.saturating_sub(b)), |a, b| Some(a.saturating_sub(b))),
    ("(*| a b)", |a, b| Some(a.saturating_mul(b)), |a, b| Some(a.saturating_mul(b))),
    ("(- a)", |a, _| 0u128.checked_sub(a), |a, _| a.checked_neg()),
    ("(abs a)", |a, _| Some(a), |a, _| a.checked_abs()),
    ("(min a b)", |a, b| Some(a.min(b)), |a, b| Some(a.min(b))),
    ("(max a b)", |a, b| Some(a.max(b)), |a, b| Some(a.max(b))),
    ("(bit-and a b)", |a, b| Some(a & b), |a, b| Some(a & b)),
    ("(bit-or a b)", |a, b| Some(a | b), |a, b| Some(a | b)),
    ("(bit-xor a b)", |a, b| Some(a ^ b), |a, b| Some(a ^ b)),
    ("(bit-not a)", |a, _| Some(!a), |a, _| Some(!a)),
    ("(<< a (u64 b))", |a, b| shift(b).map(|b| a << b), |a, b| shift(b as u128).map(|b| a << b)),
    ("(>> a (u64 b))", |a, b| shift(b).map(|b| a >> b), |a, b| shift(b as u128).map(|b| a >> b)),
    ("(if (< a b) 1 0)", |a, b| Some((a < b).into()), |a, b| Some((a < b).into())),
    ("(if (<= a b) 1 0)", |a, b| Some((a <= b).into()), |a, b| Some((a <= b).into())),
    ("(if (> a b) 1 0)", |a, b| Some((a > b).into()), |a, b| Some((a > b).into())),
    ("(if (>= a b) 1 0)", |a, b| Some((a >= b).into()), |a, b| Some((a >= b).into())),
    ("(if (= a b) 1 0)", |a, b| Some((a == b).into()), |a, b| Some((a == b).into())),
    ("(TYPE (u8 a))", |a, _| fits::<u8, u128>(a), |a, _| fits::<u8, i128>(a)),
    ("(TYPE (u16 a))", |a, _| fits::<u16, u128>(a), |a, _| fits::<u16, i128>(a)),
    ("(TYPE (u32 a))", |a, _| fits::<u32, u128>(a), |a, _| fits::<u32, i128>(a)),
    ("(TYPE (u64 a))", |a, _| fits::<u64, u128>(a), |a, _| fits::<u64, i128>(a)),
    ("(TYPE (u128 a))", |a, _| fits::<u128, u128>(a), |a, _| fits::<u128, i128>(a)),
    ("(TYPE (i8 a))", |a, _| fits::<i8, u128>(a), |a, _| fits::<i8, i128>(a)),
    ("(TYPE (i16 a))", |a, _| fits::<i16, u128>(a), |a, _| fits::<i16, i128>(a)),
    ("(TYPE (i32 a))", |a, _| fits::<i32, u128>(a), |a, _| fits::<i32, i128>(a)),
    ("(TYPE (i64 a))", |a, _| fits::<i64, u128>(a), |a, _| fits::<i64, i128>(a)),
    ("(TYPE (i128 a))", |a, _| fits::<i128, u128>(a), |a, _| fits::<i128, i128>(a)),
    ("(TYPE-wrap (u8-wrap a))", |a, _| Some((a as u8).into()), |a, _| Some((a as u8).into())),
    ("(TYPE-wrap (i32-wrap a))", |a, _| Some(a as i32 as u128), |a, _| Some((a as i32).into())),
    ("(TYPE-wrap (u64-wrap a))", |a, _| Some((a as u64).into()), |a, _| Some((a as u64).into())),
    ("(TYPE-wrap (i64-wrap a))", |a, _| Some(a as i64 as u128), |a, _| Some((a as i64).into())),
    ("(TYPE-wrap (i128-wrap a))", |a, _| Some(a), |a, _| Some(a)),
    ("(TYPE-wrap (u128-wrap a))", |a, _| Some(a), |a, _| Some(a)),
];

fn shift(amount: u128) -> Option<u32> {
    u32::try_from(amount).ok().filter(|amount| *amount < 128)
}

fn fits<Narrow: TryFrom<Wide>, Wide: TryFrom<Narrow>>(number: Wide) -> Option<Wide> {
    Narrow::try_from(number).ok().and_then(|number| Wide::try_from(number).ok())
}

fn floor(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

/// The smallest number by -1 leaves nothing.
fn remainder(a: i128, b: i128) -> Option<i128> {
    if b == -1 { Some(0) } else { a.checked_rem(b) }
}

fn modulo(a: i128, b: i128) -> Option<i128> {
    let rest = remainder(a, b)?;
    Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
}

fn source(operation: &str, ty: &str) -> String {
    let operation = operation.replace("TYPE", ty);
    format!(
        "(define (operand at) (bit-or (<< (u128 (mem-load (input-ptr) (+ at 8))) 64) (u128 (mem-load (input-ptr) at))))
         (define a : {ty} ({ty}-wrap (operand 0)))
         (define b : {ty} ({ty}-wrap (operand 16)))
         (define c : {ty} {operation})
         (sol_log_64_ (u64-wrap c) (u64-wrap (>> c 64)) 0 0 0)
         0"
    )
}

/// Numbers at which something changes, and some of every length.
fn numbers() -> Vec<u128> {
    let mut numbers = vec![0, 1, 2, 3, 7, 10, 63, 64, 65, 127, 128, 1_000_000_007];
    for bits in [8, 15, 16, 31, 32, 33, 63, 64, 65, 95, 96, 97, 126, 127] {
        numbers.extend([(1u128 << bits) - 1, 1 << bits, (1 << bits) + 1]);
    }
    let negated: Vec<u128> = numbers.iter().map(|number| number.wrapping_neg()).collect();
    numbers.extend(negated);
    // The digits that the estimate of a quotient is two too large for.
    numbers.extend([0x8000_0000_ffff_ffff, 0x7fff_ffff_8000_0000_0000_0000_0000_0000, 0xffff_ffff_0000_0000]);
    let mut state = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835u128;
    for bits in (1..128).step_by(5) {
        state =
            state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(0x5851_f42d_4c95_7f2d);
        numbers.push(state >> (128 - bits));
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn region(a: u128, b: u128) -> Vec<u8> {
    let mut region = a.to_le_bytes().to_vec();
    region.extend(b.to_le_bytes());
    region
}

/// The number that a program logged, if it returned.
fn logged(logs: &[String]) -> Option<u128> {
    let words = logs.last()?.strip_prefix("Program log: ")?;
    let mut words = words.split(", ").map(|word| u64::from_str_radix(&word[2..], 16).unwrap());
    let (low, high) = (words.next()?, words.next()?);
    Some(u128::from(low) | u128::from(high) << 64)
}

fn shown(diagnostics: Vec<Diagnostic>) -> String {
    diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>().join("; ")
}

/// Compares an operation of a type on all engines.
fn compare(operation: &str, ty: &str, expected: &dyn Fn(u128, u128) -> Option<u128>) {
    let text = source(operation, ty);
    let mut db = Database::default();
    let file = db.add_file("wide.ovsm", &*text);
    let what = |error| format!("{operation} {ty}: {}", shown(error));
    let artifact =
        build(&db, file, &BuildOptions { level: OptLevel::O2, version: Version::V3, symbols: false })
            .map_err(what)
            .unwrap();
    let machine = Machine::load(&artifact.program.elf).unwrap();
    let (module, _) = lower_program(&db, file, EntryKind::ReturnCode).map_err(what).unwrap();
    let mut optimised = module.clone();
    optimize(&mut optimised, OptLevel::O2);
    let vm = ovsm_vm::compile(&optimised).unwrap();
    let numbers = numbers();
    for (place, a) in numbers.iter().enumerate() {
        for (other, b) in numbers.iter().enumerate() {
            let expected = expected(*a, *b);
            let run = machine.run(Engine::Jit, &region(*a, *b), 0, 10_000);
            let found = logged(&run.logs).filter(|_| run.exit == Exit::Returned(0));
            assert_eq!(found, expected, "sBPF: {operation} {ty} {a:#x} {b:#x}");
            // The engines of scripts are slow in a build for tests.
            if (place * 31 + other) % 37 != 0 {
                continue;
            }
            let input = || Input::from_bytes(region(*a, *b));
            let mut memory = Memory::for_module(&module, input());
            let mut host = ScriptHost::default();
            let outcome = interpret(&module, &mut memory, &mut host, interpret::Limits::default());
            let is_whole = matches!(outcome, Outcome::Returned(_));
            assert_eq!(
                logged(&host.lines()).filter(|_| is_whole),
                expected,
                "interpreter: {operation} {ty} {a:#x} {b:#x}"
            );
            let mut memory = Memory::for_module(&optimised, input());
            let mut host = ScriptHost::default();
            let outcome = ovsm_vm::run(&vm, &mut memory, &mut host, ovsm_vm::Limits::default());
            let is_whole = matches!(outcome, Outcome::Returned(_));
            assert_eq!(
                logged(&host.lines()).filter(|_| is_whole),
                expected,
                "vm: {operation} {ty} {a:#x} {b:#x}"
            );
        }
    }
}

#[test]
fn unsigned_numbers_are_those_of_rust() {
    for (operation, meaning, _) in OPERATIONS {
        compare(operation, "u128", meaning);
    }
}

#[test]
fn signed_numbers_are_those_of_rust() {
    for (operation, _, meaning) in OPERATIONS {
        compare(operation, "i128", &|a, b| meaning(a as i128, b as i128).map(|number| number as u128));
    }
}
