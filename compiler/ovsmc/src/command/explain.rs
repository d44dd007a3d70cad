//! `ovsmc explain`: the page of a diagnostic code.

use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Terminal};

/// Show the page of a diagnostic code
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  ovsmc explain E0202\n  ovsmc explain --list")]
pub struct Explain {
    /// The code, as in `E0202`
    #[arg(required_unless_present = "list")]
    code: Option<String>,
    /// List every code
    #[arg(long)]
    list: bool,
}

impl Explain {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        if self.list {
            let lines: String = Code::ALL.iter().map(|code| format!("{code}  {}\n", code.title())).collect();
            terminal.print(&lines);
            return Exit::Success;
        }
        let text = self.code.as_deref().unwrap_or("");
        match Code::from_text(text) {
            Some(code) => {
                terminal.print(code.page());
                Exit::Success
            }
            None => {
                let shown: String = text.chars().take(40).collect();
                let diagnostic =
                    Diagnostic::new(Code::UnknownCode, format!("`{shown}` is not a diagnostic code"))
                        .help("`ovsmc explain --list` lists all codes");
                terminal.show_placeless(&[diagnostic]);
                Exit::Usage
            }
        }
    }
}
