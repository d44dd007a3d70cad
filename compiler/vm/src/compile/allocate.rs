//! Register allocation: a place in the frame for each value that something reads.
//!
//! One walk over the code in order. A value gets a place that is free now and keeps it for its lifetime; it asks
//! first for the place of the block parameter that it becomes or of the argument that it is, so most moves vanish.
//! The frame of a call starts above everything that is needed after the call, so nothing is saved.
//!
//! Places count from 0 without gaps; [`offset`] makes them frame offsets, which leave out the registers that
//! are kept for scratch. Places past those are slots. Start with [`allocate`].

use super::lifetime::Lifetimes;
use super::select::{Form, Selected, Selection};
use crate::bytecode::{REGISTERS, offset};
use ovsm_base::index::IndexVec;
use ovsm_ir::{Function, Value};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// The largest frame: window offsets have 16 bits.
const MAX_FRAME: u32 = 1 << 16;

/// Where the values of a function are.
#[derive(Debug)]
pub(super) struct Allocation {
    /// The frame offset of each value that has one.
    pub(super) offsets: IndexVec<Value, Option<u32>>,
    /// How far above the frame the callee's frame starts, for each call in the order of the code.
    pub(super) windows: Vec<u16>,
    /// Words of the frame, arguments and results of calls included.
    pub(super) frame_size: u32,
}

/// Gives each located value a place. `None` if the frame is larger than the bytecode can say.
pub(super) fn allocate(
    function: &Function,
    selection: &Selection,
    lifetimes: &mut Lifetimes,
) -> Option<Allocation> {
    let mut allocator = Allocator {
        lifetimes,
        located: &selection.located,
        places: IndexVec::from_elem(None, function.values.len()),
        planned: IndexVec::from_elem(None, function.values.len()),
        occupied: PlaceSet::default(),
        holders: BTreeMap::new(),
        expiring: BTreeSet::new(),
        windows: Vec::new(),
        frame_size: 0,
    };
    for (n, param) in function.params().iter().enumerate() {
        let place = u32::try_from(n).ok().filter(|place| offset(*place) < MAX_FRAME)?;
        allocator.frame_size = allocator.frame_size.max(offset(place) + 1);
        if selection.located[*param] {
            allocator.occupy(*param, place);
        }
    }
    let mut item: u32 = 0;
    for block in &selection.blocks {
        allocator.expire(2 * item);
        if block.block != Function::ENTRY {
            for param in &function.blocks[block.block].params {
                if selection.located[*param] {
                    allocator.place(*param, None)?;
                }
            }
        }
        item += 1;
        for selected in &block.body {
            allocator.expire(2 * item);
            allocator.define(selected)?;
            item += 1;
        }
        item += 1;
    }
    Some(Allocation {
        offsets: allocator.places.iter().map(|place| place.map(offset)).collect(),
        windows: allocator.windows,
        frame_size: allocator.frame_size,
    })
}

struct Allocator<'a> {
    lifetimes: &'a mut Lifetimes,
    located: &'a IndexVec<Value, bool>,
    places: IndexVec<Value, Option<u32>>,
    /// The place of an argument for a block parameter that has none yet.
    planned: IndexVec<Value, Option<u32>>,
    occupied: PlaceSet,
    /// The values in each occupied place.
    holders: BTreeMap<u32, SmallVec<[Value; 4]>>,
    /// The occupied places by the end of the lifetime in them.
    expiring: BTreeSet<(u32, u32)>,
    windows: Vec<u16>,
    frame_size: u32,
}

