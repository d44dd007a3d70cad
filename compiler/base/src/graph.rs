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
