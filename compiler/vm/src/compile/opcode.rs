//! Which instruction does an operation of the IR: tables, without any knowledge of a function.

use crate::bytecode::{Instruction, Register};
use ovsm_base::IntType;
use ovsm_ir::{BinaryOp, CheckedOp, Condition, Width};

/// Makes an instruction of a destination and two operands.
pub(super) type Three = fn(Register, Register, Register) -> Instruction;
/// Makes an instruction of two registers and an immediate.
pub(super) type TwoImmediate = fn(Register, Register, i32) -> Instruction;
/// Makes a check of two registers.
pub(super) type FailPair = fn(Register, Register) -> Instruction;
/// Makes a check of a register against an immediate.
pub(super) type FailImmediate = fn(Register, i32) -> Instruction;
/// Makes a branch on two registers.
pub(super) type BranchPair = fn(Register, Register, u32) -> Instruction;
/// Makes a branch on a register and an immediate.
pub(super) type BranchImmediate = fn(Register, i16, u32) -> Instruction;

pub(super) fn binary(op: BinaryOp) -> Three {
    match op {
        BinaryOp::Add => Instruction::Add,
        BinaryOp::Sub => Instruction::Sub,
        BinaryOp::Mul => Instruction::Mul,
        BinaryOp::UnsignedDiv => Instruction::UnsignedDiv,
        BinaryOp::UnsignedRem => Instruction::UnsignedRem,
        BinaryOp::SignedDiv => Instruction::SignedDiv,
        BinaryOp::SignedRem => Instruction::SignedRem,
        BinaryOp::And => Instruction::And,
        BinaryOp::Or => Instruction::Or,
        BinaryOp::Xor => Instruction::Xor,
        BinaryOp::ShiftLeft => Instruction::ShiftLeft,
        BinaryOp::ShiftRightLogical => Instruction::ShiftRightLogical,
        BinaryOp::ShiftRightArithmetic => Instruction::ShiftRightArithmetic,
    }
}

/// The instruction for a constant second operand, with the immediate that it takes.
pub(super) fn binary_immediate(op: BinaryOp, word: i32) -> Option<(TwoImmediate, i32)> {
    let form: TwoImmediate = match op {
        BinaryOp::Add => Instruction::AddImmediate,
        BinaryOp::Sub => return Some((Instruction::AddImmediate, word.checked_neg()?)),
        BinaryOp::Mul => Instruction::MulImmediate,
        BinaryOp::UnsignedDiv => Instruction::UnsignedDivImmediate,
        BinaryOp::UnsignedRem => Instruction::UnsignedRemImmediate,
        BinaryOp::SignedDiv => Instruction::SignedDivImmediate,
        BinaryOp::SignedRem => Instruction::SignedRemImmediate,
        BinaryOp::And => Instruction::AndImmediate,
        BinaryOp::Or => Instruction::OrImmediate,
        BinaryOp::Xor => Instruction::XorImmediate,
        BinaryOp::ShiftLeft => Instruction::ShiftLeftImmediate,
        BinaryOp::ShiftRightLogical => Instruction::ShiftRightLogicalImmediate,
        BinaryOp::ShiftRightArithmetic => Instruction::ShiftRightArithmeticImmediate,
    };
    Some((form, word))
}

/// The instructions of the types that have their own: for a register and for a constant second operand.
pub(super) fn checked(op: CheckedOp, ty: IntType) -> Option<(Three, TwoImmediate)> {
    Some(match (op, ty) {
        (CheckedOp::Add, IntType::U64) => (Instruction::CheckedAddU64, Instruction::CheckedAddU64Immediate),
        (CheckedOp::Sub, IntType::U64) => (Instruction::CheckedSubU64, Instruction::CheckedSubU64Immediate),
        (CheckedOp::Mul, IntType::U64) => (Instruction::CheckedMulU64, Instruction::CheckedMulU64Immediate),
        (CheckedOp::Add, IntType::I64) => (Instruction::CheckedAddI64, Instruction::CheckedAddI64Immediate),
        (CheckedOp::Sub, IntType::I64) => (Instruction::CheckedSubI64, Instruction::CheckedSubI64Immediate),
        (CheckedOp::Mul, IntType::I64) => (Instruction::CheckedMulI64, Instruction::CheckedMulI64Immediate),
        _ => return None,
    })
}

pub(super) fn load(width: Width) -> TwoImmediate {
    match width {
        Width::W1 => Instruction::Load8,
        Width::W2 => Instruction::Load16,
        Width::W4 => Instruction::Load32,
        Width::W8 => Instruction::Load64,
    }
}

pub(super) fn store(width: Width) -> TwoImmediate {
    match width {
        Width::W1 => Instruction::Store8,
        Width::W2 => Instruction::Store16,
        Width::W4 => Instruction::Store32,
        Width::W8 => Instruction::Store64,
    }
}

