//! Definitions and bodies: names, parameters, types, and what is in scope from where.

use crate::builtin::Builtin;
use crate::core::{Expr, ExprId, Local, LocalId, TypeKind, TypeName};
use crate::expand::{Expander, LocalFunction, clip};
use crate::forms::{self, Definition, Function, Variable, symbol};
use crate::scope::{Binding, Scope};
use ovsm_base::suggest::nearest;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_cst::{Node, NodeKind};

impl<'t> Expander<'t, '_> {
    pub(crate) fn check_defined_name(&mut self, name: Node<'t>) {
        let Some(text) = symbol(name) else {
            if name.kind() != NodeKind::Error {
                self.malformed(name.span(), "a definition needs a name", "(define name value)");
            }
            return;
        };
        if forms::SPECIAL_FORMS.contains(&text) || forms::UNAVAILABLE_FORMS.contains(&text) {
            self.report(
                Diagnostic::at(
                    Code::ReservedName,
                    name.span(),
                    format!("`{text}` is a form of the language"),
                )
                .help("choose another name"),
            );
        } else if Builtin::from_name(text).is_some() {
            self.report(
                Diagnostic::at(
                    Code::ShadowedBuiltin,
                    name.span(),
                    format!("this definition hides the built-in `{text}`"),
                )
                .help("choose another name, unless hiding it is meant"),
            );
        }
    }

    pub(crate) fn variable_value(&mut self, variable: &Variable<'t>, form: Node<'t>) -> ExprId {
        if let Some(extra) = variable.extra {
            self.malformed(extra.span(), "a variable has one value", "(define name value)");
        }
        let value = match variable.value {
            Some(value) => self.expr(value),
            None => self.malformed(form.span(), "the definition has no value", "(define name value)"),
        };
        match variable.annotation {
            Some(annotation) => {
                let ty = self.type_name(annotation);
                self.body.add(Expr::Ascribe(value, ty), variable.value.map(Node::span))
            }
            None => value,
        }
    }

    /// Binds the parameters of a function to new locals.
    pub(crate) fn params(&mut self, function: &Function<'t>, top_level: bool) -> Vec<LocalId> {
        if function.list.is_none() {
            let span = function.name.or(function.body.first().copied()).map(Node::span);
            if let Some(span) = span {
                self.malformed(
                    span,
                    "the function has no parameter list",
                    "(defn name (parameter …) body …)",
                );
            }
        }
        let mut names: Vec<&str> = Vec::new();
        let mut locals = Vec::new();
        for param in &function.params {
            let (name, annotation) = self.param(*param);
            let text = symbol(name).unwrap_or("");
            if !text.is_empty() && names.contains(&text) {
                self.report(
                    Diagnostic::at(
                        Code::DuplicateParameter,
                        name.span(),
                        format!("the parameter `{text}` appears twice"),
                    )
                    .help("give one of them another name"),
                );
            }
            names.push(text);
            let annotation = annotation.map(|annotation| self.type_name(annotation));
            let local = self.new_local(text, name.span(), annotation);
            self.scope = self.scopes.bind(self.scope, text, Binding::Local(local));
            locals.push(local);
        }
        if top_level {
            self.body.params = locals.len() as u32;
            self.body.result = function.result.map(|result| self.type_name(result));
        }
        locals
    }

    /// A parameter's name and annotation: `x` or `(x : type)`.
    pub(crate) fn param(&mut self, param: Node<'t>) -> (Node<'t>, Option<Node<'t>>) {
        match param.kind() {
            NodeKind::Symbol if param.text().starts_with('&') => {
                self.report(
                    Diagnostic::at(
                        Code::UnsupportedForm,
                        param.span(),
                        format!("`{}` parameters are not available in this version", param.text()),
                    )
                    .help("use required parameters"),
                );
                (param, None)
            }
            NodeKind::Symbol | NodeKind::Error => (param, None),
            NodeKind::List => {
                let parts: Vec<Node<'t>> = param.children().collect();
                match parts.as_slice() {
                    [name, colon, ty] if symbol(*name).is_some() && symbol(*colon) == Some(":") => {
                        (*name, Some(*ty))
                    }
                    _ => {
                        self.malformed(param.span(), "this is not a parameter", "name or (name : type)");
                        (param, None)
                    }
                }
            }
            _ => {
                self.malformed(param.span(), "this is not a parameter", "name or (name : type)");
                (param, None)
            }
        }
    }

    pub(crate) fn new_local(&mut self, name: &str, span: Span, annotation: Option<TypeName>) -> LocalId {
        self.body.locals.push(Local { name: name.to_string(), span: Some(span), annotation })
    }

    pub(crate) fn type_name(&mut self, node: Node<'t>) -> TypeName {
        let span = Some(node.span());
        let kind = match symbol(node) {
            Some("bool") => TypeKind::Bool,
            Some("string") => TypeKind::String,
            Some("null") => TypeKind::Null,
            Some(name) => match forms::int_type(name) {
                Some(ty) => TypeKind::Int(ty),
                None => {
                    self.unknown_type(node, name);
                    TypeKind::Error
                }
            },
            None if node.kind() == NodeKind::Error => TypeKind::Error,
            None => {
                self.unknown_type(node, node.text());
                TypeKind::Error
            }
        };
        TypeName { kind, span }
    }

    pub(crate) fn unknown_type(&mut self, node: Node<'t>, name: &str) {
        const NAMES: [&str; 13] =
            ["int", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "bool", "string", "null"];
        let mut diagnostic =
            Diagnostic::at(Code::UnknownType, node.span(), format!("`{}` is not a type", clip(name)));
        diagnostic = match nearest(name, NAMES.into_iter()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
                format!("write `{near}`"),
                node.span(),
                near,
            ),
            None => diagnostic.note(format!("the types of this version are {}", NAMES.join(" "))),
        };
        self.report(diagnostic);
    }

    /// Several forms in their own scope; the value is the last one's.
    pub(crate) fn sequence(&mut self, forms: &[Node<'t>], around: Node<'t>) -> ExprId {
        let scope = self.scope;
        let items: Vec<ExprId> = forms.iter().map(|form| self.statement(*form)).collect();
        self.scope = scope;
        match items.as_slice() {
            [] => self.body.add(Expr::Null, Some(around.span())),
            [only] if !matches!(self.body.exprs.get(*only), Some(Expr::Bind(..))) => *only,
            _ => self.body.add(Expr::Block(items), Some(around.span())),
        }
    }

    /// A form of a body: a definition, which is in scope from here to the end of the body, or an expression.
    pub(crate) fn statement(&mut self, node: Node<'t>) -> ExprId {
        match forms::definition(node) {
            Some(Definition::Function(function)) => {
                if let Some(name) = function.name {
                    self.check_defined_name(name);
                    let text = symbol(name).unwrap_or("");
                    self.local_function(text, function);
                }
                self.body.add(Expr::Null, Some(node.span()))
            }
            Some(Definition::Variable(variable) | Definition::Constant(variable)) => {
                self.check_defined_name(variable.name);
                self.bind(&variable, node, self.scope)
            }
            None => self.expr(node),
        }
    }

    pub(crate) fn local_function(&mut self, name: &str, function: Function<'t>) {
        let number = self.functions.len();
        self.functions.push(LocalFunction { function, scope: self.scope, running: false });
        self.scope = self.scopes.bind(self.scope, name, Binding::Function(number));
    }

    /// Evaluates a variable's value in `value_scope` and brings the variable into scope.
    pub(crate) fn bind(&mut self, variable: &Variable<'t>, form: Node<'t>, value_scope: Scope) -> ExprId {
        let name = symbol(variable.name).unwrap_or("");
        if let Some(value) = variable.value
            && variable.annotation.is_none()
            && forms::is_lambda(value)
        {
            let parts: Vec<Node<'t>> = value.children().skip(1).collect();
            let function = forms::function(Some(variable.name), &parts);
            let number = self.functions.len();
            self.functions.push(LocalFunction { function, scope: value_scope, running: false });
            self.scope = self.scopes.bind(self.scope, name, Binding::Function(number));
            return self.body.add(Expr::Null, Some(form.span()));
        }
        if let Some(extra) = variable.extra {
            self.malformed(extra.span(), "a variable has one value", "(name value)");
        }
        let scope = std::mem::replace(&mut self.scope, value_scope);
        let value = match variable.value {
            Some(value) => self.expr(value),
            None => self.malformed(form.span(), "the variable has no value", "(name value)"),
        };
        self.scope = scope;
        let annotation = variable.annotation.map(|annotation| self.type_name(annotation));
        let local = self.new_local(name, variable.name.span(), annotation);
        self.scope = self.scopes.bind(self.scope, name, Binding::Local(local));
        self.body.add(Expr::Bind(local, value), Some(form.span()))
    }
}
