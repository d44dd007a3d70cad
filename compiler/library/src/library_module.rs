//! The modules of the library: which built-in functions belong to each, and the text of what is written in OVSM.
//!
//! Nothing here reads or runs a text: whoever imports a module does that. Start with [`modules`].

use crate::native::{Native, find, get, table};
use ovsm_value::NativeId;

/// A module of the library.
#[derive(Debug)]
pub struct LibraryModule {
    /// Its name: `std/list`.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// The part that is written in OVSM.
    pub source: Option<&'static str>,
    /// Names that belong to it although the reference lists them elsewhere: built-in functions of another module,
    /// and definitions of the prelude.
    pub also: &'static [&'static str],
}

/// The module of the other names of built-in functions, as other languages have them.
pub const COMPAT: &str = "std/compat";

macro_rules! source {
    ($name:literal) => {
        Some(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/", $name, ".ovsm")))
    };
}

/// What every module sees without an import, and is written in OVSM.
pub const PRELUDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stdlib/std/prelude.ovsm"));

const fn native(name: &'static str, doc: &'static str, also: &'static [&'static str]) -> LibraryModule {
    LibraryModule { name, doc, source: None, also }
}

/// Every module, sorted by name.
pub fn modules() -> &'static [LibraryModule] {
    MODULES
}

/// The module of this name.
pub fn module(name: &str) -> Option<&'static LibraryModule> {
    MODULES.iter().find(|module| module.name == name)
}

const MODULES: &[LibraryModule] = &[
    native(
        "std/base58",
        "Bytes as base58 text, the form of keys and signatures on Solana.",
        &["base58-encode", "base58-decode", "base58-decode-string"],
    ),
    native(
        "std/base64",
        "Bytes as base64 text.",
        &["base64-encode", "base64-url-encode", "base64-decode", "base64-decode-string", "base64-decode-raw"],
    ),
    native("std/borsh", "Values as bytes in the Borsh format.", &[]),
    native(
        "std/bytes",
        "Byte strings: parts of them, and integers in them.",
        &["bytes", "bytes?", "bytes->string"],
    ),
    LibraryModule {
        source: source!("std/char"),
        ..native(
            "std/char",
            "Characters: their kinds, their code points, their digits.",
            &[
                "char",
                "char?",
                "char-code",
                "char-equal",
                "char-greaterp",
                "char-lessp",
                "char/=",
                "chars",
                "chr",
                "ord",
                "alnum?",
                "alpha?",
                "both-case-p",
                "digit?",
                "lower?",
                "space?",
                "upper?",
                "upper",
                "lower",
            ],
        )
    },
    native(
        COMPAT,
        "Other names of built-in functions, as other languages have them; the lint `compat-name` writes the main name.",
        &[],
    ),
    native(
        "std/core",
        "Numbers, comparison, conversion, places and errors.",
        &["compose", "partial", "complement", "constantly", "juxt"],
    ),
    native("std/decimal", "Decimal numbers: exact, with a scale.", &["decimal", "decimal?"]),
    native("std/encoding", "Bytes as base58, base64 and hexadecimal text.", &[]),
    native("std/format", "Text with directives, as in Common Lisp.", &[]),
    native("std/hash", "Digests and check sums.", &[]),
    native("std/hash-table", "Tables that are changed in place.", &["hash-table", "hash-table?"]),
    native("std/hex", "Bytes as hexadecimal text.", &["hex-encode", "hex-decode", "hex-decode-string"]),
    native(
        "std/io",
        "Printing, reading, files and folders, the arguments and the environment of a script.",
        &["princ", "prin1", "terpri", "princ-to-string"],
    ),
    LibraryModule {
        source: source!("std/iter"),
        ..native("std/iter", "Iterators: sequences that are computed item by item.", &[])
    },
    native("std/json", "JSON texts.", &[]),
    LibraryModule {
        source: source!("std/list"),
        ..native("std/list", "Sequences: arrays, lists, strings, ranges.", &[])
    },
    LibraryModule { source: source!("std/math"), ..native("std/math", "Mathematics and statistics.", &[]) },
    LibraryModule {
        source: source!("std/object"),
        ..native("std/object", "Objects: keys and values.", &["object?"])
    },
    native("std/random", "Random numbers.", &[]),
    native("std/regex", "Regular expressions.", &[]),
    LibraryModule { source: source!("std/set"), ..native("std/set", "Sets.", &["set?"]) },
    LibraryModule {
        source: source!("std/stream"),
        ..native("std/stream", "Streams: lists whose rest is computed when it is needed, and then kept.", &[])
    },
    LibraryModule {
        source: source!("std/string"),
        ..native("std/string", "Texts.", &["str", "string?", "number->string"])
    },
    native("std/task", "Tasks: functions that take turns with the rest of the script.", &["task?"]),
    native(
        "std/test",
        "Assertions, and generators of values for properties.",
        &[
            "assert",
            "gen-int",
            "gen-bool",
            "gen-float",
            "gen-of",
            "gen-one-of",
            "gen-array",
            "gen-list",
            "gen-tuple",
            "gen-char",
            "gen-string",
            "gen-bytes",
            "gen-object",
            "gen-map",
            "gen-such-that",
        ],
    ),
    native("std/time", "Points in time and durations.", &[]),
];

impl LibraryModule {
    /// The built-in function of this name, if it belongs to the module.
    pub fn native(&self, name: &str) -> Option<NativeId> {
        find(name).filter(|id| get(*id).is_some_and(|native| self.owns(native, name)))
    }

    /// The built-in functions that belong to it, by name.
    pub fn natives(&self) -> Vec<&'static Native> {
        let mut natives: Vec<&'static Native> =
            table().iter().copied().filter(|native| self.owns(native, native.name)).collect();
        natives.sort_by_key(|native| native.name);
        natives
    }

    /// Whether the name is that of a definition of the prelude that belongs to it.
    pub fn has_of_prelude(&self, name: &str) -> bool {
        self.also.contains(&name) && find(name).is_none()
    }

    /// All names that it has in Rust and in the prelude.
    pub fn names(&self) -> Vec<&'static str> {
        let natives = table().iter().flat_map(|native| {
            std::iter::once(&native.name).chain(native.aliases).filter(|name| self.owns(native, name))
        });
        let prelude = self.also.iter().filter(|name| self.has_of_prelude(name));
        natives.chain(prelude).copied().collect()
    }

    fn owns(&self, native: &Native, name: &str) -> bool {
        match self.name {
            COMPAT => native.aliases.contains(&name),
            own => native.module == own || self.also.contains(&native.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_sorted_and_have_names() {
        assert!(MODULES.is_sorted_by(|a, b| a.name < b.name));
        for module in MODULES {
            assert!(!module.doc.is_empty());
            assert!(!module.names().is_empty() || module.source.is_some(), "`{}` is empty", module.name);
        }
    }

    #[test]
    fn every_built_in_is_in_a_module() {
        for native in table() {
            let is_hidden = matches!(native.module, "std/internal" | "solana/program");
            assert!(is_hidden || module(native.module).is_some(), "`{}`: {}", native.name, native.module);
        }
    }

    #[test]
    fn a_name_belongs_to_its_modules_only() {
        let base58 = module("std/base58").unwrap();
        assert!(base58.native("base58-encode").is_some());
        assert!(base58.native("base64-encode").is_none());
        assert!(module(COMPAT).unwrap().native("mapcar").is_some());
        assert!(module(COMPAT).unwrap().native("map").is_none());
    }
}