impl Allocator<'_> {
    /// Frees the places whose lifetimes end at `point` or before.
    fn expire(&mut self, point: u32) {
        while let Some((end, place)) = self.expiring.first().copied() {
            if end > point {
                break;
            }
            self.expiring.pop_first();
            self.occupied.remove(place);
            self.holders.remove(&place);
        }
    }

    fn define(&mut self, selected: &Selected) -> Option<()> {
        let window = match &selected.form {
            Form::Call(_, args) => Some(self.open_window(args.len().max(selected.defs.len()))?),
            _ => None,
        };
        for (n, value) in selected.defs.iter().enumerate() {
            if self.located[*value] {
                let result = window.map(|window| window.saturating_add(n as u32));
                self.place(*value, result)?;
            }
        }
        Some(())
    }

    /// Opens the frame of a callee that takes or gives `words`, above all that outlasts the call. Gives the place
    /// of its first word.
    fn open_window(&mut self, words: usize) -> Option<u32> {
        let words = u32::try_from(words).ok()?;
        let mut window = self.occupied.highest().map_or(0, |place| place + 1);
        // A callee's frame counts from its own first word, so it must not reach over the scratch registers here.
        if window.checked_add(words)? > REGISTERS {
            window = window.max(REGISTERS);
        }
        let end = offset(window).checked_add(offset(words))?;
        if end > MAX_FRAME {
            return None;
        }
        self.windows.push(u16::try_from(offset(window)).ok()?);
        self.frame_size = self.frame_size.max(end);
        Some(window)
    }

    /// Gives a value a place: the given one, if it is free and not far out; or one that saves a move; or the first.
    fn place(&mut self, value: Value, result: Option<u32>) -> Option<()> {
        let wishes = [self.param_place(value), self.planned[value], result, self.argument_place(value)];
        // Wishes for high places are not granted: places that creep upwards make frames large.
        let limit = 2 * self.occupied.len() + 8;
        let wish =
            wishes.into_iter().flatten().find(|place| *place < limit && self.is_free_for(*place, value));
        let place = wish.unwrap_or_else(|| self.occupied.lowest_free());
        if offset(place) >= MAX_FRAME {
            return None;
        }
        self.occupy(value, place);
        self.frame_size = self.frame_size.max(offset(place) + 1);
        Some(())
    }

    fn occupy(&mut self, value: Value, place: u32) {
        let end = self.lifetimes.end[value];
        self.places[value] = Some(place);
        self.occupied.insert(place);
        let holders = self.holders.entry(place).or_default();
        let last = holders.iter().map(|holder| self.lifetimes.end[*holder]).max();
        holders.push(value);
        if last.is_none_or(|last| last < end) {
            if let Some(last) = last {
                self.expiring.remove(&(last, place));
            }
            self.expiring.insert((end, place));
        }
        if let Some(param) = self.lifetimes.param[value] {
            self.planned[param].get_or_insert(place);
        }
    }

    /// True if the place can hold the value: nothing is in it, or only what nothing reads any more. Values there are
    /// defined before this one in the order of the code, so this one is never needed when they are made.
    fn is_free_for(&mut self, place: u32, value: Value) -> bool {
        /// Values in one place at once. Variables of loops that several branches change need some.
        const MAX_HOLDERS: usize = 4;
        let point = self.lifetimes.interference.definition(value);
        let holders = self.holders.get(&place).map_or(&[][..], SmallVec::as_slice);
        holders.len() < MAX_HOLDERS
            && holders.iter().all(|holder| !self.lifetimes.interference.is_live_after(*holder, point))
    }

    /// The place of the block parameter that the value becomes, or will become in turn.
    fn param_place(&self, value: Value) -> Option<u32> {
        /// Parameters become parameters of other blocks, in circles too.
        const MAX_CHAIN: usize = 4;
        let chain = std::iter::successors(self.lifetimes.param[value], |param| self.lifetimes.param[*param]);
        chain.take(MAX_CHAIN).find_map(|param| self.places[param].or(self.planned[param]))
    }

    /// Where the call that is the last to read the value will want it, as far as can be known now.
    fn argument_place(&self, value: Value) -> Option<u32> {
        /// Looking at more values than this costs more than a move.
        const MAX_OUTLASTING: usize = 32;
        let (call, number) = self.lifetimes.call[value]?;
        if self.lifetimes.end[value] != 2 * call {
            return None;
        }
        let mut outlasting = self.expiring.range((2 * call + 1, 0)..);
        let window = outlasting.by_ref().take(MAX_OUTLASTING).map(|(_, place)| place + 1).max().unwrap_or(0);
        if outlasting.next().is_some() {
            return None;
        }
        Some(window + u32::from(number)).filter(|place| *place < REGISTERS)
    }
}

/// A set of places, dense from 0.
#[derive(Debug, Default)]
struct PlaceSet {
    words: Vec<u64>,
    len: u32,
}

impl PlaceSet {
    fn insert(&mut self, place: u32) {
        let index = place as usize / 64;
        if self.words.len() <= index {
            self.words.resize(index + 1, 0);
        }
        if let Some(word) = self.words.get_mut(index) {
            self.len += u32::from(*word >> (place % 64) & 1 == 0);
            *word |= 1 << (place % 64);
        }
    }

    fn remove(&mut self, place: u32) {
        if let Some(word) = self.words.get_mut(place as usize / 64) {
            self.len -= u32::from(*word >> (place % 64) & 1 == 1);
            *word &= !(1 << (place % 64));
        }
    }

    fn len(&self) -> u32 {
        self.len
    }

    fn highest(&self) -> Option<u32> {
        let (index, word) = self.words.iter().enumerate().rev().find(|(_, word)| **word != 0)?;
        Some(index as u32 * 64 + word.ilog2())
    }

    fn lowest_free(&self) -> u32 {
        match self.words.iter().enumerate().find(|(_, word)| **word != u64::MAX) {
            Some((index, word)) => index as u32 * 64 + word.trailing_ones(),
            None => self.words.len() as u32 * 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_sets_find_their_ends() {
        let mut set = PlaceSet::default();
        assert_eq!((set.highest(), set.lowest_free(), set.len()), (None, 0, 0));
        for place in 0..130 {
            set.insert(place);
        }
        set.insert(129);
        assert_eq!((set.highest(), set.lowest_free(), set.len()), (Some(129), 130, 130));
        set.remove(64);
        set.remove(64);
        assert_eq!((set.highest(), set.lowest_free(), set.len()), (Some(129), 64, 129));
    }
}
