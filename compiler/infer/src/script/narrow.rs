//! What a test finds out about variables: `(string? x)`, `(null? x)`, `(is? x T)`, `(= x null)`, `x` itself.
//!
//! Only variables that are given one value in all can be relied on. Of others, and where a test is not understood,
//! nothing is assumed any more in the branches: better no report than a wrong one.

use super::expression::Analysis;
use super::kinds::Kinds;
use super::natives::predicate;
use super::ty::Ty;
use ovsm_eval::core::{Expr, ExprId, LocalId};
use ovsm_value::Value;

/// What is known of some variables.
pub(super) type Facts = Vec<(LocalId, Ty)>;

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
                        }
                    }
                    ("=" | "eq?" | "!=", [a, b]) => {
                        let constant = |expr: &ExprId| match self.unit.exprs.get(*expr) {
                            Some(Expr::Constant(value)) => Some(value.clone()),
                            _ => None,
                        };
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
                        }
                    }
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

    fn know(&self, local: LocalId, ty: &Ty, if_true: Kinds, if_false: Kinds, branches: &mut Branches) {
        let is_fixed = self.locals.get(local).is_some_and(|facts| match facts.is_parameter {
            true => facts.held == 0,
            false => facts.held <= 1,
        });
        if !is_fixed {
            branches.if_true.push((local, Ty::any()));
            branches.if_false.push((local, Ty::any()));
            return;
        }
        branches.if_true.push((local, ty.only(if_true)));
        branches.if_false.push((local, ty.only(if_false)));
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
                facts.push((*local, Ty::any()));
                facts.extend(
                    self.locals.get(*local).and_then(|facts| facts.alias).map(|other| (other, Ty::any())),
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
    let last = |facts: &Facts, local: LocalId| {
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
