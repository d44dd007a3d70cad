//! The bytecode of the machine: fixed-size instructions over the registers of a frame.
//!
//! An instruction takes eight bytes; an operand of one byte names any register of the frame's window. Register 0 holds
//! the function itself if it captured variables, the parameters follow, then locals and intermediate values. A call
//! opens the callee's frame at the register that holds the callee, so that arguments are already in their place.
//! Nothing here runs or makes code. Start with [`Instruction`].

use crate::core::GlobalId;
use ovsm_base::Span;
use ovsm_value::NativeId;
use std::rc::Rc;

/// A register of the frame.
pub type Register = u8;

/// How many registers an operand can name.
pub const WINDOW: usize = 256;

/// How many registers a function may use.
pub const REGISTERS: u32 = 250;

/// Where a call puts a value that nobody wants.
pub const NOWHERE: Register = 255;

/// One instruction; the first register is the destination, if there is one. `size` is how many registers the function
/// uses: those are emptied when it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instruction {
    /// Copies a register.
    Move(Register, Register),
    /// Moves a register, which is left empty.
    Take(Register, Register),
    /// Empties a register.
    Clear(Register),
    /// Null.
    Null(Register),
    /// A truth value.
    Bool(Register, bool),
    /// A small integer.
    Int(Register, i32),
    /// A constant of the machine.
    Constant(Register, u32),

    /// Reads a module-level variable.
    LoadGlobal(Register, u32),
    /// Assigns a module-level variable a copy of the register.
    StoreGlobal(Register, u32),
    /// Puts the register's value into a new shared place, which replaces it.
    NewCell(Register),
    /// Reads the shared place in `.1`.
    LoadCell(Register, Register),
    /// Assigns the shared place in `.0` a copy of `.1`.
    StoreCell(Register, Register),
    /// Reads a captured value.
    LoadCapture(Register, u32),
    /// Reads a captured shared place.
    LoadCaptureCell(Register, u32),
    /// Assigns a captured shared place a copy of the register.
    StoreCaptureCell(Register, u32),
    /// Adds a small integer to the shared place in `.0`.
    AddCell(Register, i32),
    /// Subtracts one.
    SubCell(Register, i32),
    /// Adds a small integer to a captured shared place.
    AddCaptureCell(i16, u32),
    /// Subtracts one.
    SubCaptureCell(i16, u32),
    /// Adds a small integer to a module-level variable.
    AddGlobal(i16, u32),
    /// Subtracts one.
    SubGlobal(i16, u32),
    /// Makes a closure from a template of the machine.
    Closure(Register, u32),

    /// `.0 = .1 + .2`.
    Add(Register, Register, Register),
    /// `.0 = .1 - .2`.
    Sub(Register, Register, Register),
    /// `.0 = .1 * .2`.
    Mul(Register, Register, Register),
    /// `.0 = .1 + .2`.
    AddImmediate(Register, Register, i32),
    /// `.0 = .1 - .2`.
    SubImmediate(Register, Register, i32),
    /// `.0 = .1 * .2`.
    MulImmediate(Register, Register, i32),
    /// Any other operation of two operands on registers.
    Binary(Operation, Register, Register, Register),
    /// Any other operation of two operands with a small integer as the second.
    BinaryImmediate(Operation, Register, Register, i32),
    /// The truth of the operand, reversed.
    Not(Register, Register),

    /// Goes on at `.0`.
    Jump(u32),
    /// Goes on at `.0`; costs fuel.
    JumpBack(u32),
    /// Costs fuel.
    Tick,
    /// Goes on at `.1` if `.0` is true.
    JumpIf(Register, u32),
    /// Goes on at `.1` if `.0` is false.
    JumpUnless(Register, u32),
    /// Goes on at `.2` if `.0 < .1`; costs fuel. So do the others that jump if something holds.
    JumpIfLess(Register, Register, u32),
    /// If `<=`.
    JumpIfLessEqual(Register, Register, u32),
    /// If `>`.
    JumpIfGreater(Register, Register, u32),
    /// If `>=`.
    JumpIfGreaterEqual(Register, Register, u32),
    /// If `=`.
    JumpIfEqual(Register, Register, u32),
    /// If `!=`.
    JumpIfNotEqual(Register, Register, u32),
    /// Unless `<`.
    JumpUnlessLess(Register, Register, u32),
    /// Unless `<=`.
    JumpUnlessLessEqual(Register, Register, u32),
    /// Unless `>`.
    JumpUnlessGreater(Register, Register, u32),
    /// Unless `>=`.
    JumpUnlessGreaterEqual(Register, Register, u32),
    /// Unless `=`.
    JumpUnlessEqual(Register, Register, u32),
    /// Unless `!=`.
    JumpUnlessNotEqual(Register, Register, u32),
    /// If `<` a small integer.
    JumpIfLessImmediate(Register, i16, u32),
    /// If `<=`.
    JumpIfLessEqualImmediate(Register, i16, u32),
    /// If `>`.
    JumpIfGreaterImmediate(Register, i16, u32),
    /// If `>=`.
    JumpIfGreaterEqualImmediate(Register, i16, u32),
    /// If `=`.
    JumpIfEqualImmediate(Register, i16, u32),
    /// If `!=`.
    JumpIfNotEqualImmediate(Register, i16, u32),
    /// Unless `<` a small integer.
    JumpUnlessLessImmediate(Register, i16, u32),
    /// Unless `<=`.
    JumpUnlessLessEqualImmediate(Register, i16, u32),
    /// Unless `>`.
    JumpUnlessGreaterImmediate(Register, i16, u32),
    /// Unless `>=`.
    JumpUnlessGreaterEqualImmediate(Register, i16, u32),
    /// Unless `=`.
    JumpUnlessEqualImmediate(Register, i16, u32),
    /// Unless `!=`.
    JumpUnlessNotEqualImmediate(Register, i16, u32),

    /// Adds `.1` to `.0` and goes on at `.3` if the sum is `<` `.2`; costs fuel if so. Skips the two instructions that
    /// do the same, which come next. Does nothing if the sum is no small integer.
    StepJumpIfLess(Register, i8, Register, u32),

    /// The item of `.1` at the position or under the key `.2`.
    Get(Register, Register, Register),
    /// The item of `.1` under a constant key.
    GetConstant(Register, Register, u32),
    /// Replaces the item of `.0` at `.1` by `.2`, which is left empty.
    Put(Register, Register, Register),
    /// Replaces the item of `.0` under a constant key by a copy of `.1`.
    PutConstant(Register, Register, u32),
    /// Adds a small integer to the item of `.0` under a constant key, in place, and follows the jump that comes next.
    /// Does nothing and skips the jump if the item is no small integer or somebody else holds the collection.
    AddField(Register, i16, u32),
    /// Puts `.2` under the key `.1` into the hash table in `.0`.
    PutTable(Register, Register, Register),
    /// Appends `.1`, which is left empty, to `.0`.
    Push(Register, Register),
    /// Appends the text of `.1` to the string in `.0`.
    Append(Register, Register),
    /// The text of `.1`.
    Text(Register, Register),

    /// Calls native `.3` with `.2` arguments from register `.1` on.
    Native(Register, Register, u8, u32),
    /// Calls native `.2` with the items of the array in `.1`.
    NativeApply(Register, Register, u32),
    /// Replaces register `.0` by native `.3` of it and `.2` arguments; register `.1` is free for the first.
    UpdateRegister(Register, Register, u8, u32),
    /// The same for the shared place in `.0`.
    UpdateCell(Register, Register, u8, u32),
    /// The same for a captured shared place, whose number follows; registers `.0` on, `.1` arguments, native `.2`.
    UpdateCapture(Register, u8, u32),
    /// The same for a module-level variable, whose number follows.
    UpdateGlobal(Register, u8, u32),
    /// The second half of the instruction before.
    Extra(u32),
    /// An array of `.2` registers from `.1` on, which are left empty.
    MakeArray(Register, Register, u8),
    /// Appends `.2` registers from `.1` on, which are left empty, to the array in `.0`.
    Extend(Register, Register, u8),

    /// Calls what is in `.1` with `.2` arguments after it.
    Call(Register, Register, u8),
    /// Calls what is in `.3`, which stays there; its frame is at `.1`, the `.2` arguments after it.
    CallLocal(Register, Register, u8, Register),
    /// Calls a module-level variable; its frame is at `.1`, the `.2` arguments after it.
    CallGlobal(Register, Register, u8, u32),
    /// Calls a module-level variable, `.5`, like [`Instruction::CallGlobal`]; the last of the `.2` arguments is the sum of
    /// `.3` and a small integer. Skips the two instructions that do the same, which come next. Does nothing if the sum
    /// is no small integer or the call is not that of a function with so many parameters.
    CallGlobalStep(Register, Register, u8, Register, i8, u16),
    /// Calls in place of this function: callee in `.0`, `.1` arguments; `size` is `.2`.
    TailCall(Register, u8, u8),
    /// Calls a module-level variable in place of this function.
    TailCallGlobal(Register, u8, u8, u32),
    /// Calls what is in `.1` with the `.2` arguments after it, the last of which stands for its items.
    Apply(Register, Register, u8),
    /// The same in place of this function: callee in `.0`, `.1` arguments; `size` is `.2`.
    TailApply(Register, u8, u8),
    /// Ends the function with the value of `.0`; `size` is `.1`.
    Return(Register, u8),
    /// Ends the function with the value of `.0 + .1`; `size` is `.2`.
    ReturnSum(Register, Register, u8),
    /// Ends the function with what a captured shared place holds; `size` is `.0`.
    ReturnCaptureCell(u8, u32),
    /// Ends the function with the value of `.2` if `.0` is `<` `.1`, else goes on at `.3`. Does nothing if `.0` is no small
    /// integer; the jump and the return that do the same come next, and the return knows the `size`.
    ReturnIfLess(Register, i8, Register, u32),
    /// Adds `.0` to a captured shared place and ends the function with what it holds then; `size` is `.1`. Does nothing if
    /// the sum is no small integer; the two instructions that do the same come next.
    ReturnCaptureCellStep(i16, u8, u32),
    /// Ends the function with the items of the array in `.0` as values; `size` is `.1`.
    ReturnValues(Register, u8),
    /// After a call: an array of all its values.
    CollectValues(Register),

    /// An error goes on at `.2` with the error in `.0`; registers from `.1` on are not needed there.
    PushTry(Register, Register, u32),
    /// A throw to the tag in `.0` goes on at `.2` with the value in `.0`.
    PushCatch(Register, Register, u32),
    /// Everything that leaves goes on at `.1` first.
    PushProtect(Register, u32),
    /// Puts the number of a new activation into `.0`; a leave of it goes on at `.2` with the value in `.0`.
    PushBlock(Register, Register, u32),
    /// Gives a module-level variable the value of `.0` until the handler is popped.
    PushBind(Register, u32),
    /// Removes the innermost handler.
    PopHandler,
    /// Removes the innermost handler, a protection, and notes that its body ended with a value.
    EndProtect,
    /// After a cleanup: goes on in the way in which the body ended.
    Resume,
    /// Forgets in which way the body ended.
    DropPending,
    /// Leaves the block whose activation is in `.0` with the value of `.1`.
    Leave(Register, Register),
}

