//! Macros: running the function that expands a call, within bounds, and local macros.

use super::scope::{Binding, Expansion, Space};
use super::{Expander, function, hygiene};
use crate::core::{Expr, ExprId};
use crate::front::ExpansionSize;
use crate::module::ModuleId;
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Unwind, Value};
use std::rc::Rc;

/// How many expansions may be inside each other.
const MAX_NESTING: usize = 500;

/// How many nodes the result of one expansion may have.
const MAX_SIZE: usize = 1_000_000;

impl Expander<'_> {
    /// Runs a macro on the arguments of a call. `None` if it failed, which was reported.
    pub(crate) fn expand_call(
        &mut self,
        name: &Rc<str>,
        macro_function: &Value,
        expansion: Expansion,
        form: &Value,
        arguments: &[Value],
    ) -> Option<Value> {
        if self.front.budget.expansions == 0 {
            return None;
        }
        self.front.budget.expansions -= 1;
        // A macro of the program may do what a later one depends on.
        self.front.needs_bodies |= expansion.module != ModuleId(0);
        if self.front.budget.expansions == 0 || self.front.budget.fuel == 0 || self.front.budget.size == 0 {
            self.front.budget.expansions = 0;
            self.report_at(
                syntax::span(form),
                Diagnostic::new(
                    Code::MacroLimit,
                    format!("the expansions of this form are too many or too large in all; the last is of `{name}`"),
                )
                .help("a macro whose result calls macros several times grows with each level; let it make a loop or a call of a function"),
            );
            return None;
        }
        if self.expanding.len() >= MAX_NESTING {
            // What is beside the innermost would come to the same.
            self.front.budget.expansions = 0;
            self.report_at(
                syntax::span(form),
                Diagnostic::new(Code::MacroLimit, format!("the expansion of `{name}` does not end: {MAX_NESTING} expansions are inside each other"))
                    .help("a macro whose result calls the macro again needs a case that does not"),
            );
            return None;
        }
        let mark = self.front.new_expansion(expansion);
        let marked: Vec<Value> =
            arguments.iter().map(|argument| hygiene::mark(&syntax::data(argument), mark)).collect();
        let result = self.front.run_macro(self.machine, macro_function, &marked);
        match result {
            Ok(result) if self.is_too_large(&result) => {
                self.front.budget.expansions = 0;
                self.report_at(
                    syntax::span(form),
                    Diagnostic::new(
                        Code::MacroLimit,
                        format!("the expansion of `{name}` has more than {MAX_SIZE} parts"),
                    )
                    .help("let the macro make a loop or a call of a function instead of so much code"),
                );
                None
            }
            Ok(result) => {
                if let (Some(sizes), Some(span)) = (&mut self.front.expansion_sizes, syntax::span(form)) {
                    sizes.push(ExpansionSize {
                        name: name.to_string(),
                        span,
                        parts: hygiene::size(&result, MAX_SIZE),
                    });
                }
                Some(hygiene::mark(&result, mark))
            }
            Err(failure) => {
                self.report_macro_failure(name, form, failure);
                None
            }
        }
    }

    fn is_too_large(&mut self, result: &Value) -> bool {
        let size = hygiene::size(result, MAX_SIZE);
        self.front.budget.size = self.front.budget.size.saturating_sub(size);
        size > MAX_SIZE
    }

    fn report_macro_failure(&mut self, name: &Rc<str>, form: &Value, failure: crate::machine::Failure) {
        let (code, message) = match &failure.unwind {
            Unwind::Error(error) => {
                (Code::MacroFailed, format!("the macro `{name}` failed: {}", error.message))
            }
            Unwind::Stop(ovsm_value::error::StopReason::Memory) => {
                (Code::MacroLimit, format!("the macro `{name}` takes too much memory"))
            }
            Unwind::Stop(_) => (Code::MacroLimit, format!("the macro `{name}` runs for too long")),
            _ => (Code::MacroFailed, format!("the macro `{name}` did not return")),
        };
        let mut diagnostic = Diagnostic::new(code, message);
        if let Some(span) = syntax::span(form).or(self.near) {
            diagnostic = diagnostic.label(span, "expanded here");
        }
        if let Some(span) = failure.span
            && diagnostic.labels.iter().all(|label| label.span != span)
        {
            diagnostic = diagnostic.label(span, "the macro failed here");
        }
        self.report_at(syntax::span(form), diagnostic);
    }

    /// The function that expands a macro: it takes the forms of a call and gives the form that stands for it.
    pub(crate) fn macro_function(
        &mut self,
        form: &Value,
        name: &Rc<ovsm_value::Symbol>,
        rest: &[Value],
    ) -> Option<ExprId> {
        const SHAPE: &str = "(defmacro name (parameter …) body …)";
        let Some((parameters, rest)) = rest.split_first() else {
            self.malformed(form, "the parameters are missing", SHAPE);
            return None;
        };
        let Some(parameters) = function::parameter_list(parameters) else {
            self.malformed(form, "the parameters must be a list", SHAPE);
            return None;
        };
        let (_, doc, body) = function::split_body(rest);
        let shape = function::Shape {
            name: Some(name),
            parameters,
            result: None,
            doc,
            body,
            declarations: Vec::new(),
        };
        let before = std::mem::replace(&mut self.is_macro_body, true);
        let function = self.lambda(&name.name, &shape);
        self.is_macro_body = before;
        Some(function)
    }

    /// `(macrolet ((name (parameter…) body…) …) body…)`.
    pub(crate) fn macrolet_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(macrolet ((name (parameter …) body …) …) body …)";
        let Some((definitions, body)) = arguments.split_first() else {
            return self.malformed(form, "the macros are missing", SHAPE);
        };
        let Some(definitions) = function::parameter_list(definitions) else {
            return self.malformed(form, "the macros must be a list", SHAPE);
        };
        let mut macros = Vec::new();
        for definition in definitions {
            let Some([Value::Symbol(name), rest @ ..]) = definition.as_items() else {
                return self.malformed(definition, "this is no local macro", SHAPE);
            };
            // Its body runs now, so it sees the module but no variables of the code around.
            let mut items = vec![syntax::symbol("lambda", syntax::span(definition))];
            items.extend(rest.iter().cloned());
            let lambda = syntax::list(items, syntax::span(definition));
            match self.front.compile_time_value(self.machine, self.module, &lambda) {
                Ok(function) => macros.push((Rc::clone(name), function)),
                Err(diagnostics) => self.diagnostics.extend(diagnostics),
            }
        }
        self.scoped(|expander| {
            let outer = expander.scope;
            expander.scope = expander.scopes.open(outer);
            for (name, function) in macros {
                let binding = Binding::Macro(function, outer);
                expander.scopes.bind(expander.scope, Space::Value, &name.name, &name.marks, binding);
            }
            expander.body_here(body)
        })
    }

    /// `(inject name)`: in a macro, a symbol that means what it means where the macro is called.
    pub(crate) fn inject_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [Value::Symbol(symbol)] => {
                let name = self.constant(Value::string(&*symbol.name));
                self.native("#inject", vec![name])
            }
            [quoted] => {
                let value = self.expr(quoted);
                self.native("#inject", vec![value])
            }
            _ => self.malformed(form, "`inject` has one operand", "(inject name)"),
        }
    }

    /// `(eval-when-compile body…)`: runs the body while the module is compiled; the value stands in its place.
    pub(crate) fn eval_when_compile_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let mut items = vec![syntax::symbol("progn", syntax::span(form))];
        items.extend(arguments.iter().cloned());
        match self.front.compile_time_value(
            self.machine,
            self.module,
            &syntax::list(items, syntax::span(form)),
        ) {
            Ok(value) => self.constant(value),
            Err(diagnostics) => {
                self.diagnostics.extend(diagnostics);
                self.null()
            }
        }
    }

    /// `(quote form)`.
    pub(crate) fn quote_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [quoted] => {
                let value = syntax::data(quoted);
                self.add(Expr::Constant(value))
            }
            _ => self.malformed(form, "`quote` has one operand", "(quote form)"),
        }
    }
}
