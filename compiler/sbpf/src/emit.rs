//! Encodes arranged machine code; jumps get their offsets, references to functions, syscalls and data stay open.
//!
//! Start with [`emit`].

use crate::assembly::{Asm, Assembly, End, JumpTest, Label, Source};
use crate::isa::{self, Alu, REGISTER, Reg, Slot, Version};
use ovsm_base::Span;
use ovsm_base::index::IndexVec;
use ovsm_base::syscall::Syscall;
use ovsm_ir::{Data, Func};

/// What an encoded slot refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reference {
    /// The `call` of a function.
    Function(Func),
    /// The `call` of a syscall.
    Syscall(Syscall),
    /// The constant's address: an `lddw` in v0, a `mov64` in v3.
    Data(Data),
}

/// Encoded function.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The slots.
    pub slots: Vec<Slot>,
    /// Source of each slot.
    pub spans: Vec<Option<Span>>,
    /// Open references by slot.
    pub references: Vec<(usize, Reference)>,
}

/// The jumps that are too far for a 16-bit offset, and where everything stands.
#[derive(Clone, Debug)]
pub struct TooFar {
    /// From which block, to which block, and the slot of the jump.
    pub jumps: Vec<(Label, Label, usize)>,
    /// First slot of each block.
    pub starts: IndexVec<Label, usize>,
}

/// Encodes the blocks in this order. `func` is the function itself.
pub fn emit(assembly: &Assembly, order: &[Label], func: Func, version: Version) -> Result<Code, TooFar> {
    let mut emitter =
        Emitter { code: Code::default(), version, jumps: Vec::new(), block: Label(0), span: None };
    let mut starts = IndexVec::<Label, usize>::from_elem(0, assembly.blocks.len());
    // A v0 call of offset -1 is the mark of a syscall, so a function must not begin with a call of itself.
    if version == Version::V0
        && let Some(first) = order.first().and_then(|label| assembly.blocks.get(*label))
        && first.body.first().is_some_and(|(asm, _)| *asm == Asm::Call(func))
    {
        emitter.asm(&Asm::Alu(Alu::Mov, Reg::R0, Source::Reg(Reg::R0)));
    }
    let mut remaining = order.iter().copied().peekable();
    while let Some(label) = remaining.next() {
        let following = remaining.peek().copied();
        if let Some(start) = starts.get_mut(label) {
            *start = emitter.code.slots.len();
        }
        emitter.block = label;
        let Some(block) = assembly.blocks.get(label) else { continue };
        for (asm, span) in &block.body {
            emitter.span = *span;
            emitter.asm(asm);
        }
        emitter.span = block.span;
        match block.end {
            End::Goto(target) if Some(target) == following => {}
            End::Goto(target) => emitter.goto(target),
            End::If(test, then, otherwise) => emitter.branch(test, then, otherwise, following),
            End::Exit => emitter.slot(isa::EXIT, 0, 0, 0, 0),
            End::Trap => {
                let diverges =
                    matches!(block.body.last(), Some((Asm::Syscall(syscall), _)) if syscall.diverges());
                if !diverges {
                    emitter.slot(isa::EXIT, 0, 0, 0, 0);
                }
            }
        }
    }
    let Emitter { mut code, jumps, .. } = emitter;
    let mut far = Vec::new();
    for (block, label, at) in jumps {
        let target = starts.get(label).copied().unwrap_or(0) as i64;
        match (i16::try_from(target - at as i64 - 1), code.slots.get_mut(at)) {
            (Ok(offset), Some(slot)) => slot.off = offset,
            _ => far.push((block, label, at)),
        }
    }
    if far.is_empty() { Ok(code) } else { Err(TooFar { jumps: far, starts }) }
}

struct Emitter {
    code: Code,
    version: Version,
    jumps: Vec<(Label, Label, usize)>,
    /// The block that is being encoded.
    block: Label,
    span: Option<Span>,
}

impl Emitter {
    fn slot(&mut self, opcode: u8, dst: u8, src: u8, off: i16, imm: i32) {
        self.code.slots.push(Slot { opcode, dst, src, off, imm });
        self.code.spans.push(self.span);
    }

    fn reference(&mut self, reference: Reference) {
        self.code.references.push((self.code.slots.len(), reference));
    }

    fn asm(&mut self, asm: &Asm) {
        match *asm {
            Asm::Alu(op, dst, source) => self.with_source(op.opcode64(), dst, source),
            Asm::Alu32(op, dst, source) => self.with_source(op.opcode32(), dst, source),
            Asm::Const(dst, value) => match (i32::try_from(value as i64), u32::try_from(value)) {
                (Ok(imm), _) => self.slot(Alu::Mov.opcode64(), dst.0, 0, 0, imm),
                // The 32-bit form zero-extends and takes one slot.
                (Err(_), Ok(word)) => self.slot(Alu::Mov.opcode32(), dst.0, 0, 0, word as i32),
                _ => self.lddw(dst, value),
            },
            Asm::DataAddress(dst, data) => {
                self.reference(Reference::Data(data));
                match self.version {
                    Version::V3 => self.slot(Alu::Mov.opcode64(), dst.0, 0, 0, 0),
                    Version::V0 => self.lddw(dst, 0),
                }
            }
            Asm::Load(width, dst, base, off) => self.slot(isa::load_opcode(width), dst.0, base.0, off, 0),
            Asm::Store(width, base, off, Source::Reg(src)) => {
                self.slot(isa::store_register_opcode(width), base.0, src.0, off, 0);
            }
            Asm::Store(width, base, off, Source::Imm(imm)) => {
                self.slot(isa::store_immediate_opcode(width), base.0, 0, off, imm);
            }
            Asm::Call(func) => {
                self.reference(Reference::Function(func));
                self.slot(isa::CALL, 0, 1, 0, 0);
            }
            Asm::Syscall(syscall) => {
                self.reference(Reference::Syscall(syscall));
                self.slot(isa::CALL, 0, 0, 0, 0);
            }
        }
    }

    fn with_source(&mut self, opcode: u8, dst: Reg, source: Source) {
        match source {
            Source::Reg(src) => self.slot(opcode | REGISTER, dst.0, src.0, 0, 0),
            Source::Imm(imm) => self.slot(opcode, dst.0, 0, 0, imm),
        }
    }

    fn lddw(&mut self, dst: Reg, value: u64) {
        self.slot(isa::LDDW, dst.0, 0, 0, value as u32 as i32);
        self.slot(0, 0, 0, 0, (value >> 32) as u32 as i32);
    }

    fn goto(&mut self, target: Label) {
        self.jumps.push((self.block, target, self.code.slots.len()));
        self.slot(isa::JA, 0, 0, 0, 0);
    }

    fn branch(&mut self, test: JumpTest, then: Label, otherwise: Label, following: Option<Label>) {
        if Some(then) == following
            && let Some(jump) = test.jump.negated()
        {
            return self.jump(JumpTest { jump, ..test }, otherwise);
        }
        self.jump(test, then);
        if Some(otherwise) != following {
            self.goto(otherwise);
        }
    }

    fn jump(&mut self, test: JumpTest, target: Label) {
        self.jumps.push((self.block, target, self.code.slots.len()));
        self.with_source(test.jump.opcode(test.narrow), test.lhs, test.rhs);
    }
}
