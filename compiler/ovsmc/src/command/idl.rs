//! `ovsmc idl`: the interface of a program, in the formats that other tools read.

use super::build::load;
use ovsm_base::Diagnostic;
use ovsm_edge::{Exit, Terminal, output, source};
use ovsm_interface::Interface;
use ovsm_query::{diagnostics, interface, source_map};
use std::path::{Path, PathBuf};

/// Write the interface of a program for other tools
#[derive(clap::Args)]
#[command(
    after_help = "`codama` is what client generators of the Codama family read, `anchor` the format of Anchor 0.30 and later, \
                  `ovsm` our own: it says the most, and `ovsmc diff` reads it.\n\nExamples:\n  ovsmc idl counter.ovsm\n  \
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
        let interface = match of_source(&self.path, self.address.as_deref(), terminal) {
            Ok(interface) => interface,
            Err(exit) => return exit,
        };
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

/// The interface of the program that a path names; what is wrong is shown.
pub(super) fn of_source(path: &Path, address: Option<&str>, terminal: &Terminal) -> Result<Interface, Exit> {
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
    let mut interface = interface(&db, file).clone();
    if let Some(address) = address {
        interface.address = Some(address.to_string());
    }
    Ok(interface)
}
