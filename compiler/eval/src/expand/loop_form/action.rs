//! What a loop does in each round: `do`, `collect` and its kin, conditions, `return`.

use super::{Builder, SHAPE};
use crate::core::{Expr, ExprId, LocalId};
use crate::expand::Expander;
use ovsm_value::Value;

impl Builder<'_> {
    /// The clause that comes next, if it is one that can stand after `when`.
    pub(super) fn action(&mut self, expander: &mut Expander<'_>, form: &Value) -> Option<ExprId> {
        self.action_with(expander, form, None)
    }

    /// `it` is the value of the condition around.
    fn action_with(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        it: Option<LocalId>,
    ) -> Option<ExprId> {
        let word = self.word()?;
        match word {
            "do" | "doing" => {
                self.skip(1);
                let mut steps = Vec::new();
                while let Some(step @ Value::List(_)) = self.rest.first() {
                    self.skip(1);
                    steps.push(expander.expr(step));
                }
                if steps.is_empty() {
                    self.failed = true;
                    expander.malformed(form, "`do` of `loop` is followed by calls", SHAPE);
                    return None;
                }
                Some(expander.sequence(steps))
            }
            "return" => {
                self.skip(1);
                let value = self.operand(expander, form, word, it)?;
                let exit = self.exit;
                Some(expander.leave(exit, value))
            }
            "when" | "if" | "unless" => {
                self.skip(1);
                self.condition(expander, form, word)
            }
            "collect" | "collecting" => self.accumulate(expander, form, "collect", it),
            "append" | "appending" | "nconc" | "nconcing" => self.accumulate(expander, form, "append", it),
            "sum" | "summing" => self.accumulate(expander, form, "sum", it),
            "count" | "counting" => self.accumulate(expander, form, "count", it),
            "maximize" | "maximizing" => self.accumulate(expander, form, "maximize", it),
            "minimize" | "minimizing" => self.accumulate(expander, form, "minimize", it),
            _ => None,
        }
    }

    fn operand(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        word: &str,
        it: Option<LocalId>,
    ) -> Option<ExprId> {
        let operand = self.form(expander, form, word)?;
        match (operand, it) {
            (Value::Symbol(symbol), Some(it)) if &*symbol.name == "it" => Some(expander.read(it)),
            (operand, _) => Some(expander.expr(operand)),
        }
    }

    /// `when c a and b else d end`.
    fn condition(&mut self, expander: &mut Expander<'_>, form: &Value, word: &str) -> Option<ExprId> {
        let test = self.form(expander, form, word)?;
        let test = expander.expr(test);
        let it = expander.local("it");
        let then = self.actions(expander, form, it)?;
        let otherwise = match self.take_word(&["else"]) {
            Some(_) => self.actions(expander, form, it)?,
            None => expander.null(),
        };
        self.take_word(&["end"]);
        let read = expander.read(it);
        let choice = match word {
            "unless" => Expr::If(read, otherwise, then),
            _ => Expr::If(read, then, otherwise),
        };
        let choice = expander.add(choice);
        Some(expander.add(Expr::Let(vec![(it, test)], choice)))
    }

    /// Clauses joined by `and`.
    fn actions(&mut self, expander: &mut Expander<'_>, form: &Value, it: LocalId) -> Option<ExprId> {
        let mut steps = Vec::new();
        loop {
            match self.action_with(expander, form, Some(it)) {
                Some(step) => steps.push(step),
                None => {
                    if !self.failed {
                        expander.malformed(
                            form,
                            "a condition of `loop` is followed by `do`, `collect`, `return` …",
                            SHAPE,
                        );
                    }
                    self.failed = true;
                    return None;
                }
            }
            if self.take_word(&["and"]).is_none() {
                return Some(expander.sequence(steps));
            }
        }
    }

    fn accumulate(
        &mut self,
        expander: &mut Expander<'_>,
        form: &Value,
        kind: &str,
        it: Option<LocalId>,
    ) -> Option<ExprId> {
        self.skip(1);
        let value = self.operand(expander, form, kind, it)?;
        let mut named = None;
        if self.take_word(&["into"]).is_some() {
            let name = self.form(expander, form, "into")?;
            if let Value::Symbol(symbol) = name {
                named = self.named.iter().find(|(known, _)| *known == symbol.name).map(|(_, local)| *local);
            }
        }
        let local = match named {
            Some(local) => local,
            None => self.unnamed(expander, kind),
        };
        Some(match kind {
            "collect" => {
                let push = expander.native_id("push");
                expander.add(Expr::UpdateLocal(local, push, vec![value]))
            }
            "append" => {
                let append =
                    expander.native_id(if expander.front.is_program { "append-to" } else { "append" });
                expander.add(Expr::UpdateLocal(local, append, vec![value]))
            }
            "sum" => {
                let parts = vec![expander.read(local), value];
                let sum = expander.native("+", parts);
                expander.add(Expr::SetLocal(local, sum))
            }
            "count" => {
                let one = expander.constant(Value::Int(1));
                let parts = vec![expander.read(local), one];
                let more = expander.native("+", parts);
                let set = expander.add(Expr::SetLocal(local, more));
                let null = expander.null();
                expander.add(Expr::If(value, set, null))
            }
            _ => {
                let found = expander.local("value");
                let parts = vec![expander.read(local)];
                let is_first = expander.native("null?", parts);
                let parts = vec![expander.read(found), expander.read(local)];
                let is_better = expander.native(if kind == "maximize" { ">" } else { "<" }, parts);
                let test = expander.add(Expr::Or(vec![is_first, is_better]));
                let read = expander.read(found);
                let set = expander.add(Expr::SetLocal(local, read));
                let null = expander.null();
                let choice = expander.add(Expr::If(test, set, null));
                expander.add(Expr::Let(vec![(found, value)], choice))
            }
        })
    }

    /// The accumulator that is the value of the loop.
    fn unnamed(&mut self, expander: &mut Expander<'_>, kind: &str) -> LocalId {
        if let Some(local) = self.accumulator {
            return local;
        }
        let local = expander.local("result");
        let first = self.first_of(expander, kind);
        self.bindings.push((local, first));
        self.accumulator = Some(local);
        local
    }
}
