//! `float-equality`: an equality with a float that is no whole number.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_cst::Node;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "float-equality",
    category: Category::Suspicious,
    level: Level::Warn,
    summary: "an equality with a float that is no whole number",
    check: Check::List(check),
};

fn check(context: &mut Context<'_>, node: Node<'_>) {
    for name in ["=", "!="] {
        if let Some(operands) = context.operands(node, name)
            && let Some(float) = operands
                .iter()
                .find(|operand| operand.float_value().is_some_and(|value| value.fract() != 0.0))
        {
            let message = format!("a computed float is rarely exactly `{}`", float.text());
            context
                .report(*float, message)
                .help("compare the distance, or use decimals: `(decimal \"0.1\")`");
        }
    }
}
