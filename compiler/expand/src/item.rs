//! What a top-level form defines, without any position: the firewall between an edit and the rest of the module.

use crate::env::{GlobalKind, Literal};
use crate::forms::{self, Definition, symbol};
use ovsm_cst::{Node, NodeKind};
use ovsm_value::Value;

/// What a form defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The name it defines; `None` for code.
    pub name: Option<String>,
    /// What it is.
    pub kind: ItemKind,
}

/// What a form is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ItemKind {
    /// It defines a name.
    Definition(GlobalKind),
    /// Code that runs when the program does.
    Code,
}

/// What the form defines. A malformed definition still defines its name, so that its users are not reported.
pub fn item(node: Node<'_>) -> Item {
    let Some(definition) = forms::definition(node) else { return Item { name: None, kind: ItemKind::Code } };
    let (name, kind) = match &definition {
        Definition::Function(function) => {
            let is_fixed =
                function.params.iter().all(|param| symbol(*param).is_none_or(|name| !name.starts_with('&')));
            (function.name, GlobalKind::Function { params: is_fixed.then_some(function.params.len() as u32) })
        }
        Definition::Variable(variable) => (Some(variable.name), GlobalKind::Variable),
        Definition::Constant(constant) => (
            Some(constant.name),
            match literal(constant) {
                Some(literal) => GlobalKind::Literal(literal),
                None => GlobalKind::Constant,
            },
        ),
        Definition::Macro(name) => (Some(*name), GlobalKind::Macro),
    };
    match name.and_then(symbol) {
        Some(name) => Item { name: Some(name.to_string()), kind: ItemKind::Definition(kind) },
        None => Item { name: None, kind: ItemKind::Code },
    }
}

/// The literal that a constant stands for, if its value is one.
fn literal(constant: &forms::Variable<'_>) -> Option<Literal> {
    let value = constant.value?;
    let annotated = match constant.annotation {
        Some(annotation) => Some(symbol(annotation)?),
        None => None,
    };
    match value.kind() {
        NodeKind::Integer => {
            let integer = value.integer()?;
            let suffix = forms::suffix(&integer).ok()?;
            let ty = match (annotated, suffix) {
                (Some(name), suffix) => {
                    let ty = forms::int_type(name)?;
                    if suffix.is_some_and(|suffix| suffix != ty) {
                        return None;
                    }
                    Some(ty)
                }
                (None, suffix) => suffix,
            };
            Some(Literal::Int { negative: integer.negative, magnitude: integer.magnitude?, ty })
        }
        NodeKind::String if annotated.is_none_or(|name| name == "string") => {
            Some(Literal::String(value.string_value()?))
        }
        NodeKind::Symbol if annotated.is_none_or(|name| name == "bool") => match symbol(value)? {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

/// The node of the name that a definition defines.
pub fn name_node(node: Node<'_>) -> Option<Node<'_>> {
    match forms::definition(node)? {
        Definition::Function(function) => function.name,
        Definition::Variable(variable) | Definition::Constant(variable) => Some(variable.name),
        Definition::Macro(name) => Some(name),
    }
}

/// The name that a form defines, in the syntax that the expander reads.
pub(crate) fn defined_name(form: &Value) -> Option<String> {
    let Value::List(items) = form else { return None };
    let [Value::Symbol(head), name, ..] = items.as_slice() else { return None };
    match &*head.name {
        "defn" | "defun" | "define" | "const" | "defconstant" | "defmacro" | "define-macro" => {}
        "pub" => return defined_name(name),
        _ => return None,
    }
    match name {
        Value::Symbol(symbol) => Some(symbol.name.to_string()),
        Value::List(signature) => match signature.get(0) {
            Some(Value::Symbol(symbol)) => Some(symbol.name.to_string()),
            _ => None,
        },
        _ => None,
    }
}
