//! The operations of the IR.
//!
//! A value is a 64-bit word or a truth value. Integers of fewer than 64 bits are words in canonical form (see
//! [`IntType`]); `u128` and strings are pairs of words, split by lowering. Arithmetic that must not overflow is an
//! operation of its own ([`Op::Checked`]), so that passes can reason about it and each back end can pick its
//! cheapest test.

use crate::failure::Failure;
use crate::function::{Block, Data, Func, Type, Value};
use ovsm_base::IntType;
use ovsm_base::syscall::Syscall;
use smallvec::SmallVec;

/// An operation on two words; wraps modulo 2^64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum BinaryOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Low word of the product.
    Mul,
    /// Unsigned quotient. A zero divisor is a fault of the machine: lowering guards it with [`Op::FailIf`].
    UnsignedDiv,
    /// Unsigned remainder; as for [`BinaryOp::UnsignedDiv`].
    UnsignedRem,
    /// Signed quotient, truncated; zero divisor as above; `MIN / -1` wraps to `MIN`.
    SignedDiv,
    /// Signed remainder with the sign of the dividend; `MIN % -1` is 0.
    SignedRem,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Left shift; the amount is taken modulo 64.
    ShiftLeft,
    /// Right shift filling with zeros; the amount is taken modulo 64.
    ShiftRightLogical,
    /// Right shift filling with the sign; the amount is taken modulo 64.
    ShiftRightArithmetic,
}

impl BinaryOp {
    /// Every operation.
    pub const ALL: [BinaryOp; 13] = [
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::UnsignedDiv,
        BinaryOp::UnsignedRem,
        BinaryOp::SignedDiv,
        BinaryOp::SignedRem,
        BinaryOp::And,
        BinaryOp::Or,
        BinaryOp::Xor,
        BinaryOp::ShiftLeft,
        BinaryOp::ShiftRightLogical,
        BinaryOp::ShiftRightArithmetic,
    ];

    /// The word for it in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::UnsignedDiv => "udiv",
            BinaryOp::UnsignedRem => "urem",
            BinaryOp::SignedDiv => "sdiv",
            BinaryOp::SignedRem => "srem",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::Xor => "xor",
            BinaryOp::ShiftLeft => "shl",
            BinaryOp::ShiftRightLogical => "lshr",
            BinaryOp::ShiftRightArithmetic => "ashr",
        }
    }

    /// True if the operands may be exchanged.
    pub const fn is_commutative(self) -> bool {
        matches!(self, BinaryOp::Add | BinaryOp::Mul | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor)
    }

    /// True for the four that fault on a zero divisor.
    pub const fn divides(self) -> bool {
        matches!(
            self,
            BinaryOp::UnsignedDiv | BinaryOp::UnsignedRem | BinaryOp::SignedDiv | BinaryOp::SignedRem
        )
    }

    /// The result on two words; `None` for a zero divisor.
    pub const fn evaluate(self, a: u64, b: u64) -> Option<u64> {
        Some(match self {
            BinaryOp::Add => a.wrapping_add(b),
            BinaryOp::Sub => a.wrapping_sub(b),
            BinaryOp::Mul => a.wrapping_mul(b),
            BinaryOp::UnsignedDiv => match a.checked_div(b) {
                Some(quotient) => quotient,
                None => return None,
            },
            BinaryOp::UnsignedRem => match a.checked_rem(b) {
                Some(remainder) => remainder,
                None => return None,
            },
            BinaryOp::SignedDiv if b == 0 => return None,
            BinaryOp::SignedDiv => (a as i64).wrapping_div(b as i64) as u64,
            BinaryOp::SignedRem if b == 0 => return None,
            BinaryOp::SignedRem => (a as i64).wrapping_rem(b as i64) as u64,
            BinaryOp::And => a & b,
            BinaryOp::Or => a | b,
            BinaryOp::Xor => a ^ b,
            BinaryOp::ShiftLeft => a.wrapping_shl(b as u32),
            BinaryOp::ShiftRightLogical => a.wrapping_shr(b as u32),
            BinaryOp::ShiftRightArithmetic => (a as i64).wrapping_shr(b as u32) as u64,
        })
    }
}

