//! `shadowed-binding`: a local name that hides a local name around it. Names with an underscore are left alone.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use crate::scope::{binders_around, names_bound_by};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "shadowed-binding",
    category: Category::Suspicious,
    level: Level::Allow,
    summary: "a variable or parameter that hides one around it",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in names_bound_by(node) {
        if !name.text().starts_with('_') && !binders_around(node, name.text()).is_empty() {
            context
                .report(name, format!("`{}` hides the `{}` around it", name.text(), name.text()))
                .help("give one of them another name");
        }
    }
}
