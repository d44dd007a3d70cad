//! `missing-else`: an `if` without another branch whose value is used.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "missing-else",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an `if` without another branch whose value is used",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "if")
        && operands.len() == 2
        && node.parent().is_some_and(|parent| {
            parent.head().is_some_and(|head| {
                matches!(head, "+" | "-" | "*" | "/" | "<" | ">" | "<=" | ">=" | "upper" | "lower")
            })
        })
    {
        context
            .report(node, "this is `null` if the condition is false")
            .help("say what the value is otherwise");
    }
}
