//! The order of basic blocks: as few jumps as possible where the program spends its time.
//!
//! Blocks are joined into chains along the edges whose jump would cost most, the entry's chain comes first and
//! blocks that only fail come last. Before that, jumps to jumps are short-cut, lone successors merged, and small
//! blocks copied to the end of those that jump to them: an `exit` of its own costs less than a jump to one, and a
//! loop whose test is copied before it tests once per round, at its end.
//!
//! Start with [`shape`] and [`order`].

use crate::assembly::{Assembly, End, Label};
use ovsm_base::index::IndexVec;

/// Blocks of at most this many instructions are copied instead of jumped to.
const COPY_LIMIT: usize = 3;

/// The same for tests that are copied to the jumps that remain.
const TEST_COPY_LIMIT: usize = 2;

/// How much more often a loop is taken to run than what surrounds it.
const LOOP_FACTOR: u64 = 8;

/// Nesting beyond this depth counts no more.
const MAX_DEPTH: u32 = 6;

/// What may be copied to where it is jumped to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copies {
    /// Nothing.
    None,
    /// A lone `exit`, which is no longer than the jump to it.
    Exits,
    /// Small blocks.
    Blocks,
}

/// Improves the flow graph.
pub fn shape(assembly: &mut Assembly, copies: Copies) {
    clean(assembly);
    set_frequencies(assembly);
    if copies != Copies::None {
        copy_small_blocks(assembly, copies);
        clean(assembly);
    }
}

/// Short-cuts empty blocks and merges blocks with their lone successors.
pub fn clean(assembly: &mut Assembly) {
    let labels: Vec<Label> = assembly.blocks.indices().collect();
    let mut resolved: IndexVec<Label, Label> = labels.iter().copied().collect();
    for label in &labels {
        // Empty blocks in a circle are an endless loop, and stay one: the walk is bounded.
        let mut at = *label;
        for _ in 0..labels.len() {
            match assembly.blocks.get(at) {
                Some(block) if block.body.is_empty() => match block.end {
                    End::Goto(next) if next != at => at = next,
                    _ => break,
                },
                _ => break,
            }
        }
        if let Some(slot) = resolved.get_mut(*label) {
            *slot = at;
        }
    }
    for block in assembly.blocks.iter_mut() {
        block.end.map_targets(|label| resolved.get(label).copied().unwrap_or(label));
        if let End::If(_, then, otherwise) = block.end
            && then == otherwise
        {
            block.end = End::Goto(then);
        }
    }
    let predecessors = predecessor_counts(assembly);
    for label in assembly.reverse_postorder() {
        while let Some(block) = assembly.blocks.get(label) {
            let End::Goto(next) = block.end else { break };
            if next == label || next == Label(0) || predecessors.get(next) != Some(&1) {
                break;
            }
            let Some(successor) = assembly.blocks.get_mut(next) else { break };
            let body = std::mem::take(&mut successor.body);
            // The merged block is unreachable from now on; it must not lead back into the graph.
            let end = std::mem::replace(&mut successor.end, End::Trap);
            let (span, cold) = (successor.span, successor.cold);
            if let Some(block) = assembly.blocks.get_mut(label) {
                block.body.extend(body);
                block.end = end;
                block.span = span;
                block.cold |= cold;
            }
        }
    }
}

fn predecessor_counts(assembly: &Assembly) -> IndexVec<Label, u32> {
    let mut counts = IndexVec::from_elem(0, assembly.blocks.len());
    for label in assembly.reverse_postorder() {
        for target in assembly.blocks.get(label).into_iter().flat_map(|block| block.end.targets()) {
            if let Some(count) = counts.get_mut(target) {
                *count += 1;
            }
        }
    }
    counts
}

