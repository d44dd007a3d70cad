//! Text to tokens to a lossless flat tree.
//!
//! A file's text goes through [`split`] into top-level forms; the text of one form goes through [`parse`] into a
//! [`Tree`], which is looked at through [`Node`]s. Ranges in a tree are relative to its text, so a form that only
//! moves within its file keeps an equal tree. Nothing here fails: every text has a tree, every byte is in a token,
//! and every fault is a diagnostic with a range. Nothing here knows what a form means.
//!
//! Start with [`parse`] and [`Node`].

mod builder;
mod format;
mod invariants;
mod lexer;
mod literal;
mod number;
mod print;
#[cfg(test)]
mod properties;
mod reader;
mod report;
mod source;
mod split;
mod tree;
mod view;

pub use builder::MAX_DEPTH;
pub use format::{FormatOptions, format_form, format_lines, format_source, macro_indents};
#[doc(hidden)]
pub use invariants::check_invariants;
pub use lexer::{Token, TokenKind, tokenize};
pub use number::IntegerLiteral;
pub use print::print;
pub use reader::{parse, parse_file, parse_nested};
pub use source::{MAX_FORMS, MAX_SOURCE_BYTES, decode};
pub use split::{Split, TopForm, is_test_form, split, waits_for_more};
pub use tree::{NodeData, NodeId, NodeKind, Tree};
pub use view::{Children, Entry, Node};
