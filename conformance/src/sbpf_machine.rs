//! Runs sBPF programs in `solana-sbpf`, the virtual machine that validators use, in its interpreter or its JIT.
//!
//! The configuration, the memory map and the costs are those of a validator (agave 4.2), and so are the syscalls that
//! need no chain: logs, memory, abort and panic. Every other syscall faults: nothing here invents an answer. Logged
//! lines are in the words of `ovsm_ir::machine::ScriptHost`, so that engines can be compared.
//!
//! Start with [`Machine`].
#![allow(unsafe_code, reason = "solana-sbpf wants the promise that mapped memory outlives the mapping")]

use solana_sbpf::aligned_memory::AlignedMemory;
use solana_sbpf::ebpf;
use solana_sbpf::elf::Executable;
use solana_sbpf::memory_region::{MemoryMapping, MemoryRegion};
use solana_sbpf::program::{BuiltinFunctionDefinition, BuiltinProgram, SBPFVersion};
use solana_sbpf::verifier::RequisiteVerifier;
use solana_sbpf::vm::{CallFrame, Config, ContextObject, EbpfVm, ExecutionMode};
use std::ptr::NonNull;
use std::sync::Arc;

/// Which of the two engines runs the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// The interpreter.
    Interpreter,
    /// The just-in-time compiler.
    Jit,
}

impl Engine {
    /// Both engines.
    pub const ALL: [Engine; 2] = [Engine::Interpreter, Engine::Jit];
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exit {
    /// With this return code; 0 is success.
    Returned(u64),
    /// With a fault of the machine, in its words.
    Faulted(String),
}

/// What a run left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// How it ended.
    pub exit: Exit,
    /// The logged lines, in the runtime's words: `Program log: …`.
    pub logs: Vec<String>,
    /// Compute units: instructions and the costs of syscalls.
    pub units: u64,
    /// The input region after the run.
    pub input: Vec<u8>,
    /// The heap after the run.
    pub heap: Vec<u8>,
}

/// Size of the heap.
const HEAP_BYTES: usize = 32 * 1024;

/// Bytes of logs that are kept.
const LOG_LIMIT: usize = 10_000;

/// A loaded and verified program.
pub struct Machine {
    loader: Arc<BuiltinProgram<Context>>,
    executable: Executable<Context>,
}

impl Machine {
    /// Loads a file as a validator does at deployment, verifies it and compiles it for [`Engine::Jit`].
    pub fn load(elf: &[u8]) -> Result<Machine, String> {
        Machine::load_with_labels(elf, false)
    }

    /// Loads a file; with `labels` its symbols are read as debuggers and tracers do.
    pub fn load_with_labels(elf: &[u8], labels: bool) -> Result<Machine, String> {
        let config = Config {
            reject_broken_elfs: true,
            optimize_rodata: false,
            aligned_memory_mapping: false,
            enable_symbol_and_section_labels: labels,
            enabled_sbpf_versions: SBPFVersion::V0..=SBPFVersion::V3,
            ..Config::default()
        };
        let mut loader = BuiltinProgram::new_loader(config);
        let registered = [
            Abort::register(&mut loader, "abort"),
            Panic::register(&mut loader, "sol_panic_"),
            LogText::register(&mut loader, "sol_log_"),
            LogWords::register(&mut loader, "sol_log_64_"),
            LogKey::register(&mut loader, "sol_log_pubkey"),
            LogData::register(&mut loader, "sol_log_data"),
            LogUnits::register(&mut loader, "sol_log_compute_units_"),
            RemainingUnits::register(&mut loader, "sol_remaining_compute_units"),
            Copy::register(&mut loader, "sol_memcpy_"),
            Move::register(&mut loader, "sol_memmove_"),
            Fill::register(&mut loader, "sol_memset_"),
            Compare::register(&mut loader, "sol_memcmp_"),
            StackHeight::register(&mut loader, "sol_get_stack_height"),
        ];
        for result in registered {
            result.map_err(|error| error.to_string())?;
        }
        let loader = Arc::new(loader);
        let executable =
            Executable::<Context>::from_elf(elf, Arc::clone(&loader)).map_err(|error| error.to_string())?;
        executable.verify::<RequisiteVerifier>().map_err(|error| error.to_string())?;
        executable.jit_compile().map_err(|error| error.to_string())?;
        Ok(Machine { loader, executable })
    }

