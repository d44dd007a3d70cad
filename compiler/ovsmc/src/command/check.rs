//! `ovsmc check`: diagnostics without a result: those of a build.

use crate::command::build::{Target, load};
use crate::command::security;
use ovsm_base::Diagnostic;
use ovsm_edge::{Exit, Terminal, source};
use ovsm_ir::passes::OptLevel;
use ovsm_query::{BuildOptions, Description, build, describe, source_map};
use ovsm_sbpf::Version;
use std::path::PathBuf;

/// Report what is wrong with programs, and write nothing
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  ovsmc check counter.ovsm\n  ovsmc check --error-format json src/main.ovsm"
)]
pub struct Check {
    /// Source files, or folders with `src/main.ovsm` or `main.ovsm`
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// What to check for: everything that a build for it with its usual options refuses is reported
    #[arg(long, value_enum, default_value = "sbpf")]
    target: Target,
}

/// What a build does if nothing else is said.
const OPTIONS: BuildOptions = BuildOptions { level: OptLevel::O2, version: Version::V3, symbols: true };

impl Check {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let mut worst = Exit::Success;
        for path in &self.paths {
            let main = match source::main_file(path) {
                Ok(main) => main,
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    worst = Exit::Usage;
                    continue;
                }
            };
            match load(&main, terminal) {
                Ok((db, file)) => {
                    let levels = match security::levels(&main) {
                        Ok(levels) => levels,
                        Err(diagnostic) => {
                            terminal.show_placeless(&[*diagnostic]);
                            worst = Exit::Usage;
                            continue;
                        }
                    };
                    let Target::Sbpf = self.target;
                    let build = || {
                        build(&db, file, &OPTIONS).and_then(|mut artifact| {
                            let unnamed = Description::default();
                            let described = describe(&db, file, &OPTIONS, &unnamed, &mut artifact);
                            described.map_err(|fault| vec![fault]).map(|()| artifact.diagnostics)
                        })
                    };
                    let (built, insecure) = security::beside(&db, file, &levels, build);
                    let mut found = built.unwrap_or_else(|faults| faults);
                    found.extend(insecure);
                    terminal.show(&found, &source_map(&db, file));
                    if found.iter().any(Diagnostic::is_error) && worst == Exit::Success {
                        worst = Exit::Program;
                    }
                }
                Err(Exit::Usage) => worst = Exit::Usage,
                Err(exit) if worst == Exit::Success => worst = exit,
                Err(_) => {}
            }
        }
        worst
    }
}
