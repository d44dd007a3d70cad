//! What is known about registers and memory at a place of the text: constants, and nothing about all else.
//!
//! Start with [`State`]. Nothing here knows the flow of control or units.

use crate::isa::{Alu, Jump, Width};
use std::collections::BTreeMap;

/// At most this many words of memory are remembered.
const MAX_WORDS: usize = 512;

/// What is known of a word: that it is one of two values, which may be equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Known(u64, u64);

impl Known {
    /// One value.
    pub(super) fn is(value: u64) -> Known {
        Known(value, value)
    }

    /// The value, if it is only one.
    pub(super) fn value(self) -> Option<u64> {
        (self.0 == self.1).then_some(self.0)
    }

    /// Either this or that, if these are two values at most.
    fn or(self, other: Known) -> Option<Known> {
        let low = self.0.min(other.0);
        let high = self.1.max(other.1);
        [self.0, self.1, other.0, other.1].iter().all(|it| *it == low || *it == high).then_some(Known(low, high))
    }

    /// Those of the values that pass; `None` if none does.
    pub(super) fn filter(self, pass: impl Fn(u64) -> bool) -> Option<Known> {
        match (pass(self.0), pass(self.1)) {
            (true, true) => Some(self),
            (true, false) => Some(Known::is(self.0)),
            (false, true) => Some(Known::is(self.1)),
            (false, false) => None,
        }
    }

    /// All results of `f` over the values of both.
    fn with(self, other: Known, f: impl Fn(u64, u64) -> Option<u64>) -> Option<Known> {
        let both = |a: u64| Known::is(f(a, other.0)?).or(Known::is(f(a, other.1)?));
        both(self.0)?.or(both(self.1)?)
    }

    /// Whether a test holds for all values, or for none.
    pub(super) fn decides(self, other: Known, test: impl Fn(u64, u64) -> bool) -> Option<bool> {
        self.with(other, |a, b| Some(u64::from(test(a, b))))?.value().map(|holds| holds != 0)
    }
}

/// What a machine stands at: the stack of the entry and what it is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Start {
    /// Bytes at the bottom of the entry's frame that are memory like any other.
    pub(super) frame_area: u32,
    /// The first bytes of the instruction data, if they are known: the number and how many.
    pub(super) data: Option<(u64, u32)>,
}

/// Stands for the address of the instruction data, which lies behind all accounts.
const DATA_ADDRESS: u64 = ovsm_ir::machine::INPUT_BASE + (1 << 28);
/// The end of the entry's frame.
const ENTRY_FRAME: u64 = ovsm_ir::machine::STACK_BASE + crate::frame::FRAME_BYTES as u64;

/// What registers, the frame and memory are known to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct State {
    registers: [Option<Known>; 10],
    /// Words of the frame, which nothing but the function itself reaches, by their offset.
    frame: BTreeMap<i16, Known>,
    /// Words of memory at addresses that are known.
    memory: BTreeMap<u64, Known>,
    /// What the entry starts with; nothing in other functions.
    start: Start,
}

impl State {
    /// What the machine sets before the first instruction of a program.
    pub(super) fn at_entry(start: Start) -> State {
        let mut state = State { start, ..State::default() };
        state.set(1, Some(Known::is(ovsm_ir::machine::INPUT_BASE)));
        if start.data.is_some() {
            state.set(2, Some(Known::is(DATA_ADDRESS)));
        }
        state
    }

    /// What is known of a register.
    pub(super) fn known(&self, register: u8) -> Option<Known> {
        self.registers.get(usize::from(register)).copied().flatten()
    }

    /// The value of a register.
    pub(super) fn get(&self, register: u8) -> Option<u64> {
        self.known(register)?.value()
    }

    /// Sets a register.
    pub(super) fn set(&mut self, register: u8, value: Option<Known>) {
        if let Some(slot) = self.registers.get_mut(usize::from(register)) {
            *slot = value;
        }
    }

