//! The types that a program defines: where they stand, and what is known of their records.
//!
//! What a type means is found out by the expander. Start with [`Front::expand_type`].

use super::{FormState, Front};
use crate::core::GlobalId;
use crate::machine::Machine;
use crate::module::ModuleId;
use crate::syntax;
use ovsm_value::{RecordType, Value};
use std::rc::Rc;

impl Front {
    /// True while the definition of a type is being expanded.
    pub(crate) fn is_defining_type(&self, module: ModuleId, name: &str) -> bool {
        self.forms.iter().any(|form| {
            let definitions = match (syntax::head(&form.syntax), form.syntax.as_items()) {
                (Some("pub"), Some([_, definitions @ ..])) => definitions,
                _ => std::slice::from_ref(&form.syntax),
            };
            form.module == module
                && form.state == FormState::Busy
                && definitions.iter().any(|definition| defines_type(definition, name))
        })
    }

    /// Expands the definition of a type that stands further down; true if there is one.
    pub(crate) fn expand_type(&mut self, machine: &mut Machine, module: ModuleId, name: &str) -> bool {
        if module == ModuleId(0) {
            self.read_definition(name);
        }
        let found = self.forms.iter().rposition(|form| {
            form.module == module
                && form.state == FormState::Waiting
                && match (syntax::head(&form.syntax), form.syntax.as_items()) {
                    (Some("pub"), Some([_, definitions @ ..])) => {
                        definitions.iter().any(|definition| defines_type(definition, name))
                    }
                    _ => defines_type(&form.syntax, name),
                }
        });
        match found {
            Some(index) => {
                self.expand_form(machine, index);
                true
            }
            None => false,
        }
    }

    /// Notes the type of a record or of a variant, and the variable that holds it.
    pub(crate) fn define_record(&mut self, id: GlobalId, ty: &Rc<RecordType>) {
        self.records.insert(ty.identity, Rc::clone(ty));
        self.record_globals.insert(id, ty.identity);
    }

    /// The name of a module as its types have it: empty for the program itself.
    pub(crate) fn module_name(&self, module: ModuleId) -> Rc<str> {
        match self.modules.get(module.0 as usize) {
            Some(known) if module != self.main => Rc::clone(&known.name),
            _ => "".into(),
        }
    }

    /// The module of a name, if the session has it.
    pub(crate) fn module_of_name(&self, name: &str) -> Option<ModuleId> {
        self.by_name.get(name).copied()
    }

    /// The type of records or of a variant with this full name; of several with one name the one defined last.
    pub(super) fn record_named(&self, name: &str) -> Option<Rc<RecordType>> {
        let named = self.records.values().filter(|ty| ty.full_name() == name);
        named.max_by_key(|ty| ty.identity).cloned()
    }

    /// Notes the variants of an enum.
    pub(crate) fn define_enum(&mut self, name: &Rc<str>, variants: Vec<(Rc<str>, u64)>) {
        self.enums.push((Rc::clone(name), variants));
    }

    /// The enum that a variant belongs to.
    pub(crate) fn enum_of(&self, identity: u64) -> Option<crate::module::Enum> {
        self.enums.iter().find(|(_, variants)| variants.iter().any(|(_, other)| *other == identity)).cloned()
    }
}

/// True for a form that defines a type, or several things among which is one.
pub(super) fn is_type_definition(form: &Value) -> bool {
    match (syntax::head(form), form.as_items()) {
        (Some("pub" | "progn"), Some([_, definitions @ ..])) => definitions.iter().any(is_type_definition),
        (Some("defrecord" | "defstruct" | "define-struct" | "defenum" | "deftype"), _) => true,
        _ => false,
    }
}

/// True for a form that defines a type of this name.
fn defines_type(form: &Value, name: &str) -> bool {
    let is_definition = matches!(
        syntax::head(form),
        Some("defrecord" | "defstruct" | "define-struct" | "defenum" | "deftype")
    );
    // A generic one has its name in a list: `(defrecord (Pair 'a 'b) …)`.
    let defined = form.as_items().and_then(|items| items.get(1));
    let defined = defined.and_then(|it| syntax::name(it).or_else(|| syntax::head(it)));
    is_definition && defined == Some(name)
}
