//! What a top-level form defines, without any position: the firewall between an edit and the rest of the module.

use crate::env::{GlobalKind, Literal};
use crate::forms::{self, Definition, symbol};
use ovsm_cst::{Node, NodeKind};
use ovsm_value::Value;

/// What a form defines: names with what they are. A form without any is code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    /// The names, that of the form itself first.
    pub names: Vec<(String, GlobalKind)>,
    /// True if the form is a call of a macro: what it defines was found out by expanding it.
    pub is_expanded: bool,
    /// The names that the macro lets others use.
    pub exports: Vec<String>,
}

impl Item {
    /// True if the form defines nothing.
    pub fn is_code(&self) -> bool {
        self.names.is_empty()
    }
}

/// What the form defines, as far as its own words say. A malformed definition still defines its name, so that its users
/// are not reported.
pub fn item(node: Node<'_>) -> Item {
    if forms::head(node) == Some("pub") {
        let inner: Vec<Item> = node.children().skip(1).map(item).collect();
        // What a call of a macro defines is found out for all of them together.
        if inner.iter().any(Item::is_code) {
            return Item::default();
        }
        return Item { names: inner.into_iter().flat_map(|item| item.names).collect(), ..Item::default() };
    }
    let Some(definition) = forms::definition(node) else { return Item::default() };
    let mut names = Vec::new();
    let mut add =
        |name: Option<&str>, kind: GlobalKind| names.extend(name.map(|name| (name.to_string(), kind)));
    match &definition {
        Definition::Function(function) => {
            let is_fixed =
                function.params.iter().all(|param| symbol(*param).is_none_or(|name| !name.starts_with('&')));
            let params = is_fixed.then_some(function.params.len() as u32);
            let kind = match function.params.iter().any(|param| is_function(*param)) {
                true => GlobalKind::Template { params },
                false => GlobalKind::Function { params },
            };
            add(function.name.and_then(symbol), kind);
        }
        Definition::Variable(variable) => add(symbol(variable.name), GlobalKind::Variable),
        Definition::Constant(constant) => {
            let kind = match literal(constant) {
                Some(literal) => GlobalKind::Literal(literal),
                None => GlobalKind::Constant,
            };
            add(symbol(constant.name), kind);
        }
        Definition::Macro(name) => add(symbol(*name), GlobalKind::Macro),
        Definition::Type(name) => add(symbol(*name), GlobalKind::Type),
        Definition::Record { name, fields, is_struct } => {
            let Some(name) = symbol(*name) else { return Item::default() };
            add(Some(name), GlobalKind::Type);
            for field in fields {
                add(Some(&format!("{name}-{field}")), GlobalKind::Accessor { params: Some(1) });
            }
            add(Some(&format!("{name}?")), GlobalKind::Accessor { params: Some(1) });
            if *is_struct {
                add(Some(&format!("{name}-p")), GlobalKind::Accessor { params: Some(1) });
                add(Some(&format!("copy-{name}")), GlobalKind::Accessor { params: Some(1) });
            }
            add(Some(&format!("make-{name}")), GlobalKind::Accessor { params: None });
        }
        Definition::Enum { name, variants } => {
            let Some(name) = symbol(*name) else { return Item::default() };
            add(Some(name), GlobalKind::Type);
            for variant in variants {
                add(Some(variant), GlobalKind::Type);
            }
            add(Some(&format!("{name}?")), GlobalKind::Accessor { params: Some(1) });
        }
    }
    Item { names, ..Item::default() }
}

/// The same for a form of a module of the library, which states no types, since scripts give it values of many. A function
/// that calls a parameter, or takes any sequence for one, is put in place of its calls: what these give is known there.
pub fn library_item(node: Node<'_>) -> Item {
    let mut item = item(node);
    let Some(Definition::Function(function)) = forms::definition(node) else { return item };
    let parameters: Vec<&str> = function.params.iter().filter_map(|param| symbol(*param)).collect();
    let is_parameter =
        |node: Option<Node<'_>>| node.and_then(symbol).is_some_and(|name| parameters.contains(&name));
    let depends_on_what_is_given = node.descendants().any(|part| {
        part.kind() == NodeKind::List
            && (is_parameter(part.child(0))
                || forms::head(part) == Some("to-array") && is_parameter(part.child(1)))
    });
    if let Some((_, kind @ GlobalKind::Function { .. })) = item.names.first_mut()
        && let GlobalKind::Function { params } = *kind
        && depends_on_what_is_given
    {
        *kind = GlobalKind::Template { params };
    }
    item
}

/// True for a parameter that is stated to be a function: `(f : (fn (u64) -> u64))`.
fn is_function(param: Node<'_>) -> bool {
    let mut parts = param.children();
    let (Some(_), Some(colon), Some(ty)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let is_word = |word: Option<&str>| matches!(word, Some("fn" | "->" | "function"));
    symbol(colon) == Some(":") && (is_word(symbol(ty)) || is_word(forms::head(ty)))
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
            let suffix = integer.suffix;
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

/// The type that a form states for a variable that it defines, as it is written.
pub fn annotation(node: Node<'_>, name: &str) -> Option<String> {
    if forms::head(node) == Some("pub") {
        return node.children().skip(1).find_map(|node| annotation(node, name));
    }
    match forms::definition(node)? {
        Definition::Variable(variable) if symbol(variable.name) == Some(name) => {
            Some(variable.annotation?.text().to_string())
        }
        _ => None,
    }
}

/// The node of the name that a definition defines.
pub fn name_node(node: Node<'_>) -> Option<Node<'_>> {
    if forms::head(node) == Some("pub") {
        return node.children().skip(1).find_map(name_node);
    }
    match forms::definition(node)? {
        Definition::Function(function) => function.name,
        Definition::Variable(variable) | Definition::Constant(variable) => Some(variable.name),
        Definition::Macro(name)
        | Definition::Type(name)
        | Definition::Record { name, .. }
        | Definition::Enum { name, .. } => Some(name),
    }
}

/// The name that a form defines, in the syntax that the expander reads.
pub(crate) fn defined_name(form: &Value) -> Option<String> {
    let Value::List(items) = form else { return None };
    let [Value::Symbol(head), name, ..] = items.as_slice() else { return None };
    match &*head.name {
        "defn" | "defun" | "define" | "const" | "defconstant" | "defmacro" | "define-macro" | "defrecord"
        | "defstruct" | "define-struct" | "defenum" | "deftype" => {}
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