fn copy_small_blocks(assembly: &mut Assembly, copies: Copies) {
    let order = assembly.reverse_postorder();
    let mut position = IndexVec::<Label, usize>::from_elem(usize::MAX, assembly.blocks.len());
    for (n, label) in order.iter().enumerate() {
        if let Some(slot) = position.get_mut(*label) {
            *slot = n;
        }
    }
    let at = |label: Label| position.get(label).copied().unwrap_or(usize::MAX);
    let mut is_loop_header = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
    for label in &order {
        for target in assembly.blocks.get(*label).into_iter().flat_map(|block| block.end.targets()) {
            if at(target) <= at(*label)
                && let Some(flag) = is_loop_header.get_mut(target)
            {
                *flag = true;
            }
        }
    }
    for label in &order {
        let Some(End::Goto(next)) = assembly.blocks.get(*label).map(|block| block.end) else { continue };
        let Some(successor) = assembly.blocks.get(next) else { continue };
        let small = successor.body.len() <= COPY_LIMIT && !successor.cold && next != *label;
        let worth = match successor.end {
            End::Exit => true,
            // Entering a loop: test here, so that the loop can test at its end.
            End::If(_, then, otherwise) => {
                let of = |label: Label| assembly.blocks.get(label).map_or(0, |block| block.frequency);
                let leaves = |side: Label| of(side) > 0 && of(side) < successor.frequency;
                is_loop_header.get(next) == Some(&true)
                    && at(*label) < at(next)
                    && (leaves(then) || leaves(otherwise))
            }
            End::Goto(_) | End::Trap => false,
        };
        let allowed = copies == Copies::Blocks || (successor.end == End::Exit && successor.body.is_empty());
        if small && worth && allowed {
            let (body, end, span) = (successor.body.clone(), successor.end, successor.span);
            if let Some(block) = assembly.blocks.get_mut(*label) {
                block.body.extend(body);
                block.end = end;
                block.span = span;
            }
        }
    }
}

/// Sets how often each block is taken to run; 0 for cold blocks. Copying may later give loops a second entry, so
/// this comes before it.
fn set_frequencies(assembly: &mut Assembly) {
    let order = assembly.reverse_postorder();
    let mut position = IndexVec::<Label, usize>::from_elem(usize::MAX, assembly.blocks.len());
    for (n, label) in order.iter().enumerate() {
        if let Some(slot) = position.get_mut(*label) {
            *slot = n;
        }
    }
    let at = |label: Label| position.get(label).copied().unwrap_or(usize::MAX);
    let mut predecessors = IndexVec::<Label, Vec<Label>>::from_elem(Vec::new(), assembly.blocks.len());
    let mut latches: Vec<(Label, Vec<Label>)> = Vec::new();
    for label in &order {
        for target in assembly.blocks.get(*label).into_iter().flat_map(|block| block.end.targets()) {
            if let Some(list) = predecessors.get_mut(target) {
                list.push(*label);
            }
            if at(target) <= at(*label) {
                match latches.iter_mut().find(|(header, _)| *header == target) {
                    Some((_, list)) => list.push(*label),
                    None => latches.push((target, vec![*label])),
                }
            }
        }
    }
    let mut depth = IndexVec::<Label, u32>::from_elem(0, assembly.blocks.len());
    // Beyond this much work loops are no longer told apart; the code stays right.
    let mut budget = 4_000_000usize;
    for (header, sources) in latches {
        let mut members = vec![header];
        let mut inside = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
        budget = budget.saturating_sub(assembly.blocks.len());
        if budget == 0 {
            break;
        }
        if let Some(flag) = inside.get_mut(header) {
            *flag = true;
        }
        let mut stack = sources;
        while let Some(label) = stack.pop() {
            if let Some(flag) = inside.get_mut(label)
                && !*flag
                && at(label) >= at(header)
            {
                *flag = true;
                members.push(label);
                if let Some(list) = predecessors.get(label) {
                    stack.extend(list.iter().copied());
                }
            }
        }
        for label in members {
            if let Some(depth) = depth.get_mut(label) {
                *depth += 1;
            }
        }
    }
    for (block, depth) in assembly.blocks.iter_mut().zip(depth.iter()) {
        block.frequency = if block.cold { 0 } else { 16 * LOOP_FACTOR.pow((*depth).min(MAX_DEPTH)) };
    }
}

/// How many edges lead to each block, without those that go round a loop.
fn entry_counts(assembly: &Assembly, order: &[Label]) -> IndexVec<Label, u32> {
    let mut seen = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
    let mut counts = IndexVec::from_elem(0, assembly.blocks.len());
    for label in order {
        if let Some(flag) = seen.get_mut(*label) {
            *flag = true;
        }
        for target in assembly.blocks.get(*label).into_iter().flat_map(|block| block.end.targets()) {
            if let (Some(false), Some(count)) = (seen.get(target), counts.get_mut(target)) {
                *count += 1;
            }
        }
    }
    counts
}

