//! The shape of each form: what may separate its items, how far its lines are indented, and how wide it is.
//!
//! Looks at names and at the line ends that the author wrote, never at columns; those are for [`super::layout`].
//! Start with [`Shaper::form`].

use super::FormatOptions;
use super::document::{Document, Gap, NONE, Piece, PieceKind};
use super::indent::{self, Arguments, Rule};
use crate::tree::NodeKind;

/// What a form stands for in the form around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    /// Something that is evaluated.
    Code,
    /// Something that is only looked at.
    Data,
    /// Names of parameters or fields.
    Parameters,
    /// Bindings of names to values.
    Bindings,
    /// One of those.
    Binding,
    /// Bindings of names to functions.
    Functions,
    /// A name, parameters and a body.
    Function,
    /// A test and what follows from it.
    Tested,
    /// A pattern and what follows from it.
    Matched,
}

/// Fills in the gaps and widths of a document.
pub(super) struct Shaper<'a> {
    pub(super) text: &'a str,
    pub(super) options: &'a FormatOptions,
    pub(super) document: &'a mut Document,
    /// The elements of the forms that are being looked at, innermost last.
    pub(super) elements: Vec<u32>,
}

/// The elements of one form: a part of [`Shaper::elements`].
#[derive(Clone, Copy)]
struct Elements {
    start: usize,
    count: usize,
}

/// How a form is laid out, apart from its gaps.
struct Style {
    indent: u8,
    pair_indent: u8,
    /// Its lines are filled.
    is_filled: bool,
    /// It has more than one line as soon as one of its elements has.
    breaks_with_elements: bool,
    /// It always has more than one line.
    is_broken: bool,
}

const CALL: Style =
    Style { indent: 2, pair_indent: 4, is_filled: false, breaks_with_elements: false, is_broken: false };
const DATA: Style =
    Style { indent: 1, pair_indent: 3, is_filled: false, breaks_with_elements: false, is_broken: false };
const BINDING: Style = Style { indent: 2, pair_indent: 2, ..CALL };

