//! A session: a machine and a front. What runs a file, a text, or one line after the other.

use crate::front::{Front, Loader};
use crate::machine::{Failure, Limits, Machine, UnitId};
use ovsm_base::Diagnostic;
use ovsm_library::Host;
use ovsm_value::Value;

/// A session.
pub struct Session {
    /// What runs code.
    pub machine: Machine,
    /// What makes code of text.
    pub front: Front,
}

/// Why a program gave no value.
pub enum Ended {
    /// It could not be compiled: at least one of these is an error.
    Rejected(Vec<Diagnostic>),
    /// It was stopped while it ran.
    Failed(Box<Failure>),
}

impl Session {
    /// A session with nothing but the prelude.
    pub fn new(limits: Limits, loader: Box<dyn Loader>, host: Box<dyn Host>) -> Session {
        // What the last session of the thread left to pay is none of this one's business.
        ovsm_value::walk::settle();
        let mut machine = Machine::new(limits);
        let front = Front::new(&mut machine, loader, host);
        Session { machine, front }
    }

    /// A session for the text of a program: it knows the macros that programs have.
    pub fn of_program(limits: Limits, loader: Box<dyn Loader>, host: Box<dyn Host>) -> Session {
        let mut session = Session::new(limits, loader, host);
        session.front.become_program();
        session
    }

    /// Compiles a text as the main module. What is wrong stays in [`Front::diagnostics`].
    pub fn load(&mut self, path: &str, text: &str) -> Vec<UnitId> {
        let main = self.front.main;
        let units = self.front.load(&mut self.machine, main, path, text);
        std::mem::take(&mut self.front.queued).into_iter().chain(units).collect()
    }

    /// Runs units in order; the value is that of the last.
    ///
    /// # Errors
    /// If one of them fails.
    pub fn run_units(&mut self, units: &[UnitId]) -> Result<Value, Ended> {
        let mut value = Value::Null;
        for unit in units {
            let result = self.machine.run(*unit, &mut self.front);
            value = self.kept(result)?;
        }
        self.finish_tasks()?;
        Ok(value)
    }

    /// Compiles and runs a text. The value is that of its last form, in the order of the text.
    ///
    /// # Errors
    /// If it can not be compiled or fails.
    pub fn run(&mut self, path: &str, text: &str) -> Result<Value, Ended> {
        let units = self.load(path, text);
        if self.front.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Ended::Rejected(std::mem::take(&mut self.front.diagnostics)));
        }
        let last = self.front.last_unit;
        let mut result = Value::Null;
        for unit in &units {
            let value = self.machine.run(*unit, &mut self.front);
            let value = self.kept(value)?;
            // Definitions of functions run first, wherever they stand.
            if Some(*unit) == last {
                result = value;
            }
        }
        self.finish_tasks()?;
        Ok(result)
    }

    /// Calls a function value.
    ///
    /// # Errors
    /// If it fails.
    pub fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Value, Ended> {
        let result = self.machine.call(function, arguments, &mut self.front);
        let value = self.kept(result)?;
        self.finish_tasks()?;
        Ok(value)
    }

    /// What a run gave. If it failed, its tasks are given up.
    fn kept(&mut self, result: Result<Value, Failure>) -> Result<Value, Ended> {
        result.map_err(|failure| {
            self.machine.give_up_tasks();
            Ended::Failed(Box::new(failure))
        })
    }

    /// Lets the tasks end that a run has made.
    fn finish_tasks(&mut self) -> Result<(), Ended> {
        self.machine.finish_tasks(&mut self.front).map_err(|failure| Ended::Failed(Box::new(failure)))
    }

    /// Compiles and runs one form of the main module.
    ///
    /// # Errors
    /// If it can not be compiled or fails.
    pub fn run_form(&mut self, form: Value) -> Result<Value, Ended> {
        let main = self.front.main;
        let unit = self.front.load_form(&mut self.machine, main, form);
        if self.front.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Ended::Rejected(std::mem::take(&mut self.front.diagnostics)));
        }
        let units: Vec<UnitId> = std::mem::take(&mut self.front.queued).into_iter().chain(unit).collect();
        self.run_units(&units)
    }

    /// The names that code of the main module can use: its own, the built-in functions, the forms. Sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.front.names();
        names.extend(crate::expand::special_names().map(str::to_string));
        names.extend(
            ovsm_library::table()
                .iter()
                .flat_map(|native| std::iter::once(&native.name).chain(native.aliases))
                .filter(|name| !name.starts_with('#'))
                .map(|name| name.to_string()),
        );
        names.sort();
        names.dedup();
        names
    }

    /// What is known of a name: of a function of the program its parameters and docstring, of a built-in function its
    /// page, of a form how it is written.
    pub fn documentation(&mut self, name: &str) -> Option<String> {
        if let Some(text) = self.front.documentation(&mut self.machine, name) {
            return Some(text);
        }
        if let Some(shape) = crate::expand::special_shape(name) {
            return Some(shape.to_string());
        }
        let id = ovsm_library::find(name).or_else(|| self.front.native_named(&mut self.machine, name))?;
        let native = ovsm_library::get(id)?;
        let mut text =
            format!("({} {}\n\n{}\n", native.name, native.signature.trim_start_matches('('), native.doc);
        for (call, result) in native.examples {
            text.push_str(&format!("\n    {call} ; => {result}"));
        }
        Some(text)
    }
}
