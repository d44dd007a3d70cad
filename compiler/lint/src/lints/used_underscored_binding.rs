//! `used-underscored-binding`: a variable that says it is not used, and is.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_eval::core::{Expr, ExprId};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "used-underscored-binding",
    category: Category::Style,
    level: Level::Warn,
    summary: "a variable that says it is not used, and is",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let units = context.file.units.clone();
    for unit in &units {
        for (n, (expr, span)) in unit.exprs.iter().zip(unit.spans.iter()).enumerate() {
            let Expr::Local(local) = expr else { continue };
            // A variable of a template is written there.
            let macros = unit.origins.get(&ExprId(n as u32)).and_then(|origin| origin.places.first());
            let span = macros.map(|(_, span)| *span).or(*span);
            let Some(local) = unit.locals.get(*local) else { continue };
            let is_marked =
                local.name.len() > 1 && local.name.starts_with('_') && !local.name.starts_with("__");
            let Some(range) = span.and_then(|span| (context.file.resolve)(span)) else { continue };
            if is_marked && range.slice(context.file.text) == &*local.name {
                context
                    .report_at(range, format!("`{}` says by its underscore that it is not used", local.name))
                    .help("take the underscore away");
            }
        }
    }
}
