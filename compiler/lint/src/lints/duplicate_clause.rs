//! `duplicate-clause`: a clause of `case`, `typecase` or `match` that an earlier one takes. Patterns that bind names, and
//! clauses with a guard, are not looked at.

use crate::context::{Context, same};
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "duplicate-clause",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a clause of `case`, `typecase` or `match` that an earlier one takes",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["case", "ecase", "typecase", "match"] {
        let Some(operands) = context.operands(node, name) else { continue };
        let mut known: Vec<Node<'_>> = Vec::new();
        for clause in operands.iter().skip(1).filter(|clause| clause.kind() == NodeKind::List) {
            let Some(key) = clause.child(0) else { continue };
            let has_guard =
                name == "match" && clause.child(1).is_some_and(|guard| guard.head() == Some("when"));
            if has_guard {
                continue;
            }
            // `((1 2) …)` of `case` has several keys.
            let keys = match key.kind() {
                NodeKind::List if matches!(name, "case" | "ecase") => key.children().collect(),
                _ => vec![key],
            };
            for key in keys {
                if !is_literal(key, name) {
                    continue;
                }
                if known.iter().any(|earlier| same(*earlier, key)) {
                    context
                        .report(
                            key,
                            format!("`{}` stood before, so this clause is never taken for it", key.text()),
                        )
                        .help("one of the two is probably not what was meant");
                } else {
                    known.push(key);
                }
            }
        }
    }
}

/// True for a key that means one value, or one type, wherever it stands.
fn is_literal(key: Node<'_>, form: &str) -> bool {
    match key.kind() {
        NodeKind::Integer | NodeKind::Float | NodeKind::String | NodeKind::Char | NodeKind::Keyword => true,
        NodeKind::Symbol => form != "match" && !matches!(key.text(), "else" | "_" | "t" | "otherwise"),
        NodeKind::List => form == "typecase",
        _ => false,
    }
}
