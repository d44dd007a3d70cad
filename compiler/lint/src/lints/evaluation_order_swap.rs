//! `evaluation-order-swap`: a macro that evaluates its arguments in another order than they are given.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use crate::lints::template::{template, unquoted};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "evaluation-order-swap",
    category: Category::Macro,
    level: Level::Warn,
    summary: "a macro that evaluates its arguments in another order than they are given",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    let Some((parameters, template)) = template(node) else { return };
    let mut places: Vec<(u32, Node<'_>)> = Vec::new();
    for name in &parameters {
        if let [only] = unquoted(template, name.text()).as_slice() {
            places.push((only.range().start, *name));
        }
    }
    let branches = template.descendants().any(|inner| {
        matches!(
            inner.head(),
            Some(
                "if" | "cond"
                    | "when"
                    | "unless"
                    | "case"
                    | "fn"
                    | "lambda"
                    | "quote"
                    | "set!"
                    | "let"
                    | "let*"
                    | "define"
                    | "for"
                    | "dotimes"
            )
        )
    });
    if branches || places.len() != parameters.len() {
        return;
    }
    for pair in places.windows(2) {
        if let [(first, before), (second, after)] = pair
            && first > second
        {
            context
                .report(
                    *after,
                    format!(
                        "`{}` is evaluated before `{}`, which is given first",
                        after.text(),
                        before.text()
                    ),
                )
                .help("bind the arguments in their order with `let*`");
            return;
        }
    }
}
