//! The stack frame of a function: values that fit no register lie below the frame pointer, the first one highest.

use crate::convention::Convention;
use crate::machine::MachineFunction;
use crate::regalloc::{self, Allocation};
use ovsm_base::index::IndexVec;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_ir::Func;

/// Size of a stack frame.
pub const FRAME_BYTES: u32 = 4096;

/// At most this many values are named in the message.
const MAX_LABELS: usize = 5;

/// Refuses a frame that does not fit beside the `reserved` bytes at its bottom.
pub fn check(
    function: &MachineFunction,
    allocation: &Allocation,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
    (name, reserved): (&str, u32),
) -> Result<(), Diagnostic> {
    let needed = allocation.spill_bytes();
    let available = FRAME_BYTES.saturating_sub(reserved);
    if needed <= available {
        return Ok(());
    }
    let message = format!(
        "`{name}` needs {needed} bytes of stack for values that fit no register, but has {available}"
    );
    let mut spans: Vec<Span> =
        regalloc::spilled_registers(function, convention, conventions, syscall_preserves_args)
            .into_iter()
            .filter_map(|reg| function.register_spans.get(reg.vreg()).copied().flatten())
            .collect();
    spans.sort_unstable();
    spans.dedup();
    let diagnostic = spans
        .into_iter()
        .take(MAX_LABELS)
        .fold(Diagnostic::new(Code::FrameTooLarge, message), |diagnostic, span| {
            diagnostic.label(span, "this value is kept on the stack")
        });
    Err(diagnostic.help("split the function, or keep the values in memory"))
}
