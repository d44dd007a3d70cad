//! `macro-capture`: an argument of a macro that means another variable once it is expanded, because the macro brings in a
//! name by `inject` that the argument uses for something else. Only macros of the same file are known here.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use crate::scope::binders_around;
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "macro-capture",
    category: Category::Macro,
    level: Level::Warn,
    summary: "an argument of a macro that uses a name which the macro binds anew",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let file = context.file;
    // The macros, with the names that they bring in.
    let mut macros: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut variables: Vec<&str> = Vec::new();
    for root in file.roots() {
        let root = if root.head() == Some("pub") { root.child(1).unwrap_or(root) } else { root };
        let name = root.child(1).and_then(Node::as_symbol);
        match (root.head(), name) {
            (Some("defmacro" | "define-macro"), Some(name)) => {
                let injected = root.descendants().filter(|node| node.head() == Some("inject"));
                let names = injected.filter_map(|node| node.child(1));
                let names = names.filter_map(|name| name.operand().unwrap_or(name).as_symbol());
                macros.push((name, names.collect()));
            }
            (Some("define" | "const" | "defvar" | "defparameter"), Some(name)) => variables.push(name),
            _ => {}
        }
    }
    macros.retain(|(_, names)| !names.is_empty());
    if macros.is_empty() {
        return;
    }
    for root in file.roots().filter(|root| root.head() != Some("defmacro")) {
        for call in root.descendants().filter(|node| node.kind() == NodeKind::List) {
            let Some((name, injected)) = macros.iter().find(|(name, _)| call.head() == Some(name)) else {
                continue;
            };
            for argument in call.children().skip(1).flat_map(Node::descendants) {
                let Some(symbol) = argument.as_symbol().filter(|symbol| injected.contains(symbol)) else {
                    continue;
                };
                if variables.contains(&symbol) || !binders_around(call, symbol).is_empty() {
                    context
                        .report(
                            argument,
                            format!("inside of `{name}` this `{symbol}` is the one that the macro binds"),
                        )
                        .help("give the variable another name, or bind its value to one before the call");
                }
            }
        }
    }
}
