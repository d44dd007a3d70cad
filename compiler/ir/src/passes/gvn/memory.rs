//! What loads would give, and which writes are in the way.

use crate::function::{Block, Function, Predecessors, Value};
use crate::op::{Access, Region, Width};
use crate::passes::alias::Addresses;
use crate::passes::effects::{Effects, Regions};
use ovsm_base::IntType;
use ovsm_base::index::IndexVec;

/// How many accesses to remember at one place.
const MAX_AVAILABLE: usize = 32;
/// How many instructions a value may wait for its next use behind stores to other accounts: a value that waits
/// longer takes a register from others, and loading it again costs a single instruction.
const MAX_WAIT: u32 = 24;
/// Blocks to look at per block of the function, over the whole run.
const VISITS_PER_BLOCK: usize = 24;

/// A load of `access` would give `value`, or its low bytes.
#[derive(Clone, Copy)]
pub(super) struct Available {
    pub(super) access: Access,
    pub(super) value: Value,
    /// The type to truncate the value to, if it was stored to less than a word.
    pub(super) narrowed: Option<IntType>,
    /// When it was last loaded, stored or used.
    pub(super) used: u32,
    /// True if only the distance of addresses says that no store in between was in the way.
    pub(super) survived: bool,
}

/// What each block writes.
pub(super) struct Memory {
    writes: IndexVec<Block, Regions>,
    everything: Regions,
    addresses: Addresses,
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
            addresses: Addresses::default(),
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
        predecessors: &Predecessors,
    ) -> Regions {
        if self.everything.is_empty() {
            return Regions::NONE;
        }
        self.search += 1;
        let mut written = Regions::NONE;
        let mut work: Vec<Block> = predecessors[block].to_vec();
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

    fn survives(&mut self, function: &Function, store: &Access, entry: &mut Available) -> bool {
        if !store.region.may_alias(entry.access.region) {
            return true;
        }
        entry.survived |= store.address != entry.access.address;
        self.addresses.disjoint(function, store, &entry.access)
    }

    /// A store: forgets what it may overwrite and remembers what it wrote.
    pub(super) fn store(
        &mut self,
        function: &Function,
        available: &mut Vec<Available>,
        access: &Access,
        (value, now): (Value, u32),
    ) {
        available.retain_mut(|entry| self.survives(function, access, entry));
        let narrowed = match access.width {
            Width::W1 => Some(IntType::U8),
            Width::W2 => Some(IntType::U16),
            Width::W4 => Some(IntType::U32),
            Width::W8 => None,
        };
        add(available, Available { access: *access, value, narrowed, used: now, survived: false });
    }
}

/// What a load of `access` would give.
pub(super) fn find(available: &mut [Available], access: &Access, now: u32) -> Option<Available> {
    let same = |known: &Access| {
        // The length of data is read for two purposes.
        let is_meta = |region: Region| matches!(region, Region::InputMeta | Region::Length);
        (known.address, known.offset, known.width) == (access.address, access.offset, access.width)
            && (known.region == access.region || is_meta(known.region) && is_meta(access.region))
    };
    let entry = available.iter_mut().rev().find(|entry| same(&entry.access))?;
    if entry.survived && now.saturating_sub(entry.used) > MAX_WAIT {
        return None;
    }
    entry.used = now;
    Some(*entry)
}

/// Remembers one more access, forgetting the one that has waited for longest if there are too many.
pub(super) fn add(available: &mut Vec<Available>, entry: Available) {
    if available.len() >= MAX_AVAILABLE {
        let waited = available.iter().enumerate().min_by_key(|(_, entry)| entry.used);
        if let Some((oldest, _)) = waited {
            available.remove(oldest);
        }
    }
    available.push(entry);
}
