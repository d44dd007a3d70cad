//! `let` and its kin: names for the extent of a body.

use super::scope::{Binding, Space};
use super::{Expander, name::Meant};
use crate::core::{Expr, ExprId, GlobalId, LocalId};
use crate::module::{GlobalKind, Type};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

const SHAPE: &str = "(let ((name value) …) body …)";

/// A binding of a `let`: the pattern, its type, and the form of its value.
type Part = (Value, Option<Value>, Option<Value>);

/// What a binding does once its value is known.
enum Bound {
    Local(LocalId, ExprId),
    Dynamic(GlobalId, LocalId),
}

impl Expander<'_> {
    /// The bindings of a `let`, taken apart: `((a 1) (b : T 2) c)`, `[a 1 b 2]` or `(a 1)`.
    fn binding_parts(&mut self, form: &Value, bindings: &Value) -> Option<Vec<Part>> {
        let items: &[Value] = match bindings {
            Value::Null => &[],
            bindings => match bindings.as_items() {
                Some(items) => items,
                None => {
                    self.malformed(form, "the bindings must be a list", SHAPE);
                    return None;
                }
            },
        };
        let mut parts = Vec::new();
        // `[a 1 b 2]`: names and values take turns.
        if matches!(bindings, Value::Array(_))
            && !items.first().is_some_and(|first| matches!(first, Value::List(_)))
        {
            if !items.len().is_multiple_of(2) {
                self.malformed(form, "a name has no value", "(let [name value …] body …)");
                return None;
            }
            for pair in items.chunks(2) {
                if let [pattern, value] = pair {
                    parts.push((pattern.clone(), None, Some(value.clone())));
                }
            }
            return Some(parts);
        }
        for item in items {
            let part = match item {
                Value::Symbol(_) => (item.clone(), None, None),
                Value::List(pair) | Value::Array(pair) => match pair.as_slice() {
                    [pattern] => (pattern.clone(), None, None),
                    [pattern, value] => (pattern.clone(), None, Some(value.clone())),
                    [pattern, colon, ty, value] if syntax::name(colon) == Some(":") => {
                        (pattern.clone(), Some(ty.clone()), Some(value.clone()))
                    }
                    _ => {
                        self.malformed(item, "a binding is a name and one value", SHAPE);
                        return None;
                    }
                },
                other => {
                    self.malformed(other, "a binding is a name and one value", SHAPE);
                    return None;
                }
            };
            parts.push(part);
        }
        Some(parts)
    }

    /// The first value of a variable of a named `let`. Each round checks the conditions, so here they are only held
    /// against constants.
    fn first_value(&mut self, part: &Part) -> ExprId {
        let ty = part.1.as_ref().filter(|_| self.front.is_program).and_then(|ty| self.type_of(ty));
        match ty.filter(Type::has_condition) {
            Some(ty) => {
                let value = match &part.2 {
                    Some(value) => self.expr(value),
                    None => self.null(),
                };
                if self.is_read_from_bytes(value) {
                    return self.checked_as(value, &ty, "the first value");
                }
                self.refuse_constant(value, &ty);
                self.unconditional(value, &ty)
            }
            None => self.typed_part_value(part).0,
        }
    }

    /// The value of a binding, and the type that the binding states.
    fn typed_part_value(&mut self, part: &Part) -> (ExprId, Option<Type>) {
        let (pattern, annotation, value) = part;
        let expr = match value {
            Some(value) => self.expr(value),
            None => self.null(),
        };
        let stated = annotation.as_ref().and_then(|annotation| self.type_of(annotation));
        let made = value.as_ref().filter(|_| annotation.is_none() && syntax::name(pattern).is_some());
        let Some(ty) = stated.or_else(|| made.and_then(|value| self.made_vec(value))) else {
            return (expr, None);
        };
        let what = match syntax::name(pattern) {
            Some(name) => format!("`{name}`"),
            None => "the pattern".to_string(),
        };
        (self.checked_as(expr, &ty, &what), Some(ty))
    }

    /// The dynamic variable that a symbol names.
    fn dynamic(&mut self, symbol: &Symbol) -> Option<GlobalId> {
        match self.meaning_of_binder(symbol) {
            Meant::Global(global) if global.kind == GlobalKind::Dynamic => Some(global.id),
            _ => None,
        }
    }

    /// `(let ((a 1) …) body…)`, and `(let name ((a 1) …) body…)`, a loop by recursion.
    pub(crate) fn let_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        match arguments {
            [Value::Symbol(name), bindings, body @ ..] => self.named_let(form, name, bindings, body),
            [bindings, body @ ..] => {
                let Some(parts) = self.binding_parts(form, bindings) else { return self.null() };
                self.scoped(|expander| {
                    let mut bound = Vec::new();
                    // All values are known before the first name is bound.
                    let values: Vec<(ExprId, Option<Type>)> =
                        parts.iter().map(|part| expander.typed_part_value(part)).collect();
                    let mut names: Vec<&Symbol> = Vec::new();
                    for ((pattern, _, _), value) in parts.iter().zip(values) {
                        if let Value::Symbol(symbol) = pattern {
                            if names
                                .iter()
                                .any(|other| other.name == symbol.name && other.marks == symbol.marks)
                            {
                                expander.report_at(
                                    symbol.span,
                                    Diagnostic::new(
                                        Code::DuplicateParameter,
                                        format!("`{}` is bound twice in one `let`", symbol.name),
                                    )
                                    .help("`let*` binds one after the other"),
                                );
                            }
                            names.push(symbol);
                        }
                        expander.bind_part(pattern, value, &mut bound);
                    }
                    expander.finish_let(bound, body)
                })
            }
            [] => self.malformed(form, "the bindings are missing", SHAPE),
        }
    }

    /// `(let* …)`: each binding sees the ones before it.
    pub(crate) fn let_star_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((bindings, body)) = arguments.split_first() else {
            return self.malformed(form, "the bindings are missing", "(let* ((name value) …) body …)");
        };
        let Some(parts) = self.binding_parts(form, bindings) else { return self.null() };
        if let Some(at) = parts.iter().position(
            |(pattern, _, _)| matches!(pattern, Value::Symbol(symbol) if self.dynamic(symbol).is_some()),
        ) {
            // A dynamic variable is rebound for the values after it too.
            let (first, rest) =
                (parts.get(..=at).unwrap_or(&[]).to_vec(), parts.get(at + 1..).unwrap_or(&[]).to_vec());
            return self.scoped(|expander| expander.let_star_dynamic(&first, &rest, body));
        }
        self.scoped(|expander| {
            let mut bound = Vec::new();
            for part in &parts {
                let value = expander.typed_part_value(part);
                expander.scope = expander.scopes.open(expander.scope);
                expander.bind_part(&part.0, value, &mut bound);
            }
            expander.finish_let(bound, body)
        })
    }

    fn let_star_dynamic(&mut self, first: &[Part], rest: &[Part], body: &[Value]) -> ExprId {
        let mut bound = Vec::new();
        for part in first {
            let value = self.typed_part_value(part);
            self.scope = self.scopes.open(self.scope);
            self.bind_part(&part.0, value, &mut bound);
        }
        let head = syntax::symbol("let*", None);
        let bindings = rest
            .iter()
            .map(|(pattern, annotation, value)| {
                let mut items = vec![pattern.clone()];
                if let Some(annotation) = annotation {
                    items.extend([syntax::symbol(":", None), annotation.clone()]);
                }
                items.extend(value.clone());
                Value::list(items)
            })
            .collect();
        let mut inner = vec![head, Value::list(bindings)];
        inner.extend(body.iter().cloned());
        self.finish_let(bound, &[Value::list(inner)])
    }

    fn bind_part(&mut self, pattern: &Value, (value, ty): (ExprId, Option<Type>), bound: &mut Vec<Bound>) {
        match pattern {
            Value::Symbol(symbol) => match self.dynamic(symbol) {
                Some(global) => {
                    let local = self.local(&symbol.name);
                    bound.push(Bound::Local(local, value));
                    bound.push(Bound::Dynamic(global, local));
                }
                None => {
                    let local = self.bind_symbol(symbol);
                    if let Some(ty) = &ty {
                        self.state_local(local, ty);
                    }
                    bound.push(Bound::Local(local, value));
                }
            },
            pattern => {
                let mut bindings = Vec::new();
                self.destructure(pattern, value, true, &mut bindings);
                bound.extend(bindings.into_iter().map(|(local, value)| Bound::Local(local, value)));
            }
        }
    }

    fn finish_let(&mut self, bound: Vec<Bound>, body: &[Value]) -> ExprId {
        let mut inner = self.body_here(body);
        let mut locals = Vec::new();
        let mut dynamics = Vec::new();
        for bound in bound {
            match bound {
                Bound::Local(local, value) => locals.push((local, value)),
                Bound::Dynamic(global, local) => dynamics.push((global, local)),
            }
        }
        for (global, local) in dynamics.into_iter().rev() {
            let value = self.read(local);
            inner = self.add(Expr::DynamicBind(global, value, inner));
        }
        if locals.is_empty() { inner } else { self.add(Expr::Let(locals, inner)) }
    }

    /// `(let name ((a 1) …) body…)`.
    fn named_let(&mut self, form: &Value, name: &Rc<Symbol>, bindings: &Value, body: &[Value]) -> ExprId {
        let Some(parts) = self.binding_parts(form, bindings) else { return self.null() };
        let values: Vec<ExprId> = parts.iter().map(|part| self.first_value(part)).collect();
        // A variable with a type is a parameter with the type: what the next round brings is checked like the first value.
        let patterns: Vec<Value> = parts
            .into_iter()
            .map(|(pattern, annotation, _)| match annotation {
                Some(ty) => syntax::list(vec![pattern, syntax::symbol(":", None), ty], self.near),
                None => pattern,
            })
            .collect();
        self.scoped(|expander| {
            let local = expander.bind_symbol(name);
            let shape = super::function::Shape {
                name: Some(name),
                parameters: &patterns,
                result: None,
                doc: None,
                body,
                declarations: Vec::new(),
            };
            let function = expander.lambda(&name.name, &shape);
            let null = expander.null();
            let set = expander.add(Expr::SetLocal(local, function));
            let callee = expander.read(local);
            let call = expander.add(Expr::Call(callee, values));
            let steps = expander.sequence(vec![set, call]);
            expander.add(Expr::Let(vec![(local, null)], steps))
        })
    }

    /// `(letrec ((f (lambda …)) …) body…)`: all names are bound before the first value.
    pub(crate) fn letrec_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((bindings, body)) = arguments.split_first() else {
            return self.malformed(form, "the bindings are missing", "(letrec ((name value) …) body …)");
        };
        let Some(parts) = self.binding_parts(form, bindings) else { return self.null() };
        self.scoped(|expander| {
            let mut locals = Vec::new();
            for (pattern, _, _) in &parts {
                match pattern {
                    Value::Symbol(symbol) => locals.push(expander.bind_symbol(symbol)),
                    other => {
                        expander.malformed(
                            other,
                            "`letrec` binds names only",
                            "(letrec ((name value) …) body …)",
                        );
                        return expander.null();
                    }
                }
            }
            let mut steps = Vec::new();
            for (part, local) in parts.iter().zip(&locals) {
                expander.expect_value(*local, part.2.as_ref());
                // Functions that stand before a binding may assign it.
                if let Some(ty) = part.1.as_ref().and_then(|ty| expander.type_of(ty)) {
                    expander.state_local(*local, &ty);
                }
            }
            for (part, local) in parts.iter().zip(&locals) {
                let (value, _) = expander.typed_part_value(part);
                expander.unset.remove(local);
                steps.push(expander.add(Expr::SetLocal(*local, value)));
            }
            let mut steps = expander.functions_first(steps);
            steps.push(expander.body_here(body));
            let steps = expander.sequence(steps);
            let nulls = expander.empty_bindings(locals);
            expander.add(Expr::Let(nulls, steps))
        })
    }

    /// `(flet ((f (x) body…) …) body…)` and, with functions that see each other, `(labels …)`.
    pub(crate) fn functions_form(&mut self, form: &Value, arguments: &[Value], recursive: bool) -> ExprId {
        const SHAPE: &str = "(labels ((name (parameter …) body …) …) body …)";
        let Some((definitions, body)) = arguments.split_first() else {
            return self.malformed(form, "the functions are missing", SHAPE);
        };
        let Some(definitions) = super::function::parameter_list(definitions) else {
            return self.malformed(form, "the functions must be a list", SHAPE);
        };
        let mut shapes = Vec::new();
        for definition in definitions {
            let Some([Value::Symbol(name), parameters, rest @ ..]) = definition.as_items() else {
                return self.malformed(definition, "this is no local function", SHAPE);
            };
            let Some(parameters) = super::function::parameter_list(parameters) else {
                return self.malformed(definition, "the parameters must be a list", SHAPE);
            };
            let (result, doc, body) = super::function::split_body(rest);
            shapes.push(super::function::Shape {
                name: Some(name),
                parameters,
                result,
                doc,
                body,
                declarations: super::function::declarations(rest),
            });
        }
        self.scoped(|expander| {
            let mut locals = Vec::new();
            let mut steps = Vec::new();
            if recursive {
                for shape in &shapes {
                    if let Some(name) = shape.name {
                        locals.push(expander.bind_symbol(name));
                    }
                }
                for (shape, local) in shapes.iter().zip(&locals) {
                    let Some(name) = shape.name else { continue };
                    let function = expander.lambda(&name.name, shape);
                    steps.push(expander.add(Expr::SetLocal(*local, function)));
                }
                steps.push(expander.body_here(body));
                let steps = expander.sequence(steps);
                let nulls = locals.into_iter().map(|local| (local, expander.null())).collect();
                return expander.add(Expr::Let(nulls, steps));
            }
            let mut bindings = Vec::new();
            for shape in &shapes {
                let Some(name) = shape.name else { continue };
                bindings.push((name, expander.lambda(&name.name, shape)));
            }
            let bindings =
                bindings.into_iter().map(|(name, value)| (expander.bind_symbol(name), value)).collect();
            let body = expander.body_here(body);
            expander.add(Expr::Let(bindings, body))
        })
    }

    /// `(symbol-macrolet ((name form) …) body…)`.
    pub(crate) fn symbol_macrolet_form(&mut self, form: &Value, arguments: &[Value]) -> ExprId {
        let Some((bindings, body)) = arguments.split_first() else {
            return self.malformed(
                form,
                "the bindings are missing",
                "(symbol-macrolet ((name form) …) body …)",
            );
        };
        let Some(parts) = self.binding_parts(form, bindings) else { return self.null() };
        self.scoped(|expander| {
            let outer = expander.scope;
            expander.scope = expander.scopes.open(outer);
            for (pattern, _, value) in parts {
                if let Value::Symbol(symbol) = &pattern {
                    let binding = Binding::SymbolMacro(value.unwrap_or_default(), outer);
                    expander.scopes.bind(expander.scope, Space::Value, &symbol.name, &symbol.marks, binding);
                }
            }
            expander.body_here(body)
        })
    }
}
