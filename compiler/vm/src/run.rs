//! Runs bytecode.
//!
//! One loop over instructions. Calls push onto a stack of frames and move a window over one stack of registers;
//! the stack of Rust does not grow, so deep recursion ends in [`Fault::StackOverflow`]. Each instruction costs one
//! unit of fuel. Everything that the outside can see goes through the memory and the host. Start with [`run`].

use crate::bytecode::{Instruction, Program, WINDOW, offset};
use ovsm_base::Span;
use ovsm_ir::interpret::Outcome;
use ovsm_ir::machine::{Fault, Host, INPUT_BASE, Memory};
use ovsm_ir::{BinaryOp, Failure, Width};

/// Runs a program. `memory` must hold the constants of its module (`Memory::for_module`).
pub fn run(program: &Program, memory: &mut Memory, host: &mut dyn Host, limits: Limits) -> Outcome {
    run_traced(program, memory, host, limits).outcome
}

/// Runs a program as [`run`] does, and tells in full where it ended.
pub fn run_traced(program: &Program, memory: &mut Memory, host: &mut dyn Host, limits: Limits) -> Run {
    let mut machine = Machine { program, memory, host, limits, stack: vec![0; WINDOW], frames: Vec::new() };
    let (stop, pc, base) = machine.execute();
    machine.finish(stop, pc, base)
}

/// What a run may spend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many instructions.
    pub fuel: u64,
    /// How many frames at once, the entry's included.
    pub max_call_depth: usize,
    /// How many words of registers in all frames together.
    pub max_registers: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { fuel: 1 << 40, max_call_depth: 100_000, max_registers: 1 << 24 }
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The outcome. Its trace is [`Run::trace`] as text.
    pub outcome: Outcome,
    /// The active functions when the run failed or faulted, innermost first; at most the first
    /// [`Run::TRACE_INNER`] and the last [`Run::TRACE_OUTER`].
    pub trace: Vec<TraceFrame>,
    /// How many active functions the trace leaves out, after the first [`Run::TRACE_INNER`].
    pub omitted: usize,
    /// Fuel that is left.
    pub fuel: u64,
}

impl Run {
    /// How many frames a trace has before it leaves some out.
    pub const TRACE_INNER: usize = 20;
    /// How many frames a trace has after those that it leaves out.
    pub const TRACE_OUTER: usize = 5;
}

/// An active function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceFrame {
    /// Its name.
    pub function: String,
    /// Where it was: at the call of the frame before, or, in the first frame, where the run ended.
    pub span: Option<Span>,
}

/// Why the loop ended.
enum Stop {
    Returned,
    /// A checked operation overflowed.
    Overflow,
    /// The check of the last instruction failed.
    Check,
    Fault(Fault),
}

/// A caller: where it goes on, and where its frame starts.
#[derive(Clone, Copy)]
struct Frame {
    pc: u32,
    base: u32,
}

struct Machine<'a> {
    program: &'a Program,
    memory: &'a mut Memory,
    host: &'a mut dyn Host,
    /// Fuel goes down as the program runs.
    limits: Limits,
    /// The registers of all frames. From the start of each frame on there are [`WINDOW`] words at least.
    stack: Vec<u64>,
    frames: Vec<Frame>,
}

