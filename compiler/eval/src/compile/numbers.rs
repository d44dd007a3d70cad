//! Variables that certainly hold numbers: counters, mostly. It does not matter how many hold a number, so such a variable
//! can be another name for the register of one, and needs not be emptied when its scope ends. Nothing here makes code.
//! Start with [`certain`].

use super::{FunctionCompiler, Operations};
use crate::bytecode::Operation;
use crate::core::{Expr, ExprId, LocalId, Unit};
use ovsm_base::index::Index;

/// An operation nested more deeply is not looked into.
const DEPTH: u32 = 8;

/// More rounds than this are not tried: a long chain of variables is rare, and its head is no counter.
const ROUNDS: u32 = 8;

/// How many expressions are looked through for an assignment.
const BUDGET: usize = 500;

/// Where a local gets a value.
enum Source<'u> {
    /// From an expression.
    Value(ExprId),
    /// From itself and operands.
    Update(Option<Operation>, &'u [ExprId]),
}

/// For each local, whether all that it ever gets are numbers. Only what `let` binds is looked at.
pub(super) fn certain(unit: &Unit, operations: &Operations) -> Vec<bool> {
    let mut numbers = vec![false; unit.locals.len()];
    let mut sources = Vec::new();
    for expr in unit.exprs.iter() {
        match expr {
            Expr::Let(bindings, _) => {
                for (local, value) in bindings {
                    if let Some(place) = numbers.get_mut(local.index()) {
                        *place = true;
                    }
                    sources.push((*local, Source::Value(*value)));
                }
            }
            Expr::SetLocal(local, value) => sources.push((*local, Source::Value(*value))),
            Expr::UpdateLocal(local, native, operands) => {
                sources.push((*local, Source::Update(operations.of(*native), operands)));
            }
            _ => {}
        }
    }
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (local, source) in &sources {
            if !numbers.get(local.index()).copied().unwrap_or(false) {
                continue;
            }
            let known = Known { unit, operations, numbers: &numbers };
            let is_number = match source {
                Source::Value(value) => known.is_number(*value, DEPTH),
                Source::Update(operation, operands) => {
                    operation.is_some_and(gives_number)
                        && operands.iter().all(|operand| known.is_number(*operand, DEPTH))
                }
            };
            if !is_number && let Some(place) = numbers.get_mut(local.index()) {
                *place = false;
                changed = true;
            }
        }
        if !changed {
            return numbers;
        }
    }
    vec![false; unit.locals.len()]
}

struct Known<'a> {
    unit: &'a Unit,
    operations: &'a Operations,
    /// The locals that may still turn out to be numbers.
    numbers: &'a [bool],
}

impl Known<'_> {
    fn is_number(&self, id: ExprId, depth: u32) -> bool {
        match self.unit.exprs.get(id) {
            Some(Expr::Constant(value)) => value.is_number(),
            Some(Expr::Local(local)) => self.numbers.get(local.index()).copied().unwrap_or(false),
            Some(Expr::Native(native, operands)) if depth > 0 => {
                self.operations.of(*native).is_some_and(gives_number)
                    && operands.iter().all(|operand| self.is_number(*operand, depth - 1))
            }
            _ => false,
        }
    }
}

/// True if the operation gives a number for numbers, or an error.
fn gives_number(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::Add
            | O::Sub
            | O::Mul
            | O::Divide
            | O::Quotient
            | O::Remainder
            | O::Modulo
            | O::Increment
            | O::Decrement
    )
}

impl FunctionCompiler<'_> {
    /// The local whose register can be that of one which is bound to this value, until these expressions have ended:
    /// one that holds a number, which they do not assign.
    pub(super) fn other_name(&self, value: ExprId, until: &[ExprId]) -> Option<LocalId> {
        let Some(Expr::Local(local)) = self.unit.exprs.get(value) else { return None };
        let mut budget = BUDGET;
        let holds = self.analysis.is_number(*local)
            && (!self.analysis.is_assigned(self.analysis.local(*local))
                || !until.iter().any(|id| self.may_assign(*id, *local, &mut budget)));
        holds.then_some(*local)
    }

    /// True if the expression assigns the local, which no closure shares, or is too large to tell.
    fn may_assign(&self, id: ExprId, local: LocalId, budget: &mut usize) -> bool {
        if !self.assigns(id) {
            return false;
        }
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        let Some(expr) = self.unit.exprs.get(id) else { return false };
        if let Expr::SetLocal(other, _) | Expr::UpdateLocal(other, ..) = expr
            && *other == local
        {
            return true;
        }
        let mut found = false;
        expr.for_each_child(|child| found = found || self.may_assign(child, local, budget));
        found
    }
}
