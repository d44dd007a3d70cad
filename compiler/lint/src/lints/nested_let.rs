//! `nested-let`: a `let` whose body is another `let`.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "nested-let",
    category: Category::Style,
    level: Level::Warn,
    summary: "a `let` whose body is another `let`",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "let")
        && let [outer, inner] = operands.as_slice()
        && let Some(inner_operands) = context.operands(*inner, "let")
        && let [bindings, body @ ..] = inner_operands.as_slice()
        && outer.kind() == NodeKind::List
        && bindings.kind() == NodeKind::List
        && outer.child_count() == 1
        && bindings.child_count() == 1
        && let (Some(first), Some(second)) = (outer.child(0), bindings.child(0))
    {
        let range = context.range(node);
        let body: Vec<&str> = body.iter().map(|form| form.text()).collect();
        let text = format!("(let* ({} {})\n  {})", first.text(), second.text(), body.join("\n  "));
        context.report(node, "two `let`s, one in the other, are a `let*`").safe(
            "write one `let*`",
            range,
            text,
        );
    }
}
