//! Functions: parameter lists, `lambda` and its kin.

use super::Expander;
use super::scope::{Binding, Space};
use crate::core::{
    DeclaredEffects, Expr, ExprId, FunctionCode, FunctionId, KeyParameter, LocalId, Optional, Parameters,
};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

/// A function, taken apart.
pub(crate) struct Shape<'f> {
    pub(crate) name: Option<&'f Rc<Symbol>>,
    pub(crate) parameters: &'f [Value],
    pub(crate) result: Option<&'f Value>,
    pub(crate) doc: Option<Rc<str>>,
    pub(crate) body: &'f [Value],
    /// The `(declare …)` forms in front of the body.
    pub(crate) declarations: Vec<&'f Value>,
}

/// Takes `-> T`, a docstring and `(declare …)` off the front of a body.
pub(crate) fn split_body(body: &[Value]) -> (Option<&Value>, Option<Rc<str>>, &[Value]) {
    let (result, mut body) = match body {
        [arrow, ty, rest @ ..] if syntax::name(arrow) == Some("->") => (Some(ty), rest),
        body => (None, body),
    };
    let mut doc = None;
    loop {
        body = match body {
            [Value::String(text), rest @ ..] if !rest.is_empty() && doc.is_none() => {
                doc = Some(Rc::from(text.as_str()));
                rest
            }
            [declare, rest @ ..] if syntax::head(declare) == Some("declare") => rest,
            body => return (result, doc, body),
        };
    }
}

/// The `(declare …)` forms that [`split_body`] takes off.
pub(crate) fn declarations(body: &[Value]) -> Vec<&Value> {
    let (_, _, rest) = split_body(body);
    let front = body.get(..body.len().saturating_sub(rest.len())).unwrap_or(&[]);
    front.iter().filter(|form| syntax::head(form) == Some("declare")).collect()
}

/// The items of a parameter list.
pub(crate) fn parameter_list(form: &Value) -> Option<&[Value]> {
    match form {
        Value::Null => Some(&[]),
        form => form.as_items(),
    }
}

/// Takes a definition of a function apart: `(defn name (params) body…)` or `(define (name params) body…)`.
pub(crate) fn shape(form: &Value) -> Option<Shape<'_>> {
    let items = form.as_items()?;
    let (name, parameters, rest) = match items {
        [_, Value::List(signature), rest @ ..] => match signature.as_slice() {
            [Value::Symbol(name), parameters @ ..] => (name, parameters, rest),
            _ => return None,
        },
        [_, Value::Symbol(name), parameters, rest @ ..] => (name, parameter_list(parameters)?, rest),
        _ => return None,
    };
    let (result, doc, body) = split_body(rest);
    Some(Shape { name: Some(name), parameters, result, doc, body, declarations: declarations(rest) })
}

/// A parameter that stands for a pattern or has a type: what is to be done when the function starts.
enum Entry {
    Pattern(LocalId, Value),
    /// The parameter, its type, how messages call it, and where it stands.
    Check(LocalId, Value, String, Option<ovsm_base::Span>),
}