    /// All registers.
    pub(super) fn registers(&self) -> [Option<Known>; 10] {
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
            self.set(register, callee.and_then(|state| state.known(register)));
        }
        self.memory.clear();
    }

    /// Keeps what both know.
    pub(super) fn join(&mut self, other: &State) {
        let either = |a: Option<Known>, b: Option<Known>| a?.or(b?);
        for (mine, theirs) in self.registers.iter_mut().zip(other.registers) {
            *mine = either(*mine, theirs);
        }
        join_words(&mut self.frame, &other.frame);
        join_words(&mut self.memory, &other.memory);
    }

    /// The address of a word of the frame that is memory like any other.
    fn area_address(&self, offset: i16) -> Option<u64> {
        let address = ENTRY_FRAME.wrapping_add(i64::from(offset) as u64);
        let area = ovsm_ir::machine::STACK_BASE..ovsm_ir::machine::STACK_BASE + u64::from(self.start.frame_area);
        area.contains(&address).then_some(address)
    }

    /// What a load gives.
    pub(super) fn load(&self, base: u8, offset: i16, width: Width) -> Option<Known> {
        if base == 10 && self.area_address(offset).is_none() {
            return self.frame.get(&offset).copied().filter(|_| width == Width::W8);
        }
        let address = match base {
            10 => self.area_address(offset)?,
            base => self.get(base)?.wrapping_add(i64::from(offset) as u64),
        };
        match (width, self.start.data) {
            (Width::W8, Some((word, 8))) if address == DATA_ADDRESS => Some(Known::is(word)),
            (Width::W1, Some((word, _))) if address == DATA_ADDRESS => Some(Known::is(word & 0xff)),
            (Width::W8, _) => self.memory.get(&address).copied(),
            _ => None,
        }
    }

    /// Stores a word.
    pub(super) fn store(&mut self, base: u8, offset: i16, width: Width, value: Option<Known>) {
        if base == 10 && self.area_address(offset).is_none() {
            let low = i32::from(offset);
            self.frame.retain(|at, _| i32::from(*at) + 8 <= low || low + 8 <= i32::from(*at));
            if let (Width::W8, Some(value)) = (width, value) {
                self.frame.insert(offset, value);
            }
            return;
        }
        let address = match base {
            10 => self.area_address(offset),
            base => self.get(base).map(|base| base.wrapping_add(i64::from(offset) as u64)),
        };
        self.store_at(address, width, value);
    }

    /// A word of memory.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        self.memory.get(&address)?.value()
    }

    /// Stores into memory; an unknown address may be any.
    pub(super) fn store_at(&mut self, address: Option<u64>, width: Width, value: Option<Known>) {
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

fn join_words<K: Ord>(mine: &mut BTreeMap<K, Known>, theirs: &BTreeMap<K, Known>) {
    mine.retain(|key, value| match theirs.get(key).and_then(|other| value.or(*other)) {
        Some(either) => {
            *value = either;
            true
        }
        None => false,
    });
}

/// The result of an operation on what is known; `None` if it is not known or faults.
pub(super) fn alu(
    operation: Alu,
    a: Option<Known>,
    b: Option<Known>,
    f: impl Fn(Alu, u64, u64) -> Option<u64>,
) -> Option<Known> {
    // A copy does not read its left side, and a negation has no right one.
    let a = if operation == Alu::Mov { Known::is(0) } else { a? };
    let b = if operation == Alu::Neg { Known::is(0) } else { b? };
    a.with(b, |a, b| f(operation, a, b))
}

/// 64-bit arithmetic; `None` if it faults.
pub(super) fn alu64(alu: Alu, a: u64, b: u64) -> Option<u64> {
    Some(match alu {
        Alu::Mov => b,
        Alu::Neg => a.wrapping_neg(),
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
    })
}

/// 32-bit arithmetic. How a negative result is extended depends on version and operation, so it is taken as not known.
pub(super) fn alu32(alu: Alu, a: u64, b: u64) -> Option<u64> {
    let (a, b) = (a as u32, b as u32);
    let result = match alu {
        Alu::Mov => b,
        Alu::Neg => a.wrapping_neg(),
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
        a.set(1, Some(Known::is(5)));
        a.set(2, Some(Known::is(6)));
        a.store_at(Some(100), Width::W8, Some(Known::is(1)));
        let mut b = a.clone();
        b.set(2, Some(Known::is(7)));
        b.store_at(Some(104), Width::W1, None);
        a.join(&b);
        assert_eq!((a.get(1), a.known(2), a.word(100)), (Some(5), Some(Known(6, 7)), None));
        b.set(2, Some(Known::is(8)));
        a.join(&b);
        assert_eq!(a.known(2), None);
    }

    #[test]
    fn arithmetic_on_two_values_gives_two() {
        let counter = Some(Known(64, 128));
        assert_eq!(alu(Alu::Sub, counter, Some(Known::is(1)), alu64), Some(Known(63, 127)));
        assert_eq!(alu(Alu::Add, counter, counter, alu64), None);
        assert_eq!(Known(0, 64).decides(Known::is(0), |a, b| a == b), None);
        assert_eq!(Known(1, 64).decides(Known::is(0), |a, b| a == b), Some(false));
        assert_eq!(Known(0, 64).filter(|value| value != 0), Some(Known::is(64)));
    }

    #[test]
    fn a_store_forgets_the_words_that_it_touches() {
        let one = Some(Known::is(1));
        let mut state = State::default();
        state.store_at(Some(64), Width::W8, one);
        state.store_at(Some(72), Width::W8, one);
        state.store_at(Some(71), Width::W1, one);
        assert_eq!((state.word(64), state.word(72)), (None, None));
        state.store_at(Some(80), Width::W8, one);
        state.store_at(None, Width::W1, one);
        assert_eq!(state.word(80), None);
    }

    #[test]
    fn the_area_of_the_entry_is_memory_and_the_rest_of_its_frame_is_not() {
        let mut state = State::at_entry(Start { frame_area: 16, data: None });
        state.store(10, -4096, Width::W8, Some(Known::is(1)));
        state.store(10, -8, Width::W8, Some(Known::is(2)));
        assert_eq!(state.word(ovsm_ir::machine::STACK_BASE), Some(1));
        state.store_at(None, Width::W8, None);
        assert_eq!(state.load(10, -4096, Width::W8), None);
        assert_eq!(state.load(10, -8, Width::W8), Some(Known::is(2)));
    }
}
