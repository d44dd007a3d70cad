//! What is known about registers and memory at a place of the text: constants, and nothing about all else.
//!
//! Start with [`State`]. Nothing here knows the flow of control or units.

use crate::isa::{Alu, Jump, Width};
use std::collections::BTreeMap;

/// At most this many words of memory are remembered.
const MAX_WORDS: usize = 512;

/// The constants that registers, the frame and memory are known to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct State {
    registers: [Option<u64>; 10],
    /// Words of the frame, which nothing but the function itself reaches, by their offset.
    frame: BTreeMap<i16, u64>,
    /// Words of memory at addresses that are known.
    memory: BTreeMap<u64, u64>,
}

impl State {
    /// What the machine sets before the first instruction of a program.
    pub(super) fn at_entry() -> State {
        let mut state = State::default();
        state.set(1, Some(ovsm_ir::machine::INPUT_BASE));
        state
    }

    /// The value of a register.
    pub(super) fn get(&self, register: u8) -> Option<u64> {
        self.registers.get(usize::from(register)).copied().flatten()
    }

    /// Sets a register.
    pub(super) fn set(&mut self, register: u8, value: Option<u64>) {
        if let Some(slot) = self.registers.get_mut(usize::from(register)) {
            *slot = value;
        }
    }

    /// All registers.
    pub(super) fn registers(&self) -> [Option<u64>; 10] {
        self.registers
    }

    /// What a function sees that is called here: registers, and nothing of memory.
    pub(super) fn for_callee(&self) -> State {
        let mut registers = self.registers;
        if let Some(first) = registers.first_mut() {
            *first = None;
        }
        State { registers, ..State::default() }
    }

    /// What is left after a call: the machine gives r6 to r9 back.
    pub(super) fn after_call(&mut self, callee: Option<&State>) {
        for register in 0..6 {
            self.set(register, callee.and_then(|state| state.get(register)));
        }
        self.memory.clear();
    }

    /// Keeps what both know.
    pub(super) fn join(&mut self, other: &State) {
        for (mine, theirs) in self.registers.iter_mut().zip(other.registers) {
            if *mine != theirs {
                *mine = None;
            }
        }
        self.frame.retain(|offset, value| other.frame.get(offset) == Some(value));
        self.memory.retain(|address, value| other.memory.get(address) == Some(value));
    }

    /// A word of the frame.
    pub(super) fn frame_word(&self, offset: i16) -> Option<u64> {
        self.frame.get(&offset).copied()
    }

    /// Stores into the frame.
    pub(super) fn store_frame(&mut self, offset: i16, width: Width, value: Option<u64>) {
        let low = i32::from(offset);
        self.frame.retain(|at, _| i32::from(*at) + 8 <= low || low + 8 <= i32::from(*at));
        if let (Width::W8, Some(value)) = (width, value) {
            self.frame.insert(offset, value);
        }
    }

    /// A word of memory.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        self.memory.get(&address).copied()
    }

    /// Stores into memory; an unknown address may be any.
    pub(super) fn store(&mut self, address: Option<u64>, width: Width, value: Option<u64>) {
        let Some(address) = address else {
            self.memory.clear();
            return;
        };
        let first = address.saturating_sub(7);
        let near: Vec<u64> = self.memory.range(first..address.saturating_add(8)).map(|(at, _)| *at).collect();
        for at in near {
            self.memory.remove(&at);
        }
        if let (Width::W8, Some(value)) = (width, value)
            && self.memory.len() < MAX_WORDS
        {
            self.memory.insert(address, value);
        }
    }

    /// Forgets memory, which something else wrote.
    pub(super) fn forget_memory(&mut self) {
        self.memory.clear();
    }
}

