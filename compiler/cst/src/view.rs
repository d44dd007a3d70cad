//! Looking at a tree: [`Node`] is a tree, its text and a number, and is copied freely.
//!
//! Form comments (`#;x`) are passed over by every view; error nodes are shown, and were already reported. A literal
//! whose value is `None` was reported too.

use crate::lexer::Token;
use crate::literal::{self, Piece};
use crate::number::{self, IntegerLiteral};
use crate::tree::{NodeData, NodeId, NodeKind, Tree};
use ovsm_base::{Span, TextRange};

/// A node of a tree, together with the text.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    text: &'t str,
    id: NodeId,
    data: &'t NodeData,
}

impl<'t> Node<'t> {
    pub(crate) fn new(tree: &'t Tree, text: &'t str, id: NodeId) -> Option<Node<'t>> {
        tree.nodes.get(id.0 as usize).map(|data| Node { tree, text, id, data })
    }

    /// Its number.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        self.data.kind
    }

    /// Its place, relative to the form.
    pub fn range(self) -> TextRange {
        self.data.range
    }

    /// Its place, with the form.
    pub fn span(self) -> Span {
        Span::new(self.tree.form, self.data.range)
    }

    /// Its text.
    pub fn text(self) -> &'t str {
        self.data.range.slice(self.text)
    }

    /// Its tokens, trivia between them included.
    pub fn tokens(self) -> &'t [Token] {
        let range = self.data.first_token as usize..self.data.end_token as usize;
        self.tree.tokens.get(range).unwrap_or(&[])
    }

    /// The enclosing node.
    pub fn parent(self) -> Option<Node<'t>> {
        Node::new(self.tree, self.text, self.data.parent?)
    }

    /// Its direct children, without form comments.
    pub fn children(self) -> Children<'t> {
        Children::new(self.tree, self.text, self.id.0 + 1, self.data.subtree_end.0)
    }

    /// Its `n`-th direct child, from 0.
    pub fn child(self, n: usize) -> Option<Node<'t>> {
        self.children().nth(n)
    }

    /// How many direct children it has.
    pub fn child_count(self) -> usize {
        self.children().count()
    }

    /// Itself and all nodes below it in pre-order, form comments included.
    pub fn descendants(self) -> impl Iterator<Item = Node<'t>> {
        let Node { tree, text, id, data } = self;
        (id.0..data.subtree_end.0).filter_map(move |n| Node::new(tree, text, NodeId(n)))
    }

    /// The text of a symbol.
    pub fn as_symbol(self) -> Option<&'t str> {
        (self.kind() == NodeKind::Symbol).then(|| self.text())
    }

    /// True for the symbol `name`.
    pub fn is_symbol(self, name: &str) -> bool {
        self.as_symbol() == Some(name)
    }

    /// The name of a keyword, without its colon.
    pub fn as_keyword(self) -> Option<&'t str> {
        if self.kind() == NodeKind::Keyword { self.text().strip_prefix(':') } else { None }
    }

    /// The items of a list.
    pub fn as_list(self) -> Option<Children<'t>> {
        (self.kind() == NodeKind::List).then(|| self.children())
    }

    /// The items of an array.
    pub fn as_array(self) -> Option<Children<'t>> {
        (self.kind() == NodeKind::Array).then(|| self.children())
    }

    /// The symbol that a list begins with.
    pub fn head(self) -> Option<&'t str> {
        self.as_list()?.next()?.as_symbol()
    }

    /// What a quote or unquote applies to. `None` if nothing follows it.
    pub fn operand(self) -> Option<Node<'t>> {
        if self.kind().is_prefix() { self.children().next() } else { None }
    }

    /// The entries of an object. Not meaningful for a refinement type ([`Node::is_refinement`]).
    pub fn entries(self) -> Vec<Entry<'t>> {
        let mut entries = Vec::new();
        if self.kind() != NodeKind::Object {
            return entries;
        }
        let mut items = self.children();
        while let Some(key) = items.next() {
            entries.push(match key.kind() {
                NodeKind::Symbol => Entry::Shorthand(key),
                NodeKind::UnquoteSplicing => Entry::Splice(key),
                NodeKind::Keyword | NodeKind::String | NodeKind::List | NodeKind::Unquote => {
                    match items.next() {
                        Some(value) => Entry::Pair(key, value),
                        None => Entry::Faulty(key),
                    }
                }
                _ => {
                    items.next();
                    Entry::Faulty(key)
                }
            });
        }
        entries
    }

    /// True for `{x : type | condition}`: braces whose second item is a lone colon.
    pub fn is_refinement(self) -> bool {
        self.kind() == NodeKind::Object && self.child(1).is_some_and(|item| item.is_symbol(":"))
    }

    /// The value of an integer literal.
    pub fn integer(self) -> Option<IntegerLiteral> {
        if self.kind() == NodeKind::Integer { number::integer(self.text()) } else { None }
    }

    /// The value of a float literal.
    pub fn float_value(self) -> Option<f64> {
        if self.kind() == NodeKind::Float { number::float(self.text()) } else { None }
    }

    /// The value of a string literal.
    pub fn string_value(self) -> Option<String> {
        if self.kind() != NodeKind::String {
            return None;
        }
        let mut value = String::new();
        let is_right = self.decode("\"", |piece| match piece {
            Piece::Char(c) => value.push(c),
            Piece::Byte(byte) => value.push(char::from(byte)),
            Piece::Nothing => {}
        });
        is_right.then_some(value)
    }

    /// The value of a byte string literal; characters that are not ASCII stand for their UTF-8 bytes.
    pub fn bytes_value(self) -> Option<Vec<u8>> {
        if self.kind() != NodeKind::ByteString {
            return None;
        }
        let mut value = Vec::new();
        let is_right = self.decode("b\"", |piece| match piece {
            Piece::Char(c) => value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Piece::Byte(byte) => value.push(byte),
            Piece::Nothing => {}
        });
        is_right.then_some(value)
    }

    /// The value of a character literal.
    pub fn char_value(self) -> Option<char> {
        if self.kind() == NodeKind::Char { literal::character(self.text()) } else { None }
    }

    /// Decodes a string literal; false if it has a fault.
    fn decode(self, open: &str, piece: impl FnMut(Piece)) -> bool {
        let is_terminated = matches!(self.tokens(), [token] if !token.kind.is_unterminated_string());
        let Some(body) = self.text().strip_prefix(open).and_then(|rest| rest.strip_suffix('"')) else {
            return false;
        };
        let mut is_right = is_terminated;
        literal::decode(body, 0, piece, |_, _| is_right = false);
        is_right
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}@{:?} {:?}", self.kind(), self.range(), self.text())
    }
}