/// An arithmetic operation that fails with [`Failure::Overflow`] when its result does not fit the type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum CheckedOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
}

impl CheckedOp {
    /// Every operation.
    pub const ALL: [CheckedOp; 3] = [CheckedOp::Add, CheckedOp::Sub, CheckedOp::Mul];

    /// The word for it in the text form: `checked_add`.
    pub const fn name(self) -> &'static str {
        match self {
            CheckedOp::Add => "checked_add",
            CheckedOp::Sub => "checked_sub",
            CheckedOp::Mul => "checked_mul",
        }
    }

    /// The same operation, wrapping.
    pub const fn wrapping(self) -> BinaryOp {
        match self {
            CheckedOp::Add => BinaryOp::Add,
            CheckedOp::Sub => BinaryOp::Sub,
            CheckedOp::Mul => BinaryOp::Mul,
        }
    }

    /// The result on two canonical words of `ty` (at most 64 bits), or `None` on overflow.
    pub const fn evaluate(self, ty: IntType, a: u64, b: u64) -> Option<u64> {
        let (wide_a, wide_b) =
            if ty.is_signed() { (a as i64 as i128, b as i64 as i128) } else { (a as i128, b as i128) };
        let wide = match self {
            CheckedOp::Add => wide_a.checked_add(wide_b),
            CheckedOp::Sub => wide_a.checked_sub(wide_b),
            CheckedOp::Mul => wide_a.checked_mul(wide_b),
        };
        match wide {
            Some(wide) if ty.contains(wide < 0, wide.unsigned_abs()) => Some(wide as u64),
            _ => None,
        }
    }
}

/// A comparison of two words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Condition {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Unsigned `<`.
    UnsignedLess,
    /// Unsigned `<=`.
    UnsignedLessEqual,
    /// Unsigned `>`.
    UnsignedGreater,
    /// Unsigned `>=`.
    UnsignedGreaterEqual,
    /// Signed `<`.
    SignedLess,
    /// Signed `<=`.
    SignedLessEqual,
    /// Signed `>`.
    SignedGreater,
    /// Signed `>=`.
    SignedGreaterEqual,
}

impl Condition {
    /// Every condition.
    pub const ALL: [Condition; 10] = [
        Condition::Equal,
        Condition::NotEqual,
        Condition::UnsignedLess,
        Condition::UnsignedLessEqual,
        Condition::UnsignedGreater,
        Condition::UnsignedGreaterEqual,
        Condition::SignedLess,
        Condition::SignedLessEqual,
        Condition::SignedGreater,
        Condition::SignedGreaterEqual,
    ];

