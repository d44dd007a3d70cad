//! What is known of variables that may be null: which of them have a value where control stands.
//!
//! A test says it, and so does an assignment. Inference looks at code in the order in which it runs, so what is known is carried
//! along; where ways meet, what holds on all of them stays, and a loop begins with what its body does not take away. Reading a
//! variable that has a value gives the value itself. Never changes the type of a variable. Start with [`Presence`].

use crate::infer::{Inference, Use, variable};
use crate::types::Type;
use crate::unify::Term;
use ovsm_expand::Builtin;
use ovsm_expand::builtin::Comparison;
use ovsm_expand::core::{ExitId, Expr, ExprId, LocalId, Variable};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known where control stands.
#[derive(Clone, Default, Debug)]
pub(crate) struct Presence {
    /// Variables that are not null.
    variables: FxHashSet<Variable>,
    /// True where no way leads to.
    is_dead: bool,
    /// What is known where exits around are left, on the ways that were seen so far.
    left: FxHashMap<ExitId, Ways>,
}

/// What holds on several ways that meet; nothing if there is none yet.
#[derive(Clone, Default, Debug)]
pub(crate) struct Ways(Option<FxHashSet<Variable>>);

impl Ways {
    fn add(&mut self, variables: &FxHashSet<Variable>) {
        match &mut self.0 {
            Some(known) => known.retain(|variable| variables.contains(variable)),
            None => self.0 = Some(variables.clone()),
        }
    }
}

/// The variables that code assigns.
#[derive(Default)]
struct Assigned {
    variables: FxHashSet<Variable>,
    /// True if it calls functions, which may assign any variable of the module.
    calls: bool,
}

impl Presence {
    /// Forgets everything, before another body.
    pub(crate) fn clear(&mut self) {
        *self = Presence::default();
    }

    /// True if a variable has a value.
    pub(crate) fn has(&self, variable: Variable) -> bool {
        self.variables.contains(&variable)
    }

    pub(crate) fn add(&mut self, variables: Vec<Variable>) {
        self.variables.extend(variables);
    }

    /// No way leads on from here.
    pub(crate) fn end(&mut self) {
        self.is_dead = true;
    }

    /// Where a way is parted from the others: what is known there, to go back to.
    pub(crate) fn fork(&self) -> (FxHashSet<Variable>, bool) {
        (self.variables.clone(), self.is_dead)
    }

    /// Goes back to where ways parted.
    pub(crate) fn back(&mut self, fork: (FxHashSet<Variable>, bool)) {
        (self.variables, self.is_dead) = fork;
    }

    /// This way is one of some that meet.
    pub(crate) fn meets(&self, ways: &mut Ways) {
        if !self.is_dead {
            ways.add(&self.variables);
        }
    }

    /// All ways that meet are known, and this is the last one.
    pub(crate) fn join(&mut self, mut ways: Ways) {
        self.meets(&mut ways);
        match ways.0 {
            Some(variables) => (self.variables, self.is_dead) = (variables, false),
            None => self.is_dead = true,
        }
    }

    /// The code of an exit begins.
    pub(crate) fn open(&mut self, exit: ExitId) {
        self.left.insert(exit, Ways::default());
    }

    /// The code of an exit ends.
    pub(crate) fn close(&mut self, exit: ExitId) {
        let ways = self.left.remove(&exit).unwrap_or_default();
        self.join(ways);
    }

    /// An exit is left here.
    pub(crate) fn leave(&mut self, exit: ExitId) {
        if !self.is_dead
            && let Some(ways) = self.left.get_mut(&exit)
        {
            ways.add(&self.variables);
        }
        self.end();
    }

    /// A function is called.
    pub(crate) fn call(&mut self) {
        self.variables.retain(|variable| matches!(variable, Variable::Local(_)));
    }

    fn take_away(&mut self, assigned: &Assigned) {
        self.variables.retain(|variable| {
            !assigned.variables.contains(variable)
                && (!assigned.calls || matches!(variable, Variable::Local(_)))
        });
    }
}

