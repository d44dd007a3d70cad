//! Values that are made of parts: arrays, records, enums and options.
//!
//! What contains no array is a row of words, one part after the other: an option begins with the truth whether it is
//! there, an enum with the number of its variant. What contains an array lies in memory in its exact layout, and its one
//! word is the address; `slots` says where.

use crate::Failure;
use crate::Type;
use crate::function::Value;
use crate::lower::account::{DATA, DISCRIMINATOR};
use crate::lower::function::{Signatures, word_types, words};
use crate::lower::slots;
use crate::lower::state::{State, Variable as StateVariable, Words};
use crate::machine::{HEAP_BASE, HEAP_SIZE, STACK_BASE};
use crate::op::{Access, BinaryOp, Condition, Op, Region, Width};
use ovsm_base::IntType;
use ovsm_base::syscall::Syscall;
use ovsm_expand::core::{Expr, ExprId, Key, LocalId, Variable};
use ovsm_infer::{Coercion, Type as SourceType};
use std::sync::Arc;

/// Copies of at most so many bytes are made word by word: a call of the runtime costs about as much.
const INLINE_COPY: u32 = 64;

/// A place in memory.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    pub(crate) base: Value,
    pub(crate) offset: u32,
    pub(crate) region: Region,
}

/// A value on the way to one of its parts.
enum Whole {
    Words(Words),
    Memory(Address),
}

