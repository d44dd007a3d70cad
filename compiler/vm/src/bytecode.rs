//! The bytecode: fixed-size instructions over the registers of a frame, and the program that holds them.
//!
//! An instruction takes eight bytes. A frame is a window of 64-bit words into one register stack; an operand of one
//! byte names any of its first [`WINDOW`] words, so the interpreter needs no bounds check to read it. Words beyond
//! that are *slots*: [`Instruction::LoadSlot`] and [`Instruction::StoreSlot`] move them through a register.
//!
//! A call opens the callee's frame `window` words above the caller's; parameters are its first words, and results
//! come back in the same place. Nothing here runs or makes code. Start with [`Instruction`].

use ovsm_base::syscall::Syscall;
use ovsm_base::{IntType, Span};
use ovsm_ir::{CheckedOp, Condition, Failure};

/// A register operand: a word of the first [`WINDOW`] of the frame.
pub type Register = u8;

/// How many words of a frame an operand can name.
pub const WINDOW: usize = 256;

/// The last registers of the window, which hold no values between instructions: operands go through them on the way
/// from and to slots. A syscall reads five.
pub const SCRATCH: [Register; 6] = [250, 251, 252, 253, 254, 255];

/// How many registers hold values.
pub const REGISTERS: u32 = WINDOW as u32 - SCRATCH.len() as u32;

/// Where in the frame place `n` is; parameters and results of a function take its first places. Places leave out
/// the scratch registers.
pub const fn offset(place: u32) -> u32 {
    if place < REGISTERS { place } else { place.saturating_add(SCRATCH.len() as u32) }
}

