//! The flow of one function of the final text: blocks, and loops inside loops.
//!
//! Start with [`Flow::new`]. The order of [`Part`]s is such that, apart from jumps back to the head of a loop, a jump
//! goes to what comes later.

use crate::isa::{Operation, Slot, Version};
use std::collections::BTreeMap;

/// A block: slots of the text, and where it goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Block {
    /// First slot.
    pub(super) start: usize,
    /// One after the last slot.
    pub(super) end: usize,
    /// Blocks that may follow: the one jumped to first.
    pub(super) targets: Vec<usize>,
}

/// A step through a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// A block.
    Block(usize),
    /// A loop: its head, and what follows the head inside.
    Loop(usize, Vec<Part>),
    /// Blocks that jump around among each other and can be entered at several.
    Tangle(Vec<usize>),
}

/// The flow of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Flow {
    /// The blocks in the order of the text; the function begins with the first.
    pub(super) blocks: Vec<Block>,
    /// What is executed, in order.
    pub(super) parts: Vec<Part>,
}

impl Flow {
    /// Finds the flow of the slots `first..end`. `is_final` says at which slots it ends although they do not say so.
    pub(super) fn new(
        text: &[Slot],
        (first, end): (usize, usize),
        version: Version,
        is_final: &dyn Fn(usize) -> bool,
    ) -> Flow {
        let blocks = blocks(text, (first, end), version, is_final);
        let all: Vec<usize> = (0..blocks.len()).collect();
        let parts = if blocks.is_empty() { Vec::new() } else { order(&blocks, &all, 0, None) };
        Flow { blocks, parts }
    }

    /// A tangle that is entered at one of its blocks only is a loop.
    pub(super) fn untangle(&self, members: &[usize], head: usize) -> Part {
        Part::Loop(head, order(&self.blocks, members, head, Some(head)))
    }
}

/// The slot that the jump at `at` goes to.
pub(super) fn target(at: usize, slot: &Slot) -> Option<usize> {
    usize::try_from(at as i64 + 1 + i64::from(slot.off)).ok()
}

fn blocks(
    text: &[Slot],
    (first, end): (usize, usize),
    version: Version,
    is_final: &dyn Fn(usize) -> bool,
) -> Vec<Block> {
    // Slots where a block begins, and after which slots one ends.
    let mut starts: BTreeMap<usize, ()> = BTreeMap::from([(first, ())]);
    let mut ends: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut at = first;
    while at < end {
        let Some(slot) = text.get(at) else { break };
        let operation = Operation::of(slot.opcode, version);
        let next = at + if operation == Some(Operation::Lddw) { 2 } else { 1 };
        let to = target(at, slot).filter(|to| (first..end).contains(to));
        let follow = match operation {
            Some(Operation::Ja) => Some(to.into_iter().collect()),
            Some(Operation::Jump(..)) => Some(to.into_iter().chain([next]).collect()),
            Some(Operation::Exit) => Some(Vec::new()),
            _ if is_final(at) => Some(Vec::new()),
            _ => None,
        };
        if let Some(follow) = follow {
            let follow: Vec<usize> = follow;
            starts.extend(follow.iter().map(|start| (*start, ())));
            starts.insert(next, ());
            ends.insert(next, follow);
        }
        at = next;
    }
    let starts: Vec<usize> = starts.into_keys().filter(|start| (first..end).contains(start)).collect();
    let number = |start: &usize| starts.binary_search(start).ok();
    starts
        .iter()
        .enumerate()
        .map(|(place, start)| {
            let block_end = starts.get(place + 1).copied().unwrap_or(end);
            let targets = match ends.get(&block_end) {
                Some(follow) => follow.iter().filter_map(number).collect(),
                None => number(&block_end).into_iter().collect(),
            };
            Block { start: *start, end: block_end, targets }
        })
        .collect()
}

