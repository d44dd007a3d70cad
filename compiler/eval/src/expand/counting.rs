//! Loops over ranges that are written out, for programs: they count, since programs have no ranges as values.
//!
//! The variable of the loop never goes past the end of the range: what comes after the last number is the end itself, so that a range
//! may end where the type of its numbers ends. Start with [`Expander::literal_range`] and [`Expander::count_through`].

use super::Expander;
use crate::core::{Expr, ExprId, LocalId};
use crate::syntax;
use ovsm_value::Value;

/// The operands of a range.
pub(super) struct LiteralRange {
    start: Value,
    end: Value,
    step: Option<Value>,
}

/// How a range goes on.
enum Step {
    One,
    /// By a number that is written out.
    Up(Value),
    Down(Value),
    /// By what a local holds, which is not zero.
    Either(LocalId),
}

impl Expander<'_> {
    /// A range that is written out: `(range a b)`, `(range b)`, `(range a b step)`, `[a .. b]`.
    pub(super) fn literal_range(&mut self, items: &Value) -> Option<LiteralRange> {
        let range = |start: &Value, end: &Value, step: Option<&Value>| {
            Some(LiteralRange { start: start.clone(), end: end.clone(), step: step.cloned() })
        };
        match items {
            Value::Array(parts) => match parts.as_slice() {
                [start, dots, end] if syntax::name(dots) == Some("..") => range(start, end, None),
                _ => None,
            },
            Value::List(parts) => match parts.as_slice() {
                [Value::Symbol(head), bounds @ ..] if &*head.name == "range" => {
                    let super::name::Meant::Native(_) = self.meaning(head) else { return None };
                    match bounds {
                        [end] => range(&Value::Int(0), end, None),
                        [start, end] => range(start, end, None),
                        [start, end, step] => range(start, end, Some(step)),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Runs a body for each number of a range, without making one.
    pub(super) fn count_through(
        &mut self,
        range: &LiteralRange,
        result: Option<&Value>,
        body: impl FnOnce(&mut Self, ExprId) -> ExprId,
    ) -> ExprId {
        let (start, end) = (self.expr(&range.start), self.expr(&range.end));
        let (counter, limit, item) = (self.local("counter"), self.local("end"), self.local("item"));
        let mut bindings = vec![(counter, start), (limit, end)];
        let mut before = Vec::new();
        let step = match &range.step {
            None => Step::One,
            Some(Value::Int(step)) if *step > 0 => Step::Up(Value::Int(*step)),
            Some(Value::Int(step)) if *step < 0 => Step::Down(Value::from_i128(-i128::from(*step))),
            Some(step) => {
                let value = self.expr(step);
                let local = self.local("step");
                bindings.push((local, value));
                let is_zero = self.is_step("=", local);
                let refusal = self.refused_step();
                let nothing = self.null();
                before.push(self.add(Expr::If(is_zero, refusal, nothing)));
                Step::Either(local)
            }
        };
        let condition = match &step {
            Step::One | Step::Up(_) => self.is_before("<", counter, limit),
            Step::Down(_) => self.is_before(">", counter, limit),
            Step::Either(step) => {
                let up = self.is_step(">", *step);
                let (below, above) =
                    (self.is_before("<", counter, limit), self.is_before(">", counter, limit));
                self.add(Expr::If(up, below, above))
            }
        };
        let whole = self.in_loop(|expander, _| {
            let body = expander.scoped(|expander| {
                let read = expander.read(item);
                body(expander, read)
            });
            let finish = move |expander: &mut Expander<'_>, body: ExprId| {
                let value = expander.read(counter);
                let next = expander.next_number(&step, counter, limit);
                let step = expander.add(Expr::SetLocal(counter, next));
                let steps = expander.sequence(vec![body, step]);
                let round = expander.add(Expr::Let(vec![(item, value)], steps));
                expander.add(Expr::While(condition, round))
            };
            (body, Box::new(finish))
        });
        let result = match result {
            Some(result) => self.expr(result),
            None => self.null(),
        };
        before.push(whole);
        let whole = match self.unit.exprs.get(whole) {
            Some(Expr::Block(exit, inner)) => {
                let (exit, inner) = (*exit, *inner);
                let steps = self.sequence(vec![inner, result]);
                before.pop();
                before.push(self.add(Expr::Block(exit, steps)));
                self.sequence(before)
            }
            _ => {
                before.push(result);
                self.sequence(before)
            }
        };
        self.add(Expr::Let(bindings, whole))
    }

    fn is_before(&mut self, comparison: &str, counter: LocalId, limit: LocalId) -> ExprId {
        let parts = vec![self.read(counter), self.read(limit)];
        self.native(comparison, parts)
    }

    fn is_step(&mut self, comparison: &str, step: LocalId) -> ExprId {
        let parts = vec![self.read(step), self.constant(Value::Int(0))];
        self.native(comparison, parts)
    }

    /// What a step of 0 does, as `range` does it.
    fn refused_step(&mut self) -> ExprId {
        let kind = self.constant(Value::keyword("value"));
        let message = self.constant(Value::string("`range`: the step is 0"));
        let data = self.null();
        self.native("error", vec![kind, message, data])
    }

    /// The number after the counter, which is before the limit; the limit itself where a step would go past it, since the type of
    /// the numbers may end there.
    fn next_number(&mut self, step: &Step, counter: LocalId, limit: LocalId) -> ExprId {
        match step {
            Step::One => {
                let parts = vec![self.read(counter), self.constant(Value::Int(1))];
                self.native("+", parts)
            }
            Step::Up(size) => {
                let (size, again) = (self.constant(size.clone()), self.constant(size.clone()));
                self.step_to([size, again], [limit, counter], ["<=", "+%"], counter, limit)
            }
            Step::Down(size) => {
                let (size, again) = (self.constant(size.clone()), self.constant(size.clone()));
                self.step_to([size, again], [counter, limit], ["<=", "-%"], counter, limit)
            }
            Step::Either(step) => {
                let up = self.is_step(">", *step);
                let steps = [self.read(*step), self.read(*step)];
                let forth = self.step_to(steps, [limit, counter], ["<=", "+%"], counter, limit);
                let steps = [self.read(*step), self.read(*step)];
                let back = self.step_to(steps, [limit, counter], [">=", "+%"], counter, limit);
                self.add(Expr::If(up, forth, back))
            }
        }
    }

    /// The counter after a step. The distance may be none of the type, so it wraps, and then has the other sign than the step: the
    /// end is farther away than any step reaches. What is before the end is one of the type, so nothing else wraps.
    fn step_to(
        &mut self,
        [size, again]: [ExprId; 2],
        [to, from]: [LocalId; 2],
        [within, step]: [&str; 2],
        counter: LocalId,
        limit: LocalId,
    ) -> ExprId {
        let ends = vec![self.read(to), self.read(from)];
        let distance = self.native("-%", ends);
        let local = self.local("distance");
        let parts = vec![self.read(local), self.constant(Value::Int(0))];
        let is_distance = self.native(if within == "<=" { ">=" } else { "<" }, parts);
        let parts = vec![self.read(local), size];
        let is_within = self.native(within, parts);
        let is_last = self.add(Expr::And(vec![is_within, is_distance]));
        let last = self.read(limit);
        let parts = vec![self.read(counter), again];
        let next = self.native(step, parts);
        let next = self.add(Expr::If(is_last, last, next));
        self.add(Expr::Let(vec![(local, distance)], next))
    }
}
