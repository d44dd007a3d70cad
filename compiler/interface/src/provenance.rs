//! Where a built program comes from: a few lines of text in a section of its file that no loader takes.
//!
//! They name the compiler, its options, and the hashes of the sources, of the interface, of the locked dependencies and of
//! what is loaded, so that anybody can build the program again and compare. Start with [`Provenance`].

use crate::model::{from_hex, hex};
use sha2::{Digest, Sha256};

/// The section of a program that tells where it comes from.
pub const SECTION: &str = ".ovsm.origin";

/// The section of a program that holds its interface.
pub const INTERFACE_SECTION: &str = ".ovsm.interface";

/// The first line of the text.
const HEAD: &str = "ovsm-provenance 1";

/// Longer texts are not read.
const MAX_BYTES: usize = 4096;

/// Where a program comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// The version of the compiler.
    pub compiler: String,
    /// How it was asked to build, as words.
    pub options: Vec<String>,
    /// The hash of the sources.
    pub source: [u8; 32],
    /// The hash of the interface.
    pub interface: [u8; 32],
    /// The hash of what is loaded.
    pub loaded: [u8; 32],
    /// The hash of the file that fixes the versions of the dependencies, if there is one.
    pub lock: Option<[u8; 32]>,
}

impl Provenance {
    /// The text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\ncompiler {}\noptions {}\n", self.compiler, self.options.join(" "));
        let hashes = [
            ("source", Some(self.source)),
            ("interface", Some(self.interface)),
            ("loaded", Some(self.loaded)),
            ("lock", self.lock),
        ];
        for (name, hash) in hashes {
            if let Some(hash) = hash {
                text.push_str(&format!("{name} {}\n", hex(&hash)));
            }
        }
        text
    }

    /// Reads the text. Lines that are not known belong to newer compilers and are passed over.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_bytes(bytes: &[u8]) -> Result<Provenance, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_string())?;
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(format!("it does not begin with the line `{HEAD}`"));
        }
        let lines: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(' ')).collect();
        let line = |wanted: &str| lines.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let hash = |wanted: &str| match line(wanted) {
            Some(value) => match bytes_of_hex(value) {
                Some(hash) => Ok(Some(hash)),
                None => Err(format!("its line `{wanted}` is no SHA-256")),
            },
            None => Ok(None),
        };
        let needed = |wanted: &str| hash(wanted)?.ok_or_else(|| format!("it has no line `{wanted}`"));
        let is_word = |word: &str| word.chars().all(|character| character.is_ascii_graphic());
        let compiler = line("compiler").ok_or("it has no line `compiler`")?.to_string();
        let options: Vec<String> = line("options")
            .ok_or("it has no line `options`")?
            .split_whitespace()
            .map(str::to_string)
            .collect();
        // They are shown to people.
        if !is_word(&compiler) || !options.iter().all(|option| is_word(option)) {
            return Err("it has characters that do not belong there".to_string());
        }
        Ok(Provenance {
            compiler,
            options,
            source: needed("source")?,
            interface: needed("interface")?,
            loaded: needed("loaded")?,
            lock: hash("lock")?,
        })
    }

    /// True if a word is among the options.
    pub fn has_option(&self, word: &str) -> bool {
        self.options.iter().any(|option| option == word)
    }
}

fn bytes_of_hex(text: &str) -> Option<[u8; 32]> {
    from_hex(text)?.try_into().ok()
}

/// The SHA-256 of bytes.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The hash of the modules of a program, by their names. Of one module it is that of its text, as `sha256sum` prints it; of
/// several that of the lines `hash  name`, sorted by name.
pub fn source_hash(modules: &[(&str, &str)]) -> [u8; 32] {
    if let [(_, text)] = modules {
        return hash(text.as_bytes());
    }
    let mut sorted = modules.to_vec();
    sorted.sort_unstable();
    let lines: String =
        sorted.iter().map(|(name, text)| format!("{}  {name}\n", hex(&hash(text.as_bytes())))).collect();
    hash(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Provenance {
        Provenance {
            compiler: "0.1.0".to_string(),
            options: vec!["v3".to_string(), "O2".to_string()],
            source: [1; 32],
            interface: [2; 32],
            loaded: [3; 32],
            lock: None,
        }
    }

    #[test]
    fn the_text_reads_back() {
        let with_lock = Provenance { lock: Some([4; 32]), ..sample() };
        for provenance in [sample(), with_lock] {
            assert_eq!(Provenance::from_bytes(provenance.to_text().as_bytes()), Ok(provenance));
        }
    }

    #[test]
    fn damaged_text_is_refused_or_read_as_something_else() {
        let text = sample().to_text();
        for at in 0..text.len() {
            for byte in [0, b' ', b'\n', b'z', 0xff] {
                let mut bytes = text.clone().into_bytes();
                let old = bytes[at];
                bytes[at] = byte;
                match Provenance::from_bytes(&bytes) {
                    Ok(read) => assert!(old == byte || read != sample() || bytes.ends_with(&[byte]), "{at}"),
                    Err(reason) => assert!(!reason.is_empty()),
                }
            }
            assert!(at + 1 == text.len() || Provenance::from_bytes(&text.as_bytes()[..at]).is_err());
        }
    }

    #[test]
    fn one_module_is_hashed_as_it_stands() {
        assert_eq!(source_hash(&[("main", "abc")]), hash(b"abc"));
        let two = source_hash(&[("b", "1"), ("a", "2")]);
        assert_eq!(two, source_hash(&[("a", "2"), ("b", "1")]));
        assert_ne!(two, source_hash(&[("a", "1"), ("b", "2")]));
    }
}
