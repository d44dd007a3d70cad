//! Straight-line code of a generated function: operations and their operands.

use super::body::Body;
use super::{FIRST_ACCOUNT, FRAME_AREA, HEAP_WINDOW, Kind};
use crate::function::Value;
use crate::machine::{HEAP_BASE, INPUT_BASE, STACK_BASE};
use crate::op::{Access, BinaryOp, CheckedOp, Condition, Op, Region, Width};
use ovsm_base::IntType;
use ovsm_base::syscall::Syscall;
use smallvec::SmallVec;

/// Offset in the input of the first account's lamports.
const LAMPORTS: u32 = 80;

impl Body<'_, '_> {
    /// One operation, with what it needs.
    pub(super) fn operation(&mut self) {
        match self.generator.choices.below(18) {
            0 => {
                self.constant_word();
            }
            1..4 => self.binary(),
            4..7 => self.checked(),
            7 => {
                let ty = self.int_type_of(32);
                let word = self.value(Kind::Word);
                self.append(Op::Extend(ty, word), &[Kind::Int(ty)]);
            }
            8 => self.compare(),
            9 => {
                let truth = self.value(Kind::Bool);
                if self.generator.choices.once_in(2) {
                    self.append(Op::Not(truth), &[Kind::Bool]);
                } else {
                    self.append(Op::BoolToWord(truth), &[Kind::Int(IntType::U8)]);
                }
            }
            10 | 11 => self.load(),
            12 | 13 => self.store(),
            14 => self.divide(),
            _ => self.syscall(),
        }
    }

    /// A value of this kind: one in scope, if there is one, or a new one.
    pub(super) fn value(&mut self, kind: Kind) -> Value {
        let fits = |(_, have): &&(Value, Kind)| match kind {
            Kind::Word | Kind::Int(IntType::U64 | IntType::I64) => *have != Kind::Bool,
            Kind::Bool | Kind::Int(_) => *have == kind,
        };
        let count = self.scope().iter().filter(fits).count();
        if !self.generator.choices.once_in(8) {
            // Late values are the likelier.
            let near = self.generator.choices.below(count.clamp(1, 6));
            let far = if self.generator.choices.once_in(4) { self.generator.choices.below(count) } else { 0 };
            if let Some((value, _)) = self.scope().iter().rev().filter(fits).nth(near.max(far)) {
                return *value;
            }
        }
        match kind {
            Kind::Word => self.constant_word(),
            Kind::Bool if self.generator.choices.once_in(8) => {
                let truth = self.generator.choices.once_in(2);
                self.bool(Op::BoolConst(truth))
            }
            Kind::Bool => {
                let condition = self.generator.choices.pick(&Condition::ALL);
                let (a, b) = (self.value(Kind::Word), self.value(Kind::Word));
                self.bool(Op::Compare(condition, a, b))
            }
            Kind::Int(ty) if ty.bits() < 64 && count == 0 && !self.generator.choices.once_in(3) => {
                let word = self.value(Kind::Word);
                self.one(Op::Extend(ty, word), kind)
            }
            Kind::Int(ty) => {
                let word = self.generator.choices.word();
                self.one(Op::Const(ty.canonical(word)), kind)
            }
        }
    }

    /// A constant that only the caller uses: in scope, such constants would crowd out what the program computes.
    pub(super) fn constant(&mut self, word: u64) -> Value {
        self.append_hidden(Op::Const(word), &[Kind::Word]).first().copied().unwrap_or(Value(0))
    }

    pub(super) fn constant_word(&mut self) -> Value {
        let word = self.generator.choices.word();
        self.word(Op::Const(word))
    }

    /// Reads words of the input, which no pass knows.
    pub(super) fn load_input(&mut self) {
        for _ in 0..self.generator.choices.below(4) {
            if let (Some(room), Some((address, _))) =
                (self.generator.config.input_len.checked_sub(7), self.scope().first().copied())
            {
                let offset = self.generator.choices.below(room as usize) as i32;
                let access = Access { width: Width::W8, region: Region::Any, address, offset };
                self.append(Op::Load(access), &[Kind::Word]);
            }
        }
    }

    pub(super) fn word(&mut self, op: Op) -> Value {
        self.one(op, Kind::Word)
    }

    pub(super) fn bool(&mut self, op: Op) -> Value {
        self.one(op, Kind::Bool)
    }

