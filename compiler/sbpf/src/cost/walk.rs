//! The most expensive way through a function: its flow is walked with what is known about registers and memory.
//!
//! Where ways meet, the larger count of units is kept, and all values that either way allows. A loop is walked again and
//! again until its test, decided by what is known, ends it; a loop whose test is not decided has no bound. A call is walked
//! with what is known about its arguments. So the count is never too small, and exact where nothing depends on the input.
//!
//! Start with [`Walker::function`].

use super::flow::{Block, Flow, Part};
use super::state::{Known, Start, State, alu, narrow_alu, refine};
use super::syscall;
use super::{Reason, Unbounded};
use crate::isa::{self, Operation, Slot};
use crate::program::Program;
use ovsm_base::syscall::Syscall;
use std::collections::BTreeMap;

/// A transaction gets no more units than this, so that a larger bound says nothing.
pub(super) const MAX_UNITS: u64 = 1_400_000;
/// So many instructions are walked for one answer.
const MAX_STEPS: u64 = 2_000_000;
/// A loop is given up after so many rounds in a row without a test that came out.
const MAX_UNDECIDED: u32 = 300;
/// Calls are nested no deeper by the machine.
const MAX_DEPTH: usize = 64;

/// A piece of a way, and what was before it.
#[derive(Clone, Copy, Debug)]
struct Node {
    before: Option<usize>,
    piece: Piece,
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    /// These slots were executed.
    Slots(usize, usize),
    /// The call at this slot charged units.
    Charge(usize, u64),
    /// A function was called, whose way ends there.
    Callee(usize),
}

/// How a block, or the end of a function, is reached.
#[derive(Clone, PartialEq, Debug)]
struct Arrival {
    state: State,
    units: u64,
    path: Option<usize>,
    /// A call of another program on some way to here.
    program_call: Option<usize>,
}

impl Arrival {
    fn join(&mut self, other: Arrival) {
        self.state.join(&other.state);
        if other.units > self.units {
            self.units = other.units;
            self.path = other.path;
        }
        self.program_call = self.program_call.or(other.program_call);
    }
}

fn arrive(here: &mut Option<Arrival>, arrival: Arrival) {
    match here {
        Some(here) => here.join(arrival),
        None => *here = Some(arrival),
    }
}

/// What a call costs at most.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// Units, without those of other programs.
    pub(super) units: u64,
    /// The way, for [`Walker::counts`].
    path: Option<usize>,
    /// The call of another program.
    pub(super) program_call: Option<usize>,
    /// What is known on return.
    state: State,
}

type Key = (usize, [Option<Known>; 10]);

/// Walks through the functions of a program.
pub(super) struct Walker<'a> {
    program: &'a Program,
    flows: Vec<Flow>,
    function_at: BTreeMap<usize, usize>,
    syscalls: BTreeMap<usize, Syscall>,
    known: BTreeMap<Key, Result<Outcome, Unbounded>>,
    active: Vec<Key>,
    nodes: Vec<Node>,
    steps: u64,
    /// Tests whose sides are both known to some extent.
    compared: u64,
    /// Tests that came out.
    decided: u64,
    /// Functions are not walked, and unknown lengths are taken as 0.
    is_shallow: bool,
    /// Every search for an address ends with its first try.
    finds_at_once: bool,
}

/// A walk through one function.
#[derive(Default)]
struct Visit {
    arrivals: Vec<Option<Arrival>>,
    exits: Option<Arrival>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(program: &'a Program) -> Walker<'a> {
        let syscalls: BTreeMap<usize, Syscall> = program.syscalls.iter().copied().collect();
        let is_final = |at: usize| syscalls.get(&at).is_some_and(|syscall| syscall.diverges());
        let flows = program
            .functions
            .iter()
            .map(|function| {
                let range = (function.first_pc, function.first_pc + function.slots);
                Flow::new(&program.text, range, program.version, &is_final)
            })
            .collect();
        let function_at =
            program.functions.iter().enumerate().map(|(number, it)| (it.first_pc, number)).collect();
        Walker {
            program,
            flows,
            function_at,
            syscalls,
            known: BTreeMap::new(),
            active: Vec::new(),
            nodes: Vec::new(),
            steps: 0,
            compared: 0,
            decided: 0,
            is_shallow: false,
            finds_at_once: false,
        }
    }

    /// The same walks, as if every search for an address ended with its first try.
    pub(super) fn finding_at_once(mut self) -> Walker<'a> {
        self.finds_at_once = true;
        self
    }

