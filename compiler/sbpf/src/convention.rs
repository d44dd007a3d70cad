//! The calling convention: which registers carry arguments, results and failures.
//!
//! Arguments are in r1 to r5 and then in r6 to r9: the machine saves those four on a call and gives them back on
//! return, and the callee sees what the caller left in them. Results are in r0 and up. A function that can fail says
//! in the register after its results whether it did.

use crate::isa::Reg;

/// The register of argument number `n`: r1 to r5, then r6 to r9, which the callee sees as they are.
pub const fn argument_register(n: usize) -> Reg {
    Reg(n as u8 + 1)
}

/// The largest number of arguments of a call.
pub const MAX_ARGUMENTS: usize = 9;

/// The largest number of results, status included.
pub const MAX_RESULTS: usize = 6;

/// How the program calls a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Convention {
    /// Number of argument registers.
    pub params: usize,
    /// Number of result registers, from r0 up.
    pub results: usize,
    /// True if the function can fail: it then says so in [`Convention::status`].
    pub can_fail: bool,
    /// True for the function where the program starts; its result is the program's return code.
    pub is_entry: bool,
    /// Bit n: a call may leave anything in r(n), 0 ≤ n ≤ 5 (results and status included).
    pub clobbers: u8,
}

impl Convention {
    /// The register that holds 0, or the code of a failure, after a call: the one after the results.
    pub fn status(self) -> Option<Reg> {
        (self.can_fail && !self.is_entry).then_some(Reg(self.results as u8))
    }

    /// The register in which the function leaves the code of its own failure.
    pub fn failure_register(self) -> Reg {
        if self.is_entry { Reg::R0 } else { Reg(self.results as u8) }
    }
}
