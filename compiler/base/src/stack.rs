//! Room on the stack for passes that recurse over expressions.
//!
//! The reader bounds how deep a program nests, but a level of nesting takes several frames, and the thread may be
//! anybody's: an editor's worker has far less stack than a command's main thread. So recursive passes ask for room at
//! each level, and get a new segment when little is left.

/// Left over at least this much, a level of recursion runs on the stack that there is. Several times what one level of
/// any pass takes in a development build.
const RED_ZONE: usize = 128 * 1024;

/// Size of a new segment.
const SEGMENT: usize = 1024 * 1024;

/// Runs one level of a recursion with enough stack. The depth itself must be bounded elsewhere.
pub fn with_room<R>(level: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(RED_ZONE, SEGMENT, level)
}
