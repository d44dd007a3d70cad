//! `negated-comparison`: the negation of a comparison that has an opposite.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "negated-comparison",
    category: Category::Style,
    level: Level::Warn,
    summary: "the negation of a comparison that has an opposite",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "not")
        && let [inner] = operands.as_slice()
        && inner.child_count() == 3
    {
        // Not for `<` and its kin: what is not less need not be greater or equal, as with a float that is no number.
        let opposite = match inner.head() {
            Some("=") => "!=",
            Some("!=") => "=",
            _ => return,
        };
        if context.file.bound.contains("=") || context.file.bound.contains("!=") {
            return;
        }
        if let (Some(a), Some(b)) = (inner.child(1), inner.child(2)) {
            let range = context.range(node);
            context.report(node, format!("`{}` says this without `not`", opposite)).safe(
                format!("write `{opposite}`"),
                range,
                format!("({opposite} {} {})", a.text(), b.text()),
            );
        }
    }
}
