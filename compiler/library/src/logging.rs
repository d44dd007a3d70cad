//! Logging as programs on Solana know it: in a script, each call prints a line.

use crate::arguments::at;
use crate::context::{Context, HostError};
use crate::native::{Effect, Native};
use ovsm_value::error::raise;
use ovsm_value::write::display;
use ovsm_value::{ErrorKind, Raised, Value, number};

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        name: "sol_log_",
        aliases: &["msg"],
        module: "solana/program",
        signature: "(text) -> null",
        doc: "Logs a text; in a script, prints it as a line. In a program, `(sol_log_ address length)` logs bytes.",
        examples: &[],
        min: 1,
        max: Some(2),
        effect: Effect::Io,
        run: |context, arguments| match arguments {
            [_, length] => Err(ovsm_value::error::type_error("sol_log_", "one text in a script", length)),
            _ => line(context, &display(at(arguments, 0))),
        },
    },
    Native {
        name: "sol_log_64_",
        aliases: &[],
        module: "solana/program",
        signature: "(number…) -> null",
        doc: "Logs up to five integers in hexadecimal; in a script, prints them as a line.",
        examples: &[],
        min: 0,
        max: Some(5),
        effect: Effect::Io,
        run: |context, arguments| {
            let mut words = Vec::new();
            for n in 0..5 {
                let word = match arguments.get(n) {
                    None => 0,
                    Some(value) => match number::to_bigint(value) {
                        Some(number) => u64::try_from(&number)
                            .or_else(|_| i64::try_from(&number).map(|signed| signed as u64))
                            .map_err(|_| {
                                raise(
                                    ErrorKind::Overflow,
                                    format!("`sol_log_64_`: {number} has more than 64 bits"),
                                )
                            })?,
                        None => match value {
                            Value::Bool(truth) => u64::from(*truth),
                            other => {
                                return Err(ovsm_value::error::type_error("sol_log_64_", "integers", other));
                            }
                        },
                    },
                };
                words.push(format!("{word:#x}"));
            }
            line(context, &words.join(", "))
        },
    },
];

fn line(context: &mut dyn Context, text: &str) -> Result<Value, Raised> {
    match context.host().print(&format!("{text}\n")) {
        Ok(()) => Ok(Value::Null),
        Err(HostError::Denied(why)) => Err(raise(ErrorKind::Permission, why)),
        Err(HostError::Failed(why)) => Err(raise(ErrorKind::Io, why)),
    }
}
