//! `empty-body`: a form whose body is missing.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "empty-body",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a form whose body is missing",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for (name, least) in
        [("when", 1), ("unless", 1), ("let", 1), ("let*", 1), ("while", 1), ("for", 1), ("dotimes", 1)]
    {
        if let Some(operands) = context.operands(node, name)
            && operands.len() == least
            && !is_guard(node)
        {
            context
                .report(node, format!("this `{name}` has no body"))
                .help("its bracket may be closed too early");
        }
    }
}

/// True for the `(when condition)` of a clause of `match`.
fn is_guard(node: Node<'_>) -> bool {
    node.parent().and_then(Node::parent).is_some_and(|form| form.head() == Some("match"))
}
