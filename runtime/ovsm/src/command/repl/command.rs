//! The commands of the prompt: `:doc`, `:type`, `:expand`, `:time`, `:load`, `:reload`, `:help`, `:quit`.

use super::{Next, State};
use ovsm_edge::Exit;
use std::path::Path;

const HELP: &str = "\
:doc NAME       what a function or form does
:type EXPR      the type of a value
:expand FORM    what a macro call becomes; `:expand1` expands once
:time EXPR      the value, and how long it took
:load FILE      evaluates a file
:reload         evaluates the file again that was loaded last
:help           this
:quit           ends the session; so does Ctrl-D
Ctrl-C stops what is being evaluated.
";

impl State {
    /// Runs a command; `None` if there is none of that name: keywords begin with a colon too.
    pub(super) fn command(&mut self, text: &str) -> Option<Next> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let shown = match name {
            "help" | "h" | "?" => HELP.to_string(),
            "quit" | "q" | "exit" => return Some(Next::End(Exit::Success)),
            "load" => return Some(self.load(Path::new(rest.trim_matches('"')))),
            "reload" => match self.loaded.clone() {
                Some(path) => return Some(self.load(&path)),
                None => "no file was loaded: `:load FILE`\n".to_string(),
            },
            "doc" => format!("{}\n", self.documentation(rest)),
            "type" => match self.single(rest) {
                Ok(Some(value)) => format!("{}\n", value.type_name()),
                Ok(None) => String::new(),
                Err(exit) => return Some(Next::End(exit)),
            },
            "expand" | "expand1" => {
                let function = if name == "expand" { "macroexpand" } else { "macroexpand-1" };
                match self.single(&format!("({function} '{rest})")) {
                    Ok(Some(value)) => format!("{}\n", self.text(&value)),
                    Ok(None) => String::new(),
                    Err(exit) => return Some(Next::End(exit)),
                }
            }
            "time" => {
                let start = std::time::Instant::now();
                match self.single(rest) {
                    Ok(Some(value)) => {
                        let text = self.text(&value);
                        format!("{text}\n{:.3} ms\n", start.elapsed().as_secs_f64() * 1e3)
                    }
                    Ok(None) => String::new(),
                    Err(exit) => return Some(Next::End(exit)),
                }
            }
            _ => return None,
        };
        Some(match self.terminal.write(shown.as_bytes()) {
            Ok(()) => Next::Line,
            Err(error) => Next::End(self.terminal.output_lost(&error)),
        })
    }

    /// The value of the first form of a text.
    fn single(&mut self, text: &str) -> Result<Option<ovsm_value::Value>, Exit> {
        let read = self.session.front.sources.add("prompt", "<command>", text);
        self.terminal.show(&read.diagnostics, &self.session.front.sources);
        match read.forms.into_iter().next() {
            Some(form) => self.form(form),
            None => Ok(None),
        }
    }

    fn documentation(&mut self, name: &str) -> String {
        match self.session.documentation(name) {
            Some(text) => match crate::effects::of_name(&self.session, name) {
                Some(effects) => format!("{}\n\n{effects}", text.trim_end()),
                None => text,
            },
            None => format!("`{name}` has no documentation"),
        }
    }
}
