//! What is known about registers and memory at a place of the text: from which to which value, or nothing.
//!
//! Start with [`State`]. Nothing here knows the flow of control or units.

use crate::isa::{Alu, Jump, Width};
use std::collections::BTreeMap;

/// At most this many words of memory are remembered.
const MAX_WORDS: usize = 512;

/// What is known of a word: the least and the largest value, unsigned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Known {
    low: u64,
    high: u64,
}

/// Numbers below this are the same with and without sign.
const SIGN: u64 = 1 << 63;

impl Known {
    /// One value.
    pub(super) fn is(value: u64) -> Known {
        Known { low: value, high: value }
    }

    /// Values from `low` to `high`; `None` if these are all values, or none.
    pub(super) fn between(low: u64, high: u64) -> Option<Known> {
        (low <= high && (low, high) != (0, u64::MAX)).then_some(Known { low, high })
    }

    /// The value, if it is only one.
    pub(super) fn value(self) -> Option<u64> {
        (self.low == self.high).then_some(self.low)
    }

    /// Either this or that.
    fn or(self, other: Known) -> Option<Known> {
        Known::between(self.low.min(other.low), self.high.max(other.high))
    }

    /// Whether a test holds for all values, or for none.
    pub(super) fn decides(self, jump: Jump, narrow: bool, other: Known) -> Option<bool> {
        if let (Some(a), Some(b)) = (self.value(), other.value()) {
            return Some(holds(jump, narrow, a, b));
        }
        let jump = plain(jump, narrow, self, other)?;
        let (less, more) = (self.high < other.low, self.low > other.high);
        let (at_most, at_least) = (self.high <= other.low, self.low >= other.high);
        let (yes, no) = match jump {
            Jump::Eq => (false, less || more),
            Jump::Ne => (less || more, false),
            Jump::Lt => (less, at_least),
            Jump::Le => (at_most, more),
            Jump::Gt => (more, at_most),
            Jump::Ge => (at_least, less),
            Jump::Set | Jump::Sgt | Jump::Sge | Jump::Slt | Jump::Sle => (false, false),
        };
        if yes { Some(true) } else { no.then_some(false) }
    }
}

/// The unsigned 64-bit test that does the same on these values.
fn plain(jump: Jump, narrow: bool, a: Known, b: Known) -> Option<Jump> {
    let limit = if narrow { 1 << 31 } else { SIGN };
    let is_small = a.high < limit && b.high < limit;
    match jump {
        Jump::Set => None,
        Jump::Sgt => is_small.then_some(Jump::Gt),
        Jump::Sge => is_small.then_some(Jump::Ge),
        Jump::Slt => is_small.then_some(Jump::Lt),
        Jump::Sle => is_small.then_some(Jump::Le),
        other => (is_small || !narrow).then_some(other),
    }
}

