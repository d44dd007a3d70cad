//! What a form sees of the rest of its module.

use ovsm_base::{DefId, FormId, IntType};

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

/// Look-ups across definitions. Implemented by the database; in tests by a table.
pub trait Env {
    /// The module's own definition of a name.
    fn lookup(&self, name: &str) -> Option<Global>;
    /// Names of the module that could be meant by an unknown one; only asked for when reporting.
    fn names(&self) -> Vec<String>;
    /// The identity that a name of the module has, defined or not.
    fn identity(&self, name: &str) -> DefId;
    /// The form that defines a name, for what runs while the program is compiled.
    fn definition(&self, name: &str) -> Option<(FormId, ovsm_value::Value)>;
}
