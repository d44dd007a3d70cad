//! Compute units and sizes of kernels and programs.
//!
//! The baseline is clang 19 at -O2 for BPF on the same inputs (and the best of clang's levels), measured once on
//! mollusk with agave 4.2.2 and solana-sbpf 0.21.1; compute units are exact, so the numbers hold on every machine.
//! Its sizes are what clang 19.1.7 makes of the kernels in C (`-target bpf -mcpu=v2 -ffreestanding -fno-builtin-memcpy
//! -mllvm -bpf-stack-size=4096`, unrolled: `-O3 -mllvm -unroll-runtime -mllvm -unroll-count=8 -mllvm
//! -unroll-allow-partial`): code and constants, and 120 bytes of headers as in every ELF v3.

use ovsm_conformance::case::PROGRAM_ID;
use ovsm_conformance::sbpf_machine::{Engine, Exit, Machine};
use ovsm_ir::machine::{AccountInput, Input};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{BuildOptions, Database, build};
use ovsm_sbpf::Version;

/// A program with its input and what other compilers make of it.
pub struct Subject {
    /// The name of its file.
    pub name: &'static str,
    /// The program.
    pub source: &'static str,
    /// The same with checked arithmetic, for kernels.
    pub checked: Option<&'static str>,
    /// The input region and the address of the instruction data.
    pub input: fn() -> Input,
    /// The return code that it must give.
    pub result: u64,
    /// Compute units of clang -O2.
    pub clang: u64,
    /// Compute units of clang's best level, or of hand-written assembly where that is better.
    pub best: u64,
    /// Bytes of clang's ELF v3 at -O2, stripped.
    pub clang_bytes: u64,
    /// The same at -Os, and at -O3 with loops unrolled by force; for kernels.
    pub clang_small_and_unrolled: Option<(u64, u64)>,
}

macro_rules! kernel {
    ($name:literal, $result:literal, $clang:literal, $best:literal, $bytes:literal, $small:literal, $unrolled:literal) => {
        Subject {
            name: $name,
            source: include_str!(concat!("../kernels/", $name, ".ovsm")),
            checked: Some(include_str!(concat!("../kernels/", $name, "_checked.ovsm"))),
            input: || Input::from_bytes(include_bytes!(concat!("../kernel-inputs/", $name, ".bin")).to_vec()),
            result: $result,
            clang: $clang,
            best: $best,
            clang_bytes: $bytes,
            clang_small_and_unrolled: Some(($small, $unrolled)),
        }
    };
}

macro_rules! program {
    ($name:literal, $path:literal, $input:expr, $clang:literal, $best:literal, $bytes:literal) => {
        Subject {
            name: $name,
            source: include_str!($path),
            checked: None,
            input: $input,
            result: 0,
            clang: $clang,
            best: $best,
            clang_bytes: $bytes,
            clang_small_and_unrolled: None,
        }
    };
}

/// The kernels: pure computations on a block of bytes.
pub const KERNELS: [Subject; 7] = [
    kernel!("fib_iter", 2880067194370816120, 456, 219, 232, 232, 504),
    kernel!("fib_rec", 6765, 149059, 135529, 256, 256, 720),
    kernel!("bubble", 14790387523129532, 16876, 15825, 384, 368, 824),
    kernel!("sum64", 14777085428569745856, 775, 333, 224, 224, 528),
    kernel!("isqrt", 4516777523, 2476, 2420, 336, 336, 672),
    kernel!("gcd", 1, 215, 215, 200, 200, 352),
    kernel!("matmul", 743639641836140, 2524, 2039, 600, 480, 15864),
];

/// Whole programs on accounts.
pub const PROGRAMS: [Subject; 10] = [
    program!("noop", "../programs/noop.ovsm", || instruction(&[], &[]), 2, 1, 136),
    program!("log", "../programs/log.ovsm", || instruction(&[], &[]), 105, 104, 240),
    program!(
        "pubkey_compare",
        "../programs/pubkey_compare.ovsm",
        || instruction(&[own_key()], &[]),
        15,
        14,
        240
    ),
    program!("counter", "../programs/counter.ovsm", || instruction(&[account(1, &[0; 8])], &[]), 34, 34, 392),
    program!("counter_declared", "../programs/counter_declared.ovsm", declared_counter, 34, 34, 392),
    program!(
        "counter_min",
        "../programs/counter_min.ovsm",
        || instruction(&[account(1, &[0; 8])], &[]),
        8,
        8,
        184
    ),
    program!("transfer_lamports", "../programs/transfer_lamports.ovsm", two_accounts, 22, 22, 296),
    program!("transfer_lamports_chk", "../programs/transfer_lamports_chk.ovsm", two_accounts, 31, 31, 368),
    program!("vote", "../programs/vote.ovsm", voting, 50, 50, 520),
    program!("vault_withdraw", "../programs/vault_withdraw.ovsm", withdrawal, 57, 57, 576),
];

