//! Which operations run whenever a script does: those outside of functions, branches, loops and everything that catches,
//! before which nothing may end the script or lead elsewhere. In doubt, an operation is not among them. Whether one of
//! them fails is found elsewhere; start with [`CertainOperations::of`].

use ovsm_eval::core::{Expr, ExprId, FunctionId, Unit};
use ovsm_library::Effect;
use ovsm_value::NativeId;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// How deep expressions are looked into.
const MAX_DEPTH: u32 = 2_000;

/// The operations of a unit that certainly run, by their last operand.
#[derive(Default)]
pub(super) struct CertainOperations {
    last_operands: FxHashSet<ExprId>,
}

impl CertainOperations {
    /// Those of each unit, in the order in which the units run.
    pub(super) fn of(units: &[Rc<Unit>]) -> Vec<CertainOperations> {
        let mut goes_on = true;
        let mut found = Vec::with_capacity(units.len());
        for unit in units {
            let mut walk = Walk { unit, found: CertainOperations::default(), depth: 0 };
            if let Some(root) = unit.functions.get(FunctionId(0)) {
                goes_on = walk.goes_on(root.body, goes_on) && goes_on;
            }
            found.push(walk.found);
        }
        found
    }

    /// True if the operation with this last operand certainly runs.
    pub(super) fn has(&self, last_operand: ExprId) -> bool {
        self.last_operands.contains(&last_operand)
    }
}

struct Walk<'a> {
    unit: &'a Unit,
    found: CertainOperations,
    depth: u32,
}

impl Walk<'_> {
    /// True if what comes after an expression certainly runs too, unless the script ends with an error. If the
    /// expression itself certainly runs, its operations are noted.
    fn goes_on(&mut self, expr: ExprId, is_certain: bool) -> bool {
        if self.depth > MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        let goes_on = ovsm_base::stack::with_room(|| self.look_at(expr, is_certain));
        self.depth -= 1;
        goes_on
    }

    fn look_at(&mut self, expr: ExprId, is_certain: bool) -> bool {
        let Some(node) = self.unit.exprs.get(expr) else { return false };
        match node {
            Expr::Constant(_) | Expr::Local(_) | Expr::Global(_) | Expr::Lambda(_) => true,
            Expr::SetLocal(_, value) | Expr::SetGlobal(_, value) | Expr::AllValues(value) => {
                self.goes_on(*value, is_certain)
            }
            Expr::Sequence(items) | Expr::Values(items) => self.all_go_on(items, is_certain),
            Expr::Let(bindings, body) => {
                let values: Vec<ExprId> = bindings.iter().map(|(_, value)| *value).collect();
                let goes_on = self.all_go_on(&values, is_certain);
                self.goes_on(*body, is_certain && goes_on) && goes_on
            }
            Expr::DynamicBind(_, value, body) => self.all_go_on(&[*value, *body], is_certain),
            Expr::If(condition, then, otherwise) => {
                self.goes_on(*condition, is_certain)
                    && self.goes_on(*then, false)
                    && self.goes_on(*otherwise, false)
            }
            Expr::And(operands) | Expr::Or(operands) => {
                let mut goes_on = true;
                for (n, operand) in operands.iter().enumerate() {
                    goes_on &= self.goes_on(*operand, is_certain && n == 0);
                }
                goes_on
            }
            Expr::Try { body, handler, .. } => self.goes_on(*body, false) && self.goes_on(*handler, false),
            Expr::Native(id, operands)
            | Expr::UpdateLocal(_, id, operands)
            | Expr::UpdateGlobal(_, id, operands) => {
                let goes_on = self.all_go_on(operands, is_certain);
                if let Some(last) = operands.last().filter(|_| is_certain && goes_on) {
                    self.found.last_operands.insert(*last);
                }
                goes_on && only_computes_or_prints(*id)
            }
            // What is called may leave in any way, and a loop may have no end.
            Expr::Call(..)
            | Expr::Apply(..)
            | Expr::While(..)
            | Expr::Loop(_)
            | Expr::Block(..)
            | Expr::Leave(..)
            | Expr::Protect(..)
            | Expr::Catch(..) => false,
        }
    }

    fn all_go_on(&mut self, items: &[ExprId], is_certain: bool) -> bool {
        let mut goes_on = true;
        for item in items {
            goes_on = self.goes_on(*item, is_certain && goes_on) && goes_on;
        }
        goes_on
    }
}

/// True for a built-in function that gives a value or fails, and calls nothing.
fn only_computes_or_prints(id: NativeId) -> bool {
    ovsm_library::get(id).is_some_and(|native| {
        let gives_a_value = !native.signature.ends_with("-> never") && native.name != "#throw";
        gives_a_value && !matches!(native.effect, Effect::State | Effect::Spawn | Effect::Chain)
    })
}
