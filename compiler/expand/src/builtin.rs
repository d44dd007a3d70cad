//! The built-in functions: their names, how many arguments they take, and one line of documentation each.
//!
//! What types they accept is the business of `infer`, what they do that of lowering. A program may define a function
//! of the same name; its own definition then wins.

use ovsm_base::IntType;

/// Arithmetic that keeps the type of its operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
}

/// What an arithmetic operation does with a result that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Overflow {
    /// It is an error.
    Checked,
    /// The result wraps.
    Wrapping,
    /// The result is the nearest value of the type.
    Saturating,
}

/// Division and its rounding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Division {
    /// `/`: truncated toward zero.
    Truncate,
    /// `//`: rounded down.
    Floor,
    /// `%`, `rem`: the remainder with the sign of the dividend.
    Remainder,
    /// `mod`: the remainder with the sign of the divisor.
    Modulo,
}

/// A comparison; with more than two operands every neighbouring pair must satisfy it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`: not all equal.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// Bitwise operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Bitwise {
    /// `bit-and`
    And,
    /// `bit-or`
    Or,
    /// `bit-xor`
    Xor,
}

/// A property of an account, read from the serialised input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AccountField {
    /// Address of the data.
    DataPtr,
    /// Length of the data.
    DataLen,
    /// Balance.
    Lamports,
    /// Address of the key.
    Pubkey,
    /// Address of the owner's key.
    Owner,
    /// 1 if the account signed.
    IsSigner,
    /// 1 if the account is writable.
    IsWritable,
    /// 1 if the account is a program.
    Executable,
}

/// A requirement on an account that fails the program when it does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Requirement {
    /// The account signed.
    Signer,
    /// The account is writable.
    Writable,
    /// The account's owner is the key at an address.
    Owner,
}

/// A built-in function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Builtin {
    /// `+ - *` and their wrapping and saturating kin.
    Arithmetic(Arithmetic, Overflow),
    /// `/ // % rem mod`.
    Divide(Division),
    /// `1+`.
    Increment,
    /// `1-`.
    Decrement,
    /// `min`.
    Min,
    /// `max`.
    Max,
    /// `abs`.
    Abs,
    /// `= != < <= > >=`.
    Compare(Comparison),
    /// `bit-and bit-or bit-xor`.
    Bitwise(Bitwise),
    /// `bit-not`.
    BitNot,
    /// `<<`.
    ShiftLeft,
    /// `>>`.
    ShiftRight,
    /// `(u64 x)`: fails if the value does not fit.
    Convert(IntType),
    /// `(u64-wrap x)`: keeps the low bits.
    ConvertWrap(IntType),
    /// `(num-accounts)`.
    NumAccounts,
    /// `(account-lamports i)` and its kin.
    Account(AccountField),
    /// `(set-lamports i v)`.
    SetLamports,
    /// `(assert-signer i)` and its kin.
    Require(Requirement),
    /// `(instruction-data-ptr)`.
    InstructionDataPtr,
    /// `(instruction-data-len)`.
    InstructionDataLen,
    /// `(program-id-ptr)`.
    ProgramIdPtr,
    /// `(input-ptr)`: where the serialised input begins.
    InputPtr,
    /// `(mem-load p off)`; the number is the width in bytes.
    MemLoad(u8),
    /// `(mem-store p off v)`; the number is the width in bytes.
    MemStore(u8),
    /// `(sol_log_ s)`, or with an address and a length.
    Log,
    /// `(sol_log_64_ a …)`.
    Log64,
    /// `(sol_log_pubkey p)`.
    LogPubkey,
    /// `(syscall "name" a …)`.
    Syscall,
    /// `(vec T)`, or with the number of items that there is to be room for; its type is stated around it.
    NewVec,
    /// `push!`: a vec with one more item. It takes over what the vec holds.
    Push,
    /// `pop!`: a vec without its last item, taken over as well.
    WithoutLast,
    /// `append!`: a builder with more texts, or a vec with more items, at its end; taken over as well.
    Append,
    /// `clear!`: a builder or a vec without anything in it, taken over as well.
    Emptied,
    /// `(string-builder)`, or with the number of bytes that there is to be room for.
    NewBuilder,
    /// `str`: the texts of the operands as one new text.
    Text,
    /// `log`: the texts of the operands as one line.
    LogText,
    /// `(bytes text)`: the bytes of a text.
    TextBytes,
}

