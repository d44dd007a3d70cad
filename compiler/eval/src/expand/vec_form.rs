//! `(vec T)` and `(vec T capacity)` where `T` is a type of several words: `(vec (option u64))`, `(vec (Pair u64 u8))`.
//!
//! `vec` is a function, which a type of one word is given as a value; what is written as a list would be a call. Where that call could
//! give no sequence, and so nothing that `vec` takes, it is a type instead. Nothing else is decided here: what items a vec can
//! have is the business of inference. Start with [`Expander::vec_of_type`].

use super::Expander;
use super::name::Meant;
use crate::core::ExprId;
use crate::module::Type;
use ovsm_base::IntType;
use ovsm_value::Value;

/// Types of one word that are no names of types a program defines.
const WORDS: &[&str] =
    &["int", "bool", "pubkey", "string", "bytes", "string-builder", "null", "any", "float", "decimal"];

impl Expander<'_> {
    /// The type of the items as it is written, if a call of `vec` has one of several words.
    pub(crate) fn item_of_words<'v>(&mut self, arguments: &'v [Value]) -> Option<&'v Value> {
        let [item @ Value::List(_), capacity @ ..] = arguments else { return None };
        (capacity.len() <= 1 && self.is_type_of_words(item, 0)).then_some(item)
    }

    /// `(vec T)` with such a type; nothing if it is another call of `vec`.
    pub(crate) fn vec_of_type(&mut self, arguments: &[Value]) -> Option<ExprId> {
        let item = self.item_of_words(arguments)?;
        let Some(item) = self.type_of(item) else { return Some(self.null()) };
        let capacity = arguments.iter().skip(1).map(|capacity| self.expr(capacity)).collect();
        let empty = self.native("#empty-vec", capacity);
        Some(self.checked_as(empty, &Type::Vec(item.into()), "the vec"))
    }

    /// True for a list that means a type where an expression may stand.
    fn is_type_of_words(&mut self, form: &Value, depth: u32) -> bool {
        const MAX_DEPTH: u32 = 16;
        let Some([head @ Value::Symbol(symbol), parts @ ..]) = form.as_items() else { return false };
        if depth > MAX_DEPTH {
            return false;
        }
        match (&*symbol.name, parts) {
            ("option", [_]) => matches!(self.meaning(symbol), Meant::Unknown),
            // `(array 1 2)` and `(vec xs)` are calls that give sequences.
            ("array", [item] | [item, Value::Int(_)]) | ("vec", [item]) => {
                matches!(self.meaning(symbol), Meant::Native(_)) && self.is_type(item, depth + 1)
            }
            // No constructor gives a sequence.
            _ => self.is_generic(Some(head)) && parts.iter().all(|part| self.is_type(part, depth + 1)),
        }
    }

    fn is_type(&mut self, form: &Value, depth: u32) -> bool {
        let Value::Symbol(symbol) = form else { return self.is_type_of_words(form, depth) };
        match self.meaning(symbol) {
            Meant::Type(..) => true,
            Meant::Native(_) | Meant::Unknown => {
                WORDS.contains(&&*symbol.name) || IntType::from_name(&symbol.name).is_some()
            }
            _ => false,
        }
    }
}
