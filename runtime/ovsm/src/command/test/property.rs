//! Properties: many runs with chosen values, and the search for the smallest choices that fail.
//!
//! A generator asks for numbers below a bound; a run is the sequence of its choices. Of a sequence that fails, shorter
//! ones and smaller ones are tried (as Hypothesis does), so that every generator shrinks without knowing it.

/// The choices of one run.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// What is replayed; after its end, choices are zero, or random if there is a seed.
    pub planned: Vec<u64>,
    /// What was chosen, with the bound of each.
    pub made: Vec<(u64, u64)>,
    /// The state of the generator of random numbers, while choices are random.
    pub random: Option<u64>,
    /// The values that the property was given, by name.
    pub drawn: Vec<(String, String)>,
}

/// A run makes at most so many choices; then all are zero, so that generators end.
const MAX_CHOICES: usize = 20_000;

impl Choices {
    /// Choices that are random from a seed.
    pub fn random(seed: u64) -> Choices {
        Choices { random: Some(seed | 1), ..Choices::default() }
    }

    /// Choices that are known.
    pub fn planned(planned: Vec<u64>) -> Choices {
        Choices { planned, ..Choices::default() }
    }

    /// The next choice.
    pub fn choose(&mut self, below: u64) -> u64 {
        let place = self.made.len();
        let chosen = match (self.planned.get(place), &mut self.random) {
            _ if place >= MAX_CHOICES => 0,
            (Some(planned), _) => (*planned).min(below - 1),
            (None, Some(state)) => {
                // xorshift64*: small, and the same everywhere.
                *state ^= *state >> 12;
                *state ^= *state << 25;
                *state ^= *state >> 27;
                let word = state.wrapping_mul(0x2545_f491_4f6c_dd1d);
                // Small and large values are where faults are.
                match word >> 60 {
                    0 => 0,
                    1 => below - 1,
                    _ => (word >> 8) % below,
                }
            }
            (None, None) => 0,
        };
        if place < MAX_CHOICES {
            self.made.push((chosen, below));
        }
        chosen
    }
}

/// The smallest sequence that was found to fail, and how often a smaller one was taken. `fails` runs a sequence; if it
/// fails, it gives the choices that were really made.
pub fn shrink(
    first: Vec<u64>,
    mut tries: u32,
    mut fails: impl FnMut(&[u64]) -> Option<Vec<u64>>,
) -> (Vec<u64>, u32) {
    let mut best = first;
    let mut steps = 0;
    let mut attempt = |candidate: Vec<u64>, best: &mut Vec<u64>, tries: &mut u32| -> bool {
        let is_smaller = (candidate.len(), &candidate) < (best.len(), &*best);
        if *tries == 0 || !is_smaller {
            return false;
        }
        *tries -= 1;
        match fails(&candidate) {
            Some(made) if (made.len(), &made) < (best.len(), &*best) => {
                *best = made;
                true
            }
            _ => false,
        }
    };
    // The first choices often say how much of the rest there is: of a long sequence, nothing could be left out before.
    for at in 0..best.len().min(LEADING) {
        steps += lessen(at, &mut best, &mut tries, &mut attempt);
    }
    loop {
        let before = best.clone();
        // Leave parts out, long ones first.
        for size in [32, 16, 8, 4, 3, 2, 1] {
            let mut at = 0;
            while at + size <= best.len() {
                let mut candidate = best.clone();
                candidate.drain(at..at + size);
                if attempt(candidate, &mut best, &mut tries) {
                    steps += 1;
                } else {
                    at += 1;
                }
            }
        }
        // Leave an item out together with the choice before it that counted it.
        for at in 0..best.len() {
            let (Some(value), true) = (best.get(at).copied(), at + 1 < best.len()) else { break };
            if value > 0 {
                let mut candidate = best.clone();
                if let Some(slot) = candidate.get_mut(at) {
                    *slot -= 1;
                }
                candidate.remove(at + 1);
                if attempt(candidate, &mut best, &mut tries) {
                    steps += 1;
                }
            }
        }
        // Make each choice as small as it can be: by halving the distance to zero.
        for at in 0..best.len() {
            steps += lessen(at, &mut best, &mut tries, &mut attempt);
        }
        if best == before || tries == 0 {
            return (best, steps);
        }
    }
}

/// How many choices are made smaller before anything is left out.
const LEADING: usize = 4;

/// Makes one choice as small as it can be, by halving the distance to zero; how often that worked.
fn lessen(
    at: usize,
    best: &mut Vec<u64>,
    tries: &mut u32,
    attempt: &mut impl FnMut(Vec<u64>, &mut Vec<u64>, &mut u32) -> bool,
) -> u32 {
    let (mut low, mut steps) = (0, 0);
    while let Some(value) = best.get(at).copied().filter(|value| *value > low && *tries > 0) {
        let middle = low + (value - low) / 2;
        let mut candidate = best.clone();
        if let Some(slot) = candidate.get_mut(at) {
            *slot = middle;
        }
        if attempt(candidate, best, tries) {
            steps += 1;
        } else {
            low = middle + 1;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_sequence_becomes_the_smallest() {
        // Fails if any choice is at least 37.
        let fails = |choices: &[u64]| choices.iter().any(|choice| *choice >= 37).then(|| choices.to_vec());
        let (best, steps) = shrink(vec![3, 99, 12, 41, 1000, 2], 10_000, fails);
        assert_eq!(best, [37]);
        assert!(steps > 0);
    }

    #[test]
    fn equal_seeds_choose_the_same() {
        let take = |seed| {
            let mut choices = Choices::random(seed);
            (0..20).map(|_| choices.choose(100)).collect::<Vec<_>>()
        };
        assert_eq!(take(5), take(5));
        assert_ne!(take(5), take(9));
        assert!(take(5).iter().all(|choice| *choice < 100));
    }

    #[test]
    fn planned_choices_are_clipped_and_end_in_zeros() {
        let mut choices = Choices::planned(vec![7, 500]);
        assert_eq!([choices.choose(10), choices.choose(10), choices.choose(10)], [7, 9, 0]);
    }
}
