//! Improves machine code after allocation: copies and constants that a register holds already are not made again,
//! what is computed for nothing goes, and what only one side of a branch needs moves there.
//!
//! Start with [`improve`]. The submodules hold one improvement each; `Effects` says what instructions read and write.

mod choose;
mod copies;
mod dead;
mod latch;
mod shared;
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
    // None of them changes where blocks go on.
    let order = assembly.reverse_postorder();
    let steps = [copies::remove, dead::remove, dead::sink, shared::hoist];
    // How many in a row have found nothing: after all of them, none will.
    let mut idle = 0;
    for step in steps.iter().cycle().take(ROUNDS * steps.len()) {
        idle = if step(assembly, &order, &effects) { 0 } else { idle + 1 };
        if idle == steps.len() {
            break;
        }
    }
    swap::fuse(assembly, &effects);
}

/// Closes loops that only set a register on their way back. Comes before [`improve`], which would move more there.
pub fn close_loops(
    assembly: &mut Assembly,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) {
    let effects = Effects { convention, conventions, syscall_preserves_args };
    let order = assembly.reverse_postorder();
    copies::remove(assembly, &order, &effects);
    dead::remove(assembly, &order, &effects);
    latch::close(assembly, &order, &effects);
}

/// Sets registers before the branches that choose their values. [`improve`] would not undo it, but may find less.
pub fn choose(
    assembly: &mut Assembly,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) {
    choose::hoist(assembly, &Effects { convention, conventions, syscall_preserves_args });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::{JumpTest, Label};
    use crate::isa::{Jump, Width};

    const fn r(n: u8) -> Reg {
        Reg(n)
    }

    fn copy(dst: u8, src: u8) -> Asm {
        Asm::Alu(Alu::Mov, r(dst), Source::Reg(r(src)))
    }

    fn add(dst: u8, imm: i32) -> Asm {
        Asm::Alu(Alu::Add, r(dst), Source::Imm(imm))
    }

    fn sum(dst: u8, src: u8) -> Asm {
        Asm::Alu(Alu::Add, r(dst), Source::Reg(r(src)))
    }

    fn block(body: &[Asm], end: End) -> AsmBlock {
        let body = body.iter().map(|asm| (*asm, None)).collect();
        AsmBlock { body, end, span: None, cold: false, frequency: 0 }
    }

    fn if_(jump: Jump, lhs: u8, imm: i32, then: u32, otherwise: u32) -> End {
        let test = JumpTest { jump, narrow: false, lhs: r(lhs), rhs: Source::Imm(imm) };
        End::If(test, Label(then), Label(otherwise))
    }

    fn function(blocks: Vec<AsmBlock>) -> Assembly {
        Assembly { blocks: blocks.into_iter().collect(), frame_bytes: 0 }
    }

    fn improved(mut assembly: Assembly, is_entry: bool) -> Vec<Vec<Asm>> {
        let convention = Convention { params: 2, results: 1, can_fail: false, is_entry, clobbers: 0x3f };
        improve(&mut assembly, convention, &IndexVec::new(), true);
        assembly.blocks.iter().map(|block| block.body.iter().map(|(asm, _)| *asm).collect()).collect()
    }

    #[test]
    fn a_copy_that_is_there_already_is_not_made_again() {
        let bodies = improved(
            function(vec![
                block(&[copy(6, 1)], if_(Jump::Lt, 1, 2, 1, 2)),
                block(&[copy(0, 6)], End::Exit),
                block(&[copy(1, 6), add(1, -1), sum(1, 6), copy(0, 1)], End::Exit),
            ]),
            false,
        );
        assert_eq!(bodies[0], []);
        assert_eq!(bodies[1], [copy(0, 1)]);
        // Only this side needs the second register.
        assert_eq!(bodies[2], [copy(6, 1), add(1, -1), sum(1, 6), copy(0, 1)]);
    }

    #[test]
    fn what_both_sides_of_a_branch_read_stays_before_it() {
        let mut assembly = function(vec![
            block(&[add(5, -1), copy(6, 5)], if_(Jump::Eq, 2, 0, 1, 2)),
            block(&[copy(0, 5)], End::Exit),
            block(&[copy(0, 6)], End::Exit),
        ]);
        let convention = Convention { params: 2, results: 1, ..Convention::default() };
        let conventions = IndexVec::new();
        let effects = Effects { convention, conventions: &conventions, syscall_preserves_args: true };
        let order = assembly.reverse_postorder();
        assert!(dead::sink(&mut assembly, &order, &effects));
        let bodies: Vec<usize> = assembly.blocks.iter().map(|block| block.body.len()).collect();
        assert_eq!(bodies, [1, 1, 2]);
    }

    #[test]
    fn known_constants_are_not_loaded_again() {
        // r0 is 0 at the start of a program; r3 is 7 where the test for it held.
        let bodies = improved(
            function(vec![
                block(&[Asm::Load(Width::W8, r(3), r(1), 0)], if_(Jump::Ne, 3, 7, 2, 1)),
                block(
                    &[
                        Asm::Const(r(3), 7),
                        Asm::Store(Width::W8, r(1), 0, Source::Reg(r(3))),
                        Asm::Const(r(0), 0),
                    ],
                    End::Exit,
                ),
                block(&[Asm::Const(r(0), 1)], End::Exit),
            ]),
            true,
        );
        assert_eq!(bodies[1], [Asm::Store(Width::W8, r(1), 0, Source::Reg(r(3)))]);
        assert_eq!(bodies[2], [Asm::Const(r(0), 1)]);
    }

    #[test]
    fn a_loop_does_not_take_its_last_value_for_its_first() {
        // r6 holds what r1 was in the round before: they are equal nowhere.
        let body = [copy(6, 1), add(1, -1)];
        let bodies = improved(
            function(vec![
                block(&[copy(6, 2)], End::Goto(Label(1))),
                block(&[sum(2, 6)], if_(Jump::Eq, 1, 0, 3, 2)),
                block(&body, End::Goto(Label(1))),
                block(&[sum(2, 6), copy(0, 2)], End::Exit),
            ]),
            false,
        );
        assert_eq!(bodies[0], [copy(6, 2)]);
        assert_eq!(bodies[1], [sum(2, 6)]);
        assert_eq!(bodies[2], body);
        assert_eq!(bodies[3], [sum(2, 6), copy(0, 2)]);
    }

    #[test]
    fn what_both_sides_begin_with_is_done_once() {
        let sides = |tested: u8| {
            let bodies = improved(
                function(vec![
                    block(&[], if_(Jump::Gt, tested, 9, 1, 2)),
                    block(&[copy(0, 1), sum(0, 2), add(0, 1)], End::Exit),
                    block(&[copy(0, 1), sum(0, 2), add(0, 2)], End::Exit),
                ]),
                false,
            );
            bodies.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sides(1), [2, 1, 1]);
        // What is tested has to stay.
        assert_eq!(sides(0), [0, 3, 3]);
    }

    #[test]
    fn a_loop_sets_what_it_needs_next_before_its_test() {
        let closed = |after: Asm, tested: u8| {
            let mut assembly = function(vec![
                block(&[], End::Goto(Label(1))),
                block(&[copy(0, 2), sum(2, 4), add(1, -1)], if_(Jump::Ne, tested, 0, 2, 3)),
                block(&[copy(4, 0)], End::Goto(Label(1))),
                block(&[after], End::Exit),
            ]);
            let convention = Convention { params: 4, results: 1, ..Convention::default() };
            close_loops(&mut assembly, convention, &IndexVec::new(), true);
            assembly.blocks[Label(1)].end == if_(Jump::Ne, tested, 0, 1, 3)
        };
        assert!(closed(add(0, 1), 1));
        // Not if it is read behind the loop, or tested.
        assert!(!closed(sum(0, 4), 1));
        assert!(!closed(add(0, 1), 4));
    }

    #[test]
    fn a_value_is_chosen_with_one_jump() {
        let chosen = |other: &[Asm], tested: u8| {
            let mut assembly = function(vec![
                block(&[add(2, 1)], if_(Jump::Gt, tested, 9, 1, 2)),
                block(other, End::Goto(Label(3))),
                block(&[copy(0, 5)], End::Goto(Label(3))),
                block(&[sum(0, 2)], End::Exit),
            ]);
            let convention = Convention { params: 2, results: 1, ..Convention::default() };
            choose(&mut assembly, convention, &IndexVec::new(), true);
            (assembly.blocks[Label(0)].body.len(), assembly.blocks[Label(0)].end)
        };
        let nine = Asm::Const(r(0), 9);
        assert_eq!(chosen(&[nine], 5), (2, if_(Jump::Gt, 5, 9, 1, 3)));
        // What is tested, what the other side reads, and what it leaves alone stays as it is.
        assert_eq!(chosen(&[nine], 0), (1, if_(Jump::Gt, 0, 9, 1, 2)));
        assert_eq!(chosen(&[copy(3, 0), nine], 5), (1, if_(Jump::Gt, 5, 9, 1, 2)));
        assert_eq!(chosen(&[copy(3, 5)], 5), (1, if_(Jump::Gt, 5, 9, 1, 2)));
    }

    #[test]
    fn an_exchange_joins_the_sum_next_to_it() {
        let exchange = [copy(3, 0), copy(0, 1), copy(1, 3)];
        let looped = |body: &[Asm]| {
            function(vec![
                block(&[Asm::Load(Width::W8, r(0), r(2), 0)], End::Goto(Label(1))),
                block(body, if_(Jump::Ne, 2, 5, 1, 2)),
                block(&[], End::Exit),
            ])
        };
        let before = [exchange.as_slice(), &[add(2, 1), sum(1, 0)]].concat();
        assert_eq!(improved(looped(&before), false)[1], [copy(3, 1), sum(1, 0), copy(0, 3), add(2, 1)]);
        let after = [&[sum(1, 0)], exchange.as_slice()].concat();
        assert_eq!(improved(looped(&after), false)[1], [copy(3, 0), sum(0, 1), copy(1, 3)]);
        // The temporary is still wanted.
        let wanted =
            [exchange.as_slice(), &[sum(1, 0), Asm::Store(Width::W8, r(2), 0, Source::Reg(r(3)))]].concat();
        assert_eq!(improved(looped(&wanted), false)[1].len(), 5);
    }
}
