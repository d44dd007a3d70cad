//! Value numbering of registers: which of them hold the same value, and which a known constant.
//!
//! A forward analysis over the blocks. At the start of the program r0 and r3 to r5 are 0; after `jne r1, 0` falls
//! through r1 is 0; where paths meet, two registers still hold the same value if they do on each path. A `mov` that
//! changes nothing goes, and reads go to the register that has had the value for longest, so that copies of it die.

use super::{Effects, bit};
use crate::assembly::{Asm, AsmBlock, Assembly, End, JumpTest, Label, Source};
use crate::isa::{Alu, Jump, Reg};
use ovsm_base::graph::PredecessorRow;
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::syscall::Syscall;
use rustc_hash::FxHashMap;

/// A value number. One word, because they are copied and compared more than anything else here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Number(u64);

impl Number {
    /// Constants below this are their own numbers.
    const SMALL: u64 = 1 << 62;

    /// The constant at this place among the large ones.
    fn large(place: usize) -> Number {
        Number(1 << 62 | place as u64)
    }

    /// What an instruction of the function, counted from its start, left in a register.
    fn defined(instruction: u32, register: Reg) -> Number {
        Number(2 << 62 | u64::from(instruction) << 4 | u64::from(register.0))
    }

    /// What a register held at the start of a block.
    fn arrived(label: Label, register: Reg) -> Number {
        Number(3 << 62 | u64::from(label.0) << 4 | u64::from(register.0))
    }
}

type State = [Number; 11];

/// The numbers of constants.
#[derive(Default)]
struct Constants {
    large: FxHashMap<u64, usize>,
}

impl Constants {
    fn number(&mut self, value: u64) -> Number {
        if value < Number::SMALL {
            return Number(value);
        }
        let next = self.large.len();
        Number::large(*self.large.entry(value).or_insert(next))
    }
}

/// Rounds of the analysis before it gives up; it settles much sooner.
const MAX_ROUNDS: usize = 32;

/// True if something changed.
pub(super) fn remove(assembly: &mut Assembly, order: &[Label], effects: &Effects<'_>) -> bool {
    let mut constants = Constants::default();
    let mut next = 0;
    let start_of = |block: &AsmBlock| {
        next += block.body.len() as u32;
        next - block.body.len() as u32
    };
    let starts: IndexVec<Label, u32> = assembly.blocks.iter().map(start_of).collect();
    let Some(states) = analyse(assembly, order, &starts, &mut constants, effects) else { return false };
    let mut changed = false;
    for label in order {
        let (Some(Some(state)), Some(block)) = (states.get(*label), assembly.blocks.get_mut(*label)) else {
            continue;
        };
        let mut state = *state;
        // When each register got its value; 0 is before the block.
        let mut since = [0u32; 11];
        let start = starts.get(*label).copied().unwrap_or(0);
        let mut n = start;
        block.body.retain_mut(|(asm, _)| {
            n += 1;
            let useless = match *asm {
                Asm::Const(dst, value) => number(&state, dst) == constants.number(value),
                Asm::Alu(Alu::Mov, dst, Source::Reg(src)) => number(&state, dst) == number(&state, src),
                _ => false,
            };
            if useless {
                changed = true;
                return false;
            }
            let before = *asm;
            let oldest = |reg: Reg| oldest(&state, &since, reg);
            match asm {
                Asm::Alu(_, _, Source::Reg(reg)) | Asm::Alu32(_, _, Source::Reg(reg)) => *reg = oldest(*reg),
                Asm::Load(_, _, base, _) => *base = oldest(*base),
                Asm::Store(_, base, _, value) => {
                    *base = oldest(*base);
                    if let Source::Reg(reg) = value {
                        *reg = oldest(*reg);
                    }
                }
                _ => {}
            }
            changed |= *asm != before;
            step(&mut state, asm, n - 1, &mut constants, effects);
            let written = effects.writes(asm);
            for (register, since) in since.iter_mut().enumerate() {
                if written & (1 << register) != 0 {
                    *since = n - start;
                }
            }
            true
        });
        if let End::If(test, ..) = &mut block.end {
            let before = *test;
            test.lhs = oldest(&state, &since, test.lhs);
            if let Source::Reg(reg) = &mut test.rhs {
                *reg = oldest(&state, &since, *reg);
            }
            changed |= *test != before;
        }
    }
    changed
}

