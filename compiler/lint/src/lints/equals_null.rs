//! `equals-null`: a comparison with `null`.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "equals-null",
    category: Category::Style,
    level: Level::Warn,
    summary: "a comparison with `null`",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "=")
        && let [a, b] = operands.as_slice()
    {
        let bound = &context.file.bound;
        let is_null = |node: &Node<'_>| matches!(node.text(), "null" | "nil") && !bound.contains(node.text());
        let other = match (is_null(a), is_null(b)) {
            (true, false) => b,
            (false, true) => a,
            _ => return,
        };
        let range = context.range(node);
        context.report(node, "`null?` asks this").safe(
            "write `null?`",
            range,
            format!("(null? {})", other.text()),
        );
    }
}
