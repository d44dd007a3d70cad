//! `loop-without-exit`: an endless loop that nothing leaves.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "loop-without-exit",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an endless loop that nothing leaves",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "while")
        && let Some(condition) = operands.first()
        && matches!(condition.text(), "true" | "t")
    {
        let leaves = node.descendants().any(|inner| {
            matches!(
                inner.head(),
                Some(
                    "break"
                        | "return"
                        | "return-from"
                        | "throw"
                        | "error"
                        | "exit"
                        | "go"
                        | "raise"
                        | "assert"
                        | "read-line"
                )
            )
        });
        let calls_unknown = node
            .descendants()
            .any(|inner| inner.head().is_some_and(|head| context.file.bound.contains(head)));
        if !leaves && !calls_unknown {
            context.report(node, "nothing leaves this loop").help("`(break)` leaves it");
        }
    }
}