/// The blocks in the order in which they are to stand.
pub fn order(assembly: &Assembly) -> Vec<Label> {
    let order = assembly.reverse_postorder();
    let of = |label: Label| assembly.blocks.get(label).map_or(0, |block| block.frequency);
    let entries = entry_counts(assembly, &order);
    // What a jump on the edge would cost.
    let mut edges: Vec<(u64, usize, Label, Label)> = Vec::new();
    for (n, label) in order.iter().enumerate() {
        let Some(block) = assembly.blocks.get(*label) else { continue };
        match block.end {
            End::Goto(next) => edges.push((2 * of(*label).min(of(next)).max(1), n, *label, next)),
            End::If(test, then, otherwise) => {
                let cost = of(*label).min(of(then)).min(of(otherwise)).max(1);
                // The hotter side first, and of equal ones that which nothing else can fall into; a test that can not be
                // negated falls through when it fails.
                let mut sides = [otherwise, then];
                let entries = |side: Label| entries.get(side).copied().unwrap_or(0);
                let alone = entries(then) == 1 && entries(otherwise) > 1;
                if of(then) > of(otherwise) || (of(then) == of(otherwise) && alone) {
                    sides.reverse();
                }
                for side in sides {
                    if side == otherwise || test.jump.negated().is_some() {
                        edges.push((cost, n, *label, side));
                    }
                }
            }
            End::Exit | End::Trap => {}
        }
    }
    // A stable sort: equal edges stay in the order of their blocks.
    edges.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut next = IndexVec::<Label, Option<Label>>::from_elem(None, assembly.blocks.len());
    let mut has_previous = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
    // The head of the chain that a block ends.
    let mut head: IndexVec<Label, Label> = assembly.blocks.indices().collect();
    let mut tail: IndexVec<Label, Label> = assembly.blocks.indices().collect();
    for (_, _, from, to) in edges {
        let free = next.get(from).copied().flatten().is_none() && has_previous.get(to) == Some(&false);
        let (Some(from_head), Some(to_tail)) = (head.get(from).copied(), tail.get(to).copied()) else {
            continue;
        };
        if !free || to == Label(0) || from_head == to {
            continue;
        }
        if let (Some(slot), Some(flag)) = (next.get_mut(from), has_previous.get_mut(to)) {
            *slot = Some(to);
            *flag = true;
        }
        if let Some(slot) = head.get_mut(to_tail) {
            *slot = from_head;
        }
        if let Some(slot) = tail.get_mut(from_head) {
            *slot = to_tail;
        }
    }
    let mut heads: Vec<Label> =
        order.iter().copied().filter(|label| has_previous.get(*label) == Some(&false)).collect();
    heads.sort_by_key(|label| of(*label) == 0);
    let mut result = Vec::with_capacity(order.len());
    for start in heads {
        let mut at = Some(start);
        while let Some(label) = at {
            result.push(label);
            at = next.get(label).copied().flatten();
        }
    }
    result
}

/// Copies small tests to the jumps that lead to them, now that it is known which jumps there are. A path through a copy
/// is never longer than before, and the hotter way out of it is shorter by the jump.
pub fn copy_tests(assembly: &mut Assembly, order: &mut Vec<Label>) {
    let of =
        |assembly: &Assembly, label: Label| assembly.blocks.get(label).map_or(0, |block| block.frequency);
    let following: Vec<Option<Label>> = order.iter().copied().skip(1).map(Some).chain([None]).collect();
    for (label, following) in order.iter().zip(following) {
        let Some((End::Goto(target), false)) =
            assembly.blocks.get(*label).map(|block| (block.end, block.cold))
        else {
            continue;
        };
        let Some(successor) = assembly.blocks.get(target) else { continue };
        let End::If(mut test, mut then, mut otherwise) = successor.end else { continue };
        if Some(target) == following || target == *label || successor.body.len() > TEST_COPY_LIMIT {
            continue;
        }
        // The test jumps to the first side; the other one may need a jump of its own.
        if of(assembly, otherwise) > of(assembly, then)
            && let Some(negated) = test.jump.negated()
        {
            test.jump = negated;
            std::mem::swap(&mut then, &mut otherwise);
        }
        let (body, span) = (successor.body.clone(), successor.span);
        if let Some(block) = assembly.blocks.get_mut(*label) {
            block.body.extend(body);
            block.end = End::If(test, then, otherwise);
            block.span = span;
        }
    }
    let mut reachable = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
    for label in assembly.reverse_postorder() {
        if let Some(flag) = reachable.get_mut(label) {
            *flag = true;
        }
    }
    order.retain(|label| reachable.get(*label) == Some(&true));
}

