//! Register allocation: gives a selected function to `regalloc2` and hands back registers, spill slots and moves.
//!
//! Start with [`allocate`].

mod operands;

use crate::convention::Convention;
use crate::isa::Reg;
use crate::machine::{MachineBlock, MachineFunction, MachineInst};
use operands::preg;
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::{Code, Diagnostic};
use ovsm_ir::Func;
use regalloc2::{
    Algorithm, Block, Inst, InstRange, MachineEnv, Operand, Output, PRegSet, RegAllocError, RegClass,
    RegallocOptions, VReg,
};

/// A selected function in the form that the allocator reads, with its answer.
pub struct Allocation {
    /// Number of each block's first instruction, and one more for the end.
    pub first: Vec<usize>,
    /// The answer.
    pub output: Output,
    /// The question.
    view: View,
}

impl Allocation {
    /// Instructions of the block interleaved with moves.
    pub fn block(&self, block: MachineBlock) -> regalloc2::OutputIter<'_> {
        self.output.block_insts_and_edits(&self.view, Block::new(block.index()))
    }

    /// Bytes of stack for the values that got no register.
    pub fn spill_bytes(&self) -> u32 {
        u32::try_from(self.output.num_spillslots).unwrap_or(u32::MAX).saturating_mul(8)
    }
}

/// Allocates registers for `function`.
pub fn allocate(
    function: &MachineFunction,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
    name: &str,
) -> Result<Allocation, Diagnostic> {
    let view = View::new(function, conventions, syscall_preserves_args);
    let environment = environment(function, convention);
    let output = regalloc2::run(&view, &environment, &options()).map_err(|error| failure(name, &error))?;
    if cfg!(debug_assertions) {
        let mut checker = regalloc2::checker::Checker::new(&view, &environment);
        checker.prepare(&output);
        if let Err(errors) = checker.run() {
            let message = format!("register allocation of `{name}` is wrong: {errors:?}");
            return Err(Diagnostic::new(Code::InternalError, message));
        }
    }
    Ok(Allocation { first: view.first.clone(), output, view })
}

fn options() -> RegallocOptions {
    RegallocOptions { verbose_log: false, validate_ssa: cfg!(debug_assertions), algorithm: Algorithm::Ion }
}

/// The virtual registers that lie on the stack somewhere, in order: the same allocation again, with a record of
/// where everything lies.
pub fn spilled_registers(
    function: &MachineFunction,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) -> Vec<VReg> {
    let mut view = View::new(function, conventions, syscall_preserves_args);
    let end = Inst::new(view.operands.len());
    let mut at = 0;
    for data in function.blocks.iter() {
        let first = Inst::new(at);
        view.labels.extend(data.params.iter().map(|param| (*param, first, end, param.vreg() as u32)));
        for (inst, _) in &data.insts {
            let here = Inst::new(at);
            inst.for_each_def(|reg| view.labels.push((reg, here, end, reg.vreg() as u32)));
            at += 1;
        }
    }
    view.labels.sort_unstable_by_key(|(reg, ..)| *reg);
    let environment = environment(function, convention);
    let Ok(output) = regalloc2::run(&view, &environment, &options()) else { return Vec::new() };
    let mut spilled: Vec<VReg> = output
        .debug_locations
        .iter()
        .filter(|(.., allocation)| allocation.is_stack())
        .map(|(label, ..)| VReg::new(*label as usize, RegClass::Int))
        .collect();
    spilled.sort_unstable();
    spilled.dedup();
    spilled
}

fn failure(name: &str, error: &RegAllocError) -> Diagnostic {
    Diagnostic::new(Code::InternalError, format!("register allocation of `{name}` failed: {error}"))
}

/// All of r0 to r9 cost the same; r6 to r9, which the machine restores after a call, are kept for what lives across
/// calls as long as others are free.
fn environment(function: &MachineFunction, convention: Convention) -> MachineEnv {
    let range = |from: u8, to: u8| -> PRegSet { (from..=to).map(|n| preg(Reg(n))).collect() };
    let calls = function
        .blocks
        .iter()
        .any(|block| block.insts.iter().any(|(inst, _)| matches!(inst, MachineInst::Call { .. })));
    let (preferred, others) = if convention.is_entry && !calls {
        // r0 starts as 0, and a program that leaves it alone need not set it to return 0.
        (range(1, 5), range(0, 0) | range(6, 9))
    } else {
        (range(0, 5), range(6, 9))
    };
    MachineEnv {
        preferred_regs_by_class: [preferred, PRegSet::empty(), PRegSet::empty()],
        non_preferred_regs_by_class: [others, PRegSet::empty(), PRegSet::empty()],
        scratch_by_class: [None, None, None],
        fixed_stack_slots: Vec::new(),
    }
}

