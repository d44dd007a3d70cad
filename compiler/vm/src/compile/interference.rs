//! Whether a value is still needed when another one is made, exactly.
//!
//! A lifetime without holes says yes too often in loops: a variable that is read after the loop is not needed
//! between its last read in a round and the jump back. This walks back from the uses instead, within a budget.
//! Start with [`Interference::is_live_after`].

use super::layout::Layout;
use ovsm_base::index::IndexVec;
use ovsm_ir::{Function, Value};
use smallvec::SmallVec;

/// Where an instruction stands: the place of its block in the layout, and its item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Point {
    pub(super) block: u32,
    pub(super) item: u32,
}

/// Definitions and uses of the values of a function.
#[derive(Debug)]
pub(super) struct Interference {
    definitions: IndexVec<Value, Point>,
    uses: IndexVec<Value, SmallVec<[Point; 2]>>,
    /// Predecessors of each block, by place in the layout.
    predecessors: Vec<SmallVec<[u32; 2]>>,
    /// The last question for which each block was visited.
    visited: Vec<u32>,
    question: u32,
    budget: usize,
}

/// Block visits that all questions about a function may take together.
const BUDGET: usize = 1 << 20;
/// Block visits that one question may take, and uses that it may look at.
const QUESTION_BUDGET: usize = 256;

impl Interference {
    pub(super) fn new(function: &Function, layout: &Layout) -> Interference {
        let place = |block| layout.place.get(block).copied().flatten();
        let all = function.predecessors();
        let predecessors = layout
            .order
            .iter()
            .map(|block| all[*block].iter().filter_map(|predecessor| place(*predecessor)).collect())
            .collect();
        let count = function.values.len();
        Interference {
            definitions: IndexVec::from_elem(Point { block: 0, item: 0 }, count),
            uses: IndexVec::from_elem(SmallVec::new(), count),
            predecessors,
            visited: vec![0; layout.order.len()],
            question: 0,
            budget: BUDGET,
        }
    }

    pub(super) fn define(&mut self, value: Value, point: Point) {
        self.definitions[value] = point;
    }

    pub(super) fn use_at(&mut self, value: Value, point: Point) {
        self.uses[value].push(point);
    }

    pub(super) fn definition(&self, value: Value) -> Point {
        self.definitions[value]
    }

    /// True if something may read `value` after `point`. What is written at `point` may still replace it if not.
    /// When the budget is spent, the answer is yes.
    pub(super) fn is_live_after(&mut self, value: Value, point: Point) -> bool {
        let home = self.definitions[value].block;
        let uses = &self.uses[value];
        if uses.len() > QUESTION_BUDGET {
            return true;
        }
        self.question += 1;
        let mut pending: SmallVec<[u32; 16]> = SmallVec::new();
        for usage in uses {
            if usage.block == point.block && usage.item > point.item {
                return true;
            }
            if usage.block != home {
                pending.push(usage.block);
            }
        }
        // The value is needed at the start of each pending block.
        let mut visits = 0;
        while let Some(block) = pending.pop() {
            match self.visited.get_mut(block as usize) {
                Some(visited) if *visited != self.question => *visited = self.question,
                _ => continue,
            }
            visits += 1;
            if visits > QUESTION_BUDGET.min(self.budget) {
                return true;
            }
            for predecessor in self.predecessors.get(block as usize).into_iter().flatten() {
                if *predecessor == point.block {
                    return true;
                }
                if *predecessor != home {
                    pending.push(*predecessor);
                }
            }
        }
        self.budget -= visits;
        false
    }
}
