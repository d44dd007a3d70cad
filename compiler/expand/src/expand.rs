//! Expansion of one top-level form into a core body.
//!
//! A tree and an [`Env`] go in, an [`Expansion`] comes out. Each special form is one method; whatever is no special
//! form, built-in or function of the module is reported here. Forms that were reported become [`Expr::Error`].

use crate::builtin::{self, Builtin};
use crate::core::{Body, Expr, ExprId, Local, LocalId, TypeKind, TypeName};
use crate::env::{Env, GlobalKind, Literal};
use crate::forms::{self, Definition, Function, Variable, symbol};
use crate::scope::{Binding, Scope, Scopes};
use crate::suggest::nearest;
use ovsm_base::syscall::Syscall;
use ovsm_base::{Code, DefId, Diagnostic, Span};
use ovsm_cst::{Node, NodeKind};

/// Expressions nest at most so deeply after expansion; later stages recurse over them.
const MAX_DEPTH: u32 = 320;

/// A body holds at most so many expressions: local functions are expanded at each call.
const MAX_EXPRESSIONS: usize = 400_000;

/// What a form became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expansion {
    /// Its code.
    pub body: Body,
    /// True if it is a function; its body then runs only when called.
    pub is_function: bool,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Expands a top-level form. `def` is the identity of what the form defines.
pub fn expand_form(node: Node<'_>, def: DefId, env: &dyn Env) -> Expansion {
    let mut expander = Expander {
        env,
        body: Body::default(),
        scopes: Scopes::default(),
        scope: Scope::default(),
        functions: Vec::new(),
        depth: 0,
        diagnostics: Vec::new(),
        full: false,
    };
    let is_function = expander.top_level(node, def);
    let Expander { mut body, diagnostics, .. } = expander;
    body.callees.sort_unstable();
    body.callees.dedup();
    body.globals.sort_unstable();
    body.globals.dedup();
    Expansion { body, is_function, diagnostics }
}

/// A local function: expanded anew, in its own scope, wherever it is called.
struct LocalFunction<'t> {
    function: Function<'t>,
    scope: Scope,
    running: bool,
}

struct Expander<'t, 'e> {
    env: &'e dyn Env,
    body: Body,
    scopes: Scopes,
    scope: Scope,
    functions: Vec<LocalFunction<'t>>,
    depth: u32,
    diagnostics: Vec<Diagnostic>,
    full: bool,
}