/// Walks over so many accounts: how many, the units of pinocchio, and those of clang -O2 for the walk as it is written.
pub const WALKS: [(usize, u64, u64); 6] =
    [(1, 22, 30), (3, 44, 56), (5, 59, 82), (10, 101, 147), (20, 177, 277), (32, 269, 433)];

/// What finding so many accounts costs, every third of which is the one before it once more if `repeats` says so.
///
/// # Errors
/// The program does not do what it should.
pub fn walk(count: usize, repeats: bool, version: Version, level: OptLevel) -> Result<u64, String> {
    let mut db = Database::default();
    let source = include_str!("../programs/account_walk.ovsm");
    let file = db.add_file("account_walk", source);
    let built = build(&db, file, &BuildOptions { level, version, symbols: true });
    let artifact = built.map_err(|errors| format!("{:?}", errors.first()))?;
    let machine = Machine::load(&artifact.program.elf)?;
    let accounts: Vec<AccountInput> = (0..count)
        .map(|n| AccountInput {
            duplicate_of: (repeats && n % 3 == 2).then(|| n as u8 - 1),
            ..account(n as u8, &[])
        })
        .collect();
    let input = instruction(&accounts, &(count as u64).to_le_bytes());
    let run = machine.run(Engine::Interpreter, input.bytes(), input.instruction_data_address(), 1_400_000);
    match run.exit {
        Exit::Returned(0) => Ok(run.units),
        other => Err(format!("{count} accounts: {other:?}")),
    }
}

fn instruction(accounts: &[AccountInput], data: &[u8]) -> Input {
    Input::serialise(accounts, data, &PROGRAM_ID)
}

/// A counter of an account type, and the call of its instruction: each begins with the start of the hash of its name.
fn declared_counter() -> Input {
    let counter = [255, 176, 4, 245, 188, 253, 124, 25, 0, 0, 0, 0, 0, 0, 0, 0];
    instruction(&[account(1, &counter)], &[11, 18, 104, 9, 104, 174, 59, 33])
}

fn account(number: u8, data: &[u8]) -> AccountInput {
    AccountInput {
        key: [number; 32],
        owner: PROGRAM_ID,
        lamports: 1_000_000,
        data: data.to_vec(),
        signer: true,
        writable: true,
        ..AccountInput::default()
    }
}

fn own_key() -> AccountInput {
    AccountInput { key: PROGRAM_ID, ..account(1, &[]) }
}

fn two_accounts() -> Input {
    instruction(&[account(1, &[]), account(2, &[])], &1000u64.to_le_bytes())
}

fn voting() -> Input {
    instruction(&[account(1, &[0; 40]), account(2, &[]), account(3, &[0; 2])], &[2])
}

fn withdrawal() -> Input {
    instruction(&[account(1, &[]), account(2, &[1; 32])], &1000u64.to_le_bytes())
}

/// What a program costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Compute units.
    pub units: u64,
    /// Bytes of the ELF file without section headers and symbols.
    pub stripped: usize,
    /// Bytes of the ELF file as built by default.
    pub bytes: usize,
}

/// Builds and runs a program in both engines.
///
/// # Errors
/// If it does not build, the engines disagree, or the result is wrong.
pub fn cost(subject: &Subject, source: &str, version: Version, level: OptLevel) -> Result<Cost, String> {
    let mut db = Database::default();
    let file = db.add_file(subject.name, source);
    let elf = |symbols| {
        build(&db, file, &BuildOptions { level, version, symbols })
            .map(|artifact| artifact.program.elf)
            .map_err(|errors| {
                format!("{}: {}", subject.name, errors.first().map_or("", |error| &error.message))
            })
    };
    let (stripped, full) = (elf(false)?, elf(true)?);
    let machine = Machine::load(&full)?;
    let input = (subject.input)();
    let mut units = None;
    for engine in Engine::ALL {
        let run = machine.run(engine, input.bytes(), input.instruction_data_address(), 1_400_000);
        if run.exit != Exit::Returned(subject.result) {
            return Err(format!("{} in {engine:?}: {:?}, not {}", subject.name, run.exit, subject.result));
        }
        if *units.get_or_insert(run.units) != run.units {
            return Err(format!("{}: the engines count differently", subject.name));
        }
    }
    Ok(Cost { units: units.unwrap_or(0), stripped: stripped.len(), bytes: full.len() })
}