    /// The word for it in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Condition::Equal => "eq",
            Condition::NotEqual => "ne",
            Condition::UnsignedLess => "ult",
            Condition::UnsignedLessEqual => "ule",
            Condition::UnsignedGreater => "ugt",
            Condition::UnsignedGreaterEqual => "uge",
            Condition::SignedLess => "slt",
            Condition::SignedLessEqual => "sle",
            Condition::SignedGreater => "sgt",
            Condition::SignedGreaterEqual => "sge",
        }
    }

    /// The condition that holds when this one does not.
    pub const fn negated(self) -> Condition {
        match self {
            Condition::Equal => Condition::NotEqual,
            Condition::NotEqual => Condition::Equal,
            Condition::UnsignedLess => Condition::UnsignedGreaterEqual,
            Condition::UnsignedLessEqual => Condition::UnsignedGreater,
            Condition::UnsignedGreater => Condition::UnsignedLessEqual,
            Condition::UnsignedGreaterEqual => Condition::UnsignedLess,
            Condition::SignedLess => Condition::SignedGreaterEqual,
            Condition::SignedLessEqual => Condition::SignedGreater,
            Condition::SignedGreater => Condition::SignedLessEqual,
            Condition::SignedGreaterEqual => Condition::SignedLess,
        }
    }

    /// The condition with its operands exchanged: `a < b` is `b > a`.
    pub const fn swapped(self) -> Condition {
        match self {
            Condition::Equal => Condition::Equal,
            Condition::NotEqual => Condition::NotEqual,
            Condition::UnsignedLess => Condition::UnsignedGreater,
            Condition::UnsignedLessEqual => Condition::UnsignedGreaterEqual,
            Condition::UnsignedGreater => Condition::UnsignedLess,
            Condition::UnsignedGreaterEqual => Condition::UnsignedLessEqual,
            Condition::SignedLess => Condition::SignedGreater,
            Condition::SignedLessEqual => Condition::SignedGreaterEqual,
            Condition::SignedGreater => Condition::SignedLess,
            Condition::SignedGreaterEqual => Condition::SignedLessEqual,
        }
    }

    /// The truth of the comparison.
    pub const fn evaluate(self, a: u64, b: u64) -> bool {
        match self {
            Condition::Equal => a == b,
            Condition::NotEqual => a != b,
            Condition::UnsignedLess => a < b,
            Condition::UnsignedLessEqual => a <= b,
            Condition::UnsignedGreater => a > b,
            Condition::UnsignedGreaterEqual => a >= b,
            Condition::SignedLess => (a as i64) < (b as i64),
            Condition::SignedLessEqual => (a as i64) <= (b as i64),
            Condition::SignedGreater => (a as i64) > (b as i64),
            Condition::SignedGreaterEqual => (a as i64) >= (b as i64),
        }
    }
}

/// Width of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Width {
    /// 1 byte.
    W1,
    /// 2 bytes.
    W2,
    /// 4 bytes.
    W4,
    /// 8 bytes.
    W8,
}

impl Width {
    /// Every width.
    pub const ALL: [Width; 4] = [Width::W1, Width::W2, Width::W4, Width::W8];

    /// Number of bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Width::W1 => 1,
            Width::W2 => 2,
            Width::W4 => 4,
            Width::W8 => 8,
        }
    }
}

/// What is known about the memory behind an address. Two accesses whose regions differ and are not
/// [`Region::Any`] never overlap.
///
/// Every region but `Any` also promises that the access is in bounds: the compiler made the address itself, so an
/// unused load from it can go. An access to `Any` may fault and is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Region {
    /// Nothing is known: an address that the user computed.
    Any,
    /// Flags, keys, owners, lengths and counts of the serialised input, which nothing but the runtime changes.
    /// Stores through `Any` may hit it all the same.
    InputMeta,
    /// The length of the data of an account, read to find the account behind it: at most that of a region of memory.
    Length,
    /// The lamports word of an account.
    Lamports,
    /// The area at the bottom of the entry frame that the compiler keeps for itself.
    Frame,
    /// Constants of the program; never written.
    Rodata,
    /// Arrays and records of the program that have a place of their own; addresses of them are given to the runtime.
    Local,
    /// A value of the program that is reached by an address: it may lie in [`Region::Local`], in an account, or in the
    /// constants.
    View,
}

impl Region {
    /// Every region.
    pub const ALL: [Region; 8] = [
        Region::Any,
        Region::InputMeta,
        Region::Length,
        Region::Lamports,
        Region::Frame,
        Region::Rodata,
        Region::Local,
        Region::View,
    ];

