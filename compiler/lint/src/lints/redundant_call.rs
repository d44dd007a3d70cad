//! `redundant-call`: an operation on one operand that gives the operand.

use crate::context::{Context, can_stand_for};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "redundant-call",
    category: Category::Style,
    level: Level::Warn,
    summary: "an operation on one operand that gives the operand",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["and", "or"] {
        if let Some(operands) = context.operands(node, name)
            && let [only] = operands.as_slice()
            && can_stand_for(node, *only)
        {
            let range = context.range(node);
            context.report(node, format!("`{name}` of one operand is that operand")).safe(
                "remove it",
                range,
                only.text(),
            );
        }
    }
}
