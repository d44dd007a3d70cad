//! The one diagnostic type of the toolchain. Stages make them; [`crate::render`] shows them.

use crate::code::Code;
use crate::text::Span;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The program can not be compiled or run.
    Error,
    /// The program has a meaning, but probably not the wanted one.
    Warning,
}

/// A range with a remark. The first label of a diagnostic is the primary one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said about it; may be empty on the primary label.
    pub text: String,
}

/// A change of the text that would cure the diagnostic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fix {
    /// What the change does, as an imperative: "write `u64`".
    pub title: String,
    /// Replacements that do not overlap.
    pub edits: Vec<(Span, String)>,
}

/// What happened, where, why, and what to do about it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Diagnostic {
    /// The stable code; its page in the book explains it.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// Primary label first. Empty only for faults that have no place in a source text.
    pub labels: Vec<Label>,
    /// Further facts, one sentence each.
    pub notes: Vec<String>,
    /// What to do next. Boxed, because a diagnostic is often the error of a `Result` and should stay small.
    pub help: Option<Box<str>>,
    /// Mechanical cures.
    pub fixes: Vec<Fix>,
    /// The lint that found it, if it is one's finding: its name and what it finds.
    pub lint: Option<Box<(&'static str, &'static str)>>,
}

impl Diagnostic {
    /// A diagnostic without a place, with the code's usual severity.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            fixes: Vec::new(),
            lint: None,
        }
    }

    /// The name under which people look it up: that of the lint, or the code.
    pub fn name(&self) -> &'static str {
        self.lint.as_ref().map_or(self.code.as_str(), |lint| lint.0)
    }

    /// What the name stands for, in one line.
    pub fn title(&self) -> &'static str {
        self.lint.as_ref().map_or(self.code.title(), |lint| lint.1)
    }

    /// A diagnostic at `span`.
    pub fn at(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).label(span, "")
    }

    /// Adds a label.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Sets the text of the primary label.
    pub fn primary(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some(label) = self.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// Adds a note.
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Sets the help line.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into().into_boxed_str());
        self
    }

    /// Adds a fix that replaces `span` by `text`.
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Diagnostic {
        self.fixes.push(Fix { title: title.into(), edits: vec![(span, text.into())] });
        self
    }

    /// True for errors.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
