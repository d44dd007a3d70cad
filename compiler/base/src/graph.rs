//! Walks over control-flow graphs: blocks that are numbered from 0, of which block 0 is the entry, and that go on at two
//! others at most. Linear; no recursion.

use crate::index::{Index, IndexVec};

/// The blocks that the entry reaches, in reverse post-order.
pub fn reverse_postorder<B: Index>(blocks: usize, successors: impl Fn(B) -> [Option<B>; 2]) -> Vec<B> {
    let mut order = Vec::with_capacity(blocks);
    walk(blocks, successors, |block| order.push(block));
    order.reverse();
    order
}

/// For each block, whether the entry reaches it.
pub fn reachable<B: Index>(blocks: usize, successors: impl Fn(B) -> [Option<B>; 2]) -> IndexVec<B, bool> {
    walk(blocks, successors, |_| {})
}

/// Calls `leave` with each block that the entry reaches, in post-order; gives whether each block is reached.
fn walk<B: Index>(
    blocks: usize,
    successors: impl Fn(B) -> [Option<B>; 2],
    mut leave: impl FnMut(B),
) -> IndexVec<B, bool> {
    let mut seen = IndexVec::<B, bool>::from_elem(false, blocks);
    let mut stack: Vec<(B, [Option<B>; 2])> = Vec::with_capacity(32);
    let mut next = Some(B::from_u32(0));
    loop {
        if let Some(block) = next.take()
            && let Some(seen) = seen.get_mut(block)
            && !*seen
        {
            *seen = true;
            stack.push((block, successors(block)));
        }
        let Some((block, [first, second])) = stack.last_mut() else { break };
        next = first.take().or_else(|| second.take());
        if next.is_none() {
            leave(*block);
            stack.pop();
        }
    }
    seen
}

/// The predecessors of each block, in one row.
#[derive(Clone, Debug)]
pub struct PredecessorRow<B> {
    /// Where those of each block end.
    ends: IndexVec<B, u32>,
    row: Vec<B>,
}

impl<B: Index> PredecessorRow<B> {
    /// Those of all blocks among the given ones, in their order; a block that goes on at one other in two ways stands twice.
    pub fn new(blocks: usize, order: &[B], successors: impl Fn(B) -> [Option<B>; 2]) -> PredecessorRow<B> {
        let edges =
            || order.iter().flat_map(|from| successors(*from).into_iter().flatten().map(|to| (*from, to)));
        let mut ends = IndexVec::<B, u32>::from_elem(0, blocks);
        let mut count = 0;
        for (_, to) in edges() {
            if let Some(end) = ends.get_mut(to) {
                *end += 1;
                count += 1;
            }
        }
        // First where each begins; filling the row moves that to where it ends.
        let mut next = 0;
        for end in ends.iter_mut() {
            next += std::mem::replace(end, next);
        }
        let mut row = vec![B::from_u32(0); count];
        for (from, to) in edges() {
            if let Some(end) = ends.get_mut(to)
                && let Some(place) = row.get_mut(*end as usize)
            {
                *place = from;
                *end += 1;
            }
        }
        PredecessorRow { ends, row }
    }

    /// Those of a block.
    pub fn of(&self, block: B) -> &[B] {
        let end = self.ends.get(block).map_or(0, |end| *end as usize);
        let before = block.index().checked_sub(1).and_then(|before| self.ends.as_slice().get(before));
        self.row.get(before.map_or(0, |start| *start as usize)..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    crate::index_type!(
        /// A block.
        Block, "b"
    );

    fn order(edges: &[[Option<u32>; 2]]) -> Vec<u32> {
        let successors =
            |block: Block| edges.get(block.index()).map_or([None; 2], |to| to.map(|to| to.map(Block)));
        let order: Vec<Block> = reverse_postorder(edges.len(), successors);
        let reached = reachable(edges.len(), successors);
        assert_eq!(order.len(), reached.iter().filter(|reached| **reached).count());
        let predecessors = PredecessorRow::new(edges.len(), &order, successors);
        for block in (0..edges.len() as u32).map(Block) {
            let leads_here = |from: &Block| successors(*from).into_iter().flatten().filter(|to| *to == block);
            let expected: Vec<Block> =
                order.iter().flat_map(|from| leads_here(from).map(|_| *from)).collect();
            assert_eq!(predecessors.of(block), expected);
        }
        order.into_iter().map(|block| block.0).collect()
    }

    #[test]
    fn blocks_stand_after_a_predecessor() {
        // A diamond in a loop, and a block that nothing reaches.
        let edges = [
            [Some(1), None],
            [Some(2), Some(3)],
            [Some(4), None],
            [Some(4), None],
            [Some(1), Some(5)],
            [None, None],
            [Some(0), None],
        ];
        assert_eq!(order(&edges), [0, 1, 3, 2, 4, 5]);
        assert!(order(&[]).is_empty());
        assert_eq!(order(&[[Some(0), Some(0)]]), [0]);
    }
}
