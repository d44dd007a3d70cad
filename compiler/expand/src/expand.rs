//! Expansion of one top-level form into a core body.
//!
//! A tree and an [`Env`] go in, an [`Expansion`] comes out. Each special form is one method; whatever is no special
//! form, built-in or function of the module is reported here. Forms that were reported become [`Expr::Error`].

use crate::builtin::{self, Builtin};
use crate::core::{Body, Expr, ExprId};
use crate::env::{Env, GlobalKind, Literal};
use crate::forms::{self, Definition, Function};
use crate::scope::{Binding, Scope, Scopes};
use ovsm_base::suggest::nearest;
use ovsm_base::{Code, DefId, Diagnostic, Span};
use ovsm_cst::{Node, NodeKind};

/// Expressions nest at most so deeply after expansion; later stages recurse over them.
const MAX_DEPTH: u32 = 320;

/// A body holds at most so many expressions: local functions are expanded at each call.
const MAX_EXPRESSIONS: usize = 400_000;

/// A form reports at most so many faults: the next ones hardly help, and a hostile file could make millions.
const MAX_DIAGNOSTICS: usize = 200;

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
pub(crate) struct LocalFunction<'t> {
    pub(crate) function: Function<'t>,
    pub(crate) scope: Scope,
    pub(crate) running: bool,
}

pub(crate) struct Expander<'t, 'e> {
    pub(crate) env: &'e dyn Env,
    pub(crate) body: Body,
    pub(crate) scopes: Scopes,
    pub(crate) scope: Scope,
    pub(crate) functions: Vec<LocalFunction<'t>>,
    depth: u32,
    pub(crate) diagnostics: Vec<Diagnostic>,
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
                let is_literal =
                    variable.name.as_symbol().and_then(|name| self.env.lookup(name)).is_some_and(|global| {
                        global.def == def && matches!(global.kind, GlobalKind::Literal(_))
                    });
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

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) -> ExprId {
        let span = diagnostic.labels.first().map(|label| label.span);
        if !self.reported_enough() || diagnostic.code == Code::ProgramTooLarge {
            self.diagnostics.push(diagnostic);
        }
        self.body.add(Expr::Error, span)
    }

    /// True if further faults of this form are not reported.
    pub(crate) fn reported_enough(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    pub(crate) fn malformed(&mut self, span: Span, message: &str, shape: &str) -> ExprId {
        self.report(
            Diagnostic::at(Code::MalformedForm, span, message).help(format!("the form is written `{shape}`")),
        )
    }

    pub(crate) fn expr(&mut self, node: Node<'t>) -> ExprId {
        if self.depth >= MAX_DEPTH || self.body.exprs.len() >= MAX_EXPRESSIONS {
            return self.too_much(node);
        }
        self.depth += 1;
        let expr = ovsm_base::stack::with_room(|| self.expr_inner(node));
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
            Some(magnitude) => self.body.add(
                Expr::Int { negative: integer.negative && magnitude != 0, magnitude, suffix },
                Some(span),
            ),
            None => self.report(
                Diagnostic::at(
                    Code::LiteralOutOfRange,
                    span,
                    "this integer is larger than any type of this version",
                )
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
                Diagnostic::at(
                    Code::FunctionAsValue,
                    node.span(),
                    format!("`{name}` is a form, not a value"),
                )
                .help(format!("call it: `({name} …)`")),
            );
        }
        self.unknown_name(node, name)
    }

    pub(crate) fn function_as_value(&mut self, node: Node<'t>, name: &str) -> ExprId {
        self.report(
            Diagnostic::at(
                Code::FunctionAsValue,
                node.span(),
                format!("`{}` is a function, and functions are only called in this version", clip(name)),
            )
            .help(format!("call it: `({} …)`", clip(name))),
        )
    }

    pub(crate) fn unknown_name(&mut self, node: Node<'t>, name: &str) -> ExprId {
        if self.reported_enough() {
            return self.body.add(Expr::Error, Some(node.span()));
        }
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
}

/// Names in messages are cut: a name can be as long as the file.
pub(crate) fn clip(name: &str) -> String {
    const LIMIT: usize = 60;
    if name.chars().count() <= LIMIT {
        return name.to_string();
    }
    let mut text: String = name.chars().take(LIMIT).collect();
    text.push('…');
    text
}
