//! The verifier: what a well-formed module is.
//!
//! Every engine and pass may rely on what is checked here. The verifier itself relies on nothing: it takes any
//! module and never panics. Code in blocks that the entry does not reach must have the right shape and types, and
//! use values that are defined, but they need not be defined before it.

use crate::dominators::Dominators;
use crate::function::{Block, Data, Func, Function, Inst, InstData, Module, Type, Value, ValueDef};
use crate::machine::STACK_SIZE;
use crate::op::{Op, Target, Terminator};
use ovsm_base::IntType;
use ovsm_base::index::IndexVec;
use rustc_hash::FxHashMap;

/// At most this many errors are collected.
const MAX_ERRORS: usize = 100;

/// Checks a module. Errors are in order of the module.
pub fn verify(module: &Module) -> Result<(), Vec<VerifyError>> {
    let mut verifier = Verifier { module, errors: Vec::new(), function: None, block: None, inst: None };
    verifier.module();
    if verifier.errors.is_empty() { Ok(()) } else { Err(verifier.errors) }
}

/// Something that is wrong with a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The function that is wrong, if it is not the module itself.
    pub function: Option<Func>,
    /// The block in it.
    pub block: Option<Block>,
    /// The instruction in the block; without one, the block's head or terminator is wrong.
    pub inst: Option<Inst>,
    /// What is wrong.
    pub defect: Defect,
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(function) = self.function {
            write!(f, "{function} ")?;
        }
        if let Some(block) = self.block {
            write!(f, "{block} ")?;
        }
        if let Some(inst) = self.inst {
            write!(f, "{inst} ")?;
        }
        write!(f, "{}", self.defect)
    }
}

impl std::error::Error for VerifyError {}

/// What can be wrong with a module.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Defect {
    /// The entry is not a function of the module.
    #[error("the entry does not exist")]
    NoEntry,
    /// The entry must take the addresses of the input and of the instruction data.
    #[error("the entry must have two words as parameters")]
    EntrySignature,
    /// The area is larger than a stack frame.
    #[error("a frame area of {0} bytes is larger than a stack frame")]
    FrameArea(u32),
    /// Two functions have one name.
    #[error("{0} has the same name")]
    DuplicateName(Func),
    /// A function has no entry block.
    #[error("the function has no block")]
    NoBlock,
    /// The first block of a function is the target of a jump.
    #[error("the first block has a predecessor")]
    EntryPredecessor,
    /// A block that does not exist.
    #[error("{0} does not exist")]
    UnknownBlock(Block),
    /// An instruction that does not exist.
    #[error("{0} does not exist")]
    UnknownInst(Inst),
    /// A value that does not exist.
    #[error("{0} does not exist")]
    UnknownValue(Value),
    /// A function that does not exist.
    #[error("{0} does not exist")]
    UnknownFunction(Func),
    /// A constant that does not exist.
    #[error("{0} does not exist")]
    UnknownData(Data),
    /// An instruction stands in blocks more than once.
    #[error("{0} is listed twice")]
    ListedTwice(Inst),
    /// The value's record does not name the parameter or result that it is.
    #[error("the definition of {0} is elsewhere")]
    Definition(Value),
    /// An instruction has more or fewer results than its operation.
    #[error("{expected} results are needed, not {found}")]
    ResultCount {
        /// As many as there should be.
        expected: usize,
        /// As many as there are.
        found: usize,
    },
    /// A call, syscall, jump or return has more or fewer arguments than what it goes to takes.
    #[error("{expected} arguments are needed, not {found}")]
    ArgumentCount {
        /// As many as there should be.
        expected: usize,
        /// As many as there are.
        found: usize,
    },
    /// A value has the wrong type.
    #[error("{value} must be a {expected:?}")]
    WrongType {
        /// Which value.
        value: Value,
        /// What it should be.
        expected: Type,
    },
    /// A use that the definition does not dominate, or the use of a value of a dead instruction.
    #[error("{0} is used where it is not defined")]
    NotDominated(Value),
    /// An integer type that is too wide for the operation.
    #[error("{0} is too wide for the operation")]
    TooWide(IntType),
    /// [`Terminator::Unreachable`] stands after something that may return.
    #[error("`unreachable` must stand after a syscall that does not return")]
    Reachable,
}

struct Verifier<'m> {
    module: &'m Module,
    errors: Vec<VerifyError>,
    function: Option<Func>,
    block: Option<Block>,
    inst: Option<Inst>,
}

/// Where an instruction stands.
type Places = IndexVec<Inst, Option<(Block, usize)>>;

