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
        let mut checks: Vec<(usize, usize, &FieldCheck)> = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let Key::Field(name, _) = key else { continue };
            let rest = keys.get(number + 1..).unwrap_or_default();
            let indices = rest.iter().take_while(|key| matches!(key, Key::Index(_))).count();
            for (level, check) in self.deepest_checks(name, indices) {
                let is_whole = level == rest.len();
                if is_whole || rest.iter().all(|key| self.is_same_again(key)) {
                    checks.push((number, level, check));
                }
            }
        }
        if checks.is_empty() {
            return self.body.add(Core::Put(variable, keys, value), span);
        }
        let local = self.temporary("new", span);
        let bind = self.body.add(Core::Bind(local, value), span);
        let read = self.body.add(Core::Local(local), span);
        let put = self.body.add(Core::Put(variable, keys.clone(), read), span);
        let choices = checks.into_iter().filter_map(|(number, level, check)| {
            match keys.split_at_checked(number + level + 1) {
                Some((_, [])) | None => self.field_check(check, number, local, span),
                Some((to_whole, rest)) => {
                    let new = (local, rest);
                    self.check_of_whole(check, number, (variable, to_whole), new, span)
                }
            }
        });
        let choices = choices.collect();
        self.body.add(Core::Guard(Box::new(Guard { place: put, local, kept: (bind, read), choices })), span)
    }

    /// The check of a value of which a part is replaced: of a copy that has the new part, before anybody sees it.
    fn check_of_whole(
        &mut self,
        check: &FieldCheck,
        number: usize,
        (variable, to_whole): (Variable, &[Key]),
        (new, rest): (LocalId, &[Key]),
        span: Option<Span>,
    ) -> Option<GuardChoice> {
        let mut whole = self.body.add(
            match variable {
                Variable::Local(local) => Core::Local(local),
                Variable::Global(def) => Core::Global(def),
            },
            span,
        );
        for key in to_whole {
            let key = self.again(key);
            whole = self.body.add(Core::Get(whole, key), span);
        }
        let copy = self.temporary("whole", span);
        let bind = self.body.add(Core::Bind(copy, whole), span);
        let rest = rest.iter().map(|key| self.again(key)).collect();
        let part = self.body.add(Core::Local(new), span);
        let put = self.body.add(Core::Put(Variable::Local(copy), rest, part), span);
        let GuardChoice { key, record, check } = self.field_check(check, number, copy, span)?;
        let check = self.body.add(Core::Block(vec![bind, put, check]), span);
        Some(GuardChoice { key, record, check })
    }

    /// True if a key is the same when it is evaluated again. The operands of places stand in locals, so nearly all are.
    fn is_same_again(&self, key: &Key) -> bool {
        match key {
            Key::Index(index) => {
                matches!(self.body.exprs.get(*index), Some(Core::Local(_) | Core::Int { .. }))
            }
            Key::Field(..) | Key::Payload(..) => true,
        }
    }

    /// The same key once more.
    fn again(&mut self, key: &Key) -> Key {
        match key {
            Key::Index(index) => {
                let span = self.body.spans.get(*index).copied().flatten();
                let node = self.body.exprs.get(*index).cloned().unwrap_or(Core::Error);
                Key::Index(self.body.add(node, span))
            }
            key => key.clone(),
        }
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
        let outer = std::mem::replace(&mut self.is_checking, true);
        let check = self.apply_once(function, vec![value], span);
        self.is_checking = outer;
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

    /// For each record with a field of this name, the check of the smallest part that holds what so many indices lead to, with the
    /// number of indices that lead to that part.
    fn deepest_checks(&self, field: &str, indices: usize) -> Vec<(usize, &'a FieldCheck)> {
        let mut deepest: Vec<(usize, &'a FieldCheck)> = Vec::new();
        for level in 0..=indices {
            for check in self.checks_of(field, FieldCheckKind::Replace(level)) {
                match deepest.iter_mut().find(|(_, known)| known.identity == check.identity) {
                    Some(known) => *known = (level, check),
                    None => deepest.push((level, check)),
                }
            }
        }
        deepest
    }
}
