//! Stable identities. They are content hashes, never database keys, so that stage values can be stored, compared
//! and carried between processes.

use crate::hash::StableHasher;

/// A source file of the current invocation, numbered in the order in which files were given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// A top-level form: its module, head symbol, name, and its number among equals in the module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FormId(pub u64);

impl FormId {
    /// The identity of the `duplicate`-th form of `module` that begins `(head name`.
    pub fn new(module: &str, head: &str, name: &str, duplicate: u32) -> FormId {
        FormId(
            StableHasher::default()
                .part(module.as_bytes())
                .part(head.as_bytes())
                .part(name.as_bytes())
                .part(&duplicate.to_le_bytes())
                .finish(),
        )
    }
}

impl std::fmt::Debug for FormId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "form#{:08x}", self.0 as u32)
    }
}

/// A definition: a module-level function, variable or constant, or a module's top-level code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(pub u64);

impl DefId {
    /// The identity of definition `name` of `module`.
    pub fn new(module: &str, name: &str) -> DefId {
        DefId(StableHasher::default().part(module.as_bytes()).part(name.as_bytes()).finish())
    }
}

impl std::fmt::Debug for DefId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "def#{:08x}", self.0 as u32)
    }
}
