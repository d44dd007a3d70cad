//! `ovsm fmt`: source files, laid out by rule.
//!
//! The rules are in `ovsm-cst`; here are files, differences and exit codes. A file that is right already is not
//! written. Start with [`Fmt::run`].

mod difference;

use crate::command::test::imported;
use crate::project::Project;
use ovsm_base::{Code, Diagnostic};
use ovsm_cst::{FormatOptions, format_lines, format_source, macro_indents};
use ovsm_edge::{Exit, Source, Terminal, output, source};
use std::path::{Path, PathBuf};

/// Format source files
#[derive(clap::Args)]
#[command(
    after_help = "A form that can not be read stays as it is; `;; fmt: ignore` before a form, or `;; fmt: off` \
                        and `;; fmt: on` around some, leave them alone.\n\nExit codes: 0 it worked; 1 `--check` found \
                        files that are not formatted; 2 wrong command line, or a file can not be read or \
                        written.\n\nExamples:\n  ovsm fmt\n  ovsm fmt --check src\n  \
                        ovsm fmt --stdin --stdin-filename main.ovsm < main.ovsm"
)]
pub struct Fmt {
    /// Files, and folders whose `.ovsm` files are formatted; `-` is the same as `--stdin`
    #[arg(default_value = ".", conflicts_with = "stdin")]
    paths: Vec<PathBuf>,
    /// Write nothing; show what would change, and exit with 1 if anything would
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
    /// Read standard input and write the result to standard output
    #[arg(long)]
    stdin: bool,
    /// The name to show for standard input
    #[arg(long, value_name = "FILE", requires = "stdin")]
    stdin_filename: Option<String>,
    /// Format only the top-level forms that have a part in these lines, which count from 1
    #[arg(long, value_name = "FIRST:LAST", value_parser = lines)]
    range: Option<(usize, usize)>,
    /// How many characters a line should not exceed; otherwise what the project says, or 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    width: Option<u32>,
    /// Join the lines of forms that fit in one
    #[arg(long)]
    compact: bool,
}

/// Parses `FIRST:LAST`.
fn lines(text: &str) -> Result<(usize, usize), String> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first >= 1 && first <= last => Ok((first, last)),
        _ => Err("two line numbers are needed, the smaller one first, such as `3:10`".to_string()),
    }
}

impl Fmt {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        if self.stdin || matches!(self.paths.as_slice(), [only] if only == Path::new("-")) {
            return self.standard_input(terminal);
        }
        if self.paths.iter().any(|path| path == Path::new("-")) {
            let message = "standard input is formatted alone, not together with files";
            let help = "name `-` and nothing else, or leave it out";
            terminal.show_placeless(&[Diagnostic::new(Code::CannotRead, message).help(help)]);
            return Exit::Usage;
        }
        let files = match self.files() {
            Ok(files) => files,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        if self.range.is_some() && files.len() != 1 {
            let message = format!("`--range` is about one file, but there are {} of them", files.len());
            let help = "name the file that the lines are in, or use `--stdin`";
            terminal.show_placeless(&[Diagnostic::new(Code::CannotRead, message).help(help)]);
            return Exit::Usage;
        }
        let mut exit = Exit::Success;
        let mut changed: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        let mut differences = String::new();
        for path in files {
            // One bad file must not keep the others from being formatted.
            let text = match Source::read(&path) {
                Ok(source) => source.text,
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    exit = Exit::Usage;
                    continue;
                }
            };
            let formatted = match self.format(&path, &text) {
                Ok(formatted) => formatted,
                Err(diagnostic) => {
                    terminal.show_placeless(&[*diagnostic]);
                    return Exit::Usage;
                }
            };
            if formatted == text {
                continue;
            }
            if self.check || self.diff {
                differences.push_str(&difference::unified(&path.display().to_string(), &text, &formatted));
            }
            changed.push((path, formatted.into_bytes()));
        }
        if self.check || self.diff {
            let printed = terminal.print(&differences);
            return match printed {
                Exit::Success => self.judge(exit, changed.is_empty()),
                lost => lost,
            };
        }
        match output::write(&changed) {
            Ok(()) => exit,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                Exit::Usage
            }
        }
    }

    /// Formats standard input.
    fn standard_input(&self, terminal: &Terminal) -> Exit {
        let text = match Source::read(Path::new("-")) {
            Ok(source) => source.text,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        let path = self.stdin_filename.as_deref().unwrap_or("stdin.ovsm");
        let formatted = match self.format(Path::new(path), &text) {
            Ok(formatted) => formatted,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        if !self.check && !self.diff {
            return terminal.print(&formatted);
        }
        let name = self.stdin_filename.as_deref().unwrap_or("<stdin>");
        match terminal.print(&difference::unified(name, &text, &formatted)) {
            Exit::Success => self.judge(Exit::Success, formatted == text),
            lost => lost,
        }
    }

    /// How the command ends when nothing is written.
    fn judge(&self, exit: Exit, is_formatted: bool) -> Exit {
        if exit == Exit::Success && self.check && !is_formatted { Exit::Program } else { exit }
    }

    /// Formats the text of a file by what its project says, and by the macros of the modules that it imports.
    fn format(&self, path: &Path, text: &str) -> Result<String, Box<Diagnostic>> {
        // A file that is not there stands for one in its folder.
        let place = match path.parent().filter(|folder| !path.exists() && !folder.as_os_str().is_empty()) {
            Some(folder) => folder,
            None if path.exists() => path,
            None => Path::new("."),
        };
        let default = FormatOptions::default();
        let project = Project::find(place)?;
        let width = self.width.or(project.and_then(|project| project.width)).unwrap_or(default.width);
        let mut options = FormatOptions { width, compact: self.compact, ..default };
        for module in imported(path, text) {
            // What can not be read is reported by the commands that need it.
            let Ok(module_text) = std::fs::read_to_string(&module) else { continue };
            let alias =
                module.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            for (name, header) in macro_indents(&module_text) {
                options.indents.insert(format!("{alias}/{name}"), header);
                options.indents.insert(name, header);
            }
        }
        Ok(match self.range {
            Some((first, last)) => format_lines(text, first, last, &options),
            None => format_source(text, &options),
        })
    }

    /// The files to format, each once, in the order of their paths.
    fn files(&self) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_dir() {
                search(path, &mut files)?;
            } else {
                files.push(path.clone());
            }
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// Adds the source files of a folder and of the folders in it. Links to folders are not followed, because they may
/// lead in a circle; hidden folders, and `target`, hold nothing that a person wrote.
fn search(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<Diagnostic>> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let fault = |error| source::cannot_read(&folder.display().to_string(), &error);
        for entry in std::fs::read_dir(&folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let kind = entry.file_type().map_err(fault)?;
            let name = entry.file_name();
            let is_hidden = name.to_string_lossy().starts_with('.');
            if kind.is_dir() && !is_hidden && name != "target" {
                folders.push(entry.path());
            } else if !is_hidden
                && entry.path().extension().is_some_and(|it| it == "ovsm")
                // A pipe would be waited for.
                && entry.path().metadata().map_or(true, |meta| meta.is_file())
            {
                let path = entry.path();
                files.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
            }
        }
    }
    Ok(())
}
