//! The container of sBPF v0: sections count, syscalls are resolved through relocations. Addresses of constants are
//! final in the text, so that syscalls are the only relocations.

use super::{
    EM_SBPF, HEADER_BYTES, Header, Image, SHF_ALLOC, SHF_EXECINSTR, SHT_DYNAMIC, SHT_DYNSYM, SHT_PROGBITS,
    SHT_REL, SHT_STRTAB, SHT_SYMTAB, Section, Strings, pad_to_8, symbol_name, write_symbol,
};
use ovsm_base::syscall::Syscall;

/// Where the file image is mapped.
pub const IMAGE_ADDRESS: u64 = 0x1_0000_0000;

/// The relocation of a call by name.
const R_BPF_64_32: u64 = 10;

/// The file.
pub fn write(mut image: Image) -> Vec<u8> {
    pad_to_8(&mut image.rodata);
    let text_offset = HEADER_BYTES;
    let text_size = image.text.len() as u64 * 8;
    let rodata_offset = text_offset + text_size;
    for (slot, offset) in &image.data_references {
        let address = IMAGE_ADDRESS + rodata_offset + u64::from(*offset);
        if let Some(low) = image.text.get_mut(*slot) {
            low.imm = address as u32 as i32;
        }
        if let Some(high) = image.text.get_mut(slot + 1) {
            high.imm = (address >> 32) as i32;
        }
    }

    let mut file = File { body: Vec::new(), sections: vec![Section::default()], names: Strings::new() };
    for slot in &image.text {
        file.body.extend(slot.encode());
    }
    let entry = text_offset + image.entry as u64 * 8;
    file.loaded(".text", SHF_ALLOC | SHF_EXECINSTR, text_offset, text_size);
    if !image.rodata.is_empty() {
        file.body.extend(&image.rodata);
        file.loaded(".rodata", SHF_ALLOC, rodata_offset, image.rodata.len() as u64);
    }
    if !image.syscalls.is_empty() {
        file.dynamic(&image.syscalls);
    }
    if !image.symbols.is_empty() {
        file.symbols(&image.symbols, &image.notes);
    }
    file.finish(entry)
}

struct File {
    /// Everything after the file header.
    body: Vec<u8>,
    sections: Vec<Section>,
    /// Names of sections and, if they are written, of functions.
    names: Strings,
}

impl File {
    fn offset(&self) -> u64 {
        HEADER_BYTES + self.body.len() as u64
    }

    fn loaded(&mut self, name: &str, flags: u64, offset: u64, size: u64) {
        let name = self.names.add(name);
        self.sections.push(Section {
            name,
            kind: SHT_PROGBITS,
            flags,
            address: offset,
            offset,
            size,
            align: 8,
            ..Section::default()
        });
    }

    /// Adds `bytes` as a section of linking information and gives its address.
    fn linking(&mut self, name: &str, kind: u32, link: u32, entry_size: u64, bytes: &[u8]) -> u64 {
        let name = self.names.add(name);
        let offset = self.offset();
        self.sections.push(Section {
            name,
            kind,
            flags: SHF_ALLOC,
            address: offset,
            offset,
            size: bytes.len() as u64,
            link,
            info: u32::from(kind == SHT_DYNSYM),
            align: 8,
            entry_size,
        });
        self.body.extend(bytes);
        pad_to_8(&mut self.body);
        offset
    }

    fn dynamic(&mut self, calls: &[(usize, Syscall)]) {
        let mut used: Vec<Syscall> = calls.iter().map(|(_, syscall)| *syscall).collect();
        used.sort_unstable();
        used.dedup();
        let mut names = Strings::new();
        let mut symbols = vec![0u8; 24];
        for syscall in &used {
            let name = names.add(syscall.name());
            write_symbol(&mut symbols, name, 0, 0, 0);
        }
        let mut relocations = Vec::new();
        for (slot, syscall) in calls {
            let symbol = used.iter().position(|other| other == syscall).map_or(0, |n| n as u64 + 1);
            relocations.extend((HEADER_BYTES + *slot as u64 * 8).to_le_bytes());
            relocations.extend((R_BPF_64_32 | (symbol << 32)).to_le_bytes());
        }
        let dynsym_index = self.sections.len() as u32;
        let dynsym = self.linking(".dynsym", SHT_DYNSYM, dynsym_index + 1, 24, &symbols);
        let dynstr = self.linking(".dynstr", SHT_STRTAB, 0, 0, names.bytes());
        let rel = self.linking(".rel.dyn", SHT_REL, dynsym_index, 16, &relocations);
        let mut table = Vec::new();
        // DT_REL, DT_RELSZ, DT_RELENT, DT_SYMTAB, DT_SYMENT, DT_STRTAB, DT_STRSZ, DT_NULL
        let entries = [
            (17u64, rel),
            (18, relocations.len() as u64),
            (19, 16),
            (6, dynsym),
            (11, 24),
            (5, dynstr),
            (10, names.bytes().len() as u64),
            (0, 0),
        ];
        for (tag, value) in entries {
            table.extend(tag.to_le_bytes());
            table.extend(value.to_le_bytes());
        }
        self.linking(".dynamic", SHT_DYNAMIC, dynsym_index + 1, 16, &table);
    }

    /// The symbols, and with them what is not loaded.
    fn symbols(&mut self, symbols: &[(String, usize, usize)], notes: &[(&str, Vec<u8>)]) {
        let mut table = vec![0u8; 24];
        for (name, first, slots) in symbols {
            let name = self.names.add(&symbol_name(name));
            write_symbol(&mut table, name, 1, HEADER_BYTES + *first as u64 * 8, *slots as u64 * 8);
        }
        let name = self.names.add(".symtab");
        let offset = self.offset();
        let link = (self.sections.len() + notes.len()) as u32 + 1;
        self.sections.push(Section {
            name,
            kind: SHT_SYMTAB,
            offset,
            size: table.len() as u64,
            link,
            info: 1,
            align: 8,
            entry_size: 24,
            ..Section::default()
        });
        self.body.extend(table);
        for (note, bytes) in notes {
            let (name, offset) = (self.names.add(note), self.offset());
            self.sections.push(Section {
                name,
                kind: SHT_PROGBITS,
                offset,
                size: bytes.len() as u64,
                align: 1,
                ..Section::default()
            });
            self.body.extend(bytes);
        }
    }

    fn finish(mut self, entry: u64) -> Vec<u8> {
        let name = self.names.add(".strtab");
        let offset = self.offset();
        self.sections.push(Section {
            name,
            kind: SHT_STRTAB,
            offset,
            size: self.names.bytes().len() as u64,
            align: 1,
            ..Section::default()
        });
        self.body.extend(self.names.bytes());
        pad_to_8(&mut self.body);
        let mut out = Vec::new();
        Header {
            machine: EM_SBPF,
            flags: 0,
            entry,
            segments: 0,
            sections_offset: self.offset(),
            sections: self.sections.len() as u16,
            names_index: self.sections.len() as u16 - 1,
        }
        .write(&mut out);
        out.extend(self.body);
        for section in self.sections {
            section.write(&mut out);
        }
        out
    }
}