/// The figures of every subject as lines of `cu.toml`.
///
/// # Errors
/// As [`cost`].
pub fn table() -> Result<String, String> {
    let mut text = String::from(
        "# Compute units and ELF bytes, exact; written by `BLESS=1 cargo test -p ovsm-bench`, reviewed when they change.\n",
    );
    for subject in KERNELS.iter().chain(&PROGRAMS) {
        let variants = [("", Some(subject.source)), ("_checked", subject.checked)];
        for (suffix, source) in variants {
            let Some(source) = source else { continue };
            text.push_str(&format!("\n[{}{suffix}]\n", subject.name));
            let levels =
                [(OptLevel::O0, "o0"), (OptLevel::Os, "os"), (OptLevel::O2, "o2"), (OptLevel::O3, "o3")];
            for (level, name) in levels {
                let v3 = cost(subject, source, Version::V3, level)?;
                text.push_str(&format!("{name} = {}\n", v3.units));
                if level == OptLevel::Os {
                    text.push_str(&format!("bytes_os_stripped = {}\n", v3.stripped));
                }
                if level == OptLevel::O2 {
                    let v0 = cost(subject, source, Version::V0, level)?;
                    text.push_str(&format!(
                        "o2_v0 = {}\nbytes_v3_stripped = {}\nbytes_v3 = {}\nbytes_v0 = {}\n",
                        v0.units, v3.stripped, v3.bytes, v0.bytes
                    ));
                }
            }
        }
    }
    Ok(text)
}

/// The figures as Markdown, with ratios to the baselines.
///
/// # Errors
/// As [`cost`].
pub fn markdown() -> Result<String, String> {
    let mut text = String::from(
        "## Compute units\n\nsBPF v3, -O2; clang 19 -O2 and its best level (or assembly) on the same input.\n\n\
         | kernel | wrapping | checked | clang -O2 | ratio | clang best | ratio | -Os |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let mut sizes = String::new();
    let ratio = |ours: u64, theirs: u64| ours as f64 / theirs as f64;
    let (mut product, mut best, mut within) = (0.0, 0.0, 0);
    for kernel in &KERNELS {
        let fast = cost(kernel, kernel.source, Version::V3, OptLevel::O2)?;
        let small = cost(kernel, kernel.source, Version::V3, OptLevel::Os)?;
        let wrapping = fast.units;
        let checked = match kernel.checked {
            Some(source) => cost(kernel, source, Version::V3, OptLevel::O2)?.units,
            None => wrapping,
        };
        product += ratio(wrapping, kernel.clang).ln();
        within += usize::from(wrapping <= kernel.clang);
        text.push_str(&format!(
            "| {} | {wrapping} | {checked} | {} | {:.2} | {} | {:.2} | {} |\n",
            kernel.name,
            kernel.clang,
            ratio(wrapping, kernel.clang),
            kernel.best,
            ratio(wrapping, kernel.best),
            small.units
        ));
        let (theirs_small, theirs_unrolled) = kernel.clang_small_and_unrolled.unwrap_or_default();
        sizes.push_str(&format!(
            "| {} | {} | {} | {theirs_unrolled} | {} | {theirs_small} |\n",
            kernel.name, fast.stripped, kernel.clang_bytes, small.stripped
        ));
        best += ratio(wrapping, kernel.best).ln();
    }
    let mean = |sum: f64| (sum / KERNELS.len() as f64).exp();
    text.push_str(&format!(
        "\nGeometric mean {:.2} of clang -O2, {:.2} of its best; {within} of {} kernels at or below -O2.\n\n\
         Bytes of the stripped ELF v3:\n\n\
         | kernel | -O2 | clang -O2 | clang unrolled | -Os | clang -Os |\n|---|---|---|---|---|---|\n{sizes}\n\
         | program | OVSM | clang -O2 | ratio | best known | bytes v3 stripped | clang v3 | -Os | bytes v3 | bytes v0 |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        mean(product),
        mean(best),
        KERNELS.len()
    ));
    for program in &PROGRAMS {
        let v3 = cost(program, program.source, Version::V3, OptLevel::O2)?;
        let v0 = cost(program, program.source, Version::V0, OptLevel::O2)?;
        let small = cost(program, program.source, Version::V3, OptLevel::Os)?;
        text.push_str(&format!(
            "| {} | {} | {} | {:.2} | {} | {} | {} | {} | {} | {} |\n",
            program.name,
            v3.units,
            program.clang,
            ratio(v3.units, program.clang),
            program.best,
            v3.stripped,
            program.clang_bytes,
            small.stripped,
            v3.bytes,
            v0.bytes
        ));
    }
    text.push_str(
        "\nFinding all accounts of an instruction:\n\n| accounts | OVSM | pinocchio | clang -O2 |\n|---|---|---|---|\n",
    );
    for (count, pinocchio, clang) in WALKS {
        let ours = walk(count, false, Version::V3, OptLevel::O2)?;
        text.push_str(&format!("| {count} | {ours} | {pinocchio} | {clang} |\n"));
    }
    Ok(text)
}
