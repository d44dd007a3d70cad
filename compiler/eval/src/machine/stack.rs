//! The stack of registers and that of frames, and what is raised when they are full or code is not as it should be.

use super::Frame;
use crate::bytecode::WINDOW;
use ovsm_value::error::raise;
use ovsm_value::{ErrorKind, Raised, Value};

/// No stack has more registers than this.
const MOST_REGISTERS: usize = 1 << 26;

/// The registers that operands of the frame at `base` name.
#[inline(always)]
pub(super) fn window(stack: &mut [Value], base: usize) -> Option<&mut [Value; WINDOW]> {
    stack.get_mut(base..)?.first_chunk_mut()
}

/// The same, after the stack has grown. `None` if that is more than the limit.
#[cold]
#[inline(never)]
pub(super) fn window_after_growth(stack: &mut Vec<Value>, base: usize) -> Option<&mut [Value; WINDOW]> {
    if !grow(stack, base + WINDOW) {
        return None;
    }
    window(stack, base)
}

/// Grows the stack. False if that is more than the limit.
fn grow(stack: &mut Vec<Value>, length: usize) -> bool {
    if length > MOST_REGISTERS {
        return false;
    }
    stack.resize(length.max(stack.len().saturating_mul(2)).min(MOST_REGISTERS), Value::Null);
    true
}

/// Makes room for more frames. False if that is more than the limit.
#[cold]
#[inline(never)]
pub(super) fn grow_frames(frames: &mut Vec<Frame>, most: usize) -> bool {
    let length = frames.len();
    let more = length.max(16).min(most.saturating_sub(length));
    frames.reserve_exact(more);
    more > 0
}

#[cold]
pub(super) fn overflow() -> Raised {
    raise(ErrorKind::Limit, "stack overflow")
}

#[cold]
pub(super) fn broken() -> Raised {
    raise(ErrorKind::Value, "the machine met code that it did not make")
}

#[cold]
pub(super) fn undefined(name: &str) -> Raised {
    raise(ErrorKind::Undefined, format!("`{name}` is not defined yet"))
}
