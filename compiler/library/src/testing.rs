//! A context for unit tests of natives: it calls natives only, and has no host.

use crate::{Context, Host, HostError, NativeFn, find, get};
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Raised, Unwind, Value, write::write};

/// The context.
#[derive(Default)]
pub struct TestContext {
    fresh: u64,
    /// What was printed.
    pub printed: String,
}

impl Context for TestContext {
    fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value, Raised> {
        match function {
            Value::Native(id) => {
                let run: NativeFn = get(*id).unwrap().run;
                run(self, &mut arguments.to_vec())
            }
            other => Err(type_error("call", "a function", other)),
        }
    }

    fn charge(&mut self, _: u64) -> Result<(), Raised> {
        Ok(())
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), Raised> {
        if bytes > 1 << 30 { Err(raise(ErrorKind::Limit, "too much memory")) } else { Ok(()) }
    }

    fn fresh(&mut self) -> u64 {
        self.fresh += 1;
        self.fresh
    }

    fn function_name(&self, _: &Value) -> String {
        "function".to_string()
    }

    fn read(&mut self, _: &str) -> Result<Vec<Value>, Raised> {
        Err(raise(ErrorKind::Parse, "no reader here"))
    }

    fn evaluate(&mut self, form: &Value) -> Result<Value, Raised> {
        Ok(form.clone())
    }

    fn expand(&mut self, form: &Value, _: bool) -> Result<Value, Raised> {
        Ok(form.clone())
    }

    fn host(&mut self) -> &mut dyn Host {
        self
    }
}

impl Host for TestContext {
    fn print(&mut self, text: &str) -> Result<(), HostError> {
        self.printed.push_str(text);
        Ok(())
    }
}

/// The native of a name as a value.
pub fn function(name: &str) -> Value {
    Value::Native(find(name).unwrap_or_else(|| panic!("no native `{name}`")))
}

/// Calls a native by name; gives the written result, or the kind of the error.
pub fn call(name: &str, arguments: &[Value]) -> String {
    match TestContext::default().call(&function(name), arguments) {
        Ok(value) => write(&value),
        Err(raised) => match *raised {
            Unwind::Error(error) => format!("error {}", error.kind.name()),
            other => format!("{other:?}"),
        },
    }
}
