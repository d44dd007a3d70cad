//! Modules: what their names mean, and what others may see of them.

use crate::core::GlobalId;
use ovsm_base::Span;
use ovsm_value::{NativeId, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A module of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModuleId(pub u32);

/// What a name of a module means.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A variable or function.
    Global(Global),
    /// A macro: the variable that holds the function that expands it.
    Macro(GlobalId, ModuleId),
    /// A symbol macro.
    SymbolMacro(Value),
    /// A built-in function.
    Native(NativeId),
    /// A type, and the variable that holds its constructor if it has one.
    Type(Type, Option<GlobalId>),
}

/// A variable or function of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Global {
    /// The variable.
    pub id: GlobalId,
    /// What may be done with it.
    pub kind: GlobalKind,
}

/// What may be done with a variable of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GlobalKind {
    /// It may be assigned.
    Variable,
    /// It may not.
    Constant,
    /// `let` rebinds it for the extent of its body.
    Dynamic,
    /// A function; it may be assigned, with a warning to come.
    Function,
}

/// An enum: its name, and the names and identities of its variants.
pub type Enum = (Rc<str>, Vec<(Rc<str>, u64)>);

/// A type as programs write it.
#[derive(Clone, Debug)]
pub enum Type {
    /// Anything.
    Any,
    /// `'a`: anything, and the same wherever a signature names it.
    Variable(Rc<str>),
    /// A type that values name themselves: `int`, `u64`, `string` …
    Named(Rc<str>),
    /// `(array T)`, perhaps of a fixed length.
    Array(Rc<Type>, Option<u64>),
    /// `(vec T)`: an array in scripts; one that can grow in programs, where other arrays can not.
    Vec(Rc<Type>),
    /// `(list T)`.
    List(Rc<Type>),
    /// `(map K V)`.
    Map(Rc<Type>, Rc<Type>),
    /// `(or A B)`.
    Or(Rc<[Type]>),
    /// A function; with `(fn (A B) -> C)`, what it takes and what it gives.
    Function(Option<(Rc<[Type]>, Rc<Type>)>),
    /// A record, an enum, or a variant of one: the identities of the record types that belong to it.
    Record(Rc<str>, Rc<[u64]>),
    /// A generic record, enum or variant with a type for each of its parameters.
    Applied(Rc<str>, Rc<[u64]>, Rc<[Type]>),
    /// A distinct type or a refinement: a name, the type below, the function that must hold, and the module that states it,
    /// whose names the function sees.
    Refined(Rc<str>, Rc<Type>, Option<Value>, ModuleId),
    /// An account of a program that was checked where it was opened: what its data are, if that is known; whether it may be
    /// changed; and whether eight bytes come before its data that say what it is.
    Account(Option<Rc<Type>>, bool, bool),
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// Its name: `std/list`.
    pub name: Rc<str>,
    /// What its names mean.
    pub names: FxHashMap<Rc<str>, Meaning>,
    /// What names mean that macros introduced, by their marks.
    pub marked: FxHashMap<(Rc<str>, Rc<[u32]>), Meaning>,
    /// True for a module of built-in functions.
    pub is_library: bool,
    /// Names that others may use.
    pub exports: Vec<Rc<str>>,
    /// Prefixes of qualified names.
    pub aliases: FxHashMap<Rc<str>, ModuleId>,
    /// How much each of them was wanted.
    ranks: FxHashMap<Rc<str>, PrefixRank>,
    /// Imports, for reports about unused ones.
    pub imports: Vec<Import>,
    /// How `(setf (name …) v)` is done, for places that the module defines.
    pub setters: FxHashMap<Rc<str>, Setter>,
}

/// How much an import wants the prefix of its module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PrefixRank {
    /// It names what it wants.
    Aside,
    /// It is one of the whole module, which has the prefix besides.
    Whole,
    /// It says the prefix.
    Stated,
}

impl PrefixRank {
    /// That of an import with a stated prefix, or of all names.
    pub fn of(has_alias: bool, has_names: bool) -> PrefixRank {
        match (has_alias, has_names) {
            (true, _) => PrefixRank::Stated,
            (false, false) => PrefixRank::Whole,
            (false, true) => PrefixRank::Aside,
        }
    }
}

