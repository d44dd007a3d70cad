//! Machine instructions over virtual registers: what selection makes and register allocation reads.
//!
//! Blocks have parameters and only unconditional jumps carry arguments, so a selected function has no critical
//! edges. A check that fails is an ordinary instruction ([`MachineInst::SideExit`]): its target needs no value of
//! this function, so it is no edge of the flow graph. An instruction may stand for a short fixed sequence; the
//! positions of its operands say what may share a register.
//!
//! Start with [`MachineInst`], then [`MachineFunction`].

use crate::isa::{Alu, Jump, Width};
use ovsm_base::Span;
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::index_type;
use ovsm_base::syscall::Syscall;
use ovsm_ir::{Data, Failure, Func};
use regalloc2::VReg;

index_type!(
    /// A block of a selected function.
    MachineBlock, "m"
);

/// The second operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rhs {
    /// A register.
    Reg(VReg),
    /// A constant, sign-extended to 64 bits.
    Imm(i32),
}

/// What an address is relative to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// A register.
    Reg(VReg),
    /// The frame pointer.
    Frame,
}

/// A comparison, as conditional jumps make it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Test {
    /// The test.
    pub jump: Jump,
    /// Compare the low 32 bits only.
    pub narrow: bool,
    /// Left side.
    pub lhs: VReg,
    /// Right side.
    pub rhs: Rhs,
}

/// One instruction.
#[derive(Clone, PartialEq, Debug)]
pub enum MachineInst {
    /// Stands first in the function and defines its parameters.
    Params(Vec<VReg>),
    /// A constant.
    Const {
        /// Result.
        dst: VReg,
        /// Its value.
        value: u64,
    },
    /// The address of a constant of the program.
    DataAddress {
        /// Result.
        dst: VReg,
        /// Which constant.
        data: Data,
    },
    /// 64-bit arithmetic with two operands.
    Alu {
        /// Operation.
        op: Alu,
        /// Result; shares the register of `lhs`.
        dst: VReg,
        /// First operand.
        lhs: VReg,
        /// Second operand.
        rhs: Rhs,
    },
    /// Negation.
    Neg {
        /// Result; shares the register of `src`.
        dst: VReg,
        /// Operand.
        src: VReg,
    },
    /// Sign extension of the low 32 bits.
    SignExtend32 {
        /// Result; shares the register of `src`.
        dst: VReg,
        /// Operand.
        src: VReg,
    },
    /// Copy of a register.
    Copy {
        /// Result.
        dst: VReg,
        /// What it is a copy of.
        src: VReg,
    },
    /// Zero extension of the low 32 bits.
    ZeroExtend32 {
        /// Result.
        dst: VReg,
        /// Operand.
        src: VReg,
    },
    /// Load.
    Load {
        /// Number of bytes.
        width: Width,
        /// Result.
        dst: VReg,
        /// Base address.
        base: Base,
        /// Offset in bytes.
        off: i16,
    },
    /// Store.
    Store {
        /// Number of bytes.
        width: Width,
        /// Base address.
        base: Base,
        /// Offset in bytes.
        off: i16,
        /// What to store.
        value: Rhs,
    },
    /// Leaves the function with a failure if the test holds.
    SideExit {
        /// The test.
        test: Test,
        /// The failure.
        failure: Failure,
    },
    /// `add` of two registers that leaves with [`Failure::Overflow`] when it carries.
    CarryingAdd {
        /// Result; shares the register of `lhs`.
        dst: VReg,
        /// First operand.
        lhs: VReg,
        /// Second operand.
        rhs: VReg,
    },
    /// Leaves with [`Failure::Overflow`] if the unsigned product does not fit 64 bits.
    ProductGuard {
        /// First factor.
        lhs: VReg,
        /// Second factor; may be zero.
        rhs: VReg,
        /// Scratch.
        temp: VReg,
    },
    /// 1 if the test holds, else 0.
    SetIf {
        /// Result.
        dst: VReg,
        /// The test.
        test: Test,
    },
    /// Magnitude of a signed word; that of the least one is itself.
    Magnitude {
        /// Result; shares the register of `src`.
        dst: VReg,
        /// Operand.
        src: VReg,
    },
    /// Negates `src` if `sign` is negative.
    NegateBySign {
        /// Result; shares the register of `src`.
        dst: VReg,
        /// Operand.
        src: VReg,
        /// The word whose sign counts.
        sign: VReg,
    },
    /// Adds a constant to `src` if `src` is negative.
    BiasNegative {
        /// Result; shares the register of `src`.
        dst: VReg,
        /// Operand.
        src: VReg,
        /// The constant.
        bias: i32,
    },
    /// Calls a function; leaves with its failure if it fails.
    Call {
        /// The function.
        func: Func,
        /// Arguments, at most nine.
        args: Vec<VReg>,
        /// Results.
        results: Vec<VReg>,
    },
    /// Calls the runtime.
    Syscall {
        /// Which syscall.
        syscall: Syscall,
        /// Arguments.
        args: Vec<VReg>,
        /// Result.
        result: VReg,
    },
    /// Goes on at a block.
    Jump {
        /// Where to.
        target: MachineBlock,
        /// One argument per parameter.
        args: Vec<VReg>,
    },
    /// Goes on at `then` if the test holds, else at `otherwise`; neither has parameters or another predecessor.
    Branch {
        /// The test.
        test: Test,
        /// Where to if it holds.
        then: MachineBlock,
        /// Where to if not.
        otherwise: MachineBlock,
    },
    /// Leaves the function.
    Return(Vec<VReg>),
    /// Leaves the function with a failure.
    Fail(Failure),
    /// Is never reached.
    Trap,
}

