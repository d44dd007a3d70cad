//! What lowering must know of the whole program: which variables live in memory, and where.
//!
//! A module-level variable that only top-level code uses is an SSA value. One that a function uses as well lives in
//! the frame area at the bottom of the entry's stack frame, whose address is the same in every call. The area also
//! holds the address of the instruction data, if a function asks for it, and the account table, if any account but
//! the first is used. Arrays, and records with arrays, have fixed places: in the area if it stays small, else at the end of
//! the heap.

use crate::lower::needs::Needs;
use crate::machine::{HEAP_BASE, HEAP_SIZE, STACK_BASE};
use ovsm_base::DefId;
use ovsm_expand::Builtin;
use ovsm_expand::core::{Body, Chain, Expr};
use ovsm_infer::Type;
use std::collections::{BTreeMap, BTreeSet};

/// The frame area.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// Offset in the frame area of each variable that functions use.
    pub variables: BTreeMap<DefId, u32>,
    /// Offset of the saved address of the instruction data.
    pub instruction_data: Option<u32>,
    /// Offset of the account table and its number of entries.
    pub account_table: Option<(u32, u32)>,
    /// Size of the area in bytes.
    pub size: u32,
    /// For each function, the variables that it and its callees use; only functions that use any.
    pub needs: BTreeMap<DefId, Vec<DefId>>,
    /// The address of the places of each function's values; `None` for the top-level code.
    memory: BTreeMap<Option<DefId>, u64>,
    /// Bytes of all of these places.
    pub memory_size: u64,
    /// Functions that have such places and call themselves, directly or through others.
    pub recursive: Vec<DefId>,
}

/// The area with these places is at most so large; what does not fit goes to the heap.
const SMALL_AREA: u64 = 2048;

/// A body as the layout sees it.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The function, or `None` for top-level code.
    pub function: Option<DefId>,
    /// Its code.
    pub body: &'a Body,
    /// What it needs.
    pub needs: Needs,
}

