//! `ovsm repl`: a prompt.

mod command;
mod editor;

use crate::host::CommandHost;
use crate::script::{INTERRUPTED, RunOptions, session, uncaught};
use ovsm_base::Diagnostic;
use ovsm_edge::{Exit, Terminal};
use ovsm_eval::{Ended, Session};
use ovsm_value::write::write;
use ovsm_value::{Unwind, Value};
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Open a prompt
#[derive(clap::Args)]
#[command(
    after_help = "At the prompt, `:help` lists the commands. Input that is no terminal is evaluated form by form, as it comes; the exit \
                        code is 1 if a form was wrong or failed.\n\n\
                        Examples:\n  ovsm repl\n  ovsm repl --load helpers.ovsm\n  echo '(+ 1 2)' | ovsm repl"
)]
pub struct Repl {
    /// A file to load first
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// Where the history of lines is kept; `-` keeps none
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    #[command(flatten)]
    options: RunOptions,
}

/// What a prompt remembers between lines.
pub(crate) struct State {
    session: Session,
    terminal: Terminal,
    /// The file that `:reload` loads again.
    loaded: Option<PathBuf>,
    lines: u32,
    /// True once a form was wrong or failed.
    has_failed: bool,
}

/// Whether a prompt goes on.
#[derive(PartialEq, Eq)]
pub(crate) enum Next {
    Line,
    End(Exit),
}

impl Repl {
    pub fn run(&self, terminal: &Terminal) -> Exit {
        let host = CommandHost::new(*terminal, self.options.permissions.clone(), Vec::new());
        let mut session = match session(Path::new("./prompt"), &self.options, host) {
            Ok(session) => session,
            Err(diagnostic) => {
                terminal.show_placeless(&[*diagnostic]);
                return Exit::Usage;
            }
        };
        session.front.kept_units = Some(Vec::new());
        let mut state = State { session, terminal: *terminal, loaded: None, lines: 0, has_failed: false };
        // Ctrl-C stops what is being evaluated; the prompt goes on. If no handler can be set, it ends the process.
        let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
        if let Some(path) = &self.load {
            state.load(path);
        }
        if !std::io::stdin().is_terminal() {
            return state.script();
        }
        editor::prompt(&mut state, self.history.as_deref())
    }
}

impl State {
    /// Evaluates all of standard input.
    fn script(&mut self) -> Exit {
        // Whoever writes to the prompt may wait for an answer: each line is read by itself, and what is complete at the end
        // of a line is evaluated. A line that begins with a colon is a command.
        let mut code = String::new();
        loop {
            let mut line = String::new();
            let limit = (ovsm_cst::MAX_SOURCE_BYTES + 1).saturating_sub(code.len()) as u64;
            match std::io::stdin().lock().take(limit).read_line(&mut line) {
                Ok(0) => break,
                Ok(_) => code.push_str(&line),
                Err(error) => {
                    self.terminal
                        .show_placeless(&[*ovsm_edge::source::cannot_read("standard input", &error)]);
                    return Exit::Usage;
                }
            }
            // A bracket that is still open can not be closed by a line without one.
            let may_end = code.len() == line.len() || line.contains([')', ']', '}', '"', '#']);
            if may_end
                && !ovsm_cst::waits_for_more(&code)
                && let Next::End(exit) = self.enter(&std::mem::take(&mut code))
            {
                return exit;
            }
        }
        if let Next::End(exit) = self.enter(&code) {
            return exit;
        }
        if self.has_failed { Exit::Program } else { Exit::Success }
    }

    /// A line, or several lines that belong together: a command, or any number of forms.
    pub(crate) fn enter(&mut self, text: &str) -> Next {
        INTERRUPTED.store(false, Ordering::Relaxed);
        if let Some(command) = text.trim_start().strip_prefix(':')
            && !command.starts_with(|c: char| c.is_whitespace() || c == ':')
            && let Some(next) = self.command(command.trim())
        {
            return next;
        }
        self.evaluate(text)
    }

    /// Evaluates each form of a text and shows its value. A form that fails does not keep the next one from running.
    pub(crate) fn evaluate(&mut self, text: &str) -> Next {
        self.lines += 1;
        let path = format!("<line {}>", self.lines);
        let read = self.session.front.sources.add("prompt", &path, text);
        let broken = read.diagnostics.iter().any(Diagnostic::is_error);
        self.terminal.show(&read.diagnostics, &self.session.front.sources);
        if broken {
            self.has_failed = true;
            return Next::Line;
        }
        for form in read.forms {
            match self.form(form) {
                Ok(Some(Value::Null)) | Ok(None) => {}
                Ok(Some(value)) => {
                    let text = self.text(&value);
                    if let Err(error) = self.terminal.write(format!("{text}\n").as_bytes()) {
                        return Next::End(self.terminal.output_lost(&error));
                    }
                }
                Err(exit) => return Next::End(exit),
            }
        }
        Next::Line
    }

    /// The text of a value; nothing if it exceeds the limits, which is shown.
    pub(crate) fn text(&mut self, value: &Value) -> String {
        match self.session.machine.within_limits(|| write(value)) {
            Ok(text) => text,
            Err(failure) => {
                let diagnostic = uncaught(&failure, &self.session.front.sources);
                self.terminal.show(&[diagnostic], &self.session.front.sources);
                String::new()
            }
        }
    }

    /// Evaluates one form; `None` if it failed, which was shown.
    pub(crate) fn form(&mut self, form: Value) -> Result<Option<Value>, Exit> {
        match self.session.run_form(form) {
            Ok(value) => {
                let warnings = std::mem::take(&mut self.session.front.diagnostics);
                self.terminal.show(&warnings, &self.session.front.sources);
                Ok(Some(value))
            }
            Err(Ended::Rejected(diagnostics)) => {
                self.has_failed = true;
                self.terminal.show(&diagnostics, &self.session.front.sources);
                Ok(None)
            }
            Err(Ended::Failed(failure)) => {
                if let Unwind::Exit(code) = failure.unwind {
                    return Err(Exit::Script(code));
                }
                self.has_failed = true;
                let diagnostic = uncaught(&failure, &self.session.front.sources);
                self.terminal.show(&[diagnostic], &self.session.front.sources);
                Ok(None)
            }
        }
    }

    /// Evaluates a file.
    pub(crate) fn load(&mut self, path: &Path) -> Next {
        match ovsm_edge::Source::read(path) {
            Ok(source) => {
                self.loaded = Some(path.to_path_buf());
                let read = self.session.front.sources.add("prompt", &source.path, &source.text);
                self.terminal.show(&read.diagnostics, &self.session.front.sources);
                for form in read.forms {
                    if let Err(exit) = self.form(form) {
                        return Next::End(exit);
                    }
                }
            }
            Err(diagnostic) => {
                self.has_failed = true;
                self.terminal.show_placeless(&[*diagnostic]);
            }
        }
        Next::Line
    }
}
