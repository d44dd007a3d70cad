//! ELF files: the two containers that Solana's loaders read, written by hand because their rules are narrower than
//! what general writers lay out.
//!
//! Here are the pieces that both share; [`v3`] and [`v0`] put them in order.

pub mod v0;
pub mod v3;

use crate::isa::{Slot, Version};
use ovsm_base::syscall::Syscall;

/// Size of the file header.
pub(crate) const HEADER_BYTES: u64 = 64;
/// Size of a program header.
pub(crate) const SEGMENT_BYTES: u64 = 56;
/// Size of a section header.
pub(crate) const SECTION_BYTES: u64 = 64;
/// `e_machine` of BPF.
pub(crate) const EM_BPF: u16 = 247;
/// `e_machine` of the older sBPF files.
pub(crate) const EM_SBPF: u16 = 263;
/// Section types.
pub(crate) const SHT_PROGBITS: u32 = 1;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_STRTAB: u32 = 3;
pub(crate) const SHT_DYNAMIC: u32 = 6;
pub(crate) const SHT_REL: u32 = 9;
pub(crate) const SHT_DYNSYM: u32 = 11;
/// Section flags: loaded, executable.
pub(crate) const SHF_ALLOC: u64 = 2;
pub(crate) const SHF_EXECINSTR: u64 = 4;

/// Names longer than this are cut: the v0 loader refuses longer ones.
const MAX_SYMBOL_BYTES: usize = 63;

/// What a container holds.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The text. References to data are still open.
    pub text: Vec<Slot>,
    /// Read-only bytes; a multiple of 8.
    pub rodata: Vec<u8>,
    /// First slot of the program.
    pub entry: usize,
    /// Slots whose address constant is to be moved to where the read-only bytes come to lie.
    pub data_references: Vec<(usize, u32)>,
    /// Slots that call the runtime.
    pub syscalls: Vec<(usize, Syscall)>,
    /// Name, first slot and number of slots of each function, if they are to be written.
    pub symbols: Vec<(String, usize, usize)>,
    /// Sections that are not loaded: names of at most 15 bytes, which is what the v0 loader takes, and contents. They are
    /// written only beside symbols.
    pub notes: Vec<(&'static str, Vec<u8>)>,
}

/// The file in the container of a version.
pub(crate) fn write(image: Image, version: Version) -> Vec<u8> {
    match version {
        Version::V3 => v3::write(image),
        Version::V0 => v0::write(image),
    }
}

/// A name as a symbol: no control characters, at most 63 bytes, cut at a character.
pub(crate) fn symbol_name(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        let character = if character.is_control() { '_' } else { character };
        if text.len() + character.len_utf8() > MAX_SYMBOL_BYTES {
            break;
        }
        text.push(character);
    }
    text
}

/// A string table under construction.
#[derive(Clone, Debug)]
pub(crate) struct Strings(Vec<u8>);

impl Strings {
    pub(crate) fn new() -> Strings {
        Strings(vec![0])
    }

    /// The offset of `text`, added if it is not there yet, also as the end of another string.
    pub(crate) fn add(&mut self, text: &str) -> u32 {
        let mut wanted = text.as_bytes().to_vec();
        wanted.push(0);
        // Bounded: a table of many names is not searched.
        if self.0.len() <= 1 << 12
            && let Some(at) = self.0.windows(wanted.len()).position(|window| window == wanted)
        {
            return at as u32;
        }
        let at = self.0.len() as u32;
        self.0.extend(wanted);
        at
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A section header.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Section {
    pub name: u32,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub link: u32,
    pub info: u32,
    pub align: u64,
    pub entry_size: u64,
}

impl Section {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.name.to_le_bytes());
        out.extend(self.kind.to_le_bytes());
        for word in [self.flags, self.address, self.offset, self.size] {
            out.extend(word.to_le_bytes());
        }
        out.extend(self.link.to_le_bytes());
        out.extend(self.info.to_le_bytes());
        out.extend(self.align.to_le_bytes());
        out.extend(self.entry_size.to_le_bytes());
    }
}

/// The facts of a file header that differ between our files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub machine: u16,
    pub flags: u32,
    pub entry: u64,
    pub segments: u16,
    pub sections_offset: u64,
    pub sections: u16,
    pub names_index: u16,
}

impl Header {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(3u16.to_le_bytes());
        out.extend(self.machine.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(self.entry.to_le_bytes());
        out.extend(HEADER_BYTES.to_le_bytes());
        out.extend(self.sections_offset.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend((HEADER_BYTES as u16).to_le_bytes());
        out.extend((SEGMENT_BYTES as u16).to_le_bytes());
        out.extend(self.segments.to_le_bytes());
        out.extend((SECTION_BYTES as u16).to_le_bytes());
        out.extend(self.sections.to_le_bytes());
        out.extend(self.names_index.to_le_bytes());
    }
}

/// A symbol of a function (or an undefined one, with section 0).
pub(crate) fn write_symbol(out: &mut Vec<u8>, name: u32, section: u16, value: u64, size: u64) {
    out.extend(name.to_le_bytes());
    // STB_GLOBAL; STT_FUNC if defined.
    out.extend([if section == 0 { 0x10 } else { 0x12 }, 0]);
    out.extend(section.to_le_bytes());
    out.extend(value.to_le_bytes());
    out.extend(size.to_le_bytes());
}

pub(crate) fn pad_to_8(out: &mut Vec<u8>) {
    while !out.len().is_multiple_of(8) {
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_share_tails() {
        let mut strings = Strings::new();
        let first = strings.add(".rel.text");
        assert_eq!(strings.add(".text"), first + 4);
        assert_eq!(strings.add(""), 0);
        assert_eq!(strings.bytes().len(), 11);
    }

    #[test]
    fn symbol_names_are_cut_at_characters() {
        let name = symbol_name(&"é".repeat(40));
        assert_eq!(name.len(), 62);
        assert_eq!(symbol_name("a\nb"), "a_b");
    }
}
