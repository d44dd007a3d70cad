//! The reference interpreter: what a module means.
//!
//! It is written to be read, not to be fast: one step per instruction, one explicit stack of frames (never the
//! stack of Rust), words for all values (a truth value is 0 or 1). The module must be verified.
//!
//! One unit of fuel pays for one instruction or terminator. A call adds a frame; the entry is the first.

use crate::failure::Failure;
use crate::function::{Block, BlockData, Data, Func, Function, InstData, Module, Value};
use crate::machine::{Fault, Host, INPUT_BASE, Memory, RODATA_BASE, data_layout};
use crate::op::{Access, Op, Target, Terminator};
use ovsm_base::Span;
use ovsm_base::index::IndexVec;

/// Runs the entry of a module. `memory` must hold the module's constants ([`Memory::for_module`]).
pub fn interpret(module: &Module, memory: &mut Memory, host: &mut dyn Host, limits: Limits) -> Outcome {
    let (_, data_offsets) = data_layout(module);
    let arguments = [INPUT_BASE, memory.instruction_data_address()];
    let mut machine = Machine { module, data_offsets, memory, host, limits, frames: Vec::new(), span: None };
    machine.run(&arguments)
}

/// What a run may spend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many instructions and terminators.
    pub fuel: u64,
    /// How many frames at once, the entry's included.
    pub max_call_depth: usize,
}

impl Limits {
    /// The depth on chain: the entry and 63 nested calls.
    pub const CHAIN_CALL_DEPTH: usize = 64;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { fuel: 10_000_000, max_call_depth: Limits::CHAIN_CALL_DEPTH }
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The entry returned these words.
    Returned(Vec<u64>),
    /// One of the program's checks failed.
    Failed {
        /// Which check.
        failure: Failure,
        /// Where, if an instruction failed and it has a source.
        span: Option<Span>,
        /// Names of the active functions, innermost first.
        trace: Vec<String>,
    },
    /// The machine stopped the program.
    Faulted {
        /// Why.
        fault: Fault,
        /// Where, if an instruction faulted and it has a source.
        span: Option<Span>,
        /// Names of the active functions, innermost first.
        trace: Vec<String>,
    },
}

