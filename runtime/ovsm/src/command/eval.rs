//! `ovsm eval`: a script from the command line, and its value.

use crate::execute::EngineOptions;
use crate::script::{self, RunOptions};
use ovsm_edge::{Exit, Source, Terminal};

/// Run a text as a script and show its last value
#[derive(clap::Args)]
#[command(after_help = "The value is written so that it reads back as an equal one.\n\nExamples:\n  \
                        ovsm eval '(+ 1 2)'\n  ovsm eval --json '(/ 7u128 2)'\n  ovsm eval '(map (fn (x) (* x x)) [1 2 3])'")]
pub struct Eval {
    /// The script
    #[arg(allow_negative_numbers = true)]
    text: String,
    /// Describe the result as a JSON object: `value` (in read syntax), `type` and `logs`, or `error` and `logs`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: RunOptions,
    #[command(flatten)]
    engine: EngineOptions,
}

impl Eval {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let source = Source { path: "<eval>".to_string(), text: self.text.clone() };
        if let Some(engine) = self.engine.chosen() {
            return engine.eval(source, &self.options, self.json, terminal);
        }
        match script::run(&source, &self.options, Vec::new(), self.json, terminal) {
            Ok(finished) => finished.print(self.json, terminal),
            Err(exit) => exit,
        }
    }
}
