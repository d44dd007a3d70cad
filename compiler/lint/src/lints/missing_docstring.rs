//! `missing-docstring`: an exported function without documentation.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "missing-docstring",
    category: Category::Style,
    level: Level::Allow,
    summary: "an exported function without documentation",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if node.head() == Some("pub")
        && let Some(definition) = node.child(1)
        && matches!(definition.head(), Some("defn" | "defun"))
        && let Some(name) = definition.child(1)
    {
        let has_string = definition.children().skip(3).any(|part| part.kind() == NodeKind::String);
        let start = context.range(node).start as usize;
        let before = context.file.text.get(..start).unwrap_or("").trim_end();
        let has_comment = before.lines().last().is_some_and(|line| line.trim_start().starts_with(";;;"));
        if !has_string && !has_comment {
            context
                .report(name, format!("`{}` is for others, and says nothing about itself", name.text()))
                .help("write a text before its body, or `;;;` above it");
        }
    }
}