/// A built-in function that has instructions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// `+`.
    Add,
    /// `-`.
    Sub,
    /// `*`.
    Mul,
    /// `/`.
    Divide,
    /// `//`.
    Quotient,
    /// `%`.
    Remainder,
    /// `mod`.
    Modulo,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `not`.
    Not,
    /// `1+`.
    Increment,
    /// `1-`.
    Decrement,
    /// `get`.
    Get,
    /// `nth`.
    Nth,
    /// `put`.
    Put,
    /// `push`.
    Push,
    /// `str`.
    Text,
    /// `puthash`.
    PutTable,
}

impl Operation {
    /// All, in order, with their names.
    pub const ALL: [(Operation, &'static str); 22] = [
        (Operation::Add, "+"),
        (Operation::Sub, "-"),
        (Operation::Mul, "*"),
        (Operation::Divide, "/"),
        (Operation::Quotient, "//"),
        (Operation::Remainder, "%"),
        (Operation::Modulo, "mod"),
        (Operation::Less, "<"),
        (Operation::LessEqual, "<="),
        (Operation::Greater, ">"),
        (Operation::GreaterEqual, ">="),
        (Operation::Equal, "="),
        (Operation::NotEqual, "!="),
        (Operation::Not, "not"),
        (Operation::Increment, "1+"),
        (Operation::Decrement, "1-"),
        (Operation::Get, "get"),
        (Operation::Nth, "nth"),
        (Operation::Put, "put"),
        (Operation::Push, "push"),
        (Operation::Text, "str"),
        (Operation::PutTable, "puthash"),
    ];
}

/// What a call needs to know of a function if the arguments are as many as the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its first instruction.
    pub start: u32,
    /// The number of arguments that go straight into registers; [`Entry::GENERAL`] if they have to be bound.
    pub arguments: u8,
    /// True if it reads captured variables, and so needs itself in register 0.
    pub captures: bool,
}

