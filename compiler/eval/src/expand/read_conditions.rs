//! Conditions of what a program reads from bytes: the arguments of an instruction, memory, what another program returned.
//!
//! A record that is made by its name meets the conditions of its fields, and so does all that is made of such records. Bytes
//! come from outside, so where they become a value of a type, every part that has a condition is checked: fields, variants,
//! what an option holds, items. Nothing is checked of what was made inside. Start with [`Expander::read_with_conditions`].

use super::Expander;
use crate::core::{Expr, ExprId, GlobalId, LocalId, Unit};
use crate::front::RefinedField;
use crate::module::Type;
use ovsm_base::{Code, Diagnostic};
use ovsm_value::Value;
use std::rc::Rc;

/// The forms whose value is made of bytes that come from outside.
const READING: &[&str] = &["instruction-arguments", "memory-value", "returned-data", "sysvar-value"];

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// It was made in the program: records in it meet the conditions of their fields.
    Inside,
    /// It was made of bytes: nothing is known of it.
    Bytes,
}

/// True if an expression makes a value of bytes.
pub fn is_read_from_bytes(unit: &Unit, value: ExprId) -> bool {
    matches!(unit.exprs.get(value), Some(Expr::Native(id, _))
        if ovsm_library::get(*id).is_some_and(|native| READING.contains(&native.name)))
}

