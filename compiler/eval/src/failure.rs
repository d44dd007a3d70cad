//! The diagnostic code under which a failed run is reported.

use crate::machine::Failure;
use ovsm_base::Code;
use ovsm_value::error::StopReason;
use ovsm_value::{ErrorKind, Unwind};

impl Failure {
    /// The code under which it is reported.
    pub fn code(&self) -> Code {
        match &self.unwind {
            Unwind::Error(error)
                if error.kind == ErrorKind::Limit && error.message.starts_with("stack overflow") =>
            {
                Code::RuntimeStackOverflow
            }
            Unwind::Error(error) => code_of(&error.kind),
            Unwind::Throw(..) => Code::RuntimeThrow,
            Unwind::Leave { .. } => Code::RuntimeValue,
            Unwind::Stop(StopReason::Fuel) => Code::RuntimeOutOfFuel,
            Unwind::Stop(_) | Unwind::Exit(_) | Unwind::Suspend => Code::RuntimeStopped,
        }
    }
}

/// The code under which an error of a kind is reported.
fn code_of(kind: &ErrorKind) -> Code {
    match kind {
        ErrorKind::Type => Code::RuntimeType,
        ErrorKind::Arity => Code::RuntimeArity,
        ErrorKind::Overflow => Code::RuntimeOverflow,
        ErrorKind::DivisionByZero => Code::RuntimeDivisionByZero,
        ErrorKind::Index => Code::RuntimeIndex,
        ErrorKind::Undefined => Code::RuntimeUndefined,
        ErrorKind::Parse => Code::RuntimeParse,
        ErrorKind::Limit => Code::RuntimeLimit,
        ErrorKind::Permission => Code::RuntimePermission,
        ErrorKind::Assertion => Code::RuntimeAssertion,
        ErrorKind::Throw => Code::RuntimeThrow,
        ErrorKind::Io => Code::RuntimeIo,
        ErrorKind::Key | ErrorKind::Value => Code::RuntimeValue,
        ErrorKind::User | ErrorKind::Named(_) => Code::RuntimeUser,
    }
}
