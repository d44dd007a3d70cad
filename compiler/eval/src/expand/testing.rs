//! Tests: `deftest` and its kin, and the assertions that look at code.

use super::Expander;
use super::definition::intern;
use crate::core::{Expr, ExprId};
use crate::module::GlobalKind;
use crate::syntax;
use ovsm_base::Span;
use ovsm_value::Value;

impl Expander<'_> {
    /// `(deftest name body…)`: a function that `ovsm test` calls. `(deftest name :with [(x make undo…) …] body…)` makes
    /// what the test needs, and undoes it however the test ends.
    pub(crate) fn deftest_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(deftest name :with [(x make undo …) …] body …)";
        let Some((name, body)) = named(arguments) else {
            return self.malformed(form, "the name is missing", SHAPE);
        };
        let body = match body {
            [Value::Keyword(with), fixtures, body @ ..] if with.as_str() == "with" => {
                let Some(fixtures) = fixtures.as_items() else {
                    return self.malformed(form, "the fixtures must be a list", SHAPE);
                };
                match self.with_fixtures(fixtures, body) {
                    Some(body) => vec![body],
                    None => return self.malformed(form, "a fixture is a name and how it is made", SHAPE),
                }
            }
            body => body.to_vec(),
        };
        self.test(&name, syntax::span(form), &body, false)
    }

    /// The body of a test inside of what makes and undoes its fixtures, the first one outermost.
    fn with_fixtures(&self, fixtures: &[Value], body: &[Value]) -> Option<Value> {
        let symbol = |name: &str| syntax::symbol(name, self.near);
        let list = |items: Vec<Value>| syntax::list(items, self.near);
        let mut inner = list(std::iter::once(symbol("progn")).chain(body.iter().cloned()).collect());
        for fixture in fixtures.iter().rev() {
            let [name, make, undo @ ..] = fixture.as_items()? else { return None };
            if !undo.is_empty() {
                let parts = [symbol("unwind-protect"), inner].into_iter().chain(undo.iter().cloned());
                inner = list(parts.collect());
            }
            let binding = Value::list(vec![Value::list(vec![name.clone(), make.clone()])]);
            inner = list(vec![symbol("let"), binding, inner]);
        }
        Some(inner)
    }

    /// `(deftest-each name [a b …] ([1 2 …] …) body…)`: a test for each row.
    pub(crate) fn deftest_each_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(deftest-each name [a b …] ([1 2 …] …) body …)";
        let Some((name, [names, rows, body @ ..])) = named(arguments) else {
            return self.malformed(form, "the names, the rows or the body are missing", SHAPE);
        };
        let (Some(names), Some(rows)) = (names.as_items(), rows.as_items()) else {
            return self.malformed(form, "the names and the rows must be lists", SHAPE);
        };
        let mut steps = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            let values = row.as_items().unwrap_or(&[]);
            // A text before the values is the name of the row.
            let (label, values) = match values {
                [Value::String(label), rest @ ..] if rest.len() == names.len() => {
                    (label.as_str().to_string(), rest)
                }
                values => (n.to_string(), values),
            };
            if values.len() != names.len() {
                return self.malformed(row, &format!("a row has {} values", names.len()), SHAPE);
            }
            let bindings = names
                .iter()
                .zip(values)
                .map(|(name, value)| Value::list(vec![name.clone(), value.clone()]))
                .collect();
            let mut inner = vec![syntax::symbol("let", self.near), Value::list(bindings)];
            inner.extend(body.iter().cloned());
            let span = syntax::span(row).or_else(|| syntax::span(form));
            let whole = syntax::list(inner, self.near);
            steps.push(self.test(&format!("{name}[{label}]"), span, &[whole], false));
        }
        self.sequence(steps)
    }

    /// `(defproperty name ((x generator) …) body…)`: holds for all that the generators give.
    pub(crate) fn defproperty_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        const SHAPE: &str = "(defproperty name ((x generator) …) body …)";
        let Some((name, [bindings, body @ ..])) = named(arguments) else {
            return self.malformed(form, "the name or the generators are missing", SHAPE);
        };
        let mut drawn = Vec::new();
        for binding in bindings.as_items().unwrap_or(&[]) {
            let Some([Value::Symbol(symbol), generator]) = binding.as_items() else {
                return self.malformed(binding, "a name and its generator", SHAPE);
            };
            let call = syntax::list(vec![generator.clone()], syntax::span(generator).or(self.near));
            let note = vec![syntax::symbol("#drawn", self.near), Value::string(&*symbol.name), call];
            drawn.push(Value::list(vec![Value::Symbol(symbol.clone()), syntax::list(note, self.near)]));
        }
        let mut inner = vec![syntax::symbol("let*", self.near), Value::list(drawn)];
        inner.extend(body.iter().cloned());
        let whole = syntax::list(inner, self.near);
        self.test(&name, syntax::span(form), &[whole], true)
    }

    /// Defines the function that a runner calls.
    fn test(&mut self, name: &str, span: Option<Span>, body: &[Value], is_property: bool) -> ExprId {
        let symbol = intern(&format!("(test {name})"), self.near);
        let id = self.front.define_global(self.machine, self.module, &symbol, GlobalKind::Variable);
        self.front.define_test(name, id, span, is_property);
        let mut lambda = vec![syntax::symbol("lambda", self.near), Value::list(Vec::new())];
        lambda.extend(body.iter().cloned());
        let function = self.expr(&syntax::list(lambda, self.near));
        if let Some(Expr::Lambda(code)) = self.unit.exprs.get(function)
            && let Some(code) = self.unit.functions.get_mut(*code)
        {
            code.name = name.into();
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

/// The name that a test begins with, and the rest.
fn named(arguments: &[Value]) -> Option<(String, &[Value])> {
    match arguments {
        [Value::Symbol(symbol), rest @ ..] => Some((symbol.name.to_string(), rest)),
        [Value::String(text), rest @ ..] => Some((text.as_str().to_string(), rest)),
        _ => None,
    }
}
