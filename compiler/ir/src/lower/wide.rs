//! `u128` arithmetic on pairs of words, low word first.

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
    pub(crate) fn wide_arithmetic(&mut self, builtin: Builtin, values: &[Words]) -> Words {
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
                self.wide_operation(Arithmetic::Sub, overflow, zero, *only)
            }
            (Builtin::Arithmetic(op, overflow), _) => {
                self.fold_pairs(&pairs, |state, a, b| state.wide_operation(op, overflow, a, b))
            }
            (Builtin::Divide(division), _) => {
                self.fold_pairs(&pairs, |state, a, b| state.wide_divide(division, a, b))
            }
            (Builtin::Increment, [only]) => {
                let one = self.pair(1);
                self.wide_operation(Arithmetic::Add, Overflow::Checked, *only, one)
            }
            (Builtin::Decrement, [only]) => {
                let one = self.pair(1);
                self.wide_operation(Arithmetic::Sub, Overflow::Checked, *only, one)
            }
            (Builtin::Min | Builtin::Max, _) => self.fold_pairs(&pairs, |state, a, b| {
                let b_less = state.compare_wide(Comparison::Less, b, a);
                let (if_less, if_not) = if builtin == Builtin::Min { (b, a) } else { (a, b) };
                state.select_pair(b_less, if_less, if_not)
            }),
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
                self.wide_shift(builtin, [*low, *high], amount)
            }
            // The amount is a pair only if it is a u128, which inference refuses.
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
    fn runtime(&mut self, runtime: Runtime, args: &[Value]) -> Words {
        let results = vec![Type::Word; runtime.results()];
        self.call(Callee::Runtime(runtime), args, &results)
    }

    fn wide_operation(&mut self, op: Arithmetic, overflow: Overflow, a: Pair, b: Pair) -> Pair {
        let (result, too_far) = match op {
            Arithmetic::Add => self.wide_add(a, b),
            Arithmetic::Sub => self.wide_sub(a, b),
            Arithmetic::Mul => {
                let [a_low, a_high] = a;
                let [b_low, b_high] = b;
                let words = self.runtime(Runtime::WideMul, &[a_low, a_high, b_low, b_high]);
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
                let limit = if op == Arithmetic::Sub { 0 } else { u64::MAX };
                let limit = [self.constant(limit), self.constant(limit)];
                self.select_pair(too_far, limit, result)
            }
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

    fn wide_divide(&mut self, division: Division, [a, a_high]: Pair, [b, b_high]: Pair) -> Pair {
        let any = self.binary(BinaryOp::Or, b, b_high);
        let zero = self.compare_const(Condition::Equal, any, 0);
        self.fail_if(zero, Failure::DivisionByZero);
        let words = self.runtime(Runtime::WideDivide, &[a, a_high, b, b_high]);
        match division {
            Division::Truncate | Division::Floor => [at(&words, 0, a), at(&words, 1, a)],
            Division::Remainder | Division::Modulo => [at(&words, 2, a), at(&words, 3, a)],
        }
    }

    fn wide_shift(&mut self, builtin: Builtin, [low, high]: Pair, amount: Value) -> Pair {
        let too_far = self.compare_const(Condition::UnsignedGreaterEqual, amount, 128);
        self.fail_if(too_far, Failure::ShiftRange);
        let runtime = match builtin {
            Builtin::ShiftLeft => Runtime::WideShiftLeft,
            _ => Runtime::WideShiftRight,
        };
        let words = self.runtime(runtime, &[low, high, amount]);
        [at(&words, 0, low), at(&words, 1, low)]
    }

    pub(crate) fn compare_wide(&mut self, comparison: Comparison, a: Pair, b: Pair) -> Value {
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
            Comparison::Less => self.wide_less(a, b),
            Comparison::Greater => self.wide_less(b, a),
            Comparison::LessEqual => {
                let greater = self.wide_less(b, a);
                self.not(greater)
            }
            Comparison::GreaterEqual => {
                let less = self.wide_less(a, b);
                self.not(less)
            }
        }
    }

    fn wide_less(&mut self, [a, a_high]: Pair, [b, b_high]: Pair) -> Value {
        let above = self.compare(Condition::UnsignedLess, a_high, b_high);
        let same = self.compare(Condition::Equal, a_high, b_high);
        let below = self.compare(Condition::UnsignedLess, a, b);
        let decided = self.both(same, below);
        self.either(above, decided)
    }
}

fn at(words: &Words, number: usize, otherwise: Value) -> Value {
    words.get(number).copied().unwrap_or(otherwise)
}