impl Inference<'_> {
    /// Code that may run again after itself begins: what it may make null is not known to be there.
    pub(crate) fn enter_loop(&mut self, code: &[ExprId]) {
        let assigned = self.assigned_in(code, true);
        self.present.take_away(&assigned);
    }

    /// Code that is looked at in another order than it runs: nothing is known of what it assigns.
    pub(crate) fn forget_assigned(&mut self, code: &[ExprId]) {
        let assigned = self.assigned_in(code, false);
        self.present.take_away(&assigned);
    }

    fn assigned_in(&mut self, code: &[ExprId], may_be_null: bool) -> Assigned {
        let mut assigned = Assigned::default();
        if self.present.variables.is_empty() {
            return assigned;
        }
        let mut work = code.to_vec();
        while let Some(expr) = work.pop() {
            let Some(node) = self.body.exprs.get(expr) else { continue };
            let set = match node {
                Expr::SetLocal(local, value) | Expr::Bind(local, value) => {
                    Some((Variable::Local(*local), *value))
                }
                Expr::SetGlobal(def, value) => Some((Variable::Global(*def), *value)),
                Expr::Call(..) => {
                    assigned.calls = true;
                    None
                }
                _ => None,
            };
            if let Some((variable, value)) = set
                && !(may_be_null && self.is_there(value))
            {
                assigned.variables.insert(variable);
            }
            node.for_each_child(|child| work.push(child));
        }
        assigned
    }

    /// True if a value is certainly not null, whatever inference finds out about it later.
    fn is_there(&mut self, mut expr: ExprId) -> bool {
        loop {
            match self.body.exprs.get(expr) {
                Some(Expr::Scope(_, code)) => expr = *code,
                Some(Expr::Block(items)) if let Some(last) = items.last() => expr = *last,
                Some(
                    Expr::Int { .. }
                    | Expr::Bool(_)
                    | Expr::String(_)
                    | Expr::Bytes(_)
                    | Expr::Pubkey(_)
                    | Expr::Array(_)
                    | Expr::Make(..)
                    | Expr::Not(_)
                    | Expr::IsNull(_)
                    | Expr::IsVariant(..)
                    | Expr::Length(_)
                    | Expr::Builtin(
                        Builtin::Arithmetic(..)
                        | Builtin::Divide(_)
                        | Builtin::Increment
                        | Builtin::Decrement
                        | Builtin::Min
                        | Builtin::Max
                        | Builtin::Abs
                        | Builtin::Bitwise(_)
                        | Builtin::BitNot
                        | Builtin::Compare(_)
                        | Builtin::Convert(_)
                        | Builtin::ConvertWrap(_)
                        | Builtin::Text,
                        _,
                    ),
                ) => return true,
                Some(Expr::Local(local)) => {
                    let term = self.local(*local);
                    return self.is_of_values(&term);
                }
                _ => return false,
            }
        }
    }

    /// True if null is none of the values of a type, and can not become one.
    fn is_of_values(&mut self, term: &Term) -> bool {
        let resolved = self.table.resolve(term);
        !self.table.is_unknown(&resolved)
            && self.table.as_option(&resolved).is_none()
            && !matches!(resolved, Term::Known(Type::Null | Type::Error))
    }

    /// A variable gets a value of this type.
    pub(crate) fn assigned(&mut self, variable: Variable, found: &Term) {
        let own = match variable {
            Variable::Local(local) => self.local(local),
            Variable::Global(def) => self.global(def),
        };
        if self.table.as_option(&own).is_none() {
            return;
        }
        match self.is_of_values(found) {
            true => self.present.variables.insert(variable),
            false => self.present.variables.remove(&variable),
        };
    }

    /// A value of which nothing is known yet goes into a local that begins as null: it is what the option of the local holds,
    /// rather than an option itself. What a function gives may be one, though: it may be the function around.
    pub(crate) fn is_item_of(&mut self, local: LocalId, value: ExprId, found: &Term) -> bool {
        let resolved = self.table.resolve(found);
        let begins_null = self.body.locals.get(local).is_some_and(|local| local.begins_null);
        if !begins_null
            || !self.table.is_unknown(&resolved)
            || matches!(self.body.exprs.get(value), Some(Expr::Call(..) | Expr::Unreachable | Expr::Fail(_)))
        {
            return false;
        }
        let own = self.local(local);
        let Some(item) = self.table.as_option(&own) else { return false };
        self.table.require_value(&resolved);
        self.table.unify(&resolved, &item) && self.becomes_present(value, own)
    }

    /// An expression that stands beside `null` in a comparison: a variable is one that may be null, whatever is known of it.
    pub(crate) fn infer_nullable(&mut self, expr: ExprId) -> Term {
        let own = match self.body.exprs.get(expr) {
            Some(Expr::Local(local)) => self.local(*local),
            Some(Expr::Global(def)) => self.global(*def),
            _ => return self.infer(expr, Use::Value),
        };
        self.set_type(expr, own.clone());
        own
    }

    /// The type of the value of a variable of an option type that is known to be there.
    pub(crate) fn known_value(&mut self, node: &Expr, term: &Term) -> Option<Term> {
        match variable(node) {
            Some(variable) if self.present.has(variable) => self.table.as_option(term),
            _ => None,
        }
    }

    /// The variables that a condition says are there: if it is true, and if it is false.
    pub(crate) fn tested(&mut self, condition: ExprId) -> (Vec<Variable>, Vec<Variable>) {
        let (yes, no) = self.tested_variables(condition);
        (self.options(yes), self.options(no))
    }

    fn tested_variables(&mut self, condition: ExprId) -> (Vec<Variable>, Vec<Variable>) {
        let variable_of = |expr: ExprId| self.body.exprs.get(expr).and_then(variable);
        match self.body.exprs.get(condition) {
            Some(node @ (Expr::Local(_) | Expr::Global(_))) => {
                (variable(node).into_iter().collect(), Vec::new())
            }
            Some(Expr::IsNull(value)) => (Vec::new(), variable_of(*value).into_iter().collect()),
            // A value of a type that null is not of is there.
            Some(Expr::HasType(value, ty)) if !matches!(ty, Type::Option(_) | Type::Null) => {
                (variable_of(*value).into_iter().collect(), Vec::new())
            }
            Some(Expr::Not(inner)) => {
                let (yes, no) = self.tested_variables(*inner);
                (no, yes)
            }
            Some(Expr::And(parts)) => {
                let parts = parts.clone();
                (self.tested_in(&parts, |(yes, _)| yes), Vec::new())
            }
            Some(Expr::Or(parts)) => {
                let parts = parts.clone();
                (Vec::new(), self.tested_in(&parts, |(_, no)| no))
            }
            Some(Expr::Builtin(Builtin::Compare(comparison), operands)) => {
                let locals: Vec<Variable> = match operands.as_slice() {
                    [a, b] if matches!(self.body.exprs.get(*b), Some(Expr::Null)) => {
                        variable_of(*a).into_iter().collect()
                    }
                    [a, b] if matches!(self.body.exprs.get(*a), Some(Expr::Null)) => {
                        variable_of(*b).into_iter().collect()
                    }
                    _ => Vec::new(),
                };
                match comparison {
                    Comparison::Equal => (Vec::new(), locals),
                    Comparison::NotEqual => (locals, Vec::new()),
                    _ => (Vec::new(), Vec::new()),
                }
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// The variables that the parts of a condition test, and that the parts after the test do not assign.
    fn tested_in(
        &mut self,
        parts: &[ExprId],
        side: impl Fn((Vec<Variable>, Vec<Variable>)) -> Vec<Variable>,
    ) -> Vec<Variable> {
        let mut all = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let after = parts.get(number + 1..).unwrap_or_default();
            let mut found = side(self.tested_variables(*part));
            found.retain(|variable| !after.iter().any(|expr| self.assigns(*expr, *variable)));
            all.extend(found);
        }
        all
    }

    /// The variables of option types.
    fn options(&mut self, variables: Vec<Variable>) -> Vec<Variable> {
        let mut options = variables;
        options.retain(|variable| {
            let term = match variable {
                Variable::Local(local) => self.local(*local),
                Variable::Global(def) => self.global(*def),
            };
            self.table.as_option(&term).is_some()
        });
        options
    }

    /// True if an expression may assign a variable, so that what was known of it does not last.
    fn assigns(&self, root: ExprId, variable: Variable) -> bool {
        let mut work = vec![root];
        while let Some(expr) = work.pop() {
            let Some(node) = self.body.exprs.get(expr) else { continue };
            match node {
                Expr::SetLocal(set, _) | Expr::Bind(set, _) if Variable::Local(*set) == variable => {
                    return true;
                }
                Expr::SetGlobal(set, _) if Variable::Global(*set) == variable => return true,
                Expr::Put(set, ..) if *set == variable => return true,
                // A function may assign any variable of the module.
                Expr::Call(..) if matches!(variable, Variable::Global(_)) => return true,
                _ => {}
            }
            node.for_each_child(|child| work.push(child));
        }
        false
    }
}
