//! `redundant-do`: a `do` around one form.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "redundant-do",
    category: Category::Style,
    level: Level::Warn,
    summary: "a `do` around one form",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["do", "progn", "begin"] {
        if let Some(operands) = context.operands(node, name)
            && let [only] = operands.as_slice()
            && !matches!(only.head(), Some("define" | "defn" | "defun" | "const"))
        {
            let range = context.range(node);
            context.report(node, format!("`{name}` around one form does nothing")).safe(
                "remove it",
                range,
                only.text(),
            );
        }
    }
}
