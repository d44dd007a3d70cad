//! What loads would give, and which writes are in the way.

use crate::function::{Block, Function, Value};
use crate::op::{Access, Width};
use crate::passes::effects::{Effects, Regions};
use ovsm_base::IntType;
use ovsm_base::index::IndexVec;

/// How many accesses to remember at one place.
const MAX_AVAILABLE: usize = 32;
/// Blocks to look at per block of the function, over the whole run.
const VISITS_PER_BLOCK: usize = 24;

/// A load of `access` would give `value`, or its low bytes.
#[derive(Clone, Copy)]
pub(super) struct Available {
    pub(super) access: Access,
    pub(super) value: Value,
    /// The type to truncate the value to, if it was stored to less than a word.
    pub(super) narrowed: Option<IntType>,
}

/// What each block writes.
pub(super) struct Memory {
    writes: IndexVec<Block, Regions>,
    everything: Regions,
    /// The number of the search that last saw each block.
    seen: IndexVec<Block, u32>,
    search: u32,
    budget: usize,
}

impl Memory {
    pub(super) fn new(function: &Function, effects: &Effects) -> Memory {
        let mut writes = IndexVec::from_elem(Regions::NONE, function.blocks.len());
        let mut everything = Regions::NONE;
        for (block, data) in function.blocks.iter_enumerated() {
            for &inst in &data.insts {
                writes[block] = writes[block].union(effects.op(&function.insts[inst].op).writes);
            }
            everything = everything.union(writes[block]);
        }
        Memory {
            writes,
            everything,
            seen: IndexVec::from_elem(0, function.blocks.len()),
            search: 0,
            budget: VISITS_PER_BLOCK * function.blocks.len() + 64,
        }
    }

    /// The regions that may be written on a way from the end of `dominator` to the start of `block`.
    pub(super) fn written_between(
        &mut self,
        dominator: Block,
        block: Block,
        predecessors: &IndexVec<Block, Vec<Block>>,
    ) -> Regions {
        if self.everything.is_empty() {
            return Regions::NONE;
        }
        self.search += 1;
        let mut written = Regions::NONE;
        let mut work: Vec<Block> = predecessors[block].clone();
        while let Some(next) = work.pop() {
            if next == dominator || self.seen[next] == self.search {
                continue;
            }
            if self.budget == 0 {
                return self.everything;
            }
            self.budget -= 1;
            self.seen[next] = self.search;
            written = written.union(self.writes[next]);
            if written == self.everything {
                break;
            }
            work.extend(&predecessors[next]);
        }
        written
    }
}

/// What a load of `access` would give.
pub(super) fn find(available: &[Available], access: &Access) -> Option<Available> {
    available.iter().rev().find(|entry| entry.access == *access).copied()
}

/// Remembers one more access, forgetting the oldest if there are too many.
pub(super) fn add(available: &mut Vec<Available>, entry: Available) {
    if available.len() >= MAX_AVAILABLE {
        available.remove(0);
    }
    available.push(entry);
}

/// A store: forgets what it may overwrite and remembers what it wrote.
pub(super) fn store(available: &mut Vec<Available>, access: &Access, value: Value) {
    available
        .retain(|entry| !access.region.may_alias(entry.access.region) || disjoint(access, &entry.access));
    let narrowed = match access.width {
        Width::W1 => Some(IntType::U8),
        Width::W2 => Some(IntType::U16),
        Width::W4 => Some(IntType::U32),
        Width::W8 => None,
    };
    add(available, Available { access: *access, value, narrowed });
}

/// True if two accesses have the same base and do not overlap.
fn disjoint(a: &Access, b: &Access) -> bool {
    let (start_a, start_b) = (i64::from(a.offset), i64::from(b.offset));
    a.address == b.address
        && (start_a + i64::from(a.width.bytes()) <= start_b
            || start_b + i64::from(b.width.bytes()) <= start_a)
}
