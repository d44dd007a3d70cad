//! `unreachable-code`: code after something that leaves.

use crate::context::{Context, brief};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "unreachable-code",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "code after something that leaves",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    let body_from = match node.head() {
        Some("do" | "progn" | "begin") => 1,
        Some(
            "when" | "unless" | "let" | "let*" | "while" | "until" | "for" | "dotimes" | "fn" | "lambda"
            | "block",
        ) => 2,
        Some("defn" | "defun") => 3,
        Some("deftest") => 2,
        Some("define") if node.child(1).is_some_and(|name| name.kind() == NodeKind::List) => 2,
        _ => return,
    };
    let body: Vec<_> = node.children().skip(body_from).collect();
    for pair in body.windows(2) {
        if let [first, second] = pair
            && matches!(
                first.head(),
                Some("return" | "return-from" | "break" | "continue" | "throw" | "error" | "exit" | "go")
            )
            && first.head().is_some_and(|head| !context.file.bound.contains(head))
        {
            context
                .report(*second, format!("this is never reached: `{}` leaves before", brief(*first)))
                .help("remove it, or put it before");
            return;
        }
    }
}
