//! About how many machine instructions a module becomes, to choose the smaller of two.
//!
//! A guess by operation, which knows nothing of registers. It is meant for comparing two forms of one program, whose
//! errors are alike, and decides nothing but that.

use crate::function::{Function, Module};
use crate::op::{CheckedOp, Op, Terminator};

/// About how many instructions the functions that the entry reaches become.
pub(crate) fn estimate(module: &Module) -> usize {
    let reached = super::call_graph::callees_first(module);
    reached.into_iter().filter_map(|func| module.functions.get(func)).map(function).sum()
}

fn function(function: &Function) -> usize {
    let mut size = 0;
    for block in function.reverse_postorder() {
        let data = &function.blocks[block];
        size += data.insts.iter().map(|&inst| operation(&function.insts[inst].op)).sum::<usize>();
        size += match &data.terminator {
            Terminator::Jump(_) | Terminator::Branch(..) => 1,
            Terminator::Return(values) => 1 + values.len(),
            Terminator::Fail(_) | Terminator::Unreachable => 0,
        };
    }
    size
}

fn operation(op: &Op) -> usize {
    match op {
        // Parts of the instructions that use them.
        Op::Const(_) | Op::BoolConst(_) | Op::Compare(..) | Op::Not(_) => 0,
        Op::DataAddress(_) | Op::Binary(..) | Op::Extend(..) | Op::BoolToWord(_) => 1,
        Op::Load(_) | Op::Store(..) | Op::FailIf(..) => 1,
        Op::Checked(CheckedOp::Add | CheckedOp::Sub, ..) => 2,
        Op::Checked(CheckedOp::Mul, ..) => 5,
        Op::Call(_, args) => 1 + args.len(),
        Op::Syscall(_, args) => 1 + args.len(),
    }
}