    /// Runs the program on an input region, with at most `budget` compute units. `instruction_data` is the address
    /// that the runtime passes in r2.
    pub fn run(&self, engine: Engine, input: &[u8], instruction_data: u64, budget: u64) -> Run {
        let version = self.executable.get_sbpf_version();
        let config = self.executable.get_config();
        let mut stack = AlignedMemory::<{ ebpf::HOST_ALIGN }>::zero_filled(config.stack_size());
        let mut heap = AlignedMemory::<{ ebpf::HOST_ALIGN }>::zero_filled(HEAP_BYTES);
        let mut input = AlignedMemory::<{ ebpf::HOST_ALIGN }>::from_slice(input);
        let stack_bytes = stack.len();
        let stack_region = if version == SBPFVersion::V0 && config.enable_stack_frame_gaps {
            MemoryRegion::new_gapped(&mut stack, ebpf::MM_STACK_START, config.stack_frame_size as u64)
        } else {
            MemoryRegion::new(&mut stack, ebpf::MM_STACK_START)
        };
        let regions = vec![
            self.executable.get_ro_region(),
            stack_region,
            MemoryRegion::new(&mut heap, ebpf::MM_HEAP_START),
            MemoryRegion::new(&mut input, ebpf::MM_INPUT_START),
        ];
        // SAFETY: the four memories are plain bytes and live to the end of this function; the mapping does not leave
        // it.
        let mapping = match unsafe { MemoryMapping::new(regions, config, version) } {
            Ok(mapping) => mapping,
            Err(error) => {
                return Run {
                    exit: Exit::Faulted(error.to_string()),
                    logs: Vec::new(),
                    units: 0,
                    input: input.as_slice().to_vec(),
                    heap: heap.as_slice().to_vec(),
                };
            }
        };
        let mut context =
            Context { remaining: budget, mapping, logs: Vec::new(), log_bytes: 0, truncated: false };
        let mut vm = EbpfVm::new(Arc::clone(&self.loader), version, &mut context, stack_bytes);
        vm.registers[1] = ebpf::MM_INPUT_START;
        vm.registers[2] = instruction_data;
        let mut frames = vec![CallFrame::default(); config.max_call_depth];
        let mut mode = match engine {
            Engine::Interpreter => ExecutionMode::Interpreted,
            Engine::Jit => ExecutionMode::Jit,
        };
        let (units, result) = vm.execute_program(&self.executable, &mut mode, &mut frames);
        let result: Result<u64, _> = result.into();
        let exit = match result {
            Ok(code) => Exit::Returned(code),
            Err(error) => Exit::Faulted(error.to_string()),
        };
        drop(vm);
        let logs = std::mem::take(&mut context.logs);
        drop(context);
        Run { exit, logs, units, input: input.as_slice().to_vec(), heap: heap.as_slice().to_vec() }
    }
}

struct Context {
    remaining: u64,
    mapping: MemoryMapping,
    logs: Vec<String>,
    log_bytes: usize,
    truncated: bool,
}

impl ContextObject for Context {
    fn consume(&mut self, amount: u64) {
        self.remaining = self.remaining.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.remaining
    }

    fn active_mapping_ptr(&mut self) -> NonNull<MemoryMapping> {
        NonNull::from_mut(&mut self.mapping)
    }
}

type Failure = Box<dyn std::error::Error>;

impl Context {
    /// Takes the cost of a syscall.
    fn charge(&mut self, units: u64) -> Result<(), Failure> {
        if units > self.remaining {
            self.remaining = 0;
            return Err("Computational budget exceeded".into());
        }
        self.remaining -= units;
        Ok(())
    }

