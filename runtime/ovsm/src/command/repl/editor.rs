//! Editing lines: several lines for one form, history in a file, completion, hints.

use super::{Next, State};
use ovsm_edge::Exit;
use reedline::{
    ColumnarMenu, Completer, CompletionResult, DefaultHinter, Emacs, FileBackedHistory, KeyCode,
    KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent,
    ReedlineMenu, Signal, Span, Suggestion, ValidationResult, Validator, default_emacs_keybindings,
};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// How many lines the history keeps.
const HISTORY: usize = 10_000;

/// Reads and evaluates until the end.
pub(super) fn prompt(state: &mut State, history: Option<&Path>) -> Exit {
    let names: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut keys = default_emacs_keybindings();
    let complete =
        ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu("names".to_string()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
    let mut editor = Reedline::create()
        .with_validator(Box::new(Brackets))
        .with_completer(Box::new(Names(Arc::clone(&names))))
        .with_hinter(Box::new(DefaultHinter::default()))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name("names"))))
        .with_edit_mode(Box::new(Emacs::new(keys)));
    if let Some(path) = history_file(history)
        && let Ok(history) = FileBackedHistory::with_file(HISTORY, path)
    {
        editor = editor.with_history(Box::new(history));
    }
    state.terminal.note("OVSM; `:help` lists the commands, Ctrl-D ends");
    loop {
        if let Ok(mut names) = names.lock() {
            *names = state.session.names();
        }
        match editor.read_line(&Sign) {
            Ok(Signal::Success(text)) => {
                if let Next::End(exit) = state.enter(&text) {
                    return exit;
                }
            }
            Ok(Signal::CtrlD) => return Exit::Success,
            Ok(_) => {}
            Err(error) => {
                state.terminal.note(&format!("the terminal can not be read: {error}"));
                return Exit::Usage;
            }
        }
    }
}

/// The file of the history: the one that was named, or one in the user's state folder.
fn history_file(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return (path != Path::new("-")).then(|| path.to_path_buf());
    }
    let state = match std::env::var_os("XDG_STATE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".local").join("state"),
    };
    let folder = state.join("ovsm");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// A line is complete when its brackets are.
struct Brackets;

impl Validator for Brackets {
    fn validate(&self, line: &str) -> ValidationResult {
        if line.trim_start().starts_with(':') || !ovsm_cst::waits_for_more(line) {
            ValidationResult::Complete
        } else {
            ValidationResult::Incomplete
        }
    }
}

/// Completes names.
struct Names(Arc<Mutex<Vec<String>>>);

impl Completer for Names {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        let before = line.get(..position).unwrap_or(line);
        let is_name = |c: char| !c.is_whitespace() && !"()[]{}\"';`,".contains(c);
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_name(*c))
            .last()
            .map_or(position, |(at, _)| at);
        let prefix = before.get(start..).unwrap_or("");
        let Ok(names) = self.0.lock() else { return CompletionResult::Pending };
        let suggestions: Vec<Suggestion> = names
            .iter()
            .filter(|name| !prefix.is_empty() && name.starts_with(prefix))
            .take(200)
            .map(|name| Suggestion {
                value: name.clone(),
                span: Span::new(start, position),
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::Fresh { suggestions: suggestions.into(), partial: None }
    }
}

/// What stands before a line.
struct Sign;

impl Prompt for Sign {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("ovsm")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("    | ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("(search: {}) ", search.term))
    }
}
