//! Which names the forms of a text bind, for lints that look at the text alone. Names that macros bind are not known here.
//! Start with [`names_bound_by`].

use ovsm_cst::{Node, NodeKind};

/// The places of the names that a form binds for its body.
pub(crate) fn names_bound_by(form: Node<'_>) -> Vec<Node<'_>> {
    let list = match form.head() {
        Some("let" | "let*" | "letrec" | "letrec*") => {
            return form.child(1).into_iter().flat_map(Node::children).filter_map(binder).collect();
        }
        Some("for" | "dolist" | "dotimes") => {
            return form.child(1).and_then(|pair| pair.child(0)).into_iter().flat_map(names).collect();
        }
        Some("fn" | "lambda") => (form.child(1), 0),
        Some("defn" | "defun" | "defmacro") => (form.child(2), 0),
        Some("define") => (form.child(1).filter(|name| name.kind() == NodeKind::List), 1),
        _ => return Vec::new(),
    };
    let parameters = list.0.into_iter().flat_map(Node::children).skip(list.1);
    let parameters = parameters.filter_map(|parameter| match parameter.kind() {
        NodeKind::Symbol => Some(parameter).filter(|name| !name.text().starts_with('&')),
        _ => binder(parameter),
    });
    parameters.collect()
}

/// The name of `(name value)`.
fn binder(binding: Node<'_>) -> Option<Node<'_>> {
    let name = if binding.kind() == NodeKind::List { binding.child(0)? } else { binding };
    Some(name).filter(|name| name.as_symbol().is_some())
}

fn names(pattern: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    pattern.descendants().filter(|node| node.as_symbol().is_some())
}

/// The forms around a node that bind a name for the place where it stands, the innermost first.
pub(crate) fn binders_around<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut at = node;
    while let Some(form) = at.parent() {
        let place = form.children().position(|child| child.id() == at.id()).unwrap_or(0);
        let header = match form.head() {
            Some("defn" | "defun" | "defmacro") => 2,
            _ => 1,
        };
        if place > header {
            found.extend(names_bound_by(form).into_iter().filter(|bound| bound.is_symbol(name)).take(1));
        }
        at = form;
    }
    found
}
