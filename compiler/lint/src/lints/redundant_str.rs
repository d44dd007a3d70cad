//! `redundant-str`: `str` of a text.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "redundant-str",
    category: Category::Style,
    level: Level::Warn,
    summary: "`str` of a text",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "str")
        && let [only] = operands.as_slice()
        && (only.kind() == NodeKind::String || context.operands(*only, "str").is_some())
    {
        let range = context.range(node);
        context.report(node, "`str` of a text is that text").safe("remove it", range, only.text());
    }
}