    /// Logs five words.
    pub(super) fn log_words(&mut self) {
        let args = self.values(&[Kind::Word; 5]);
        self.call_runtime("sol_log_64_", args);
    }

    fn one(&mut self, op: Op, kind: Kind) -> Value {
        // Only code that is not reached gets no result.
        self.append(op, &[kind]).first().copied().unwrap_or(Value(0))
    }

    /// An integer type of at most this many bits.
    fn int_type_of(&mut self, bits: u32) -> IntType {
        let ty = self.generator.choices.pick(&Kind::INTS);
        if ty.bits() <= bits { ty } else { IntType::U8 }
    }

    fn binary(&mut self) {
        let op = self.generator.choices.pick(&BinaryOp::ALL);
        if op.divides() {
            return self.divide();
        }
        let (a, b) = (self.value(Kind::Word), self.value(Kind::Word));
        self.word(Op::Binary(op, a, b));
    }

    fn divide(&mut self) {
        let ops = [BinaryOp::UnsignedDiv, BinaryOp::UnsignedRem, BinaryOp::SignedDiv, BinaryOp::SignedRem];
        let op = self.generator.choices.pick(&ops);
        let a = self.value(Kind::Word);
        let divisor = match self.generator.choices.below(3) {
            0 => {
                let word = self.generator.choices.word();
                self.constant(if word == 0 { 1 } else { word })
            }
            1 => {
                let word = self.value(Kind::Word);
                let one = self.constant(1);
                self.word(Op::Binary(BinaryOp::Or, word, one))
            }
            _ => {
                let word = self.value(Kind::Word);
                let zero = self.constant(0);
                let is_zero = self.bool(Op::Compare(Condition::Equal, word, zero));
                self.append(Op::FailIf(is_zero, crate::Failure::DivisionByZero), &[]);
                word
            }
        };
        self.word(Op::Binary(op, a, divisor));
    }

    fn checked(&mut self) {
        let ty = self.generator.choices.pick(&Kind::INTS);
        let op = self.generator.choices.pick(&CheckedOp::ALL);
        let kind = Kind::Int(ty);
        let mut operands = [self.value(kind), self.value(kind)];
        if !self.generator.choices.once_in(3) {
            // Small operands, so that most operations fit. They are canonical words of every type.
            for operand in &mut operands {
                let mask = self.constant(7);
                *operand = self.one(Op::Binary(BinaryOp::And, *operand, mask), kind);
            }
        }
        let [a, b] = operands;
        self.append(Op::Checked(op, ty, a, b), &[kind]);
    }

    fn compare(&mut self) {
        let condition = self.generator.choices.pick(&Condition::ALL);
        let (a, b) = (self.value(Kind::Word), self.value(Kind::Word));
        self.bool(Op::Compare(condition, a, b));
    }

    fn load(&mut self) {
        let Some(access) = self.access(false) else { return self.compare() };
        let kind = match access.width {
            Width::W1 => Kind::Int(IntType::U8),
            Width::W2 => Kind::Int(IntType::U16),
            Width::W4 => Kind::Int(IntType::U32),
            Width::W8 => Kind::Word,
        };
        self.append(Op::Load(access), &[kind]);
    }

    fn store(&mut self) {
        let value = self.value(Kind::Word);
        let Some(access) = self.access(true) else { return };
        self.append(Op::Store(access, value), &[]);
    }

    /// A place in bounds of what its region promises.
    fn access(&mut self, write: bool) -> Option<Access> {
        let width = self.generator.choices.pick(&Width::ALL);
        let input_len = self.generator.config.input_len;
        let account = input_len >= FIRST_ACCOUNT;
        match self.generator.choices.below(8) {
            0..3 => Some(self.place(width, Region::Any, HEAP_BASE, HEAP_WINDOW)),
            3 => Some(self.computed_place(width)),
            4 if self.generator.choices.once_in(2) => {
                let region = self.generator.choices.pick(&[Region::Local, Region::View]);
                Some(self.place(width, region, HEAP_BASE + u64::from(HEAP_WINDOW), HEAP_WINDOW))
            }
            4 => Some(self.place(width, Region::Frame, STACK_BASE, FRAME_AREA)),
            5 if account && !write && self.generator.choices.once_in(4) => {
                // Other operations write here, but never make a length of so few bytes too large.
                let width = if width == Width::W8 { Width::W4 } else { width };
                Some(self.place(width, Region::Length, INPUT_BASE, LAMPORTS))
            }
            5 if account && !write && self.generator.choices.once_in(2) => {
                Some(self.place(width, Region::InputMeta, INPUT_BASE, LAMPORTS))
            }
            5 if account => Some(self.place(width, Region::Lamports, INPUT_BASE + u64::from(LAMPORTS), 8)),
            6 if input_len >= 8 => Some(self.place(width, Region::Any, INPUT_BASE, input_len)),
            7 if !write => self.constant_place(width),
            _ => Some(self.place(width, Region::Any, HEAP_BASE, HEAP_WINDOW)),
        }
    }

