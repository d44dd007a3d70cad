//! What a lint sees of a file, and how it reports.

use crate::lint::{Finding, Fix, Level, Lint};
use ovsm_base::{FormId, Span, TextRange};
use ovsm_cst::{Node, NodeKind, Tree};
use ovsm_eval::core::Unit;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// A file as lints see it.
pub struct File<'f> {
    /// Its text.
    pub text: &'f str,
    /// The trees of its forms, with the texts of these.
    pub trees: Vec<(Tree, &'f str)>,
    /// Where each form begins.
    pub starts: FxHashMap<FormId, u32>,
    /// The code that it became; empty if it has errors.
    pub units: Vec<Rc<Unit>>,
    /// Where a place of the code is in this file.
    pub resolve: &'f dyn Fn(Span) -> Option<TextRange>,
    /// Names that the file binds or defines anywhere: what they mean is up to the file.
    pub bound: FxHashSet<String>,
}

impl<'f> File<'f> {
    /// A file from its text and the code that it became.
    pub fn new(
        text: &'f str,
        units: Vec<Rc<Unit>>,
        resolve: &'f dyn Fn(Span) -> Option<TextRange>,
    ) -> File<'f> {
        let mut file = File {
            text,
            trees: Vec::new(),
            starts: FxHashMap::default(),
            units,
            resolve,
            bound: FxHashSet::default(),
        };
        for (n, form) in ovsm_cst::split(text).forms.iter().enumerate() {
            let id = FormId::new("lint", "form", "", n as u32);
            file.starts.insert(id, form.range.start);
            let form_text = form.text(text);
            file.trees.push((ovsm_cst::parse(id, form_text), form_text));
        }
        file.find_bound_names();
        file
    }

    /// The top-level forms.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.trees.iter().filter_map(|(tree, text)| tree.root(text))
    }

    fn find_bound_names(&mut self) {
        let mut bound = FxHashSet::default();
        for unit in &self.units {
            bound.extend(unit.locals.iter().map(|local| local.name.to_string()));
        }
        for root in self.roots() {
            for node in root.descendants().filter(|node| node.kind() == NodeKind::List) {
                let defines = matches!(
                    node.head(),
                    Some(
                        "define"
                            | "defn"
                            | "defun"
                            | "defmacro"
                            | "const"
                            | "defvar"
                            | "define-macro"
                            | "macrolet"
                    )
                );
                if defines && let Some(name) = node.child(1) {
                    let name = if name.kind() == NodeKind::List { name.child(0) } else { Some(name) };
                    bound.extend(name.and_then(Node::as_symbol).map(str::to_string));
                }
            }
        }
        self.bound = bound;
    }
}

/// What a lint works with.
pub struct Context<'f> {
    /// The file.
    pub file: &'f File<'f>,
    /// What was found so far.
    pub findings: Vec<Finding>,
    /// The lint that looks.
    pub(crate) lint: &'static Lint,
    /// Its level here.
    pub(crate) level: Level,
}

impl Context<'_> {
    /// Where a node is in the file.
    pub fn range(&self, node: Node<'_>) -> TextRange {
        let start = self.file.starts.get(&node.span().form).copied().unwrap_or(0);
        node.range().shifted(start)
    }

    /// The operands of a list that uses a form or built-in of this name; `None` for any other node, and if the file gives
    /// the name a meaning of its own.
    pub fn operands<'t>(&self, node: Node<'t>, name: &str) -> Option<Vec<Node<'t>>> {
        (node.head() == Some(name) && !self.file.bound.contains(name))
            .then(|| node.children().skip(1).collect())
    }

    /// Reports a node.
    pub fn report(&mut self, node: Node<'_>, message: impl Into<String>) -> Report<'_> {
        let range = self.range(node);
        self.report_at(range, message)
    }

    /// Reports a range of the file.
    pub fn report_at(&mut self, range: TextRange, message: impl Into<String>) -> Report<'_> {
        self.findings.push(Finding {
            lint: self.lint.id,
            range,
            message: message.into(),
            help: None,
            fix: None,
            level: self.level,
        });
        Report { finding: self.findings.last_mut() }
    }
}

/// A finding that is being described.
pub struct Report<'c> {
    finding: Option<&'c mut Finding>,
}

impl Report<'_> {
    /// What to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        let Some(finding) = self.finding else { return self };
        finding.help = Some(help.into());
        Report { finding: Some(finding) }
    }

    /// A change after which the program means the same.
    pub fn safe(self, title: impl Into<String>, range: TextRange, text: impl Into<String>) -> Self {
        self.fix(title, true, vec![(range, text.into())])
    }

    /// A change that somebody should look at.
    pub fn risky(self, title: impl Into<String>, range: TextRange, text: impl Into<String>) -> Self {
        self.fix(title, false, vec![(range, text.into())])
    }

    fn fix(self, title: impl Into<String>, is_safe: bool, edits: Vec<(TextRange, String)>) -> Self {
        let Some(finding) = self.finding else { return self };
        finding.fix = Some(Fix { title: title.into(), is_safe, edits });
        Report { finding: Some(finding) }
    }
}

/// True if the value of a node is used; false where only its effect is.
pub fn is_used(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    if parent.kind() != NodeKind::List {
        return true;
    }
    let place = parent.children().position(|child| child.id() == node.id()).unwrap_or(0);
    let is_last = place + 1 == parent.child_count();
    // The operands before the body of each form.
    let (header, last_counts) = match parent.head() {
        Some("do" | "progn" | "begin") => (1, None),
        Some("when" | "unless" | "let" | "let*" | "letrec" | "flet" | "labels" | "block" | "catch") => {
            (2, None)
        }
        Some("lambda" | "fn") => (2, Some(true)),
        Some("defn" | "defun" | "deftest") => (3, Some(true)),
        Some("while" | "until" | "for" | "dotimes" | "dolist") => (2, Some(false)),
        Some("define") if parent.child(1).is_some_and(|name| name.kind() == NodeKind::List) => {
            (2, Some(true))
        }
        _ => return true,
    };
    if place < header {
        return true;
    }
    match (is_last, last_counts) {
        (false, _) => false,
        (true, Some(counts)) => counts,
        (true, None) => is_used(parent),
    }
}

/// The text of a node on one line, for messages.
pub fn brief(node: Node<'_>) -> String {
    let text: String = node.text().split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text,
    }
}

/// True if two nodes are written alike, but for blanks and comments.
pub fn same(a: Node<'_>, b: Node<'_>) -> bool {
    if a.kind() != b.kind() || a.child_count() != b.child_count() {
        return false;
    }
    match a.child_count() {
        0 => a.text() == b.text(),
        _ => a.children().zip(b.children()).all(|(a, b)| same(a, b)),
    }
}
