//! "Did you mean …?": the nearest known name to an unknown one.

/// The candidate with the smallest edit distance to `name`, if it is near enough to be meant.
/// Ties go to the first in alphabetical order. O(candidates · length²), with long names skipped.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    // Every other name of one letter would be as near.
    if !(2..=64).contains(&length) {
        return None;
    }
    let limit = (length / 3).max(1);
    candidates
        .filter(|candidate| *candidate != name && candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance with transpositions of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (row, char_a) in a.chars().enumerate() {
        let mut current = Vec::with_capacity(b.len() + 1);
        current.push(row + 1);
        for (column, char_b) in b.iter().enumerate() {
            let at = |list: &[usize], n: usize| list.get(n).copied().unwrap_or(usize::MAX / 2);
            let substitute = at(&previous, column) + usize::from(char_a != *char_b);
            let mut best = substitute.min(at(&previous, column + 1) + 1).min(at(&current, column) + 1);
            let transposed = column > 0 && last_a == Some(*char_b) && b.get(column - 1) == Some(&char_a);
            if transposed && !before.is_empty() {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = previous;
        previous = current;
        last_a = Some(char_a);
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_name() {
        let names = ["counter", "count", "account"];
        assert_eq!(nearest("coutner", names.into_iter()), Some("counter"));
        assert_eq!(nearest("cuont", names.into_iter()), Some("count"));
        assert_eq!(nearest("zebra", names.into_iter()), None);
        assert_eq!(nearest("", names.into_iter()), None);
        assert_eq!(nearest("x", ["%", "y"].into_iter()), None);
    }
}
