//! Taking the definition of a macro apart, for the lints of macros.

use ovsm_cst::{Node, NodeKind};

/// The parameters of a macro whose body is one template, and the template.
pub(crate) fn template(node: Node<'_>) -> Option<(Vec<Node<'_>>, Node<'_>)> {
    if node.head() != Some("defmacro") {
        return None;
    }
    let list = node.child(2).filter(|list| list.kind() == NodeKind::List)?;
    let body: Vec<Node<'_>> =
        node.children().skip(3).filter(|part| part.kind() != NodeKind::String).collect();
    let [template] = body.as_slice() else { return None };
    if template.kind() != NodeKind::Quasiquote {
        return None;
    }
    let parameters = list
        .children()
        .take_while(|parameter| parameter.as_symbol().is_none_or(|name| !name.starts_with('&')))
        .filter(|parameter| parameter.as_symbol().is_some())
        .collect();
    Some((parameters, *template))
}

/// The places of a template where an argument stands.
pub(crate) fn unquoted<'t>(template: Node<'t>, name: &str) -> Vec<Node<'t>> {
    template
        .descendants()
        .filter(|node| {
            matches!(node.kind(), NodeKind::Unquote | NodeKind::UnquoteSplicing)
                && node.operand().and_then(Node::as_symbol) == Some(name)
                && !is_quoted(*node, template)
        })
        .collect()
}

/// True if a template assigns what is given for a parameter: it is a place then, and has to stand in several positions.
pub(crate) fn assigns(template: Node<'_>, name: &str) -> bool {
    template.descendants().any(|node| {
        matches!(
            node.head(),
            Some("set!" | "setf" | "setq" | "incf" | "decf" | "push!" | "append!" | "clear!" | "pop!")
        ) && node.child(1).is_some_and(|place| place.operand().and_then(Node::as_symbol) == Some(name))
    })
}

/// True for a place of a template that is quoted there: it gives the form itself, and evaluates nothing.
fn is_quoted(node: Node<'_>, template: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent().filter(|parent| parent.id() != template.id()) {
        if parent.kind() == NodeKind::Quote || parent.head() == Some("quote") {
            return true;
        }
        at = parent;
    }
    false
}
