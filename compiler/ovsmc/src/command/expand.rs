//! `ovsmc expand`: what the macro calls of a file become.

use ovsm_base::{Code, Diagnostic};
use ovsm_cst::FormatOptions;
use ovsm_edge::{Exit, Source, Terminal};
use ovsm_eval::{Limits, Loader, Session};
use ovsm_library::Host;
use std::path::{Path, PathBuf};

/// No form is expanded in more steps.
const MAX_STEPS: usize = 10_000;

/// The largest module that is read.
const MAX_MODULE_BYTES: u64 = 16 << 20;

/// Show what the macro calls of a file become
#[derive(clap::Args)]
#[command(
    after_help = "A name that a macro introduced is shown with a number, as in `value%1`: it is not the `value` of the \
                        program.\n\nExamples:\n  ovsmc expand main.ovsm\n  ovsmc expand main.ovsm --step\n  ovsmc expand main.ovsm \
                        --to 2"
)]
pub struct Expand {
    /// The source file
    file: PathBuf,
    /// Show each macro call and what it stands for, one after the other
    #[arg(long)]
    step: bool,
    /// The file is a module of a program, also if it declares nothing that only programs have
    #[arg(long)]
    program: bool,
    /// Stop after so many macro calls of each form
    #[arg(long, value_name = "N")]
    to: Option<usize>,
}

/// Macros reach nothing.
struct NoHost;

impl Host for NoHost {}

/// Modules are the files beside the one that imports them, or below the `src` of its project.
struct Folder(PathBuf);

impl Loader for Folder {
    fn load(&mut self, name: &str) -> Result<Option<(String, String)>, String> {
        if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return Ok(None);
        }
        let path = self.0.join(format!("{name}.ovsm"));
        match std::fs::metadata(&path) {
            Ok(found) if found.len() > MAX_MODULE_BYTES => Err(format!("it has {} bytes", found.len())),
            Ok(_) => {
                let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
                Ok(Some((path.display().to_string(), text)))
            }
            Err(_) => Ok(None),
        }
    }
}

/// Where the modules of a file are.
fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let project = file.ancestors().skip(1).find(|folder| folder.join("spirit.toml").is_file());
    project.map_or(folder, |project| project.join("src"))
}

impl Expand {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let source = match Source::read(&self.file) {
            Ok(source) => source,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let limits = Limits { fuel: 1_000_000_000, ..Limits::default() };
        let is_program = self.program || ovsm_eval::is_program(&source.path, &source.text);
        let new = if is_program { Session::of_program } else { Session::new };
        let mut session = new(limits, Box::new(Folder(folder_of(&self.file))), Box::new(NoHost));
        session.load(&source.path, &source.text);
        // Names that only programs have, and types, are no concern here; what can not be read or expanded is.
        let faults: Vec<Diagnostic> = std::mem::take(&mut session.front.diagnostics)
            .into_iter()
            .filter(|diagnostic| {
                let code = diagnostic.code.as_str();
                code.starts_with("E00")
                    || matches!(diagnostic.code, Code::MacroFailed | Code::MacroLimit | Code::UnknownModule)
            })
            .collect();
        if faults.iter().any(Diagnostic::is_error) {
            terminal.show(&faults, &session.front.sources);
            return Exit::Program;
        }
        let limit = self.to.unwrap_or(MAX_STEPS).min(MAX_STEPS);
        let expanded = match session.expand_text(&source.path, &source.text, limit) {
            Ok(expanded) => expanded,
            Err(message) => {
                terminal.show_placeless(&[Diagnostic::new(Code::MacroFailed, message)]);
                return Exit::Program;
            }
        };
        let format = |text: &str| ovsm_cst::format_form(text, &FormatOptions::default());
        let mut out = String::new();
        for form in &expanded {
            if self.step {
                for (n, step) in form.steps.iter().enumerate() {
                    out.push_str(&format!(";; {}. `{}`\n", n + 1, step.name));
                    for line in format(&step.call).trim_end().lines() {
                        out.push_str(&format!(";;   {line}\n"));
                    }
                    out.push_str(&format!("{}\n\n", format(&step.whole).trim_end()));
                }
                if !form.steps.is_empty() {
                    continue;
                }
            }
            for text in &form.forms {
                out.push_str(&format!("{}\n\n", format(text).trim_end()));
            }
        }
        terminal.print(&format!("{}\n", out.trim_end()))
    }
}
