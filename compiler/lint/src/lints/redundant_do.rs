//! `redundant-do`: a `do` around one form.

use crate::context::{Context, can_stand_for, may_define};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "redundant-do",
    category: Category::Style,
    level: Level::Warn,
    summary: "a `do` around one form",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["do", "progn", "begin"] {
        if let Some(operands) = context.operands(node, name)
            && let [only] = operands.as_slice()
            && can_stand_for(node, *only)
            && !may_define(context.file, *only)
        {
            let range = context.range(node);
            context.report(node, format!("`{name}` around one form does nothing")).safe(
                "remove it",
                range,
                only.text(),
            );
        }
    }
}
