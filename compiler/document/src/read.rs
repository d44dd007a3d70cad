//! From the text of a module to what it defines. Works from the tree, runs nothing, and takes any text: what can not
//! be read defines nothing.

use crate::model::{Definition, Kind, Module};
use ovsm_base::FormId;
use ovsm_base::line_index::LineIndex;
use ovsm_cst::{Node, NodeKind, TokenKind, parse, split};

/// How many bytes of a signature are shown.
const MAX_SIGNATURE: usize = 600;

/// How many bytes of the value of a constant are shown.
const MAX_VALUE: usize = 120;

/// How long a name may be; what has a longer one is left out.
const MAX_NAME: usize = 500;

/// The documentation of a module. What it does not export is kept and marked.
pub fn read(name: &str, text: &str) -> Module {
    let forms = split(text).forms;
    let lines = LineIndex::new(text);
    let mut module = Module { name: name.to_string(), source: Some(text.to_string()), ..Module::default() };
    let mut exports = std::collections::BTreeSet::new();
    for form in &forms {
        let shown = form.text(text);
        let tree = parse(FormId(0), shown);
        let Some(root) = tree.root(shown) else { continue };
        let above = form.doc_text(text).unwrap_or_default();
        let line_of = |node: Node<'_>| lines.line_column(form.range.start + node.range().start).line;
        let mut found = |node: Node<'_>, is_exported: bool| {
            if let Some(definition) = definition(node) {
                let doc = [above.trim(), definition.doc.trim()];
                let doc = doc.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
                let line = line_of(node);
                module.definitions.push(Definition { doc, line, is_exported, ..definition });
            }
        };
        match root.head() {
            Some("export") => {
                exports.extend(root.children().skip(1).filter_map(Node::as_symbol).map(str::to_string));
            }
            Some("pub") => root.children().skip(1).for_each(|inner| found(inner, true)),
            _ => found(root, false),
        }
    }
    for definition in &mut module.definitions {
        definition.is_exported |= exports.contains(&definition.name);
    }
    // The comment at the top is about the module, unless it stands directly above a definition.
    let documented = |at: u32| {
        let owner = forms.iter().find(|form| form.doc.is_some_and(|doc| doc.start == at));
        let line = owner.map(|form| lines.line_column(form.range.start).line);
        line.is_some_and(|line| {
            module.definitions.iter().any(|definition| (line..line + 2).contains(&definition.line))
        })
    };
    module.head = head(text, documented);
    module
}

/// The first block of `;;;` lines, if nothing but blanks and other comments stands before it.
fn head(text: &str, belongs_to_a_definition: impl Fn(u32) -> bool) -> String {
    let mut at = 0;
    let mut lines: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        let is_doc = trimmed.starts_with(";;;") && !trimmed.starts_with(";;;;");
        if is_doc {
            if lines.is_empty() && belongs_to_a_definition((at + line.len() - trimmed.len()) as u32) {
                return String::new();
            }
            let words = trimmed.get(3..).unwrap_or("");
            lines.push(words.strip_prefix(' ').unwrap_or(words).trim_end());
        } else if !lines.is_empty() {
            break;
        } else if !(trimmed.trim().is_empty() || trimmed.starts_with(';') || trimmed.starts_with("#!")) {
            return String::new();
        }
        at += line.len();
    }
    lines.join("\n").trim().to_string()
}

