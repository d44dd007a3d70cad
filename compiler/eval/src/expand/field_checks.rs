//! The checks of fields with conditions that a form of a program may read or replace.
//!
//! Which record a place is part of is known once types are, and that is after expansion. So a form comes with a function for
//! each field with a condition that it names, of every type that it sees: one that checks a new value of the field, and of
//! its items, and one that checks all parts of a value that an account holds. The translation puts them around the places
//! that they may be meant for, and inference keeps those that are. Start with [`Expander::add_field_checks`].

use super::Expander;
use super::read_conditions::Origin;
use crate::core::{Expr, ExprId, FunctionCode, LocalId};
use crate::module::Type;
use ovsm_value::Value;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// The check of a field with a condition.
#[derive(Clone, Debug)]
pub struct FieldCheck {
    /// The record.
    pub identity: u64,
    /// The name of the record, for messages.
    pub record: Rc<str>,
    /// The name of the field.
    pub field: Rc<str>,
    /// What is checked.
    pub kind: FieldCheckKind,
    /// A function of the value.
    pub function: ExprId,
}

/// What the check of a field is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldCheckKind {
    /// All parts of a value that comes from an account.
    Read,
    /// A new value of the field; or of an item of it, or of an item of that: so many levels below.
    Replace(usize),
}

impl Expander<'_> {
    /// Adds the checks of the fields that a form names to its code.
    pub(super) fn add_field_checks(&mut self) {
        if self.front.refined_fields.is_empty() && self.front.generics.is_empty() {
            return;
        }
        let mut names: FxHashSet<Rc<str>> = FxHashSet::default();
        for expr in self.unit.exprs.iter() {
            if let Expr::Constant(Value::Keyword(name) | Value::String(name)) = expr {
                names.insert(name.as_str().into());
            }
            // A pattern names the record.
            if let Expr::Native(id, operands) = expr
                && ovsm_library::get(*id).is_some_and(|native| native.name == "#field")
                && let Some(Expr::Global(constructor)) =
                    operands.get(2).and_then(|it| self.unit.exprs.get(*it))
                && let Some(identity) = self.front.record_globals.get(constructor)
                && let Some(fields) = self.front.refined_fields.get(identity)
            {
                names.extend(fields.iter().flatten().map(|(name, _)| Rc::clone(name)));
            }
        }
        let plain = self.front.refined_fields.iter();
        let mut records: Vec<(u64, Rc<[crate::front::RefinedField]>)> =
            plain.map(|(identity, fields)| (*identity, Rc::clone(fields))).collect();
        records.sort_unstable_by_key(|(identity, _)| *identity);
        for (identity, fields) in records {
            let Some(record) = self.front.records.get(&identity).map(|record| Rc::clone(&record.name)) else {
                continue;
            };
            for (field, ty) in fields.iter().flatten().filter(|(name, _)| names.contains(name)) {
                let what = format!("the field `{field}`");
                let add = |expander: &mut Self, kind, function| {
                    let (record, field) = (Rc::clone(&record), Rc::clone(field));
                    expander.unit.field_checks.push(FieldCheck { identity, record, field, kind, function });
                };
                let read = self.check_function(&what, |expander, local, steps| {
                    expander.check_parts(local, ty, &what, Origin::Bytes, steps);
                });
                add(self, FieldCheckKind::Read, read);
                for (level, ty) in levels(ty).into_iter().enumerate() {
                    let function = self.check_function(&what, |expander, local, steps| {
                        expander.check_parts(local, &ty, &what, Origin::Inside, steps);
                    });
                    add(self, FieldCheckKind::Replace(level), function);
                }
            }
        }
    }

    fn check_function(
        &mut self,
        what: &str,
        checks: impl FnOnce(&mut Self, LocalId, &mut Vec<ExprId>),
    ) -> ExprId {
        let code = FunctionCode::unwritten(format!("check of {what}").into(), self.near);
        let id = self.unit.functions.push(code);
        let outer = std::mem::replace(&mut self.function, id);
        let value = self.local("value");
        let mut steps = Vec::new();
        checks(self, value, &mut steps);
        steps.push(self.null());
        let body = self.sequence(steps);
        self.function = outer;
        if let Some(code) = self.unit.functions.get_mut(id) {
            code.parameters.required = vec![value];
            code.body = body;
        }
        self.add(Expr::Lambda(id))
    }
}

/// A type, that of its items, that of their items, as far as nothing but items have conditions.
fn levels(ty: &Type) -> Vec<Type> {
    let mut levels = vec![ty.clone()];
    let mut inner = ty.clone();
    loop {
        inner = match inner {
            Type::Refined(_, base, None, _) => {
                inner = (*base).clone();
                continue;
            }
            Type::Array(item, _) | Type::Vec(item) => (*item).clone(),
            _ => return levels,
        };
        levels.push(inner.clone());
    }
}
