//! Facts and disassembly of any sBPF file, ours or not.
//!
//! The file may be hostile: every read is checked, every loop is bounded by the size of the file, and text that the
//! file brings is made printable. Start with [`inspect`].

mod compare;
mod reader;

use crate::disassemble::{Disassembly, printable};
use crate::isa::{self, Alu, Slot, Version};
use crate::murmur::syscall_of_hash;
pub use compare::{difference, loaded_bytes, section};
use ovsm_base::{Code, Diagnostic};
use reader::{ElfFile, SHT_REL, SHT_SYMTAB};
use std::fmt::{Display, Formatter};

/// Files beyond this size are refused: a program account holds at most 10 MiB.
const MAX_FILE_BYTES: usize = 64 << 20;

/// How far before a call its arguments are looked for.
const ARGUMENT_WINDOW: usize = 8;

/// What is known about a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The version that the file declares: 0, 3, or another.
    pub version: u32,
    /// `e_machine`.
    pub machine: u16,
    /// Size of the file in bytes.
    pub size: usize,
    /// Address of the first instruction.
    pub entry: u64,
    /// The segments.
    pub segments: Vec<Segment>,
    /// The sections, without the empty first one.
    pub sections: Vec<SectionFacts>,
    /// Functions that the file names, by address.
    pub symbols: Vec<Symbol>,
    /// Names of the syscalls that the program makes, sorted; unknown hashes as numbers.
    pub syscalls: Vec<String>,
    /// Number of eight-byte slots of the text.
    pub slots: usize,
    /// The disassembled text.
    pub listing: String,
    /// What is odd about the file.
    pub notes: Vec<String>,
}

/// A loaded range of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Access rights as `r`, `w`, `x`.
    pub access: String,
    /// Offset in the file.
    pub offset: u64,
    /// Address in memory.
    pub address: u64,
    /// Size in the file.
    pub size: u64,
}

/// A section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionFacts {
    /// Its name.
    pub name: String,
    /// Offset in the file.
    pub offset: u64,
    /// Address in memory; 0 if it is not loaded.
    pub address: u64,
    /// Size in the file.
    pub size: u64,
}

/// A named function.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Symbol {
    /// Its address.
    pub address: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Its name.
    pub name: String,
}

/// Reads a file.
pub fn inspect(bytes: &[u8]) -> Result<Report, Diagnostic> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(bad("the file is larger than any program"));
    }
    let file = ElfFile::parse(bytes).map_err(bad)?;
    let mut notes = Vec::new();
    let version = match file.flags {
        0 => Version::V0,
        3 => Version::V3,
        other => {
            notes.push(format!("version {other} is shown as version {}", if other < 3 { 0 } else { 3 }));
            if other < 3 { Version::V0 } else { Version::V3 }
        }
    };
    let Some(text) = find_text(&file, version) else { return Err(bad("the file has no text")) };
    if text.size % 8 != 0 {
        notes.push("the text is not a whole number of instructions".to_owned());
    }
    let slots: Vec<Slot> = bytes_of(bytes, text.offset, text.size)
        .unwrap_or(&[])
        .chunks_exact(8)
        .filter_map(|chunk| chunk.first_chunk().map(|slot| Slot::decode(*slot)))
        .collect();
    let slot_of = |address: u64| {
        let distance = address.checked_sub(text.address)?;
        let slot = usize::try_from(distance / 8).ok()?;
        (distance % 8 == 0 && slot < slots.len()).then_some(slot)
    };

    let mut disassembly = Disassembly::new(&slots, version);
    let symbols = function_symbols(&file, bytes);
    for symbol in &symbols {
        if let Some(slot) = slot_of(symbol.address) {
            disassembly.name(slot, &symbol.name);
        }
    }
    match slot_of(file.entry) {
        Some(slot) if !symbols.iter().any(|symbol| symbol.address == file.entry) => {
            disassembly.name(slot, "entrypoint");
        }
        Some(_) => {}
        None => notes.push("the entry point is no instruction of the text".to_owned()),
    }
    let mut syscalls = Vec::new();
    let mut called = Vec::new();
    for (slot, name) in relocated_syscalls(&file, bytes, slot_of) {
        disassembly.syscall(slot, &name);
        called.push((slot, name.clone()));
        syscalls.push(name);
    }
    if version == Version::V3 {
        for (at, slot) in slots.iter().enumerate() {
            if slot.opcode == isa::CALL && slot.src == 0 {
                let hash = slot.imm as u32;
                let name = match syscall_of_hash(hash) {
                    Some(syscall) => syscall.name().to_owned(),
                    None => format!("{hash:#010x}"),
                };
                called.push((at, name.clone()));
                syscalls.push(name);
            }
        }
    }
    syscalls.sort();
    syscalls.dedup();
    for (at, remark) in string_remarks(&file, bytes, version, &slots, &called) {
        disassembly.remark(at, &remark);
    }
    let listing = disassembly.to_text();
    Ok(Report {
        version: file.flags,
        machine: file.machine,
        size: bytes.len(),
        entry: file.entry,
        segments: file.segments.iter().map(segment_facts).collect(),
        sections: file
            .sections
            .iter()
            .skip(1)
            .map(|section| SectionFacts {
                name: printable(&file.section_name(bytes, section)),
                offset: section.offset,
                address: section.address,
                size: section.size,
            })
            .collect(),
        symbols,
        syscalls,
        slots: slots.len(),
        listing,
        notes,
    })
}

