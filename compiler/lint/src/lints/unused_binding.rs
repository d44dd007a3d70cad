//! `unused-binding`: a local variable that nothing reads.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
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
        for expr in unit.exprs.iter() {
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
        for (local, is_read) in unit.locals.iter().zip(is_read) {
            let Some(range) = local.span.and_then(|span| (context.file.resolve)(span)) else { continue };
            // Only what stands in the file under this name: macros and forms bind names of their own.
            let is_written = range.slice(context.file.text) == &*local.name;
            if is_read || !is_written || local.name.starts_with('_') {
                continue;
            }
            context
                .report_at(range, format!("`{}` is never read", local.name))
                .help("remove it, or let its name begin with an underscore")
                .safe("let its name begin with an underscore", range, format!("_{}", local.name));
        }
    }
}
