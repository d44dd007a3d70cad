//! `duplicate-map-key`: an object that gives a key twice. Keys that are computed are not looked at.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Entry, Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "duplicate-map-key",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an object that gives a key twice",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let file = context.file;
    for root in file.roots() {
        for object in root.descendants() {
            let is_comment = std::iter::successors(object.parent(), |node| node.parent())
                .any(|node| node.kind() == NodeKind::DatumComment);
            if object.kind() == NodeKind::Object && !object.is_refinement() && !is_comment {
                look(context, object);
            }
        }
    }
}

fn look(context: &mut Context<'_>, object: Node<'_>) {
    let mut known: Vec<String> = Vec::new();
    for entry in object.entries() {
        let (node, key) = match entry {
            Entry::Pair(node, _) => match node.as_keyword() {
                Some(name) => (node, Some(name.to_string())),
                None => (node, node.string_value()),
            },
            Entry::Shorthand(node) => (node, Some(node.text().to_string())),
            Entry::Splice(_) | Entry::Faulty(_) => continue,
        };
        let Some(key) = key else { continue };
        if known.contains(&key) {
            context
                .report(node, format!("the key `{key}` stood before: only the last value stays"))
                .help("remove one of the entries, or give it the key that was meant");
        } else {
            known.push(key);
        }
    }
}
