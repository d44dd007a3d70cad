//! The texts of a session, and where their forms stand.

use crate::library_forms::LibraryText;
use crate::syntax;
use ovsm_base::render::SourceMap;
use ovsm_base::{Code, Diagnostic, FileId, FormId, Span, TextRange};
use ovsm_cst::NodeKind;
use ovsm_value::Value;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// A text of a session.
struct Source {
    path: String,
    text: Cow<'static, str>,
}

/// All texts of a session.
#[derive(Default)]
pub struct Sources {
    files: Vec<Source>,
    starts: FxHashMap<FormId, (FileId, u32)>,
    forms: u64,
    /// The forms with documentation directly above them.
    documented: rustc_hash::FxHashSet<FormId>,
}

/// What was read from a text.
pub struct Read {
    /// The forms, in order; those with faults are left out.
    pub forms: Vec<Value>,
    /// What is wrong with the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Sources {
    /// True for places in the texts that come with the language.
    pub fn is_of_library(&self, span: Span) -> bool {
        let file = self.starts.get(&span.form).and_then(|(file, _)| self.files.get(file.0 as usize));
        file.is_some_and(|file| file.path.starts_with("std/") || file.path.starts_with("solana/"))
    }

    /// Adds a text and reads its forms.
    pub fn add(&mut self, module: &str, path: &str, text: &str) -> Read {
        self.add_nested(module, path, text, ovsm_cst::MAX_DEPTH)
    }

    /// Adds a text of data, which may have as many levels as a value that can be written.
    pub fn add_data(&mut self, module: &str, path: &str, text: &str) -> Read {
        // A list may have its head in parentheses of its own.
        self.add_nested(module, path, text, ovsm_value::write::MAX_NESTING + 8)
    }

    /// Adds a text of the preludes, whose forms are read when they are used.
    pub(crate) fn add_library(&mut self, text: &'static LibraryText) {
        let file = FileId(self.files.len() as u32);
        self.forms += text.forms.len() as u64;
        self.starts.extend(text.forms.iter().map(|form| (form.id, (file, form.start))));
        self.files.push(Source { path: text.path.clone(), text: Cow::Borrowed(text.text) });
    }

    fn add_nested(&mut self, module: &str, path: &str, text: &str, depth: usize) -> Read {
        let file = FileId(self.files.len() as u32);
        let split = ovsm_cst::split(text);
        let mut read = Read { forms: Vec::new(), diagnostics: Vec::new() };
        read.diagnostics.extend(split.errors.iter().cloned());
        for form in &split.forms {
            self.forms += 1;
            let id = FormId::new(module, "form", path, self.forms as u32);
            self.starts.insert(id, (file, form.range.start));
            if form.doc.is_some() {
                self.documented.insert(id);
            }
            let form_text = form.text(text);
            let tree = ovsm_cst::parse_nested(id, form_text, depth);
            let faults = tree.errors();
            read.diagnostics.extend(faults.iter().cloned());
            if !faults.is_empty() {
                continue;
            }
            let Some(node) = tree.root(form_text) else { continue };
            match syntax::from_node(node) {
                Some(form) => read.forms.push(form),
                None if node.kind() == NodeKind::DatumComment => {}
                None => read.diagnostics.push(unreadable(node)),
            }
        }
        self.files.push(Source { path: path.to_string(), text: Cow::Owned(text.to_string()) });
        read
    }

    /// Whether documentation stands directly above a form.
    pub fn is_documented(&self, form: FormId) -> bool {
        self.documented.contains(&form)
    }
}

/// The literal of a form that has no value: an integer that does not fit the type of its suffix.
fn unreadable(node: ovsm_cst::Node<'_>) -> Diagnostic {
    let faulty = node.descendants().find(|node| {
        !node.kind().is_bracketed() && !node.kind().is_prefix() && syntax::from_node(*node).is_none()
    });
    let node = faulty.unwrap_or(node);
    let text: String = node.text().chars().take(60).collect();
    let diagnostic =
        Diagnostic::at(Code::LiteralOutOfRange, node.span(), format!("`{text}` does not fit its type"));
    match node.integer().and_then(|literal| literal.suffix) {
        Some(suffix) => {
            let ty = ovsm_value::number::FixedType(suffix);
            let (low, high) = ty.bounds();
            diagnostic.note(format!("`{}` holds {low} to {high}", ty.name()))
        }
        None => diagnostic.help("write a number, or an object whose keys have values"),
    }
}

impl SourceMap for Sources {
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)> {
        let (file, start) = *self.starts.get(&span.form)?;
        Some((file, span.range.shifted(start)))
    }

    fn path(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |source| &source.path)
    }

    fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |source| &source.text)
    }
}
