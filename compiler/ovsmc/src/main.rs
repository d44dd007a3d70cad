//! `ovsmc`, the OVSM compiler: one file per command in `command`, everything else in the crates below it.

mod command;

use clap::{CommandFactory, Parser, Subcommand};
use ovsm_edge::{Exit, Terminal, TerminalOptions, guard, leave};
use std::process::ExitCode;

/// A compiler allocates a lot, in small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The OVSM compiler.
#[derive(Parser)]
#[command(
    name = "ovsmc",
    version,
    about = "Compiles OVSM to Solana programs",
    after_help = "Exit codes: 0 it worked; 1 the program has errors; 2 wrong command line, unreadable input or \
                  unwritable output; 3 a fault of the compiler.\n\nExamples:\n  ovsmc build counter.ovsm\n  \
                  ovsmc check src/main.ovsm\n  ovsmc explain E0202"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    terminal: TerminalOptions,
}

#[derive(Subcommand)]
enum Command {
    Build(command::build::Build),
    Check(command::check::Check),
    Expand(command::expand::Expand),
    Inspect(command::inspect::Inspect),
    Idl(command::idl::Idl),
    Client(command::client::Client),
    Bind(command::bind::Bind),
    Cost(command::cost::Cost),
    Diff(command::diff::Diff),
    Verify(command::verify::Verify),
    Explain(command::explain::Explain),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  ovsmc completions bash > ~/.local/share/bash-completion/completions/ovsmc"
    )]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    #[command(after_help = "Example:\n  ovsmc man ~/.local/share/man/man1")]
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
        leave(match &arguments.command {
            Command::Build(build) => build.run(&terminal),
            Command::Check(check) => check.run(&terminal),
            Command::Expand(expand) => expand.run(&terminal),
            Command::Inspect(inspect) => inspect.run(&terminal),
            Command::Idl(idl) => idl.run(&terminal),
            Command::Client(client) => client.run(&terminal),
            Command::Bind(bind) => bind.run(&terminal),
            Command::Cost(cost) => cost.run(&terminal),
            Command::Diff(diff) => diff.run(&terminal),
            Command::Verify(verify) => verify.run(&terminal),
            Command::Explain(explain) => explain.run(&terminal),
            Command::Completions { shell } => {
                ovsm_edge::generate::completions(&terminal, Arguments::command(), *shell)
            }
            Command::Man { folder } => ovsm_edge::generate::manuals(&terminal, Arguments::command(), folder),
        })
    })
}
