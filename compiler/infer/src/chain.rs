//! The types of the forms that talk to the runtime.
//!
//! What calls are given, and what addresses are made of, are bytes: every value whose bytes are all of it will do. Start with
//! `Inference::chain`.

use crate::infer::{Inference, Use};
use crate::types::Type;
use crate::unify::Term;
use ovsm_base::{Code, Diagnostic, IntType, Span};
use ovsm_expand::Builtin;
use ovsm_expand::core::{Chain, Expr, ExprId};
use ovsm_expand::ty;

/// A seed has at most so many bytes.
const MAX_SEED: u32 = 32;

/// What a value is used as, whose bytes are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bytes {
    /// A part of an address.
    Seed,
    /// What is written to memory.
    Plain,
    /// A part of instruction data, or returned data.
    Data,
}

/// True for a form whose value is made of bytes, of the type that is stated around it.
pub(crate) fn is_read_from_bytes(expr: Option<&Expr>) -> bool {
    match expr {
        Some(Expr::Arguments(..)) => true,
        Some(Expr::Chain(chain)) => {
            matches!(**chain, Chain::Memory(_) | Chain::ReturnedData(_) | Chain::Sysvar(..))
        }
        _ => false,
    }
}

impl<'a> Inference<'a> {
    pub(crate) fn chain(&mut self, chain: &'a Chain, expr: ExprId) -> Term {
        let null = Term::Known(Type::Null);
        match chain {
            Chain::Invoke { program, accounts, data, signers } => {
                self.program(*program);
                for account in accounts {
                    let found = self.infer(account.account, Use::Value);
                    if !self.is_account(account.account, &found, account.is_writable) {
                        self.account_number(account.account, &found);
                    }
                }
                self.bytes_of(data, Bytes::Data);
                signers.iter().for_each(|seeds| self.bytes_of(seeds, Bytes::Seed));
                null
            }
            Chain::Address(seeds, program) => {
                self.bytes_of(seeds, Bytes::Seed);
                program.iter().for_each(|program| self.program(*program));
                Term::Known(Type::Pubkey)
            }
            Chain::FindAddress(seeds, program) => {
                self.bytes_of(seeds, Bytes::Seed);
                program.iter().for_each(|program| self.program(*program));
                Term::Known(ty::program_address())
            }
            Chain::IsAddress { key, seeds, program } => {
                self.program(*key);
                self.bytes_of(seeds, Bytes::Seed);
                program.iter().for_each(|program| self.program(*program));
                Term::Known(Type::Bool)
            }
            Chain::Sysvar(..) => self.stated(expr),
            Chain::ReturnedData(program) => {
                self.program(*program);
                self.stated(expr)
            }
            Chain::SetReturnData(value) => {
                self.bytes_of(std::slice::from_ref(value), Bytes::Data);
                null
            }
            Chain::Initialize(account, opening) => {
                self.changed_account(*account);
                Term::Known(opening.ty.clone())
            }
            Chain::Close(account, destination) => {
                self.changed_account(*account);
                self.changed_account(*destination);
                null
            }
            Chain::Resize(account, length) => {
                let found = self.changed_account(*account);
                if let Term::Known(Type::Account(account_type)) = self.table.resolve(&found)
                    && account_type.record.is_some()
                {
                    self.unsupported(
                        self.span(*account),
                        "the data of an account of a type have the length of the type; with another one it could not be opened again",
                        "declare it `(mut account)`, with `:owner (program-key)`, and read its data by their address",
                    );
                }
                if let Term::Known(Type::Account(account_type)) = self.table.resolve(&found)
                    && account_type.record.is_none()
                    && account_type.is_passed
                {
                    self.unsupported(
                        self.span(*account),
                        "who calls this function may know the account as one of a fixed length, so its length stays here",
                        "resize it in the instruction that names it",
                    );
                }
                let found = self.infer(*length, Use::Value);
                self.expect(*length, &found, &Term::Known(Type::Int(IntType::U64)), "the length", None);
                null
            }
            Chain::ProgramKey => Term::Known(Type::Pubkey),
            Chain::Memory(address) => {
                self.word(Builtin::MemLoad(8), *address);
                self.stated(expr)
            }
            Chain::SetMemory(address, value) => {
                self.word(Builtin::MemStore(8), *address);
                self.bytes_of(std::slice::from_ref(value), Bytes::Plain);
                null
            }
            Chain::AddressOf(value) => {
                self.bytes_of(std::slice::from_ref(value), Bytes::Plain);
                Term::Known(Type::Int(IntType::U64))
            }
            Chain::BytesAt(address, length) => {
                self.word(Builtin::MemLoad(8), *address);
                self.word(Builtin::MemLoad(8), *length);
                Term::Known(Type::Bytes)
            }
            Chain::Field { record, address, field, value } => {
                self.word(Builtin::MemLoad(8), *address);
                let ty = match record {
                    Type::Record(record) => {
                        record.fields.iter().find(|it| it.name == *field).map(|it| it.ty.underlying())
                    }
                    _ => None,
                };
                match (value, ty) {
                    (Some(value), Some(Type::Int(ty))) => {
                        let found = self.infer(*value, Use::Value);
                        // A literal becomes what the field is; any other integer has to fit, which is checked.
                        if !self.table.require_integer(&found) || ty.bits() > 64 {
                            self.expect(*value, &found, &Term::Known(Type::Int(*ty)), "the field", None);
                        }
                        null
                    }
                    (Some(value), _) => {
                        self.infer(*value, Use::Value);
                        self.unsupported(
                            self.span(expr),
                            "only numbers can be written to a field by its address",
                            "write its parts, or copy the bytes: `(syscall \"sol_memcpy_\" to from size)`",
                        );
                        null
                    }
                    (None, Some(Type::Int(ty))) if ty.is_signed() => Term::Known(Type::Int(IntType::I64)),
                    (None, _) => Term::Known(Type::Int(IntType::U64)),
                }
            }
        }
    }

