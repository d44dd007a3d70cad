//! `duplicate-test`: two tests of one name. Both run, but a report or a filter can not tell which is meant, and they share
//! their snapshots.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "duplicate-test",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "two tests of one name",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let file = context.file;
    let mut known: Vec<String> = Vec::new();
    for root in file.roots() {
        if !matches!(root.head(), Some("deftest" | "deftest-each" | "defproperty")) {
            continue;
        }
        let Some(node) = root.child(1) else { continue };
        let name = node.string_value().unwrap_or_else(|| node.text().to_string());
        if known.contains(&name) {
            context
                .report(node, format!("a test before this one is called `{name}` too"))
                .help("say in each name what the test is about");
        } else {
            known.push(name);
        }
    }
}
