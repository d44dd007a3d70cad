//! Texts that are made when the program runs: builders, lines of the log.
//!
//! A builder is three words: the address of its bytes, how many there are, and how many there is room for. Bytes that have been written
//! never change: a builder only writes behind them, `clear!` goes on behind them, and who gets a second hold of a builder gets no room,
//! so that it writes somewhere else. That makes a string of a builder by leaving out a word, and neither needs a copy ever.
//!
//! What is put at the end is taken apart into pieces first. Their room is asked for once, as if numbers had all the digits that they can
//! have, and then they are written one behind the other. A line of the log is written where the heap is not used yet, and nothing is
//! kept of it. Start with [`State::text_builtin`].

use crate::Failure;
use crate::function::Value;
use crate::lower::function::Signatures;
use crate::lower::runtime::Runtime;
use crate::lower::state::{State, Words};
use crate::lower::stored::Address;
use crate::machine::HEAP_SIZE;
use crate::op::{BinaryOp, Condition, Region, Width};
use ovsm_base::IntType;
use ovsm_base::syscall::Syscall;
use ovsm_expand::Builtin;
use ovsm_expand::core::{Expr, ExprId};
use ovsm_infer::Type as SourceType;

/// Texts that are known and no longer than this are written by stores; a call of the runtime costs about as much.
const MAX_STORED: usize = 48;
/// What `runtime.write_key` needs, more than a key has characters.
const KEY_ROOM: u64 = 80;

/// A part of a text.
enum Piece {
    Known(Vec<u8>),
    Bytes(Value, Value),
    Number(IntType, Words),
    Truth(Value),
    Key(Words),
    /// The pieces of a value that may be null, and the truth whether it is there.
    Maybe(Value, Vec<Piece>),
}

