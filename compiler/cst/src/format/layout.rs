//! A shaped document to text: which line ends there are, and how lines are indented.
//!
//! A line end that the author wrote stays. A part between two of them that does not fit in its line gets one between
//! all of its items. Each piece is looked at a bounded number of times, so the time is linear in the text. Start with
//! [`Printer::form`].

use super::build::count;
use super::comments::trimmed;
use super::document::{Document, Gap, NONE, Piece, PieceKind};

/// Prints a document.
pub(super) struct Printer<'a> {
    pub(super) text: &'a str,
    pub(super) document: &'a Document,
    pub(super) out: &'a mut String,
    /// Characters in the last line of `out` since the form's own left margin.
    pub(super) column: u32,
    /// The width that lines should not exceed.
    pub(super) limit: u32,
}

/// How many items that can not be parted from an item are considered together with it.
const LOOK_AHEAD: usize = 4;

const BLANKS: &str = "                                                                ";

impl Printer<'_> {
    /// Prints the pieces of a top-level form.
    pub(super) fn form(&mut self, first: u32) {
        let mut next = first;
        while next != NONE {
            let piece = *self.document.get(next);
            if next != first {
                match piece.is_hard {
                    true => self.line_end(&piece, 0),
                    false => self.blank(),
                }
            }
            let after = self.after(&piece, 0);
            self.piece(&piece, after);
            next = piece.next;
        }
    }

    /// Prints a piece. `after` is the width of what has to follow in the same line.
    fn piece(&mut self, piece: &Piece, after: u32) {
        let text = self.text.get(piece.start as usize..piece.end as usize).unwrap_or("");
        match piece.kind {
            PieceKind::Group => {
                let fits = self.column.saturating_add(piece.width).saturating_add(after) <= self.limit;
                if !piece.has_break && fits {
                    self.flat(piece);
                } else {
                    self.group(piece, text, after);
                }
            }
            PieceKind::Prefix => {
                self.word(text);
                let operand = *self.document.get(piece.first);
                self.piece(&operand, after);
            }
            PieceKind::LineComment => self.word(trimmed(text)),
            _ if !piece.has_break => {
                self.out.push_str(text);
                self.column += piece.width;
            }
            _ => self.word(text),
        }
    }

    /// Prints a piece in one line.
    fn flat(&mut self, piece: &Piece) {
        let start = self.out.len();
        self.flat_text(piece);
        debug_assert_eq!(count(self.out.get(start..).unwrap_or("")), piece.width);
        self.column += piece.width;
    }

    fn flat_text(&mut self, piece: &Piece) {
        self.out.push_str(self.text.get(piece.start as usize..piece.end as usize).unwrap_or(""));
        let mut next = piece.first;
        while next != NONE {
            let item = *self.document.get(next);
            if next != piece.first && item.gap != Gap::Tight {
                self.out.push(' ');
            }
            self.flat_text(&item);
            next = item.next;
        }
        if piece.kind == PieceKind::Group {
            self.out.push(piece.closer());
        }
    }

    /// Prints a group that has or needs more than one line.
    fn group(&mut self, group: &Piece, opener: &str, after: u32) {
        let left = self.column;
        self.word(opener);
        let after = after.saturating_add(1);
        // Whether the items up to the next line end need a line each.
        let mut is_vertical = !self.fits(group.first, true, after);
        let mut has_element = false;
        let mut ends_in_comment = false;
        let mut next = group.first;
        while next != NONE {
            let piece = *self.document.get(next);
            if next != group.first {
                let indent = match piece.gap {
                    _ if !has_element => 1,
                    Gap::Pair => group.pair_indent,
                    _ => group.indent,
                };
                let indent = left + u32::from(indent);
                if piece.is_hard {
                    self.line_end(&piece, indent);
                    is_vertical = !self.fits(next, true, after);
                } else {
                    match piece.gap {
                        Gap::Tight => {}
                        Gap::Pair if self.needs_line(&piece, indent, after) => self.line_end(&piece, indent),
                        Gap::Soft if is_vertical && group.is_filled && self.has_room(&piece, after) => {
                            self.blank()
                        }
                        Gap::Soft | Gap::Line if is_vertical => self.line_end(&piece, indent),
                        // Without this, forms that break inside would begin further and further to the right.
                        Gap::Space if piece.may_break && self.column.saturating_add(1) >= self.limit => {
                            self.line_end(&piece, indent);
                        }
                        _ => self.blank(),
                    }
                }
            }
            has_element |= piece.is_element();
            ends_in_comment = piece.kind == PieceKind::LineComment;
            let after_piece = self.after(&piece, after);
            self.piece(&piece, after_piece);
            if piece.has_break {
                is_vertical = !self.fits(piece.next, false, after);
            }
            next = piece.next;
        }
        if ends_in_comment {
            self.out.push('\n');
            self.indent(left + u32::from(group.indent));
        }
        self.out.push(group.closer());
        self.column += 1;
    }

    /// True if the pieces up to the next line end fit in this line.
    fn fits(&self, first: u32, is_first: bool, after: u32) -> bool {
        let mut column = self.column;
        let mut is_first = is_first;
        for (_, piece) in self.document.chain(first) {
            if column > self.limit {
                return false;
            }
            if (piece.is_hard && !is_first) || piece.kind == PieceKind::LineComment {
                return true;
            }
            let blank = u32::from(!is_first && piece.gap != Gap::Tight);
            is_first = false;
            if piece.has_break {
                return column.saturating_add(blank).saturating_add(piece.first_line) <= self.limit;
            }
            column = column.saturating_add(blank).saturating_add(piece.width);
        }
        column.saturating_add(after) <= self.limit
    }

    /// True if a value should get a line of its own, `indent` from the left.
    fn needs_line(&self, piece: &Piece, indent: u32, after: u32) -> bool {
        let width = piece.width.saturating_add(self.after(piece, after));
        // What follows must not count in the second test: it may be gone from the line when this is formatted again.
        !piece.has_break
            && self.column.saturating_add(1).saturating_add(width) > self.limit
            && indent.saturating_add(piece.width) <= self.limit
    }

    /// True if an item of a filled group fits in this line.
    fn has_room(&self, piece: &Piece, after: u32) -> bool {
        let width = if piece.has_break { piece.first_line } else { piece.width + self.after(piece, after) };
        self.column.saturating_add(1).saturating_add(width) <= self.limit
    }

    /// The width of what has to follow a piece in the same line. `after` is what follows the group.
    fn after(&self, piece: &Piece, after: u32) -> u32 {
        let mut width: u32 = 0;
        let mut next = piece.next;
        for _ in 0..LOOK_AHEAD {
            if next == NONE {
                return width.saturating_add(after);
            }
            let following = self.document.get(next);
            let is_tied = matches!(following.gap, Gap::Tight | Gap::Space) && !following.is_hard;
            if !is_tied || following.has_break {
                break;
            }
            width =
                width.saturating_add(u32::from(following.gap == Gap::Space)).saturating_add(following.width);
            next = following.next;
        }
        width
    }

    /// Prints text that may have line ends.
    fn word(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, line)) => self.column = count(line),
            None => self.column += count(text),
        }
    }

    fn blank(&mut self) {
        self.out.push(' ');
        self.column += 1;
    }

    /// Ends the line before a piece.
    fn line_end(&mut self, piece: &Piece, indent: u32) {
        self.out.push('\n');
        self.column = 0;
        if piece.kind == PieceKind::Raw {
            return;
        }
        if piece.newlines > 1 {
            self.out.push('\n');
        }
        self.indent(indent);
    }

    /// Begins a line with blanks.
    fn indent(&mut self, indent: u32) {
        let mut left = indent as usize;
        while left > 0 {
            let blanks = BLANKS.get(..left.min(BLANKS.len())).unwrap_or(BLANKS);
            self.out.push_str(blanks);
            left -= blanks.len();
        }
        self.column = indent;
    }
}
