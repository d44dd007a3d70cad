//! Moves that happen all at once, as a sequence of moves that happen one after another.
//!
//! A move waits until nothing needs its destination any more; a ring of moves that all wait is opened with one word
//! of scratch. Start with [`sequence`].

use std::collections::BTreeMap;

/// Where a word comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A frame offset.
    Place(u32),
    /// The word of scratch.
    Scratch,
    /// A constant.
    Word(u64),
}

/// Where a word goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Destination {
    /// A frame offset.
    Place(u32),
    /// The word of scratch.
    Scratch,
}

/// The moves in an order that has the same effect as all at once. Destinations must differ.
pub(super) fn sequence(moves: impl IntoIterator<Item = (u32, Origin)>) -> Vec<(Destination, Origin)> {
    let mut ordered = Vec::new();
    let mut constants = Vec::new();
    // Pending moves by destination, and how many of them read each place.
    let mut pending: BTreeMap<u32, u32> = BTreeMap::new();
    let mut readers: BTreeMap<u32, u32> = BTreeMap::new();
    for (to, from) in moves {
        match from {
            Origin::Place(from) if from == to => {}
            Origin::Place(from) => {
                pending.insert(to, from);
                *readers.entry(from).or_default() += 1;
            }
            constant => constants.push((Destination::Place(to), constant)),
        }
    }
    let mut ready: Vec<u32> = pending.keys().copied().filter(|to| !readers.contains_key(to)).collect();
    // In the order of the destinations.
    ready.reverse();
    loop {
        while let Some(to) = ready.pop() {
            let Some(from) = pending.remove(&to) else { continue };
            ordered.push((Destination::Place(to), Origin::Place(from)));
            if let Some(count) = readers.get_mut(&from) {
                *count -= 1;
                if *count == 0 {
                    ready.push(from);
                }
            }
        }
        // What is left are rings, each place of which has one reader.
        let Some((start, first_from)) = pending.pop_first() else { break };
        ordered.push((Destination::Scratch, Origin::Place(start)));
        let (mut to, mut from) = (start, first_from);
        while from != start {
            ordered.push((Destination::Place(to), Origin::Place(from)));
            to = from;
            match pending.remove(&to) {
                Some(next) => from = next,
                None => break,
            }
        }
        ordered.push((Destination::Place(to), Origin::Scratch));
    }
    ordered.extend(constants);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(moves: &[(Destination, Origin)], places: &mut [u64]) {
        let mut scratch = 0;
        for (to, from) in moves {
            let word = match from {
                Origin::Place(from) => places[*from as usize],
                Origin::Scratch => scratch,
                Origin::Word(word) => *word,
            };
            match to {
                Destination::Place(to) => places[*to as usize] = word,
                Destination::Scratch => scratch = word,
            }
        }
    }

    #[test]
    fn a_swap_takes_three_moves_and_a_chain_none_extra() {
        let swap = sequence([(0, Origin::Place(1)), (1, Origin::Place(0))]);
        assert_eq!(swap.len(), 3);
        let chain = sequence([(1, Origin::Place(0)), (2, Origin::Place(1)), (0, Origin::Word(7))]);
        assert_eq!(
            chain,
            [
                (Destination::Place(2), Origin::Place(1)),
                (Destination::Place(1), Origin::Place(0)),
                (Destination::Place(0), Origin::Word(7))
            ]
        );
        assert_eq!(sequence([(3, Origin::Place(3))]), []);
    }

    proptest! {
        #[test]
        fn a_sequence_does_what_the_moves_do_at_once(
            sources in proptest::collection::vec(proptest::option::of(0u32..12), 0..12),
        ) {
            let moves: Vec<(u32, Origin)> = sources
                .iter()
                .enumerate()
                .map(|(to, from)| (to as u32, from.map_or(Origin::Word(99), Origin::Place)))
                .collect();
            let before: Vec<u64> = (0..12).map(|n| 1000 + n).collect();
            let mut after = before.clone();
            run(&sequence(moves.iter().copied()), &mut after);
            for (to, from) in moves {
                let expected = match from {
                    Origin::Place(from) => before[from as usize],
                    Origin::Word(word) => word,
                    Origin::Scratch => 0,
                };
                prop_assert_eq!(after[to as usize], expected);
            }
        }
    }
}
