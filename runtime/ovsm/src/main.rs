//! `ovsm`, the script runner: one file per command in `command`.

mod chain;
mod command;
mod effects;
mod execute;
mod files;
mod host;
mod open_files;
mod project;
mod protected;
mod script;

use clap::{CommandFactory, Parser, Subcommand};
use ovsm_edge::{Exit, Terminal, TerminalOptions, guard};
use std::process::ExitCode;

/// Counts what is in use, so that a script can be stopped before it takes all memory.
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

/// The OVSM script runner.
#[derive(Parser)]
#[command(
    name = "ovsm",
    version,
    about = "Runs OVSM scripts",
    after_help = "Exit codes: 0 it worked; 1 the script has errors or ended with one; 2 wrong command line or \
                  unreadable input; 3 a fault of the toolchain.\n\nExamples:\n  ovsm run hello.ovsm\n  \
                  ovsm eval '(+ 1 2)'"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    terminal: TerminalOptions,
}

#[derive(Subcommand)]
enum Command {
    Run(command::run::Run),
    Eval(command::eval::Eval),
    Check(command::check::Check),
    Repl(command::repl::Repl),
    Test(command::test::Test),
    Fmt(command::fmt::Fmt),
    Lint(command::lint::Lint),
    Doc(command::doc::Doc),
    Examples(command::examples::Examples),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  ovsm completions bash > ~/.local/share/bash-completion/completions/ovsm"
    )]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    #[command(after_help = "Example:\n  ovsm man ~/.local/share/man/man1")]
    Man {
        /// The folder to write them to
        #[arg(default_value = ".")]
        folder: std::path::PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::new(arguments.terminal);
    guard(&terminal, || -> Exit {
        match &arguments.command {
            Command::Run(run) => run.run(&terminal),
            Command::Eval(eval) => eval.run(&terminal),
            Command::Check(check) => check.run(&terminal),
            Command::Repl(repl) => repl.run(&terminal),
            Command::Test(test) => test.run(&terminal),
            Command::Fmt(fmt) => fmt.run(&terminal),
            Command::Lint(lint) => lint.run(&terminal),
            Command::Doc(doc) => doc.run(&terminal),
            Command::Examples(examples) => examples.run(&terminal),
            Command::Completions { shell } => {
                ovsm_edge::generate::completions(&terminal, Arguments::command(), *shell)
            }
            Command::Man { folder } => ovsm_edge::generate::manuals(&terminal, Arguments::command(), folder),
        }
    })
}
