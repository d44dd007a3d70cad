//! Tokens to a tree. The grammar is total: a text is any sequence of atoms, brackets and prefixes, and what does not
//! fit together is reported and still has its place in the tree.
//!
//! The grammar ([`grammar`]) is a chumsky parser over the significant tokens that needs no recursion, no
//! backtracking and no recovery; it hands each token to the [`Builder`], which keeps the open brackets and prefixes
//! on a stack of its own and appends to the flat tree. Time and memory are linear in the text, and the stack of the
//! thread is not used however deeply a text nests.

use crate::lexer::{Token, TokenKind, for_each_token};
use crate::number;
use crate::report;
use crate::source;
use crate::split::split;
use crate::tree::{NodeData, NodeId, NodeKind, Tree};
use chumsky::error::EmptyErr;
use chumsky::extra::{Full, SimpleState};
use chumsky::input::MapExtra;
use chumsky::prelude::*;
use ovsm_base::{Diagnostic, FormId, TextRange};

/// How deeply brackets and prefixes may nest. Text beyond it is one error node; later stages may recurse.
pub const MAX_DEPTH: usize = 256;

/// How many faults of one text are reported; the rest would say nothing new.
const MAX_ERRORS: usize = 100;

/// Reads the text of one top-level form. Ranges are relative to the text.
pub fn parse(form: FormId, text: &str) -> Tree {
    if let Some(too_large) = source::size_fault(text.len()) {
        return Tree { form, tokens: Vec::new(), nodes: Vec::new(), errors: vec![too_large] };
    }
    let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
    let mut significant = Vec::with_capacity(text.len() / 6 + 1);
    lex(text, 0, &mut tokens, &mut significant);
    let mut state = SimpleState(Builder::new(form, text, significant.len()));
    read(&significant, &mut state);
    state.0.into_tree(tokens)
}

/// Reads a whole file at once: one root for each top-level form, ranges relative to the file.
pub fn parse_file(form: FormId, text: &str) -> Tree {
    let split = split(text);
    let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
    let mut significant = Vec::new();
    let mut state = SimpleState(Builder::new(form, text, text.len() / 8));
    let mut at = 0;
    for top in &split.forms {
        // What lies between forms is trivia, and the reader must see the form's tokens as `parse` would see them.
        lex(TextRange::new(at, top.range.start).slice(text), at, &mut tokens, &mut significant);
        significant.clear();
        lex(top.text(text), top.range.start, &mut tokens, &mut significant);
        read(&significant, &mut state);
        significant.clear();
        at = top.range.end;
    }
    if split.errors.is_empty() {
        lex(TextRange::new(at, text.len() as u32).slice(text), at, &mut tokens, &mut significant);
    }
    state.0.errors.extend(split.errors);
    state.0.into_tree(tokens)
}

/// A token that is not trivia, with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Significant {
    pub(crate) kind: TokenKind,
    /// Of a comma: something other than a blank, a comment, a closer or the end follows immediately.
    is_tight: bool,
    index: u32,
    start: u32,
    end: u32,
}

impl Significant {
    pub(crate) fn range(self) -> TextRange {
        TextRange::new(self.start, self.end)
    }
}

/// Appends the tokens of `text`, which begins at `offset`.
fn lex(text: &str, offset: u32, tokens: &mut Vec<Token>, significant: &mut Vec<Significant>) {
    let mut start = offset;
    let mut after_comma = false;
    for_each_token(text, |kind, len| {
        if after_comma {
            after_comma = false;
            if let Some(comma) = significant.last_mut() {
                use TokenKind::*;
                comma.is_tight = !kind.is_closer()
                    && !matches!(kind, Whitespace | LineComment | DocComment | BlockComment)
                    && !matches!(kind, UnterminatedComment | HashSemicolon);
            }
        }
        if !kind.is_trivia() || kind == TokenKind::Comma {
            let index = tokens.len() as u32;
            significant.push(Significant { kind, is_tight: false, index, start, end: start + len });
            after_comma = kind == TokenKind::Comma;
        }
        tokens.push(Token { kind, len });
        start += len;
    });
}

/// Reads one form's significant tokens into the builder.
fn read(significant: &[Significant], state: &mut SimpleState<Builder<'_>>) {
    let brackets = |is: fn(TokenKind) -> bool| significant.iter().filter(|token| is(token.kind)).count();
    state.is_balanced = brackets(TokenKind::is_opener) == brackets(TokenKind::is_closer);
    // The grammar accepts every sequence of tokens, so there is no error to be looked at.
    grammar().parse_with_state(significant, state).into_output();
    state.end_of_text(significant);
}

/// What a token does.
#[derive(Clone, Copy)]
enum Step {
    Atom(NodeKind),
    Open(Bracket, NodeKind),
    Close(Bracket),
    Prefix(NodeKind),
    Comma,
    CommaAt,
    /// An unterminated comment: reported, but not a form that a prefix could apply to.
    Fault,
}

type Extra<'t> = Full<EmptyErr, SimpleState<Builder<'t>>, ()>;

