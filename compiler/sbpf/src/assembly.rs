//! Machine code of one function with labels instead of offsets: basic blocks of instructions over real registers.
//!
//! Start with [`Assembly`]. [`crate::assemble`] makes it, [`crate::peephole`] and [`crate::layout`] improve it,
//! [`crate::emit`] encodes it.

use crate::isa::{Alu, Jump, Reg, Width};
use ovsm_base::Span;
use ovsm_base::graph;
use ovsm_base::index::IndexVec;
use ovsm_base::index_type;
use ovsm_base::syscall::Syscall;
use ovsm_ir::{Data, Func};

index_type!(
    /// A basic block of machine code.
    Label, "L"
);

/// The second operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A register.
    Reg(Reg),
    /// A constant, sign-extended to 64 bits.
    Imm(i32),
}

/// One instruction that is no jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asm {
    /// 64-bit arithmetic; `Neg` ignores its source.
    Alu(Alu, Reg, Source),
    /// 32-bit arithmetic.
    Alu32(Alu, Reg, Source),
    /// A constant.
    Const(Reg, u64),
    /// The address of a constant of the program.
    DataAddress(Reg, Data),
    /// Load: width, destination, base, offset.
    Load(Width, Reg, Reg, i16),
    /// Store: width, base, offset, value.
    Store(Width, Reg, i16, Source),
    /// Call of a function.
    Call(Func),
    /// Call of the runtime.
    Syscall(Syscall),
}

/// How a basic block ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Goes on at a block.
    Goto(Label),
    /// Goes on at the first block if the test holds, else at the second.
    If(JumpTest, Label, Label),
    /// Leaves the function.
    Exit,
    /// Is never reached.
    Trap,
}

impl End {
    /// The successors.
    pub fn targets(self) -> impl Iterator<Item = Label> {
        let (first, second) = match self {
            End::Goto(label) => (Some(label), None),
            End::If(_, then, otherwise) => (Some(then), Some(otherwise)),
            End::Exit | End::Trap => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Replaces each successor by `f` of it.
    pub fn map_targets(&mut self, mut f: impl FnMut(Label) -> Label) {
        match self {
            End::Goto(label) => *label = f(*label),
            End::If(_, then, otherwise) => {
                *then = f(*then);
                *otherwise = f(*otherwise);
            }
            End::Exit | End::Trap => {}
        }
    }
}

/// The comparison of a conditional jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JumpTest {
    /// The test.
    pub jump: Jump,
    /// Compare the low 32 bits only.
    pub narrow: bool,
    /// Left side.
    pub lhs: Reg,
    /// Right side.
    pub rhs: Source,
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct AsmBlock {
    /// Instructions with their source.
    pub body: Vec<(Asm, Option<Span>)>,
    /// How it ends.
    pub end: End,
    /// Source of the end.
    pub span: Option<Span>,
    /// True for a block that runs only when the function fails.
    pub cold: bool,
    /// How often it is taken to run; [`crate::layout`] sets it.
    pub frequency: u64,
}

/// A function. Block 0 is the entry.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// Blocks.
    pub blocks: IndexVec<Label, AsmBlock>,
    /// Bytes of stack that it uses below the frame pointer.
    pub frame_bytes: u32,
}

impl Assembly {
    /// The registers that an instruction writes, as a bit set. Calls leave their effect to `call_clobbers`.
    pub fn writes(asm: &Asm, call_clobbers: impl Fn(Func) -> u8, syscall_preserves_args: bool) -> u16 {
        match asm {
            Asm::Alu(_, dst, _)
            | Asm::Alu32(_, dst, _)
            | Asm::Const(dst, _)
            | Asm::DataAddress(dst, _)
            | Asm::Load(_, dst, _, _) => 1 << dst.0,
            Asm::Store(..) => 0,
            Asm::Call(func) => u16::from(call_clobbers(*func)),
            Asm::Syscall(_) => {
                if syscall_preserves_args {
                    1
                } else {
                    0x3f
                }
            }
        }
    }

    /// Blocks in an order in which each stands after one of its predecessors, starting at the entry; unreachable
    /// ones are missing. Reverse post-order.
    pub fn reverse_postorder(&self) -> Vec<Label> {
        graph::reverse_postorder(self.blocks.len(), |label| self.successors(label))
    }

    /// Where a block goes on.
    pub fn successors(&self, label: Label) -> [Option<Label>; 2] {
        match self.blocks.get(label).map(|block| block.end) {
            Some(End::Goto(next)) => [Some(next), None],
            Some(End::If(_, then, otherwise)) => [Some(then), Some(otherwise)],
            Some(End::Exit | End::Trap) | None => [None; 2],
        }
    }
}
