//! `compat-name`: another name of a built-in function instead of its own.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "compat-name",
    category: Category::Style,
    level: Level::Allow,
    summary: "another name of a built-in function instead of its own",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(head) = node.child(0)
        && let Some(name) = head.as_symbol()
        && !context.file.bound.contains(name)
        && let Some(native) = ovsm_library::find(name).and_then(ovsm_library::get)
        && native.name != name
    {
        let range = context.range(head);
        context.report(head, format!("`{name}` is another name of `{}`", native.name)).safe(
            format!("write `{}`", native.name),
            range,
            native.name,
        );
    }
}
