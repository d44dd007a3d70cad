//! Types of scripts: what is certainly wrong is found before a script runs.
//!
//! Every expression gets the set of kinds of values that it may have. A variable has all that it is given anywhere; a
//! parameter without a type may be anything; what a test has found out holds in its branches. A call is reported if
//! none of what an argument may be is what the function takes: whenever it runs, it fails. What may be right is left to
//! the checks at run time. Code under a `try` is not reported: it may fail on purpose.
//!
//! Start with [`TypeChecker`]; the rules of expressions are in `expression`.

mod call;
mod certain;
mod declared;
pub mod effect_set;
pub mod effects;
mod expression;
mod kinds;
mod narrow;
mod native_flow;
mod natives;
mod report;
mod structure;
mod ty;

pub use kinds::Kinds;
pub use natives::{NativeKinds, native_kinds};
pub use ty::Ty;

use certain::CertainOperations;
use expression::Analysis;
use ovsm_base::{Diagnostic, Span};
use ovsm_eval::core::{Expr, ExprId, FunctionId, GlobalId, Unit};
use ovsm_value::{RecordType, Value};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Variables of a module are looked at again until nothing changes, but not more often.
const MAX_ROUNDS: usize = 12;

/// A load reports at most so many faults.
const MAX_DIAGNOSTICS: usize = 200;

/// What is known of a variable of a module.
#[derive(Clone, Default)]
pub(crate) struct GlobalFacts {
    /// All that it is given, joined.
    pub(crate) ty: Option<Ty>,
    /// Where it was given what, for explanations.
    pub(crate) origins: Vec<(Ty, Span)>,
    /// The function that it holds, if it is given one and nothing else.
    pub(crate) function: Option<Rc<FunctionTy>>,
    /// The records that it makes, if it is a constructor and nothing else.
    pub(crate) makes: Option<Ty>,
    /// How many places assign it.
    pub(crate) assignments: u32,
}

/// The parameters and the result of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct FunctionTy {
    /// Its name.
    pub name: Rc<str>,
    /// The required parameters: name and type.
    pub required: Vec<(Rc<str>, Ty)>,
    /// The optional ones.
    pub optional: Vec<(Rc<str>, Ty)>,
    /// True if it takes further arguments, or arguments by keyword.
    pub is_open: bool,
    /// What it gives.
    pub result: Ty,
}

/// Checks the code of a session, one load after the other.
#[derive(Default)]
pub struct TypeChecker {
    globals: FxHashMap<GlobalId, GlobalFacts>,
    /// The types of records and variants that the code makes, by their identity.
    records: FxHashMap<u64, Rc<RecordType>>,
    /// True once some code evaluates code that is not known yet: it may assign every variable.
    evaluates: bool,
    /// The units of earlier loads that define something.
    earlier: Vec<Rc<Unit>>,
}

impl TypeChecker {
    /// The type of a variable of a module, for tools.
    pub fn global(&self, id: GlobalId) -> Option<(Ty, Option<Rc<FunctionTy>>)> {
        let facts = self.globals.get(&id)?;
        Some((facts.ty.clone()?, facts.function.clone()))
    }

    /// Notes which variables the units assign, and whether they evaluate code.
    fn survey(&mut self, units: &[Rc<Unit>]) {
        let eval = ovsm_library::find("eval");
        for unit in units {
            for expr in unit.exprs.iter() {
                match expr {
                    Expr::SetGlobal(global, _)
                    | Expr::UpdateGlobal(global, ..)
                    | Expr::DynamicBind(global, ..) => {
                        self.globals.entry(*global).or_default().assignments += 1;
                    }
                    Expr::Constant(Value::RecordType(ty)) => {
                        self.records.insert(ty.identity, Rc::clone(ty));
                    }
                    Expr::Constant(Value::Record(record)) => {
                        self.records.insert(record.ty.identity, Rc::clone(&record.ty));
                    }
                    Expr::Native(id, _) if Some(*id) == eval => self.evaluates = true,
                    Expr::Constant(Value::Native(id)) if Some(*id) == eval => self.evaluates = true,
                    _ => {}
                }
            }
        }
    }

