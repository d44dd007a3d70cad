//! The tree under construction: the open brackets and prefixes, and what happens when they do not fit together.
//!
//! Knows nothing of characters; [`crate::reader`] hands it one significant token after the other.

use crate::lexer::{Token, TokenKind};
use crate::literal;
use crate::number;
use crate::reader::{Bracket, Significant, Step};
use crate::report;
use crate::tree::{NodeData, NodeId, NodeKind, Tree};
use ovsm_base::{Diagnostic, FormId, TextRange};

/// How deeply brackets and prefixes may nest. Text beyond it is one error node; later stages may recurse.
pub const MAX_DEPTH: usize = 256;

/// How many faults of one text are reported; the rest would say nothing new.
pub(crate) const MAX_ERRORS: usize = 100;

/// The tree under construction.
pub(crate) struct Builder<'t> {
    form: FormId,
    text: &'t str,
    /// How deeply brackets and prefixes may nest in this text.
    max_depth: usize,
    nodes: Vec<NodeData>,
    errors: Vec<Diagnostic>,
    stack: Vec<Frame>,
    /// How many brackets of each shape are on the stack.
    open: [u32; 3],
    /// How many quasiquotes, less unquotes, are on the stack.
    quasi: u32,
    skipped: Option<Skipped>,
    /// Objects, to be checked when all is read.
    objects: Vec<NodeId>,
    /// The form has as many closers as openers, so a closer of the wrong shape stands for one of the right shape.
    pub(crate) is_balanced: bool,
    /// A string or comment without end took in what follows, perhaps closers.
    is_truncated: bool,
    /// Where the last significant token ends: the number of the token after it, and the offset.
    end_token: u32,
    end: u32,
    /// A `,@` outside a quasiquote is a blank and the first character of a symbol, which goes on at this offset.
    at_sign_end: Option<(u32, NodeId)>,
}

/// An open bracket or a prefix that waits for its operand.
#[derive(Clone, Copy)]
struct Frame {
    node: NodeId,
    /// `None` for prefixes.
    bracket: Option<Bracket>,
    /// The level of quasiquotation outside.
    quasi_outside: u32,
}

/// A region beyond [`MAX_DEPTH`].
#[derive(Clone, Copy)]
struct Skipped {
    node: NodeId,
    /// Brackets that are open inside it.
    depth: u32,
}

impl<'t> Builder<'t> {
    pub(crate) fn new(form: FormId, text: &'t str, nodes: usize) -> Builder<'t> {
        Builder {
            form,
            text,
            max_depth: MAX_DEPTH,
            nodes: Vec::with_capacity(nodes),
            errors: Vec::new(),
            stack: Vec::new(),
            open: [0; 3],
            quasi: 0,
            skipped: None,
            objects: Vec::new(),
            is_balanced: true,
            is_truncated: false,
            end_token: 0,
            end: 0,
            at_sign_end: None,
        }
    }

    /// Lets brackets and prefixes nest more deeply, or less.
    pub(crate) fn nesting(self, max_depth: usize) -> Builder<'t> {
        Builder { max_depth, ..self }
    }

    pub(crate) fn step(&mut self, token: Significant, step: Step) {
        if let Some(skipped) = self.skipped
            && self.skip(token, step, skipped)
        {
            return;
        }
        match step {
            Step::Atom(kind) => self.atom(token, kind),
            Step::Open(bracket, kind) => self.open(token, bracket, kind),
            Step::Close(bracket) => self.close(token, bracket),
            Step::Prefix(kind) => self.prefix(token, kind),
            Step::Comma if self.quasi > 0 && token.is_tight => self.prefix(token, NodeKind::Unquote),
            Step::Comma => {}
            Step::CommaAt if self.quasi > 0 => self.prefix(token, NodeKind::UnquoteSplicing),
            Step::CommaAt => self.at_sign(token),
            Step::Fault => {
                self.is_truncated = true;
                self.leaf(token, NodeKind::Error);
                self.report(|form| report::unterminated_comment(form, token.range()));
            }
        }
    }

    fn atom(&mut self, token: Significant, kind: NodeKind) {
        if let Some((end, node)) = self.at_sign_end.take()
            && end == token.start
            && self.continue_at_sign(token, node)
        {
            return;
        }
        self.leaf(token, kind);
        if token.kind != TokenKind::Symbol {
            self.check_atom(token);
        }
        self.complete();
    }

    fn open(&mut self, token: Significant, bracket: Bracket, kind: NodeKind) {
        if self.is_too_deep(token, 1) {
            return;
        }
        let node = self.leaf(token, kind);
        self.stack.push(Frame { node, bracket: Some(bracket), quasi_outside: self.quasi });
        if let Some(count) = self.open.get_mut(bracket as usize) {
            *count += 1;
        }
        if kind == NodeKind::Object {
            self.objects.push(node);
        }
    }

