//! Where the units of transactions went: for each way of calls, programs and functions, and each slot at its end.
//!
//! The trace of registers says which slots ran, and [`crate::measure`] what syscalls charged there. Together they are all
//! units of a transaction but those of programs that are part of the runtime. Start with [`Profile::transaction`].

use crate::measure::{Charged, is_hash};
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// A call of the machine.
const CALL: u8 = 0x85;
/// The same through a register.
const CALL_REGISTER: u8 = 0x8d;
/// The end of a function.
const EXIT: u8 = 0x95;

/// An invocation of a program that ran.
pub struct Invocation {
    /// Its place in the transaction's trace of invocations.
    pub index: usize,
    /// The one that invoked it, if it is not at the top.
    pub caller: Option<usize>,
    /// The program.
    pub program: Pubkey,
    /// Its code, if its calls can be told apart: that of version 3 says which are syscalls.
    pub code: Option<Vec<u8>>,
    /// The slots that ran, in order.
    pub slots: Vec<u32>,
}

/// What an instruction is, as far as ways of calls go.
enum Step {
    Syscall,
    /// A syscall that is not measured.
    Hash,
    Call,
    Exit,
    Other,
}

impl Invocation {
    fn step(&self, slot: u32) -> Step {
        let start = slot as usize * 8;
        let bytes = self.code.as_ref().and_then(|code| code.get(start..start + 8));
        match bytes {
            Some([CALL, registers, _, _, number @ ..]) if registers >> 4 == 0 => {
                let number = number.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
                if is_hash(number) { Step::Hash } else { Step::Syscall }
            }
            Some([CALL | CALL_REGISTER, ..]) => Step::Call,
            Some([EXIT, ..]) => Step::Exit,
            _ => Step::Other,
        }
    }
}

/// What each hash of an invocation charged, in order: what is missing from one measured call to the next that no instruction
/// between them took. Several in a row share it evenly. `start` and `end` are what was left at both ends, if that is known;
/// where a hash stands at an end that is not known, it stays with whoever called the program.
fn hashes(invocation: &Invocation, calls: &[&Charged], start: Option<u64>, end: Option<u64>) -> Vec<u64> {
    let mut calls = calls.iter();
    let mut found: Vec<u64> = Vec::new();
    let (mut left, mut ran, mut open) = (start, 0u64, 0u64);
    let mut close = |left: Option<u64>, now: Option<u64>, ran: u64, open: u64| {
        let missing = left.zip(now).map_or(0, |(left, now)| left.saturating_sub(now).saturating_sub(ran));
        found.extend((0..open).map(|n| missing / open + u64::from(n < missing % open)));
    };
    for slot in &invocation.slots {
        ran += 1;
        match invocation.step(*slot) {
            Step::Hash => open += 1,
            Step::Syscall => {
                let Some(call) = calls.next() else { continue };
                close(left, Some(call.before), ran, open);
                (left, ran, open) = (Some(call.after), 0, 0);
            }
            Step::Call | Step::Exit | Step::Other => {}
        }
    }
    close(left, end, ran, open);
    found
}

/// A way of calls: the one before it, the slot of the last call, and the program that runs at its end.
type Way = (Option<usize>, u32, Pubkey);

/// Units of everything that ran.
#[derive(Default)]
pub struct Profile {
    ways: BTreeMap<Way, usize>,
    names: Vec<Way>,
    /// By the way, and the slot at its end.
    units: BTreeMap<(usize, u32), u64>,
    /// Units of what is not traced.
    elsewhere: u64,
    /// Units of the transaction that ran last, as far as they are traced, and where the last of them went.
    traced: u64,
    last: Option<(usize, u32)>,
}

impl Profile {
    fn way(&mut self, before: Option<usize>, slot: u32, program: Pubkey) -> usize {
        let way = (before, slot, program);
        let next = self.names.len();
        let number = *self.ways.entry(way).or_insert(next);
        if number == next {
            self.names.push(way);
        }
        number
    }

    fn charge(&mut self, way: usize, slot: u32, units: u64) {
        *self.units.entry((way, slot)).or_insert(0) += units;
        if units > 0 {
            self.last = Some((way, slot));
        }
    }

