//! Instructions that replace a variable by a native of its value, and those that make closures: too long for the loop.

use super::fast::take_shared;
use super::stack::{broken, undefined};
use super::{Environment, Machine};
use crate::bytecode::{CaptureSource, Entry, Operation, Register};
use ovsm_value::{Closure, Raised, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// The registers from one on, so many.
fn row(registers: &mut [Value], first: Register, count: usize) -> &mut [Value] {
    let first = usize::from(first);
    registers.get_mut(first..first + count).unwrap_or(&mut [])
}

/// Appends registers, which are left empty, to the array in another.
pub(super) fn extend(registers: &mut [Value], to: Register, first: Register, count: u8) {
    let items: Vec<Value> =
        row(registers, first, usize::from(count)).iter_mut().map(std::mem::take).collect();
    if let Some(Value::Array(array)) = registers.get_mut(usize::from(to)) {
        let array = Rc::make_mut(array);
        items.into_iter().for_each(|item| array.push(item));
    }
}

impl Machine {
    /// Puts the arguments of a call from outside into the registers of the function's frame.
    pub(super) fn take_arguments(
        &self,
        function: u32,
        entry: Entry,
        registers: &mut [Value],
        arguments: &mut [Value],
    ) -> Result<(), Raised> {
        if entry.arguments == Entry::GENERAL {
            return self.bind(function, registers, arguments.iter_mut().map(std::mem::take).collect());
        }
        if usize::from(entry.arguments) != arguments.len() {
            return Err(self.wrong_count(function, arguments.len()));
        }
        for (place, argument) in registers.iter_mut().skip(1).zip(arguments) {
            *place = std::mem::take(argument);
        }
        Ok(())
    }

    /// Makes a closure from a template and what the function that makes it holds.
    pub(super) fn make_closure(&self, registers: &[Value], template: u32) -> Option<Value> {
        let template = self.templates.get(template as usize)?;
        let own = match registers.first() {
            Some(Value::Function(closure)) => &closure.captures[..],
            _ => &[],
        };
        let captures = template
            .captures
            .iter()
            .map(|source| match source {
                CaptureSource::Register(register) => registers.get(usize::from(*register)).cloned(),
                CaptureSource::Capture(n) => own.get(*n as usize).cloned(),
            })
            .map(Option::unwrap_or_default)
            .collect();
        let closure = Closure { code: template.function, name: template.name.clone(), captures };
        Some(Value::Function(Rc::new(closure)))
    }

    /// Replaces a register, the first of the triple, by a native of it and more: the second is free for it, the
    /// third says how many more there are.
    pub(super) fn update_register(
        &mut self,
        registers: &mut [Value],
        (place, first, count): (Register, Register, u8),
        native: u32,
        environment: &mut dyn Environment,
    ) -> Result<(), Raised> {
        let value = registers.get_mut(usize::from(place)).map(std::mem::take).unwrap_or_default();
        let arguments = row(registers, first, usize::from(count) + 1);
        if let Some(first) = arguments.first_mut() {
            *first = value;
        }
        let (value, result) = match self.update(native, arguments, environment) {
            Ok(value) => (value, Ok(())),
            Err((value, raised)) => (value, Err(raised)),
        };
        if let Some(place) = registers.get_mut(usize::from(place)) {
            *place = value;
        }
        result
    }

    /// The same for a shared place.
    pub(super) fn update_cell(
        &mut self,
        cell: &RefCell<Value>,
        registers: &mut [Value],
        (first, count): (Register, u8),
        native: u32,
        environment: &mut dyn Environment,
    ) -> Result<(), Raised> {
        let arguments = row(registers, first, usize::from(count) + 1);
        if let Some(first) = arguments.first_mut() {
            *first = take_shared(cell, self.may_take(native));
        }
        let (value, result) = match self.update(native, arguments, environment) {
            Ok(value) => (value, Ok(())),
            Err((value, raised)) => (value, Err(raised)),
        };
        drop(cell.replace(value));
        result
    }

    /// The same for a module-level variable.
    pub(super) fn update_global(
        &mut self,
        global: u32,
        registers: &mut [Value],
        (first, count): (Register, u8),
        native: u32,
        environment: &mut dyn Environment,
    ) -> Result<(), Raised> {
        let may_take = self.may_take(native);
        let slot = self.globals.get_mut(global as usize).ok_or_else(broken)?;
        let value = match &mut slot.value {
            Some(value) if may_take => std::mem::take(value),
            Some(value) => value.clone(),
            None => return Err(undefined(&slot.name)),
        };
        let arguments = row(registers, first, usize::from(count) + 1);
        if let Some(first) = arguments.first_mut() {
            *first = value;
        }
        let (value, result) = match self.update(native, arguments, environment) {
            Ok(value) => (value, Ok(())),
            Err((value, raised)) => (value, Err(raised)),
        };
        if result.is_ok() || may_take {
            let old = self.globals.get_mut(global as usize).and_then(|slot| slot.value.replace(value));
            drop(old);
        }
        result
    }

    /// Adds a small integer to a module-level variable, or subtracts it.
    pub(super) fn step_global(
        &mut self,
        operation: Operation,
        global: u32,
        number: i16,
        environment: &mut dyn Environment,
    ) -> Result<(), Raised> {
        let number = i64::from(number);
        let slot = self.globals.get_mut(global as usize).ok_or_else(broken)?;
        let old = match &mut slot.value {
            Some(Value::Int(old)) => {
                let new = match operation {
                    Operation::Sub => old.checked_sub(number),
                    _ => old.checked_add(number),
                };
                match new {
                    Some(new) => {
                        *old = new;
                        return Ok(());
                    }
                    None => Value::Int(*old),
                }
            }
            Some(old) => old.clone(),
            None => return Err(undefined(&slot.name)),
        };
        let value = self.operate(operation, old, Value::Int(number), environment)?;
        let old = self.globals.get_mut(global as usize).and_then(|slot| slot.value.replace(value));
        drop(old);
        Ok(())
    }
}
