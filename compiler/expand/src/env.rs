//! What a form sees of the rest of its module, and of the modules that it imports.

use ovsm_base::{DefId, FormId, IntType};
use ovsm_eval::program::Link;
use std::rc::Rc;

/// A definition of the module, as far as its users need to know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Global {
    /// Which.
    pub def: DefId,
    /// What it is.
    pub kind: GlobalKind,
}

/// What a definition is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GlobalKind {
    /// A function.
    Function {
        /// Number of parameters; `None` if it is not fixed.
        params: Option<u32>,
    },
    /// A function that takes functions: its body is put in place of each call, since only there is known what it calls.
    Template {
        /// Number of parameters; `None` if it is not fixed.
        params: Option<u32>,
    },
    /// A function that comes with the definition of a type: its accessors, its predicate.
    Accessor {
        /// Number of parameters; `None` if it is not fixed.
        params: Option<u32>,
    },
    /// A type, or the constructor of one.
    Type,
    /// `(define x …)`.
    Variable,
    /// `(const x …)` with a literal value, which is put in place of the name.
    Literal(Literal),
    /// `(const x …)` with any other value.
    Constant,
    /// A macro.
    Macro,
}

/// The value of a literal constant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Literal {
    /// An integer; the type is its suffix or annotation.
    Int {
        /// True if written with a minus sign.
        negative: bool,
        /// The absolute value.
        magnitude: u128,
        /// The stated type.
        ty: Option<IntType>,
    },
    /// A truth value.
    Bool(bool),
    /// A string.
    String(String),
}

impl GlobalKind {
    /// True for functions of all kinds.
    pub fn is_function(&self) -> bool {
        matches!(
            self,
            GlobalKind::Function { .. } | GlobalKind::Template { .. } | GlobalKind::Accessor { .. }
        )
    }
}

/// Which module: that of the form itself, or one that is imported, as the [`Env`] numbers them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ModuleKey(pub u32);

impl ModuleKey {
    /// The module of the form.
    pub const OWN: ModuleKey = ModuleKey(0);
}

/// An import of a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// What is imported, and how its names are used.
    pub link: Link,
    /// The module; none if it is one of the library, or can not be imported.
    pub target: Option<ModuleKey>,
}

impl Import {
    /// True if there is such a module.
    pub fn is_known(&self) -> bool {
        self.target.is_some() || ovsm_eval::program::is_of_library(&self.link.module)
    }
}

/// Look-ups across definitions. Implemented by the database; in tests by a table.
pub trait Env {
    /// A module's own definition of a name.
    fn lookup(&self, module: ModuleKey, name: &str) -> Option<Global>;
    /// Whether others may use a name of a module.
    fn is_exported(&self, module: ModuleKey, name: &str) -> bool;
    /// What a module imports that the form sees, in order.
    fn imports(&self, module: ModuleKey) -> Vec<Import>;
    /// What the form itself imports, if it is an import.
    fn own_imports(&self) -> Vec<Import>;
    /// If a module imports that of the form, directly or by way of others: the names of these modules, from it to that
    /// of the form.
    fn cycle(&self, module: &str) -> Option<Vec<String>>;
    /// Names that could be meant by an unknown one; only asked for when reporting.
    fn names(&self) -> Vec<String>;
    /// The name that tells a module from all others of the program, whoever imports it.
    fn module_name(&self, module: ModuleKey) -> String;
    /// The identity that a name of the form's module has, defined or not.
    fn identity(&self, name: &str) -> DefId;
    /// The type that the definition of a variable of a module states.
    fn annotation(&self, module: ModuleKey, name: &str) -> Option<ovsm_value::Value>;
    /// The form that defines a name of a module, for what runs while the program is compiled.
    fn definition(&self, module: ModuleKey, name: &str) -> Option<Definition>;
}

/// A form that other forms bring in.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Which.
    pub form: FormId,
    /// Its syntax.
    pub syntax: ovsm_value::Value,
    /// The names in it, with how often each stands there.
    pub names: Rc<[(Rc<str>, u64)]>,
}
