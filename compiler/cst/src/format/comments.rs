//! What is known about comments: the instructions to the formatter in them, and how they are printed.
//!
//! Comments are never changed but for blanks at their end. Start with [`Instruction`].

/// What a comment tells the formatter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Instruction {
    /// `;; fmt: off`: what follows stays as it is.
    Off,
    /// `;; fmt: on`: the end of that.
    On,
    /// `;; fmt: ignore`: the next form stays as it is.
    Ignore,
}

impl Instruction {
    /// The instruction that a line comment holds.
    pub(super) fn of(comment: &str) -> Option<Instruction> {
        match comment.trim_start_matches(';').trim().strip_prefix("fmt:")?.trim_start() {
            "off" => Some(Instruction::Off),
            "on" => Some(Instruction::On),
            "ignore" => Some(Instruction::Ignore),
            _ => None,
        }
    }
}

/// A line comment without the blanks at its end.
pub(super) fn trimmed(comment: &str) -> &str {
    comment.trim_end_matches([' ', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_whole_comments() {
        assert_eq!(Instruction::of(";; fmt: off\r"), Some(Instruction::Off));
        assert_eq!(Instruction::of("; fmt:on"), Some(Instruction::On));
        assert_eq!(Instruction::of(";;;; fmt: ignore  "), Some(Instruction::Ignore));
        assert_eq!(Instruction::of(";; fmt: off, because"), None);
        assert_eq!(Instruction::of(";; offer"), None);
    }
}
