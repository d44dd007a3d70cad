//! `deprecated`: a call of a function whose documentation says that it is deprecated.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "deprecated",
    category: Category::Style,
    level: Level::Warn,
    summary: "a call of a function whose documentation says that it is deprecated",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let mut old: Vec<(String, String)> = Vec::new();
    for root in context.file.roots() {
        let definition = if root.head() == Some("pub") { root.child(1).unwrap_or(root) } else { root };
        if matches!(definition.head(), Some("defn" | "defun" | "define"))
            && let Some(name) = definition.child(1)
            && let Some(doc) = definition.children().find_map(Node::string_value)
            && doc.trim_start().to_lowercase().starts_with("deprecated")
        {
            let name = if name.kind() == NodeKind::List { name.child(0) } else { Some(name) };
            if let Some(name) = name.and_then(Node::as_symbol) {
                old.push((name.to_string(), doc.lines().next().unwrap_or("").to_string()));
            }
        }
    }
    if old.is_empty() {
        return;
    }
    let mut found = Vec::new();
    for root in context.file.roots() {
        for node in root.descendants() {
            if let Some((name, doc)) = old.iter().find(|(name, _)| node.head() == Some(name))
                && let Some(head) = node.child(0)
            {
                found.push((context.range(head), name.clone(), doc.clone()));
            }
        }
    }
    for (range, name, doc) in found {
        context.report_at(range, format!("`{name}` is deprecated")).help(doc);
    }
}
