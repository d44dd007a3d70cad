//! `define-lambda`: a variable that is defined as a function.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "define-lambda",
    category: Category::Style,
    level: Level::Warn,
    summary: "a variable that is defined as a function",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "define")
        && let [name, value] = operands.as_slice()
        && name.as_symbol().is_some()
        && matches!(value.head(), Some("fn" | "lambda"))
        && let Some(parameters) = value.child(1)
        && matches!(parameters.kind(), NodeKind::List)
    {
        let head = node.child(0);
        let lambda = value.child(0);
        if let (Some(head), Some(lambda)) = (head, lambda) {
            let start = context.range(head).start;
            let keep = context.range(*value);
            let after = context.range(lambda).end;
            let body =
                context.file.text.get(after as usize..keep.end as usize - 1).unwrap_or("").trim_start();
            let range = ovsm_base::TextRange::new(start, keep.end);
            let text = format!("defn {} {body}", name.text());
            context.report(*name, "a function with a name is defined by `defn`").safe(
                "write `defn`",
                range,
                text,
            );
        }
    }
}