    /// A type that is stated around the expression; values of it must hold no addresses. Where it is stated, the expander
    /// has put the checks of conditions.
    pub(crate) fn stated(&mut self, expr: ExprId) -> Term {
        let stated = self.table.fresh(false);
        self.arguments.push((stated.clone(), self.span(expr), false));
        stated
    }

    fn changed_account(&mut self, account: ExprId) -> Term {
        let found = self.infer(account, Use::Value);
        if !self.is_account(account, &found, true) {
            self.account_number(account, &found);
        }
        found
    }

    /// The number of an account, where no account stands.
    fn account_number(&mut self, account: ExprId, found: &Term) {
        match self.table.require_integer(found) {
            true => self.words.push((Builtin::NumAccounts, found.clone(), self.span(account))),
            false => self.account(account, found),
        }
    }

    /// What names a program or another account: an account, its number, or a key.
    fn program(&mut self, program: ExprId) {
        let found = self.infer(program, Use::Value);
        if self.table.represented(&found) != Term::Known(Type::Pubkey)
            && !self.is_account(program, &found, false)
        {
            self.account_number(program, &found);
        }
    }

    fn bytes_of(&mut self, values: &'a [ExprId], usage: Bytes) {
        for value in values {
            let found = self.infer(*value, Use::Value);
            self.bytes.push((found, usage, self.span(*value)));
        }
    }

    /// Reports what is not made of bytes, now that all types are known.
    pub(crate) fn check_bytes(&mut self) {
        for (term, usage, span) in std::mem::take(&mut self.bytes) {
            let ty = self.table.finish(&term).represented();
            let is_view = match &ty {
                Type::String | Type::Builder | Type::Bytes => true,
                Type::Slice(item) => **item == Type::Int(IntType::U8),
                _ => false,
            };
            let are_items = matches!(&ty, Type::Slice(item) | Type::Vec(item) if item.is_plain());
            let fits = match usage {
                Bytes::Data => is_view || are_items || ty.is_plain(),
                Bytes::Plain => ty.is_plain(),
                Bytes::Seed => {
                    is_view
                        || matches!(ty, Type::Int(_) | Type::Pubkey | Type::Account(_) | Type::Error)
                        || matches!(&ty, Type::Array(item, count) if **item == Type::Int(IntType::U8) && *count <= MAX_SEED)
                }
            };
            if !fits {
                self.diagnostics.push(no_bytes(&ty, usage, span));
            }
        }
    }
}

fn no_bytes(ty: &Type, usage: Bytes, span: Option<Span>) -> Diagnostic {
    let (what, help) = match usage {
        Bytes::Seed => (
            "can not be a seed",
            "seeds are strings, bytes, integers (`1u8`), keys, accounts, or `(array u8 n)` of at most 32",
        ),
        Bytes::Plain | Bytes::Data => {
            let help = "use arrays of a fixed length: `(array u8 32)`";
            let message = match ty.holds_heap() {
                true => "holds a vec or a `string-builder`, so its bytes are not all of it",
                false => "holds a view, so its bytes are not all of it",
            };
            (message, help)
        }
    };
    let mut diagnostic = Diagnostic::new(Code::TypeMismatch, format!("a value of `{ty}` {what}")).help(help);
    if let Some(span) = span {
        diagnostic = diagnostic.label(span, "");
    }
    diagnostic
}