impl MachineInst {
    /// True for the last instruction of a block.
    pub fn is_terminator(&self) -> bool {
        matches!(
            self,
            MachineInst::Jump { .. }
                | MachineInst::Branch { .. }
                | MachineInst::Return(_)
                | MachineInst::Fail(_)
                | MachineInst::Trap
        )
    }

    /// The register that the instruction defines, if it does nothing else, so that it can go when that is unused.
    pub fn pure_result(&self) -> Option<VReg> {
        match self {
            MachineInst::Const { dst, .. }
            | MachineInst::DataAddress { dst, .. }
            | MachineInst::Alu { dst, .. }
            | MachineInst::Neg { dst, .. }
            | MachineInst::SignExtend32 { dst, .. }
            | MachineInst::Copy { dst, .. }
            | MachineInst::ZeroExtend32 { dst, .. }
            | MachineInst::SetIf { dst, .. }
            | MachineInst::Magnitude { dst, .. }
            | MachineInst::NegateBySign { dst, .. }
            | MachineInst::BiasNegative { dst, .. } => Some(*dst),
            _ => None,
        }
    }

    /// Calls `f` on each virtual register that is read, block arguments included.
    pub fn for_each_use(&self, mut f: impl FnMut(VReg)) {
        let rhs_use = |rhs: &Rhs, f: &mut dyn FnMut(VReg)| {
            if let Rhs::Reg(reg) = rhs {
                f(*reg);
            }
        };
        match self {
            MachineInst::Params(_)
            | MachineInst::Const { .. }
            | MachineInst::DataAddress { .. }
            | MachineInst::Fail(_)
            | MachineInst::Trap => {}
            MachineInst::Alu { lhs, rhs, .. } => {
                f(*lhs);
                rhs_use(rhs, &mut f);
            }
            MachineInst::Neg { src, .. }
            | MachineInst::SignExtend32 { src, .. }
            | MachineInst::Copy { src, .. }
            | MachineInst::ZeroExtend32 { src, .. }
            | MachineInst::Magnitude { src, .. }
            | MachineInst::BiasNegative { src, .. } => f(*src),
            MachineInst::NegateBySign { src, sign, .. } => {
                f(*src);
                f(*sign);
            }
            MachineInst::Load { base, .. } => {
                if let Base::Reg(reg) = base {
                    f(*reg);
                }
            }
            MachineInst::Store { base, value, .. } => {
                if let Base::Reg(reg) = base {
                    f(*reg);
                }
                rhs_use(value, &mut f);
            }
            MachineInst::SideExit { test, .. }
            | MachineInst::SetIf { test, .. }
            | MachineInst::Branch { test, .. } => {
                f(test.lhs);
                rhs_use(&test.rhs, &mut f);
            }
            MachineInst::CarryingAdd { lhs, rhs, .. } | MachineInst::ProductGuard { lhs, rhs, .. } => {
                f(*lhs);
                f(*rhs);
            }
            MachineInst::Call { args, .. }
            | MachineInst::Syscall { args, .. }
            | MachineInst::Jump { args, .. }
            | MachineInst::Return(args) => args.iter().copied().for_each(f),
        }
    }

