//! Applying fixes to a text.

use crate::lint::Finding;

/// The text after the fixes of findings, and how many were applied. A fix that overlaps one before it is left for the
/// next round. `None` if there is nothing to change.
pub fn apply(text: &str, findings: &[Finding], risky: bool) -> Option<(String, usize)> {
    let mut fixes: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .filter(|fix| fix.is_safe || risky)
        .collect();
    fixes.sort_by_key(|fix| fix.edits.iter().map(|(range, _)| range.start).min());
    let mut edits = Vec::new();
    let mut end = 0;
    let mut applied = 0;
    for fix in fixes {
        let start = fix.edits.iter().map(|(range, _)| range.start).min().unwrap_or(0);
        if start < end || fix.edits.is_empty() {
            continue;
        }
        end = fix.edits.iter().map(|(range, _)| range.end).max().unwrap_or(end);
        edits.extend(fix.edits.iter());
        applied += 1;
    }
    if applied == 0 {
        return None;
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut result = String::with_capacity(text.len());
    let mut at = 0usize;
    for (range, new) in edits {
        result.push_str(text.get(at..range.start as usize)?);
        result.push_str(new);
        at = range.end as usize;
    }
    result.push_str(text.get(at..)?);
    Some((result, applied))
}