    /// Adds what ran in a transaction, which had `meter.0` units when it began and `meter.1` when its last instruction ended.
    pub fn transaction(&mut self, invocations: &[Invocation], calls: &[Charged], meter: (u64, Option<u64>)) {
        let by_caller = |index: usize| calls.iter().filter(move |call| call.caller == index);
        let last_top = invocations.iter().rev().find(|it| it.caller.is_none()).map(|it| it.index);
        let hashes: BTreeMap<usize, Vec<u64>> = invocations
            .iter()
            .map(|it| {
                let own: Vec<&Charged> = by_caller(it.index).collect();
                let start = (it.index == 0).then_some(meter.0);
                let end = match it.caller {
                    Some(caller) => by_caller(caller)
                        .find(|call| (call.first..call.end).contains(&it.index))
                        .map(|call| call.after),
                    None => meter.1.filter(|_| last_top == Some(it.index)),
                };
                (it.index, hashes(it, &own, start, end))
            })
            .collect();
        let hashes_of = |index: usize| hashes.get(&index).map(Vec::as_slice).unwrap_or(&[]);
        // What an invocation costs altogether: its instructions, and what its syscalls charged.
        let total = |invocation: &Invocation| -> u64 {
            let charged: u64 = by_caller(invocation.index).map(Charged::units).sum();
            invocation.slots.len() as u64 + charged + hashes_of(invocation.index).iter().sum::<u64>()
        };
        let tops = invocations.iter().filter(|invocation| invocation.caller.is_none());
        self.traced = tops.clone().map(total).sum();
        let mut waiting: Vec<(&Invocation, Option<usize>, u32)> = tops.map(|top| (top, None, 0)).collect();
        waiting.reverse();
        while let Some((invocation, before, slot)) = waiting.pop() {
            let way = self.way(before, slot, invocation.program);
            let own: Vec<Charged> = by_caller(invocation.index).copied().collect();
            for (call, way, slot) in self.walk(invocation, way, &own, hashes_of(invocation.index)) {
                // The invocations in the range that this program made itself; those inside of them are theirs.
                let inner: Vec<&Invocation> = invocations
                    .iter()
                    .filter(|it| {
                        it.caller == Some(invocation.index) && (call.first..call.end).contains(&it.index)
                    })
                    .collect();
                let theirs: u64 = inner.iter().map(|it| total(it)).sum();
                self.charge(way, slot, call.units().saturating_sub(theirs));
                waiting.extend(inner.into_iter().rev().map(|it| (it, Some(way), slot)));
            }
        }
    }

    /// Charges the instructions of an invocation, and says where each of its syscalls was called.
    fn walk(
        &mut self,
        invocation: &Invocation,
        way: usize,
        calls: &[Charged],
        hashes: &[u64],
    ) -> Vec<(Charged, usize, u32)> {
        let mut calls = calls.iter().copied();
        let mut hashes = hashes.iter().copied();
        let mut found = Vec::new();
        let mut stack = vec![way];
        let mut at = (way, 0);
        for slot in &invocation.slots {
            if invocation.code.is_none() {
                self.charge(way, 0, 1);
                continue;
            }
            let here = stack.last().copied().unwrap_or(way);
            self.charge(here, *slot, 1);
            at = (here, *slot);
            match invocation.step(*slot) {
                Step::Syscall => found.extend(calls.next().map(|call| (call, here, *slot))),
                Step::Hash => self.charge(here, *slot, hashes.next().unwrap_or(0)),
                Step::Call => {
                    let inner = self.way(Some(here), *slot, invocation.program);
                    stack.push(inner);
                }
                Step::Exit if stack.len() > 1 => {
                    stack.pop();
                }
                Step::Exit | Step::Other => {}
            }
        }
        // Whatever could not be told apart counts at the end, so that nothing is lost.
        found.extend(calls.map(|call| (call, at.0, at.1)));
        found
    }

    /// A transaction has ended, and cost so much: what was not traced are programs of the runtime.
    pub fn settle(&mut self, units: u64) {
        self.elsewhere += units.saturating_sub(self.traced);
        // The instruction that there were no units for any more is traced, but not paid.
        if let Some(over) = self.traced.checked_sub(units)
            && let Some(last) = self.last.and_then(|last| self.units.get_mut(&last))
        {
            *last = last.saturating_sub(over);
        }
        self.traced = 0;
        self.last = None;
    }

    /// As an answer: units by ways, each a list of programs and slots from the outermost to the innermost.
    pub fn to_json(&self) -> Value {
        let rows: Vec<Value> = self
            .units
            .iter()
            .filter(|(_, units)| **units > 0)
            .map(|((way, slot), units)| {
                let mut path = Vec::new();
                let (mut way, mut slot) = (Some(*way), *slot);
                while let Some((before, call, program)) = way.and_then(|way| self.names.get(way)) {
                    path.push(json!([program.to_string(), slot]));
                    (way, slot) = (*before, *call);
                }
                path.reverse();
                json!({ "path": path, "units": units })
            })
            .collect();
        json!({ "rows": rows, "elsewhere": self.elsewhere })
    }
}
