//! Literals of programs: integers of the types that programs have, truth values and strings.

use crate::core::Expr;
use num_traits::{Signed, ToPrimitive};
use ovsm_base::{Code, Diagnostic, IntType};
use ovsm_cst::{Node, NodeKind};
use ovsm_value::Value;

/// The expression of a constant; or what it is, in the plural, if programs have no such values.
pub(crate) fn constant(value: &Value) -> Result<Expr, &'static str> {
    let int = |negative: bool, magnitude: u128, suffix: Option<IntType>| Expr::Int {
        negative: negative && magnitude != 0,
        magnitude,
        suffix,
    };
    Ok(match value {
        Value::Null => Expr::Null,
        Value::Bool(truth) => Expr::Bool(*truth),
        Value::Int(number) => int(*number < 0, number.unsigned_abs().into(), None),
        Value::Big(number) => match number.abs().to_u128() {
            Some(magnitude) => int(number.is_negative(), magnitude, None),
            None => return Err("integers"),
        },
        Value::Fixed(ty, word) => {
            let signed = *word as i64;
            match ty.is_signed() && signed < 0 {
                true => int(true, signed.unsigned_abs().into(), Some(*ty)),
                false => int(false, u128::from(*word), Some(*ty)),
            }
        }
        Value::U128(number) => int(false, **number, Some(IntType::U128)),
        Value::I128(number) => int(**number < 0, number.unsigned_abs(), Some(IntType::I128)),
        Value::String(text) => Expr::String(text.as_str().to_string()),
        Value::Float(_) => return Err("floating-point numbers"),
        Value::Decimal(_) => return Err("decimal numbers"),
        Value::Char(_) => return Err("characters"),
        Value::Keyword(_) => return Err("keywords"),
        Value::Symbol(_) => return Err("symbols"),
        Value::Bytes(bytes) => Expr::Bytes(bytes.to_vec()),
        Value::Array(_) => return Err("arrays"),
        Value::List(_) => return Err("lists"),
        Value::Object(_) => return Err("objects"),
        Value::Set(_) => return Err("sets"),
        Value::Range(_) => return Err("ranges"),
        Value::Pubkey(key) => Expr::Pubkey(**key),
        Value::Signature(_) => return Err("signatures"),
        Value::Record(_) | Value::RecordType(_) => return Err("records"),
        Value::Native(_) | Value::Function(_) => return Err("functions"),
        Value::Cell(_) | Value::Table(_) | Value::Error(_) => return Err("cells, tables and errors"),
        Value::Handle(_) => return Err("handles"),
    })
}

/// Reports the integers of a form whose digits do not fit the type of their suffix.
pub(crate) fn out_of_range(node: Node<'_>) -> Vec<Diagnostic> {
    let faulty = node.descendants().filter(|node| {
        node.kind() == NodeKind::Integer
            && ovsm_eval::program::syntax_of(*node).is_none()
            && node.integer().is_some_and(|literal| literal.suffix.is_some())
    });
    faulty
        .map(|node| {
            let text: String = node.text().chars().take(60).collect();
            let diagnostic = Diagnostic::at(
                Code::LiteralOutOfRange,
                node.span(),
                format!("`{text}` does not fit its type"),
            );
            match node.integer().and_then(|literal| literal.suffix) {
                Some(ty) => diagnostic.note(format!("`{ty}` holds {} to {}", ty.min(), ty.max())),
                None => diagnostic.help("write the number without its suffix"),
            }
        })
        .collect()
}
