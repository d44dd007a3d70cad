//! Steps: a small integer added to what a place holds, as one instruction.
//!
//! The places are variables that closures share, module-level variables, and items under a constant key of a collection
//! that a variable of this function holds. Nothing here is needed for a program to work: each step has a longer way
//! that means the same. Start with [`FunctionCompiler::step_local`].

use super::{Compile, FunctionCompiler, Place, Target};
use crate::bytecode::{Instruction as I, Operation, Register};
use crate::core::{Expr, ExprId, GlobalId, LocalId, WrittenAt};
use ovsm_value::{NativeId, Value};

/// A step of an item of a collection.
pub(super) struct FieldStep {
    collection: Register,
    key: Value,
    by: i16,
}

impl FunctionCompiler<'_> {
    /// By how much a native of a value and these further arguments changes it: `true` if it subtracts.
    fn step_of(&self, native: NativeId, rest: &[ExprId]) -> Option<(bool, i32)> {
        match (self.operations.of(native)?, rest) {
            (Operation::Increment, []) => Some((false, 1)),
            (Operation::Decrement, []) => Some((true, 1)),
            (operation @ (Operation::Add | Operation::Sub), [by]) => match self.known(*by)? {
                Value::Int(by) => Some((operation == Operation::Sub, i32::try_from(*by).ok()?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the last instruction adds, and to which register, if it is the step of one: target, operand, number. No jump
    /// leads to the place after it.
    pub(super) fn last_step(&self) -> Option<(Register, Register, i8)> {
        if self.last_label.max(self.start) == self.compiled.code.len() {
            return None;
        }
        let (to, from, by) = match self.compiled.code.last()? {
            I::AddImmediate(to, from, by) => (to, from, *by),
            I::SubImmediate(to, from, by) => (to, from, by.checked_neg()?),
            _ => return None,
        };
        Some((*to, *from, i8::try_from(by).ok()?))
    }

    /// Puts an instruction before the last one; who jumps to that one comes to this one now.
    pub(super) fn emit_before_last(&mut self, instruction: I, span: WrittenAt) {
        let last = self.compiled.code.len().saturating_sub(1);
        self.compiled.code.insert(last, instruction);
        self.compiled.spans.insert(last, span);
    }

    /// If the code ends with a step of a captured place and a return of what it holds, one instruction may do both.
    pub(super) fn return_with_step(&mut self, capture: u32) {
        let code = &self.compiled.code;
        let Some(step) = code.len().checked_sub(2).filter(|step| self.last_label.max(self.start) <= *step)
        else {
            return;
        };
        let by = match code.get(step) {
            Some(I::AddCaptureCell(by, n)) if *n == capture => Some(*by),
            Some(I::SubCaptureCell(by, n)) if *n == capture => by.checked_neg(),
            _ => None,
        };
        if let Some(by) = by {
            let span = self.compiled.spans.get(step).cloned().unwrap_or_default();
            self.compiled.code.insert(step, I::ReturnCaptureCellStep(by, 0, capture));
            self.compiled.spans.insert(step, span);
        }
    }

    /// Assigns a local that closures share a step of itself. False if it is none.
    pub(super) fn step_local(
        &mut self,
        local: LocalId,
        native: NativeId,
        rest: &[ExprId],
        target: Target,
    ) -> Compile<bool> {
        let place = self.place_of(local);
        let Some((subtracts, by)) = self.step_of(native, rest) else { return Ok(false) };
        match (place, i16::try_from(by)) {
            (Place::Cell(register), _) => {
                self.emit(if subtracts { I::SubCell(register, by) } else { I::AddCell(register, by) });
            }
            (Place::CaptureCell(n), Ok(by)) => {
                self.emit(if subtracts { I::SubCaptureCell(by, n) } else { I::AddCaptureCell(by, n) });
            }
            _ => return Ok(false),
        }
        if target != Target::Effect {
            let to = self.value_register(target)?;
            self.load(place, to);
            self.deliver(to, target)?;
        }
        Ok(true)
    }

    /// The same for a module-level variable.
    pub(super) fn step_global(
        &mut self,
        global: GlobalId,
        native: NativeId,
        rest: &[ExprId],
        target: Target,
    ) -> Compile<bool> {
        let Some((subtracts, by)) = self.step_of(native, rest) else { return Ok(false) };
        let Ok(by) = i16::try_from(by) else { return Ok(false) };
        self.emit(if subtracts { I::SubGlobal(by, global.0) } else { I::AddGlobal(by, global.0) });
        if target != Target::Effect {
            let to = self.value_register(target)?;
            self.emit(I::LoadGlobal(to, global.0));
            self.deliver(to, target)?;
        }
        Ok(true)
    }

    /// The step that bindings make whose body puts an item back: `(setf (get o :k) (+ (get o :k) 1))`.
    pub(super) fn field_step(&self, bindings: &[(LocalId, ExprId)], body: ExprId) -> Option<FieldStep> {
        let [(key, name), (new, value)] = bindings else { return None };
        let exprs = &self.unit.exprs;
        let Expr::Constant(name @ Value::Keyword(text)) = exprs.get(*name)? else { return None };
        let is_read =
            |id: &ExprId, local: &LocalId| matches!(exprs.get(*id), Some(Expr::Local(read)) if read == local);
        // The body gives the new value, which nobody wants.
        let Expr::Sequence(steps) = exprs.get(body)? else { return None };
        let [update, result] = steps.as_slice() else { return None };
        let Expr::UpdateLocal(collection, put, arguments) = exprs.get(*update)? else { return None };
        let [put_key, put_value] = arguments.as_slice() else { return None };
        let Expr::Native(native, operands) = exprs.get(*value)? else { return None };
        let (first, rest) = operands.split_first()?;
        let Expr::Native(get, parts) = exprs.get(*first)? else { return None };
        let [object, get_key] = parts.as_slice() else { return None };
        let is_same = matches!(self.known(*get_key)?, Value::Keyword(other) if other == text);
        if self.operations.of(*put) != Some(Operation::Put)
            || self.operations.of(*get) != Some(Operation::Get)
            || !is_read(put_key, key)
            || !is_read(put_value, new)
            || !is_read(result, new)
            || !is_read(object, collection)
            || !is_same
        {
            return None;
        }
        self.step_under(*collection, name, *native, rest)
    }

    /// The step that `(incf (get o :k))` makes: an update of the item at the end of a path of one key.
    pub(super) fn path_step(
        &self,
        local: LocalId,
        native: NativeId,
        arguments: &[ExprId],
    ) -> Option<FieldStep> {
        if ovsm_library::get(native)?.name != "#update-in" {
            return None;
        }
        let [path, function, rest @ ..] = arguments else { return None };
        let Expr::Native(array, keys) = self.unit.exprs.get(*path)? else { return None };
        let [key] = keys.as_slice() else { return None };
        let (key @ Value::Keyword(_), Value::Native(step)) = (self.known(*key)?, self.known(*function)?)
        else {
            return None;
        };
        if ovsm_library::get(*array)?.name != "#array" {
            return None;
        }
        self.step_under(local, key, *step, rest)
    }

    fn step_under(
        &self,
        collection: LocalId,
        key: &Value,
        native: NativeId,
        rest: &[ExprId],
    ) -> Option<FieldStep> {
        let Place::Register(collection) = self.place_of(collection) else { return None };
        let (subtracts, by) = self.step_of(native, rest)?;
        let by = i16::try_from(if subtracts { by.checked_neg()? } else { by }).ok()?;
        Some(FieldStep { collection, key: key.clone(), by })
    }

    /// Takes a step, or goes the longer way if the machine can not.
    pub(super) fn add_field(
        &mut self,
        step: FieldStep,
        otherwise: impl FnOnce(&mut Self) -> Compile,
    ) -> Compile {
        let key = self.constant(step.key);
        let end = self.label();
        self.emit(I::AddField(step.collection, step.by, key));
        self.jump(end);
        otherwise(self)?;
        self.place(end);
        Ok(())
    }
}
