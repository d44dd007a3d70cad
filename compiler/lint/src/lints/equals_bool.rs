//! `equals-bool`: a comparison with `true` or `false`.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "equals-bool",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a comparison with `true` or `false`",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(operands) = context.operands(node, "=")
        && let [a, b] = operands.as_slice()
    {
        let truth = |node: &Node<'_>| matches!(node.text(), "true" | "false");
        let (truth, other) = match (truth(a), truth(b)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => return,
        };
        let text = match truth.text() {
            "true" => other.text().to_string(),
            _ => format!("(not {})", other.text()),
        };
        let range = context.range(node);
        context
            .report(
                node,
                format!("this is true for `{}` alone, not for every value that counts as it", truth.text()),
            )
            .risky("test the value itself", range, text);
    }
}
