//! Bodies: forms in order, with definitions that are local to them and see each other.

use super::scope::{Binding, Space};
use super::{Expander, name::Meant};
use crate::core::{Expr, ExprId, LocalId};
use crate::module::Type;
use crate::syntax;
use ovsm_base::Span;
use ovsm_value::{Symbol, Value};
use std::rc::Rc;

/// The macro calls that something came from, outermost first.
type Calls = Vec<(Rc<str>, Option<Span>)>;

/// A form of a body, after the macros at its head were expanded.
enum Item {
    /// `(define name value)` or `(const name value)`.
    Variable(LocalId, Option<Type>, Option<Value>),
    /// `(defn name …)`: the whole form.
    Function(LocalId, Value),
    /// Any other form.
    Form(Value),
    /// A call of a macro whose result follows.
    Called(Value),
}

impl Expander<'_> {
    /// A body in a scope of its own.
    pub(crate) fn body(&mut self, forms: &[Value]) -> ExprId {
        match forms {
            [] => self.null(),
            // Most bodies are one form that defines nothing.
            [only] if !self.may_define(only) => self.expr(only),
            forms => self.scoped(|expander| expander.body_here(forms)),
        }
    }

    /// True if a form might define something where it stands.
    fn may_define(&self, form: &Value) -> bool {
        syntax::head(form).is_some_and(|name| {
            matches!(name, "define" | "const" | "defn" | "defun" | "progn" | "begin" | "do" | "defvar")
                || super::special::find(name).is_none() && ovsm_library::find(name).is_none()
        })
    }

    /// A body in the current scope.
    pub(crate) fn body_here(&mut self, forms: &[Value]) -> ExprId {
        let mut items = Vec::new();
        for form in forms {
            self.collect(form, &mut items);
        }
        let mut locals = Vec::new();
        let mut parts = Vec::new();
        for (item, _) in &items {
            if let Item::Variable(local, _, value) = item {
                self.expect_value(*local, value.as_ref());
            }
        }
        for (item, calls) in items {
            let around = std::mem::replace(&mut self.expanding, calls);
            match item {
                Item::Variable(local, ty, value) => {
                    locals.push(local);
                    let mut value = match value {
                        Some(value) => self.expr(&value),
                        None => self.null(),
                    };
                    if let Some(ty) = ty {
                        let name = self
                            .unit
                            .locals
                            .get(local)
                            .map_or_else(|| "".into(), |local| Rc::clone(&local.name));
                        value = self.checked_as(value, &ty, &format!("`{name}`"));
                    }
                    self.unset.remove(&local);
                    parts.push(self.add(Expr::SetLocal(local, value)));
                }
                Item::Function(local, form) => {
                    locals.push(local);
                    let function = self.function_form(&form);
                    parts.push(self.add(Expr::SetLocal(local, function)));
                }
                Item::Form(form) => parts.push(self.expr(&form)),
                Item::Called(form) => parts.extend(self.count_of(&form)),
            }
            self.expanding = around;
        }
        if !locals.is_empty() {
            parts = self.functions_first(parts);
        }
        let body = self.sequence(parts);
        if locals.is_empty() {
            return body;
        }
        locals.sort_unstable();
        locals.dedup();
        let bindings = self.empty_bindings(locals);
        self.add(Expr::Let(bindings, body))
    }

    /// Notes a local whose value comes later. Functions are there from the start.
    pub(crate) fn expect_value(&mut self, local: LocalId, value: Option<&Value>) {
        let is_function = value.is_some_and(|value| matches!(syntax::head(value), Some("lambda" | "fn")));
        if !is_function && !self.front.is_program {
            self.unset.insert(local);
        }
    }

    /// Bindings of locals that get their values in the body. Where nothing can read one before, it is null. Programs find that out
    /// later.
    pub(crate) fn empty_bindings(&mut self, locals: Vec<LocalId>) -> Vec<(LocalId, ExprId)> {
        locals
            .into_iter()
            .map(|local| {
                let is_early = self.front.is_program || self.read_early.contains(&local);
                let empty = match is_early {
                    true => self.constant(ovsm_library::internal::unset()),
                    false => self.null(),
                };
                (local, empty)
            })
            .collect()
    }

    /// Functions that are defined once are there before anything else is evaluated: to make one has no effect, and so
    /// every other step finds them.
    pub(crate) fn functions_first(&self, parts: Vec<ExprId>) -> Vec<ExprId> {
        if self.front.is_program {
            return parts;
        }
        let defined = |part: &ExprId| match self.unit.exprs.get(*part) {
            Some(Expr::SetLocal(local, value)) => {
                let is_function = matches!(self.unit.exprs.get(*value), Some(Expr::Lambda(_)));
                Some((*local, is_function))
            }
            _ => None,
        };
        let assigned: Vec<LocalId> = parts.iter().filter_map(|part| Some(defined(part)?.0)).collect();
        let (mut functions, rest): (Vec<ExprId>, Vec<ExprId>) = parts.into_iter().partition(|part| {
            defined(part).is_some_and(|(local, is_function)| {
                is_function && assigned.iter().filter(|other| **other == local).count() == 1
            })
        });
        functions.extend(rest);
        functions
    }

    /// Expands the macros at the head of a form of a body, and binds what it defines.
    fn collect(&mut self, form: &Value, items: &mut Vec<(Item, Calls)>) {
        let near = self.near;
        self.near = syntax::span(form).or(near);
        self.collect_inner(form, items);
        self.near = near;
    }

    fn keep(&self, items: &mut Vec<(Item, Calls)>, item: Item) {
        items.push((item, self.expanding.clone()));
    }

    fn collect_inner(&mut self, form: &Value, items: &mut Vec<(Item, Calls)>) {
        let Value::List(list) = form else { return self.keep(items, Item::Form(form.clone())) };
        let [Value::Symbol(head), arguments @ ..] = list.as_slice() else {
            return self.keep(items, Item::Form(form.clone()));
        };
        match self.meaning(head) {
            Meant::Macro(function, expansion) => {
                match self.expand_call(&head.name, &function, expansion, form, arguments) {
                    Some(expanded) => {
                        if self.is_in_text(form) {
                            self.keep(items, Item::Called(form.clone()));
                        }
                        self.expanding.push((Rc::clone(&head.name), self.near));
                        ovsm_base::stack::with_room(|| self.collect(&expanded, items));
                        self.expanding.pop();
                    }
                    None => self.keep(items, Item::Form(Value::Null)),
                }
            }
            Meant::Special(special) => match (special.name, arguments) {
                ("progn" | "do" | "begin", forms) if self.is_plain_sequence(forms) => {
                    forms.iter().for_each(|form| self.collect(form, items));
                    if forms.is_empty() {
                        self.keep(items, Item::Form(Value::Null));
                    }
                }
                ("define", [Value::List(signature), ..])
                    if matches!(signature.get(0), Some(Value::Symbol(_))) =>
                {
                    let Some(Value::Symbol(name)) = signature.get(0) else { return };
                    let local = self.define_local(name);
                    self.keep(items, Item::Function(local, form.clone()));
                }
                ("defn" | "defun", [Value::Symbol(name), ..]) => {
                    let local = self.define_local(name);
                    self.keep(items, Item::Function(local, form.clone()));
                }
                ("define" | "const", [Value::Symbol(name), rest @ ..]) => {
                    let (annotation, value) = match rest {
                        [] => (None, None),
                        [value] => (None, Some(value.clone())),
                        [doc @ Value::String(_), value] if syntax::name(doc).is_none() => {
                            (None, Some(value.clone()))
                        }
                        [colon, ty, rest @ ..] if syntax::name(colon) == Some(":") && rest.len() <= 1 => {
                            (Some(ty.clone()), rest.first().cloned())
                        }
                        _ => return self.keep(items, Item::Form(form.clone())),
                    };
                    let local = self.define_local(name);
                    let made = value.as_ref().filter(|_| annotation.is_none()).cloned();
                    let ty = annotation.and_then(|annotation| self.type_of(&annotation));
                    let ty = ty.or_else(|| made.and_then(|value| self.made_vec(&value)));
                    // Functions that stand before the definition see what it is, too.
                    if let Some(ty) = &ty {
                        self.state_local(local, ty);
                    }
                    if special.name == "const" {
                        self.constants.insert(local);
                    }
                    self.keep(items, Item::Variable(local, ty, value));
                }
                _ => self.keep(items, Item::Form(form.clone())),
            },
            _ => self.keep(items, Item::Form(form.clone())),
        }
    }

    /// True if a sequence only groups the forms of a body, rather than being a value of its own with own names.
    fn is_plain_sequence(&self, forms: &[Value]) -> bool {
        forms.iter().any(|form| self.may_define(form))
    }

    /// The local of a definition: the one of this scope, if an earlier definition made it.
    fn define_local(&mut self, name: &Symbol) -> LocalId {
        if self.scopes.is_bound_here(self.scope, Space::Value, &name.name, &name.marks)
            && let Some(Binding::Local(local)) =
                self.scopes.find(self.scope, Space::Value, &name.name, &name.marks)
        {
            return *local;
        }
        self.warn_about_hiding(name);
        self.bind_symbol(name)
    }
}
