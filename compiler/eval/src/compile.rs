//! From core to bytecode.
//!
//! Locals are registers for as long as their binding is in scope; intermediate values take the registers above them.
//! An expression is compiled for a [`Target`]: where its value is wanted, or whether it is wanted at all. Nothing here
//! runs code or resolves names. Start with [`compile`].

mod analyze;
mod call;
mod condition;
mod control;
mod expression;
mod groups;
mod last_use;
mod native;
mod numbers;
mod step;

use crate::bytecode::{
    CaptureSource, Entry, FunctionInfo, Instruction, KeyInfo, Operation, REGISTERS, Register, Template,
};
use crate::core::{BlockId, ExprId, FunctionId, Parameters, Unit, WrittenAt};
use analyze::{Analysis, Variable};
use last_use::LastUse;
use ovsm_base::index::Index;
use ovsm_base::{Code, Diagnostic};
use ovsm_library::Effect;
use ovsm_value::{NativeId, Value};
use rustc_hash::FxHashMap;

/// What the compiler needs to know of the natives.
#[derive(Debug)]
pub struct Operations {
    by_id: Vec<Option<Operation>>,
    ids: Vec<NativeId>,
}

impl Operations {
    /// Looks them up in the library.
    pub fn new() -> Operations {
        let mut by_id = vec![None; ovsm_library::table().len()];
        let mut ids = Vec::new();
        for (operation, name) in Operation::ALL {
            let id = ovsm_library::find(name);
            if let Some(place) = id.and_then(|id| by_id.get_mut(usize::from(id.0))) {
                *place = Some(operation);
            }
            ids.push(id.unwrap_or(NativeId(u16::MAX)));
        }
        Operations { by_id, ids }
    }

    /// The operation that a native is.
    pub fn of(&self, native: NativeId) -> Option<Operation> {
        self.by_id.get(usize::from(native.0)).copied().flatten()
    }

    /// The native that an operation is.
    pub fn native(&self, operation: Operation) -> NativeId {
        self.ids.get(operation as usize).copied().unwrap_or(NativeId(u16::MAX))
    }
}

impl Default for Operations {
    fn default() -> Operations {
        Operations::new()
    }
}

/// The code of a unit. Places in code, functions and constants are those that the machine will give them.
#[derive(Debug, Default)]
pub struct Compiled {
    /// Instructions of all functions.
    pub code: Vec<Instruction>,
    /// Where each was written.
    pub spans: Vec<WrittenAt>,
    /// The functions.
    pub entries: Vec<Entry>,
    /// What else is known of them.
    pub functions: Vec<FunctionInfo>,
    /// The constants.
    pub constants: Vec<Value>,
    /// How to make the closures.
    pub templates: Vec<Template>,
    /// The constants that are local functions without captures.
    shared: FxHashMap<FunctionId, u32>,
}

/// How much the machine has already of everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// Instructions.
    pub code: u32,
    /// Functions.
    pub functions: u32,
    /// Constants.
    pub constants: u32,
    /// Templates.
    pub templates: u32,
}

/// Compiles a unit.
///
/// # Errors
/// A function needs more registers than there are.
pub fn compile(unit: &Unit, operations: &Operations, origin: Origin) -> Result<Compiled, Box<Diagnostic>> {
    let analysis = Analysis::new(unit, operations);
    let mut compiled = Compiled::default();
    for (id, function) in unit.functions.iter_enumerated() {
        let compiler = FunctionCompiler {
            unit,
            analysis: &analysis,
            operations,
            origin,
            function: id,
            start: compiled.code.len(),
            compiled: &mut compiled,
            next: 1,
            max: 1,
            variables: FxHashMap::default(),
            scopes: Vec::new(),
            labels: Vec::new(),
            last_label: 0,
            span: WrittenAt { span: function.span, macros: None },
            last: None,
            next_last: None,
        };
        compiler.run().map_err(|TooLarge| {
            let message = format!(
                "the function `{}` needs more than {REGISTERS} variables and intermediate values at once",
                function.name
            );
            let diagnostic = match function.span {
                Some(span) => Diagnostic::at(Code::ProgramTooLarge, span, message),
                None => Diagnostic::new(Code::ProgramTooLarge, message),
            };
            diagnostic.help("move a part of it into a function of its own")
        })?;
    }
    Ok(compiled)
}

/// A function needs more registers than there are.
struct TooLarge;

type Compile<T = ()> = Result<T, TooLarge>;

/// Where the value of an expression goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    /// Nowhere.
    Effect,
    /// Into a register, which may be written as soon as the operands of the last step have been read.
    Register(Register),
    /// It is the value of the function.
    Tail,
    /// All its values go into a register, as an array.
    All(Register),
}

/// Where a variable is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Register(Register),
    /// In the shared place that is in the register.
    Cell(Register),
    Capture(u32),
    CaptureCell(u32),
    /// Nowhere: it is this constant for as long as it is in scope, and nothing captures it.
    Known(ExprId),
    /// It is this function, which is defined together with the one that is being compiled, or is that one.
    Together(FunctionId),
}

