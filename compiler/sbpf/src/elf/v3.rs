//! The container of sBPF v3: two segments back to back, no relocations; sections are for people only.

use super::{
    EM_BPF, HEADER_BYTES, Header, Image, SEGMENT_BYTES, SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS, SHT_STRTAB,
    SHT_SYMTAB, Section, Strings, pad_to_8, symbol_name, write_symbol,
};

/// Where the text lies; the read-only bytes lie at 0.
pub const TEXT_ADDRESS: u64 = 0x1_0000_0000;

const PF_X: u32 = 1;
const PF_R: u32 = 4;

/// The file.
pub fn write(mut image: Image) -> Vec<u8> {
    for (slot, offset) in &image.data_references {
        if let Some(slot) = image.text.get_mut(*slot) {
            slot.imm = *offset as i32;
        }
    }
    pad_to_8(&mut image.rodata);
    let has_rodata = !image.rodata.is_empty();
    let segments: u16 = if has_rodata { 2 } else { 1 };
    let rodata_offset = HEADER_BYTES + SEGMENT_BYTES * u64::from(segments);
    let rodata_size = image.rodata.len() as u64;
    let text_offset = rodata_offset + rodata_size;
    let text_size = image.text.len() as u64 * 8;
    let text_end = text_offset + text_size;

    let mut tail = Vec::new();
    let (mut sections, mut notes) = (Vec::new(), Vec::new());
    if !image.symbols.is_empty() {
        // One string table serves sections and symbols.
        let mut names = Strings::new();
        let name = |names: &mut Strings, text: &str| names.add(text);
        sections.push(Section::default());
        if has_rodata {
            sections.push(Section {
                name: name(&mut names, ".rodata"),
                kind: SHT_PROGBITS,
                flags: SHF_ALLOC,
                address: 0,
                offset: rodata_offset,
                size: rodata_size,
                align: 8,
                ..Section::default()
            });
        }
        let text_index = sections.len() as u16;
        sections.push(Section {
            name: name(&mut names, ".text"),
            kind: SHT_PROGBITS,
            flags: SHF_ALLOC | SHF_EXECINSTR,
            address: TEXT_ADDRESS,
            offset: text_offset,
            size: text_size,
            align: 8,
            ..Section::default()
        });
        let symtab_name = name(&mut names, ".symtab");
        let strtab_name = name(&mut names, ".strtab");
        write_symbol(&mut tail, 0, 0, 0, 0);
        // The null symbol has no binding either.
        if let Some(info) = tail.get_mut(4) {
            *info = 0;
        }
        for (text, first, slots) in &image.symbols {
            let name = names.add(&symbol_name(text));
            write_symbol(&mut tail, name, text_index, TEXT_ADDRESS + *first as u64 * 8, *slots as u64 * 8);
        }
        let symtab_size = tail.len() as u64;
        for (note, bytes) in &image.notes {
            let section = Section {
                name: names.add(note),
                kind: SHT_PROGBITS,
                offset: text_end + tail.len() as u64,
                size: bytes.len() as u64,
                align: 1,
                ..Section::default()
            };
            notes.push(section);
            tail.extend(bytes);
        }
        let strtab_offset = text_end + tail.len() as u64;
        let strtab_index = (sections.len() + notes.len()) as u32 + 1;
        sections.push(Section {
            name: symtab_name,
            kind: SHT_SYMTAB,
            offset: text_end,
            size: symtab_size,
            link: strtab_index,
            info: 1,
            align: 8,
            entry_size: 24,
            ..Section::default()
        });
        sections.append(&mut notes);
        sections.push(Section {
            name: strtab_name,
            kind: SHT_STRTAB,
            offset: strtab_offset,
            size: names.bytes().len() as u64,
            align: 1,
            ..Section::default()
        });
        tail.extend(names.bytes());
        pad_to_8(&mut tail);
    }

    let mut out = Vec::new();
    Header {
        machine: EM_BPF,
        flags: 3,
        entry: TEXT_ADDRESS + image.entry as u64 * 8,
        segments,
        sections_offset: if sections.is_empty() { 0 } else { text_end + tail.len() as u64 },
        sections: sections.len() as u16,
        names_index: (sections.len() as u16).saturating_sub(1),
    }
    .write(&mut out);
    if has_rodata {
        segment(&mut out, PF_R, rodata_offset, 0, rodata_size);
    }
    segment(&mut out, PF_X, text_offset, TEXT_ADDRESS, text_size);
    out.extend(&image.rodata);
    for slot in &image.text {
        out.extend(slot.encode());
    }
    out.extend(tail);
    for section in sections {
        section.write(&mut out);
    }
    out
}

fn segment(out: &mut Vec<u8>, flags: u32, offset: u64, address: u64, size: u64) {
    // PT_LOAD
    out.extend(1u32.to_le_bytes());
    out.extend(flags.to_le_bytes());
    for word in [offset, address, address, size, size, 8] {
        out.extend(word.to_le_bytes());
    }
}
