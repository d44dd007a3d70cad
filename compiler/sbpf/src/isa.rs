//! The instruction set of sBPF v0 and v3: operations, opcodes and the eight-byte encoding.
//!
//! Only what the two versions share is here, plus the 32-bit jumps of v3. Nothing here knows about virtual
//! registers, labels or files. Start with [`Slot`], the encoded form; [`Alu`], [`Jump`] and [`Width`] name the
//! operations.

pub use ovsm_ir::Width;

/// Version of the instruction set and of the file format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Version {
    /// The oldest version: lenient file format, relocations.
    V0,
    /// Static syscalls, strict file format, 32-bit jumps.
    V3,
}

/// A machine register, 0 to 10.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u8);

impl Reg {
    /// The frame pointer, which no instruction writes.
    pub const FRAME: Reg = Reg(10);
    /// The first result register.
    pub const R0: Reg = Reg(0);
}

impl std::fmt::Debug for Reg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl std::fmt::Display for Reg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// One eight-byte slot of the text. `lddw` takes two.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot {
    /// Operation.
    pub opcode: u8,
    /// Destination register, 0 to 15 in a hostile file.
    pub dst: u8,
    /// Source register, 0 to 15 in a hostile file.
    pub src: u8,
    /// Offset of a jump (in slots) or of an access (in bytes).
    pub off: i16,
    /// Immediate operand.
    pub imm: i32,
}

impl Slot {
    /// The bytes in the file.
    pub const fn encode(self) -> [u8; 8] {
        let off = self.off.to_le_bytes();
        let imm = self.imm.to_le_bytes();
        let [o0, o1] = off;
        let [i0, i1, i2, i3] = imm;
        [self.opcode, (self.dst & 15) | (self.src << 4), o0, o1, i0, i1, i2, i3]
    }

    /// The slot in these bytes.
    pub const fn decode(bytes: [u8; 8]) -> Slot {
        let [opcode, registers, o0, o1, i0, i1, i2, i3] = bytes;
        Slot {
            opcode,
            dst: registers & 15,
            src: registers >> 4,
            off: i16::from_le_bytes([o0, o1]),
            imm: i32::from_le_bytes([i0, i1, i2, i3]),
        }
    }
}

/// Opcode of `lddw`; its second slot has opcode 0 and the high half of the word.
pub const LDDW: u8 = 0x18;
/// Opcode of `ja`.
pub const JA: u8 = 0x05;
/// Opcode of `call` with an immediate.
pub const CALL: u8 = 0x85;
/// Opcode of `callx`.
pub const CALLX: u8 = 0x8d;
/// Opcode of `exit`.
pub const EXIT: u8 = 0x95;
/// Opcode of `le`.
pub const LE: u8 = 0xd4;
/// Opcode of `be`.
pub const BE: u8 = 0xdc;
/// Bit that makes the second operand a register.
pub const REGISTER: u8 = 0x08;

const CLASS_LOAD: u8 = 0x61;
const CLASS_STORE_IMMEDIATE: u8 = 0x62;
const CLASS_STORE_REGISTER: u8 = 0x63;
const CLASS_ALU32: u8 = 0x04;
const CLASS_JUMP: u8 = 0x05;
const CLASS_JUMP32: u8 = 0x06;
const CLASS_ALU64: u8 = 0x07;

/// An arithmetic operation. The 32-bit forms of `add`, `sub` and `mul` sign-extend their result; all others
/// zero-extend it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Alu {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Unsigned quotient; faults on zero.
    Div,
    /// Bitwise or.
    Or,
    /// Bitwise and.
    And,
    /// Left shift.
    Lsh,
    /// Logical right shift.
    Rsh,
    /// Negation; no second operand.
    Neg,
    /// Unsigned remainder; faults on zero.
    Mod,
    /// Bitwise exclusive or.
    Xor,
    /// Copy.
    Mov,
    /// Arithmetic right shift.
    Arsh,
}

impl Alu {
    /// Every operation, in the order of its code.
    pub const ALL: [Alu; 13] = [
        Alu::Add,
        Alu::Sub,
        Alu::Mul,
        Alu::Div,
        Alu::Or,
        Alu::And,
        Alu::Lsh,
        Alu::Rsh,
        Alu::Neg,
        Alu::Mod,
        Alu::Xor,
        Alu::Mov,
        Alu::Arsh,
    ];

    /// Opcode of the 64-bit form with an immediate.
    pub const fn opcode64(self) -> u8 {
        ((self as u8) << 4) | CLASS_ALU64
    }

    /// Opcode of the 32-bit form with an immediate.
    pub const fn opcode32(self) -> u8 {
        ((self as u8) << 4) | CLASS_ALU32
    }

