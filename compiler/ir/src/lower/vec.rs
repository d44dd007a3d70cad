//! Vecs: items on the heap, of any number.
//!
//! A vec is three words: the address of its items, how many there are, and how many there is room for. Whoever holds it holds the
//! items: what is put into a second place is copied first (`slots` says where), so changing a vec in place changes no other value.
//! The heap is given out from its start, and nothing is given back; the first word of the heap says how far it is used. Start with
//! [`State::vec_builtin`].

use crate::Failure;
use crate::function::Value;
use crate::lower::function::{Signatures, words};
use crate::lower::runtime::Runtime;
use crate::lower::state::{State, Words};
use crate::lower::stored::Address;
use crate::machine::HEAP_SIZE;
use crate::op::{BinaryOp, Condition, Region};
use ovsm_base::syscall::Syscall;
use ovsm_expand::Builtin;
use ovsm_expand::core::{ExprId, LocalId};
use ovsm_infer::Type as SourceType;

impl State<'_> {
    pub(crate) fn vec_builtin(
        &mut self,
        builtin: Builtin,
        ty: &SourceType,
        args: &[ExprId],
        signatures: &dyn Signatures,
    ) -> Words {
        let size = u64::from(ty.item().and_then(SourceType::size).unwrap_or(0));
        if let (Builtin::Append, [vec, parts @ ..]) = (builtin, args) {
            return self.with_items(*vec, parts, size, signatures);
        }
        let values: Vec<Words> = args.iter().map(|arg| self.value(*arg, signatures)).collect();
        let nothing = || Words::new();
        match (builtin, values.as_slice()) {
            (Builtin::NewVec, []) => {
                let zero = self.constant(0);
                Words::from_elem(zero, 3)
            }
            (Builtin::NewVec, [capacity, ..]) => match capacity.as_slice() {
                [capacity, ..] => self.vec_with_room(*capacity, size),
                [] => nothing(),
            },
            (Builtin::Push, [vec, item]) => match (vec.as_slice(), ty.item()) {
                ([address, length, room], Some(item_ty)) => {
                    let room = self.room_for_one([*address, *length, *room], size);
                    let place = Address { base: room[0], offset: 0, region: Region::View };
                    let at = self.item_address(place, *length, size as u32);
                    self.store_value(item_ty, item, at);
                    let longer = self.binary_const(BinaryOp::Add, *length, 1);
                    Words::from_slice(&[room[0], longer, room[1]])
                }
                _ => nothing(),
            },
            (Builtin::Emptied, [vec]) => match vec.as_slice() {
                [address, _, room] => {
                    let zero = self.constant(0);
                    Words::from_slice(&[*address, zero, *room])
                }
                _ => nothing(),
            },
            (Builtin::WithoutLast, [vec]) => match vec.as_slice() {
                [address, length, room] => {
                    let empty = self.compare_const(Condition::Equal, *length, 0);
                    self.fail_if(empty, Failure::Index);
                    let shorter = self.binary_const(BinaryOp::Sub, *length, 1);
                    Words::from_slice(&[*address, shorter, *room])
                }
                _ => nothing(),
            },
            _ => nothing(),
        }
    }

    /// A vec with the items of sequences at its end. They are of the same form, so their bytes are copied.
    fn with_items(&mut self, vec: ExprId, parts: &[ExprId], size: u64, signatures: &dyn Signatures) -> Words {
        let vec = self.value(vec, signatures);
        let [address, length, room] = vec.as_slice() else { return vec };
        let (address, start, room) = (*address, *length, *room);
        let mut sources = Vec::new();
        let mut length = start;
        for part in parts {
            let ty = self.ty(*part);
            let words = self.operand(*part, signatures);
            let (Some(from), count) = (words.first().copied(), words.get(1).copied()) else { continue };
            let count = match ty {
                SourceType::Array(_, count) => self.constant(u64::from(count)),
                _ => count.unwrap_or(from),
            };
            // Sums of what is no longer than any heap do not go around.
            let too_many = self.compare_const(Condition::UnsignedGreater, count, HEAP_SIZE as u64);
            self.fail_if(too_many, Failure::OutOfHeap);
            length = self.binary(BinaryOp::Add, length, count);
            sources.push((from, count));
        }
        let is_short = self.compare(Condition::UnsignedLess, room, length);
        let place = self.choose(
            is_short,
            |state| {
                let size = state.constant(size);
                state.taken(Runtime::WidenVec, &[address, start, length, size])
            },
            |_| Words::from_slice(&[address, room]),
        );
        let [address, room] = place.as_slice() else { return vec };
        let used = self.binary_const(BinaryOp::Mul, start, size);
        let mut at = self.binary(BinaryOp::Add, *address, used);
        for (from, count) in sources {
            let bytes = self.binary_const(BinaryOp::Mul, count, size);
            if let Some(syscall) = Syscall::from_name("sol_memcpy_") {
                self.syscall(syscall, &[at, from, bytes]);
            }
            at = self.binary(BinaryOp::Add, at, bytes);
        }
        Words::from_slice(&[*address, length, *room])
    }

    /// A vec of what an expression gives for each item of a sequence that is no array; it has room for no more.
    pub(crate) fn tabulated_vec(
        &mut self,
        items: LocalId,
        index: LocalId,
        value: ExprId,
        item: &SourceType,
        signatures: &dyn Signatures,
    ) -> Words {
        let whole = self.read(self.local(items)).unwrap_or_default();
        let Some(count) = whole.get(1).copied() else { return whole };
        let made = self.vec_with_room(count, u64::from(item.size().unwrap_or(0)));
        let Some(base) = made.first().copied() else { return made };
        let place = Address { base, offset: 0, region: Region::View };
        self.tabulate(index, value, item, count, place, signatures);
        Words::from_slice(&[base, count, count])
    }

    fn vec_with_room(&mut self, room: Value, size: u64) -> Words {
        let too_large = self.compare_const(Condition::UnsignedGreater, room, HEAP_SIZE as u64);
        self.fail_if(too_large, Failure::OutOfHeap);
        let bytes = self.binary_const(BinaryOp::Mul, room, size);
        let address = self.allocate(bytes);
        let zero = self.constant(0);
        Words::from_slice(&[address, zero, room])
    }

    /// The address and the room of a vec that has room for one more item: twice as much, if it had none.
    fn room_for_one(&mut self, [address, length, room]: [Value; 3], size: u64) -> [Value; 2] {
        let is_full = self.compare(Condition::Equal, length, room);
        let words = self.choose(
            is_full,
            |state| {
                let size = state.constant(size);
                state.taken(Runtime::GrowVec, &[address, room, size])
            },
            |_| Words::from_slice(&[address, room]),
        );
        match words.as_slice() {
            [address, room] => [*address, *room],
            _ => [address, room],
        }
    }

    /// What a function of the runtime takes of the heap. Its last operand is where the heap ends; the first word that it
    /// gives is an address, or 0 if too little is left.
    pub(crate) fn taken(&mut self, runtime: Runtime, operands: &[Value]) -> Words {
        let end = self.constant(self.layout.heap_end());
        let operands: Vec<Value> = operands.iter().copied().chain([end]).collect();
        let words = self.runtime(runtime, &operands);
        if let Some(address) = words.first() {
            let missing = self.compare_const(Condition::Equal, *address, 0);
            self.fail_if(missing, Failure::OutOfHeap);
        }
        words
    }

    /// The address of so many bytes of the heap.
    pub(crate) fn allocate(&mut self, bytes: Value) -> Value {
        let words = self.taken(Runtime::Allocate, &[bytes]);
        words.first().copied().unwrap_or(bytes)
    }

    /// A vec of its own with the items of one that somebody else holds; of a record, the same for its fields.
    pub(crate) fn copied_vec(&mut self, vec: Words, ty: &SourceType) -> Words {
        match ty {
            SourceType::Builder => return self.shared_builder(vec),
            SourceType::Record(record) => {
                let (mut own, mut rest) = (Words::new(), vec.as_slice());
                for field in &record.fields {
                    let (part, after) = rest.split_at(words(&field.ty).min(rest.len()));
                    match field.ty.holds_heap() {
                        true => own.extend(self.copied_vec(Words::from_slice(part), &field.ty)),
                        false => own.extend_from_slice(part),
                    }
                    rest = after;
                }
                return own;
            }
            _ => {}
        }
        let [address, length, _] = vec.as_slice() else { return vec };
        let size = u64::from(ty.item().and_then(SourceType::size).unwrap_or(0));
        let bytes = self.binary_const(BinaryOp::Mul, *length, size);
        let copy = self.allocate(bytes);
        if let Some(syscall) = Syscall::from_name("sol_memcpy_") {
            self.syscall(syscall, &[copy, *address, bytes]);
        }
        Words::from_slice(&[copy, *length, *length])
    }
}
