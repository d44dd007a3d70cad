//! What a lint sees of a file, and how it reports.

use crate::fix::keeps_meaning;
use crate::lint::{Finding, Fix, Level, Lint};
use ovsm_base::{FormId, Span, TextRange};
use ovsm_cst::{Node, NodeKind, Tree};
use ovsm_eval::core::Unit;
use ovsm_eval::{ExpansionSize, GivenName};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Something that was found in the code of a program for Solana: see the lints of the category `security`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audited {
    /// The name of the lint.
    pub lint: &'static str,
    /// Where, in the file.
    pub range: TextRange,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

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
    /// Those of them that are macros: what stands in their calls need not be code.
    pub macros: FxHashSet<String>,
    /// The macro calls of the file, and how many parts their expansions have.
    pub expansions: Vec<(TextRange, String, usize)>,
    /// What was found in the code of a program for Solana; `None` if nobody looked.
    pub audited: Option<Vec<Audited>>,
    /// True if the file was read but not compiled: lints that need its code are left out, and nothing is changed, since
    /// nothing tells what its imports bring in.
    pub is_text_only: bool,
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
            macros: FxHashSet::default(),
            expansions: Vec::new(),
            audited: None,
            is_text_only: false,
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

    /// Adds the names that the program gives a meaning to outside of this text: what it imports, and what its macros
    /// define.
    pub fn add_names(&mut self, names: &[GivenName]) {
        for name in names {
            self.bound.insert(name.name.clone());
            if name.is_macro {
                self.macros.insert(name.name.clone());
            }
        }
    }

    /// Adds how much code its macro calls became.
    pub fn add_expansions(&mut self, sizes: &[ExpansionSize]) {
        for size in sizes {
            if let Some(range) = (self.resolve)(size.span) {
                self.expansions.push((range, size.name.clone(), size.parts));
            }
        }
    }

    fn find_bound_names(&mut self) {
        for unit in &self.units {
            self.bound.extend(unit.locals.iter().map(|local| local.name.to_string()));
        }
        let (mut bound, mut macros) = (Vec::new(), Vec::new());
        for root in self.roots() {
            for node in root.descendants().filter(|node| node.kind() == NodeKind::List) {
                let Some(head) = node.head() else { continue };
                let Some(name) = node.child(1) else { continue };
                let signature = if name.kind() == NodeKind::List { Some(name) } else { node.child(2) };
                let name = if name.kind() == NodeKind::List { name.child(0) } else { Some(name) };
                let symbol = name.and_then(Node::as_symbol).map(str::to_string);
                match head {
                    "define" | "defn" | "defun" | "const" | "defvar" | "defparameter" | "defconstant"
                    | "defrecord" | "defstruct" | "define-struct" | "deftype" => bound.extend(symbol),
                    "defenum" => bound.extend(symbols(node)),
                    "define-symbol-macro" => {
                        bound.extend(symbol.clone());
                        macros.extend(symbol);
                    }
                    "defmacro" | "define-macro" => {
                        macros.extend(symbol.clone());
                        bound.extend(symbol);
                        bound.extend(signature.into_iter().flat_map(symbols));
                    }
                    "macrolet" | "symbol-macrolet" => {
                        for local in node.child(1).into_iter().flat_map(Node::children) {
                            let name = local.child(0).and_then(Node::as_symbol).map(str::to_string);
                            macros.extend(name.clone());
                            bound.extend(name);
                            bound.extend(local.child(1).into_iter().flat_map(symbols));
                        }
                    }
                    // The names that are imported one by one.
                    "import" => {
                        let modules = node.children().skip(1).filter(|part| part.kind() == NodeKind::Array);
                        let lists =
                            modules.flat_map(Node::children).filter(|part| part.kind() == NodeKind::List);
                        if self.units.is_empty() {
                            bound.extend(lists.flat_map(symbols));
                        }
                    }
                    // In a file without its code the locals are found by their places.
                    "let" | "let*" | "letrec" | "letrec*" | "prog" | "prog*" | "do*" | "flet" | "labels"
                    | "fn" | "lambda" | "for" | "dolist" | "dotimes" => {
                        let list = node.child(1).into_iter();
                        if matches!(head, "for" | "dolist" | "dotimes") {
                            bound.extend(list.filter_map(|pair| pair.child(0)).flat_map(symbols));
                        } else {
                            let names = list.flat_map(Node::children).filter_map(|pair| match pair.kind() {
                                NodeKind::List => pair.child(0),
                                _ => Some(pair),
                            });
                            bound.extend(names.flat_map(symbols));
                        }
                    }
                    _ => {}
                }
                if matches!(head, "define" | "defn" | "defun") && self.units.is_empty() {
                    bound.extend(signature.into_iter().flat_map(symbols));
                }
            }
        }
        self.bound.extend(bound);
        self.macros.extend(macros);
    }
}

