//! The order of a function's blocks in the code.
//!
//! Reverse post-order, in which the blocks of a loop stand together: of two successors, the one in the deeper loop
//! comes first. So a definition stands before all of its uses, and only jumps to the start of a loop go back.
//! Start with [`Layout::new`].

use ovsm_base::index::IndexVec;
use ovsm_ir::{Block, Function};

/// Reachable blocks in the order of the code.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) order: Vec<Block>,
    /// The place of each block in the order; `None` if it is unreachable.
    pub(super) place: IndexVec<Block, Option<u32>>,
    /// In how many loops each block is.
    pub(super) depth: IndexVec<Block, u32>,
}

/// Block visits that finding the depth of loops may take, per function. Past it depths are too low, which costs
/// speed of the code only.
const LOOP_WORK: usize = 1 << 20;

impl Layout {
    pub(super) fn new(function: &Function) -> Layout {
        let depth = loop_depths(function);
        let order = postorder(function, &depth);
        let mut place = IndexVec::from_elem(None, function.blocks.len());
        for (n, block) in order.iter().enumerate() {
            place[*block] = Some(n as u32);
        }
        Layout { order, place, depth }
    }
}

/// Reverse post-order that visits the successor in the shallower loop first, so that it stands last.
fn postorder(function: &Function, depth: &IndexVec<Block, u32>) -> Vec<Block> {
    let mut order = Vec::with_capacity(function.blocks.len());
    let mut seen = IndexVec::<Block, bool>::from_elem(false, function.blocks.len());
    let mut stack: Vec<(Block, usize)> = vec![(Function::ENTRY, 0)];
    if let Some(entry) = seen.get_mut(Function::ENTRY) {
        *entry = true;
    }
    while let Some((block, next)) = stack.last_mut() {
        let mut targets = function.blocks[*block].terminator.targets().map(|target| target.block);
        let (first, second) = (targets.next(), targets.next());
        let next_target = match (first, second) {
            (Some(first), Some(second)) => {
                let pair = if depth[first] < depth[second] { [first, second] } else { [second, first] };
                pair.get(*next).copied()
            }
            (Some(only), None) if *next == 0 => Some(only),
            _ => None,
        };
        *next += 1;
        match next_target {
            Some(target) => {
                if !seen[target] {
                    seen[target] = true;
                    stack.push((target, 0));
                }
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

/// In how many loops each block is. A loop is what reaches, without its first block, the source of a jump back.
fn loop_depths(function: &Function) -> IndexVec<Block, u32> {
    let mut depth = IndexVec::from_elem(0, function.blocks.len());
    let order = function.reverse_postorder();
    let mut place = IndexVec::from_elem(None, function.blocks.len());
    for (n, block) in order.iter().enumerate() {
        place[*block] = Some(n);
    }
    let predecessors = function.predecessors();
    let mut work = 0;
    // The last loop that counted each block, so that none counts it twice.
    let mut counted = IndexVec::from_elem(None, function.blocks.len());
    for header in &order {
        let mut pending: Vec<Block> = Vec::new();
        pending.extend(predecessors[*header].iter().filter(|from| place[**from] >= place[*header]));
        while let Some(block) = pending.pop() {
            // Blocks before the header belong to a loop with several entries.
            if counted[block] == Some(*header) || place[block] < place[*header] {
                continue;
            }
            counted[block] = Some(*header);
            depth[block] += 1;
            work += 1;
            if work > LOOP_WORK {
                return depth;
            }
            if block != *header {
                pending.extend(&predecessors[block]);
            }
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use ovsm_ir::{Op, Target, Terminator, Type};

    fn jump(function: &mut Function, from: Block, to: Block) {
        function.blocks[from].terminator = Terminator::Jump(Target::new(to));
    }

    fn branch(function: &mut Function, from: Block, then: Block, otherwise: Block) {
        let condition = function.append_value(from, Op::BoolConst(true), Type::Bool, None);
        function.blocks[from].terminator =
            Terminator::Branch(condition, Target::new(then), Target::new(otherwise));
    }

    #[test]
    fn a_loop_stands_before_its_exit() {
        // The exit is the first target of one loop and the second of the other.
        for exit_first in [false, true] {
            let mut function = Function::new("f", &[], &[]);
            let [header, exit, body, last] = [(); 4].map(|()| function.add_block());
            jump(&mut function, Function::ENTRY, header);
            let (then, otherwise) = if exit_first { (exit, body) } else { (body, exit) };
            branch(&mut function, header, then, otherwise);
            branch(&mut function, body, last, exit);
            jump(&mut function, last, header);
            function.blocks[exit].terminator = Terminator::Return(Default::default());
            let layout = Layout::new(&function);
            assert_eq!(layout.order, [Function::ENTRY, header, body, last, exit]);
            assert_eq!(layout.place[exit], Some(4));
            assert_eq!(
                [Function::ENTRY, header, body, last, exit].map(|block| layout.depth[block]),
                [0, 1, 1, 1, 0]
            );
        }
    }

    #[test]
    fn unreachable_blocks_have_no_place() {
        let mut function = Function::new("f", &[], &[]);
        let dead = function.add_block();
        jump(&mut function, dead, Function::ENTRY);
        function.blocks[Function::ENTRY].terminator = Terminator::Return(Default::default());
        let layout = Layout::new(&function);
        assert_eq!(layout.order, [Function::ENTRY]);
        assert_eq!(layout.place[dead], None);
    }
}
