//! `try-without-clause`: a `try` that handles nothing.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "try-without-clause",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a `try` without `catch` or `finally`",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "try")
        && !operands.iter().any(|clause| matches!(clause.head(), Some("catch" | "finally")))
    {
        context
            .report(node, "this `try` handles no error")
            .help("add `(catch e …)` or `(finally …)`, or remove the `try`");
    }
}
