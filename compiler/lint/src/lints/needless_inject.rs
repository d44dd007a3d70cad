//! `needless-inject`: an `inject` of a name that is bound nowhere in the template.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "needless-inject",
    category: Category::Macro,
    level: Level::Warn,
    summary: "an `inject` of a name that is bound nowhere in the template",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if node.head() != Some("defmacro") {
        return;
    }
    for inner in node.descendants() {
        if inner.head() == Some("inject")
            && let Some(name) = inner.child(1)
            && let Some(parent) = inner.parent()
        {
            // `,(inject 'it)` stands where a name is bound, that is, first in a binding; or it is assigned.
            let name = name.operand().unwrap_or(name);
            let text = name.text();
            let count = node
                .descendants()
                .filter(|other| {
                    other.head() == Some("inject")
                        && other.child(1).is_some_and(|other| other.operand().unwrap_or(other).text() == text)
                })
                .count();
            let binds = parent
                .parent()
                .is_some_and(|list| list.child(0).is_some_and(|first| first.id() == parent.id()));
            if count == 1 && !binds {
                context
                    .report(
                        inner,
                        format!("`{text}` is taken from the caller, but the template does not bind it"),
                    )
                    .help(format!("take it as a parameter: the caller then sees that `{text}` is used"));
            }
        }
    }
}
