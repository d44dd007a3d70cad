//! Which definitions must be inferred together: the strongly connected components of "needs the type of".
//!
//! A definition whose types are all annotated needs to be known by nobody's body, so it breaks cycles.

use ovsm_base::DefId;
use std::collections::BTreeMap;

/// The components of the graph `needs`, each sorted, those that are needed first coming first. Linear; iterative.
/// Edges to definitions without an entry are ignored.
pub fn components(needs: &BTreeMap<DefId, Vec<DefId>>) -> Vec<Vec<DefId>> {
    #[derive(Clone, Copy, Default)]
    struct Node {
        index: u32,
        low: u32,
        on_stack: bool,
    }
    let mut nodes: BTreeMap<DefId, Node> = BTreeMap::new();
    let mut next_index = 1;
    let mut stack: Vec<DefId> = Vec::new();
    let mut components = Vec::new();
    for root in needs.keys() {
        if nodes.contains_key(root) {
            continue;
        }
        let mut work: Vec<(DefId, usize)> = vec![(*root, 0)];
        nodes.insert(*root, Node { index: next_index, low: next_index, on_stack: true });
        next_index += 1;
        stack.push(*root);
        while let Some((def, edge)) = work.last_mut() {
            let def = *def;
            let target = needs.get(&def).and_then(|edges| edges.get(*edge)).copied();
            *edge += 1;
            match target {
                Some(target) if needs.contains_key(&target) => match nodes.get(&target).copied() {
                    None => {
                        nodes.insert(target, Node { index: next_index, low: next_index, on_stack: true });
                        next_index += 1;
                        stack.push(target);
                        work.push((target, 0));
                    }
                    Some(seen) if seen.on_stack => {
                        if let Some(node) = nodes.get_mut(&def) {
                            node.low = node.low.min(seen.index);
                        }
                    }
                    Some(_) => {}
                },
                Some(_) => {}
                None => {
                    work.pop();
                    let node = nodes.get(&def).copied().unwrap_or_default();
                    if let Some((parent, _)) = work.last()
                        && let Some(parent) = nodes.get_mut(parent)
                    {
                        parent.low = parent.low.min(node.low);
                    }
                    if node.low == node.index {
                        let mut component = Vec::new();
                        while let Some(member) = stack.pop() {
                            if let Some(node) = nodes.get_mut(&member) {
                                node.on_stack = false;
                            }
                            component.push(member);
                            if member == def {
                                break;
                            }
                        }
                        component.sort_unstable();
                        components.push(component);
                    }
                }
            }
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_cycles_in_dependency_order() {
        let graph: BTreeMap<DefId, Vec<DefId>> = [(1, vec![2]), (2, vec![3, 1]), (3, vec![4]), (4, vec![])]
            .into_iter()
            .map(|(def, needs): (u64, Vec<u64>)| (DefId(def), needs.into_iter().map(DefId).collect()))
            .collect();
        assert_eq!(components(&graph), [vec![DefId(4)], vec![DefId(3)], vec![DefId(1), DefId(2)]]);
    }

    #[test]
    fn survives_a_long_chain() {
        let graph = (0..200_000u64).map(|n| (DefId(n), vec![DefId(n + 1)])).collect();
        assert_eq!(components(&graph).len(), 200_000);
    }
}