impl Entry {
    /// The mark of a function whose arguments have to be bound. No call has as many arguments.
    pub const GENERAL: u8 = 255;
}

/// What is known of a function besides its code.
#[derive(Clone, Debug)]
pub struct FunctionInfo {
    /// Its name.
    pub name: Rc<str>,
    /// Parameters that every call must give; they are in registers 1 on.
    pub required: usize,
    /// For each optional parameter, which follow the required ones, the register that tells whether it was given.
    pub optional: Vec<Register>,
    /// The register of the rest parameter.
    pub rest: Option<Register>,
    /// The keyword parameters.
    pub keys: Option<Vec<KeyInfo>>,
    /// True if other keywords are ignored.
    pub allow_other_keys: bool,
    /// Where it was written.
    pub span: Option<Span>,
    /// Its documentation.
    pub doc: Option<Rc<str>>,
}

/// A keyword parameter.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    /// The keyword without its colon.
    pub name: Rc<str>,
    /// The parameter's register.
    pub register: Register,
    /// The register that tells whether it was given.
    pub supplied: Register,
}

/// How to make a closure.
#[derive(Clone, Debug)]
pub struct Template {
    /// The number of its code.
    pub function: u32,
    /// Its name.
    pub name: Rc<str>,
    /// What it captures.
    pub captures: Box<[CaptureSource]>,
}

/// Where the maker of a closure finds a variable that the closure captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureSource {
    /// In a register.
    Register(Register),
    /// Among its own captures.
    Capture(u32),
}

/// A module-level variable.
#[derive(Clone, Debug)]
pub struct GlobalSlot {
    /// Its name.
    pub name: Rc<str>,
    /// Its value, once it has one.
    pub value: Option<ovsm_value::Value>,
}

/// A number as an index.
pub(crate) fn slot(global: GlobalId) -> usize {
    global.0 as usize
}

/// The number of a native as an operand.
pub(crate) fn native_operand(native: NativeId) -> u32 {
    u32::from(native.0)
}

const _: () = assert!(size_of::<Instruction>() == 8);
