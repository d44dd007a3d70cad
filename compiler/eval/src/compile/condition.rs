//! Conditions: code that jumps instead of making truth values, and what is made of it.

use super::{Compile, FunctionCompiler, Label, Place, Target};
use crate::bytecode::{Instruction as I, Operation};
use crate::core::{Expr, ExprId};
use ovsm_base::stack::with_room;
use ovsm_value::Value;

impl FunctionCompiler<'_> {
    /// Jumps to the label if the truth of the condition is as wanted, else goes on.
    pub(super) fn branch(&mut self, condition: ExprId, wanted: bool, label: Label) -> Compile {
        with_room(|| {
            let (span, next) = (self.span.clone(), self.next);
            if let Some(own) = self.written_at(condition) {
                self.span = own;
            }
            let result = self.branch_with_room(condition, wanted, label);
            (self.span, self.next) = (span, next);
            result
        })
    }

    fn branch_with_room(&mut self, condition: ExprId, wanted: bool, label: Label) -> Compile {
        let unit = self.unit;
        match unit.exprs.get(condition) {
            Some(Expr::Constant(value)) => {
                if value.is_true() == wanted {
                    self.jump(label);
                }
                return Ok(());
            }
            Some(Expr::And(items)) => return self.branch_items(items, wanted, label, true),
            Some(Expr::Or(items)) => return self.branch_items(items, wanted, label, false),
            Some(Expr::Native(native, arguments)) => {
                match (self.operations.of(*native), arguments.as_slice()) {
                    (Some(Operation::Not), [only]) => return self.branch(*only, !wanted, label),
                    (Some(operation), [a, b]) if is_comparison(operation) => {
                        return self.branch_compare(operation, *a, *b, wanted, label);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        let register = self.operand(condition, false)?;
        self.emit(if wanted {
            I::JumpIf(register, label.0 as u32)
        } else {
            I::JumpUnless(register, label.0 as u32)
        });
        Ok(())
    }

    fn branch_items(&mut self, items: &[ExprId], wanted: bool, label: Label, is_and: bool) -> Compile {
        let Some((last, rest)) = items.split_last() else {
            if is_and == wanted {
                self.jump(label);
            }
            return Ok(());
        };
        // `and` is decided by the first false operand, `or` by the first true one.
        if wanted == is_and {
            let out = self.label();
            for item in rest {
                self.branch(*item, !is_and, out)?;
            }
            self.branch(*last, wanted, label)?;
            self.place(out);
        } else {
            for item in items {
                self.branch(*item, wanted, label)?;
            }
        }
        Ok(())
    }

    fn branch_compare(
        &mut self,
        operation: Operation,
        a: ExprId,
        b: ExprId,
        wanted: bool,
        label: Label,
    ) -> Compile {
        let target = label.0 as u32;
        if let Some(Value::Int(number)) = self.known(b)
            && let Ok(number) = i16::try_from(*number)
        {
            let a = self.operand(a, false)?;
            let make = match (operation, wanted) {
                (Operation::Less, true) => I::JumpIfLessImmediate,
                (Operation::LessEqual, true) => I::JumpIfLessEqualImmediate,
                (Operation::Greater, true) => I::JumpIfGreaterImmediate,
                (Operation::GreaterEqual, true) => I::JumpIfGreaterEqualImmediate,
                (Operation::Equal, true) => I::JumpIfEqualImmediate,
                (_, true) => I::JumpIfNotEqualImmediate,
                (Operation::Less, false) => I::JumpUnlessLessImmediate,
                (Operation::LessEqual, false) => I::JumpUnlessLessEqualImmediate,
                (Operation::Greater, false) => I::JumpUnlessGreaterImmediate,
                (Operation::GreaterEqual, false) => I::JumpUnlessGreaterEqualImmediate,
                (Operation::Equal, false) => I::JumpUnlessEqualImmediate,
                (_, false) => I::JumpUnlessNotEqualImmediate,
            };
            self.emit(make(a, number, target));
            return Ok(());
        }
        let later = self.assigns(b);
        let a = self.operand(a, later)?;
        let b = self.operand(b, false)?;
        let make = match (operation, wanted) {
            (Operation::Less, true) => I::JumpIfLess,
            (Operation::LessEqual, true) => I::JumpIfLessEqual,
            (Operation::Greater, true) => I::JumpIfGreater,
            (Operation::GreaterEqual, true) => I::JumpIfGreaterEqual,
            (Operation::Equal, true) => I::JumpIfEqual,
            (_, true) => I::JumpIfNotEqual,
            (Operation::Less, false) => I::JumpUnlessLess,
            (Operation::LessEqual, false) => I::JumpUnlessLessEqual,
            (Operation::Greater, false) => I::JumpUnlessGreater,
            (Operation::GreaterEqual, false) => I::JumpUnlessGreaterEqual,
            (Operation::Equal, false) => I::JumpUnlessEqual,
            (_, false) => I::JumpUnlessNotEqual,
        };
        self.emit(make(a, b, target));
        Ok(())
    }

    pub(super) fn if_else(&mut self, condition: ExprId, yes: ExprId, no: ExprId, target: Target) -> Compile {
        let (otherwise, end) = (self.label(), self.label());
        self.branch(condition, false, otherwise)?;
        if target == Target::Tail {
            self.return_or_jump(yes, otherwise);
        }
        self.expr(yes, target)?;
        if target != Target::Tail {
            self.jump(end);
        }
        self.place(otherwise);
        self.expr(no, target)?;
        self.place(end);
        Ok(())
    }

    /// If the code ends with a jump over the return of a variable, one instruction may do both.
    fn return_or_jump(&mut self, value: ExprId, otherwise: Label) {
        if let Some(Expr::Local(local)) = self.unit.exprs.get(value)
            && let Place::Register(from @ 1..) = self.place_of(*local)
            && self.last_label.max(self.start) < self.compiled.code.len()
            && let Some((operand, bound)) = match self.compiled.code.last() {
                Some(I::JumpUnlessLessImmediate(operand, bound, _)) => Some((*operand, *bound)),
                Some(I::JumpUnlessLessEqualImmediate(operand, most, _)) => {
                    most.checked_add(1).map(|bound| (*operand, bound))
                }
                _ => None,
            }
            && let Ok(bound) = i8::try_from(bound)
        {
            let span = self.compiled.spans.last().cloned().unwrap_or_default();
            self.emit_before_last(I::ReturnIfLess(operand, bound, from, otherwise.0 as u32), span);
        }
    }

    pub(super) fn and_or(&mut self, items: &[ExprId], is_and: bool, target: Target) -> Compile {
        let Some((last, rest)) = items.split_last() else { return self.null_to(target) };
        if rest.is_empty() {
            return self.expr(*last, target);
        }
        let (out, end) = (self.label(), self.label());
        if target == Target::Effect {
            for item in rest {
                self.branch(*item, !is_and, end)?;
            }
            self.expr(*last, target)?;
            self.place(end);
            return Ok(());
        }
        let register = self.value_register(target)?;
        for item in rest {
            self.expr(*item, Target::Register(register))?;
            let target = out.0 as u32;
            self.emit(if is_and { I::JumpUnless(register, target) } else { I::JumpIf(register, target) });
        }
        self.expr(*last, target)?;
        if target != Target::Tail {
            self.jump(end);
        }
        self.place(out);
        self.deliver(register, target)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn while_loop(&mut self, condition: ExprId, body: ExprId, target: Target) -> Compile {
        let (top, test) = (self.label(), self.label());
        let result = match target {
            Target::Effect => None,
            _ => Some(self.value_register(target)?),
        };
        if let Some(register) = result {
            self.emit(I::Null(register));
        }
        self.jump(test);
        self.place(top);
        if let Some(register) = result {
            // The value of the last round must not be held while the next one runs: it could not be updated in place.
            self.emit(I::Null(register));
        }
        if !self.charges(condition) {
            self.emit(I::Tick);
        }
        self.expr(body, result.map_or(Target::Effect, Target::Register))?;
        self.step_and_test(condition, top);
        self.place(test);
        self.branch(condition, true, top)?;
        match result {
            Some(register) => self.deliver(register, target),
            None => Ok(()),
        }
    }

    /// If the body of a loop ends with a step of what its condition compares, one instruction may do both.
    fn step_and_test(&mut self, condition: ExprId, top: Label) {
        let Some(Expr::Native(native, arguments)) = self.unit.exprs.get(condition) else { return };
        let [a, b] = arguments.as_slice() else { return };
        let in_register = |id: &ExprId| match self.unit.exprs.get(*id) {
            Some(Expr::Local(local)) => match self.place_of(*local) {
                Place::Register(register) => Some(register),
                _ => None,
            },
            _ => None,
        };
        if self.operations.of(*native) == Some(Operation::Less)
            && let (Some(counter), Some(limit)) = (in_register(a), in_register(b))
            && let Some((to, from, by)) = self.last_step()
            && to == counter
            && from == counter
            && limit != counter
        {
            let span = self.written_at(condition).unwrap_or_else(|| self.span.clone());
            self.emit_before_last(I::StepJumpIfLess(counter, by, limit, top.0 as u32), span);
        }
    }

    /// True if the branch back on this condition is an instruction that costs fuel.
    fn charges(&self, condition: ExprId) -> bool {
        matches!(self.unit.exprs.get(condition), Some(Expr::Native(native, arguments))
            if arguments.len() == 2 && self.operations.of(*native).is_some_and(is_comparison))
    }

    pub(super) fn endless_loop(&mut self, body: ExprId) -> Compile {
        let top = self.label();
        self.place(top);
        self.expr(body, Target::Effect)?;
        self.emit(I::JumpBack(top.0 as u32));
        Ok(())
    }
}

pub(super) fn is_comparison(operation: Operation) -> bool {
    (Operation::Less as u8..=Operation::NotEqual as u8).contains(&(operation as u8))
}
