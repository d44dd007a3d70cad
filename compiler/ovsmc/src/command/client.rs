//! `ovsmc client`: source code in another language that calls a program.

use super::idl::{Contents, key, of_source, tell_unsaid};
use ovsm_edge::{Exit, Terminal, output};
use ovsm_interface::unsaid::Reader;
use std::path::PathBuf;

/// Write a client of a program in another language
#[derive(clap::Args)]
#[command(
    after_help = "The client has the builders of instructions, the accounts and events with their layouts, derived addresses \
                  and errors. The folder is made if it is not there; only the files of the client are written.\n\nExamples:\n  \
                  ovsmc client counter.ovsm --language typescript -o client\n  ovsmc client spirits/counter --language rust \
                  -o clients/rust"
)]
pub struct Client {
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`; `-` reads standard input
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The language
    #[arg(long, value_enum)]
    language: Language,
    /// The address of the program, if the program does not state it or has another one where it is used
    #[arg(long, value_name = "KEY", value_parser = key)]
    address: Option<String>,
    /// The folder to write to
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    /// For `@solana/kit`
    Typescript,
    /// For `solana-instruction` and `solana-pubkey`
    Rust,
}

impl Client {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let interface = match of_source(&self.path, self.address.as_deref(), Contents::Declarations, terminal)
        {
            Ok(interface) => interface,
            Err(exit) => return exit,
        };
        tell_unsaid(&interface, Reader::Client, terminal);
        let files = match self.language {
            Language::Typescript => ovsm_interface::typescript::write(&interface),
            Language::Rust => ovsm_interface::rust::write(&interface),
        };
        let folder = self.output.join("src");
        let written = std::fs::create_dir_all(&folder)
            .map_err(|error| output::cannot_write(&folder, &error))
            .and_then(|()| {
                let files: Vec<(PathBuf, Vec<u8>)> = files
                    .into_iter()
                    .map(|(path, text)| (self.output.join(path), text.into_bytes()))
                    .collect();
                output::write(&files)
            });
        if let Err(diagnostic) = written {
            terminal.show_placeless(&[*diagnostic]);
            return Exit::Usage;
        }
        let count = interface.instructions.len();
        let plural = if count == 1 { "" } else { "s" };
        terminal.note(&format!("wrote {}: {count} instruction{plural}", self.output.display()));
        Exit::Success
    }
}