    /// Joins what a unit gives to the variables of modules; gives those of which something else is known now.
    fn learn(&mut self, found: Vec<expression::Assignment>) -> Vec<GlobalId> {
        let mut learned = Vec::new();
        for assignment in found {
            let facts = self.globals.entry(assignment.global).or_default();
            let joined = match &facts.ty {
                Some(known) => known.join(&assignment.ty),
                None => assignment.ty.clone(),
            };
            let mut changed = facts.ty.as_ref() != Some(&joined);
            facts.ty = Some(joined);
            let function = if facts.assignments == 1 { assignment.function } else { None };
            changed |= facts.function != function;
            facts.function = function;
            let makes = if facts.assignments == 1 { assignment.makes } else { None };
            changed |= facts.makes != makes;
            facts.makes = makes;
            if let Some(span) = assignment.span
                && facts.origins.len() < 4
                && facts.origins.iter().all(|(_, known)| *known != span)
            {
                facts.origins.push((assignment.ty, span));
                changed = true;
            }
            if changed {
                learned.push(assignment.global);
            }
        }
        learned
    }
}

impl ovsm_eval::Checker for TypeChecker {
    fn check(&mut self, units: &[Rc<Unit>], library: &[Rc<Unit>]) -> Vec<Diagnostic> {
        self.survey(units);
        let mut readers: FxHashMap<GlobalId, Vec<usize>> = FxHashMap::default();
        for (number, unit) in units.iter().enumerate() {
            for global in globals_of(unit) {
                readers.entry(global).or_default().push(number);
            }
        }
        let certain = CertainOperations::of(units);
        let mut reported: Vec<Vec<Diagnostic>> = vec![Vec::new(); units.len()];
        // A unit is looked at again when something else is known of what it reads.
        let mut waiting: BTreeSet<usize> = (0..units.len()).collect();
        for _ in 0..MAX_ROUNDS {
            let mut next = 0;
            while let Some(number) = waiting.range(next..).next().copied() {
                waiting.remove(&number);
                next = number + 1;
                let (Some(unit), Some(certain)) = (units.get(number), certain.get(number)) else { continue };
                let found = Analysis::new(self, unit, certain).run();
                if let Some(reported) = reported.get_mut(number) {
                    *reported = found.diagnostics;
                }
                for global in self.learn(found.assignments) {
                    waiting.extend(readers.get(&global).into_iter().flatten());
                }
            }
        }
        if !waiting.is_empty() {
            // Types that keep growing: nothing certain can be said about them.
            for facts in self.globals.values_mut() {
                (facts.ty, facts.function) = (Some(Ty::any()), None);
            }
            let all = units.iter().zip(&certain);
            reported =
                all.map(|(unit, certain)| Analysis::new(self, unit, certain).run().diagnostics).collect();
        }
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for found in reported {
            for diagnostic in found {
                let is_known = diagnostics.iter().rev().take(8).any(|known| {
                    known.message == diagnostic.message && known.labels.first() == diagnostic.labels.first()
                });
                if !is_known && diagnostics.len() < MAX_DIAGNOSTICS {
                    diagnostics.push(diagnostic);
                }
            }
        }
        diagnostics.extend(declared::check(units, library, &self.earlier));
        let defines = |unit: &&Rc<Unit>| unit.exprs.iter().any(|expr| matches!(expr, Expr::SetGlobal(..)));
        self.earlier.extend(units.iter().filter(defines).cloned());
        diagnostics
    }
}

/// The variables of modules that a unit mentions, sorted.
fn globals_of(unit: &Unit) -> Vec<GlobalId> {
    let mut globals: Vec<GlobalId> = unit
        .exprs
        .iter()
        .filter_map(|expr| match expr {
            Expr::Global(global)
            | Expr::SetGlobal(global, _)
            | Expr::UpdateGlobal(global, ..)
            | Expr::DynamicBind(global, ..) => Some(*global),
            _ => None,
        })
        .collect();
    globals.sort_unstable();
    globals.dedup();
    globals
}

/// The function that an expression makes, if it makes one.
fn lambda_of(unit: &Unit, expr: ExprId) -> Option<FunctionId> {
    match unit.exprs.get(expr)? {
        Expr::Lambda(function) => Some(*function),
        _ => None,
    }
}
