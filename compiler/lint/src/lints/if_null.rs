//! `if-null`: an `if` whose other branch is `null`.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "if-null",
    category: Category::Style,
    level: Level::Warn,
    summary: "an `if` whose other branch is `null`",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "if")
        && let [condition, then, otherwise] = operands.as_slice()
        && matches!(otherwise.text(), "null" | "nil")
        && !context.file.bound.contains(otherwise.text())
    {
        let range = context.range(node);
        context.report(*otherwise, "an `if` whose other branch is `null` is a `when`").safe(
            "write `when`",
            range,
            format!("(when {} {})", condition.text(), then.text()),
        );
    }
}
