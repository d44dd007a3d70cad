//! What tools want to know that look at the text of the main module: the names that it gives a meaning to, or imports,
//! since a lint must not take such a name for the form or built-in of the same name; and how large expansions are. It never expands anything. Start with [`Front::names_given`].

use super::Front;
use crate::module::Meaning;
use ovsm_base::Span;

/// A name that means what a program says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GivenName {
    /// The name.
    pub name: String,
    /// True for a macro: what stands in its calls need not be code.
    pub is_macro: bool,
}

/// A macro call and how much code it became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpansionSize {
    /// The macro.
    pub name: String,
    /// The call.
    pub span: Span,
    /// How many parts the code has that it stands for, before the macros in that are expanded.
    pub parts: usize,
}

impl Front {
    /// The names that the main module defines, and those that it imports from other modules of the program. Sorted.
    pub fn names_given(&self) -> Vec<GivenName> {
        let given = |name: &str, meaning: &Meaning| GivenName {
            name: name.to_string(),
            is_macro: matches!(meaning, Meaning::Macro(..) | Meaning::SymbolMacro(_)),
        };
        let mut names = Vec::new();
        let Some(main) = self.modules.get(self.main.0 as usize) else { return names };
        names.extend(main.names.iter().map(|(name, meaning)| given(name, meaning)));
        for import in &main.imports {
            let Some(source) = self.modules.get(import.module.0 as usize) else { continue };
            for name in &source.exports {
                let Some(meaning) = source.names.get(name) else { continue };
                let is_wanted = match &import.only {
                    Some(only) => only.iter().any(|(known, _)| known == name),
                    None => import.is_open,
                };
                if is_wanted {
                    names.push(given(name, meaning));
                }
            }
        }
        for (alias, module) in &main.aliases {
            let Some(source) = self.modules.get(module.0 as usize) else { continue };
            for name in &source.exports {
                if let Some(meaning) = source.names.get(name) {
                    names.push(given(&format!("{alias}/{name}"), meaning));
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }
}
