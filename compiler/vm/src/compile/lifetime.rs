//! From where to where each value of a function is needed, in the order of the code.
//!
//! Each instruction, each start and each end of a block is an item; item `n` reads at point `2n` and writes at
//! point `2n + 1`. A lifetime has no holes: a value that is needed after a jump back lives to that jump. In reverse
//! post-order a definition stands before all uses, so two numbers say it all and no sets of live values are kept.
//! Start with [`Lifetimes::new`].

use super::interference::{Interference, Point};
use super::layout::Layout;
use super::select::{Edge, End, Form, Selection, Source};
use ovsm_base::index::IndexVec;
use ovsm_ir::{Function, Value};

/// The lifetime of each value, and what would be a good register for it.
#[derive(Debug)]
pub(super) struct Lifetimes {
    /// The last point at which the value is needed; its definition, if nothing needs it.
    pub(super) end: IndexVec<Value, u32>,
    /// A block parameter that becomes this value at some jump.
    pub(super) param: IndexVec<Value, Option<Value>>,
    /// The item of the last call that takes this value, and as which argument.
    pub(super) call: IndexVec<Value, Option<(u32, u16)>>,
    pub(super) interference: Interference,
}

impl Lifetimes {
    pub(super) fn new(function: &Function, layout: &Layout, selection: &Selection) -> Lifetimes {
        let count = function.values.len();
        let mut lifetimes = Lifetimes {
            end: IndexVec::from_elem(0, count),
            param: IndexVec::from_elem(None, count),
            call: IndexVec::from_elem(None, count),
            interference: Interference::new(function, layout),
        };
        let mut start = IndexVec::<Value, u32>::from_elem(0, count);
        let mut block_starts = Vec::with_capacity(selection.blocks.len());
        let mut jumps_back = Vec::new();
        let mut item = 0;
        for (place, block) in (0..).zip(&selection.blocks) {
            block_starts.push(item);
            for param in &function.blocks[block.block].params {
                start[*param] = 2 * item + 1;
                lifetimes.define(*param, Point { block: place, item });
            }
            item += 1;
            for selected in &block.body {
                for value in &selected.uses {
                    lifetimes.use_at(*value, Point { block: place, item });
                }
                if let Form::Call(_, args) = &selected.form {
                    for (n, arg) in args.iter().enumerate() {
                        if let (Some(value), Ok(n)) = (arg.value(), u16::try_from(n)) {
                            lifetimes.call[value] = Some((item, n));
                        }
                    }
                }
                for value in &selected.defs {
                    start[*value] = 2 * item + 1;
                    lifetimes.define(*value, Point { block: place, item });
                }
                item += 1;
            }
            lifetimes.end_of_block(&block.end, Point { block: place, item });
            for edge in block.end.edges() {
                let place = layout.place.get(edge.block).copied().flatten();
                if let Some(header) = place.and_then(|place| block_starts.get(place as usize)) {
                    jumps_back.push((2 * header, 2 * item + 1));
                }
            }
            item += 1;
        }
        let loops = Loops::new(jumps_back);
        for (end, start) in lifetimes.end.iter_mut().zip(start.iter()) {
            *end = loops.extend(*start, *end);
        }
        lifetimes
    }

    fn define(&mut self, value: Value, point: Point) {
        self.end[value] = 2 * point.item + 1;
        self.interference.define(value, point);
    }

    fn use_at(&mut self, value: Value, point: Point) {
        self.end[value] = 2 * point.item;
        self.interference.use_at(value, point);
    }

    fn end_of_block(&mut self, end: &End, point: Point) {
        if let End::Branch(test, ..) = end {
            for value in test.uses() {
                self.use_at(value, point);
            }
        }
        if let End::Return(values) = end {
            for value in values.iter().filter_map(|source| source.value()) {
                self.use_at(value, point);
            }
        }
        for edge in end.edges() {
            for (param, source) in &edge.moves {
                if let Source::Value(value) = source {
                    self.use_at(*value, point);
                    self.param[*value] = Some(*param);
                }
            }
        }
    }
}

