//! Which of the checks around a place with a condition are meant: those of the record that it is part of.
//!
//! A field with a condition is checked when it is replaced. What an account holds comes from outside, and may be older than the
//! condition, or have been written by somebody else: there a field is checked each time that it is read. Code that reads or
//! replaces such a field without a check is reported. Start with `Inference::guard`.

use crate::infer::{Inference, Use};
use crate::types::{BodyTypes, Type};
use crate::unify::Term;
use ovsm_base::Span;
use ovsm_expand::core::{Body, Expr, ExprId, Guard, GuardChoice, Key};

impl<'a> Inference<'a> {
    /// A place, and those of its checks that it has.
    pub(crate) fn guard(&mut self, guard: &'a Guard, expr: ExprId) -> Term {
        self.guarded = Some((guard.place, &guard.choices));
        let outer = std::mem::take(&mut self.chosen);
        let is_read = matches!(self.body.exprs.get(guard.place), Some(Expr::Get(..)));
        let usage = if is_read { Use::Value } else { Use::Discard };
        if !is_read {
            self.forget_assigned(&[expr]);
        }
        let found = self.infer(guard.place, usage);
        self.guarded = None;
        let chosen = std::mem::replace(&mut self.chosen, outer);
        let (bind, read) = guard.kept;
        if !is_read {
            // The place says what is needed.
            self.infer(bind, Use::Discard);
            self.forget_assigned(&[expr]);
        } else if !chosen.is_empty() {
            let local = self.local(guard.local);
            self.table.unify(&local, &found);
            self.set_type(bind, Term::Known(Type::Null));
            self.set_type(read, found.clone());
        }
        for number in &chosen {
            if let Some(choice) = guard.choices.get(*number) {
                // It works on a copy, and checks that as a whole.
                let outer = std::mem::replace(&mut self.is_checking, true);
                self.infer(choice.check, Use::Discard);
                self.is_checking = outer;
            }
        }
        self.guards.insert(expr, chosen);
        found
    }

    /// The checks that a place may have.
    pub(crate) fn choices_of(&mut self, place: ExprId) -> &'a [GuardChoice] {
        match self.guarded.take() {
            Some((guarded, choices)) if guarded == place => choices,
            _ => &[],
        }
    }

    /// Chooses the check of a field of a value; false if there is none.
    pub(crate) fn choose(&mut self, whole: &Term, key: usize, choices: &[GuardChoice]) -> bool {
        let of_key = choices.iter().enumerate().filter(|(_, choice)| choice.key == key);
        for (number, choice) in of_key {
            if self.is_of_record(whole, &choice.record) {
                self.chosen.push(number);
                return true;
            }
        }
        false
    }

    fn is_of_record(&mut self, whole: &Term, record: &Type) -> bool {
        match (self.table.represented(whole), record) {
            (Term::Known(Type::Record(found)), Type::Record(record)) => found == *record,
            (Term::Known(Type::Account(account)), Type::Record(record)) => {
                account.record.as_ref() == Some(record)
            }
            (found, Type::Applied(generic, _)) => {
                self.table.as_applied(&found).is_some_and(|(found, _)| found == *generic)
            }
            _ => false,
        }
    }

    /// Chooses the check of a field that is read from an account.
    pub(crate) fn choose_read(
        &mut self,
        whole: &Term,
        key: &Key,
        choices: &[GuardChoice],
        span: Option<Span>,
    ) {
        let Term::Known(Type::Account(account)) = self.table.represented(whole) else { return };
        let name = match key {
            Key::Field(name, _) => name,
            // A pattern of the record.
            Key::Payload(Type::Record(of), _, place) if account.is_of(of) => match of.fields.get(*place) {
                Some(field) => &field.name,
                None => return,
            },
            _ => return,
        };
        let Some(record) = &account.record else { return };
        let field = record.fields.iter().find(|field| field.name == *name);
        if self.is_checking
            || !field.is_some_and(|field| field.ty.holds_condition())
            || self.choose(whole, 0, choices)
        {
            return;
        }
        self.unsupported(
            span,
            &format!(
                "the field `{name}` of the account has a condition, and nothing here says how to check it"
            ),
            &format!("name the type of the account where its variable is bound: `(account {})`", record.name),
        );
    }
}

/// Puts the checks that are meant in place of all; the others become nothing.
pub(crate) fn without_guards(body: &mut Body, types: &BodyTypes) {
    let guards: Vec<(ExprId, Guard)> = body
        .exprs
        .iter()
        .enumerate()
        .filter_map(|(number, node)| match node {
            Expr::Guard(guard) => Some((ExprId(number as u32), Guard::clone(guard))),
            _ => None,
        })
        .collect();
    for (expr, guard) in guards {
        let chosen = types.guards.get(&expr).map(Vec::as_slice).unwrap_or_default();
        for (number, choice) in guard.choices.iter().enumerate() {
            if !chosen.contains(&number) {
                forget(body, choice.check);
            }
        }
        let checks = chosen.iter().filter_map(|number| Some(guard.choices.get(*number)?.check));
        let Some(place) = body.exprs.get(guard.place).cloned() else { continue };
        let (bind, read) = guard.kept;
        let is_read = matches!(place, Expr::Get(..));
        let node = match (is_read, chosen) {
            (true, []) => {
                for unused in [bind, read, guard.place] {
                    if let Some(slot) = body.exprs.get_mut(unused) {
                        *slot = Expr::Null;
                    }
                }
                place
            }
            (true, _) => Expr::Block(std::iter::once(bind).chain(checks).chain([read]).collect()),
            (false, _) => Expr::Block(std::iter::once(bind).chain(checks).chain([guard.place]).collect()),
        };
        if let Some(slot) = body.exprs.get_mut(expr) {
            *slot = node;
        }
    }
}

/// Makes nothing of an expression that is not part of the code any more.
fn forget(body: &mut Body, root: ExprId) {
    let mut work = vec![root];
    while let Some(expr) = work.pop() {
        let Some(slot) = body.exprs.get_mut(expr) else { continue };
        let node = std::mem::replace(slot, Expr::Null);
        node.for_each_child(|child| work.push(child));
    }
}
