//! `append-in-loop`: a sequence that is copied to grow by one item.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "append-in-loop",
    category: Category::Performance,
    level: Level::Warn,
    summary: "a sequence that is copied to grow by one item",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "set!")
        && let [place, value] = operands.as_slice()
        && place.as_symbol().is_some()
        && matches!(value.head(), Some("append" | "concat"))
        && value.child_count() == 3
        && let (Some(whole), Some(part)) = (value.child(1), value.child(2))
        && whole.text() == place.text()
        && part.kind() == NodeKind::Array
        && part.child_count() == 1
        && let Some(item) = part.child(0)
    {
        let range = context.range(node);
        context.report(node, "`push!` adds an item without making a sequence for it").risky(
            "write `push!`",
            range,
            format!("(push! {} {})", place.text(), item.text()),
        );
    }
}
