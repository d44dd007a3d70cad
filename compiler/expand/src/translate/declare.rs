//! The `declare-…` forms at the top level of a form: what a program says about itself. They become data and no code.

use super::Translator;
use crate::declaration::{Datum, Declaration};
use crate::env::GlobalKind;
use crate::expand::Instruction;
use crate::ty::{RecordType, Type};
use ovsm_base::IntType;
use ovsm_eval::core::{Expr, ExprId};
use ovsm_value::Value;
use std::sync::Arc;

/// Quoted syntax is looked at so deeply; what lies deeper is kept as text.
const MAX_DEPTH: u32 = 64;

impl Translator<'_> {
    /// What an expression declares. `None` if it is no declaration, or a malformed one, which is then reported as an
    /// expression; nothing if its record was reported.
    pub(super) fn declaration(&mut self, expr: ExprId) -> Option<Option<Declaration>> {
        let Some(Expr::Native(id, operands)) = self.unit.exprs.get(expr) else { return None };
        let record = match (ovsm_library::get(*id)?.name, operands.as_slice()) {
            ("declare-account" | "declare-event", [record, _]) => Some(*record),
            ("declare-instruction", [_, _, record, ..]) => Some(*record),
            _ => None,
        };
        let ty = record.and_then(|record| self.constructor(record)).map(|(ty, _)| ty);
        match ty {
            Some(Type::Error) => Some(None),
            Some(ty @ Type::Applied(..)) => {
                let message = format!("`{ty}` leaves types open, so it has no layout");
                self.unsupported(
                    self.span(expr),
                    &message,
                    "define a record with a field of it: `(item : (Name u64))`",
                );
                Some(None)
            }
            _ => self.sound_declaration(expr).map(Some),
        }
    }

    fn sound_declaration(&mut self, expr: ExprId) -> Option<Declaration> {
        let Some(Expr::Native(id, operands)) = self.unit.exprs.get(expr) else { return None };
        match (ovsm_library::get(*id)?.name, operands.as_slice()) {
            ("declare-instruction", [function, discriminator, rest @ ..]) => {
                let Some(Expr::Global(global)) = self.unit.exprs.get(*function) else { return None };
                let (handler, kind) = self.global(*global)?;
                if !matches!(kind, GlobalKind::Function { params: Some(0) }) {
                    return None;
                }
                let name = self.session.name(*global)?.to_string();
                let (discriminator, discriminator_size) = self.discriminator(*discriminator)?;
                let arguments = match rest.first() {
                    Some(record) => Some(self.record(*record)?),
                    None => None,
                };
                let accounts = rest.get(1).map_or_else(Vec::new, |accounts| self.quoted(*accounts));
                let name = match rest.get(2) {
                    Some(name) => self.quoted_text(*name)?,
                    None => name,
                };
                let instruction = Instruction { handler, discriminator, discriminator_size };
                Some(Declaration::Instruction { name, instruction, arguments, accounts })
            }
            ("declare-program", [name, options]) => {
                Some(Declaration::Program { name: self.quoted_text(*name)?, options: self.quoted(*options) })
            }
            ("declare-account", [record, discriminator]) => {
                let discriminator = self.known_number(*discriminator)?;
                Some(Declaration::Account { record: self.record(*record)?, discriminator })
            }
            ("declare-event", [record, discriminator]) => {
                let discriminator = self.known_number(*discriminator)?;
                Some(Declaration::Event { record: self.record(*record)?, discriminator })
            }
            ("declare-errors", [group, errors]) => {
                Some(Declaration::Errors { group: self.quoted_text(*group)?, errors: self.quoted(*errors) })
            }
            _ => None,
        }
    }

    /// The bytes that name an instruction, as a number, and how many they are: a `u8` is one, another number eight; others are
    /// written out.
    fn discriminator(&self, expr: ExprId) -> Option<(u64, u32)> {
        let bytes: Vec<u8> = match self.unit.exprs.get(expr)? {
            Expr::Constant(Value::Fixed(IntType::U8, word)) => return Some((*word, 1)),
            Expr::Constant(Value::Bytes(bytes)) => bytes.to_vec(),
            Expr::Constant(Value::Array(items)) => {
                let byte = |item: &Value| match item {
                    Value::Fixed(IntType::U8, word) => u8::try_from(*word).ok(),
                    _ => None,
                };
                items.as_slice().iter().map(byte).collect::<Option<_>>()?
            }
            _ => return Some((self.known_number(expr)?, 8)),
        };
        let mut word = [0; 8];
        word.get_mut(..bytes.len()).filter(|place| !place.is_empty())?.copy_from_slice(&bytes);
        Some((u64::from_le_bytes(word), bytes.len() as u32))
    }

    fn record(&mut self, expr: ExprId) -> Option<Arc<RecordType>> {
        match self.constructor(expr)?.0 {
            Type::Record(record) => Some(record),
            _ => None,
        }
    }

    fn quoted_text(&self, expr: ExprId) -> Option<String> {
        match self.unit.exprs.get(expr)? {
            Expr::Constant(Value::String(text)) => Some(text.as_str().to_string()),
            _ => None,
        }
    }

    /// The items of a quoted list.
    fn quoted(&self, expr: ExprId) -> Vec<Datum> {
        match self.unit.exprs.get(expr) {
            Some(Expr::Constant(value)) => match datum(value, 0) {
                Datum::List(items) | Datum::Array(items) => items,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

fn datum(value: &Value, depth: u32) -> Datum {
    match value {
        Value::Symbol(symbol) => Datum::Symbol(symbol.name.to_string()),
        Value::Keyword(name) => Datum::Keyword(name.as_str().to_string()),
        Value::String(text) => Datum::String(text.as_str().to_string()),
        Value::List(items) if depth < MAX_DEPTH => {
            Datum::List(items.as_slice().iter().map(|item| datum(item, depth + 1)).collect())
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            Datum::Array(items.as_slice().iter().map(|item| datum(item, depth + 1)).collect())
        }
        other => Datum::Other(ovsm_value::write::write(other)),
    }
}
