//! `ovsm examples`: scripts that come with the command, to read and to run.
//!
//! The scripts are the files of `spirits/examples`, which a test runs. Nothing here reads a file. Start with
//! [`Examples::run`].

use crate::script::{self, RunOptions};
use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Source, Terminal};

/// A script that comes with the command.
struct Example {
    name: &'static str,
    text: &'static str,
}

macro_rules! examples {
    ($($name:literal)*) => {
        &[$(Example {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spirits/examples/", $name, ".ovsm")),
        }),*]
    };
}

/// All examples, from the first steps to small programs.
const EXAMPLES: &[Example] = examples![
    "hello" "closures" "destructuring" "shapes" "loops" "macros" "errors" "tests" "money" "sorting"
    "priority-queue" "queens" "life" "word-count" "log-analysis" "json-report" "statistics" "calculator"
    "adventure" "solana-account"
];

impl Example {
    /// What it shows: the first paragraph of its head comment, as one line.
    fn description(&self) -> String {
        let head = self.text.lines().map_while(|line| line.strip_prefix(";;;"));
        head.map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Show and run example scripts
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  ovsm examples\n  ovsm examples show macros\n  ovsm examples run adventure -- \"take lamp\" east\n  \
                  ovsm examples show hello > hello.ovsm"
)]
pub struct Examples {
    #[command(subcommand)]
    action: Option<Action>,
    /// List them as JSON: an array of objects with `name` and `description`
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Print the source of an example
    Show {
        /// The name of the example
        name: String,
        /// As a JSON object: `name`, `description` and `source`
        #[arg(long)]
        json: bool,
    },
    /// Run an example
    Run {
        /// The name of the example
        name: String,
        /// Describe the result as a JSON object, as `ovsm run --json` does
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        options: RunOptions,
        /// Arguments for the script: `(arguments)`
        #[arg(last = true, value_name = "ARGUMENTS")]
        arguments: Vec<String>,
    },
}

impl Examples {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        match &self.action {
            None => terminal.print(&list(self.json)),
            Some(Action::Show { name, json }) => match find(name, terminal) {
                Ok(example) if *json => terminal.print(&format!(
                    "{}\n",
                    serde_json::json!({
                        "name": example.name, "description": example.description(), "source": example.text,
                    })
                )),
                Ok(example) => terminal.print(example.text),
                Err(exit) => exit,
            },
            Some(Action::Run { name, json, options, arguments }) => {
                let example = match find(name, terminal) {
                    Ok(example) => example,
                    Err(exit) => return exit,
                };
                let source =
                    Source { path: format!("{}.ovsm", example.name), text: example.text.to_string() };
                match script::run(&source, options, arguments.clone(), *json, terminal) {
                    Ok(finished) if *json => finished.print(true, terminal),
                    Ok(_) => Exit::Success,
                    Err(exit) => exit,
                }
            }
        }
    }
}

/// All examples with their descriptions.
fn list(json: bool) -> String {
    if json {
        let rows: Vec<serde_json::Value> = EXAMPLES
            .iter()
            .map(|example| serde_json::json!({ "name": example.name, "description": example.description() }))
            .collect();
        return format!("{}\n", serde_json::Value::from(rows));
    }
    let width = EXAMPLES.iter().map(|example| example.name.len()).max().unwrap_or(0);
    EXAMPLES.iter().map(|example| format!("{:width$}  {}\n", example.name, example.description())).collect()
}

/// The example with a name. If there is none, that is shown.
fn find(name: &str, terminal: &Terminal) -> Result<&'static Example, Exit> {
    EXAMPLES.iter().find(|example| example.name == name).ok_or_else(|| {
        let message = format!("there is no example `{}`", name.escape_debug());
        let help = "`ovsm examples` lists all of them";
        terminal.show_placeless(&[Diagnostic::new(Code::CannotRead, message).help(help)]);
        Exit::Usage
    })
}
