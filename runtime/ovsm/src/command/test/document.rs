//! Examples in documentation: lines such as `(double 2) ; => 4` in `;;;` comments and in docstrings are tests.

use ovsm_base::FormId;
use ovsm_base::line_index::line_column;
use ovsm_cst::{Node, NodeKind};

/// An example.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// The line that it stands on.
    pub line: u32,
    /// The call.
    pub call: String,
    /// What it gives, as it is written.
    pub result: String,
}

/// The examples of a text, in its order.
pub fn examples(text: &str) -> Vec<Example> {
    let mut found = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        if let Some(comment) = content.trim_start().strip_prefix(";;;") {
            found.extend(example(comment, line));
        }
    }
    for (n, form) in ovsm_cst::split(text).forms.iter().enumerate() {
        let form_text = form.text(text);
        let tree = ovsm_cst::parse(FormId::new("doc", "", "", n as u32), form_text);
        let Some(root) = tree.root(form_text) else { continue };
        let definition = if root.head() == Some("pub") { root.child(1).unwrap_or(root) } else { root };
        if !matches!(definition.head(), Some("defn" | "defun" | "define" | "defmacro" | "const")) {
            continue;
        }
        let strings = definition.children().skip(2).filter(|part: &Node<'_>| part.kind() == NodeKind::String);
        for string in strings.take(1) {
            let start = form.range.start + string.range().start;
            let first = line_column(text, start).line;
            for (n, content) in (0..).zip(string.text().lines()) {
                found.extend(example(content.trim_matches('"'), first + n));
            }
        }
    }
    found.sort_by_key(|example| example.line);
    found
}

fn example(content: &str, line: u32) -> Option<Example> {
    let (call, result) = content.split_once("; =>")?;
    let (call, result) = (call.trim(), result.trim());
    (call.starts_with('(') && !result.is_empty()).then(|| Example {
        line,
        call: call.to_string(),
        result: result.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_docstrings_hold_examples() {
        let text = ";;; Twice.\n;;; (double 2) ; => 4\n(defn double (x)\n  \"Text.\n   (double 3) ; => 6\"\n  (* x 2))\n(f 1) ; => 5\n";
        let found: Vec<(u32, String, String)> =
            examples(text).into_iter().map(|example| (example.line, example.call, example.result)).collect();
        assert_eq!(found, [(2, "(double 2)".into(), "4".into()), (5, "(double 3)".into(), "6".into())]);
    }
}
