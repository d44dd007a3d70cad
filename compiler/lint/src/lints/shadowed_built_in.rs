//! `shadowed-built-in`: a definition that hides a built-in function.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "shadowed-built-in",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a definition that hides a built-in function",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for form in ["defn", "defun", "define", "defmacro"] {
        if node.head() == Some(form)
            && node.parent().is_none()
            && let Some(name) = node.child(1)
        {
            let name = if name.kind() == NodeKind::List { name.child(0) } else { Some(name) };
            if let Some(name) = name
                && let Some(text) = name.as_symbol()
                && ovsm_library::find(text).is_some()
            {
                context
                    .report(name, format!("this definition hides the built-in `{text}`"))
                    .help("choose another name, unless hiding it is meant");
            }
        }
    }
}
