//! `manual-increment`: an assignment that `incf` or `decf` says.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "manual-increment",
    category: Category::Style,
    level: Level::Warn,
    summary: "an assignment that `incf` or `decf` says",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["set!", "setf", "setq"] {
        if let Some(operands) = context.operands(node, name)
            && let [place, value] = operands.as_slice()
            && place.as_symbol().is_some()
            && value.child_count() == 3
            && let (Some(a), Some(b)) = (value.child(1), value.child(2))
            && a.text() == place.text()
            && let Some(operator) = value.head()
        {
            let short = match operator {
                "+" => "incf",
                "-" => "decf",
                _ => continue,
            };
            if context.file.bound.contains(operator) || b.kind() == NodeKind::String {
                continue;
            }
            // `+` joins texts and sequences too; only a number is counted up.
            if !matches!(b.kind(), NodeKind::Integer | NodeKind::Float) {
                continue;
            }
            let text = match b.text() {
                "1" => format!("({short} {})", place.text()),
                delta => format!("({short} {} {delta})", place.text()),
            };
            let range = context.range(node);
            context.report(node, format!("`{short}` says this")).safe(
                format!("write `{short}`"),
                range,
                text,
            );
        }
    }
}
