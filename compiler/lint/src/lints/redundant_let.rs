//! `redundant-let`: a `let` that binds nothing.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "redundant-let",
    category: Category::Style,
    level: Level::Warn,
    summary: "a `let` that binds nothing",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["let", "let*"] {
        if let Some(operands) = context.operands(node, name)
            && let [bindings, only] = operands.as_slice()
            && matches!(bindings.kind(), NodeKind::List | NodeKind::Array)
            && bindings.child_count() == 0
            && !matches!(only.head(), Some("define" | "defn" | "defun" | "const"))
        {
            let range = context.range(node);
            context.report(node, format!("this `{name}` binds nothing")).safe(
                "remove it",
                range,
                only.text(),
            );
        }
    }
}
