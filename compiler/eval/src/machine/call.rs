//! What happens outside of the loop when something is called that is no function of the program, and the slow ways of
//! operations that have instructions.

use super::arguments::count_error;
use super::fast::{put_null, put_parts};
use super::natives::NativeContext;
use super::{Environment, Machine};
use crate::bytecode::{Operation, Register};
use ovsm_library::Native;
use ovsm_value::error::type_error;
use ovsm_value::write::brief;
use ovsm_value::{NativeId, Raised, Record, Value, compare};
use std::rc::Rc;

impl Machine {
    /// Calls a native, a record type, a keyword, an object or a table. The arguments may be taken out.
    pub(super) fn call_value(
        &mut self,
        callee: &Value,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let given = arguments.len();
        match callee {
            Value::Native(id) => self.call_native(*id, arguments, environment),
            Value::Function(_) => self.call_taking(callee, arguments, environment),
            Value::RecordType(ty) => {
                if given != ty.fields.len() {
                    return Err(count_error(&ty.name, ty.fields.len(), Some(ty.fields.len()), given));
                }
                let mut fields: Vec<Value> = arguments.iter_mut().map(std::mem::take).collect();
                if ty.types.iter().any(|ty| !matches!(ty, Value::Null)) {
                    let mut context = NativeContext { machine: self, environment };
                    ovsm_library::check::fields(&mut context, ty, &mut fields)?;
                }
                Ok(Value::Record(Rc::new(Record { ty: Rc::clone(ty), fields })))
            }
            Value::Keyword(_) => match arguments {
                [collection] => self.get(collection, callee.clone(), None, environment),
                [collection, default] => self.get(collection, callee.clone(), Some(default), environment),
                _ => Err(count_error(&brief(callee), 1, Some(2), given)),
            },
            Value::Object(_) | Value::Table(_) => {
                let mut collection = callee.clone();
                match arguments {
                    [key] => self.get(&mut collection, std::mem::take(key), None, environment),
                    [key, default] => {
                        self.get(&mut collection, std::mem::take(key), Some(default), environment)
                    }
                    _ => Err(count_error("an object as a function", 1, Some(2), given)),
                }
            }
            Value::Array(_) | Value::List(_) => {
                Err(type_error("call", "a function (`(get xs i)` reads an item of an array)", callee))
            }
            other => Err(type_error("call", "a function", other)),
        }
    }

    fn get(
        &mut self,
        collection: &mut Value,
        key: Value,
        default: Option<&mut Value>,
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let default = default.map(std::mem::take).unwrap_or_default();
        let mut arguments = [std::mem::take(collection), key, default];
        let native = self.operations.native(Operation::Get);
        self.call_native(native, &mut arguments, environment)
    }

    pub(super) fn call_native(
        &mut self,
        id: NativeId,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let Some(native) = self.natives.get(usize::from(id.0)).copied() else { return Ok(Value::Null) };
        let given = arguments.len();
        if given < usize::from(native.min) || native.max.is_some_and(|max| given > usize::from(max)) {
            return Err(count_error(native.name, native.min.into(), native.max.map(usize::from), given));
        }
        self.run_native(native, arguments, environment)
    }

    #[inline]
    pub(super) fn run_native(
        &mut self,
        native: &Native,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let result = (native.run)(&mut NativeContext { machine: self, environment }, arguments);
        if ovsm_value::walk::is_due() {
            self.settle_walk()?;
        }
        result
    }

    /// Runs a native with arguments from registers, which are left empty, and puts its value into a register: `to`,
    /// the first argument and their number.
    #[inline(never)]
    pub(super) fn run_native_to(
        &mut self,
        native: &Native,
        registers: &mut [Value],
        (to, first, count): (Register, Register, u8),
        environment: &mut dyn Environment,
    ) -> Result<(), Raised> {
        let first = usize::from(first);
        let arguments = registers.get_mut(first..first + usize::from(count)).unwrap_or(&mut []);
        let result = (native.run)(&mut NativeContext { machine: self, environment }, arguments);
        arguments.iter_mut().for_each(put_null);
        if ovsm_value::walk::is_due() {
            self.settle_walk()?;
        }
        match registers.get_mut(usize::from(to)) {
            Some(place) => put_parts(place, result?),
            None => drop(result?),
        }
        Ok(())
    }