impl Layout {
    /// The layout of a program. `global_type` gives the type of each variable.
    pub fn new<'a>(
        parts: impl Iterator<Item = Part<'a>> + Clone,
        global_type: &dyn Fn(DefId) -> Type,
    ) -> Layout {
        let mut layout = Layout::default();
        let mut used: BTreeSet<DefId> = BTreeSet::new();
        let mut direct: BTreeMap<DefId, BTreeSet<DefId>> = BTreeMap::new();
        let mut callers: BTreeMap<DefId, Vec<DefId>> = BTreeMap::new();
        let mut wants_data = false;
        let mut accounts = 0;
        for part in parts.clone() {
            accounts = accounts.max(part.needs.accounts);
            for expr in part.body.exprs.iter() {
                wants_data |= part.function.is_some() && reads_instruction_data(expr);
            }
            if let Some(function) = part.function {
                used.extend(&part.body.globals);
                if !part.body.globals.is_empty() {
                    direct.entry(function).or_default().extend(&part.body.globals);
                }
                for callee in &part.body.callees {
                    callers.entry(*callee).or_default().push(function);
                }
            }
        }
        let mut size = 0;
        if wants_data {
            layout.instruction_data = Some(size);
            size += 8;
        }
        for def in used {
            layout.variables.insert(def, size);
            let ty = global_type(def);
            size += match ty.is_by_address() {
                true => ty.size().unwrap_or(0).next_multiple_of(8),
                false => 8 * super::function::words(&ty) as u32,
            };
        }
        if accounts > 1 {
            layout.account_table = Some((size, accounts));
            size += 8 * accounts;
        }
        layout.size = size;
        layout.needs = close_over_callers(direct, &callers);
        layout.place_values(parts);
        layout
    }

    /// Gives each body the place of its values.
    fn place_values<'a>(&mut self, parts: impl Iterator<Item = Part<'a>>) {
        let mut sizes: BTreeMap<Option<DefId>, u64> = BTreeMap::new();
        let mut callees: BTreeMap<DefId, Vec<DefId>> = BTreeMap::new();
        for part in parts {
            *sizes.entry(part.function).or_default() += u64::from(part.needs.memory);
            if let Some(function) = part.function {
                callees.insert(function, part.body.callees.clone());
            }
        }
        self.memory_size = sizes.values().sum();
        let in_area = u64::from(self.size) + self.memory_size <= SMALL_AREA;
        let mut next = match in_area {
            true => STACK_BASE + u64::from(self.size.next_multiple_of(8)),
            false => HEAP_BASE + (HEAP_SIZE as u64).saturating_sub(self.memory_size),
        };
        for (function, size) in sizes {
            if size == 0 {
                continue;
            }
            self.memory.insert(function, next);
            next += size;
            if let Some(function) = function
                && calls_itself(function, &callees)
            {
                self.recursive.push(function);
            }
        }
        if in_area && self.memory_size > 0 {
            self.size = self.size.next_multiple_of(8) + self.memory_size as u32;
        }
    }

    /// How many bytes the values of each function take that are reached by their address; `None` is the top-level code.
    pub fn memory_of_functions(&self) -> Vec<(Option<DefId>, u64)> {
        let mut starts: Vec<(u64, Option<DefId>)> =
            self.memory.iter().map(|(function, start)| (*start, *function)).collect();
        starts.sort_unstable();
        // Each lies where the one before ends.
        let first = starts.first().map_or(0, |(start, _)| *start);
        let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([first + self.memory_size]);
        starts.iter().zip(ends).map(|((start, function), end)| (*function, end - start)).collect()
    }

    /// The address of the places of a function's values.
    pub(crate) fn memory_of(&self, function: Option<DefId>) -> u64 {
        self.memory.get(&function).copied().unwrap_or(0)
    }

    /// True if an address is one of the places that the compiler has given to values.
    pub(crate) fn is_own(&self, address: u64) -> bool {
        let area = STACK_BASE..STACK_BASE + u64::from(self.size);
        let values =
            HEAP_BASE + (HEAP_SIZE as u64).saturating_sub(self.memory_size)..HEAP_BASE + HEAP_SIZE as u64;
        let is_on_heap = self.memory.values().any(|start| *start >= HEAP_BASE);
        area.contains(&address) || (is_on_heap && values.contains(&address))
    }

    /// Where the part of the heap ends that is given to values while the program runs.
    pub(crate) fn heap_end(&self) -> u64 {
        let is_on_heap = self.memory.values().any(|start| *start >= HEAP_BASE);
        let taken = if is_on_heap { self.memory_size } else { 0 };
        HEAP_BASE + (HEAP_SIZE as u64).saturating_sub(taken)
    }

    /// The address of an offset of the frame area.
    pub fn address(offset: u32) -> u64 {
        STACK_BASE + u64::from(offset)
    }
}

/// True if an expression finds something by the address of the instruction data: them, or the program's key after them.
fn reads_instruction_data(expr: &Expr) -> bool {
    match expr {
        Expr::Arguments(..) | Expr::OpenAccount(..) => true,
        Expr::Builtin(builtin, _) => matches!(
            builtin,
            Builtin::InstructionDataPtr | Builtin::InstructionDataLen | Builtin::ProgramIdPtr
        ),
        Expr::Chain(chain) => match &**chain {
            Chain::Address(_, program)
            | Chain::FindAddress(_, program)
            | Chain::IsAddress { program, .. } => program.is_none(),
            Chain::ProgramKey => true,
            _ => false,
        },
        _ => false,
    }
}

/// True if a function reaches itself by calls.
fn calls_itself(function: DefId, callees: &BTreeMap<DefId, Vec<DefId>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut work: Vec<DefId> = callees.get(&function).cloned().unwrap_or_default();
    while let Some(next) = work.pop() {
        if next == function {
            return true;
        }
        if seen.insert(next) {
            work.extend(callees.get(&next).into_iter().flatten());
        }
    }
    false
}

/// Gives each function the variables of its callees, transitively.
fn close_over_callers(
    direct: BTreeMap<DefId, BTreeSet<DefId>>,
    callers: &BTreeMap<DefId, Vec<DefId>>,
) -> BTreeMap<DefId, Vec<DefId>> {
    let mut needs = direct;
    let mut work: Vec<DefId> = needs.keys().copied().collect();
    while let Some(function) = work.pop() {
        let variables = needs.get(&function).cloned().unwrap_or_default();
        for caller in callers.get(&function).into_iter().flatten() {
            let known = needs.entry(*caller).or_default();
            let before = known.len();
            known.extend(&variables);
            if known.len() != before {
                work.push(*caller);
            }
        }
    }
    needs.into_iter().map(|(function, variables)| (function, variables.into_iter().collect())).collect()
}