impl State<'_> {
    pub(crate) fn text_builtin(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        signatures: &dyn Signatures,
    ) -> Words {
        match (builtin, args) {
            (Builtin::NewBuilder, []) => {
                let zero = self.constant(0);
                Words::from_elem(zero, 3)
            }
            (Builtin::NewBuilder, [capacity, ..]) => {
                match self.value(*capacity, signatures).first().copied() {
                    Some(capacity) => self.builder_with_room(capacity),
                    None => Words::new(),
                }
            }
            (Builtin::Append | Builtin::Push, [builder, parts @ ..]) => {
                let builder = self.value(*builder, signatures);
                let pieces = self.pieces(parts, signatures);
                self.appended(builder, &pieces)
            }
            // What is written next comes behind what others may still see.
            (Builtin::Emptied, [builder]) => match self.value(*builder, signatures).as_slice() {
                [address, length, room] => {
                    let zero = self.constant(0);
                    let behind = self.binary(BinaryOp::Add, *address, *length);
                    let left = self.binary(BinaryOp::Sub, *room, *length);
                    Words::from_slice(&[behind, zero, left])
                }
                _ => Words::new(),
            },
            (Builtin::Text, parts) => {
                let pieces = self.pieces(parts, signatures);
                match pieces.as_slice() {
                    [] => {
                        let zero = self.constant(0);
                        Words::from_elem(zero, 2)
                    }
                    [Piece::Known(text)] => self.known_text(text),
                    [Piece::Bytes(address, length)] => Words::from_slice(&[*address, *length]),
                    pieces => {
                        let zero = self.constant(0);
                        self.appended(Words::from_elem(zero, 3), pieces).into_iter().take(2).collect()
                    }
                }
            }
            (Builtin::LogText, parts) => {
                let pieces = self.pieces(parts, signatures);
                self.log_pieces(&pieces);
                Words::new()
            }
            (Builtin::TextBytes, [text]) => self.value(*text, signatures),
            _ => Words::new(),
        }
    }

    /// A builder as a string, or a string as a builder without room.
    pub(crate) fn text_as(&mut self, value: &Words, ty: &SourceType) -> Words {
        match (ty, value.as_slice()) {
            (SourceType::Builder, [address, length, ..]) => Words::from_slice(&[*address, *length, *length]),
            _ => value.iter().copied().take(2).collect(),
        }
    }

    /// A builder for a second holder: it has the text, and no room behind it.
    pub(crate) fn shared_builder(&mut self, builder: Words) -> Words {
        match builder.as_slice() {
            [address, length, _] => Words::from_slice(&[*address, *length, *length]),
            _ => builder,
        }
    }

    fn builder_with_room(&mut self, room: Value) -> Words {
        self.fail_if_too_long(room);
        let more = self.binary_const(BinaryOp::Add, room, 7);
        let room = self.binary_const(BinaryOp::And, more, !7);
        let address = self.allocate(room);
        let zero = self.constant(0);
        Words::from_slice(&[address, zero, room])
    }

    fn fail_if_too_long(&mut self, length: Value) {
        let too_long = self.compare_const(Condition::UnsignedGreater, length, HEAP_SIZE as u64);
        self.fail_if(too_long, Failure::OutOfHeap);
    }

    /// Where so many bytes of the heap are not used yet. They stay unused: whoever takes some next may get them.
    pub(crate) fn free_heap(&mut self, needed: Value) -> Value {
        let end = self.constant(self.layout.heap_end());
        let Some(start) = self.runtime(Runtime::HeapTop, &[]).first().copied() else { return end };
        let left = self.binary(BinaryOp::Sub, end, start);
        let is_short = self.compare(Condition::UnsignedLess, left, needed);
        self.fail_if(is_short, Failure::OutOfHeap);
        start
    }

    fn known_text(&mut self, text: &[u8]) -> Words {
        let address = self.bytes(text);
        let length = self.constant(text.len() as u64);
        Words::from_slice(&[address, length])
    }

    /// The operands as pieces, from left to right; known texts that meet are one.
    fn pieces(&mut self, parts: &[ExprId], signatures: &dyn Signatures) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in parts {
            let known = self.known_bytes(*part);
            let ty = self.ty(*part);
            let new = match known {
                Some(text) => Piece::Known(text),
                None => {
                    let value = self.operand(*part, signatures);
                    self.piece(&ty, value)
                }
            };
            match (pieces.last_mut(), new) {
                (Some(Piece::Known(before)), Piece::Known(text)) => before.extend(text),
                (_, Piece::Known(text)) if text.is_empty() => {}
                (_, new) => pieces.push(new),
            }
        }
        pieces
    }

    /// The text of an operand that is written out.
    fn known_bytes(&self, expr: ExprId) -> Option<Vec<u8>> {
        match self.body.exprs.get(expr)? {
            Expr::String(text) => Some(text.clone().into_bytes()),
            Expr::Null => Some(b"null".to_vec()),
            Expr::Bool(truth) => Some(truth.to_string().into_bytes()),
            Expr::Int { negative, magnitude, .. } => {
                let sign = if *negative { "-" } else { "" };
                Some(format!("{sign}{magnitude}").into_bytes())
            }
            Expr::Ascribe(inner, _) | Expr::Into(inner, _) => self.known_bytes(*inner),
            _ => None,
        }
    }

    fn piece(&mut self, ty: &SourceType, value: Words) -> Piece {
        match (ty, value.as_slice()) {
            (SourceType::String | SourceType::Builder, [address, length, ..]) => {
                Piece::Bytes(*address, *length)
            }
            (SourceType::Bool, [truth]) => Piece::Truth(*truth),
            (SourceType::Int(ty), _) => Piece::Number(*ty, value),
            (SourceType::Pubkey, _) => Piece::Key(value),
            (SourceType::Option(item), [is_there, rest @ ..]) => {
                let inner = self.piece(item, Words::from_slice(rest));
                Piece::Maybe(*is_there, vec![inner])
            }
            _ => Piece::Known(b"null".to_vec()),
        }
    }

    /// How many bytes pieces need at most. Fails if one is longer than any heap.
    fn room_of(&mut self, pieces: &[Piece]) -> Value {
        let (mut known, mut found) = (0u64, Vec::new());
        self.count_room(pieces, &mut known, &mut found);
        let mut room = self.constant(known);
        for length in found {
            self.fail_if_too_long(length);
            room = self.binary(BinaryOp::Add, room, length);
        }
        room
    }

    fn count_room(&mut self, pieces: &[Piece], known: &mut u64, found: &mut Vec<Value>) {
        for piece in pieces {
            match piece {
                Piece::Known(text) => *known += text.len() as u64,
                Piece::Bytes(_, length) => found.push(*length),
                Piece::Number(ty, _) => *known += digits(*ty),
                Piece::Truth(_) => *known += 5,
                Piece::Key(_) => *known += KEY_ROOM,
                Piece::Maybe(is_there, inner) => {
                    let mut lengths = Vec::new();
                    let mut own = 0;
                    self.count_room(inner, &mut own, &mut lengths);
                    *known += u64::max(own, 4);
                    // What is not there has words that mean nothing.
                    for length in lengths {
                        let zero = self.constant(0);
                        let length = self.select(*is_there, length, zero);
                        found.push(length);
                    }
                }
            }
        }
    }

    /// A builder with pieces at its end.
    fn appended(&mut self, builder: Words, pieces: &[Piece]) -> Words {
        let [address, length, room] = builder.as_slice() else { return builder };
        let (address, length, room) = (*address, *length, *room);
        if pieces.is_empty() {
            return builder;
        }
        let needed = self.room_of(pieces);
        let left = self.binary(BinaryOp::Sub, room, length);
        let is_short = self.compare(Condition::UnsignedLess, left, needed);
        let place = self.choose(
            is_short,
            |state| state.taken(Runtime::GrowText, &[address, length, room, needed]),
            |_| Words::from_slice(&[address, room]),
        );
        let [address, room] = place.as_slice() else { return Words::from_slice(&[address, length, room]) };
        let start = self.binary(BinaryOp::Add, *address, length);
        let more = self.write_pieces(start, pieces);
        let length = self.binary(BinaryOp::Add, length, more);
        Words::from_slice(&[*address, length, *room])
    }

    fn log_pieces(&mut self, pieces: &[Piece]) {
        let line = match pieces {
            [] => self.known_text(b""),
            [Piece::Known(text)] => self.known_text(text),
            [Piece::Bytes(address, length)] => Words::from_slice(&[*address, *length]),
            pieces => {
                let needed = self.room_of(pieces);
                let start = self.free_heap(needed);
                let length = self.write_pieces(start, pieces);
                Words::from_slice(&[start, length])
            }
        };
        if let Some(syscall) = Syscall::from_name("sol_log_") {
            self.syscall(syscall, &line);
        }
    }

    /// Writes pieces one behind the other, and gives how many bytes they are: a sum of what is known to be small, which says more
    /// about the costs than where they end.
    fn write_pieces(&mut self, start: Value, pieces: &[Piece]) -> Value {
        let (mut place, mut known) = (Address { base: start, offset: 0, region: Region::View }, 0u64);
        let mut counted: Option<Value> = None;
        for piece in pieces {
            if let Piece::Known(text) = piece
                && text.len() <= MAX_STORED
            {
                place = self.store_known(place, text);
                known += text.len() as u64;
                continue;
            }
            let at = self.pointer(place);
            let count = self.write_piece(at, piece);
            let base = self.binary(BinaryOp::Add, at, count);
            place = Address { base, offset: 0, region: Region::View };
            counted = Some(match counted {
                Some(before) => self.binary(BinaryOp::Add, before, count),
                None => count,
            });
        }
        match counted {
            Some(counted) => self.binary_const(BinaryOp::Add, counted, known),
            None => self.constant(known),
        }
    }

    fn write_piece(&mut self, at: Value, piece: &Piece) -> Value {
        match piece {
            Piece::Known(text) => {
                let words = self.known_text(text);
                match words.as_slice() {
                    [address, length] => self.write_bytes(at, *address, *length),
                    _ => self.constant(0),
                }
            }
            Piece::Bytes(address, length) => self.write_bytes(at, *address, *length),
            Piece::Number(ty, value) => {
                let runtime = match (ty.is_wide(), ty.is_signed()) {
                    (false, false) => Runtime::WriteU64,
                    (false, true) => Runtime::WriteI64,
                    (true, false) => Runtime::WriteU128,
                    (true, true) => Runtime::WriteI128,
                };
                self.written(at, runtime, value)
            }
            Piece::Key(words) => self.written(at, Runtime::WriteKey, words),
            Piece::Truth(truth) => self.either_text(
                *truth,
                |state| state.write_pieces(at, &[Piece::Known(b"true".to_vec())]),
                |state| state.write_pieces(at, &[Piece::Known(b"false".to_vec())]),
            ),
            Piece::Maybe(is_there, inner) => self.either_text(
                *is_there,
                |state| state.write_pieces(at, inner),
                |state| state.write_pieces(at, &[Piece::Known(b"null".to_vec())]),
            ),
        }
    }

    fn either_text(
        &mut self,
        condition: Value,
        yes: impl FnOnce(&mut Self) -> Value,
        no: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let words = self.choose(
            condition,
            |state| Words::from_elem(yes(state), 1),
            |state| Words::from_elem(no(state), 1),
        );
        words.first().copied().unwrap_or(condition)
    }

    fn written(&mut self, at: Value, runtime: Runtime, value: &Words) -> Value {
        let args: Vec<Value> = std::iter::once(at).chain(value.iter().copied()).collect();
        self.runtime(runtime, &args).first().copied().unwrap_or(at)
    }

    fn write_bytes(&mut self, at: Value, address: Value, length: Value) -> Value {
        if let Some(syscall) = Syscall::from_name("sol_memcpy_") {
            self.syscall(syscall, &[at, address, length]);
        }
        length
    }

    /// Stores a known text, and gives the place behind it.
    fn store_known(&mut self, place: Address, text: &[u8]) -> Address {
        let (mut place, mut rest) = (place, text);
        while !rest.is_empty() {
            let (count, width) = match rest.len() {
                8.. => (8, Width::W8),
                4.. => (4, Width::W4),
                2.. => (2, Width::W2),
                _ => (1, Width::W1),
            };
            let (now, later) = rest.split_at(count);
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            let word = self.constant(u64::from_le_bytes(bytes));
            self.store_word(place, width, word);
            place = place.after(count as u32);
            rest = later;
        }
        place
    }
}

/// How many characters the text of a number has at most.
fn digits(ty: IntType) -> u64 {
    let count = ty.max().to_string().len() as u64;
    count + u64::from(ty.is_signed())
}