impl Expander<'_> {
    /// `(defn …)` or `(define (…) …)` as a function value.
    pub(crate) fn function_form(&mut self, form: &Value) -> ExprId {
        match shape(form) {
            Some(shape) => {
                let name = shape.name.map_or_else(|| Rc::from("function"), |name| Rc::clone(&name.name));
                self.lambda(&name, &shape)
            }
            None => {
                self.malformed(form, "this is no function definition", "(defn name (parameter …) body …)")
            }
        }
    }

    /// `(lambda (params) body…)`.
    pub(crate) fn lambda_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        // A name for recursion and traces may stand before the parameters: `(fn name (x) …)`.
        let (name, arguments) = match arguments {
            [Value::Symbol(name), parameters, ..] if parameter_list(parameters).is_some() => {
                (Some(name), arguments.get(1..).unwrap_or(&[]))
            }
            arguments => (None, arguments),
        };
        let Some((parameters, rest)) = arguments.split_first() else {
            return self.malformed(form, "the parameters are missing", "(lambda (parameter …) body …)");
        };
        let Some(parameters) = parameter_list(parameters) else {
            return self.malformed(form, "the parameters must be a list", "(lambda (parameter …) body …)");
        };
        let (result, doc, body) = split_body(rest);
        let shape = Shape { name, parameters, result, doc, body, declarations: declarations(rest) };
        match name {
            None => self.lambda(&Rc::from("lambda"), &shape),
            Some(name) => self.scoped(|expander| {
                let local = expander.bind_symbol(name);
                let function = expander.lambda(&name.name, &shape);
                let null = expander.null();
                let set = expander.add(Expr::SetLocal(local, function));
                expander.add(Expr::Let(vec![(local, null)], set))
            }),
        }
    }

    /// The effects that the declarations of a function state.
    fn declared_effects(&mut self, declarations: &[&Value]) -> Option<DeclaredEffects> {
        const NAMES: &[&str] =
            &["io", "rpc", "send", "sign", "time", "random", "storage", "net", "spawn", "any"];
        let mut declared: Option<DeclaredEffects> = None;
        for form in declarations {
            for clause in form.as_items().unwrap_or(&[]).iter().skip(1) {
                let names = match (syntax::head(clause), clause.as_items()) {
                    (Some("pure"), Some([_])) => &[],
                    (Some("effects"), Some([_, names @ ..])) => names,
                    _ => {
                        self.check_clause(clause, form);
                        continue;
                    }
                };
                let span = syntax::span(clause).or(syntax::span(form));
                let all = declared.get_or_insert(DeclaredEffects { effects: Vec::new(), span });
                for name in names {
                    match syntax::name(name).filter(|name| NAMES.contains(name)) {
                        Some(name) => all.effects.push(name.into()),
                        None => {
                            let text = ovsm_value::write::brief(name);
                            let near = syntax::span(name).or(span);
                            self.report_at(
                                near,
                                Diagnostic::new(Code::MalformedForm, format!("`{text}` is no effect"))
                                    .help(format!("the effects are `{}`", NAMES.join("`, `"))),
                            );
                        }
                    }
                }
            }
        }
        declared
    }

    /// Reports a declaration of effects that declares nothing.
    fn check_clause(&mut self, clause: &Value, form: &Value) {
        let word = syntax::name(clause).or_else(|| syntax::head(clause)).unwrap_or_default();
        if matches!(word.to_lowercase().as_str(), "pure" | "effects" | "effect") {
            let text = ovsm_value::write::brief(clause);
            let near = syntax::span(clause).or(syntax::span(form));
            let diagnostic = Diagnostic::new(Code::MalformedForm, format!("`{text}` declares nothing"));
            self.report_at(near, diagnostic.help("write `(declare (pure))` or `(declare (effects io …))`"));
        }
    }

    /// `(declare …)` where it says nothing about a function.
    pub(crate) fn misplaced_declaration(&mut self, form: &Value, clauses: &[Value]) -> ExprId {
        let is_of_function = |clause: &Value| matches!(syntax::head(clause), Some("pure" | "effects"));
        if clauses.iter().any(is_of_function) {
            let message = "effects are declared at the head of a function, before its body";
            let diagnostic = Diagnostic::new(Code::MalformedForm, message);
            self.report_at(syntax::span(form), diagnostic.help("`(defn f (x) (declare (pure)) …)`"));
        }
        self.null()
    }

    /// A closure.
    pub(crate) fn lambda(&mut self, name: &Rc<str>, shape: &Shape<'_>) -> ExprId {
        let span = self.near;
        let code = FunctionCode {
            doc: shape.doc.clone(),
            declared: self.declared_effects(&shape.declarations),
            ..FunctionCode::unwritten(Rc::clone(name), span)
        };
        let id = self.unit.functions.push(code);
        let outer = std::mem::replace(&mut self.function, id);
        let loops = std::mem::take(&mut self.loops);
        let body = self.scoped(|expander| {
            let mut entries = Vec::new();
            let parameters = expander.parameters(shape.parameters, &mut entries);
            let block = expander.block();
            expander.returns.push(block);
            let symbol = shape.name.map_or_else(|| Symbol::new("lambda"), |name| (**name).clone());
            expander.scopes.bind(
                expander.scope,
                Space::Block,
                &symbol.name,
                &symbol.marks,
                Binding::Block(block),
            );
            let is_left_out = expander.is_outline && outer == FunctionId(0);
            let mut body = expander.with_entries(entries, if is_left_out { &[] } else { shape.body });
            expander.returns.pop();
            if expander.leaves(block) {
                body = expander.add(Expr::Block(block, body));
            }
            if let Some(result) = shape.result {
                // What has no value gives null, whatever its last form gives.
                if matches!(result, Value::Null) || syntax::name(result) == Some("null") {
                    let null = expander.null();
                    body = expander.sequence(vec![body, null]);
                }
                if let Some(ty) = expander.type_of(result) {
                    body = expander.checked_as(body, &ty, &format!("the result of `{name}`"));
                    if let Some(code) = expander.unit.functions.get_mut(id) {
                        code.result = Some(ty);
                    }
                }
            }
            (parameters, body)
        });
        self.function = outer;
        self.loops = loops;
        if let Some(code) = self.unit.functions.get_mut(id) {
            (code.parameters, code.body) = body;
        }
        self.add(Expr::Lambda(id))
    }

    /// True if something leaves a block.
    fn leaves(&self, block: crate::core::BlockId) -> bool {
        self.left.contains(&block)
    }

    fn with_entries(&mut self, entries: Vec<Entry>, body: &[Value]) -> ExprId {
        let mut checks = Vec::new();
        let mut bindings = Vec::new();
        for entry in entries {
            match entry {
                Entry::Check(local, ty, what, span) => {
                    let near = std::mem::replace(&mut self.near, span);
                    let read = self.read(local);
                    let Some(known) = self.type_of(&ty) else {
                        self.near = near;
                        continue;
                    };
                    if let Some(local) = self.unit.locals.get_mut(local) {
                        local.annotation = Some((known.clone(), syntax::span(&ty)));
                    }
                    self.state_local(local, &known);
                    checks.push(match self.items_checked(local, &known, &what) {
                        Some(check) => check,
                        None => {
                            let checked = self.checked_as(read, &known, &what);
                            self.add(Expr::SetLocal(local, checked))
                        }
                    });
                    self.near = near;
                }
                Entry::Pattern(local, pattern) => {
                    let read = self.read(local);
                    self.destructure(&pattern, read, true, &mut bindings);
                }
            }
        }
        let mut inner = self.body_here(body);
        if !bindings.is_empty() {
            inner = self.add(Expr::Let(bindings, inner));
        }
        if checks.is_empty() {
            return inner;
        }
        checks.push(inner);
        self.sequence(checks)
    }

    fn parameters(&mut self, items: &[Value], entries: &mut Vec<Entry>) -> Parameters {
        #[derive(PartialEq)]
        enum Mode {
            Required,
            Optional,
            Rest,
            Keys,
            Done,
        }
        let mut parameters = Parameters::default();
        let mut mode = Mode::Required;
        let mut is_rest_named = false;
        for item in items {
            match syntax::name(item) {
                Some("&optional") if mode == Mode::Required => {
                    mode = Mode::Optional;
                    continue;
                }
                Some("&rest" | "&body" | "&") if matches!(mode, Mode::Required | Mode::Optional) => {
                    mode = Mode::Rest;
                    continue;
                }
                Some("&key") if mode != Mode::Keys => {
                    mode = Mode::Keys;
                    parameters.keys = Some(Vec::new());
                    continue;
                }
                Some("&allow-other-keys") if mode == Mode::Keys => {
                    parameters.allow_other_keys = true;
                    continue;
                }
                Some(name) if name.starts_with('&') && name.len() > 1 => {
                    self.report_at(
                        syntax::span(item),
                        Diagnostic::new(Code::MalformedForm, format!("`{name}` can not stand here"))
                            .help("the order is: required, `&optional`, `&rest` (or `&body`), `&key`"),
                    );
                    continue;
                }
                _ => {}
            }
            if mode == Mode::Rest {
                is_rest_named = true;
            }
            // `x : T` without parentheses is not a parameter: a colon alone is a mistake worth its own message.
            let (pattern, annotation, default, supplied) = self.parameter(item, mode == Mode::Required);
            if let Value::Symbol(symbol) = &pattern
                && self.scopes.is_bound_here(self.scope, Space::Value, &symbol.name, &symbol.marks)
            {
                self.report_at(
                    symbol.span,
                    Diagnostic::new(
                        Code::DuplicateParameter,
                        format!("the parameter `{}` stands twice", symbol.name),
                    )
                    .help("give one of them another name"),
                );
            }
            let default = match (&mode, default) {
                (Mode::Optional | Mode::Keys, Some(default)) => self.expr(&default),
                _ => self.null(),
            };
            let local = match &pattern {
                Value::Symbol(symbol) => self.bind_symbol(symbol),
                pattern => {
                    let local = self.local("parameter");
                    entries.push(Entry::Pattern(local, pattern.clone()));
                    local
                }
            };
            if let Some(ty) = annotation {
                let name = syntax::name(&pattern).unwrap_or("_").to_string();
                let span = syntax::span(item).or(self.near);
                entries.push(Entry::Check(local, ty, format!("the parameter `{name}`"), span));
            }
            let supplied = supplied.map(|symbol| self.bind_symbol(&symbol));
            match mode {
                Mode::Required => parameters.required.push(local),
                Mode::Optional => parameters.optional.push(Optional { local, default, supplied }),
                Mode::Rest => {
                    parameters.rest = Some(local);
                    mode = Mode::Done;
                }
                Mode::Keys => {
                    let name: Rc<str> = syntax::name(&pattern).unwrap_or("_").into();
                    if let Some(keys) = &mut parameters.keys {
                        keys.push(KeyParameter { name, local, default, supplied });
                    }
                }
                Mode::Done => {
                    self.report_at(
                        syntax::span(item),
                        Diagnostic::new(Code::MalformedForm, "only one parameter takes the rest")
                            .help("`&key` may follow it, nothing else"),
                    );
                }
            }
        }
        // `(a &rest)` and `(a &optional)` are unfinished.
        let last = items.last().and_then(syntax::name);
        if mode == Mode::Rest && !is_rest_named || matches!(last, Some("&optional")) {
            let name = last.unwrap_or("&rest");
            self.report_at(
                items.last().and_then(syntax::span),
                Diagnostic::new(Code::MalformedForm, format!("no parameter follows `{name}`"))
                    .help("name the parameter that takes what comes there, or remove it"),
            );
        }
        parameters
    }

    /// A parameter: its pattern, type, default, and the variable that tells whether it was given.
    #[allow(clippy::type_complexity, reason = "four parts of one parameter, used once")]
    fn parameter(
        &mut self,
        item: &Value,
        is_required: bool,
    ) -> (Value, Option<Value>, Option<Value>, Option<Rc<Symbol>>) {
        let Value::List(parts) = item else {
            if !matches!(item, Value::Symbol(_) | Value::Array(_) | Value::Object(_)) {
                self.report_at(
                    syntax::span(item),
                    Diagnostic::new(Code::MalformedForm, "a parameter must be a name or a pattern")
                        .help("parameters are written `x`, `(x : T)`, `[a b]` or `{a b}`"),
                );
                return (syntax::symbol("_", None), None, None, None);
            }
            return (item.clone(), None, None, None);
        };
        match parts.as_slice() {
            [pattern, colon, ty, rest @ ..] if syntax::name(colon) == Some(":") => {
                (pattern.clone(), Some(ty.clone()), rest.first().cloned(), None)
            }
            // A list is a nested pattern among required parameters, and a default elsewhere.
            _ if is_required => (item.clone(), None, None, None),
            [pattern] => (pattern.clone(), None, None, None),
            [pattern, default] => (pattern.clone(), None, Some(default.clone()), None),
            [pattern, default, Value::Symbol(supplied)] => {
                (pattern.clone(), None, Some(default.clone()), Some(Rc::clone(supplied)))
            }
            _ => {
                self.report_at(
                    syntax::span(item),
                    Diagnostic::new(Code::MalformedForm, "this is no parameter")
                        .help("an optional parameter is written `(name default)`"),
                );
                (syntax::symbol("_", None), None, None, None)
            }
        }
    }

    /// The current function.
    pub(crate) fn is_outermost(&self) -> bool {
        self.function == FunctionId(0)
    }
}
