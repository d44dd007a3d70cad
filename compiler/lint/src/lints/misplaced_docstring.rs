//! `misplaced-docstring`: a text in the middle of a function that looks like its documentation, but is a value that
//! nothing uses. A text that a function returns is left alone.

use crate::context::{Context, is_pure};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "misplaced-docstring",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a text in a function that is too late to be its documentation",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    let before = match node.head() {
        Some("defn" | "defun" | "defmacro") => 3,
        Some("define") if node.child(1).is_some_and(|name| name.kind() == NodeKind::List) => 2,
        _ => return,
    };
    let body: Vec<Node<'_>> = node.children().skip(before).collect();
    for (n, part) in body.iter().enumerate().skip(1) {
        let is_last = n + 1 == body.len();
        // After what has no effect a text at the end is hardly the result.
        let follows_nothing = body.iter().take(n).all(|part| is_pure(context.file, *part));
        let follows_type = body.get(n - 1).is_some_and(|part| part.is_symbol("->"));
        if part.kind() == NodeKind::String
            && !follows_type
            && (!is_last || follows_nothing)
            && !is_after_result(&body, n)
        {
            context
                .report(*part, "documentation stands before the body; here the text is a value")
                .help("move it behind the parameters, or make it a comment");
        }
    }
}

/// True for the first form after `-> type`: documentation may stand there.
fn is_after_result(body: &[Node<'_>], n: usize) -> bool {
    n == 2 && body.first().is_some_and(|arrow| arrow.is_symbol("->"))
}
