//! Blocks, and everything that watches how its body ends.

use super::{Compile, FunctionCompiler, Place, Scope, Target};
use crate::bytecode::{Instruction as I, Register};
use crate::core::{BlockId, ExprId, GlobalId, LocalId};
use ovsm_base::index::Index;

impl FunctionCompiler<'_> {
    pub(super) fn block(&mut self, block: BlockId, body: ExprId, target: Target) -> Compile {
        let end = self.label();
        if !self.analysis.unwinds.get(block.index()).copied().unwrap_or(false) {
            self.scopes.push(Scope::Block { block, target, end });
            self.expr(body, target)?;
            self.scopes.pop();
            self.place(end);
            return Ok(());
        }
        let activation = self.register()?;
        self.variables.insert(self.analysis.block(block), Place::Register(activation));
        let left = self.label();
        let live = self.next as u8;
        self.emit(I::PushBlock(activation, live, left.0 as u32));
        self.scopes.push(Scope::Handler);
        let inner = self.inner_target(target)?;
        self.expr(body, inner)?;
        self.scopes.pop();
        self.emit(I::PopHandler);
        self.after_body(inner, target)?;
        self.jump(end);
        self.place(left);
        self.deliver(activation, target)?;
        self.place(end);
        Ok(())
    }

    /// The target of a body that must end before its value goes to the target.
    fn inner_target(&mut self, target: Target) -> Compile<Target> {
        Ok(match target {
            Target::Tail => Target::Register(self.register()?),
            // The body may begin to write before it fails: the register must be one that nobody reads then.
            target => target,
        })
    }

    fn after_body(&mut self, inner: Target, target: Target) -> Compile {
        match (inner, target) {
            (Target::Register(register), Target::Tail) => self.deliver(register, target),
            _ => Ok(()),
        }
    }

    pub(super) fn leave(&mut self, block: BlockId, value: ExprId) -> Compile {
        let unwinds = self.analysis.unwinds.get(block.index()).copied().unwrap_or(true);
        let found = self.scopes.iter().rev().enumerate().find_map(|(n, scope)| match scope {
            Scope::Block { block: other, target, end } if *other == block => Some((n, *target, *end)),
            _ => None,
        });
        if let (Some((distance, target, end)), false) = (found, unwinds) {
            let from = self.scopes.len() - 1 - distance;
            let undo: Vec<I> = self
                .scopes
                .get(from + 1..)
                .unwrap_or(&[])
                .iter()
                .rev()
                .filter_map(|scope| match scope {
                    Scope::Handler => Some(I::PopHandler),
                    Scope::Pending => Some(I::DropPending),
                    Scope::Block { .. } => None,
                })
                .collect();
            if undo.is_empty() {
                self.expr(value, target)?;
            } else {
                let register = self.register()?;
                self.expr(value, Target::Register(register))?;
                for instruction in undo {
                    self.emit(instruction);
                }
                self.deliver(register, target)?;
            }
            if target != Target::Tail {
                self.jump(end);
            }
            return Ok(());
        }
        let register = self.row(&[value])?;
        let activation = self.register()?;
        let place = self.variables.get(&self.analysis.block(block)).copied().unwrap_or(Place::Register(0));
        self.load(place, activation);
        self.emit(I::Leave(activation, register));
        Ok(())
    }

    pub(super) fn try_catch(
        &mut self,
        body: ExprId,
        error: LocalId,
        handler: ExprId,
        target: Target,
    ) -> Compile {
        let (failed, end) = (self.label(), self.label());
        let inner = self.inner_target(target)?;
        let register = self.register()?;
        let live = self.next as u8;
        self.emit(I::PushTry(register, live, failed.0 as u32));
        self.scopes.push(Scope::Handler);
        self.expr(body, inner)?;
        self.scopes.pop();
        self.emit(I::PopHandler);
        self.after_body(inner, target)?;
        if target != Target::Tail {
            self.jump(end);
        }
        self.place(failed);
        self.bind(self.analysis.local(error), register);
        self.expr(handler, target)?;
        if target != Target::Tail {
            self.emit(I::Clear(register));
        }
        self.place(end);
        Ok(())
    }

    pub(super) fn protect(&mut self, body: ExprId, cleanup: ExprId, target: Target) -> Compile {
        let after = self.label();
        let inner = self.inner_target(target)?;
        let live = self.next as u8;
        self.emit(I::PushProtect(live, after.0 as u32));
        self.scopes.push(Scope::Handler);
        self.expr(body, inner)?;
        self.scopes.pop();
        self.emit(I::EndProtect);
        self.place(after);
        self.scopes.push(Scope::Pending);
        self.expr(cleanup, Target::Effect)?;
        self.scopes.pop();
        self.emit(I::Resume);
        self.after_body(inner, target)
    }

    pub(super) fn catch(&mut self, tag: ExprId, body: ExprId, target: Target) -> Compile {
        let (thrown, end) = (self.label(), self.label());
        let inner = self.inner_target(target)?;
        let register: Register = self.row_before(&[tag], &[body])?;
        let live = self.next as u8;
        self.emit(I::PushCatch(register, live, thrown.0 as u32));
        self.scopes.push(Scope::Handler);
        self.expr(body, inner)?;
        self.scopes.pop();
        self.emit(I::PopHandler);
        self.after_body(inner, target)?;
        if target != Target::Tail {
            self.jump(end);
        }
        self.place(thrown);
        // What was thrown is an array of its values.
        match target {
            Target::Effect => {}
            Target::All(to) => self.emit(I::Take(to, register)),
            Target::Register(to) => {
                self.emit(I::BinaryImmediate(crate::bytecode::Operation::Get, to, register, 0))
            }
            Target::Tail => self.emit(I::ReturnValues(register, 0)),
        }
        self.place(end);
        Ok(())
    }

    pub(super) fn dynamic_bind(
        &mut self,
        global: GlobalId,
        value: ExprId,
        body: ExprId,
        target: Target,
    ) -> Compile {
        let inner = self.inner_target(target)?;
        let register = self.row_before(&[value], &[body])?;
        self.emit(I::PushBind(register, global.0));
        self.scopes.push(Scope::Handler);
        self.expr(body, inner)?;
        self.scopes.pop();
        self.emit(I::PopHandler);
        self.after_body(inner, target)
    }
}
