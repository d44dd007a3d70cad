//! The shapes of the special forms: taking definitions, parameter lists and bindings apart.
//!
//! Nothing here reports: what does not fit a shape is left out; expansion complains about it.

use ovsm_base::IntType;
use ovsm_cst::{Node, NodeKind};

/// A definition, taken apart.
pub(crate) enum Definition<'t> {
    Function(Function<'t>),
    Variable(Variable<'t>),
    Constant(Variable<'t>),
    Macro(Node<'t>),
    /// `(defrecord Name field…)` and its kin.
    Record {
        name: Node<'t>,
        fields: Vec<&'t str>,
        is_struct: bool,
    },
    /// `(defenum Name variant…)`.
    Enum {
        name: Node<'t>,
        variants: Vec<&'t str>,
    },
    /// `(deftype Name T)`.
    Type(Node<'t>),
}

/// `(defn name (params…) -> result body…)` and its kin.
pub(crate) struct Function<'t> {
    /// The node that should be the name; absent in a `lambda`.
    pub name: Option<Node<'t>>,
    /// The parameters, in whatever shape they are written.
    pub params: Vec<Node<'t>>,
}

/// `(define name : type value)` and its kin.
pub(crate) struct Variable<'t> {
    pub name: Node<'t>,
    pub annotation: Option<Node<'t>>,
    pub value: Option<Node<'t>>,
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
                let name = inner.next();
                return Some(Definition::Function(Function { name, params: inner.collect() }));
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
        "const" | "defconstant" => {
            let (name, rest) = parts.split_first()?;
            Some(Definition::Constant(variable(*name, rest)))
        }
        "defmacro" | "define-macro" => {
            let name = parts.first()?;
            match name.kind() {
                NodeKind::List => name.children().next().map(Definition::Macro),
                _ => Some(Definition::Macro(*name)),
            }
        }
        "defrecord" | "defstruct" | "define-struct" => {
            let (name, fields) = parts.split_first()?;
            let name = match name.kind() {
                NodeKind::List => name.children().next()?,
                _ => *name,
            };
            // `:align 8` comes before the fields.
            let fields = match fields {
                [option, _, fields @ ..] if option.kind() == NodeKind::Keyword => fields,
                fields => fields,
            };
            Some(Definition::Record { name, fields: names(fields), is_struct: head != "defrecord" })
        }
        "defenum" => {
            let (name, variants) = parts.split_first()?;
            let name = match name.kind() {
                NodeKind::List => name.children().next()?,
                _ => *name,
            };
            Some(Definition::Enum { name, variants: names(variants) })
        }
        "deftype" => parts.first().map(|name| Definition::Type(*name)),
        _ => None,
    }
}

/// The names that fields or variants begin with: `x`, `(x : u64)`, `[x y]`.
fn names<'t>(items: &[Node<'t>]) -> Vec<&'t str> {
    let all: Vec<Node<'t>> = match items {
        [array] if array.kind() == NodeKind::Array => array.children().collect(),
        items => items.to_vec(),
    };
    let name = |item: Node<'t>| match item.kind() {
        NodeKind::List | NodeKind::Array => item.children().next().and_then(symbol),
        _ => symbol(item),
    };
    all.into_iter().filter_map(name).collect()
}

/// True for `(lambda …)` and `(fn …)`.
pub(crate) fn is_lambda(node: Node<'_>) -> bool {
    matches!(head(node), Some("lambda" | "fn"))
}

/// A function from what follows its name: `(params…) -> result "doc" body…`.
pub(crate) fn function<'t>(name: Option<Node<'t>>, parts: &[Node<'t>]) -> Function<'t> {
    let params = match parts.first() {
        Some(list) if matches!(list.kind(), NodeKind::List | NodeKind::Array) => list.children().collect(),
        _ => Vec::new(),
    };
    Function { name, params }
}

/// A variable from its name and what follows it: `: type value`.
pub(crate) fn variable<'t>(name: Node<'t>, rest: &[Node<'t>]) -> Variable<'t> {
    let (annotation, taken) = annotation(rest);
    Variable { name, annotation, value: rest.get(taken).copied() }
}

/// The integer type with this name; `int` is `i64`.
pub(crate) fn int_type(name: &str) -> Option<IntType> {
    if name == "int" { Some(IntType::I64) } else { IntType::from_name(name) }
}
