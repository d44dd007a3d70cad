//! The machine: code, module-level variables, and what a run may spend.
//!
//! One loop over instructions (`execute`) works on a stack of registers and a stack of frames, so that the program's
//! recursion takes none of the native stack. A built-in function that calls back enters the loop again, with stacks of
//! its own. The machine knows no syntax and reaches nothing outside but through its [`Environment`]. Start with
//! [`Machine::load`] and [`Machine::run`].

mod arguments;
mod call;
mod execute;
mod fast;
mod loaded;
mod natives;
mod stack;
mod task;
#[cfg(test)]
mod tests;
mod trace;
mod unwind;
mod update;

use crate::bytecode::{Entry, FunctionInfo, GlobalSlot, Instruction, Template, WINDOW, slot};
use crate::compile::Operations;
use crate::core::GlobalId;
use ovsm_base::stack::with_room;
use ovsm_base::{MacroOrigin, Span};
use ovsm_library::{Host, Native};
use ovsm_value::error::{StopReason, TraceFrame};
use ovsm_value::{Raised, Unwind, Value};
use std::cell::RefCell;
use std::rc::Rc;
use trace::Trace;
use unwind::{Handler, Pending};

/// What a run may spend.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many calls and rounds of loops, together with what built-in functions charge.
    pub fuel: u64,
    /// How many active functions at once.
    pub max_depth: usize,
    /// How many bytes of memory.
    pub max_memory: Option<usize>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { fuel: u64::MAX, max_depth: 1_000_000, max_memory: None }
    }
}

/// Watches a run from outside: time, memory, the user's wish to stop.
pub trait Interrupt {
    /// Asked every few thousand units of fuel whether the run has to stop.
    fn check(&mut self) -> Option<StopReason>;

    /// How many bytes of memory are in use, if anybody counts.
    fn memory_in_use(&self) -> usize {
        0
    }
}

type SharedInterrupt = Rc<RefCell<Box<dyn Interrupt>>>;

/// Ends walks of values that take too long or too much memory.
struct WalkWatch {
    interrupt: Option<SharedInterrupt>,
    max_memory: usize,
    fuel: u64,
}

impl ovsm_value::walk::Watch for WalkWatch {
    fn must_stop(&self, used: u64) -> bool {
        if used > self.fuel {
            return true;
        }
        let Some(mut interrupt) = self.interrupt.as_ref().and_then(|shared| shared.try_borrow_mut().ok())
        else {
            return false;
        };
        interrupt.check().is_some() || interrupt.memory_in_use() > self.max_memory
    }
}

/// What the session provides to the programs that it runs.
pub trait Environment {
    /// The outside world.
    fn host(&mut self) -> &mut dyn Host;

    /// Reads forms into data.
    ///
    /// # Errors
    /// A `:parse` error.
    fn read(&mut self, text: &str) -> Result<Vec<Value>, Raised>;

    /// Evaluates data as a form.
    ///
    /// # Errors
    /// Whatever the form raises.
    fn evaluate(&mut self, machine: &mut Machine, form: &Value) -> Result<Value, Raised>;

    /// Expands a macro call once, or until it is none.
    ///
    /// # Errors
    /// Whatever the macro raises.
    fn expand(&mut self, machine: &mut Machine, form: &Value, repeatedly: bool) -> Result<Value, Raised>;
}

/// A run that ended without a value.
#[derive(Debug)]
pub struct Failure {
    /// How it ended.
    pub unwind: Unwind,
    /// Where.
    pub span: Option<Span>,
    /// The macros that made the code there.
    pub origin: Option<Rc<MacroOrigin>>,
    /// Where it is stated what the call at that place does not keep to.
    pub stated: Option<Span>,
    /// The active functions, innermost first; at most the first [`Failure::INNER`] and the last [`Failure::OUTER`].
    pub trace: Vec<TraceFrame>,
    /// How many active functions the trace leaves out, after the first [`Failure::INNER`].
    pub omitted: usize,
}

impl Failure {
    /// How many frames a trace has before it leaves some out.
    pub const INNER: usize = 20;
    /// How many frames a trace has after those that it leaves out.
    pub const OUTER: usize = 5;
}

/// A unit that a machine has loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnitId(pub u32);

/// A caller: where it goes on, and where its frame starts.
#[derive(Clone, Copy, Debug)]
struct Frame {
    pc: u32,
    base: u32,
    /// The register that gets the value of the call.
    to: u8,
}