/// Drops an `exit` that stands behind a jump over it, if there is another one that the jump can lead to: the program
/// gets smaller, and no path longer. Linear in the number of blocks.
pub fn share_exits(assembly: &mut Assembly, order: &mut Vec<Label>) {
    let mut is_exit = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
    let mut entries = IndexVec::<Label, u32>::from_elem(0, assembly.blocks.len());
    for label in order.iter() {
        let Some(block) = assembly.blocks.get(*label) else { continue };
        if let Some(flag) = is_exit.get_mut(*label) {
            *flag = block.body.is_empty() && block.end == End::Exit;
        }
        for target in block.end.targets() {
            if let Some(count) = entries.get_mut(target) {
                *count += 1;
            }
        }
    }
    let exits: Vec<Label> =
        order.iter().copied().filter(|label| is_exit.get(*label) == Some(&true)).collect();
    // The first exit that is left. Where others are led to it, it has more entries than one, and stays.
    let mut first = 0;
    let mut kept: Vec<Label> = Vec::with_capacity(order.len());
    for (place, label) in order.iter().copied().enumerate() {
        let before = kept.last().copied();
        kept.push(label);
        // Nobody else may lead there.
        let (Some(before), Some(beyond), Some(true), Some(1)) =
            (before, order.get(place + 1).copied(), is_exit.get(label), entries.get(label))
        else {
            continue;
        };
        let Some(End::If(mut test, mut then, mut otherwise)) =
            assembly.blocks.get(before).map(|block| block.end)
        else {
            continue;
        };
        if (then, otherwise) != (label, beyond) && (then, otherwise) != (beyond, label) {
            continue;
        }
        let is_first = exits.get(first) == Some(&label);
        let Some(other) = exits.get(first + usize::from(is_first)).copied() else { continue };
        if otherwise == label {
            let Some(negated) = test.jump.negated() else { continue };
            test.jump = negated;
            std::mem::swap(&mut then, &mut otherwise);
        }
        if let Some(block) = assembly.blocks.get_mut(before) {
            block.end = End::If(test, other, otherwise);
        }
        if let Some(count) = entries.get_mut(other) {
            *count += 1;
        }
        first += usize::from(is_first);
        kept.pop();
    }
    *order = kept;
    merge_exits(assembly, order, &is_exit);
}

