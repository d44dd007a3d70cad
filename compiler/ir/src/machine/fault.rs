//! Faults: what ends a program from outside its own checks. On chain a fault aborts the transaction; a
//! [`crate::Failure`] is the program's own return code.

use ovsm_base::Code;
use ovsm_base::syscall::Syscall;

/// Why the machine stopped a program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Fault {
    /// An access outside every region, or a write to read-only memory.
    #[error("{} of {len} bytes at address {address:#x} is outside every region", if *.write { "a write" } else { "a read" })]
    MemoryAccess {
        /// The first byte of the access.
        address: u64,
        /// How many bytes.
        len: u64,
        /// True for a write.
        write: bool,
    },
    /// A division or remainder by zero that no check guarded.
    #[error("a division by zero")]
    DivideByZero,
    /// More nested calls than the limit.
    #[error("calls are nested too deeply")]
    StackOverflow,
    /// More instructions than the limit.
    #[error("out of fuel")]
    OutOfFuel,
    /// The `abort` syscall.
    #[error("the program aborted")]
    Aborted,
    /// The `sol_panic_` syscall.
    #[error("the program panicked at {file}:{line}:{column}")]
    Panicked {
        /// The file that the program names.
        file: String,
        /// The line that the program names.
        line: u64,
        /// The column that the program names.
        column: u64,
    },
    /// A syscall that refused its arguments, or that does not exist here.
    #[error("syscall {syscall:?} failed: {reason}")]
    SyscallFailed {
        /// Which one.
        syscall: Syscall,
        /// Why.
        reason: String,
    },
    /// [`crate::Terminator::Unreachable`] was reached: a syscall that must not return did.
    #[error("code that must not run was reached")]
    Unreachable,
}

impl Fault {
    /// The diagnostic code under which a script reports it.
    pub fn code(&self) -> Code {
        match self {
            Fault::MemoryAccess { .. } => Code::RuntimeMemoryAccess,
            Fault::DivideByZero => Code::RuntimeDivisionByZero,
            Fault::StackOverflow => Code::RuntimeStackOverflow,
            Fault::OutOfFuel => Code::RuntimeOutOfFuel,
            Fault::Aborted | Fault::Panicked { .. } => Code::RuntimeAborted,
            Fault::SyscallFailed { .. } => Code::RuntimeSyscall,
            Fault::Unreachable => Code::InternalError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_tell_what_happened() {
        let read = Fault::MemoryAccess { address: 16, len: 8, write: false };
        assert_eq!(read.to_string(), "a read of 8 bytes at address 0x10 is outside every region");
        let write = Fault::MemoryAccess { address: 16, len: 1, write: true };
        assert_eq!(write.to_string(), "a write of 1 bytes at address 0x10 is outside every region");
        let panicked = Fault::Panicked { file: "a.lisp".into(), line: 1, column: 2 };
        assert_eq!(panicked.to_string(), "the program panicked at a.lisp:1:2");
        assert_eq!(read.code(), Code::RuntimeMemoryAccess);
        assert_eq!(panicked.code(), Code::RuntimeAborted);
        assert_eq!(Fault::Unreachable.code(), Code::InternalError);
    }
}