    fn prefix(&mut self, token: Significant, kind: NodeKind) {
        if self.is_too_deep(token, 0) {
            return;
        }
        let node = self.leaf(token, kind);
        self.stack.push(Frame { node, bracket: None, quasi_outside: self.quasi });
        match kind {
            NodeKind::Quasiquote => self.quasi += 1,
            NodeKind::Unquote | NodeKind::UnquoteSplicing => self.quasi = self.quasi.saturating_sub(1),
            _ => {}
        }
    }

    fn close(&mut self, token: Significant, bracket: Bracket) {
        self.abandon_prefixes();
        let is_open = self.open.get(bracket as usize).is_some_and(|count| *count > 0);
        while let Some(frame) = self.stack.last().copied() {
            let Some(found) = frame.bracket else { break };
            let opener = self.opener(frame.node);
            if found != bracket && is_open && !self.is_balanced {
                // The right opener is further out: this one was never closed.
                self.report(|form| report::unclosed(form, opener, found, token.range(), 1));
                self.pop(frame);
                self.complete();
                self.abandon_prefixes();
                continue;
            }
            if found != bracket {
                self.report(|form| report::mismatched(form, opener, found, token.range(), bracket));
            }
            self.end_token = token.index + 1;
            self.end = token.end;
            self.pop(frame);
            self.complete();
            return;
        }
        self.leaf(token, NodeKind::Error);
        self.report(|form| report::stray_closer(form, token.range(), bracket));
    }

    /// `,@` outside a quasiquote: the symbol that begins with the `@`.
    fn at_sign(&mut self, token: Significant) {
        let node = self.leaf(token, NodeKind::Symbol);
        if let Some(data) = self.nodes.last_mut() {
            data.range.start = token.start + 1;
        }
        self.at_sign_end = Some((token.end, node));
        self.complete();
    }

    /// Adds the run of symbol characters after a `,@` to its symbol, which is the last node. False if `token` is no
    /// such run.
    fn continue_at_sign(&mut self, token: Significant, node: NodeId) -> bool {
        use TokenKind::*;
        if !matches!(token.kind, Symbol | Keyword | Integer | Float | MalformedNumber) {
            return false;
        }
        self.end_token = token.index + 1;
        self.end = token.end;
        self.at_sign_end = Some((token.end, node));
        // The symbol may have been the operand of prefixes, which then end where it ends.
        let mut next = Some(node);
        while let Some(data) = next.and_then(|id| self.nodes.get_mut(id.0 as usize)) {
            if data.kind.is_bracketed() {
                break;
            }
            data.end_token = token.index + 1;
            data.range.end = token.end;
            next = data.parent;
        }
        true
    }

    /// Deals with a token in a region that is too deep. False if the region ended before the token.
    fn skip(&mut self, token: Significant, step: Step, skipped: Skipped) -> bool {
        let mut depth = skipped.depth;
        let mut is_over = false;
        match step {
            Step::Comma => return true,
            Step::Open(..) => depth += 1,
            Step::Close(_) if depth == 0 => {
                self.end_skipped(skipped);
                return false;
            }
            Step::Close(_) => {
                depth -= 1;
                is_over = depth == 0;
            }
            Step::Atom(_) | Step::CommaAt => is_over = depth == 0,
            Step::Prefix(_) => {}
            Step::Fault => self.is_truncated = true,
        }
        self.is_truncated |= token.kind.is_unterminated_string();
        self.end_token = token.index + 1;
        self.end = token.end;
        if is_over {
            self.end_skipped(skipped);
        } else {
            self.skipped = Some(Skipped { depth, ..skipped });
        }
        true
    }

    fn end_skipped(&mut self, skipped: Skipped) {
        self.skipped = None;
        self.end_node(skipped.node);
        self.complete();
    }

    /// At the depth limit, begins a skipped region and reports it.
    fn is_too_deep(&mut self, token: Significant, depth: u32) -> bool {
        if self.stack.len() < self.max_depth {
            return false;
        }
        let node = self.leaf(token, NodeKind::Error);
        let limit = self.max_depth;
        self.report(|form| report::too_deep(form, token.range(), limit));
        self.skipped = Some(Skipped { node, depth });
        true
    }

    /// A form is complete: so are the prefixes before it, up to a form comment.
    fn complete(&mut self) {
        while let Some(frame) = self.stack.last().copied() {
            if frame.bracket.is_some() {
                return;
            }
            self.pop(frame);
            let is_comment =
                self.nodes.get(frame.node.0 as usize).is_some_and(|node| node.kind == NodeKind::DatumComment);
            if is_comment {
                return;
            }
        }
    }

    /// Ends prefixes that nothing follows.
    fn abandon_prefixes(&mut self) {
        while let Some(frame) = self.stack.last().copied() {
            if frame.bracket.is_some() {
                return;
            }
            if !self.is_truncated {
                let prefix = self.opener(frame.node);
                let kind = self.nodes.get(frame.node.0 as usize).map_or(NodeKind::Error, |node| node.kind);
                self.report(|form| report::prefix_without_form(form, prefix, kind));
            }
            self.pop(frame);
        }
    }

