//! `single-operand-comparison`: a comparison of one value with nothing.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "single-operand-comparison",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a comparison of one value with nothing",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["=", "!=", "<", "<=", ">", ">="] {
        if let Some(operands) = context.operands(node, name)
            && operands.len() == 1
        {
            context
                .report(node, format!("`{name}` compares one value with nothing"))
                .help("the other operand is missing");
        }
    }
}
