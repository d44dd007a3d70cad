//! A tree to a document: which pieces there are, and where comments belong.
//!
//! A line comment before a closer is moved behind it, because a closer never begins a line. Parts that the author
//! wants to be left alone become one piece each. Nothing is decided about lines here. Start with [`build`].

use super::comments::Instruction;
use super::document::{Chain, Document, NONE, Piece, PieceKind};
use super::imports;
use crate::lexer::{Token, TokenKind};
use crate::tree::{NodeData, NodeKind, Tree};

/// What a form is made of.
pub(super) struct Built {
    pub(super) document: Document,
    /// The top-level pieces of the form; there are several if form comments stand before it.
    pub(super) roots: Chain,
    /// The comments that have to follow the form.
    pub(super) trailing: Chain,
}

/// Makes the document of a form whose tree has no faults.
pub(super) fn build(tree: &Tree, text: &str) -> Built {
    let mut starts = Vec::with_capacity(tree.tokens().len() + 1);
    let mut at = 0;
    for token in tree.tokens() {
        starts.push(at);
        at += token.len;
    }
    starts.push(at);
    let document = Document::with_capacity(tree.nodes().len() + tree.nodes().len() / 8 + 4);
    let mut builder = Builder { text, tree, starts, document };
    let (roots, trailing) = builder.items(0, tree.tokens().len() as u32, 0, tree.nodes().len() as u32);
    let mut document = builder.document;
    imports::sort(&mut document, text, roots);
    Built { document, roots, trailing }
}

struct Builder<'t> {
    text: &'t str,
    tree: &'t Tree,
    /// Where each token begins, and where the last one ends.
    starts: Vec<u32>,
    document: Document,
}

/// The items of one form that were read so far.
struct Items {
    chain: Chain,
    /// The last piece that is no line comment.
    last_solid: u32,
    /// Line ends since the last item.
    newlines: u8,
    ignores_next: bool,
    off: Option<Off>,
}

/// A part between `fmt: off` and `fmt: on`.
struct Off {
    /// The beginning of the first line.
    start: u32,
    /// The end of the last form in it; nothing if there is none yet.
    end: Option<u32>,
    /// The comments since then.
    comments: Chain,
}

impl<'t> Builder<'t> {
    /// Reads what is between two tokens, and between two nodes. Gives the items, and the comments to go behind the
    /// closer.
    fn items(&mut self, first_token: u32, end_token: u32, first_node: u32, end_node: u32) -> (Chain, Chain) {
        let mut items =
            Items { chain: Chain::EMPTY, last_solid: NONE, newlines: 0, ignores_next: false, off: None };
        let (mut token, mut node) = (first_token, first_node);
        while node < end_node {
            let Some(data) = self.tree.nodes().get(node as usize).copied() else { break };
            self.trivia(token, data.first_token, &mut items);
            self.form(node, data, &mut items);
            token = data.end_token;
            node = data.subtree_end.0.max(node + 1);
        }
        self.trivia(token, end_token, &mut items);
        self.end_off(&mut items);
        // A comment in a line of its own belongs to this form, whatever it says: behind the closer it would be taken for
        // one of what follows. The closer then gets a line too.
        let after = match items.last_solid {
            NONE => NONE,
            solid => self.document.get(solid).next,
        };
        let is_form = (end_token as usize) < self.tree.tokens().len();
        if is_form && self.document.chain(after).any(|(_, comment)| comment.newlines > 0) {
            return (items.chain, Chain::EMPTY);
        }
        let trailing = items.chain.split_after(&mut self.document, items.last_solid);
        (items.chain, trailing)
    }

