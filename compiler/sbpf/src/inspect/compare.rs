//! Parts of a file by their names, what of it the loader takes, and where two files differ first. Any file may come in: what
//! can not be read is not there.

use super::reader::{ElfFile, SHT_REL, SectionHeader};
use super::{bytes_of, find_text};
use crate::isa::{Slot, Version};

/// The bytes of the section of a name, if the file has one.
pub fn section<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let file = ElfFile::parse(bytes).ok()?;
    let found = file.sections.iter().find(|section| file.section_name(bytes, section) == name)?;
    bytes_of(bytes, found.offset, found.size)
}

/// What a loader takes from the file: the segments of version 3; of older versions the code, the constants and the
/// relocations. Names, symbols and notes are not among it.
pub fn loaded_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = ElfFile::parse(bytes).ok()?;
    let parts: Vec<(u64, u64, u64)> = match file.flags {
        3.. => {
            let segments = file.segments.iter().filter(|segment| segment.is_loaded());
            segments.map(|segment| (segment.address, segment.offset, segment.size)).collect()
        }
        _ => {
            let is_loaded = |section: &&SectionHeader| {
                let name = file.section_name(bytes, section);
                let is_code = matches!(name.as_str(), ".text" | ".rodata" | ".data.rel.ro" | ".eh_frame");
                is_code || section.kind == SHT_REL
            };
            let sections = file.sections.iter().filter(is_loaded);
            sections.map(|section| (section.address, section.offset, section.size)).collect()
        }
    };
    // A hostile file may have many parts that overlap.
    let total = parts.iter().try_fold(0u64, |sum, (_, _, size)| sum.checked_add(*size))?;
    if total > bytes.len() as u64 {
        return None;
    }
    let mut loaded = file.entry.to_le_bytes().to_vec();
    for (address, offset, size) in parts {
        loaded.extend(address.to_le_bytes());
        loaded.extend(bytes_of(bytes, offset, size)?);
    }
    Some(loaded)
}

/// Where two files differ first, in words; `None` if they are the same. Zeros at the end of the first one do not count: a
/// program account may be longer than its program.
pub fn difference(found: &[u8], expected: &[u8]) -> Option<String> {
    let first_after =
        |start: usize| Some(start + found.iter().zip(expected).skip(start).position(|(a, b)| a != b)?);
    // What is in the headers follows from what comes after them.
    let headers = ElfFile::parse(expected).map_or(0, |file| 64 + 56 * file.segments.len());
    let Some(at) = first_after(headers).or_else(|| first_after(0)) else {
        let rest = found.get(expected.len()..);
        return match rest {
            Some(rest) if rest.iter().all(|byte| *byte == 0) => None,
            Some(_) => Some(format!("the file has {} bytes, and {} were built", found.len(), expected.len())),
            None => Some(format!("the file ends after {} bytes, and more were built", found.len())),
        };
    };
    let place = match ElfFile::parse(expected) {
        Ok(file) => place_of(&file, expected, found, at),
        Err(_) => String::new(),
    };
    let (a, b) = (found.get(at).copied().unwrap_or(0), expected.get(at).copied().unwrap_or(0));
    Some(format!("at byte {at:#x}{place}: {a:#04x} in the file, {b:#04x} was built"))
}

/// What lies at an offset of a file.
fn place_of(file: &ElfFile, bytes: &[u8], other: &[u8], at: usize) -> String {
    let at = at as u64;
    let version = if file.flags >= 3 { Version::V3 } else { Version::V0 };
    if let Some(text) = find_text(file, version)
        && let Some(distance) = at.checked_sub(text.offset)
        && distance < text.size
    {
        let slot = distance / 8;
        let line = |bytes: &[u8]| {
            let slot =
                bytes_of(bytes, text.offset + slot * 8, 8).and_then(|bytes| bytes.first_chunk().copied());
            match slot {
                Some(slot) => {
                    let listing =
                        crate::disassemble::Disassembly::new(&[Slot::decode(slot)], version).to_text();
                    listing.lines().next_back().unwrap_or_default().trim().to_string()
                }
                None => "nothing".to_string(),
            }
        };
        return format!(
            ", instruction {slot} of the code (`{}`, and `{}` was built)",
            line(other),
            line(bytes)
        );
    }
    if at < 64 {
        return ", in the header of the file".to_string();
    }
    let section = file.sections.iter().find(|section| {
        at.checked_sub(section.offset).is_some_and(|distance| distance < section.size && section.offset > 0)
    });
    match section {
        Some(section) => {
            format!(", in the section {}", crate::disassemble::printable(&file.section_name(bytes, section)))
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_do_not_count() {
        assert_eq!(difference(b"abc\0\0", b"abc"), None);
        assert_eq!(difference(b"abc", b"abc"), None);
        assert!(difference(b"abcd", b"abc").unwrap().contains("4 bytes, and 3"));
        assert!(difference(b"ab", b"abc").unwrap().contains("ends after 2 bytes"));
        assert!(difference(b"abx", b"abc").unwrap().starts_with("at byte 0x2"));
    }
}
