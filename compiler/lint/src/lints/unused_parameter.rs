//! `unused-parameter`: a parameter that its function never reads. Names with an underscore say that they are not.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_eval::core::Expr;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "unused-parameter",
    category: Category::Suspicious,
    level: Level::Allow,
    summary: "a parameter that its function never reads",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let units = context.file.units.clone();
    for unit in &units {
        let mut is_read = vec![false; unit.locals.len()];
        for expr in unit.exprs.iter() {
            if let Expr::Local(local) | Expr::UpdateLocal(local, ..) = expr
                && let Some(slot) = is_read.get_mut(local.0 as usize)
            {
                *slot = true;
            }
        }
        for code in unit.functions.iter() {
            let parameters = &code.parameters;
            let keys = parameters.keys.iter().flatten().map(|key| key.local);
            let optional = parameters.optional.iter().map(|optional| optional.local);
            let all = parameters.required.iter().copied().chain(optional).chain(parameters.rest).chain(keys);
            for local in all {
                let Some(known) = unit.locals.get(local) else { continue };
                let is_read = is_read.get(local.0 as usize).copied().unwrap_or(true);
                let Some(range) = known.span.and_then(|span| (context.file.resolve)(span)) else { continue };
                let is_written = range.slice(context.file.text) == &*known.name;
                if is_read || !is_written || known.name.starts_with('_') {
                    continue;
                }
                context
                    .report_at(range, format!("the parameter `{}` is never read", known.name))
                    .help("remove it, or let its name begin with an underscore");
            }
        }
    }
}