impl Verifier<'_> {
    fn report(&mut self, defect: Defect) {
        if self.errors.len() < MAX_ERRORS {
            let (function, block, inst) = (self.function, self.block, self.inst);
            self.errors.push(VerifyError { function, block, inst, defect });
        }
    }

    fn module(&mut self) {
        let module = self.module;
        match module.functions.get(module.entry) {
            None => self.report(Defect::NoEntry),
            Some(entry) => {
                let types = entry.params().iter().map(|param| entry.values.get(*param).map(|data| data.ty));
                if !types.eq([Some(Type::Word), Some(Type::Word)]) {
                    self.report(Defect::EntrySignature);
                }
            }
        }
        if module.frame_area as usize > STACK_SIZE {
            self.report(Defect::FrameArea(module.frame_area));
        }
        let mut names = FxHashMap::default();
        for (number, function) in module.functions.iter_enumerated() {
            self.function = Some(number);
            if let Some(other) = names.insert(function.name.as_str(), number) {
                self.report(Defect::DuplicateName(other));
            }
            self.function(function);
            (self.block, self.inst) = (None, None);
        }
    }

    fn function(&mut self, function: &Function) {
        let before = self.errors.len();
        let places = self.structure(function);
        if self.errors.len() > before {
            // What follows needs references that hold.
            return;
        }
        let dominators = Dominators::new(function);
        for (block, data) in function.blocks.iter_enumerated() {
            self.block = Some(block);
            for (position, inst) in data.insts.iter().enumerate() {
                self.inst = Some(*inst);
                let inst = &function.insts[*inst];
                self.op(function, inst);
                inst.op.for_each_operand(|value| {
                    self.dominated(function, &places, &dominators, value, (block, position));
                });
            }
            self.inst = None;
            self.terminator(function, &data.terminator);
            let end = (block, data.insts.len());
            data.terminator.for_each_operand(|value| {
                self.dominated(function, &places, &dominators, value, end);
            });
            let last = data.insts.last().map(|inst| &function.insts[*inst].op);
            let diverges = matches!(last, Some(Op::Syscall(syscall, _)) if syscall.diverges());
            let unreachable = data.terminator == Terminator::Unreachable;
            if unreachable && !diverges && dominators.is_reachable(block) {
                self.report(Defect::Reachable);
            }
        }
    }

    /// Checks that all references hold, and that each value is defined in one place.
    fn structure(&mut self, function: &Function) -> Places {
        let mut places = Places::from_elem(None, function.insts.len());
        if function.blocks.is_empty() {
            self.report(Defect::NoBlock);
        }
        for (block, data) in function.blocks.iter_enumerated() {
            self.block = Some(block);
            for (n, param) in data.params.iter().enumerate() {
                self.definition(function, *param, ValueDef::Param(block, n as u32));
            }
            for (position, number) in data.insts.iter().enumerate() {
                self.inst = Some(*number);
                match places.get_mut(*number) {
                    None => self.report(Defect::UnknownInst(*number)),
                    Some(Some(_)) => self.report(Defect::ListedTwice(*number)),
                    Some(place) => *place = Some((block, position)),
                }
                let Some(inst) = function.insts.get(*number) else { continue };
                for (n, result) in inst.results.iter().enumerate() {
                    self.definition(function, *result, ValueDef::Result(*number, n as u32));
                }
                inst.op.for_each_operand(|value| self.exists(function, value));
            }
            self.inst = None;
            data.terminator.for_each_operand(|value| self.exists(function, value));
            for target in data.terminator.targets() {
                if target.block == Function::ENTRY {
                    self.report(Defect::EntryPredecessor);
                }
                if function.blocks.get(target.block).is_none() {
                    self.report(Defect::UnknownBlock(target.block));
                }
            }
        }
        self.block = None;
        places
    }

    /// The record of a value names the one place that defines it, so no two places can define it.
    fn definition(&mut self, function: &Function, value: Value, def: ValueDef) {
        match function.values.get(value) {
            None => self.report(Defect::UnknownValue(value)),
            Some(data) if data.def != def => self.report(Defect::Definition(value)),
            Some(_) => {}
        }
    }

    fn exists(&mut self, function: &Function, value: Value) {
        if function.values.get(value).is_none() {
            self.report(Defect::UnknownValue(value));
        }
    }

    fn op(&mut self, function: &Function, inst: &InstData) {
        let InstData { op, results, .. } = inst;
        match op {
            Op::Const(_) | Op::BoolConst(_) => {}
            Op::DataAddress(data) => {
                if self.module.data.get(*data).is_none() {
                    self.report(Defect::UnknownData(*data));
                }
            }
            Op::Binary(_, a, b) | Op::Compare(_, a, b) => {
                self.types(function, &[*a, *b], &[Type::Word, Type::Word]);
            }
            Op::Checked(_, ty, a, b) => {
                self.types(function, &[*a, *b], &[Type::Word, Type::Word]);
                if ty.bits() > 64 {
                    self.report(Defect::TooWide(*ty));
                }
            }
            Op::Extend(ty, a) => {
                self.types(function, &[*a], &[Type::Word]);
                if ty.bits() > 32 {
                    self.report(Defect::TooWide(*ty));
                }
            }
            Op::Not(a) | Op::BoolToWord(a) | Op::FailIf(a, _) => self.types(function, &[*a], &[Type::Bool]),
            Op::Load(access) => self.types(function, &[access.address], &[Type::Word]),
            Op::Store(access, value) => {
                self.types(function, &[access.address, *value], &[Type::Word, Type::Word]);
            }
            Op::Call(callee, args) => {
                let Some(callee) = self.module.functions.get(*callee) else {
                    return self.report(Defect::UnknownFunction(*callee));
                };
                let params = callee.params().iter();
                // A parameter without a type is reported in the callee.
                let types: Vec<Type> = params
                    .map(|param| callee.values.get(*param).map_or(Type::Word, |data| data.ty))
                    .collect();
                self.types(function, args, &types);
                self.results(function, results, &callee.results);
            }
            Op::Syscall(syscall, args) => self.types(function, args, &vec![Type::Word; syscall.arity()]),
        }
        if !matches!(op, Op::Call(..)) {
            self.results(function, results, op.result_type().as_slice());
        }
    }

    fn terminator(&mut self, function: &Function, terminator: &Terminator) {
        if let Terminator::Branch(condition, ..) = terminator {
            self.types(function, &[*condition], &[Type::Bool]);
        }
        for Target { block, args } in terminator.targets() {
            let Some(block) = function.blocks.get(*block) else { continue };
            let types: Vec<Type> = block.params.iter().map(|param| function.ty(*param)).collect();
            self.types(function, args, &types);
        }
        if let Terminator::Return(values) = terminator {
            self.types(function, values, &function.results);
        }
    }

    fn types(&mut self, function: &Function, values: &[Value], types: &[Type]) {
        if values.len() != types.len() {
            self.report(Defect::ArgumentCount { expected: types.len(), found: values.len() });
        }
        self.each_type(function, values, types);
    }

    fn results(&mut self, function: &Function, values: &[Value], types: &[Type]) {
        if values.len() != types.len() {
            self.report(Defect::ResultCount { expected: types.len(), found: values.len() });
        }
        self.each_type(function, values, types);
    }

    fn each_type(&mut self, function: &Function, values: &[Value], types: &[Type]) {
        for (value, expected) in values.iter().zip(types) {
            if function.ty(*value) != *expected {
                self.report(Defect::WrongType { value: *value, expected: *expected });
            }
        }
    }

    fn dominated(
        &mut self,
        function: &Function,
        places: &Places,
        dominators: &Dominators,
        value: Value,
        (block, position): (Block, usize),
    ) {
        // Where the entry does not come, any definition will do, but there must be one.
        let reachable = dominators.is_reachable(block);
        let dominates = |def| !reachable || dominators.dominates(def, block);
        let defined = match function.values[value].def {
            ValueDef::Param(def, number) => {
                let params = function.blocks.get(def).map_or(&[][..], |data| &data.params);
                params.get(number as usize) == Some(&value) && dominates(def)
            }
            ValueDef::Result(inst, number) => {
                let results = function.insts.get(inst).map_or(&[][..], |data| &data.results);
                results.get(number as usize) == Some(&value)
                    && match places.get(inst).copied().flatten() {
                        Some((def, before)) if def == block => before < position || !reachable,
                        Some((def, _)) => dominates(def),
                        None => false,
                    }
            }
        };
        if !defined {
            self.report(Defect::NotDominated(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse;

    /// The defects of `text`, as text.
    fn defects(text: &str) -> Vec<String> {
        match verify(&parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))) {
            Ok(()) => Vec::new(),
            Err(errors) => errors.iter().map(VerifyError::to_string).collect(),
        }
    }

    /// A module whose entry has this body.
    fn main(body: &str) -> String {
        format!("func f0 @main(v0: word, v1: word) -> () {{ b0(v0: word, v1: word): {body} }}")
    }

    #[test]
    fn well_formed_modules_pass() {
        for body in [
            "return",
            "v2 = eq v0, v1  br v2, b1(v0), b1(v1)  b1(v3: word): v4 = add v3, v0 return",
            // A loop whose header takes what the body computes; the body's block stands before it.
            "jump b2(v0)  b1: v5 = add v4, v1 jump b2(v5)  b2(v4: word): v6 = ult v4, v1 br v6, b1, b3  b3: return",
            "v2 = syscall abort() unreachable",
            // Not reached: `unreachable` may stand alone, and values need no dominating definition.
            "return b1: unreachable b2: v9 = add v8, v8 v8 = const 1 return",
        ] {
            assert_eq!(defects(&main(body)), [""; 0], "{body}");
        }
        let calls = "frame_area 4096 func f0 @a(v0: word, v1: word) -> (bool, word) { b0(v0: word, v1: word):
            v2, v3 = call f1(v0) return v2, v3 }
            func f1 @b(v0: word) -> (bool, word) { b0(v0: word): v1 = bool true return v1, v0 }";
        assert_eq!(defects(calls), [""; 0]);
    }

    #[test]
    fn broken_bodies_are_rejected() {
        for (body, expected) in [
            ("v3 = add v2, v0 v2 = const 1 return", "f0 b0 i0 v3 is used where it is not defined"),
            ("v2 = add v2, v0 return", "f0 b0 i0 v2 is used where it is not defined"),
            (
                "v2 = eq v0, v1 br v2, b1, b2 b1: v3 = const 1 jump b3 b2: jump b3 b3: v4 = add v3, v0 return",
                "f0 b3 i2 v3 is used where it is not defined",
            ),
            (
                "v2 = eq v0, v1 br v2, b1(v0), b2 b1(v3: word): jump b2 b2: v4 = add v3, v0 return",
                "f0 b2 i1 v3 is used where it is not defined",
            ),
            ("return b1: jump b0(v0, v1)", "f0 b1 the first block has a predecessor"),
            ("jump b1 b1: v2 = const 1 jump b1(v2)", "f0 b1 0 arguments are needed, not 1"),
            ("jump b1 b1(v2: word): return", "f0 b0 1 arguments are needed, not 0"),
            ("v2 = bool true jump b1(v2) b1(v3: word): return", "f0 b0 v2 must be a Word"),
            ("br v0, b1, b1 b1: return", "f0 b0 v0 must be a Bool"),
            ("return v0", "f0 b0 0 arguments are needed, not 1"),
            ("v2 = bool true v3 = add v0, v2 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = bool true v3 = eq v2, v0 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = not v0 return", "f0 b0 i0 v0 must be a Bool"),
            ("v2 = word v0 return", "f0 b0 i0 v0 must be a Bool"),
            ("fail_if v0, overflow return", "f0 b0 i0 v0 must be a Bool"),
            ("v2 = bool true store.w8.any v2, v0 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = bool true store.w8.any v0, v2 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = bool true v3 = load.w8.any v2 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = checked_add.u128 v0, v1 return", "f0 b0 i0 u128 is too wide for the operation"),
            ("v2 = extend.i64 v0 return", "f0 b0 i0 i64 is too wide for the operation"),
            ("v2 = extend.u64 v0 return", "f0 b0 i0 u64 is too wide for the operation"),
            ("v2 = bool true v3 = extend.u8 v2 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = bool true v3 = checked_add.u8 v2, v0 return", "f0 b0 i1 v2 must be a Word"),
            ("v2 = syscall sol_log_(v0) return", "f0 b0 i0 2 arguments are needed, not 1"),
            ("v2 = bool true v3 = syscall sol_log_(v0, v2) return", "f0 b0 i1 v2 must be a Word"),
            ("call f0(v0) return", "f0 b0 i0 2 arguments are needed, not 1"),
            ("v2 = call f0(v0, v1) return", "f0 b0 i0 0 results are needed, not 1"),
            ("unreachable", "f0 b0 `unreachable` must stand after a syscall that does not return"),
            (
                "v2 = syscall sol_log_(v0, v1) unreachable",
                "f0 b0 `unreachable` must stand after a syscall that does not return",
            ),
        ] {
            assert_eq!(defects(&main(body)), [expected], "{body}");
        }
    }

    #[test]
    fn broken_modules_are_rejected() {
        let function = "(v0: word, v1: word) -> () { b0(v0: word, v1: word): return }";
        for (text, expected) in [
            (String::new(), "the entry does not exist"),
            (
                "func f0 @a(v0: word) -> () { b0(v0: word): return }".to_owned(),
                "the entry must have two words as parameters",
            ),
            (
                "func f0 @a(v0: word, v1: bool) -> () { b0(v0: word, v1: bool): return }".to_owned(),
                "the entry must have two words as parameters",
            ),
            (
                format!("frame_area 4097 func f0 @a{function}"),
                "a frame area of 4097 bytes is larger than a stack frame",
            ),
            (format!("func f0 @a{function} func f1 @a{function}"), "f1 f0 has the same name"),
        ] {
            assert_eq!(defects(&text), [expected], "{text}");
        }
    }

    /// The defects after a change to a module that the text form can not express.
    fn defects_after(change: impl FnOnce(&mut Module)) -> Vec<Defect> {
        let mut module = parse(&main("v2 = add v0, v1 return b1: return")).unwrap();
        change(&mut module);
        verify(&module).unwrap_err().into_iter().map(|error| error.defect).collect()
    }

    #[test]
    fn broken_references_are_rejected() {
        let function =
            |module: &mut Module| std::mem::take(&mut module.functions).iter().next().unwrap().clone();
        let with = |change: &dyn Fn(&mut Function)| {
            defects_after(|module| {
                let mut main = function(module);
                change(&mut main);
                module.functions.push(main);
            })
        };
        assert_eq!(with(&|f| f.blocks = IndexVec::new()), [Defect::EntrySignature, Defect::NoBlock]);
        assert_eq!(with(&|f| f.blocks[Block(0)].insts = vec![Inst(9)]), [Defect::UnknownInst(Inst(9))]);
        assert_eq!(
            with(&|f| f.blocks[Block(1)].insts = vec![Inst(0)]),
            [Defect::ListedTwice(Inst(0))],
            "in another block"
        );
        assert_eq!(with(&|f| f.blocks[Block(0)].insts.push(Inst(0))), [Defect::ListedTwice(Inst(0))]);
        assert_eq!(with(&|f| f.insts[Inst(0)].op = Op::Not(Value(7))), [Defect::UnknownValue(Value(7))]);
        assert_eq!(with(&|f| f.insts[Inst(0)].op = Op::DataAddress(Data(0))), [Defect::UnknownData(Data(0))]);
        let call = || Op::Call(Func(1), [].into_iter().collect());
        assert!(with(&|f| f.insts[Inst(0)].op = call()).contains(&Defect::UnknownFunction(Func(1))));
        let jump = |block| Terminator::Jump(Target::new(Block(block)));
        assert_eq!(with(&|f| f.blocks[Block(1)].terminator = jump(2)), [Defect::UnknownBlock(Block(2))]);
        assert_eq!(
            with(&|f| f.values[Value(2)].def = ValueDef::Result(Inst(0), 1)),
            [Defect::Definition(Value(2))]
        );
        assert_eq!(
            with(&|f| f.values[Value(1)].def = ValueDef::Param(Block(0), 0)),
            [Defect::Definition(Value(1))]
        );
        assert_eq!(
            with(&|f| f.insts[Inst(0)].results = [Value(1)].into_iter().collect()),
            [Defect::Definition(Value(1))]
        );
        assert_eq!(
            with(&|f| f.insts[Inst(0)].results = SmallVecOf::new()),
            [Defect::ResultCount { expected: 1, found: 0 }]
        );
        assert_eq!(
            with(&|f| f.blocks[Block(0)].params.push(Value(8))),
            [Defect::EntrySignature, Defect::UnknownValue(Value(8))]
        );
        assert_eq!(
            with(&|f| f.values[Value(2)].ty = Type::Bool),
            [Defect::WrongType { value: Value(2), expected: Type::Word }]
        );
        // A dead instruction defines nothing.
        assert_eq!(
            with(&|f| {
                f.blocks[Block(0)].insts.clear();
                f.blocks[Block(0)].terminator = Terminator::Return([Value(2)].into_iter().collect());
                f.results.push(Type::Word);
                f.blocks[Block(1)].terminator = jump(1);
            }),
            [Defect::NotDominated(Value(2))]
        );
        assert_eq!(defects_after(|module| module.entry = Func(3)), [Defect::NoEntry]);
    }

    type SmallVecOf = smallvec::SmallVec<[Value; 1]>;

    #[test]
    fn errors_are_bounded() {
        let body = (2..500).map(|n| format!("v{n} = not v0 ")).collect::<String>();
        assert_eq!(defects(&main(&(body + "return"))).len(), MAX_ERRORS);
    }
}
