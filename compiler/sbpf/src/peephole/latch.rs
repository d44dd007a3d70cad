//! Loops of one block that set a register only when they go round: it is set before the test, if nothing reads it
//! behind the loop. The last round then sets it for nothing, and in exchange the loop needs no block, and no jump,
//! beside the test at its end.

use super::{Effects, bit, dead, source_bit};
use crate::assembly::{Asm, Assembly, End, Label};
use crate::isa::Alu;

/// Closes loops.
pub(super) fn close(assembly: &mut Assembly, order: &[Label], effects: &Effects<'_>) {
    let live_in = dead::liveness(assembly, order, effects);
    for &label in order {
        let Some(block) = assembly.blocks.get(label) else { continue };
        let End::If(test, then, otherwise) = block.end else { continue };
        for (side, other) in [(then, otherwise), (otherwise, then)] {
            let Some(edge) = assembly.blocks.get(side) else { continue };
            let [(Asm::Alu(Alu::Mov, register, _) | Asm::Const(register, _), _)] = edge.body.as_slice()
            else {
                continue;
            };
            let written = bit(*register);
            let harmless = written & (bit(test.lhs) | source_bit(test.rhs)) == 0
                && live_in.get(other).is_some_and(|live| live & written == 0);
            if edge.end != End::Goto(label) || side == label || other == side || !harmless {
                continue;
            }
            // Others may come this way, too: they keep the block.
            let body = edge.body.clone();
            if let Some(block) = assembly.blocks.get_mut(label) {
                block.body.extend(body);
                block.end.map_targets(|target: Label| if target == side { label } else { target });
            }
            break;
        }
    }
}
