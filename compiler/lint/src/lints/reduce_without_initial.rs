//! `reduce-without-initial`: a `reduce` without a first value.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "reduce-without-initial",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a `reduce` without a first value",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "reduce")
        && operands.len() == 2
    {
        context
            .report(node, "this fails for an empty sequence")
            .help("give the value to begin with: `(reduce + 0 xs)`");
    }
}