/// An entry of an object.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'t> {
    /// `:key value`, `"key" value`, `(computed) value` or `,key value`.
    Pair(Node<'t>, Node<'t>),
    /// `name`, short for `:name name`.
    Shorthand(Node<'t>),
    /// `,@entries`.
    Splice(Node<'t>),
    /// A key without a value, or something that can be no key. Already reported.
    Faulty(Node<'t>),
}

/// Sibling nodes, without form comments.
#[derive(Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    text: &'t str,
    next: u32,
    end: u32,
}

impl<'t> Children<'t> {
    pub(crate) fn new(tree: &'t Tree, text: &'t str, next: u32, end: u32) -> Children<'t> {
        Children { tree, text, next, end }
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        while self.next < self.end {
            let node = Node::new(self.tree, self.text, NodeId(self.next))?;
            self.next = node.data.subtree_end.0.max(self.next + 1);
            if node.kind() != NodeKind::DatumComment {
                return Some(node);
            }
        }
        None
    }
}

impl std::fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use ovsm_base::{FormId, IntType};

    fn with<T>(text: &str, look: impl FnOnce(Node<'_>) -> T) -> T {
        let tree = parse(FormId(7), text);
        look(tree.root(text).expect("a root"))
    }

    #[test]
    fn literals_have_values() {
        assert_eq!(
            with("\"a\\n\\xe9\\u{3bb}\"", |node| node.string_value()),
            Some("a\né\u{3bb}".to_string())
        );
        assert_eq!(with("\"a\\q\"", |node| node.string_value()), None);
        assert_eq!(with("\"abc", |node| node.string_value()), None);
        assert_eq!(with("\"abc\\\"", |node| node.string_value()), None);
        assert_eq!(with("\"", |node| node.string_value()), None);
        assert_eq!(with("b\"a\\xffλ\"", |node| node.bytes_value()), Some(vec![b'a', 0xff, 0xce, 0xbb]));
        assert_eq!(with("b\"a\"", |node| node.string_value()), None);
        assert_eq!(with("#\\newline", |node| node.char_value()), Some('\n'));
        assert_eq!(with("#\\wat", |node| node.char_value()), None);
        assert_eq!(with("-1.5", |node| node.float_value()), Some(-1.5));
        assert_eq!(with("0x10", |node| node.float_value()), None);
        let literal = with("-0x10i8", |node| node.integer()).expect("an integer");
        assert!(literal.negative);
        assert_eq!(literal.magnitude, Some(16));
        assert_eq!(literal.suffix, Some(IntType::I8));
    }

    #[test]
    fn form_comments_are_passed_over() {
        with("(a #;b #;#;c d e)", |list| {
            let items: Vec<&str> = list.children().map(Node::text).collect();
            assert_eq!(items, ["a", "e"]);
            assert_eq!(list.child_count(), 2);
            assert_eq!(list.child(1).and_then(Node::parent).map(Node::id), Some(list.id()));
        });
        with("'#;a b", |quote| assert_eq!(quote.operand().map(Node::text), Some("b")));
    }

    #[test]
    fn objects_have_entries() {
        let shapes = |text| {
            with(text, |object| {
                let shape = |entry: &Entry<'_>| match entry {
                    Entry::Pair(key, value) => format!("{}={}", key.text(), value.text()),
                    Entry::Shorthand(name) => name.text().to_string(),
                    Entry::Splice(splice) => format!("splice {}", splice.text()),
                    Entry::Faulty(node) => format!("faulty {}", node.text()),
                };
                object.entries().iter().map(shape).collect::<Vec<_>>()
            })
        };
        assert_eq!(shapes("{:a 1, \"b\" x (f) :c}"), [":a=1", "\"b\"=x", "(f)=:c"]);
        assert_eq!(shapes("{a :b 2 c}"), ["a", ":b=2", "c"]);
        assert_eq!(shapes("{:a 1 :b}"), [":a=1", "faulty :b"]);
        assert_eq!(shapes("{1 2 :a 3}"), ["faulty 1", ":a=3"]);
        assert_eq!(shapes("(a)"), Vec::<String>::new());
    }
}
