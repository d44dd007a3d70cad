//! What has to be known of a unit before code is made: which variables closures capture, which are assigned, and which
//! blocks are left by unwinding rather than by a jump.

use super::groups::Groups;
use super::{Operations, numbers};
use crate::core::{BlockId, Expr, ExprId, FunctionId, LocalId, Unit};
use ovsm_base::index::Index;
use ovsm_base::stack::with_room;

/// A local, or the activation of a block: numbers after those of all locals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Variable(pub u32);

/// The facts of a unit.
pub(super) struct Analysis {
    locals: u32,
    assigned: Vec<bool>,
    captured: Vec<bool>,
    /// For each function, the variables of others that it or a function inside it uses, in order of first use.
    pub captures: Vec<Vec<Variable>>,
    /// The local functions that are defined together.
    pub groups: Groups,
    /// For each block, whether it is left from another function or through a protection.
    pub unwinds: Vec<bool>,
    /// For each expression, whether anything in it, in the same function, assigns a local.
    pub assigns: Vec<bool>,
    /// For each local, whether it certainly holds a number.
    pub numbers: Vec<bool>,
}

impl Analysis {
    pub(super) fn new(unit: &Unit, operations: &Operations) -> Analysis {
        let mut assigns = vec![false; unit.exprs.len()];
        for (id, expr) in unit.exprs.iter_enumerated() {
            let mut any = matches!(expr, Expr::SetLocal(..) | Expr::UpdateLocal(..));
            expr.for_each_child(|child| any |= assigns.get(child.index()).copied().unwrap_or(true));
            if let Some(place) = assigns.get_mut(id.index()) {
                *place = any;
            }
        }
        let groups = Groups::new(unit);
        let locals = unit.locals.len() as u32;
        let variables = unit.locals.len() + unit.blocks as usize;
        let analysis = Analysis {
            locals,
            assigned: vec![false; variables],
            captured: vec![false; variables],
            captures: vec![Vec::new(); unit.functions.len()],
            groups,
            unwinds: vec![false; unit.blocks as usize],
            assigns,
            numbers: numbers::certain(unit, operations),
        };
        let mut walk = Walk {
            unit,
            analysis,
            chain: Vec::new(),
            blocks: vec![None; unit.blocks as usize],
            protections: 0,
            seen: vec![false; unit.functions.len()],
            needs: Vec::new(),
        };
        if !unit.functions.is_empty() {
            walk.function(FunctionId(0));
        }
        let needs = walk.needs;
        let mut analysis = walk.analysis;
        analysis.groups.share_captures(&needs, &mut analysis.captures);
        analysis
    }

    pub(super) fn local(&self, local: LocalId) -> Variable {
        Variable(local.0)
    }

    pub(super) fn block(&self, block: BlockId) -> Variable {
        Variable(self.locals + block.0)
    }

    /// True if it lives in a shared place.
    pub(super) fn is_shared(&self, variable: Variable) -> bool {
        let n = variable.0 as usize;
        self.is_assigned(variable) && self.captured.get(n).copied().unwrap_or(false)
    }

    /// True if a function inside the one that binds it uses it.
    pub(super) fn is_captured(&self, variable: Variable) -> bool {
        self.captured.get(variable.0 as usize).copied().unwrap_or(true)
    }

    /// True if the local certainly holds a number.
    pub(super) fn is_number(&self, local: LocalId) -> bool {
        self.numbers.get(local.index()).copied().unwrap_or(false)
    }

    /// True if it is ever assigned after it was bound.
    pub(super) fn is_assigned(&self, variable: Variable) -> bool {
        self.assigned.get(variable.0 as usize).copied().unwrap_or(false)
    }
}

struct Walk<'a> {
    unit: &'a Unit,
    analysis: Analysis,
    /// The functions around the expression, outermost first.
    chain: Vec<FunctionId>,
    /// For each block that is open: its function, and how many protections were around it there.
    blocks: Vec<Option<(FunctionId, u32)>>,
    /// How many bodies of protections of this function are around the expression.
    protections: u32,
    seen: Vec<bool>,
    /// The functions that functions of their own group use.
    needs: Vec<(FunctionId, FunctionId)>,
}

impl Walk<'_> {
    fn function(&mut self, function: FunctionId) {
        match self.seen.get_mut(function.index()) {
            Some(seen) if !*seen => *seen = true,
            _ => return,
        }
        let Some(code) = self.unit.functions.get(function) else { return };
        let outer = std::mem::take(&mut self.protections);
        self.chain.push(function);
        for optional in &code.parameters.optional {
            self.expr(optional.default);
        }
        for key in code.parameters.keys.iter().flatten() {
            self.expr(key.default);
        }
        self.expr(code.body);
        self.chain.pop();
        self.protections = outer;
    }

    fn uses(&mut self, variable: Variable, owner: FunctionId) {
        for function in self.chain.iter().rev() {
            if *function == owner {
                return;
            }
            if let Some(used) = self.analysis.groups.function_of(variable)
                && self.analysis.groups.are_together(*function, used)
            {
                self.needs.push((*function, used));
                return;
            }
            if let Some(captured) = self.analysis.captured.get_mut(variable.0 as usize) {
                *captured = true;
            }
            if let Some(captures) = self.analysis.captures.get_mut(function.index())
                && !captures.contains(&variable)
            {
                captures.push(variable);
            }
        }
    }

    fn uses_local(&mut self, local: LocalId, assigns: bool) {
        let Some(owner) = self.unit.locals.get(local).map(|local| local.owner) else { return };
        if assigns && let Some(assigned) = self.analysis.assigned.get_mut(local.index()) {
            *assigned = true;
        }
        self.uses(Variable(local.0), owner);
    }

    fn expr(&mut self, id: ExprId) {
        with_room(|| self.expr_with_room(id));
    }

    fn expr_with_room(&mut self, id: ExprId) {
        let unit = self.unit;
        let Some(expr) = unit.exprs.get(id) else { return };
        match expr {
            Expr::Local(local) => self.uses_local(*local, false),
            // The definition of a local function gives its variable the only value that it ever has.
            Expr::SetLocal(local, _) if self.analysis.groups.function_of(Variable(local.0)).is_some() => {}
            Expr::SetLocal(local, _) | Expr::UpdateLocal(local, ..) => self.uses_local(*local, true),
            Expr::Lambda(function) => self.function(*function),
            Expr::Protect(body, cleanup) => {
                self.protections += 1;
                self.expr(*body);
                self.protections -= 1;
                self.expr(*cleanup);
                return;
            }
            Expr::Block(block, body) => {
                let here = self.chain.last().map(|function| (*function, self.protections));
                if let Some(place) = self.blocks.get_mut(block.index()) {
                    *place = here;
                }
                self.expr(*body);
                return;
            }
            Expr::Leave(block, _) => {
                if let Some(Some((owner, protections))) = self.blocks.get(block.index()).copied() {
                    let variable = self.analysis.block(*block);
                    let unwinds = self.chain.last() != Some(&owner) || self.protections != protections;
                    if unwinds && let Some(place) = self.analysis.unwinds.get_mut(block.index()) {
                        *place = true;
                    }
                    self.uses(variable, owner);
                }
            }
            _ => {}
        }
        expr.for_each_child(|child| self.expr(child));
    }
}
