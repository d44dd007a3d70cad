//! Equality of values that are made of parts.
//!
//! Bytes are compared only where equal values have equal bytes. Where they need not (a truth may be any byte but 0, and what is
//! not there may leave anything behind it), values are compared part by part: who sends them must not decide what is equal.
//! Start with [`State::equal`].

use crate::Type;
use crate::function::Value;
use crate::lower::function::words;
use crate::lower::state::{Callee, State, Words};
use crate::lower::stored::Address;
use crate::op::{BinaryOp, Condition, Width};
use ovsm_expand::ty::{EnumType, RecordType};
use ovsm_infer::Type as SourceType;

/// True if values are equal exactly if their words are.
fn are_words(ty: &SourceType) -> bool {
    match ty {
        SourceType::Int(_) | SourceType::Bool | SourceType::Pubkey | SourceType::Null => true,
        SourceType::Record(record) => record.fields.iter().all(|field| are_words(&field.ty)),
        SourceType::Enum(parent) => {
            parent.variants.iter().flat_map(|variant| &variant.fields).all(|field| are_words(&field.ty))
        }
        _ => false,
    }
}

/// True if values in memory are equal exactly if their bytes are. Bytes that mean nothing need not be.
pub(crate) fn is_canonical(ty: &SourceType) -> bool {
    match ty {
        SourceType::Int(_) | SourceType::Pubkey | SourceType::Null => true,
        SourceType::Array(item, _) => is_canonical(item),
        SourceType::Record(record) => {
            !record.has_padding() && record.fields.iter().all(|field| is_canonical(&field.ty))
        }
        _ => false,
    }
}