/// The check, and whether its operands are to be exchanged.
pub(super) fn fail_pair(condition: Condition) -> (FailPair, bool) {
    match condition {
        Condition::Equal => (Instruction::FailIfEqual, false),
        Condition::NotEqual => (Instruction::FailIfNotEqual, false),
        Condition::UnsignedLess => (Instruction::FailIfUnsignedLess, false),
        Condition::UnsignedLessEqual => (Instruction::FailIfUnsignedLessEqual, false),
        Condition::UnsignedGreater => (Instruction::FailIfUnsignedLess, true),
        Condition::UnsignedGreaterEqual => (Instruction::FailIfUnsignedLessEqual, true),
        Condition::SignedLess => (Instruction::FailIfSignedLess, false),
        Condition::SignedLessEqual => (Instruction::FailIfSignedLessEqual, false),
        Condition::SignedGreater => (Instruction::FailIfSignedLess, true),
        Condition::SignedGreaterEqual => (Instruction::FailIfSignedLessEqual, true),
    }
}

/// The branch, and whether its operands are to be exchanged.
pub(super) fn branch_pair(condition: Condition) -> (BranchPair, bool) {
    match condition {
        Condition::Equal => (Instruction::BranchEqual, false),
        Condition::NotEqual => (Instruction::BranchNotEqual, false),
        Condition::UnsignedLess => (Instruction::BranchUnsignedLess, false),
        Condition::UnsignedLessEqual => (Instruction::BranchUnsignedLessEqual, false),
        Condition::UnsignedGreater => (Instruction::BranchUnsignedLess, true),
        Condition::UnsignedGreaterEqual => (Instruction::BranchUnsignedLessEqual, true),
        Condition::SignedLess => (Instruction::BranchSignedLess, false),
        Condition::SignedLessEqual => (Instruction::BranchSignedLessEqual, false),
        Condition::SignedGreater => (Instruction::BranchSignedLess, true),
        Condition::SignedGreaterEqual => (Instruction::BranchSignedLessEqual, true),
    }
}

/// The same comparison with a constant by one of the six conditions that immediates have: `x <= 4` is `x < 5`.
/// `None` where the next word does not exist, so the comparison is always true.
pub(super) fn strict(condition: Condition, word: i32) -> Option<(Condition, i32)> {
    Some(match condition {
        // The words around -1 and 0 are where unsigned order wraps.
        Condition::UnsignedLessEqual if word == -1 => return None,
        Condition::UnsignedGreaterEqual if word == 0 => return None,
        Condition::UnsignedLessEqual => (Condition::UnsignedLess, word.checked_add(1)?),
        Condition::UnsignedGreaterEqual => (Condition::UnsignedGreater, word.checked_sub(1)?),
        Condition::SignedLessEqual => (Condition::SignedLess, word.checked_add(1)?),
        Condition::SignedGreaterEqual => (Condition::SignedGreater, word.checked_sub(1)?),
        strict => (strict, word),
    })
}

pub(super) fn fail_immediate(condition: Condition, word: i32) -> Option<(FailImmediate, i32)> {
    let (condition, word) = strict(condition, word)?;
    let form: FailImmediate = match condition {
        Condition::Equal => Instruction::FailIfEqualImmediate,
        Condition::NotEqual => Instruction::FailIfNotEqualImmediate,
        Condition::UnsignedLess => Instruction::FailIfUnsignedLessImmediate,
        Condition::UnsignedGreater => Instruction::FailIfUnsignedGreaterImmediate,
        Condition::SignedLess => Instruction::FailIfSignedLessImmediate,
        Condition::SignedGreater => Instruction::FailIfSignedGreaterImmediate,
        _ => return None,
    };
    Some((form, word))
}

pub(super) fn branch_immediate(condition: Condition, word: i32) -> Option<(BranchImmediate, i16)> {
    let (condition, word) = strict(condition, word)?;
    let form: BranchImmediate = match condition {
        Condition::Equal => Instruction::BranchEqualImmediate,
        Condition::NotEqual => Instruction::BranchNotEqualImmediate,
        Condition::UnsignedLess => Instruction::BranchUnsignedLessImmediate,
        Condition::UnsignedGreater => Instruction::BranchUnsignedGreaterImmediate,
        Condition::SignedLess => Instruction::BranchSignedLessImmediate,
        Condition::SignedGreater => Instruction::BranchSignedGreaterImmediate,
        _ => return None,
    };
    Some((form, i16::try_from(word).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_conditions_mean_the_same() {
        let words = [i32::MIN, -2, -1, 0, 1, 7, i32::MAX];
        let operands =
            [0, 1, 2, 6, 7, 8, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, i32::MIN as i64 as u64];
        for condition in Condition::ALL {
            for word in words {
                let Some((by, other)) = strict(condition, word) else { continue };
                assert!(fail_immediate(condition, word).is_some());
                for operand in operands {
                    assert_eq!(
                        condition.evaluate(operand, word as i64 as u64),
                        by.evaluate(operand, other as i64 as u64),
                        "{condition:?} {word}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_condition_without_a_branch_is_always_true() {
        for condition in Condition::ALL {
            for word in [i16::MIN + 1, -2, -1, 0, 1, 7, i16::MAX - 1] {
                if branch_immediate(condition, i32::from(word)).is_none() {
                    let word = i64::from(word) as u64;
                    let operands = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1];
                    assert!(
                        operands.iter().all(|operand| condition.evaluate(*operand, word)),
                        "{condition:?} {word}"
                    );
                }
            }
        }
    }
}
