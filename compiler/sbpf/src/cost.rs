//! Costs of the final text: units and bytes of each slot, and for each function the most that one call can cost.
//!
//! Everything is found in the machine code as it is written to the file, after all optimisation; nothing here changes
//! it. Units are those of Solana's machine: one for each instruction, and what syscalls charge. Start with
//! [`function_bound`] and [`instruction_bound`].

mod flow;
mod state;
mod syscall;
mod walk;

use crate::isa;
use crate::program::Program;
use ovsm_base::syscall::Syscall;
use walk::Walker;

/// Why there is no bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Nothing says how often a loop runs, or it runs so often that no transaction has the units.
    Loop,
    /// A function calls itself, and nothing says how often.
    Recursion,
    /// A syscall charges for a length that is not known.
    Length(Syscall),
    /// Another program is called, and nothing is known about it.
    OtherProgram,
    /// There is too much code to find out.
    TooLong,
    /// A call whose target is not written out.
    Indirect,
}

/// That there is no bound, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unbounded {
    /// The slot that is the reason.
    pub at: usize,
    /// The reason.
    pub reason: Reason,
}

/// The most that one call can cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    /// Units.
    pub units: u64,
    /// Units of each slot of the text on the most expensive way.
    pub by_slot: Vec<u64>,
    /// The first call of another program, whose units are not among these.
    pub program_call: Option<usize>,
    /// The searches for addresses on the most expensive way, if there are any.
    pub searches: Option<Searches>,
}

/// Searches for addresses: each tries up to 255 bumps, and a bound counts them all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Searches {
    /// How many there are.
    pub count: u64,
    /// The most that one call costs if each search ends with its first try, as about half of all searches do.
    pub units_at_once: u64,
    /// The first of them.
    pub at: usize,
}

/// The bound of a function of the program by its number; the entry has number 0.
///
/// # Errors
/// If there is no bound.
pub fn function_bound(program: &Program, function: usize) -> Result<Bound, Unbounded> {
    bound(program, function, None)
}

/// The bound of a run whose instruction data begins with the `size` bytes of a number, 1 or 8.
///
/// # Errors
/// If there is no bound.
pub fn instruction_bound(program: &Program, number: u64, size: u32) -> Result<Bound, Unbounded> {
    bound(program, 0, Some((number, size)))
}

fn bound(program: &Program, function: usize, data: Option<(u64, u32)>) -> Result<Bound, Unbounded> {
    let mut walker = Walker::new(program);
    let outcome = walker.function(function, data)?;
    let by_slot = walker.counts(&outcome);
    let charge = 1 + syscall::TRY * syscall::MAX_TRIES;
    let counts: Vec<(usize, u64)> = walker
        .searches()
        .map(|at| (at, by_slot.get(at).copied().unwrap_or(0) / charge))
        .filter(|(_, count)| *count > 0)
        .collect();
    let searches = match counts.first() {
        Some((at, _)) => {
            let count = counts.iter().map(|(_, count)| count).sum();
            let at_once = Walker::new(program).finding_at_once().function(function, data)?;
            Some(Searches { count, units_at_once: at_once.units, at: *at })
        }
        None => None,
    };
    // Nobody meets several searches that all try everything: then the bound with one try each has to say something.
    if searches.map_or(outcome.units, |searches| searches.units_at_once) > walk::MAX_UNITS {
        let at = program.functions.get(function).map_or(0, |function| function.first_pc);
        return Err(Unbounded { at, reason: Reason::TooLong });
    }
    Ok(Bound { units: outcome.units, by_slot, program_call: outcome.program_call, searches })
}

/// What each slot costs when it is executed once. Where a syscall charges for a length that the instructions before it
/// do not tell, the least is taken, and so it is where an address is searched. The second slot of a long constant costs nothing.
pub fn slot_units(program: &Program) -> Vec<u64> {
    let mut units = vec![1; program.text.len()];
    let mut at = 0;
    while let Some(slot) = program.text.get(at) {
        let is_long = slot.opcode == isa::LDDW;
        if is_long && let Some(second) = units.get_mut(at + 1) {
            *second = 0;
        }
        at += if is_long { 2 } else { 1 };
    }
    for (at, charge) in Walker::new(program).charges() {
        if let Some(slot) = units.get_mut(at) {
            *slot += charge;
        }
    }
    units
}
