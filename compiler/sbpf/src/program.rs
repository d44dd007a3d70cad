//! The compiled program: bytes, listing, and what is known about each function and instruction.

use crate::disassemble::Disassembly;
use crate::frame::FrameValue;
use crate::isa::Version;
use ovsm_base::Span;

/// A compiled program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub elf: Vec<u8>,
    /// Functions in the order of the text.
    pub functions: Vec<FunctionReport>,
    /// Source of each eight-byte slot of the text; an `lddw` has two.
    pub spans: Vec<Option<Span>>,
    pub(crate) version: Version,
    /// Bytes at the bottom of the entry's frame that are memory like any other.
    pub(crate) frame_area: u32,
    pub(crate) text: Vec<crate::isa::Slot>,
    pub(crate) syscalls: Vec<(usize, ovsm_base::syscall::Syscall)>,
    /// What the file was written from.
    pub(crate) image: crate::elf::Image,
}

/// What is known about a function of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionReport {
    /// Its name.
    pub name: String,
    /// Its first slot.
    pub first_pc: usize,
    /// Its number of slots.
    pub slots: usize,
    /// Bytes of stack that it uses, frame area of the entry not counted.
    pub frame_bytes: u32,
    /// What lies in the frame, if [`crate::Options::frame_values`] asks for it.
    pub frame_values: Vec<FrameValue>,
    /// True if it can fail.
    pub can_fail: bool,
}

impl Program {
    /// The text in assembly language.
    pub fn listing(&self) -> String {
        let mut disassembly = Disassembly::new(&self.text, self.version);
        for function in &self.functions {
            disassembly.name(function.first_pc, &function.name);
        }
        for (slot, syscall) in &self.syscalls {
            disassembly.syscall(*slot, syscall.name());
        }
        disassembly.to_text()
    }

    /// Number of instructions; an `lddw` counts as one.
    pub fn instructions(&self) -> usize {
        self.text.len() - self.text.iter().filter(|slot| slot.opcode == crate::isa::LDDW).count()
    }

    /// The instruction set.
    pub fn version(&self) -> Version {
        self.version
    }
}
