//! `identical-operands`: an `and` or `or` with the same operand twice.

use crate::context::{Context, is_pure, same};
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
                    && is_pure(context.file, *operand)
                {
                    context
                        .report(*operand, format!("`{name}` has this operand twice"))
                        .help("one of them is probably not what was meant");
                }
            }
        }
    }
}
