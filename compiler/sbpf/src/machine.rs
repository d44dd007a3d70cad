//! Machine instructions over virtual registers: what selection makes and register allocation reads.
//!
//! Blocks have parameters and only unconditional jumps carry arguments, so a selected function has no critical
//! edges. A check that fails is an ordinary instruction ([`MachineInst::SideExit`]): its target needs no value of
//! this function, so it is no edge of the flow graph. An instruction may stand for a short fixed sequence; the
//! positions of its operands say what may share a register.
//!
//! Start with [`MachineInst`], then [`MachineFunction`].

use crate::isa::{Alu, Jump, Reg, Width};
use ovsm_base::Span;
use ovsm_base::index::{Index, IndexVec};
use ovsm_base::index_type;
use ovsm_base::syscall::Syscall;
use ovsm_ir::{Data, Failure, Func};
use regalloc2::{Operand, PReg, PRegSet, RegClass, VReg};

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

    /// The operands in the order in which [`crate::regalloc`] hands their registers back: results and scratch
    /// first, then uses in the order of [`MachineInst::for_each_use`].
    fn operands(&self, out: &mut Vec<Operand>) {
        let test_operands = |test: &Test, out: &mut Vec<Operand>, late: bool| {
            let make = if late { Operand::reg_use_at_end } else { Operand::reg_use };
            out.push(make(test.lhs));
            if let Rhs::Reg(reg) = test.rhs {
                out.push(make(reg));
            }
        };
        match self {
            MachineInst::Params(params) => {
                for (n, param) in params.iter().enumerate() {
                    out.push(Operand::reg_fixed_def(*param, preg(argument_register(n))));
                }
            }
            MachineInst::Const { dst, .. } | MachineInst::DataAddress { dst, .. } => {
                out.push(Operand::reg_def(*dst));
            }
            MachineInst::Alu { op: Alu::Mov, dst, lhs, .. } => {
                out.push(Operand::reg_def(*dst));
                out.push(Operand::reg_use(*lhs));
            }
            MachineInst::Alu { dst, lhs, rhs, .. } => {
                out.push(Operand::reg_reuse_def(*dst, 1));
                out.push(Operand::reg_use(*lhs));
                if let Rhs::Reg(reg) = rhs {
                    out.push(Operand::reg_use_at_end(*reg));
                }
            }
            MachineInst::CarryingAdd { dst, lhs, rhs } => {
                out.push(Operand::reg_reuse_def(*dst, 1));
                out.push(Operand::reg_use(*lhs));
                out.push(Operand::reg_use_at_end(*rhs));
            }
            MachineInst::Neg { dst, src }
            | MachineInst::SignExtend32 { dst, src }
            | MachineInst::Magnitude { dst, src }
            | MachineInst::BiasNegative { dst, src, .. } => {
                out.push(Operand::reg_reuse_def(*dst, 1));
                out.push(Operand::reg_use(*src));
            }
            MachineInst::NegateBySign { dst, src, sign } => {
                out.push(Operand::reg_reuse_def(*dst, 1));
                out.push(Operand::reg_use(*src));
                out.push(Operand::reg_use_at_end(*sign));
            }
            MachineInst::ZeroExtend32 { dst, src } => {
                out.push(Operand::reg_def(*dst));
                out.push(Operand::reg_use(*src));
            }
            MachineInst::Load { dst, base, .. } => {
                out.push(Operand::reg_def(*dst));
                if let Base::Reg(reg) = base {
                    out.push(Operand::reg_use(*reg));
                }
            }
            MachineInst::Store { base, value, .. } => {
                if let Base::Reg(reg) = base {
                    out.push(Operand::reg_use(*reg));
                }
                if let Rhs::Reg(reg) = value {
                    out.push(Operand::reg_use(*reg));
                }
            }
            MachineInst::SideExit { test, .. } | MachineInst::Branch { test, .. } => {
                test_operands(test, out, false);
            }
            MachineInst::SetIf { dst, test } => {
                // The result is written before the test is made.
                out.push(Operand::reg_def_at_start(*dst));
                test_operands(test, out, true);
            }
            MachineInst::ProductGuard { lhs, rhs, temp } => {
                out.push(Operand::reg_temp(*temp));
                out.push(Operand::reg_use_at_end(*lhs));
                out.push(Operand::reg_use_at_end(*rhs));
            }
            MachineInst::Call { args, results, .. } => {
                for (n, result) in results.iter().enumerate() {
                    out.push(Operand::reg_fixed_def(*result, preg(Reg(n as u8))));
                }
                for (n, arg) in args.iter().enumerate() {
                    out.push(Operand::reg_fixed_use(*arg, preg(argument_register(n))));
                }
            }
            MachineInst::Syscall { args, result, .. } => {
                out.push(Operand::reg_fixed_def(*result, preg(Reg::R0)));
                for (n, arg) in args.iter().enumerate() {
                    out.push(Operand::reg_fixed_use(*arg, preg(argument_register(n))));
                }
            }
            MachineInst::Return(values) => {
                for (n, value) in values.iter().enumerate() {
                    out.push(Operand::reg_fixed_use(*value, preg(Reg(n as u8))));
                }
            }
            MachineInst::Jump { .. } | MachineInst::Fail(_) | MachineInst::Trap => {}
        }
    }
}

