//! What holds for every text whatever, checked by the property tests and by the fuzz target.

use crate::builder::MAX_DEPTH;
use crate::lexer::{Token, tokenize};
use crate::reader::{parse, parse_file};
use crate::split::split;
use crate::tree::{NodeId, NodeKind, Tree};
use crate::view::Node;
use ovsm_base::{Code, FormId};

/// Panics if an invariant of the reader does not hold for `text`. Only for tests and fuzzing.
#[allow(clippy::panic, reason = "this is an assertion")]
pub fn check_invariants(text: &str) {
    if let Err(fault) = check(text) {
        panic!("{fault}\nin the text {text:?}");
    }
}

/// A condition that must hold.
macro_rules! hold {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err(format!($($message)*));
        }
    };
}

fn check(text: &str) -> Result<(), String> {
    check_tokens(text, &tokenize(text))?;
    let split = split(text);
    let mut at = 0;
    let mut roots = 0;
    let mut is_right = true;
    for form in &split.forms {
        hold!(form.range.start >= at && !form.range.is_empty(), "forms overlap at {at}");
        check_trivia(text.get(at as usize..form.range.start as usize))?;
        at = form.range.end;
        let form_text = form.text(text);
        for inner in [form.head, form.name] {
            hold!(form.range.cover(inner) == form.range, "{inner:?} is outside of its form");
        }
        let tree = parse(FormId(u64::from(at)), form_text);
        check_tree(&tree, form_text)?;
        hold!(tree == parse(FormId(u64::from(at)), form_text), "reading is not deterministic");
        hold!(!tree.nodes.is_empty(), "the form {form_text:?} has no node");
        roots += tree.nodes.iter().filter(|node| node.parent.is_none()).count();
        is_right &= tree.errors.is_empty();
        if split.balanced {
            let open_end = tree.errors.iter().find(|error| {
                matches!(
                    error.code,
                    Code::UnclosedDelimiter | Code::UnterminatedString | Code::UnterminatedComment
                )
            });
            hold!(open_end.is_none(), "the file balances, but: {open_end:?}");
        }
    }
    check_trivia(text.get(at as usize..))?;

    let whole = parse_file(FormId(0), text);
    check_tree(&whole, text)?;
    let whole_roots = whole.nodes.iter().filter(|node| node.parent.is_none()).count();
    hold!(whole_roots == roots, "{roots} roots by forms, {whole_roots} in the file");
    hold!(whole.errors.is_empty() == is_right, "the file's errors are not those of its forms");
    check_tree(&parse(FormId(0), text), text)?;
    if is_right {
        let printed = crate::print::print(&whole, text);
        let again = parse_file(FormId(0), &printed);
        hold!(again.errors.is_empty(), "the printed text has faults: {printed:?} {:?}", again.errors);
        hold!(same_forms(&whole, text, &again, &printed), "printing changed the forms: {printed:?}");
    }
    Ok(())
}

fn check_tokens(text: &str, tokens: &[Token]) -> Result<(), String> {
    let mut at = 0usize;
    for token in tokens {
        hold!(token.len > 0, "an empty token at {at}");
        at += token.len as usize;
        hold!(text.is_char_boundary(at), "a token ends inside a character at {at}");
    }
    hold!(at == text.len(), "tokens cover {at} of {} bytes", text.len());
    Ok(())
}

fn check_trivia(text: Option<&str>) -> Result<(), String> {
    let text = text.ok_or("a form does not lie on character boundaries")?;
    for token in tokenize(text) {
        hold!(token.kind.is_trivia(), "{:?} between forms, in {text:?}", token.kind);
    }
    Ok(())
}

