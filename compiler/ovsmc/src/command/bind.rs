//! `ovsmc bind`: a module that calls a program of somebody else, from its description.

use super::idl::key;
use ovsm_base::{Code, Diagnostic};
use ovsm_cst::{FormatOptions, format_source};
use ovsm_edge::{Exit, Terminal, output, source};
use ovsm_interface::bind::module;
use ovsm_interface::foreign::{Foreign, MAX_BYTES};
use std::path::{Path, PathBuf};

/// Write macros that call a program from its interface description
#[derive(clap::Args)]
#[command(
    after_help = "The description is an IDL of Anchor (0.30 and later, or the older format), of Codama, or the output of `ovsmc \
                  idl --format ovsm`. There is a macro for each instruction, which takes accounts and arguments by name, checks \
                  their types, and calls the program with the exact bytes: `(vault-withdraw :vault v :authority a :amount 5)`. \
                  The text can be pasted into a program, and be imported as a module. Types of which \
                  programs have no values, such as records with texts in lists, have a macro that makes their bytes.\n\nExit codes: 0 it is written; 2 the description can not be read, or \
                  nothing in it can be called.\n\nExamples:\n  ovsmc bind vault.json -o src/vault.ovsm\n  ovsmc bind \
                  amm.codama.json --name pool --address 2Ku2pyBLDVdBsWAN1SQ4sAr3sZdHDN2BSyAzYLyuJB28"
)]
pub struct Bind {
    /// The description; `-` reads standard input
    path: PathBuf,
    /// What all names begin with; the name of the program otherwise
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The address of the program, if the description does not say it or it has another one where it is used
    #[arg(long, value_name = "KEY", value_parser = key)]
    address: Option<String>,
    /// Where to write it; by default to standard output
    #[arg(short, long, visible_alias = "out", value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Bind {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let bytes = match source::read_bytes(&self.path, MAX_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| "it is no text".to_string());
        let made = text.and_then(Foreign::from_text).and_then(|mut foreign| {
            if self.address.is_some() {
                foreign.address.clone_from(&self.address);
            }
            module(&foreign, self.name.as_deref())
        });
        let module = match made {
            Ok(module) => module,
            Err(reason) => {
                let message =
                    format!("`{}` describes no program that can be called: {reason}", self.path.display());
                let fault = Diagnostic::new(Code::NoInterface, message)
                    .help("give an IDL of Anchor or Codama, or the output of `ovsmc idl --format ovsm`");
                terminal.show_placeless(&[fault]);
                return Exit::Usage;
            }
        };
        // As `ovsm fmt` writes it, so that a project keeps it as it is.
        let text = format_source(&module.text, &FormatOptions::default());
        for note in &module.notes {
            terminal.note(note);
        }
        match &self.output {
            Some(path) if path != Path::new("-") => {
                match output::write(&[(path.clone(), text.into_bytes())]) {
                    Ok(()) => Exit::Success,
                    Err(diagnostic) => {
                        terminal.show_placeless(&[*diagnostic]);
                        Exit::Usage
                    }
                }
            }
            _ => terminal.print(&text),
        }
    }
}
