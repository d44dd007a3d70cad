//! `ovsmc verify`: whether a program is what its source builds.

use super::build::{load, lock_hash};
use super::origin::Origin;
use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Terminal, source};
use ovsm_ir::passes::OptLevel;
use ovsm_query::origin::options_of;
use ovsm_query::{BuildOptions, Description, build, describe, source_map};
use ovsm_sbpf::Version;
use std::path::PathBuf;

/// No program is as large as this.
const MAX_BYTES: u64 = 64 << 20;

/// Check that a program is what its source builds
#[derive(clap::Args)]
#[command(
    after_help = "The program is built again with the options that it names in its provenance, and compared byte for byte; one that names \
                  none is compared with what every level of optimisation builds; zeros \
                  at the end, as in the account of a deployed program, do not count.\n\nExit codes: 0 it is; 1 it is not, or the \
                  source has errors; 2 a file can not be read.\n\nExamples:\n  ovsmc verify counter.so --source counter.ovsm\n  \
                  solana program dump ADDRESS dumped.so && ovsmc verify dumped.so --source spirits/counter"
)]
pub struct Verify {
    /// The ELF file; `-` reads standard input
    file: PathBuf,
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`
    #[arg(long, value_name = "PATH")]
    source: PathBuf,
}

impl Verify {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let read = source::read_bytes(&self.file, MAX_BYTES)
            .and_then(|bytes| source::main_file(&self.source).map(|main| (bytes, main)));
        let (bytes, main) = match read {
            Ok(read) => read,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let (db, file) = match load(&main, terminal) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        let lock = match lock_hash(&main) {
            Ok(lock) => lock,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let origin = Origin::of(&bytes);
        let said = match &origin.provenance {
            Some(Ok(provenance)) => Some(provenance),
            _ => None,
        };
        let attempts = match said.and_then(options_of) {
            Some((options, description)) => vec![(options, Some(Description { lock, ..description }))],
            None => usual_builds(&bytes),
        };
        let shown = (self.file.display(), self.source.display());
        let mut difference = String::new();
        for (options, description) in attempts {
            let built = build(&db, file, &options).and_then(|mut artifact| {
                if let Some(description) = &description {
                    let described = describe(&db, file, &options, description, &mut artifact);
                    described.map_err(|fault| vec![fault])?;
                }
                Ok(artifact)
            });
            let artifact = match built {
                Ok(artifact) => artifact,
                Err(diagnostics) => {
                    terminal.show(&diagnostics, &source_map(&db, file));
                    return Exit::Program;
                }
            };
            match ovsm_sbpf::difference(&bytes, &artifact.program.elf) {
                None => {
                    let size = bytes.len();
                    terminal.note(&format!("verified {}: {size} bytes, built from {}", shown.0, shown.1));
                    return Exit::Success;
                }
                Some(found) if difference.is_empty() => difference = found,
                Some(_) => {}
            }
        }
        let message = format!("`{}` is not what `{}` builds: {difference}", shown.0, shown.1);
        let mut fault = Diagnostic::new(Code::NotReproduced, message);
        match &origin.provenance {
            None => {
                fault = fault
                    .note(
                        "the file has no provenance, so it was compared with what each level of optimisation builds",
                    )
                    .help(
                        "build it without `--strip` and `--no-provenance`, so that it says how it was built",
                    );
            }
            Some(Err(reason)) => fault = fault.note(format!("its provenance can not be read: {reason}")),
            Some(Ok(said)) => {
                let compiler = env!("CARGO_PKG_VERSION");
                let source = ovsm_query::origin::source_hash_of(&db, file);
                if said.compiler != compiler {
                    let text = format!("it was built by version {}, and this is {compiler}", said.compiler);
                    fault = fault.note(text);
                }
                if options_of(said).is_none() {
                    fault = fault.note("it was built with options that this compiler does not know");
                }
                if said.source != source {
                    fault = fault.note("it was built from another source: the hashes differ");
                }
                if said.lock != lock {
                    fault = fault
                        .note("it was built with other dependencies: the hashes of the lock files differ");
                }
                if let Some(reason) = origin.fault() {
                    fault = fault.note(format!("the file {reason}"));
                }
            }
        }
        terminal.show_placeless(&[fault]);
        Exit::Program
    }
}

/// What may have built a file that does not say it: all levels, without provenance, and without sections if it has none.
fn usual_builds(bytes: &[u8]) -> Vec<(BuildOptions, Option<Description>)> {
    let report = ovsm_sbpf::inspect(bytes).ok();
    let version = match &report {
        Some(report) if report.version == 0 => Version::V0,
        _ => Version::V3,
    };
    let symbols = report.is_none_or(|report| !report.symbols.is_empty());
    [OptLevel::O2, OptLevel::Os, OptLevel::O3, OptLevel::O1, OptLevel::O0]
        .into_iter()
        .map(|level| (BuildOptions { level, version, symbols }, None))
        .collect()
}
