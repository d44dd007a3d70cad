//! The parts of texts that programs make: of a line of the log, of a builder.
//!
//! Keywords and characters are no values of programs, but what they are as text is known here. How a line is put together is told by
//! the operands as they are written, as `log` of scripts tells it by their values. Start with [`Translator::log_line`].

use super::{Place, Translator};
use crate::core;
use ovsm_base::Span;
use ovsm_eval::core::{Expr, ExprId};
use ovsm_value::Value;
use ovsm_value::write::display;

impl<'a> Translator<'a> {
    /// The parts of the line that `log` prints: `(log :message m :value v)` is `m v`, other names stand before their values; what
    /// are no such pairs is joined by blanks.
    pub(super) fn log_line(&mut self, operands: &'a [ExprId]) -> Vec<core::ExprId> {
        let is_pairs = operands.len().is_multiple_of(2)
            && operands.iter().step_by(2).all(|name| self.keyword_text(*name).is_some());
        let mut parts = Vec::new();
        for (number, operand) in operands.iter().enumerate() {
            let span = self.span(*operand);
            let is_name = is_pairs && number.is_multiple_of(2);
            if number > 0 && (is_name || !is_pairs) {
                parts.push(self.literal_text(" ", span));
            }
            match self.keyword_text(*operand) {
                Some(name) if is_name => {
                    if !matches!(name.as_str(), "message" | "value") {
                        parts.push(self.literal_text(&format!("{name}="), span));
                    }
                }
                _ => parts.push(self.text_part(*operand)),
            }
        }
        parts
    }

    /// A part of a text; of a constant that is no value of programs, its text.
    pub(super) fn text_part(&mut self, operand: ExprId) -> core::ExprId {
        match self.unit.exprs.get(operand) {
            Some(Expr::Constant(value @ (Value::Char(_) | Value::Keyword(_) | Value::Symbol(_)))) => {
                let text = display(value);
                self.literal_text(&text, self.span(operand))
            }
            _ => self.expr(operand, Place::VALUE),
        }
    }

    fn keyword_text(&self, operand: ExprId) -> Option<String> {
        match self.unit.exprs.get(operand)? {
            Expr::Constant(Value::Keyword(name)) => Some(name.as_str().to_string()),
            _ => None,
        }
    }

    fn literal_text(&mut self, text: &str, span: Option<Span>) -> core::ExprId {
        self.body.add(core::Expr::String(text.to_string()), span)
    }
}
