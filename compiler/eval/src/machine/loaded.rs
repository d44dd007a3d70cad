//! The units that a machine has loaded. A unit becomes bytecode when it runs for the first time: checking a program
//! runs little of it, and a script uses a part of the library only. Start with [`Machine::load`].

use super::{Machine, UnitId};
use crate::compile::{Origin, compile};
use crate::core::Unit;
use ovsm_base::Diagnostic;
use ovsm_base::index::Index;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Raised};
use std::rc::Rc;

/// A function with so many expressions and locals fits into the registers that there are, whatever it does: an expression
/// takes few of them beside those of its parts.
const SURELY_SMALL: usize = 60;

/// A unit of the machine.
#[derive(Debug)]
pub(super) enum Loaded {
    /// It has not run so far.
    Core(Rc<Unit>),
    /// The number of its first function.
    Code(u32),
}

impl Machine {
    /// Takes a unit.
    ///
    /// # Errors
    /// A function needs more registers than there are.
    pub fn load(&mut self, unit: &Rc<Unit>) -> Result<UnitId, Box<Diagnostic>> {
        let loaded = match has_small_functions(unit) {
            true => Loaded::Core(Rc::clone(unit)),
            false => Loaded::Code(self.translate(unit)?),
        };
        self.units.push(loaded);
        Ok(UnitId(self.units.len() as u32 - 1))
    }

    /// The number of the first function of a unit; none if it has not become code.
    pub fn first_function(&self, id: UnitId) -> Option<u32> {
        match self.units.get(id.0 as usize) {
            Some(Loaded::Code(entry)) => Some(*entry),
            _ => None,
        }
    }

    /// The number of the first function of a unit, which is code from now on.
    pub(super) fn entry_of(&mut self, id: UnitId) -> Result<u32, Raised> {
        let unit = match self.units.get(id.0 as usize) {
            Some(Loaded::Code(entry)) => return Ok(*entry),
            Some(Loaded::Core(unit)) => Rc::clone(unit),
            None => return Err(super::stack::broken()),
        };
        let entry =
            self.translate(&unit).map_err(|diagnostic| raise(ErrorKind::Limit, diagnostic.message))?;
        if let Some(loaded) = self.units.get_mut(id.0 as usize) {
            *loaded = Loaded::Code(entry);
        }
        Ok(entry)
    }

    /// Adds the code of a unit; gives the number of its first function.
    fn translate(&mut self, unit: &Unit) -> Result<u32, Box<Diagnostic>> {
        let origin = Origin {
            code: self.code.len() as u32,
            functions: self.entries.len() as u32,
            constants: self.constants.len() as u32,
            templates: self.templates.len() as u32,
        };
        let compiled = compile(unit, &self.operations, origin)?;
        self.code.extend(compiled.code);
        self.spans.extend(compiled.spans);
        self.entries.extend(compiled.entries);
        self.functions.extend(compiled.functions);
        self.constants.extend(compiled.constants);
        self.templates.extend(compiled.templates);
        Ok(origin.functions)
    }
}

/// True if all functions of a unit are so small that they surely fit into registers.
fn has_small_functions(unit: &Unit) -> bool {
    if unit.exprs.len() + unit.locals.len() <= SURELY_SMALL {
        return true;
    }
    let mut sizes = vec![0; unit.functions.len()];
    for local in unit.locals.iter() {
        // Another function that uses it does so in an expression.
        if let Some(size) = sizes.get_mut(local.owner.index()) {
            *size += 1;
        }
    }
    let mut work = Vec::new();
    unit.functions.iter().zip(sizes).all(|(function, mut size)| {
        let parameters = &function.parameters;
        work.clear();
        work.push(function.body);
        work.extend(parameters.optional.iter().map(|optional| optional.default));
        work.extend(parameters.keys.iter().flatten().map(|key| key.default));
        while size <= SURELY_SMALL
            && let Some(expr) = work.pop()
        {
            size += 1;
            if let Some(expr) = unit.exprs.get(expr) {
                expr.for_each_child(|child| work.push(child));
            }
        }
        size <= SURELY_SMALL
    })
}
