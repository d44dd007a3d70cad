//! The forms that talk to the runtime: calls of other programs, addresses made of seeds, sysvars, returned data.
//!
//! Accounts, data and seeds are written as arrays, but need not have items of one type: they are taken apart here.

use super::{Place, Translator};
use crate::core::{Chain, Expr as Core, ExprId as CoreId, Fault, InvokedAccount, Opening};
use crate::ty::{AccountType, RecordType, Type};
use ovsm_base::suggest::nearest;
use ovsm_base::{Code, Diagnostic, IntType, Span};
use ovsm_eval::core::{Expr, ExprId};
use ovsm_value::Value;
use std::sync::Arc;

/// The runtime takes no more seeds for one address.
const MAX_SEEDS: usize = 16;
/// The runtime takes no more signers for one call.
const MAX_SIGNERS: usize = 16;
/// No instruction can have more accounts.
const MAX_ACCOUNTS: usize = 255;

/// An item of an array as it is written.
#[derive(Clone)]
enum Item {
    Expr(ExprId),
    Constant(Value),
}

impl<'a> Translator<'a> {
    /// A form of the runtime, if the name is one.
    pub(super) fn runtime_form(
        &mut self,
        name: &str,
        operands: &'a [ExprId],
        span: Option<Span>,
    ) -> Option<CoreId> {
        let chain = match (name, operands) {
            ("invoke-program", [program, accounts, data, signers @ ..]) => {
                self.invoke(*program, *accounts, *data, signers.first().copied(), span)
            }
            ("program-address", [seeds, program @ ..]) => {
                let seeds = self.seeds(*seeds, span);
                Chain::Address(seeds, self.program_of(program))
            }
            ("find-program-address", [seeds, program @ ..]) => {
                let seeds = self.seeds(*seeds, span);
                Chain::FindAddress(seeds, self.program_of(program))
            }
            ("pda=", [key, seeds, program @ ..]) => {
                let key = self.expr(*key, Place::VALUE);
                let seeds = self.seeds(*seeds, span);
                Chain::IsAddress { key, seeds, program: self.program_of(program) }
            }
            ("sysvar-value", [key, offset]) => {
                let offset = self.known_number(*offset).and_then(|offset| u32::try_from(offset).ok());
                match (self.known_key(*key), offset) {
                    (Some(key), Some(offset)) => Chain::Sysvar(key, offset),
                    _ => {
                        return Some(self.unsupported(
                            span,
                            "a sysvar is named by a key and an offset that are known when the program is compiled",
                            "write them out: `(sysvar-value (pubkey \"SysvarC1ock11111111111111111111111111111111\") 32)`",
                        ));
                    }
                }
            }
            ("returned-data", [program]) => Chain::ReturnedData(self.expr(*program, Place::VALUE)),
            ("set-return-data", [value]) => Chain::SetReturnData(self.expr(*value, Place::VALUE)),
            ("initialize-account", [account, ty, discriminator]) => {
                let account = self.expr(*account, Place::VALUE);
                let record = match self.account_record(*ty, span) {
                    Ok(record) => record,
                    Err(error) => return Some(error),
                };
                let discriminator = self.known_number(*discriminator);
                let is_tagged = discriminator.is_some();
                let ty = Type::Account(Arc::new(AccountType {
                    record,
                    is_mutable: true,
                    is_tagged,
                    is_passed: false,
                    is_longer: false,
                }));
                let opening = Opening {
                    ty,
                    is_signer: false,
                    discriminator,
                    is_owned: true,
                    number: None,
                    repeated: None,
                };
                Chain::Initialize(account, opening)
            }
            ("close-account", [account, destination]) => {
                let account = self.expr(*account, Place::VALUE);
                Chain::Close(account, self.expr(*destination, Place::VALUE))
            }
            ("resize-account", [account, length]) => {
                let account = self.expr(*account, Place::VALUE);
                Chain::Resize(account, self.expr(*length, Place::VALUE))
            }
            ("program-key", []) => Chain::ProgramKey,
            ("memory-value", [address]) => Chain::Memory(self.expr(*address, Place::VALUE)),
            ("set-memory-value", [address, value]) => {
                let address = self.expr(*address, Place::VALUE);
                Chain::SetMemory(address, self.expr(*value, Place::VALUE))
            }
            ("address-of", [value]) => Chain::AddressOf(self.expr(*value, Place::VALUE)),
            ("bytes-at", [address, length]) => {
                let address = self.expr(*address, Place::VALUE);
                Chain::BytesAt(address, self.expr(*length, Place::VALUE))
            }
            ("field-at" | "set-field-at", [ty, address, field, value @ ..]) => {
                let (record, field) = match self.field_of(*ty, *field, span) {
                    Ok(field) => field,
                    Err(error) => return Some(error),
                };
                let address = self.expr(*address, Place::VALUE);
                let value = value.first().map(|value| self.expr(*value, Place::VALUE));
                Chain::Field { record: Type::Record(record), address, field, value }
            }
            ("field-offset" | "field-size", [ty, field]) => {
                let (record, field) = match self.field_of(*ty, *field, span) {
                    Ok(field) => field,
                    Err(error) => return Some(error),
                };
                let found = record.field(&field);
                let size = found.and_then(|(number, _)| record.fields.get(number)?.ty.size());
                let number = match name {
                    "field-offset" => found.map(|(_, offset)| offset),
                    _ => size,
                };
                return Some(self.size_literal(number.unwrap_or(0), span));
            }
            ("fail-as", [kind]) => {
                let fault = match self.keyword(&Item::Expr(*kind)).as_deref() {
                    Some("seeds") => Fault::Seeds,
                    Some("wrong-account") => Fault::WrongAccount,
                    Some("wrong-owner") => Fault::WrongOwner,
                    Some("already-initialized") => Fault::AlreadyInitialized,
                    None if let Some(number @ 1..=26) = self.known_number(*kind) => {
                        Fault::Runtime(number as u8)
                    }
                    _ => {
                        let help = "they are `:seeds`, `:wrong-account`, `:wrong-owner`, `:already-initialized`, or 1 to 26, the numbers of the runtime's errors";
                        return Some(self.unsupported(span, "this kind of failure is not known", help));
                    }
                };
                self.flow.end();
                return Some(self.body.add(Core::Fail(fault), span));
            }
            ("size-of", [ty]) => return Some(self.size_of(*ty, span)),
            _ => return None,
        };
        Some(self.body.add(Core::Chain(Box::new(chain)), span))
    }

