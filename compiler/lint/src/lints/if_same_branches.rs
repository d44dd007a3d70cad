//! `if-same-branches`: an `if` both of whose branches are the same.

use crate::context::{Context, same};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "if-same-branches",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an `if` both of whose branches are the same",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "if")
        && let [_, then, otherwise] = operands.as_slice()
        && same(*then, *otherwise)
    {
        context.report(node, "both branches are the same").help("one of them is probably not what was meant");
    }
}
