//! Applies an allocation: machine instructions over virtual registers become machine code over real ones, with
//! spills, moves and the exits for failures.
//!
//! Start with [`assemble`].

use crate::assembly::{Asm, AsmBlock, Assembly, End, JumpTest, Label, Source};
use crate::convention::Convention;
use crate::frame::FRAME_BYTES;
use crate::isa::{Alu, Jump, Reg, Width};
use crate::machine::{Base, MachineBlock, MachineFunction, MachineInst, Rhs, Test};
use crate::regalloc::Allocation;
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_ir::{Failure, Func};
use regalloc2::{Edit, InstOrEdit};
use rustc_hash::FxHashMap;

/// Machine code for an allocated function, whose frame fits.
pub fn assemble(
    function: &MachineFunction,
    allocation: &Allocation,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
) -> Result<Assembly, Diagnostic> {
    let mut assembler = Assembler {
        convention,
        conventions,
        blocks: function
            .blocks
            .iter()
            .map(|_| AsmBlock { body: Vec::new(), end: End::Trap, span: None, cold: false, frequency: 0 })
            .collect(),
        current: Label(0),
        span: None,
        failures: FxHashMap::default(),
        propagations: FxHashMap::default(),
        registers: Vec::new(),
    };
    for (block, data) in function.blocks.iter_enumerated() {
        assembler.current = Label(block.as_u32());
        let first = allocation.first.get(block.index()).copied().unwrap_or(0);
        for item in allocation.block(block) {
            match item {
                InstOrEdit::Edit(Edit::Move { from, to }) => assembler.edit(*from, *to)?,
                InstOrEdit::Inst(inst) => {
                    if let Some((machine_inst, span)) = data.insts.get(inst.index().saturating_sub(first)) {
                        assembler.span = *span;
                        assembler.registers.clear();
                        for allocation in allocation.output.inst_allocs(inst) {
                            let register = allocation.as_reg().map(|reg| Reg(reg.hw_enc() as u8));
                            assembler.registers.push(register.ok_or_else(misallocated)?);
                        }
                        assembler.instruction(machine_inst)?;
                    }
                }
            }
        }
    }
    Ok(Assembly { blocks: assembler.blocks, frame_bytes: allocation.spill_bytes() })
}

fn misallocated() -> Diagnostic {
    Diagnostic::new(Code::InternalError, "the register allocator gave an operand no register")
}

struct Assembler<'a> {
    convention: Convention,
    conventions: &'a IndexVec<Func, Convention>,
    blocks: IndexVec<Label, AsmBlock>,
    current: Label,
    span: Option<Span>,
    /// The exit for each failure.
    failures: FxHashMap<Failure, Label>,
    /// The exit that passes on the failure in a register.
    propagations: FxHashMap<Reg, Label>,
    /// Registers of the operands of the current instruction.
    registers: Vec<Reg>,
}

