//! `unused-binding`: a local variable that nothing reads.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_base::TextRange;
use ovsm_cst::{Node, NodeKind};
use ovsm_eval::core::Expr;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "unused-binding",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "a local variable that nothing reads",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let units = context.file.units.clone();
    for unit in &units {
        let mut is_read = vec![false; unit.locals.len()];
        let parameters: Vec<_> = unit
            .functions
            .iter()
            .flat_map(|code| {
                let parameters = &code.parameters;
                let keys = parameters.keys.iter().flatten().map(|key| key.local);
                let optional = parameters.optional.iter().map(|optional| optional.local);
                parameters.required.iter().copied().chain(optional).chain(parameters.rest).chain(keys)
            })
            .collect();
        let mut is_assigned = vec![false; unit.locals.len()];
        for expr in unit.exprs.iter() {
            if let Expr::SetLocal(local, _) = expr
                && let Some(slot) = is_assigned.get_mut(local.0 as usize)
            {
                *slot = true;
            }
            if let Expr::Local(local) | Expr::UpdateLocal(local, ..) = expr
                && let Some(slot) = is_read.get_mut(local.0 as usize)
            {
                *slot = true;
            }
        }
        for local in parameters {
            if let Some(slot) = is_read.get_mut(local.0 as usize) {
                *slot = true;
            }
        }
        for (n, (local, is_read)) in unit.locals.iter().zip(is_read).enumerate() {
            let Some(range) = local.span.and_then(|span| (context.file.resolve)(span)) else { continue };
            // Only what stands in the file under this name: macros and forms bind names of their own.
            let is_written = range.slice(context.file.text) == &*local.name;
            if is_read || !is_written || local.name.starts_with('_') {
                continue;
            }
            let can_rename =
                !is_assigned.get(n).copied().unwrap_or(true) && can_rename(context, range, &local.name);
            let report = context
                .report_at(range, format!("`{}` is never read", local.name))
                .help("remove it, or let its name begin with an underscore");
            if can_rename {
                report.safe("let its name begin with an underscore", range, format!("_{}", local.name));
            }
        }
    }
}

/// True if the name at a place can get an underscore and nothing else changes: the new name is free, and the place is
/// that of a binding. In a pattern the name may be a key, or the name of a constructor.
fn can_rename(context: &Context<'_>, range: TextRange, name: &str) -> bool {
    let new = format!("_{name}");
    let mut place = None;
    for root in context.file.roots() {
        for node in root.descendants() {
            if node.as_symbol() == Some(&*new) {
                return false;
            }
            if node.as_symbol() == Some(name) && context.range(node) == range {
                place = Some(node);
            }
        }
    }
    let Some(mut node) = place else { return false };
    // Arrays take values apart by their places alone.
    while let Some(parent) = node.parent().filter(|parent| parent.kind() == NodeKind::Array) {
        node = parent;
    }
    let Some(parent) = node.parent().filter(|parent| parent.kind() == NodeKind::List) else { return false };
    let is_given_to_macro = std::iter::successors(Some(parent), |node| node.parent())
        .any(|node| node.head().is_some_and(|head| context.file.macros.contains(head)));
    if is_given_to_macro {
        return false;
    }
    let is_at =
        |list: Node<'_>, n: usize, node: Node<'_>| list.child(n).is_some_and(|at| at.id() == node.id());
    // A name that the text uses, but not the code, as in a statement without effect, would be defined no more.
    let stands_once =
        |form: Node<'_>| form.descendants().filter(|node| node.as_symbol() == Some(name)).count() == 1;
    // `(catch name …)`.
    if parent.head() == Some("catch") && is_at(parent, 1, node) {
        return stands_once(parent);
    }
    // `((name value) …)` of `let`, or `(name items)` of a loop.
    let Some(above) = parent.parent() else { return false };
    let is_loop = matches!(above.head(), Some("for" | "dolist" | "dotimes"))
        && is_at(above, 1, parent)
        && stands_once(above);
    let is_let = above.parent().is_some_and(|form| {
        matches!(form.head(), Some("let" | "let*" | "letrec" | "letrec*"))
            && is_at(form, 1, above)
            && form.children().skip(2).all(|part| part.descendants().all(|node| !node.is_symbol(name)))
    });
    // A name of a list of bindings itself, as `let` with a loop has it, is read by the calls.
    is_at(parent, 0, node) && (is_loop || is_let)
}