/// Leads jumps to an `exit` that nothing falls into to another one.
fn merge_exits(assembly: &mut Assembly, order: &mut Vec<Label>, is_exit: &IndexVec<Label, bool>) {
    let exits = || order.iter().copied().enumerate().filter(|(_, label)| is_exit.get(*label) == Some(&true));
    let falls = |place: usize, label: Label| {
        let before = place.checked_sub(1).and_then(|before| order.get(before));
        place == 0
            || before
                .and_then(|before| assembly.blocks.get(*before))
                .is_some_and(|block| block.end.targets().any(|target| target == label))
    };
    let fallen_into = exits().find(|(place, label)| falls(*place, *label));
    let Some((_, kept)) = fallen_into.or_else(|| exits().next()) else { return };
    let mut gone = IndexVec::<Label, bool>::from_elem(false, assembly.blocks.len());
    for (place, label) in exits() {
        if let Some(flag) = gone.get_mut(label) {
            *flag = label != kept && !falls(place, label);
        }
    }
    let is_gone = |label: Label| gone.get(label) == Some(&true);
    for block in assembly.blocks.iter_mut() {
        block.end.map_targets(|target| if is_gone(target) { kept } else { target });
    }
    order.retain(|label| !is_gone(*label));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::{Asm, AsmBlock, JumpTest, Source};
    use crate::isa::{Jump, Reg};

    fn block(instructions: usize, end: End) -> AsmBlock {
        let body = (0..instructions).map(|n| (Asm::Const(Reg(1), n as u64), None)).collect();
        AsmBlock { body, end, span: None, cold: false, frequency: 0 }
    }

    fn if_(then: u32, otherwise: u32) -> End {
        let test = JumpTest { jump: Jump::Eq, narrow: false, lhs: Reg(1), rhs: Source::Imm(0) };
        End::If(test, Label(then), Label(otherwise))
    }

    fn arranged(blocks: Vec<AsmBlock>) -> (Assembly, Vec<Label>) {
        let mut assembly = Assembly { blocks: blocks.into_iter().collect(), frame_bytes: 0 };
        shape(&mut assembly, Copies::Blocks);
        let order = order(&assembly);
        (assembly, order)
    }

    #[test]
    fn a_loop_tests_at_its_end() {
        // Too large to be copied in front, so the loop is entered by a jump to its test.
        let (_, order) = arranged(vec![
            block(1, End::Goto(Label(1))),
            block(COPY_LIMIT + 1, if_(3, 2)),
            block(1, End::Goto(Label(1))),
            block(1, End::Exit),
        ]);
        assert_eq!(order, [0, 2, 1, 3].map(Label));
    }

    #[test]
    fn a_small_test_is_copied_in_front_of_its_loop() {
        let (assembly, order) = arranged(vec![
            block(1, End::Goto(Label(1))),
            block(1, if_(3, 2)),
            block(1, End::Goto(Label(1))),
            block(COPY_LIMIT + 1, End::Exit),
        ]);
        assert_eq!(order, [0, 2, 3].map(Label));
        assert!(matches!(assembly.blocks[Label(0)].end, End::If(..)));
        assert!(matches!(assembly.blocks[Label(2)].end, End::If(..)));
    }

    #[test]
    fn failures_come_last_and_exits_are_copied() {
        let mut failure = block(1, End::Exit);
        failure.cold = true;
        let (assembly, order) = arranged(vec![
            block(1, if_(1, 2)),
            failure,
            block(1, if_(3, 4)),
            block(5, End::Goto(Label(5))),
            block(6, End::Goto(Label(5))),
            block(1, End::Exit),
        ]);
        assert_eq!(order.last(), Some(&Label(1)));
        assert!([3, 4].iter().all(|label| assembly.blocks[Label(*label)].end == End::Exit));
    }

    #[test]
    fn an_exit_is_not_repeated_for_a_jump_over_it() {
        let (mut assembly, _) = arranged(vec![
            block(1, if_(1, 2)),
            block(0, End::Exit),
            block(5, if_(2, 3)),
            block(0, End::Exit),
        ]);
        let mut order = [0, 1, 2, 3].map(Label).to_vec();
        share_exits(&mut assembly, &mut order);
        assert_eq!(order, [0, 2, 3].map(Label));
        assert_eq!(assembly.blocks[Label(0)].end, if_(3, 2));
        // A jump elsewhere is none over the exit.
        let mut order = [2, 1, 0, 3].map(Label).to_vec();
        assembly.blocks[Label(2)].end = if_(0, 3);
        share_exits(&mut assembly, &mut order);
        assert_eq!(assembly.blocks[Label(2)].end, if_(0, 3));
        // Without another one it stays.
        assembly.blocks[Label(3)].body.push((Asm::Const(Reg(1), 1), None));
        assembly.blocks[Label(0)].end = if_(1, 2);
        let mut order = [0, 1, 2, 3].map(Label).to_vec();
        share_exits(&mut assembly, &mut order);
        assert_eq!(order, [0, 1, 2, 3].map(Label));
    }

    #[test]
    fn an_exit_that_is_only_jumped_to_goes() {
        let (mut assembly, _) = arranged(vec![
            block(5, if_(2, 1)),
            block(5, if_(3, 2)),
            block(0, End::Exit),
            block(0, End::Exit),
        ]);
        let mut order = [0, 1, 2, 3].map(Label).to_vec();
        share_exits(&mut assembly, &mut order);
        assert_eq!(order, [0, 1, 2].map(Label));
        assert_eq!(assembly.blocks[Label(1)].end, if_(2, 2));
    }

    #[test]
    fn of_equal_sides_the_one_that_nothing_else_reaches_comes_first() {
        let (_, order) = arranged(vec![
            block(5, if_(2, 1)),
            block(5, End::Goto(Label(3))),
            block(5, if_(3, 1)),
            block(5, End::Exit),
        ]);
        assert_eq!(order, [0, 2, 1, 3].map(Label));
    }

    #[test]
    fn empty_circles_stay() {
        let (_, order) = arranged(vec![block(0, End::Goto(Label(1))), block(0, End::Goto(Label(0)))]);
        assert!(!order.is_empty());
    }
}
