//! Errors and other ways out: `try`, `handler-case`, `catch`, `unwind-protect`, `assert`.

use super::Expander;
use super::name::Meant;
use crate::core::{Expr, ExprId, LocalId};
use crate::syntax;
use ovsm_value::Value;

impl Expander<'_> {
    /// `(try body… (catch name handler…) (finally cleanup…))`.
    pub(crate) fn try_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(try body … (catch name handler …) (finally cleanup …))";
        let is_clause = |form: &Value| {
            matches!(syntax::head(form), Some("finally"))
                || syntax::head(form) == Some("catch")
                    && matches!(form.as_items(), Some([_, Value::Symbol(_), ..] | [_, Value::Null, ..]))
        };
        let body_end = arguments.iter().position(is_clause).unwrap_or(arguments.len());
        let (body, clauses) = arguments.split_at(body_end);
        // A `catch` of a tag may stand in the body; but a `try` that ends with one and handles nothing is a mistake.
        if clauses.is_empty()
            && body.len() > 1
            && let Some(last) = body.last()
            && syntax::head(last) == Some("catch")
        {
            return self.malformed(last, "the variable of `catch` is a name", SHAPE);
        }
        let mut catches = Vec::new();
        let mut cleanup = None;
        for clause in clauses {
            match (syntax::head(clause), clause.as_items()) {
                (Some("catch"), Some([_, name, handler @ ..])) if cleanup.is_none() => {
                    catches.push((name, handler))
                }
                (Some("finally"), Some([_, forms @ ..])) if cleanup.is_none() => cleanup = Some(forms),
                _ => {
                    return self.malformed(
                        clause,
                        "the body goes before `catch`, and `finally` comes last",
                        SHAPE,
                    );
                }
            }
        }
        if catches.len() > 1 {
            return self.malformed(form, "a `try` has one `catch`", SHAPE);
        }
        let mut whole = self.body(body);
        if let Some((name, handler)) = catches.first() {
            whole = self.scoped(|expander| {
                let error = match name {
                    Value::Symbol(symbol) => expander.bind_symbol(symbol),
                    _ => expander.local("error"),
                };
                let handler = expander.body_here(handler);
                expander.add(Expr::Try { body: whole, error, handler })
            });
        }
        match cleanup {
            Some(cleanup) => {
                let cleanup = self.body(cleanup);
                self.add(Expr::Protect(whole, cleanup))
            }
            None => whole,
        }
    }

    /// `(handler-case body (kind (name) handler…) …)`.
    pub(crate) fn handler_case_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(handler-case body (kind (name) handler …) …)";
        let Some((body, clauses)) = arguments.split_first() else {
            return self.malformed(form, "the body is missing", SHAPE);
        };
        let mut body = self.expr(body);
        let error = self.local("error");
        // What no clause takes is raised again.
        let read = self.read(error);
        let mut handler = self.native("error", vec![read]);
        for clause in clauses.iter().rev() {
            let Some([kinds, rest @ ..]) = clause.as_items() else {
                return self.malformed(clause, "a clause begins with the kind of error", SHAPE);
            };
            if matches!(kinds, Value::Keyword(key) if key.as_str() == "no-error") {
                // `(:no-error (value) form…)` runs when nothing was raised.
                let Some((parameters, forms)) = rest.split_first() else { continue };
                body = self.no_error(body, parameters, forms);
                continue;
            }
            let (name, forms) = match rest {
                [parameters @ (Value::List(_) | Value::Null | Value::Array(_)), forms @ ..]
                    if forms.is_empty() || parameters.as_items().is_none_or(|items| items.len() <= 1) =>
                {
                    (parameters.as_items().and_then(|items| items.first()).cloned(), forms)
                }
                forms => (None, forms),
            };
            let taken = self.scoped(|expander| {
                let mut bindings: Vec<(LocalId, ExprId)> = Vec::new();
                if let Some(Value::Symbol(symbol)) = &name {
                    let local = expander.bind_symbol(symbol);
                    let read = expander.read(error);
                    bindings.push((local, read));
                }
                let forms = expander.body_here(forms);
                if bindings.is_empty() { forms } else { expander.add(Expr::Let(bindings, forms)) }
            });
            let wanted: Vec<Value> = match kinds {
                Value::List(items) | Value::Array(items) => {
                    items.as_slice().iter().filter(|kind| syntax::name(kind) != Some("or")).cloned().collect()
                }
                kind => vec![kind.clone()],
            };
            let mut tests = Vec::new();
            let mut is_all = false;
            for kind in wanted {
                let name = match &kind {
                    Value::Keyword(key) => key.as_str().to_string(),
                    other => syntax::name(other).unwrap_or("").to_string(),
                };
                // Common Lisp's names for all errors.
                if matches!(
                    name.as_str(),
                    "error" | "t" | "condition" | "serious-condition" | "else" | "otherwise"
                ) || matches!(kind, Value::Bool(true))
                {
                    is_all = true;
                }
                let name = match name.as_str() {
                    "arithmetic-error" => "overflow",
                    "type-error" => "type",
                    "simple-error" => "user",
                    "undefined-function" | "unbound-variable" => "undefined",
                    name => name,
                };
                let read = self.read(error);
                let found = self.native("error-kind", vec![read]);
                let wanted = self.constant(Value::keyword(name));
                tests.push(self.native("=", vec![found, wanted]));
            }
            handler = if is_all || tests.is_empty() {
                taken
            } else {
                let test = self.add(Expr::Or(tests));
                self.add(Expr::If(test, taken, handler))
            };
        }
        self.add(Expr::Try { body, error, handler })
    }

    fn no_error(&mut self, body: ExprId, parameters: &Value, forms: &[Value]) -> ExprId {
        self.scoped(|expander| {
            let mut bindings = Vec::new();
            match parameters.as_items().and_then(|items| items.first()) {
                Some(pattern) => expander.destructure(pattern, body, false, &mut bindings),
                None => {
                    let local = expander.local("_");
                    bindings.push((local, body));
                }
            }
            let forms = expander.body_here(forms);
            expander.add(Expr::Let(bindings, forms))
        })
    }

    /// `(catch tag body…)`.
    pub(crate) fn catch_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((tag, body)) = arguments.split_first() else {
            return self.malformed(form, "the tag is missing", "(catch tag body …)");
        };
        let tag = self.expr(tag);
        let body = self.body(body);
        self.add(Expr::Catch(tag, body))
    }

    /// `(throw tag value)`, or `(throw error)` as other languages have it.
    pub(crate) fn throw_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [only] => {
                let error = self.expr(only);
                self.native("error", vec![error])
            }
            [tag, value] => {
                let tag = self.expr(tag);
                let value = self.expr(value);
                let parts = vec![tag, self.add(Expr::AllValues(value))];
                self.native("#throw", parts)
            }
            _ => self.malformed(form, "`throw` has a tag and a value", "(throw tag value)"),
        }
    }

    /// `(unwind-protect body cleanup…)`.
    pub(crate) fn unwind_protect_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((body, cleanup)) = arguments.split_first() else {
            return self.malformed(form, "the body is missing", "(unwind-protect body cleanup …)");
        };
        let body = self.expr(body);
        let cleanup = self.body(cleanup);
        self.add(Expr::Protect(body, cleanup))
    }

    /// `(ignore-errors body…)`: null if the body raises.
    pub(crate) fn ignore_errors_form(&mut self, _form: &Value, arguments: &[Value]) -> ExprId {
        let body = self.body(arguments);
        let error = self.local("error");
        let handler = self.null();
        self.add(Expr::Try { body, error, handler })
    }

    /// `(assert condition message)`: the message is made only if it is needed.
    pub(crate) fn assert_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let (condition, message) = match arguments {
            [condition] => (condition, None),
            [condition, message, ..] => (condition, Some(message)),
            [] => return self.malformed(form, "the condition is missing", "(assert condition message)"),
        };
        // Of `and` the operand is reported that does not hold.
        if let (Some([Value::Symbol(head), operands @ ..]), None) = (condition.as_items(), message)
            && matches!(self.meaning(head), Meant::Special(special) if special.name == "and")
            && operands.len() > 1
        {
            let parts = operands.iter().map(|operand| self.assert_form(form, std::slice::from_ref(operand)));
            let parts: Vec<ExprId> = parts.collect();
            return self.sequence(parts);
        }
        let text = format!("the assertion does not hold: {}", ovsm_value::write::brief(condition));
        // The operands of a call are evaluated first, once, so that a failure can show them.
        let mut bindings: Vec<(LocalId, ExprId)> = Vec::new();
        let mut shown = Vec::new();
        let test = match condition.as_items() {
            Some([Value::Symbol(head), operands @ ..])
                if matches!(condition, Value::List(_))
                    && (message.is_none() || !self.front.is_program)
                    && matches!(
                        self.meaning(head),
                        Meant::Native(_) | Meant::Global(_) | Meant::Local(_)
                    ) =>
            {
                let mut parts = Vec::new();
                for operand in operands {
                    parts.push(self.shown_operand(operand, MAX_SHOWN_DEPTH, &mut bindings, &mut shown));
                }
                match self.meaning(head) {
                    Meant::Native(id) => {
                        let min = ovsm_library::get(id).map_or(0, |native| usize::from(native.min));
                        let max = ovsm_library::get(id)
                            .and_then(|native| native.max)
                            .map_or(usize::MAX, usize::from);
                        match (min..=max).contains(&parts.len()) {
                            true => self.add(Expr::Native(id, parts)),
                            // The usual way reports the number of arguments.
                            false => self.expr(condition),
                        }
                    }
                    _ => {
                        let callee = self.name(head);
                        self.add(Expr::Call(callee, parts))
                    }
                }
            }
            _ => self.expr(condition),
        };
        let message = message.map(|message| self.expr(message));
        let failed = match message {
            Some(message) if self.front.is_program => {
                let no = self.constant(Value::Bool(false));
                self.native("assert", vec![no, message])
            }
            message => {
                let mut parts = vec![self.constant(Value::string(text))];
                parts.extend(shown);
                let text = self.native("#assertion", parts);
                match message {
                    Some(message) => self.native("#assertion-failed", vec![message, text]),
                    None => {
                        let no = self.constant(Value::Bool(false));
                        self.native("assert", vec![no, text])
                    }
                }
            }
        };
        let null = self.null();
        let whole = self.add(Expr::If(test, null, failed));
        if bindings.is_empty() { whole } else { self.add(Expr::Let(bindings, whole)) }
    }

    /// A call of `assert-true` or one of its kin on a call: the same with the operands of that, to be shown. `None` if
    /// there is nothing to show.
    pub(crate) fn shown_assertion(
        &mut self,
        id: ovsm_value::NativeId,
        arguments: &[Value],
    ) -> Option<ExprId> {
        let [condition @ Value::List(_), message @ ..] = arguments else { return None };
        let name = ovsm_library::get(id).map(|native| native.name)?;
        if self.front.is_program
            || message.len() > 1
            || !matches!(name, "assert-true" | "assert-false" | "assert-null")
        {
            return None;
        }
        let mut bindings = Vec::new();
        let mut shown = Vec::new();
        let value = self.shown_operand(condition, MAX_SHOWN_DEPTH, &mut bindings, &mut shown);
        let message = match message {
            [message] => self.expr(message),
            _ => self.null(),
        };
        let shown = self.native("#array", shown);
        let parts = vec![value, message, shown];
        let whole = self.add(Expr::Native(id, parts));
        Some(self.add(Expr::Let(bindings, whole)))
    }

    /// Evaluates an operand of an assertion into a local, after the operands of its own if it calls a built-in function;
    /// what a failure shows are the forms and their values.
    fn shown_operand(
        &mut self,
        operand: &Value,
        depth: usize,
        bindings: &mut Vec<(LocalId, ExprId)>,
        shown: &mut Vec<ExprId>,
    ) -> ExprId {
        let mut inner = Vec::new();
        let call = match operand.as_items() {
            Some([Value::Symbol(head), operands @ ..]) if depth > 0 && matches!(operand, Value::List(_)) => {
                match self.meaning(head) {
                    Meant::Native(id) if takes(id, operands.len()) => Some((id, operands)),
                    _ => None,
                }
            }
            _ => None,
        };
        let value = match call {
            Some((id, operands)) => {
                let operands: Vec<ExprId> = operands
                    .iter()
                    .map(|operand| self.shown_operand(operand, depth - 1, bindings, &mut inner))
                    .collect();
                self.add(Expr::Native(id, operands))
            }
            None => self.expr(operand),
        };
        let local = self.local("operand");
        bindings.push((local, value));
        if matches!(operand, Value::Symbol(_) | Value::List(_)) {
            shown.push(self.constant(Value::string(ovsm_value::write::brief(operand))));
            shown.push(self.read(local));
        }
        shown.extend(inner);
        self.read(local)
    }
}

/// How deep the operands of operands are shown.
const MAX_SHOWN_DEPTH: usize = 2;

/// True if a built-in function without effects takes so many arguments. Literals of public keys are checked elsewhere.
fn takes(id: ovsm_value::NativeId, count: usize) -> bool {
    let native = ovsm_library::get(id).filter(|native| native.effect == ovsm_library::Effect::Pure);
    native.filter(|native| native.name != "pubkey").is_some_and(|native| {
        let max = native.max.map_or(usize::MAX, usize::from);
        (usize::from(native.min)..=max).contains(&count)
    })
}
