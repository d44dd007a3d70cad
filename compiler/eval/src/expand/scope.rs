//! What names mean inside a form: lexical scopes, and the marks that keep expansions apart.
//!
//! A symbol is a name and the marks of the expansions that introduced it. It means the innermost binding of the same
//! name and marks; if there is none, its last mark is taken away and it means what it meant where that macro was
//! defined.

use crate::core::{BlockId, LocalId};
use crate::module::ModuleId;
use ovsm_value::Value;
use std::rc::Rc;

/// A scope of the form that is being expanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScopeId(pub u32);

/// Which kind of name: they do not meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Space {
    /// Variables, functions, macros.
    Value,
    /// Names of blocks.
    Block,
    /// Tags of a `tagbody`.
    Tag,
}

/// What a local name means.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A variable.
    Local(LocalId),
    /// A macro: the function that expands it, and the scope that its templates see.
    Macro(Value, ScopeId),
    /// A symbol macro: the form that stands for it, and the scope that it sees.
    SymbolMacro(Value, ScopeId),
    /// A block.
    Block(BlockId),
    /// A tag: which variable gets which number before which block is left.
    Tag(LocalId, i64, BlockId),
}

struct Entry {
    space: Space,
    name: Rc<str>,
    marks: Rc<[u32]>,
    binding: Binding,
}

struct Scope {
    parent: Option<ScopeId>,
    entries: Vec<Entry>,
}

/// All scopes of a form.
pub struct Scopes {
    scopes: Vec<Scope>,
}

impl Default for Scopes {
    fn default() -> Scopes {
        Scopes { scopes: vec![Scope { parent: None, entries: Vec::new() }] }
    }
}

impl Scopes {
    /// The scope of the top level.
    pub const TOP: ScopeId = ScopeId(0);

    /// A new scope inside another.
    pub fn open(&mut self, parent: ScopeId) -> ScopeId {
        self.scopes.push(Scope { parent: Some(parent), entries: Vec::new() });
        ScopeId(self.scopes.len() as u32 - 1)
    }

    /// Binds a name in a scope; a later binding of the same name hides an earlier one.
    pub fn bind(
        &mut self,
        scope: ScopeId,
        space: Space,
        name: &Rc<str>,
        marks: &Rc<[u32]>,
        binding: Binding,
    ) {
        if let Some(scope) = self.scopes.get_mut(scope.0 as usize) {
            scope.entries.push(Entry { space, name: Rc::clone(name), marks: Rc::clone(marks), binding });
        }
    }

    /// The binding of a name with exactly these marks, innermost first.
    pub fn find(&self, scope: ScopeId, space: Space, name: &str, marks: &[u32]) -> Option<&Binding> {
        let mut next = Some(scope);
        while let Some(scope) = next.and_then(|id| self.scopes.get(id.0 as usize)) {
            let found = scope
                .entries
                .iter()
                .rev()
                .find(|entry| entry.space == space && *entry.name == *name && *entry.marks == *marks);
            if let Some(entry) = found {
                return Some(&entry.binding);
            }
            next = scope.parent;
        }
        None
    }

    /// True if a name is bound in this very scope.
    pub fn is_bound_here(&self, scope: ScopeId, space: Space, name: &str, marks: &[u32]) -> bool {
        self.scopes.get(scope.0 as usize).is_some_and(|scope| {
            scope
                .entries
                .iter()
                .any(|entry| entry.space == space && *entry.name == *name && *entry.marks == *marks)
        })
    }

    /// All names that can be seen, for suggestions.
    pub fn names(&self, scope: ScopeId) -> Vec<Rc<str>> {
        let mut names = Vec::new();
        let mut next = Some(scope);
        while let Some(scope) = next.and_then(|id| self.scopes.get(id.0 as usize)) {
            names.extend(scope.entries.iter().map(|entry| Rc::clone(&entry.name)));
            next = scope.parent;
        }
        names
    }
}

/// An expansion: where the free names of its templates are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Expansion {
    /// The module of the macro.
    pub module: ModuleId,
    /// The scope of its definition; the top level for macros of a module.
    pub scope: ScopeId,
}
