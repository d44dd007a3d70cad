//! `ovsm run`: a script from a file.

use crate::execute::EngineOptions;
use crate::script::{self, RunOptions};
use ovsm_base::Code;
use ovsm_edge::{Exit, Source, Terminal, source};
use std::path::PathBuf;

/// Run a script
#[derive(clap::Args)]
#[command(
    after_help = "What the script prints goes to standard output, its errors to standard error. Its last value is \
                        not shown; `ovsm eval` shows it. A script can compute, print and read its input; \
                        everything else needs a flag.\n\nExamples:\n  ovsm run hello.ovsm\n  \
                        ovsm run report.ovsm --allow-read=data -- 2026 --verbose\n  \
                        ovsm run --timeout 2 untrusted.ovsm\n  echo '(println \"hi\")' | ovsm run -"
)]
pub struct Run {
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`; `-` reads standard input
    path: PathBuf,
    /// Describe the result as a JSON object: `value` (in read syntax), `type` and `logs`, or `error` and `logs`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: RunOptions,
    #[command(flatten)]
    engine: EngineOptions,
    /// Arguments for the script: `(arguments)`
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Run {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let source = match source::main_file(&self.path).and_then(|path| Source::read(&path)) {
            Ok(source) => source,
            Err(diagnostic) => {
                let exit = if diagnostic.code == Code::CannotRead { Exit::Usage } else { Exit::Program };
                terminal.show_placeless(&[*diagnostic]);
                return exit;
            }
        };
        if let Some(engine) = self.engine.chosen() {
            return engine.run(source, &self.options, self.json, terminal);
        }
        match script::run(&source, &self.options, self.arguments.clone(), self.json, terminal) {
            Ok(finished) if self.json => finished.print(true, terminal),
            Ok(_) => Exit::Success,
            Err(exit) => exit,
        }
    }
}
