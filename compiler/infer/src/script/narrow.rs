//! What a test finds out about variables: `(string? x)`, `(null? x)`, `(is? x T)`, `(= x null)`, `x` itself.
//!
//! Only variables that are given one value in all can be relied on. Of others, and where a test is not understood,
//! nothing is assumed any more in the branches: better no report than a wrong one.

use super::expression::Analysis;
use super::kinds::Kinds;
use super::natives::predicate;
use super::ty::Ty;
use ovsm_eval::core::{Expr, ExprId, GlobalId, LocalId};
use ovsm_value::Value;

/// What a test can find something out about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Local(LocalId),
    /// Of a variable of a module only this is used: a branch that its known values never take tells nothing, because
    /// the variable is there to be given another value later.
    Global(GlobalId),
}

/// What is known of some variables.
pub(super) type Facts = Vec<(Variable, Ty)>;

/// What is known in the branches of a test.
#[derive(Default)]
pub(super) struct Branches {
    pub(super) if_true: Facts,
    pub(super) if_false: Facts,
}

impl Analysis<'_> {
    /// What a condition finds out.
    pub(super) fn facts(&mut self, condition: ExprId) -> Branches {
        let mut branches = Branches::default();
        let Some(node) = self.unit.exprs.get(condition) else { return branches };
        match node {
            Expr::Local(local) => {
                let ty = self.local(*local);
                self.know(*local, &ty, ty.kinds.without(Kinds::NULL), Kinds::FALSY, &mut branches);
            }
            // What can be false only is never true.
            Expr::Global(global) => {
                let ty = self.global(*global);
                let is_true = if ty.kinds.without(Kinds::FALSY).is_never() {
                    Kinds::NEVER
                } else {
                    ty.kinds.without(Kinds::NULL)
                };
                self.know_global(*global, is_true, Kinds::FALSY.and(ty.kinds), &mut branches);
            }
            Expr::And(operands) => {
                for operand in operands {
                    branches.if_true.extend(self.facts(*operand).if_true);
                }
                self.forget(condition, &mut branches.if_false);
            }
            Expr::Or(operands) => {
                let mut choices = Vec::new();
                for operand in operands {
                    let facts = self.facts(*operand);
                    branches.if_false.extend(facts.if_false);
                    if !matches!(self.unit.exprs.get(*operand), Some(Expr::Constant(Value::Bool(false)))) {
                        choices.push(facts.if_true);
                    }
                }
                self.forget(condition, &mut branches.if_true);
                branches.if_true.extend(in_all(&choices));
            }
            Expr::Native(id, arguments) => {
                let name = ovsm_library::get(*id).map_or("", |native| native.name);
                match (name, arguments.as_slice()) {
                    ("not", [operand]) => {
                        let inner = self.facts(*operand);
                        return Branches { if_true: inner.if_false, if_false: inner.if_true };
                    }
                    ("#is", [operand, ty]) => {
                        if let (Some(local), Some(Expr::Constant(descriptor))) =
                            (self.local_of(*operand), self.unit.exprs.get(*ty))
                        {
                            let wanted = Ty::described(descriptor);
                            let known = self.local(local);
                            // Of a compound type only the outside is known.
                            let outside = match descriptor {
                                Value::Keyword(_) if wanted.fixed.is_none() => wanted.kinds,
                                _ => Kinds::NEVER,
                            };
                            let rest = known.kinds.without(outside);
                            self.know(local, &known, wanted.kinds, rest, &mut branches);
                        } else if let (Some(Expr::Global(global)), Some(Expr::Constant(descriptor))) =
                            (self.unit.exprs.get(*operand), self.unit.exprs.get(*ty))
                        {
                            let known = self.global(*global);
                            let wanted = Ty::described(descriptor).kinds.and(known.kinds);
                            self.know_global(*global, wanted, known.kinds, &mut branches);
                        }
                    }
                    ("#is-record", [operand, ty]) => {
                        if let (Some(local), Some(wanted)) = (self.local_of(*operand), self.record_meant(*ty))
                        {
                            let known = self.local(local);
                            self.know(local, &known, Kinds::RECORD, known.kinds, &mut branches);
                            // Which record it is, is known where the local itself can be relied on.
                            for (variable, ty) in &mut branches.if_true {
                                if *variable != Variable::Local(local) || ty.kinds != Kinds::ANY {
                                    ty.records.clone_from(&wanted.records);
                                }
                            }
                        }
                    }
                    ("=" | "eq?" | "!=", [a, b]) => {
                        let constant = |expr: &ExprId| match self.unit.exprs.get(*expr) {
                            Some(Expr::Constant(value)) => Some(value.clone()),
                            _ => None,
                        };
                        let global = match (self.unit.exprs.get(*a), constant(b)) {
                            (Some(Expr::Global(global)), Some(Value::Null)) => Some(*global),
                            _ => match (self.unit.exprs.get(*b), constant(a)) {
                                (Some(Expr::Global(global)), Some(Value::Null)) => Some(*global),
                                _ => None,
                            },
                        };
                        if let Some(global) = global {
                            let kinds = self.global(global).kinds;
                            let rest = kinds.without(Kinds::NULL);
                            self.know_global(global, kinds.and(Kinds::NULL), rest, &mut branches);
                        }
                        let found = match (self.local_of(*a), constant(b), self.local_of(*b), constant(a)) {
                            (Some(local), Some(value), ..) | (_, _, Some(local), Some(value)) => {
                                Some((local, value))
                            }
                            _ => None,
                        };
                        if let Some((local, Value::Null)) = found {
                            let ty = self.local(local);
                            let rest = ty.kinds.without(Kinds::NULL);
                            self.know(local, &ty, Kinds::NULL, rest, &mut branches);
                        } else {
                            self.forget(condition, &mut branches.if_true);
                        }
                        if name == "!=" {
                            std::mem::swap(&mut branches.if_true, &mut branches.if_false);
                        }
                    }
                    (_, [operand]) if predicate(*id).is_some() => {
                        if let (Some(local), Some((sometimes, always))) =
                            (self.local_of(*operand), predicate(*id))
                        {
                            let ty = self.local(local);
                            let rest = ty.kinds.without(always);
                            self.know(local, &ty, sometimes, rest, &mut branches);
                        } else if let (Some(Expr::Global(global)), Some((sometimes, always))) =
                            (self.unit.exprs.get(*operand), predicate(*id))
                        {
                            let kinds = self.global(*global).kinds;
                            let (is_true, is_false) = (kinds.and(sometimes), kinds.without(always));
                            self.know_global(*global, is_true, is_false, &mut branches);
                        }
                    }
                    // An order says nothing about kinds that is not known already.
                    ("<" | "<=" | ">" | ">=", _) => return Branches::default(),
                    _ => self.forget(condition, &mut branches.if_true),
                }
            }
            _ => self.forget(condition, &mut branches.if_true),
        }
        if branches.if_false.is_empty() && !matches!(node, Expr::Local(_) | Expr::Or(_)) {
            let mut forgotten = Facts::new();
            self.forget(condition, &mut forgotten);
            branches.if_false = forgotten;
        }
        branches
    }

    /// Assumes facts until the caller takes them back.
    pub(super) fn assume(&mut self, facts: &Facts) {
        self.narrowed.extend(facts.iter().cloned());
    }

    fn local_of(&self, expr: ExprId) -> Option<LocalId> {
        match self.unit.exprs.get(expr)? {
            Expr::Local(local) => Some(*local),
            _ => None,
        }
    }

    /// In a branch that the known values never take, the variable may be anything.
    fn know_global(&self, global: GlobalId, if_true: Kinds, if_false: Kinds, branches: &mut Branches) {
        for (kinds, facts) in [(if_true, &mut branches.if_true), (if_false, &mut branches.if_false)] {
            if kinds.is_never() {
                facts.push((Variable::Global(global), Ty::any()));
            }
        }
    }

    fn know(&self, local: LocalId, ty: &Ty, if_true: Kinds, if_false: Kinds, branches: &mut Branches) {
        let is_fixed = self.locals.get(local).is_some_and(|facts| match facts.is_parameter {
            true => facts.held == 0,
            false => facts.held <= 1,
        });
        if !is_fixed {
            branches.if_true.push((Variable::Local(local), Ty::any()));
            branches.if_false.push((Variable::Local(local), Ty::any()));
            return;
        }
        branches.if_true.push((Variable::Local(local), ty.only(if_true)));
        branches.if_false.push((Variable::Local(local), ty.only(if_false)));
        // What is true of a value is true under its other name.
        if let Some(other) = self.locals.get(local).and_then(|facts| facts.alias)
            && other != local
            && self.locals.get(other).is_some_and(|facts| facts.alias.is_none())
        {
            let ty = self.local(other);
            self.know(other, &ty, if_true, if_false, branches);
        }
    }

    /// Nothing is assumed any more of the variables that a condition looks at.
    fn forget(&self, condition: ExprId, facts: &mut Facts) {
        let mut work = vec![condition];
        let mut left = 64;
        while let Some(expr) = work.pop() {
            let Some(node) = self.unit.exprs.get(expr) else { continue };
            if let Expr::Local(local) = node {
                facts.push((Variable::Local(*local), Ty::any()));
                facts.extend(
                    self.locals
                        .get(*local)
                        .and_then(|facts| facts.alias)
                        .map(|other| (Variable::Local(other), Ty::any())),
                );
            }
            left -= 1;
            if left == 0 {
                return;
            }
            node.for_each_child(|child| work.push(child));
        }
    }
}

/// What holds in every one of several cases.
fn in_all(cases: &[Facts]) -> Facts {
    let Some((first, rest)) = cases.split_first() else { return Facts::new() };
    let last = |facts: &Facts, local: Variable| {
        facts.iter().rev().find(|(known, _)| *known == local).map(|(_, ty)| ty.clone())
    };
    first
        .iter()
        .filter_map(|(local, _)| {
            let mut ty = last(first, *local)?;
            for facts in rest {
                ty = ty.join(&last(facts, *local)?);
            }
            Some((*local, ty))
        })
        .collect()
}
