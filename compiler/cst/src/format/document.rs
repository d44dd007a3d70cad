//! The document between a tree and its formatted text: pieces that were read, and what may happen between them.
//!
//! A document holds no text. Pieces lie in one vector and are linked by numbers, so that a comment moves from one
//! form to the next without anything being copied. It never decides what a line looks like: [`super::build`] makes
//! it, [`super::shape`] fills in the gaps and widths, [`super::layout`] prints it. Start with [`Piece`].

use crate::tree::NodeKind;

/// The number of a piece that does not exist.
pub(super) const NONE: u32 = u32::MAX;

/// What a piece is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PieceKind {
    /// A literal or a symbol.
    Atom,
    /// A form that is printed as it was read.
    Verbatim,
    /// Whole lines that are printed as they were read, with the blanks that they begin with.
    Raw,
    /// `; …`: a line ends after it.
    LineComment,
    /// `#| … |#`.
    BlockComment,
    /// `#;form`.
    DatumComment,
    /// A bracketed form; its text is the opener.
    Group,
    /// A quote or unquote with its operand below it; its text is the prefix.
    Prefix,
}

impl PieceKind {
    /// True for comments of all kinds.
    pub(super) const fn is_comment(self) -> bool {
        matches!(self, PieceKind::LineComment | PieceKind::BlockComment | PieceKind::DatumComment)
    }
}

/// What separates a piece from the one before it in the same form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gap {
    /// Nothing at all.
    Tight,
    /// A blank, unless the line has no room at all.
    Space,
    /// The piece is the value of the key before it: a line end only if the value then fits.
    Pair,
    /// A blank, or a line end if the line gets too long.
    Soft,
    /// As `Soft`, and a line end as soon as the form has any other.
    Line,
}

/// A part of a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// What node it was read from.
    pub(super) node: NodeKind,
    /// Its place in the text; of groups and prefixes, that of the opening.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The first piece inside it.
    pub(super) first: u32,
    /// The next piece in the same form.
    pub(super) next: u32,
    /// How many line ends the author wrote before it; 2 stands for more.
    pub(super) newlines: u8,
    /// It must stay next to what is before it.
    pub(super) is_tight: bool,
    pub(super) gap: Gap,
    /// A line may end before it although its gap is a blank, once the line is full.
    pub(super) may_break: bool,
    /// A line ends before it.
    pub(super) is_hard: bool,
    /// A line ends inside it.
    pub(super) has_break: bool,
    /// Lines of the group hold as many items as fit.
    pub(super) is_filled: bool,
    /// Columns between the opener of the group and its further lines.
    pub(super) indent: u8,
    /// The same for values that have a line of their own.
    pub(super) pair_indent: u8,
    /// Its width in characters, if nothing breaks in it.
    pub(super) width: u32,
    /// The width of its first line, if something breaks in it.
    pub(super) first_line: u32,
}

impl Piece {
    pub(super) const fn new(kind: PieceKind, node: NodeKind, start: u32, end: u32) -> Piece {
        Piece {
            kind,
            node,
            start,
            end,
            first: NONE,
            next: NONE,
            newlines: 0,
            is_tight: false,
            gap: Gap::Space,
            may_break: false,
            is_hard: false,
            has_break: false,
            is_filled: false,
            indent: 1,
            pair_indent: 1,
            width: 0,
            first_line: 0,
        }
    }

    /// True for what the language sees.
    pub(super) const fn is_element(&self) -> bool {
        !self.kind.is_comment()
    }

    /// The closer of a group.
    pub(super) const fn closer(&self) -> char {
        match self.node {
            NodeKind::Array => ']',
            NodeKind::Object | NodeKind::Set => '}',
            _ => ')',
        }
    }
}

/// What a number that means nothing stands for.
static NOTHING: Piece = Piece::new(PieceKind::Atom, NodeKind::Symbol, 0, 0);

/// All pieces of a top-level form.
#[derive(Debug, Default)]
pub(super) struct Document {
    pieces: Vec<Piece>,
}

impl Document {
    pub(super) fn with_capacity(pieces: usize) -> Document {
        Document { pieces: Vec::with_capacity(pieces) }
    }

    /// Adds a piece that is not linked yet.
    pub(super) fn add(&mut self, piece: Piece) -> u32 {
        self.pieces.push(piece);
        self.pieces.len() as u32 - 1
    }

    pub(super) fn get(&self, id: u32) -> &Piece {
        self.pieces.get(id as usize).unwrap_or(&NOTHING)
    }

    /// Changes a piece.
    pub(super) fn update(&mut self, id: u32, change: impl FnOnce(&mut Piece)) {
        if let Some(piece) = self.pieces.get_mut(id as usize) {
            change(piece);
        }
    }

    /// The pieces from `first` on.
    pub(super) fn chain(&self, first: u32) -> impl Iterator<Item = (u32, &Piece)> {
        let mut next = first;
        std::iter::from_fn(move || {
            let id = next;
            let piece = self.pieces.get(id as usize)?;
            next = piece.next;
            Some((id, piece))
        })
    }
}

/// A chain of pieces under construction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Chain {
    pub(super) const EMPTY: Chain = Chain { first: NONE, last: NONE };

    pub(super) const fn is_empty(self) -> bool {
        self.first == NONE
    }

    /// Appends another chain.
    pub(super) fn append(&mut self, document: &mut Document, other: Chain) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            self.first = other.first;
        } else {
            document.update(self.last, |last| last.next = other.first);
        }
        self.last = other.last;
    }

    /// Appends one piece.
    pub(super) fn push(&mut self, document: &mut Document, id: u32) {
        self.append(document, Chain { first: id, last: id });
    }

    /// Cuts the chain after `last` and gives the rest. `NONE` cuts before the first piece.
    pub(super) fn split_after(&mut self, document: &mut Document, last: u32) -> Chain {
        let rest = match last {
            NONE => self.first,
            _ => document.get(last).next,
        };
        if rest == NONE {
            return Chain::EMPTY;
        }
        let rest = Chain { first: rest, last: self.last };
        if last == NONE {
            *self = Chain::EMPTY;
        } else {
            document.update(last, |piece| piece.next = NONE);
            self.last = last;
        }
        rest
    }
}
