//! Arithmetic of `u128` and `i128` on pairs of words, low word first.
//!
//! Both are two's complement, so sums, differences and products have the same words; what differs is when they are too
//! large, which is the larger of two, what a division gives, and what a shift to the right fills up with.

use crate::Failure;
use crate::Type;
use crate::function::Value;
use crate::lower::runtime::Runtime;
use crate::lower::state::{Callee, State, Words};
use crate::op::{BinaryOp, Condition};
use ovsm_expand::Builtin;
use ovsm_expand::builtin::{Arithmetic, Bitwise, Comparison, Division, Overflow};

type Pair = [Value; 2];

impl State<'_> {
    pub(crate) fn wide_arithmetic(&mut self, builtin: Builtin, signed: bool, values: &[Words]) -> Words {
        let pairs: Vec<Pair> = values
            .iter()
            .filter_map(|words| match words.as_slice() {
                [low, high] => Some([*low, *high]),
                _ => None,
            })
            .collect();
        let pair = match (builtin, pairs.as_slice()) {
            (Builtin::Arithmetic(Arithmetic::Mul, _), []) => self.pair(1),
            (Builtin::Arithmetic(Arithmetic::Sub, overflow), [only]) => {
                let zero = self.pair(0);
                self.wide_operation(Arithmetic::Sub, overflow, signed, zero, *only)
            }
            (Builtin::Arithmetic(op, overflow), _) => {
                self.fold_pairs(&pairs, |state, a, b| state.wide_operation(op, overflow, signed, a, b))
            }
            (Builtin::Divide(division), _) => {
                self.fold_pairs(&pairs, |state, a, b| state.wide_divide(division, signed, a, b))
            }
            (Builtin::Increment, [only]) => {
                let one = self.pair(1);
                self.wide_operation(Arithmetic::Add, Overflow::Checked, signed, *only, one)
            }
            (Builtin::Decrement, [only]) => {
                let one = self.pair(1);
                self.wide_operation(Arithmetic::Sub, Overflow::Checked, signed, *only, one)
            }
            (Builtin::Min | Builtin::Max, _) => self.fold_pairs(&pairs, |state, a, b| {
                let b_less = state.compare_wide(Comparison::Less, signed, b, a);
                let (if_less, if_not) = if builtin == Builtin::Min { (b, a) } else { (a, b) };
                state.select_pair(b_less, if_less, if_not)
            }),
            (Builtin::Abs, [only]) if signed => self.wide_abs(*only),
            (Builtin::Abs, [only]) => *only,
            (Builtin::Bitwise(op), _) => {
                let op = match op {
                    Bitwise::And => BinaryOp::And,
                    Bitwise::Or => BinaryOp::Or,
                    Bitwise::Xor => BinaryOp::Xor,
                };
                self.fold_pairs(&pairs, |state, [a, a_high], [b, b_high]| {
                    [state.binary(op, a, b), state.binary(op, a_high, b_high)]
                })
            }
            (Builtin::BitNot, [[low, high]]) => {
                let ones = self.constant(u64::MAX);
                [self.binary(BinaryOp::Xor, *low, ones), self.binary(BinaryOp::Xor, *high, ones)]
            }
            (Builtin::ShiftLeft | Builtin::ShiftRight, [[low, high]]) => {
                // The amount is a word of its own type: the second operand has one word, so it made no pair.
                let amount = values.get(1).and_then(|words| words.first().copied());
                let amount = amount.unwrap_or(*low);
                self.wide_shift(builtin, signed, [*low, *high], amount)
            }
            // The amount is a pair only if it is of 128 bits, which inference refuses.
            _ => self.pair(0),
        };
        Words::from_slice(&pair)
    }

    fn pair(&mut self, value: u64) -> Pair {
        [self.constant(value), self.constant(0)]
    }

    fn fold_pairs(&mut self, pairs: &[Pair], mut f: impl FnMut(&mut Self, Pair, Pair) -> Pair) -> Pair {
        let mut pairs = pairs.iter().copied();
        match pairs.next() {
            Some(first) => pairs.fold(first, |a, b| f(self, a, b)),
            None => self.pair(0),
        }
    }

    fn select_pair(&mut self, condition: Value, yes: Pair, no: Pair) -> Pair {
        let words = self.choose(condition, |_| Words::from_slice(&yes), |_| Words::from_slice(&no));
        match words.as_slice() {
            [low, high] => [*low, *high],
            _ => no,
        }
    }

    /// Calls a runtime function; missing results can not happen and read as the first operand.
    pub(crate) fn runtime(&mut self, runtime: Runtime, args: &[Value]) -> Words {
        let results = vec![Type::Word; runtime.results()];
        self.call(Callee::Runtime(runtime), args, &results)
    }

    fn wide_operation(&mut self, op: Arithmetic, overflow: Overflow, signed: bool, a: Pair, b: Pair) -> Pair {
        if op == Arithmetic::Mul && overflow == Overflow::Wrapping {
            return self.wide_wrapping_mul(a, b);
        }
        let (result, too_far) = match (op, signed) {
            (Arithmetic::Add, false) => self.wide_add(a, b),
            (Arithmetic::Sub, false) => self.wide_sub(a, b),
            (Arithmetic::Add, true) => {
                let (sum, _) = self.wide_add(a, b);
                let too_far = self.lost_its_sign(sum, a, b, false);
                (sum, too_far)
            }
            (Arithmetic::Sub, true) => {
                let (difference, _) = self.wide_sub(a, b);
                let too_far = self.lost_its_sign(difference, a, b, true);
                (difference, too_far)
            }
            (Arithmetic::Mul, _) => {
                let [a_low, a_high] = a;
                let [b_low, b_high] = b;
                let function = if signed { Runtime::WideMulSigned } else { Runtime::WideMul };
                let words = self.runtime(function, &[a_low, a_high, b_low, b_high]);
                let result = [at(&words, 0, a_low), at(&words, 1, a_low)];
                let flag = at(&words, 2, a_low);
                (result, self.compare_const(Condition::NotEqual, flag, 0))
            }
        };
        match overflow {
            Overflow::Wrapping => result,
            Overflow::Checked => {
                self.fail_if(too_far, Failure::Overflow);
                result
            }
            Overflow::Saturating => {
                let limit = match signed {
                    true => self.signed_limit(op, a, b),
                    false => {
                        let limit = if op == Arithmetic::Sub { 0 } else { u64::MAX };
                        [self.constant(limit), self.constant(limit)]
                    }
                };
                self.select_pair(too_far, limit, result)
            }
        }
    }

    /// Whether a sum or difference of signed numbers is beyond their range: then its sign is not that of the first
    /// operand, although the second one does not pull it over.
    fn lost_its_sign(&mut self, [_, result]: Pair, [_, a]: Pair, [_, b]: Pair, is_difference: bool) -> Value {
        let changed = self.binary(BinaryOp::Xor, result, a);
        let other = if is_difference { a } else { result };
        let differs = self.binary(BinaryOp::Xor, other, b);
        let both = self.binary(BinaryOp::And, changed, differs);
        self.compare_const(Condition::SignedLess, both, 0)
    }

    /// The smallest or largest `i128`, on whose side a result is that does not fit.
    fn signed_limit(&mut self, op: Arithmetic, [_, a]: Pair, [_, b]: Pair) -> Pair {
        let sign = match op {
            Arithmetic::Mul => self.binary(BinaryOp::Xor, a, b),
            // What is too large for a sum or difference has the sign of the first operand.
            Arithmetic::Add | Arithmetic::Sub => a,
        };
        let sign = self.binary_const(BinaryOp::ShiftRightArithmetic, sign, 63);
        let low = self.binary_const(BinaryOp::Xor, sign, u64::MAX);
        let high = self.binary_const(BinaryOp::Xor, sign, i64::MAX as u64);
        [low, high]
    }

    fn wide_wrapping_mul(&mut self, [a, a_high]: Pair, [b, b_high]: Pair) -> Pair {
        let words = self.runtime(Runtime::MultiplyWords, &[a, b]);
        let (low, high) = (at(&words, 0, a), at(&words, 1, a));
        let first = self.binary(BinaryOp::Mul, a, b_high);
        let second = self.binary(BinaryOp::Mul, a_high, b);
        let high = self.binary(BinaryOp::Add, high, first);
        [low, self.binary(BinaryOp::Add, high, second)]
    }

    fn wide_abs(&mut self, value: Pair) -> Pair {
        let [_, high] = value;
        let negative = self.compare_const(Condition::SignedLess, high, 0);
        let words = self.choose(
            negative,
            |state| {
                let zero = state.pair(0);
                let negated = state.wide_operation(Arithmetic::Sub, Overflow::Checked, true, zero, value);
                Words::from_slice(&negated)
            },
            |_| Words::from_slice(&value),
        );
        match words.as_slice() {
            [low, high] => [*low, *high],
            _ => value,
        }
    }

    /// The sum and whether it overflowed.
    fn wide_add(&mut self, [a, a_high]: Pair, [b, b_high]: Pair) -> (Pair, Value) {
        let low = self.binary(BinaryOp::Add, a, b);
        let carry = self.compare(Condition::UnsignedLess, low, a);
        let carry = self.as_word(carry);
        let sum = self.binary(BinaryOp::Add, a_high, b_high);
        let first = self.compare(Condition::UnsignedLess, sum, a_high);
        let high = self.binary(BinaryOp::Add, sum, carry);
        let second = self.compare(Condition::UnsignedLess, high, sum);
        (([low, high]), self.either(first, second))
    }

    /// The difference and whether it is below zero.
    fn wide_sub(&mut self, [a, a_high]: Pair, [b, b_high]: Pair) -> (Pair, Value) {
        let low = self.binary(BinaryOp::Sub, a, b);
        let borrow = self.compare(Condition::UnsignedLess, a, b);
        let borrow = self.as_word(borrow);
        let difference = self.binary(BinaryOp::Sub, a_high, b_high);
        let first = self.compare(Condition::UnsignedLess, a_high, b_high);
        let high = self.binary(BinaryOp::Sub, difference, borrow);
        let second = self.compare(Condition::UnsignedLess, difference, borrow);
        (([low, high]), self.either(first, second))
    }

    fn wide_divide(&mut self, division: Division, signed: bool, a: Pair, b: Pair) -> Pair {
        let [a_low, a_high] = a;
        let [b_low, b_high] = b;
        let any = self.binary(BinaryOp::Or, b_low, b_high);
        let zero = self.compare_const(Condition::Equal, any, 0);
        self.fail_if(zero, Failure::DivisionByZero);
        if signed && matches!(division, Division::Truncate | Division::Floor) {
            // The smallest number by -1. All four words are compared by one.
            let ones = self.binary(BinaryOp::And, b_low, b_high);
            let not_ones = self.binary_const(BinaryOp::Xor, ones, u64::MAX);
            let flipped = self.binary_const(BinaryOp::Xor, a_high, i64::MIN as u64);
            let other = self.binary(BinaryOp::Or, flipped, a_low);
            let other = self.binary(BinaryOp::Or, other, not_ones);
            let overflow = self.compare_const(Condition::Equal, other, 0);
            self.fail_if(overflow, Failure::Overflow);
        }
        let function = if signed { Runtime::WideDivideSigned } else { Runtime::WideDivide };
        let words = self.runtime(function, &[a_low, a_high, b_low, b_high]);
        let quotient = [at(&words, 0, a_low), at(&words, 1, a_low)];
        let remainder = [at(&words, 2, a_low), at(&words, 3, a_low)];
        match division {
            Division::Truncate => quotient,
            Division::Remainder => remainder,
            Division::Floor | Division::Modulo if !signed => match division {
                Division::Floor => quotient,
                _ => remainder,
            },
            Division::Floor => {
                let mask = self.rounds_down(remainder, b);
                self.wide_add(quotient, [mask, mask]).0
            }
            Division::Modulo => {
                let mask = self.rounds_down(remainder, b);
                let addend =
                    [self.binary(BinaryOp::And, mask, b_low), self.binary(BinaryOp::And, mask, b_high)];
                self.wide_add(remainder, addend).0
            }
        }
    }

    /// All ones if the remainder is not zero and its sign is not the divisor's, else zero.
    fn rounds_down(&mut self, [remainder, remainder_high]: Pair, [_, divisor_high]: Pair) -> Value {
        let any = self.binary(BinaryOp::Or, remainder, remainder_high);
        let inexact = self.compare_const(Condition::NotEqual, any, 0);
        let inexact = self.as_word(inexact);
        let signs = self.binary(BinaryOp::Xor, remainder_high, divisor_high);
        let differ = self.binary_const(BinaryOp::ShiftRightLogical, signs, 63);
        let adjust = self.binary(BinaryOp::And, inexact, differ);
        let zero = self.constant(0);
        self.binary(BinaryOp::Sub, zero, adjust)
    }

    fn wide_shift(&mut self, builtin: Builtin, signed: bool, [low, high]: Pair, amount: Value) -> Pair {
        let too_far = self.compare_const(Condition::UnsignedGreaterEqual, amount, 128);
        self.fail_if(too_far, Failure::ShiftRange);
        let runtime = match (builtin, signed) {
            (Builtin::ShiftLeft, _) => Runtime::WideShiftLeft,
            (_, false) => Runtime::WideShiftRight,
            (_, true) => Runtime::WideShiftRightSigned,
        };
        let words = self.runtime(runtime, &[low, high, amount]);
        [at(&words, 0, low), at(&words, 1, low)]
    }

    pub(crate) fn compare_wide(&mut self, comparison: Comparison, signed: bool, a: Pair, b: Pair) -> Value {
        match comparison {
            Comparison::Equal | Comparison::NotEqual => {
                let [a_low, a_high] = a;
                let [b_low, b_high] = b;
                let low = self.binary(BinaryOp::Xor, a_low, b_low);
                let high = self.binary(BinaryOp::Xor, a_high, b_high);
                let difference = self.binary(BinaryOp::Or, low, high);
                let condition = match comparison {
                    Comparison::Equal => Condition::Equal,
                    _ => Condition::NotEqual,
                };
                self.compare_const(condition, difference, 0)
            }
            Comparison::Less => self.wide_less(signed, a, b),
            Comparison::Greater => self.wide_less(signed, b, a),
            Comparison::LessEqual => {
                let greater = self.wide_less(signed, b, a);
                self.not(greater)
            }
            Comparison::GreaterEqual => {
                let less = self.wide_less(signed, a, b);
                self.not(less)
            }
        }
    }

    fn wide_less(&mut self, signed: bool, [a, a_high]: Pair, [b, b_high]: Pair) -> Value {
        let condition = if signed { Condition::SignedLess } else { Condition::UnsignedLess };
        let above = self.compare(condition, a_high, b_high);
        let same = self.compare(Condition::Equal, a_high, b_high);
        let below = self.compare(Condition::UnsignedLess, a, b);
        let decided = self.both(same, below);
        self.either(above, decided)
    }
}

fn at(words: &Words, number: usize, otherwise: Value) -> Value {
    words.get(number).copied().unwrap_or(otherwise)
}
