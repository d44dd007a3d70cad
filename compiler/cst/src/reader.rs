//! Tokens to a tree. The grammar is total: a text is any sequence of atoms, brackets and prefixes, and what does not
//! fit together is reported and still has its place in the tree.
//!
//! The grammar ([`grammar`]) is a chumsky parser over the significant tokens that needs no recursion, no
//! backtracking and no recovery; it hands each token to the [`Builder`], which keeps the open brackets and prefixes
//! on a stack of its own and appends to the flat tree. Time and memory are linear in the text, and the stack of the
//! thread is not used however deeply a text nests.

use crate::builder::{Builder, MAX_DEPTH};
use crate::lexer::{Token, TokenKind, for_each_token};
use crate::source;
use crate::split::split;
use crate::tree::{NodeKind, Tree};
use chumsky::error::EmptyErr;
use chumsky::extra::{Full, SimpleState};
use chumsky::input::MapExtra;
use chumsky::prelude::*;
use ovsm_base::{FormId, TextRange};

/// Reads the text of one top-level form. Ranges are relative to the text.
pub fn parse(form: FormId, text: &str) -> Tree {
    parse_nested(form, text, MAX_DEPTH)
}

/// Reads one form whose brackets and prefixes may nest so deeply: data, of which no code is made.
pub fn parse_nested(form: FormId, text: &str, max_depth: usize) -> Tree {
    if let Some(too_large) = source::size_fault(text.len()) {
        return Tree { form, tokens: Vec::new(), nodes: Vec::new(), errors: vec![too_large] };
    }
    let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
    let mut significant = Vec::with_capacity(text.len() / 4 + 1);
    lex(text, 0, &mut tokens, &mut significant);
    // A tree is kept for long: it should not hold more memory than it needs.
    tokens.shrink_to_fit();
    let nodes = significant.iter().filter(|token| !token.kind.is_closer()).count();
    let mut state = SimpleState(Builder::new(form, text, nodes).nesting(max_depth));
    read(&significant, &mut state);
    state.0.into_tree(tokens)
}

/// Reads a whole file at once: one root for each top-level form, ranges relative to the file.
pub fn parse_file(form: FormId, text: &str) -> Tree {
    let split = split(text);
    if !split.errors.is_empty() {
        return Tree { form, tokens: Vec::new(), nodes: Vec::new(), errors: split.errors };
    }
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
    lex(TextRange::new(at, text.len() as u32).slice(text), at, &mut tokens, &mut significant);
    state.0.into_tree(tokens)
}

/// A token that is not trivia, with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Significant {
    pub(crate) kind: TokenKind,
    /// Of a comma: something other than a blank, a comment, a closer or the end follows immediately.
    pub(crate) is_tight: bool,
    pub(crate) index: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
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

/// What a token does.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Atom(NodeKind),
    Open(Bracket, NodeKind),
    Close(Bracket),
    Prefix(NodeKind),
    Comma,
    CommaAt,
    /// An unterminated comment: reported, but not a form that a prefix could apply to.
    Fault,
}

impl Step {
    /// What a token of this kind does.
    #[inline]
    const fn of(kind: TokenKind) -> Step {
        use TokenKind as T;
        match kind {
            T::Symbol => Step::Atom(NodeKind::Symbol),
            T::Keyword => Step::Atom(NodeKind::Keyword),
            T::Integer => Step::Atom(NodeKind::Integer),
            T::Float => Step::Atom(NodeKind::Float),
            T::Char => Step::Atom(NodeKind::Char),
            T::String | T::UnterminatedString => Step::Atom(NodeKind::String),
            T::ByteString | T::UnterminatedByteString => Step::Atom(NodeKind::ByteString),
            T::MalformedNumber | T::BadCharacter => Step::Atom(NodeKind::Error),
            T::LeftParen => Step::Open(Bracket::Round, NodeKind::List),
            T::LeftBracket => Step::Open(Bracket::Square, NodeKind::Array),
            T::LeftBrace => Step::Open(Bracket::Curly, NodeKind::Object),
            T::HashBrace => Step::Open(Bracket::Curly, NodeKind::Set),
            T::RightParen => Step::Close(Bracket::Round),
            T::RightBracket => Step::Close(Bracket::Square),
            T::RightBrace => Step::Close(Bracket::Curly),
            T::Quote => Step::Prefix(NodeKind::Quote),
            T::Backquote => Step::Prefix(NodeKind::Quasiquote),
            T::HashQuote => Step::Prefix(NodeKind::FunctionQuote),
            T::HashSemicolon => Step::Prefix(NodeKind::DatumComment),
            T::Comma => Step::Comma,
            T::CommaAt => Step::CommaAt,
            // The other trivia never gets here.
            T::UnterminatedComment | T::Whitespace | T::LineComment | T::DocComment | T::BlockComment => {
                Step::Fault
            }
        }
    }
}

type Extra<'t> = Full<EmptyErr, SimpleState<Builder<'t>>, ()>;

/// Any sequence of tokens. The kind of a token decides what it does, so there is one alternative and no choice to be
/// tried, which is measurably slower.
fn grammar<'s, 't: 's>() -> impl Parser<'s, &'s [Significant], (), Extra<'t>> {
    let step = any().map(|token: Significant| (token, Step::of(token.kind)));
    empty().foldl_with(
        step.repeated(),
        |(), (token, step), extra: &mut MapExtra<'_, '_, &'s [Significant], Extra<'t>>| {
            extra.state().step(token, step);
        },
    )
}

#[cfg(test)]
mod tests;
