//! Failures: the errors that a program's own checks raise, and the return code that each one becomes on chain.
//!
//! A failure ends the running function and, at once, each of its callers (there is no handler in this slice of the
//! language). Where Solana has a `ProgramError` for it, that code is used (`k << 32`); otherwise a custom code in
//! the range `0x4F56_0000` ("OV").

use ovsm_base::Code;

/// Why a program failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Failure {
    /// A checked operation did not fit its type.
    Overflow,
    /// A division or remainder by zero.
    DivisionByZero,
    /// A shift by the width of the type or more.
    ShiftRange,
    /// A conversion of a value that the target type does not have.
    Conversion,
    /// An account index that is not below the number of accounts, or fewer accounts than the instruction needs.
    AccountIndex,
    /// `assert-signer` on an account that did not sign.
    NotSigner,
    /// `assert-writable` on a read-only account.
    NotWritable,
    /// `assert-owner` on an account of another program.
    WrongOwner,
    /// An index that is not below the length of the sequence.
    Index,
    /// No clause of a `match` fits the value.
    NoCase,
    /// `(error …)`.
    Raised,
    /// The instruction data is none that the program knows.
    InstructionData,
    /// An account that is there already stands where another is needed.
    DuplicateAccount,
    /// The data of an account is not of the type that it has to be.
    AccountData,
    /// An address is not the one that its seeds give, or they give none.
    Seeds,
    /// An account that is to be made exists already.
    AlreadyInitialized,
    /// An account is not the one that it has to be.
    WrongAccount,
    /// The returned data, or a sysvar, is not of the type that it has to be.
    ReturnedData,
    /// A value is refused by the condition of the type that it enters.
    Refinement,
    /// The heap has no room for a value.
    OutOfHeap,
    /// A failure that the program declares, by its code.
    Custom(u32),
    /// An error that the runtime has a name for, by its number: 1 to 26.
    Runtime(u8),
}

impl Failure {
    /// Every failure but those that programs choose by a number.
    pub const ALL: [Failure; 20] = [
        Failure::Overflow,
        Failure::DivisionByZero,
        Failure::ShiftRange,
        Failure::Conversion,
        Failure::AccountIndex,
        Failure::NotSigner,
        Failure::NotWritable,
        Failure::WrongOwner,
        Failure::Index,
        Failure::NoCase,
        Failure::Raised,
        Failure::InstructionData,
        Failure::DuplicateAccount,
        Failure::AccountData,
        Failure::Seeds,
        Failure::AlreadyInitialized,
        Failure::WrongAccount,
        Failure::ReturnedData,
        Failure::Refinement,
        Failure::OutOfHeap,
    ];

    /// The program's return code; never zero.
    pub const fn return_code(self) -> u64 {
        match self {
            Failure::Overflow => 24 << 32,
            Failure::DivisionByZero => 0x4F56_0001,
            Failure::ShiftRange => 0x4F56_0002,
            Failure::Conversion => 0x4F56_0003,
            Failure::AccountIndex => 11 << 32,
            Failure::NotSigner => 8 << 32,
            Failure::NotWritable => 25 << 32,
            Failure::WrongOwner => 23 << 32,
            Failure::Index => 0x4F56_0004,
            Failure::NoCase => 0x4F56_0005,
            Failure::Raised => 0x4F56_0006,
            Failure::InstructionData => 3 << 32,
            Failure::DuplicateAccount => 0x4F56_0007,
            Failure::AccountData => 4 << 32,
            Failure::Seeds => 14 << 32,
            Failure::AlreadyInitialized => 9 << 32,
            Failure::WrongAccount => 2 << 32,
            Failure::ReturnedData => 0x4F56_0008,
            Failure::Refinement => 0x4F56_0009,
            Failure::OutOfHeap => 0x4F56_000A,
            // The runtime reads 0 as success.
            Failure::Custom(0) => 1 << 32,
            Failure::Custom(code) => code as u64,
            Failure::Runtime(number) => (number as u64) << 32,
        }
    }

    /// The failure with this return code.
    pub fn from_return_code(code: u64) -> Option<Failure> {
        Failure::ALL.into_iter().find(|failure| failure.return_code() == code)
    }

    /// The word for it in the IR's text form.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::Overflow => "overflow",
            Failure::DivisionByZero => "division_by_zero",
            Failure::ShiftRange => "shift_range",
            Failure::Conversion => "conversion",
            Failure::AccountIndex => "account_index",
            Failure::NotSigner => "not_signer",
            Failure::NotWritable => "not_writable",
            Failure::WrongOwner => "wrong_owner",
            Failure::Index => "index",
            Failure::NoCase => "no_case",
            Failure::Raised => "raised",
            Failure::InstructionData => "instruction_data",
            Failure::DuplicateAccount => "duplicate_account",
            Failure::AccountData => "account_data",
            Failure::Seeds => "seeds",
            Failure::AlreadyInitialized => "already_initialized",
            Failure::WrongAccount => "wrong_account",
            Failure::ReturnedData => "returned_data",
            Failure::Refinement => "refinement",
            Failure::OutOfHeap => "out_of_heap",
            Failure::Custom(_) => "custom",
            Failure::Runtime(_) => "runtime",
        }
    }

    /// The failure with this name in the text form.
    pub fn from_name(name: &str) -> Option<Failure> {
        Failure::ALL.into_iter().find(|failure| failure.name() == name)
    }

    /// The diagnostic code under which a script reports it.
    pub const fn code(self) -> Code {
        match self {
            Failure::Overflow => Code::RuntimeOverflow,
            Failure::DivisionByZero => Code::RuntimeDivisionByZero,
            Failure::ShiftRange => Code::RuntimeShift,
            Failure::Conversion => Code::RuntimeConversion,
            Failure::AccountIndex => Code::RuntimeAccountIndex,
            Failure::NotSigner | Failure::NotWritable | Failure::WrongOwner => Code::RuntimeRequirement,
            Failure::Index => Code::RuntimeIndex,
            Failure::Refinement => Code::RuntimeType,
            Failure::NoCase => Code::RuntimeValue,
            Failure::OutOfHeap => Code::RuntimeLimit,
            Failure::Raised | Failure::Custom(_) | Failure::Runtime(_) => Code::RuntimeUser,
            Failure::InstructionData
            | Failure::DuplicateAccount
            | Failure::AccountData
            | Failure::Seeds
            | Failure::AlreadyInitialized
            | Failure::WrongAccount
            | Failure::ReturnedData => Code::RuntimeRequirement,
        }
    }
}

impl std::fmt::Display for Failure {
    /// The form of the IR's text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Custom(code) => write!(f, "custom {code}"),
            Failure::Runtime(number) => write!(f, "runtime {number}"),
            other => f.write_str(other.name()),
        }
    }
}
