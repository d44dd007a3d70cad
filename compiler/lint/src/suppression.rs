//! Comments that silence lints: `;; lint: allow some-lint, another` before a form, or at the head of a file, with a blank
//! line after it, for all of the file.

use crate::context::File;
use crate::run::lint_name;
use ovsm_base::TextRange;
use ovsm_cst::{Node, TokenKind};

/// A comment that silences lints.
pub(crate) struct Suppression {
    /// The comment.
    pub(crate) comment: TextRange,
    /// What it is about.
    pub(crate) scope: TextRange,
    /// The names that it lists.
    pub(crate) lints: Vec<String>,
    /// Which of them silenced something.
    pub(crate) used: Vec<bool>,
}

/// The comments of a file that silence lints.
pub(crate) fn find(file: &File<'_>) -> Vec<Suppression> {
    let mut found = Vec::new();
    let mut offset = 0usize;
    let first_form = file.starts.values().min().copied().unwrap_or(u32::MAX);
    for token in ovsm_cst::tokenize(file.text) {
        let start = offset;
        offset += token.len as usize;
        if !matches!(token.kind, TokenKind::LineComment | TokenKind::DocComment) {
            continue;
        }
        let before = file.text.get(..start).unwrap_or("").trim_end_matches([' ', '\t', '\u{feff}']);
        if !before.is_empty() && !before.ends_with('\n') {
            continue;
        }
        let text = file.text.get(start..offset).unwrap_or("").trim_end();
        let Some(list) = text.trim_start_matches(';').trim().strip_prefix("lint: allow ") else { continue };
        let comment = TextRange::new(start as u32, (start + text.len()) as u32);
        // What follows the line.
        let offset = offset + 1;
        let rest_of_file = file.text.get(offset..).unwrap_or("");
        let is_head = comment.start < first_form
            && rest_of_file.lines().next().is_none_or(|next| next.trim().is_empty());
        let scope = match is_head {
            true => TextRange::new(0, file.text.len() as u32),
            false => next_form(file, offset).unwrap_or(comment),
        };
        let lints: Vec<String> = list
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .map(|name| lint_name(name).to_string())
            .collect();
        let used = vec![false; lints.len()];
        found.push(Suppression { comment, scope, lints, used });
    }
    found
}

/// The largest form that begins after an offset, comments passed over.
fn next_form(file: &File<'_>, mut offset: usize) -> Option<TextRange> {
    loop {
        let rest = file.text.get(offset..)?;
        let blank = rest.len() - rest.trim_start().len();
        offset += blank;
        let rest = file.text.get(offset..)?;
        if !rest.starts_with(';') {
            break;
        }
        offset += rest.find('\n')? + 1;
    }
    let absolute = |node: Node<'_>| {
        let start = file.starts.get(&node.span().form).copied().unwrap_or(0);
        node.range().shifted(start)
    };
    let mut best: Option<TextRange> = None;
    for root in file.roots() {
        let range = absolute(root);
        if (range.start as usize) > offset || (range.end as usize) <= offset {
            continue;
        }
        for node in std::iter::once(root).chain(root.descendants()) {
            let range = absolute(node);
            if range.start as usize == offset && best.is_none_or(|best| range.len() > best.len()) {
                best = Some(range);
            }
        }
    }
    best
}
