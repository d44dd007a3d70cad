//! `cond-else`: a last clause of `cond` whose test is `true`.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "cond-else",
    category: Category::Style,
    level: Level::Warn,
    summary: "a last clause of `cond` whose test is `true`",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(clauses) = context.operands(node, "cond")
        && let Some(last) = clauses.last()
        && let Some(test) = last.child(0)
        && matches!(test.text(), "true" | "t" | ":else")
        && !context.file.bound.contains(test.text())
    {
        let range = context.range(test);
        context
            .report(test, format!("the last clause of `cond` says `{}`", test.text()))
            .help("`else` says what is meant")
            .safe("write `else`", range, "else");
    }
}
