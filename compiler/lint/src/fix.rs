//! Applying fixes to a text, and what every fix must keep.

use crate::context::File;
use crate::lint::Finding;
use ovsm_base::TextRange;
use ovsm_cst::TokenKind;

/// True if edits keep all comments, and bring in no name that means something of its own in the file.
pub(crate) fn keeps_meaning(file: &File<'_>, edits: &[(TextRange, String)]) -> bool {
    let old = edits.iter().map(|(range, _)| range.slice(file.text));
    let new = edits.iter().map(|(_, text)| text.as_str());
    if comments(old.clone()) != comments(new.clone()) {
        return false;
    }
    let symbols = |text| pieces(text, |kind| kind == TokenKind::Symbol);
    let known: Vec<&str> = old.flat_map(symbols).collect();
    let wanted: Vec<&str> = new.flat_map(symbols).collect();
    let count = |names: &[&str], name: &str| names.iter().filter(|known| **known == name).count();
    wanted.iter().all(|name| !file.bound.contains(*name) || count(&wanted, name) <= count(&known, name))
}

/// The comments of texts, sorted. A form that counts as a comment is one by its mark.
fn comments<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let is_comment = |kind| {
        use TokenKind::{BlockComment, DocComment, HashSemicolon, LineComment, UnterminatedComment};
        matches!(kind, LineComment | DocComment | BlockComment | UnterminatedComment | HashSemicolon)
    };
    let mut found: Vec<&str> = texts.flat_map(|text| pieces(text, is_comment)).collect();
    found.sort_unstable();
    found
}

/// The tokens of a text that are of some kind.
fn pieces(text: &str, is_wanted: impl Fn(TokenKind) -> bool) -> Vec<&str> {
    let mut offset = 0usize;
    let mut found = Vec::new();
    for token in ovsm_cst::tokenize(text) {
        let end = offset + token.len as usize;
        if is_wanted(token.kind) {
            found.extend(text.get(offset..end));
        }
        offset = end;
    }
    found
}

/// The text after the fixes of findings, and how many were applied. A fix that overlaps one before it is left for the
/// next round. `None` if there is nothing to change.
pub fn apply(text: &str, findings: &[Finding], risky: bool) -> Option<(String, usize)> {
    let all = vec![true; findings.len()];
    apply_some(text, findings, risky, &all)
}

/// As [`apply`], with the findings whose place in `is_wanted` is true only.
pub fn apply_some(
    text: &str,
    findings: &[Finding],
    risky: bool,
    is_wanted: &[bool],
) -> Option<(String, usize)> {
    let mut fixes: Vec<_> = findings
        .iter()
        .zip(is_wanted)
        .filter(|(_, is_wanted)| **is_wanted)
        .filter_map(|(finding, _)| finding.fix.as_ref())
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
