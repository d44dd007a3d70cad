//! The dominator tree of a function.
//!
//! Block `a` dominates block `b` if each path from the entry to `b` goes through `a`. Computed by the iteration of
//! Cooper, Harvey and Kennedy over reverse post-order: simple, and fast on the graphs that structured source makes.

use crate::function::{Block, Function};
use ovsm_base::index::{Index, IndexVec};

/// The dominator tree of a function. Unreachable blocks are not in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dominators {
    nodes: IndexVec<Block, Node>,
    reverse_postorder: Vec<Block>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Node {
    /// The immediate dominator; the entry is its own. `None` if unreachable.
    parent: Option<Block>,
    children: Vec<Block>,
    /// When a walk over the tree enters and leaves the node: a dominates b if b's times lie within a's.
    enter: u32,
    leave: u32,
}

impl Dominators {
    /// Computes the tree. All targets must exist.
    pub fn new(function: &Function) -> Dominators {
        let reverse_postorder = function.reverse_postorder();
        let mut tree = Dominators {
            nodes: IndexVec::from_elem(Node::default(), function.blocks.len()),
            reverse_postorder,
        };
        tree.compute_parents(function);
        tree.compute_children();
        tree
    }

    /// The immediate dominator; `None` for the entry and for unreachable blocks.
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.nodes.get(block)?.parent.filter(|parent| *parent != block)
    }

    /// True if `a` dominates `b`; a reachable block dominates itself. False if either is unreachable.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        if !self.is_reachable(a) || !self.is_reachable(b) {
            return false;
        }
        let (a, b) = (&self.nodes[a], &self.nodes[b]);
        a.enter <= b.enter && b.leave <= a.leave
    }

    /// The blocks whose immediate dominator this is, in reverse post-order.
    pub fn children(&self, block: Block) -> &[Block] {
        self.nodes.get(block).map_or(&[], |node| &node.children)
    }

    /// True if the entry reaches the block.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.nodes.get(block).is_some_and(|node| node.parent.is_some())
    }

    /// The reachable blocks in reverse post-order.
    pub fn reverse_postorder(&self) -> &[Block] {
        &self.reverse_postorder
    }

    /// The reachable blocks, each before the blocks that it dominates: a walk over the tree, children in order.
    pub fn preorder(&self) -> Vec<Block> {
        let mut order = Vec::with_capacity(self.reverse_postorder.len());
        let mut stack: Vec<Block> = self.reverse_postorder.first().copied().into_iter().collect();
        while let Some(block) = stack.pop() {
            order.push(block);
            stack.extend(self.children(block).iter().rev());
        }
        order
    }

    fn compute_parents(&mut self, function: &Function) {
        let mut predecessors = function.predecessors();
        let mut numbers = IndexVec::<Block, u32>::from_elem(u32::MAX, function.blocks.len());
        for (number, block) in self.reverse_postorder.iter().enumerate() {
            numbers[*block] = number as u32;
        }
        // From the last predecessor on, the walks up from the many arms of one conditional are short.
        for list in predecessors.iter_mut() {
            list.sort_unstable_by_key(|block| std::cmp::Reverse(numbers[*block]));
        }
        let Some((entry, rest)) = self.reverse_postorder.split_first() else { return };
        self.nodes[*entry].parent = Some(*entry);
        let mut changed = true;
        while changed {
            changed = false;
            for block in rest {
                let mut parent: Option<Block> = None;
                for predecessor in &predecessors[*block] {
                    if self.nodes[*predecessor].parent.is_some() {
                        parent = Some(match parent {
                            Some(parent) => meet(&self.nodes, &numbers, parent, *predecessor),
                            None => *predecessor,
                        });
                    }
                }
                if self.nodes[*block].parent != parent {
                    self.nodes[*block].parent = parent;
                    changed = true;
                }
            }
        }
    }

    fn compute_children(&mut self) {
        for n in 0..self.reverse_postorder.len() {
            let Some(block) = self.reverse_postorder.get(n).copied() else { continue };
            if let Some(parent) = self.idom(block) {
                self.nodes[parent].children.push(block);
            }
        }
        let mut time = 0;
        let mut stack: Vec<(Block, usize)> = Vec::new();
        if let Some(entry) = self.reverse_postorder.first() {
            stack.push((*entry, 0));
        }
        while let Some((block, next)) = stack.last_mut() {
            let node = &mut self.nodes[*block];
            if *next == 0 {
                node.enter = time;
                time += 1;
            }
            match node.children.get(*next).copied() {
                Some(child) => {
                    *next += 1;
                    stack.push((child, 0));
                }
                None => {
                    node.leave = time;
                    time += 1;
                    stack.pop();
                }
            }
        }
    }
}