/// What each register holds at the start of each block; nothing if the analysis does not settle.
fn analyse(
    assembly: &Assembly,
    order: &[Label],
    starts: &IndexVec<Label, u32>,
    constants: &mut Constants,
    effects: &Effects<'_>,
) -> Option<IndexVec<Label, Option<State>>> {
    let predecessors = PredecessorRow::new(assembly.blocks.len(), order, |label| assembly.successors(label));
    let mut at_start: IndexVec<Label, Option<State>> = IndexVec::from_elem(None, assembly.blocks.len());
    let mut at_end = at_start.clone();
    // Blocks whose predecessors changed since they were last looked at.
    let mut dirty = IndexVec::<Label, bool>::from_elem(true, assembly.blocks.len());
    let mut arriving: Vec<State> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let mut changed = false;
        for label in order {
            if !std::mem::take(dirty.get_mut(*label)?) {
                continue;
            }
            arriving.clear();
            if *label == Label(0) {
                arriving.push(initial(effects));
            }
            for predecessor in predecessors.of(*label) {
                // Paths that were not walked yet are taken to agree; a later round sees whether they do.
                if let Some(Some(state)) = at_end.get(*predecessor) {
                    arriving.push(along(*state, assembly.blocks.get(*predecessor)?.end, *label, constants));
                }
            }
            let mut state = meet(&arriving, *label)?;
            *at_start.get_mut(*label)? = Some(state);
            for (n, (asm, _)) in (*starts.get(*label)?..).zip(&assembly.blocks.get(*label)?.body) {
                step(&mut state, asm, n, constants, effects);
            }
            let end = at_end.get_mut(*label)?;
            if *end != Some(state) {
                *end = Some(state);
                changed = true;
                for target in assembly.blocks.get(*label)?.end.targets() {
                    *dirty.get_mut(target)? = true;
                }
            }
        }
        if !changed {
            return Some(at_start);
        }
    }
    None
}

fn initial(effects: &Effects<'_>) -> State {
    let mut state: State = [Number(0); 11];
    for (n, number) in state.iter_mut().enumerate() {
        if !effects.convention.is_entry || !matches!(n, 0 | 3 | 4 | 5) {
            // Block 0 has no predecessors in its own right: numbers of its own mean what the caller left.
            *number = Number::arrived(Label::from_u32(u32::MAX), Reg(n as u8));
        }
    }
    state
}

fn number(state: &State, reg: Reg) -> Number {
    state.get(reg.0 as usize).copied().unwrap_or(Number::arrived(Label(0), reg))
}

fn set(state: &mut State, reg: Reg, number: Number) {
    if let Some(slot) = state.get_mut(reg.0 as usize) {
        *slot = number;
    }
}

/// What the registers hold after the instruction with this number.
fn step(state: &mut State, asm: &Asm, n: u32, constants: &mut Constants, effects: &Effects<'_>) {
    match asm {
        Asm::Const(dst, value) => set(state, *dst, constants.number(*value)),
        Asm::Alu(Alu::Mov, dst, Source::Reg(src)) => {
            let value = number(state, *src);
            set(state, *dst, value);
        }
        other => {
            let written = effects.writes(other);
            for register in (0..11u8).map(Reg) {
                if written & bit(register) != 0 {
                    set(state, register, Number::defined(n, register));
                }
            }
            if let Asm::Syscall(syscall) = other
                && returns_zero(*syscall)
            {
                set(state, Reg::R0, Number(0));
            }
        }
    }
}

/// True for syscalls that leave 0 in r0 whenever they return.
fn returns_zero(syscall: Syscall) -> bool {
    matches!(
        syscall.name(),
        "sol_log_"
            | "sol_log_64_"
            | "sol_log_pubkey"
            | "sol_log_compute_units_"
            | "sol_log_data"
            | "sol_memcpy_"
            | "sol_memmove_"
            | "sol_memset_"
            | "sol_memcmp_"
            | "sol_set_return_data"
    )
}

/// What is known on the edge to `target`.
fn along(mut state: State, end: End, target: Label, constants: &mut Constants) -> State {
    if let End::If(JumpTest { jump, narrow: false, lhs, rhs: Source::Imm(imm) }, then, otherwise) = end
        && then != otherwise
        && ((jump == Jump::Eq && target == then) || (jump == Jump::Ne && target == otherwise))
    {
        let known = number(&state, lhs);
        let constant = constants.number(i64::from(imm) as u64);
        for slot in &mut state {
            if *slot == known {
                *slot = constant;
            }
        }
    }
    state
}

/// Registers that agree on every path keep their numbers; others get new ones, the same where they move together.
fn meet(arriving: &[State], label: Label) -> Option<State> {
    let first = arriving.first()?;
    if arriving.len() == 1 {
        return Some(*first);
    }
    let mut met = *first;
    for register in (0..11u8).map(Reg) {
        let agrees =
            |other: Reg| arriving.iter().all(|state| number(state, other) == number(state, register));
        let known = number(first, register);
        if arriving.iter().any(|state| number(state, register) != known) {
            let representative = (0..register.0).map(Reg).find(|other| agrees(*other)).unwrap_or(register);
            set(&mut met, register, Number::arrived(label, representative));
        }
    }
    Some(met)
}

/// The register that has held the value of `reg` for longest, and the first one of those.
fn oldest(state: &State, since: &[u32; 11], reg: Reg) -> Reg {
    let wanted = number(state, reg);
    let age = |reg: Reg| since.get(reg.0 as usize).copied().unwrap_or(0);
    (0..11u8)
        .map(Reg)
        .filter(|other| number(state, *other) == wanted)
        .min_by_key(|other| (age(*other), other.0))
        .unwrap_or(reg)
}