    fn size_literal(&mut self, size: u32, span: Option<Span>) -> CoreId {
        let suffix = Some(IntType::U64);
        self.body.add(Core::Int { negative: false, magnitude: size.into(), suffix }, span)
    }

    /// The record and the field that an operand each name. The field is quoted: macros write the quote.
    fn field_of(
        &mut self,
        ty: ExprId,
        field: ExprId,
        span: Option<Span>,
    ) -> Result<(Arc<RecordType>, String), CoreId> {
        let record = match self.constructor(ty) {
            Some((Type::Record(record), _)) => record,
            Some((Type::Error, _)) => return Err(self.body.add(Core::Error, span)),
            _ => {
                let help = "define it: `(define-struct State (count u64))`";
                return Err(self.unsupported(self.span(ty).or(span), "this is no record", help));
            }
        };
        let name = match self.unit.exprs.get(field) {
            Some(Expr::Constant(Value::Symbol(name))) => Some(name.name.to_string()),
            Some(Expr::Constant(Value::Keyword(name))) => Some(name.as_str().to_string()),
            _ => None,
        };
        match name {
            Some(name) if record.field(&name).is_some() => Ok((record, name)),
            name => {
                let known: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
                let message = match &name {
                    Some(name) => format!("`{}` has no field `{name}`", record.name),
                    None => "the name of a field is needed here".to_string(),
                };
                let mut diagnostic = Diagnostic::new(Code::UnknownField, message);
                diagnostic = match name.and_then(|name| nearest(&name, known.iter().copied())) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("its fields are {}", known.join(", "))),
                };
                Err(self.report(self.span(field).or(span), diagnostic))
            }
        }
    }

    fn size_of(&mut self, ty: ExprId, span: Option<Span>) -> CoreId {
        match self.constructor(ty) {
            Some((Type::Error, _)) => self.body.add(Core::Error, span),
            Some((ty, _)) if let Some(size) = ty.size() => self.size_literal(size, span),
            _ => self.unsupported(span, "only records have a size", "name one: `(size-of Counter)`"),
        }
    }

    fn program_of(&mut self, program: &'a [ExprId]) -> Option<CoreId> {
        match self.unit.exprs.get(*program.first()?) {
            Some(Expr::Constant(Value::Null)) => None,
            _ => program.first().map(|program| self.expr(*program, Place::VALUE)),
        }
    }

    fn invoke(
        &mut self,
        program: ExprId,
        accounts: ExprId,
        data: ExprId,
        signers: Option<ExprId>,
        span: Option<Span>,
    ) -> Chain {
        let program = self.expr(program, Place::VALUE);
        let accounts = match self.items(accounts) {
            Some(accounts) if accounts.len() <= MAX_ACCOUNTS => {
                accounts.into_iter().filter_map(|account| self.invoked_account(account, span)).collect()
            }
            _ => {
                self.invoke_needs(span, "the accounts are written out: `[[from :mut :signer] [to :mut]]`");
                Vec::new()
            }
        };
        let data = match self.items(data) {
            Some(parts) => parts.into_iter().map(|part| self.item_value(part, span)).collect(),
            None => vec![self.expr(data, Place::VALUE)],
        };
        let given = match signers.map(|signers| (signers, self.unit.exprs.get(signers))) {
            None | Some((_, Some(Expr::Constant(Value::Null)))) => Some(Vec::new()),
            Some((signers, _)) => self.items(signers),
        };
        let signers = match given {
            Some(signers) if signers.len() <= MAX_SIGNERS => {
                signers.into_iter().map(|signer| self.seeds_of(signer, span)).collect()
            }
            _ => {
                self.invoke_needs(
                    span,
                    "the seeds of each signer are written out: `[[\"vault\" authority bump]]`",
                );
                Vec::new()
            }
        };
        Chain::Invoke { program, accounts, data, signers }
    }

    fn invoke_needs(&mut self, span: Option<Span>, help: &str) {
        self.unsupported(
            span,
            "the accounts, data and signers of a call are arrays as they are written",
            help,
        );
    }

    fn invoked_account(&mut self, item: Item, span: Option<Span>) -> Option<InvokedAccount> {
        let parts = match item {
            Item::Expr(expr) => match self.items(expr) {
                Some(parts) => parts,
                None => vec![Item::Expr(expr)],
            },
            Item::Constant(Value::Array(items)) => {
                items.as_slice().iter().map(|item| Item::Constant(item.clone())).collect()
            }
            constant => vec![constant],
        };
        let (account, flags) = parts.split_first()?;
        let (mut is_writable, mut is_signer) = (false, false);
        for flag in flags {
            match self.keyword(flag).as_deref() {
                Some("mut") => is_writable = true,
                Some("signer") => is_signer = true,
                _ => self.invoke_needs(span, "after the account come `:mut`, `:signer`, both or nothing"),
            }
        }
        let account = self.item_value(account.clone(), span);
        Some(InvokedAccount { account, is_writable, is_signer })
    }

    fn keyword(&self, item: &Item) -> Option<String> {
        let value = match item {
            Item::Constant(value) => value,
            Item::Expr(expr) => match self.unit.exprs.get(*expr)? {
                Expr::Constant(value) => value,
                _ => return None,
            },
        };
        match value {
            Value::Keyword(name) => Some(name.as_str().to_string()),
            _ => None,
        }
    }

    fn seeds(&mut self, seeds: ExprId, span: Option<Span>) -> Vec<CoreId> {
        self.seeds_of(Item::Expr(seeds), span)
    }

    fn seeds_of(&mut self, seeds: Item, span: Option<Span>) -> Vec<CoreId> {
        let span = match &seeds {
            Item::Expr(expr) => self.span(*expr).or(span),
            Item::Constant(_) => span,
        };
        let items = match seeds {
            Item::Expr(expr) => self.items(expr),
            Item::Constant(Value::Array(items)) => {
                Some(items.as_slice().iter().map(|item| Item::Constant(item.clone())).collect())
            }
            Item::Constant(_) => None,
        };
        match items {
            Some(items) if items.len() <= MAX_SEEDS => {
                items.into_iter().map(|item| self.item_value(item, span)).collect()
            }
            _ => {
                self.unsupported(
                    span,
                    "seeds are an array as it is written, of at most 16 items",
                    "write them out: `[\"vault\" authority bump]`",
                );
                Vec::new()
            }
        }
    }

    /// The items of an array that is written out.
    fn items(&self, expr: ExprId) -> Option<Vec<Item>> {
        match self.unit.exprs.get(expr)? {
            Expr::Native(id, operands) if ovsm_library::get(*id)?.name == "#array" => {
                Some(operands.iter().map(|operand| Item::Expr(*operand)).collect())
            }
            Expr::Constant(Value::Array(items)) => {
                Some(items.as_slice().iter().map(|item| Item::Constant(item.clone())).collect())
            }
            _ => None,
        }
    }

    fn item_value(&mut self, item: Item, span: Option<Span>) -> CoreId {
        match item {
            Item::Expr(expr) => self.expr(expr, Place::VALUE),
            Item::Constant(value) => self.constant_item(&value, span),
        }
    }

    /// The key that an expression is, if it is written out.
    fn known_key(&self, expr: ExprId) -> Option<[u8; 32]> {
        match self.unit.exprs.get(expr)? {
            Expr::Native(id, operands) if ovsm_library::get(*id)?.name == "pubkey" => {
                match self.unit.exprs.get(*operands.first()?)? {
                    Expr::Constant(Value::String(text)) => {
                        ovsm_value::encoding::from_base58::<32>(text.as_str())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
