//! `self-comparison`: a comparison of a value with itself.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "self-comparison",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a comparison of a value with itself",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["=", "!=", "<", "<=", ">", ">="] {
        if let Some(operands) = context.operands(node, name)
            && let [a, b] = operands.as_slice()
            && a.as_symbol().is_some()
            && a.text() == b.text()
        {
            context
                .report(node, format!("`{}` is compared with itself", a.text()))
                .help("one of the operands is probably not what was meant");
        }
    }
}