    /// Reads the trivia between two forms.
    fn trivia(&mut self, first: u32, end: u32, items: &mut Items) {
        let tree = self.tree;
        let tokens: &[Token] = tree.tokens().get(first as usize..end as usize).unwrap_or(&[]);
        for (token, index) in tokens.iter().zip(first..) {
            let (start, end) = (self.start(index), self.start(index + 1));
            let kind = match token.kind {
                TokenKind::LineComment | TokenKind::DocComment => PieceKind::LineComment,
                TokenKind::BlockComment => PieceKind::BlockComment,
                _ => {
                    let blank = self.text.get(start as usize..end as usize).unwrap_or("");
                    let newlines = blank.bytes().filter(|byte| *byte == b'\n').take(2).count() as u8;
                    items.newlines = (items.newlines + newlines).min(2);
                    continue;
                }
            };
            // An instruction holds for what follows, whether it has a line of its own or not.
            let instruction = match kind {
                PieceKind::LineComment => {
                    Instruction::of(self.text.get(start as usize..end as usize).unwrap_or(""))
                }
                _ => None,
            };
            if instruction == Some(Instruction::On) {
                self.end_off_with_comments(items);
            }
            let comment = self.leaf(kind, NodeKind::DatumComment, start, end, items);
            match &mut items.off {
                Some(off) => off.comments.push(&mut self.document, comment),
                None => self.push(items, comment),
            }
            match instruction {
                Some(Instruction::Off) if items.off.is_none() => {
                    items.off = Some(Off { start: end + 1, end: None, comments: Chain::EMPTY });
                }
                Some(Instruction::Ignore) => items.ignores_next = true,
                _ => {}
            }
        }
    }

    /// Reads a form and adds it to the items.
    fn form(&mut self, node: u32, data: NodeData, items: &mut Items) {
        let (start, end) = (self.start(data.first_token), self.start(data.end_token));
        if let Some(off) = &mut items.off {
            off.end = Some(end);
            off.comments = Chain::EMPTY;
            items.newlines = 0;
            return;
        }
        if data.kind == NodeKind::DatumComment {
            let comment = self.leaf(PieceKind::DatumComment, data.kind, start, end, items);
            self.push(items, comment);
            return;
        }
        let is_ignored = std::mem::take(&mut items.ignores_next);
        if is_ignored && (data.kind.is_bracketed() || data.kind.is_prefix()) {
            let form = self.leaf(PieceKind::Verbatim, data.kind, start, end, items);
            self.push(items, form);
            return;
        }
        let (newlines, is_tight) = (items.newlines, self.is_range(data.first_token));
        let (form, trailing) = self.piece(node, data);
        self.document.update(form, |form| {
            form.newlines = newlines;
            form.is_tight = is_tight;
        });
        items.newlines = 0;
        self.push(items, form);
        items.chain.append(&mut self.document, trailing);
    }

    /// True if a token is one with the token before it: `1..5` is three tokens only because of what is around the dots.
    fn is_range(&self, token: u32) -> bool {
        let of = |token: u32| {
            let kind = self.tree.tokens().get(token as usize).map(|token| token.kind);
            let is_dots =
                self.text.get(self.start(token) as usize..self.start(token + 1) as usize) == Some("..");
            (is_dots, matches!(kind, Some(TokenKind::Integer | TokenKind::Float)))
        };
        let Some(before) = token.checked_sub(1) else { return false };
        matches!((of(before), of(token)), ((true, _), (_, true)) | ((_, true), (true, _)))
    }

