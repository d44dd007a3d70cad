//! Placeholder until the form is written.

use super::Expander;
use crate::core::ExprId;
use ovsm_value::Value;

pub(crate) fn run(expander: &mut Expander<'_>, form: &Value, _arguments: &[Value]) -> ExprId {
    expander.malformed(form, "not written yet", "…")
}