impl End {
    pub(super) fn edges(&self) -> impl Iterator<Item = &Edge> {
        let (first, second) = match self {
            End::Jump(edge) => (Some(edge), None),
            End::Branch(_, then, otherwise) => (Some(then), Some(otherwise)),
            End::Return(_) | End::Fail(_) | End::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// Jumps back, as the points between which they repeat the code.
struct Loops {
    /// Where each loop starts, in order.
    starts: Vec<u32>,
    /// Level `k` has, for each loop, the last end of it and the `2^k - 1` after it.
    last_end: Vec<Vec<u32>>,
}

impl Loops {
    /// `jumps` are pairs of the point that is jumped to and the point after the jump.
    fn new(mut jumps: Vec<(u32, u32)>) -> Loops {
        jumps.sort_unstable();
        let mut loops: Vec<(u32, u32)> = Vec::new();
        for (start, end) in jumps {
            match loops.last_mut() {
                // The ends of one start are in order too.
                Some(last) if last.0 == start => last.1 = end,
                _ => loops.push((start, end)),
            }
        }
        // A loop that starts in another lasts as long as that one, at least: close the ends over this, from the
        // last start to the first. `inner` is a stack of the closed loops that no other contains so far.
        let mut inner: Vec<(u32, u32)> = Vec::new();
        for (start, end) in loops.iter_mut().rev() {
            while let Some((_, inner_end)) = inner.pop_if(|(inner_start, _)| *inner_start <= *end) {
                *end = (*end).max(inner_end);
            }
            inner.push((*start, *end));
        }
        let mut last_end: Vec<Vec<u32>> = vec![loops.iter().map(|(_, end)| *end).collect()];
        let mut width = 1;
        while width < loops.len() {
            let level = last_end.last().map_or(&[][..], Vec::as_slice);
            let next = level.iter().zip(level.iter().skip(width)).map(|(a, b)| *a.max(b)).collect();
            last_end.push(next);
            width *= 2;
        }
        Loops { starts: loops.into_iter().map(|(start, _)| start).collect(), last_end }
    }

    /// The end of a lifetime, given its first point and its last use: a loop that starts between the two needs the
    /// value again in its next round.
    fn extend(&self, start: u32, end: u32) -> u32 {
        let first = self.starts.partition_point(|header| *header <= start);
        let after = self.starts.partition_point(|header| *header <= end);
        let Some(level) = after.checked_sub(first).and_then(usize::checked_ilog2) else { return end };
        let ends = self.last_end.get(level as usize).map_or(&[][..], Vec::as_slice);
        let left = ends.get(first).copied().unwrap_or(0);
        let right = after.checked_sub(1 << level).and_then(|n| ends.get(n)).copied().unwrap_or(0);
        end.max(left).max(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_in_a_loop_extends_to_its_end() {
        let loops = Loops::new(vec![(10, 21), (40, 51)]);
        assert_eq!(loops.extend(1, 5), 5);
        assert_eq!(loops.extend(1, 12), 21);
        assert_eq!(loops.extend(11, 12), 12);
        assert_eq!(loops.extend(1, 30), 30);
        assert_eq!(loops.extend(1, 44), 51);
        assert_eq!(loops.extend(1, 60), 60);
    }

    #[test]
    fn loops_that_overlap_extend_to_the_last_end() {
        // The second starts in the first and outlasts it; the third is within the second.
        let loops = Loops::new(vec![(10, 31), (20, 41), (24, 27), (10, 15)]);
        assert_eq!(loops.extend(1, 12), 41);
        assert_eq!(loops.extend(11, 22), 41);
        assert_eq!(loops.extend(21, 25), 27);
        assert_eq!(loops.extend(25, 26), 26);
    }

    #[test]
    fn many_loops_in_a_row_and_nested() {
        let row = Loops::new((0..100).map(|n| (10 * n, 10 * n + 7)).collect());
        assert_eq!(row.extend(1, 991), 997);
        assert_eq!(row.extend(1, 998), 998);
        let nested = Loops::new((0..100).map(|n| (10 * n, 5000 - 10 * n + 1)).collect());
        assert_eq!(nested.extend(991, 992), 992);
        assert_eq!(nested.extend(985, 992), 5000 - 990 + 1);
        assert_eq!(nested.extend(1, 992), 4991);
    }
}
