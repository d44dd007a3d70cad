//! `ovsm eval`: a script from the command line, and its value.

use crate::execute::{Script, ScriptOptions};
use ovsm_edge::{Exit, Source, Terminal};

/// Run a text as a script and show its last value
#[derive(clap::Args)]
#[command(after_help = "The value is written so that it reads back as an equal one.\n\nExamples:\n  \
                        ovsm eval '(+ 1 2)'\n  ovsm eval --json '(/ 7u128 2)'")]
pub struct Eval {
    /// The script
    #[arg(allow_negative_numbers = true)]
    text: String,
    #[command(flatten)]
    options: ScriptOptions,
}

impl Eval {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let source = Source { path: "<eval>".to_string(), text: self.text.clone() };
        match Script::run(source, &self.options, terminal) {
            Ok(finished) => {
                let shown = match self.options.json {
                    true => finished.json().to_string(),
                    false => finished.value.clone(),
                };
                terminal.print(&format!("{shown}\n"))
            }
            Err(exit) => exit,
        }
    }
}