    /// Calls `f` on each virtual register that is written.
    pub fn for_each_def(&self, mut f: impl FnMut(VReg)) {
        match self {
            MachineInst::Params(params) => params.iter().copied().for_each(f),
            MachineInst::Load { dst, .. } | MachineInst::CarryingAdd { dst, .. } => f(*dst),
            MachineInst::ProductGuard { temp, .. } => f(*temp),
            MachineInst::Call { results, .. } => results.iter().copied().for_each(f),
            MachineInst::Syscall { result, .. } => f(*result),
            other => {
                if let Some(dst) = other.pure_result() {
                    f(dst);
                }
            }
        }
    }

    fn targets(&self) -> impl Iterator<Item = MachineBlock> {
        let (first, second) = match self {
            MachineInst::Jump { target, .. } => (Some(*target), None),
            MachineInst::Branch { then, otherwise, .. } => (Some(*then), Some(*otherwise)),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// A block under construction or selected.
#[derive(Clone, Debug, Default)]
pub struct MachineBlockData {
    /// Parameters.
    pub params: Vec<VReg>,
    /// Instructions with their source; the last one is the only terminator.
    pub insts: Vec<(MachineInst, Option<Span>)>,
}

/// A selected function with its flow graph. Blocks stand in reverse post-order; block 0 is the entry.
#[derive(Clone, Debug, Default)]
pub struct MachineFunction {
    /// Blocks.
    pub blocks: IndexVec<MachineBlock, MachineBlockData>,
    /// Number of virtual registers.
    pub registers: usize,
    /// Source of the value in each virtual register, for messages about spills.
    pub register_spans: Vec<Option<Span>>,
}

impl MachineFunction {
    /// Predecessors of each block, in block order.
    pub fn predecessors(&self) -> IndexVec<MachineBlock, Vec<MachineBlock>> {
        let mut predecessors = IndexVec::from_elem(Vec::new(), self.blocks.len());
        for block in self.blocks.indices() {
            for target in self.successors(block) {
                if let Some(list) = predecessors.get_mut(target) {
                    list.push(block);
                }
            }
        }
        predecessors
    }

    /// Successors of a block.
    pub fn successors(&self, block: MachineBlock) -> impl Iterator<Item = MachineBlock> {
        self.blocks
            .get(block)
            .and_then(|data| data.insts.last())
            .into_iter()
            .flat_map(|(inst, _)| inst.targets())
    }

    /// Drops blocks that nothing reaches and numbers the rest in reverse post-order.
    pub fn renumber(&mut self) {
        let mut order = Vec::with_capacity(self.blocks.len());
        let mut seen = IndexVec::<MachineBlock, bool>::from_elem(false, self.blocks.len());
        let mut stack = vec![(MachineBlock(0), 0usize)];
        if let Some(entry) = seen.get_mut(MachineBlock(0)) {
            *entry = true;
        }
        while let Some((block, next)) = stack.last_mut() {
            let target = self.successors(*block).nth(*next);
            *next += 1;
            match target {
                Some(target) => {
                    if let Some(flag) = seen.get_mut(target)
                        && !*flag
                    {
                        *flag = true;
                        stack.push((target, 0));
                    }
                }
                None => {
                    order.push(*block);
                    stack.pop();
                }
            }
        }
        order.reverse();
        let mut new_number =
            IndexVec::<MachineBlock, MachineBlock>::from_elem(MachineBlock(0), self.blocks.len());
        for (n, block) in order.iter().enumerate() {
            if let Some(slot) = new_number.get_mut(*block) {
                *slot = MachineBlock::from_u32(n as u32);
            }
        }
        let mut blocks = IndexVec::new();
        for block in order {
            let mut data = self.blocks.get_mut(block).map(std::mem::take).unwrap_or_default();
            if let Some((inst, _)) = data.insts.last_mut() {
                match inst {
                    MachineInst::Jump { target, .. } => *target = new_number[*target],
                    MachineInst::Branch { then, otherwise, .. } => {
                        *then = new_number[*then];
                        *otherwise = new_number[*otherwise];
                    }
                    _ => {}
                }
            }
            blocks.push(data);
        }
        self.blocks = blocks;
    }
}