impl Shaper<'_> {
    /// Shapes the pieces of a top-level form.
    pub(super) fn form(&mut self, first: u32) {
        let mut next = first;
        while next != NONE {
            self.piece(next, Role::Code);
            let before = next;
            next = self.document.get(next).next;
            let is_hard = self.is_hard(before, next);
            self.document.update(next, |piece| piece.is_hard = is_hard);
        }
    }

    fn piece(&mut self, id: u32, role: Role) {
        let piece = *self.document.get(id);
        match piece.kind {
            PieceKind::Group => self.group(id, piece, role),
            PieceKind::Prefix => {
                let role = match piece.node {
                    NodeKind::Quote => Role::Data,
                    _ => Role::Code,
                };
                self.piece(piece.first, role);
                let operand = *self.document.get(piece.first);
                let prefix = piece.end - piece.start;
                self.document.update(id, |piece| {
                    piece.width = prefix + operand.width;
                    piece.first_line = prefix + operand.first_line;
                    piece.has_break = operand.has_break;
                });
            }
            _ => {}
        }
    }

    fn group(&mut self, id: u32, group: Piece, role: Role) {
        let start = self.elements.len();
        let document = &*self.document;
        self.elements
            .extend(document.chain(group.first).filter(|(_, piece)| piece.is_element()).map(|(id, _)| id));
        let elements = Elements { start, count: self.elements.len() - start };
        let style = match (group.node, role) {
            (NodeKind::Object, _) => self.object(elements, role),
            (NodeKind::List | NodeKind::Array, Role::Parameters) => {
                self.sequence(elements, Role::Code, false)
            }
            (NodeKind::List | NodeKind::Array, Role::Binding) => self.binding(elements),
            (NodeKind::List | NodeKind::Array, Role::Tested) => self.clause(elements, Role::Code),
            (NodeKind::List | NodeKind::Array, Role::Matched) => self.clause(elements, Role::Data),
            (NodeKind::List, Role::Bindings) => self.lines(elements, Role::Binding),
            (NodeKind::Array, Role::Bindings) => self.flat_bindings(elements),
            (NodeKind::List | NodeKind::Array, Role::Functions) => self.lines(elements, Role::Function),
            (NodeKind::List, Role::Function) => {
                self.body(elements, Rule { header: 1, arguments: Arguments::Parameters })
            }
            (_, Role::Data) => self.sequence(elements, Role::Data, true),
            (NodeKind::List, Role::Code) => self.list(elements),
            _ => self.sequence(elements, Role::Code, true),
        };
        self.finish(id, group.first, &style);
        self.elements.truncate(start);
    }

    /// A list that is evaluated.
    fn list(&mut self, elements: Elements) -> Style {
        let head = *self.element(elements, 0);
        if head.kind != PieceKind::Atom || head.node != NodeKind::Symbol {
            return self.sequence(elements, Role::Code, false);
        }
        if self.word(elements, 1) == Some(":") {
            return self.typed(elements);
        }
        let name = self.text(&head);
        let own = self
            .options
            .indents
            .get(name)
            .map(|header| Rule { header: *header, arguments: Arguments::Plain });
        match own.or_else(|| indent::built_in(name)) {
            Some(rule) => match rule.arguments {
                Arguments::Words if self.word(elements, 1).is_some() => self.words(elements),
                Arguments::Modules => Style { is_broken: elements.count > 2, ..self.body(elements, rule) },
                Arguments::Tests | Arguments::Patterns | Arguments::Handlers => self.clauses(elements, rule),
                _ => self.body(elements, rule),
            },
            None => self.call(elements),
        }
    }

    /// A call: one argument a line if it is too long, and keywords together with their values.
    fn call(&mut self, elements: Elements) -> Style {
        let first_keyword = (1..elements.count)
            .find(|n| self.element(elements, *n).node == NodeKind::Keyword)
            .filter(|first| {
                (elements.count - first).is_multiple_of(2)
                    && (*first..elements.count)
                        .step_by(2)
                        .all(|n| self.element(elements, n).node == NodeKind::Keyword)
            })
            .unwrap_or(elements.count);
        for n in 0..elements.count {
            let is_value = n > first_keyword && !(n - first_keyword).is_multiple_of(2);
            self.set(elements, n, if is_value { Gap::Pair } else { Gap::Soft }, Role::Code);
        }
        CALL
    }

    /// `(name : type :option value …)`, as an account of an instruction: name and type stay together, and so does an option with its
    /// value.
    fn typed(&mut self, elements: Elements) -> Style {
        const HEADER: usize = 3;
        let mut is_value = false;
        for n in 0..elements.count {
            let gap = match (n < HEADER, is_value) {
                (true, _) => Gap::Space,
                (_, true) => Gap::Pair,
                _ => Gap::Soft,
            };
            let is_key = self.element(elements, n).node == NodeKind::Keyword;
            is_value = n >= HEADER && is_key && !is_value && n + 1 < elements.count;
            self.set(elements, n, gap, Role::Code);
        }
        BINDING
    }

    /// A form with a header and a body.
    fn body(&mut self, elements: Elements, rule: Rule) -> Style {
        use Arguments::*;
        let mut header = rule.header as usize;
        let role = match rule.arguments {
            Bindings => Role::Bindings,
            Functions => Role::Functions,
            Binding => Role::Binding,
            Parameters | Names => Role::Parameters,
            Quoted => Role::Data,
            _ => Role::Code,
        };
        // `(let name ((x 1)) …)` has a name before the bindings.
        if rule.arguments == Bindings && self.word(elements, 1).is_some() {
            header += 1;
        }
        let special = if rule.arguments == Names { 1 } else { header };
        // `-> type` and `: type` belong to the header.
        while header > 0 && matches!(self.word(elements, header + 1), Some("->" | ":")) {
            header += 2;
        }
        let mut is_value = false;
        for n in 0..elements.count {
            let role = if n == special && n > 0 { role } else { Role::Code };
            let is_key = self.element(elements, n).node == NodeKind::Keyword;
            let has_value = rule.arguments == Options && n > header && is_key && n + 1 < elements.count;
            let gap = if is_value {
                Gap::Pair
            } else if n <= header {
                Gap::Space
            } else {
                Gap::Line
            };
            is_value = has_value && !is_value;
            self.set(elements, n, gap, role);
        }
        CALL
    }

    /// A form with clauses after its header.
    fn clauses(&mut self, elements: Elements, rule: Rule) -> Style {
        let header = rule.header as usize;
        let role = match rule.arguments {
            Arguments::Patterns => Role::Matched,
            Arguments::Handlers => Role::Function,
            _ => Role::Tested,
        };
        // Tests and results side by side, without brackets, stay as the author arranged them.
        let are_clauses = (header + 1..elements.count).all(|n| {
            let clause = self.element(elements, n);
            clause.kind != PieceKind::Atom && matches!(clause.node, NodeKind::List | NodeKind::Array)
        });
        for n in 0..elements.count {
            match n <= header {
                true => self.set(elements, n, Gap::Space, Role::Code),
                false if are_clauses => self.set(elements, n, Gap::Line, role),
                false => self.set(elements, n, Gap::Soft, Role::Code),
            }
        }
        Style { breaks_with_elements: true, ..CALL }
    }

    /// `(test result…)`.
    fn clause(&mut self, elements: Elements, test: Role) -> Style {
        for n in 0..elements.count {
            let (gap, role) = if n == 0 { (Gap::Space, test) } else { (Gap::Line, Role::Code) };
            self.set(elements, n, gap, role);
        }
        BINDING
    }

    /// `loop` with words: a line for each clause.
    fn words(&mut self, elements: Elements) -> Style {
        for n in 0..elements.count {
            let is_clause = n > 1 && self.word(elements, n).is_some_and(indent::is_loop_word);
            self.set(elements, n, if is_clause { Gap::Soft } else { Gap::Space }, Role::Code);
        }
        CALL
    }

    /// `(name value)`, `(name : type value)`.
    fn binding(&mut self, elements: Elements) -> Style {
        for n in 0..elements.count {
            let is_value = n > 0 && n + 1 == elements.count;
            self.set(elements, n, if is_value { Gap::Pair } else { Gap::Space }, Role::Code);
        }
        BINDING
    }

    /// One element a line.
    fn lines(&mut self, elements: Elements, role: Role) -> Style {
        for n in 0..elements.count {
            self.set(elements, n, Gap::Line, role);
        }
        Style { breaks_with_elements: true, ..DATA }
    }

    /// `[name value name value]`.
    fn flat_bindings(&mut self, elements: Elements) -> Style {
        let is_bracketed = |n| matches!(self.element(elements, n).node, NodeKind::List | NodeKind::Array);
        if (0..elements.count).all(is_bracketed) {
            return self.lines(elements, Role::Binding);
        }
        let has_types = (0..elements.count).any(|n| self.word(elements, n) == Some(":"));
        if has_types || !elements.count.is_multiple_of(2) {
            return self.sequence(elements, Role::Code, false);
        }
        for n in 0..elements.count {
            self.set(elements, n, if n.is_multiple_of(2) { Gap::Line } else { Gap::Pair }, Role::Code);
        }
        Style { breaks_with_elements: true, ..DATA }
    }

    /// `{key value name ,@more}`.
    fn object(&mut self, elements: Elements, role: Role) -> Style {
        let role = if role == Role::Data { Role::Data } else { Role::Code };
        if self.word(elements, 1) == Some(":") {
            return self.sequence(elements, role, false);
        }
        let mut is_value = false;
        for n in 0..elements.count {
            let gap = if is_value { Gap::Pair } else { Gap::Line };
            self.set(elements, n, gap, role);
            let is_alone =
                matches!(self.element(elements, n).node, NodeKind::Symbol | NodeKind::UnquoteSplicing);
            is_value = !is_value && !is_alone;
        }
        Style { breaks_with_elements: true, ..DATA }
    }

    /// Elements that mean nothing to each other.
    fn sequence(&mut self, elements: Elements, role: Role, may_fill: bool) -> Style {
        let mut is_filled = may_fill;
        for n in 0..elements.count {
            self.set(elements, n, Gap::Soft, role);
            let element = self.element(elements, n);
            let is_atom = match element.kind {
                PieceKind::Prefix => self.document.get(element.first).kind == PieceKind::Atom,
                kind => kind == PieceKind::Atom,
            };
            is_filled &= is_atom;
        }
        Style { is_filled, ..DATA }
    }

    /// Decides about the gap before an element and shapes it.
    fn set(&mut self, elements: Elements, n: usize, gap: Gap, role: Role) {
        let Some(id) = self.elements.get(elements.start + n).copied() else { return };
        self.document.update(id, |piece| {
            piece.gap = if piece.is_tight { Gap::Tight } else { gap };
            piece.may_break = piece.gap == Gap::Space;
        });
        self.piece(id, role);
    }

    /// With the gaps of all elements known: comments, lines and widths.
    fn finish(&mut self, id: u32, first: u32, style: &Style) {
        self.place_comments(first);
        let (mut is_broken, mut has_broken, mut before) = (style.is_broken, false, NONE);
        for (piece, data) in self.document.chain(first) {
            is_broken |= self.is_hard(before, piece);
            has_broken |= data.has_break && (style.breaks_with_elements || data.next != NONE);
            before = piece;
        }
        is_broken |= has_broken;
        let (mut width, mut first_line, mut has_break) = (1, None, false);
        let open = self.document.get(id).end - self.document.get(id).start;
        width += open;
        let (mut before, mut next) = (NONE, first);
        while next != NONE {
            let is_hard = self.is_hard(before, next)
                || (before != NONE && is_broken && self.document.get(next).gap == Gap::Line);
            self.document.update(next, |piece| piece.is_hard = is_hard);
            let piece = self.document.get(next);
            let blank = u32::from(before != NONE && piece.gap != Gap::Tight);
            if is_hard {
                first_line.get_or_insert(width - 1);
            } else if piece.has_break {
                let line = if piece.kind == PieceKind::LineComment { 0 } else { blank + piece.first_line };
                first_line.get_or_insert(width - 1 + line);
            }
            has_break |= is_hard || piece.has_break;
            width = width.saturating_add(blank + piece.width);
            (before, next) = (next, piece.next);
        }
        self.document.update(id, |group| {
            group.width = width;
            group.first_line = first_line.unwrap_or(width);
            group.has_break = has_break;
            group.is_filled = style.is_filled;
            group.indent = style.indent;
            group.pair_indent = style.pair_indent;
        });
    }

    /// A comment goes where the element after it would go, and keeps it company.
    fn place_comments(&mut self, first: u32) {
        let mut next = first;
        while next != NONE {
            let piece = *self.document.get(next);
            if piece.is_element() {
                next = piece.next;
                continue;
            }
            let comments = next;
            while next != NONE && !self.document.get(next).is_element() {
                next = self.document.get(next).next;
            }
            // A comment at the end of a line stays there; one on the line of the element after it goes with it.
            let is_close = self.is_close(comments, next);
            let gap = match self.document.get(next).gap {
                _ if next == NONE => Gap::Space,
                Gap::Tight => Gap::Space,
                gap => gap,
            };
            let mut comment = comments;
            while comment != next {
                let own_line = self.newlines(comment) > 0;
                let goes_along = own_line || (is_close && comment == comments);
                let may_break = is_close && comment == comments && gap == Gap::Space;
                self.document.update(comment, |piece| {
                    piece.gap = if goes_along { gap } else { Gap::Space };
                    piece.may_break = may_break;
                });
                let before = comment;
                comment = self.document.get(comment).next;
                if comment == next
                    && next != NONE
                    && self.document.get(before).kind != PieceKind::LineComment
                    && self.newlines(next) == 0
                    && !self.document.get(next).is_tight
                {
                    self.document.update(next, |piece| {
                        piece.gap = Gap::Space;
                        piece.may_break = false;
                    });
                }
            }
        }
    }

    /// True if an element is on the line of the comments before it.
    fn is_close(&self, comments: u32, element: u32) -> bool {
        let mut next = comments;
        while next != element {
            if self.document.get(next).kind == PieceKind::LineComment {
                return false;
            }
            next = self.document.get(next).next;
            if next != NONE && self.newlines(next) > 0 {
                return false;
            }
        }
        element != NONE
    }

    /// How many line ends the author wrote before a piece, as far as that counts.
    fn newlines(&self, id: u32) -> u8 {
        let piece = self.document.get(id);
        match self.options.compact && piece.kind != PieceKind::LineComment {
            true => 0,
            false => piece.newlines,
        }
    }

    /// True if a line must end between two pieces whatever their form looks like.
    fn is_hard(&self, before: u32, piece: u32) -> bool {
        if before == NONE || piece == NONE {
            return false;
        }
        let newlines = self.newlines(piece);
        let (before, piece) = (self.document.get(before), self.document.get(piece));
        newlines > 0
            || before.kind == PieceKind::LineComment
            || before.kind == PieceKind::Raw
            || piece.kind == PieceKind::Raw
    }

    fn element(&self, elements: Elements, n: usize) -> &Piece {
        let id = match n < elements.count {
            true => self.elements.get(elements.start + n).copied().unwrap_or(NONE),
            false => NONE,
        };
        self.document.get(id)
    }

    /// The text of an element that is a symbol.
    fn word(&self, elements: Elements, n: usize) -> Option<&str> {
        let piece = self.element(elements, n);
        let is_word = n < elements.count && piece.kind == PieceKind::Atom && piece.node == NodeKind::Symbol;
        is_word.then(|| self.text(piece))
    }

    fn text(&self, piece: &Piece) -> &str {
        self.text.get(piece.start as usize..piece.end as usize).unwrap_or("")
    }
}