    /// Makes the piece of a form. Gives it, and the comments to go behind it.
    fn piece(&mut self, node: u32, data: NodeData) -> (u32, Chain) {
        let (start, end) = (self.start(data.first_token), self.start(data.end_token));
        let open_end = self.start(data.first_token + 1);
        if data.kind.is_bracketed() {
            let (children, trailing) = self.items(
                data.first_token + 1,
                data.end_token.saturating_sub(1),
                node + 1,
                data.subtree_end.0,
            );
            let piece =
                Piece { first: children.first, ..Piece::new(PieceKind::Group, data.kind, start, open_end) };
            return (self.document.add(piece), trailing);
        }
        if data.kind.is_prefix() {
            let operand = self.tree.nodes().get(node as usize + 1).copied();
            let is_plain = |operand: &NodeData| {
                let between = data.first_token as usize + 1..operand.first_token as usize;
                let between = self.tree.tokens().get(between).unwrap_or(&[]);
                operand.kind != NodeKind::DatumComment
                    && operand.subtree_end == data.subtree_end
                    && between
                        .iter()
                        .all(|token| matches!(token.kind, TokenKind::Whitespace | TokenKind::Comma))
            };
            if let Some(operand) = operand.filter(is_plain) {
                let (operand, trailing) = self.piece(node + 1, operand);
                let piece =
                    Piece { first: operand, ..Piece::new(PieceKind::Prefix, data.kind, start, open_end) };
                return (self.document.add(piece), trailing);
            }
            return (self.measured(PieceKind::Verbatim, data.kind, start, end), Chain::EMPTY);
        }
        (self.measured(PieceKind::Atom, data.kind, start, end), Chain::EMPTY)
    }

    /// Makes a piece without pieces inside it, for the place that was reached.
    fn leaf(&mut self, kind: PieceKind, node: NodeKind, start: u32, end: u32, items: &mut Items) -> u32 {
        let piece = self.measured(kind, node, start, end);
        let newlines = std::mem::take(&mut items.newlines);
        self.document.update(piece, |piece| piece.newlines = newlines);
        piece
    }

    /// Makes a piece that is printed as it is.
    fn measured(&mut self, kind: PieceKind, node: NodeKind, start: u32, end: u32) -> u32 {
        let text = self.text.get(start as usize..end as usize).unwrap_or("");
        let line = text.split_once('\n').map(|(line, _)| line);
        let width = count(line.unwrap_or(text));
        let has_break = line.is_some() || matches!(kind, PieceKind::LineComment | PieceKind::Raw);
        let piece = Piece { width, first_line: width, has_break, ..Piece::new(kind, node, start, end) };
        self.document.add(piece)
    }

    fn push(&mut self, items: &mut Items, piece: u32) {
        // What was moved here from before a closer may be followed by something in the closer's line.
        if self.is_after_line_comment(items) {
            self.document.update(piece, |piece| piece.newlines = piece.newlines.max(1));
        }
        items.chain.push(&mut self.document, piece);
        if self.document.get(piece).kind != PieceKind::LineComment {
            items.last_solid = piece;
        }
    }

    fn is_after_line_comment(&self, items: &Items) -> bool {
        !items.chain.is_empty() && self.document.get(items.chain.last).kind == PieceKind::LineComment
    }

    /// Ends a part that stays as it is at `fmt: on`.
    fn end_off_with_comments(&mut self, items: &mut Items) {
        if let Some(off) = &mut items.off
            && off.end.is_some()
            && !off.comments.is_empty()
        {
            off.end = Some(self.document.get(off.comments.last).end);
            off.comments = Chain::EMPTY;
        }
        self.end_off(items);
    }

    /// Ends a part that stays as it is.
    fn end_off(&mut self, items: &mut Items) {
        let Some(off) = items.off.take() else { return };
        if let Some(end) = off.end {
            let raw = self.measured(PieceKind::Raw, NodeKind::Error, off.start.min(end), end);
            self.push(items, raw);
        }
        let mut next = off.comments.first;
        while next != NONE {
            let comment = next;
            next = self.document.get(comment).next;
            self.document.update(comment, |comment| comment.next = NONE);
            self.push(items, comment);
        }
    }

    fn start(&self, token: u32) -> u32 {
        self.starts.get(token as usize).copied().unwrap_or(0)
    }
}

/// The width of a text without line ends, in characters.
pub(super) fn count(text: &str) -> u32 {
    if text.is_ascii() { text.len() as u32 } else { text.chars().count() as u32 }
}
