//! Threading: `(-> x (f a) g)` and its kin.

use super::Expander;
use crate::core::{Expr, ExprId};
use crate::syntax;
use ovsm_value::Value;

impl Expander<'_> {
    /// `(-> x form…)` puts the value first in each form, `(->> x form…)` last.
    pub(crate) fn thread_form(&mut self, form: &Value, arguments: &[Value], last: bool) -> ExprId {
        let Some((first, steps)) = arguments.split_first() else {
            return self.malformed(form, "the value is missing", "(-> value (function argument …) …)");
        };
        let mut value = first.clone();
        for step in steps {
            value = match step {
                Value::List(items)
                    if !items.is_empty()
                        && !matches!(syntax::head(step), Some("lambda" | "fn" | "quote" | "function")) =>
                {
                    let mut call = items.as_slice().to_vec();
                    call.insert(if last { call.len() } else { 1 }, value);
                    syntax::list(call, syntax::span(step))
                }
                step => syntax::list(vec![step.clone(), value], syntax::span(step)),
            };
        }
        self.expr(&value)
    }

    /// `(as-> x name form…)`: each form sees the value so far as `name`.
    pub(crate) fn thread_as_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [value, Value::Symbol(name), steps @ ..] = arguments else {
            return self.malformed(form, "the value or the name is missing", "(as-> value name form …)");
        };
        let mut value = self.expr(value);
        self.scoped(|expander| {
            let mut bindings = Vec::new();
            for step in steps {
                expander.scope = expander.scopes.open(expander.scope);
                let local = expander.bind_symbol(name);
                bindings.push((local, value));
                value = expander.expr(step);
            }
            if bindings.is_empty() { value } else { expander.add(Expr::Let(bindings, value)) }
        })
    }

    /// `(some-> x form…)`: stops with null when a value is null.
    pub(crate) fn thread_some_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((first, steps)) = arguments.split_first() else {
            return self.malformed(form, "the value is missing", "(some-> value (function argument …) …)");
        };
        let value = self.expr(first);
        self.some_step(value, steps)
    }

    fn some_step(&mut self, value: ExprId, steps: &[Value]) -> ExprId {
        let Some((step, rest)) = steps.split_first() else { return value };
        self.scoped(|expander| {
            let symbol = ovsm_value::Symbol::new("value");
            let local = expander.bind_symbol(&symbol);
            let read = Value::Symbol(std::rc::Rc::new(symbol));
            let call = match step {
                Value::List(items) if !items.is_empty() => {
                    let mut call = items.as_slice().to_vec();
                    call.insert(1, read);
                    syntax::list(call, syntax::span(step))
                }
                step => syntax::list(vec![step.clone(), read], syntax::span(step)),
            };
            let next = expander.expr(&call);
            let next = expander.some_step(next, rest);
            let test = expander.read(local);
            let is_null = expander.native("null?", vec![test]);
            let null = expander.null();
            let choice = expander.add(Expr::If(is_null, null, next));
            expander.add(Expr::Let(vec![(local, value)], choice))
        })
    }
}
