//! The difference between two texts, in the unified format that `patch` reads.
//!
//! The shortest edit is searched for with Myers' algorithm, up to a bound; beyond it, all lines between the first and
//! the last difference are replaced. Start with [`unified`].

use std::fmt::Write;

/// How many equal lines surround a difference.
const CONTEXT: usize = 3;

/// How many inserted and removed lines the search goes to. It needs memory for the square of it.
const MAX_EDITS: usize = 2000;

/// A line of the difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Edit {
    Keep,
    Remove,
    Insert,
}

/// The difference of two texts; empty if they are equal.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let edits = edits(&old, &new);
    let mut out = String::new();
    let (mut old_at, mut new_at, mut at) = (0, 0, 0);
    while let Some(next) = edits.get(at..).and_then(|rest| rest.iter().position(|edit| *edit != Edit::Keep)) {
        if out.is_empty() {
            let _ = write!(out, "--- a/{name}\n+++ b/{name}\n");
        }
        let skipped = next.saturating_sub(CONTEXT);
        (old_at, new_at, at) = (old_at + skipped, new_at + skipped, at + skipped);
        let hunk = edits.get(at..at + hunk_len(edits.get(at..).unwrap_or(&[]))).unwrap_or(&[]);
        let count = |other: Edit| hunk.iter().filter(|edit| **edit != other).count();
        let (removed, inserted) = (count(Edit::Insert), count(Edit::Remove));
        let _ = writeln!(out, "@@ -{} +{} @@", place(old_at, removed), place(new_at, inserted));
        for edit in hunk {
            let (sign, line) = match edit {
                Edit::Keep => (' ', old.get(old_at)),
                Edit::Remove => ('-', old.get(old_at)),
                Edit::Insert => ('+', new.get(new_at)),
            };
            old_at += usize::from(*edit != Edit::Insert);
            new_at += usize::from(*edit != Edit::Remove);
            let line = line.copied().unwrap_or("");
            out.push(sign);
            out.push_str(line);
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
        at += hunk.len();
    }
    out
}

/// Where the lines of a hunk are: the first one, from 1, and how many there are.
fn place(at: usize, count: usize) -> String {
    match count {
        0 => format!("{at},0"),
        1 => format!("{}", at + 1),
        _ => format!("{},{count}", at + 1),
    }
}

/// How many edits a hunk has that begins with the first one: until there are more equal lines than two contexts.
fn hunk_len(edits: &[Edit]) -> usize {
    let (mut end, mut kept) = (0, 0);
    for (at, edit) in edits.iter().enumerate() {
        if *edit == Edit::Keep {
            kept += 1;
            if kept > 2 * CONTEXT && end > 0 {
                break;
            }
        } else {
            kept = 0;
            end = at + 1;
        }
    }
    (end + CONTEXT).min(edits.len())
}

/// The edits that turn one sequence of lines into the other.
fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.get(start..).unwrap_or(&[]), new.get(start..).unwrap_or(&[]));
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.get(..old.len() - end).unwrap_or(&[]), new.get(..new.len() - end).unwrap_or(&[]));
    let mut edits = vec![Edit::Keep; start];
    match shortest(old, new) {
        Some(middle) => edits.extend(middle),
        None => {
            edits.extend(std::iter::repeat_n(Edit::Remove, old.len()));
            edits.extend(std::iter::repeat_n(Edit::Insert, new.len()));
        }
    }
    edits.extend(std::iter::repeat_n(Edit::Keep, end));
    edits
}

/// The shortest sequence of edits, if it is not too long.
fn shortest(old: &[&str], new: &[&str]) -> Option<Vec<Edit>> {
    // For each number of edits, how far in `old` one gets on each diagonal; diagonal `k` is stored at `k + edits`.
    let mut reached: Vec<Vec<usize>> = Vec::new();
    for count in 0..=MAX_EDITS.min(old.len() + new.len()) {
        let mut row = vec![0; 2 * count + 1];
        for index in (0..=2 * count).step_by(2) {
            let mut x = match reached.last() {
                Some(before) => step(before, index, count).0,
                None => 0,
            };
            // Diagonal `index - count` is `x - y`. Only diagonals inside of both texts can be reached.
            let Some(mut y) = (x + count).checked_sub(index) else { continue };
            while x < old.len() && y < new.len() && old.get(x) == new.get(y) {
                (x, y) = (x + 1, y + 1);
            }
            if let Some(cell) = row.get_mut(index) {
                *cell = x;
            }
            if x >= old.len() && y >= new.len() {
                reached.push(row);
                return Some(backtrack(&reached, old.len(), new.len()));
            }
        }
        reached.push(row);
    }
    None
}

