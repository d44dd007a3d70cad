//! The forms of instructions: accounts that are checked as they are opened, arguments, failures with a code.

use super::{Place, Translator};
use crate::core::{Expr as Core, ExprId as CoreId, Fault, Opening};
use crate::ty::{AccountType, RecordType, Type};
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_eval::core::{Expr, ExprId};
use ovsm_value::{Value, number};
use std::sync::Arc;

impl<'a> Translator<'a> {
    pub(super) fn chain(&mut self, name: &str, operands: &'a [ExprId], span: Option<Span>) -> CoreId {
        match (name, operands) {
            ("require-accounts", [count]) => {
                match self.known_number(*count).and_then(|it| u32::try_from(it).ok()) {
                    Some(count) => self.body.add(Core::RequireAccounts(count), span),
                    None => self.number_needed(span),
                }
            }
            ("open-account", [previous, ty, discriminator, checks @ ..]) => {
                let previous = match self.unit.exprs.get(*previous) {
                    Some(Expr::Constant(Value::Null)) => None,
                    _ => Some(self.expr(*previous, Place::VALUE)),
                };
                self.open_account(previous, None, *ty, *discriminator, checks, span)
            }
            ("open-account-number", [number, ty, discriminator, checks @ ..]) => {
                match self.known_number(*number).and_then(|it| u32::try_from(it).ok()) {
                    Some(number) => self.open_account(None, Some(number), *ty, *discriminator, checks, span),
                    None => self.number_needed(span),
                }
            }
            ("log-record", [record, word]) => match self.known_number(*word) {
                Some(word) => {
                    let record = self.expr(*record, Place::VALUE);
                    self.body.add(Core::LogRecord(record, word), span)
                }
                None => self.number_needed(span),
            },
            ("instruction-arguments", offset) => {
                let is_prefix = offset.len() == 2;
                let offset = match offset.first() {
                    Some(offset) => self.known_number(*offset).and_then(|it| u32::try_from(it).ok()),
                    None => Some(8),
                };
                match offset {
                    Some(offset) => self.body.add(Core::Arguments(offset, is_prefix), span),
                    None => self.number_needed(span),
                }
            }
            ("key-of", [account]) => {
                let account = self.expr(*account, Place::VALUE);
                self.body.add(Core::KeyOf(account), span)
            }
            ("owner-of", [account]) => {
                let account = self.expr(*account, Place::VALUE);
                self.body.add(Core::OwnerOf(account), span)
            }
            ("fail-with", [code]) => match self.known_number(*code).and_then(|code| u32::try_from(code).ok())
            {
                Some(code) => {
                    self.flow.end();
                    self.body.add(Core::Fail(Fault::Custom(code)), span)
                }
                _ => self.number_needed(span),
            },
            _ => self.report(
                span,
                Diagnostic::new(
                    Code::MisplacedDefinition,
                    format!("`{name}` stands where only an expression can"),
                )
                .help("move it to the top level of the file"),
            ),
        }
    }

    fn number_needed(&mut self, span: Option<Span>) -> CoreId {
        self.unsupported(
            span,
            "a number that is known when the program is compiled is needed here",
            "write a number, or a constant that is one; a code is below 4294967296",
        )
    }

    /// The number that an expression is, if it is known: a literal, or a constant.
    pub(super) fn known_number(&self, expr: ExprId) -> Option<u64> {
        match self.unit.exprs.get(expr)? {
            Expr::Constant(Value::Fixed(_, word)) => Some(*word),
            Expr::Constant(value) => number::to_i64(value).and_then(|number| u64::try_from(number).ok()),
            Expr::Global(global) => match self.global(*global)?.1 {
                crate::env::GlobalKind::Literal(crate::env::Literal::Int {
                    negative: false,
                    magnitude,
                    ..
                }) => u64::try_from(magnitude).ok(),
                _ => None,
            },
            _ => None,
        }
    }

    fn open_account(
        &mut self,
        previous: Option<CoreId>,
        number: Option<u32>,
        ty: ExprId,
        discriminator: ExprId,
        checks: &'a [ExprId],
        span: Option<Span>,
    ) -> CoreId {
        let record = match self.account_record(ty, span) {
            Ok(record) => record,
            Err(error) => return error,
        };
        let has = |wanted: &str| checks.iter().any(|check| self.is_keyword(*check, wanted));
        let (is_signer, is_mutable, is_owned) = (has("signer"), has("mut"), !has("any-owner"));
        let discriminator = self.known_number(discriminator).filter(|_| record.is_some());
        let is_tagged = discriminator.is_some();
        let ty = Type::Account(Arc::new(AccountType {
            record,
            is_mutable,
            is_tagged,
            is_passed: false,
            is_longer: has("longer"),
        }));
        // What happens to an account that is there already comes last.
        let repeated = match checks {
            [.., mark, repeated] if self.is_keyword(*mark, "repeated") => {
                let before = self.flow.clone();
                let repeated = self.expr(*repeated, Place::VALUE);
                self.flow = before;
                Some(repeated)
            }
            _ => None,
        };
        let opening = Opening { ty, is_signer, discriminator, is_owned, number, repeated };
        self.body.add(Core::OpenAccount(previous, opening), span)
    }

    pub(super) fn is_keyword(&self, expr: ExprId, wanted: &str) -> bool {
        matches!(self.unit.exprs.get(expr), Some(Expr::Constant(Value::Keyword(name))) if name.as_str() == wanted)
    }

    /// The record that the data of an account are; `None` if nothing is known of them.
    pub(super) fn account_record(
        &mut self,
        ty: ExprId,
        span: Option<Span>,
    ) -> Result<Option<Arc<RecordType>>, CoreId> {
        if let Some(Expr::Constant(Value::Null)) = self.unit.exprs.get(ty) {
            return Ok(None);
        }
        let record = match self.constructor(ty) {
            Some((Type::Record(record), _)) => record,
            Some((Type::Error, _)) => return Err(self.body.add(Core::Error, span)),
            _ => {
                return Err(self.unsupported(
                    self.span(ty).or(span),
                    "the type of an account is a record",
                    "define it: `(account Counter (count : u64))`",
                ));
            }
        };
        if !Type::Record(Arc::clone(&record)).is_plain() {
            return Err(self.unsupported(
                span,
                &format!(
                    "`{}` holds {}, which an account can not keep",
                    record.name,
                    Type::Record(Arc::clone(&record)).kept_elsewhere()
                ),
                "use arrays of a fixed length: `(array u8 32)`",
            ));
        }
        Ok(Some(record))
    }
}