fn bad(reason: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadObjectFile, reason)
        .help("give a program that `ovsmc build` or another sBPF compiler wrote")
}

fn bytes_of(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

struct Text {
    offset: u64,
    address: u64,
    size: u64,
}

fn find_text(file: &ElfFile, version: Version) -> Option<Text> {
    let segment = file
        .segments
        .iter()
        .find(|segment| segment.is_loaded() && segment.is_executable())
        .map(|segment| Text { offset: segment.offset, address: segment.address, size: segment.size });
    let section = file.sections.iter().find(|section| section.is_text).map(|section| Text {
        offset: section.offset,
        address: section.address,
        size: section.size,
    });
    let (first, second) = match version {
        Version::V3 => (segment, section),
        Version::V0 => (section, segment),
    };
    first.or(second).filter(|text| text.size > 0)
}

fn segment_facts(segment: &reader::SegmentHeader) -> Segment {
    let mut access = String::new();
    for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
        access.push(if segment.flags & bit != 0 { letter } else { '-' });
    }
    Segment { access, offset: segment.offset, address: segment.address, size: segment.size }
}

fn function_symbols(file: &ElfFile, bytes: &[u8]) -> Vec<Symbol> {
    const STT_FUNC: u8 = 2;
    let mut symbols: Vec<Symbol> = file
        .sections
        .iter()
        .filter(|section| section.kind == SHT_SYMTAB)
        .flat_map(|section| file.symbols(bytes, section))
        .filter(|symbol| symbol.kind == STT_FUNC && symbol.section != 0)
        .map(|symbol| Symbol { address: symbol.value, size: symbol.size, name: printable(&symbol.name) })
        .collect();
    symbols.sort();
    symbols.dedup();
    symbols
}

fn relocated_syscalls(
    file: &ElfFile,
    bytes: &[u8],
    slot_of: impl Fn(u64) -> Option<usize>,
) -> Vec<(usize, String)> {
    let mut calls = Vec::new();
    for section in file.sections.iter().filter(|section| section.kind == SHT_REL) {
        let symbols = match file.sections.get(section.link as usize) {
            Some(table) => file.symbols(bytes, table),
            None => continue,
        };
        for relocation in file.relocations(bytes, section) {
            if let (Some(slot), Some(symbol)) = (slot_of(relocation.offset), symbols.get(relocation.symbol))
                && relocation.is_call
                && symbol.section == 0
            {
                calls.push((slot, printable(&symbol.name)));
            }
        }
    }
    calls
}

/// The strings that constants in the text point to.
fn string_remarks(
    file: &ElfFile,
    bytes: &[u8],
    version: Version,
    slots: &[Slot],
    calls: &[(usize, String)],
) -> Vec<(usize, String)> {
    let mut remarks = Vec::new();
    for (at, name) in calls {
        if name != "sol_log_" && name != "sol_panic_" {
            continue;
        }
        // The address in r1 and the length in r2, if they are set just before.
        let (mut address, mut len) = (None, None);
        for before in (at.saturating_sub(ARGUMENT_WINDOW)..*at).rev() {
            let Some(slot) = slots.get(before) else { continue };
            let value = if slot.opcode == Alu::Mov.opcode64() {
                Some(i64::from(slot.imm) as u64)
            } else if slot.opcode == isa::LDDW {
                let high = slots.get(before + 1).map_or(0, |high| high.imm as u32);
                Some(u64::from(slot.imm as u32) | (u64::from(high) << 32))
            } else {
                None
            };
            match (slot.dst, value) {
                (1, Some(value)) if address.is_none() => address = Some((before, value)),
                (2, Some(value)) if len.is_none() => len = Some(value),
                _ => {}
            }
        }
        if let (Some((before, address)), Some(len)) = (address, len)
            && let Some(text) = file.memory(bytes, version, address, len)
            && let Ok(text) = std::str::from_utf8(text)
        {
            remarks.push((before, format!("{text:?}")));
        }
    }
    remarks
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "sBPF v{}, {} bytes, machine {}", self.version, self.size, self.machine)?;
        writeln!(f, "entry at {:#x}, {} slots of text", self.entry, self.slots)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if !self.segments.is_empty() {
            writeln!(f, "\nsegments")?;
            for segment in &self.segments {
                writeln!(
                    f,
                    "  {}  {:#012x}  offset {:#x}, {} bytes",
                    segment.access, segment.address, segment.offset, segment.size
                )?;
            }
        }
        if !self.sections.is_empty() {
            writeln!(f, "\nsections")?;
            for section in &self.sections {
                writeln!(
                    f,
                    "  {:<16}  {:#012x}  offset {:#x}, {} bytes",
                    section.name, section.address, section.offset, section.size
                )?;
            }
        }
        if !self.symbols.is_empty() {
            writeln!(f, "\nfunctions")?;
            for symbol in &self.symbols {
                writeln!(f, "  {:#012x}  {:>6} bytes  {}", symbol.address, symbol.size, symbol.name)?;
            }
        }
        if !self.syscalls.is_empty() {
            writeln!(f, "\nsyscalls\n  {}", self.syscalls.join(" "))?;
        }
        write!(f, "\ntext\n{}", self.listing)
    }
}