/// Puts the blocks of a region in order. Jumps to `head` are not followed.
fn order(blocks: &[Block], region: &[usize], entry: usize, head: Option<usize>) -> Vec<Part> {
    let inside = |block: usize| region.binary_search(&block).is_ok() && Some(block) != head;
    let next = |block: usize| -> Vec<usize> {
        let targets = blocks.get(block).map_or(&[][..], |block| &block.targets);
        targets.iter().copied().filter(|target| inside(*target)).collect()
    };
    let roots: Vec<usize> = if head.is_some() { next(entry) } else { vec![entry] };
    components(blocks.len(), &roots, &next)
        .into_iter()
        .map(|component| match component.as_slice() {
            [block] if !next(*block).contains(block) => Part::Block(*block),
            members => {
                let entered = |block: &usize| {
                    *block == entry
                        || region.iter().any(|from| {
                            let goes = blocks.get(*from).is_some_and(|from| from.targets.contains(block));
                            goes && !members.contains(from)
                        })
                };
                let heads: Vec<usize> = members.iter().copied().filter(entered).collect();
                match heads.as_slice() {
                    [head] => Part::Loop(*head, order(blocks, members, *head, Some(*head))),
                    _ => Part::Tangle(members.to_vec()),
                }
            }
        })
        .collect()
}

/// Strongly connected components that the roots reach, each before those that it leads to; members sorted.
fn components(count: usize, roots: &[usize], next: &dyn Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut number = vec![UNSEEN; count];
    let mut low = vec![UNSEEN; count];
    let mut open = vec![false; count];
    let mut pending: Vec<usize> = Vec::new();
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut counter = 0;
    for root in roots {
        if number.get(*root) != Some(&UNSEEN) {
            continue;
        }
        let mut stack: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut enter = Some(*root);
        loop {
            if let Some(block) = enter.take() {
                set(&mut number, block, counter);
                set(&mut low, block, counter);
                set(&mut open, block, true);
                counter += 1;
                pending.push(block);
                stack.push((block, next(block)));
            }
            let Some((block, successors)) = stack.last_mut() else { break };
            let block = *block;
            match successors.pop() {
                Some(to) if number.get(to) == Some(&UNSEEN) => enter = Some(to),
                Some(to) => {
                    if open.get(to) == Some(&true) {
                        let least = low.get(block).copied().min(number.get(to).copied());
                        set(&mut low, block, least.unwrap_or(UNSEEN));
                    }
                }
                None => {
                    stack.pop();
                    if let Some((parent, _)) = stack.last() {
                        let least = low.get(*parent).copied().min(low.get(block).copied());
                        set(&mut low, *parent, least.unwrap_or(UNSEEN));
                    }
                    if low.get(block) == number.get(block) {
                        let mut component = Vec::new();
                        while let Some(member) = pending.pop() {
                            set(&mut open, member, false);
                            component.push(member);
                            if member == block {
                                break;
                            }
                        }
                        component.sort_unstable();
                        found.push(component);
                    }
                }
            }
        }
    }
    found.reverse();
    found
}

fn set<T>(list: &mut [T], place: usize, value: T) {
    if let Some(slot) = list.get_mut(place) {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(targets: &[&[usize]]) -> Vec<Block> {
        targets
            .iter()
            .enumerate()
            .map(|(n, targets)| Block { start: n, end: n + 1, targets: targets.to_vec() })
            .collect()
    }

    fn parts(targets: &[&[usize]]) -> Vec<Part> {
        let blocks = graph(targets);
        let all: Vec<usize> = (0..blocks.len()).collect();
        order(&blocks, &all, 0, None)
    }

    #[test]
    fn loops_lie_inside_loops() {
        // 0 → 1 ⇄ 2 ⇄ 3, 1 → 4
        let parts = parts(&[&[1], &[2, 4], &[3, 1], &[2], &[]]);
        let inner = Part::Loop(2, vec![Part::Block(3)]);
        assert_eq!(parts, [Part::Block(0), Part::Loop(1, vec![inner]), Part::Block(4)]);
    }

    #[test]
    fn two_ways_into_a_loop_are_a_tangle() {
        assert_eq!(parts(&[&[1, 2], &[2], &[1]]), [Part::Block(0), Part::Tangle(vec![1, 2])]);
    }

    #[test]
    fn a_block_that_jumps_to_itself_is_a_loop() {
        assert_eq!(parts(&[&[0, 1], &[]]), [Part::Loop(0, vec![]), Part::Block(1)]);
    }
}
