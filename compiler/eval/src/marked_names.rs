//! The names that macros introduce at the top level of a program: Homes, of, written_name.
//!
//! Such a name is none that anything else can write, and each expansion has its own. A program knows definitions by name,
//! so it gets one: that of the template, the form whose expansion defined it, and its number among equals of that. Edits of
//! other forms do not change it. Nothing here decides what a name means. Start with [`of`].

use crate::core::GlobalId;
use crate::front::Front;
use crate::module::{Global, Meaning, Module};
use ovsm_base::FormId;
use ovsm_value::Symbol;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What stands between the name that a template has and what makes it one of its own.
const SEPARATOR: char = '@';

/// The forms whose expansions defined the names that macros introduced.
#[derive(Debug, Default)]
pub(crate) struct Homes {
    /// The form of the text that is being expanded.
    current: Option<FormId>,
    known: FxHashMap<GlobalId, FormId>,
}

impl Homes {
    /// Begins a form; gives the one that it interrupts.
    pub(crate) fn enter(&mut self, form: Option<FormId>) -> Option<FormId> {
        let inner = form.or(self.current);
        std::mem::replace(&mut self.current, inner)
    }

    /// Ends a form.
    pub(crate) fn leave(&mut self, outer: Option<FormId>) {
        self.current = outer;
    }

    /// Notes where a name is defined, if a macro introduced it.
    pub(crate) fn note(&mut self, symbol: &Symbol, meaning: &Meaning) {
        if let (false, Some(home), Some(id)) = (symbol.marks.is_empty(), self.current, global_of(meaning)) {
            self.known.entry(id).or_insert(home);
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }
}

/// The variable that holds what a name means.
fn global_of(meaning: &Meaning) -> Option<GlobalId> {
    match meaning {
        Meaning::Global(Global { id, .. }) | Meaning::Macro(id, _) | Meaning::Type(_, Some(id)) => Some(*id),
        _ => None,
    }
}

/// The names of a module that macros introduced, as a program knows them, with what they mean; sorted.
pub(crate) fn of<'a>(module: &'a Module, front: &Front) -> Vec<(Rc<str>, &'a Meaning)> {
    let mut marked: Vec<_> = module
        .marked
        .iter()
        .filter_map(|((name, marks), meaning)| {
            let home = front.homes.known.get(&global_of(meaning)?)?;
            Some((name, *home, marks, meaning))
        })
        .collect();
    // Marks count the expansions, so they tell which of two names was introduced first.
    marked.sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    let mut names: Vec<(Rc<str>, &Meaning)> = Vec::with_capacity(marked.len());
    let (mut last, mut number) = (None, 0);
    for (name, home, _, meaning) in marked {
        number = if last == Some((name, home)) { number + 1 } else { 0 };
        last = Some((name, home));
        names.push((format!("{name}{SEPARATOR}{:016x}.{number}", home.0).into(), meaning));
    }
    names
}

/// The name that a template has, of one that a program knows a definition by.
pub fn written_name(name: &str) -> &str {
    name.split_once(SEPARATOR).filter(|(written, _)| !written.is_empty()).map_or(name, |(written, _)| written)
}