/// The sequence of all steps.
fn grammar<'s, 't: 's>() -> impl Parser<'s, &'s [Significant], (), Extra<'t>> {
    use TokenKind as T;
    let atom = select! {
        token @ Significant { kind: T::Symbol, .. } => (token, Step::Atom(NodeKind::Symbol)),
        token @ Significant { kind: T::Keyword, .. } => (token, Step::Atom(NodeKind::Keyword)),
        token @ Significant { kind: T::Integer, .. } => (token, Step::Atom(NodeKind::Integer)),
        token @ Significant { kind: T::Float, .. } => (token, Step::Atom(NodeKind::Float)),
        token @ Significant { kind: T::Char, .. } => (token, Step::Atom(NodeKind::Char)),
        token @ Significant { kind: T::String | T::UnterminatedString, .. } =>
            (token, Step::Atom(NodeKind::String)),
        token @ Significant { kind: T::ByteString | T::UnterminatedByteString, .. } =>
            (token, Step::Atom(NodeKind::ByteString)),
        token @ Significant { kind: T::MalformedNumber | T::BadCharacter, .. } =>
            (token, Step::Atom(NodeKind::Error)),
    };
    let opener = select! {
        token @ Significant { kind: T::LeftParen, .. } => (token, Step::Open(Bracket::Round, NodeKind::List)),
        token @ Significant { kind: T::LeftBracket, .. } => (token, Step::Open(Bracket::Square, NodeKind::Array)),
        token @ Significant { kind: T::LeftBrace, .. } => (token, Step::Open(Bracket::Curly, NodeKind::Object)),
        token @ Significant { kind: T::HashBrace, .. } => (token, Step::Open(Bracket::Curly, NodeKind::Set)),
    };
    let closer = select! {
        token @ Significant { kind: T::RightParen, .. } => (token, Step::Close(Bracket::Round)),
        token @ Significant { kind: T::RightBracket, .. } => (token, Step::Close(Bracket::Square)),
        token @ Significant { kind: T::RightBrace, .. } => (token, Step::Close(Bracket::Curly)),
    };
    let prefix = select! {
        token @ Significant { kind: T::Quote, .. } => (token, Step::Prefix(NodeKind::Quote)),
        token @ Significant { kind: T::Backquote, .. } => (token, Step::Prefix(NodeKind::Quasiquote)),
        token @ Significant { kind: T::HashQuote, .. } => (token, Step::Prefix(NodeKind::FunctionQuote)),
        token @ Significant { kind: T::HashSemicolon, .. } => (token, Step::Prefix(NodeKind::DatumComment)),
        token @ Significant { kind: T::Comma, .. } => (token, Step::Comma),
        token @ Significant { kind: T::CommaAt, .. } => (token, Step::CommaAt),
    };
    let fault = any().map(|token| (token, Step::Fault));
    let step = choice((atom, opener, closer, prefix, fault));
    empty().foldl_with(
        step.repeated(),
        |(), (token, step), extra: &mut MapExtra<'_, '_, &'s [Significant], Extra<'t>>| {
            extra.state().step(token, step);
        },
    )
}

/// The three shapes of brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bracket {
    Round,
    Square,
    Curly,
}

impl Bracket {
    /// The closer.
    pub(crate) const fn closer(self) -> char {
        match self {
            Bracket::Round => ')',
            Bracket::Square => ']',
            Bracket::Curly => '}',
        }
    }

    /// The shape of a token that opens or closes.
    pub(crate) const fn of(kind: TokenKind) -> Option<Bracket> {
        use TokenKind::*;
        match kind {
            LeftParen | RightParen => Some(Bracket::Round),
            LeftBracket | RightBracket => Some(Bracket::Square),
            LeftBrace | HashBrace | RightBrace => Some(Bracket::Curly),
            _ => None,
        }
    }
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

/// The tree under construction.
struct Builder<'t> {
    form: FormId,
    text: &'t str,
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
    is_balanced: bool,
    /// A string or comment without end took in what follows, perhaps closers.
    is_truncated: bool,
    /// Where the last significant token ends: the number of the token after it, and the offset.
    end_token: u32,
    end: u32,
    /// A `,@` outside a quasiquote is a blank and the first character of a symbol, which goes on at this offset.
    at_sign_end: Option<(u32, NodeId)>,
}

impl<'t> Builder<'t> {
    fn new(form: FormId, text: &'t str, nodes: usize) -> Builder<'t> {
        Builder {
            form,
            text,
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

    fn step(&mut self, token: Significant, step: Step) {
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
        if self.stack.len() < MAX_DEPTH {
            return false;
        }
        let node = self.leaf(token, NodeKind::Error);
        self.report(|form| report::too_deep(form, token.range(), MAX_DEPTH));
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
    fn end_of_text(&mut self, significant: &[Significant]) {
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
            TokenKind::Char if crate::literal::character(text).is_none() => {
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
        crate::literal::decode(
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

    fn into_tree(self, tokens: Vec<Token>) -> Tree {
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

#[cfg(test)]
mod tests;
