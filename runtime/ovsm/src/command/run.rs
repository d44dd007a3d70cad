//! `ovsm run`: a script from a file.

use crate::execute::{Script, ScriptOptions};
use ovsm_base::Code;
use ovsm_edge::{Exit, Source, Terminal, source};
use std::path::PathBuf;

/// Run a script
#[derive(clap::Args)]
#[command(
    after_help = "What the script logs goes to standard output, its errors to standard error. Its last value is \
                        not shown; `ovsm eval` shows it.\n\nExamples:\n  ovsm run hello.ovsm\n  \
                        ovsm run --fuel 1000000 untrusted.ovsm\n  echo '(sol_log_ \"hi\")' | ovsm run -"
)]
pub struct Run {
    /// A source file, or a folder with `src/main.ovsm` or `main.ovsm`; `-` reads standard input
    path: PathBuf,
    #[command(flatten)]
    options: ScriptOptions,
}

impl Run {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let source = source::main_file(&self.path).and_then(|path| Source::read(&path));
        match source {
            Ok(source) => match Script::run(source, &self.options, terminal) {
                Ok(finished) if self.options.json => terminal.print(&format!("{}\n", finished.json())),
                Ok(_) => Exit::Success,
                Err(exit) => exit,
            },
            Err(diagnostic) => {
                let exit = if diagnostic.code == Code::CannotRead { Exit::Usage } else { Exit::Program };
                terminal.show_placeless(&[*diagnostic]);
                exit
            }
        }
    }
}