impl Assembler<'_> {
    fn instruction(&mut self, inst: &MachineInst) -> Result<(), Diagnostic> {
        match inst {
            MachineInst::Params(_) => {}
            MachineInst::Const { value, .. } => {
                let dst = self.register(0)?;
                self.push(Asm::Const(dst, *value));
            }
            MachineInst::DataAddress { data, .. } => {
                let dst = self.register(0)?;
                self.push(Asm::DataAddress(dst, *data));
            }
            MachineInst::Alu { op, rhs, .. } => {
                let dst = self.register(0)?;
                let source = self.source(*rhs, 2)?;
                self.push(Asm::Alu(*op, dst, source));
            }
            MachineInst::Neg { .. } => {
                let dst = self.register(0)?;
                self.push(Asm::Alu(Alu::Neg, dst, Source::Imm(0)));
            }
            MachineInst::SignExtend32 { .. } => {
                let dst = self.register(0)?;
                self.push(Asm::Alu32(Alu::Add, dst, Source::Imm(0)));
            }
            MachineInst::Copy { .. } => {
                let (dst, src) = (self.register(0)?, self.register(1)?);
                self.push(Asm::Alu(Alu::Mov, dst, Source::Reg(src)));
            }
            MachineInst::ZeroExtend32 { .. } => {
                let (dst, src) = (self.register(0)?, self.register(1)?);
                self.push(Asm::Alu32(Alu::Mov, dst, Source::Reg(src)));
            }
            MachineInst::Load { width, base, off, .. } => {
                let dst = self.register(0)?;
                let base = match base {
                    Base::Reg(_) => self.register(1)?,
                    Base::Frame => Reg::FRAME,
                };
                self.push(Asm::Load(*width, dst, base, *off));
            }
            MachineInst::Store { width, base, off, value } => {
                let (base, next) = match base {
                    Base::Reg(_) => (self.register(0)?, 1),
                    Base::Frame => (Reg::FRAME, 0),
                };
                let value = self.source(*value, next)?;
                self.push(Asm::Store(*width, base, *off, value));
            }
            MachineInst::SideExit { test, failure } => {
                let test = self.test(test, 0)?;
                let exit = self.failure_exit(*failure);
                self.branch_away(test, exit);
            }
            MachineInst::CarryingAdd { .. } => {
                let (dst, rhs) = (self.register(0)?, self.register(2)?);
                self.push(Asm::Alu(Alu::Add, dst, Source::Reg(rhs)));
                let exit = self.failure_exit(Failure::Overflow);
                let test = JumpTest { jump: Jump::Lt, narrow: false, lhs: dst, rhs: Source::Reg(rhs) };
                self.branch_away(test, exit);
            }
            MachineInst::ProductGuard { .. } => {
                let (temp, lhs, rhs) = (self.register(0)?, self.register(1)?, self.register(2)?);
                let divide = self.new_block();
                let join = self.new_block();
                let zero = JumpTest { jump: Jump::Eq, narrow: false, lhs: rhs, rhs: Source::Imm(0) };
                self.end(End::If(zero, join, divide));
                self.current = divide;
                self.push(Asm::Const(temp, u64::MAX));
                self.push(Asm::Alu(Alu::Div, temp, Source::Reg(rhs)));
                let exit = self.failure_exit(Failure::Overflow);
                let test = JumpTest { jump: Jump::Gt, narrow: false, lhs, rhs: Source::Reg(temp) };
                self.end(End::If(test, exit, join));
                self.current = join;
            }
            MachineInst::SetIf { test, .. } => {
                let dst = self.register(0)?;
                let test = self.test(test, 1)?;
                self.push(Asm::Const(dst, 1));
                self.unless(test, Asm::Const(dst, 0));
            }
            MachineInst::Magnitude { .. } => {
                let dst = self.register(0)?;
                self.unless(not_negative(dst), Asm::Alu(Alu::Neg, dst, Source::Imm(0)));
            }
            MachineInst::NegateBySign { .. } => {
                let (dst, sign) = (self.register(0)?, self.register(2)?);
                self.unless(not_negative(sign), Asm::Alu(Alu::Neg, dst, Source::Imm(0)));
            }
            MachineInst::BiasNegative { bias, .. } => {
                let dst = self.register(0)?;
                self.unless(not_negative(dst), Asm::Alu(Alu::Add, dst, Source::Imm(*bias)));
            }
            MachineInst::Call { func, .. } => {
                self.push(Asm::Call(*func));
                let callee = self.conventions.get(*func).copied().unwrap_or_default();
                if let Some(status) = callee.status() {
                    let exit = self.propagation(status);
                    let test = JumpTest { jump: Jump::Ne, narrow: false, lhs: status, rhs: Source::Imm(0) };
                    self.branch_away(test, exit);
                }
            }
            MachineInst::Syscall { syscall, .. } => self.push(Asm::Syscall(*syscall)),
            MachineInst::Jump { target, .. } => self.end(End::Goto(label(*target))),
            MachineInst::Branch { test, then, otherwise } => {
                let test = self.test(test, 0)?;
                self.end(End::If(test, label(*then), label(*otherwise)));
            }
            MachineInst::Return(values) => {
                // A program without a result succeeds.
                if self.convention.is_entry && values.is_empty() {
                    self.push(Asm::Const(Reg::R0, 0));
                }
                if let Some(status) = self.convention.status() {
                    self.push(Asm::Const(status, 0));
                }
                self.end(End::Exit);
            }
            MachineInst::Fail(failure) => {
                let exit = self.failure_exit(*failure);
                self.end(End::Goto(exit));
            }
            MachineInst::Trap => self.end(End::Trap),
        }
        Ok(())
    }

    fn edit(&mut self, from: regalloc2::Allocation, to: regalloc2::Allocation) -> Result<(), Diagnostic> {
        let asm = match (from.as_reg(), to.as_reg()) {
            (Some(from), Some(to)) if from == to => return Ok(()),
            (Some(from), Some(to)) => {
                Asm::Alu(Alu::Mov, Reg(to.hw_enc() as u8), Source::Reg(Reg(from.hw_enc() as u8)))
            }
            (Some(from), None) => {
                let slot = to.as_stack().ok_or_else(misallocated)?;
                let value = Source::Reg(Reg(from.hw_enc() as u8));
                Asm::Store(Width::W8, Reg::FRAME, slot_offset(slot.index()), value)
            }
            (None, Some(to)) => {
                let slot = from.as_stack().ok_or_else(misallocated)?;
                Asm::Load(Width::W8, Reg(to.hw_enc() as u8), Reg::FRAME, slot_offset(slot.index()))
            }
            (None, None) if from == to => return Ok(()),
            (None, None) => return Err(misallocated()),
        };
        self.push(asm);
        Ok(())
    }

    fn register(&self, n: usize) -> Result<Reg, Diagnostic> {
        self.registers.get(n).copied().ok_or_else(misallocated)
    }

    fn source(&self, rhs: Rhs, n: usize) -> Result<Source, Diagnostic> {
        match rhs {
            Rhs::Reg(_) => self.register(n).map(Source::Reg),
            Rhs::Imm(imm) => Ok(Source::Imm(imm)),
        }
    }

    fn test(&self, test: &Test, n: usize) -> Result<JumpTest, Diagnostic> {
        Ok(JumpTest {
            jump: test.jump,
            narrow: test.narrow,
            lhs: self.register(n)?,
            rhs: self.source(test.rhs, n + 1)?,
        })
    }

    fn push(&mut self, asm: Asm) {
        let span = self.span;
        if let Some(block) = self.blocks.get_mut(self.current) {
            block.body.push((asm, span));
        }
    }

    fn end(&mut self, end: End) {
        let span = self.span;
        if let Some(block) = self.blocks.get_mut(self.current) {
            block.end = end;
            block.span = span;
        }
    }

    fn new_block(&mut self) -> Label {
        self.blocks.push(AsmBlock { body: Vec::new(), end: End::Trap, span: None, cold: false, frequency: 0 })
    }

    /// Ends the block: to `exit` if the test holds, else on with a new block.
    fn branch_away(&mut self, test: JumpTest, exit: Label) {
        let next = self.new_block();
        self.end(End::If(test, exit, next));
        self.current = next;
    }

    /// One instruction that runs unless the test holds.
    fn unless(&mut self, test: JumpTest, asm: Asm) {
        let skipped = self.new_block();
        let join = self.new_block();
        self.end(End::If(test, join, skipped));
        self.current = skipped;
        self.push(asm);
        self.end(End::Goto(join));
        self.current = join;
    }

    fn failure_exit(&mut self, failure: Failure) -> Label {
        if let Some(label) = self.failures.get(&failure) {
            return *label;
        }
        let register = self.convention.failure_register();
        let body = vec![(Asm::Const(register, failure.return_code()), None)];
        let label = self.blocks.push(AsmBlock { body, end: End::Exit, span: None, cold: true, frequency: 0 });
        self.failures.insert(failure, label);
        label
    }

    fn propagation(&mut self, status: Reg) -> Label {
        if let Some(label) = self.propagations.get(&status) {
            return *label;
        }
        let own = self.convention.failure_register();
        let body = if own == status {
            Vec::new()
        } else {
            vec![(Asm::Alu(Alu::Mov, own, Source::Reg(status)), None)]
        };
        let label = self.blocks.push(AsmBlock { body, end: End::Exit, span: None, cold: true, frequency: 0 });
        self.propagations.insert(status, label);
        label
    }
}

fn not_negative(reg: Reg) -> JumpTest {
    JumpTest { jump: Jump::Sge, narrow: false, lhs: reg, rhs: Source::Imm(0) }
}

fn label(block: MachineBlock) -> Label {
    Label(block.as_u32())
}

/// Offset of a spill slot from the frame pointer. The frame size keeps it small.
fn slot_offset(slot: usize) -> i16 {
    -8 - (slot.min(FRAME_BYTES as usize / 8) as i16) * 8
}