    fn read(&mut self, address: u64, len: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        for n in 0..len {
            let byte: Result<u64, _> = self.mapping.load::<u8>(address.wrapping_add(n)).into();
            bytes.push(byte.map_err(|error| error.to_string())? as u8);
        }
        Ok(bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Failure> {
        for (n, byte) in bytes.iter().enumerate() {
            let stored: Result<u64, _> =
                self.mapping.store::<u8>(*byte, address.wrapping_add(n as u64)).into();
            stored.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn text(&mut self, address: u64, len: u64) -> Result<String, Failure> {
        Ok(String::from_utf8(self.read(address, len)?)?)
    }

    fn log(&mut self, line: String) {
        let bytes = self.log_bytes.saturating_add(line.len());
        if bytes < LOG_LIMIT {
            self.log_bytes = bytes;
            self.logs.push(line);
        } else if !self.truncated {
            self.truncated = true;
            self.logs.push("Log truncated".to_owned());
        }
    }
}

/// Cost of a memory operation.
fn memory_cost(len: u64) -> u64 {
    (len / 250).max(10)
}

fn overlap(a: u64, b: u64, len: u64) -> bool {
    a.abs_diff(b) < len
}

macro_rules! syscalls {
    ($($name:ident |$context:ident, $a:pat_param, $b:pat_param, $c:pat_param, $d:pat_param, $e:pat_param| $body:block)*) => {
        $(
            struct $name;

            impl BuiltinFunctionDefinition<Context> for $name {
                type Error = Failure;

                fn rust($context: &mut Context, $a: u64, $b: u64, $c: u64, $d: u64, $e: u64) -> Result<u64, Failure> $body
            }
        )*
    };
}

syscalls! {
    Abort |_context, _, _, _, _, _| { Err("BPF program panicked".into()) }

    Panic |context, file, len, line, column, _| {
        context.charge(len)?;
        let file = context.text(file, len)?;
        Err(format!("BPF program Panicked in {file} at {line}:{column}").into())
    }

    LogText |context, text, len, _, _, _| {
        context.charge(len.max(100))?;
        let text = context.text(text, len)?;
        context.log(format!("Program log: {text}"));
        Ok(0)
    }

    LogWords |context, a, b, c, d, e| {
        context.charge(100)?;
        context.log(format!("Program log: {a:#x}, {b:#x}, {c:#x}, {d:#x}, {e:#x}"));
        Ok(0)
    }

    LogKey |context, key, _, _, _, _| {
        context.charge(100)?;
        let key = context.read(key, 32)?;
        context.log(format!("Program log: {}", base58(&key)));
        Ok(0)
    }

    LogData |context, fields, count, _, _, _| {
        context.charge(100)?;
        let mut slices = Vec::new();
        for n in 0..count {
            let slice = context.read(fields + 16 * n, 16)?;
            let word = |at: usize| {
                let bytes = slice.get(at..).and_then(<[u8]>::first_chunk::<8>);
                bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
            };
            slices.push((word(0), word(8)));
        }
        context.charge(100 * count + slices.iter().map(|(_, length)| length).sum::<u64>())?;
        let mut texts = Vec::new();
        for (address, length) in slices {
            texts.push(base64(&context.read(address, length)?));
        }
        context.log(format!("Program data: {}", texts.join(" ")));
        Ok(0)
    }

    LogUnits |context, _, _, _, _, _| {
        context.charge(100)?;
        context.log(format!("Program consumption: {} units remaining", context.remaining));
        Ok(0)
    }

    RemainingUnits |context, _, _, _, _, _| {
        context.charge(100)?;
        Ok(context.remaining)
    }

    Copy |context, to, from, len, _, _| {
        context.charge(memory_cost(len))?;
        if overlap(to, from, len) {
            return Err("Overlapping copy".into());
        }
        let bytes = context.read(from, len)?;
        context.write(to, &bytes)?;
        Ok(0)
    }

    Move |context, to, from, len, _, _| {
        context.charge(memory_cost(len))?;
        let bytes = context.read(from, len)?;
        context.write(to, &bytes)?;
        Ok(0)
    }

    Fill |context, to, byte, len, _, _| {
        context.charge(memory_cost(len))?;
        for n in 0..len {
            context.write(to.wrapping_add(n), &[byte as u8])?;
        }
        Ok(0)
    }

    Compare |context, a, b, len, result, _| {
        context.charge(memory_cost(len))?;
        let (x, y) = (context.read(a, len)?, context.read(b, len)?);
        let order = x.iter().zip(&y).map(|(x, y)| i32::from(*x) - i32::from(*y)).find(|order| *order != 0);
        if !result.is_multiple_of(4) {
            return Err("Unaligned pointer".into());
        }
        context.write(result, &order.unwrap_or(0).to_le_bytes())?;
        Ok(0)
    }

    StackHeight |context, _, _, _, _, _| {
        context.charge(100)?;
        Ok(1)
    }
}

/// Bytes in base 58, as addresses are shown.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS.get((word >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn base58(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    digits.extend(std::iter::repeat_n(0, zeros));
    digits
        .iter()
        .rev()
        .filter_map(|digit| DIGITS.get(*digit as usize))
        .map(|byte| char::from(*byte))
        .collect()
}
