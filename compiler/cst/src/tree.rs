//! The tree: tokens and nodes in two flat vectors, with the faults that were found.
//!
//! Nodes are in pre-order and each knows where its subtree ends, so skipping, comparing and dropping need no
//! recursion. Trivia is not in nodes; it lies between the tokens of nodes. The text itself is not kept: who looks at
//! a tree hands the text in again ([`Tree::roots`]).

use crate::lexer::Token;
use crate::view::{Children, Node};
use ovsm_base::{Diagnostic, FormId, TextRange, index_type};

/// What was read from a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    pub(crate) form: FormId,
    pub(crate) tokens: Vec<Token>,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) errors: Vec<Diagnostic>,
}

index_type!(
    /// A node of one tree: its number in pre-order.
    NodeId, "n"
);

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum NodeKind {
    /// `( … )`.
    List,
    /// `[ … ]`.
    Array,
    /// `{ … }`.
    Object,
    /// `#{ … }`.
    Set,
    /// `'x`.
    Quote,
    /// `` `x ``.
    Quasiquote,
    /// `,x`.
    Unquote,
    /// `,@x`.
    UnquoteSplicing,
    /// `#'x`.
    FunctionQuote,
    /// A symbol; `true`, `null`, `:` and `..` are symbols too.
    Symbol,
    /// `:name`.
    Keyword,
    /// An integer literal.
    Integer,
    /// A float literal.
    Float,
    /// A string literal, perhaps a faulty one.
    String,
    /// A byte string literal, perhaps a faulty one.
    ByteString,
    /// A character literal, perhaps a faulty one.
    Char,
    /// `#;x`: a form that counts as a comment.
    DatumComment,
    /// Text that can not be understood and was reported.
    Error,
}

impl NodeKind {
    /// True for lists, arrays, objects and sets.
    pub const fn is_bracketed(self) -> bool {
        matches!(self, NodeKind::List | NodeKind::Array | NodeKind::Object | NodeKind::Set)
    }

    /// True for the quotes, unquotes and form comments.
    pub const fn is_prefix(self) -> bool {
        use NodeKind::*;
        matches!(self, Quote | Quasiquote | Unquote | UnquoteSplicing | FunctionQuote | DatumComment)
    }
}

/// A node as stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NodeData {
    /// What it is.
    pub kind: NodeKind,
    /// The enclosing node; `None` for roots.
    pub parent: Option<NodeId>,
    /// The first node after its subtree.
    pub subtree_end: NodeId,
    /// The number of its first token.
    pub first_token: u32,
    /// The number of the token after its last one.
    pub end_token: u32,
    /// Its place in the text.
    pub range: TextRange,
}

impl Tree {
    /// The form that ranges are relative to.
    pub fn form(&self) -> FormId {
        self.form
    }

    /// The faults, in the order of their places.
    pub fn errors(&self) -> &[Diagnostic] {
        &self.errors
    }

    /// All tokens; together they cover the text.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// All nodes in pre-order.
    pub fn nodes(&self) -> &[NodeData] {
        &self.nodes
    }

    /// The nodes that have no parent, without form comments. `text` must be the text that was parsed.
    pub fn roots<'t>(&'t self, text: &'t str) -> Children<'t> {
        Children::new(self, text, 0, self.nodes.len() as u32)
    }

    /// The first of the [`Tree::roots`].
    pub fn root<'t>(&'t self, text: &'t str) -> Option<Node<'t>> {
        self.roots(text).next()
    }

    /// The node with this number.
    pub fn node<'t>(&'t self, text: &'t str, id: NodeId) -> Option<Node<'t>> {
        Node::new(self, text, id)
    }

    /// The innermost node that covers `offset`, its end included. Where two nodes meet, the later one wins.
    pub fn node_at<'t>(&'t self, text: &'t str, offset: u32) -> Option<Node<'t>> {
        let mut found = None;
        let mut next = 0u32;
        while let Some(node) = self.nodes.get(next as usize) {
            if node.range.start > offset {
                break;
            }
            if offset <= node.range.end {
                found = Some(NodeId(next));
                next += 1;
            } else {
                next = node.subtree_end.0;
            }
        }
        self.node(text, found?)
    }
}

#[cfg(test)]
mod tests {
    use ovsm_base::FormId;

    #[test]
    fn the_innermost_node_at_an_offset() {
        let text = "(a (b c) 'd)";
        let tree = crate::parse(FormId(0), text);
        let at = |offset| tree.node_at(text, offset).map(|node| node.text());
        assert_eq!(at(0), Some(text));
        assert_eq!(at(1), Some("a"));
        assert_eq!(at(4), Some("b"));
        assert_eq!(at(8), Some("(b c)"));
        assert_eq!(at(9), Some("'d"));
        assert_eq!(at(11), Some("d"));
        assert_eq!(at(12), Some(text));
        assert_eq!(at(13), None);
    }

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<super::NodeData>() <= 32);
    }
}
