//! Common Lisp's `format`: a control string with directives, and the arguments that they take.
//!
//! A control string is parsed into directives first (`parse.rs`); this is also what the compiler does with a literal one,
//! to check it. `directive.rs` carries directives out, `radix.rs` writes numbers as words and numerals.

mod directive;
mod parse;
mod radix;
#[cfg(test)]
mod tests;

use crate::arguments::{at, take};
use crate::context::{Context, HostError};
use crate::native::{Effect, Native};
use directive::Formatter;
use ovsm_value::error::{raise, type_error};
use ovsm_value::{ErrorKind, Raised, Value};
use std::rc::Rc;

pub use parse::{ControlError, arguments_needed};

/// The natives of this module.
pub const NATIVES: &[Native] = &[Native {
    name: "format",
    aliases: &[],
    module: "std/format",
    signature: "(destination control argument…) -> string",
    doc: "Fills a control string with arguments, as in Common Lisp. To null or false it gives the text, to true or t it \
          prints it, to a string it appends it. Directives: ~a ~s ~d ~b ~o ~x ~f ~e ~$ ~r ~c ~p ~% ~& ~~ ~t ~{ ~} ~[ ~] \
          ~( ~) ~< ~> ~* ~? ~^, with parameters and the modifiers : and @.",
    examples: &[
        ("(format null \"~a + ~d = ~,2f\" 1 2 3.14159)", "\"1 + 2 = 3.14\""),
        ("(format null \"~{~a~^, ~}\" [1 2 3])", "\"1, 2, 3\""),
    ],
    min: 2,
    max: None,
    effect: Effect::Io,
    run,
}];

/// How deep control strings may be inside each other.
const MAX_DEPTH: u32 = 100;

fn run(context: &mut dyn Context, arguments: &mut [Value]) -> Result<Value, Raised> {
    let control = match at(arguments, 1) {
        Value::String(control) => Rc::clone(control),
        other => return Err(type_error("format", "a control string", other)),
    };
    if !matches!(at(arguments, 0), Value::Null | Value::Bool(_) | Value::String(_)) {
        return Err(type_error("format", "null, true or a string as its destination", at(arguments, 0)));
    }
    // The destination stays where it is until nothing can fail any more.
    let text = formatted(context, control.as_str(), arguments.get(2..).unwrap_or(&[]), 0)?;
    match take(arguments, 0) {
        Value::Null | Value::Bool(false) => Ok(Value::string(text)),
        Value::Bool(true) => match context.host().print(&text) {
            Ok(()) => Ok(Value::Null),
            Err(HostError::Denied(why)) => Err(raise(ErrorKind::Permission, why)),
            Err(HostError::Failed(why)) => Err(raise(ErrorKind::Io, why)),
        },
        Value::String(mut before) => {
            Rc::make_mut(&mut before).push_str(&text);
            Ok(Value::String(before))
        }
        other => Err(type_error("format", "null, true or a string as its destination", &other)),
    }
}

/// The text that a control string gives with arguments.
fn formatted(
    context: &mut dyn Context,
    control: &str,
    arguments: &[Value],
    depth: u32,
) -> Result<String, Raised> {
    if depth > MAX_DEPTH {
        return Err(raise(ErrorKind::Limit, "`format`: control strings are inside each other too deeply"));
    }
    let items =
        parse::parse(control).map_err(|error| raise(ErrorKind::Parse, format!("`format`: {error}")))?;
    let mut formatter = Formatter::new(context, arguments, depth);
    formatter.run(&items)?;
    Ok(formatter.finish())
}
