//! What there is to say about a module. Texts are as their author wrote them; only [`crate::render`] escapes.

/// A module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Module {
    /// Its name: `geometry/circle`.
    pub name: String,
    /// What its author says about the whole, in a small Markdown.
    pub head: String,
    /// What it defines, in the order of the text.
    pub definitions: Vec<Definition>,
    /// Its text, to be shown beside; built-in modules have none.
    pub source: Option<String>,
}

/// A definition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Other names of the same thing.
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// How it is called or written, on one line.
    pub signature: String,
    /// What its author says about it, in a small Markdown.
    pub doc: String,
    /// Calls with their results.
    pub examples: Vec<Example>,
    /// Its line in the source, from 1; 0 if there is no source.
    pub line: u32,
    /// Names that it brings along: the variants of an enum.
    pub members: Vec<String>,
    /// Whether other modules can see it.
    pub is_exported: bool,
    /// What a call of it may do outside of the program, in words; `None` if that is not known.
    pub effects: Option<String>,
}

/// A call and what it gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// The call.
    pub call: String,
    /// The result, in written form.
    pub result: String,
}

/// What a definition defines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `defrecord`, `defstruct`.
    Record,
    /// `defenum`.
    Enum,
    /// `deftype`.
    Type,
    /// `defmacro`, `define-symbol-macro`.
    Macro,
    /// `defn`, `defun`, `(define (f …) …)`.
    Function,
    /// `const`, `defconstant`.
    Constant,
    /// `define`, `defvar`, `defparameter`.
    Variable,
}

impl Kind {
    /// Every kind, in the order of a page.
    pub const ALL: [Kind; 7] =
        [Kind::Record, Kind::Enum, Kind::Type, Kind::Macro, Kind::Function, Kind::Constant, Kind::Variable];

    /// The word for one.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Record => "record",
            Kind::Enum => "enum",
            Kind::Type => "type",
            Kind::Macro => "macro",
            Kind::Function => "function",
            Kind::Constant => "constant",
            Kind::Variable => "variable",
        }
    }

    /// The heading over several.
    pub const fn heading(self) -> &'static str {
        match self {
            Kind::Record => "Records",
            Kind::Enum => "Enums",
            Kind::Type => "Types",
            Kind::Macro => "Macros",
            Kind::Function => "Functions",
            Kind::Constant => "Constants",
            Kind::Variable => "Variables",
        }
    }
}