/// The physical register of the allocator for a machine register.
pub const fn preg(reg: Reg) -> PReg {
    PReg::new(reg.0 as usize, RegClass::Int)
}

/// The register of argument number `n`: r1 to r5, then r6 to r9, which the callee sees as they are.
pub const fn argument_register(n: usize) -> Reg {
    Reg(n as u8 + 1)
}

/// The largest number of arguments of a call.
pub const MAX_ARGUMENTS: usize = 9;

/// How the program calls a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Convention {
    /// Number of argument registers.
    pub params: usize,
    /// Number of result registers, from r0 up.
    pub results: usize,
    /// True if the function can fail: it then says so in [`Convention::status`].
    pub can_fail: bool,
    /// True for the function where the program starts; its result is the program's return code.
    pub is_entry: bool,
    /// Bit n: a call may leave anything in r(n), 0 ≤ n ≤ 5 (results and status included).
    pub clobbers: u8,
}

impl Convention {
    /// The register that holds 0, or the code of a failure, after a call: the one after the results.
    pub fn status(self) -> Option<Reg> {
        (self.can_fail && !self.is_entry).then_some(Reg(self.results as u8))
    }

    /// The register in which the function leaves the code of its own failure.
    pub fn failure_register(self) -> Reg {
        if self.is_entry { Reg::R0 } else { Reg(self.results as u8) }
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
        let mut new_number = IndexVec::<MachineBlock, MachineBlock>::from_elem(MachineBlock(0), self.blocks.len());
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

    /// The operands of an instruction for the allocator.
    pub fn operands(inst: &MachineInst) -> Vec<Operand> {
        let mut operands = Vec::new();
        inst.operands(&mut operands);
        operands
    }

    /// The registers that an instruction overwrites besides its results.
    pub fn clobbers(
        inst: &MachineInst,
        conventions: &IndexVec<Func, Convention>,
        syscall_preserves_args: bool,
    ) -> PRegSet {
        let mut set = PRegSet::empty();
        match inst {
            MachineInst::Call { func, results, .. } => {
                let mask = conventions.get(*func).map_or(0x3f, |convention| convention.clobbers);
                for n in (results.len() as u8)..6 {
                    if mask & (1 << n) != 0 {
                        set.add(preg(Reg(n)));
                    }
                }
            }
            MachineInst::Syscall { .. } if !syscall_preserves_args => {
                for n in 1..6 {
                    set.add(preg(Reg(n)));
                }
            }
            _ => {}
        }
        set
    }
}
