//! `identical-operands`: an `and` or `or` with the same operand twice.

use crate::context::{Context, same};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "identical-operands",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an `and` or `or` with the same operand twice",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["and", "or"] {
        if let Some(operands) = context.operands(node, name) {
            for (n, operand) in operands.iter().enumerate() {
                if operands.iter().take(n).any(|earlier| same(*earlier, *operand))
                    && !operand.text().contains('!')
                {
                    context
                        .report(*operand, format!("`{name}` has this operand twice"))
                        .help("one of them is probably not what was meant");
                }
            }
        }
    }
}
