//! Refinements of programs: the checks that they become where a value enters the type.
//!
//! A script keeps the condition of a refinement as a function and calls it when it runs. A program has no functions as
//! values, so here the condition is kept as it is written, and stands as code wherever a value enters the type: a binding, a
//! parameter, a result, an assignment, a field of a new record. It is expanded in the scope of the module, so it never sees
//! what is local to the place. A constant that is certainly refused is reported. Start with [`Expander::refined`].

use super::Expander;
use super::read_conditions::Origin;
use super::scope::Scopes;
use crate::core::{Expr, ExprId, GlobalId, LocalId};
use crate::module::{ModuleId, Type};
use crate::syntax;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::Value;

impl Type {
    /// True if the type, or a part of it, has a condition.
    pub fn has_condition(&self) -> bool {
        match self {
            Type::Refined(_, _, Some(_), _) => true,
            Type::Refined(_, base, None, _) => base.has_condition(),
            Type::Array(item, _) | Type::Vec(item) | Type::List(item) => item.has_condition(),
            Type::Map(key, value) => key.has_condition() || value.has_condition(),
            Type::Or(parts) | Type::Applied(_, _, parts) => parts.iter().any(Type::has_condition),
            _ => false,
        }
    }

    /// True if items of it have a condition.
    fn has_condition_of_items(&self) -> bool {
        match self {
            Type::Array(item, _) | Type::Vec(item) | Type::List(item) => item.has_condition(),
            Type::Refined(_, base, ..) => base.has_condition_of_items(),
            Type::Or(parts) => parts.iter().any(Type::has_condition_of_items),
            _ => false,
        }
    }
}

