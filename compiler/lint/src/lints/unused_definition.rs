//! `unused-definition`: a private definition that nothing uses.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_base::TextRange;
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "unused-definition",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a private definition that nothing uses",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let exports = context.file.roots().any(|root| matches!(root.head(), Some("export" | "pub")));
    let runs = context.file.roots().any(|root| {
        !matches!(
            root.head(),
            Some(
                "define"
                    | "defn"
                    | "defun"
                    | "const"
                    | "defmacro"
                    | "import"
                    | "export"
                    | "pub"
                    | "defrecord"
                    | "defenum"
                    | "deftype"
                    | "defvar"
                    | "defstruct"
                    | "declare"
            )
        )
    });
    // A file that neither exports nor runs anything is there to be looked at.
    if !exports && !runs {
        return;
    }
    let mut names: Vec<(TextRange, String)> = Vec::new();
    for root in context.file.roots() {
        let is_function = matches!(root.head(), Some("defn" | "defun" | "defmacro"))
            || root.head() == Some("define")
                && root.child(1).is_some_and(|name| name.kind() == NodeKind::List);
        if is_function && let Some(name) = root.child(1) {
            let name = if name.kind() == NodeKind::List { name.child(0) } else { Some(name) };
            if let Some(name) = name
                && let Some(text) = name.as_symbol()
            {
                names.push((context.range(name), text.to_string()));
            }
        }
    }
    for (range, name) in names {
        if name.starts_with('_') || name == "main" {
            continue;
        }
        let is_used = context.file.roots().any(|root| {
            root.descendants().any(|node| {
                node.as_symbol() == Some(&name)
                    && context.range(node) != range
                    && !is_inside(context, node, range)
            })
        });
        if !is_used {
            context
                .report_at(range, format!("nothing uses `{name}`"))
                .help("remove it, export it, or let its name begin with an underscore");
        }
    }
}

/// True if a node stands in the definition of a name: a function that only calls itself is not used.
fn is_inside(context: &Context<'_>, node: Node<'_>, name: TextRange) -> bool {
    let mut root = node;
    while let Some(parent) = root.parent() {
        root = parent;
    }
    let range = context.range(root);
    range.start <= name.start && name.end <= range.end
}