/// What a jump out of an expression has to undo.
#[derive(Clone, Copy, Debug)]
enum Scope {
    Handler,
    Pending,
    Block { block: BlockId, target: Target, end: Label },
}

/// A place in the code that may not be known yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Label(usize);

struct FunctionCompiler<'a> {
    unit: &'a Unit,
    analysis: &'a Analysis,
    operations: &'a Operations,
    origin: Origin,
    function: FunctionId,
    start: usize,
    compiled: &'a mut Compiled,
    /// The first register that is free.
    next: u32,
    max: u32,
    variables: FxHashMap<Variable, Place>,
    scopes: Vec<Scope>,
    /// Where each label is; jumps hold the number of their label until the function is complete.
    labels: Vec<u32>,
    /// Where the last label is that was placed: a jump may lead there.
    last_label: usize,
    /// Where the expression was written that is being compiled.
    span: WrittenAt,
    /// What the expression that is being compiled may use for the last time.
    last: Option<LastUse>,
    /// The same for the expression that is compiled next.
    next_last: Option<LastUse>,
}

impl FunctionCompiler<'_> {
    fn run(mut self) -> Compile {
        let unit = self.unit;
        let Some(function) = unit.functions.get(self.function) else { return Ok(()) };
        let captures = self.analysis.captures.get(self.function.index()).map_or(&[][..], Vec::as_slice);
        for (n, variable) in captures.iter().enumerate() {
            let place = if self.analysis.is_shared(*variable) {
                Place::CaptureCell(n as u32)
            } else {
                Place::Capture(n as u32)
            };
            self.variables.insert(*variable, place);
        }
        for (variable, other) in self.analysis.groups.others(self.function) {
            self.variables.entry(variable).or_insert(Place::Together(other));
        }
        let parameters = &function.parameters;
        let mut info = FunctionInfo {
            name: function.name.clone(),
            required: parameters.required.len(),
            optional: Vec::new(),
            rest: None,
            keys: None,
            allow_other_keys: parameters.allow_other_keys,
            span: function.span,
            doc: function.doc.clone(),
        };
        self.parameters(parameters, &mut info)?;
        self.expr(function.body, Target::Tail)?;
        self.finish();
        let simple = info.optional.is_empty() && info.rest.is_none() && info.keys.is_none();
        let entry = Entry {
            start: self.origin.code + self.start as u32,
            arguments: if simple { info.required as u8 } else { Entry::GENERAL },
            captures: !captures.is_empty(),
        };
        self.compiled.entries.push(entry);
        self.compiled.functions.push(info);
        Ok(())
    }

    /// Gives the parameters their registers, and makes the code of the defaults.
    fn parameters(&mut self, parameters: &Parameters, info: &mut FunctionInfo) -> Compile {
        let keys = parameters.keys.as_deref().unwrap_or(&[]);
        let mut values = Vec::new();
        let count = parameters.required.len() + parameters.optional.len() + keys.len();
        for _ in 0..count + usize::from(parameters.rest.is_some()) {
            values.push(self.register()?);
        }
        let mut flags = Vec::new();
        for _ in 0..parameters.optional.len() + keys.len() {
            flags.push(self.register()?);
        }
        let (mut values, mut flags) = (values.into_iter(), flags.into_iter());
        for local in &parameters.required {
            let register = values.next().ok_or(TooLarge)?;
            self.bind(self.analysis.local(*local), register);
        }
        for optional in &parameters.optional {
            let (register, flag) = (values.next().ok_or(TooLarge)?, flags.next().ok_or(TooLarge)?);
            info.optional.push(flag);
            self.default(register, flag, optional.default)?;
            self.bind(self.analysis.local(optional.local), register);
            if let Some(supplied) = optional.supplied {
                self.bind(self.analysis.local(supplied), flag);
            }
        }
        if let Some(rest) = parameters.rest {
            let register = values.next().ok_or(TooLarge)?;
            info.rest = Some(register);
            self.bind(self.analysis.local(rest), register);
        }
        if parameters.keys.is_some() {
            let mut infos = Vec::new();
            for key in keys {
                let (register, flag) = (values.next().ok_or(TooLarge)?, flags.next().ok_or(TooLarge)?);
                infos.push(KeyInfo { name: key.name.clone(), register, supplied: flag });
                self.default(register, flag, key.default)?;
                self.bind(self.analysis.local(key.local), register);
                if let Some(supplied) = key.supplied {
                    self.bind(self.analysis.local(supplied), flag);
                }
            }
            info.keys = Some(infos);
        }
        Ok(())
    }

    fn default(&mut self, register: Register, flag: Register, default: ExprId) -> Compile {
        let given = self.label();
        self.emit(Instruction::JumpIf(flag, given.0 as u32));
        self.expr(default, Target::Register(register))?;
        self.place(given);
        Ok(())
    }

    /// Makes a register the place of a variable, which may have to be shared.
    fn bind(&mut self, variable: Variable, register: Register) {
        if self.analysis.is_shared(variable) {
            self.emit(Instruction::NewCell(register));
            self.variables.insert(variable, Place::Cell(register));
        } else {
            self.variables.insert(variable, Place::Register(register));
        }
    }

    /// Where an expression was written, if it knows.
    fn written_at(&self, expr: ExprId) -> Option<WrittenAt> {
        let span = self.unit.spans.get(expr).copied().flatten()?;
        Some(WrittenAt { span: Some(span), macros: self.unit.origins.get(&expr).cloned() })
    }

    fn emit(&mut self, instruction: Instruction) {
        self.compiled.code.push(instruction);
        self.compiled.spans.push(self.span.clone());
    }

    /// The next free register.
    fn register(&mut self) -> Compile<Register> {
        if self.next >= REGISTERS {
            return Err(TooLarge);
        }
        let register = self.next as u8;
        self.next += 1;
        self.max = self.max.max(self.next);
        Ok(register)
    }

    fn label(&mut self) -> Label {
        self.labels.push(0);
        Label(self.labels.len() - 1)
    }

    fn place(&mut self, label: Label) {
        self.last_label = self.compiled.code.len();
        let here = self.origin.code + self.compiled.code.len() as u32;
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = here;
        }
    }

    fn jump(&mut self, label: Label) {
        self.emit(Instruction::Jump(label.0 as u32));
    }

    /// Writes what was not known: targets of jumps and the number of registers.
    fn finish(&mut self) {
        let size = self.max as u8;
        let labels = &self.labels;
        let Some(code) = self.compiled.code.get_mut(self.start..) else { return };
        for instruction in code {
            match instruction {
                Instruction::TailCall(.., place)
                | Instruction::TailCallGlobal(_, _, place, _)
                | Instruction::TailApply(.., place)
                | Instruction::Return(_, place)
                | Instruction::ReturnSum(.., place)
                | Instruction::ReturnCaptureCell(place, _)
                | Instruction::ReturnCaptureCellStep(_, place, _)
                | Instruction::ReturnValues(_, place) => *place = size,
                _ => {}
            }
            if let Some(target) = target_of(instruction) {
                *target = labels.get(*target as usize).copied().unwrap_or(0);
            }
        }
    }

    fn constant(&mut self, value: Value) -> u32 {
        self.compiled.constants.push(value);
        self.origin.constants + self.compiled.constants.len() as u32 - 1
    }

    /// Where a closure made here finds a variable.
    fn source(&self, variable: Variable) -> CaptureSource {
        match self.variables.get(&variable) {
            Some(Place::Register(register) | Place::Cell(register)) => CaptureSource::Register(*register),
            Some(Place::Capture(n) | Place::CaptureCell(n)) => CaptureSource::Capture(*n),
            // A function that captures is in register 0 itself; another of its group was made before.
            Some(Place::Known(_) | Place::Together(_)) | None => CaptureSource::Register(0),
        }
    }

    fn is_pure(native: NativeId) -> bool {
        ovsm_library::get(native).is_some_and(|native| native.effect == Effect::Pure)
    }
}

