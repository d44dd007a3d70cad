//! Lexical scopes: which local a name means at a point of a body.
//!
//! Scopes are a tree of single bindings with parent links, so that the scope of a local function can be kept and
//! entered again wherever the function is called.

use crate::core::LocalId;
use rustc_hash::FxHashMap;

/// What a local name means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Binding {
    /// A variable.
    Local(LocalId),
    /// A local function, by its number.
    Function(usize),
}

/// A point in the tree of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Scope(Option<u32>);

struct Entry {
    name: u32,
    binding: Binding,
    parent: Scope,
}

/// All scopes of one body.
#[derive(Default)]
pub(crate) struct Scopes {
    names: FxHashMap<String, u32>,
    entries: Vec<Entry>,
}

impl Scopes {
    /// The scope inside `parent` in which `name` means `binding`.
    pub(crate) fn bind(&mut self, parent: Scope, name: &str, binding: Binding) -> Scope {
        let next = self.names.len() as u32;
        let name = *self.names.entry(name.to_string()).or_insert(next);
        let number = self.entries.len() as u32;
        self.entries.push(Entry { name, binding, parent });
        Scope(Some(number))
    }

    /// What `name` means in `scope`. Linear in the depth of the scope.
    pub(crate) fn lookup(&self, scope: Scope, name: &str) -> Option<Binding> {
        let name = *self.names.get(name)?;
        let mut at = scope;
        while let Some(entry) = at.0.and_then(|number| self.entries.get(number as usize)) {
            if entry.name == name {
                return Some(entry.binding);
            }
            at = entry.parent;
        }
        None
    }

    /// Every local name of the body, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}