    /// A place among the `len` bytes at `start`.
    fn place(&mut self, width: Width, region: Region, start: u64, len: u32) -> Access {
        let target = start + self.generator.choices.below((len - width.bytes() + 1) as usize) as u64;
        // The address and the offset share the way to the target.
        let offset = match self.generator.choices.below(4) {
            0 => 0,
            1 => self.generator.choices.below(256) as i32,
            2 => -(self.generator.choices.below(256) as i32),
            _ => self.generator.choices.word() as i32,
        };
        let address = self.constant(target.wrapping_sub(i64::from(offset) as u64));
        Access { width, region, address, offset }
    }

    /// A place in the heap that is known at run time only.
    fn computed_place(&mut self, width: Width) -> Access {
        let word = self.value(Kind::Word);
        let mask = self.constant(u64::from(HEAP_WINDOW / 2 - 1));
        let distance = self.word(Op::Binary(BinaryOp::And, word, mask));
        let start = self.constant(HEAP_BASE);
        let address = self.word(Op::Binary(BinaryOp::Add, start, distance));
        let offset = self.generator.choices.below((HEAP_WINDOW / 2 - 8) as usize) as i32;
        Access { width, region: Region::Any, address, offset }
    }

    /// A place in a constant.
    fn constant_place(&mut self, width: Width) -> Option<Access> {
        let (data, len) = self.generator.datum()?;
        let width = if len < width.bytes() { Width::W1 } else { width };
        let room = (len + 1).checked_sub(width.bytes()).filter(|room| *room > 0)?;
        let offset = self.generator.choices.below(room as usize) as i32;
        let region = self.generator.choices.pick(&[Region::Rodata, Region::Any]);
        let address = self.append_hidden(Op::DataAddress(data), &[Kind::Word]).first().copied()?;
        Some(Access { width, region, address, offset })
    }

    fn syscall(&mut self) {
        match self.generator.choices.below(8) {
            0..3 => self.log_words(),
            3 | 4 => self.log_text(),
            _ if self.generator.config.memory_syscalls => self.memory_syscall(),
            _ => self.log_words(),
        }
    }

    fn log_text(&mut self) {
        let Some((data, len)) = self.generator.datum() else { return self.log_words() };
        let len = self.constant(u64::from(len));
        let address = self.append_hidden(Op::DataAddress(data), &[Kind::Word]);
        if let Some(address) = address.first() {
            self.call_runtime("sol_log_", SmallVec::from_slice(&[*address, len]));
        }
    }

    fn memory_syscall(&mut self) {
        let half = u64::from(HEAP_WINDOW / 2);
        let mut place = |half_number: u64| {
            let distance = self.generator.choices.below(half as usize / 2) as u64;
            HEAP_BASE + half_number * half + distance
        };
        let (low, high) = (place(0), place(1));
        let bytes = self.generator.choices.below(half as usize / 2) as u64;
        let [low_value, high_value, len] = [low, high, bytes].map(|word| self.constant(word));
        match self.generator.choices.below(4) {
            0 => self.call_runtime("sol_memcpy_", SmallVec::from_slice(&[low_value, high_value, len])),
            1 => {
                let near = self.constant(low + bytes / 2);
                self.call_runtime("sol_memmove_", SmallVec::from_slice(&[low_value, near, len]));
            }
            2 => {
                let byte = self.value(Kind::Word);
                self.call_runtime("sol_memset_", SmallVec::from_slice(&[high_value, byte, len]));
            }
            _ => {
                let result = self.constant(high & !3);
                let args = [low_value, high_value, len, result];
                self.call_runtime("sol_memcmp_", SmallVec::from_slice(&args));
            }
        }
    }

    fn call_runtime(&mut self, name: &str, args: SmallVec<[Value; 4]>) {
        if let Some(syscall) = Syscall::from_name(name) {
            self.append(Op::Syscall(syscall, args), &[Kind::Word]);
        }
    }
}
