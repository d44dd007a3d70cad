//! Algebraic identities: rewrites an operation into a cheaper or more regular one by looking at the operations
//! that define its operands.
//!
//! One sweep in reverse post-order, so operands are already in their final form. Regular forms: constants stand on
//! the right, a subtraction of a constant is an addition, negated comparisons are comparisons, and constant parts of
//! addresses sit in the access. Never moves an operation and never drops one that may fail.

mod binary;
mod compare;
mod memory;

use super::sccp::constant;
use super::substitution::Substitution;
use super::{bounds, uses};
use crate::function::{Block, Function, Inst, Type, Value, ValueDef};
use crate::op::{BinaryOp, CheckedOp, Op};
use ovsm_base::index::IndexVec;
use ovsm_base::{IntType, Span};

/// Rewrites of one instruction in a row.
const MAX_STEPS: usize = 12;

/// Runs the pass. Returns true if the function changed.
pub fn run(function: &mut Function) -> bool {
    let mut substitution = Substitution::new(function);
    let mut changed = false;
    let mut combiner = Combiner {
        uses: uses::count(function),
        address_like: address_like(function),
        function,
        fresh: Vec::new(),
        span: None,
    };
    for block in combiner.function.reverse_postorder() {
        changed |= combiner.block(block, &mut substitution);
    }
    changed | substitution.apply(combiner.function)
}

/// What to do with an operation.
enum Outcome {
    /// Nothing.
    Keep,
    /// Use this value instead.
    Same(Value),
    /// Do this instead.
    Op(Op),
}

struct Combiner<'f> {
    function: &'f mut Function,
    uses: IndexVec<Value, u32>,
    /// Values that only ever become parts of addresses.
    address_like: IndexVec<Value, bool>,
    /// Instructions to put in front of the current one.
    fresh: Vec<Inst>,
    span: Option<Span>,
}