/// One instruction. The first register is the destination, if there is one; `r3` below is the register that the
/// field `.3` names, and immediates are sign-extended to a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// `r0 = r1`.
    Move(Register, Register),
    /// `r0 = .1`.
    Constant(Register, i32),
    /// `r0` = word `.1` of [`Program::constants`].
    WideConstant(Register, u32),
    /// `r0` = slot `.1` of the frame.
    LoadSlot(Register, u32),
    /// Slot `.1` of the frame = `r0`.
    StoreSlot(Register, u32),

    /// `r0 = r1 + r2`, wrapping.
    Add(Register, Register, Register),
    /// `r0 = r1 - r2`, wrapping.
    Sub(Register, Register, Register),
    /// `r0 = r1 * r2`, wrapping.
    Mul(Register, Register, Register),
    /// Unsigned quotient; faults on a zero divisor.
    UnsignedDiv(Register, Register, Register),
    /// Unsigned remainder; faults on a zero divisor.
    UnsignedRem(Register, Register, Register),
    /// Signed quotient; faults on a zero divisor.
    SignedDiv(Register, Register, Register),
    /// Signed remainder; faults on a zero divisor.
    SignedRem(Register, Register, Register),
    /// Bitwise and.
    And(Register, Register, Register),
    /// Bitwise or.
    Or(Register, Register, Register),
    /// Bitwise exclusive or.
    Xor(Register, Register, Register),
    /// Left shift.
    ShiftLeft(Register, Register, Register),
    /// Right shift filling with zeros.
    ShiftRightLogical(Register, Register, Register),
    /// Right shift filling with the sign.
    ShiftRightArithmetic(Register, Register, Register),

    /// `r0 = r1 + .2`, wrapping.
    AddImmediate(Register, Register, i32),
    /// `r0 = r1 * .2`, wrapping.
    MulImmediate(Register, Register, i32),
    /// Unsigned quotient by an immediate.
    UnsignedDivImmediate(Register, Register, i32),
    /// Unsigned remainder by an immediate.
    UnsignedRemImmediate(Register, Register, i32),
    /// Signed quotient by an immediate.
    SignedDivImmediate(Register, Register, i32),
    /// Signed remainder by an immediate.
    SignedRemImmediate(Register, Register, i32),
    /// Bitwise and with an immediate.
    AndImmediate(Register, Register, i32),
    /// Bitwise or with an immediate.
    OrImmediate(Register, Register, i32),
    /// Bitwise exclusive or with an immediate.
    XorImmediate(Register, Register, i32),
    /// Left shift by an immediate.
    ShiftLeftImmediate(Register, Register, i32),
    /// Logical right shift by an immediate.
    ShiftRightLogicalImmediate(Register, Register, i32),
    /// Arithmetic right shift by an immediate.
    ShiftRightArithmeticImmediate(Register, Register, i32),

    /// Checked `u64` sum.
    CheckedAddU64(Register, Register, Register),
    /// Checked `u64` difference.
    CheckedSubU64(Register, Register, Register),
    /// Checked `u64` product.
    CheckedMulU64(Register, Register, Register),
    /// Checked `i64` sum.
    CheckedAddI64(Register, Register, Register),
    /// Checked `i64` difference.
    CheckedSubI64(Register, Register, Register),
    /// Checked `i64` product.
    CheckedMulI64(Register, Register, Register),
    /// Checked `u64` sum with an immediate that is not negative.
    CheckedAddU64Immediate(Register, Register, i32),
    /// Checked `u64` difference with an immediate that is not negative.
    CheckedSubU64Immediate(Register, Register, i32),
    /// Checked `u64` product with an immediate that is not negative.
    CheckedMulU64Immediate(Register, Register, i32),
    /// Checked `i64` sum with an immediate.
    CheckedAddI64Immediate(Register, Register, i32),
    /// Checked `i64` difference with an immediate.
    CheckedSubI64Immediate(Register, Register, i32),
    /// Checked `i64` product with an immediate.
    CheckedMulI64Immediate(Register, Register, i32),
    /// Checked arithmetic of any type: `r2 = r3 op r4`.
    Checked(CheckedOp, IntType, Register, Register, Register),
    /// Checked arithmetic of any type with an immediate: `r2 = r3 op .4`.
    CheckedImmediate(CheckedOp, IntType, Register, Register, i16),

    /// Makes the low bits of `r2` canonical for the type.
    Extend(IntType, Register, Register),
    /// `r0 = 1 - r1`, on truth values.
    Not(Register, Register),
    /// `r1` = 1 if `r2 .0 r3`, else 0.
    Compare(Condition, Register, Register, Register),
    /// `r1` = 1 if `r2 .0 .3`, else 0.
    CompareImmediate(Condition, Register, Register, i32),

    /// Reads a byte at `r1 + .2`.
    Load8(Register, Register, i32),
    /// Reads two bytes at `r1 + .2`.
    Load16(Register, Register, i32),
    /// Reads four bytes at `r1 + .2`.
    Load32(Register, Register, i32),
    /// Reads eight bytes at `r1 + .2`.
    Load64(Register, Register, i32),
    /// Writes a byte of `r0` at `r1 + .2`.
    Store8(Register, Register, i32),
    /// Writes two bytes of `r0` at `r1 + .2`.
    Store16(Register, Register, i32),
    /// Writes four bytes of `r0` at `r1 + .2`.
    Store32(Register, Register, i32),
    /// Writes eight bytes of `r0` at `r1 + .2`.
    Store64(Register, Register, i32),

    /// Fails.
    Fail,
    /// Fails if `r0` is not 0.
    FailIf(Register),
    /// Fails if `r0` is 0.
    FailUnless(Register),
    /// Fails if `r0 == r1`.
    FailIfEqual(Register, Register),
    /// Fails if `r0 != r1`.
    FailIfNotEqual(Register, Register),
    /// Fails if `r0 < r1`, unsigned.
    FailIfUnsignedLess(Register, Register),
    /// Fails if `r0 <= r1`, unsigned.
    FailIfUnsignedLessEqual(Register, Register),
    /// Fails if `r0 < r1`, signed.
    FailIfSignedLess(Register, Register),
    /// Fails if `r0 <= r1`, signed.
    FailIfSignedLessEqual(Register, Register),
    /// Fails if `r0 == .2`.
    FailIfEqualImmediate(Register, i32),
    /// Fails if `r0 != .2`.
    FailIfNotEqualImmediate(Register, i32),
    /// Fails if `r0 < .2`, unsigned.
    FailIfUnsignedLessImmediate(Register, i32),
    /// Fails if `r0 > .2`, unsigned.
    FailIfUnsignedGreaterImmediate(Register, i32),
    /// Fails if `r0 < .2`, signed.
    FailIfSignedLessImmediate(Register, i32),
    /// Fails if `r0 > .2`, signed.
    FailIfSignedGreaterImmediate(Register, i32),

    /// Goes on at instruction `.0`.
    Jump(u32),
    /// Goes on at `.1` if `r0` is not 0.
    BranchIf(Register, u32),
    /// Goes on at `.1` if `r0` is 0.
    BranchUnless(Register, u32),
    /// Goes on at `.2` if `r0 == r1`.
    BranchEqual(Register, Register, u32),
    /// Goes on at `.2` if `r0 != r1`.
    BranchNotEqual(Register, Register, u32),
    /// Goes on at `.2` if `r0 < r1`, unsigned.
    BranchUnsignedLess(Register, Register, u32),
    /// Goes on at `.2` if `r0 <= r1`, unsigned.
    BranchUnsignedLessEqual(Register, Register, u32),
    /// Goes on at `.2` if `r0 < r1`, signed.
    BranchSignedLess(Register, Register, u32),
    /// Goes on at `.2` if `r0 <= r1`, signed.
    BranchSignedLessEqual(Register, Register, u32),
    /// Goes on at `.2` if `r0 == .1`.
    BranchEqualImmediate(Register, i16, u32),
    /// Goes on at `.2` if `r0 != .1`.
    BranchNotEqualImmediate(Register, i16, u32),
    /// Goes on at `.2` if `r0 < .1`, unsigned.
    BranchUnsignedLessImmediate(Register, i16, u32),
    /// Goes on at `.2` if `r0 > .1`, unsigned.
    BranchUnsignedGreaterImmediate(Register, i16, u32),
    /// Goes on at `.2` if `r0 < .1`, signed.
    BranchSignedLessImmediate(Register, i16, u32),
    /// Goes on at `.2` if `r0 > .1`, signed.
    BranchSignedGreaterImmediate(Register, i16, u32),

    /// Calls the code at `.1` with the frame that starts `.0` words above this one.
    Call(u16, u32),
    /// Makes room for a frame of `.0` words; stands first in functions that have slots.
    Enter(u32),
    /// Leaves the function; the results are in the first words of the frame.
    Return,
    /// Leaves the function with the result `r0`.
    ReturnValue(Register),
    /// `r1 = syscall(r2.0, …)`.
    Syscall(Syscall, Register, [Register; 5]),
    /// Faults: stands where the IR promises that nothing runs.
    Unreachable,
}