    /// The end of the form: whatever is still open ends here.
    pub(crate) fn end_of_text(&mut self, significant: &[Significant]) {
        if let Some(skipped) = self.skipped {
            self.end_skipped(skipped);
        }
        let mut unclosed = 0;
        let mut outermost = None;
        loop {
            self.abandon_prefixes();
            let Some(frame) = self.stack.last().copied() else { break };
            unclosed += 1;
            outermost = frame.bracket.map(|bracket| (self.opener(frame.node), bracket));
            self.pop(frame);
            self.complete();
        }
        if let Some((opener, bracket)) = outermost
            && !self.is_truncated
        {
            let end = TextRange::new(self.end, self.end);
            // The bracket that the indentation points to, unless that one was found to be unclosed already.
            let is_known = |opener: TextRange| {
                let place = |error: &Diagnostic| error.labels.first().map(|label| label.span.range);
                self.errors.iter().any(|error| place(error) == Some(opener))
            };
            let culprit =
                report::misindented(self.text, significant).filter(|(opener, ..)| !is_known(*opener));
            let (opener, bracket, before) = culprit.unwrap_or((opener, bracket, end));
            self.report(|form| report::unclosed(form, opener, bracket, before, unclosed));
        }
        self.at_sign_end = None;
        self.is_truncated = false;
    }

    /// Appends a node of one token below the innermost open one.
    fn leaf(&mut self, token: Significant, kind: NodeKind) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.end_token = token.index + 1;
        self.end = token.end;
        self.nodes.push(NodeData {
            kind,
            parent: self.stack.last().map(|frame| frame.node),
            subtree_end: NodeId(id.0 + 1),
            first_token: token.index,
            end_token: token.index + 1,
            range: token.range(),
        });
        id
    }

    /// Removes the innermost frame; its node ends with the last significant token.
    fn pop(&mut self, frame: Frame) {
        self.stack.pop();
        self.quasi = frame.quasi_outside;
        if let Some(bracket) = frame.bracket
            && let Some(count) = self.open.get_mut(bracket as usize)
        {
            *count = count.saturating_sub(1);
        }
        self.end_node(frame.node);
    }

    fn end_node(&mut self, id: NodeId) {
        let next = NodeId(self.nodes.len() as u32);
        if let Some(node) = self.nodes.get_mut(id.0 as usize) {
            node.subtree_end = next;
            node.end_token = self.end_token;
            node.range.end = self.end;
        }
    }

    /// The range of the bracket or prefix itself that opened a node.
    fn opener(&self, id: NodeId) -> TextRange {
        let Some(node) = self.nodes.get(id.0 as usize) else { return TextRange::default() };
        let len = match node.kind {
            NodeKind::Set | NodeKind::UnquoteSplicing | NodeKind::FunctionQuote | NodeKind::DatumComment => 2,
            _ => 1,
        };
        TextRange::new(node.range.start, node.range.start + len)
    }

    /// Reports the faults of an atom.
    fn check_atom(&mut self, token: Significant) {
        let range = token.range();
        let text = range.slice(self.text);
        match token.kind {
            TokenKind::String => self.check_string(text, 1, range),
            TokenKind::ByteString => self.check_string(text, 2, range),
            TokenKind::UnterminatedString | TokenKind::UnterminatedByteString => {
                self.is_truncated = true;
                self.report(|form| report::unterminated_string(form, range, text));
            }
            TokenKind::Char if literal::character(text).is_none() => {
                self.report(|form| report::unknown_character(form, range, text));
            }
            TokenKind::MalformedNumber => self.report(|form| report::malformed_number(form, range, text)),
            TokenKind::Float if number::float(text).is_none() => {
                self.report(|form| report::float_too_large(form, range));
            }
            TokenKind::BadCharacter => self.report(|form| report::unexpected_character(form, range, text)),
            _ => {}
        }
    }

    fn check_string(&mut self, text: &str, open: usize, range: TextRange) {
        let body = text.get(open..text.len().saturating_sub(1)).unwrap_or("");
        // Printable ASCII without a backslash has no faults.
        if body.bytes().all(|byte| matches!(byte, b' '..=b'[' | b']'..=b'~' | b'\n' | b'\t' | b'\r')) {
            return;
        }
        literal::decode(
            body,
            range.start + open as u32,
            |_| {},
            |at, fault| self.report(|form| report::literal_fault(form, at, fault, at.slice(self.text))),
        );
    }

    fn report(&mut self, make: impl FnOnce(FormId) -> Diagnostic) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(make(self.form));
        }
    }

    pub(crate) fn into_tree(self, tokens: Vec<Token>) -> Tree {
        let Builder { form, text, nodes, errors, objects, .. } = self;
        let mut tree = Tree { form, tokens, nodes, errors };
        let room = MAX_ERRORS.saturating_sub(tree.errors.len());
        let faults: Vec<Diagnostic> = objects
            .iter()
            .filter_map(|id| tree.node(text, *id))
            .filter_map(|object| report::malformed_object(form, object))
            .take(room)
            .collect();
        tree.errors.extend(faults);
        if tree.errors.len() > 1 {
            tree.errors.sort_by_key(|error| error.labels.first().map(|label| label.span.range));
        }
        tree
    }
}
