//! How much memory values have asked for so far: a count that only grows, of one thread.
//!
//! It is no measure of what is in use, and nobody is stopped here. Code that runs while a program is compiled is bounded
//! by it, where nobody counts the memory of the process. Start with [`note`].

use std::cell::Cell;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// Notes that a value takes so many bytes.
#[inline]
pub fn note(bytes: usize) {
    ASKED.with(|asked| asked.set(asked.get().wrapping_add(bytes as u64)));
}

/// How many bytes were noted so far.
pub fn noted() -> u64 {
    ASKED.with(Cell::get)
}

#[cfg(test)]
mod tests {
    use super::noted;
    use crate::value::Value;

    #[test]
    fn what_values_take_is_noted() {
        let before = noted();
        let mut lists = Vec::new();
        for _ in 0..1000 {
            lists.push(Value::list(vec![Value::Int(1), Value::Int(2)]));
        }
        assert!(noted() - before >= 1000 * 32);
    }
}
