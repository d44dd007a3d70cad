//! `argument-never-used`: a macro that ignores an argument.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "argument-never-used",
    category: Category::Macro,
    level: Level::Warn,
    summary: "a macro that ignores an argument",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if node.head() != Some("defmacro") {
        return;
    }
    let Some(list) = node.child(2).filter(|list| list.kind() == NodeKind::List) else { return };
    for parameter in list.children() {
        let Some(name) = parameter.as_symbol().filter(|name| !name.starts_with(['&', '_'])) else { continue };
        let is_used = node
            .children()
            .skip(3)
            .flat_map(|part| std::iter::once(part).chain(part.descendants()))
            .any(|inner| inner.as_symbol() == Some(name));
        if !is_used {
            context
                .report(parameter, format!("what is given for `{name}` is thrown away, and never evaluated"))
                .help("use it, remove it, or let its name begin with an underscore");
        }
    }
}
