//! `self-assignment`: an assignment of a variable to itself.

use crate::context::{Context, brief, is_pure, same};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "self-assignment",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an assignment of a variable to itself",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["set!", "setf", "setq"] {
        if let Some(operands) = context.operands(node, name)
            && let [place, value] = operands.as_slice()
            && same(*place, *value)
            && is_pure(context.file, *value)
        {
            let message = format!("`{}` is given its own value", brief(*place));
            context.report(node, message).help("one of the names is probably not what was meant");
        }
    }
}
