//! Forms that may run while the module around them is being compiled: what they define has no effect but to be there.
//! Start with [`is_function_definition`].

use crate::syntax;
use ovsm_value::Value;

/// True for forms that define functions and macros only.
pub(super) fn is_function_definition(form: &Value) -> bool {
    match syntax::head(form) {
        Some(
            "defn" | "defun" | "defmacro" | "define-macro" | "defrecord" | "defstruct" | "define-struct"
            | "defenum" | "deftype",
        ) => true,
        Some("define") => match form.as_items() {
            Some([_, Value::List(_), ..]) => true,
            Some([_, _, value]) => matches!(syntax::head(value), Some("lambda" | "fn")),
            _ => false,
        },
        // A constant whose value is a literal.
        Some("const" | "defconstant") => match form.as_items() {
            Some([_, _, value]) => {
                !matches!(value, Value::List(_) | Value::Symbol(_) | Value::Array(_) | Value::Object(_))
                    || matches!(syntax::head(value), Some("quote"))
            }
            _ => false,
        },
        Some("pub") => form.as_items().is_some_and(|items| items.iter().skip(1).all(is_function_definition)),
        _ => false,
    }
}
