//! Values that are made of parts: arrays, records, enums and options.
//!
//! What contains no array is a row of words, one part after the other: an option begins with the truth whether it is
//! there, an enum with the number of its variant. What contains an array lies in memory in its exact layout, and its one
//! word is the address; `stored` says how it is read and written, `slots` where it is.

use crate::Failure;
use crate::function::Value;
use crate::lower::account::DATA;
use crate::lower::function::{Signatures, words};
use crate::lower::runtime::Runtime;
use crate::lower::slots;
use crate::lower::state::{State, Variable as StateVariable, Words};
use crate::lower::stored::Address;
use crate::op::{BinaryOp, Condition, Region, Width};
use ovsm_base::syscall::Syscall;
use ovsm_expand::core::{Expr, ExprId, Key, LocalId, Variable};
use ovsm_infer::{Coercion, Type as SourceType};
use std::sync::Arc;

/// A value on the way to one of its parts.
pub(crate) enum Whole {
    Words(Words),
    Memory(Address),
}

impl State<'_> {
    /// What becomes of the value of an expression where it stands.
    pub(crate) fn coerced(&mut self, value: Words, expr: ExprId) -> Words {
        let types = self.types;
        let (mut value, mut ty) = (value, self.raw_ty(expr));
        for coercion in types.coercions_of(expr) {
            value = self.coerced_once(value, &ty, coercion, expr);
            ty = coercion.result().clone();
        }
        value
    }

    fn coerced_once(&mut self, value: Words, from: &SourceType, coercion: &Coercion, expr: ExprId) -> Words {
        match coercion {
            Coercion::Present(ty) => {
                let place = self.slots.presents.get(&expr).copied();
                self.present(value, ty, place)
            }
            Coercion::Absent(ty) => self.absent(ty),
            Coercion::View(_) if matches!(from, SourceType::Vec(_)) => value.into_iter().take(2).collect(),
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
            Coercion::Value(_) => self.present_part(from, &value),
            Coercion::Text(ty) => self.text_as(&value, ty),
        }
    }

    /// The value of an operand that something to its right may change.
    pub(crate) fn operand(&mut self, expr: ExprId, signatures: &dyn Signatures) -> Words {
        let Some(offset) = self.slots.copies.get(&expr).copied() else { return self.value(expr, signatures) };
        let raw = self.raw_ty(expr);
        let value = self.raw_value(expr, signatures);
        // The items of a vec are on the heap, so what keeps them as they are is a vec of its own.
        if matches!(raw, SourceType::Vec(_)) {
            let own = self.copied_vec(value, &raw);
            return self.coerced(own, expr);
        }
        let to = self.slot(offset);
        self.store_value(&raw, &value, to);
        self.coerced(Words::from_elem(to.base, 1), expr)
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
                if let SourceType::Vec(item) = &ty {
                    return self.tabulated_vec(*items, *index, *value, item, signatures);
                }
                let (Some(place), SourceType::Array(item, count)) = (self.place_of(expr), &ty) else {
                    return self.nothing(&ty);
                };
                let count = self.constant(u64::from(*count));
                self.tabulate(*index, *value, item, count, place, signatures);
                Words::from_elem(place.base, 1)
            }
            Expr::Make(_, number, values) => self.make(&ty, *number, values, expr, signatures),
            Expr::Get(value, key) => {
                let whole_ty = self.ty(*value);
                let whole = self.operand(*value, signatures);
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
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let is_enum = match ty {
                    SourceType::Applied(generic, _) => generic.is_enum(),
                    ty => matches!(ty, SourceType::Enum(_)),
                };
                let is = match value.first().filter(|_| is_enum) {
                    Some(tag) => {
                        let tag = self.tag(&found, *tag);
                        self.compare_const(Condition::Equal, tag, *number as u64)
                    }
                    None => self.truth(true),
                };
                Words::from_elem(is, 1)
            }
            Expr::HasType(value, wanted) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let value = self.flagged(&found, value);
                let is = match (&found, wanted, value.as_slice()) {
                    (SourceType::Option(item), SourceType::Option(wanted), [is_there, ..]) => {
                        match is_of(item, wanted) {
                            true => self.truth(true),
                            false => self.not(*is_there),
                        }
                    }
                    // A builder is a string, as in scripts.
                    (SourceType::Builder, SourceType::String, _)
                    | (SourceType::String, SourceType::Builder, _) => self.truth(true),
                    (SourceType::Option(_), SourceType::Null, [is_there, ..]) => self.not(*is_there),
                    (SourceType::Option(item), wanted, [is_there, ..]) if is_of(item, wanted) => *is_there,
                    // Only the run knows the length.
                    (
                        SourceType::Slice(item) | SourceType::Vec(item),
                        SourceType::Array(of, count),
                        [_, length, ..],
                    ) if is_of(item, of) => self.compare_const(Condition::Equal, *length, u64::from(*count)),
                    _ => self.truth(is_of(&found, wanted)),
                };
                Words::from_elem(is, 1)
            }
            Expr::IsInteger(value) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let value = self.flagged(&found, value);
                let is = match (&found, value.first()) {
                    (SourceType::Option(item), Some(is_there)) if matches!(**item, SourceType::Int(_)) => {
                        *is_there
                    }
                    _ => self.truth(matches!(found, SourceType::Int(_))),
                };
                Words::from_elem(is, 1)
            }
            Expr::IsNull(value) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let value = self.flagged(&found, value);
                let is = match (&found, value.first()) {
                    (SourceType::Option(_), Some(is_there)) => self.not(*is_there),
                    _ => self.truth(found == SourceType::Null),
                };
                Words::from_elem(is, 1)
            }
            Expr::Present(value) => {
                let value = self.value(*value, signatures);
                let place = self.slots.exprs.get(&expr).copied();
                self.present(value, &ty, place)
            }
            Expr::Length(value) => {
                let found = self.ty(*value);
                let value = self.value(*value, signatures);
                let length = match (&found, value.as_slice()) {
                    (SourceType::String | SourceType::Builder, [address, length, ..]) => {
                        let count = self.runtime(Runtime::CountCharacters, &[*address, *length]);
                        count.first().copied().unwrap_or(*length)
                    }
                    (SourceType::Array(_, length), _) => self.constant(u64::from(*length)),
                    (_, [_, length, ..]) => *length,
                    _ => self.constant(0),
                };
                match ty {
                    SourceType::Int(ty) if ty.is_wide() => {
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
    pub(crate) fn count_up(&mut self, count: u64, code: impl FnOnce(&mut Self, Value)) {
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

    pub(crate) fn tabulate(
        &mut self,
        index: LocalId,
        value: ExprId,
        item: &SourceType,
        count: Value,
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
        let goes_on = self.compare(Condition::UnsignedLess, at, count);
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

    pub(crate) fn item_address(&mut self, place: Address, index: Value, size: u32) -> Address {
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
                for ((field, offset), part) in record.places().zip(&parts) {
                    self.store_value(&field.ty, part, place.after(offset));
                }
                self.clear_gaps(record, place);
                Words::from_elem(place.base, 1)
            }
            SourceType::Record(_) => parts.into_iter().flatten().collect(),
            SourceType::Enum(parent) if ty.is_by_address() => {
                let Some(place) = self.place_of(expr) else { return self.nothing(ty) };
                let Some(variant) = parent.variants.get(number) else { return self.nothing(ty) };
                let tag = self.constant(number as u64);
                self.store_word(place, Width::W1, tag);
                let mut end = place.after(1);
                for ((field, _), part) in variant.places().zip(&parts) {
                    self.store_value(&field.ty, part, end);
                    end = end.after(field.ty.size().unwrap_or(0));
                }
                let rest = parent.payload_size().unwrap_or(0).saturating_sub(variant.size().unwrap_or(0));
                self.fill_with_zeros(end, rest);
                Words::from_elem(place.base, 1)
            }
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

    pub(crate) fn whole(&mut self, ty: &SourceType, value: Words) -> Whole {
        match (ty.is_by_address() || matches!(ty, SourceType::Account(_)), value.first()) {
            (true, Some(base)) => Whole::Memory(self.behind(*base)),
            _ => Whole::Words(value),
        }
    }

    /// A part of a value, and its type.
    pub(crate) fn part(
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
                let data = address.after(DATA as u32 + account.offset());
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
            (Key::Payload(_, variant, number), SourceType::Enum(parent), Whole::Memory(address)) => {
                let variant = parent.variants.get(*variant);
                let Some((field, offset)) = variant.and_then(|variant| variant.places().nth(*number)) else {
                    return (Whole::Words(Words::new()), SourceType::Error);
                };
                (Whole::Memory(address.after(1).after(offset)), field.ty.clone())
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
                        // Nobody knows whose memory a view shows.
                        [address, length, ..] => {
                            (Address { base: *address, offset: 0, region: Region::View }, *length)
                        }
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
            // Inference has refused what is not there; negative places that are written out count from the end.
            let is_negative = matches!(self.body.exprs.get(index), Some(Expr::Int { negative: true, .. }));
            let at = if is_negative { at.wrapping_add(length) } else { at };
            if at < length {
                return self.constant(at);
            }
        }
        let is_negative = matches!(self.body.exprs.get(index), Some(Expr::Int { negative: true, .. }));
        let value = if is_negative { self.binary(BinaryOp::Add, value, length) } else { value };
        let outside = self.compare(Condition::UnsignedGreaterEqual, value, length);
        self.fail_if(outside, Failure::Index);
        value
    }

    /// True if a path leads through the items of a vec.
    fn reaches_vec(&self, ty: &SourceType, path: &[Key]) -> bool {
        let mut ty = ty.clone();
        for key in path {
            ty = match (&ty, key) {
                (SourceType::Vec(_), Key::Index(_)) => return true,
                (SourceType::Record(record), Key::Field(name, _)) => {
                    let field = record.field(name).and_then(|(number, _)| record.fields.get(number));
                    match field {
                        Some(field) => field.ty.clone(),
                        None => return false,
                    }
                }
                _ => return false,
            };
        }
        false
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
        if self.reaches_vec(&ty, path) {
            // The value may make the vec longer, which moves its items: it comes first. The places of a path were evaluated
            // before both.
            let value = self.value(value, signatures);
            let own = match variable {
                Variable::Local(local) => self.read(self.local(local)).unwrap_or_default(),
                Variable::Global(def) => self.read_global(def, signatures),
            };
            let (mut part, mut part_ty) = (Whole::Words(own), ty);
            for key in path {
                (part, part_ty) = self.part(part, &part_ty, key, signatures);
            }
            if let Whole::Memory(address) = part {
                self.store_value(&part_ty, &value, address);
            }
            return;
        }
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
}

/// True if all values of a type are of another one: what is no option may stand for one, an array for a view or a vec, and
/// a generic type has the values of all its instances.
fn is_of(found: &SourceType, wanted: &SourceType) -> bool {
    match (found, wanted) {
        (found, SourceType::Applied(generic, _)) => {
            found.instance().is_some_and(|instance| instance.generic == *generic)
        }
        (SourceType::Option(found), SourceType::Option(wanted)) => is_of(found, wanted),
        (found, SourceType::Option(wanted)) => *found == SourceType::Null || is_of(found, wanted),
        (SourceType::Array(found, length), SourceType::Array(wanted, other)) => {
            length == other && is_of(found, wanted)
        }
        (
            SourceType::Array(found, _) | SourceType::Slice(found) | SourceType::Vec(found),
            SourceType::Slice(wanted) | SourceType::Vec(wanted),
        ) => is_of(found, wanted),
        (SourceType::Account(account), SourceType::Record(wanted)) => account.is_of(wanted),
        (found, wanted) => found == wanted,
    }
}