fn check_tree(tree: &Tree, text: &str) -> Result<(), String> {
    check_tokens(text, &tree.tokens)?;
    let mut offsets = vec![0u32];
    for token in &tree.tokens {
        offsets.push(offsets.last().copied().unwrap_or(0) + token.len);
    }
    let mut is_covered = vec![false; tree.tokens.len()];
    // The enclosing nodes: number, end of subtree.
    let mut open: Vec<(NodeId, u32)> = Vec::new();
    for (n, node) in tree.nodes.iter().enumerate() {
        let id = NodeId(n as u32);
        while open.last().is_some_and(|(_, end)| *end <= id.0) {
            open.pop();
        }
        hold!(open.len() <= MAX_DEPTH, "{id} is too deep");
        hold!(node.parent == open.last().map(|(parent, _)| *parent), "{id} has the wrong parent");
        hold!(node.subtree_end.0 > id.0, "{id} ends before it begins");
        hold!(node.subtree_end.0 as usize <= tree.nodes.len(), "{id} ends after the tree");
        let at = |token: u32| offsets.get(token as usize).copied();
        // The symbol after a `,@` that is none begins inside that token.
        let start = at(node.first_token).ok_or("a first token that does not exist")?;
        let is_at_sign = node.kind == NodeKind::Symbol && node.range.start == start + 1;
        hold!(node.range.start == start || is_at_sign, "{id} does not begin with its token");
        hold!(at(node.end_token) == Some(node.range.end), "{id} does not end with its token");
        hold!(!node.range.is_empty() && !node.range.slice(text).is_empty(), "{id} has no text");
        if let Some(parent) = node.parent.and_then(|parent| tree.nodes.get(parent.0 as usize)) {
            hold!(node.subtree_end <= parent.subtree_end, "{id} ends after its parent");
            hold!(parent.range.cover(node.range) == parent.range, "{id} is outside of its parent");
            hold!(parent.kind.is_bracketed() || parent.kind.is_prefix(), "an atom has children");
        }
        let before = n.checked_sub(1).and_then(|before| tree.nodes.get(before));
        if let Some(before) = before {
            let is_child = node.parent == Some(NodeId(id.0 - 1));
            hold!(is_child || before.range.end <= node.range.start, "{id} overlaps the node before it");
        }
        if node.parent.is_none() {
            let tokens = node.first_token as usize..node.end_token as usize;
            is_covered.get_mut(tokens).ok_or("tokens that do not exist")?.fill(true);
        }
        open.push((id, node.subtree_end.0));
    }
    let stray =
        tree.tokens.iter().zip(&is_covered).find(|(token, covered)| !token.kind.is_trivia() && !**covered);
    hold!(stray.is_none(), "{stray:?} is in no node");
    check_values(tree, text)?;
    let mut last = None;
    for error in &tree.errors {
        hold!(!error.labels.is_empty(), "{error:?} has no place");
        for label in &error.labels {
            let range = label.span.range;
            hold!(label.span.form == tree.form, "{error:?} is about another form");
            hold!(
                text.get(range.start as usize..range.end as usize).is_some(),
                "{error:?} is outside of the text"
            );
        }
        let place = error.labels.first().map(|label| label.span.range);
        hold!(last <= place, "errors are not in order");
        last = place;
    }
    Ok(())
}

/// A literal without a value, and an error node, were reported.
fn check_values(tree: &Tree, text: &str) -> Result<(), String> {
    for root in tree.roots(text) {
        for node in root.descendants() {
            let has_value = match node.kind() {
                NodeKind::Integer => node.integer().is_some(),
                NodeKind::Float => node.float_value().is_some(),
                NodeKind::String => node.string_value().is_some(),
                NodeKind::ByteString => node.bytes_value().is_some(),
                NodeKind::Char => node.char_value().is_some(),
                NodeKind::Symbol => node.as_symbol().is_some_and(|text| !text.is_empty()),
                NodeKind::Keyword => node.as_keyword().is_some_and(|text| !text.is_empty()),
                NodeKind::Error => false,
                _ if node.kind().is_prefix() => node.operand().is_some(),
                _ => true,
            };
            hold!(has_value || !tree.errors.is_empty(), "{node:?} has no value, but nothing was reported");
        }
    }
    Ok(())
}

/// True if two trees have the same forms, whatever their layout. Form comments do not count.
fn same_forms(a: &Tree, a_text: &str, b: &Tree, b_text: &str) -> bool {
    let shape = |node: Node<'_>| {
        let is_atom = !node.kind().is_bracketed() && !node.kind().is_prefix();
        (node.kind(), node.child_count(), if is_atom { node.text().to_string() } else { String::new() })
    };
    let shapes = |tree: &Tree, text: &str| {
        let mut shapes = Vec::new();
        let mut left: Vec<Node<'_>> = tree.roots(text).collect();
        left.reverse();
        while let Some(node) = left.pop() {
            shapes.push(shape(node));
            let at = left.len();
            left.extend(node.children());
            if let Some(new) = left.get_mut(at..) {
                new.reverse();
            }
        }
        shapes
    };
    shapes(a, a_text) == shapes(b, b_text)
}