/// What a traced error needs to know about a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionInfo {
    /// The name in source text.
    pub name: String,
    /// Index of the first instruction; the function ends where the next one begins.
    pub start: u32,
    /// Words that the frame needs, arguments of calls included.
    pub frame_size: u32,
}

/// A whole program in bytecode, ready to run any number of times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// All functions, one after another.
    pub code: Vec<Instruction>,
    /// Words that do not fit an immediate.
    pub constants: Vec<u64>,
    /// Functions by their first instruction.
    pub functions: Vec<FunctionInfo>,
    /// The first instruction of the entry function.
    pub entry: u32,
    /// How many words the entry function returns.
    pub entry_results: u32,
    /// Where the code comes from: from instruction `.0` up to that of the next element. Sorted.
    pub spans: Vec<(u32, Option<Span>)>,
    /// What the instructions that check something fail with: the instruction, and its failure. Sorted.
    pub failures: Vec<(u32, Failure)>,
}

impl Program {
    /// The function that holds an instruction.
    pub fn function_at(&self, pc: u32) -> Option<&FunctionInfo> {
        let after = self.functions.partition_point(|function| function.start <= pc);
        self.functions.get(after.checked_sub(1)?)
    }

    /// What a check fails with.
    pub fn failure_at(&self, pc: u32) -> Option<Failure> {
        let found = self.failures.binary_search_by_key(&pc, |(check, _)| *check).ok()?;
        Some(self.failures.get(found)?.1)
    }

