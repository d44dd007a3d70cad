//! Integer arithmetic of at most 64 bits: what each built-in means in operations on canonical words.

use crate::Failure;
use crate::Type;
use crate::function::Value;
use crate::lower::function::Signatures;
use crate::lower::runtime::Runtime;
use crate::lower::state::{Callee, State, Words};
use crate::op::{BinaryOp, CheckedOp, Condition, Op};
use ovsm_base::IntType;
use ovsm_expand::Builtin;
use ovsm_expand::builtin::{Arithmetic, Bitwise, Comparison, Division, Overflow};
use ovsm_expand::core::ExprId;
use ovsm_infer::Type as SourceType;

impl State<'_> {
    pub(crate) fn builtin(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        expr: ExprId,
        signatures: &dyn Signatures,
    ) -> Words {
        match builtin {
            Builtin::Compare(comparison) => {
                Words::from_elem(self.comparison(comparison, args, signatures), 1)
            }
            Builtin::Arithmetic(..)
            | Builtin::Divide(_)
            | Builtin::Increment
            | Builtin::Decrement
            | Builtin::Min
            | Builtin::Max
            | Builtin::Abs
            | Builtin::Bitwise(_)
            | Builtin::BitNot
            | Builtin::ShiftLeft
            | Builtin::ShiftRight => {
                let ty = self.own_int_type(expr);
                let values: Vec<Words> = args.iter().map(|arg| self.value(*arg, signatures)).collect();
                if ty.is_wide() {
                    return self.wide_arithmetic(builtin, ty.is_signed(), &values);
                }
                let words: Vec<Value> = values.iter().filter_map(|words| words.first().copied()).collect();
                Words::from_elem(self.word_arithmetic(builtin, ty, &words), 1)
            }
            Builtin::Convert(to) | Builtin::ConvertWrap(to) => {
                let Some(arg) = args.first() else { return Words::new() };
                let from = self.int_type(*arg);
                let value = self.value(*arg, signatures);
                let checked = matches!(builtin, Builtin::Convert(_));
                self.convert(&value, from, to, checked)
            }
            Builtin::NewBuilder | Builtin::Text | Builtin::LogText | Builtin::TextBytes => {
                self.text_builtin(builtin, args, signatures)
            }
            Builtin::NewVec | Builtin::Push | Builtin::WithoutLast | Builtin::Append | Builtin::Emptied => {
                // What becomes of the result where it stands comes after.
                match self.raw_ty(expr) {
                    SourceType::Builder => self.text_builtin(builtin, args, signatures),
                    ty => self.vec_builtin(builtin, &ty, args, signatures),
                }
            }
            _ => self.chain_builtin(builtin, args, signatures),
        }
    }

    fn word_arithmetic(&mut self, builtin: Builtin, ty: IntType, words: &[Value]) -> Value {
        match (builtin, words) {
            (Builtin::Arithmetic(Arithmetic::Add, _), []) => self.constant(0),
            (Builtin::Arithmetic(Arithmetic::Mul, _), []) => self.constant(1),
            (Builtin::Arithmetic(Arithmetic::Sub, overflow), [only]) => {
                let zero = self.constant(0);
                self.arithmetic(Arithmetic::Sub, overflow, ty, zero, *only)
            }
            (Builtin::Arithmetic(op, overflow), _) => {
                self.fold(words, |state, a, b| state.arithmetic(op, overflow, ty, a, b))
            }
            (Builtin::Divide(division), _) => {
                self.fold(words, |state, a, b| state.divide(division, ty, a, b))
            }
            (Builtin::Increment | Builtin::Decrement, [only]) => {
                let one = self.constant(1);
                let op = if builtin == Builtin::Increment { CheckedOp::Add } else { CheckedOp::Sub };
                self.word(Op::Checked(op, ty, *only, one))
            }
            (Builtin::Min | Builtin::Max, _) => {
                let less = ordering(ty, Comparison::Less);
                self.fold(words, |state, a, b| {
                    let b_less = state.compare(less, b, a);
                    let (if_less, if_not) = if builtin == Builtin::Min { (b, a) } else { (a, b) };
                    state.select(b_less, if_less, if_not)
                })
            }
            (Builtin::Abs, [only]) => {
                if !ty.is_signed() {
                    return *only;
                }
                let negative = self.compare_const(Condition::SignedLess, *only, 0);
                let words = self.choose(
                    negative,
                    |state| {
                        let zero = state.constant(0);
                        Words::from_elem(state.word(Op::Checked(CheckedOp::Sub, ty, zero, *only)), 1)
                    },
                    |_| Words::from_slice(&[*only]),
                );
                words.first().copied().unwrap_or(*only)
            }
            (Builtin::Bitwise(op), _) => {
                let op = match op {
                    Bitwise::And => BinaryOp::And,
                    Bitwise::Or => BinaryOp::Or,
                    Bitwise::Xor => BinaryOp::Xor,
                };
                self.fold(words, |state, a, b| state.binary(op, a, b))
            }
            (Builtin::BitNot, [only]) => {
                let ones = self.constant(u64::MAX);
                let flipped = self.binary(BinaryOp::Xor, *only, ones);
                if ty.is_signed() { flipped } else { self.canonical(ty, flipped) }
            }
            (Builtin::ShiftLeft | Builtin::ShiftRight, [value, amount]) => {
                let too_far =
                    self.compare_const(Condition::UnsignedGreaterEqual, *amount, u64::from(ty.bits()));
                self.fail_if(too_far, Failure::ShiftRange);
                let op = match (builtin, ty.is_signed()) {
                    (Builtin::ShiftLeft, _) => BinaryOp::ShiftLeft,
                    (_, false) => BinaryOp::ShiftRightLogical,
                    (_, true) => BinaryOp::ShiftRightArithmetic,
                };
                let shifted = self.binary(op, *value, *amount);
                if op == BinaryOp::ShiftLeft { self.canonical(ty, shifted) } else { shifted }
            }
            _ => self.constant(0),
        }
    }

    /// Combines operands from the left.
    fn fold(&mut self, words: &[Value], mut f: impl FnMut(&mut Self, Value, Value) -> Value) -> Value {
        let mut words = words.iter().copied();
        match words.next() {
            Some(first) => words.fold(first, |a, b| f(self, a, b)),
            None => self.constant(0),
        }
    }

    /// Truncates a word to a type of at most 64 bits.
    fn canonical(&mut self, ty: IntType, word: Value) -> Value {
        if ty.bits() < 64 { self.word(Op::Extend(ty, word)) } else { word }
    }

    pub(crate) fn select(&mut self, condition: Value, yes: Value, no: Value) -> Value {
        let words = self.choose(condition, |_| Words::from_slice(&[yes]), |_| Words::from_slice(&[no]));
        words.first().copied().unwrap_or(no)
    }

    fn arithmetic(&mut self, op: Arithmetic, overflow: Overflow, ty: IntType, a: Value, b: Value) -> Value {
        let checked = match op {
            Arithmetic::Add => CheckedOp::Add,
            Arithmetic::Sub => CheckedOp::Sub,
            Arithmetic::Mul => CheckedOp::Mul,
        };
        match overflow {
            Overflow::Checked => self.word(Op::Checked(checked, ty, a, b)),
            Overflow::Wrapping => {
                let word = self.binary(checked.wrapping(), a, b);
                self.canonical(ty, word)
            }
            Overflow::Saturating => self.saturating(op, ty, a, b),
        }
    }

    fn saturating(&mut self, op: Arithmetic, ty: IntType, a: Value, b: Value) -> Value {
        if ty.bits() == 64 {
            let runtime = match (op, ty.is_signed()) {
                (Arithmetic::Add, false) => Runtime::SaturatingAddU64,
                (Arithmetic::Sub, false) => Runtime::SaturatingSubU64,
                (Arithmetic::Mul, false) => Runtime::SaturatingMulU64,
                (Arithmetic::Add, true) => Runtime::SaturatingAddI64,
                (Arithmetic::Sub, true) => Runtime::SaturatingSubI64,
                (Arithmetic::Mul, true) => Runtime::SaturatingMulI64,
            };
            let words = self.call(Callee::Runtime(runtime), &[a, b], &[Type::Word]);
            return words.first().copied().unwrap_or(a);
        }
        // The exact result of operands of at most 32 bits fits in a word, if the word is read as signed; only a
        // product of two u32 needs the unsigned reading, and it is never below zero.
        let op = match op {
            Arithmetic::Add => BinaryOp::Add,
            Arithmetic::Sub => BinaryOp::Sub,
            Arithmetic::Mul => BinaryOp::Mul,
        };
        let exact = self.binary(op, a, b);
        let unsigned_product = op == BinaryOp::Mul && !ty.is_signed();
        let above = if unsigned_product { Condition::UnsignedGreater } else { Condition::SignedGreater };
        let too_large = self.compare_const(above, exact, ty.max() as u64);
        let largest = self.constant(ty.max() as u64);
        let exact = self.select(too_large, largest, exact);
        if unsigned_product {
            return exact;
        }
        let too_small = self.compare_const(Condition::SignedLess, exact, ty.min() as u64);
        let smallest = self.constant(ty.min() as u64);
        self.select(too_small, smallest, exact)
    }

    fn divide(&mut self, division: Division, ty: IntType, a: Value, b: Value) -> Value {
        let zero = self.compare_const(Condition::Equal, b, 0);
        self.fail_if(zero, Failure::DivisionByZero);
        if !ty.is_signed() {
            return match division {
                Division::Truncate | Division::Floor => self.binary(BinaryOp::UnsignedDiv, a, b),
                Division::Remainder | Division::Modulo => self.binary(BinaryOp::UnsignedRem, a, b),
            };
        }
        if matches!(division, Division::Truncate | Division::Floor) {
            let smallest = self.compare_const(Condition::Equal, a, ty.min() as u64);
            let minus_one = self.compare_const(Condition::Equal, b, u64::MAX);
            let overflow = self.both(smallest, minus_one);
            self.fail_if(overflow, Failure::Overflow);
        }
        let remainder = |state: &mut Self| state.binary(BinaryOp::SignedRem, a, b);
        match division {
            Division::Truncate => self.binary(BinaryOp::SignedDiv, a, b),
            Division::Remainder => remainder(self),
            Division::Floor => {
                let quotient = self.binary(BinaryOp::SignedDiv, a, b);
                let remainder = remainder(self);
                let adjust = self.needs_floor(remainder, b);
                self.binary(BinaryOp::Sub, quotient, adjust)
            }
            Division::Modulo => {
                let remainder = remainder(self);
                let adjust = self.needs_floor(remainder, b);
                let zero = self.constant(0);
                let mask = self.binary(BinaryOp::Sub, zero, adjust);
                let addend = self.binary(BinaryOp::And, mask, b);
                self.binary(BinaryOp::Add, remainder, addend)
            }
        }
    }

    /// 1 if the remainder is not zero and its sign is not the divisor's.
    fn needs_floor(&mut self, remainder: Value, divisor: Value) -> Value {
        let inexact = self.compare_const(Condition::NotEqual, remainder, 0);
        let signs = self.binary(BinaryOp::Xor, remainder, divisor);
        let differ = self.compare_const(Condition::SignedLess, signs, 0);
        let (inexact, differ) = (self.as_word(inexact), self.as_word(differ));
        self.binary(BinaryOp::And, inexact, differ)
    }

    /// A comparison of any number of operands, as a truth value.
    pub(crate) fn comparison(
        &mut self,
        comparison: Comparison,
        args: &[ExprId],
        signatures: &dyn Signatures,
    ) -> Value {
        let types: Vec<SourceType> = args.iter().map(|arg| self.ty(*arg)).collect();
        let values: Vec<Words> = args.iter().map(|arg| self.operand(*arg, signatures)).collect();
        // `!=` holds if the operands are not all equal.
        let pairwise = if comparison == Comparison::NotEqual { Comparison::Equal } else { comparison };
        let mut all = None;
        for (pair, types) in values.windows(2).zip(types.windows(2)) {
            let ([a, b], [ty, other]) = (pair, types) else { continue };
            let comparison = if values.len() == 2 { comparison } else { pairwise };
            let holds = match (ty, other) {
                (SourceType::Int(ty), SourceType::Int(other)) if ty != other => {
                    self.compare_mixed(comparison, (*ty, a), (*other, b))
                }
                _ => self.compare_values(comparison, ty, a, b),
            };
            all = Some(match all {
                None => holds,
                Some(all) => self.both(all, holds),
            });
        }
        match all {
            None => self.truth(comparison != Comparison::NotEqual),
            Some(all) if values.len() > 2 && comparison == Comparison::NotEqual => self.not(all),
            Some(all) => all,
        }
    }

    fn compare_values(&mut self, comparison: Comparison, ty: &SourceType, a: &Words, b: &Words) -> Value {
        match (ty, a.as_slice(), b.as_slice()) {
            (SourceType::Int(ty), [a_low, a_high], [b_low, b_high]) => {
                self.compare_wide(comparison, ty.is_signed(), [*a_low, *a_high], [*b_low, *b_high])
            }
            (SourceType::String, [a, a_len], [b, b_len]) => {
                let args = [*a, *a_len, *b, *b_len];
                let equal = self.call(Callee::Runtime(Runtime::StringEqual), &args, &[Type::Word]);
                let condition = match comparison {
                    Comparison::NotEqual => Condition::Equal,
                    _ => Condition::NotEqual,
                };
                match equal.first() {
                    Some(equal) => self.compare_const(condition, *equal, 0),
                    None => self.truth(false),
                }
            }
            (SourceType::Bool, [a], [b]) => {
                let (a, b) = (self.as_word(*a), self.as_word(*b));
                self.compare(ordering(IntType::U64, comparison), a, b)
            }
            (SourceType::Int(ty), [a], [b]) => self.compare(ordering(*ty, comparison), *a, *b),
            // Null equals null.
            (SourceType::Null | SourceType::Error, ..) => self.truth(comparison == Comparison::Equal),
            (ty, a, b) => {
                let equal = self.equal(ty, a, b);
                if comparison == Comparison::NotEqual { self.not(equal) } else { equal }
            }
        }
    }

    pub(crate) fn convert(&mut self, value: &Words, from: IntType, to: IntType, checked: bool) -> Words {
        if from == to {
            return value.clone();
        }
        let Some(low) = value.first().copied() else { return Words::new() };
        if to.is_wide() {
            return self.widen(value, low, from, to, checked);
        }
        if !checked {
            return Words::from_elem(self.canonical(to, low), 1);
        }
        // What is wide is narrowed to one word first, of the sign that is needed.
        let from = match value.as_slice() {
            [_, high] => {
                let (expected, narrow) = match from.is_signed() && to.is_signed() {
                    true => (self.binary_const(BinaryOp::ShiftRightArithmetic, low, 63), IntType::I64),
                    false => (self.constant(0), IntType::U64),
                };
                let large = self.compare(Condition::NotEqual, *high, expected);
                self.fail_if(large, Failure::Conversion);
                narrow
            }
            _ => from,
        };
        let wider = from.min() >= to.min() && from.max() <= to.max();
        if !wider {
            let misfit = match (from.is_signed(), to.is_signed()) {
                (true, true) => {
                    let canonical = self.canonical(to, low);
                    self.compare(Condition::NotEqual, canonical, low)
                }
                (true, false) if to == IntType::U64 => self.compare_const(Condition::SignedLess, low, 0),
                // A negative word is a huge unsigned one, above every narrower type.
                _ => self.compare_const(Condition::UnsignedGreater, low, to.max() as u64),
            };
            self.fail_if(misfit, Failure::Conversion);
        }
        Words::from_slice(&[low])
    }

    /// Converts to a type of two words; `low` is the value's first.
    fn widen(&mut self, value: &Words, low: Value, from: IntType, to: IntType, checked: bool) -> Words {
        let high = match value.get(1) {
            Some(high) => *high,
            None if from.is_signed() => self.binary_const(BinaryOp::ShiftRightArithmetic, low, 63),
            None => self.constant(0),
        };
        // The sign bit is the only one that the two types read differently.
        let can_misfit = from.is_signed() != to.is_signed() && (from.is_signed() || from.is_wide());
        if checked && can_misfit {
            let misfit = self.compare_const(Condition::SignedLess, high, 0);
            self.fail_if(misfit, Failure::Conversion);
        }
        Words::from_slice(&[low, high])
    }
}

/// The condition for a comparison of canonical words of a type.
pub(crate) fn ordering(ty: IntType, comparison: Comparison) -> Condition {
    match (comparison, ty.is_signed()) {
        (Comparison::Equal, _) => Condition::Equal,
        (Comparison::NotEqual, _) => Condition::NotEqual,
        (Comparison::Less, false) => Condition::UnsignedLess,
        (Comparison::LessEqual, false) => Condition::UnsignedLessEqual,
        (Comparison::Greater, false) => Condition::UnsignedGreater,
        (Comparison::GreaterEqual, false) => Condition::UnsignedGreaterEqual,
        (Comparison::Less, true) => Condition::SignedLess,
        (Comparison::LessEqual, true) => Condition::SignedLessEqual,
        (Comparison::Greater, true) => Condition::SignedGreater,
        (Comparison::GreaterEqual, true) => Condition::SignedGreaterEqual,
    }
}
