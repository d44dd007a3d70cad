//! `ovsmc explain`: the page of a diagnostic code.

use ovsm_base::{Code, Diagnostic};
use ovsm_edge::{Exit, Terminal};

/// Show the page of a diagnostic code
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  ovsmc explain E0202\n  ovsmc explain --list")]
pub struct Explain {
    /// The code, as in `E0202`
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    code: Option<String>,
    /// List every code
    #[arg(long)]
    list: bool,
}

impl Explain {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        if self.list {
            let lines: String = Code::ALL.iter().map(|code| format!("{code}  {}\n", code.title())).collect();
            return terminal.print(&lines);
        }
        let text = self.code.as_deref().unwrap_or("");
        match Code::from_text(text) {
            Some(code) => terminal.print(code.page()),
            None => {
                terminal.show_placeless(&[unknown(text)]);
                Exit::Usage
            }
        }
    }
}

fn unknown(text: &str) -> Diagnostic {
    let shown: String = text.chars().take(40).collect();
    let mut diagnostic = Diagnostic::new(Code::UnknownCode, format!("there is no diagnostic code `{shown}`"))
        .help("`ovsmc explain --list` lists all codes");
    for code in meant(text) {
        diagnostic = diagnostic.note(format!("did you mean {code}: {}?", code.title()));
    }
    diagnostic
}

/// Codes that may be meant by what is none: the number alone, one character off, or a word of the title.
fn meant(text: &str) -> Vec<Code> {
    const MOST: usize = 5;
    let text = text.to_ascii_uppercase();
    let all = || Code::ALL.iter().copied();
    let mut found: Vec<Code> = if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        let number = format!("{text:0>4}");
        all().filter(|code| code.as_str().get(1..) == Some(&number)).collect()
    } else {
        let differences = |code: &str| code.chars().zip(text.chars()).filter(|(a, b)| a != b).count();
        all().filter(|code| code.as_str().len() == text.len() && differences(code.as_str()) == 1).collect()
    };
    if found.is_empty() && text.len() > 2 {
        let words = text.to_ascii_lowercase();
        let has = |code: &Code| code.title().contains(&words) || code.slug().contains(&words);
        found = all().filter(has).collect();
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_codes_are_named() {
        assert_eq!(meant("101"), [Code::UnknownName]);
        assert_eq!(meant("E05050"), []);
        assert!(meant("E0192").contains(&Code::MalformedForm));
        assert!(meant("overflow").contains(&Code::RuntimeOverflow));
        assert_eq!(meant("E9999"), []);
        assert_eq!(meant(""), []);
        assert_eq!(meant("λλλ"), []);
    }
}
