//! What a built program tells about itself: its provenance, and on request its interface, in sections that no loader takes.
//!
//! Start with [`describe`].

use crate::code::{Artifact, BuildOptions};
use crate::cost::interface_with_costs;
use crate::db::SourceFile;
use crate::declared::interface;
use crate::modules::program;
use ovsm_base::Diagnostic;
use ovsm_interface::provenance::{INTERFACE_SECTION, Provenance, SECTION, hash, source_hash};
use ovsm_ir::passes::OptLevel;
use ovsm_sbpf::Version;

/// What goes into the file beside the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// The interface, for `ovsmc diff` and whoever wants to call the program.
    pub interface: bool,
    /// The hash of the file that fixes the versions of the dependencies.
    pub lock: Option<[u8; 32]>,
}

/// The word for building with the interface inside.
const INTERFACE: &str = "interface";

/// Adds to a built program where it comes from. A program without symbols has no sections, and stays as it is.
///
/// # Errors
/// E0306 if the file becomes too large.
pub fn describe(
    db: &dyn salsa::Database,
    file: SourceFile,
    options: &BuildOptions,
    description: &Description,
    artifact: &mut Artifact,
) -> Result<(), Diagnostic> {
    let interface = interface(db, file);
    let mut words = vec![version_word(options.version).to_string(), level_word(options.level).to_string()];
    if description.interface {
        words.push(INTERFACE.to_string());
    }
    let provenance = Provenance {
        compiler: env!("CARGO_PKG_VERSION").to_string(),
        options: words,
        source: source_hash_of(db, file),
        interface: interface.hash(),
        loaded: hash(&ovsm_sbpf::loaded_bytes(&artifact.program.elf).unwrap_or_default()),
        lock: description.lock,
    };
    let mut notes = vec![(SECTION, provenance.to_text().into_bytes())];
    if description.interface {
        let described = interface_with_costs(db, file, artifact);
        notes.push((INTERFACE_SECTION, described.to_text().into_bytes()));
    }
    ovsm_sbpf::add_notes(&mut artifact.program, notes)
}

/// The hash of the texts of a program.
pub fn source_hash_of(db: &dyn salsa::Database, file: SourceFile) -> [u8; 32] {
    let files = program(db, file).iter();
    let modules: Vec<(&str, &str)> =
        files.map(|file| (file.module(db).as_str(), file.text(db).as_str())).collect();
    source_hash(&modules)
}

/// How a program was built, if this compiler has such options.
pub fn options_of(provenance: &Provenance) -> Option<(BuildOptions, Description)> {
    let version =
        [Version::V0, Version::V3].into_iter().find(|it| provenance.has_option(version_word(*it)))?;
    let level = OptLevel::ALL.into_iter().find(|level| provenance.has_option(level_word(*level)))?;
    let description = Description { interface: provenance.has_option(INTERFACE), lock: provenance.lock };
    Some((BuildOptions { level, version, symbols: true }, description))
}

fn version_word(version: Version) -> &'static str {
    match version {
        Version::V0 => "v0",
        Version::V3 => "v3",
    }
}

fn level_word(level: OptLevel) -> &'static str {
    match level {
        OptLevel::O0 => "O0",
        OptLevel::O1 => "O1",
        OptLevel::Os => "Os",
        OptLevel::O2 => "O2",
        OptLevel::O3 => "O3",
    }
}
