//! The shapes of the special forms: taking definitions, parameter lists and bindings apart.
//!
//! Nothing here reports: what does not fit a shape is left out or kept as a node for [`crate::expand`] to complain
//! about, so that [`crate::item`] and expansion read every form alike.

use ovsm_base::IntType;
use ovsm_cst::{IntegerLiteral, Node, NodeKind};

/// Names that a program can not define.
pub(crate) const SPECIAL_FORMS: &[&str] = &[
    "define", "const", "set!", "defn", "defun", "lambda", "fn", "let", "let*", "do", "progn", "if", "when",
    "unless", "cond", "and", "or", "not", "while", "the", ":", "true", "false", "null", "nil",
];

/// Forms of the language that this version does not have.
pub(crate) const UNAVAILABLE_FORMS: &[&str] = &[
    "case",
    "typecase",
    "match",
    "prog1",
    "prog2",
    "prog",
    "prog*",
    "tagbody",
    "go",
    "block",
    "return-from",
    "return",
    "letrec",
    "flet",
    "labels",
    "until",
    "for",
    "dotimes",
    "dolist",
    "loop",
    "break",
    "continue",
    "setf",
    "incf",
    "decf",
    "push!",
    "pop!",
    "values",
    "multiple-value-bind",
    "multiple-value-call",
    "nth-value",
    "destructuring-bind",
    "try",
    "catch",
    "throw",
    "unwind-protect",
    "handler-case",
    "error",
    "assert",
    "quote",
    "quasiquote",
    "defmacro",
    "macrolet",
    "symbol-macrolet",
    "macroexpand",
    "macroexpand-1",
    "gensym",
    "defrecord",
    "defstruct",
    "define-struct",
    "defenum",
    "deftype",
    "->",
    "->>",
    "as->",
    "eval",
    "read",
    "format",
    "declare",
    "import",
    "export",
    "pub",
    "defvar",
    "program",
    "account",
    "instruction",
    "deferror",
    "event",
];

/// A definition, taken apart.
pub(crate) enum Definition<'t> {
    Function(Function<'t>),
    Variable(Variable<'t>),
    Constant(Variable<'t>),
}

/// `(defn name (params…) -> result body…)` and its kin.
pub(crate) struct Function<'t> {
    /// The node that should be the name; absent in a `lambda`.
    pub name: Option<Node<'t>>,
    /// The node that should be the parameter list.
    pub list: Option<Node<'t>>,
    /// The parameters, in whatever shape they are written.
    pub params: Vec<Node<'t>>,
    /// The result type.
    pub result: Option<Node<'t>>,
    /// The forms of the body.
    pub body: Vec<Node<'t>>,
}

/// `(define name : type value)` and its kin.
pub(crate) struct Variable<'t> {
    pub name: Node<'t>,
    pub annotation: Option<Node<'t>>,
    pub value: Option<Node<'t>>,
    /// Forms after the value, which should not be there.
    pub extra: Option<Node<'t>>,
}

/// The text of a symbol.
pub(crate) fn symbol(node: Node<'_>) -> Option<&str> {
    (node.kind() == NodeKind::Symbol).then(|| node.text())
}

/// The head symbol of a list.
pub(crate) fn head(node: Node<'_>) -> Option<&str> {
    if node.kind() != NodeKind::List {
        return None;
    }
    node.children().next().and_then(symbol)
}

/// The type annotation of a name, `: type`, at the start of `rest`; what remains comes after.
pub(crate) fn annotation<'t>(rest: &[Node<'t>]) -> (Option<Node<'t>>, usize) {
    match rest {
        [colon, ty, ..] if symbol(*colon) == Some(":") => (Some(*ty), 2),
        _ => (None, 0),
    }
}

/// The definition that a form is, if it is one. Takes only shapes whose name can be found.
pub(crate) fn definition<'t>(node: Node<'t>) -> Option<Definition<'t>> {
    let head = head(node)?;
    let parts: Vec<Node<'t>> = node.children().skip(1).collect();
    match head {
        "defn" | "defun" => {
            let (name, rest) = parts.split_first()?;
            Some(Definition::Function(function(Some(*name), rest)))
        }
        "define" => {
            let (name, rest) = parts.split_first()?;
            if name.kind() == NodeKind::List {
                let mut inner = name.children();
                let function_name = inner.next();
                let params = inner.collect();
                let mut function = function_after_params(function_name, Some(*name), params, rest);
                function.name = function_name;
                return Some(Definition::Function(function));
            }
            let variable = variable(*name, rest);
            match variable.value {
                Some(value) if variable.annotation.is_none() && is_lambda(value) => {
                    let parts: Vec<Node<'t>> = value.children().skip(1).collect();
                    Some(Definition::Function(function(Some(*name), &parts)))
                }
                _ => Some(Definition::Variable(variable)),
            }
        }
        "const" => {
            let (name, rest) = parts.split_first()?;
            Some(Definition::Constant(variable(*name, rest)))
        }
        _ => None,
    }
}

/// True for `(lambda …)` and `(fn …)`.
pub(crate) fn is_lambda(node: Node<'_>) -> bool {
    matches!(head(node), Some("lambda" | "fn"))
}

/// A function from what follows its name: `(params…) -> result "doc" body…`.
pub(crate) fn function<'t>(name: Option<Node<'t>>, parts: &[Node<'t>]) -> Function<'t> {
    match parts.split_first() {
        Some((list, rest)) if matches!(list.kind(), NodeKind::List | NodeKind::Array) => {
            function_after_params(name, Some(*list), list.children().collect(), rest)
        }
        _ => Function { name, list: None, params: Vec::new(), result: None, body: parts.to_vec() },
    }
}

fn function_after_params<'t>(
    name: Option<Node<'t>>,
    list: Option<Node<'t>>,
    params: Vec<Node<'t>>,
    rest: &[Node<'t>],
) -> Function<'t> {
    let (result, mut body) = match rest {
        [arrow, result, body @ ..] if symbol(*arrow) == Some("->") => (Some(*result), body),
        _ => (None, rest),
    };
    // A string before other forms documents the function.
    if let [doc, tail @ ..] = body
        && doc.kind() == NodeKind::String
        && !tail.is_empty()
    {
        body = tail;
    }
    Function { name, list, params, result, body: body.to_vec() }
}

/// A variable from its name and what follows it: `: type value`.
pub(crate) fn variable<'t>(name: Node<'t>, rest: &[Node<'t>]) -> Variable<'t> {
    let (annotation, taken) = annotation(rest);
    let mut rest = rest.iter().skip(taken);
    Variable { name, annotation, value: rest.next().copied(), extra: rest.next().copied() }
}

/// The integer type with this name; `int` is `i64`.
pub(crate) fn int_type(name: &str) -> Option<IntType> {
    if name == "int" { Some(IntType::I64) } else { IntType::from_name(name) }
}

/// The type that the suffix of a literal states; an error names a suffix that this version does not have.
pub(crate) fn suffix(literal: &IntegerLiteral) -> Result<Option<IntType>, String> {
    match &literal.suffix {
        None => Ok(None),
        Some(suffix) => match suffix.as_int_type() {
            Some(ty) => Ok(Some(ty)),
            None => Err(suffix.name().to_string()),
        },
    }
}
