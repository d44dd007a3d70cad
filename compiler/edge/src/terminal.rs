//! Standard output and standard error.

use crate::process::Exit;
use ovsm_base::render::{FileMap, Format, RenderOptions, SourceMap, render};
use ovsm_base::{Code, Diagnostic};
use std::io::{IsTerminal, Write};

/// Options of every command.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct TerminalOptions {
    /// How to show diagnostics
    #[arg(long, global = true, value_enum, default_value = "human", value_name = "FORMAT")]
    error_format: ErrorFormat,
    /// When to use colours; `auto` means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: Color,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum ErrorFormat {
    /// Excerpts of the source
    Human,
    /// One line each
    Short,
    /// One JSON object a line
    Json,
    /// A SARIF 2.1.0 document
    Sarif,
    /// Commands for GitHub Actions
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Where a command's words go.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    options: RenderOptions,
}

impl Terminal {
    /// The terminal of this process.
    pub fn new(options: TerminalOptions) -> Terminal {
        let format = match options.error_format {
            ErrorFormat::Human => Format::Human,
            ErrorFormat::Short => Format::Short,
            ErrorFormat::Json => Format::Json,
            ErrorFormat::Sarif => Format::Sarif,
            ErrorFormat::Github => Format::Github,
        };
        let color = match options.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stderr().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Terminal { options: RenderOptions { format, color } }
    }

    /// How diagnostics are shown.
    pub fn format(&self) -> Format {
        self.options.format
    }

    /// True if the output may be coloured.
    pub fn has_color(&self) -> bool {
        self.options.color
    }

    /// Shows diagnostics on standard error.
    pub fn show(&self, diagnostics: &[Diagnostic], sources: &dyn SourceMap) {
        if !diagnostics.is_empty() {
            self.note_raw(&render(diagnostics, sources, &self.options));
        }
    }

    /// Shows diagnostics that have no place in a source text.
    pub fn show_placeless(&self, diagnostics: &[Diagnostic]) {
        self.show(diagnostics, &FileMap::new());
    }

    /// A line for people on standard error; nothing when diagnostics go to a machine.
    pub fn note(&self, text: &str) {
        if matches!(self.options.format, Format::Human | Format::Short) {
            self.note_raw(&format!("{text}\n"));
        }
    }

    fn note_raw(&self, text: &str) {
        // Nobody is left to be told if standard error is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Text on standard output, as the last act of a command.
    pub fn print(&self, text: &str) -> Exit {
        self.print_bytes(text.as_bytes())
    }

    /// Bytes on standard output, as the last act of a command.
    pub fn print_bytes(&self, bytes: &[u8]) -> Exit {
        match self.write(bytes) {
            Ok(()) => Exit::Success,
            Err(error) => self.output_lost(&error),
        }
    }

    /// Bytes on standard output, at once.
    ///
    /// # Errors
    /// If they can not be written; [`Terminal::output_lost`] says what that means.
    pub fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// How a command ends whose output can not be written. A reader that has seen enough is no fault; a full disk is
    /// one, and is shown.
    pub fn output_lost(&self, error: &std::io::Error) -> Exit {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Exit::Success;
        }
        let message = format!("standard output can not be written: {error}");
        self.show_placeless(&[Diagnostic::new(Code::CannotWrite, message)]);
        Exit::Usage
    }
}