/// The step to a diagonal from the row before: where it leads to, and whether it inserts a line.
fn step(before: &[usize], index: usize, count: usize) -> (usize, bool) {
    // The diagonal below is at `index - 2` in the row before, the one above at `index`.
    let below = index.checked_sub(2).and_then(|below| before.get(below)).copied();
    let above = before.get(index).copied();
    match (below, above) {
        _ if index == 0 => (above.unwrap_or(0), true),
        _ if index == 2 * count => (below.unwrap_or(0) + 1, false),
        (Some(below), Some(above)) if below < above => (above, true),
        (below, _) => (below.unwrap_or(0) + 1, false),
    }
}

/// Reads the edits off the rows, from the end.
fn backtrack(reached: &[Vec<usize>], mut x: usize, mut y: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (count, before) in
        reached.iter().enumerate().skip(1).rev().map(|(count, _)| (count, reached.get(count - 1)))
    {
        let (Some(before), Some(index)) = (before, (x + count).checked_sub(y)) else { break };
        let (start, inserts) = step(before, index, count);
        while x > start {
            edits.push(Edit::Keep);
            (x, y) = (x - 1, y.saturating_sub(1));
        }
        edits.push(if inserts { Edit::Insert } else { Edit::Remove });
        if inserts {
            y = y.saturating_sub(1);
        } else {
            x = x.saturating_sub(1);
        }
    }
    edits.extend(std::iter::repeat_n(Edit::Keep, x.min(y)));
    edits.reverse();
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a difference makes of a text.
    fn apply(old: &str, new: &str) -> (String, usize) {
        let old: Vec<&str> = old.split_inclusive('\n').collect();
        let new: Vec<&str> = new.split_inclusive('\n').collect();
        let (mut old_at, mut new_at, mut changes) = (0, 0, 0);
        let mut out = String::new();
        for edit in edits(&old, &new) {
            match edit {
                Edit::Keep => assert_eq!(old[old_at], new[new_at]),
                _ => changes += 1,
            }
            if edit != Edit::Remove {
                out.push_str(new[new_at]);
                new_at += 1;
            }
            old_at += usize::from(edit != Edit::Insert);
        }
        assert_eq!(old_at, old.len());
        (out, changes)
    }

    #[test]
    fn edits_are_right_and_few() {
        for (old, new, changes) in [
            ("", "", 0),
            ("", "a\n", 1),
            ("a\n", "", 1),
            ("a\nb\nc\n", "a\nx\nc\n", 2),
            ("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", 5),
            ("x\na\nb\ny\n", "x\nb\na\ny\n", 2),
            ("a\nb\nc\nd\ne\n", "b\nc\ne\nf\ng\n", 4),
            ("a\n", "a", 2),
        ] {
            assert_eq!(apply(old, new), (new.to_string(), changes), "{old:?} {new:?}");
        }
    }

    #[test]
    fn many_edits_are_one_replacement() {
        let old: String = (0..3000).map(|n| format!("{n}\n")).collect();
        let new: String = (0..3000).map(|n| format!("new {n}\n")).collect();
        assert_eq!(apply(&old, &new), (new, 6000));
    }

    #[test]
    fn hunks_have_context() {
        let old: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let new = old.replace("5\n", "five\n").replace("\n18\n", "\n18\n18a\n");
        let expected = "--- a/x\n+++ b/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                        @@ -12,9 +12,10 @@\n 12\n 13\n 14\n-15\n+1five\n 16\n 17\n 18\n+18a\n 19\n 20\n";
        assert_eq!(unified("x", &old, &new), expected);
        assert_eq!(unified("x", "a\n", "a\n"), "");
        assert_eq!(
            unified("x", "a", "a\n"),
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"
        );
        assert_eq!(unified("x", "", "a\n"), "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
    }
}
