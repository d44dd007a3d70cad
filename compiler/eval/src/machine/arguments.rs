//! Binding arguments to parameters: optional, rest and keyword ones.

use super::Machine;
use crate::bytecode::{FunctionInfo, KeyInfo, Register};
use ovsm_value::error::raise;
use ovsm_value::write::brief;
use ovsm_value::{ErrorKind, Raised, Value};

impl Machine {
    /// Puts the arguments of a call into the registers of the callee's frame.
    ///
    /// # Errors
    /// An `:arity` error.
    pub(super) fn bind(
        &self,
        function: u32,
        registers: &mut [Value],
        arguments: Vec<Value>,
    ) -> Result<(), Raised> {
        let Some(info) = self.functions.get(function as usize) else { return Ok(()) };
        let given = arguments.len();
        let positional = info.required + info.optional.len();
        if given < info.required || given > positional && info.rest.is_none() && info.keys.is_none() {
            return Err(arity_error(info, given));
        }
        let mut arguments = arguments.into_iter();
        for n in 0..positional {
            set(registers, n + 1, arguments.next().unwrap_or_default());
        }
        for (n, flag) in info.optional.iter().enumerate() {
            set(registers, usize::from(*flag), Value::Bool(given > info.required + n));
        }
        let mut further: Vec<Value> = arguments.collect();
        if let Some(keys) = &info.keys {
            // A function that takes a rest as well has it end at the first of its own keywords.
            let start = match info.rest {
                None => 0,
                Some(_) => further
                    .iter()
                    .position(|argument| is_own_keyword(argument, keys))
                    .unwrap_or(further.len()),
            };
            bind_keys(info, keys, registers, further.get(start..).unwrap_or(&[]))?;
            further.truncate(if info.rest.is_some() { start } else { further.len() });
        }
        if let Some(rest) = info.rest {
            set(registers, usize::from(rest), Value::list(further));
        }
        Ok(())
    }

    /// The error of a call with the wrong number of arguments.
    #[cold]
    pub(super) fn wrong_count(&self, function: u32, given: usize) -> Raised {
        match self.functions.get(function as usize) {
            Some(info) => arity_error(info, given),
            None => raise(ErrorKind::Arity, "wrong number of arguments"),
        }
    }
}

fn set(registers: &mut [Value], register: usize, value: Value) {
    if let Some(place) = registers.get_mut(register) {
        *place = value;
    }
}

fn is_own_keyword(argument: &Value, keys: &[KeyInfo]) -> bool {
    matches!(argument, Value::Keyword(name) if keys.iter().any(|key| &*key.name == name.as_str()))
}

fn bind_keys(
    info: &FunctionInfo,
    keys: &[KeyInfo],
    registers: &mut [Value],
    further: &[Value],
) -> Result<(), Raised> {
    let put =
        |registers: &mut [Value], register: Register, value| set(registers, usize::from(register), value);
    for key in keys {
        put(registers, key.register, Value::Null);
        put(registers, key.supplied, Value::Bool(false));
    }
    for pair in further.chunks(2) {
        let Some(Value::Keyword(name)) = pair.first() else {
            let found = pair.first().map(brief).unwrap_or_default();
            let message =
                format!("`{}` takes keyword arguments after its others, but got {found}", info.name);
            return Err(raise(ErrorKind::Arity, message));
        };
        let [_, value] = pair else {
            let message = format!(
                "the keyword `:{}` of a call of `{}` has no value after it",
                name.as_str(),
                info.name
            );
            return Err(raise(ErrorKind::Arity, message));
        };
        match keys.iter().find(|key| &*key.name == name.as_str()) {
            Some(key) => {
                // The first of two equal keywords counts.
                if !matches!(registers.get(usize::from(key.supplied)), Some(Value::Bool(true))) {
                    put(registers, key.register, value.clone());
                    put(registers, key.supplied, Value::Bool(true));
                }
            }
            None if info.allow_other_keys => {}
            None => return Err(unknown_keyword(info, keys, name.as_str())),
        }
    }
    Ok(())
}

#[cold]
fn unknown_keyword(info: &FunctionInfo, keys: &[KeyInfo], name: &str) -> Raised {
    let names = keys.iter().map(|key| &*key.name);
    let help = match ovsm_base::suggest::nearest(name, names) {
        Some(near) => format!("; did you mean `:{near}`?"),
        None if keys.is_empty() => "; it takes none".to_string(),
        None => {
            let all: Vec<String> = keys.iter().map(|key| format!("`:{}`", key.name)).collect();
            format!("; it takes {}", all.join(", "))
        }
    };
    raise(ErrorKind::Arity, format!("`{}` takes no keyword `:{name}`{help}", info.name))
}

#[cold]
fn arity_error(info: &FunctionInfo, given: usize) -> Raised {
    let most = info.required + info.optional.len();
    let is_open = info.rest.is_some() || info.keys.is_some();
    count_error(&info.name, info.required, (!is_open).then_some(most), given)
}

/// The error of a call with a wrong number of arguments.
#[cold]
pub(super) fn count_error(name: &str, min: usize, max: Option<usize>, given: usize) -> Raised {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let takes = match max {
        Some(max) if max == min => format!("{min} argument{}", plural(min)),
        Some(max) => format!("{min} to {max} arguments"),
        None => format!("at least {min} argument{}", plural(min)),
    };
    raise(ErrorKind::Arity, format!("`{name}` takes {takes}, but got {given}"))
}