/// The stacks of one activity of the loop. They are used again, and are empty in between.
#[derive(Debug, Default)]
struct Stacks {
    registers: Vec<Value>,
    frames: Vec<Frame>,
    handlers: Vec<Handler>,
    pending: Vec<Pending>,
    /// Where a task gave way: the program counter and the base.
    place: (usize, usize),
}

impl Stacks {
    /// Empties them after a failure.
    fn clear(&mut self) {
        self.registers.iter_mut().for_each(|register| *register = Value::Null);
        self.frames.clear();
        self.handlers.clear();
        self.pending.clear();
    }
}

/// How much fuel is spent between two questions to the interrupt.
const SLICE: u32 = 10_000;

/// A machine.
pub struct Machine {
    code: Vec<Instruction>,
    spans: Vec<crate::core::WrittenAt>,
    entries: Vec<Entry>,
    functions: Vec<FunctionInfo>,
    constants: Vec<Value>,
    templates: Vec<Template>,
    units: Vec<loaded::Loaded>,
    globals: Vec<GlobalSlot>,
    natives: &'static [&'static Native],
    operations: Operations,
    limits: Limits,
    interrupt: Option<SharedInterrupt>,
    /// Fuel that is not in the current slice.
    fuel: u64,
    /// Fuel that is left of the current slice.
    slice: u32,
    /// Active functions below the current activity of the loop.
    depth: usize,
    /// How many activities of the loop there are.
    level: usize,
    /// The tags of the catches that are active, innermost last.
    tags: Vec<Value>,
    /// The numbers of the blocks that are active and left by unwinding; ascending.
    activations: Vec<u64>,
    next_activation: u64,
    /// The dynamic variables that are bound, innermost last, and their values outside.
    bindings: Vec<(u32, Option<Value>)>,
    tasks: task::Tasks,
    fresh: u64,
    /// All values of the function that has just ended, if somebody wants them.
    values: Option<Value>,
    trace: Option<Trace>,
    spare: Vec<Stacks>,
    /// How many bytes code that runs while the program is compiled may still ask for.
    compile_memory: Option<usize>,
    /// What values had asked for when that run began.
    compile_mark: u64,
}

impl Machine {
    /// A machine without code.
    pub fn new(limits: Limits) -> Machine {
        Machine {
            code: Vec::new(),
            spans: Vec::new(),
            entries: Vec::new(),
            functions: Vec::new(),
            constants: Vec::new(),
            templates: Vec::new(),
            units: Vec::new(),
            globals: Vec::new(),
            natives: ovsm_library::table(),
            operations: Operations::new(),
            fuel: limits.fuel,
            slice: 0,
            limits,
            interrupt: None,
            depth: 0,
            level: 0,
            tags: Vec::new(),
            activations: Vec::new(),
            next_activation: 1,
            bindings: Vec::new(),
            tasks: task::Tasks::default(),
            fresh: 0,
            values: None,
            trace: None,
            spare: Vec::new(),
            compile_memory: None,
            compile_mark: 0,
        }
    }

    /// Sets who watches the runs.
    pub fn set_interrupt(&mut self, interrupt: Option<Box<dyn Interrupt>>) {
        self.interrupt = interrupt.map(|interrupt| Rc::new(RefCell::new(interrupt)));
    }

    /// Adds a module-level variable without a value.
    pub fn add_global(&mut self, name: &str) -> GlobalId {
        self.globals.push(GlobalSlot { name: name.into(), value: None });
        GlobalId(self.globals.len() as u32 - 1)
    }

    /// The value of a module-level variable.
    pub fn global(&self, global: GlobalId) -> Option<&Value> {
        self.globals.get(slot(global))?.value.as_ref()
    }

    /// The name of a module-level variable.
    pub fn global_name(&self, global: GlobalId) -> &str {
        self.globals.get(slot(global)).map_or("", |slot| &slot.name)
    }

    /// Gives a module-level variable a value.
    pub fn set_global(&mut self, global: GlobalId, value: Value) {
        if let Some(slot) = self.globals.get_mut(slot(global)) {
            slot.value = Some(value);
        }
    }

    /// The module-level variables.
    pub fn globals(&self) -> &[GlobalSlot] {
        &self.globals
    }

    /// What is known of a function of the program, by the number that its closures have.
    pub fn function(&self, code: u32) -> Option<&FunctionInfo> {
        self.functions.get(code as usize)
    }

    /// Fuel that is left.
    pub fn fuel_left(&self) -> u64 {
        self.fuel.saturating_add(u64::from(self.slice))
    }

    /// Sets how much fuel is left.
    pub fn set_fuel(&mut self, fuel: u64) {
        (self.fuel, self.slice) = (fuel, 0);
    }

