//! Instruction selection: SSA of one function to machine instructions over virtual registers.
//!
//! Constants, addresses of constants, comparisons and negations are not computed where they stand but at each use:
//! most fold into an immediate, an offset or a conditional jump. Every other value gets one virtual register.
//! Nothing here knows physical registers or encodings beyond what fits an immediate.
//!
//! Start with [`select`]; the submodules hold one kind of operation each.

mod arithmetic;
mod bounds;
mod checked;
mod condition;
mod division;
mod memory;

use crate::isa::Version;
use crate::machine::{MachineBlock, MachineBlockData, MachineFunction, MachineInst, Rhs, Test};
use condition::Decision;
use ovsm_base::index::IndexVec;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_ir::{Block, Failure, Func, Function, Inst, Module, Op, Target, Terminator, Value, ValueDef};
use regalloc2::{RegClass, VReg};
use rustc_hash::FxHashMap;

/// Selects instructions for function `func` of `module`.
pub fn select(module: &Module, func: Func, version: Version) -> Result<MachineFunction, Diagnostic> {
    let function = module
        .functions
        .get(func)
        .ok_or_else(|| Diagnostic::new(Code::InternalError, format!("there is no function {func}")))?;
    let mut uses = IndexVec::from_elem(0u32, function.values.len());
    let mut count = |value: Value| {
        if let Some(uses) = uses.get_mut(value) {
            *uses += 1;
        }
    };
    let order = function.reverse_postorder();
    for block in &order {
        let data = &function.blocks[*block];
        for inst in &data.insts {
            function.insts[*inst].op.for_each_operand(&mut count);
        }
        data.terminator.for_each_operand(&mut count);
    }
    let mut predecessors = IndexVec::from_elem(0u32, function.blocks.len());
    for block in &order {
        for target in function.blocks[*block].terminator.targets() {
            if let Some(n) = predecessors.get_mut(target.block) {
                *n += 1;
            }
        }
    }
    let selector = Selector {
        function,
        version,
        is_entry: func == module.entry,
        out: MachineFunction::default(),
        registers: IndexVec::from_elem(None, function.values.len()),
        uses,
        predecessors,
        starts: IndexVec::from_elem(MachineBlock(0), function.blocks.len()),
        current: MachineBlock(0),
        in_loop: blocks_in_loops(function, &order),
        is_looping: false,
        span: None,
        constants: FxHashMap::default(),
        error: None,
    };
    selector.run(&order)
}

struct Selector<'a> {
    function: &'a Function,
    version: Version,
    is_entry: bool,
    out: MachineFunction,
    registers: IndexVec<Value, Option<VReg>>,
    /// How often each value is used in reachable code.
    uses: IndexVec<Value, u32>,
    /// How many edges lead to each block.
    predecessors: IndexVec<Block, u32>,
    /// The machine block where each block starts.
    starts: IndexVec<Block, MachineBlock>,
    current: MachineBlock,
    /// Which blocks stand in a loop, and whether the one that is selected now does.
    in_loop: IndexVec<Block, bool>,
    is_looping: bool,
    span: Option<Span>,
    /// Large constants that a register of the current machine block holds.
    constants: FxHashMap<u64, VReg>,
    error: Option<Diagnostic>,
}

