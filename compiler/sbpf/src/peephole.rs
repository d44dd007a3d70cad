//! Improves machine code after allocation: copies and constants that a register holds already are not made again,
//! what is computed for nothing goes, and what only one side of a branch needs moves there.
//!
//! Start with [`improve`]. The submodules hold one improvement each; [`Effects`] says what instructions read and write.

mod copies;
mod dead;
mod swap;

use crate::assembly::{Asm, AsmBlock, Assembly, End, Source};
use crate::convention::{Convention, argument_register};
use crate::isa::{Alu, Reg};
use ovsm_base::index::IndexVec;
use ovsm_ir::Func;

/// How often the improvements are repeated; each makes room for the others.
const ROUNDS: usize = 3;

/// Improves a function.
pub fn improve(
    assembly: &mut Assembly,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) {
    let effects = Effects { convention, conventions, syscall_preserves_args };
    for _ in 0..ROUNDS {
        let mut changed = copies::remove(assembly, &effects);
        changed |= dead::remove(assembly, &effects);
        changed |= dead::sink(assembly, &effects);
        if !changed {
            break;
        }
    }
    swap::fuse(assembly, &effects);
}

/// What instructions read and write, as sets of registers: bit n is r(n).
struct Effects<'a> {
    convention: Convention,
    conventions: &'a IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
}

const fn bit(reg: Reg) -> u16 {
    1 << reg.0
}

fn source_bit(source: Source) -> u16 {
    match source {
        Source::Reg(reg) => bit(reg),
        Source::Imm(_) => 0,
    }
}

fn arguments(count: usize) -> u16 {
    (0..count).fold(0, |set, n| set | bit(argument_register(n)))
}

impl Effects<'_> {
    fn reads(&self, asm: &Asm) -> u16 {
        match asm {
            Asm::Alu(Alu::Mov, _, source) | Asm::Alu32(Alu::Mov, _, source) => source_bit(*source),
            Asm::Alu(Alu::Neg, dst, _) | Asm::Alu32(Alu::Neg, dst, _) => bit(*dst),
            Asm::Alu(_, dst, source) | Asm::Alu32(_, dst, source) => bit(*dst) | source_bit(*source),
            Asm::Const(..) | Asm::DataAddress(..) => 0,
            Asm::Load(_, _, base, _) => bit(*base),
            Asm::Store(_, base, _, value) => bit(*base) | source_bit(*value),
            Asm::Call(func) => {
                arguments(self.conventions.get(*func).map_or(9, |convention| convention.params))
            }
            Asm::Syscall(syscall) => arguments(syscall.arity()),
        }
    }

    fn writes(&self, asm: &Asm) -> u16 {
        let clobbers = |func: Func| self.conventions.get(func).map_or(0x3f, |convention| convention.clobbers);
        Assembly::writes(asm, clobbers, self.syscall_preserves_args)
    }

    fn end_reads(&self, block: &AsmBlock) -> u16 {
        match block.end {
            End::If(test, ..) => bit(test.lhs) | source_bit(test.rhs),
            End::Goto(_) | End::Trap => 0,
            End::Exit => {
                let results = (0..self.convention.results).fold(0, |set, n| set | bit(Reg(n as u8)));
                let status = self.convention.status().map_or(0, bit);
                if self.convention.is_entry { bit(Reg::R0) } else { results | status }
            }
        }
    }

    /// True if the instruction does nothing but write its register.
    fn is_pure(asm: &Asm) -> bool {
        match asm {
            Asm::Alu(Alu::Div | Alu::Mod, _, source) | Asm::Alu32(Alu::Div | Alu::Mod, _, source) => {
                matches!(source, Source::Imm(_))
            }
            Asm::Alu(..) | Asm::Alu32(..) | Asm::Const(..) | Asm::DataAddress(..) => true,
            // A reload.
            Asm::Load(_, _, base, _) => *base == Reg::FRAME,
            Asm::Store(..) | Asm::Call(_) | Asm::Syscall(_) => false,
        }
    }
}
