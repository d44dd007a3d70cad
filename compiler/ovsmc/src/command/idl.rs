//! `ovsmc idl`: the interface of a program, in the formats that other tools read.

use super::build::load;
use ovsm_base::Diagnostic;
use ovsm_edge::{Exit, Terminal, output, source};
use ovsm_interface::Interface;
use ovsm_interface::unsaid::{Reader, unsaid};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{BuildOptions, build, diagnostics, interface, interface_with_costs, source_map};
use ovsm_sbpf::Version;
use std::path::{Path, PathBuf};

/// Write the interface of a program for other tools
#[derive(clap::Args)]
#[command(
    after_help = "`codama` is what client generators of the Codama family read, `anchor` the format of Anchor 0.30 and later, \
                  `ovsm` our own: it says the most, also what each instruction costs, and `ovsmc diff` reads it.\n\nExamples:\n  ovsmc idl counter.ovsm\n  \
                  ovsmc idl spirits/counter --format anchor -o counter.json\n  ovsmc idl counter.ovsm --format ovsm -o \
                  counter.interface.json"
)]
pub struct Idl {
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`; `-` reads standard input
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value = "codama")]
    format: Format,
    /// The address of the program, if the program does not state it or has another one where it is used
    #[arg(long, value_name = "KEY", value_parser = key)]
    address: Option<String>,
    /// Where to write it; by default to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A root node of the Codama standard
    Codama,
    /// Version 0.1.0 of Anchor's specification
    Anchor,
    /// Our own
    Ovsm,
}

impl Idl {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let contents = match self.format {
            Format::Ovsm => Contents::WithCosts,
            Format::Codama | Format::Anchor => Contents::Declarations,
        };
        let interface = match of_source(&self.path, self.address.as_deref(), contents, terminal) {
            Ok(interface) => interface,
            Err(exit) => return exit,
        };
        let reader = match self.format {
            Format::Codama => Reader::Codama,
            Format::Anchor => Reader::Anchor,
            Format::Ovsm => Reader::Ovsm,
        };
        tell_unsaid(&interface, reader, terminal);
        let text = match self.format {
            Format::Codama => ovsm_interface::codama::write(&interface),
            Format::Anchor => ovsm_interface::anchor::write(&interface),
            Format::Ovsm => interface.to_pretty_text(),
        };
        match &self.output {
            Some(path) if path != Path::new("-") => match output::write(&[(path.clone(), text.into_bytes())])
            {
                Ok(()) => Exit::Success,
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    Exit::Usage
                }
            },
            _ => terminal.print(&text),
        }
    }
}

/// An address on the command line.
pub(super) fn key(text: &str) -> Result<String, String> {
    match ovsm_interface::model::is_key(text) {
        true => Ok(text.to_string()),
        false => Err("an address is 32 bytes in base58".to_string()),
    }
}

/// Tells which addresses a reader of the interface can not derive.
pub(super) fn tell_unsaid(interface: &Interface, reader: Reader, terminal: &Terminal) {
    for sentence in unsaid(interface, reader) {
        terminal.note(&format!("note: {sentence}"));
    }
}

/// What an interface contains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    /// What the program declares.
    Declarations,
    /// Also what its instructions cost; for that it is built, as `ovsmc build` does it without options.
    WithCosts,
}

/// The interface of the program that a path names; what is wrong is shown.
pub(super) fn of_source(
    path: &Path,
    address: Option<&str>,
    contents: Contents,
    terminal: &Terminal,
) -> Result<Interface, Exit> {
    let main = source::main_file(path).map_err(|diagnostic| {
        terminal.show_placeless(&[*diagnostic]);
        Exit::Usage
    })?;
    let (db, file) = load(&main, terminal)?;
    let found = diagnostics(&db, file);
    if found.iter().any(Diagnostic::is_error) {
        terminal.show(found, &source_map(&db, file));
        return Err(Exit::Program);
    }
    let mut interface = match contents {
        Contents::Declarations => interface(&db, file).clone(),
        Contents::WithCosts => {
            let options = BuildOptions { level: OptLevel::O2, version: Version::V3, symbols: true };
            let artifact = build(&db, file, &options).map_err(|diagnostics| {
                terminal.show(&diagnostics, &source_map(&db, file));
                Exit::Program
            })?;
            interface_with_costs(&db, file, &artifact)
        }
    };
    if let Some(address) = address {
        interface.address = Some(address.to_string());
    }
    Ok(interface)
}