impl Expander<'_> {
    /// A value of a program that enters a type with a condition.
    pub(crate) fn refined(&mut self, value: ExprId, ty: &Type, what: &str) -> ExprId {
        if self.is_read_from_bytes(value) {
            return self.read_with_conditions(value, ty, what);
        }
        self.refuse_constant(value, ty);
        if ty.has_condition_of_items() {
            return self.checked_parts(value, ty, what, Origin::Inside);
        }
        let value = self.typed(value, ty, what);
        let local = self.local("value");
        let test = self.condition(local, ty);
        let read = self.read(local);
        let failure = self.refusal(what);
        let choice = self.add(Expr::If(test, read, failure));
        let entered = self.add(Expr::Let(vec![(local, value)], choice));
        // Says once more what the type is, where others look for it.
        self.typed(entered, ty, what)
    }

    /// The checks of a parameter whose items have conditions: it stays where it is. `None` if they have none.
    pub(super) fn items_checked(&mut self, local: LocalId, ty: &Type, what: &str) -> Option<ExprId> {
        if !self.front.is_program || !ty.has_condition_of_items() {
            return None;
        }
        let mut steps = Vec::new();
        self.check_parts(local, ty, what, Origin::Inside, &mut steps);
        steps.push(self.null());
        Some(self.sequence(steps))
    }

    /// Whether a value of a program is of the type below, and meets the condition.
    pub(super) fn refined_test(&mut self, value: ExprId, ty: &Type) -> ExprId {
        // A local is tested itself, so that what follows knows about it.
        let (local, is_new) = match self.unit.exprs.get(value) {
            Some(Expr::Local(local)) => (*local, false),
            _ => (self.local("value"), true),
        };
        let operands = vec![self.read(local), self.constant(super::types::program_descriptor(ty))];
        let mut tests = vec![self.native("#is", operands)];
        if !takes_null(ty) {
            // What may be null is a value of the type below where the condition looks at it.
            let read = self.read(local);
            let is_null = self.native("null?", vec![read]);
            let (no, yes) = (self.constant(Value::Bool(false)), self.constant(Value::Bool(true)));
            tests.push(self.add(Expr::If(is_null, no, yes)));
        }
        let condition = self.condition(local, ty);
        // A condition may give any value.
        let (yes, no) = (self.constant(Value::Bool(true)), self.constant(Value::Bool(false)));
        tests.push(self.add(Expr::If(condition, yes, no)));
        let test = self.add(Expr::And(tests));
        if is_new { self.add(Expr::Let(vec![(local, value)], test)) } else { test }
    }

    /// What ends the program where a condition does not hold.
    pub(super) fn refusal(&mut self, what: &str) -> ExprId {
        let (kind, text) = (self.constant(Value::keyword("refinement")), self.constant(Value::string(what)));
        let rest = self.null();
        self.native("error", vec![kind, text, rest])
    }

    /// A value of a type, whose conditions are checked elsewhere.
    pub(crate) fn unconditional(&mut self, value: ExprId, ty: &Type) -> ExprId {
        self.typed(value, ty, "the value")
    }

    /// Says what the type of an expression is.
    pub(super) fn typed(&mut self, value: ExprId, ty: &Type, what: &str) -> ExprId {
        let descriptor = self.constant(super::types::program_descriptor(ty));
        let what = self.constant(Value::string(what));
        self.native("#check", vec![value, descriptor, what])
    }

    /// True if a value meets the condition that a type itself states, without those of the type below; `None` if it states
    /// none.
    pub(super) fn own_condition(&mut self, local: LocalId, ty: &Type) -> Option<ExprId> {
        let Type::Refined(_, _, Some(lambda), module) = ty else { return None };
        let callee = self.in_module(lambda, *module);
        let value = self.read(local);
        Some(self.add(Expr::Call(callee, vec![value])))
    }

    /// True if a value has what a type demands besides the type below.
    pub(super) fn condition(&mut self, local: LocalId, ty: &Type) -> ExprId {
        match ty {
            Type::Refined(_, base, ..) => {
                let mut tests = Vec::new();
                if base.has_condition() {
                    tests.push(self.condition(local, base));
                }
                tests.extend(self.own_condition(local, ty));
                match tests.as_slice() {
                    [only] => *only,
                    _ => self.add(Expr::And(tests)),
                }
            }
            // What may be null.
            Type::Or(parts) => {
                let read = self.read(local);
                let mut tests = vec![self.native("null?", vec![read])];
                for part in parts.iter().filter(|part| part.has_condition()) {
                    tests.push(self.condition(local, part));
                }
                self.add(Expr::Or(tests))
            }
            Type::Array(item, _) | Type::Vec(item) => {
                let (holds, yes) = (self.local("holds"), self.constant(Value::Bool(true)));
                let items = self.read(local);
                let look = self.each(items, None, |expander, value| {
                    let local = expander.local("item");
                    let test = expander.condition(local, item);
                    let no = expander.constant(Value::Bool(false));
                    let (set, nothing) = (expander.add(Expr::SetLocal(holds, no)), expander.null());
                    let step = expander.add(Expr::If(test, nothing, set));
                    expander.add(Expr::Let(vec![(local, value)], step))
                });
                let read = self.read(holds);
                let steps = self.sequence(vec![look, read]);
                self.add(Expr::Let(vec![(holds, yes)], steps))
            }
            Type::Applied(_, identities, _) => self.condition_of_fields(local, identities, ty),
            _ => self.constant(Value::Bool(true)),
        }
    }

    /// True if the fields of a value of a generic type have what the types that it is given demand.
    fn condition_of_fields(&mut self, local: LocalId, identities: &[u64], ty: &Type) -> ExprId {
        let mut all = Vec::new();
        for identity in identities {
            let fields = self.fields_of(*identity, ty);
            let Some(constructor) = self.constructor_of(*identity) else { continue };
            let mut tests = Vec::new();
            for (number, field) in fields.iter().enumerate() {
                let Some((name, ty)) = field.as_ref().filter(|(_, ty)| ty.has_condition()) else { continue };
                let part = self.local(name);
                let operands = vec![
                    self.read(local),
                    self.constant(Value::from_usize(number)),
                    self.add(Expr::Global(constructor)),
                ];
                let value = self.native("#field", operands);
                let test = ovsm_base::stack::with_room(|| self.condition(part, ty));
                // A condition may give any value.
                let (yes, no) = (self.constant(Value::Bool(true)), self.constant(Value::Bool(false)));
                let test = self.add(Expr::If(test, yes, no));
                tests.push(self.add(Expr::Let(vec![(part, value)], test)));
            }
            if tests.is_empty() {
                continue;
            }
            let mut holds = self.add(Expr::And(tests));
            if self.front.enum_of(*identity).is_some() {
                let operands = vec![self.read(local), self.add(Expr::Global(constructor))];
                let is_variant = self.native("#is-record", operands);
                let yes = self.constant(Value::Bool(true));
                holds = self.add(Expr::If(is_variant, holds, yes));
            }
            all.push(holds);
        }
        match all.as_slice() {
            [] => self.constant(Value::Bool(true)),
            [only] => *only,
            _ => self.add(Expr::And(all)),
        }
    }

    /// Expands a form that sees the names of a module, and no local ones.
    fn in_module(&mut self, form: &Value, module: ModuleId) -> ExprId {
        let own = std::mem::replace(&mut self.module, module);
        let scope = std::mem::replace(&mut self.scope, Scopes::TOP);
        let loops = std::mem::take(&mut self.loops);
        let expr = self.expr(form);
        self.loops = loops;
        self.scope = scope;
        self.module = own;
        expr
    }

    /// Reports a constant that the condition of its type refuses. One that can not be decided now is decided later.
    pub(crate) fn refuse_constant(&mut self, value: ExprId, ty: &Type) {
        let Type::Refined(name, base, condition, module) = ty else { return };
        self.refuse_constant(value, base);
        let (Some(condition), Some(Expr::Constant(constant))) = (condition, self.unit.exprs.get(value))
        else {
            return;
        };
        let written = ovsm_value::write::brief(constant);
        let quoted = Value::list(vec![syntax::symbol("quote", None), constant.clone()]);
        let call = syntax::list(vec![condition.clone(), quoted], self.near);
        let before = self.front.diagnostics.len();
        let holds = self.front.compile_time_value(self.machine, *module, &call);
        self.front.diagnostics.truncate(before);
        if let Ok(Value::Bool(false)) = holds {
            self.report_at(
                None,
                Diagnostic::new(
                    Code::RefinementViolated,
                    format!("`{written}` is refused by its type, `{name}`"),
                )
                .help("give it another value, or state another type"),
            );
        }
    }

    /// The arguments of a constructor of a record whose fields have types with conditions.
    pub(crate) fn refined_fields(&mut self, constructor: GlobalId, arguments: &mut [ExprId]) {
        let Some(identity) = self.front.record_globals.get(&constructor).copied() else { return };
        let Some(types) = self.front.refined_fields.get(&identity).cloned() else { return };
        for (argument, field) in arguments.iter_mut().zip(types.iter()) {
            if let Some((name, ty)) = field
                && ty.has_condition()
            {
                *argument = self.refined(*argument, ty, &format!("the field `{name}`"));
            }
        }
    }
}

/// True if null is a value of a type.
fn takes_null(ty: &Type) -> bool {
    match ty {
        Type::Refined(_, base, ..) => takes_null(base),
        Type::Or(parts) => parts.iter().any(takes_null),
        Type::Named(name) => &**name == "null",
        Type::Any | Type::Variable(_) => true,
        _ => false,
    }
}
