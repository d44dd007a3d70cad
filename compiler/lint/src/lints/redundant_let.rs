//! `redundant-let`: a `let` that binds nothing.

use crate::context::{Context, can_stand_for, may_define};
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
            && can_stand_for(node, *only)
            && !may_define(context.file, *only)
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
