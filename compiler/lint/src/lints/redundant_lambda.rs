//! `redundant-lambda`: a function that only calls another with its own parameters.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::{Node, NodeKind};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "redundant-lambda",
    category: Category::Style,
    level: Level::Warn,
    summary: "a function that only calls another with its own parameters",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["fn", "lambda"] {
        if let Some(operands) = context.operands(node, name)
            && let [parameters, body] = operands.as_slice()
            && body.kind() == NodeKind::List
            && let Some(callee) = body.head()
            && let Some(native) = ovsm_library::find(callee).and_then(ovsm_library::get)
            && !context.file.bound.contains(callee)
            && !matches!(callee, "log" | "msg")
        {
            let names: Vec<_> = parameters.children().collect();
            let given: Vec<_> = body.children().skip(1).collect();
            let passes_on = !names.is_empty()
                && names.len() == given.len()
                && names.iter().zip(&given).all(|(a, b)| a.as_symbol().is_some() && a.text() == b.text());
            // With a fixed number of arguments the function can take no others by accident.
            let is_fixed = native.max == Some(native.min) && usize::from(native.min) == names.len();
            if passes_on && is_fixed {
                let range = context.range(node);
                context.report(node, format!("this function only calls `{callee}`")).safe(
                    format!("write `{callee}`"),
                    range,
                    callee,
                );
            }
        }
    }
}
