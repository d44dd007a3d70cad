//! Calls of built-in functions: those that have instructions, those that have not, and updates in place.

use super::condition::is_comparison;
use super::{Compile, FunctionCompiler, Place, Target};
use crate::bytecode::{Instruction as I, NOWHERE, Operation, Register, native_operand};
use crate::core::{Expr, ExprId, GlobalId, LocalId};
use ovsm_base::index::Index;
use ovsm_value::{NativeId, Value};

/// More arguments than this are collected in an array first.
const MANY: usize = 40;

impl FunctionCompiler<'_> {
    /// True if anything in the expression assigns a local of this function.
    pub(super) fn assigns(&self, id: ExprId) -> bool {
        self.analysis.assigns.get(id.index()).copied().unwrap_or(true)
    }

    /// A register that holds the value of the expression: that of the variable if it is one. With `copy`, what follows
    /// may assign variables before the operand is read.
    pub(super) fn operand(&mut self, id: ExprId, copy: bool) -> Compile<Register> {
        if let Some(Expr::Local(local)) = self.unit.exprs.get(id)
            && let Place::Register(register) = self.place_of(*local)
            && !(copy && self.analysis.is_assigned(self.analysis.local(*local)))
        {
            return Ok(register);
        }
        let register = self.register()?;
        self.expr(id, Target::Register(register))?;
        Ok(register)
    }

    /// Empties the register of an operand, unless it is that of a variable or the result, so that it does not count as a
    /// holder of the operand's value.
    fn empty_temporary(&mut self, register: Register, operand: ExprId, result: Register) {
        let is_variable = matches!(self.unit.exprs.get(operand), Some(Expr::Local(local))
            if self.place_of(*local) == Place::Register(register));
        if !is_variable && register != result && !self.is_small(operand) {
            self.emit(I::Clear(register));
        }
    }

    /// Evaluates expressions into registers in a row; gives the first.
    pub(super) fn row(&mut self, items: &[ExprId]) -> Compile<Register> {
        self.row_before(items, &[])
    }

    /// The same, where more is evaluated before the expression ends.
    pub(super) fn row_before(&mut self, items: &[ExprId], rest: &[ExprId]) -> Compile<Register> {
        let first = self.next as u8;
        for (n, item) in items.iter().enumerate() {
            let register = self.register()?;
            let others = items.get(n + 1..).unwrap_or(&[]);
            if rest.is_empty() {
                self.before_operands(others);
            } else {
                self.before_operands(&[others, rest].concat());
            }
            self.expr(*item, Target::Register(register))?;
        }
        Ok(first)
    }

    /// Evaluates expressions into an array, however many there are.
    pub(super) fn array(&mut self, items: &[ExprId], to: Register) -> Compile {
        let mut chunks = items.chunks(MANY);
        let first = chunks.next().unwrap_or(&[]);
        let next = self.next;
        let mut rest = items.get(first.len()..).unwrap_or(&[]);
        let row = self.row_before(first, rest)?;
        self.emit(I::MakeArray(to, row, first.len() as u8));
        self.next = next;
        for chunk in chunks {
            rest = rest.get(chunk.len()..).unwrap_or(&[]);
            let row = self.row_before(chunk, rest)?;
            self.emit(I::Extend(to, row, chunk.len() as u8));
            self.next = next;
        }
        Ok(())
    }

    pub(super) fn is_many(items: &[ExprId]) -> bool {
        items.len() > MANY
    }

    /// True if assigning a variable a native of itself should be an update in place. Arithmetic is faster with
    /// instructions of its own; but `+` may join sequences, which a variable that is shared must not hold on to.
    pub(super) fn is_worth_updating(&self, native: NativeId, rest: &[ExprId], is_register: bool) -> bool {
        if !self.is_number_operation(native, rest.len() + 1) {
            return true;
        }
        let joins = self.operations.of(native) == Some(Operation::Add)
            && !rest.iter().any(|id| self.known(*id).is_some_and(Value::is_number));
        joins && !is_register
    }

    /// True if it is arithmetic or a comparison with an instruction of its own.
    pub(super) fn is_number_operation(&self, native: NativeId, arguments: usize) -> bool {
        use Operation as O;
        match self.operations.of(native) {
            Some(O::Increment | O::Decrement | O::Not) => arguments == 1,
            Some(O::Get | O::Nth | O::Put | O::Push | O::Text | O::PutTable) | None => false,
            Some(_) => arguments == 2,
        }
    }

    pub(super) fn native(&mut self, native: NativeId, arguments: &[ExprId], target: Target) -> Compile {
        let operation = self.operations.of(native);
        match (operation, arguments) {
            (Some(Operation::Not), [only]) => {
                let operand = self.operand(*only, false)?;
                let to = self.value_register(target)?;
                self.emit(I::Not(to, operand));
                return self.deliver(to, target);
            }
            (Some(Operation::Increment | Operation::Decrement), [only]) => {
                let operand = self.operand(*only, false)?;
                let to = self.value_register(target)?;
                let make =
                    if operation == Some(Operation::Increment) { I::AddImmediate } else { I::SubImmediate };
                self.emit(make(to, operand, 1));
                return self.deliver(to, target);
            }
            (Some(Operation::PutTable), [table, key, value]) if target == Target::Effect => {
                let (after_table, after_key) =
                    (self.assigns(*key) || self.assigns(*value), self.assigns(*value));
                let in_table = self.operand(*table, after_table)?;
                let in_key = self.operand(*key, after_key)?;
                let in_value = self.operand(*value, false)?;
                self.emit(I::PutTable(in_table, in_key, in_value));
                for (register, operand) in [(in_table, table), (in_key, key), (in_value, value)] {
                    self.empty_temporary(register, *operand, NOWHERE);
                }
                return Ok(());
            }
            (Some(Operation::Text), [only]) => {
                let operand = self.operand(*only, false)?;
                let to = self.value_register(target)?;
                self.emit(I::Text(to, operand));
                self.empty_temporary(operand, *only, to);
                return self.deliver(to, target);
            }
            (Some(operation), [a, b]) if is_binary(operation) => {
                let later = self.assigns(*b);
                let a = self.operand(*a, later)?;
                if let Some(constant) = self.known(*b) {
                    match (operation, constant) {
                        (Operation::Get, Value::Keyword(_)) => {
                            let constant = self.constant(constant.clone());
                            let to = self.value_register(target)?;
                            self.emit(I::GetConstant(to, a, constant));
                            return self.deliver(to, target);
                        }
                        (_, Value::Int(number)) if i32::try_from(*number).is_ok() => {
                            let to = self.value_register(target)?;
                            let number = *number as i32;
                            self.emit(match operation {
                                Operation::Add => I::AddImmediate(to, a, number),
                                Operation::Sub => I::SubImmediate(to, a, number),
                                Operation::Mul => I::MulImmediate(to, a, number),
                                operation => I::BinaryImmediate(operation, to, a, number),
                            });
                            return self.deliver(to, target);
                        }
                        _ => {}
                    }
                }
                let b = self.operand(*b, false)?;
                let to = self.value_register(target)?;
                self.emit(binary(operation, to, a, b));
                return self.deliver(to, target);
            }
            (Some(operation @ (Operation::Add | Operation::Mul)), [_, _, _, ..]) if arguments.len() < 8 => {
                let mut operands = Vec::new();
                for (n, argument) in arguments.iter().enumerate() {
                    let later =
                        arguments.get(n + 1..).is_some_and(|rest| rest.iter().any(|id| self.assigns(*id)));
                    operands.push(self.operand(*argument, later)?);
                }
                // The target is written last: an operand may be in it, and a variable must keep its value on an error.
                let (to, sum) = (self.value_register(target)?, self.register()?);
                if let [a, b, middle @ .., last] = operands.as_slice() {
                    self.emit(binary(operation, sum, *a, *b));
                    for next in middle {
                        self.emit(binary(operation, sum, sum, *next));
                    }
                    self.emit(binary(operation, to, sum, *last));
                }
                return self.deliver(to, target);
            }
            _ => {}
        }
        let to = self.value_register(target)?;
        if Self::is_many(arguments) {
            let array = self.register()?;
            self.array(arguments, array)?;
            self.emit(I::NativeApply(to, array, native_operand(native)));
        } else {
            let first = self.row(arguments)?;
            self.emit(I::Native(to, first, arguments.len() as u8, native_operand(native)));
        }
        self.drop_unused(to, target);
        self.deliver(to, target)
    }

    pub(super) fn update_local(
        &mut self,
        local: LocalId,
        native: NativeId,
        arguments: &[ExprId],
        target: Target,
    ) -> Compile {
        // The variable is read after the arguments, and an argument may be read where it is.
        self.last = None;
        if self.step_local(local, native, arguments, target)? {
            return Ok(());
        }
        if target == Target::Effect
            && let Some(step) = self.path_step(local, native, arguments)
        {
            return self.add_field(step, |this| this.update_variable(local, native, arguments, target));
        }
        self.update_variable(local, native, arguments, target)
    }

    fn update_variable(
        &mut self,
        local: LocalId,
        native: NativeId,
        arguments: &[ExprId],
        target: Target,
    ) -> Compile {
        let place = self.place_of(local);
        let operation = self.operations.of(native);
        if let Place::Register(register) = place {
            match (operation, arguments) {
                (Some(Operation::Push), [item]) => {
                    let item = self.row(&[*item])?;
                    self.emit(I::Push(register, item));
                    return self.deliver_variable(register, target);
                }
                (Some(Operation::Text), [more]) => {
                    let operand = self.operand(*more, false)?;
                    self.emit(I::Append(register, operand));
                    self.empty_temporary(operand, *more, register);
                    return self.deliver_variable(register, target);
                }
                (Some(Operation::Put), [key, value])
                    if let Some(key @ Value::Keyword(_)) = self.known(*key) =>
                {
                    let key = self.constant(key.clone());
                    let value = self.operand(*value, false)?;
                    self.emit(I::PutConstant(register, value, key));
                    return self.deliver_variable(register, target);
                }
                (Some(Operation::Put), [key, value]) => {
                    let later = self.assigns(*value);
                    let key = self.operand(*key, later)?;
                    let value = self.row(&[*value])?;
                    self.emit(I::Put(register, key, value));
                    return self.deliver_variable(register, target);
                }
                (Some(operation), [b]) if self.is_number_operation(native, 2) => {
                    let b = self.operand(*b, false)?;
                    self.emit(binary(operation, register, register, b));
                    return self.deliver_variable(register, target);
                }
                (Some(Operation::Increment | Operation::Decrement), []) => {
                    let make = if operation == Some(Operation::Increment) {
                        I::AddImmediate
                    } else {
                        I::SubImmediate
                    };
                    self.emit(make(register, register, 1));
                    return self.deliver_variable(register, target);
                }
                _ => {}
            }
        }
        if Self::is_many(arguments) {
            let array = self.many_with_first(arguments, |this, to| this.load(place, to))?;
            self.emit(I::NativeApply(array, array, native_operand(native)));
            self.store(place, array);
            return self.deliver(array, target);
        }
        let first = self.register()?;
        self.row(arguments)?;
        let (count, native) = (arguments.len() as u8, native_operand(native));
        match place {
            Place::Register(register) => {
                self.emit(I::UpdateRegister(register, first, count, native));
                return self.deliver_variable(register, target);
            }
            Place::Cell(register) => self.emit(I::UpdateCell(register, first, count, native)),
            Place::Capture(n) | Place::CaptureCell(n) => {
                self.emit(I::UpdateCapture(first, count, native));
                self.emit(I::Extra(n));
            }
            Place::Known(_) | Place::Together(_) => {}
        }
        if target == Target::Effect {
            return Ok(());
        }
        self.load(place, first);
        self.deliver(first, target)
    }

    pub(super) fn update_global(
        &mut self,
        global: GlobalId,
        native: NativeId,
        arguments: &[ExprId],
        target: Target,
    ) -> Compile {
        if self.step_global(global, native, arguments, target)? {
            return Ok(());
        }
        if Self::is_many(arguments) {
            let array = self.many_with_first(arguments, |this, to| this.emit(I::LoadGlobal(to, global.0)))?;
            self.emit(I::NativeApply(array, array, native_operand(native)));
            self.emit(I::StoreGlobal(array, global.0));
            return self.deliver(array, target);
        }
        let first = self.register()?;
        self.row(arguments)?;
        self.emit(I::UpdateGlobal(first, arguments.len() as u8, native_operand(native)));
        self.emit(I::Extra(global.0));
        if target == Target::Effect {
            return Ok(());
        }
        self.emit(I::LoadGlobal(first, global.0));
        self.deliver(first, target)
    }

    /// An array of a value that is read last but stands first, and many arguments.
    fn many_with_first(
        &mut self,
        arguments: &[ExprId],
        read: impl FnOnce(&mut Self, Register),
    ) -> Compile<Register> {
        let whole = self.register()?;
        let row = self.register()?;
        let rest = self.register()?;
        self.array(arguments, rest)?;
        read(self, row);
        self.emit(I::MakeArray(whole, row, 1));
        self.emit(I::Binary(Operation::Add, whole, whole, rest));
        self.emit(I::Clear(rest));
        Ok(whole)
    }

    fn store(&mut self, place: Place, from: Register) {
        match place {
            Place::Register(register) => self.emit(I::Move(register, from)),
            Place::Cell(register) => self.emit(I::StoreCell(register, from)),
            Place::Capture(n) | Place::CaptureCell(n) => self.emit(I::StoreCaptureCell(from, n)),
            Place::Known(_) | Place::Together(_) => {}
        }
    }

    fn deliver_variable(&mut self, register: Register, target: Target) -> Compile {
        match target {
            Target::Effect => Ok(()),
            Target::Tail => {
                self.emit(I::Return(register, 0));
                Ok(())
            }
            Target::Register(to) | Target::All(to) => {
                self.emit(I::Move(to, register));
                if let Target::All(_) = target {
                    self.emit(I::MakeArray(to, to, 1));
                }
                Ok(())
            }
        }
    }
}

fn is_binary(operation: Operation) -> bool {
    is_comparison(operation)
        || (operation as u8) <= Operation::Modulo as u8
        || matches!(operation, Operation::Get | Operation::Nth)
}

fn binary(operation: Operation, to: Register, a: Register, b: Register) -> I {
    match operation {
        Operation::Add => I::Add(to, a, b),
        Operation::Sub => I::Sub(to, a, b),
        Operation::Mul => I::Mul(to, a, b),
        Operation::Get => I::Get(to, a, b),
        operation => I::Binary(operation, to, a, b),
    }
}