impl<'t> Expander<'t, '_> {
    fn top_level(&mut self, node: Node<'t>, def: DefId) -> bool {
        let Some(definition) = forms::definition(node) else {
            let root = self.expr(node);
            self.body.root = Some(root);
            return false;
        };
        match definition {
            Definition::Function(function) => {
                if let Some(name) = function.name {
                    self.check_defined_name(name);
                }
                self.params(&function, true);
                let root = self.sequence(&function.body, node);
                self.body.root = Some(root);
                true
            }
            Definition::Variable(variable) => {
                self.check_defined_name(variable.name);
                let value = self.variable_value(&variable, node);
                self.body.globals.push(def);
                let root = self.body.add(Expr::Define(def, value), Some(node.span()));
                self.body.root = Some(root);
                false
            }
            Definition::Constant(variable) => {
                self.check_defined_name(variable.name);
                let value = self.variable_value(&variable, node);
                let is_literal = variable.name.as_symbol().and_then(|name| self.env.lookup(name)).is_some_and(
                    |global| global.def == def && matches!(global.kind, GlobalKind::Literal(_)),
                );
                // A literal stands wherever its name does, so nothing is left to run; it is kept for its type.
                let root = if is_literal {
                    value
                } else {
                    self.body.globals.push(def);
                    self.body.add(Expr::Define(def, value), Some(node.span()))
                };
                self.body.root = Some(root);
                false
            }
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> ExprId {
        let span = diagnostic.labels.first().map(|label| label.span);
        self.diagnostics.push(diagnostic);
        self.body.add(Expr::Error, span)
    }

    fn malformed(&mut self, span: Span, message: &str, shape: &str) -> ExprId {
        self.report(
            Diagnostic::at(Code::MalformedForm, span, message).help(format!("the form is written `{shape}`")),
        )
    }

    fn check_defined_name(&mut self, name: Node<'t>) {
        let Some(text) = symbol(name) else {
            if name.kind() != NodeKind::Error {
                self.malformed(name.span(), "a definition needs a name", "(define name value)");
            }
            return;
        };
        if forms::SPECIAL_FORMS.contains(&text) || forms::UNAVAILABLE_FORMS.contains(&text) {
            self.report(
                Diagnostic::at(Code::ReservedName, name.span(), format!("`{text}` is a form of the language"))
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

    fn variable_value(&mut self, variable: &Variable<'t>, form: Node<'t>) -> ExprId {
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
    fn params(&mut self, function: &Function<'t>, top_level: bool) -> Vec<LocalId> {
        if function.list.is_none() {
            let span = function.name.or(function.body.first().copied()).map(Node::span);
            if let Some(span) = span {
                self.malformed(span, "the function has no parameter list", "(defn name (parameter …) body …)");
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
    fn param(&mut self, param: Node<'t>) -> (Node<'t>, Option<Node<'t>>) {
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

    fn new_local(&mut self, name: &str, span: Span, annotation: Option<TypeName>) -> LocalId {
        self.body.locals.push(Local { name: name.to_string(), span: Some(span), annotation })
    }

    fn type_name(&mut self, node: Node<'t>) -> TypeName {
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

    fn unknown_type(&mut self, node: Node<'t>, name: &str) {
        const NAMES: [&str; 13] = [
            "int", "u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "bool", "string", "null",
        ];
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
    fn sequence(&mut self, forms: &[Node<'t>], around: Node<'t>) -> ExprId {
        let scope = self.scope;
        let items: Vec<ExprId> = forms.iter().map(|form| self.statement(*form)).collect();
        self.scope = scope;
        match items.as_slice() {
            [] => self.body.add(Expr::Null, Some(around.span())),
            [only] if !matches!(self.body.exprs[*only], Expr::Bind(..)) => *only,
            _ => self.body.add(Expr::Block(items), Some(around.span())),
        }
    }

    /// A form of a body: a definition, which is in scope from here to the end of the body, or an expression.
    fn statement(&mut self, node: Node<'t>) -> ExprId {
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

    fn local_function(&mut self, name: &str, function: Function<'t>) {
        let number = self.functions.len();
        self.functions.push(LocalFunction { function, scope: self.scope, running: false });
        self.scope = self.scopes.bind(self.scope, name, Binding::Function(number));
    }

    /// Evaluates a variable's value in `value_scope` and brings the variable into scope.
    fn bind(&mut self, variable: &Variable<'t>, form: Node<'t>, value_scope: Scope) -> ExprId {
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

    fn expr(&mut self, node: Node<'t>) -> ExprId {
        if self.depth >= MAX_DEPTH || self.body.exprs.len() >= MAX_EXPRESSIONS {
            return self.too_much(node);
        }
        self.depth += 1;
        let expr = self.expr_inner(node);
        self.depth -= 1;
        expr
    }

    fn too_much(&mut self, node: Node<'t>) -> ExprId {
        if self.full {
            return self.body.add(Expr::Error, Some(node.span()));
        }
        self.full = true;
        let diagnostic = if self.depth >= MAX_DEPTH {
            Diagnostic::at(Code::NestingTooDeep, node.span(), "local functions are nested too deeply here")
        } else {
            Diagnostic::at(Code::ProgramTooLarge, node.span(), "this form expands to too much code")
        };
        self.report(diagnostic.help("move some of the code into top-level functions"))
    }

    fn expr_inner(&mut self, node: Node<'t>) -> ExprId {
        let span = Some(node.span());
        match node.kind() {
            NodeKind::Error => self.body.add(Expr::Error, span),
            NodeKind::Integer => match node.integer() {
                Some(integer) => self.integer(node, &integer),
                None => self.body.add(Expr::Error, span),
            },
            NodeKind::String => match node.string_value() {
                Some(text) => self.body.add(Expr::String(text), span),
                None => self.body.add(Expr::Error, span),
            },
            NodeKind::Symbol => self.name(node, node.text()),
            NodeKind::List => self.list(node),
            kind => {
                let what = match kind {
                    NodeKind::Array => "arrays",
                    NodeKind::Object => "objects",
                    NodeKind::Set => "sets",
                    NodeKind::Float => "floating-point numbers",
                    NodeKind::Keyword => "keywords",
                    NodeKind::ByteString => "byte strings",
                    NodeKind::Char => "characters",
                    _ => "quoted forms",
                };
                self.report(
                    Diagnostic::at(
                        Code::UnsupportedForm,
                        node.span(),
                        format!("{what} are read, but have no value in this version"),
                    )
                    .help("this version has integers, truth values and strings"),
                )
            }
        }
    }

    fn integer(&mut self, node: Node<'t>, integer: &ovsm_cst::IntegerLiteral) -> ExprId {
        let span = node.span();
        let suffix = match forms::suffix(integer) {
            Ok(suffix) => suffix,
            Err(name) => {
                return self.report(
                    Diagnostic::at(
                        Code::UnsupportedForm,
                        span,
                        format!("the type `{name}` is not available in this version"),
                    )
                    .help("`i64` and `u128` are the widest integers"),
                );
            }
        };
        match integer.magnitude {
            Some(magnitude) => self
                .body
                .add(Expr::Int { negative: integer.negative && magnitude != 0, magnitude, suffix }, Some(span)),
            None => self.report(
                Diagnostic::at(Code::LiteralOutOfRange, span, "this integer is larger than any type of this version")
                    .note(format!("the largest value is that of `u128`, {}", u128::MAX)),
            ),
        }
    }

    fn name(&mut self, node: Node<'t>, name: &'t str) -> ExprId {
        let span = Some(node.span());
        match self.scopes.lookup(self.scope, name) {
            Some(Binding::Local(local)) => return self.body.add(Expr::Local(local), span),
            Some(Binding::Function(_)) => return self.function_as_value(node, name),
            None => {}
        }
        match name {
            "true" => return self.body.add(Expr::Bool(true), span),
            "false" => return self.body.add(Expr::Bool(false), span),
            "null" | "nil" => return self.body.add(Expr::Null, span),
            _ => {}
        }
        if let Some(global) = self.env.lookup(name) {
            return match global.kind {
                GlobalKind::Function { .. } => self.function_as_value(node, name),
                GlobalKind::Literal(literal) => {
                    let expr = match literal {
                        Literal::Int { negative, magnitude, ty } => {
                            Expr::Int { negative: negative && magnitude != 0, magnitude, suffix: ty }
                        }
                        Literal::Bool(truth) => Expr::Bool(truth),
                        Literal::String(text) => Expr::String(text),
                    };
                    self.body.add(expr, span)
                }
                GlobalKind::Variable | GlobalKind::Constant => {
                    self.body.globals.push(global.def);
                    self.body.add(Expr::Global(global.def), span)
                }
            };
        }
        if name == "t" {
            return self.body.add(Expr::Bool(true), span);
        }
        if Builtin::from_name(name).is_some() {
            return self.function_as_value(node, name);
        }
        if forms::SPECIAL_FORMS.contains(&name) || forms::UNAVAILABLE_FORMS.contains(&name) {
            return self.report(
                Diagnostic::at(Code::FunctionAsValue, node.span(), format!("`{name}` is a form, not a value"))
                    .help(format!("call it: `({name} …)`")),
            );
        }
        self.unknown_name(node, name)
    }

    fn function_as_value(&mut self, node: Node<'t>, name: &str) -> ExprId {
        self.report(
            Diagnostic::at(
                Code::FunctionAsValue,
                node.span(),
                format!("`{}` is a function, and functions are only called in this version", clip(name)),
            )
            .help(format!("call it: `({} …)`", clip(name))),
        )
    }

    fn unknown_name(&mut self, node: Node<'t>, name: &str) -> ExprId {
        let globals = self.env.names();
        let candidates = self
            .scopes
            .names()
            .chain(globals.iter().map(String::as_str))
            .chain(builtin::TABLE.iter().map(|entry| entry.name))
            .chain(forms::SPECIAL_FORMS.iter().copied());
        let near = nearest(name, candidates).map(str::to_string);
        let mut diagnostic =
            Diagnostic::at(Code::UnknownName, node.span(), format!("`{}` is not defined", clip(name)));
        diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
                format!("write `{near}`"),
                node.span(),
                near,
            ),
            None => diagnostic.help("define it, or check the spelling"),
        };
        self.report(diagnostic)
    }

    fn list(&mut self, node: Node<'t>) -> ExprId {
        let mut children = node.children();
        let Some(head) = children.next() else {
            return self.report(
                Diagnostic::at(Code::EmptyApplication, node.span(), "`()` calls nothing")
                    .help("remove it, or write `null`"),
            );
        };
        let args: Vec<Node<'t>> = children.collect();
        match head.kind() {
            NodeKind::Symbol => self.application(node, head, head.text(), &args),
            NodeKind::List if forms::is_lambda(head) => {
                let parts: Vec<Node<'t>> = head.children().skip(1).collect();
                let function = forms::function(None, &parts);
                self.functions.push(LocalFunction { function, scope: self.scope, running: false });
                self.call_local(node, "lambda", self.functions.len() - 1, &args)
            }
            NodeKind::Error => {
                let items: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
                drop(items);
                self.body.add(Expr::Error, Some(node.span()))
            }
            _ => self.report(
                Diagnostic::at(Code::NotCallable, head.span(), "this is not a function")
                    .primary("only a name or a `lambda` can be called"),
            ),
        }
    }

    fn application(&mut self, node: Node<'t>, head: Node<'t>, name: &'t str, args: &[Node<'t>]) -> ExprId {
        match self.scopes.lookup(self.scope, name) {
            Some(Binding::Function(number)) => return self.call_local(node, name, number, args),
            Some(Binding::Local(_)) => return self.not_callable(head, name, "a variable"),
            None => {}
        }
        if let Some(expr) = self.special_form(node, name, args) {
            return expr;
        }
        if let Some(global) = self.env.lookup(name) {
            return match global.kind {
                GlobalKind::Function { params } => {
                    let args: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
                    self.body.callees.push(global.def);
                    if args.len() != params as usize {
                        return self.wrong_arity(node, name, args.len(), &params.to_string(), params == 1);
                    }
                    self.body.add(Expr::Call(global.def, args), Some(node.span()))
                }
                GlobalKind::Variable => self.not_callable(head, name, "a variable"),
                GlobalKind::Literal(_) | GlobalKind::Constant => self.not_callable(head, name, "a constant"),
            };
        }
        if let Some(entry) = Builtin::from_name(name) {
            return self.builtin(node, entry, args);
        }
        if forms::UNAVAILABLE_FORMS.contains(&name) {
            return self.report(
                Diagnostic::at(
                    Code::UnsupportedForm,
                    head.span(),
                    format!("`{name}` is not available in this version"),
                )
                .note("the forms of this version are listed in the book's reference"),
            );
        }
        for arg in args {
            self.expr(*arg);
        }
        self.unknown_name(head, name)
    }

    fn not_callable(&mut self, head: Node<'t>, name: &str, what: &str) -> ExprId {
        self.report(
            Diagnostic::at(Code::NotCallable, head.span(), format!("`{}` is {what}, not a function", clip(name)))
                .help("to use its value, write it without the parentheses"),
        )
    }

    fn wrong_arity(&mut self, node: Node<'t>, name: &str, given: usize, takes: &str, singular: bool) -> ExprId {
        let plural = if singular { "" } else { "s" };
        self.report(Diagnostic::at(
            Code::WrongArity,
            node.span(),
            format!("`{}` takes {takes} argument{plural}, not {given}", clip(name)),
        ))
    }

    fn builtin(&mut self, node: Node<'t>, entry: &builtin::Entry, args: &[Node<'t>]) -> ExprId {
        let builtin = entry.builtin;
        if builtin == Builtin::Syscall {
            return self.syscall(node, args);
        }
        let exprs: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
        let (min, max) = (entry.min as usize, entry.max.map(usize::from));
        if exprs.len() < min || max.is_some_and(|max| exprs.len() > max) {
            let takes = match max {
                Some(max) if max == min => min.to_string(),
                Some(max) => format!("{min} to {max}"),
                None => format!("at least {min}"),
            };
            let expr = self.wrong_arity(node, entry.name, exprs.len(), &takes, takes.ends_with('1'));
            if let Some(diagnostic) = self.diagnostics.last_mut() {
                diagnostic.notes.push(entry.doc.to_string());
            }
            return expr;
        }
        self.body.add(Expr::Builtin(builtin, exprs), Some(node.span()))
    }

    fn syscall(&mut self, node: Node<'t>, args: &[Node<'t>]) -> ExprId {
        let Some((name_node, rest)) = args.split_first() else {
            return self.wrong_arity(node, "syscall", 0, "1 to 6", false);
        };
        let exprs: Vec<ExprId> = rest.iter().map(|arg| self.expr(*arg)).collect();
        let Some(name) = name_node.string_value() else {
            return self.report(
                Diagnostic::at(Code::LiteralStringNeeded, name_node.span(), "the name of a syscall must be a string literal")
                    .help("write it out, as in `(syscall \"sol_log_compute_units_\")`"),
            );
        };
        let Some(syscall) = Syscall::from_name(&name) else {
            let near = nearest(&name, Syscall::all().map(Syscall::name)).map(str::to_string);
            let mut diagnostic = Diagnostic::at(
                Code::UnknownSyscall,
                name_node.span(),
                format!("`{}` is not a syscall of Solana", clip(&name)),
            );
            if let Some(near) = near {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(
                    format!("write `{near}`"),
                    name_node.span(),
                    format!("\"{near}\""),
                );
            }
            return self.report(diagnostic);
        };
        if exprs.len() != syscall.arity() {
            let arity = syscall.arity();
            return self.wrong_arity(node, syscall.name(), exprs.len(), &arity.to_string(), arity == 1);
        }
        let name = self.body.add(Expr::String(name), Some(name_node.span()));
        let mut all = vec![name];
        all.extend(exprs);
        self.body.add(Expr::Builtin(Builtin::Syscall, all), Some(node.span()))
    }

    /// Expands a call of a local function: its parameters become locals, its body stands in place of the call.
    fn call_local(&mut self, node: Node<'t>, name: &str, number: usize, args: &[Node<'t>]) -> ExprId {
        let values: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
        let Some(local) = self.functions.get_mut(number) else {
            return self.body.add(Expr::Error, Some(node.span()));
        };
        if local.running {
            return self.report(
                Diagnostic::at(
                    Code::UnsupportedForm,
                    node.span(),
                    format!("`{}` is a local function that calls itself, which this version does not have", clip(name)),
                )
                .help("define it at the top level"),
            );
        }
        local.running = true;
        let definition_scope = local.scope;
        let function = Function {
            name: local.function.name,
            list: local.function.list,
            params: local.function.params.clone(),
            result: local.function.result,
            body: local.function.body.clone(),
        };
        let caller_scope = std::mem::replace(&mut self.scope, definition_scope);
        let params = self.params(&function, false);
        let expr = if params.len() != values.len() {
            self.scope = caller_scope;
            self.wrong_arity(node, name, values.len(), &params.len().to_string(), params.len() == 1)
        } else {
            let mut items: Vec<ExprId> = params
                .into_iter()
                .zip(values)
                .map(|(param, value)| self.body.add(Expr::Bind(param, value), Some(node.span())))
                .collect();
            let mut value = self.sequence(&function.body, node);
            if let Some(result) = function.result {
                let ty = self.type_name(result);
                value = self.body.add(Expr::Ascribe(value, ty), Some(node.span()));
            }
            items.push(value);
            self.scope = caller_scope;
            self.body.add(Expr::Block(items), Some(node.span()))
        };
        if let Some(local) = self.functions.get_mut(number) {
            local.running = false;
        }
        expr
    }

    fn special_form(&mut self, node: Node<'t>, name: &str, args: &[Node<'t>]) -> Option<ExprId> {
        let span = Some(node.span());
        Some(match name {
            "define" | "const" | "defn" | "defun" => {
                if forms::definition(node).is_none() {
                    self.malformed(node.span(), "the definition has no name", "(define name value)")
                } else {
                    self.report(
                        Diagnostic::at(
                            Code::MisplacedDefinition,
                            node.span(),
                            format!("`{name}` stands where a value is needed"),
                        )
                        .help("definitions stand at the top level or in a body, as in `(do (define x 1) …)`"),
                    )
                }
            }
            "lambda" | "fn" => self.report(
                Diagnostic::at(
                    Code::FunctionAsValue,
                    node.span(),
                    "a function is only called, or bound by `define` or `let`, in this version",
                )
                .help("call it at once, as in `((lambda (x) (+ x 1)) 2)`, or give it a name"),
            ),
            "set!" => self.assignment(node, args),
            "let" => self.let_form(node, args, false),
            "let*" => self.let_form(node, args, true),
            "do" | "progn" => self.sequence(args, node),
            "if" => match args {
                [condition, then] => {
                    let clauses = vec![(self.expr(*condition), self.expr(*then))];
                    self.body.add(Expr::If(clauses, None), span)
                }
                [condition, then, otherwise] => {
                    let clauses = vec![(self.expr(*condition), self.expr(*then))];
                    let otherwise = self.expr(*otherwise);
                    self.body.add(Expr::If(clauses, Some(otherwise)), span)
                }
                _ => self.malformed(
                    node.span(),
                    "`if` takes a condition and one or two values",
                    "(if condition then else)",
                ),
            },
            "when" | "unless" => match args.split_first() {
                Some((condition, body)) => {
                    let mut condition = self.expr(*condition);
                    if name == "unless" {
                        condition = self.body.add(Expr::Not(condition), self.body.spans[condition]);
                    }
                    let then = self.sequence(body, node);
                    self.body.add(Expr::If(vec![(condition, then)], None), span)
                }
                None => self.malformed(
                    node.span(),
                    &format!("`{name}` has no condition"),
                    &format!("({name} condition body …)"),
                ),
            },
            "cond" => self.cond(node, args),
            "and" | "or" => {
                let operands: Vec<ExprId> = args.iter().map(|arg| self.expr(*arg)).collect();
                match operands.as_slice() {
                    [] => self.body.add(Expr::Bool(name == "and"), span),
                    _ if name == "and" => self.body.add(Expr::And(operands), span),
                    _ => self.body.add(Expr::Or(operands), span),
                }
            }
            "not" => match args {
                [operand] => {
                    let operand = self.expr(*operand);
                    self.body.add(Expr::Not(operand), span)
                }
                _ => self.wrong_arity(node, "not", args.len(), "1", true),
            },
            "while" => match args.split_first() {
                Some((condition, body)) => {
                    let condition = self.expr(*condition);
                    let body = self.sequence(body, node);
                    self.body.add(Expr::While(condition, body), span)
                }
                None => {
                    self.malformed(node.span(), "`while` has no condition", "(while condition body …)")
                }
            },
            "the" | ":" => {
                let (ty, value) = match args {
                    [ty, value] if name == "the" => (*ty, *value),
                    [value, ty] => (*ty, *value),
                    _ => {
                        return Some(self.malformed(
                            node.span(),
                            &format!("`{name}` takes a type and a value"),
                            if name == "the" { "(the type value)" } else { "(: value type)" },
                        ));
                    }
                };
                let ty = self.type_name(ty);
                let value = self.expr(value);
                self.body.add(Expr::Ascribe(value, ty), span)
            }
            _ => return None,
        })
    }

    fn assignment(&mut self, node: Node<'t>, args: &[Node<'t>]) -> ExprId {
        let span = Some(node.span());
        let [target, value] = args else {
            return self.malformed(node.span(), "`set!` takes a variable and a value", "(set! name value)");
        };
        let value = self.expr(*value);
        let Some(name) = symbol(*target) else {
            if target.kind() == NodeKind::Error {
                return self.body.add(Expr::Error, span);
            }
            return self.malformed(target.span(), "only a variable can be assigned", "(set! name value)");
        };
        match self.scopes.lookup(self.scope, name) {
            Some(Binding::Local(local)) => return self.body.add(Expr::SetLocal(local, value), span),
            Some(Binding::Function(_)) => return self.assign_to_constant(*target, name, "a function"),
            None => {}
        }
        match self.env.lookup(name) {
            Some(global) => match global.kind {
                GlobalKind::Variable => {
                    self.body.globals.push(global.def);
                    self.body.add(Expr::SetGlobal(global.def, value), span)
                }
                GlobalKind::Function { .. } => self.assign_to_constant(*target, name, "a function"),
                GlobalKind::Literal(_) | GlobalKind::Constant => {
                    self.assign_to_constant(*target, name, "a constant")
                }
            },
            None if Builtin::from_name(name).is_some() || forms::SPECIAL_FORMS.contains(&name) => {
                self.assign_to_constant(*target, name, "part of the language")
            }
            None => self.unknown_name(*target, name),
        }
    }

    fn assign_to_constant(&mut self, target: Node<'t>, name: &str, what: &str) -> ExprId {
        self.report(
            Diagnostic::at(
                Code::AssignToConstant,
                target.span(),
                format!("`{}` is {what} and can not be assigned", clip(name)),
            )
            .help("use `define` for what changes"),
        )
    }

    fn let_form(&mut self, node: Node<'t>, args: &[Node<'t>], sequential: bool) -> ExprId {
        const SHAPE: &str = "(let ((name value) …) body …)";
        let Some((list, body)) = args.split_first() else {
            return self.malformed(node.span(), "`let` has no bindings", SHAPE);
        };
        if !matches!(list.kind(), NodeKind::List | NodeKind::Array) {
            return self.malformed(list.span(), "these are not bindings", SHAPE);
        }
        let outer = self.scope;
        let mut items = Vec::new();
        for binding in list.children() {
            let parts: Vec<Node<'t>> = match binding.kind() {
                NodeKind::List | NodeKind::Array => binding.children().collect(),
                NodeKind::Error => continue,
                _ => {
                    items.push(self.malformed(binding.span(), "this is not a binding", SHAPE));
                    continue;
                }
            };
            let Some((name, rest)) = parts.split_first() else {
                items.push(self.malformed(binding.span(), "this binding is empty", SHAPE));
                continue;
            };
            if symbol(*name).is_none() {
                items.push(self.malformed(name.span(), "a binding needs a name", SHAPE));
                continue;
            }
            self.check_defined_name_locally(*name);
            let variable = forms::variable(*name, rest);
            let value_scope = if sequential { self.scope } else { outer };
            items.push(self.bind(&variable, binding, value_scope));
        }
        items.push(self.sequence(body, node));
        self.scope = outer;
        self.body.add(Expr::Block(items), Some(node.span()))
    }

    /// A local may hide a built-in silently, but not a form.
    fn check_defined_name_locally(&mut self, name: Node<'t>) {
        if let Some(text) = symbol(name)
            && forms::SPECIAL_FORMS.contains(&text)
        {
            self.report(
                Diagnostic::at(Code::ReservedName, name.span(), format!("`{text}` is a form of the language"))
                    .help("choose another name"),
            );
        }
    }

    fn cond(&mut self, node: Node<'t>, args: &[Node<'t>]) -> ExprId {
        const SHAPE: &str = "(cond (condition body …) … (else body …))";
        let mut clauses = Vec::new();
        let mut otherwise = None;
        for (n, clause) in args.iter().enumerate() {
            if !matches!(clause.kind(), NodeKind::List | NodeKind::Array) {
                return self.malformed(clause.span(), "this is not a clause", SHAPE);
            }
            let parts: Vec<Node<'t>> = clause.children().collect();
            let Some((test, body)) = parts.split_first() else {
                return self.malformed(clause.span(), "this clause is empty", SHAPE);
            };
            if matches!(symbol(*test), Some("else" | "otherwise"))
                || test.as_keyword() == Some("else")
            {
                if n + 1 != args.len() {
                    return self.malformed(clause.span(), "`else` must be the last clause", SHAPE);
                }
                otherwise = Some(self.sequence(body, *clause));
                continue;
            }
            let condition = self.expr(*test);
            if body.is_empty() {
                return self.malformed(clause.span(), "this clause has no body", SHAPE);
            }
            let last = n + 1 == args.len();
            let always = matches!(self.body.exprs[condition], Expr::Bool(true));
            let value = self.sequence(body, *clause);
            if last && always {
                otherwise = Some(value);
            } else {
                clauses.push((condition, value));
            }
        }
        match (clauses.is_empty(), otherwise) {
            (true, Some(value)) => value,
            (true, None) => self.body.add(Expr::Null, Some(node.span())),
            (false, otherwise) => self.body.add(Expr::If(clauses, otherwise), Some(node.span())),
        }
    }
}

/// Names in messages are cut: a name can be as long as the file.
fn clip(name: &str) -> String {
    const LIMIT: usize = 60;
    if name.chars().count() <= LIMIT {
        return name.to_string();
    }
    let mut text: String = name.chars().take(LIMIT).collect();
    text.push('…');
    text
}
