//! The machine as built-in functions see it.

use super::{Environment, Machine, SLICE};
use ovsm_library::{Context, Host};
use ovsm_value::error::{StopReason, raise};
use ovsm_value::{ErrorKind, Handle, Raised, Unwind, Value};
use std::rc::Rc;

/// The context of a native: the machine and what the session provides.
pub(super) struct NativeContext<'a> {
    pub machine: &'a mut Machine,
    pub environment: &'a mut dyn Environment,
}

impl Context for NativeContext<'_> {
    fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value, Raised> {
        self.machine.call_inside(function, arguments, self.environment)
    }

    fn call_taking(&mut self, function: &Value, arguments: &mut [Value]) -> Result<Value, Raised> {
        self.machine.call_taking(function, arguments, self.environment)
    }

    fn charge(&mut self, units: u64) -> Result<(), Raised> {
        if ovsm_value::walk::is_due() {
            self.machine.settle_walk()?;
        }
        self.machine.charge(units)
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), Raised> {
        self.machine.reserve(bytes)
    }

    fn fresh(&mut self) -> u64 {
        self.machine.fresh()
    }

    fn function_name(&self, function: &Value) -> String {
        self.machine.name_of(function)
    }

    fn read(&mut self, text: &str) -> Result<Vec<Value>, Raised> {
        self.environment.read(text)
    }

    fn evaluate(&mut self, form: &Value) -> Result<Value, Raised> {
        self.environment.evaluate(self.machine, form)
    }

    fn expand(&mut self, form: &Value, repeatedly: bool) -> Result<Value, Raised> {
        self.environment.expand(self.machine, form, repeatedly)
    }

    fn spawn(&mut self, function: &Value, arguments: Vec<Value>) -> Result<Value, Raised> {
        self.machine.spawn(function, arguments)
    }

    fn await_handle(&mut self, handle: &Rc<Handle>) -> Result<Value, Raised> {
        self.machine.await_handle(handle, self.environment)
    }

    fn yield_turn(&mut self) -> Result<(), Raised> {
        self.machine.yield_turn(self.environment)
    }

    fn pause(&mut self, milliseconds: u64) -> Result<(), Raised> {
        self.machine.pause(milliseconds, self.environment)
    }

    fn host(&mut self) -> &mut dyn Host {
        self.environment.host()
    }
}

/// How many bytes the values may ask for in all that code makes while the program is compiled.
const COMPILE_ALLOCATIONS: u64 = 1 << 28;

/// More bytes than this at once are refused even without a limit.
const LARGEST: usize = 1 << 34;

impl Machine {
    /// Pays for the walks of values since the last time, and stops the run if one of them had to end.
    #[cold]
    #[inline(never)]
    pub(super) fn settle_walk(&mut self) -> Result<(), Raised> {
        let (used, is_over) = ovsm_value::walk::settle();
        self.charge(used)?;
        if is_over {
            let reason = self.check_interrupt().unwrap_or(StopReason::Memory);
            return Err(Box::new(Unwind::Stop(reason)));
        }
        Ok(())
    }

    fn check_interrupt(&self) -> Option<StopReason> {
        self.interrupt.as_ref()?.try_borrow_mut().ok()?.check()
    }

    pub(super) fn charge(&mut self, mut units: u64) -> Result<(), Raised> {
        while units >= u64::from(self.slice) {
            units -= u64::from(self.slice);
            self.slice = 0;
            self.refill()?;
        }
        self.slice -= units as u32;
        Ok(())
    }

    /// Begins a slice of fuel, unless something wants the run to stop.
    #[cold]
    #[inline(never)]
    pub(super) fn refill(&mut self) -> Result<(), Raised> {
        if ovsm_value::walk::is_due() {
            self.settle_walk()?;
        }
        if self.fuel == 0 {
            return Err(Box::new(Unwind::Stop(StopReason::Fuel)));
        }
        if let Some(reason) = self.check_interrupt() {
            return Err(Box::new(Unwind::Stop(reason)));
        }
        if self.compile_memory.is_some()
            && ovsm_value::allocation::noted().wrapping_sub(self.compile_mark) > COMPILE_ALLOCATIONS
        {
            return Err(Box::new(Unwind::Stop(StopReason::Memory)));
        }
        self.slice = u32::try_from(self.fuel).map_or(SLICE, |fuel| fuel.min(SLICE));
        self.fuel -= u64::from(self.slice);
        Ok(())
    }

    pub(super) fn reserve(&mut self, bytes: usize) -> Result<(), Raised> {
        if bytes < 4096 {
            return Ok(());
        }
        let used = self
            .interrupt
            .as_ref()
            .and_then(|interrupt| Some(interrupt.try_borrow().ok()?.memory_in_use()))
            .unwrap_or(0);
        let limit = self.limits.max_memory.unwrap_or(usize::MAX);
        // While a program is compiled, nobody counts the memory: what is asked for in all is bounded.
        if let Some(left) = &mut self.compile_memory {
            *left = left.saturating_sub(bytes);
            // No error that a `try` of the macro could catch, to ask for the same again.
            if *left == 0 {
                return Err(Box::new(Unwind::Stop(StopReason::Memory)));
            }
        }
        if bytes > LARGEST || used.saturating_add(bytes) > limit {
            return Err(raise(
                ErrorKind::Limit,
                format!(
                    "{bytes} more bytes would exceed the memory limit; make the result smaller or raise the limit"
                ),
            ));
        }
        Ok(())
    }

    /// The name of a function, for messages.
    pub(super) fn name_of(&self, function: &Value) -> String {
        match function {
            Value::Function(closure) => closure.name.to_string(),
            Value::Native(id) => ovsm_library::get(*id).map_or("?", |native| native.name).to_string(),
            Value::RecordType(ty) => ty.name.to_string(),
            other => ovsm_value::write::brief(other),
        }
    }
}