    /// The word for it in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Region::Any => "any",
            Region::InputMeta => "input",
            Region::Length => "length",
            Region::Lamports => "lamports",
            Region::Frame => "frame",
            Region::Rodata => "rodata",
            Region::Local => "local",
            Region::View => "view",
        }
    }

    /// True if a store to `self` may change what a load from `other` sees.
    pub fn may_alias(self, other: Region) -> bool {
        match (self, other) {
            // A user's pointer never reaches the compiler's own frame area or read-only data legitimately.
            (Region::Rodata | Region::Frame | Region::Local, Region::Any)
            | (Region::Any, Region::Rodata | Region::Frame | Region::Local) => false,
            (Region::View, Region::Local) | (Region::Local, Region::View) => true,
            (Region::InputMeta, Region::Length) | (Region::Length, Region::InputMeta) => true,
            (Region::Any, _) | (_, Region::Any) => true,
            (a, b) => a == b,
        }
    }
}

/// A memory access: `width` bytes at `address + offset`, little endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    /// How many bytes.
    pub width: Width,
    /// What is known about the memory.
    pub region: Region,
    /// Base address.
    pub address: Value,
    /// Constant added to the base, wrapping.
    pub offset: i32,
}

/// An operation. Operands come first in the text form, in the order given here.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// A word.
    Const(u64),
    /// A truth value.
    BoolConst(bool),
    /// The address of a constant of the program.
    DataAddress(Data),
    /// Wrapping arithmetic on words.
    Binary(BinaryOp, Value, Value),
    /// Checked arithmetic on canonical words of a type of at most 64 bits.
    Checked(CheckedOp, IntType, Value, Value),
    /// Truncates a word to a type of at most 32 bits and makes it canonical.
    Extend(IntType, Value),
    /// Compares two words; gives a truth value.
    Compare(Condition, Value, Value),
    /// Negates a truth value.
    Not(Value),
    /// 1 for true, 0 for false.
    BoolToWord(Value),
    /// Reads memory, zero-extended to a word. Faults outside every region.
    Load(Access),
    /// Writes the low bytes of the value. Faults outside every writable region. No result.
    Store(Access, Value),
    /// Fails if the truth value is true. No result.
    FailIf(Value, Failure),
    /// Calls a function; a failure of the callee is a failure of the caller.
    Call(Func, SmallVec<[Value; 4]>),
    /// Calls the runtime; gives one word. May read and write any memory but [`Region::Frame`].
    Syscall(Syscall, SmallVec<[Value; 4]>),
}

impl Op {
    /// Calls `f` on each operand.
    pub fn for_each_operand(&self, mut f: impl FnMut(Value)) {
        match self {
            Op::Const(_) | Op::BoolConst(_) | Op::DataAddress(_) => {}
            Op::Binary(_, a, b) | Op::Checked(_, _, a, b) | Op::Compare(_, a, b) => {
                f(*a);
                f(*b);
            }
            Op::Extend(_, a) | Op::Not(a) | Op::BoolToWord(a) | Op::FailIf(a, _) => f(*a),
            Op::Load(access) => f(access.address),
            Op::Store(access, value) => {
                f(access.address);
                f(*value);
            }
            Op::Call(_, args) | Op::Syscall(_, args) => args.iter().copied().for_each(f),
        }
    }

    /// Replaces each operand by `f` of it.
    pub fn map_operands(&mut self, mut f: impl FnMut(Value) -> Value) {
        match self {
            Op::Const(_) | Op::BoolConst(_) | Op::DataAddress(_) => {}
            Op::Binary(_, a, b) | Op::Checked(_, _, a, b) | Op::Compare(_, a, b) => {
                *a = f(*a);
                *b = f(*b);
            }
            Op::Extend(_, a) | Op::Not(a) | Op::BoolToWord(a) | Op::FailIf(a, _) => *a = f(*a),
            Op::Load(access) => access.address = f(access.address),
            Op::Store(access, value) => {
                access.address = f(access.address);
                *value = f(*value);
            }
            Op::Call(_, args) | Op::Syscall(_, args) => {
                for arg in args {
                    *arg = f(*arg);
                }
            }
        }
    }