impl Outcome {
    /// True if the two ended alike, wherever they ended: passes may move and merge what a span and a trace tell.
    pub fn agrees_with(&self, other: &Outcome) -> bool {
        match (self, other) {
            (Outcome::Returned(a), Outcome::Returned(b)) => a == b,
            (Outcome::Failed { failure: a, .. }, Outcome::Failed { failure: b, .. }) => a == b,
            (Outcome::Faulted { fault: a, .. }, Outcome::Faulted { fault: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// What ends a run before the entry returns.
enum Stop {
    Failure(Failure),
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// An active function.
struct Frame<'m> {
    function: &'m Function,
    block: &'m BlockData,
    /// Position in the block of the next instruction; past the end, the terminator is next.
    next: usize,
    values: IndexVec<Value, u64>,
}

impl<'m> Frame<'m> {
    fn new(function: &'m Function, arguments: &[u64]) -> Frame<'m> {
        let values = IndexVec::from_elem(0, function.values.len());
        let mut frame = Frame { function, block: &function.blocks[Function::ENTRY], next: 0, values };
        frame.enter(Function::ENTRY, arguments);
        frame
    }

    /// Goes on at the start of a block. The arguments were all read before, as parameters change at once.
    fn enter(&mut self, block: Block, arguments: &[u64]) {
        self.block = &self.function.blocks[block];
        self.next = 0;
        for (param, argument) in self.block.params.iter().zip(arguments) {
            self.values[*param] = *argument;
        }
    }

    fn read(&self, values: &[Value]) -> Vec<u64> {
        values.iter().map(|value| self.values[*value]).collect()
    }

    fn address(&self, access: &Access) -> u64 {
        self.values[access.address].wrapping_add_signed(i64::from(access.offset))
    }

    fn jump(&mut self, target: &Target) {
        let arguments = self.read(&target.args);
        self.enter(target.block, &arguments);
    }
}

struct Machine<'m, 'h> {
    module: &'m Module,
    data_offsets: IndexVec<Data, u32>,
    memory: &'h mut Memory,
    host: &'h mut dyn Host,
    /// Fuel goes down as the program runs.
    limits: Limits,
    frames: Vec<Frame<'m>>,
    /// Source of the current instruction.
    span: Option<Span>,
}

impl<'m> Machine<'m, '_> {
    fn run(&mut self, arguments: &[u64]) -> Outcome {
        let stop = match self.call(self.module.entry, arguments) {
            Ok(()) => loop {
                match self.step() {
                    Ok(None) => {}
                    Ok(Some(results)) => return Outcome::Returned(results),
                    Err(stop) => break stop,
                }
            },
            Err(stop) => stop,
        };
        let trace = self.frames.iter().rev().map(|frame| frame.function.name.clone()).collect();
        match stop {
            Stop::Failure(failure) => Outcome::Failed { failure, span: self.span, trace },
            Stop::Fault(fault) => Outcome::Faulted { fault, span: self.span, trace },
        }
    }

    /// Runs one instruction or terminator. Gives the entry's results when it returns.
    fn step(&mut self) -> Result<Option<Vec<u64>>, Stop> {
        let Some(frame) = self.frames.last_mut() else { return Err(Fault::Unreachable.into()) };
        self.span = None;
        let Some(inst) = frame.block.insts.get(frame.next) else {
            self.pay()?;
            return self.terminate();
        };
        frame.next += 1;
        let inst = &frame.function.insts[*inst];
        self.span = inst.span;
        self.pay()?;
        self.execute(inst)?;
        Ok(None)
    }

    fn pay(&mut self) -> Result<(), Fault> {
        self.limits.fuel = self.limits.fuel.checked_sub(1).ok_or(Fault::OutOfFuel)?;
        Ok(())
    }

    fn call(&mut self, callee: Func, arguments: &[u64]) -> Result<(), Stop> {
        if self.frames.len() >= self.limits.max_call_depth {
            return Err(Fault::StackOverflow.into());
        }
        self.frames.push(Frame::new(&self.module.functions[callee], arguments));
        Ok(())
    }

    fn execute(&mut self, inst: &InstData) -> Result<(), Stop> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let word = |value: &Value| frame.values[*value];
        let result = match &inst.op {
            Op::Const(constant) => *constant,
            Op::BoolConst(truth) => u64::from(*truth),
            Op::DataAddress(data) => RODATA_BASE + u64::from(self.data_offsets[*data]),
            Op::Binary(op, a, b) => op.evaluate(word(a), word(b)).ok_or(Fault::DivideByZero)?,
            Op::Checked(op, ty, a, b) => {
                op.evaluate(*ty, word(a), word(b)).ok_or(Stop::Failure(Failure::Overflow))?
            }
            Op::Extend(ty, a) => ty.canonical(word(a)),
            Op::Compare(condition, a, b) => u64::from(condition.evaluate(word(a), word(b))),
            Op::Not(a) => u64::from(word(a) == 0),
            Op::BoolToWord(a) => word(a),
            Op::Load(access) => self.memory.load(frame.address(access), access.width)?,
            Op::Store(access, value) => {
                self.memory.store(frame.address(access), access.width, word(value))?;
                return Ok(());
            }
            Op::FailIf(condition, failure) => {
                return if word(condition) == 0 { Ok(()) } else { Err(Stop::Failure(*failure)) };
            }
            Op::Call(callee, args) => {
                // The results are written when the callee returns.
                let arguments = frame.read(args);
                return self.call(*callee, &arguments);
            }
            Op::Syscall(syscall, args) => {
                let mut arguments = [0; 5];
                for (to, from) in arguments.iter_mut().zip(frame.read(args)) {
                    *to = from;
                }
                self.host.syscall(*syscall, arguments, self.memory, self.limits.fuel)?
            }
        };
        for value in &inst.results {
            frame.values[*value] = result;
        }
        Ok(())
    }

    fn terminate(&mut self) -> Result<Option<Vec<u64>>, Stop> {
        let Some(frame) = self.frames.last_mut() else { return Err(Fault::Unreachable.into()) };
        let block: &'m BlockData = frame.block;
        match &block.terminator {
            Terminator::Jump(target) => frame.jump(target),
            Terminator::Branch(condition, then, otherwise) => {
                let target = if frame.values[*condition] != 0 { then } else { otherwise };
                frame.jump(target);
            }
            Terminator::Return(values) => {
                let results = frame.read(values);
                self.frames.pop();
                let Some(caller) = self.frames.last_mut() else { return Ok(Some(results)) };
                let call = caller.next.checked_sub(1).and_then(|call| caller.block.insts.get(call));
                let places = call.map_or(&[][..], |call| &caller.function.insts[*call].results);
                for (place, result) in places.iter().zip(results) {
                    caller.values[*place] = result;
                }
            }
            Terminator::Fail(failure) => return Err(Stop::Failure(*failure)),
            Terminator::Unreachable => return Err(Fault::Unreachable.into()),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{HEAP_BASE, Input, ScriptHost};
    use crate::op::Width;
    use crate::text::parse;
    use crate::verify::verify;

    struct Run {
        outcome: Outcome,
        lines: Vec<String>,
        memory: Memory,
    }

    fn run_with(text: &str, limits: Limits) -> Run {
        let module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(verify(&module), Ok(()), "{text}");
        let mut memory = Memory::for_module(&module, Input::serialise(&[], &[1, 2, 3], &[0; 32]));
        let mut host = ScriptHost::default();
        let outcome = interpret(&module, &mut memory, &mut host, limits);
        Run { outcome, lines: host.lines(), memory }
    }

    /// Runs a main function of `count` results with this body.
    fn main(count: usize, body: &str) -> Outcome {
        let results = vec!["word"; count].join(", ");
        run_with(
            &format!("func f0 @main(v0: word, v1: word) -> ({results}) {{ b0(v0: word, v1: word): {body} }}"),
            Limits::default(),
        )
        .outcome
    }

    /// The word that `op` gives on v10 and v11, which are `a` and `b`; v12 is true if `a` is not zero.
    fn word(op: &str, a: u64, b: u64) -> Outcome {
        main(
            1,
            &format!("v10 = const {a} v11 = const {b} v13 = const 0 v12 = ne v10, v13 v20 = {op} return v20"),
        )
    }

    fn returned(words: &[u64]) -> Outcome {
        Outcome::Returned(words.to_vec())
    }

    fn failure(outcome: Outcome) -> Failure {
        match outcome {
            Outcome::Failed { failure, .. } => failure,
            other => panic!("{other:?}"),
        }
    }

    fn fault(outcome: Outcome) -> Fault {
        match outcome {
            Outcome::Faulted { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arithmetic_wraps() {
        let minus = |word: i64| word as u64;
        for (op, a, b, expected) in [
            ("add", u64::MAX, 2, 1),
            ("sub", 1, 2, u64::MAX),
            ("mul", 1 << 63, 3, 1 << 63),
            ("udiv", u64::MAX, 2, u64::MAX / 2),
            ("urem", u64::MAX, 10, 5),
            ("sdiv", minus(-7), 2, minus(-3)),
            ("sdiv", minus(i64::MIN), minus(-1), minus(i64::MIN)),
            ("srem", minus(-7), 2, minus(-1)),
            ("srem", minus(i64::MIN), minus(-1), 0),
            ("and", 12, 10, 8),
            ("or", 12, 10, 14),
            ("xor", 12, 10, 6),
            ("shl", 1, 65, 2),
            ("lshr", minus(-2), 1, u64::MAX / 2),
            ("ashr", minus(-2), 65, minus(-1)),
        ] {
            assert_eq!(word(&format!("{op} v10, v11"), a, b), returned(&[expected]), "{op}");
        }
        for op in ["udiv", "urem", "sdiv", "srem"] {
            assert_eq!(fault(word(&format!("{op} v10, v11"), 1, 0)), Fault::DivideByZero);
        }
    }

    #[test]
    fn checked_arithmetic_fails_outside_its_type() {
        let minus = |word: i64| word as u64;
        for (op, a, b, expected) in [
            ("checked_add.u8", 200, 55, Some(255)),
            ("checked_add.u8", 200, 56, None),
            ("checked_sub.u16", 5, 6, None),
            ("checked_mul.u32", 1 << 16, 1 << 16, None),
            ("checked_mul.u32", 1 << 16, (1 << 16) - 1, Some((1 << 32) - (1 << 16))),
            ("checked_add.u64", u64::MAX, 1, None),
            ("checked_mul.u64", 1 << 32, 1 << 31, Some(1 << 63)),
            ("checked_add.i8", minus(-100), minus(-28), Some(minus(-128))),
            ("checked_add.i8", minus(-100), minus(-29), None),
            ("checked_sub.i32", minus(i64::from(i32::MIN)), 1, None),
            ("checked_mul.i64", minus(i64::MIN), minus(-1), None),
            ("checked_sub.i64", 0, minus(i64::MAX), Some(minus(-i64::MAX))),
        ] {
            let outcome = word(&format!("{op} v10, v11"), a, b);
            match expected {
                Some(expected) => assert_eq!(outcome, returned(&[expected]), "{op}"),
                None => assert_eq!(failure(outcome), Failure::Overflow, "{op}"),
            }
        }
    }

    #[test]
    fn conversions_and_truth_values() {
        assert_eq!(word("extend.u8 v10", 0x1ff, 0), returned(&[0xff]));
        assert_eq!(word("extend.i8 v10", 0x1ff, 0), returned(&[u64::MAX]));
        assert_eq!(word("extend.i32 v10", 0x1_7fff_ffff, 0), returned(&[0x7fff_ffff]));
        assert_eq!(word("word v12", 7, 0), returned(&[1]));
        assert_eq!(word("word v12", 0, 0), returned(&[0]));
        let body = "v2 = bool true v3 = not v2 v4 = word v3 v5 = slt v0, v1 v6 = word v5 return v4, v6";
        assert_eq!(main(2, body), returned(&[0, 1]));
    }

    #[test]
    fn the_entry_gets_the_input() {
        let body = "v2 = load.w8.any v0 v3 = load.w8.any v1-8 v4 = load.w1.any v1+2 return v0, v2, v3, v4";
        assert_eq!(main(4, body), returned(&[INPUT_BASE, 0, 3, 3]));
    }

    #[test]
    fn memory_and_constants() {
        let text = r#"data d0 = "xyz" data d1 = "\x05" entry f0
            func f0 @main(v0: word, v1: word) -> (word, word) {
            b0(v0: word, v1: word):
              v2 = data d1 v3 = load.w1.rodata v2 v4 = const 0x300000010 store.w2.any v4-8, v4
              v5 = load.w4.any v4-7 return v3, v5 }"#;
        let run = run_with(text, Limits::default());
        assert_eq!(run.outcome, returned(&[5, 0]));
        assert_eq!(run.memory.load(HEAP_BASE + 8, Width::W8), Ok(0x10));
        let body = "v2 = const 0 v3 = load.w8.any v2 return";
        let missed = Fault::MemoryAccess { address: 0, len: 8, write: false };
        assert_eq!(fault(main(0, body)), missed);
        let body = "v2 = const 0 store.w2.any v2-1, v2 return";
        let missed = Fault::MemoryAccess { address: u64::MAX, len: 2, write: true };
        assert_eq!(fault(main(0, body)), missed);
    }

    #[test]
    fn block_parameters_change_at_once() {
        // The loop exchanges its parameters three times.
        let body = "v2 = const 1 v3 = const 2 v4 = const 0 jump b1(v2, v3, v4)
            b1(v5: word, v6: word, v7: word): v8 = const 3 v9 = ult v7, v8 br v9, b2, b3
            b2: v10 = const 1 v11 = add v7, v10 jump b1(v6, v5, v11)
            b3: return v5, v6";
        assert_eq!(main(2, body), returned(&[2, 1]));
    }

    #[test]
    fn calls_return_any_number_of_results() {
        let text = "func f0 @main(v0: word, v1: word) -> (word, word) { b0(v0: word, v1: word):
              v2 = const 10 v3, v4 = call f1(v2) call f2() v5 = word v3 return v5, v4 }
            func f1 @even(v0: word) -> (bool, word) { b0(v0: word): v1 = const 0 v2 = eq v0, v1 br v2, b1, b2
              b1: v3 = bool true return v3, v1
              b2: v4 = const 1 v5 = sub v0, v4 v6, v7 = call f1(v5) v8 = not v6 v9 = add v7, v0 return v8, v9 }
            func f2 @nothing() -> () { b0: return }";
        assert_eq!(run_with(text, Limits::default()).outcome, returned(&[1, 55]));
    }

    #[test]
    fn failures_carry_the_trace() {
        let text = "func f0 @main(v0: word, v1: word) -> () { b0(v0: word, v1: word): call f1(v0) return }
            func f1 @outer(v0: word) -> () { b0(v0: word): call f2(v0) return }
            func f2 @inner(v0: word) -> () { b0(v0: word):
              v1 = ne v0, v0 fail_if v1, overflow v2 = eq v0, v0 fail_if v2, not_signer fail wrong_owner }";
        let trace = vec!["inner".to_owned(), "outer".to_owned(), "main".to_owned()];
        let expected = Outcome::Failed { failure: Failure::NotSigner, span: None, trace };
        assert_eq!(run_with(text, Limits::default()).outcome, expected);
        assert_eq!(failure(main(0, "fail conversion")), Failure::Conversion);
    }

    #[test]
    fn failures_carry_the_source() {
        use ovsm_base::{FormId, TextRange};
        let mut module =
            parse("func f0 @main(v0: word, v1: word) -> () { b0(v0: word, v1: word): v2 = checked_mul.u64 v0, v0 return }")
                .unwrap();
        let span = Some(Span::new(FormId::new("m", "defn", "f", 0), TextRange::new(1, 2)));
        module.functions[Func(0)].insts[crate::function::Inst(0)].span = span;
        let mut memory = Memory::for_module(&module, Input::default());
        let outcome = interpret(&module, &mut memory, &mut ScriptHost::default(), Limits::default());
        let trace = vec!["main".to_owned()];
        assert_eq!(outcome, Outcome::Failed { failure: Failure::Overflow, span, trace });
    }

    #[test]
    fn syscalls_reach_the_host() {
        let text = r#"data d0 = "hi" entry f0 func f0 @main(v0: word, v1: word) -> (word) {
            b0(v0: word, v1: word): v2 = data d0 v3 = const 2 v4 = syscall sol_log_(v2, v3)
              v5 = syscall sol_remaining_compute_units() v6 = eq v3, v4 br v6, b1, b2
            b1: v7 = syscall abort() unreachable
            b2: return v5 }"#;
        let run = run_with(text, Limits { fuel: 10, ..Limits::default() });
        assert_eq!(run.lines, ["Program log: hi"]);
        assert_eq!(run.outcome, returned(&[6]));
        assert_eq!(fault(main(0, "v7 = syscall abort() unreachable")), Fault::Aborted);
        let refused = fault(main(0, "v7 = syscall sol_log_(v0, v0) return"));
        assert!(matches!(refused, Fault::MemoryAccess { write: false, .. }), "{refused:?}");
    }

    #[test]
    fn fuel_pays_for_instructions_and_terminators() {
        let text = "func f0 @main(v0: word, v1: word) -> () { b0(v0: word, v1: word): v2 = const 1 jump b1 b1: return }";
        let limits = |fuel| Limits { fuel, ..Limits::default() };
        assert_eq!(run_with(text, limits(3)).outcome, returned(&[]));
        for fuel in 0..3 {
            assert_eq!(fault(run_with(text, limits(fuel)).outcome), Fault::OutOfFuel);
        }
        let forever =
            "func f0 @main(v0: word, v1: word) -> () { b0(v0: word, v1: word): jump b1 b1: jump b1 }";
        assert_eq!(fault(run_with(forever, limits(1000)).outcome), Fault::OutOfFuel);
    }

    #[test]
    fn calls_nest_to_the_limit() {
        // Calls itself `n` times.
        let nested = |n: u64| {
            format!(
                "func f0 @main(v0: word, v1: word) -> (word) {{ b0(v0: word, v1: word):
                   v2 = const {n} v3 = call f1(v2) return v3 }}
                 func f1 @down(v0: word) -> (word) {{ b0(v0: word): v1 = const 1 v2 = eq v0, v1 br v2, b1, b2
                   b1: return v1 b2: v3 = sub v0, v1 v4 = call f1(v3) v5 = add v4, v1 return v5 }}"
            )
        };
        assert_eq!(run_with(&nested(63), Limits::default()).outcome, returned(&[63]));
        assert_eq!(fault(run_with(&nested(64), Limits::default()).outcome), Fault::StackOverflow);
        let deep = Limits { max_call_depth: 100_001, ..Limits::default() };
        assert_eq!(run_with(&nested(100_000), deep).outcome, returned(&[100_000]));
        let none = Limits { max_call_depth: 0, ..Limits::default() };
        assert_eq!(fault(run_with(&nested(1), none).outcome), Fault::StackOverflow);
    }

    #[test]
    fn outcomes_agree_but_for_the_place() {
        let failed = |trace: &[&str]| Outcome::Failed {
            failure: Failure::Overflow,
            span: None,
            trace: trace.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert!(failed(&["a", "main"]).agrees_with(&failed(&["main"])));
        assert!(!failed(&[]).agrees_with(&returned(&[])));
        assert!(!returned(&[1]).agrees_with(&returned(&[2])));
        let faulted = |fault| Outcome::Faulted { fault, span: None, trace: Vec::new() };
        assert!(faulted(Fault::Aborted).agrees_with(&faulted(Fault::Aborted)));
        assert!(!faulted(Fault::Aborted).agrees_with(&faulted(Fault::OutOfFuel)));
    }
}
