//! `constant-condition`: a condition that is always true, or always false.

use crate::context::{Context, brief, is_pure};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "constant-condition",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a condition that is always true, or always false",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["if", "when", "unless", "while", "until"] {
        if let Some(operands) = context.operands(node, name)
            && let Some(condition) = operands.first()
        {
            let is_constant = match condition.kind() {
                NodeKind::Symbol => {
                    matches!(condition.text(), "true" | "false" | "null" | "nil" | "t")
                        && !context.file.bound.contains(condition.text())
                }
                NodeKind::Integer | NodeKind::Float | NodeKind::String | NodeKind::Keyword => true,
                // `(= 1 1)`: known from what stands there.
                NodeKind::List => {
                    let is_head = |node: Node<'_>| {
                        node.parent()
                            .and_then(|list| list.child(0))
                            .is_some_and(|head| head.id() == node.id())
                    };
                    is_pure(context.file, *condition)
                        && condition.descendants().all(|node| node.as_symbol().is_none() || is_head(node))
                }
                _ => false,
            };
            // An endless loop that something leaves is written this way.
            let is_endless = name == "while" && matches!(condition.text(), "true" | "t" | "1");
            if is_constant && !is_endless {
                let message = format!("the condition is always `{}`", brief(*condition));
                context.report(*condition, message).help("what it decides is known: keep one branch");
            }
        }
    }
}