    /// The type of the one result; `None` for the operations without a result, and for calls, whose results the
    /// callee tells.
    pub fn result_type(&self) -> Option<Type> {
        match self {
            Op::BoolConst(_) | Op::Compare(..) | Op::Not(_) => Some(Type::Bool),
            Op::Const(_)
            | Op::DataAddress(_)
            | Op::Binary(..)
            | Op::Checked(..)
            | Op::Extend(..)
            | Op::BoolToWord(_)
            | Op::Load(_)
            | Op::Syscall(..) => Some(Type::Word),
            Op::Store(..) | Op::FailIf(..) | Op::Call(..) => None,
        }
    }

    /// True if the operation does nothing but compute its result: it can be removed when unused, and merged with
    /// an equal one that dominates it. A division counts as pure, because lowering guards its divisor; it must
    /// still not be moved above that guard (see [`Op::is_speculatable`]).
    pub fn is_pure(&self) -> bool {
        matches!(
            self,
            Op::Const(_)
                | Op::BoolConst(_)
                | Op::DataAddress(_)
                | Op::Binary(..)
                | Op::Extend(..)
                | Op::Compare(..)
                | Op::Not(_)
                | Op::BoolToWord(_)
        )
    }

    /// True if the operation may run where it would not have run before.
    pub fn is_speculatable(&self) -> bool {
        self.is_pure() && !matches!(self, Op::Binary(op, ..) if op.divides())
    }
}

/// A jump with the arguments for the parameters of its block.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// Where to.
    pub block: Block,
    /// One value per parameter of the block.
    pub args: SmallVec<[Value; 4]>,
}

impl Target {
    /// A jump without arguments.
    pub fn new(block: Block) -> Target {
        Target { block, args: SmallVec::new() }
    }
}

/// How a block ends.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Terminator {
    /// Goes on at a block.
    Jump(Target),
    /// Goes on at the first target if the truth value is true, else at the second.
    Branch(Value, Target, Target),
    /// Leaves the function with its results.
    Return(SmallVec<[Value; 2]>),
    /// Leaves the function, and all of its callers, with a failure.
    Fail(Failure),
    /// Is never reached: stands after a syscall that does not return.
    Unreachable,
}

impl Terminator {
    /// The targets, in order.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let (first, second) = match self {
            Terminator::Jump(target) => (Some(target), None),
            Terminator::Branch(_, then, otherwise) => (Some(then), Some(otherwise)),
            Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The targets, in order.
    pub fn targets_mut(&mut self) -> impl Iterator<Item = &mut Target> {
        let (first, second) = match self {
            Terminator::Jump(target) => (Some(target), None),
            Terminator::Branch(_, then, otherwise) => (Some(then), Some(otherwise)),
            Terminator::Return(_) | Terminator::Fail(_) | Terminator::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Calls `f` on each operand, block arguments included.
    pub fn for_each_operand(&self, mut f: impl FnMut(Value)) {
        match self {
            Terminator::Jump(target) => target.args.iter().copied().for_each(f),
            Terminator::Branch(condition, then, otherwise) => {
                f(*condition);
                then.args.iter().chain(&otherwise.args).copied().for_each(f);
            }
            Terminator::Return(values) => values.iter().copied().for_each(f),
            Terminator::Fail(_) | Terminator::Unreachable => {}
        }
    }

    /// Replaces each operand by `f` of it.
    pub fn map_operands(&mut self, mut f: impl FnMut(Value) -> Value) {
        match self {
            Terminator::Jump(target) => target.args.iter_mut().for_each(|arg| *arg = f(*arg)),
            Terminator::Branch(condition, then, otherwise) => {
                *condition = f(*condition);
                then.args.iter_mut().chain(&mut otherwise.args).for_each(|arg| *arg = f(*arg));
            }
            Terminator::Return(values) => values.iter_mut().for_each(|value| *value = f(*value)),
            Terminator::Fail(_) | Terminator::Unreachable => {}
        }
    }
}