    /// Replaces the last argument by its items.
    pub(super) fn spread(&mut self, arguments: &mut Vec<Value>) -> Result<(), Raised> {
        match arguments.pop() {
            Some(Value::Array(items) | Value::List(items)) => arguments.extend(items.iter()),
            Some(Value::Range(range)) => {
                // Twice: the function collects them again.
                self.reserve(range.len().saturating_mul(2 * size_of::<Value>()))?;
                for (n, item) in range.iter().enumerate() {
                    if n % 1024 == 1023 {
                        self.charge(1024)?;
                    }
                    arguments.push(Value::Int(item));
                }
            }
            Some(Value::Null) | None => {}
            Some(other) => {
                return Err(type_error("apply", "an array or a list as its last argument", &other));
            }
        }
        Ok(())
    }

    fn are_equal(&mut self, a: &Value, b: &Value) -> Result<bool, Raised> {
        let result = compare::equal(a, b);
        if ovsm_value::walk::is_due() {
            self.settle_walk()?;
        }
        Ok(result)
    }

    /// An operation of two operands that the loop has no fast way for.
    #[inline(never)]
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        a: Value,
        b: Value,
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        match operation {
            Operation::Equal => return Ok(Value::Bool(self.are_equal(&a, &b)?)),
            Operation::NotEqual => return Ok(Value::Bool(!self.are_equal(&a, &b)?)),
            _ => {}
        }
        self.operate_on(operation, [a, b], environment)
    }

    /// The native that an operation is.
    pub(super) fn operate_on<const N: usize>(
        &mut self,
        operation: Operation,
        mut operands: [Value; N],
        environment: &mut dyn Environment,
    ) -> Result<Value, Raised> {
        let native = self.operations.native(operation);
        self.call_native(native, &mut operands, environment)
    }

    /// A comparison that the loop has no fast way for.
    #[inline(never)]
    pub(super) fn holds(
        &mut self,
        operation: Operation,
        a: &Value,
        b: &Value,
        environment: &mut dyn Environment,
    ) -> Result<bool, Raised> {
        match operation {
            Operation::Equal => self.are_equal(a, b),
            Operation::NotEqual => Ok(!self.are_equal(a, b)?),
            _ => Ok(self.operate(operation, a.clone(), b.clone(), environment)?.is_true()),
        }
    }

    /// Replaces a value by a native of it and more: `arguments[0]` is the value. If the native raises, the value is
    /// given back with the error.
    pub(super) fn update(
        &mut self,
        native: u32,
        arguments: &mut [Value],
        environment: &mut dyn Environment,
    ) -> Result<Value, (Value, Raised)> {
        if let [Value::Int(a), Value::Int(b)] = arguments
            && self.operations.of(NativeId(native as u16)) == Some(Operation::Add)
            && let Some(sum) = a.checked_add(*b)
        {
            return Ok(Value::Int(sum));
        }
        let kept = match arguments.first() {
            Some(first) if !is_collection(first) => Some(first.clone()),
            _ => None,
        };
        let result = match self.natives.get(native as usize).copied() {
            Some(native) => self.run_native(native, arguments, environment),
            None => Ok(Value::Null),
        };
        let result = result.map_err(|raised| {
            let first = arguments.first_mut().map(std::mem::take).unwrap_or_default();
            (kept.unwrap_or(first), raised)
        });
        arguments.iter_mut().for_each(|argument| *argument = Value::Null);
        result
    }

    /// True if the value of a shared variable may be taken out of it while a native works on it.
    pub(super) fn may_take(&self, native: u32) -> bool {
        self.natives.get(native as usize).is_some_and(|native| native.effect == ovsm_library::Effect::Pure)
    }
}

/// True for what natives update in place.
pub(super) fn is_collection(value: &Value) -> bool {
    matches!(
        value,
        Value::String(_)
            | Value::Bytes(_)
            | Value::Array(_)
            | Value::List(_)
            | Value::Object(_)
            | Value::Set(_)
            | Value::Record(_)
    )
}
