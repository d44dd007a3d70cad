//! `unused-value`: a value that is computed and thrown away.

use crate::context::{Context, brief, is_used};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};
use ovsm_library::Effect;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "unused-value",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a value that is computed and thrown away",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for part in node.children().skip(1) {
        if is_used(part) || part.parent().is_none() {
            continue;
        }
        let is_pure = match part.kind() {
            NodeKind::Symbol | NodeKind::Integer | NodeKind::Float | NodeKind::Keyword | NodeKind::Array => {
                !matches!(part.text(), "null" | "nil" | "true" | "false")
            }
            NodeKind::List => part.head().is_some_and(|head| {
                !context.file.bound.contains(head)
                    && !head.ends_with('!')
                    && ovsm_library::find(head).and_then(ovsm_library::get).is_some_and(|native| {
                        native.effect == Effect::Pure && !native.signature.ends_with("never")
                    })
                    && !head.starts_with("assert")
            }),
            _ => false,
        };
        let has_effects = part.kind() == NodeKind::List
            && part.descendants().skip(1).any(|inner| {
                inner.head().is_some_and(|head| {
                    context.file.bound.contains(head)
                        || head.ends_with('!')
                        || ovsm_library::find(head)
                            .and_then(ovsm_library::get)
                            .is_none_or(|native| native.effect != Effect::Pure)
                })
            });
        if is_pure && !has_effects {
            context
                .report(part, format!("the value of `{}` is not used", brief(part)))
                .help("use it, or remove it; values are never changed: `(push! xs x)` changes a variable");
        }
    }
}
