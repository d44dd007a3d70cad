//! The stack frame of a function: values that fit no register lie below the frame pointer, the first one highest.

use crate::convention::Convention;
use crate::machine::MachineFunction;
use crate::regalloc::{self, Allocation};
use ovsm_base::index::IndexVec;
use ovsm_base::{Code, Diagnostic, Span};
use ovsm_ir::Func;
use std::collections::BTreeMap;

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
    let values = values(function, convention, conventions, syscall_preserves_args);
    let shown = values.iter().filter_map(|value| Some((value.span?, value.bytes))).take(MAX_LABELS);
    let diagnostic =
        shown.fold(Diagnostic::new(Code::FrameTooLarge, message), |diagnostic, (span, bytes)| {
            diagnostic.label(span, format!("{bytes} bytes of the stack are for the values of this"))
        });
    Err(diagnostic.help("split the function, or keep the values in memory"))
}

/// The values that lie in the frame at some time, by the place that they come from, the largest first. Values that are
/// needed at different times may share their bytes.
pub fn values(
    function: &MachineFunction,
    convention: Convention,
    conventions: &IndexVec<Func, Convention>,
    syscall_preserves_args: bool,
) -> Vec<FrameValue> {
    let mut bytes: BTreeMap<Option<Span>, u32> = BTreeMap::new();
    for reg in regalloc::spilled_registers(function, convention, conventions, syscall_preserves_args) {
        let span = function.register_spans.get(reg.vreg()).copied().flatten();
        let sum = bytes.entry(span).or_default();
        *sum = sum.saturating_add(8);
    }
    let mut values: Vec<FrameValue> =
        bytes.into_iter().map(|(span, bytes)| FrameValue { span, bytes }).collect();
    values.sort_by_key(|value| (std::cmp::Reverse(value.bytes), value.span));
    values
}

/// What lies in a frame because of one place in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameValue {
    /// The place; nothing for what the compiler made.
    pub span: Option<Span>,
    /// Bytes.
    pub bytes: u32,
}
