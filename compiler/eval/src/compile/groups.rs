//! Local functions that are defined together and may call each other.
//!
//! A function that captured its own variable would hold itself, and two that call each other would hold each other:
//! nothing would ever free them. So a function of a group captures none of the group. It finds itself in its own frame,
//! and makes another of the group when it needs it, from what it has captured: what one of them captures, all capture
//! that use it. A group are the functions that a `Let` of empty variables defines in its first steps, each in a variable
//! that nothing else assigns.

use super::analyze::Variable;
use crate::core::{Expr, FunctionId, LocalId, Unit};
use ovsm_base::index::Index;
use ovsm_value::Value;
use rustc_hash::FxHashMap;

/// The groups of a unit.
#[derive(Default)]
pub(super) struct Groups {
    /// The function that a variable is.
    functions: FxHashMap<Variable, FunctionId>,
    /// The group of a function.
    of: FxHashMap<FunctionId, usize>,
    /// The members of each group.
    members: Vec<Vec<(Variable, FunctionId)>>,
}

impl Groups {
    pub(super) fn new(unit: &Unit) -> Groups {
        let mut groups = Groups::default();
        if unit.functions.len() < 2 {
            return groups;
        }
        let mut assignments = vec![0u32; unit.locals.len()];
        for expr in unit.exprs.iter() {
            if let Expr::SetLocal(local, _) | Expr::UpdateLocal(local, ..) = expr
                && let Some(count) = assignments.get_mut(local.index())
            {
                *count += 1;
            }
        }
        for expr in unit.exprs.iter() {
            let Expr::Let(bindings, body) = expr else { continue };
            let steps = match unit.exprs.get(*body) {
                Some(Expr::Sequence(steps)) => steps.as_slice(),
                _ => std::slice::from_ref(body),
            };
            let is_empty = |local: &LocalId| {
                bindings.iter().any(|(bound, value)| {
                    bound == local && matches!(unit.exprs.get(*value), Some(Expr::Constant(Value::Null)))
                })
            };
            let mut members = Vec::new();
            for step in steps {
                let Some(Expr::SetLocal(local, value)) = unit.exprs.get(*step) else { break };
                let Some(Expr::Lambda(function)) = unit.exprs.get(*value) else { break };
                if assignments.get(local.index()) != Some(&1) || !is_empty(local) {
                    break;
                }
                members.push((Variable(local.0), *function));
            }
            if members.is_empty() {
                continue;
            }
            for (variable, function) in &members {
                groups.functions.insert(*variable, *function);
                groups.of.insert(*function, groups.members.len());
            }
            groups.members.push(members);
        }
        groups
    }

    /// The function that a variable is, if it is one of a group.
    pub(super) fn function_of(&self, variable: Variable) -> Option<FunctionId> {
        self.functions.get(&variable).copied()
    }

    /// True if a function belongs to a group.
    pub(super) fn is_member(&self, function: FunctionId) -> bool {
        self.of.contains_key(&function)
    }

    /// True if two functions belong to the same group.
    pub(super) fn are_together(&self, a: FunctionId, b: FunctionId) -> bool {
        match (self.of.get(&a), self.of.get(&b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    /// The variables and functions of the group of a function, itself included.
    pub(super) fn others(&self, function: FunctionId) -> Vec<(Variable, FunctionId)> {
        let members = self.of.get(&function).and_then(|group| self.members.get(*group));
        members.cloned().unwrap_or_default()
    }

    /// Lets each function capture what those of its group capture that it uses.
    pub(super) fn share_captures(&self, needs: &[(FunctionId, FunctionId)], captures: &mut [Vec<Variable>]) {
        let mut changed = true;
        while changed {
            changed = false;
            for (user, used) in needs {
                if user == used {
                    continue;
                }
                let wanted = captures.get(used.index()).cloned().unwrap_or_default();
                let Some(own) = captures.get_mut(user.index()) else { continue };
                for variable in wanted {
                    if !own.contains(&variable) {
                        own.push(variable);
                        changed = true;
                    }
                }
            }
        }
    }
}