/// An import of a module.
#[derive(Debug)]
pub struct Import {
    /// What is imported.
    pub module: ModuleId,
    /// Where.
    pub span: Option<Span>,
    /// The text of its name.
    pub name: Rc<str>,
    /// True if all exported names can be used without a prefix.
    pub is_open: bool,
    /// The names that can be, if only some, and where they stand.
    pub only: Option<Vec<(Rc<str>, Option<Span>)>>,
    /// Those of them that were used.
    pub used: Vec<Rc<str>>,
    /// The form, or the part of it, that goes away with the import.
    pub whole: Option<Span>,
    /// True once a name of it was used.
    pub is_used: bool,
}

impl Import {
    /// Whether everything that another import of the same module brings comes with this one.
    pub fn holds(&self, other: &Import) -> bool {
        match (&self.only, &other.only) {
            (Some(own), Some(others)) => {
                others.iter().all(|(name, _)| own.iter().any(|(known, _)| known == name))
            }
            (None, Some(others)) => self.is_open || others.is_empty(),
            (Some(_), None) => !other.is_open,
            (None, None) => self.is_open || !other.is_open,
        }
    }
}

impl Meaning {
    /// Whether two names mean one thing.
    pub fn is_same(&self, other: &Meaning) -> bool {
        match (self, other) {
            (Meaning::Global(a), Meaning::Global(b)) => a.id == b.id,
            (Meaning::Macro(a, _), Meaning::Macro(b, _)) => a == b,
            (Meaning::Native(a), Meaning::Native(b)) => a == b,
            (Meaning::Type(_, Some(a)), Meaning::Type(_, Some(b))) => a == b,
            _ => false,
        }
    }
}

/// How a place that a program defined is set.
#[derive(Clone, Debug)]
pub enum Setter {
    /// A function of the arguments and, last, the value.
    Function(GlobalId),
    /// A macro of the operands and, last, the value: it gives the form that assigns.
    Macro(GlobalId),
    /// The field of a record.
    Field(Rc<str>),
}

impl Module {
    /// An empty module.
    pub fn new(name: &str) -> Module {
        Module {
            name: name.into(),
            names: FxHashMap::default(),
            marked: FxHashMap::default(),
            is_library: false,
            exports: Vec::new(),
            aliases: FxHashMap::default(),
            ranks: FxHashMap::default(),
            imports: Vec::new(),
            setters: FxHashMap::default(),
        }
    }

    /// Gives a module a prefix. Of two modules that could have it, the one has it whose import wants it more; if that is
    /// the same for both, none has it if nobody asked for it.
    ///
    /// # Errors
    /// Two imports ask for it: the module that has it.
    pub fn set_prefix(
        &mut self,
        prefix: Rc<str>,
        target: ModuleId,
        rank: PrefixRank,
    ) -> Result<(), ModuleId> {
        let known = self.ranks.get(&prefix).copied();
        match (self.aliases.get(&prefix), known) {
            (Some(other), Some(known)) if *other != target && known == rank => {
                if rank != PrefixRank::Aside {
                    return Err(*other);
                }
                self.aliases.remove(&prefix);
            }
            (Some(other), Some(known)) if *other != target && known > rank => {}
            (None, Some(known)) if known >= rank => {}
            _ => {
                self.aliases.insert(Rc::clone(&prefix), target);
                self.ranks.insert(prefix, rank);
            }
        }
        Ok(())
    }

    /// What a name means that carries these marks.
    pub fn get(&self, name: &str, marks: &Rc<[u32]>) -> Option<&Meaning> {
        if marks.is_empty() {
            self.names.get(name)
        } else {
            self.marked.get(&(name.into(), Rc::clone(marks)))
        }
    }

    /// Gives a name a meaning.
    pub fn define(&mut self, name: &Rc<str>, marks: &Rc<[u32]>, meaning: Meaning) {
        if marks.is_empty() {
            self.names.insert(Rc::clone(name), meaning);
        } else {
            self.marked.insert((Rc::clone(name), Rc::clone(marks)), meaning);
        }
    }
}
