//! How values lie in memory: reading, writing and copying them.
//!
//! What contains no array is a row of words, one part after the other: an option begins with the truth whether it is
//! there, an enum with the number of its variant. What contains an array lies in memory in its exact layout, and its one
//! word is the address. Start with [`State::load_value`].

use crate::Type;
use crate::function::Value;
use crate::lower::function::{word_types, words};
use crate::lower::state::{State, Words};
use crate::op::{Access, BinaryOp, Condition, Op, Region, Width};
use ovsm_base::IntType;
use ovsm_base::syscall::Syscall;
use ovsm_infer::Type as SourceType;

/// Copies of at most so many bytes are made word by word: a call of the runtime costs about as much.
const INLINE_COPY: u32 = 64;

/// A place in memory.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    pub(crate) base: Value,
    pub(crate) offset: u32,
    pub(crate) region: Region,
}

impl State<'_> {
    /// The address of a place of this body.
    pub(crate) fn slot(&mut self, offset: u32) -> Address {
        let base = self.constant(self.memory.wrapping_add(u64::from(offset)));
        Address { base, offset: 0, region: Region::Local }
    }

    /// The memory behind an address that is the word of a value.
    pub(crate) fn behind(&self, base: Value) -> Address {
        let is_own = self.function.as_const(base).is_some_and(|address| self.layout.is_own(address));
        Address { base, offset: 0, region: if is_own { Region::Local } else { Region::View } }
    }

    pub(crate) fn pointer(&mut self, address: Address) -> Value {
        match address.offset {
            0 => address.base,
            offset => self.binary_const(BinaryOp::Add, address.base, u64::from(offset)),
        }
    }

    fn access(&mut self, address: Address, width: Width) -> Access {
        match i16::try_from(address.offset) {
            Ok(offset) => {
                Access { width, region: address.region, address: address.base, offset: i32::from(offset) }
            }
            Err(_) => {
                let base = self.pointer(address);
                Access { width, region: address.region, address: base, offset: 0 }
            }
        }
    }

    pub(crate) fn load_word(&mut self, address: Address, width: Width) -> Value {
        let access = self.access(address, width);
        self.word(Op::Load(access))
    }

    pub(crate) fn store_word(&mut self, address: Address, width: Width, word: Value) {
        let access = self.access(address, width);
        self.emit(Op::Store(access, word), &[]);
    }

    /// Reads a value from memory.
    pub(crate) fn load_value(&mut self, ty: &SourceType, address: Address) -> Words {
        if ty.is_by_address() {
            return Words::from_elem(self.pointer(address), 1);
        }
        match ty {
            SourceType::Null | SourceType::Error | SourceType::Variable(_) | SourceType::Applied(..) => {
                Words::new()
            }
            SourceType::Distinct(distinct) => self.load_value(&distinct.base, address),
            SourceType::Bool => {
                let byte = self.load_word(address, Width::W1);
                Words::from_elem(self.compare_const(Condition::NotEqual, byte, 0), 1)
            }
            SourceType::Int(IntType::U128 | IntType::I128)
            | SourceType::String
            | SourceType::Bytes
            | SourceType::Slice(_) => self.load_words(address, 2),
            SourceType::Vec(_) | SourceType::Builder => self.load_words(address, 3),
            SourceType::Pubkey => self.load_words(address, 4),
            SourceType::Int(ty) => {
                let width = width_of(*ty);
                let word = self.load_word(address, width);
                match ty.is_signed() && ty.bits() < 64 {
                    true => Words::from_elem(self.word(Op::Extend(*ty, word)), 1),
                    false => Words::from_elem(word, 1),
                }
            }
            SourceType::Option(item) => {
                let mut value = self.load_value(&SourceType::Bool, address);
                value.extend(self.load_value(item, address.after(1)));
                value
            }
            SourceType::Record(record) => {
                let mut value = Words::new();
                for (field, offset) in record.places() {
                    value.extend(self.load_value(&field.ty, address.after(offset)));
                }
                value
            }
            SourceType::Enum(_) => {
                // The words of a payload do not say which variant it is of, so they are kept as they are: the layout of a
                // variant begins with its fields, and reading a field knows the variant.
                let count = words(ty);
                let mut value = Words::from_elem(self.load_word(address, Width::W1), 1);
                let mut payload: Vec<Words> = Vec::new();
                if let SourceType::Enum(parent) = ty {
                    for variant in &parent.variants {
                        let (mut own, mut at) = (Words::new(), address.after(1));
                        for field in &variant.fields {
                            let part = self.load_value(&field.ty, at);
                            own.extend(self.plain_words(part));
                            at = at.after(field.ty.size().unwrap_or(0));
                        }
                        payload.push(own);
                    }
                }
                let tag = value.first().copied();
                for place in 1..count {
                    // Each word is that of the variant that there is.
                    let mut word = self.constant(0);
                    for (number, own) in payload.iter().enumerate() {
                        let (Some(candidate), Some(tag)) = (own.get(place - 1).copied(), tag) else {
                            continue;
                        };
                        let is = self.compare_const(Condition::Equal, tag, number as u64);
                        word = self.select(is, candidate, word);
                    }
                    value.push(word);
                }
                value
            }
            SourceType::Array(..) => Words::new(),
            SourceType::Account(_) => Words::from_elem(self.load_word(address, Width::W8), 1),
        }
    }

    pub(crate) fn load_words(&mut self, address: Address, count: u32) -> Words {
        (0..count).map(|number| self.load_word(address.after(8 * number), Width::W8)).collect()
    }

    /// Writes a value to memory.
    pub(crate) fn store_value(&mut self, ty: &SourceType, value: &[Value], address: Address) {
        if ty.is_by_address() {
            if let Some(source) = value.first() {
                let source = self.behind(*source);
                self.copy_value(ty, source, address);
            }
            return;
        }
        match ty {
            SourceType::Null | SourceType::Error | SourceType::Variable(_) | SourceType::Applied(..) => {}
            SourceType::Distinct(distinct) => self.store_value(&distinct.base, value, address),
            SourceType::Bool => {
                if let Some(truth) = value.first() {
                    let word = self.as_word(*truth);
                    self.store_word(address, Width::W1, word);
                }
            }
            SourceType::Int(IntType::U128 | IntType::I128)
            | SourceType::String
            | SourceType::Bytes
            | SourceType::Slice(_)
            | SourceType::Vec(_)
            | SourceType::Builder
            | SourceType::Pubkey => {
                for (number, word) in value.iter().enumerate() {
                    self.store_word(address.after(8 * number as u32), Width::W8, *word);
                }
            }
            SourceType::Int(ty) => {
                if let Some(word) = value.first() {
                    self.store_word(address, width_of(*ty), *word);
                }
            }
            SourceType::Option(item) => {
                if let Some((is_there, rest)) = value.split_first() {
                    self.store_value(&SourceType::Bool, &[*is_there], address);
                    self.store_value(item, rest, address.after(1));
                }
            }
            SourceType::Record(record) => {
                let mut rest = value;
                for (field, offset) in record.places() {
                    let (own, after) = rest.split_at(words(&field.ty).min(rest.len()));
                    self.store_value(&field.ty, own, address.after(offset));
                    rest = after;
                }
                self.clear_gaps(record, address);
            }
            SourceType::Enum(parent) => self.store_enum(parent, value, address),
            SourceType::Array(..) => {}
            SourceType::Account(_) => {
                if let Some(word) = value.first() {
                    self.store_word(address, Width::W8, *word);
                }
            }
        }
    }

    pub(crate) fn store_enum(
        &mut self,
        parent: &ovsm_expand::ty::EnumType,
        value: &[Value],
        address: Address,
    ) {
        let Some((tag, payload)) = value.split_first() else { return };
        self.store_word(address, Width::W1, *tag);
        let size = parent.payload_size().unwrap_or(0);
        let known = self.function.as_const(*tag);
        let mut end = self.join();
        for (number, variant) in parent.variants.iter().enumerate() {
            if known.is_some_and(|known| known != number as u64) {
                continue;
            }
            let next = match known {
                Some(_) => None,
                None => {
                    let (mut yes, mut next) = (self.join(), self.join());
                    let is = self.compare_const(Condition::Equal, *tag, number as u64);
                    self.branch(is, &mut yes, &mut next);
                    self.enter(yes);
                    Some(next)
                }
            };
            let (mut rest, mut at) = (payload, address.after(1));
            let mut written = 0;
            for field in &variant.fields {
                let (own, after) = rest.split_at(words(&field.ty).min(rest.len()));
                let own = self.typed_words(&field.ty, own);
                self.store_value(&field.ty, &own, at);
                rest = after;
                let size = field.ty.size().unwrap_or(0);
                at = at.after(size);
                written += size;
            }
            // Equal values have equal bytes: what no field covers is zero.
            self.fill_with_zeros(at, size.saturating_sub(written));
            let Some(next) = next else { break };
            self.jump(&mut end);
            self.rewind(&next);
            self.enter(next);
        }
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(end);
    }

    pub(crate) fn fill_with_zeros(&mut self, address: Address, size: u32) {
        let (mut at, mut left) = (address, size);
        while left > 0 {
            let width = widest(left);
            let zero = self.constant(0);
            self.store_word(at, width, zero);
            at = at.after(width.bytes());
            left -= width.bytes();
        }
    }

    /// Copies a value. The bytes between the fields of an aligned record are zero in all that programs make, whatever others
    /// have written there.
    pub(crate) fn copy_value(&mut self, ty: &SourceType, from: Address, to: Address) {
        self.copy(from, to, ty.size().unwrap_or(0));
        if from.region != Region::Local && ty.has_padding() {
            self.clear_padding(ty, to);
        }
    }

    /// Clears the bytes between the fields of a record, and after them.
    pub(crate) fn clear_gaps(&mut self, record: &ovsm_expand::ty::RecordType, address: Address) {
        if record.is_aligned {
            for (offset, size) in record.gaps() {
                self.fill_with_zeros(address.after(offset), size);
            }
        }
    }

    /// Clears the bytes of a value that mean nothing.
    pub(crate) fn clear_padding(&mut self, ty: &SourceType, address: Address) {
        if !ty.has_padding() {
            return;
        }
        match ty {
            SourceType::Distinct(distinct) => self.clear_padding(&distinct.base, address),
            SourceType::Option(item) => self.clear_padding(item, address.after(1)),
            SourceType::Array(item, count) => {
                let size = item.size().unwrap_or(0);
                self.count_up(u64::from(*count), |state, index| {
                    let at = state.item_address(address, index, size);
                    state.clear_padding(item, at);
                });
            }
            SourceType::Record(record) => {
                self.clear_gaps(record, address);
                for (field, offset) in record.places() {
                    self.clear_padding(&field.ty, address.after(offset));
                }
            }
            SourceType::Enum(parent) => {
                let tag = self.load_word(address, Width::W1);
                for (number, variant) in parent.variants.iter().enumerate() {
                    if variant.has_padding() {
                        self.when_equal(tag, number as u64, |state| {
                            for (field, offset) in variant.places() {
                                state.clear_padding(&field.ty, address.after(1).after(offset));
                            }
                        });
                    }
                }
            }
            _ => {}
        }
    }

    /// Copies bytes; the places are the same or do not overlap.
    pub(crate) fn copy(&mut self, from: Address, to: Address, size: u32) {
        if size <= INLINE_COPY {
            let (mut from, mut to, mut left) = (from, to, size);
            let mut loaded = Vec::new();
            while left > 0 {
                let width = widest(left);
                loaded.push((to, width, self.load_word(from, width)));
                (from, to) = (from.after(width.bytes()), to.after(width.bytes()));
                left -= width.bytes();
            }
            for (to, width, word) in loaded {
                self.store_word(to, width, word);
            }
            return;
        }
        let (from, to) = (self.pointer(from), self.pointer(to));
        let size = self.constant(u64::from(size));
        if let Some(syscall) = Syscall::from_name("sol_memmove_") {
            self.syscall(syscall, &[to, from, size]);
        }
    }

    /// The words of a value with truths as 0 or 1.
    pub(crate) fn plain_words(&mut self, value: Words) -> Words {
        value
            .into_iter()
            .map(|word| match self.function.ty(word) {
                Type::Bool => self.as_word(word),
                Type::Word => word,
            })
            .collect()
    }

    /// The other way: words of a type, from 0 or 1 to truths.
    pub(crate) fn typed_words(&mut self, ty: &SourceType, value: &[Value]) -> Words {
        value
            .iter()
            .zip(word_types(ty))
            .map(|(word, ty)| match (ty, self.function.ty(*word)) {
                (Type::Bool, Type::Word) => self.compare_const(Condition::NotEqual, *word, 0),
                _ => *word,
            })
            .collect()
    }
}

impl Address {
    pub(crate) fn after(self, bytes: u32) -> Address {
        Address { offset: self.offset.wrapping_add(bytes), ..self }
    }
}

fn width_of(ty: IntType) -> Width {
    match ty.bits() {
        8 => Width::W1,
        16 => Width::W2,
        32 => Width::W4,
        _ => Width::W8,
    }
}

fn widest(bytes: u32) -> Width {
    match bytes {
        0 | 1 => Width::W1,
        2 | 3 => Width::W2,
        4..8 => Width::W4,
        _ => Width::W8,
    }
}
