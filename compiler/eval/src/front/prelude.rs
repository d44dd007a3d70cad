//! The preludes of a session: what their names mean. A definition is read and expanded when something uses its name.
//! Start with [`Front::prelude`].

use super::{Form, FormState, Front};
use crate::library_forms::{self, LibraryText};
use crate::machine::Machine;
use crate::module::{Meaning, ModuleId};
use ovsm_value::Value;
use std::rc::Rc;

impl Front {
    /// Lets the forms be those of a program for Solana.
    pub(crate) fn become_program(&mut self) {
        self.is_program = true;
        self.first_program_form = self.forms.len();
        for text in library_forms::program_preludes() {
            self.add_prelude(text);
        }
    }

    /// Takes note of the names that a prelude defines.
    pub(super) fn add_prelude(&mut self, text: &'static LibraryText) {
        self.sources.add_library(text);
        self.forms.reserve(text.forms.len());
        self.prelude_forms.reserve(text.forms.len());
        for form in &text.forms {
            let index = self.forms.len();
            self.prelude_forms.extend(form.names.iter().map(|name| (&**name, index)));
            self.forms.push(Form {
                module: ModuleId(0),
                syntax: Value::Null,
                unread: Some(form),
                state: FormState::Waiting,
                is_early: true,
            });
        }
    }

    /// Reads a form of the preludes, unless that was done.
    pub(super) fn read_form(&mut self, index: usize) {
        if let Some(form) = self.forms.get_mut(index)
            && let Some(unread) = form.unread.take()
        {
            form.syntax = unread.read();
        }
    }

    /// Reads the form of the preludes that defines a name.
    pub(super) fn read_definition(&mut self, name: &str) {
        if let Some(index) = self.prelude_forms.get(name) {
            self.read_form(*index);
        }
    }

    /// True for a name of programs. It goes before a built-in function of scripts that has the same name.
    pub(crate) fn is_of_programs(&self, name: &str) -> bool {
        self.prelude_forms.get(name).is_some_and(|index| *index >= self.first_program_form)
    }

    /// What a name of the prelude means; its definition is expanded now, if it was not yet.
    pub(crate) fn prelude(&mut self, machine: &mut Machine, name: &str) -> Option<Meaning> {
        let index = *self.prelude_forms.get(name)?;
        let no_marks: Rc<[u32]> = Rc::from([]);
        if self.modules.first().and_then(|module| module.get(name, &no_marks)).is_none() {
            self.declare(machine, index);
        }
        let meaning = self.modules.first()?.get(name, &no_marks)?.clone();
        if let Meaning::Global(global) = &meaning {
            self.prepare_global(machine, global.id);
        }
        Some(meaning)
    }
}
