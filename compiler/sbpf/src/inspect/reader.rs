//! A reader of ELF headers that believes nothing: what lies outside the file does not exist.

use crate::isa::Version;

pub(super) const SHT_SYMTAB: u32 = 2;
pub(super) const SHT_REL: u32 = 9;
const SHT_DYNSYM: u32 = 11;
const SHT_NOBITS: u32 = 8;
const PT_LOAD: u32 = 1;
/// `R_BPF_64_32`, the relocation of a call.
const R_BPF_64_32: u64 = 10;
/// Longest name that is read.
const MAX_NAME_BYTES: usize = 256;

/// The headers of a file.
pub(super) struct ElfFile {
    pub machine: u16,
    pub flags: u32,
    pub entry: u64,
    pub segments: Vec<SegmentHeader>,
    pub sections: Vec<SectionHeader>,
    names: usize,
}

pub(super) struct SegmentHeader {
    kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub address: u64,
    pub size: u64,
}

impl SegmentHeader {
    pub(super) fn is_loaded(&self) -> bool {
        self.kind == PT_LOAD
    }

    pub(super) fn is_executable(&self) -> bool {
        self.flags & 1 != 0
    }
}

pub(super) struct SectionHeader {
    name: u32,
    pub kind: u32,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub link: u32,
    pub is_text: bool,
}

pub(super) struct SymbolEntry {
    pub name: String,
    pub kind: u8,
    pub section: u16,
    pub value: u64,
    pub size: u64,
}

pub(super) struct Relocation {
    pub offset: u64,
    pub symbol: usize,
    pub is_call: bool,
}

/// Reads little-endian numbers at offsets of a table entry.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> u16 {
        self.0.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    fn u32(&self, at: usize) -> u32 {
        self.0.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn u64(&self, at: usize) -> u64 {
        self.0.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

impl ElfFile {
    pub(super) fn parse(bytes: &[u8]) -> Result<ElfFile, &'static str> {
        let header = bytes.get(..64).ok_or("the file is too short for an ELF header")?;
        if !header.starts_with(b"\x7fELF") {
            return Err("the file is no ELF file");
        }
        if header.get(4) != Some(&2) || header.get(5) != Some(&1) {
            return Err("the file is no 64-bit little-endian ELF file");
        }
        let fields = Fields(header);
        let machine = fields.u16(18);
        if !matches!(machine, 247 | 263) {
            return Err("the file is for another machine than sBPF");
        }
        let segments = table(bytes, fields.u64(32), fields.u16(54), 56, fields.u16(56))
            .ok_or("the program headers lie outside the file")?
            .map(|entry| {
                let fields = Fields(entry);
                SegmentHeader {
                    kind: fields.u32(0),
                    flags: fields.u32(4),
                    offset: fields.u64(8),
                    address: fields.u64(16),
                    size: fields.u64(32),
                }
            })
            .collect();
        let sections = table(bytes, fields.u64(40), fields.u16(58), 64, fields.u16(60))
            .ok_or("the section headers lie outside the file")?
            .map(|entry| {
                let fields = Fields(entry);
                SectionHeader {
                    name: fields.u32(0),
                    kind: fields.u32(4),
                    address: fields.u64(16),
                    offset: fields.u64(24),
                    size: if fields.u32(4) == SHT_NOBITS { 0 } else { fields.u64(32) },
                    link: fields.u32(40),
                    is_text: false,
                }
            })
            .collect();
        let mut file = ElfFile {
            machine,
            flags: fields.u32(48),
            entry: fields.u64(24),
            segments,
            sections,
            names: usize::from(fields.u16(62)),
        };
        let is_text: Vec<bool> =
            file.sections.iter().map(|section| file.section_name(bytes, section) == ".text").collect();
        for (section, is_text) in file.sections.iter_mut().zip(is_text) {
            section.is_text = is_text;
        }
        Ok(file)
    }

    pub(super) fn section_name(&self, bytes: &[u8], section: &SectionHeader) -> String {
        self.sections.get(self.names).map_or_else(String::new, |names| string(bytes, names, section.name))
    }

    /// The symbols of a symbol table; none if it lies outside the file.
    pub(super) fn symbols(&self, bytes: &[u8], table: &SectionHeader) -> Vec<SymbolEntry> {
        if !matches!(table.kind, SHT_SYMTAB | SHT_DYNSYM) {
            return Vec::new();
        }
        let names = self.sections.get(table.link as usize);
        super::bytes_of(bytes, table.offset, table.size)
            .unwrap_or(&[])
            .chunks_exact(24)
            .map(|entry| {
                let fields = Fields(entry);
                SymbolEntry {
                    name: names.map_or_else(String::new, |names| string(bytes, names, fields.u32(0))),
                    kind: entry.get(4).map_or(0, |info| info & 15),
                    section: fields.u16(6),
                    value: fields.u64(8),
                    size: fields.u64(16),
                }
            })
            .collect()
    }

    pub(super) fn relocations(&self, bytes: &[u8], table: &SectionHeader) -> Vec<Relocation> {
        super::bytes_of(bytes, table.offset, table.size)
            .unwrap_or(&[])
            .chunks_exact(16)
            .map(|entry| {
                let fields = Fields(entry);
                let info = fields.u64(8);
                Relocation {
                    offset: fields.u64(0),
                    symbol: (info >> 32) as usize,
                    is_call: info & 0xffff_ffff == R_BPF_64_32,
                }
            })
            .collect()
    }

    /// Read-only bytes at an address of the running program.
    pub(super) fn memory<'a>(
        &self,
        bytes: &'a [u8],
        version: Version,
        address: u64,
        len: u64,
    ) -> Option<&'a [u8]> {
        let (base, offset, size) = match version {
            Version::V3 => {
                let segment =
                    self.segments.iter().find(|segment| segment.is_loaded() && !segment.is_executable())?;
                (segment.address, segment.offset, segment.size)
            }
            Version::V0 => {
                let image = crate::elf::v0::IMAGE_ADDRESS;
                let section = self.sections.iter().find(|section| {
                    let start = image.wrapping_add(section.address);
                    address >= start && address - start < section.size && section.address != 0
                })?;
                (image.wrapping_add(section.address), section.offset, section.size)
            }
        };
        let within = address.checked_sub(base)?;
        if within.checked_add(len)? > size {
            return None;
        }
        super::bytes_of(bytes, offset.checked_add(within)?, len)
    }
}

/// The entries of a header table, if all of it lies in the file.
fn table(
    bytes: &[u8],
    offset: u64,
    stride: u16,
    wanted: u16,
    count: u16,
) -> Option<impl Iterator<Item = &[u8]>> {
    let size = u64::from(wanted) * u64::from(count);
    if count != 0 && stride != wanted {
        return None;
    }
    let all = if count == 0 { &[] } else { super::bytes_of(bytes, offset, size)? };
    Some(all.chunks_exact(usize::from(wanted)))
}

fn string(bytes: &[u8], table: &SectionHeader, at: u32) -> String {
    let strings = super::bytes_of(bytes, table.offset, table.size).unwrap_or(&[]);
    let rest = strings.get(at as usize..).unwrap_or(&[]);
    let end = rest.iter().take(MAX_NAME_BYTES).position(|byte| *byte == 0);
    let name = rest.get(..end.unwrap_or(rest.len().min(MAX_NAME_BYTES))).unwrap_or(&[]);
    String::from_utf8_lossy(name).into_owned()
}
