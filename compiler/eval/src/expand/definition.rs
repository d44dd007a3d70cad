//! Definitions at the top level of a module, imports and exports.

use super::name::Meant;
use super::scope::Scopes;
use super::{Expander, function};
use crate::core::{Expr, ExprId};
use crate::module::{GlobalKind, Meaning, Setter, Type};
use crate::syntax;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_value::{Symbol, Value};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// A symbol that the expander makes for a name of the program.
pub(crate) fn intern(name: &str, span: Option<Span>) -> Symbol {
    match syntax::symbol(name, span) {
        Value::Symbol(symbol) => (*symbol).clone(),
        _ => Symbol::new(name),
    }
}

impl Expander<'_> {
    /// A form at the top level: what it defines belongs to the module.
    pub(crate) fn top_form(&mut self, form: &Value) -> ExprId {
        if let Value::List(items) = form
            && let [Value::Symbol(head), arguments @ ..] = items.as_slice()
        {
            match self.meaning(head) {
                Meant::Special(special)
                    if self.splices(special.name)
                        && special_sequence(arguments)
                        && (!self.front.is_program || !self.expanding.is_empty()) =>
                {
                    let steps = arguments.iter().map(|form| self.top_form(form)).collect();
                    return self.sequence(steps);
                }
                Meant::Special(special) if special.name == "pub" => {
                    let near = self.near;
                    self.near = syntax::span(form).or(near);
                    let expr = self.pub_form(form, arguments);
                    self.near = near;
                    return expr;
                }
                Meant::Macro(macro_function, expansion) => {
                    let Some(expanded) =
                        self.expand_call(&head.name, &macro_function, expansion, form, arguments)
                    else {
                        return self.null();
                    };
                    self.expanding.push((Rc::clone(&head.name), self.near));
                    let expr = ovsm_base::stack::with_room(|| self.top_form(&expanded));
                    self.expanding.pop();
                    return expr;
                }
                _ => {}
            }
        }
        let near = self.near;
        self.near = syntax::span(form).or(near);
        let expr = self.expr(form);
        self.near = near;
        expr
    }

    /// True for sequences whose definitions belong to the module: `progn`, and `do` as a macro gives it.
    fn splices(&self, name: &str) -> bool {
        matches!(name, "progn" | "begin") || name == "do" && !self.expanding.is_empty()
    }

    /// True where a definition makes a name of the module.
    fn at_top(&self) -> bool {
        self.is_outermost() && self.scope == Scopes::TOP && (!self.front.is_program || self.is_direct())
    }

    /// Reports a definition of a name that can not be defined.
    fn check_name(&mut self, symbol: &Symbol) -> bool {
        let reserved = super::special::find(&symbol.name).is_some();
        if reserved {
            self.report_at(
                symbol.span,
                Diagnostic::new(
                    Code::ReservedName,
                    format!("`{}` is a form of the language", super::name::clip(&symbol.name)),
                )
                .help("choose another name"),
            );
        }
        self.warn_about_hiding(symbol);
        !reserved
    }

    /// In a program, a definition that hides a built-in function is worth a warning; in a script there is a lint.
    pub(crate) fn warn_about_hiding(&mut self, symbol: &Symbol) {
        if self.front.is_program && (self.front.is_built_in)(&symbol.name) {
            self.report_at(
                symbol.span,
                Diagnostic::new(
                    Code::ShadowedBuiltin,
                    format!("this definition hides the built-in `{}`", super::name::clip(&symbol.name)),
                )
                .help("choose another name, unless hiding it is meant"),
            );
        }
    }

    fn misplaced(&mut self, form: &Value) -> ExprId {
        let name = syntax::head(form).unwrap_or("define").to_string();
        self.report_null(
            form,
            Diagnostic::new(
                Code::MisplacedDefinition,
                format!("`{name}` stands where only an expression can"),
            )
            .help(
                "definitions stand at the top level, or directly in the body of a function, `let`, `progn` …",
            ),
        )
    }

    /// `(define name value)`, `(define name : T value)`, `(define (f x) body…)`.
    pub(crate) fn define_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(define name value)";
        if !self.at_top() {
            return self.misplaced(form);
        }
        let (symbol, annotation, value) = match arguments {
            [Value::List(_), ..] => return self.defn_form(form, arguments),
            [Value::Symbol(symbol)] => (symbol, None, None),
            [Value::Symbol(symbol), value] => (symbol, None, Some(value)),
            [Value::Symbol(symbol), Value::String(_), value] => (symbol, None, Some(value)),
            [Value::Symbol(symbol), colon, ty, value] if syntax::name(colon) == Some(":") => {
                (symbol, Some(ty), Some(value))
            }
            _ => return self.malformed(form, "a definition is a name and one value", SHAPE),
        };
        if !self.check_name(symbol) {
            return self.null();
        }
        let id = self.front.define_global(self.machine, self.module, symbol, GlobalKind::Variable);
        self.define_value(id, symbol, annotation, value)
    }

    fn define_value(
        &mut self,
        id: crate::core::GlobalId,
        symbol: &Symbol,
        annotation: Option<&Value>,
        value: Option<&Value>,
    ) -> ExprId {
        let mut expr = match value {
            // A function that is given a name is known by it.
            Some(value) if matches!(syntax::head(value), Some("lambda" | "fn")) => {
                self.named_lambda(symbol, value)
            }
            Some(value) => self.expr(value),
            None => self.null(),
        };
        let made = value.filter(|_| annotation.is_none());
        let ty = annotation.and_then(|annotation| self.type_of(annotation));
        let made = made.and_then(|value| self.made_vec(value));
        if self.front.is_program && made.is_some() {
            let diagnostic = Diagnostic::new(
                Code::UnsupportedForm,
                "the items of this vec have a condition, which other forms of a program do not see here",
            )
            .help(format!("state the type: `(define {} : (vec T) …)`", symbol.name));
            self.report_at(symbol.span, diagnostic);
        }
        let ty = ty.or(made);
        self.state_global(id, ty.as_ref());
        if let Some(Expr::Lambda(code)) = self.unit.exprs.get(expr)
            && let Some(code) = self.unit.functions.get(*code)
        {
            self.front.define_signature(id, &code.parameters, symbol.span);
        }
        // Other forms look for the type where the definition is written.
        if self.front.is_program
            && !self.expanding.is_empty()
            && self.front.is_assignable(self.module, symbol)
            && ty.as_ref().is_some_and(Type::has_condition)
        {
            let diagnostic = Diagnostic::new(
                Code::UnsupportedForm,
                "a variable that a macro defines can not have a type with a condition in programs",
            )
            .help("write the definition out, or use `const`");
            self.report_at(None, diagnostic);
        }
        if let Some(ty) = &ty {
            expr = self.checked_as(expr, ty, &format!("`{}`", symbol.name));
        }
        self.add(Expr::SetGlobal(id, expr))
    }

    fn named_lambda(&mut self, symbol: &Symbol, form: &Value) -> ExprId {
        let expr = self.expr(form);
        if let Some(Expr::Lambda(id)) = self.unit.exprs.get(expr)
            && let Some(code) = self.unit.functions.get_mut(*id)
            && &*code.name == "lambda"
        {
            code.name = Rc::clone(&symbol.name);
        }
        expr
    }

    /// `(defvar *name* value)`: a dynamic variable.
    pub(crate) fn defvar_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        if !self.at_top() {
            return self.misplaced(form);
        }
        let (symbol, value) = match arguments {
            [Value::Symbol(symbol)] => (symbol, None),
            [Value::Symbol(symbol), value] | [Value::Symbol(symbol), value, Value::String(_)] => {
                (symbol, Some(value))
            }
            _ => {
                return self.malformed(form, "a definition is a name and one value", "(defvar *name* value)");
            }
        };
        if !self.check_name(symbol) {
            return self.null();
        }
        let id = self.front.define_global(self.machine, self.module, symbol, GlobalKind::Dynamic);
        self.define_value(id, symbol, None, value)
    }

    /// `(const name value)`.
    pub(crate) fn const_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        if !self.at_top() {
            return self.misplaced(form);
        }
        let (symbol, annotation, value) = match arguments {
            [Value::Symbol(symbol), value] | [Value::Symbol(symbol), value, Value::String(_)] => {
                (symbol, None, value)
            }
            [Value::Symbol(symbol), colon, ty, value] if syntax::name(colon) == Some(":") => {
                (symbol, Some(ty), value)
            }
            _ => return self.malformed(form, "a constant is a name and one value", "(const name value)"),
        };
        if !self.check_name(symbol) {
            return self.null();
        }
        let id = self.front.define_global(self.machine, self.module, symbol, GlobalKind::Constant);
        self.define_value(id, symbol, annotation, Some(value))
    }

    /// `(defn name (params) body…)`.
    pub(crate) fn defn_form(&mut self, form: &Value, _arguments: &[Value]) -> ExprId {
        if !self.at_top() {
            return self.misplaced(form);
        }
        let Some(shape) = function::shape(form) else {
            return self.malformed(
                form,
                "this is no function definition",
                "(defn name (parameter …) body …)",
            );
        };
        let Some(symbol) = shape.name else { return self.null() };
        if !self.check_name(symbol) {
            return self.null();
        }
        let id = self.front.define_global(self.machine, self.module, symbol, GlobalKind::Function);
        let function = self.lambda(&symbol.name, &shape);
        if let Some(Expr::Lambda(code)) = self.unit.exprs.get(function)
            && let Some(code) = self.unit.functions.get(*code)
        {
            self.front.define_signature(id, &code.parameters, symbol.span);
        }
        self.add(Expr::SetGlobal(id, function))
    }

    /// `(defmacro name (params) body…)`.
    pub(crate) fn defmacro_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(defmacro name (parameter …) body …)";
        if !self.at_top() {
            return self.misplaced(form);
        }
        let (symbol, rest): (Rc<Symbol>, Vec<Value>) = match arguments {
            [Value::Symbol(symbol), rest @ ..] => (Rc::clone(symbol), rest.to_vec()),
            // `(defmacro (name params…) body…)`.
            [Value::List(signature), body @ ..]
                if let Some([Value::Symbol(symbol), parameters @ ..]) = Some(signature.as_slice()) =>
            {
                let mut rest = vec![Value::list(parameters.to_vec())];
                rest.extend(body.iter().cloned());
                (Rc::clone(symbol), rest)
            }
            _ => return self.malformed(form, "the name is missing", SHAPE),
        };
        if !self.check_name(&symbol) {
            return self.null();
        }
        let id = self.front.define_macro(self.machine, self.module, &symbol);
        if !self.expanding.is_empty() {
            // A macro made this definition: nobody can find it in the text when it is needed, so it is made now.
            let mut lambda = vec![syntax::symbol("lambda", self.near)];
            lambda.extend(rest);
            match self.front.compile_time_value(self.machine, self.module, &syntax::list(lambda, self.near)) {
                Ok(function) => self.machine.set_global(id, function),
                Err(diagnostics) => self.diagnostics.extend(diagnostics),
            }
            return self.constant(Value::Symbol(symbol));
        }
        let Some(function) = self.macro_function(form, &symbol, &rest) else { return self.null() };
        let set = self.add(Expr::SetGlobal(id, function));
        let name = self.constant(Value::Symbol(symbol));
        self.sequence(vec![set, name])
    }

    /// `(define-symbol-macro name form)`.
    pub(crate) fn define_symbol_macro_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [Value::Symbol(symbol), expansion] = arguments else {
            return self.malformed(form, "a name and a form", "(define-symbol-macro name form)");
        };
        if !self.at_top() {
            return self.misplaced(form);
        }
        self.front.define_meaning(self.module, symbol, Meaning::SymbolMacro(expansion.clone()));
        self.constant(Value::Symbol(Rc::clone(symbol)))
    }

    /// `(defsetf name function)`, `(defsetf name (parameter…) (value) body…)`.
    pub(crate) fn defsetf_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(defsetf name (parameter …) (value) body …)";
        let (symbol, function, is_macro) = match arguments {
            [Value::Symbol(symbol), function] => (symbol, function.clone(), false),
            [Value::Symbol(symbol), parameters, value, body @ ..] => {
                let (Some(parameters), Some(value)) =
                    (function::parameter_list(parameters), function::parameter_list(value))
                else {
                    return self.malformed(form, "the parameters or the value are missing", SHAPE);
                };
                let parameters = parameters.iter().chain(value).cloned().collect();
                let mut lambda = vec![syntax::symbol("lambda", self.near), Value::list(parameters)];
                lambda.extend(body.iter().cloned());
                (symbol, syntax::list(lambda, self.near), true)
            }
            _ => return self.malformed(form, "the name or the function is missing", SHAPE),
        };
        let setter = intern(&format!("(setf {})", symbol.name), symbol.span);
        let id = self.front.define_global(self.machine, self.module, &setter, GlobalKind::Function);
        let how = if is_macro { Setter::Macro(id) } else { Setter::Function(id) };
        self.front.define_setter(self.module, &symbol.name, how);
        let function = self.expr(&function);
        let set = self.add(Expr::SetGlobal(id, function));
        let name = self.constant(Value::Symbol(Rc::clone(symbol)));
        let whole = self.sequence(vec![set, name]);
        if is_macro {
            self.front.define_now(id);
        }
        whole
    }

    /// `(pub (defn …))`.
    pub(crate) fn pub_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        if !self.at_top() {
            return self.misplaced(form);
        }
        let steps: Vec<ExprId> = arguments
            .iter()
            .map(|definition| {
                let names = defined_names(definition);
                for name in &names {
                    self.front.export(self.module, name);
                }
                if !names.is_empty() {
                    return self.top_form(definition);
                }
                // What a call of a macro defines is known when it was expanded.
                let known: FxHashSet<Rc<str>> = self.front.names_of(self.module).collect();
                let step = self.top_form(definition);
                let mut new: Vec<Rc<str>> =
                    self.front.names_of(self.module).filter(|name| !known.contains(name)).collect();
                new.sort_unstable();
                for name in new {
                    self.front.export(self.module, &name);
                }
                step
            })
            .collect();
        self.sequence(steps)
    }

    /// `(export name…)`.
    pub(crate) fn export_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        for argument in arguments {
            match argument {
                Value::Symbol(symbol) => {
                    self.front.export(self.module, &symbol.name);
                    self.front.check_export(self.machine, self.module, symbol);
                }
                other => {
                    self.malformed(other, "an export is a name", "(export name …)");
                    let _ = form;
                }
            }
        }
        self.null()
    }

    /// `(import module [module :as alias] [module :only (name…)])`.
    pub(crate) fn import_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(import module [module :as alias] [module :only (name …)])";
        // Which modules a program has is read from its text.
        if self.front.is_program && !(self.at_top() && self.expanding.is_empty()) {
            return self.misplaced(form);
        }
        for argument in arguments {
            let (module, mut options) = match argument {
                Value::Symbol(symbol) => (symbol, [].iter()),
                Value::Array(items) | Value::List(items) => match items.as_slice() {
                    [Value::Symbol(symbol), options @ ..] => (symbol, options.iter()),
                    _ => {
                        return self.malformed(argument, "an import begins with the name of a module", SHAPE);
                    }
                },
                Value::String(_) => {
                    return self.malformed(form, "a module is named by a symbol, as in `std/list`", SHAPE);
                }
                other => return self.malformed(other, "an import is the name of a module", SHAPE),
            };
            let mut alias = None;
            let mut only: Option<Vec<Rc<Symbol>>> = None;
            while let Some(option) = options.next() {
                let (Value::Keyword(option), Some(value)) = (option, options.next()) else {
                    return self.malformed(argument, "an option is a keyword and its value", SHAPE);
                };
                match (option.as_str(), value) {
                    ("as", Value::Symbol(name)) => alias = Some(Rc::clone(&name.name)),
                    ("only" | "refer", names) if names.as_items().is_some() => {
                        let names = names.as_items().unwrap_or(&[]);
                        only = Some(
                            names.iter().filter_map(|name| self.symbol_of(name).map(Rc::clone)).collect(),
                        );
                    }
                    _ => return self.malformed(argument, "the options are `:as` and `:only`", SHAPE),
                }
            }
            let whole = syntax::span(if arguments.len() == 1 { form } else { argument });
            match self.front.import(self.machine, self.module, module, alias, only, whole) {
                Ok(found) => found.into_iter().for_each(|diagnostic| self.report_at(module.span, diagnostic)),
                Err(diagnostic) => self.report_at(module.span, *diagnostic),
            }
        }
        self.null()
    }
}