    /// The word for it in a listing, without its width.
    pub const fn name(self) -> &'static str {
        match self {
            Alu::Add => "add",
            Alu::Sub => "sub",
            Alu::Mul => "mul",
            Alu::Div => "div",
            Alu::Or => "or",
            Alu::And => "and",
            Alu::Lsh => "lsh",
            Alu::Rsh => "rsh",
            Alu::Neg => "neg",
            Alu::Mod => "mod",
            Alu::Xor => "xor",
            Alu::Mov => "mov",
            Alu::Arsh => "arsh",
        }
    }

    /// True if the operands may be exchanged.
    pub const fn is_commutative(self) -> bool {
        matches!(self, Alu::Add | Alu::Mul | Alu::And | Alu::Or | Alu::Xor)
    }
}

/// The test of a conditional jump.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Jump {
    /// Equal.
    Eq,
    /// Unsigned greater.
    Gt,
    /// Unsigned greater or equal.
    Ge,
    /// A common bit is set.
    Set,
    /// Not equal.
    Ne,
    /// Signed greater.
    Sgt,
    /// Signed greater or equal.
    Sge,
    /// Unsigned less.
    Lt,
    /// Unsigned less or equal.
    Le,
    /// Signed less.
    Slt,
    /// Signed less or equal.
    Sle,
}

impl Jump {
    /// Every test.
    pub const ALL: [Jump; 11] = [
        Jump::Eq,
        Jump::Gt,
        Jump::Ge,
        Jump::Set,
        Jump::Ne,
        Jump::Sgt,
        Jump::Sge,
        Jump::Lt,
        Jump::Le,
        Jump::Slt,
        Jump::Sle,
    ];

    const fn code(self) -> u8 {
        match self {
            Jump::Eq => 0x10,
            Jump::Gt => 0x20,
            Jump::Ge => 0x30,
            Jump::Set => 0x40,
            Jump::Ne => 0x50,
            Jump::Sgt => 0x60,
            Jump::Sge => 0x70,
            Jump::Lt => 0xa0,
            Jump::Le => 0xb0,
            Jump::Slt => 0xc0,
            Jump::Sle => 0xd0,
        }
    }

    /// Opcode of the form with an immediate; `narrow` compares the low 32 bits (v3 only).
    pub const fn opcode(self, narrow: bool) -> u8 {
        self.code() | if narrow { CLASS_JUMP32 } else { CLASS_JUMP }
    }

    /// The test that holds when this one does not; there is none for [`Jump::Set`].
    pub const fn negated(self) -> Option<Jump> {
        Some(match self {
            Jump::Eq => Jump::Ne,
            Jump::Ne => Jump::Eq,
            Jump::Gt => Jump::Le,
            Jump::Le => Jump::Gt,
            Jump::Ge => Jump::Lt,
            Jump::Lt => Jump::Ge,
            Jump::Sgt => Jump::Sle,
            Jump::Sle => Jump::Sgt,
            Jump::Sge => Jump::Slt,
            Jump::Slt => Jump::Sge,
            Jump::Set => return None,
        })
    }

    /// The word for it in a listing.
    pub const fn name(self) -> &'static str {
        match self {
            Jump::Eq => "jeq",
            Jump::Gt => "jgt",
            Jump::Ge => "jge",
            Jump::Set => "jset",
            Jump::Ne => "jne",
            Jump::Sgt => "jsgt",
            Jump::Sge => "jsge",
            Jump::Lt => "jlt",
            Jump::Le => "jle",
            Jump::Slt => "jslt",
            Jump::Sle => "jsle",
        }
    }
}

/// Opcode bits of an access width.
const fn width_bits(width: Width) -> u8 {
    match width {
        Width::W4 => 0x00,
        Width::W2 => 0x08,
        Width::W1 => 0x10,
        Width::W8 => 0x18,
    }
}

/// Opcode of a load.
pub const fn load_opcode(width: Width) -> u8 {
    CLASS_LOAD | width_bits(width)
}

/// Opcode of a store of an immediate.
pub const fn store_immediate_opcode(width: Width) -> u8 {
    CLASS_STORE_IMMEDIATE | width_bits(width)
}

/// Opcode of a store of a register.
pub const fn store_register_opcode(width: Width) -> u8 {
    CLASS_STORE_REGISTER | width_bits(width)
}

