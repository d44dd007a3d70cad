//! Several values, calls with spread arguments, and other small forms.

use super::Expander;
use super::name::Meant;
use crate::core::{Expr, ExprId};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::Value;

impl Expander<'_> {
    pub(crate) fn and_form(&mut self, arguments: &[Value]) -> ExprId {
        match arguments {
            [] => self.constant(Value::Bool(true)),
            [only] => self.expr(only),
            arguments => {
                let parts = arguments.iter().map(|argument| self.expr(argument)).collect();
                self.add(Expr::And(parts))
            }
        }
    }

    pub(crate) fn or_form(&mut self, arguments: &[Value]) -> ExprId {
        match arguments {
            [] => self.constant(Value::Bool(false)),
            [only] => self.expr(only),
            arguments => {
                let parts = arguments.iter().map(|argument| self.expr(argument)).collect();
                self.add(Expr::Or(parts))
            }
        }
    }

    /// `(values a …)`.
    pub(crate) fn values_form(&mut self, arguments: &[Value]) -> ExprId {
        let parts = arguments.iter().map(|argument| self.expr(argument)).collect();
        self.add(Expr::Values(parts))
    }

    /// `(values-list list)`: calls `values` with the items.
    pub(crate) fn values_list_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [list] = arguments else { return self.malformed(form, "one list", "(values-list list)") };
        let lambda = syntax::list(
            vec![
                syntax::symbol("lambda", self.near),
                Value::list(vec![syntax::symbol("&rest", None), syntax::symbol("items", None)]),
                syntax::symbol("items", None),
            ],
            self.near,
        );
        let callee = self.expr(&lambda);
        let list = self.expr(list);
        self.add(Expr::Apply(callee, vec![list]))
    }

    /// `(multiple-value-bind (a b) form body…)`.
    pub(crate) fn multiple_value_bind_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(multiple-value-bind (name …) form body …)";
        let [names, values, body @ ..] = arguments else {
            return self.malformed(form, "the names or the values are missing", SHAPE);
        };
        let Some(names) = super::function::parameter_list(names) else {
            return self.malformed(form, "the names must be a list", SHAPE);
        };
        let all = self.all_values(values);
        self.scoped(|expander| {
            let whole = expander.local("values");
            let mut bindings = vec![(whole, all)];
            for (n, name) in names.iter().enumerate() {
                let parts = vec![expander.read(whole), expander.constant(Value::from_usize(n))];
                let value = expander.native("get", parts);
                expander.destructure(name, value, true, &mut bindings);
            }
            let body = expander.body_here(body);
            expander.add(Expr::Let(bindings, body))
        })
    }

    /// All values of a form as an array. `gethash` gives a second one: whether the key was there.
    fn all_values(&mut self, form: &Value) -> ExprId {
        if let Some([Value::Symbol(head), key, table, default @ ..]) = form.as_items()
            && &*head.name == "gethash"
            && matches!(self.meaning(head), Meant::Native(_))
        {
            let (key_local, table_local) = (self.local("key"), self.local("table"));
            let bindings = vec![(key_local, self.expr(key)), (table_local, self.expr(table))];
            let mut parts = vec![self.read(key_local), self.read(table_local)];
            parts.extend(default.first().map(|default| self.expr(default)));
            let value = self.native("gethash", parts);
            let parts = vec![self.read(table_local), self.read(key_local)];
            let is_there = self.native("has-key?", parts);
            let all = self.native("#array", vec![value, is_there]);
            return self.add(Expr::Let(bindings, all));
        }
        let values = self.expr(form);
        self.add(Expr::AllValues(values))
    }

    /// `(multiple-value-call f form…)`: all values of all forms as arguments.
    pub(crate) fn multiple_value_call_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((function, forms)) = arguments.split_first() else {
            return self.malformed(form, "the function is missing", "(multiple-value-call function form …)");
        };
        let callee = self.expr(function);
        let mut parts = Vec::new();
        for form in forms {
            let value = self.expr(form);
            parts.push(self.add(Expr::AllValues(value)));
        }
        let all = self.native("#splice", parts);
        self.add(Expr::Apply(callee, vec![all]))
    }

    /// `(multiple-value-list form)`.
    pub(crate) fn multiple_value_list_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [values] = arguments else {
            return self.malformed(form, "one form", "(multiple-value-list form)");
        };
        let value = self.expr(values);
        let all = self.add(Expr::AllValues(value));
        self.native("#splice", vec![all])
    }

    /// `(multiple-value-setq (a b) form)`.
    pub(crate) fn multiple_value_setq_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [names, values] = arguments else {
            return self.malformed(form, "the names and one form", "(multiple-value-setq (name …) form)");
        };
        let mut items = vec![syntax::symbol("values", self.near)];
        items.extend(names.as_items().unwrap_or(&[]).iter().cloned());
        let value = self.expr(values);
        self.set_place(&Value::list(items), value)
    }

    /// `(nth-value n form)`.
    pub(crate) fn nth_value_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let [index, values] = arguments else {
            return self.malformed(form, "a number and a form", "(nth-value n form)");
        };
        let index = self.expr(index);
        let value = self.expr(values);
        let local = self.local("index");
        let all = self.add(Expr::AllValues(value));
        let read = self.read(local);
        let get = self.native("get", vec![all, read]);
        self.add(Expr::Let(vec![(local, index)], get))
    }

    /// `(prog1 a b…)` and `(prog2 a b c…)`.
    pub(crate) fn prog1_form(&mut self, form: &Value, arguments: &[Value], kept: usize) -> ExprId {
        if arguments.len() <= kept {
            return self.malformed(form, "the form whose value is kept is missing", "(prog1 first form …)");
        }
        let (before, rest) = arguments.split_at(kept);
        let mut steps: Vec<ExprId> = before.iter().map(|form| self.expr(form)).collect();
        let mut rest = rest.iter();
        let value = match rest.next() {
            Some(value) => self.expr(value),
            None => self.null(),
        };
        let local = self.local("kept");
        let mut after: Vec<ExprId> = rest.map(|form| self.expr(form)).collect();
        after.push(self.read(local));
        let after = self.sequence(after);
        steps.push(self.add(Expr::Let(vec![(local, value)], after)));
        self.sequence(steps)
    }

    /// `#'name`.
    pub(crate) fn function_quote_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [function] => self.expr(function),
            _ => self.malformed(form, "one name", "#'name"),
        }
    }

    /// `(. object field…)`; `(. object -method)` is a field too.
    pub(crate) fn field_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((object, fields)) = arguments.split_first().filter(|(_, fields)| !fields.is_empty()) else {
            return self.malformed(form, "the object or the field is missing", "(. object field …)");
        };
        let mut value = self.expr(object);
        for field in fields {
            let key = match field {
                Value::Symbol(symbol) => self.constant(Value::Keyword(syntax::interned(&symbol.name))),
                Value::Keyword(_) | Value::String(_) => self.constant(field.clone()),
                field => self.expr(field),
            };
            value = self.native("get", vec![value, key]);
        }
        value
    }

    /// `(apply f a… list)`.
    pub(crate) fn apply_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((function, rest)) = arguments.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return self.malformed(
                form,
                "the function or the list is missing",
                "(apply function argument … list)",
            );
        };
        let callee = self.expr(function);
        let rest = rest.iter().map(|argument| self.expr(argument)).collect();
        self.add(Expr::Apply(callee, rest))
    }

    /// `(funcall f a…)`.
    pub(crate) fn funcall_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((function, rest)) = arguments.split_first() else {
            return self.malformed(form, "the function is missing", "(funcall function argument …)");
        };
        let callee = self.expr(function);
        let rest = rest.iter().map(|argument| self.expr(argument)).collect();
        self.add(Expr::Call(callee, rest))
    }

    /// An object with computed keys or splices.
    pub(crate) fn object_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let mut parts = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(key) = arguments.next() {
            if syntax::head(key) == Some("unquote-splicing") {
                return self.unquote_form(form, &[]);
            }
            let key = match key {
                Value::Keyword(_) | Value::String(_) => self.constant(key.clone()),
                key => self.expr(key),
            };
            let value = match arguments.next() {
                Some(value) => self.expr(value),
                None => self.null(),
            };
            parts.extend([key, value]);
        }
        self.native("#object", parts)
    }

    /// `#{…}`.
    pub(crate) fn set_form(&mut self, arguments: &[Value]) -> ExprId {
        let parts = arguments.iter().map(|argument| self.expr(argument)).collect();
        self.native("#set", parts)
    }

    /// A form that only makes sense at the top level of a module.
    pub(crate) fn definition_only(
        &mut self,
        form: &Value,
        arguments: &[Value],
        run: fn(&mut Self, &Value, &[Value]) -> ExprId,
    ) -> ExprId {
        if self.is_outermost() && self.scope == super::Scopes::TOP {
            return run(self, form, arguments);
        }
        let name = syntax::head(form).unwrap_or("").to_string();
        self.report_null(
            form,
            Diagnostic::new(Code::MisplacedDefinition, format!("`{name}` stands inside of other code"))
                .help("move it to the top level of the file"),
        )
    }
}