impl Combiner<'_> {
    fn block(&mut self, block: Block, substitution: &mut Substitution) -> bool {
        let insts = std::mem::take(&mut self.function.blocks[block].insts);
        let mut kept = Vec::with_capacity(insts.len());
        let mut changed = false;
        for inst in insts {
            let data = &mut self.function.insts[inst];
            data.op.map_operands(|value| substitution.resolve(value));
            self.span = data.span;
            let result = data.results.first().copied();
            let mut replaced = None;
            for _ in 0..MAX_STEPS {
                let op = self.function.insts[inst].op.clone();
                match self.simplify(&op, result) {
                    Outcome::Keep => break,
                    Outcome::Same(value) => {
                        replaced = Some(value);
                        break;
                    }
                    Outcome::Op(op) => {
                        self.function.insts[inst].op = op;
                        changed = true;
                    }
                }
            }
            kept.append(&mut self.fresh);
            match (replaced, result) {
                (Some(value), Some(result)) => {
                    substitution.replace(result, value);
                    changed = true;
                }
                _ => kept.push(inst),
            }
        }
        self.function.blocks[block].insts = kept;
        self.function.blocks[block].terminator.map_operands(|value| substitution.resolve(value));
        changed
    }

    fn simplify(&mut self, op: &Op, result: Option<Value>) -> Outcome {
        match op {
            Op::Binary(op, a, b) => self.binary(*op, *a, *b, result),
            Op::Checked(op, ty, a, b) => self.checked(*op, *ty, *a, *b),
            Op::Extend(ty, a) => self.extend(*ty, *a),
            Op::Compare(condition, a, b) => self.compare(*condition, *a, *b),
            Op::Not(a) => match self.op(*a) {
                Some(Op::Not(inner)) => Outcome::Same(*inner),
                Some(Op::BoolConst(truth)) => Outcome::Op(Op::BoolConst(!truth)),
                Some(Op::Compare(condition, x, y)) => Outcome::Op(Op::Compare(condition.negated(), *x, *y)),
                _ => Outcome::Keep,
            },
            Op::BoolToWord(a) => match self.op(*a) {
                Some(Op::BoolConst(truth)) => Outcome::Op(Op::Const(u64::from(*truth))),
                _ => Outcome::Keep,
            },
            Op::Load(access) => match self.fold_address(access) {
                Some(access) => Outcome::Op(Op::Load(access)),
                None => Outcome::Keep,
            },
            Op::Store(access, value) => {
                let folded = self.fold_address(access);
                let narrowed = self.stored(access.width, *value);
                if folded.is_none() && narrowed.is_none() {
                    return Outcome::Keep;
                }
                Outcome::Op(Op::Store(folded.unwrap_or(*access), narrowed.unwrap_or(*value)))
            }
            Op::Const(_)
            | Op::BoolConst(_)
            | Op::DataAddress(_)
            | Op::FailIf(..)
            | Op::Call(..)
            | Op::Syscall(..) => Outcome::Keep,
        }
    }

    fn checked(&mut self, op: CheckedOp, ty: IntType, a: Value, b: Value) -> Outcome {
        let (left, right) = (self.word(a), self.word(b));
        match (op, left, right) {
            (_, Some(x), Some(y)) => match op.evaluate(ty, x, y) {
                Some(word) => Outcome::Op(Op::Const(word)),
                None => Outcome::Keep,
            },
            (CheckedOp::Add | CheckedOp::Mul, Some(_), None) => Outcome::Op(Op::Checked(op, ty, b, a)),
            // Narrower words might not be canonical here; `range` knows.
            (CheckedOp::Add | CheckedOp::Sub, None, Some(0)) if ty.bits() == 64 => Outcome::Same(a),
            (CheckedOp::Mul, None, Some(1)) if ty.bits() == 64 => Outcome::Same(a),
            (CheckedOp::Mul, None, Some(0)) => Outcome::Op(Op::Const(0)),
            (CheckedOp::Sub, None, None) if a == b => Outcome::Op(Op::Const(0)),
            _ => Outcome::Keep,
        }
    }

    fn extend(&mut self, ty: IntType, a: Value) -> Outcome {
        if let Some(word) = self.word(a) {
            return Outcome::Op(Op::Const(ty.canonical(word)));
        }
        if ty.bits() >= 64 || u128::from(bounds::upper(self.function, a)) <= ty.max() {
            return Outcome::Same(a);
        }
        match self.op(a) {
            Some(Op::Extend(inner, _) | Op::Checked(_, inner, ..)) if *inner == ty => Outcome::Same(a),
            // The low bits are all that counts.
            Some(Op::Extend(inner, x)) if inner.bits() >= ty.bits() => Outcome::Op(Op::Extend(ty, *x)),
            Some(Op::Extend(inner, _)) if ty.is_signed() && inner.bits() < ty.bits() => Outcome::Same(a),
            Some(Op::Binary(BinaryOp::And, x, mask)) => {
                let (x, mask) = (*x, self.word(*mask));
                let low = u64::MAX >> (64 - ty.bits());
                if mask.is_some_and(|mask| mask & low == low) {
                    Outcome::Op(Op::Extend(ty, x))
                } else {
                    Outcome::Keep
                }
            }
            _ => Outcome::Keep,
        }
    }

    /// The operation that defines a value.
    fn op(&self, value: Value) -> Option<&Op> {
        self.function.defining_op(value)
    }

    /// The word that a value is.
    fn word(&self, value: Value) -> Option<u64> {
        match self.op(value)? {
            Op::Const(word) => Some(*word),
            _ => None,
        }
    }

    /// The operands of a value that is this binary operation.
    fn parts(&self, value: Value, wanted: BinaryOp) -> Option<(Value, Value)> {
        match self.op(value)? {
            Op::Binary(op, a, b) if *op == wanted => Some((*a, *b)),
            _ => None,
        }
    }

    /// The operand and the constant of a value that is this binary operation with a constant on the right.
    fn with_const(&self, value: Value, wanted: BinaryOp) -> Option<(Value, u64)> {
        let (a, b) = self.parts(value, wanted)?;
        Some((a, self.word(b)?))
    }

    fn used_once(&self, value: Value) -> bool {
        self.uses.get(value).is_none_or(|count| *count == 1)
    }

    fn is_address_like(&self, value: Option<Value>) -> bool {
        value.and_then(|value| self.address_like.get(value)).copied().unwrap_or(false)
    }

    /// Makes a word in front of the current instruction.
    fn make(&mut self, op: Op) -> Value {
        let value = self.function.values.next_index();
        let inst = self.function.make_inst(op, &[Type::Word], self.span);
        self.fresh.push(inst);
        value
    }

    fn make_const(&mut self, word: u64) -> Value {
        self.make(constant(Type::Word, word))
    }

    fn make_binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.make(Op::Binary(op, a, b))
    }

    /// `a op word`.
    fn op_const(&mut self, op: BinaryOp, a: Value, word: u64) -> Outcome {
        let b = self.make_const(word);
        Outcome::Op(Op::Binary(op, a, b))
    }
}

/// Values whose every use is the address of an access, or a term of a sum that is one.
fn address_like(function: &Function) -> IndexVec<Value, bool> {
    let mut like = IndexVec::from_elem(true, function.values.len());
    let mut used = IndexVec::from_elem(false, function.values.len());
    for &block in function.reverse_postorder().iter().rev() {
        let data = &function.blocks[block];
        data.terminator.for_each_operand(|value| like[value] = false);
        for &inst in data.insts.iter().rev() {
            let inst = &function.insts[inst];
            match &inst.op {
                Op::Load(access) => used[access.address] = true,
                Op::Store(access, value) => {
                    used[access.address] = true;
                    like[*value] = false;
                }
                Op::Binary(BinaryOp::Add, a, b) => {
                    let sum = inst.results.first().is_some_and(|&sum| like[sum] && used[sum]);
                    for value in [*a, *b] {
                        used[value] = true;
                        like[value] &= sum;
                    }
                }
                op => op.for_each_operand(|value| like[value] = false),
            }
        }
    }
    for (value, data) in function.values.iter_enumerated() {
        like[value] &= used[value] && matches!(data.def, ValueDef::Result(..));
    }
    like
}