impl State<'_> {
    /// The address of a place of this body.
    fn slot(&mut self, offset: u32) -> Address {
        let base = self.constant(self.memory.wrapping_add(u64::from(offset)));
        Address { base, offset: 0, region: Region::Local }
    }

    /// The memory behind an address that is the word of a value.
    pub(crate) fn behind(&self, base: Value) -> Address {
        let is_own = self
            .function
            .as_const(base)
            .is_some_and(|address| (STACK_BASE..HEAP_BASE + HEAP_SIZE as u64).contains(&address));
        Address { base, offset: 0, region: if is_own { Region::Local } else { Region::View } }
    }

    fn pointer(&mut self, address: Address) -> Value {
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

    fn load_word(&mut self, address: Address, width: Width) -> Value {
        let access = self.access(address, width);
        self.word(Op::Load(access))
    }

    fn store_word(&mut self, address: Address, width: Width, word: Value) {
        let access = self.access(address, width);
        self.emit(Op::Store(access, word), &[]);
    }

    /// Reads a value from memory.
    pub(crate) fn load_value(&mut self, ty: &SourceType, address: Address) -> Words {
        if ty.is_by_address() {
            return Words::from_elem(self.pointer(address), 1);
        }
        match ty {
            SourceType::Null | SourceType::Error => Words::new(),
            SourceType::Bool => {
                let byte = self.load_word(address, Width::W1);
                Words::from_elem(self.compare_const(Condition::NotEqual, byte, 0), 1)
            }
            SourceType::Int(IntType::U128)
            | SourceType::String
            | SourceType::Bytes
            | SourceType::Slice(_) => self.load_words(address, 2),
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
                let (mut value, mut at) = (Words::new(), address);
                for field in &record.fields {
                    value.extend(self.load_value(&field.ty, at));
                    at = at.after(field.ty.size().unwrap_or(0));
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

    fn load_words(&mut self, address: Address, count: u32) -> Words {
        (0..count).map(|number| self.load_word(address.after(8 * number), Width::W8)).collect()
    }

    /// Writes a value to memory.
    pub(crate) fn store_value(&mut self, ty: &SourceType, value: &[Value], address: Address) {
        if ty.is_by_address() {
            if let Some(source) = value.first() {
                let source = self.behind(*source);
                self.copy(source, address, ty.size().unwrap_or(0));
            }
            return;
        }
        match ty {
            SourceType::Null | SourceType::Error => {}
            SourceType::Bool => {
                if let Some(truth) = value.first() {
                    let word = self.as_word(*truth);
                    self.store_word(address, Width::W1, word);
                }
            }
            SourceType::Int(IntType::U128)
            | SourceType::String
            | SourceType::Bytes
            | SourceType::Slice(_)
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
                let (mut rest, mut at) = (value, address);
                for field in &record.fields {
                    let (own, after) = rest.split_at(words(&field.ty).min(rest.len()));
                    self.store_value(&field.ty, own, at);
                    rest = after;
                    at = at.after(field.ty.size().unwrap_or(0));
                }
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

    fn store_enum(&mut self, parent: &ovsm_expand::ty::EnumType, value: &[Value], address: Address) {
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

    fn fill_with_zeros(&mut self, address: Address, size: u32) {
        let (mut at, mut left) = (address, size);
        while left > 0 {
            let width = widest(left);
            let zero = self.constant(0);
            self.store_word(at, width, zero);
            at = at.after(width.bytes());
            left -= width.bytes();
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
    fn plain_words(&mut self, value: Words) -> Words {
        value
            .into_iter()
            .map(|word| match self.function.ty(word) {
                Type::Bool => self.as_word(word),
                Type::Word => word,
            })
            .collect()
    }

    /// The other way: words of a type, from 0 or 1 to truths.
    fn typed_words(&mut self, ty: &SourceType, value: &[Value]) -> Words {
        value
            .iter()
            .zip(word_types(ty))
            .map(|(word, ty)| match (ty, self.function.ty(*word)) {
                (Type::Bool, Type::Word) => self.compare_const(Condition::NotEqual, *word, 0),
                _ => *word,
            })
            .collect()
    }

    /// What becomes of a value where it stands.
    pub(crate) fn coerced(&mut self, value: Words, from: &SourceType, coercion: &Coercion) -> Words {
        match coercion {
            Coercion::Present(_) => {
                let mut present = Words::from_elem(self.truth(true), 1);
                present.extend(value);
                present
            }
            Coercion::Absent(ty) => self.nothing(ty),
            Coercion::View(_) => {
                let length = match from {
                    SourceType::Array(_, length) => *length,
                    _ => 0,
                };
                let address = match value.first() {
                    Some(address) => *address,
                    None => self.constant(0),
                };
                let length = self.constant(u64::from(length));
                Words::from_slice(&[address, length])
            }
            Coercion::Value(_) => value.into_iter().skip(1).collect(),
        }
    }

    /// The value of an operand that something to its right may change.
    pub(crate) fn operand(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Words {
        let Some(offset) = self.slots.copies.get(&expr).copied() else { return self.value(expr, signatures) };
        let raw = self.raw_ty(expr);
        let value = self.raw_value(expr, signatures);
        let to = self.slot(offset);
        self.store_value(&raw, &value, to);
        let copy = Words::from_elem(to.base, 1);
        match self.types.coercions.get(&expr) {
            Some(coercion) => self.coerced(copy, &raw, coercion),
            None => copy,
        }
    }

    /// Gives a local the value that it is bound to.
    pub(crate) fn bind_local(&mut self, local: LocalId, value: ExprId, words: Words) {
        let variable = self.local(local);
        let words = match self.slots.locals.get(&local).copied() {
            Some(offset) if self.ty(value).is_by_address() && !slots::is_fresh(self.body, value) => {
                let to = self.slot(offset);
                let ty = self.ty(value);
                self.store_value(&ty, &words, to);
                Words::from_elem(to.base, 1)
            }
            _ => words,
        };
        self.write(variable, words);
    }

    /// Assigns a variable whose value lies in memory: it stays where it is.
    pub(crate) fn assign_in_place(
        &mut self,
        variable: StateVariable,
        value: &Words,
        ty: &SourceType,
    ) -> bool {
        if !ty.is_by_address() {
            return false;
        }
        if let Some(own) = self.read(variable).and_then(|own| own.first().copied()) {
            let to = self.behind(own);
            self.store_value(ty, value, to);
        }
        true
    }

    /// Parameters that the function changes become copies.
    pub(crate) fn copy_parameters(&mut self) {
        let changed: Vec<(LocalId, u32)> = self
            .slots
            .locals
            .iter()
            .filter(|(local, _)| local.0 < self.body.params)
            .map(|(local, offset)| (*local, *offset))
            .collect();
        for (local, offset) in changed {
            let ty = self.types.locals.get(local).cloned().unwrap_or(SourceType::Error);
            let variable = self.local(local);
            let Some(value) = self.read(variable) else { continue };
            let to = self.slot(offset);
            self.store_value(&ty, &value, to);
            self.write(variable, Words::from_elem(to.base, 1));
        }
    }

    /// A place for the value of an expression.
    pub(crate) fn place_of(&mut self, expr: ExprId) -> Option<Address> {
        let offset = self.slots.exprs.get(&expr).copied()?;
        Some(self.slot(offset))
    }

    pub(crate) fn aggregate(&mut self, node: &Expr, expr: ExprId, signatures: &dyn Signatures) -> Words {
        let ty = self.raw_ty(expr);
        match node {
            Expr::Bytes(bytes) => {
                let address = self.bytes(bytes);
                let length = self.constant(bytes.len() as u64);
                Words::from_slice(&[address, length])
            }
            Expr::Pubkey(key) => key
                .chunks(8)
                .map(|chunk| {
                    let mut bytes = [0; 8];
                    bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
                    self.constant(u64::from_le_bytes(bytes))
                })
                .collect(),
            Expr::Array(items) => {
                let (Some(place), SourceType::Array(item, _)) = (self.place_of(expr), &ty) else {
                    items.iter().for_each(|item| self.discard(*item, signatures));
                    return self.nothing(&ty);
                };
                let size = item.size().unwrap_or(0);
                for (number, value) in items.iter().enumerate() {
                    let value = self.operand(*value, signatures);
                    self.store_value(item, &value, place.after(size.wrapping_mul(number as u32)));
                }
                Words::from_elem(place.base, 1)
            }
            Expr::Repeat(value, count) => {
                let value = self.value(*value, signatures);
                let (Some(place), SourceType::Array(item, _)) = (self.place_of(expr), &ty) else {
                    return self.nothing(&ty);
                };
                self.repeat(item, &value, place, *count);
                Words::from_elem(place.base, 1)
            }
            Expr::Tabulate(items, index, value) => {
                let (Some(place), SourceType::Array(item, count)) = (self.place_of(expr), &ty) else {
                    return self.nothing(&ty);
                };
                let _ = items;
                self.tabulate(*index, *value, item, *count, place, signatures);
                Words::from_elem(place.base, 1)
            }
            Expr::Make(_, number, values) => self.make(&ty, *number, values, expr, signatures),
            Expr::Get(value, key) => {
                let whole_ty = self.ty(*value);
                let whole = self.value(*value, signatures);
                let whole = self.whole(&whole_ty, whole);
                let (part, part_ty) = self.part(whole, &whole_ty, key, signatures);
                match part {
                    Whole::Words(words) => words,
                    Whole::Memory(address) => self.load_value(&part_ty, address),
                }
            }
            Expr::Put(variable, path, value) => {
                self.put(*variable, path, *value, signatures);
                Words::new()
            }
            Expr::IsVariant(value, ty, number) => {
                let value = self.value(*value, signatures);
                let is = match (ty, value.first()) {
                    (SourceType::Enum(_), Some(tag)) => {
                        self.compare_const(Condition::Equal, *tag, *number as u64)
                    }
                    _ => self.truth(true),
                };
                Words::from_elem(is, 1)
            }
            Expr::HasType(value, wanted) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let is = match (&found, value.first()) {
                    (SourceType::Option(item), Some(is_there)) if **item == *wanted => *is_there,
                    (SourceType::Option(_), Some(is_there)) if *wanted == SourceType::Null => {
                        self.not(*is_there)
                    }
                    _ => self.truth(found == *wanted),
                };
                Words::from_elem(is, 1)
            }
            Expr::IsNull(value) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let is = match (&found, value.first()) {
                    (SourceType::Option(_), Some(is_there)) => self.not(*is_there),
                    _ => self.truth(found == SourceType::Null),
                };
                Words::from_elem(is, 1)
            }
            Expr::Present(value) => {
                let value = self.value(*value, signatures);
                self.coerced(value, &SourceType::Error, &Coercion::Present(ty))
            }
            Expr::Length(value) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let length = match (&found, value.as_slice()) {
                    (SourceType::Array(_, length), _) => self.constant(u64::from(*length)),
                    (_, [_, length]) => *length,
                    _ => self.constant(0),
                };
                match ty {
                    SourceType::Int(IntType::U128) => {
                        let high = self.constant(0);
                        Words::from_slice(&[length, high])
                    }
                    _ => Words::from_elem(length, 1),
                }
            }
            Expr::Sequence(value) => self.value(*value, signatures),
            _ => self.nothing(&ty),
        }
    }

    /// Logs the bytes of a record after a word.
    pub(crate) fn log_record(
        &mut self,
        record: ExprId,
        word: u64,
        expr: ExprId,
        signatures: &dyn Signatures,
    ) {
        let ty = self.ty(record);
        let value = self.value(record, signatures);
        let Some(place) = self.place_of(expr) else { return };
        let size = ty.size().unwrap_or(0);
        // The slice comes first: it has to lie at a multiple of 8.
        let bytes = place.after(slots::LOG_SLICE);
        let word = self.constant(word);
        self.store_word(bytes, Width::W8, word);
        self.store_value(&ty, &value, bytes.after(slots::LOG_HEADER));
        let address = self.pointer(bytes);
        self.store_word(place, Width::W8, address);
        let length = self.constant(u64::from(size + slots::LOG_HEADER));
        self.store_word(place.after(8), Width::W8, length);
        let slice = self.pointer(place);
        let one = self.constant(1);
        if let Some(syscall) = Syscall::from_name("sol_log_data") {
            self.syscall(syscall, &[slice, one]);
        }
    }

    fn repeat(&mut self, item: &SourceType, value: &Words, place: Address, count: u32) {
        let size = item.size().unwrap_or(0);
        const UNROLLED: u32 = 16;
        if count <= UNROLLED {
            for number in 0..count {
                self.store_value(item, value, place.after(size.wrapping_mul(number)));
            }
            return;
        }
        let is_zero = value.iter().all(|word| self.function.as_const(*word) == Some(0));
        if is_zero && !item.is_by_address() {
            let (base, zero) = (self.pointer(place), self.constant(0));
            let bytes = self.constant(u64::from(size) * u64::from(count));
            if let Some(syscall) = Syscall::from_name("sol_memset_") {
                self.syscall(syscall, &[base, zero, bytes]);
            }
            return;
        }
        self.count_up(u64::from(count), |state, index| {
            let at = state.item_address(place, index, size);
            state.store_value(item, value, at);
        });
    }

    /// Runs code for each number below `count`, which is not zero. The code assigns no variable.
    fn count_up(&mut self, count: u64, code: impl FnOnce(&mut Self, Value)) {
        let index = self.new_variable();
        let zero = self.constant(0);
        self.write(index, Words::from_elem(zero, 1));
        let header = self.loop_header(&[index]);
        let (mut body, mut exit) = (self.join(), self.join());
        let at = self.read(index).and_then(|words| words.first().copied()).unwrap_or(zero);
        let goes_on = self.compare_const(Condition::UnsignedLess, at, count);
        self.branch(goes_on, &mut body, &mut exit);
        self.rewind(&body);
        self.enter(body);
        code(self, at);
        let next = self.binary_const(BinaryOp::Add, at, 1);
        self.write(index, Words::from_elem(next, 1));
        self.jump_back(header, &[index]);
        self.rewind(&exit);
        self.enter(exit);
    }

    fn tabulate(
        &mut self,
        index: LocalId,
        value: ExprId,
        item: &SourceType,
        count: u32,
        place: Address,
        signatures: &dyn Signatures,
    ) {
        let size = item.size().unwrap_or(0);
        let index = self.local(index);
        let mut variables = self.assigned_in(&[value]);
        variables.push(index);
        variables.sort_unstable();
        variables.dedup();
        let header = self.loop_header(&variables);
        let (mut body, mut exit) = (self.join(), self.join());
        let zero = self.constant(0);
        let at = self.read(index).and_then(|words| words.first().copied()).unwrap_or(zero);
        let goes_on = self.compare_const(Condition::UnsignedLess, at, u64::from(count));
        self.branch(goes_on, &mut body, &mut exit);
        self.rewind(&body);
        self.enter(body);
        let value = self.value(value, signatures);
        let to = self.item_address(place, at, size);
        self.store_value(item, &value, to);
        let next = self.binary_const(BinaryOp::Add, at, 1);
        self.write(index, Words::from_elem(next, 1));
        self.jump_back(header, &variables);
        self.rewind(&exit);
        self.enter(exit);
    }

    fn item_address(&mut self, place: Address, index: Value, size: u32) -> Address {
        if let Some(index) = self.function.as_const(index)
            && let Some(offset) =
                index.checked_mul(u64::from(size)).and_then(|offset| u32::try_from(offset).ok())
        {
            return place.after(offset);
        }
        let scaled = match size.is_power_of_two() {
            true if size == 1 => index,
            true => self.binary_const(BinaryOp::ShiftLeft, index, u64::from(size.trailing_zeros())),
            false => self.binary_const(BinaryOp::Mul, index, u64::from(size)),
        };
        let base = self.binary(BinaryOp::Add, place.base, scaled);
        Address { base, ..place }
    }

    fn make(
        &mut self,
        ty: &SourceType,
        number: usize,
        values: &[ExprId],
        expr: ExprId,
        signatures: &dyn Signatures,
    ) -> Words {
        let parts: Vec<Words> = values.iter().map(|value| self.operand(*value, signatures)).collect();
        match ty {
            SourceType::Record(record) if ty.is_by_address() => {
                let Some(place) = self.place_of(expr) else { return self.nothing(ty) };
                let mut at = place;
                for (field, part) in record.fields.iter().zip(&parts) {
                    self.store_value(&field.ty, part, at);
                    at = at.after(field.ty.size().unwrap_or(0));
                }
                Words::from_elem(place.base, 1)
            }
            SourceType::Record(_) => parts.into_iter().flatten().collect(),
            SourceType::Enum(_) => {
                let mut value = Words::from_elem(self.constant(number as u64), 1);
                for part in parts {
                    value.extend(self.plain_words(part));
                }
                while value.len() < words(ty) {
                    value.push(self.constant(0));
                }
                value
            }
            _ => self.nothing(ty),
        }
    }

    fn whole(&mut self, ty: &SourceType, value: Words) -> Whole {
        match (ty.is_by_address() || matches!(ty, SourceType::Account(_)), value.first()) {
            (true, Some(base)) => Whole::Memory(self.behind(*base)),
            _ => Whole::Words(value),
        }
    }

    /// A part of a value, and its type.
    fn part(
        &mut self,
        whole: Whole,
        ty: &SourceType,
        key: &Key,
        signatures: &dyn Signatures,
    ) -> (Whole, SourceType) {
        match (key, ty, whole) {
            (Key::Field(..), SourceType::Account(account), Whole::Memory(address)) => {
                let Some(record) = &account.record else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                let data = address.after(DATA as u32 + DISCRIMINATOR);
                self.part(Whole::Memory(data), &SourceType::Record(Arc::clone(record)), key, signatures)
            }
            (Key::Field(name, _), SourceType::Record(record), whole) => {
                let Some((number, offset)) = record.field(name) else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                let Some(field) = record.fields.get(number) else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                let part = match whole {
                    Whole::Memory(address) => Whole::Memory(address.after(offset)),
                    Whole::Words(value) => {
                        let before: usize =
                            record.fields.iter().take(number).map(|field| words(&field.ty)).sum();
                        Whole::Words(value.into_iter().skip(before).take(words(&field.ty)).collect())
                    }
                };
                (part, field.ty.clone())
            }
            (Key::Payload(_, variant, number), SourceType::Enum(parent), Whole::Words(value)) => {
                let Some(variant) = parent.variants.get(*variant) else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                let Some(field) = variant.fields.get(*number) else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                let before: usize = variant.fields.iter().take(*number).map(|field| words(&field.ty)).sum();
                let own: Words = value.into_iter().skip(1 + before).take(words(&field.ty)).collect();
                (Whole::Words(self.typed_words(&field.ty, &own)), field.ty.clone())
            }
            (Key::Payload(_, _, number), SourceType::Record(record), whole) => {
                let Some(field) = record.fields.get(*number) else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                self.part(whole, ty, &Key::Field(field.name.clone(), None), signatures)
            }
            (Key::Index(index), ty, whole) => {
                let Some(item) = ty.item().cloned() else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                let (base, length) = match (ty, &whole) {
                    (SourceType::Array(_, length), Whole::Memory(address)) => {
                        (*address, self.constant(u64::from(*length)))
                    }
                    (_, Whole::Words(view)) => match view.as_slice() {
                        [address, length] => (self.behind(*address), *length),
                        _ => return (Whole::Words(Words::new()), SourceType::Error),
                    },
                    _ => return (Whole::Words(Words::new()), SourceType::Error),
                };
                let at = self.index(*index, length, signatures);
                let address = self.item_address(base, at, item.size().unwrap_or(0));
                (Whole::Memory(address), item)
            }
            _ => (Whole::Words(Words::new()), SourceType::Error),
        }
    }

    /// The place that an index means, checked.
    fn index(&mut self, index: ExprId, length: Value, signatures: &dyn Signatures) -> Value {
        let value = self.value(index, signatures).first().copied();
        let Some(value) = value else { return self.constant(0) };
        let known = (self.function.as_const(value), self.function.as_const(length));
        if let (Some(at), Some(length)) = known {
            // Inference has refused what is not there; negative places count from the end.
            let at = if (at as i64) < 0 { at.wrapping_add(length) } else { at };
            if at < length {
                return self.constant(at);
            }
        }
        let outside = self.compare(Condition::UnsignedGreaterEqual, value, length);
        self.fail_if(outside, Failure::Index);
        value
    }

    fn put(&mut self, variable: Variable, path: &[Key], value: ExprId, signatures: &dyn Signatures) {
        let (ty, own) = match variable {
            Variable::Local(local) => {
                let ty = self.types.locals.get(local).cloned().unwrap_or(SourceType::Error);
                (ty, self.read(self.local(local)).unwrap_or_default())
            }
            Variable::Global(def) => {
                let ty = signatures.global(def).unwrap_or(SourceType::Error);
                (ty, self.read_global(def, signatures))
            }
        };
        if ty.is_by_address() || matches!(ty, SourceType::Account(_)) {
            let Whole::Memory(address) = self.whole(&ty, own) else { return };
            let (mut part, mut part_ty) = (Whole::Memory(address), ty);
            for key in path {
                (part, part_ty) = self.part(part, &part_ty, key, signatures);
            }
            let value = self.value(value, signatures);
            if let Whole::Memory(address) = part {
                self.store_value(&part_ty, &value, address);
            }
            return;
        }
        // Fields of a row of words: those of the part are replaced.
        let (mut first, mut part_ty) = (0, ty);
        for key in path {
            // Inference has refused to change what a view shows.
            let (Key::Field(name, _), SourceType::Record(record)) = (key, &part_ty) else { return };
            let Some((number, _)) = record.field(name) else { return };
            first += record.fields.iter().take(number).map(|field| words(&field.ty)).sum::<usize>();
            let Some(field) = record.fields.get(number) else { return };
            part_ty = field.ty.clone();
        }
        let value = self.value(value, signatures);
        // The value may have changed the variable.
        let mut all = match variable {
            Variable::Local(local) => self.read(self.local(local)).unwrap_or_default(),
            Variable::Global(def) => self.read_global(def, signatures),
        };
        for (number, word) in value.into_iter().enumerate() {
            if let Some(slot) = all.get_mut(first + number) {
                *slot = word;
            }
        }
        match variable {
            Variable::Local(local) => self.write(self.local(local), all),
            Variable::Global(def) => self.write_global(def, all, signatures),
        }
    }

    /// Whether two values of a type are equal.
    pub(crate) fn equal(&mut self, ty: &SourceType, a: &[Value], b: &[Value]) -> Value {
        match ty {
            SourceType::Record(record) if !ty.is_by_address() => {
                let (mut a, mut b) = (a, b);
                let mut all = self.truth(true);
                for field in &record.fields {
                    let count = words(&field.ty);
                    let (own_a, rest_a) = a.split_at(count.min(a.len()));
                    let (own_b, rest_b) = b.split_at(count.min(b.len()));
                    let same = self.equal(&field.ty, own_a, own_b);
                    all = self.both(all, same);
                    (a, b) = (rest_a, rest_b);
                }
                all
            }
            SourceType::Option(item) => match (a.split_first(), b.split_first()) {
                (Some((a, rest_a)), Some((b, rest_b))) => {
                    let same = self.equal(&SourceType::Bool, &[*a], &[*b]);
                    let rest = self.equal(item, rest_a, rest_b);
                    self.both(same, rest)
                }
                _ => self.truth(true),
            },
            SourceType::Bool => match (a, b) {
                ([a], [b]) => {
                    let (a, b) = (self.as_word(*a), self.as_word(*b));
                    self.compare(Condition::Equal, a, b)
                }
                _ => self.truth(true),
            },
            SourceType::String | SourceType::Bytes => self.equal_bytes(a, b),
            SourceType::Slice(item) => match (a, b) {
                ([a, n], [b, m]) => {
                    let size = u64::from(item.size().unwrap_or(0));
                    let n = self.binary_const(BinaryOp::Mul, *n, size);
                    let m = self.binary_const(BinaryOp::Mul, *m, size);
                    self.equal_bytes(&[*a, n], &[*b, m])
                }
                _ => self.truth(true),
            },
            ty if ty.is_by_address() => match (a, b) {
                ([a], [b]) => {
                    let size = self.constant(u64::from(ty.size().unwrap_or(0)));
                    self.equal_bytes(&[*a, size], &[*b, size])
                }
                _ => self.truth(true),
            },
            _ => {
                let mut all = self.truth(true);
                for (a, b) in a.iter().zip(b) {
                    let same = self.compare(Condition::Equal, *a, *b);
                    all = self.both(all, same);
                }
                all
            }
        }
    }

    fn equal_bytes(&mut self, a: &[Value], b: &[Value]) -> Value {
        let args: Vec<Value> = a.iter().chain(b).copied().collect();
        let callee = crate::lower::state::Callee::Runtime(crate::lower::runtime::Runtime::StringEqual);
        match self.call(callee, &args, &[Type::Word]).first().copied() {
            Some(equal) => self.compare_const(Condition::NotEqual, equal, 0),
            None => self.truth(false),
        }
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