    /// The searches for addresses among the slots.
    pub(super) fn searches(&self) -> impl Iterator<Item = usize> + '_ {
        self.syscalls.iter().filter(|(_, syscall)| syscall::is_search(**syscall)).map(|(at, _)| *at)
    }

    /// The most expensive way through a function; `data` is what the instruction data begins with.
    pub(super) fn function(&mut self, number: usize, data: Option<(u64, u32)>) -> Result<Outcome, Unbounded> {
        self.steps = 0;
        self.nodes.clear();
        self.known.clear();
        self.active.clear();
        let start = Start { frame_area: self.program.frame_area, data };
        let state = if number == 0 { State::at_entry(start) } else { State::default() };
        self.walk_function(number, state)
    }

    /// How often each slot is executed on the way of an outcome, and what calls charge there beside.
    pub(super) fn counts(&self, outcome: &Outcome) -> Vec<u64> {
        let mut units = vec![0u64; self.program.text.len()];
        let mut times = vec![0u64; self.nodes.len()];
        if let Some(last) = outcome.path.and_then(|path| times.get_mut(path)) {
            *last = 1;
        }
        // A node is made after those that it names, so that each is complete when it is looked at.
        for (number, node) in self.nodes.iter().enumerate().rev() {
            let count = times.get(number).copied().unwrap_or(0);
            if count == 0 {
                continue;
            }
            let add = |list: &mut Vec<u64>, place: usize, more: u64| {
                if let Some(slot) = list.get_mut(place) {
                    *slot = slot.saturating_add(more);
                }
            };
            if let Some(before) = node.before {
                add(&mut times, before, count);
            }
            match node.piece {
                Piece::Slots(start, end) => {
                    let mut at = start;
                    while at < end {
                        add(&mut units, at, count);
                        at += self.width(at);
                    }
                }
                Piece::Charge(at, charge) => add(&mut units, at, count.saturating_mul(charge)),
                Piece::Callee(last) => add(&mut times, last, count),
            }
        }
        units
    }

    /// What each syscall charges, as far as its own block tells.
    pub(super) fn charges(mut self) -> Vec<(usize, u64)> {
        self.is_shallow = true;
        self.finds_at_once = true;
        let flows = std::mem::take(&mut self.flows);
        for flow in &flows {
            for block in &flow.blocks {
                self.steps = 0;
                let mut visit = Visit::default();
                let start = Arrival { state: State::default(), units: 0, path: None, program_call: None };
                // Nothing is refused in a shallow walk but calls that the compiler never makes.
                let _ = self.straight(block, start, &mut visit);
            }
        }
        let charges = self.nodes.iter().filter_map(|node| match node.piece {
            Piece::Charge(at, units) => Some((at, units)),
            Piece::Slots(..) | Piece::Callee(_) => None,
        });
        charges.collect()
    }

    fn width(&self, at: usize) -> usize {
        if self.program.text.get(at).is_some_and(|slot| slot.opcode == isa::LDDW) { 2 } else { 1 }
    }

    fn walk_function(&mut self, number: usize, state: State) -> Result<Outcome, Unbounded> {
        let Some(flow) = self.flows.get(number).cloned() else {
            return Err(Unbounded { at: 0, reason: Reason::Indirect });
        };
        let mut visit = Visit { arrivals: vec![None; flow.blocks.len()], exits: None };
        if let Some(first) = visit.arrivals.first_mut() {
            arrive(first, Arrival { state, units: 0, path: None, program_call: None });
        }
        self.walk(&flow, &flow.parts, &mut visit)?;
        Ok(match visit.exits {
            Some(Arrival { state, units, path, program_call }) => {
                Outcome { units, path, program_call, state }
            }
            None => {
                let at = flow.blocks.first().map_or(0, |block| block.start);
                return Err(Unbounded { at, reason: Reason::Loop });
            }
        })
    }

    fn walk(&mut self, flow: &Flow, parts: &[Part], visit: &mut Visit) -> Result<(), Unbounded> {
        for part in parts {
            match part {
                Part::Block(block) => {
                    self.block(flow, *block, visit)?;
                }
                Part::Tangle(members) => {
                    let is_reached =
                        |block: &&usize| visit.arrivals.get(**block).is_some_and(Option::is_some);
                    let reached: Vec<usize> = members.iter().filter(is_reached).copied().collect();
                    match reached.as_slice() {
                        [] => {}
                        [head] => self.walk(flow, &[flow.untangle(members, *head)], visit)?,
                        [first, ..] => {
                            let at = flow.blocks.get(*first).map_or(0, |block| block.start);
                            return Err(Unbounded { at, reason: Reason::Loop });
                        }
                    }
                }
                Part::Loop(head, inner) => {
                    let place = Unbounded { at: self.loop_place(flow, *head, inner), reason: Reason::Loop };
                    let mut in_a_row = 0;
                    loop {
                        let (compared, decided) = (self.compared, self.decided);
                        let before =
                            visit.arrivals.get(*head).and_then(Option::as_ref).map(|it| it.state.clone());
                        if !self.block(flow, *head, visit)? {
                            break;
                        }
                        self.walk(flow, inner, visit)?;
                        let Some(Some(again)) = visit.arrivals.get(*head) else { continue };
                        in_a_row = if decided == self.decided { in_a_row + 1 } else { 0 };
                        let is_stuck = Some(&again.state) == before.as_ref();
                        if is_stuck || compared == self.compared || in_a_row > MAX_UNDECIDED {
                            return Err(place);
                        }
                        if self.steps > MAX_STEPS || self.worst(visit, *head) > MAX_UNITS {
                            return Err(place);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn worst(&self, visit: &Visit, block: usize) -> u64 {
        visit.arrivals.get(block).and_then(Option::as_ref).map_or(0, |arrival| arrival.units)
    }

    /// The slot that stands for a loop: of those from the form that decides whether it goes on, the first in the source.
    fn loop_place(&self, flow: &Flow, head: usize, inner: &[Part]) -> usize {
        let mut members = vec![head];
        collect(inner, &mut members);
        let blocks = || members.iter().filter_map(|block| flow.blocks.get(*block));
        let spanned = |range: std::ops::Range<usize>| {
            range.filter_map(|at| Some((at, self.program.spans.get(at).copied().flatten()?)))
        };
        let test = blocks()
            .filter(|block| block.targets.contains(&head))
            .filter_map(|block| spanned(block.start..block.end).next_back())
            .next()
            .or_else(|| blocks().find_map(|block| spanned(block.start..block.end).next()));
        let fallback = flow.blocks.get(head).map_or(0, |block| block.start);
        let Some((_, test)) = test else { return fallback };
        blocks()
            .flat_map(|block| spanned(block.start..block.end))
            .filter(|(_, span)| span.form == test.form)
            .min_by_key(|(at, span)| (span.range.start, *at))
            .map_or(fallback, |(at, _)| at)
    }

    /// Walks a block. False if it is not reached.
    fn block(&mut self, flow: &Flow, number: usize, visit: &mut Visit) -> Result<bool, Unbounded> {
        let Some(block) = flow.blocks.get(number) else { return Ok(false) };
        let Some(arrival) = visit.arrivals.get_mut(number).and_then(Option::take) else { return Ok(false) };
        self.straight(block, arrival, visit)?;
        Ok(true)
    }

    fn push(&mut self, arrival: &mut Arrival, piece: Piece) {
        self.nodes.push(Node { before: arrival.path, piece });
        arrival.path = Some(self.nodes.len() - 1);
    }

    fn straight(&mut self, block: &Block, mut arrival: Arrival, visit: &mut Visit) -> Result<(), Unbounded> {
        self.push(&mut arrival, Piece::Slots(block.start, block.end));
        let mut at = block.start;
        while at < block.end {
            let Some(slot) = self.program.text.get(at).copied() else { break };
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(Unbounded { at, reason: Reason::TooLong });
            }
            arrival.units = arrival.units.saturating_add(1);
            let state = &mut arrival.state;
            let source = |state: &State, register: bool| match register {
                true => state.known(slot.src),
                false => Some(Known::is(i64::from(slot.imm) as u64)),
            };
            match Operation::of(slot.opcode, self.program.version) {
                Some(Operation::Lddw) => {
                    let high = self.program.text.get(at + 1).map_or(0, |high| high.imm as u32);
                    let word = u64::from(slot.imm as u32) | u64::from(high) << 32;
                    state.set(slot.dst, Some(Known::is(word)));
                }
                Some(Operation::Alu64(operation, register)) => {
                    let value = alu(operation, state.known(slot.dst), source(state, register));
                    state.set(slot.dst, value);
                }
                Some(Operation::Alu32(operation, register)) => {
                    let value = narrow_alu(operation, state.known(slot.dst), source(state, register));
                    state.set(slot.dst, value);
                }
                Some(Operation::Load(width)) => {
                    let value = state.load(slot.src, slot.off, width);
                    state.set(slot.dst, value);
                }
                Some(Operation::StoreImmediate(width)) => {
                    let value = Some(Known::is(i64::from(slot.imm) as u64));
                    state.store(slot.dst, slot.off, width, value);
                }
                Some(Operation::StoreRegister(width)) => {
                    let value = state.known(slot.src);
                    state.store(slot.dst, slot.off, width, value);
                }
                Some(Operation::Swap(_)) => state.set(slot.dst, None),
                Some(Operation::Call) => {
                    if !self.call(at, &slot, &mut arrival)? {
                        arrive(&mut visit.exits, arrival);
                        return Ok(());
                    }
                }
                Some(Operation::Callx) | None => return Err(Unbounded { at, reason: Reason::Indirect }),
                Some(Operation::Exit) => {
                    arrive(&mut visit.exits, arrival);
                    return Ok(());
                }
                Some(Operation::Jump(jump, narrow, register)) => {
                    let (a, b) = (state.known(slot.dst), source(state, register));
                    let decision = match (a, b) {
                        (Some(a), Some(b)) => {
                            self.compared += 1;
                            a.decides(jump, narrow, b)
                        }
                        _ => None,
                    };
                    self.decided += u64::from(decision.is_some());
                    for (taken, to) in [true, false].into_iter().zip(&block.targets) {
                        if decision != Some(!taken)
                            && let Some(to) = visit.arrivals.get_mut(*to)
                        {
                            let mut next = arrival.clone();
                            next.state.set(slot.dst, refine(jump, narrow, a, b, taken));
                            arrive(to, next);
                        }
                    }
                    return Ok(());
                }
                Some(Operation::Ja) => break,
            }
            at += self.width(at);
        }
        match block.targets.first().and_then(|to| visit.arrivals.get_mut(*to)) {
            Some(to) => arrive(to, arrival),
            None => arrive(&mut visit.exits, arrival),
        }
        Ok(())
    }

    /// A call of the runtime or of a function. False if it never returns.
    fn call(&mut self, at: usize, slot: &Slot, arrival: &mut Arrival) -> Result<bool, Unbounded> {
        if let Some(syscall) = self.syscalls.get(&at).copied() {
            let charge = match syscall::charge(syscall, &arrival.state) {
                Ok(_) if self.finds_at_once && syscall::is_search(syscall) => syscall::TRY,
                Ok(charge) => charge,
                Err(_) if self.is_shallow => syscall::least(syscall),
                Err(reason) => return Err(Unbounded { at, reason }),
            };
            arrival.units = arrival.units.saturating_add(charge);
            self.push(arrival, Piece::Charge(at, charge));
            if syscall::calls_a_program(syscall) {
                arrival.program_call = arrival.program_call.or(Some(at));
            }
            arrival.state.set(0, None);
            if !syscall::only_reads(syscall) {
                arrival.state.forget_memory();
            }
            return Ok(!syscall.diverges());
        }
        if self.is_shallow {
            arrival.state.after_call(None);
            return Ok(true);
        }
        let target = usize::try_from(at as i64 + 1 + i64::from(slot.imm)).ok();
        let Some(number) = target.and_then(|target| self.function_at.get(&target).copied()) else {
            return Err(Unbounded { at, reason: Reason::Indirect });
        };
        let state = arrival.state.for_callee();
        let key = (number, state.registers());
        let outcome = match self.known.get(&key) {
            Some(outcome) => outcome.clone(),
            None => {
                if self.active.contains(&key) || self.active.len() >= MAX_DEPTH {
                    return Err(Unbounded { at, reason: Reason::Recursion });
                }
                self.active.push(key);
                let outcome = self.walk_function(number, state);
                self.active.pop();
                self.known.insert(key, outcome.clone());
                outcome
            }
        }?;
        arrival.units = arrival.units.saturating_add(outcome.units);
        arrival.program_call = arrival.program_call.or(outcome.program_call);
        if let Some(path) = outcome.path {
            self.push(arrival, Piece::Callee(path));
        }
        arrival.state.after_call(Some(&outcome.state));
        Ok(true)
    }
}

/// The blocks of parts.
fn collect(parts: &[Part], members: &mut Vec<usize>) {
    for part in parts {
        match part {
            Part::Block(block) => members.push(*block),
            Part::Tangle(blocks) => members.extend(blocks),
            Part::Loop(head, inner) => {
                members.push(*head);
                collect(inner, members);
            }
        }
    }
}