/// All symbols in a node.
fn symbols(node: Node<'_>) -> impl Iterator<Item = String> {
    node.descendants().filter_map(|node| node.as_symbol().map(str::to_string))
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
    /// True for what a macro of the program is given: it may become anything, so it is not changed.
    pub(crate) is_given_to_macro: bool,
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
        Report {
            finding: self.findings.last_mut(),
            file: self.file,
            is_given_to_macro: self.is_given_to_macro,
        }
    }
}

/// A finding that is being described.
pub struct Report<'c> {
    finding: Option<&'c mut Finding>,
    file: &'c File<'c>,
    is_given_to_macro: bool,
}

impl Report<'_> {
    /// What to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.help = Some(help.into());
        }
        self
    }

    /// A change after which the program means the same.
    pub fn safe(self, title: impl Into<String>, range: TextRange, text: impl Into<String>) -> Self {
        self.fix(title, true, vec![(range, text.into())])
    }

    /// A change that somebody should look at.
    pub fn risky(self, title: impl Into<String>, range: TextRange, text: impl Into<String>) -> Self {
        self.fix(title, false, vec![(range, text.into())])
    }

    /// A change that would lose a comment, or that brings in a name which means something else in this file, is not
    /// offered; nor is one in what a macro of the program is given.
    fn fix(mut self, title: impl Into<String>, is_safe: bool, edits: Vec<(TextRange, String)>) -> Self {
        if self.is_given_to_macro || self.file.is_text_only || !keeps_meaning(self.file, &edits) {
            return self;
        }
        if let Some(finding) = &mut self.finding {
            finding.fix = Some(Fix { title: title.into(), is_safe, edits });
        }
        self
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
    // `-> type` stands between the parameters and the body.
    let is_function = matches!(parent.head(), Some("lambda" | "fn" | "defn" | "defun" | "define"));
    let has_result = is_function && parent.child(header).is_some_and(|arrow| arrow.is_symbol("->"));
    if place < header + if has_result { 2 } else { 0 } {
        return true;
    }
    match (is_last, last_counts) {
        (false, _) => false,
        (true, Some(counts)) => counts,
        (true, None) => is_used(parent),
    }
}

/// True for code that has no effect and gives the same value each time, as far as its text shows.
pub fn is_pure(file: &File<'_>, node: Node<'_>) -> bool {
    ovsm_base::stack::with_room(|| match node.kind() {
        NodeKind::List => {
            let is_pure_head = node.head().is_some_and(|head| {
                !file.bound.contains(head)
                    && (matches!(head, "and" | "or" | "if" | "when" | "unless" | ".")
                        || ovsm_library::find(head)
                            .and_then(ovsm_library::get)
                            .is_some_and(|native| native.effect == ovsm_library::Effect::Pure))
            });
            is_pure_head && node.children().skip(1).all(|child| is_pure(file, child))
        }
        NodeKind::Quasiquote | NodeKind::Error => false,
        _ => node.children().all(|child| is_pure(file, child)),
    })
}

/// True if a form may stand where the form around it stands, and means the same there: in a `try` a `catch` would be its
/// handler, and between the forms of a `tagbody` a name is a place to go to.
pub fn can_stand_for(node: Node<'_>, only: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return true };
    match parent.head() {
        Some("try") => !matches!(only.head(), Some("catch" | "finally")),
        Some("match") => false,
        Some("tagbody" | "prog" | "prog*" | "loop" | "do*") => only.kind() == NodeKind::List,
        _ => only.head() != Some("when") || only.child_count() > 2,
    }
}

/// True for a form that may define something, as a macro of the program does it: it then needs the scope around it.
pub fn may_define(file: &File<'_>, node: Node<'_>) -> bool {
    node.descendants().any(|inner| {
        inner.head().is_some_and(|head| {
            file.macros.contains(head)
                || head.contains('/')
                || matches!(head, "define" | "defn" | "defun" | "const" | "defconstant" | "defvar")
        })
    })
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