    /// The source text that an instruction was made from.
    pub fn span_at(&self, pc: u32) -> Option<Span> {
        let after = self.spans.partition_point(|(start, _)| *start <= pc);
        self.spans.get(after.checked_sub(1)?)?.1
    }
}

/// A listing for people: one instruction a line, under the names of the functions.
impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut functions = self.functions.iter().peekable();
        for (pc, instruction) in self.code.iter().enumerate() {
            while let Some(function) = functions.next_if(|function| function.start as usize <= pc) {
                writeln!(f, "{}: ; frame of {} words", function.name, function.frame_size)?;
            }
            write!(f, "{pc:6}  {instruction}")?;
            if let Instruction::WideConstant(_, index) = instruction {
                write!(f, " ; {:#x}", self.constants.get(*index as usize).copied().unwrap_or(0))?;
            }
            if let Some(failure) = self.failure_at(pc as u32) {
                write!(f, " ; {failure}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The name of the variant in snake case, then the operands: `add_immediate 2, 0, -1`.
impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{self:?}");
        let (name, operands) = text.split_once('(').unwrap_or((&text, ""));
        for (n, letter) in name.char_indices() {
            if letter.is_uppercase() && n > 0 {
                f.write_str("_")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        match operands.strip_suffix(')') {
            Some(operands) => write!(f, " {operands}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_takes_eight_bytes() {
        assert_eq!(size_of::<Instruction>(), 8);
    }

    #[test]
    fn functions_and_spans_are_found_by_instruction() {
        let function = |name: &str, start| FunctionInfo { name: name.to_owned(), start, frame_size: 1 };
        let span = Some(Span::new(ovsm_base::FormId(1), ovsm_base::TextRange::new(2, 3)));
        let program = Program {
            code: vec![Instruction::Return; 4],
            constants: Vec::new(),
            functions: vec![function("f", 0), function("g", 2)],
            entry: 0,
            entry_results: 0,
            spans: vec![(1, span), (3, None)],
            failures: vec![(0, Failure::Index), (2, Failure::Custom(7))],
        };
        assert_eq!(program.failure_at(1), None);
        assert_eq!(program.failure_at(2), Some(Failure::Custom(7)));
        assert_eq!(program.function_at(1).map(|function| function.name.as_str()), Some("f"));
        assert_eq!(program.function_at(3).map(|function| function.name.as_str()), Some("g"));
        assert_eq!([0, 1, 2, 3].map(|pc| program.span_at(pc)), [None, span, span, None]);
    }

    #[test]
    fn the_listing_names_functions_and_operands() {
        let program = Program {
            code: vec![
                Instruction::AddImmediate(1, 0, -1),
                Instruction::WideConstant(0, 0),
                Instruction::Return,
            ],
            constants: vec![0x1234_5678_9abc],
            functions: vec![FunctionInfo { name: "f".to_owned(), start: 0, frame_size: 2 }],
            entry: 0,
            entry_results: 1,
            spans: Vec::new(),
            failures: Vec::new(),
        };
        let listing = "f: ; frame of 2 words\n     0  add_immediate 1, 0, -1\n     1  wide_constant 0, 0 ; 0x123456789abc\n     2  return\n";
        assert_eq!(program.to_string(), listing);
    }

    #[test]
    fn offsets_leave_out_the_scratch_registers() {
        assert_eq!([0, 249, 250, 251].map(offset), [0, 249, 256, 257]);
        assert!(SCRATCH.iter().all(|register| (0..300).all(|place| offset(place) != u32::from(*register))));
    }
}
