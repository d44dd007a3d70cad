//! Locals that begin as null, and get another value later.
//!
//! Most are the variables of loops and `prog`, which nothing reads before they have their value: these begin with it. One that may
//! be read before holds an option. Which of the two it is shows when all of the body was seen. Never looks at types. Start with
//! `Translator::declare`.

use super::Translator;
use crate::core::{Expr as Core, ExprId as CoreId, LocalId as CoreLocal};
use ovsm_base::Span;
use ovsm_eval::core::{Expr, ExprId, LocalId};
use ovsm_value::Value;

/// True for what a local is bound to that gets its value later.
pub(super) fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null) || ovsm_library::internal::is_unset(value)
}

impl Translator<'_> {
    /// True if a binding only says that there is a local: a definition of a body, the variable of a loop.
    pub(super) fn is_declaration(&self, local: LocalId, value: ExprId) -> bool {
        match self.unit.exprs.get(value) {
            Some(Expr::Constant(Value::Null)) => self.assigned.contains(&local),
            Some(Expr::Constant(value)) => is_empty(value),
            _ => false,
        }
    }

    /// Declares a local. What this gives becomes its binding if it has to begin as null.
    pub(super) fn declare(&mut self, local: CoreLocal, is_null: bool, span: Option<Span>) -> CoreId {
        match is_null {
            true => self.flow.declare_empty(local),
            false => self.flow.declare(local),
        }
        self.body.add(Core::Null, span);
        let binding = self.body.add(Core::Null, span);
        self.declared.insert(local, binding);
        binding
    }

    /// True if a local may have no value at all here. Notes that one is read that may be null.
    pub(super) fn is_too_early(&mut self, local: CoreLocal) -> bool {
        if self.flow.is_empty(local) {
            self.becomes_nullable(local);
        }
        self.flow.lacks(local)
    }

    fn becomes_nullable(&mut self, local: CoreLocal) {
        if let Some(local) = self.body.locals.get_mut(local) {
            local.begins_null = true;
        }
    }

    /// True if an assignment makes a local null, which it is anyway if nothing has given it a value: `(define x null)` in a body.
    pub(super) fn empties(&mut self, local: LocalId, value: ExprId) -> bool {
        let is_null = matches!(self.unit.exprs.get(value), Some(Expr::Constant(Value::Null)));
        let Some(core) = self.locals.get(&local).copied() else { return false };
        if !is_null || !self.assigned.contains(&local) || !self.declared.contains_key(&core) {
            return false;
        }
        if self.flow.lacks(core) {
            self.flow.declare_empty(core);
            return true;
        }
        // On some way it has another value.
        self.becomes_nullable(core);
        false
    }

    /// Locals that may be read while they are null begin as that.
    pub(super) fn bind_nullable(&mut self) {
        let locals = &self.body.locals;
        self.declared.retain(|local, _| locals.get(*local).is_some_and(|local| local.begins_null));
        if self.declared.is_empty() {
            return;
        }
        for node in self.body.exprs.iter_mut() {
            if let Core::Bind(local, value) = node
                && self.declared.contains_key(local)
            {
                *node = Core::SetLocal(*local, *value);
            }
        }
        for (local, binding) in &self.declared {
            let null = CoreId(binding.0.saturating_sub(1));
            if let Some(slot) = self.body.exprs.get_mut(*binding) {
                *slot = Core::Bind(*local, null);
            }
        }
    }
}
