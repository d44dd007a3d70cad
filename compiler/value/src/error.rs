//! Errors of running programs, and the ways in which control leaves an expression without a value.

use crate::release::release;
use crate::value::Value;
use ovsm_base::{MacroOrigin, Span};
use std::cell::RefCell;
use std::rc::Rc;

/// What went wrong, as programs see it (`(get e :kind)` gives the keyword).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// An operand has the wrong type.
    Type,
    /// A call has the wrong number of arguments.
    Arity,
    /// A result does not fit its type.
    Overflow,
    /// A division by zero.
    DivisionByZero,
    /// A position outside a sequence.
    Index,
    /// A key that is not there.
    Key,
    /// A name without a value.
    Undefined,
    /// Text that can not be read.
    Parse,
    /// A bound on depth, size, memory or time.
    Limit,
    /// Something that the run was not permitted.
    Permission,
    /// An assertion that does not hold.
    Assertion,
    /// A `throw` without a `catch`.
    Throw,
    /// A host effect that failed.
    Io,
    /// A value outside the domain of an operation.
    Value,
    /// Raised by the program.
    User,
    /// A kind that the program made up: `(error :out-of-stock "…")`.
    Named(Rc<str>),
}

impl ErrorKind {
    /// The keyword, without its colon.
    pub fn name(&self) -> &str {
        match self {
            ErrorKind::Type => "type",
            ErrorKind::Arity => "arity",
            ErrorKind::Overflow => "overflow",
            ErrorKind::DivisionByZero => "division-by-zero",
            ErrorKind::Index => "index",
            ErrorKind::Key => "key",
            ErrorKind::Undefined => "undefined",
            ErrorKind::Parse => "parse",
            ErrorKind::Limit => "limit",
            ErrorKind::Permission => "permission",
            ErrorKind::Assertion => "assertion",
            ErrorKind::Throw => "throw",
            ErrorKind::Io => "io",
            ErrorKind::Value => "value",
            ErrorKind::User => "user",
            ErrorKind::Named(name) => name,
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> ErrorKind {
        match name {
            "type" => ErrorKind::Type,
            "arity" => ErrorKind::Arity,
            "overflow" => ErrorKind::Overflow,
            "division-by-zero" => ErrorKind::DivisionByZero,
            "index" => ErrorKind::Index,
            "key" => ErrorKind::Key,
            "undefined" => ErrorKind::Undefined,
            "parse" => ErrorKind::Parse,
            "limit" => ErrorKind::Limit,
            "permission" => ErrorKind::Permission,
            "assertion" => ErrorKind::Assertion,
            "throw" => ErrorKind::Throw,
            "io" => ErrorKind::Io,
            "value" => ErrorKind::Value,
            "user" => ErrorKind::User,
            name => ErrorKind::Named(name.into()),
        }
    }
}

/// An active function of a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceFrame {
    /// Its name.
    pub function: Rc<str>,
    /// Where it was.
    pub span: Option<Span>,
    /// The macros that made the code there.
    pub origin: Option<Rc<MacroOrigin>>,
}

/// An error as a value: `{:kind :message :data :trace}`.
#[derive(Debug)]
pub struct ErrorValue {
    /// What went wrong.
    pub kind: ErrorKind,
    /// What happened, for people; names the operation and the offending value.
    pub message: String,
    /// Facts for people that the message of the program does not tell, one in each line.
    pub details: String,
    /// Whatever the program attached.
    pub data: Value,
    /// True if the function where it was raised was given what it does not take: the call is to blame.
    pub is_of_call: bool,
    /// The active functions when it was raised, innermost first; filled in by the machine.
    pub trace: RefCell<Vec<TraceFrame>>,
}

impl Drop for ErrorValue {
    fn drop(&mut self) {
        if self.data.holds_values() {
            release(vec![std::mem::take(&mut self.data)]);
        }
    }
}

/// How control leaves an expression without a value.
#[derive(Debug)]
pub enum Unwind {
    /// An error; `try` and `handler-case` stop it.
    Error(Rc<ErrorValue>),
    /// `(throw tag value)`; only a `catch` of an equal tag stops it. The second is an array of the values.
    Throw(Value, Value),
    /// Leaves an enclosing `block` of the activation with this number, by the label with this number.
    Leave {
        /// Which activation of the function that has the block.
        activation: u64,
        /// Which block of it.
        label: u32,
        /// The value of the block.
        value: Value,
    },
    /// A limit of the run; nothing in the program stops it.
    Stop(StopReason),
    /// `(exit n)`.
    Exit(i32),
    /// A task lets others run: nothing but the machine sees this.
    Suspend,
}

/// Which limit ended a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// The fuel is used up.
    Fuel,
    /// The time is up.
    Time,
    /// The memory is used up.
    Memory,
    /// Somebody interrupted it.
    Interrupt,
}

/// The error side of everything that a program can run.
pub type Raised = Box<Unwind>;

impl ErrorValue {
    /// An error without data.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> ErrorValue {
        ErrorValue {
            kind,
            message: message.into(),
            details: String::new(),
            data: Value::Null,
            is_of_call: false,
            trace: RefCell::new(Vec::new()),
        }
    }
}

/// Raises an error without data.
pub fn raise(kind: ErrorKind, message: impl Into<String>) -> Raised {
    Box::new(Unwind::Error(Rc::new(ErrorValue::new(kind, message))))
}

/// Raises a type error: `operation` needs `wanted`, and found `value`.
#[cold]
pub fn type_error(operation: &str, wanted: &str, value: &Value) -> Raised {
    raise(
        ErrorKind::Type,
        format!("`{operation}` needs {wanted}, but found {}", crate::write::describe(value)),
    )
}
