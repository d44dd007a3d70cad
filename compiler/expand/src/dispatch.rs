//! The entry of a program with instructions: it looks at the first word of the instruction data and calls the function of
//! the instruction that begins with it. What no instruction begins with is a failure.

use crate::builtin::{Builtin, Comparison};
use crate::core::{Body, Expr, ExprId, Fault};
use crate::expand::Instruction;
use ovsm_base::IntType;

/// The body of the entry.
pub fn body(instructions: &[Instruction]) -> Body {
    let mut body = Body::default();
    let unsigned = |body: &mut Body, magnitude: u64| {
        body.add(Expr::Int { negative: false, magnitude: magnitude.into(), suffix: Some(IntType::U64) }, None)
    };
    let compare = |body: &mut Body, comparison: Comparison, a: ExprId, b: ExprId| {
        body.add(Expr::Builtin(Builtin::Compare(comparison), vec![a, b]), None)
    };
    let length = body.add(Expr::Builtin(Builtin::InstructionDataLen, Vec::new()), None);
    let eight = unsigned(&mut body, 8);
    let is_short = compare(&mut body, Comparison::Less, length, eight);
    let fail = body.add(Expr::Fail(Fault::InstructionData), None);
    let mut clauses = vec![(is_short, fail)];
    for instruction in instructions {
        let data = body.add(Expr::Builtin(Builtin::InstructionDataPtr, Vec::new()), None);
        let zero = unsigned(&mut body, 0);
        let word = body.add(Expr::Builtin(Builtin::MemLoad(8), vec![data, zero]), None);
        let wanted = unsigned(&mut body, instruction.discriminator);
        let is = compare(&mut body, Comparison::Equal, word, wanted);
        let call = body.add(Expr::Call(instruction.handler, Vec::new()), None);
        body.callees.push(instruction.handler);
        clauses.push((is, call));
    }
    body.callees.sort_unstable();
    body.callees.dedup();
    let fail = body.add(Expr::Fail(Fault::InstructionData), None);
    body.root = Some(body.add(Expr::If(clauses, Some(fail)), None));
    body
}