/// The closest block that dominates both. Walks up whichever is later in reverse post-order.
fn meet(nodes: &IndexVec<Block, Node>, numbers: &IndexVec<Block, u32>, mut a: Block, mut b: Block) -> Block {
    while a != b {
        let later = if numbers[a] > numbers[b] { &mut a } else { &mut b };
        match nodes[*later].parent {
            Some(parent) => *later = parent,
            // Only processed blocks come here, and all of those have parents.
            None => return Block::from_u32(0),
        }
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Type;
    use crate::op::{Op, Target, Terminator};
    use proptest::prelude::*;

    /// A function with the given successors (at most two each).
    fn graph(successors: &[Vec<u32>]) -> Function {
        let mut function = Function::new("f", &[], &[]);
        let condition = function.append_value(Block(0), Op::BoolConst(true), Type::Bool, None);
        for _ in 1..successors.len() {
            function.add_block();
        }
        for (n, targets) in successors.iter().enumerate() {
            function.blocks[Block(n as u32)].terminator = match targets[..] {
                [] => Terminator::Return([].into_iter().collect()),
                [target] => Terminator::Jump(Target::new(Block(target))),
                [then, otherwise, ..] => {
                    Terminator::Branch(condition, Target::new(Block(then)), Target::new(Block(otherwise)))
                }
            };
        }
        function
    }

    #[test]
    fn diamond_and_loop() {
        // 0 → 1 → {2, 3} → 4 → {1, 5}; 6 is unreachable and jumps to 5.
        let tree =
            Dominators::new(&graph(&[vec![1], vec![2, 3], vec![4], vec![4], vec![1, 5], vec![], vec![5]]));
        let parents: Vec<Option<u32>> = (0..7).map(|n| tree.idom(Block(n)).map(|block| block.0)).collect();
        assert_eq!(parents, [None, Some(0), Some(1), Some(1), Some(1), Some(4), None]);
        assert_eq!(tree.children(Block(1)).len(), 3);
        assert!(tree.dominates(Block(1), Block(5)));
        assert!(tree.dominates(Block(5), Block(5)));
        assert!(!tree.dominates(Block(2), Block(4)));
        assert!(!tree.is_reachable(Block(6)));
        assert!(!tree.dominates(Block(6), Block(6)));
        assert_eq!(tree.preorder().first(), Some(&Block(0)));
        assert_eq!(tree.preorder().len(), 6);
    }

    #[test]
    fn many_arms() {
        // Blocks 1 to n test one case each and go to the next test or to the end, n + 1.
        let n = 100_000;
        let mut successors = vec![vec![1]];
        successors.extend((1..n).map(|block| vec![n + 1, block + 1]));
        successors.extend([vec![n + 1], vec![]]);
        let tree = Dominators::new(&graph(&successors));
        assert_eq!(tree.idom(Block(n + 1)), Some(Block(1)));
        assert_eq!(tree.idom(Block(n)), Some(Block(n - 1)));
        assert!(tree.dominates(Block(1), Block(n)));
    }

    #[test]
    fn a_function_without_blocks_has_an_empty_tree() {
        let mut function = Function::new("f", &[], &[]);
        function.blocks = IndexVec::new();
        let tree = Dominators::new(&function);
        assert!(tree.reverse_postorder().is_empty() && tree.preorder().is_empty());
    }

    /// Blocks that the entry reaches without going through `without`.
    fn reached(function: &Function, without: Option<Block>) -> Vec<bool> {
        let mut seen = vec![false; function.blocks.len()];
        let mut stack = vec![Block(0)];
        while let Some(block) = stack.pop() {
            if Some(block) != without && !std::mem::replace(&mut seen[block.index()], true) {
                stack.extend(function.blocks[block].terminator.targets().map(|target| target.block));
            }
        }
        seen
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            successors in (1usize..12).prop_flat_map(|n| {
                proptest::collection::vec(proptest::collection::vec(0..n as u32, 0..3), n..=n)
            })
        ) {
            let function = graph(&successors);
            let tree = Dominators::new(&function);
            let reachable = reached(&function, None);
            for a in function.blocks.indices() {
                let without = reached(&function, Some(a));
                prop_assert_eq!(tree.is_reachable(a), reachable[a.index()]);
                for b in function.blocks.indices() {
                    let both = reachable[a.index()] && reachable[b.index()];
                    prop_assert_eq!(tree.dominates(a, b), both && !without[b.index()], "{:?} {:?}", a, b);
                }
            }
        }
    }
}
