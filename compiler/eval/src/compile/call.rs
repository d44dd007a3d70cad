//! Calls, and several values.

use super::{Compile, FunctionCompiler, Place, Target};
use crate::bytecode::{Instruction as I, NOWHERE, Register};
use crate::core::{Expr, ExprId};

impl FunctionCompiler<'_> {
    pub(super) fn call(&mut self, callee: ExprId, arguments: &[ExprId], target: Target) -> Compile {
        if Self::is_many(arguments) {
            let first = self.row_before(&[callee], arguments)?;
            let array = self.register()?;
            self.array(arguments, array)?;
            return self.apply_row(first, 1, target);
        }
        let count = arguments.len() as u8;
        if let Some(Expr::Global(global)) = self.unit.exprs.get(callee) {
            let first = self.register()?;
            self.row(arguments)?;
            if target == Target::Tail {
                self.emit(I::TailCallGlobal(first, count, 0, global.0));
                return Ok(());
            }
            let to = result_of(target, first);
            self.call_with_step(to, first, count, global.0);
            self.emit(I::CallGlobal(to, first, count, global.0));
            return self.called(to, target);
        }
        // What a local holds is called from where it is, unless an argument may assign the local.
        if let Some(Expr::Local(local)) = self.unit.exprs.get(callee)
            && let Place::Register(from @ 1..) = self.place_of(*local)
            && target != Target::Tail
            && !(self.analysis.is_assigned(self.analysis.local(*local))
                && arguments.iter().any(|argument| self.assigns(*argument)))
        {
            let first = self.register()?;
            self.row(arguments)?;
            let to = result_of(target, first);
            self.emit(I::CallLocal(to, first, count, from));
            return self.called(to, target);
        }
        let first = self.row_before(&[callee], arguments)?;
        self.row(arguments)?;
        if target == Target::Tail {
            self.emit(I::TailCall(first, count, 0));
            return Ok(());
        }
        let to = result_of(target, first);
        self.emit(I::Call(to, first, count));
        self.called(to, target)
    }

    /// If the code ends with a step that makes the last argument of a call, one instruction may do both.
    fn call_with_step(&mut self, to: Register, first: Register, count: u8, global: u32) {
        if let (Some((place, from, by)), Ok(global)) = (self.last_step(), u16::try_from(global))
            && count > 0
            && usize::from(place) == usize::from(first) + usize::from(count)
        {
            self.emit_before_last(I::CallGlobalStep(to, first, count, from, by, global), self.span.clone());
        }
    }

    fn called(&mut self, to: u8, target: Target) -> Compile {
        match target {
            Target::All(_) => self.emit(I::CollectValues(to)),
            Target::Effect | Target::Register(_) | Target::Tail => {}
        }
        Ok(())
    }

    pub(super) fn apply(&mut self, callee: ExprId, arguments: &[ExprId], target: Target) -> Compile {
        let first = self.row_before(&[callee], arguments)?;
        self.row(arguments)?;
        self.apply_row(first, arguments.len() as u8, target)
    }

    fn apply_row(&mut self, first: u8, count: u8, target: Target) -> Compile {
        if target == Target::Tail {
            self.emit(I::TailApply(first, count, 0));
            return Ok(());
        }
        let to = result_of(target, first);
        self.emit(I::Apply(to, first, count));
        self.called(to, target)
    }

    pub(super) fn values(&mut self, items: &[ExprId], target: Target) -> Compile {
        match target {
            Target::All(to) => self.array(items, to),
            Target::Tail => {
                if let [only] = items {
                    let register = self.row(&[*only])?;
                    self.emit(I::Return(register, 0));
                    return Ok(());
                }
                let register = self.register()?;
                self.array(items, register)?;
                self.emit(I::ReturnValues(register, 0));
                Ok(())
            }
            Target::Effect => items.iter().try_for_each(|item| self.expr(*item, Target::Effect)),
            Target::Register(_) => {
                let Some((first, rest)) = items.split_first() else { return self.null_to(target) };
                let register = self.row_before(&[*first], rest)?;
                for item in rest {
                    self.expr(*item, Target::Effect)?;
                }
                self.deliver(register, target)
            }
        }
    }
}

/// The register that gets the value of a call whose frame is at `first`.
fn result_of(target: Target, first: Register) -> Register {
    match target {
        Target::Register(to) | Target::All(to) => to,
        Target::Effect => NOWHERE,
        Target::Tail => first,
    }
}