/// What the left side of a test is where the test came out as `taken`.
pub(super) fn refine(
    jump: Jump,
    narrow: bool,
    a: Option<Known>,
    b: Option<Known>,
    taken: bool,
) -> Option<Known> {
    let Some(b) = b else { return a };
    let all = a.unwrap_or(Known { low: 0, high: u64::MAX });
    let test = plain(jump, narrow, all, b).and_then(|jump| if taken { Some(jump) } else { jump.negated() });
    let (low, high) = match test {
        Some(Jump::Eq) => (all.low.max(b.low), all.high.min(b.high)),
        Some(Jump::Ne) if b.value() == Some(all.low) => (all.low.saturating_add(1), all.high),
        Some(Jump::Ne) if b.value() == Some(all.high) => (all.low, all.high.saturating_sub(1)),
        Some(Jump::Lt) => (all.low, all.high.min(b.high.saturating_sub(1))),
        Some(Jump::Le) => (all.low, all.high.min(b.high)),
        Some(Jump::Gt) => (all.low.max(b.low.saturating_add(1)), all.high),
        Some(Jump::Ge) => (all.low.max(b.low), all.high),
        _ => return a,
    };
    Known::between(low, high)
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
        for register in (0..10).filter(|register| *register != 2) {
            state.set(register, Some(Known::is(0)));
        }
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

    /// The largest value that a register can have, if anything is known.
    pub(super) fn at_most(&self, register: u8) -> Option<u64> {
        Some(self.known(register)?.high)
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
        let area =
            ovsm_ir::machine::STACK_BASE..ovsm_ir::machine::STACK_BASE + u64::from(self.start.frame_area);
        area.contains(&address).then_some(address)
    }

    /// What a load gives.
    pub(super) fn load(&self, base: u8, offset: i16, width: Width) -> Option<Known> {
        if base == 10 && self.area_address(offset).is_none() {
            let word = self.frame.get(&offset).copied().filter(|_| width == Width::W8);
            return word.or_else(|| narrow_load(width));
        }
        let address = match base {
            10 => self.area_address(offset),
            base => self.get(base).map(|base| base.wrapping_add(i64::from(offset) as u64)),
        };
        match (width, self.start.data) {
            (Width::W8, Some((word, 8))) if address == Some(DATA_ADDRESS) => Some(Known::is(word)),
            (Width::W1, Some((word, _))) if address == Some(DATA_ADDRESS) => Some(Known::is(word & 0xff)),
            (Width::W8, _) => self.memory.get(&address?).copied(),
            _ => narrow_load(width),
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

/// A load of less than a word fills the rest with zeros.
fn narrow_load(width: Width) -> Option<Known> {
    match width {
        Width::W1 => Known::between(0, 0xff),
        Width::W2 => Known::between(0, 0xffff),
        Width::W4 => Known::between(0, 0xffff_ffff),
        Width::W8 => None,
    }
}

/// The result of 64-bit arithmetic on what is known.
pub(super) fn alu(operation: Alu, a: Option<Known>, b: Option<Known>) -> Option<Known> {
    match operation {
        Alu::Mov => return b,
        Alu::Neg => return Some(Known::is(a?.value()?.wrapping_neg())),
        _ => {}
    }
    if let (Some(a), Some(b)) = (a.and_then(Known::value), b.and_then(Known::value)) {
        return alu64(operation, a, b).map(Known::is);
    }
    let all = Known { low: 0, high: u64::MAX };
    let (a, b) = (a.unwrap_or(all), b.unwrap_or(all));
    let shift = b.value().map(|shift| shift & 63);
    let (low, high) = match operation {
        Alu::Add => match b.value().map(|b| b as i64) {
            Some(negative) if negative < 0 => {
                let less = negative.unsigned_abs();
                (a.low.checked_sub(less)?, a.high.checked_sub(less)?)
            }
            _ => (a.low.checked_add(b.low)?, a.high.checked_add(b.high)?),
        },
        Alu::Sub => (a.low.checked_sub(b.high)?, a.high.checked_sub(b.low)?),
        Alu::Mul => (a.low.checked_mul(b.low)?, a.high.checked_mul(b.high)?),
        Alu::Div => (a.low.checked_div(b.high)?, a.high.checked_div(b.low)?),
        Alu::Mod => (0, a.high.min(b.high.checked_sub(1).filter(|_| b.low > 0)?)),
        Alu::And => (0, a.high.min(b.high)),
        Alu::Or | Alu::Xor => (0, u64::MAX.checked_shr((a.high | b.high).leading_zeros()).unwrap_or(0)),
        Alu::Lsh => {
            let factor = 1u64 << shift?;
            (a.low.checked_mul(factor)?, a.high.checked_mul(factor)?)
        }
        Alu::Rsh => (a.low >> shift?, a.high >> shift?),
        Alu::Arsh if a.high < SIGN => (a.low >> shift?, a.high >> shift?),
        _ => return None,
    };
    Known::between(low, high)
}

/// The result of 32-bit arithmetic on what is known.
pub(super) fn narrow_alu(operation: Alu, a: Option<Known>, b: Option<Known>) -> Option<Known> {
    if operation == Alu::Mov {
        return b.filter(|b| b.high < 1 << 31);
    }
    let right = if operation == Alu::Neg { 0 } else { b?.value()? };
    alu32(operation, a?.value()?, right).map(Known::is)
}

/// 64-bit arithmetic; `None` if it faults.
fn alu64(alu: Alu, a: u64, b: u64) -> Option<u64> {
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
fn alu32(alu: Alu, a: u64, b: u64) -> Option<u64> {
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
fn holds(jump: Jump, narrow: bool, a: u64, b: u64) -> bool {
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
        assert_eq!((a.get(1), a.known(2), a.word(100)), (Some(5), Known::between(6, 7), None));
        b.set(2, None);
        a.join(&b);
        assert_eq!(a.known(2), None);
    }

    #[test]
    fn arithmetic_keeps_what_is_between() {
        let counter = Known::between(64, 128);
        let one = Some(Known::is(1));
        assert_eq!(alu(Alu::Sub, counter, one), Known::between(63, 127));
        assert_eq!(alu(Alu::Add, counter, Some(Known::is(u64::MAX))), Known::between(63, 127));
        assert_eq!(alu(Alu::Add, counter, counter), Known::between(128, 256));
        assert_eq!(alu(Alu::Sub, one, counter), None);
        assert_eq!(alu(Alu::And, None, Some(Known::is(7))), Known::between(0, 7));
        assert_eq!(alu(Alu::Or, counter, one), Known::between(0, 255));
        assert_eq!(alu(Alu::Lsh, counter, Some(Known::is(58))), None);
    }

    #[test]
    fn tests_tell_about_their_sides() {
        let (counter, zero) = (Known { low: 0, high: 64 }, Known::is(0));
        assert_eq!(counter.decides(Jump::Eq, false, zero), None);
        assert_eq!(Known { low: 1, high: 64 }.decides(Jump::Eq, false, zero), Some(false));
        assert_eq!(counter.decides(Jump::Slt, false, Known::is(65)), Some(true));
        assert_eq!(counter.decides(Jump::Slt, false, Known::is(u64::MAX)), None);
        assert_eq!(refine(Jump::Ne, false, Some(counter), Some(zero), true), Known::between(1, 64));
        assert_eq!(refine(Jump::Lt, false, None, Some(Known::is(3)), true), Known::between(0, 2));
        assert_eq!(refine(Jump::Lt, false, None, Some(Known::is(3)), false), Known::between(3, u64::MAX));
        assert_eq!(refine(Jump::Slt, false, None, Some(Known::is(3)), true), None);
    }

    /// Intervals are held against all values inside, for each operation and test.
    #[test]
    fn intervals_hold_every_value() {
        let ranges = [(0, 3), (2, 5), (7, 7), (62, 66), (u64::MAX - 2, u64::MAX), (SIGN - 1, SIGN + 1)];
        for (a, b) in ranges.iter().flat_map(|a| ranges.iter().map(move |b| (*a, *b))) {
            let known = |(low, high): (u64, u64)| Known::between(low, high);
            for (x, y) in (a.0..=a.1).flat_map(|x| (b.0..=b.1).map(move |y| (x, y))) {
                for operation in Alu::ALL {
                    let Some(exact) = alu64(operation, x, y) else { continue };
                    if let Some(result) = alu(operation, known(a), known(b)) {
                        assert!(result.low <= exact && exact <= result.high, "{operation:?} {x} {y}");
                    }
                }
                for (jump, narrow) in Jump::ALL.into_iter().flat_map(|jump| [(jump, false), (jump, true)]) {
                    let exact = holds(jump, narrow, x, y);
                    if let (Some(left), Some(right)) = (known(a), known(b)) {
                        let decided = left.decides(jump, narrow, right);
                        assert!(decided.is_none_or(|decided| decided == exact), "{jump:?} {x} {y}");
                    }
                    if let Some(left) = refine(jump, narrow, known(a), known(b), exact) {
                        assert!(left.low <= x && x <= left.high, "{jump:?} {narrow} {x} {y}");
                    }
                }
            }
        }
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
