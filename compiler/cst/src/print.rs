//! A tree back to text, one line for each root, without comments: the same text for every layout of the same forms.
//!
//! Reading the text gives the same tree again, up to positions and form comments, if the tree has no faults. This is
//! no formatter; it is for tests and for looking at trees.

use crate::tree::{NodeKind, Tree};
use crate::view::{Children, Node};

/// The canonical text of a tree; each root is followed by a line end.
pub fn print(tree: &Tree, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for root in tree.roots(text) {
        print_node(root, &mut out);
        out.push('\n');
    }
    out
}

/// A bracket or prefix that is being printed: the children that are left, and what follows them.
struct Pending<'t> {
    children: Children<'t>,
    separator: &'static str,
    closer: &'static str,
    is_first: bool,
}

fn print_node<'t>(root: Node<'t>, out: &mut String) {
    let mut stack: Vec<Pending<'t>> = Vec::new();
    let mut next = Some(root);
    loop {
        if let Some(node) = next.take() {
            match brackets(node.kind()) {
                Some((opener, separator, closer)) => {
                    out.push_str(opener);
                    stack.push(Pending { children: node.children(), separator, closer, is_first: true });
                }
                None => {
                    // `,@x` would be another prefix. The comma between is a blank: a name that begins so can only be read
                    // outside of all quasiquotes.
                    if out.ends_with(',') && node.text().starts_with('@') {
                        out.push(',');
                    }
                    out.push_str(node.text());
                }
            }
        }
        let Some(top) = stack.last_mut() else { return };
        next = top.children.next();
        match next {
            Some(_) if top.is_first => top.is_first = false,
            Some(_) => out.push_str(top.separator),
            None => {
                out.push_str(top.closer);
                stack.pop();
            }
        }
    }
}

/// What stands before, between and after the children; `None` for atoms.
fn brackets(kind: NodeKind) -> Option<(&'static str, &'static str, &'static str)> {
    match kind {
        NodeKind::List => Some(("(", " ", ")")),
        NodeKind::Array => Some(("[", " ", "]")),
        NodeKind::Object => Some(("{", " ", "}")),
        NodeKind::Set => Some(("#{", " ", "}")),
        NodeKind::Quote => Some(("'", "", "")),
        NodeKind::Quasiquote => Some(("`", "", "")),
        NodeKind::Unquote => Some((",", "", "")),
        NodeKind::UnquoteSplicing => Some((",@", "", "")),
        NodeKind::FunctionQuote => Some(("#'", "", "")),
        NodeKind::DatumComment => Some(("#;", "", "")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ovsm_base::FormId;

    #[test]
    fn an_unquoted_name_that_begins_with_an_at_sign_is_not_spliced() {
        let shown = |text: &str| super::print(&crate::parse_file(FormId(0), text), text);
        let printed = shown("(`,,@a `(b ,,@c))");
        assert_eq!(printed, "(`,,@a `(b ,,@c))\n");
        assert_eq!(shown(&printed), printed);
    }

    #[test]
    fn layout_and_comments_disappear() {
        let text = "( a ;c\n , b #;x [ 1  2] ' c)\n#|x|# `(f ,a , b ,@ c,d) #{x}{ :a #' f}";
        let tree = crate::parse_file(FormId(0), text);
        assert_eq!(super::print(&tree, text), "(a b [1 2] 'c)\n`(f ,a b ,@c ,d)\n#{x}\n{:a #'f}\n");
    }
}