impl Selector<'_> {
    fn run(mut self, order: &[Block]) -> Result<MachineFunction, Diagnostic> {
        let entry = self.new_block();
        for block in order {
            let start = if *block == Function::ENTRY { entry } else { self.new_block() };
            self.starts[*block] = start;
            let params = &self.function.blocks[*block].params;
            for param in params {
                let register = self.new_register();
                self.registers[*param] = Some(register);
                if start != entry
                    && let Some(data) = self.out.blocks.get_mut(start)
                {
                    data.params.push(register);
                }
            }
        }
        let params = self.function.params();
        // Nothing jumps to the entry block of a verified function, so its parameters are the function's.
        let registers = params.iter().filter_map(|param| self.registers[*param]).collect();
        self.emit(MachineInst::Params(registers));
        for block in order {
            self.switch_to(self.starts[*block]);
            self.is_looping = self.in_loop.get(*block) == Some(&true);
            let data = &self.function.blocks[*block];
            for inst in &data.insts {
                self.instruction(*inst)?;
            }
            self.terminator(&data.terminator);
        }
        match self.error {
            Some(error) => Err(error),
            None => {
                let mut out = self.out;
                out.renumber();
                Ok(out)
            }
        }
    }

    fn instruction(&mut self, inst: Inst) -> Result<(), Diagnostic> {
        let function = self.function;
        let data = &function.insts[inst];
        self.span = data.span;
        let result = data.results.first().copied();
        match (&data.op, result) {
            // Computed at each use.
            (Op::Const(_) | Op::BoolConst(_) | Op::DataAddress(_) | Op::Compare(..) | Op::Not(_), _) => {}
            (op, Some(result)) if op.is_pure() && self.uses[result] == 0 => {}
            (Op::Binary(op, a, b), Some(result)) => self.binary(*op, *a, *b, result),
            (Op::Checked(op, ty, a, b), Some(result)) => self.checked(*op, *ty, *a, *b, result),
            (Op::Extend(ty, a), Some(result)) => self.extend(*ty, *a, result),
            (Op::BoolToWord(a), Some(result)) => {
                let register = self.register(*a);
                self.define(result, register);
            }
            (Op::Load(access), Some(result)) => self.load(access, result),
            (Op::Store(access, value), _) => self.store(access, *value),
            (Op::FailIf(truth, failure), _) => self.fail_if(*truth, *failure),
            (Op::Call(func, args), _) => {
                let args = args.iter().map(|arg| self.register(*arg)).collect();
                let results: Vec<VReg> = data.results.iter().map(|_| self.new_register()).collect();
                for (value, register) in data.results.iter().zip(&results) {
                    self.define(*value, *register);
                }
                self.constants.clear();
                self.emit(MachineInst::Call { func: *func, args, results });
            }
            (Op::Syscall(syscall, args), _) => {
                if args.len() != syscall.arity() {
                    let message = format!(
                        "the syscall `{}` takes {} arguments, not {}",
                        syscall.name(),
                        syscall.arity(),
                        args.len()
                    );
                    return Err(self.diagnostic(Code::InternalError, message));
                }
                let args = args.iter().map(|arg| self.register(*arg)).collect();
                let register = self.new_register();
                if let Some(result) = result {
                    self.define(result, register);
                }
                self.emit(MachineInst::Syscall { syscall: *syscall, args, result: register });
            }
            (_, None) => {
                return Err(self.diagnostic(Code::InternalError, "an operation lacks its result"));
            }
        }
        Ok(())
    }

    fn fail_if(&mut self, truth: Value, failure: Failure) {
        match self.condition(truth, false, false) {
            Decision::Known(false) => {}
            Decision::Known(true) => {
                self.emit(MachineInst::Fail(failure));
                // What follows is unreachable; it is selected into a block that `renumber` drops.
                let dead = self.new_block();
                self.switch_to(dead);
            }
            Decision::Test(test, _) => self.side_exit(test, failure),
        }
    }

    fn side_exit(&mut self, test: Test, failure: Failure) {
        self.emit(MachineInst::SideExit { test, failure });
    }

    fn terminator(&mut self, terminator: &Terminator) {
        match terminator {
            Terminator::Jump(target) => self.jump(target),
            Terminator::Branch(truth, then, otherwise) => self.branch(*truth, then, otherwise),
            Terminator::Return(values) => {
                let values = values.iter().map(|value| self.register(*value)).collect();
                self.emit(MachineInst::Return(values));
            }
            Terminator::Fail(failure) => self.emit(MachineInst::Fail(*failure)),
            Terminator::Unreachable => self.emit(MachineInst::Trap),
        }
    }

    fn branch(&mut self, truth: Value, then: &Target, otherwise: &Target) {
        // An arm that only fails becomes a side exit.
        for (arm, other, negate) in [(then, otherwise, false), (otherwise, then, true)] {
            if let Some(failure) = self.failure_of(arm) {
                match self.condition(truth, negate, false) {
                    Decision::Known(true) => self.emit(MachineInst::Fail(failure)),
                    Decision::Known(false) => self.jump(other),
                    Decision::Test(test, _) => {
                        self.side_exit(test, failure);
                        self.jump(other);
                    }
                }
                return;
            }
        }
        match self.condition(truth, false, true) {
            Decision::Known(true) => self.jump(then),
            Decision::Known(false) => self.jump(otherwise),
            Decision::Test(test, swapped) => {
                let here = self.current;
                let then = self.edge(then);
                let otherwise = self.edge(otherwise);
                self.switch_to(here);
                let (then, otherwise) = if swapped { (otherwise, then) } else { (then, otherwise) };
                self.emit(MachineInst::Branch { test, then, otherwise });
            }
        }
    }

    /// The block for one edge of a branch: the target itself if nothing else leads there, else a new one.
    fn edge(&mut self, target: &Target) -> MachineBlock {
        let alone = self.predecessors.get(target.block).is_some_and(|n| *n == 1);
        if alone && target.args.is_empty() {
            return self.starts[target.block];
        }
        let block = self.new_block();
        self.switch_to(block);
        self.jump(target);
        block
    }

    fn jump(&mut self, target: &Target) {
        if let Some(failure) = self.failure_of(target) {
            self.emit(MachineInst::Fail(failure));
        } else if let Some(values) = self.return_of(target) {
            let values = values.into_iter().map(|value| self.register(value)).collect();
            self.emit(MachineInst::Return(values));
        } else {
            let args = target.args.iter().map(|arg| self.register(*arg)).collect();
            self.emit(MachineInst::Jump { target: self.starts[target.block], args });
        }
    }

    /// The failure, if all that happens at the target is to fail.
    fn failure_of(&self, target: &Target) -> Option<Failure> {
        let data = self.function.blocks.get(target.block)?;
        let Terminator::Fail(failure) = data.terminator else { return None };
        data.insts.iter().all(|inst| self.function.insts[*inst].op.is_pure()).then_some(failure)
    }

    /// The results, if all that happens at the target is to return values that are known before it.
    fn return_of(&self, target: &Target) -> Option<Vec<Value>> {
        let data = self.function.blocks.get(target.block)?;
        let Terminator::Return(values) = &data.terminator else { return None };
        let constant = |inst: &Inst| {
            matches!(self.function.insts[*inst].op, Op::Const(_) | Op::BoolConst(_) | Op::DataAddress(_))
        };
        if !data.insts.iter().all(constant) {
            return None;
        }
        values
            .iter()
            .map(|value| match self.function.values[*value].def {
                ValueDef::Param(block, n) if block == target.block => target.args.get(n as usize).copied(),
                _ => Some(*value),
            })
            .collect()
    }

    /// The register of a value, computed here if it is one of those that are computed at each use.
    fn register(&mut self, value: Value) -> VReg {
        let function = self.function;
        match function.defining_op(value) {
            Some(Op::Const(word)) => self.constant(*word),
            Some(Op::BoolConst(truth)) => self.constant(u64::from(*truth)),
            Some(Op::DataAddress(data)) => {
                let dst = self.new_register();
                self.emit(MachineInst::DataAddress { dst, data: *data });
                dst
            }
            Some(Op::Compare(..) | Op::Not(_)) => self.materialize(value),
            _ => match self.registers.get(value).copied().flatten() {
                Some(register) => register,
                None => {
                    let message = format!("{value} is used before it is defined");
                    self.error = Some(self.diagnostic(Code::InternalError, message));
                    self.constant(0)
                }
            },
        }
    }

    /// A value as a second operand: an immediate if it is a constant that fits.
    fn operand(&mut self, value: Value) -> Rhs {
        match self.function.as_const(value).and_then(immediate) {
            Some(imm) => Rhs::Imm(imm),
            None => Rhs::Reg(self.register(value)),
        }
    }

    /// A register with a constant. Large ones are shared within a block.
    fn constant(&mut self, word: u64) -> VReg {
        let large = immediate(word).is_none();
        if large && let Some(register) = self.constants.get(&word) {
            return *register;
        }
        let dst = self.new_register();
        self.emit(MachineInst::Const { dst, value: word });
        if large {
            self.constants.insert(word, dst);
        }
        dst
    }

    fn define(&mut self, value: Value, register: VReg) {
        if let Some(slot) = self.registers.get_mut(value) {
            *slot = Some(register);
        }
    }

    /// A new register for `value`.
    fn result(&mut self, value: Value) -> VReg {
        let register = self.new_register();
        self.define(value, register);
        register
    }

    fn new_register(&mut self) -> VReg {
        let register = VReg::new(self.out.registers, RegClass::Int);
        self.out.registers += 1;
        self.out.register_spans.push(self.span);
        register
    }

    fn new_block(&mut self) -> MachineBlock {
        self.out.blocks.push(MachineBlockData::default())
    }

    fn switch_to(&mut self, block: MachineBlock) {
        self.current = block;
        self.constants.clear();
    }

    fn emit(&mut self, inst: MachineInst) {
        let span = self.span;
        if let Some(block) = self.out.blocks.get_mut(self.current) {
            block.insts.push((inst, span));
        }
    }

    fn diagnostic(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        let diagnostic = Diagnostic::new(code, message);
        match self.span {
            Some(span) => diagnostic.label(span, ""),
            None => diagnostic,
        }
    }
}

