//! Last uses: an operand that is a variable which nobody reads any more is moved instead of copied, so that whoever gets
//! it holds it alone and may change it in place. `(set! xs (cons x xs))` and `(f (cons x xs))` at the end of a function
//! cost the same however long `xs` is. Start with [`FunctionCompiler::is_last_use`].

use super::{FunctionCompiler, Place, Scope};
use crate::core::{Expr, ExprId, LocalId};
use ovsm_base::index::Index;
use ovsm_base::stack::with_room;

/// Which variables are of no use after an expression, unless what follows mentions them.
#[derive(Clone, Debug)]
pub(super) struct LastUse {
    variables: Variables,
    /// What is evaluated between the expression and the point from which on the variables are of no use.
    rest: Vec<ExprId>,
}

#[derive(Clone, Copy, Debug)]
enum Variables {
    /// All of the function, which ends there.
    All,
    /// One, which is assigned there.
    One(LocalId),
}

/// More expressions than this are not looked through.
const MOST: usize = 16;

/// How many expressions inside them are.
const BUDGET: usize = 200;

impl LastUse {
    /// At the end of the function.
    pub(super) fn at_end() -> LastUse {
        LastUse { variables: Variables::All, rest: Vec::new() }
    }
}

impl FunctionCompiler<'_> {
    /// What holds for the value of an assignment of a local.
    pub(super) fn before_assigning(&mut self, local: LocalId) {
        // After an error that is caught here, the variable must have its value still.
        let is_watched = self.scopes.iter().any(|scope| matches!(scope, Scope::Handler | Scope::Pending));
        self.next_last =
            (!is_watched).then(|| LastUse { variables: Variables::One(local), rest: Vec::new() });
    }

    /// What holds for an operand of the expression that is being compiled, before the others in `rest`.
    pub(super) fn before_operands(&mut self, rest: &[ExprId]) {
        self.next_last = self.last.as_ref().filter(|last| last.rest.len() + rest.len() <= MOST).map(|last| {
            let rest = rest.iter().chain(&last.rest).copied().collect();
            LastUse { variables: last.variables, rest }
        });
    }

    /// True if the local, which is read now, is of no use afterwards.
    pub(super) fn is_last_use(&self, local: LocalId) -> bool {
        let Some(last) = &self.last else { return false };
        let is_one = match last.variables {
            Variables::All => true,
            Variables::One(other) => other == local,
        };
        let mut budget = BUDGET;
        // The register of a number may have other names.
        is_one
            && !self.analysis.is_number(local)
            && matches!(self.place_of(local), Place::Register(1..))
            && !last.rest.iter().any(|id| self.may_use(*id, local, &mut budget))
    }

    /// True if the expression mentions the local, or is too large to tell.
    fn may_use(&self, id: ExprId, local: LocalId, budget: &mut usize) -> bool {
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        let Some(expr) = self.unit.exprs.get(id) else { return false };
        match expr {
            Expr::Local(other) | Expr::SetLocal(other, _) | Expr::UpdateLocal(other, ..)
                if *other == local =>
            {
                return true;
            }
            // It goes on somewhere else.
            Expr::Leave(..) => return true,
            Expr::Lambda(function) => {
                let variable = self.analysis.local(local);
                let captures = self.analysis.captures.get(function.index());
                return captures.is_none_or(|captures| captures.contains(&variable));
            }
            _ => {}
        }
        let mut found = false;
        expr.for_each_child(|child| found = found || with_room(|| self.may_use(child, local, budget)));
        found
    }
}
