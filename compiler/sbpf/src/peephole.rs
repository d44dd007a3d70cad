//! Improves machine code: a register that is known to hold a constant is not given it again.
//!
//! A forward data-flow analysis over the blocks: at the start of the program r0 and r3 to r5 are 0, after `jne r1, 0`
//! falls through r1 is 0, and so on.

use crate::assembly::{Asm, Assembly, End, Label, Source};
use crate::isa::{Alu, Jump, Reg};
use crate::machine::Convention;
use ovsm_base::index::IndexVec;
use ovsm_ir::Func;

/// What is known of each register: a constant or nothing.
type State = [Option<u64>; 11];

/// Removes what has no effect.
pub fn improve(
    assembly: &mut Assembly,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) {
    let clobbers = |func: Func| conventions.get(func).map_or(0x3f, |convention| convention.clobbers);
    let order = assembly.reverse_postorder();
    let mut entry: State = [None; 11];
    if convention.is_entry {
        for n in [0, 3, 4, 5] {
            if let Some(slot) = entry.get_mut(n) {
                *slot = Some(0);
            }
        }
    }
    let mut states: IndexVec<Label, Option<State>> = IndexVec::from_elem(None, assembly.blocks.len());
    if let Some(slot) = states.get_mut(Label(0)) {
        *slot = Some(entry);
    }
    let mut changed = true;
    while changed {
        changed = false;
        for label in &order {
            let (Some(Some(state)), Some(block)) = (states.get(*label).copied(), assembly.blocks.get(*label)) else {
                continue;
            };
            let mut state = state;
            for (asm, _) in &block.body {
                step(&mut state, asm, clobbers, syscall_preserves_args);
            }
            for target in block.end.targets() {
                let arriving = along(state, block.end, target);
                let Some(known) = states.get_mut(target) else { continue };
                let met = match *known {
                    Some(before) => meet(before, arriving),
                    None => arriving,
                };
                if *known != Some(met) {
                    *known = Some(met);
                    changed = true;
                }
            }
        }
    }
    for label in &order {
        let (Some(Some(state)), Some(block)) = (states.get(*label).copied(), assembly.blocks.get_mut(*label)) else {
            continue;
        };
        let mut state = state;
        block.body.retain(|(asm, _)| {
            let useless = match asm {
                Asm::Const(dst, value) => of(&state, *dst) == Some(*value),
                Asm::Alu(Alu::Mov, dst, Source::Reg(src)) => {
                    dst == src || (of(&state, *dst).is_some() && of(&state, *dst) == of(&state, *src))
                }
                _ => false,
            };
            step(&mut state, asm, clobbers, syscall_preserves_args);
            !useless
        });
    }
}

fn of(state: &State, reg: Reg) -> Option<u64> {
    state.get(reg.0 as usize).copied().flatten()
}

fn set(state: &mut State, reg: Reg, value: Option<u64>) {
    if let Some(slot) = state.get_mut(reg.0 as usize) {
        *slot = value;
    }
}

fn step(state: &mut State, asm: &Asm, clobbers: impl Fn(Func) -> u8, syscall_preserves_args: bool) {
    match asm {
        Asm::Const(dst, value) => set(state, *dst, Some(*value)),
        Asm::Alu(Alu::Mov, dst, Source::Reg(src)) => {
            let value = of(state, *src);
            set(state, *dst, value);
        }
        other => {
            let written = Assembly::writes(other, clobbers, syscall_preserves_args);
            for n in 0..11u8 {
                if written & (1 << n) != 0 {
                    set(state, Reg(n), None);
                }
            }
        }
    }
}

/// What is known on the edge to `target`.
fn along(mut state: State, end: End, target: Label) -> State {
    if let End::If(test, then, otherwise) = end
        && let Source::Imm(imm) = test.rhs
        && !test.narrow
        && then != otherwise
    {
        let equal = (test.jump == Jump::Eq && target == then) || (test.jump == Jump::Ne && target == otherwise);
        if equal {
            set(&mut state, test.lhs, Some(i64::from(imm) as u64));
        }
    }
    state
}

fn meet(a: State, b: State) -> State {
    let mut met: State = [None; 11];
    for (slot, (x, y)) in met.iter_mut().zip(a.into_iter().zip(b)) {
        *slot = if x == y { x } else { None };
    }
    met
}