/// What a form defines. Its documentation is only what stands inside of it.
fn definition(form: Node<'_>) -> Option<Definition> {
    let head = form.head()?;
    let items: Vec<Node<'_>> = form.children().skip(1).collect();
    let (first, rest) = items.split_first()?;
    let kind = match head {
        "defn" | "defun" => Kind::Function,
        "define" if first.kind() == NodeKind::List => Kind::Function,
        "define" | "defvar" | "defparameter" => Kind::Variable,
        "const" | "defconstant" => Kind::Constant,
        "defmacro" | "define-macro" | "define-symbol-macro" => Kind::Macro,
        "defrecord" | "defstruct" | "define-struct" => Kind::Record,
        "defenum" => Kind::Enum,
        "deftype" => Kind::Type,
        _ => return None,
    };
    // `(define (f x) …)`, `(defstruct (point …) …)`: the name is the head of the list.
    let (name, own_parameters) = match first.as_list() {
        Some(mut list) => (list.next()?.as_symbol()?, Some(*first)),
        None => (first.as_symbol()?, None),
    };
    if name.len() > MAX_NAME {
        return None;
    }
    let (signature, doc) = match kind {
        Kind::Function | Kind::Macro if head != "define-symbol-macro" => {
            let (parameters, body) = match own_parameters {
                Some(list) => (compact_items(list, 1), rest),
                None => {
                    let (list, body) = rest.split_first()?;
                    (compact_items(*list, 0), body)
                }
            };
            let (result, body) = match body {
                [arrow, ty, body @ ..] if arrow.is_symbol("->") => (format!(" -> {}", compact(*ty)), body),
                body => (String::new(), body),
            };
            let separator = if parameters.is_empty() { "" } else { " " };
            (format!("({name}{separator}{parameters}){result}"), docstring(body).unwrap_or_default())
        }
        Kind::Record | Kind::Enum => {
            let parts: Vec<Node<'_>> =
                rest.iter().copied().filter(|item| item.kind() != NodeKind::String).collect();
            let doc = rest.iter().find_map(|item| item.string_value()).unwrap_or_default();
            let parts = parts.into_iter().map(compact).collect::<Vec<_>>().join(" ");
            (format!("({head} {} {parts})", compact(*first)), doc)
        }
        _ => {
            // A docstring of a variable stands behind its value, as in Common Lisp.
            let (rest, doc) = match rest {
                [value @ .., doc] if value.iter().any(|part| !part.is_symbol(":")) => {
                    match doc.string_value() {
                        Some(text) => (value, text),
                        None => (rest, String::new()),
                    }
                }
                rest => (rest, String::new()),
            };
            let value = rest.iter().copied().map(compact).collect::<Vec<_>>().join(" ");
            (format!("({head} {name} {})", clip(value, MAX_VALUE)), doc)
        }
    };
    let members = match kind {
        Kind::Enum => rest
            .iter()
            .filter_map(|variant| variant.as_symbol().or_else(|| variant.head()))
            .filter(|name| name.len() <= MAX_NAME)
            .map(str::to_string)
            .collect(),
        _ => Vec::new(),
    };
    Some(Definition {
        name: name.to_string(),
        aliases: Vec::new(),
        kind,
        signature: clip(signature, MAX_SIGNATURE),
        doc,
        examples: Vec::new(),
        line: 0,
        members,
        is_exported: false,
        effects: None,
    })
}

/// The string before a body that is not empty.
fn docstring(body: &[Node<'_>]) -> Option<String> {
    match body {
        [declare, body @ ..] if declare.head() == Some("declare") => docstring(body),
        [text, _, ..] => text.string_value().map(|text| unindented(&text)),
        _ => None,
    }
}

/// A docstring without the indentation that its later lines share.
fn unindented(text: &str) -> String {
    let indents = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let indent = indents.map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    let mut lines = text.lines();
    let mut out = lines.next().unwrap_or("").to_string();
    for line in lines {
        out.push('\n');
        out.push_str(line.get(indent..).unwrap_or(""));
    }
    out
}

/// The items of a list from the `n`-th on.
fn compact_items(list: Node<'_>, n: usize) -> String {
    list.children().skip(n).map(compact).collect::<Vec<_>>().join(" ")
}

/// The text of a node on one line, without comments.
fn compact(node: Node<'_>) -> String {
    let mut out = String::new();
    let mut rest = node.text();
    let mut is_blank_due = false;
    for token in node.tokens() {
        let (text, after) = rest.split_at_checked(token.len as usize).unwrap_or((rest, ""));
        rest = after;
        match token.kind {
            TokenKind::Whitespace
            | TokenKind::LineComment
            | TokenKind::DocComment
            | TokenKind::BlockComment => {
                is_blank_due = true;
            }
            kind => {
                if is_blank_due && !kind.is_closer() && !out.ends_with(['(', '[', '{']) && !out.is_empty() {
                    out.push(' ');
                }
                is_blank_due = false;
                out.push_str(text);
            }
        }
        if out.len() > MAX_SIGNATURE {
            break;
        }
    }
    out
}

/// A text of bounded length.
fn clip(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
