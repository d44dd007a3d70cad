//! The formatter: the same code, laid out by rule.
//!
//! It keeps every token (but for imports, which are sorted), every comment and every line end that the author put
//! between the parts of a form; it decides about blanks, indentation and the lines that are too long. A form with
//! faults stays as it is, so formatting never fails. Formatting twice gives what formatting once gives.
//!
//! A form goes from its tree to a document ([`build`]), which is given a shape ([`shape`]) and printed ([`layout`]);
//! [`file`] does what is between forms. Start with [`format_source`].

mod build;
mod comments;
mod document;
mod file;
mod imports;
mod indent;
mod layout;
#[cfg(test)]
mod properties;
mod shape;
#[cfg(test)]
mod tests;

use crate::reader::parse;
use build::Built;
use document::Chain;
use layout::Printer;
use ovsm_base::FormId;
use shape::Shaper;
use std::collections::BTreeMap;

pub use file::{format_lines, format_source, macro_indents};

/// How to format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormatOptions {
    /// How many characters a line should not exceed.
    pub width: u32,
    /// Joins the lines of forms that fit in one.
    pub compact: bool,
    /// For each macro, how many of its arguments stay on the first line. The forms of the language are known without
    /// being in here, and so are the macros of the text that is formatted.
    pub indents: BTreeMap<String, u32>,
}

impl Default for FormatOptions {
    fn default() -> FormatOptions {
        FormatOptions { width: 100, compact: false, indents: BTreeMap::new() }
    }
}

/// Formats the text of one top-level form. Comments that can not stay inside it follow it; there is no line end at
/// the end.
pub fn format_form(text: &str, options: &FormatOptions) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    if let Some((built, trailing)) = print_form(text, options, &mut out) {
        for (_, comment) in built.document.chain(trailing.first) {
            out.push_str(if comment.newlines == 0 { " " } else { "\n" });
            let comment = text.get(comment.start as usize..comment.end as usize).unwrap_or("");
            out.push_str(comments::trimmed(comment));
        }
    }
    out
}

/// Prints a form, or its text if it has faults. Gives the comments that have to follow it.
fn print_form(text: &str, options: &FormatOptions, out: &mut String) -> Option<(Built, Chain)> {
    let tree = parse(FormId(0), text);
    if !tree.errors().is_empty() {
        out.push_str(text);
        return None;
    }
    let mut built = build::build(&tree, text);
    Shaper { text, options, document: &mut built.document, elements: Vec::new() }.form(built.roots.first);
    Printer { text, document: &built.document, out, column: 0, limit: options.width }.form(built.roots.first);
    let trailing = built.trailing;
    Some((built, trailing))
}