impl State<'_> {
    /// Whether two values of a type are equal.
    pub(crate) fn equal(&mut self, ty: &SourceType, a: &[Value], b: &[Value]) -> Value {
        match ty {
            SourceType::Record(record) if !ty.is_by_address() => self.equal_fields(record, a, b),
            // What is not there has words too, which need not be the same.
            SourceType::Option(item) if !ty.is_by_address() => match (a.split_first(), b.split_first()) {
                (Some((a, rest_a)), Some((b, rest_b))) => {
                    let same = self.equal(&SourceType::Bool, &[*a], &[*b]);
                    let rest = self.equal(item, rest_a, rest_b);
                    let absent = self.not(*a);
                    let rest = self.either(absent, rest);
                    self.both(same, rest)
                }
                _ => self.truth(true),
            },
            SourceType::Enum(parent) if !are_words(ty) && !ty.is_by_address() => {
                self.equal_variants(parent, a, b)
            }
            SourceType::Bool => match (a, b) {
                ([a], [b]) => {
                    let (a, b) = (self.as_word(*a), self.as_word(*b));
                    self.compare(Condition::Equal, a, b)
                }
                _ => self.truth(true),
            },
            SourceType::String | SourceType::Bytes => self.equal_bytes(a, b),
            SourceType::Builder => match (a, b) {
                ([a, n, ..], [b, m, ..]) => self.equal_bytes(&[*a, *n], &[*b, *m]),
                _ => self.truth(true),
            },
            SourceType::Slice(item) | SourceType::Vec(item) => match (a, b) {
                ([a, n, ..], [b, m, ..]) if !is_canonical(item) => {
                    self.equal_slices(item, (*a, *n), (*b, *m))
                }
                ([a, n, ..], [b, m, ..]) => {
                    let size = u64::from(item.size().unwrap_or(0));
                    let n = self.binary_const(BinaryOp::Mul, *n, size);
                    let m = self.binary_const(BinaryOp::Mul, *m, size);
                    self.equal_bytes(&[*a, n], &[*b, m])
                }
                _ => self.truth(true),
            },
            ty if ty.is_by_address() => match (a, b) {
                ([a], [b]) if !is_canonical(ty) => {
                    let (a, b) = (self.behind(*a), self.behind(*b));
                    self.equal_in_memory(ty, a, b)
                }
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
        let callee = Callee::Runtime(crate::lower::runtime::Runtime::StringEqual);
        match self.call(callee, &args, &[Type::Word]).first().copied() {
            Some(equal) => self.compare_const(Condition::NotEqual, equal, 0),
            None => self.truth(false),
        }
    }

    fn equal_fields(&mut self, record: &RecordType, a: &[Value], b: &[Value]) -> Value {
        let (mut a, mut b) = (a, b);
        let mut all = self.truth(true);
        for field in &record.fields {
            let count = words(&field.ty);
            let (own_a, rest_a) = a.split_at(count.min(a.len()));
            let (own_b, rest_b) = b.split_at(count.min(b.len()));
            let own_a = self.typed_words(&field.ty, own_a);
            let own_b = self.typed_words(&field.ty, own_b);
            let same = self.equal(&field.ty, &own_a, &own_b);
            all = self.both(all, same);
            (a, b) = (rest_a, rest_b);
        }
        all
    }

    /// The variant has to be known before its fields mean anything.
    fn equal_variants(&mut self, parent: &EnumType, a: &[Value], b: &[Value]) -> Value {
        let (Some((tag, rest_a)), Some((other, rest_b))) = (a.split_first(), b.split_first()) else {
            return self.truth(true);
        };
        self.equal_if_same_variant(parent, (*tag, *other), |state, variant| {
            state.equal_fields(variant, rest_a, rest_b)
        })
    }

    /// Whether two values of an enum with these tags are equal; `fields` tells it of those of a variant.
    fn equal_if_same_variant(
        &mut self,
        parent: &EnumType,
        (tag, other): (Value, Value),
        fields: impl Fn(&mut Self, &RecordType) -> Value,
    ) -> Value {
        let same = self.compare(Condition::Equal, tag, other);
        let equal = self.choose(
            same,
            |state| {
                let result = state.new_variable();
                let mut end = state.join();
                for (number, variant) in parent.variants.iter().enumerate() {
                    if variant.fields.is_empty() {
                        continue;
                    }
                    let (mut own, mut next) = (state.join(), state.join());
                    let is = state.compare_const(Condition::Equal, tag, number as u64);
                    state.branch(is, &mut own, &mut next);
                    state.enter(own);
                    let equal = fields(state, variant);
                    state.write(result, Words::from_elem(equal, 1));
                    state.jump(&mut end);
                    state.rewind(&next);
                    state.enter(next);
                }
                let without_fields = state.truth(true);
                state.write(result, Words::from_elem(without_fields, 1));
                state.jump(&mut end);
                state.rewind(&end);
                state.enter(end);
                state.read(result).unwrap_or_default()
            },
            |state| Words::from_elem(state.truth(false), 1),
        );
        equal.first().copied().unwrap_or(tag)
    }

    /// Whether the fields of two records in memory are equal.
    fn equal_places(&mut self, record: &RecordType, a: Address, b: Address) -> Value {
        let mut all = self.truth(true);
        for (field, offset) in record.places() {
            let same = self.equal_in_memory(&field.ty, a.after(offset), b.after(offset));
            all = self.both(all, same);
        }
        all
    }

    /// Whether two values that lie in memory are equal.
    fn equal_in_memory(&mut self, ty: &SourceType, a: Address, b: Address) -> Value {
        match ty {
            SourceType::Array(item, count) => {
                let count = self.constant(u64::from(*count));
                self.equal_items(item, a, b, count)
            }
            SourceType::Record(record) if ty.is_by_address() => self.equal_places(record, a, b),
            SourceType::Option(item) if ty.is_by_address() => {
                let (own, other) = (self.load_word(a, Width::W1), self.load_word(b, Width::W1));
                let own = self.compare_const(Condition::NotEqual, own, 0);
                let other = self.compare_const(Condition::NotEqual, other, 0);
                let same = self.equal(&SourceType::Bool, &[own], &[other]);
                let there = self.both(own, other);
                let equal = self.choose(
                    there,
                    |state| Words::from_elem(state.equal_in_memory(item, a.after(1), b.after(1)), 1),
                    |_| Words::from_elem(same, 1),
                );
                equal.first().copied().unwrap_or(same)
            }
            SourceType::Enum(parent) if ty.is_by_address() => {
                let (tag, other) = (self.load_word(a, Width::W1), self.load_word(b, Width::W1));
                self.equal_if_same_variant(parent, (tag, other), |state, variant| {
                    state.equal_places(variant, a.after(1), b.after(1))
                })
            }
            ty => {
                let (a, b) = (self.load_value(ty, a), self.load_value(ty, b));
                self.equal(ty, &a, &b)
            }
        }
    }

    fn equal_slices(&mut self, item: &SourceType, a: (Value, Value), b: (Value, Value)) -> Value {
        let same = self.compare(Condition::Equal, a.1, b.1);
        let equal = self.choose(
            same,
            |state| {
                let (from, to) = (state.behind(a.0), state.behind(b.0));
                Words::from_elem(state.equal_items(item, from, to, a.1), 1)
            },
            |state| Words::from_elem(state.truth(false), 1),
        );
        equal.first().copied().unwrap_or(same)
    }

    /// Whether so many items are equal, one after the other up to the first that is not.
    fn equal_items(&mut self, item: &SourceType, a: Address, b: Address, count: Value) -> Value {
        let size = item.size().unwrap_or(0);
        let (index, result) = (self.new_variable(), self.new_variable());
        let zero = self.constant(0);
        self.write(index, Words::from_elem(zero, 1));
        let mut different = self.join();
        let mut end = self.join();
        let header = self.loop_header(&[index]);
        let (mut body, mut exit) = (self.join(), self.join());
        let at = self.read(index).and_then(|words| words.first().copied()).unwrap_or(zero);
        let goes_on = self.compare(Condition::UnsignedLess, at, count);
        self.branch(goes_on, &mut body, &mut exit);
        self.rewind(&body);
        self.enter(body);
        let (own, other) = (self.item_address(a, at, size), self.item_address(b, at, size));
        let same = self.equal_in_memory(item, own, other);
        let mut next = self.join();
        self.branch(same, &mut next, &mut different);
        self.rewind(&next);
        self.enter(next);
        let following = self.binary_const(BinaryOp::Add, at, 1);
        self.write(index, Words::from_elem(following, 1));
        self.jump_back(header, &[index]);
        self.rewind(&exit);
        self.enter(exit);
        let all = self.truth(true);
        self.write(result, Words::from_elem(all, 1));
        self.jump(&mut end);
        self.rewind(&different);
        self.enter(different);
        let not_all = self.truth(false);
        self.write(result, Words::from_elem(not_all, 1));
        self.jump(&mut end);
        self.rewind(&end);
        self.enter(end);
        self.read(result).and_then(|words| words.first().copied()).unwrap_or(zero)
    }
}