/// What an opcode does, as far as both versions agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// 64-bit arithmetic; `true` with a register operand.
    Alu64(Alu, bool),
    /// 32-bit arithmetic; `true` with a register operand.
    Alu32(Alu, bool),
    /// Swap to little (`false`) or big (`true`) endian.
    Swap(bool),
    /// Load.
    Load(Width),
    /// Store of an immediate.
    StoreImmediate(Width),
    /// Store of a register.
    StoreRegister(Width),
    /// Two-slot constant.
    Lddw,
    /// Unconditional jump.
    Ja,
    /// Conditional jump: test, 32-bit, register operand.
    Jump(Jump, bool, bool),
    /// Call with an immediate.
    Call,
    /// Call through a register.
    Callx,
    /// Return.
    Exit,
}

impl Operation {
    /// What `opcode` does in `version`; `None` if that version has no such instruction.
    pub fn of(opcode: u8, version: Version) -> Option<Operation> {
        match opcode {
            LDDW => return Some(Operation::Lddw),
            JA => return Some(Operation::Ja),
            CALL => return Some(Operation::Call),
            CALLX => return Some(Operation::Callx),
            EXIT => return Some(Operation::Exit),
            LE => return Some(Operation::Swap(false)),
            BE => return Some(Operation::Swap(true)),
            _ => {}
        }
        let register = opcode & REGISTER != 0;
        for alu in Alu::ALL {
            let register_bits = if register { REGISTER } else { 0 };
            if alu == Alu::Neg && register {
                continue;
            }
            if opcode == alu.opcode64() | register_bits {
                return Some(Operation::Alu64(alu, register));
            }
            if opcode == alu.opcode32() | register_bits {
                return Some(Operation::Alu32(alu, register));
            }
        }
        for jump in Jump::ALL {
            for narrow in [false, true] {
                if (!narrow || version == Version::V3) && opcode & !REGISTER == jump.opcode(narrow) {
                    return Some(Operation::Jump(jump, narrow, register));
                }
            }
        }
        Width::ALL.into_iter().find_map(|width| {
            if opcode == load_opcode(width) {
                Some(Operation::Load(width))
            } else if opcode == store_immediate_opcode(width) {
                Some(Operation::StoreImmediate(width))
            } else if opcode == store_register_opcode(width) {
                Some(Operation::StoreRegister(width))
            } else {
                None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_encode_to_known_bytes() {
        let slot = |opcode, dst, src, off, imm| Slot { opcode, dst, src, off, imm };
        // mov64 r0, 0; exit; ldxdw r2, [r1+72]; stdw [r10-8], -1; jne r3, 5, -2; add64 r4, r9
        assert_eq!(slot(Alu::Mov.opcode64(), 0, 0, 0, 0).encode(), [0xb7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(slot(EXIT, 0, 0, 0, 0).encode(), [0x95, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(slot(load_opcode(Width::W8), 2, 1, 72, 0).encode(), [0x79, 0x12, 72, 0, 0, 0, 0, 0]);
        assert_eq!(
            slot(store_immediate_opcode(Width::W8), 10, 0, -8, -1).encode(),
            [0x7a, 0x0a, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff]
        );
        assert_eq!(slot(Jump::Ne.opcode(false), 3, 0, -2, 5).encode(), [0x55, 3, 0xfe, 0xff, 5, 0, 0, 0]);
        assert_eq!(slot(Alu::Add.opcode64() | REGISTER, 4, 9, 0, 0).encode(), [0x0f, 0x94, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Jump::Sle.opcode(true), 0xd6);
        assert_eq!(Alu::Arsh.opcode32() | REGISTER, 0xcc);
    }

    #[test]
    fn decoding_inverts_encoding() {
        for opcode in 0..=255u8 {
            let slot = Slot { opcode, dst: 7, src: 12, off: -321, imm: i32::MIN + 5 };
            assert_eq!(Slot::decode(slot.encode()), slot);
        }
    }

    #[test]
    fn the_opcodes_are_those_of_the_virtual_machine() {
        use solana_sbpf::ebpf;
        assert_eq!(Alu::Mod.opcode64() | REGISTER, ebpf::MOD64_REG);
        assert_eq!(Alu::Neg.opcode64(), ebpf::NEG64);
        assert_eq!(Jump::Set.opcode(false), ebpf::JSET64_IMM);
        assert_eq!(load_opcode(Width::W1), ebpf::LD_B_REG);
        assert_eq!(store_immediate_opcode(Width::W2), ebpf::ST_H_IMM);
        assert_eq!(store_register_opcode(Width::W8), ebpf::ST_DW_REG);
        let known = (0..=255u8).filter(|op| Operation::of(*op, Version::V0).is_some()).count();
        let with_jump32 = (0..=255u8).filter(|op| Operation::of(*op, Version::V3).is_some()).count();
        assert_eq!(with_jump32 - known, 22);
    }
}
