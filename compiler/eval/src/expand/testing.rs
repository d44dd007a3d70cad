//! Tests: `deftest` and the assertions that look at code.

use super::Expander;
use super::definition::intern;
use crate::core::{Expr, ExprId};
use crate::module::GlobalKind;
use crate::syntax;
use ovsm_value::Value;

impl Expander<'_> {
    /// `(deftest name body…)`: a function that `ovsm test` calls.
    pub(crate) fn deftest_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let (name, body) = match arguments {
            [Value::Symbol(symbol), body @ ..] => (symbol.name.to_string(), body),
            [Value::String(text), body @ ..] => (text.as_str().to_string(), body),
            _ => return self.malformed(form, "the name is missing", "(deftest name body …)"),
        };
        let symbol = intern(&format!("(test {name})"), self.near);
        let id = self.front.define_global(self.machine, self.module, &symbol, GlobalKind::Variable);
        self.front.define_test(&name, id, syntax::span(form));
        let mut lambda = vec![syntax::symbol("lambda", self.near), Value::list(Vec::new())];
        lambda.extend(body.iter().cloned());
        let function = self.expr(&syntax::list(lambda, self.near));
        if let Some(Expr::Lambda(code)) = self.unit.exprs.get(function)
            && let Some(code) = self.unit.functions.get_mut(*code)
        {
            code.name = name.as_str().into();
        }
        self.add(Expr::SetGlobal(id, function))
    }

    /// `(assert-error kind body…)`: the body must raise an error, of a kind if one is named. Gives the error.
    pub(crate) fn assert_error_form(&mut self, _form: &Value, arguments: &[Value]) -> ExprId {
        let (kind, body) = match arguments {
            [kind @ Value::Keyword(_), body @ ..] if !body.is_empty() => (kind.clone(), body),
            body => (Value::Null, body),
        };
        // The value of a body that ends well can not be mistaken for an error that it raised.
        let body = self.body(body);
        let wrapped = self.native("#array", vec![body]);
        let error = self.local("error");
        let raised = self.read(error);
        let outcome = self.add(Expr::Try { body: wrapped, error, handler: raised });
        let kind = self.constant(kind);
        self.native("#assert-error", vec![outcome, kind])
    }
}
