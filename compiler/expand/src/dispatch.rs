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
    let mut clauses = Vec::new();
    // Those of fewer bytes come first: no other begins with theirs, and data may have no more.
    for size in 1..=8 {
        let own: Vec<&Instruction> = instructions.iter().filter(|it| it.discriminator_size == size).collect();
        if own.is_empty() {
            continue;
        }
        let wanted = unsigned(&mut body, size.into());
        let is_short = compare(&mut body, Comparison::Less, length, wanted);
        let fail = body.add(Expr::Fail(Fault::InstructionData), None);
        clauses.push((is_short, fail));
        for instruction in own {
            let mut parts = Vec::new();
            for (offset, width) in loads(size) {
                let data = body.add(Expr::Builtin(Builtin::InstructionDataPtr, Vec::new()), None);
                let at = unsigned(&mut body, offset.into());
                let word = body.add(Expr::Builtin(Builtin::MemLoad(width), vec![data, at]), None);
                let part =
                    instruction.discriminator >> (8 * offset) & (u64::MAX >> (64 - 8 * u32::from(width)));
                let wanted = unsigned(&mut body, part);
                parts.push(compare(&mut body, Comparison::Equal, word, wanted));
            }
            let is = match parts.as_slice() {
                [only] => *only,
                _ => body.add(Expr::And(parts), None),
            };
            let call = body.add(Expr::Call(instruction.handler, Vec::new()), None);
            body.callees.push(instruction.handler);
            clauses.push((is, call));
        }
    }
    body.callees.sort_unstable();
    body.callees.dedup();
    let fail = body.add(Expr::Fail(Fault::InstructionData), None);
    body.root = Some(body.add(Expr::If(clauses, Some(fail)), None));
    body
}

/// The offsets and widths of the words that so many bytes are read by.
fn loads(size: u32) -> Vec<(u32, u8)> {
    let mut found = Vec::new();
    let mut offset = 0;
    for width in [8u8, 4, 2, 1] {
        if size - offset >= u32::from(width) {
            found.push((offset, width));
            offset += u32::from(width);
        }
    }
    found
}
