//! Imports in order: the clauses of an `(import …)` form are sorted, and each is there once.
//!
//! The only place where the formatter changes what is written. A form with a comment in it is left alone, because
//! nobody can tell which clause the comment is about. Start with [`sort`].

use super::document::{Chain, Document, NONE, Piece, PieceKind};
use crate::tree::NodeKind;

/// Sorts the clauses of a form if it is an import.
pub(super) fn sort(document: &mut Document, text: &str, roots: Chain) {
    let head = document.get(document.get(roots.last).first);
    if !is_import(text, document.get(roots.last), head) {
        return;
    }
    let mut at = document.get(roots.last).first;
    let mut clauses: Vec<(u32, Vec<&str>)> = Vec::new();
    for (id, piece) in document.chain(head.next) {
        let is_clause = match (piece.kind, piece.node) {
            (PieceKind::Atom, NodeKind::Symbol) => true,
            (PieceKind::Group, NodeKind::Array) => document.get(piece.first).node == NodeKind::Symbol,
            _ => false,
        };
        if !is_clause {
            return;
        }
        let mut words = Vec::new();
        let has_comment = match piece.kind {
            // The bracket goes last, so that modules are in order whether they have options or not.
            PieceKind::Group => {
                let has_comment =
                    document.chain(piece.first).any(|(id, _)| collect(document, text, id, &mut words));
                words.push("]");
                has_comment
            }
            _ => collect(document, text, id, &mut words),
        };
        if has_comment {
            return;
        }
        clauses.push((id, words));
    }
    clauses.sort_by(|(_, a), (_, b)| a.cmp(b));
    clauses.dedup_by(|(_, a), (_, b)| a == b);
    for (id, _) in clauses {
        document.update(at, |last| last.next = id);
        document.update(id, |clause| {
            clause.next = NONE;
            clause.newlines = 0;
            clause.is_tight = false;
        });
        at = id;
    }
}

/// True for `(import …)`.
pub(super) fn is_import(text: &str, form: &Piece, head: &Piece) -> bool {
    form.kind == PieceKind::Group
        && form.node == NodeKind::List
        && head.kind == PieceKind::Atom
        && text.get(head.start as usize..head.end as usize) == Some("import")
}

/// Collects the words of a piece; true if there is a comment in it. Trees are not deeper than [`crate::MAX_DEPTH`].
fn collect<'t>(document: &Document, text: &'t str, id: u32, words: &mut Vec<&'t str>) -> bool {
    let piece = document.get(id);
    words.push(text.get(piece.start as usize..piece.end as usize).unwrap_or(""));
    let has_comment = document.chain(piece.first).any(|(id, _)| collect(document, text, id, words));
    if piece.kind == PieceKind::Group {
        words.push(")");
    }
    has_comment || piece.kind.is_comment()
}