impl Expander<'_> {
    /// True if an expression makes a value of bytes.
    pub(super) fn is_read_from_bytes(&self, value: ExprId) -> bool {
        is_read_from_bytes(&self.unit, value)
    }

    /// True if a type, or a part of it, has a condition: a field of a record, too.
    pub(super) fn holds_condition(&self, ty: &Type) -> bool {
        self.holds_condition_within(ty, &mut Vec::new())
    }

    /// The same within definitions of generic types: what comes back to one of them is no type of programs.
    fn holds_condition_within(&self, ty: &Type, open: &mut Vec<u64>) -> bool {
        match ty {
            Type::Applied(_, identities, _) => identities.iter().any(|identity| {
                if open.contains(identity) {
                    return false;
                }
                open.push(*identity);
                let fields = self.fields_of(*identity, ty);
                let holds = fields
                    .iter()
                    .flatten()
                    .any(|(_, ty)| ovsm_base::stack::with_room(|| self.holds_condition_within(ty, open)));
                open.pop();
                holds
            }),
            Type::Record(_, identities) => {
                identities.iter().any(|identity| self.front.refined_fields.contains_key(identity))
            }
            Type::Refined(_, _, Some(_), _) => true,
            Type::Refined(_, base, None, _) => self.holds_condition_within(base, open),
            Type::Array(item, _) | Type::Vec(item) | Type::List(item) => {
                self.holds_condition_within(item, open)
            }
            Type::Or(parts) => parts.iter().any(|part| self.holds_condition_within(part, open)),
            _ => false,
        }
    }

    /// A value that is made of bytes, once all parts of it are checked.
    pub(super) fn read_with_conditions(&mut self, value: ExprId, ty: &Type, what: &str) -> ExprId {
        self.checked_parts(value, ty, what, Origin::Bytes)
    }

    /// A value, once its parts are checked: all of them, or those whose conditions the type itself states.
    pub(super) fn checked_parts(&mut self, value: ExprId, ty: &Type, what: &str, origin: Origin) -> ExprId {
        let value = self.typed(value, ty, what);
        let local = self.local("value");
        let mut steps = Vec::new();
        self.check_parts(local, ty, what, origin, &mut steps);
        steps.push(self.read(local));
        let steps = self.sequence(steps);
        let entered = self.add(Expr::Let(vec![(local, value)], steps));
        self.typed(entered, ty, what)
    }

    /// The checks of all parts of a local; what lies inside comes before what stands around it.
    pub(super) fn check_parts(
        &mut self,
        local: LocalId,
        ty: &Type,
        what: &str,
        origin: Origin,
        steps: &mut Vec<ExprId>,
    ) {
        let is_checked = match origin {
            Origin::Inside => ty.has_condition(),
            Origin::Bytes => self.holds_condition(ty),
        };
        if is_checked {
            ovsm_base::stack::with_room(|| self.check_parts_inner(local, ty, what, origin, steps));
        }
    }

    fn check_parts_inner(
        &mut self,
        local: LocalId,
        ty: &Type,
        what: &str,
        origin: Origin,
        steps: &mut Vec<ExprId>,
    ) {
        match ty {
            Type::Refined(_, base, _, _) => {
                self.check_parts(local, base, what, origin, steps);
                if let Some(test) = self.own_condition(local, ty) {
                    steps.push(self.unless_refused(test, what));
                }
            }
            Type::Or(parts) => {
                let mut inner = Vec::new();
                for part in parts.iter() {
                    self.check_parts(local, part, what, origin, &mut inner);
                }
                let read = self.read(local);
                let test = self.native("null?", vec![read]);
                let (nothing, inner) = (self.null(), self.sequence(inner));
                steps.push(self.add(Expr::If(test, nothing, inner)));
            }
            Type::Array(item, _) | Type::Vec(item) => {
                let items = self.read(local);
                let checks = self.each(items, None, |expander, value| {
                    let local = expander.local("item");
                    let mut inner = Vec::new();
                    expander.check_parts(local, item, &format!("an item of {what}"), origin, &mut inner);
                    inner.push(expander.null());
                    let inner = expander.sequence(inner);
                    expander.add(Expr::Let(vec![(local, value)], inner))
                });
                steps.push(checks);
            }
            Type::Record(_, identities) if origin == Origin::Bytes => {
                for identity in identities.iter() {
                    let fields = self.front.refined_fields.get(identity).cloned();
                    self.check_fields(local, *identity, fields, steps);
                }
            }
            Type::Applied(_, identities, _) => {
                for identity in identities.iter() {
                    let fields = self.fields_of(*identity, ty);
                    self.check_fields(local, *identity, Some(fields), steps);
                }
            }
            _ => {}
        }
    }

    /// The checks of the fields of a record, or of a variant if the value is that.
    fn check_fields(
        &mut self,
        local: LocalId,
        identity: u64,
        fields: Option<Rc<[RefinedField]>>,
        steps: &mut Vec<ExprId>,
    ) {
        let Some(fields) = fields else { return };
        // A definition that comes back to itself is no type of programs, and is reported as such.
        if self.checking.contains(&identity) {
            return;
        }
        self.checking.push(identity);
        self.check_known_fields(local, identity, &fields, steps);
        self.checking.pop();
    }

    fn check_known_fields(
        &mut self,
        local: LocalId,
        identity: u64,
        fields: &[RefinedField],
        steps: &mut Vec<ExprId>,
    ) {
        let Some(constructor) = self.constructor_of(identity) else { return };
        let mut inner = Vec::new();
        for (number, field) in fields.iter().enumerate() {
            let Some((name, ty)) = field else { continue };
            let part = self.local(name);
            let operands = vec![
                self.read(local),
                self.constant(Value::from_usize(number)),
                self.add(Expr::Global(constructor)),
            ];
            let value = self.native("#field", operands);
            let mut checks = Vec::new();
            self.check_parts(part, ty, &format!("the field `{name}`"), Origin::Bytes, &mut checks);
            checks.push(self.null());
            let checks = self.sequence(checks);
            inner.push(self.add(Expr::Let(vec![(part, value)], checks)));
        }
        inner.push(self.null());
        let inner = self.sequence(inner);
        if self.front.enum_of(identity).is_none() {
            steps.push(inner);
            return;
        }
        let operands = vec![self.read(local), self.add(Expr::Global(constructor))];
        let test = self.native("#is-record", operands);
        let nothing = self.null();
        steps.push(self.add(Expr::If(test, inner, nothing)));
    }

    /// The variable that holds the constructor of a record or variant; reported if there is none.
    pub(super) fn constructor_of(&mut self, identity: u64) -> Option<GlobalId> {
        let constructors = self.front.record_globals.iter().filter(|(_, other)| **other == identity);
        let constructor = constructors.map(|(global, _)| *global).min();
        if constructor.is_none() {
            // No check is left out in silence.
            let message = "the conditions of this type's fields can not be checked here";
            let help = "import the type by its name, or state it where the value is read";
            self.report_at(self.near, Diagnostic::new(Code::UnsupportedForm, message).help(help));
        }
        constructor
    }

    fn unless_refused(&mut self, test: ExprId, what: &str) -> ExprId {
        let (nothing, failure) = (self.null(), self.refusal(what));
        self.add(Expr::If(test, nothing, failure))
    }
}
