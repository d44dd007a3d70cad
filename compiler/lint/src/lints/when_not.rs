//! `when-not`: a `when` or `unless` whose condition is a negation.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "when-not",
    category: Category::Style,
    level: Level::Warn,
    summary: "a `when` or `unless` whose condition is a negation",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for (name, other) in [("when", "unless"), ("unless", "when")] {
        if let Some(operands) = context.operands(node, name)
            && let [condition, _, ..] = operands.as_slice()
            && let Some(inner) = context.operands(*condition, "not")
            && let [inner] = inner.as_slice()
            && let Some(head) = node.child(0)
        {
            let range = context.range(head).cover(context.range(*condition));
            context.report(*condition, format!("`{name}` with `not` is `{other}`")).safe(
                format!("write `{other}`"),
                range,
                format!("{other} {}", inner.text()),
            );
        }
    }
}