/// The target of a jump or of a handler.
fn target_of(instruction: &mut Instruction) -> Option<&mut u32> {
    use Instruction as I;
    match instruction {
        I::Jump(target)
        | I::JumpBack(target)
        | I::JumpIf(_, target)
        | I::JumpUnless(_, target)
        | I::JumpIfLess(_, _, target)
        | I::JumpIfLessEqual(_, _, target)
        | I::JumpIfGreater(_, _, target)
        | I::JumpIfGreaterEqual(_, _, target)
        | I::JumpIfEqual(_, _, target)
        | I::JumpIfNotEqual(_, _, target)
        | I::JumpUnlessLess(_, _, target)
        | I::JumpUnlessLessEqual(_, _, target)
        | I::JumpUnlessGreater(_, _, target)
        | I::JumpUnlessGreaterEqual(_, _, target)
        | I::JumpUnlessEqual(_, _, target)
        | I::JumpUnlessNotEqual(_, _, target)
        | I::JumpIfLessImmediate(_, _, target)
        | I::JumpIfLessEqualImmediate(_, _, target)
        | I::JumpIfGreaterImmediate(_, _, target)
        | I::JumpIfGreaterEqualImmediate(_, _, target)
        | I::JumpIfEqualImmediate(_, _, target)
        | I::JumpIfNotEqualImmediate(_, _, target)
        | I::JumpUnlessLessImmediate(_, _, target)
        | I::JumpUnlessLessEqualImmediate(_, _, target)
        | I::JumpUnlessGreaterImmediate(_, _, target)
        | I::JumpUnlessGreaterEqualImmediate(_, _, target)
        | I::JumpUnlessEqualImmediate(_, _, target)
        | I::JumpUnlessNotEqualImmediate(_, _, target)
        | I::StepJumpIfLess(_, _, _, target)
        | I::ReturnIfLess(_, _, _, target)
        | I::PushTry(_, _, target)
        | I::PushCatch(_, _, target)
        | I::PushProtect(_, target)
        | I::PushBlock(_, _, target) => Some(target),
        _ => None,
    }
}