/// The result of 64-bit arithmetic; `None` if it is not known or faults.
pub(super) fn alu64(alu: Alu, a: Option<u64>, b: Option<u64>) -> Option<u64> {
    if alu == Alu::Mov {
        return b;
    }
    let a = a?;
    if alu == Alu::Neg {
        return Some(a.wrapping_neg());
    }
    let b = b?;
    Some(match alu {
        Alu::Add => a.wrapping_add(b),
        Alu::Sub => a.wrapping_sub(b),
        Alu::Mul => a.wrapping_mul(b),
        Alu::Div => a.checked_div(b)?,
        Alu::Mod => a.checked_rem(b)?,
        Alu::Or => a | b,
        Alu::And => a & b,
        Alu::Xor => a ^ b,
        Alu::Lsh => a.wrapping_shl(b as u32),
        Alu::Rsh => a.wrapping_shr(b as u32),
        Alu::Arsh => (a as i64).wrapping_shr(b as u32) as u64,
        Alu::Neg | Alu::Mov => return None,
    })
}

/// The result of 32-bit arithmetic. How a negative one is extended depends on version and operation, so it is taken
/// as not known.
pub(super) fn alu32(alu: Alu, a: Option<u64>, b: Option<u64>) -> Option<u64> {
    if alu == Alu::Mov {
        return b.map(|b| b & 0xffff_ffff).filter(|result| result >> 31 == 0);
    }
    let a = a? as u32;
    let result = if alu == Alu::Neg {
        a.wrapping_neg()
    } else {
        let b = b? as u32;
        match alu {
            Alu::Add => a.wrapping_add(b),
            Alu::Sub => a.wrapping_sub(b),
            Alu::Mul => a.wrapping_mul(b),
            Alu::Div => a.checked_div(b)?,
            Alu::Mod => a.checked_rem(b)?,
            Alu::Or => a | b,
            Alu::And => a & b,
            Alu::Xor => a ^ b,
            Alu::Lsh => a.wrapping_shl(b),
            Alu::Rsh => a.wrapping_shr(b),
            Alu::Arsh => (a as i32).wrapping_shr(b) as u32,
            Alu::Neg | Alu::Mov => return None,
        }
    };
    Some(u64::from(result)).filter(|result| result >> 31 == 0)
}

/// Whether a test holds.
pub(super) fn holds(jump: Jump, narrow: bool, a: u64, b: u64) -> bool {
    let (a, b, signed) = match narrow {
        true => {
            let (a, b) = (a as u32, b as u32);
            (u64::from(a), u64::from(b), (i64::from(a as i32), i64::from(b as i32)))
        }
        false => (a, b, (a as i64, b as i64)),
    };
    match jump {
        Jump::Eq => a == b,
        Jump::Ne => a != b,
        Jump::Gt => a > b,
        Jump::Ge => a >= b,
        Jump::Lt => a < b,
        Jump::Le => a <= b,
        Jump::Set => a & b != 0,
        Jump::Sgt => signed.0 > signed.1,
        Jump::Sge => signed.0 >= signed.1,
        Jump::Slt => signed.0 < signed.1,
        Jump::Sle => signed.0 <= signed.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_keeps_what_both_know() {
        let mut a = State::default();
        a.set(1, Some(5));
        a.set(2, Some(6));
        a.store(Some(100), Width::W8, Some(1));
        let mut b = a.clone();
        b.set(2, Some(7));
        b.store(Some(104), Width::W1, None);
        a.join(&b);
        assert_eq!((a.get(1), a.get(2), a.word(100)), (Some(5), None, None));
    }

    #[test]
    fn a_store_forgets_the_words_that_it_touches() {
        let mut state = State::default();
        state.store(Some(64), Width::W8, Some(1));
        state.store(Some(72), Width::W8, Some(2));
        state.store(Some(71), Width::W1, Some(0));
        assert_eq!((state.word(64), state.word(72)), (None, None));
        state.store(Some(80), Width::W8, Some(3));
        state.store(None, Width::W1, Some(3));
        assert_eq!(state.word(80), None);
    }
}
