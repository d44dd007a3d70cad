//! `ovsm check`: what can be said of a script without running it.

use crate::effects;
use crate::host::{CommandHost, Permissions};
use crate::project::Project;
use crate::script::{self, RunOptions};
use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Source, Terminal, source};
use ovsm_eval::Session;
use std::path::PathBuf;

/// Check scripts without running them
#[derive(clap::Args)]
#[command(
    after_help = "Macros run, since they make the code that is checked; nothing else does. Exit code 1 if there are \
                        errors.\n\nExamples:\n  ovsm check hello.ovsm\n  ovsm check src --error-format short\n  \
                        ovsm check --effects hello.ovsm"
)]
pub struct Check {
    /// Source files, or folders that are searched for `.ovsm` files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Show what each function may do outside of the script, and by way of which calls
    #[arg(long)]
    effects: bool,
    /// Print the effects as JSON, one line for each file
    #[arg(long, requires = "effects")]
    json: bool,
}

impl Check {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let mut files = Vec::new();
        for path in &self.paths {
            match source::ovsm_files(path) {
                Ok(found) => files.extend(found),
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    return Exit::Usage;
                }
            }
        }
        let mut exit = Exit::Success;
        let mut programs = 0;
        let last = files.len();
        for (number, file) in files.iter().enumerate() {
            // What runs on Solana can not be compiled as a script, and would be full of errors that are none.
            if Project::is_program_source(file) {
                programs += 1;
                continue;
            }
            match self.check(file, number + 1 == last, terminal) {
                Exit::Success => {}
                other => exit = other,
            }
        }
        if programs > 0 {
            terminal.note(&format!(
                "{programs} file{} of programs for Solana not checked: `ovsmc check` does that",
                if programs == 1 { "" } else { "s" }
            ));
        }
        exit
    }

    fn check(&self, path: &std::path::Path, is_last: bool, terminal: &Terminal) -> Exit {
        let source = match Source::read(path) {
            Ok(source) => source,
            Err(diagnostic) => {
                let exit = if diagnostic.code == Code::CannotRead { Exit::Usage } else { Exit::Program };
                terminal.show_placeless(&[*diagnostic]);
                return exit;
            }
        };
        let host = CommandHost::new(*terminal, Permissions::default(), Vec::new());
        let mut session = match script::session(path, &RunOptions::default(), host) {
            Ok(session) => session,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        session.front.kept_units = self.effects.then(Vec::new);
        let exit = self.report(&mut session, &source, terminal);
        if is_last {
            // The process ends now, which frees all memory at once.
            std::mem::forget(session);
        }
        exit
    }

    fn report(&self, session: &mut Session, source: &Source, terminal: &Terminal) -> Exit {
        session.load(&source.path, &source.text);
        let diagnostics = std::mem::take(&mut session.front.diagnostics);
        terminal.show(&diagnostics, &session.front.sources);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Exit::Program;
        }
        if !self.effects {
            return Exit::Success;
        }
        let found = effects::of_session(session, &source.path);
        match self.json {
            true => terminal.print(&format!("{}\n", found.json(session, &source.path))),
            false => terminal.print(&found.text(session, &source.path)),
        }
    }
}