    /// Bounds the memory that code may ask for, while a program is compiled; gives the bound before.
    pub(crate) fn bound_memory(&mut self, bytes: Option<usize>) -> Option<usize> {
        self.compile_mark = ovsm_value::allocation::noted();
        std::mem::replace(&mut self.compile_memory, bytes)
    }

    /// Numbers begin anew, after one that is likely to be another for other code.
    pub(crate) fn begin_fresh(&mut self, code: u64) {
        self.fresh = code % 1_000_000 * 1_000;
    }

    /// A number that no earlier call gave.
    pub fn fresh(&mut self) -> u64 {
        self.fresh += 1;
        self.fresh
    }

    /// Runs the form of a unit.
    ///
    /// # Errors
    /// The form ended without a value.
    pub fn run(&mut self, unit: UnitId, environment: &mut dyn Environment) -> Result<Value, Failure> {
        self.run_inside(unit, environment).map_err(|raised| self.failure(raised))
    }

    /// Runs the form of a unit for a program that is running already: what it raises goes on to that program.
    ///
    /// # Errors
    /// The form ended without a value.
    pub fn run_inside(&mut self, unit: UnitId, environment: &mut dyn Environment) -> Result<Value, Raised> {
        let entry = self.entry_of(unit)?;
        self.enter(entry, Value::Null, &mut [], environment)
    }

    /// Calls a function.
    ///
    /// # Errors
    /// The call ended without a value.
    pub fn call(
        &mut self,
        function: &Value,
        arguments: &[Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Failure> {
        let result = self.call_inside(function, arguments, environment);
        result.map_err(|raised| self.failure(raised))
    }

    /// Calls a function for a program that is running already: what it raises goes on to that program.
    ///
    /// # Errors
    /// The call ended without a value.
    pub fn call_inside(
        &mut self,
        function: &Value,
        arguments: &[Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        // Few arguments are most calls, and need no memory of their own.
        match arguments {
            [one] => self.call_taking(function, &mut [one.clone()], environment),
            [one, two] => self.call_taking(function, &mut [one.clone(), two.clone()], environment),
            more => self.call_taking(function, &mut more.to_vec(), environment),
        }
    }

    /// The same; takes the arguments out, so that the function holds them alone if the caller did.
    pub(crate) fn call_taking(
        &mut self,
        function: &Value,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        match function {
            Value::Function(closure) => self.enter(closure.code, function.clone(), arguments, environment),
            other => {
                // What is called here can not give way: a built-in function waits for its value.
                self.level += 1;
                let result = with_room(|| self.call_value(other, arguments, environment));
                self.level -= 1;
                result
            }
        }
    }

    /// Does a piece of work with values, such as writing their text, within the limits of the runs.
    ///
    /// # Errors
    /// If a limit is exceeded.
    pub fn within_limits<R>(&mut self, work: impl FnOnce() -> R) -> Result<R, Failure> {
        let watch = self.walk_watch();
        let result = ovsm_value::walk::watched(watch, work);
        self.settle_walk().map_err(|raised| self.failure(raised))?;
        Ok(result)
    }

    fn walk_watch(&self) -> Rc<WalkWatch> {
        Rc::new(WalkWatch {
            interrupt: self.interrupt.clone(),
            max_memory: self.limits.max_memory.unwrap_or(usize::MAX),
            fuel: self.fuel_left(),
        })
    }

    /// Runs a function of the program in a new activity of the loop. The first one watches the walks of values.
    fn enter(
        &mut self,
        function: u32,
        callee: Value,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        if self.level > 0 {
            return self.enter_watched(function, callee, arguments, environment);
        }
        let watch = self.walk_watch();
        ovsm_value::walk::watched(watch, || self.enter_watched(function, callee, arguments, environment))
    }

    fn enter_watched(
        &mut self,
        function: u32,
        callee: Value,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let mut stacks = self.spare.pop().unwrap_or_default();
        if stacks.registers.len() < WINDOW {
            stacks.registers.resize(WINDOW, Value::Null);
        }
        let depth = self.depth;
        self.level += 1;
        let start = task::Start::Call { function, callee, arguments };
        let result = with_room(|| self.execute(&mut stacks, start, environment));
        self.level -= 1;
        self.depth = depth;
        if result.is_err() {
            stacks.clear();
        }
        self.keep_stacks(stacks);
        result
    }

    fn keep_stacks(&mut self, stacks: Stacks) {
        // A stack that was deep once is not kept for ever.
        if stacks.registers.len() <= 1 << 16 && self.spare.len() < 64 {
            self.spare.push(stacks);
        }
    }
}