/// One name of a built-in.
pub struct Entry {
    /// The name in source text.
    pub name: &'static str,
    /// What it is.
    pub builtin: Builtin,
    /// The fewest arguments.
    pub min: u8,
    /// The most arguments; `None` for any number.
    pub max: Option<u8>,
    /// The shape of a call and what it gives.
    pub doc: &'static str,
}

const fn entry(name: &'static str, builtin: Builtin, min: u8, max: Option<u8>, doc: &'static str) -> Entry {
    Entry { name, builtin, min, max, doc }
}

use AccountField as Field;
use Builtin::*;
use Overflow::{Checked, Saturating, Wrapping};

/// Every built-in, in the order of the reference.
pub const TABLE: &[Entry] = &[
    entry("+", Arithmetic(self::Arithmetic::Add, Checked), 0, None, "(+ a …): the sum; fails on overflow"),
    entry(
        "-",
        Arithmetic(self::Arithmetic::Sub, Checked),
        1,
        None,
        "(- a b …): the difference; (- a): negation",
    ),
    entry(
        "*",
        Arithmetic(self::Arithmetic::Mul, Checked),
        0,
        None,
        "(* a …): the product; fails on overflow",
    ),
    entry("+%", Arithmetic(self::Arithmetic::Add, Wrapping), 2, None, "(+% a b …): the sum, wrapping"),
    entry("-%", Arithmetic(self::Arithmetic::Sub, Wrapping), 1, None, "(-% a b …): the difference, wrapping"),
    entry("*%", Arithmetic(self::Arithmetic::Mul, Wrapping), 2, None, "(*% a b …): the product, wrapping"),
    entry("+|", Arithmetic(self::Arithmetic::Add, Saturating), 2, None, "(+| a b …): the sum, saturating"),
    entry(
        "-|",
        Arithmetic(self::Arithmetic::Sub, Saturating),
        2,
        None,
        "(-| a b …): the difference, saturating",
    ),
    entry(
        "*|",
        Arithmetic(self::Arithmetic::Mul, Saturating),
        2,
        None,
        "(*| a b …): the product, saturating",
    ),
    entry("/", Divide(Division::Truncate), 2, None, "(/ a b …): the quotient, truncated toward zero"),
    entry("//", Divide(Division::Floor), 2, None, "(// a b …): the quotient, rounded down"),
    entry("%", Divide(Division::Remainder), 2, Some(2), "(% a b): the remainder with the sign of a"),
    entry("rem", Divide(Division::Remainder), 2, Some(2), "(rem a b): the remainder with the sign of a"),
    entry("mod", Divide(Division::Modulo), 2, Some(2), "(mod a b): the remainder with the sign of b"),
    entry("1+", Increment, 1, Some(1), "(1+ a): one more; fails on overflow"),
    entry("1-", Decrement, 1, Some(1), "(1- a): one less; fails on overflow"),
    entry("min", Min, 1, None, "(min a …): the smallest"),
    entry("max", Max, 1, None, "(max a …): the largest"),
    entry("abs", Abs, 1, Some(1), "(abs a): the absolute value; fails on overflow"),
    entry("=", Compare(Comparison::Equal), 1, None, "(= a b …): true if all are equal"),
    entry("==", Compare(Comparison::Equal), 1, None, "(== a b …): true if all are equal"),
    entry("!=", Compare(Comparison::NotEqual), 1, None, "(!= a b …): true if not all are equal"),
    entry("<", Compare(Comparison::Less), 1, None, "(< a b …): true if each is less than the next"),
    entry("<=", Compare(Comparison::LessEqual), 1, None, "(<= a b …): true if none is greater than the next"),
    entry(">", Compare(Comparison::Greater), 1, None, "(> a b …): true if each is greater than the next"),
    entry(">=", Compare(Comparison::GreaterEqual), 1, None, "(>= a b …): true if none is less than the next"),
    entry("bit-and", Bitwise(self::Bitwise::And), 1, None, "(bit-and a …): bitwise and"),
    entry("bit-or", Bitwise(self::Bitwise::Or), 1, None, "(bit-or a …): bitwise or"),
    entry("bit-xor", Bitwise(self::Bitwise::Xor), 1, None, "(bit-xor a …): bitwise exclusive or"),
    entry("bit-not", BitNot, 1, Some(1), "(bit-not a): every bit negated"),
    entry("logand", Bitwise(self::Bitwise::And), 1, None, "(logand a …): bitwise and"),
    entry("logior", Bitwise(self::Bitwise::Or), 1, None, "(logior a …): bitwise or"),
    entry("logxor", Bitwise(self::Bitwise::Xor), 1, None, "(logxor a …): bitwise exclusive or"),
    entry("lognot", BitNot, 1, Some(1), "(lognot a): every bit negated"),
    entry("<<", ShiftLeft, 2, Some(2), "(<< a n): shifted left, high bits lost; n must be below the width"),
    entry(
        ">>",
        ShiftRight,
        2,
        Some(2),
        "(>> a n): shifted right, keeping the sign; n must be below the width",
    ),
    entry("u8", Convert(IntType::U8), 1, Some(1), "(u8 a): the same value as u8; fails if it does not fit"),
    entry(
        "u16",
        Convert(IntType::U16),
        1,
        Some(1),
        "(u16 a): the same value as u16; fails if it does not fit",
    ),
    entry(
        "u32",
        Convert(IntType::U32),
        1,
        Some(1),
        "(u32 a): the same value as u32; fails if it does not fit",
    ),
    entry(
        "u64",
        Convert(IntType::U64),
        1,
        Some(1),
        "(u64 a): the same value as u64; fails if it does not fit",
    ),
    entry("u128", Convert(IntType::U128), 1, Some(1), "(u128 a): the same value as u128; fails if negative"),
    entry("i8", Convert(IntType::I8), 1, Some(1), "(i8 a): the same value as i8; fails if it does not fit"),
    entry(
        "i16",
        Convert(IntType::I16),
        1,
        Some(1),
        "(i16 a): the same value as i16; fails if it does not fit",
    ),
    entry(
        "i32",
        Convert(IntType::I32),
        1,
        Some(1),
        "(i32 a): the same value as i32; fails if it does not fit",
    ),
    entry(
        "i64",
        Convert(IntType::I64),
        1,
        Some(1),
        "(i64 a): the same value as i64; fails if it does not fit",
    ),
    entry(
        "i128",
        Convert(IntType::I128),
        1,
        Some(1),
        "(i128 a): the same value as i128; fails if it does not fit",
    ),
    entry(
        "int",
        Convert(IntType::I64),
        1,
        Some(1),
        "(int a): the same value as int; fails if it does not fit",
    ),
    entry("u8-wrap", ConvertWrap(IntType::U8), 1, Some(1), "(u8-wrap a): the low 8 bits"),
    entry("u16-wrap", ConvertWrap(IntType::U16), 1, Some(1), "(u16-wrap a): the low 16 bits"),
    entry("u32-wrap", ConvertWrap(IntType::U32), 1, Some(1), "(u32-wrap a): the low 32 bits"),
    entry("u64-wrap", ConvertWrap(IntType::U64), 1, Some(1), "(u64-wrap a): the low 64 bits"),
    entry("u128-wrap", ConvertWrap(IntType::U128), 1, Some(1), "(u128-wrap a): sign-extended to 128 bits"),
    entry(
        "i128-wrap",
        ConvertWrap(IntType::I128),
        1,
        Some(1),
        "(i128-wrap a): the same 128 bits, as a signed number",
    ),
    entry("i8-wrap", ConvertWrap(IntType::I8), 1, Some(1), "(i8-wrap a): the low 8 bits, as a signed number"),
    entry(
        "i16-wrap",
        ConvertWrap(IntType::I16),
        1,
        Some(1),
        "(i16-wrap a): the low 16 bits, as a signed number",
    ),
    entry(
        "i32-wrap",
        ConvertWrap(IntType::I32),
        1,
        Some(1),
        "(i32-wrap a): the low 32 bits, as a signed number",
    ),
    entry(
        "i64-wrap",
        ConvertWrap(IntType::I64),
        1,
        Some(1),
        "(i64-wrap a): the low 64 bits, as a signed number",
    ),
    entry("num-accounts", NumAccounts, 0, Some(0), "(num-accounts): how many accounts the instruction has"),
    entry(
        "account-data-ptr",
        Account(Field::DataPtr),
        1,
        Some(1),
        "(account-data-ptr i): address of its data",
    ),
    entry(
        "account-data-len",
        Account(Field::DataLen),
        1,
        Some(1),
        "(account-data-len i): length of its data",
    ),
    entry("account-lamports", Account(Field::Lamports), 1, Some(1), "(account-lamports i): its balance"),
    entry("account-pubkey", Account(Field::Pubkey), 1, Some(1), "(account-pubkey i): address of its key"),
    entry(
        "account-owner",
        Account(Field::Owner),
        1,
        Some(1),
        "(account-owner i): address of its owner's key",
    ),
    entry("account-is-signer", Account(Field::IsSigner), 1, Some(1), "(account-is-signer i): 1 if it signed"),
    entry("is-signer", Account(Field::IsSigner), 1, Some(1), "(is-signer i): 1 if it signed"),
    entry(
        "account-is-writable",
        Account(Field::IsWritable),
        1,
        Some(1),
        "(account-is-writable i): 1 if writable",
    ),
    entry("is-writable", Account(Field::IsWritable), 1, Some(1), "(is-writable i): 1 if writable"),
    entry(
        "account-executable",
        Account(Field::Executable),
        1,
        Some(1),
        "(account-executable i): 1 if a program",
    ),
    entry("set-lamports", SetLamports, 2, Some(2), "(set-lamports i v): sets its balance"),
    entry(
        "assert-signer",
        Require(Requirement::Signer),
        1,
        Some(1),
        "(assert-signer i): fails unless it signed",
    ),
    entry(
        "assert-writable",
        Require(Requirement::Writable),
        1,
        Some(1),
        "(assert-writable i): fails unless it is writable",
    ),
    entry(
        "assert-owner",
        Require(Requirement::Owner),
        2,
        Some(2),
        "(assert-owner i p): fails unless the key at p owns it",
    ),
    entry(
        "instruction-data-ptr",
        InstructionDataPtr,
        0,
        Some(0),
        "(instruction-data-ptr): address of the instruction data",
    ),
    entry(
        "instruction-data-len",
        InstructionDataLen,
        0,
        Some(0),
        "(instruction-data-len): length of the instruction data",
    ),
    entry("program-id-ptr", ProgramIdPtr, 0, Some(0), "(program-id-ptr): address of the program's own key"),
    entry("input-ptr", InputPtr, 0, Some(0), "(input-ptr): where the serialised input begins"),
    entry("mem-load", MemLoad(8), 2, Some(2), "(mem-load p off): the 8 bytes at p+off, as u64"),
    entry("mem-load1", MemLoad(1), 2, Some(2), "(mem-load1 p off): the byte at p+off, as u64"),
    entry("mem-load2", MemLoad(2), 2, Some(2), "(mem-load2 p off): the 2 bytes at p+off, as u64"),
    entry("mem-load4", MemLoad(4), 2, Some(2), "(mem-load4 p off): the 4 bytes at p+off, as u64"),
    entry("mem-store", MemStore(8), 3, Some(3), "(mem-store p off v): writes 8 bytes at p+off"),
    entry("mem-store1", MemStore(1), 3, Some(3), "(mem-store1 p off v): writes the low byte of v at p+off"),
    entry(
        "mem-store2",
        MemStore(2),
        3,
        Some(3),
        "(mem-store2 p off v): writes the low 2 bytes of v at p+off",
    ),
    entry(
        "mem-store4",
        MemStore(4),
        3,
        Some(3),
        "(mem-store4 p off v): writes the low 4 bytes of v at p+off",
    ),
    entry("sol_log_", Log, 1, Some(2), "(sol_log_ s): logs a string; (sol_log_ p n): n bytes at p"),
    entry("msg", Log, 1, Some(2), "(msg s): logs a string"),
    entry("sol_log_64_", Log64, 1, Some(5), "(sol_log_64_ a …): logs up to five numbers"),
    entry("sol_log_pubkey", LogPubkey, 1, Some(1), "(sol_log_pubkey p): logs the key at p in base58"),
    entry("syscall", Syscall, 1, Some(6), "(syscall \"name\" a …): calls the runtime; gives its result"),
];

impl Builtin {
    /// The entry of this name.
    pub fn from_name(name: &str) -> Option<&'static Entry> {
        TABLE.iter().find(|entry| entry.name == name)
    }

    /// The main name, for messages.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|entry| entry.builtin == self).map_or("built-in", |entry| entry.name)
    }
}
