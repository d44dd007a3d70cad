//! Text from machine code, with labels for the targets of jumps and names for what is called.
//!
//! Any slots can be given, hostile ones too: what is no instruction is shown as its number.

use crate::isa::{Operation, Slot, Version, Width};
use crate::murmur::syscall_of_hash;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The text under disassembly.
#[derive(Clone, Debug)]
pub struct Disassembly<'a> {
    text: &'a [Slot],
    version: Version,
    names: BTreeMap<usize, String>,
    syscalls: BTreeMap<usize, String>,
    remarks: BTreeMap<usize, String>,
}

impl<'a> Disassembly<'a> {
    /// The disassembly of `text`; names come from hashes alone until others are given.
    pub fn new(text: &'a [Slot], version: Version) -> Disassembly<'a> {
        Disassembly {
            text,
            version,
            names: BTreeMap::new(),
            syscalls: BTreeMap::new(),
            remarks: BTreeMap::new(),
        }
    }

    /// Names the function that starts at a slot.
    pub fn name(&mut self, slot: usize, name: &str) {
        self.names.insert(slot, printable(name));
    }

    /// Names the syscall that the call at a slot makes.
    pub fn syscall(&mut self, slot: usize, name: &str) {
        self.syscalls.insert(slot, printable(name));
    }

    /// Adds a remark after the instruction at a slot.
    pub fn remark(&mut self, slot: usize, text: &str) {
        self.remarks.insert(slot, printable(text));
    }

    /// The slots that functions are called at.
    pub fn called(&self) -> Vec<usize> {
        let mut called: Vec<usize> = self
            .text
            .iter()
            .enumerate()
            .filter(|(at, slot)| slot.opcode == crate::isa::CALL && !self.is_syscall(*at, slot))
            .filter_map(|(at, slot)| self.relative(at, i64::from(slot.imm)))
            .collect();
        called.sort_unstable();
        called.dedup();
        called
    }

    /// The value of the `lddw` at a slot.
    pub fn wide_constant(&self, at: usize) -> Option<u64> {
        let low = self.text.get(at).filter(|slot| slot.opcode == crate::isa::LDDW)?;
        let high = self.text.get(at + 1)?;
        Some(u64::from(low.imm as u32) | (u64::from(high.imm as u32) << 32))
    }

    /// The whole text, one instruction per line.
    pub fn to_text(&self) -> String {
        let mut labels: BTreeMap<usize, String> =
            self.called().into_iter().map(|at| (at, format!("function_{at}"))).collect();
        labels.extend(self.names.iter().map(|(at, name)| (*at, name.clone())));
        let functions: Vec<usize> = labels.keys().copied().collect();
        let mut jumps: Vec<usize> = self
            .text
            .iter()
            .enumerate()
            .filter(|(_, slot)| {
                matches!(Operation::of(slot.opcode, self.version), Some(Operation::Ja | Operation::Jump(..)))
            })
            .filter_map(|(at, slot)| self.relative(at, i64::from(slot.off)))
            .collect();
        jumps.sort_unstable();
        jumps.dedup();
        for (n, at) in jumps.into_iter().enumerate() {
            labels.entry(at).or_insert_with(|| format!("L{n}"));
        }
        let mut out = String::new();
        let mut at = 0;
        while let Some(slot) = self.text.get(at) {
            if let Some(label) = labels.get(&at) {
                let blank = if at > 0 && functions.binary_search(&at).is_ok() { "\n" } else { "" };
                let _ = writeln!(out, "{blank}{label}:");
            }
            let line = self.instruction(at, slot, &labels);
            match self.remarks.get(&at) {
                Some(remark) => {
                    let _ = writeln!(out, "{at:6}  {line:<32} ; {remark}");
                }
                None => {
                    let _ = writeln!(out, "{at:6}  {line}");
                }
            }
            at += if self.wide_constant(at).is_some() { 2 } else { 1 };
        }
        out
    }

    fn relative(&self, at: usize, offset: i64) -> Option<usize> {
        let target = at as i64 + 1 + offset;
        usize::try_from(target).ok().filter(|target| *target < self.text.len())
    }

    fn is_syscall(&self, at: usize, slot: &Slot) -> bool {
        self.syscalls.contains_key(&at)
            || match self.version {
                Version::V3 => slot.src == 0,
                Version::V0 => slot.imm == -1,
            }
    }

    fn instruction(&self, at: usize, slot: &Slot, labels: &BTreeMap<usize, String>) -> String {
        let Slot { dst, src, off, imm, .. } = *slot;
        let Some(operation) = Operation::of(slot.opcode, self.version) else {
            return format!(".byte {:#04x} (no instruction of this version)", slot.opcode);
        };
        let second = |register: bool| if register { format!("r{src}") } else { imm.to_string() };
        let label = |offset: i64| {
            self.relative(at, offset)
                .and_then(|target| labels.get(&target).cloned())
                .unwrap_or_else(|| format!("{:+}", offset + 1))
        };
        let address = |base: u8| match off {
            0 => format!("[r{base}]"),
            _ => format!("[r{base}{off:+}]"),
        };
        match operation {
            Operation::Alu64(crate::isa::Alu::Neg, _) => format!("neg64 r{dst}"),
            Operation::Alu32(crate::isa::Alu::Neg, _) => format!("neg32 r{dst}"),
            Operation::Alu64(alu, register) => format!("{}64 r{dst}, {}", alu.name(), second(register)),
            Operation::Alu32(alu, register) => format!("{}32 r{dst}, {}", alu.name(), second(register)),
            Operation::Swap(big) => format!("{}{imm} r{dst}", if big { "be" } else { "le" }),
            Operation::Load(width) => format!("ldx{} r{dst}, {}", suffix(width), address(src)),
            Operation::StoreImmediate(width) => format!("st{} {}, {imm}", suffix(width), address(dst)),
            Operation::StoreRegister(width) => format!("stx{} {}, r{src}", suffix(width), address(dst)),
            Operation::Lddw => match self.wide_constant(at) {
                Some(word) => format!("lddw r{dst}, {word:#x}"),
                None => format!("lddw r{dst}, (cut off)"),
            },
            Operation::Ja => format!("ja {}", label(i64::from(off))),
            Operation::Jump(jump, narrow, register) => {
                let width = if narrow { "32" } else { "" };
                format!("{}{width} r{dst}, {}, {}", jump.name(), second(register), label(i64::from(off)))
            }
            Operation::Call if self.is_syscall(at, slot) => {
                let name = self.syscalls.get(&at).cloned().or_else(|| {
                    syscall_of_hash(imm as u32)
                        .filter(|_| self.version == Version::V3)
                        .map(|syscall| syscall.name().to_owned())
                });
                format!("syscall {}", name.unwrap_or_else(|| format!("{:#010x} (unknown)", imm as u32)))
            }
            Operation::Call => format!("call {}", label(i64::from(imm))),
            Operation::Callx => {
                let register = if self.version == Version::V3 { i32::from(dst) } else { imm };
                format!("callx r{register}")
            }
            Operation::Exit => "exit".to_owned(),
        }
    }
}

fn suffix(width: Width) -> &'static str {
    match width {
        Width::W1 => "b",
        Width::W2 => "h",
        Width::W4 => "w",
        Width::W8 => "dw",
    }
}

/// Names come from files that others wrote: nothing that moves a terminal's cursor, and not too long.
pub(crate) fn printable(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(120)
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<char>>() } else { vec![c] })
        .collect();
    if text.chars().nth(120).is_some() {
        out.push('…');
    }
    out
}
