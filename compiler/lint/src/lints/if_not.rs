//! `if-not`: an `if` whose condition is a negation.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "if-not",
    category: Category::Style,
    level: Level::Warn,
    summary: "an `if` whose condition is a negation",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "if")
        && let [condition, then, otherwise] = operands.as_slice()
        && let Some(inner) = context.operands(*condition, "not")
        && let [inner] = inner.as_slice()
    {
        let range = context.range(node);
        let text = format!("(if {} {} {})", inner.text(), otherwise.text(), then.text());
        context.report(*condition, "the branches of this `if` can change places").safe(
            "remove `not`, and let the branches change places",
            range,
            text,
        );
    }
}