fn special_sequence(forms: &[Value]) -> bool {
    // `do` is a loop if it begins with bindings.
    !matches!(forms, [Value::List(bindings), Value::List(_), ..] if !bindings.is_empty() && bindings.as_slice().iter().all(|item| matches!(item, Value::List(_))))
}

/// The names that a definition defines, as far as its text tells.
pub(crate) fn defined_names(form: &Value) -> Vec<Rc<str>> {
    let Some([head, rest @ ..]) = form.as_items() else { return Vec::new() };
    let first = match rest.first() {
        Some(Value::Symbol(symbol)) => Rc::clone(&symbol.name),
        Some(Value::List(signature)) => match signature.get(0) {
            Some(Value::Symbol(symbol)) => Rc::clone(&symbol.name),
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let mut names = vec![Rc::clone(&first)];
    let field = |item: &Value| match item {
        Value::Symbol(symbol) => Some(Rc::clone(&symbol.name)),
        other => match other.as_items().and_then(|items| items.first()) {
            Some(Value::Symbol(symbol)) => Some(Rc::clone(&symbol.name)),
            _ => None,
        },
    };
    let parts: Vec<Value> = match rest.get(1..) {
        // `:align 8` comes before the fields.
        Some([Value::Keyword(_), _, Value::Array(items)]) => items.as_slice().to_vec(),
        Some([Value::Array(items)]) => items.as_slice().to_vec(),
        Some(items) => items.to_vec(),
        None => Vec::new(),
    };
    match syntax::name(head) {
        Some("defrecord" | "defstruct" | "define-struct") => {
            names.extend(
                [format!("{first}?"), format!("make-{first}"), format!("{first}-p"), format!("copy-{first}")]
                    .map(Rc::from),
            );
            names.extend(parts.iter().filter_map(field).map(|field| Rc::from(format!("{first}-{field}"))));
        }
        Some("defenum") => {
            names.push(format!("{first}?").into());
            names.extend(parts.iter().filter_map(field));
        }
        Some(
            "define"
            | "defvar"
            | "defparameter"
            | "const"
            | "defconstant"
            | "defn"
            | "defun"
            | "defmacro"
            | "define-macro"
            | "deftype"
            | "define-symbol-macro",
        ) => {}
        _ => return Vec::new(),
    }
    names
}
