//! `nested-if`: a chain of `if`s that a `cond` says flat.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "nested-if",
    category: Category::Style,
    level: Level::Warn,
    summary: "a chain of `if`s that a `cond` says flat",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    let Some(operands) = context.operands(node, "if") else { return };
    // Only the first of a chain.
    let is_inner = node.parent().is_some_and(|parent| {
        parent.head() == Some("if") && parent.children().nth(3).is_some_and(|last| last.id() == node.id())
    });
    if is_inner || operands.len() != 3 {
        return;
    }
    let mut clauses = Vec::new();
    let mut rest = node;
    while let Some(operands) = context.operands(rest, "if") {
        let [condition, then, otherwise] = operands.as_slice() else { break };
        clauses.push(format!("({} {})", condition.text(), then.text()));
        rest = *otherwise;
    }
    if clauses.len() >= 3 {
        clauses.push(format!("(else {})", rest.text()));
        let range = context.range(node);
        context.report(node, format!("{} `if`s in a row are a `cond`", clauses.len() - 1)).safe(
            "write a `cond`",
            range,
            format!("(cond\n  {})", clauses.join("\n  ")),
        );
    }
}