impl Machine<'_> {
    /// Runs until the entry returns or something stops it. Gives the instruction after the last one, and the start
    /// of the last frame.
    fn execute(&mut self) -> (Stop, usize, usize) {
        let code = self.program.code.as_slice();
        let constants = self.program.constants.as_slice();
        let limits = self.limits;
        // A frame may take no register of its own, so that the number of frames needs both bounds.
        let max_call_depth = limits.max_call_depth.min(limits.max_registers);
        let stack = &mut self.stack;
        let frames = &mut self.frames;
        let memory = &mut *self.memory;
        let mut fuel = limits.fuel;
        let mut pc = self.program.entry as usize;
        let mut base: usize = 0;

        let instruction_data = memory.instruction_data_address();
        if limits.max_call_depth == 0 || limits.max_registers < WINDOW {
            return (Stop::Fault(Fault::StackOverflow), pc, base);
        }
        let Some(mut registers) = window(stack, base) else {
            return (Stop::Fault(Fault::Unreachable), pc, base);
        };
        let [input, data, ..] = registers;
        (*input, *data) = (INPUT_BASE, instruction_data);

        // An operand of one byte is always within the window: these compile to plain reads and writes.
        macro_rules! get {
            ($register:expr) => {
                registers.get(usize::from($register)).copied().unwrap_or(0)
            };
        }
        macro_rules! set {
            ($register:expr, $word:expr) => {{
                let word: u64 = $word;
                if let Some(register) = registers.get_mut(usize::from($register)) {
                    *register = word;
                }
            }};
        }
        macro_rules! word {
            ($immediate:expr) => {
                i64::from($immediate) as u64
            };
        }
        macro_rules! fault {
            ($fault:expr) => {
                break Stop::Fault($fault)
            };
        }
        macro_rules! binary {
            ($op:ident, $to:expr, $a:expr, $b:expr) => {
                match BinaryOp::$op.evaluate($a, $b) {
                    Some(word) => set!($to, word),
                    None => fault!(Fault::DivideByZero),
                }
            };
        }
        macro_rules! checked {
            ($to:expr, $result:expr) => {
                match $result {
                    Some(word) => set!($to, word as u64),
                    None => break Stop::Overflow,
                }
            };
        }
        macro_rules! load {
            ($width:ident, $to:expr, $address:expr, $offset:expr) => {
                match memory.load(get!($address).wrapping_add(word!($offset)), Width::$width) {
                    Ok(word) => set!($to, word),
                    Err(fault) => fault!(fault),
                }
            };
        }
        macro_rules! store {
            ($width:ident, $from:expr, $address:expr, $offset:expr) => {
                if let Err(fault) =
                    memory.store(get!($address).wrapping_add(word!($offset)), Width::$width, get!($from))
                {
                    fault!(fault)
                }
            };
        }
        macro_rules! fail_if {
            ($condition:expr) => {
                if $condition {
                    break Stop::Check;
                }
            };
        }
        macro_rules! branch {
            ($target:expr, $condition:expr) => {
                if $condition {
                    pc = $target as usize;
                }
            };
        }
        macro_rules! leave {
            () => {{
                let Some(caller) = frames.pop() else { break Stop::Returned };
                pc = caller.pc as usize;
                base = caller.base as usize;
                match window(stack, base) {
                    Some(window) => registers = window,
                    None => fault!(Fault::Unreachable),
                }
            }};
        }

        use Instruction as I;
        let stop = loop {
            let Some(instruction) = code.get(pc) else { fault!(Fault::Unreachable) };
            pc += 1;
            let Some(left) = fuel.checked_sub(1) else { fault!(Fault::OutOfFuel) };
            fuel = left;
            match *instruction {
                I::Move(to, from) => set!(to, get!(from)),
                I::Constant(to, value) => set!(to, word!(value)),
                I::WideConstant(to, number) => {
                    set!(to, constants.get(number as usize).copied().unwrap_or(0));
                }
                I::LoadSlot(to, slot) => {
                    let word = stack.get(base + slot as usize).copied().unwrap_or(0);
                    match window(stack, base) {
                        Some(window) => registers = window,
                        None => fault!(Fault::Unreachable),
                    }
                    set!(to, word);
                }
                I::StoreSlot(from, slot) => {
                    let word = get!(from);
                    if let Some(place) = stack.get_mut(base + slot as usize) {
                        *place = word;
                    }
                    match window(stack, base) {
                        Some(window) => registers = window,
                        None => fault!(Fault::Unreachable),
                    }
                }

                I::Add(to, a, b) => binary!(Add, to, get!(a), get!(b)),
                I::Sub(to, a, b) => binary!(Sub, to, get!(a), get!(b)),
                I::Mul(to, a, b) => binary!(Mul, to, get!(a), get!(b)),
                I::UnsignedDiv(to, a, b) => binary!(UnsignedDiv, to, get!(a), get!(b)),
                I::UnsignedRem(to, a, b) => binary!(UnsignedRem, to, get!(a), get!(b)),
                I::SignedDiv(to, a, b) => binary!(SignedDiv, to, get!(a), get!(b)),
                I::SignedRem(to, a, b) => binary!(SignedRem, to, get!(a), get!(b)),
                I::And(to, a, b) => binary!(And, to, get!(a), get!(b)),
                I::Or(to, a, b) => binary!(Or, to, get!(a), get!(b)),
                I::Xor(to, a, b) => binary!(Xor, to, get!(a), get!(b)),
                I::ShiftLeft(to, a, b) => binary!(ShiftLeft, to, get!(a), get!(b)),
                I::ShiftRightLogical(to, a, b) => binary!(ShiftRightLogical, to, get!(a), get!(b)),
                I::ShiftRightArithmetic(to, a, b) => binary!(ShiftRightArithmetic, to, get!(a), get!(b)),

                I::AddImmediate(to, a, b) => binary!(Add, to, get!(a), word!(b)),
                I::MulImmediate(to, a, b) => binary!(Mul, to, get!(a), word!(b)),
                I::UnsignedDivImmediate(to, a, b) => binary!(UnsignedDiv, to, get!(a), word!(b)),
                I::UnsignedRemImmediate(to, a, b) => binary!(UnsignedRem, to, get!(a), word!(b)),
                I::SignedDivImmediate(to, a, b) => binary!(SignedDiv, to, get!(a), word!(b)),
                I::SignedRemImmediate(to, a, b) => binary!(SignedRem, to, get!(a), word!(b)),
                I::AndImmediate(to, a, b) => binary!(And, to, get!(a), word!(b)),
                I::OrImmediate(to, a, b) => binary!(Or, to, get!(a), word!(b)),
                I::XorImmediate(to, a, b) => binary!(Xor, to, get!(a), word!(b)),
                I::ShiftLeftImmediate(to, a, b) => binary!(ShiftLeft, to, get!(a), word!(b)),
                I::ShiftRightLogicalImmediate(to, a, b) => binary!(ShiftRightLogical, to, get!(a), word!(b)),
                I::ShiftRightArithmeticImmediate(to, a, b) => {
                    binary!(ShiftRightArithmetic, to, get!(a), word!(b));
                }

                I::CheckedAddU64(to, a, b) => checked!(to, get!(a).checked_add(get!(b))),
                I::CheckedSubU64(to, a, b) => checked!(to, get!(a).checked_sub(get!(b))),
                I::CheckedMulU64(to, a, b) => checked!(to, get!(a).checked_mul(get!(b))),
                I::CheckedAddI64(to, a, b) => checked!(to, (get!(a) as i64).checked_add(get!(b) as i64)),
                I::CheckedSubI64(to, a, b) => checked!(to, (get!(a) as i64).checked_sub(get!(b) as i64)),
                I::CheckedMulI64(to, a, b) => checked!(to, (get!(a) as i64).checked_mul(get!(b) as i64)),
                I::CheckedAddU64Immediate(to, a, b) => checked!(to, get!(a).checked_add(word!(b))),
                I::CheckedSubU64Immediate(to, a, b) => checked!(to, get!(a).checked_sub(word!(b))),
                I::CheckedMulU64Immediate(to, a, b) => checked!(to, get!(a).checked_mul(word!(b))),
                I::CheckedAddI64Immediate(to, a, b) => {
                    checked!(to, (get!(a) as i64).checked_add(i64::from(b)));
                }
                I::CheckedSubI64Immediate(to, a, b) => {
                    checked!(to, (get!(a) as i64).checked_sub(i64::from(b)));
                }
                I::CheckedMulI64Immediate(to, a, b) => {
                    checked!(to, (get!(a) as i64).checked_mul(i64::from(b)));
                }
                I::Checked(op, ty, to, a, b) => checked!(to, op.evaluate(ty, get!(a), get!(b))),
                I::CheckedImmediate(op, ty, to, a, b) => checked!(to, op.evaluate(ty, get!(a), word!(b))),

                I::Extend(ty, to, a) => set!(to, ty.canonical(get!(a))),
                I::Not(to, a) => set!(to, u64::from(get!(a) == 0)),
                I::Compare(condition, to, a, b) => {
                    set!(to, u64::from(condition.evaluate(get!(a), get!(b))));
                }
                I::CompareImmediate(condition, to, a, b) => {
                    set!(to, u64::from(condition.evaluate(get!(a), word!(b))));
                }

                I::Load8(to, address, offset) => load!(W1, to, address, offset),
                I::Load16(to, address, offset) => load!(W2, to, address, offset),
                I::Load32(to, address, offset) => load!(W4, to, address, offset),
                I::Load64(to, address, offset) => load!(W8, to, address, offset),
                I::Store8(from, address, offset) => store!(W1, from, address, offset),
                I::Store16(from, address, offset) => store!(W2, from, address, offset),
                I::Store32(from, address, offset) => store!(W4, from, address, offset),
                I::Store64(from, address, offset) => store!(W8, from, address, offset),

                I::Fail => break Stop::Check,
                I::FailIf(a) => fail_if!(get!(a) != 0),
                I::FailUnless(a) => fail_if!(get!(a) == 0),
                I::FailIfEqual(a, b) => fail_if!(get!(a) == get!(b)),
                I::FailIfNotEqual(a, b) => fail_if!(get!(a) != get!(b)),
                I::FailIfUnsignedLess(a, b) => fail_if!(get!(a) < get!(b)),
                I::FailIfUnsignedLessEqual(a, b) => fail_if!(get!(a) <= get!(b)),
                I::FailIfSignedLess(a, b) => fail_if!((get!(a) as i64) < get!(b) as i64),
                I::FailIfSignedLessEqual(a, b) => {
                    fail_if!(get!(a) as i64 <= get!(b) as i64);
                }
                I::FailIfEqualImmediate(a, b) => fail_if!(get!(a) == word!(b)),
                I::FailIfNotEqualImmediate(a, b) => fail_if!(get!(a) != word!(b)),
                I::FailIfUnsignedLessImmediate(a, b) => fail_if!(get!(a) < word!(b)),
                I::FailIfUnsignedGreaterImmediate(a, b) => fail_if!(get!(a) > word!(b)),
                I::FailIfSignedLessImmediate(a, b) => {
                    fail_if!((get!(a) as i64) < i64::from(b));
                }
                I::FailIfSignedGreaterImmediate(a, b) => {
                    fail_if!(get!(a) as i64 > i64::from(b));
                }

                I::Jump(target) => pc = target as usize,
                I::BranchIf(a, target) => branch!(target, get!(a) != 0),
                I::BranchUnless(a, target) => branch!(target, get!(a) == 0),
                I::BranchEqual(a, b, target) => branch!(target, get!(a) == get!(b)),
                I::BranchNotEqual(a, b, target) => branch!(target, get!(a) != get!(b)),
                I::BranchUnsignedLess(a, b, target) => branch!(target, get!(a) < get!(b)),
                I::BranchUnsignedLessEqual(a, b, target) => branch!(target, get!(a) <= get!(b)),
                I::BranchSignedLess(a, b, target) => branch!(target, (get!(a) as i64) < get!(b) as i64),
                I::BranchSignedLessEqual(a, b, target) => branch!(target, get!(a) as i64 <= get!(b) as i64),
                I::BranchEqualImmediate(a, b, target) => branch!(target, get!(a) == word!(b)),
                I::BranchNotEqualImmediate(a, b, target) => branch!(target, get!(a) != word!(b)),
                I::BranchUnsignedLessImmediate(a, b, target) => branch!(target, get!(a) < word!(b)),
                I::BranchUnsignedGreaterImmediate(a, b, target) => branch!(target, get!(a) > word!(b)),
                I::BranchSignedLessImmediate(a, b, target) => {
                    branch!(target, (get!(a) as i64) < i64::from(b))
                }
                I::BranchSignedGreaterImmediate(a, b, target) => {
                    branch!(target, get!(a) as i64 > i64::from(b))
                }

                I::Call(above, target) => {
                    let callee = base + usize::from(above);
                    if frames.len() + 1 >= max_call_depth
                        || (stack.len() < callee + WINDOW && !grow(stack, callee + WINDOW, limits))
                    {
                        fault!(Fault::StackOverflow);
                    }
                    frames.push(Frame { pc: pc as u32, base: base as u32 });
                    base = callee;
                    pc = target as usize;
                    match window(stack, base) {
                        Some(window) => registers = window,
                        None => fault!(Fault::Unreachable),
                    }
                }
                I::Enter(size) => {
                    let end = base + size as usize;
                    if stack.len() < end && !grow(stack, end, limits) {
                        fault!(Fault::StackOverflow);
                    }
                    match window(stack, base) {
                        Some(window) => registers = window,
                        None => fault!(Fault::Unreachable),
                    }
                }
                I::Return => leave!(),
                I::ReturnValue(from) => {
                    set!(0u8, get!(from));
                    leave!()
                }
                I::Syscall(syscall, to, args) => {
                    let args = args.map(|arg| get!(arg));
                    let mut words = [0; 5];
                    for (word, arg) in words.iter_mut().zip(args).take(syscall.arity()) {
                        *word = arg;
                    }
                    match self.host.syscall(syscall, words, memory, fuel) {
                        Ok(word) => set!(to, word),
                        Err(fault) => fault!(fault),
                    }
                }
                I::Unreachable => fault!(Fault::Unreachable),
            }
        };
        self.limits.fuel = fuel;
        (stop, pc, base)
    }

    fn finish(self, stop: Stop, pc: usize, base: usize) -> Run {
        let fuel = self.limits.fuel;
        if let Stop::Returned = stop {
            let results = (0..self.program.entry_results).map(|n| base + offset(n) as usize);
            let words = results.map(|place| self.stack.get(place).copied().unwrap_or(0)).collect();
            return Run { outcome: Outcome::Returned(words), trace: Vec::new(), omitted: 0, fuel };
        }
        // Program counters stand after the instruction that stopped or called.
        let callers = self.frames.iter().rev().map(|frame| frame.pc);
        let mut stops = std::iter::once(pc as u32).chain(callers);
        let count = self.frames.len() + 1;
        let mut trace: Vec<TraceFrame> =
            stops.by_ref().take(Run::TRACE_INNER).map(|pc| self.frame_at(pc)).collect();
        let omitted = count.saturating_sub(Run::TRACE_INNER + Run::TRACE_OUTER);
        trace.extend(stops.skip(omitted).map(|pc| self.frame_at(pc)));
        let mut names: Vec<String> = trace.iter().map(|frame| frame.function.clone()).collect();
        if omitted > 0 {
            names.insert(Run::TRACE_INNER, format!("… {omitted} more …"));
        }
        let span = trace.first().and_then(|frame| frame.span);
        let failure = |failure| Outcome::Failed { failure, span, trace: names.clone() };
        let outcome = match stop {
            Stop::Overflow => failure(Failure::Overflow),
            // Every check has its failure beside the code.
            Stop::Check => match self.program.failure_at((pc as u32).saturating_sub(1)) {
                Some(found) => failure(found),
                None => Outcome::Faulted { fault: Fault::Unreachable, span, trace: names },
            },
            Stop::Fault(fault) => Outcome::Faulted { fault, span, trace: names },
            Stop::Returned => Outcome::Returned(Vec::new()),
        };
        Run { outcome, trace, omitted, fuel }
    }

    fn frame_at(&self, after: u32) -> TraceFrame {
        let pc = after.saturating_sub(1);
        let function = self.program.function_at(pc).map_or("", |function| &function.name).to_owned();
        TraceFrame { function, span: self.program.span_at(pc) }
    }
}

/// The registers that operands of the frame at `base` name.
#[inline(always)]
fn window(stack: &mut [u64], base: usize) -> Option<&mut [u64; WINDOW]> {
    stack.get_mut(base..)?.first_chunk_mut()
}

/// Grows the stack to `len` words at least. False if that is more than the limit.
#[cold]
#[inline(never)]
fn grow(stack: &mut Vec<u64>, len: usize, limits: Limits) -> bool {
    // Frames store their start in 32 bits.
    let max = limits.max_registers.min(u32::MAX as usize);
    if len > max {
        return false;
    }
    stack.resize(len.max(stack.len().saturating_mul(2)).min(max), 0);
    true
}
