//! Checks that bytes from outside are those of a value.
//!
//! Truths and options begin with 0 or 1, enums with the number of a variant. Other bytes would be read as some value too,
//! but not as the one that others read from them. Start with [`State::check_bytes`].

use crate::Failure;
use crate::function::Value;
use crate::lower::state::State;
use crate::lower::stored::Address;
use crate::op::{Condition, Width};
use ovsm_expand::ty::RecordType;
use ovsm_infer::Type as SourceType;

/// True if all bytes are those of a value. What lies between the fields of an aligned record may be anything.
fn takes_all_bytes(ty: &SourceType) -> bool {
    match ty {
        SourceType::Int(_) | SourceType::Pubkey | SourceType::Null => true,
        SourceType::Array(item, _) => takes_all_bytes(item),
        SourceType::Record(record) => record.fields.iter().all(|field| takes_all_bytes(&field.ty)),
        _ => false,
    }
}

impl State<'_> {
    /// Fails unless the bytes in memory are those of a value of the type.
    pub(crate) fn check_bytes(&mut self, ty: &SourceType, address: Address, failure: Failure) {
        if takes_all_bytes(ty) {
            return;
        }
        match ty {
            SourceType::Bool => self.check_first_byte(address, 1, failure),
            SourceType::Option(item) => {
                self.check_first_byte(address, 1, failure);
                if !takes_all_bytes(item) {
                    let is_there = self.load_word(address, Width::W1);
                    self.when_equal(is_there, 1, |state| state.check_bytes(item, address.after(1), failure));
                }
            }
            SourceType::Record(record) => self.check_fields(record, address, failure),
            SourceType::Enum(parent) => {
                let last = (parent.variants.len() as u64).saturating_sub(1);
                self.check_first_byte(address, last, failure);
                for (number, variant) in parent.variants.iter().enumerate() {
                    if variant.fields.iter().all(|field| takes_all_bytes(&field.ty)) {
                        continue;
                    }
                    let tag = self.load_word(address, Width::W1);
                    self.when_equal(tag, number as u64, |state| {
                        state.check_fields(variant, address.after(1), failure);
                    });
                }
            }
            SourceType::Array(item, count) => {
                let size = item.size().unwrap_or(0);
                self.count_up(u64::from(*count), |state, index| {
                    let at = state.item_address(address, index, size);
                    state.check_bytes(item, at, failure);
                });
            }
            _ => {}
        }
    }

    fn check_fields(&mut self, record: &RecordType, address: Address, failure: Failure) {
        for (field, offset) in record.places() {
            self.check_bytes(&field.ty, address.after(offset), failure);
        }
    }

    fn check_first_byte(&mut self, address: Address, last: u64, failure: Failure) {
        let byte = self.load_word(address, Width::W1);
        let is_none = self.compare_const(Condition::UnsignedGreater, byte, last);
        self.fail_if(is_none, failure);
    }

    /// Runs code if a word is a number. The code assigns no variable.
    pub(crate) fn when_equal(&mut self, word: Value, number: u64, code: impl FnOnce(&mut Self)) {
        let is = self.compare_const(Condition::Equal, word, number);
        let (mut yes, mut end) = (self.join(), self.join());
        self.branch(is, &mut yes, &mut end);
        self.enter(yes);
        code(self);
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(end);
    }
}
