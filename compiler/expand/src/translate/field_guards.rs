//! Places with fields that may have conditions, with the checks that may be meant for them.
//!
//! Start with [`Translator::guarded_read`] and [`Translator::guarded_put`]; which checks are kept is known once types are.

use super::Translator;
use super::closure::Function;
use crate::core::{Expr as Core, ExprId as CoreId, Guard, GuardChoice, Key, LocalId, Variable};
use crate::ty::Type;
use ovsm_base::Span;
use ovsm_eval::{FieldCheck, FieldCheckKind};

impl Translator<'_> {
    /// The reading of a field: of what an account holds, all parts with conditions are checked.
    pub(super) fn guarded_read(&mut self, get: CoreId, field: &str, span: Option<Span>) -> CoreId {
        let checks: Vec<&FieldCheck> = self.checks_of(field, FieldCheckKind::Read);
        if checks.is_empty() {
            return get;
        }
        let local = self.temporary("part", span);
        let choices =
            checks.into_iter().filter_map(|check| self.field_check(check, 0, local, span)).collect();
        let bind = self.body.add(Core::Bind(local, get), span);
        let kept = (bind, self.body.add(Core::Local(local), span));
        self.body.add(Core::Guard(Box::new(Guard { place: get, local, kept, choices })), span)
    }

    /// The replacement of a part of a variable: what enters a field with a condition is checked.
    pub(super) fn guarded_put(
        &mut self,
        variable: Variable,
        keys: Vec<Key>,
        value: CoreId,
        span: Option<Span>,
    ) -> CoreId {
        let mut checks: Vec<(usize, &FieldCheck)> = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let Key::Field(name, _) = key else { continue };
            let rest = keys.get(number + 1..).unwrap_or_default();
            if rest.iter().all(|key| matches!(key, Key::Index(_))) {
                let found = self.checks_of(name, FieldCheckKind::Replace(rest.len()));
                checks.extend(found.into_iter().map(|check| (number, check)));
            }
        }
        if checks.is_empty() {
            return self.body.add(Core::Put(variable, keys, value), span);
        }
        let local = self.temporary("new", span);
        let bind = self.body.add(Core::Bind(local, value), span);
        let read = self.body.add(Core::Local(local), span);
        let put = self.body.add(Core::Put(variable, keys, read), span);
        let choices = checks.into_iter().filter_map(|(key, check)| self.field_check(check, key, local, span));
        let choices = choices.collect();
        self.body.add(Core::Guard(Box::new(Guard { place: put, local, kept: (bind, read), choices })), span)
    }

    fn field_check(
        &mut self,
        check: &FieldCheck,
        key: usize,
        local: LocalId,
        span: Option<Span>,
    ) -> Option<GuardChoice> {
        let record = self.record_of_identity(check.identity, &check.record)?;
        let Some(function @ Function::Local(_)) = self.function_of(check.function) else { return None };
        let value = self.body.add(Core::Local(local), span);
        let check = self.apply_once(function, vec![value], span);
        Some(GuardChoice { key, record, check })
    }

    /// The record with an identity, if programs can have it.
    fn record_of_identity(&mut self, identity: u64, name: &str) -> Option<Type> {
        match self.declared_type(identity, name)? {
            ty @ (Type::Record(_) | Type::Applied(..)) => Some(ty),
            _ => None,
        }
    }
}

impl<'a> Translator<'a> {
    fn checks_of(&self, field: &str, kind: FieldCheckKind) -> Vec<&'a FieldCheck> {
        let checks = self.unit.field_checks.iter();
        checks.filter(|check| check.kind == kind && *check.field == *field).collect()
    }
}
