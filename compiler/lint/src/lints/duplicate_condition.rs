//! `duplicate-condition`: a clause of `cond` whose test stood before.

use crate::context::{Context, is_pure, same};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "duplicate-condition",
    category: Category::Correctness,
    level: Level::Deny,
    summary: "a clause of `cond` whose test stood before",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    if let Some(clauses) = context.operands(node, "cond") {
        let tests: Vec<_> = clauses.iter().filter_map(|clause| clause.child(0)).collect();
        for (n, test) in tests.iter().enumerate() {
            let is_code = matches!(test.kind(), NodeKind::List) && is_pure(context.file, *test);
            if is_code && tests.iter().take(n).any(|earlier| same(*earlier, *test)) {
                context
                    .report(*test, "this test stood before, so this clause is never taken")
                    .help("one of the tests is probably not what was meant");
            }
        }
    }
}
