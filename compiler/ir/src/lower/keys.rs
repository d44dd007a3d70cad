//! Comparison of keys, word by word: a word is loaded when all before it were equal.
//!
//! Two keys that differ mostly do so in the first word, so six of the eight loads are saved, and none of them is held in a
//! register while others are compared. Only what nothing can change in between is read so late. Start with
//! [`State::key_source`].

use crate::function::Value;
use crate::lower::account::{KEY, OWNER};
use crate::lower::aggregate::Whole;
use crate::lower::function::Signatures;
use crate::lower::state::{State, Words};
use crate::lower::stored::Address;
use crate::op::{Region, Width};
use ovsm_expand::core::{Chain, Expr, ExprId, Key};
use ovsm_infer::Type as SourceType;

/// Where the words of a key come from.
pub(crate) enum KeySource {
    Words(Words),
    Memory(Address),
}

impl State<'_> {
    /// A key that is compared; `None` if the expression is no key.
    pub(crate) fn key_source(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Option<KeySource> {
        if self.ty(expr) != SourceType::Pubkey {
            return None;
        }
        let is_plain = self.types.coercions_of(expr).is_empty() && !self.slots.copies.contains_key(&expr);
        let found = if is_plain { self.key_in_memory(expr, signatures) } else { None };
        Some(match found {
            Some(address) => KeySource::Memory(address),
            None => KeySource::Words(self.operand(expr, signatures)),
        })
    }

    /// The address of a key that a variable leads to.
    fn key_in_memory(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Option<Address> {
        let body = self.body;
        match body.exprs.get(expr)? {
            Expr::Ascribe(inner, _) | Expr::Into(inner, _) => self.key_in_memory(*inner, signatures),
            Expr::KeyOf(account) | Expr::OwnerOf(account)
                if matches!(body.exprs.get(*account), Some(Expr::Local(_))) =>
            {
                let is_key = matches!(body.exprs.get(expr), Some(Expr::KeyOf(_)));
                let base = self.account(*account, signatures);
                let offset = if is_key { KEY } else { OWNER };
                Some(Address { base, offset: offset as u32, region: Region::InputMeta })
            }
            Expr::Chain(chain) if matches!(**chain, Chain::ProgramKey) => {
                Some(Address { base: self.program_id(), offset: 0, region: Region::InputMeta })
            }
            Expr::Get(..) => match self.place_of_part(expr, signatures)?.0 {
                Whole::Memory(address) => Some(address),
                Whole::Words(_) => None,
            },
            _ => None,
        }
    }

    /// Where a field of a variable lies, if it lies in memory, and its type.
    fn place_of_part(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Option<(Whole, SourceType)> {
        let body = self.body;
        match body.exprs.get(expr)? {
            Expr::Local(_) => {
                let ty = self.ty(expr);
                if !ty.is_by_address() && !matches!(ty, SourceType::Account(_)) {
                    return None;
                }
                let value = self.value(expr, signatures);
                Some((self.whole(&ty, value), ty))
            }
            Expr::Get(whole, key @ Key::Field(..)) => {
                let (whole, ty) = self.place_of_part(*whole, signatures)?;
                Some(self.part(whole, &ty, key, signatures))
            }
            _ => None,
        }
    }

    /// A word of a key.
    pub(crate) fn key_word(&mut self, key: &KeySource, number: u32) -> Value {
        match key {
            KeySource::Words(words) => match words.get(number as usize) {
                Some(word) => *word,
                None => self.constant(0),
            },
            KeySource::Memory(address) => self.load_word(address.after(8 * number), Width::W8),
        }
    }
}
