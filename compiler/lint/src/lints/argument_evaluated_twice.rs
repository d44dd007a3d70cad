//! `argument-evaluated-twice`: a macro that puts an argument in two places.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use crate::lints::template::{assigns, template, unquoted};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "argument-evaluated-twice",
    category: Category::Macro,
    level: Level::Warn,
    summary: "a macro that puts an argument in two places",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    let Some((parameters, template)) = template(node) else { return };
    for name in parameters {
        let places: Vec<_> = unquoted(template, name.text());
        // In the branches of a condition only one of them runs.
        let branches = template.descendants().any(|inner| {
            matches!(inner.head(), Some("if" | "cond" | "when" | "unless" | "case" | "fn" | "lambda"))
        });
        if places.len() > 1 && !branches && !assigns(template, name.text()) {
            context
                .report(
                    name,
                    format!("what is given for `{}` is evaluated {} times", name.text(), places.len()),
                )
                .help(format!("bind it once: `(let ((value ,{})) …)`", name.text()));
        }
    }
}