struct View {
    first: Vec<usize>,
    operands: Vec<Vec<Operand>>,
    clobbers: Vec<PRegSet>,
    is_return: Vec<bool>,
    is_branch: Vec<bool>,
    params: Vec<Vec<VReg>>,
    args: Vec<Vec<VReg>>,
    successors: Vec<Vec<Block>>,
    predecessors: Vec<Vec<Block>>,
    registers: usize,
    /// Whose locations to record, from where to where.
    labels: Vec<(VReg, Inst, Inst, u32)>,
}

impl View {
    fn new(
        function: &MachineFunction,
        conventions: &IndexVec<Func, Convention>,
        syscall_preserves_args: bool,
    ) -> View {
        let mut view = View {
            first: Vec::with_capacity(function.blocks.len() + 1),
            operands: Vec::new(),
            clobbers: Vec::new(),
            is_return: Vec::new(),
            is_branch: Vec::new(),
            params: Vec::new(),
            args: Vec::new(),
            successors: Vec::new(),
            predecessors: Vec::new(),
            registers: function.registers,
            labels: Vec::new(),
        };
        for (block, data) in function.blocks.iter_enumerated() {
            view.first.push(view.operands.len());
            for (inst, _) in &data.insts {
                view.operands.push(operands::operands(inst));
                view.clobbers.push(operands::clobbers(inst, conventions, syscall_preserves_args));
                let branches = matches!(inst, MachineInst::Jump { .. } | MachineInst::Branch { .. });
                view.is_branch.push(branches);
                view.is_return.push(inst.is_terminator() && !branches);
            }
            view.params.push(data.params.clone());
            view.args.push(match data.insts.last() {
                Some((MachineInst::Jump { args, .. }, _)) => args.clone(),
                _ => Vec::new(),
            });
            view.successors.push(function.successors(block).map(|block| Block::new(block.index())).collect());
        }
        view.first.push(view.operands.len());
        view.predecessors = function
            .predecessors()
            .iter()
            .map(|list| list.iter().map(|block| Block::new(block.index())).collect())
            .collect();
        view
    }
}

fn slice_of<T>(lists: &[Vec<T>], n: usize) -> &[T] {
    lists.get(n).map_or(&[], Vec::as_slice)
}

impl regalloc2::Function for View {
    fn num_insts(&self) -> usize {
        self.operands.len()
    }

    fn num_blocks(&self) -> usize {
        self.params.len()
    }

    fn entry_block(&self) -> Block {
        Block::new(0)
    }

    fn block_insns(&self, block: Block) -> InstRange {
        let at = |n: usize| Inst::new(self.first.get(n).copied().unwrap_or(0));
        InstRange::new(at(block.index()), at(block.index() + 1))
    }

    fn block_succs(&self, block: Block) -> &[Block] {
        slice_of(&self.successors, block.index())
    }

    fn block_preds(&self, block: Block) -> &[Block] {
        slice_of(&self.predecessors, block.index())
    }

    fn block_params(&self, block: Block) -> &[VReg] {
        slice_of(&self.params, block.index())
    }

    fn is_ret(&self, inst: Inst) -> bool {
        self.is_return.get(inst.index()).copied().unwrap_or(false)
    }

    fn is_branch(&self, inst: Inst) -> bool {
        self.is_branch.get(inst.index()).copied().unwrap_or(false)
    }

    fn branch_blockparams(&self, block: Block, _inst: Inst, _successor: usize) -> &[VReg] {
        slice_of(&self.args, block.index())
    }

    fn inst_operands(&self, inst: Inst) -> &[Operand] {
        slice_of(&self.operands, inst.index())
    }

    fn inst_clobbers(&self, inst: Inst) -> PRegSet {
        self.clobbers.get(inst.index()).copied().unwrap_or_default()
    }

    fn num_vregs(&self) -> usize {
        self.registers
    }

    fn debug_value_labels(&self) -> &[(VReg, Inst, Inst, u32)] {
        &self.labels
    }

    fn spillslot_size(&self, _class: RegClass) -> usize {
        1
    }
}
