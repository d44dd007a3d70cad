//! Tasks: functions that take turns with the rest of the script. What runs them is the machine; here are only the
//! functions that ask for it. Start with [`NATIVES`].

use crate::arguments::{at, take};
use crate::native::{Effect, Native};
use crate::operands::pure;
use ovsm_value::Value;
use ovsm_value::error::type_error;

/// The natives of this module.
pub const NATIVES: &[Native] = &[
    Native {
        effect: Effect::Spawn,
        ..pure(
            "std/task",
            "async",
            (1, None),
            "(function x…) -> async-handle",
            "Makes a task of a call, and gives its handle. The task begins when whoever made it waits, sleeps, yields or ends; tasks take turns in the order in which they were made. It sees the dynamic variables as whoever made it.",
            &[
                ("(await (async + 1 2))", "3"),
                ("(map await (map (fn (n) (async * n n)) [1 2 3]))", "[1 4 9]"),
            ],
            |context, arguments| {
                let function = take(arguments, 0);
                if !function.is_callable() && !matches!(function, Value::Table(_)) {
                    return Err(type_error("async", "a function", &function));
                }
                let rest = arguments.iter_mut().skip(1).map(std::mem::take).collect();
                context.spawn(&function, rest)
            },
        )
    },
    Native {
        effect: Effect::State,
        ..pure(
            "std/task",
            "await",
            (1, Some(1)),
            "(task) -> any",
            "What a task gives, once it has ended; the others run meanwhile. Any number of times gives the same. An error of the task is raised here. Tasks that wait for each other in a circle are a `:value` error.",
            &[("(let ((h (async + 1 2))) (+ (await h) (await h)))", "6")],
            |context, arguments| match at(arguments, 0) {
                Value::Handle(handle) if handle.as_file().is_none() => {
                    let handle = std::rc::Rc::clone(handle);
                    context.await_handle(&handle)
                }
                other => Err(type_error("await", "a task, which `async` makes", other)),
            },
        )
    },
    Native {
        effect: Effect::State,
        ..pure(
            "std/task",
            "yield",
            (0, Some(0)),
            "() -> null",
            "Lets each task run that is ready, once, and then goes on.",
            &[("(yield)", "null")],
            |context, _| {
                context.yield_turn()?;
                Ok(Value::Null)
            },
        )
    },
];