/// Which blocks may run again after they have run.
fn blocks_in_loops(function: &Function, order: &[Block]) -> IndexVec<Block, bool> {
    let mut position = IndexVec::<Block, usize>::from_elem(usize::MAX, function.blocks.len());
    for (n, block) in order.iter().enumerate() {
        if let Some(slot) = position.get_mut(*block) {
            *slot = n;
        }
    }
    let at = |block: Block| position.get(block).copied().unwrap_or(usize::MAX);
    // In reverse post-order each loop has an edge backwards. All that stands between its ends is taken to be in the
    // loop, which is only sometimes too much, and only costs a unit then.
    let mut result = IndexVec::from_elem(false, function.blocks.len());
    let mut until: Vec<usize> = vec![0; order.len()];
    for (n, block) in order.iter().enumerate() {
        for target in function.blocks.get(*block).into_iter().flat_map(|data| data.terminator.targets()) {
            let target = target.block;
            if let Some(end) = until.get_mut(at(target))
                && at(target) <= n
            {
                *end = (*end).max(n + 1);
            }
        }
    }
    let mut end = 0;
    for (n, (block, until)) in order.iter().zip(until).enumerate() {
        end = end.max(until);
        if let Some(slot) = result.get_mut(*block) {
            *slot = n < end;
        }
    }
    result
}

/// The immediate that sign-extends to `word`.
fn immediate(word: u64) -> Option<i32> {
    i32::try_from(word as i64).ok()
}
